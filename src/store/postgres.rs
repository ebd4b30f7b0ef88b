//! Keys and their use in PostgreSQL, shared by several gateways.

use std::{sync::Arc, time::Duration};

use postgres::{
    Client, Config, NoTls, Row, Transaction,
    config::{Host, SslMode},
};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{
    Backend, Charge, KeyRecord, Limits, MIGRATIONS, StoreError, Usage, Verdict, count, stored,
};

/// How long connecting may take where the address does not say.
const CONNECT: Duration = Duration::from_secs(3);
/// For every connection: what takes longer than this has failed.
const SESSION: &str = "SET statement_timeout = '4s'; SET lock_timeout = '3s'; \
    SET idle_in_transaction_session_timeout = '10s'";
/// Counters may be lost with the server's power, keys may not.
const COUNTERS: &str = "SET LOCAL synchronous_commit = off";
/// Any number that others do not use, for the lock under which tables are changed.
const MIGRATION_LOCK: i64 = 0x6465_6964;

/// A connection, made again when it has broken.
pub(super) struct Postgres {
    config: Config,
    client: Option<Client>,
}

/// Errors name what happened, never the address.
impl From<postgres::Error> for StoreError {
    fn from(error: postgres::Error) -> Self {
        match error.as_db_error() {
            Some(error) => Self::Database(error.message().to_owned()),
            None => Self::Database(error.to_string()),
        }
    }
}

/// Reads the address.
pub(super) fn config(url: &str) -> Result<Config, StoreError> {
    let mut config: Config =
        url.parse().map_err(|_| StoreError::Url("it cannot be read as a PostgreSQL address"))?;
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT);
    }
    config.tcp_user_timeout(CONNECT).application_name("deid-gateway");
    // Without `sslmode` the password would go to another machine in plain text, and a server on
    // this one, where nobody can listen in, often has a certificate that nobody vouches for.
    let is_local = config.get_hosts().iter().all(|host| match host {
        Host::Tcp(host) => {
            host == "localhost"
                || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        Host::Unix(_) => true,
    });
    if !url.contains("sslmode=") {
        config.ssl_mode(if is_local { SslMode::Disable } else { SslMode::Require });
    }
    Ok(config)
}

impl Postgres {
    pub(super) fn open(config: &Config) -> Result<Self, StoreError> {
        let mut own = Self { config: config.clone(), client: None };
        let opened = own.with(migrate);
        opened.map_err(|error| match error {
            StoreError::Database(reason) => StoreError::Open(reason),
            error => error,
        })?;
        Ok(own)
    }

    /// Does `work` on the connection. One that turns out to have been closed in the meantime is made
    /// again, once: what it has not answered, it has rolled back or will never see.
    fn with<T>(
        &mut self,
        work: impl Fn(&mut Client) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let was_idle = self.client.is_some();
        let result = self.on_connection(&work);
        let broken = self.client.as_ref().is_none_or(Client::is_closed);
        if broken {
            self.client = None;
        }
        match result {
            Err(_) if broken && was_idle => self.on_connection(&work),
            result => result,
        }
    }

    fn on_connection<T>(
        &mut self,
        work: &impl Fn(&mut Client) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if self.client.as_ref().is_none_or(Client::is_closed) {
            let mut client = connect(&self.config)?;
            client.batch_execute(SESSION)?;
            self.client = Some(client);
        }
        match self.client.as_mut() {
            Some(client) => work(client),
            None => Err(StoreError::Silent),
        }
    }
}

/// Connects, with TLS against the system's certificates unless the address says otherwise.
fn connect(config: &Config) -> Result<Client, StoreError> {
    if config.get_ssl_mode() == SslMode::Disable
        || config.get_hosts().iter().all(|host| matches!(host, Host::Unix(_)))
    {
        return Ok(config.connect(NoTls)?);
    }
    match crate::upstream::client_config(None) {
        Ok(tls) => {
            let mut tls = Arc::unwrap_or_clone(tls);
            tls.alpn_protocols.clear();
            Ok(config.connect(MakeRustlsConnect::new(tls))?)
        }
        // A machine without certificates can still speak to a server without TLS.
        Err(_) if config.get_ssl_mode() == SslMode::Prefer => Ok(config.connect(NoTls)?),
        Err(error) => Err(StoreError::Open(error.to_string())),
    }
}

fn migrate(client: &mut Client) -> Result<(), StoreError> {
    let mut transaction = client.transaction()?;
    // Gateways that start together wait for each other here.
    transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&MIGRATION_LOCK])?;
    let exists: bool = transaction
        .query_one("SELECT to_regclass('gateway_schema') IS NOT NULL", &[])?
        .try_get(0)?;
    let found: i64 = if exists {
        transaction.query_one("SELECT version FROM gateway_schema", &[])?.try_get(0)?
    } else {
        transaction.batch_execute(
            "CREATE TABLE gateway_schema (version BIGINT NOT NULL);
             INSERT INTO gateway_schema VALUES (0)",
        )?;
        0
    };
    let known = stored(MIGRATIONS.len() as u64);
    if found > known {
        return Err(StoreError::TooNew { found, known });
    }
    for migration in MIGRATIONS.iter().skip(usize::try_from(found).unwrap_or(0)) {
        transaction.batch_execute(migration)?;
    }
    if found < known {
        transaction.execute("UPDATE gateway_schema SET version = $1", &[&known])?;
    }
    Ok(transaction.commit()?)
}

fn record(row: &Row) -> Result<KeyRecord, StoreError> {
    let hash: String = row.try_get("hash")?;
    let limit = |name| row.try_get::<_, Option<i64>>(name).map(|limit| limit.map(count));
    Ok(KeyRecord {
        id: row.try_get("id")?,
        name: row.try_get("name")?,
        hash: hash.parse().map_err(|error: &str| StoreError::Database(error.to_owned()))?,
        created_at: row.try_get("created_at")?,
        expires_at: row.try_get("expires_at")?,
        revoked_at: row.try_get("revoked_at")?,
        last_used_at: row.try_get("last_used_at")?,
        limits: Limits {
            requests_per_minute: limit("requests_per_minute")?,
            requests_per_day: limit("requests_per_day")?,
            tokens_per_month: limit("tokens_per_month")?,
        },
    })
}

/// A key's use, locked until the transaction ends, and the database's time.
fn usage(transaction: &mut Transaction<'_>, id: &str) -> Result<Option<(Usage, i64)>, StoreError> {
    let row = transaction.query_opt(
        "SELECT *, extract(epoch FROM clock_timestamp())::bigint AS now FROM gateway_usage
         WHERE key_id = $1 FOR UPDATE",
        &[&id],
    )?;
    let Some(row) = row else { return Ok(None) };
    let usage = Usage {
        minute_start: row.try_get("minute_start")?,
        minute_requests: row.try_get("minute_requests").map(count)?,
        day: row.try_get("day")?,
        day_requests: row.try_get("day_requests").map(count)?,
        month: row.try_get("month")?,
        month_tokens: row.try_get("month_tokens").map(count)?,
    };
    Ok(Some((usage, row.try_get("now")?)))
}

fn save(transaction: &mut Transaction<'_>, id: &str, usage: &Usage) -> Result<(), StoreError> {
    transaction.execute(
        "UPDATE gateway_usage SET minute_start = $2, minute_requests = $3, day = $4,
         day_requests = $5, month = $6, month_tokens = $7 WHERE key_id = $1",
        &[
            &id,
            &usage.minute_start,
            &stored(usage.minute_requests),
            &usage.day,
            &stored(usage.day_requests),
            &usage.month,
            &stored(usage.month_tokens),
        ],
    )?;
    Ok(())
}

impl Backend for Postgres {
    fn create_key(&mut self, key: &KeyRecord) -> Result<(), StoreError> {
        self.with(|client| {
            let mut transaction = client.transaction()?;
            transaction.execute(
                "INSERT INTO gateway_keys (id, name, hash, created_at, expires_at, revoked_at,
                 last_used_at, requests_per_minute, requests_per_day, tokens_per_month)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
                &[
                    &key.id,
                    &key.name,
                    &key.hash.to_text(),
                    &key.created_at,
                    &key.expires_at,
                    &key.revoked_at,
                    &key.last_used_at,
                    &key.limits.requests_per_minute.map(stored),
                    &key.limits.requests_per_day.map(stored),
                    &key.limits.tokens_per_month.map(stored),
                ],
            )?;
            transaction.execute("INSERT INTO gateway_usage (key_id) VALUES ($1)", &[&key.id])?;
            Ok(transaction.commit()?)
        })
    }

    fn keys(&mut self) -> Result<Vec<KeyRecord>, StoreError> {
        self.with(|client| {
            let all = client.query("SELECT * FROM gateway_keys ORDER BY created_at, id", &[])?;
            all.iter().map(record).collect()
        })
    }

    fn find_key(&mut self, id: &str) -> Result<Option<KeyRecord>, StoreError> {
        self.with(|client| {
            let one = client.query_opt("SELECT * FROM gateway_keys WHERE id = $1", &[&id])?;
            one.as_ref().map(record).transpose()
        })
    }

    fn revoke_key(&mut self, id: &str) -> Result<bool, StoreError> {
        self.with(|client| {
            let changed = client.execute(
                "UPDATE gateway_keys SET revoked_at = COALESCE(revoked_at,
                 extract(epoch FROM clock_timestamp())::bigint) WHERE id = $1",
                &[&id],
            )?;
            Ok(changed > 0)
        })
    }

    fn admit(
        &mut self,
        id: &str,
        limits: &Limits,
        now: Option<i64>,
    ) -> Result<Verdict, StoreError> {
        self.with(|client| {
            let mut transaction = client.transaction()?;
            transaction.batch_execute(COUNTERS)?;
            let Some((mut usage, clock)) = usage(&mut transaction, id)? else {
                return Err(StoreError::Database("the key is gone".to_owned()));
            };
            let verdict = usage.admit(limits, now.unwrap_or(clock));
            save(&mut transaction, id, &usage)?;
            transaction.commit()?;
            Ok(verdict)
        })
    }

    fn charge(&mut self, charges: &[Charge], now: Option<i64>) -> Result<(), StoreError> {
        // One order for all gateways, so that no two wait for each other.
        let mut charges: Vec<_> = charges.iter().collect();
        charges.sort_by(|a, b| a.key_id.cmp(&b.key_id));
        self.with(|client| {
            let mut transaction = client.transaction()?;
            transaction.batch_execute(COUNTERS)?;
            for charge in &charges {
                // Keys of the settings have no entry.
                let found = usage(&mut transaction, &charge.key_id)?;
                let Some((mut usage, clock)) = found else { continue };
                if charge.tokens > 0 {
                    usage.charge(charge.tokens, now.unwrap_or(clock));
                    save(&mut transaction, &charge.key_id, &usage)?;
                }
                transaction.execute(
                    "UPDATE gateway_keys SET last_used_at = GREATEST(last_used_at, $2)
                     WHERE id = $1",
                    &[&charge.key_id, &charge.used_at],
                )?;
            }
            Ok(transaction.commit()?)
        })
    }

    fn ping(&mut self) -> Result<(), StoreError> {
        self.with(|client| {
            Ok(client.execute("SELECT 1 FROM gateway_usage LIMIT 1", &[]).map(|_| ())?)
        })
    }
}
