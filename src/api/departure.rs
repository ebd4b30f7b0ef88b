//! Notices that a caller has left, so that nothing more is done for it and nothing is sent.
//!
//! actix goes on with a handler whose connection has closed. Each connection therefore keeps a second
//! handle on its socket, which is looked at while a request is worked on. A caller that closes its
//! sending half only counts as gone, as it does with other proxies.

use std::{
    any::Any,
    os::fd::{AsFd, OwnedFd},
    sync::Arc,
    time::Duration,
};

use actix_tls::accept::rustls_0_23::TlsStream;
use actix_web::{HttpRequest, dev::Extensions, rt::net::TcpStream};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// How often the socket is looked at.
const INTERVAL: Duration = Duration::from_millis(100);

/// A second handle on a connection's socket.
struct Socket(Arc<OwnedFd>);

/// Keeps the handle of a new connection.
pub fn keep_socket(connection: &dyn Any, data: &mut Extensions) {
    let plain = connection.downcast_ref::<TcpStream>();
    let tls = connection.downcast_ref::<TlsStream<TcpStream>>();
    let stream = plain.or_else(|| tls.map(|tls| tls.get_ref().0));
    if let Some(Ok(handle)) = stream.map(|stream| stream.as_fd().try_clone_to_owned()) {
        data.insert(Socket(Arc::new(handle)));
    }
}

/// Ends when the caller of `request` has closed its connection.
pub(super) async fn departure(request: &HttpRequest) {
    let Some(socket) = request.conn_data::<Socket>().map(|socket| Arc::clone(&socket.0)) else {
        return std::future::pending().await;
    };
    let mut ticks = tokio::time::interval(INTERVAL);
    loop {
        ticks.tick().await;
        // What is there to read does not matter: under TLS the last of it says good-bye.
        let gone = PollFlags::RDHUP | PollFlags::HUP | PollFlags::ERR;
        let mut look = [PollFd::new(&socket, PollFlags::RDHUP)];
        if poll(&mut look, Some(&Timespec::default())).is_err()
            || look.iter().any(|look| look.revents().intersects(gone))
        {
            return;
        }
    }
}
