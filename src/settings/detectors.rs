//! What finds PHI: rules, patterns, models and analyzers elsewhere.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::check::ModelLabel;
use crate::deidentify::entity::Label;

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
