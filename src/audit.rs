//! The audit log: one JSON line a request, chained by hashes. It says who asked when, what kinds of PHI
//! were found and how many, and never what.
//!
//! Each line ends in `"prev"`, the hash of the line before, and `"hash"`, the SHA-256 of all that stands
//! before it in its own line. A small file beside the log, `….head`, holds the number and the hash of the
//! last line, so that lines missing at the end are noticed too.

mod chain;
mod entry;
#[cfg(test)]
mod tests;
mod verify;
mod writer;

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use crossbeam_channel::{RecvTimeoutError, Sender};
use thiserror::Error;

use self::writer::Writer;
pub use self::{
    entry::{Entry, Milliseconds, Tokens},
    verify::{Fault, Verified, verify},
};
use crate::{
    metrics::metrics,
    settings::{AuditSettings, OnFailure},
};

/// How long a line may be in the system's memory alone.
const SYNC_EVERY: Duration = Duration::from_secs(1);

/// Why the log cannot be written.
#[derive(Debug, Error)]
pub enum AuditError {
    /// A file cannot be opened, written or renamed.
    #[error("the audit log {0} cannot be written: {1}")]
    File(PathBuf, std::io::Error),
    /// Another gateway writes it.
    #[error(
        "the audit log {0} is written by another process: give each gateway its own audit.path"
    )]
    Taken(PathBuf),
    /// The last line is not one of ours.
    #[error(
        "the audit log {0} does not end in a line of an audit log: move it away and start anew"
    )]
    Foreign(PathBuf),
    /// A line cannot be made.
    #[error("a line of the audit log cannot be made")]
    Line,
}

/// The log, shared by all workers.
pub struct Audit {
    writer: Option<Arc<Mutex<Writer>>>,
    on_failure: OnFailure,
    /// Whether lines are in the system's memory alone, since the disk does not take them.
    unsynced: Arc<AtomicBool>,
    /// The thread that syncs, and what ends it when it goes.
    sync: Option<(Sender<()>, JoinHandle<()>)>,
}

fn lock(writer: &Mutex<Writer>) -> MutexGuard<'_, Writer> {
    writer.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Audit {
    /// Opens the log and goes on where it ends.
    ///
    /// # Errors
    /// When it cannot be written, or another process writes it.
    pub fn open(settings: &AuditSettings) -> Result<Self, AuditError> {
        let on_failure = settings.on_failure;
        if !settings.enabled {
            return Ok(Self { writer: None, on_failure, unsynced: Arc::default(), sync: None });
        }
        let writer = Arc::new(Mutex::new(Writer::open(&settings.path, settings.max_file_bytes)?));
        let (sync, ended) = crossbeam_channel::bounded::<()>(0);
        let own = Arc::clone(&writer);
        let unsynced = Arc::new(AtomicBool::new(false));
        let failing = Arc::clone(&unsynced);
        let spawned = thread::Builder::new().name("audit".to_owned()).spawn(move || {
            loop {
                let is_over = ended.recv_timeout(SYNC_EVERY) != Err(RecvTimeoutError::Timeout);
                // Not under the lock: a disk may take its time, and lines are written meanwhile.
                let dirty = lock(&own).take_dirty();
                if let Some(file) = dirty {
                    let synced = file.sync_data();
                    failing.store(synced.is_err(), Ordering::Release);
                    if let Err(error) = synced {
                        log::error!("the audit log could not be brought to the disk: {error}");
                        metrics().audit_faults.inc();
                        lock(&own).sync_again();
                    }
                }
                if is_over {
                    return;
                }
            }
        });
        let thread = spawned.map_err(|error| AuditError::File(settings.path.clone(), error))?;
        Ok(Self { writer: Some(writer), on_failure, unsynced, sync: Some((sync, thread)) })
    }

    /// Whether requests may be served: every line so far is written, or nobody minds. What could not be
    /// written is tried again here.
    pub fn is_ready(&self) -> bool {
        match (&self.writer, self.on_failure) {
            (Some(writer), OnFailure::Refuse) => {
                let mut writer = lock(writer);
                let is_written = writer.is_clean() || writer.flush().is_ok();
                is_written && !self.unsynced.load(Ordering::Acquire)
            }
            (Some(_), OnFailure::Allow) | (None, _) => true,
        }
    }

    /// Writes a line. `false` when it could not be written and the reply must not go out.
    pub fn write(&self, entry: &Entry) -> bool {
        let Some(writer) = &self.writer else { return true };
        match lock(writer).append(entry) {
            Ok(()) => true,
            Err(error) => {
                log::error!("{error}");
                metrics().audit_faults.inc();
                self.on_failure == OnFailure::Allow
            }
        }
    }
}

impl Drop for Audit {
    /// Brings the last lines to the disk, and lets the next writer in.
    fn drop(&mut self) {
        if let Some(writer) = &self.writer
            && let Err(error) = lock(writer).flush()
        {
            log::error!("the last lines of the audit log are lost, which it will show: {error}");
        }
        if let Some((end, thread)) = self.sync.take() {
            drop(end);
            let _ = thread.join();
        }
    }
}
