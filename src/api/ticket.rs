//! A request's account: what the audit log, the metrics and the key's quota will say of it. It is
//! settled exactly once, when the reply is out: by the middleware, or by a stream's end.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use actix_web::{HttpMessage, HttpRequest, web::Data};

use crate::{
    audit::{Audit, Entry},
    gateway::Progress,
    keys::{Identity, Keys},
    metrics::metrics,
};

/// nginx's number for a caller that has left.
const CALLER_LEFT: u16 = 499;

/// A handle on the account; requests and streams stay on one thread.
#[derive(Clone)]
pub(super) struct Ticket(Rc<Account>);

struct Account {
    audit: Data<Audit>,
    keys: Data<Keys>,
    who: RefCell<Option<Identity>>,
    entry: RefCell<Entry>,
    started: Instant,
    /// Whether a stream goes on after the reply's head is out.
    streams: Cell<bool>,
    settled: Cell<bool>,
}

impl Ticket {
    pub(super) fn new(
        audit: Data<Audit>,
        keys: Data<Keys>,
        request_id: &Arc<str>,
        method: &'static str,
        route: &str,
    ) -> Self {
        metrics().in_flight.inc();
        let entry = Entry {
            request_id: request_id.to_string(),
            method,
            route: route.to_owned(),
            status: CALLER_LEFT,
            ..Entry::default()
        };
        Self(Rc::new(Account {
            audit,
            keys,
            who: RefCell::default(),
            entry: RefCell::new(entry),
            started: Instant::now(),
            streams: Cell::new(false),
            settled: Cell::new(false),
        }))
    }

    /// That of a request to a protected route.
    pub(super) fn of(request: &HttpRequest) -> Option<Self> {
        request.extensions().get::<Self>().cloned()
    }

    /// The id of the request, as it may stand in logs.
    pub(super) fn request_id(&self) -> Arc<str> {
        self.0.entry.borrow().request_id.as_str().into()
    }

    /// Notes whose key it is.
    pub(super) fn belongs_to(&self, who: &Identity) {
        let mut entry = self.0.entry.borrow_mut();
        entry.key = Some(who.id.to_string());
        entry.key_name = Some(who.name.to_string());
        *self.0.who.borrow_mut() = Some(who.clone());
    }

    /// Notes the size of the request's body.
    pub(super) fn received(&self, bytes: usize) {
        self.0.entry.borrow_mut().request_bytes = Some(bytes as u64);
    }

    /// Notes how far the request has come.
    pub(super) fn progress(&self, progress: &Progress) {
        let mut entry = self.0.entry.borrow_mut();
        entry.model.clone_from(&progress.model);
        entry.entities.clone_from(&progress.counts);
        entry.detectors.clone_from(&progress.detectors);
        entry.placeholders = progress.given;
        metrics().leak_check_hits.inc_by(progress.leaks_stopped as u64);
        entry.upstream_status = progress.upstream_status;
        entry.tokens = progress.tokens;
        if let Some(report) = progress.restored {
            entry.restored(report);
        }
        let ms = &mut entry.duration_ms;
        for (stage, time, into) in [
            ("detection", progress.detection, &mut ms.detection),
            ("upstream", progress.upstream, &mut ms.upstream),
            ("restoration", progress.restoration, &mut ms.restoration),
        ] {
            *into = milliseconds(time.unwrap_or_default());
            if let Some(time) = time {
                metrics().stage_seconds.with_label_values(&[stage]).observe(time.as_secs_f64());
            }
        }
    }

    /// Notes the code of an error.
    pub(super) fn failed(&self, code: &'static str) {
        self.0.entry.borrow_mut().error = Some(code);
    }

    /// The reply's head is out, and a stream follows that will settle it.
    pub(super) fn streams(&self, status: u16) {
        self.0.streams.set(true);
        let mut entry = self.0.entry.borrow_mut();
        entry.stream = true;
        entry.status = status;
    }

    /// Whether a stream will settle it.
    pub(super) fn is_streaming(&self) -> bool {
        self.0.streams.get()
    }

    /// Changes the entry of a stream as it goes on.
    pub(super) fn change(&self, change: impl FnOnce(&mut Entry)) {
        change(&mut self.0.entry.borrow_mut());
    }

    /// Settles the account of a whole reply. `false` when it cannot be written down and the reply must
    /// not go out.
    pub(super) fn settle(&self, status: u16, reply_bytes: Option<u64>) -> bool {
        {
            let mut entry = self.0.entry.borrow_mut();
            entry.status = status;
            entry.reply_bytes = reply_bytes;
        }
        self.0.settle()
    }
}

impl Account {
    fn settle(&self) -> bool {
        if self.settled.replace(true) {
            return true;
        }
        let mut entry = self.entry.borrow_mut();
        let total = self.started.elapsed();
        entry.duration_ms.total = milliseconds(total);
        let metrics = metrics();
        metrics.in_flight.dec();
        metrics.requests.with_label_values(&[&entry.route, &entry.status.to_string()]).inc();
        metrics.seconds.with_label_values(&[&entry.route]).observe(total.as_secs_f64());
        for (label, count) in &entry.entities {
            metrics.entities.with_label_values(&[label.as_str()]).inc_by(*count as u64);
        }
        for (outcome, count) in
            [("restored", entry.restored), ("altered", entry.altered), ("unknown", entry.unknown)]
        {
            metrics.placeholders.with_label_values(&[outcome]).inc_by(count as u64);
        }
        let tokens = entry.tokens.unwrap_or_default();
        metrics.tokens.with_label_values(&["prompt"]).inc_by(tokens.prompt);
        metrics.tokens.with_label_values(&["completion"]).inc_by(tokens.completion);
        if let Some(who) = self.who.borrow().as_ref() {
            self.keys.used(who, tokens.total);
        }
        self.audit.write(&entry)
    }
}

impl Drop for Account {
    /// A caller that left took the request with it; a stream ends here, however it ends.
    fn drop(&mut self) {
        // Its reply is out: that it could not be written down stops the next one.
        self.settle();
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
