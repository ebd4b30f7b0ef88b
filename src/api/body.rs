//! Reads a request body within its limit.

use actix_web::web::Payload;
use bytes::BytesMut;
use futures_util::StreamExt;
use zeroize::Zeroize;

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

/// Reads the whole body.
pub(super) async fn read(mut payload: Payload, limit: usize) -> Result<Body, GatewayError> {
    let mut body = Body(BytesMut::new());
    let mut discarded = 0;
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| GatewayError::InvalidRequest {
            param: None,
            message: "the body broke off".to_owned(),
        })?;
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
