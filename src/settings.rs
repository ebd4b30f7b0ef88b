//! Settings: built-in defaults, then `settings.toml`, then the environment, then the command line.
//!
//! An unknown key is an error that names it; a value that makes no sense stops the start.

mod check;
mod choices;
mod detectors;
mod load;
mod operations;
mod policy;
mod secret;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use self::{
    check::{KeyHash, ModelLabel, is_loopback},
    detectors::{
        CustomSettings, DetectorSettings, NerSettings, Precision, PresidioSettings, RuleSettings,
    },
    load::{Overrides, SettingsError, load},
    operations::{
        AuditSettings, LogFormat, LogLevel, LogSettings, MetricsAccess, MetricsSettings, OnFailure,
        StoreSettings, TlsSettings,
    },
    policy::{DenyEntry, LabelledText, PolicySettings, Strategy, UnscannableContent},
    secret::Secret,
};

/// Everything that an operator can set.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Where and how the gateway listens.
    pub server: ServerSettings,
    /// The OpenAI-compatible service that requests go to.
    pub upstream: UpstreamSettings,
    /// Who may use the gateway.
    pub keys: KeySettings,
    /// Where keys and what they have used are kept.
    pub store: StoreSettings,
    /// The page for people at `GET /`.
    pub playground: PlaygroundSettings,
    /// What the compact reply form fills in.
    pub compact: CompactSettings,
    /// What is done with what is found.
    pub policy: PolicySettings,
    /// What finds it.
    pub detectors: DetectorSettings,
    /// Who asked, when, and how much of what was found.
    pub audit: AuditSettings,
    /// The program's own log.
    pub log: LogSettings,
    /// Who may read the metrics.
    pub metrics: MetricsSettings,
    /// Presidio's REST API.
    pub presidio: PresidioApiSettings,
}

/// `[presidio]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct PresidioApiSettings {
    /// Whether Presidio's routes need a gateway key like all others. `false` is for clients on this
    /// machine that have no way to send one.
    pub key_required: bool,
}

impl Default for PresidioApiSettings {
    fn default() -> Self {
        Self { key_required: true }
    }
}

/// `[server]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServerSettings {
    /// Address to listen on.
    pub host: String,
    /// Port to listen on; 0 takes a free one and logs it.
    #[serde(deserialize_with = "port")]
    pub port: u16,
    /// HTTP worker threads; 0 means one a core.
    pub workers: usize,
    /// Largest request body, in bytes.
    pub max_body_bytes: usize,
    /// How long requests in flight may take to finish after SIGTERM, in seconds.
    pub shutdown_timeout_s: u64,
    /// How long `/readyz` is red before new requests are refused after SIGTERM, in seconds: the time
    /// that a load balancer needs to notice, at most 600. With 0 the port is closed at once.
    pub drain_delay_s: u64,
    /// The certificate to serve HTTPS with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsSettings>,
    /// Whether plain HTTP may be served where other machines can reach it.
    pub allow_plain_http: bool,
}

impl ServerSettings {
    /// Whether only this machine can reach the gateway.
    pub fn is_loopback(&self) -> bool {
        check::is_loopback(&self.host)
    }
}

/// The configuration library would wrap a port that is too large around.
fn port<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
    let port = u64::deserialize(deserializer)?;
    u16::try_from(port).map_err(|_| serde::de::Error::custom("must be a port, at most 65535"))
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            host: "127.0.0.1".to_owned(),
            port: 8080,
            workers: 0,
            max_body_bytes: 10 * 1024 * 1024,
            shutdown_timeout_s: 30,
            drain_delay_s: 0,
            tls: None,
            allow_plain_http: false,
        }
    }
}

/// Which header carries the upstream key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyHeader {
    /// `Authorization: Bearer …`, as OpenAI and nearly everybody else has it.
    #[default]
    Authorization,
    /// `api-key: …`, as Azure OpenAI has it.
    ApiKey,
}

/// `[upstream]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct UpstreamSettings {
    /// Base address, up to and without `/chat/completions`; a query string is kept.
    #[serde(serialize_with = "without_query")]
    pub base_url: String,
    /// The server's own key, used when the caller brings none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key: Option<Secret>,
    /// A file of PEM certificates to trust in place of the system's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// The header that carries the key.
    pub key_header: KeyHeader,
    /// Time limit for connecting, TLS included, in seconds.
    pub connect_timeout_s: u64,
    /// Time limit for the whole reply once connected, in seconds.
    pub read_timeout_s: u64,
    /// Largest reply that is read, in bytes.
    pub max_reply_bytes: usize,
}

/// A query string may hold a signature.
fn without_query<S: serde::Serializer>(url: &str, serializer: S) -> Result<S::Ok, S::Error> {
    match url.split_once('?') {
        Some((base, _)) => serializer.collect_str(&format_args!("{base}?***")),
        None => serializer.serialize_str(url),
    }
}

impl Default for UpstreamSettings {
    fn default() -> Self {
        Self {
            base_url: "https://api.openai.com/v1".to_owned(),
            api_key: None,
            ca_file: None,
            key_header: KeyHeader::Authorization,
            connect_timeout_s: 5,
            read_timeout_s: 600,
            max_reply_bytes: 32 * 1024 * 1024,
        }
    }
}

/// `[keys]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct KeySettings {
    /// Whether a request needs a gateway key. `false` is for local development only.
    pub required: bool,
    /// Accepted keys, as `sha256:` and the hexadecimal SHA-256 of the key.
    #[serde(rename = "static")]
    pub accepted: Vec<KeyHash>,
    /// How long a key that was checked is not looked up again, in seconds: a key that is revoked
    /// works for so long at most.
    pub cache_s: u64,
}

impl Default for KeySettings {
    fn default() -> Self {
        Self { required: true, accepted: Vec::new(), cache_s: 3 }
    }
}

/// `[playground]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct PlaygroundSettings {
    /// Whether the gateway serves the playground at `GET /`.
    pub enabled: bool,
}

impl Default for PlaygroundSettings {
    fn default() -> Self {
        Self { enabled: true }
    }
}

/// `[compact]`: what the compact reply form fills in where the caller gives none.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct CompactSettings {
    /// `model` where the caller names none.
    pub model: String,
    /// `temperature` where the caller gives none.
    pub temperature: f64,
    /// `n` where the caller gives none.
    pub n: u64,
}

impl Default for CompactSettings {
    fn default() -> Self {
        Self { model: "gpt-3.5-turbo".to_owned(), temperature: 0.7, n: 1 }
    }
}
