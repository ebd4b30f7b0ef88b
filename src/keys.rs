//! Who is asking: a gateway key's owner, from the settings or the store, and what it may do still.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::{
    error::GatewayError,
    metrics::metrics,
    settings::{KeyHash, OnFailure, Settings},
    store::{self, KeyRecord, KeyState, Ledger, Limits, Store, StoreError, Verdict},
};

/// Keys whose check is remembered, at most.
const MOST_REMEMBERED: usize = 4096;

/// The owner of a key.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The key's id; of a key of the settings the beginning of its hash.
    pub id: Arc<str>,
    /// Whose it is.
    pub name: Arc<str>,
    /// What it may do.
    pub limits: Limits,
    /// Whether the store knows it.
    pub is_stored: bool,
}

impl Identity {
    fn of_settings(hash: &KeyHash) -> Self {
        let digits: String =
            hash.bytes().iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        Self {
            id: format!("static:{digits}").into(),
            name: "static".into(),
            limits: Limits::default(),
            is_stored: false,
        }
    }

    /// Whoever asks where no key is required.
    fn nobody() -> Self {
        Self { id: "none".into(), name: "none".into(), limits: Limits::default(), is_stored: false }
    }
}

/// What the store said of a key, and when it was asked.
struct Remembered {
    record: Option<Arc<(Identity, KeyRecord)>>,
    asked: Instant,
}

/// The gateway keys that are accepted.
pub struct Keys {
    required: bool,
    accepted: Vec<KeyHash>,
    store: Store,
    ledger: Arc<Ledger>,
    on_failure: OnFailure,
    cache_for: Duration,
    /// By the key's digest: what the time of a look-up tells of that is of no use to anybody.
    remembered: Mutex<HashMap<[u8; 32], Remembered>>,
}

impl Keys {
    /// The keys of the settings and of the store.
    pub fn new(settings: &Settings, store: Store, ledger: Arc<Ledger>) -> Self {
        Self {
            required: settings.keys.required,
            accepted: settings.keys.accepted.clone(),
            store,
            ledger,
            on_failure: settings.store.on_failure,
            cache_for: Duration::from_secs(settings.keys.cache_s),
            remembered: Mutex::default(),
        }
    }

    /// Whether requests are refused for as long as the store does not answer, and it does not.
    ///
    /// # Errors
    /// When that is so.
    pub async fn ready(&self) -> Result<(), StoreError> {
        match self.on_failure {
            OnFailure::Refuse => self.store.ping().await,
            OnFailure::Allow => Ok(()),
        }
    }

    /// Finds the owner of `key`.
    ///
    /// # Errors
    /// When a key is required and this is none, or none that is valid; when the store is away.
    pub async fn identify(&self, key: Option<&str>) -> Result<Identity, GatewayError> {
        let Some(key) = key else {
            return if self.required {
                Err(GatewayError::MissingGatewayKey)
            } else {
                Ok(Identity::nobody())
            };
        };
        let hash = KeyHash::of(key);
        // All are compared, so that the time tells nothing of which one it was.
        let known = self.accepted.iter().fold(false, |known, one| known | one.matches(&hash));
        if known {
            return Ok(Identity::of_settings(&hash));
        }
        match self.look_up(key, &hash).await {
            Ok(Some(found)) if found.1.state(store::now()) == KeyState::Active => {
                Ok(found.0.clone())
            }
            Ok(_) if self.required => Err(GatewayError::InvalidGatewayKey),
            Err(_) if self.required => Err(GatewayError::StoreAway),
            Ok(_) | Err(_) => Ok(Identity::nobody()),
        }
    }

    /// What the store says of a key, or has said a moment ago.
    async fn look_up(
        &self,
        key: &str,
        hash: &KeyHash,
    ) -> Result<Option<Arc<(Identity, KeyRecord)>>, StoreError> {
        let Some(id) = store::id_of(key) else { return Ok(None) };
        let digest = hash.bytes();
        let stale = {
            let remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
            match remembered.get(&digest) {
                Some(known) if known.asked.elapsed() < self.cache_for => {
                    return Ok(known.record.clone());
                }
                known => known.and_then(|known| known.record.clone()),
            }
        };
        let found = match self.store.find_key(id).await {
            Ok(found) => found.filter(|record| record.hash.matches(hash)),
            Err(error) => {
                fault(&error);
                // A key that was good when the store was last asked may go on, if so set.
                return match (self.on_failure, stale) {
                    (OnFailure::Allow, Some(stale)) => Ok(Some(stale)),
                    _ => Err(error),
                };
            }
        };
        let record = found.map(|record| {
            let identity = Identity {
                id: record.id.as_str().into(),
                name: record.name.as_str().into(),
                limits: record.limits,
                is_stored: true,
            };
            Arc::new((identity, record))
        });
        self.remember(digest, record.clone());
        Ok(record)
    }

    /// Notes that a key was used, and for how many tokens.
    pub fn used(&self, who: &Identity, tokens: u64) {
        if who.is_stored {
            self.ledger.note(&who.id, tokens);
        }
    }

    fn remember(&self, digest: [u8; 32], record: Option<Arc<(Identity, KeyRecord)>>) {
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= MOST_REMEMBERED {
            remembered.retain(|_, known| {
                known.record.is_some() && known.asked.elapsed() < self.cache_for
            });
            if remembered.len() >= MOST_REMEMBERED {
                remembered.clear();
            }
        }
        remembered.insert(digest, Remembered { record, asked: Instant::now() });
    }

    /// Counts a request of `who`; what it is told is `None` for a key without limits, and for one
    /// that nobody counts while the store is away.
    ///
    /// # Errors
    /// When a limit is used up, or the store is away.
    pub async fn count(&self, who: &Identity) -> Result<Option<Verdict>, GatewayError> {
        if !who.limits.is_limited() {
            return Ok(None);
        }
        match self.store.admit(&who.id, who.limits).await {
            Ok(Verdict { refused: Some((exhausted, wait_s)), requests, tokens }) => {
                let verdict = Verdict { refused: Some((exhausted, wait_s)), requests, tokens };
                Err(GatewayError::LimitReached { verdict, exhausted, wait_s })
            }
            Ok(verdict) => Ok(Some(verdict)),
            Err(error) => {
                fault(&error);
                match self.on_failure {
                    OnFailure::Allow => Ok(None),
                    OnFailure::Refuse => Err(GatewayError::StoreAway),
                }
            }
        }
    }
}

fn fault(error: &StoreError) {
    metrics().store_faults.inc();
    log::error!("{error}");
}
