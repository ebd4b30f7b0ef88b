//! Reads a request body within its limit.

use std::time::Duration;

use actix_web::{HttpRequest, http::header::CONTENT_LENGTH, web::Payload};
use bytes::BytesMut;
use futures_util::StreamExt;
use zeroize::Zeroize;

use super::{head::headers, ticket::Ticket};
use crate::error::GatewayError;

/// How much of a body beyond the limit is read and thrown away: a client that still sends gets the
/// 413 only when it has finished, since closing at once would reset the connection under it.
const MOST_DISCARDED: usize = 64 * 1024 * 1024;

/// A body, wiped when dropped.
pub(super) struct Body(BytesMut);

impl Body {
    /// The bytes. They may hold PHI.
    pub(super) fn expose_phi(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        self.0.as_mut().zeroize();
    }
}

/// How long a body may take to come.
const MOST_PATIENCE: Duration = Duration::from_secs(60);

/// Reads the whole body.
pub(super) async fn read(
    request: &HttpRequest,
    payload: Payload,
    limit: usize,
) -> Result<Body, GatewayError> {
    let headers = headers(request);
    let announced = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    let announced: usize = announced.and_then(|length| length.parse().ok()).unwrap_or(0);
    if announced > limit.saturating_add(MOST_DISCARDED) {
        return Err(GatewayError::TooLarge { limit });
    }
    let late = |_| wrong("the body did not arrive in time");
    let body =
        tokio::time::timeout(MOST_PATIENCE, collect(payload, limit)).await.map_err(late)??;
    if let Some(ticket) = Ticket::of(request) {
        ticket.received(body.0.len());
    }
    Ok(body)
}

fn wrong(message: &str) -> GatewayError {
    GatewayError::InvalidRequest { param: None, message: message.to_owned() }
}

async fn collect(mut payload: Payload, limit: usize) -> Result<Body, GatewayError> {
    let mut body = Body(BytesMut::new());
    let mut discarded = 0;
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| wrong("the body broke off"))?;
        if discarded > 0 || body.0.len() + chunk.len() > limit {
            discarded += chunk.len();
            if discarded > MOST_DISCARDED {
                break;
            }
        } else {
            body.0.extend_from_slice(&chunk);
        }
    }
    if discarded > 0 { Err(GatewayError::TooLarge { limit }) } else { Ok(body) }
}
