//! Notices that a caller has left, so that nothing more is done for it and nothing is sent.
//!
//! actix goes on with a handler whose connection has closed. Each connection therefore keeps a second
//! handle on its socket, which is looked at while a request is worked on. A caller that closes its
//! sending half only counts as gone, as it does with other proxies.

use std::{any::Any, io::ErrorKind, net::TcpStream, os::fd::AsFd, sync::Arc, time::Duration};

use actix_web::{HttpRequest, dev::Extensions};

/// How often the socket is looked at.
const INTERVAL: Duration = Duration::from_millis(100);

/// A second handle on a connection's socket.
struct Socket(Arc<TcpStream>);

/// Keeps the handle of a new connection.
pub fn keep_socket(connection: &dyn Any, data: &mut Extensions) {
    let stream = connection.downcast_ref::<actix_web::rt::net::TcpStream>();
    if let Some(Ok(handle)) = stream.map(|stream| stream.as_fd().try_clone_to_owned()) {
        data.insert(Socket(Arc::new(TcpStream::from(handle))));
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
        // The socket does not block: the connection itself made it so.
        match socket.peek(&mut [0]) {
            Ok(0) => return,
            Err(error) if error.kind() != ErrorKind::WouldBlock => return,
            Ok(_) | Err(_) => {}
        }
    }
}
