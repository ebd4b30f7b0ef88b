//! Gateway keys and what they have used: a SQLite file, or PostgreSQL where several gateways share
//! them. Nothing of a request is ever stored.
//!
//! A database is spoken to from threads of its own, so that no HTTP worker waits for a disk.

mod key;
mod ledger;
mod postgres;
mod sqlite;
#[cfg(test)]
mod tests;
mod usage;

use std::{
    path::PathBuf,
    sync::Arc,
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use crossbeam_channel::{Sender, TrySendError};
use thiserror::Error;
use tokio::sync::oneshot;

pub use self::{
    key::{KeyRecord, KeyState, NewKey, id_of},
    ledger::Ledger,
    usage::{Allowance, Exhausted, Limits, Usage, Verdict},
};
use crate::settings::StoreSettings;

/// How the database's tables came about, in order. What has been released is never changed.
const MIGRATIONS: [&str; 1] = [include_str!("store/migrations/001.sql")];

/// How exact "last used" is.
pub const LAST_USED_EVERY: Duration = Duration::from_secs(10);
/// Requests that may wait for the database.
const QUEUE: usize = 1024;

/// Why the store did not do what it was asked to.
#[derive(Debug, Error)]
pub enum StoreError {
    /// `store.url` is of no kind that is known.
    #[error("store.url must begin with sqlite:// or postgres://")]
    UnknownKind,
    /// The address is not valid.
    #[error("store.url is not valid: {0}")]
    Url(&'static str),
    /// The file or the server cannot be opened.
    #[error("the key store cannot be opened: {0}")]
    Open(String),
    /// Its tables are those of a later version.
    #[error(
        "the key store was made by a newer deid-gateway (schema {found}, this one knows {known})"
    )]
    TooNew {
        /// What the store has.
        found: i64,
        /// What this program knows.
        known: i64,
    },
    /// The database failed.
    #[error("the key store failed: {0}")]
    Database(String),
    /// The database does not answer in time.
    #[error("the key store does not answer")]
    Silent,
}

/// What a key has been used for since the store was last told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// The key.
    pub key_id: String,
    /// Tokens, of prompts and completions.
    pub tokens: u64,
    /// When it was last used, in seconds since 1970.
    pub used_at: i64,
}

/// A database. Everything it does is one transaction.
pub trait Backend: Send {
    /// Keeps a new key.
    ///
    /// # Errors
    /// When the database fails, or has the id already.
    fn create_key(&mut self, key: &KeyRecord) -> Result<(), StoreError>;

    /// All keys, revoked ones too, in the order in which they were made.
    ///
    /// # Errors
    /// When the database fails.
    fn keys(&mut self) -> Result<Vec<KeyRecord>, StoreError>;

    /// The key with this id.
    ///
    /// # Errors
    /// When the database fails.
    fn find_key(&mut self, id: &str) -> Result<Option<KeyRecord>, StoreError>;

    /// Revokes a key; `false` when there is none with this id. One that is revoked stays as it is.
    ///
    /// # Errors
    /// When the database fails.
    fn revoke_key(&mut self, id: &str) -> Result<bool, StoreError>;

    /// Counts a request of a key, unless a limit refuses it. `now` is the database's own clock where
    /// it is not given, so that gateways whose clocks differ count the same.
    ///
    /// # Errors
    /// When the database fails, or has no such key.
    fn admit(&mut self, id: &str, limits: &Limits, now: Option<i64>)
    -> Result<Verdict, StoreError>;

    /// Counts tokens and notes when keys were used.
    ///
    /// # Errors
    /// When the database fails; nothing is counted then.
    fn charge(&mut self, charges: &[Charge], now: Option<i64>) -> Result<(), StoreError>;

    /// Whether the database answers.
    ///
    /// # Errors
    /// When it does not.
    fn ping(&mut self) -> Result<(), StoreError>;
}

/// Where a store is.
#[derive(Clone, Debug)]
pub enum Place {
    /// A SQLite file.
    Sqlite(PathBuf),
    /// A PostgreSQL server.
    Postgres(Box<::postgres::Config>),
}

impl Place {
    /// Reads `store.url`.
    ///
    /// # Errors
    /// When it is of no known kind or not valid. No message quotes it: it may hold a password.
    pub fn parse(url: &str) -> Result<Self, StoreError> {
        if let Some(path) = url.strip_prefix("sqlite://") {
            return match path {
                "" => Err(StoreError::Url("sqlite:// names no file")),
                path => Ok(Self::Sqlite(PathBuf::from(path))),
            };
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return postgres::config(url).map(|config| Self::Postgres(Box::new(config)));
        }
        Err(StoreError::UnknownKind)
    }

    /// Opens it and brings its tables up to date. `durable` makes every change outlast a power cut;
    /// without it that is promised for PostgreSQL alone, and for counters on neither.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open(&self, durable: bool) -> Result<Box<dyn Backend>, StoreError> {
        Ok(match self {
            Self::Sqlite(path) => Box::new(sqlite::Sqlite::open(path, durable)?),
            Self::Postgres(config) => Box::new(postgres::Postgres::open(config)?),
        })
    }

    /// How many connections are worth while.
    fn connections(&self, settings: &StoreSettings) -> usize {
        match self {
            Self::Sqlite(_) => 1,
            Self::Postgres(_) => settings.connections,
        }
    }
}

type Job = Box<dyn FnOnce(&mut dyn Backend) + Send>;

/// A handle to the threads that speak to the database.
#[derive(Clone)]
pub struct Store {
    jobs: Sender<Job>,
    patience: Duration,
}

impl Store {
    /// Opens the store of the settings and starts its threads, which end with the last handle.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn start(settings: &StoreSettings) -> Result<Self, StoreError> {
        let place = Place::parse(settings.url.expose_secret())?;
        let (jobs, queue) = crossbeam_channel::bounded::<Job>(QUEUE);
        let (opened, outcomes) = crossbeam_channel::unbounded();
        for _ in 0..place.connections(settings) {
            let (place, queue, opened) = (place.clone(), queue.clone(), opened.clone());
            // Opened where it is used: PostgreSQL's client brings a runtime of its own, which must not
            // start within the service's.
            let work = move || match place.open(false) {
                Ok(mut backend) => {
                    let _ = opened.send(Ok(()));
                    drop(opened);
                    queue.iter().for_each(|job| job(backend.as_mut()));
                }
                Err(error) => {
                    let _ = opened.send(Err(error));
                }
            };
            let thread = thread::Builder::new().name("store".to_owned());
            thread.spawn(work).map_err(|error| StoreError::Open(error.to_string()))?;
        }
        drop(opened);
        outcomes.iter().collect::<Result<(), _>>()?;
        Ok(Self { jobs, patience: Duration::from_secs(settings.timeout_s) })
    }

    /// Has a database thread do `work`.
    async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut dyn Backend) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, wait) = oneshot::channel();
        let job: Job = Box::new(move |backend| {
            // Who has left asks for nothing any more.
            if !answer.is_closed() {
                let _ = answer.send(work(backend));
            }
        });
        self.jobs.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) | TrySendError::Disconnected(_) => StoreError::Silent,
        })?;
        let answer = tokio::time::timeout(self.patience, wait).await;
        answer.map_err(|_| StoreError::Silent)?.map_err(|_| StoreError::Silent)?
    }

    /// The key with this id.
    ///
    /// # Errors
    /// When the database fails or does not answer in time.
    pub async fn find_key(&self, id: &str) -> Result<Option<KeyRecord>, StoreError> {
        let id = id.to_owned();
        self.ask(move |backend| backend.find_key(&id)).await
    }

    /// Counts a request of a key, unless a limit refuses it.
    ///
    /// # Errors
    /// When the database fails or does not answer in time.
    pub async fn admit(&self, id: &Arc<str>, limits: Limits) -> Result<Verdict, StoreError> {
        let id = Arc::clone(id);
        self.ask(move |backend| backend.admit(&id, &limits, None)).await
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// When it does not, in time.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.ask(|backend| backend.ping()).await
    }

    /// Counts tokens and notes when keys were used. Blocks until that is done.
    fn charge(&self, charges: Vec<Charge>) -> Result<(), StoreError> {
        let (answer, wait) = crossbeam_channel::bounded(1);
        let job: Job = Box::new(move |backend| {
            let _ = answer.send(backend.charge(&charges, None));
        });
        self.jobs.send_timeout(job, self.patience).map_err(|_| StoreError::Silent)?;
        // A charge that is given up on is made again, so it must not be under way still: this waits
        // for longer than a database may take.
        wait.recv().map_err(|_| StoreError::Silent)?
    }
}

/// Seconds since 1970, by this machine's clock.
pub fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_secs()).unwrap_or(i64::MAX)
}

/// Counters are never negative and never near the type's end.
fn count(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

/// See [`count`].
fn stored(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
