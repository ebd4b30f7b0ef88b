//! Bodies that nobody read, of requests that were refused by their head.
//!
//! Over HTTP/1.1 actix reads them itself before it closes. Over HTTP/2 it resets the stream, and a client
//! that still sends takes the refusal for a broken connection. So the rest is read, up to a bound, before
//! the reply goes out.

use std::{
    cell::RefCell,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
    time::Duration,
};

use actix_web::{
    Error, HttpMessage,
    body::MessageBody,
    dev::{Payload, ServiceRequest, ServiceResponse},
    error::PayloadError,
    http::Version,
    middleware::Next,
};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};

/// How much is read and thrown away, in bytes.
const MOST: usize = 16 * 1024 * 1024;
/// How long that may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// A body that the handler reads, and what reads the rest after it.
#[derive(Clone)]
struct Shared(Rc<RefCell<Option<Payload>>>);

impl Stream for Shared {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut payload = self.0.borrow_mut();
        let Some(open) = payload.as_mut() else { return Poll::Ready(None) };
        let next = Pin::new(open).poll_next(context);
        if matches!(next, Poll::Ready(None | Some(Err(_)))) {
            *payload = None;
        }
        next
    }
}

/// Reads what is left of the body of a request over HTTP/2 before its reply goes out.
///
/// # Errors
/// Those of the request itself.
pub async fn read_to_end<B: MessageBody>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    if request.version() != Version::HTTP_2 {
        return next.call(request).await;
    }
    let mut body = Shared(Rc::new(RefCell::new(Some(request.take_payload()))));
    request.set_payload(Payload::Stream { payload: Box::pin(body.clone()) });
    let reply = next.call(request).await;
    let rest = async {
        let mut left = MOST;
        while let Some(Ok(chunk)) = body.next().await {
            match left.checked_sub(chunk.len()) {
                Some(less) => left = less,
                None => return,
            }
        }
    };
    // What comes too late is reset, as it would have been.
    let _ = tokio::time::timeout(PATIENCE, rest).await;
    reply
}
