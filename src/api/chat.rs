//! `POST /v1/chat/completions`

use std::{fmt::Write, pin::pin, sync::Arc};

use actix_web::{
    HttpRequest, HttpResponse, ResponseError,
    http::header::{HeaderName, HeaderValue},
    web::{Data, Payload},
};

use futures_util::future::{Either, select};

use super::{auth::Keys, body, departure::departure};
use crate::{
    error::GatewayError,
    gateway::{Answer, Gateway, Progress},
    substitute::{Counts, RestoreReport},
    upstream::Upstream,
};

/// Counts by label, on every reply of a protected endpoint.
pub(super) const ENTITIES: HeaderName = HeaderName::from_static("x-deid-entities");
/// What became of the placeholders.
const RESTORED: HeaderName = HeaderName::from_static("x-deid-restored");

pub(super) async fn completions(
    request: HttpRequest,
    payload: Payload,
    gateway: Data<Gateway>,
    keys: Data<Keys>,
    upstream: Data<Upstream>,
) -> HttpResponse {
    let mut progress = Progress::default();
    let result = {
        let work = pin!(run(&request, payload, &gateway, &keys, &upstream, &mut progress));
        let left = pin!(departure(&request));
        match select(work, left).await {
            Either::Left((result, _)) => result,
            Either::Right(_) => Err(GatewayError::CallerLeft),
        }
    };
    let mut response = match result {
        Ok(answer) => super::models::respond(&answer),
        Err(error) => error.error_response(),
    };
    if progress.given > 0
        && let Some(report) = progress.restored
        && let Ok(report) = HeaderValue::from_str(&report_text(progress.given, report))
    {
        response.headers_mut().insert(RESTORED, report);
    }
    if let Ok(counts) = HeaderValue::from_str(&counts_text(&progress.counts)) {
        response.headers_mut().insert(ENTITIES, counts);
    }
    response
}

async fn run(
    request: &HttpRequest,
    payload: Payload,
    gateway: &Arc<Gateway>,
    keys: &Keys,
    upstream: &Upstream,
    progress: &mut Progress,
) -> Result<Answer, GatewayError> {
    let caller = keys.admit(request.headers(), gateway.settings.upstream.api_key.as_ref())?;
    let body = body::read(request, payload, gateway.settings.server.max_body_bytes).await?;
    if !gateway.deidentifier.is_ready() {
        return Err(GatewayError::NotReady);
    }
    let (credentials, compact) = (&caller.credentials, caller.compact);
    gateway.chat(upstream, credentials, body.expose_phi(), compact, progress).await
}

/// `NAME=2;DATE=1`
fn counts_text(counts: &Counts) -> String {
    let mut text = String::new();
    for (label, count) in counts {
        let separator = if text.is_empty() { "" } else { ";" };
        // Writing to a string does not fail.
        let _ = write!(text, "{separator}{label}={count}");
    }
    text
}

/// `given=3;restored=2;altered=1;unknown=0`
fn report_text(given: usize, report: RestoreReport) -> String {
    let RestoreReport { restored, altered, unknown } = report;
    format!("given={given};restored={restored};altered={altered};unknown={unknown}")
}
