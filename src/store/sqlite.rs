//! Keys and their use in a SQLite file.

use std::{
    fs,
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{
    Connection, OptionalExtension, Row, Transaction, TransactionBehavior, named_params, params,
};

use super::{
    Backend, Charge, KeyRecord, Limits, MIGRATIONS, StoreError, Usage, Verdict, count, now, stored,
};

/// How long to wait for another process that writes.
const BUSY: Duration = Duration::from_secs(5);

/// A SQLite file.
pub(super) struct Sqlite {
    connection: Connection,
    path: PathBuf,
    /// Device and inode of the file that is open.
    file: (u64, u64),
    durable: bool,
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error.to_string())
    }
}

impl Sqlite {
    /// Opens the file, or makes it, readable for its owner alone, with the folder that it is in.
    pub(super) fn open(path: &Path, durable: bool) -> Result<Self, StoreError> {
        let failed = |error: &dyn std::fmt::Display| {
            StoreError::Open(format!("{}: {error}", path.display()))
        };
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::create_dir_all(folder).map_err(|error| failed(&error))?;
        }
        // SQLite gives its side files the mode of the file.
        fs::OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(path)
            .map_err(|error| failed(&error))?;
        let mut connection = Connection::open(path).map_err(|error| failed(&error))?;
        prepare(&mut connection, durable).map_err(|error| match error {
            StoreError::Database(reason) => failed(&reason),
            error => error,
        })?;
        let file = identity(path).map_err(|error| failed(&error))?;
        Ok(Self { connection, path: path.to_owned(), file, durable })
    }

    /// The database that stands at the path now: a file that was removed or replaced would be used on
    /// without anybody's seeing what becomes of it, and revoked keys with it.
    fn current(&mut self) -> Result<&mut Connection, StoreError> {
        let found = identity(&self.path)
            .map_err(|error| StoreError::Database(format!("its file is gone: {error}")))?;
        if found != self.file {
            log::warn!("the key store {} was replaced and is opened anew", self.path.display());
            let new = Self::open(&self.path, self.durable)?;
            // Closing the old one would remove its side files, by names that are the new one's now.
            std::mem::forget(std::mem::replace(self, new));
        }
        Ok(&mut self.connection)
    }

    /// A transaction that has the write lock from its beginning.
    fn write(&mut self) -> Result<Transaction<'_>, StoreError> {
        Ok(self.current()?.transaction_with_behavior(TransactionBehavior::Immediate)?)
    }
}

/// What tells a file from another that has its name.
fn identity(path: &Path) -> std::io::Result<(u64, u64)> {
    fs::metadata(path).map(|file| (file.dev(), file.ino()))
}

fn prepare(connection: &mut Connection, durable: bool) -> Result<(), StoreError> {
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", if durable { "full" } else { "normal" })?;
    connection.pragma_update(None, "foreign_keys", true)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let known = stored(MIGRATIONS.len() as u64);
    if found > known {
        return Err(StoreError::TooNew { found, known });
    }
    for migration in MIGRATIONS.iter().skip(usize::try_from(found).unwrap_or(0)) {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "user_version", known)?;
    transaction.commit()?;
    Ok(())
}

fn record(row: &Row<'_>) -> rusqlite::Result<KeyRecord> {
    let hash: String = row.get("hash")?;
    let hash = hash.parse().map_err(|error: &'static str| {
        rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, error.into())
    })?;
    let limit = |name| row.get::<_, Option<i64>>(name).map(|limit| limit.map(count));
    Ok(KeyRecord {
        id: row.get("id")?,
        name: row.get("name")?,
        hash,
        created_at: row.get("created_at")?,
        expires_at: row.get("expires_at")?,
        revoked_at: row.get("revoked_at")?,
        last_used_at: row.get("last_used_at")?,
        limits: Limits {
            requests_per_minute: limit("requests_per_minute")?,
            requests_per_day: limit("requests_per_day")?,
            tokens_per_month: limit("tokens_per_month")?,
        },
    })
}

fn usage(transaction: &Transaction<'_>, id: &str) -> rusqlite::Result<Option<Usage>> {
    transaction
        .prepare_cached("SELECT * FROM gateway_usage WHERE key_id = ?1")?
        .query_row([id], |row| {
            Ok(Usage {
                minute_start: row.get("minute_start")?,
                minute_requests: row.get("minute_requests").map(count)?,
                day: row.get("day")?,
                day_requests: row.get("day_requests").map(count)?,
                month: row.get("month")?,
                month_tokens: row.get("month_tokens").map(count)?,
            })
        })
        .optional()
}

fn save(transaction: &Transaction<'_>, id: &str, usage: &Usage) -> rusqlite::Result<()> {
    transaction
        .prepare_cached(
            "UPDATE gateway_usage SET minute_start = ?2, minute_requests = ?3, day = ?4,
             day_requests = ?5, month = ?6, month_tokens = ?7 WHERE key_id = ?1",
        )?
        .execute(params![
            id,
            usage.minute_start,
            stored(usage.minute_requests),
            usage.day,
            stored(usage.day_requests),
            usage.month,
            stored(usage.month_tokens),
        ])
        .map(|_| ())
}

impl Backend for Sqlite {
    fn create_key(&mut self, key: &KeyRecord) -> Result<(), StoreError> {
        let transaction = self.write()?;
        transaction.execute(
            "INSERT INTO gateway_keys (id, name, hash, created_at, expires_at, revoked_at,
             last_used_at, requests_per_minute, requests_per_day, tokens_per_month) VALUES (:id,
             :name, :hash, :created, :expires, :revoked, :used, :minute, :day, :month)",
            named_params! {
                ":id": key.id, ":name": key.name, ":hash": key.hash.to_text(),
                ":created": key.created_at, ":expires": key.expires_at,
                ":revoked": key.revoked_at, ":used": key.last_used_at,
                ":minute": key.limits.requests_per_minute.map(stored),
                ":day": key.limits.requests_per_day.map(stored),
                ":month": key.limits.tokens_per_month.map(stored),
            },
        )?;
        transaction.execute("INSERT INTO gateway_usage (key_id) VALUES (?1)", [&key.id])?;
        Ok(transaction.commit()?)
    }

    fn keys(&mut self) -> Result<Vec<KeyRecord>, StoreError> {
        let mut all =
            self.current()?.prepare("SELECT * FROM gateway_keys ORDER BY created_at, id")?;
        let rows = all.query_map([], record)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn find_key(&mut self, id: &str) -> Result<Option<KeyRecord>, StoreError> {
        let mut one = self.current()?.prepare_cached("SELECT * FROM gateway_keys WHERE id = ?1")?;
        Ok(one.query_row([id], record).optional()?)
    }

    fn revoke_key(&mut self, id: &str) -> Result<bool, StoreError> {
        let changed = self.current()?.execute(
            "UPDATE gateway_keys SET revoked_at = COALESCE(revoked_at, ?2) WHERE id = ?1",
            params![id, now()],
        )?;
        Ok(changed > 0)
    }

    fn admit(&mut self, id: &str, limits: &Limits, at: Option<i64>) -> Result<Verdict, StoreError> {
        let transaction = self.write()?;
        let Some(mut usage) = usage(&transaction, id)? else {
            return Err(StoreError::Database("the key is gone".to_owned()));
        };
        let verdict = usage.admit(limits, at.unwrap_or_else(now));
        save(&transaction, id, &usage)?;
        transaction.commit()?;
        Ok(verdict)
    }

    fn charge(&mut self, charges: &[Charge], at: Option<i64>) -> Result<(), StoreError> {
        let transaction = self.write()?;
        for charge in charges {
            // Keys of the settings have no entry.
            let Some(mut usage) = usage(&transaction, &charge.key_id)? else { continue };
            if charge.tokens > 0 {
                usage.charge(charge.tokens, at.unwrap_or_else(now));
                save(&transaction, &charge.key_id, &usage)?;
            }
            transaction
                .prepare_cached(
                    "UPDATE gateway_keys SET last_used_at = MAX(COALESCE(last_used_at, 0), ?2)
                     WHERE id = ?1",
                )?
                .execute(params![charge.key_id, charge.used_at])?;
        }
        Ok(transaction.commit()?)
    }

    fn ping(&mut self) -> Result<(), StoreError> {
        Ok(self
            .current()?
            .query_row("SELECT count(*) FROM gateway_usage LIMIT 1", [], |_| Ok(()))?)
    }
}
