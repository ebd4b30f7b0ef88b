//! What of a request's head must not outlast the request.
//!
//! actix keeps the heads of past requests, as they were, to use their memory again: keys, addresses,
//! and, since these are slices of the connection's buffer, the bodies that came in the same buffer. The
//! headers therefore move to where they end with the request, and the address becomes a copy.

use std::{rc::Rc, time::Duration};

use actix_http::{Message, RequestHead};
use actix_web::{
    Error, HttpMessage, HttpRequest,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::{Uri, header::HeaderMap},
    middleware::Next,
};

/// As many heads as actix keeps a thread.
const POOLED: usize = 128;
/// How often they are cleared: those of requests to the upstream hold its key.
const CLEAR_EVERY: Duration = Duration::from_secs(1);

/// The headers of a request.
struct Headers(Rc<HeaderMap>);

/// Takes what must not outlast the request out of its head. It comes before everything that reads headers.
///
/// # Errors
/// Those of the request itself.
pub async fn take_head<B: MessageBody>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let headers = std::mem::take(request.head_mut().headers_mut());
    request.extensions_mut().insert(Headers(Rc::new(headers)));
    // It was parsed once, so it parses again.
    let own: Uri = request.uri().to_string().parse().unwrap_or_default();
    request.match_info_mut().get_mut().update(&own);
    request.head_mut().uri = own;
    next.call(request).await
}

/// The headers of a request.
pub(super) fn headers(request: &HttpRequest) -> Rc<HeaderMap> {
    request.extensions().get::<Headers>().map(|own| Rc::clone(&own.0)).unwrap_or_default()
}

/// Clears the heads that actix keeps for this thread, again and again.
pub async fn clear_heads() {
    let mut ticks = tokio::time::interval(CLEAR_EVERY);
    loop {
        ticks.tick().await;
        // Each is cleared when it is taken, and goes back when it is dropped.
        let heads: Vec<Message<RequestHead>> = (0..POOLED).map(|_| Message::new()).collect();
        for mut head in heads {
            head.uri = Uri::default();
        }
    }
}
