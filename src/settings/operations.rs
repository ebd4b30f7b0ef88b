//! What a clinic's administrator sets: where keys are kept, the audit log, the program's log.

use std::path::PathBuf;

use serde::{Deserialize, Serialize, Serializer};

use super::Secret;

/// What happens when something that the gateway relies on fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// Requests are refused until it works again.
    #[default]
    Refuse,
    /// Requests are let through without it.
    Allow,
}

/// `[store]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct StoreSettings {
    /// `sqlite://FILE`, or `postgres://…` when several gateways share keys and quotas.
    #[serde(serialize_with = "without_password")]
    pub url: Secret,
    /// What happens to requests while the store does not answer.
    pub on_failure: OnFailure,
    /// How long a request waits for the store, in seconds.
    pub timeout_s: u64,
    /// Connections to a PostgreSQL server.
    pub connections: usize,
}

impl Default for StoreSettings {
    fn default() -> Self {
        Self {
            url: Secret::new("sqlite://data/gateway.db"),
            on_failure: OnFailure::Refuse,
            timeout_s: 5,
            connections: 4,
        }
    }
}

/// What stands before the last `@` of the authority may be a password, and so may a query.
fn without_password<S: Serializer>(url: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
    let url = url.expose_secret();
    let Some((scheme, rest)) = url.split_once("://") else {
        return serializer.serialize_str("***");
    };
    if scheme == "sqlite" {
        return serializer.serialize_str(url);
    }
    let rest = rest.split_once('?').map_or(rest, |(rest, _)| rest);
    let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
    serializer.collect_str(&format_args!("{scheme}://***@{rest}"))
}

/// `[audit]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuditSettings {
    /// Whether there is an audit log at all.
    pub enabled: bool,
    /// The file that is written.
    pub path: PathBuf,
    /// From this size on, in bytes, a new file is begun; at least 4096.
    pub max_file_bytes: u64,
    /// What happens when it cannot be written: an unlogged disclosure is a breach.
    pub on_failure: OnFailure,
}

impl Default for AuditSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            path: PathBuf::from("data/audit.jsonl"),
            max_file_bytes: 100 * 1024 * 1024,
            on_failure: OnFailure::Refuse,
        }
    }
}

/// How a line of the log looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// `2026-11-25T08:00:00Z INFO [req_…] message`
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// The least important of what is logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    /// What stopped working.
    Error,
    /// What an operator should look at.
    Warn,
    /// A line a request.
    #[default]
    Info,
    /// For those who look for a fault.
    Debug,
}

/// `[log]`
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogSettings {
    /// How a line looks.
    pub format: LogFormat,
    /// What is logged; there is no content on any level.
    pub level: LogLevel,
}

/// Who may read `/metrics`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MetricsAccess {
    /// Who asks from this machine, and who has a gateway key.
    #[default]
    Local,
    /// Who has a gateway key.
    Key,
    /// Anybody who reaches the port.
    Open,
}

/// `[metrics]`
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct MetricsSettings {
    /// Who may read `/metrics`; it holds counts and no content.
    pub access: MetricsAccess,
}

/// `server.tls`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TlsSettings {
    /// The certificate and those between it and the root, as PEM.
    pub cert: PathBuf,
    /// Its private key, as PEM.
    pub key: PathBuf,
}

#[cfg(test)]
mod tests {
    use super::{Secret, StoreSettings};

    #[test]
    fn the_address_of_the_store_is_printed_without_its_password() {
        for (url, printed) in [
            ("sqlite://data/gateway.db", "sqlite://data/gateway.db"),
            ("postgres://user:p@ss@db/gw?password=x", "postgres://***@db/gw"),
            ("postgres://db/gw", "postgres://***@db/gw"),
            ("hunter2", "***"),
        ] {
            let settings = StoreSettings { url: Secret::new(url), ..StoreSettings::default() };
            let text = toml::to_string(&settings).unwrap();
            assert!(text.contains(&format!("url = {printed:?}")), "{text}");
            assert!(!format!("{settings:?}").contains("p@ss"));
        }
    }
}
