//! What keys have used, on its way to the store: gathered while the store is busy, kept while it is
//! away, and written when the service ends.

use std::{
    collections::HashMap,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use super::{Charge, LAST_USED_EVERY, Store, now};

/// How long the store is left alone after a failure.
const PAUSE: Duration = Duration::from_secs(1);

#[derive(Default)]
struct Pending {
    charges: HashMap<Arc<str>, Charge>,
    /// When each key's use was last told to the store.
    told: HashMap<Arc<str>, i64>,
    urgent: bool,
    closing: bool,
}

struct Shared {
    pending: Mutex<Pending>,
    news: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes what keys have used and brings it to the store, at once and in the background: a quota of
/// tokens can be overrun by those of the requests in flight, and by what the store has missed while
/// it was away.
pub struct Ledger {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Ledger {
    /// Starts the thread that writes. `failed` is told of every failure.
    ///
    /// # Errors
    /// When the system has no thread left.
    pub fn start(store: Store, failed: impl Fn() + Send + 'static) -> std::io::Result<Self> {
        let shared = Arc::new(Shared { pending: Mutex::default(), news: Condvar::new() });
        let own = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name("ledger".to_owned())
            .spawn(move || write(&own, &store, &failed))?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Notes that a key was used, and for how many tokens.
    pub fn note(&self, key_id: &Arc<str>, tokens: u64) {
        let now = now();
        let mut pending = self.shared.lock();
        let every = i64::try_from(LAST_USED_EVERY.as_secs()).unwrap_or(i64::MAX);
        let told = pending.told.get(key_id).is_some_and(|told| now < told.saturating_add(every));
        let charge = pending.charges.entry(Arc::clone(key_id)).or_insert_with(|| Charge {
            key_id: key_id.to_string(),
            tokens: 0,
            used_at: now,
        });
        charge.tokens = charge.tokens.saturating_add(tokens);
        charge.used_at = now;
        if tokens > 0 || !told {
            pending.urgent = true;
            self.shared.news.notify_one();
        }
    }
}

impl Drop for Ledger {
    /// Writes what is left.
    fn drop(&mut self) {
        self.shared.lock().closing = true;
        self.shared.news.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn write(shared: &Shared, store: &Store, failed: &dyn Fn()) {
    loop {
        let (charges, closing) = {
            let mut pending = shared.lock();
            while !pending.urgent && !pending.closing {
                pending = shared.news.wait(pending).unwrap_or_else(PoisonError::into_inner);
            }
            pending.urgent = false;
            (std::mem::take(&mut pending.charges), pending.closing)
        };
        if !charges.is_empty() {
            match store.charge(charges.values().cloned().collect()) {
                Ok(()) => {
                    let mut pending = shared.lock();
                    pending.told.extend(charges.into_iter().map(|(id, one)| (id, one.used_at)));
                }
                Err(error) => {
                    log::error!("what keys have used could not be stored, kept for now: {error}");
                    failed();
                    put_back(shared, charges);
                    if closing {
                        return;
                    }
                    wait(shared);
                    shared.lock().urgent = true;
                }
            }
        }
        if closing {
            return;
        }
    }
}

fn put_back(shared: &Shared, charges: HashMap<Arc<str>, Charge>) {
    let mut pending = shared.lock();
    for (id, charge) in charges {
        let entry = pending.charges.entry(id);
        let entry = entry.or_insert_with(|| Charge { tokens: 0, ..charge.clone() });
        entry.tokens = entry.tokens.saturating_add(charge.tokens);
    }
}

/// Waits for [`PAUSE`], or until the service ends.
fn wait(shared: &Shared) {
    let end = Instant::now() + PAUSE;
    let mut pending = shared.lock();
    while !pending.closing {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return;
        }
        let woken = shared.news.wait_timeout(pending, left);
        (pending, _) = woken.unwrap_or_else(PoisonError::into_inner);
    }
}
