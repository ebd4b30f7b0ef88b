//! Settings: built-in defaults, then `settings.toml`, then the environment, then the command line.
//!
//! An unknown key is an error that names it; a value that makes no sense stops the start.

mod check;
mod load;
mod operations;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

pub use self::{
    check::{KeyHash, ModelLabel, is_loopback},
    load::{Overrides, SettingsError, load},
    operations::{
        AuditSettings, LogFormat, LogLevel, LogSettings, MetricsAccess, MetricsSettings, OnFailure,
        StoreSettings, TlsSettings,
    },
};
use crate::deidentify::entity::Label;

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
    /// that a load balancer needs to notice.
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

/// What is done with a piece of PHI.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// Swapped for `[LABEL_N]`, restored in the reply.
    #[default]
    Placeholder,
    /// Swapped for a made-up value of the same kind, restored in the reply; a placeholder where none
    /// can be made.
    Surrogate,
    /// Dates move by a number of days, and back in the reply; anything else is a placeholder.
    DateShift,
    /// Swapped for `[LABEL]`, one way.
    Redact,
    /// Sent as it is.
    Keep,
}

impl Strategy {
    /// Every strategy, in the order of the documentation.
    pub const ALL: &'static [Strategy] = &[Strategy::Placeholder, Strategy::Redact, Strategy::Keep];
}

/// What is done with content that cannot be read, such as images.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum UnscannableContent {
    /// The request is refused.
    #[default]
    Refuse,
    /// It is sent as it is.
    Forward,
}

/// `[policy]`
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct PolicySettings {
    /// The strategy for labels that `labels` does not name.
    pub default: Strategy,
    /// Strategies by label.
    pub labels: BTreeMap<Label, Strategy>,
    /// Whether a caller's `deid.labels` may be less strict than the settings.
    pub caller_may_relax: bool,
    /// Whether a note tells the model what placeholders are, in requests that have some.
    pub explain: bool,
    /// What to do with images, audio and files.
    pub unscannable_content: UnscannableContent,
    /// Texts that are never PHI here, such as the clinic's own name.
    pub allow: Vec<String>,
    /// Texts that are always PHI here.
    pub deny: Vec<DenyEntry>,
}

impl Strategy {
    /// How much a strategy hides: nothing, what the reply needs, everything.
    pub fn strictness(self) -> u8 {
        match self {
            Self::Keep => 0,
            Self::DateShift => 1,
            Self::Placeholder | Self::Surrogate => 2,
            Self::Redact => 3,
        }
    }
}

impl PolicySettings {
    /// The strategy for `label`.
    pub fn strategy(&self, label: Label) -> Strategy {
        self.labels.get(&label).copied().unwrap_or(self.default)
    }
}

/// One entry of `policy.deny`: a text, or a text with its label.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(untagged)]
pub enum DenyEntry {
    /// A text that is an [`Label::Id`].
    Text(String),
    /// A text with a label of its own.
    Labelled(LabelledText),
}

/// `{ text = "…", label = "NAME" }`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct LabelledText {
    /// What is always PHI.
    pub text: String,
    /// What kind it is.
    pub label: Label,
}

/// `[detectors]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct DetectorSettings {
    /// The regex rules.
    pub rules: RuleSettings,
    /// The clinic's own patterns.
    pub custom: Vec<CustomSettings>,
    /// The transformer models.
    pub ner: Vec<NerSettings>,
    /// Presidio analyzers that run elsewhere.
    pub presidio: Vec<PresidioSettings>,
    /// How long a request may wait for a model, and how long detection may then take, in seconds.
    pub timeout_s: u64,
    /// Requests that may wait for a model before further ones are answered 503.
    pub queue: usize,
    /// Inference threads a model; 0 means one a core, at most 16.
    pub threads: usize,
    /// Most windows of text in one forward pass.
    pub batch: usize,
    /// Texts and finds in them, together, that are remembered for when a text comes again: no
    /// text, only its keyed hash and offsets. 0 remembers none.
    pub cache: usize,
}

impl Default for DetectorSettings {
    fn default() -> Self {
        Self {
            rules: RuleSettings::default(),
            custom: Vec::new(),
            ner: vec![NerSettings::default()],
            presidio: Vec::new(),
            timeout_s: 60,
            queue: 64,
            threads: 0,
            batch: 8,
            cache: 65_536,
        }
    }
}

/// `[detectors.rules]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct RuleSettings {
    /// Whether the built-in rules run.
    pub enabled: bool,
}

impl Default for RuleSettings {
    fn default() -> Self {
        Self { enabled: true }
    }
}

/// One `[[detectors.custom]]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct CustomSettings {
    /// Its name in reports.
    pub name: String,
    /// What it finds.
    pub label: Label,
    /// A regular expression, matched in time linear in the text.
    pub pattern: String,
    /// Confidence in what it finds, in `0.0..=1.0`.
    #[serde(default = "certain")]
    pub score: f32,
}

fn certain() -> f32 {
    1.0
}

/// How a model's weights are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// In 8-bit whole numbers where model and processor allow it and it comes to the same.
    #[default]
    Auto,
    /// In 32-bit floating point.
    Fp32,
}

/// One `[[detectors.ner]]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct NerSettings {
    /// Its name in reports.
    pub name: String,
    /// Folder of a Hugging Face token-classification model.
    pub model: PathBuf,
    /// A word counts when the model gives PHI at least this probability, in `0.0..=1.0`.
    #[serde(default = "even")]
    pub threshold: f32,
    /// Other thresholds for words that are likeliest of these labels.
    #[serde(default)]
    pub thresholds: BTreeMap<Label, f32>,
    /// The model's label → the gateway's label, or `none`; for labels that it would not know.
    #[serde(default)]
    pub labels: BTreeMap<String, ModelLabel>,
    /// How its weights are kept.
    #[serde(default)]
    pub precision: Precision,
    /// Longest piece of text that the model sees at once, in tokens.
    #[serde(default = "window_tokens")]
    pub window_tokens: usize,
    /// How much of it the next piece sees again, in tokens.
    #[serde(default = "overlap_tokens")]
    pub overlap_tokens: usize,
}

fn even() -> f32 {
    0.5
}

fn window_tokens() -> usize {
    128
}

fn overlap_tokens() -> usize {
    32
}

impl Default for NerSettings {
    fn default() -> Self {
        Self {
            name: "phi-ner".to_owned(),
            model: Path::new("models").join("phi-ner"),
            threshold: even(),
            thresholds: BTreeMap::new(),
            labels: BTreeMap::new(),
            window_tokens: window_tokens(),
            precision: Precision::default(),
            overlap_tokens: overlap_tokens(),
        }
    }
}

/// One `[[detectors.presidio]]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PresidioSettings {
    /// Its name in reports.
    pub name: String,
    /// Address of the analyzer's service, up to and without `/analyze`.
    pub url: String,
    /// A result counts from this score, in `0.0..=1.0`.
    #[serde(default = "even")]
    pub threshold: f32,
    /// The language that it is asked in.
    #[serde(default = "english")]
    pub language: String,
    /// The analyzer's entity → the gateway's label, or `none`; for entities that it would not know,
    /// which count as `ID`.
    #[serde(default)]
    pub labels: BTreeMap<String, ModelLabel>,
    /// Time limit for all texts of a request together, in seconds.
    #[serde(default = "presidio_timeout_s")]
    pub timeout_s: u64,
}

fn english() -> String {
    "en".to_owned()
}

fn presidio_timeout_s() -> u64 {
    30
}

/// A secret that does not print: `Debug` and serialisation show stars.
#[derive(Clone)]
pub struct Secret(zeroize::Zeroizing<String>);

impl Secret {
    /// Takes ownership of `secret`.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(zeroize::Zeroizing::new(secret.into()))
    }

    /// The secret itself.
    pub fn expose_secret(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(***)")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

impl Serialize for Secret {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("***")
    }
}
