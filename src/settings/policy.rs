//! What is done with what is found.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::deidentify::entity::Label;

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
    pub const ALL: &'static [Strategy] = &[
        Strategy::Placeholder,
        Strategy::Surrogate,
        Strategy::DateShift,
        Strategy::Redact,
        Strategy::Keep,
    ];

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
