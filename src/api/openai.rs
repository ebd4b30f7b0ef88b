//! OpenAI's text endpoints, `POST /v1/chat/completions` and its like.

use std::{convert::Infallible, fmt::Write, pin::pin, sync::Arc};

use actix_web::{
    HttpMessage, HttpRequest, HttpResponse, ResponseError,
    http::{
        StatusCode,
        header::{CACHE_CONTROL, HeaderName, HeaderValue},
    },
    web::{Data, Payload},
};

use futures_util::future::{Either, select};

use super::{
    auth::{caller, gateway_key},
    body,
    departure::departure,
    error_response::code,
    head::headers,
    ticket::Ticket,
};
use crate::{
    error::GatewayError,
    gateway::{Call, Gateway, Outcome, Progress, Relay},
    keys::Identity,
    logging::REQUEST_ID,
    metrics::metrics,
    substitute::{Counts, RestoreReport},
    upstream::Upstream,
    wire::endpoint::Endpoint,
};

/// Counts by label, on every reply of a protected endpoint.
pub(super) const ENTITIES: HeaderName = HeaderName::from_static("x-deid-entities");
/// What became of the placeholders.
pub(super) const RESTORED: HeaderName = HeaderName::from_static("x-deid-restored");

/// Declares the handler of an endpoint.
macro_rules! handler {
    ($name:ident, $endpoint:ident) => {
        handler!($name, $endpoint, false);
    };
    ($name:ident, $endpoint:ident, $reveal:literal) => {
        pub(super) async fn $name(
            request: HttpRequest,
            payload: Payload,
            gateway: Data<Gateway>,
            upstream: Data<Upstream>,
        ) -> HttpResponse {
            answer(Endpoint::$endpoint, $reveal, request, payload, gateway, upstream).await
        }
    };
}

handler!(chat_completions, ChatCompletions);
handler!(completions, Completions);
handler!(responses, Responses);
handler!(embeddings, Embeddings);
handler!(moderations, Moderations);
// The playground's chat is any other chat (keys, limits and all), with both sides shown.
handler!(playground_chat, ChatCompletions, true);

async fn answer(
    endpoint: Endpoint,
    reveal: bool,
    request: HttpRequest,
    payload: Payload,
    gateway: Data<Gateway>,
    upstream: Data<Upstream>,
) -> HttpResponse {
    let mut progress = Progress::default();
    let result = {
        let work =
            pin!(run(endpoint, reveal, &request, payload, &gateway, &upstream, &mut progress));
        let left = pin!(departure(&request));
        match select(work, left).await {
            Either::Left((result, _)) => result,
            Either::Right(_) => Err(GatewayError::CallerLeft),
        }
    };
    let ticket = Ticket::of(&request);
    if let Some(ticket) = &ticket {
        ticket.progress(&progress);
        if let Err(error) = &result {
            ticket.failed(code(error));
        }
    }
    let mut response = match result {
        Ok(Outcome::Whole(answer)) => super::models::respond(&answer),
        Ok(Outcome::Stream { headers, relay }) => stream(&headers, relay, ticket),
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
    endpoint: Endpoint,
    reveal: bool,
    request: &HttpRequest,
    payload: Payload,
    gateway: &Arc<Gateway>,
    upstream: &Upstream,
    progress: &mut Progress,
) -> Result<Outcome, GatewayError> {
    let headers = headers(request);
    let caller = caller(&headers, gateway.settings.upstream.api_key.as_ref())?;
    let body = body::read(request, payload, gateway.settings.server.max_body_bytes).await?;
    if !gateway.deidentifier.is_ready() {
        return Err(GatewayError::NotReady);
    }
    // Only chat completions have a compact form.
    let compact = caller.compact && endpoint == Endpoint::ChatCompletions && !reveal;
    let session = headers.get("x-deid-session").and_then(|value| value.to_str().ok());
    let key = gateway_key(&headers)?.unwrap_or_default();
    let who = request.extensions().get::<Identity>().map(|who| who.limits);
    let count_tokens = who.is_some_and(|limits| limits.tokens_per_month.is_some());
    let body = body.expose_phi();
    let call = Call { endpoint, body, compact, key, session, reveal, count_tokens };
    gateway.complete(upstream, &caller.credentials, call, progress).await
}

/// A reply of server-sent events. When the caller leaves, actix drops the relay, and with it goes
/// the connection to the upstream.
fn stream(headers: &[(String, String)], relay: Box<Relay>, ticket: Option<Ticket>) -> HttpResponse {
    if let Some(ticket) = &ticket {
        ticket.streams(StatusCode::OK.as_u16());
    }
    let id = ticket.as_ref().map(Ticket::request_id).unwrap_or_default();
    let sent = Sent { relay, ticket, bytes: 0 };
    let events = futures_util::stream::unfold(sent, move |mut sent| {
        REQUEST_ID.scope(Arc::clone(&id), async move {
            let bytes = sent.relay.next().await?;
            sent.bytes += bytes.len() as u64;
            Some((Ok::<_, Infallible>(bytes), sent))
        })
    });
    let mut response = HttpResponse::Ok();
    response.content_type("text/event-stream; charset=utf-8");
    response.insert_header((CACHE_CONTROL, "no-cache"));
    // Asks proxies such as nginx to pass events on as they come.
    response.insert_header(("x-accel-buffering", "no"));
    let mut response = response.streaming(Box::pin(events));
    super::models::pass_on(headers, &mut response);
    response
}

/// A stream on its way out; when it ends, however it ends, its account is settled.
struct Sent {
    relay: Box<Relay>,
    ticket: Option<Ticket>,
    bytes: u64,
}

impl Drop for Sent {
    fn drop(&mut self) {
        let Some(ticket) = &self.ticket else { return };
        let relay = &self.relay;
        ticket.change(|entry| {
            entry.restored(relay.report());
            entry.reply_bytes = Some(self.bytes);
            entry.tokens = relay.tokens();
            entry.duration_ms.restoration =
                u64::try_from(relay.restoration().as_millis()).unwrap_or(u64::MAX);
            entry.error = relay.fault_code().or((!relay.has_ended()).then_some("caller_left"));
        });
        metrics()
            .stage_seconds
            .with_label_values(&["restoration"])
            .observe(relay.restoration().as_secs_f64());
    }
}

/// `NAME=2;DATE=1`
pub(super) fn counts_text(counts: &Counts) -> String {
    let mut text = String::new();
    for (label, count) in counts {
        let separator = if text.is_empty() { "" } else { ";" };
        // Writing to a string does not fail.
        let _ = write!(text, "{separator}{label}={count}");
    }
    text
}

/// `given=3;restored=2;altered=1;unknown=0`
pub(super) fn report_text(given: usize, report: RestoreReport) -> String {
    let RestoreReport { restored, altered, unknown } = report;
    format!("given={given};restored={restored};altered={altered};unknown={unknown}")
}
