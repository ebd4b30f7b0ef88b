//! `x-request-id` on every reply, and one log line a request.

use std::{sync::Arc, time::Instant};

use actix_web::{
    Error, HttpMessage,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{HeaderName, HeaderValue},
    },
    middleware::Next,
};
use sha2::Digest;

use super::{head::headers, openai::ENTITIES};
use crate::logging::REQUEST_ID;

const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Keeps the caller's request id, or makes one, and logs who-asked-what without content: the
/// route, never the path as it was typed.
///
/// # Errors
/// Those of the request itself.
pub async fn with_request_id<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let started = Instant::now();
    // A copy: actix keeps the heads of replies too, and this is a slice of the connection's buffer.
    let copied = |id: &HeaderValue| HeaderValue::from_bytes(id.as_bytes()).ok();
    let id = headers(request.request()).get(&HEADER).filter(|id| is_an_id(id)).and_then(copied);
    let id = id.unwrap_or_else(new_id);
    let method = known(request.method());
    let protected = request.path().starts_with("/v1/");
    let logged: Arc<str> = logged(&id).into();
    request.extensions_mut().insert(LoggedId(Arc::clone(&logged)));
    REQUEST_ID.scope(logged, answer(request, next, id, method, protected, started)).await
}

/// The id of a request as it may stand in logs.
pub(super) struct LoggedId(pub(super) Arc<str>);

async fn answer<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
    id: HeaderValue,
    method: &'static str,
    protected: bool,
    started: Instant,
) -> Result<ServiceResponse<B>, Error> {
    let mut response = next.call(request).await?;
    response.headers_mut().insert(HEADER, id);
    if protected && !response.headers().contains_key(&ENTITIES) {
        response.headers_mut().insert(ENTITIES, HeaderValue::from_static(""));
    }
    let route = response.request().match_pattern().unwrap_or_else(|| "-".to_owned());
    let status = response.status().as_u16();
    // 64 bits of milliseconds: what is wider is not a number in every reader of JSON.
    let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    log::info!(method, route = route.as_str(), status, duration_ms; "request");
    Ok(response)
}

/// An id goes into the log, so it must not be able to hold a sentence.
fn is_an_id(value: &HeaderValue) -> bool {
    let bytes = value.as_bytes();
    let fits = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(byte);
    (1..=128).contains(&bytes.len()) && bytes.iter().all(fits)
}

/// How an id stands in the log: ours and UUIDs as they are; any other, which could be somebody's
/// name or number, as a part of its SHA-256.
fn logged(id: &HeaderValue) -> String {
    let text = id.to_str().unwrap_or_default();
    let digits = text.strip_prefix("req_").unwrap_or(text).replace('-', "");
    if digits.len() == 32 && digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return text.to_owned();
    }
    let hash = sha2::Sha256::digest(id.as_bytes());
    let hex: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

/// The methods of HTTP; a caller can write anything there.
pub(super) fn known(method: &Method) -> &'static str {
    const METHODS: [&str; 9] =
        ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];
    METHODS.into_iter().find(|known| *known == method.as_str()).unwrap_or("OTHER")
}

fn new_id() -> HeaderValue {
    let id = format!("req_{:032x}", rand::random::<u128>());
    HeaderValue::from_str(&id).unwrap_or(HeaderValue::from_static("req_unknown"))
}
