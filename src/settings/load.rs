//! Reads the settings from their sources, the later over the earlier.

use std::{
    env,
    path::{Path, PathBuf},
};

use config::{Config, ConfigError, File, FileFormat, Map, Source, Value, ValueKind};
use thiserror::Error;

use super::{Secret, Settings, check, choices};

/// Variables `DEID__SECTION__KEY` set single settings.
const ENV_PREFIX: &str = "DEID__";
/// Names the settings file where the command line does not.
const ENV_FILE: &str = "DEID_SETTINGS";
/// OpenAI's own variable for the key, honoured where no other is set.
const ENV_OPENAI_KEY: &str = "OPENAI_API_KEY";
/// The file that is read, if it is there, where none is named.
const DEFAULT_FILE: &str = "settings.toml";
/// Settings that the environment gives as a list, separated by commas.
const ENV_LISTS: [&str; 3] = ["keys.static", "policy.allow", "policy.deny"];

/// What the command line sets over everything else.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// `server.host`
    pub host: Option<String>,
    /// `server.port`
    pub port: Option<u16>,
}

/// Why the settings cannot be used. Messages name the key, never a secret.
#[derive(Debug, Error)]
pub enum SettingsError {
    /// A file that was named does not exist or cannot be read.
    #[error("cannot read the settings file {0}: {1}")]
    Unreadable(PathBuf, std::io::Error),
    /// A source is malformed.
    #[error("settings: {0}")]
    Malformed(String),
    /// A key is unknown or its value has the wrong type.
    #[error("settings: {key}: {reason}")]
    Wrong {
        /// The key, with its section.
        key: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl SettingsError {
    pub(super) fn wrong(key: &str, reason: impl Into<String>) -> Self {
        Self::Wrong { key: key.to_owned(), reason: reason.into() }
    }
}

/// Loads the settings: defaults, then `file` (or `DEID_SETTINGS`, or `settings.toml` where there is
/// one), then the environment, then `overrides`; checked, with relative paths resolved.
///
/// # Errors
/// When a named file is missing, a source is malformed, a key is unknown or a value makes no sense.
pub fn load(file: Option<&Path>, overrides: &Overrides) -> Result<Settings, SettingsError> {
    let file = settings_file(file)?;
    let mut builder = Config::builder();
    if let Some(path) = &file {
        let source = File::from(path.as_path()).format(FileFormat::Toml);
        builder = builder.add_source(LowercaseLabels(source));
    }
    builder = builder.add_source(LowercaseLabels(Variables));
    let merged = builder.build().map_err(|error| malformed(&error))?;
    let file_names_models = merged.get_array("detectors.ner").is_ok();

    let mut settings: Settings = serde_path_to_error::deserialize(merged).map_err(|error| {
        // The innermost error alone: the outer ones repeat the path.
        let key = error.path().to_string();
        SettingsError::Wrong { key, reason: choices::explained(error.into_inner().to_string()) }
    })?;

    if let (Some(path), true) = (&file, file_names_models) {
        let folder = path.parent().unwrap_or(Path::new(""));
        for ner in &mut settings.detectors.ner {
            ner.model = folder.join(&ner.model);
        }
    }
    resolve(&mut settings, file.as_deref().and_then(Path::parent).unwrap_or(Path::new("")));
    if settings.upstream.api_key.is_none() {
        let key = env::var(ENV_OPENAI_KEY).ok().filter(|key| !key.is_empty());
        settings.upstream.api_key = key.map(Secret::new);
    }
    if let Some(host) = &overrides.host {
        settings.server.host.clone_from(host);
    }
    if let Some(port) = overrides.port {
        settings.server.port = port;
    }
    check::check(&settings)?;
    Ok(settings)
}

/// Makes paths relative to `folder`.
fn resolve(settings: &mut Settings, folder: &Path) {
    settings.audit.path = folder.join(&settings.audit.path);
    if let Some(tls) = &mut settings.server.tls {
        tls.cert = folder.join(&tls.cert);
        tls.key = folder.join(&tls.key);
    }
    if let Some(bundle) = &mut settings.upstream.ca_file {
        *bundle = folder.join(&bundle);
    }
    if let Some(file) = settings.store.url.expose_secret().strip_prefix("sqlite://")
        && !file.is_empty()
    {
        let file = folder.join(file);
        settings.store.url = Secret::new(format!("sqlite://{}", file.display()));
    }
}

/// The first line of the message alone: the others quote the file, in which there are secrets.
fn malformed(error: &ConfigError) -> SettingsError {
    SettingsError::Malformed(error.to_string().lines().next().unwrap_or_default().to_owned())
}

/// The file to read; a file that was asked for must be there.
fn settings_file(named: Option<&Path>) -> Result<Option<PathBuf>, SettingsError> {
    let named = named.map(Path::to_path_buf).or_else(|| env::var_os(ENV_FILE).map(PathBuf::from));
    match named {
        Some(path) => match std::fs::metadata(&path) {
            Ok(_) => Ok(Some(path)),
            Err(error) => Err(SettingsError::Unreadable(path, error)),
        },
        None => Ok(Some(PathBuf::from(DEFAULT_FILE)).filter(|path| path.exists())),
    }
}

/// The variables `DEID__SECTION__KEY`. Their values stay text until the type of the setting is known:
/// a key such as `0123` is no number.
#[derive(Clone, Debug)]
struct Variables;

impl Source for Variables {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, ConfigError> {
        let mut tree = Map::new();
        for (name, value) in env::vars_os() {
            let (Some(name), value) = (name.to_str(), value) else { continue };
            let Some(key) = name.strip_prefix(ENV_PREFIX) else { continue };
            let key = key.to_lowercase().replace("__", ".");
            let value = value
                .into_string()
                .map_err(|_| ConfigError::Message(format!("{name} is not UTF-8")))?;
            let kind = if ENV_LISTS.contains(&key.as_str()) {
                let items = value.split(',').map(str::trim).filter(|item| !item.is_empty());
                ValueKind::Array(items.map(|item| Value::from(item.to_owned())).collect())
            } else {
                ValueKind::String(value)
            };
            insert(&mut tree, &key, Value::new(Some(&name.to_owned()), kind));
        }
        Ok(tree)
    }
}

/// Puts `value` at a dotted key.
fn insert(tree: &mut Map<String, Value>, key: &str, value: Value) {
    let Some((section, rest)) = key.split_once('.') else {
        tree.insert(key.to_owned(), value);
        return;
    };
    let entry = tree
        .entry(section.to_owned())
        .or_insert_with(|| Value::new(None, ValueKind::Table(Map::new())));
    if let ValueKind::Table(inner) = &mut entry.kind {
        insert(inner, rest, value);
    }
}

/// A source whose label names under `policy.labels` are lower case, so that `DATE` in the file and
/// `DEID__POLICY__LABELS__DATE` are one key and the later source wins.
#[derive(Clone, Debug)]
struct LowercaseLabels<S>(S);

impl<S: Source + Clone + Send + Sync + 'static> Source for LowercaseLabels<S> {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, ConfigError> {
        let mut tree = self.0.collect()?;
        if let Some(policy) = tree.get_mut("policy")
            && let ValueKind::Table(policy) = &mut policy.kind
            && let Some(labels) = policy.get_mut("labels")
            && let ValueKind::Table(labels) = &mut labels.kind
        {
            let count = labels.len();
            *labels = labels.drain().map(|(label, value)| (label.to_lowercase(), value)).collect();
            if labels.len() < count {
                let reason = "policy.labels names a label twice".to_owned();
                return Err(ConfigError::Message(reason));
            }
        }
        Ok(tree)
    }
}
