//! `POST /v1/chat/completions`

use std::{fmt::Write, sync::Arc};

use actix_web::{
    HttpRequest, HttpResponse, ResponseError,
    http::header::{HeaderName, HeaderValue},
    web::{Data, Payload},
};

use super::{auth::Keys, body};
use crate::{
    error::GatewayError,
    gateway::{Answer, Gateway, Progress},
    substitute::{Counts, RestoreReport},
    upstream::Upstream,
};

/// Counts by label, on every reply of a protected endpoint.
const ENTITIES: HeaderName = HeaderName::from_static("x-deid-entities");
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
    let result = run(&request, payload, &gateway, &keys, &upstream, &mut progress).await;
    let mut response = match result {
        Ok(answer) => respond(answer, progress.given),
        Err(error) => error.error_response(),
    };
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
    let body = body::read(payload, gateway.settings.server.max_body_bytes).await?;
    if !gateway.deidentifier.is_ready() {
        return Err(GatewayError::NotReady);
    }
    let (credentials, compact) = (&caller.credentials, caller.compact);
    gateway.chat(upstream, credentials, body.expose_phi(), compact, progress).await
}

/// The answer with the upstream's headers and the report on placeholders.
fn respond(answer: Answer, given: usize) -> HttpResponse {
    let mut response = super::models::respond(&answer);
    if let Some(report) = answer.restored
        && let Ok(report) = HeaderValue::from_str(&report_text(given, report))
    {
        response.headers_mut().insert(RESTORED, report);
    }
    response
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
