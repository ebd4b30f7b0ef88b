//! `x-request-id` on every reply, and one log line a request.

use std::time::Instant;

use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header::{HeaderName, HeaderValue},
    middleware::Next,
};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

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
    let id = request.headers().get(&REQUEST_ID).filter(|id| is_an_id(id)).cloned();
    let id = id.unwrap_or_else(new_id);
    let method = request.method().clone();
    let mut response = next.call(request).await?;
    response.headers_mut().insert(REQUEST_ID, id.clone());
    let route = response.request().match_pattern().unwrap_or_else(|| "-".to_owned());
    log::info!(
        "request_id={} method={method} route={route} status={} duration_ms={}",
        id.to_str().unwrap_or("-"),
        response.status().as_u16(),
        started.elapsed().as_millis(),
    );
    Ok(response)
}

/// An id goes into the log, so it must not be able to hold a sentence.
fn is_an_id(value: &HeaderValue) -> bool {
    let bytes = value.as_bytes();
    let fits = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(byte);
    (1..=128).contains(&bytes.len()) && bytes.iter().all(fits)
}

fn new_id() -> HeaderValue {
    let id = format!("req_{:032x}", rand::random::<u128>());
    HeaderValue::from_str(&id).unwrap_or(HeaderValue::from_static("req_unknown"))
}
