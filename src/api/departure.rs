//! Notices that a caller has left, so that nothing more is done for it and nothing is sent.
//!
//! actix goes on with a handler whose connection has closed. Each connection therefore keeps a second
//! handle on its socket, which is looked at while a request is worked on: those of all requests of a
//! worker together, in one call, since a timer for each request costs more than the look. A caller that
//! closes its sending half only counts as gone, as it does with other proxies.

use std::{
    any::Any,
    cell::{Cell, RefCell},
    collections::BTreeMap,
    future::poll_fn,
    os::fd::{AsFd, OwnedFd},
    rc::Rc,
    sync::Arc,
    task::{Poll, Waker},
    time::Duration,
};

use actix_tls::accept::rustls_0_23::TlsStream;
use actix_web::{HttpRequest, dev::Extensions, rt::net::TcpStream};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// How often the sockets are looked at.
const INTERVAL: Duration = Duration::from_millis(50);

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

/// A socket that is looked at, and who is told.
struct Watched {
    socket: Arc<OwnedFd>,
    is_gone: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

/// What this worker's requests wait for, in the order in which they came.
#[derive(Default)]
struct All {
    next: u64,
    watched: BTreeMap<u64, Rc<Watched>>,
}

thread_local! {
    static ALL: RefCell<All> = RefCell::default();
}

/// A place in [`ALL`].
struct Place {
    number: u64,
    watched: Rc<Watched>,
}

impl Place {
    fn take(socket: Arc<OwnedFd>) -> Self {
        let watched =
            Rc::new(Watched { socket, is_gone: Cell::new(false), waker: RefCell::default() });
        let number = ALL.with_borrow_mut(|all| {
            all.next += 1;
            all.watched.insert(all.next, Rc::clone(&watched));
            all.next
        });
        Self { number, watched }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        ALL.with_borrow_mut(|all| all.watched.remove(&self.number));
    }
}

/// Ends when the caller of `request` has closed its connection, as [`watch_callers`] finds out.
pub(super) async fn departure(request: &HttpRequest) {
    let Some(socket) = request.conn_data::<Socket>().map(|socket| Arc::clone(&socket.0)) else {
        return std::future::pending().await;
    };
    let place = Place::take(socket);
    poll_fn(|context| {
        if place.watched.is_gone.get() {
            return Poll::Ready(());
        }
        let mut waker = place.watched.waker.borrow_mut();
        match waker.as_mut() {
            Some(waker) => waker.clone_from(context.waker()),
            None => *waker = Some(context.waker().clone()),
        }
        Poll::Pending
    })
    .await;
}

/// Looks at the sockets of this thread's requests, again and again.
pub async fn watch_callers() {
    let mut ticks = tokio::time::interval(INTERVAL);
    loop {
        ticks.tick().await;
        let watched: Vec<_> = ALL.with_borrow(|all| all.watched.values().cloned().collect());
        for gone in gone(&watched) {
            gone.is_gone.set(true);
            if let Some(waker) = gone.waker.take() {
                waker.wake();
            }
        }
    }
}

/// Those whose callers have closed their connections.
fn gone(watched: &[Rc<Watched>]) -> impl Iterator<Item = &Rc<Watched>> {
    let mut looks: Vec<_> =
        watched.iter().map(|one| PollFd::new(&one.socket, PollFlags::RDHUP)).collect();
    let failed = !looks.is_empty() && poll(&mut looks, Some(&Timespec::default())).is_err();
    // What is there to read does not matter: under TLS the last of it says good-bye.
    let gone = PollFlags::RDHUP | PollFlags::HUP | PollFlags::ERR;
    let gone: Vec<bool> =
        looks.iter().map(|look| failed || look.revents().intersects(gone)).collect();
    watched.iter().zip(gone).filter_map(|(one, gone)| gone.then_some(one))
}

#[cfg(test)]
mod tests {
    use std::{
        io::Write,
        net::{Shutdown, TcpListener, TcpStream},
        sync::Arc,
    };

    use super::{ALL, Place, gone};

    #[test]
    fn those_who_left_are_told_from_those_who_wait() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let pair = || {
            let caller = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let (ours, _) = listener.accept().unwrap();
            (caller, Place::take(Arc::new(ours.into())))
        };
        let (mut waits, waiting) = pair();
        let (leaves, left) = pair();
        let (half, closed) = pair();
        waits.write_all(b"GET / HTTP/1.1\r\n").unwrap();
        drop(leaves);
        half.shutdown(Shutdown::Write).unwrap();
        let all = [&waiting, &left, &closed].map(|place| std::rc::Rc::clone(&place.watched));
        // Loopback delivers before the call returns, or soon after.
        let is_gone = || gone(&all).map(|one| all.iter().position(|a| std::rc::Rc::ptr_eq(a, one)));
        let mut found = Vec::new();
        for _ in 0..1_000_000 {
            found = is_gone().flatten().collect();
            if found.len() == 2 {
                break;
            }
        }
        assert_eq!(found, [1, 2]);
        drop((waiting, left, closed));
        assert!(ALL.with_borrow(|all| all.watched.is_empty()), "who is answered is not watched");
    }
}
