//! What detection speaks of: labels, spans and detections.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

macro_rules! labels {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// The kind of an identifier: the 18 of HIPAA's Safe Harbor method
        /// (45 CFR 164.514(b)(2)(i)(A)-(R)), and named organizations.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Label { $($(#[$doc])* $variant,)* }

        impl Label {
            /// Every label, in the order of the documentation.
            pub const ALL: &'static [Label] = &[$(Label::$variant,)*];

            /// The name used in placeholders, settings and replies, such as `HEALTH_PLAN_ID`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Label::$variant => $name,)* }
            }
        }
    };
}

labels! {
    /// Names of people (A).
    Name = "NAME",
    /// Elements of dates other than a lone year (C).
    Date = "DATE",
    /// Ages over 89 (C).
    Age = "AGE",
    /// Geographic subdivisions smaller than a state (B).
    Location = "LOCATION",
    /// Telephone numbers (D).
    Phone = "PHONE",
    /// Fax numbers (E).
    Fax = "FAX",
    /// Electronic mail addresses (F).
    Email = "EMAIL",
    /// Social security numbers (G).
    Ssn = "SSN",
    /// Medical record numbers (H).
    Mrn = "MRN",
    /// Health plan beneficiary numbers (I).
    HealthPlanId = "HEALTH_PLAN_ID",
    /// Account numbers (J).
    Account = "ACCOUNT",
    /// Certificate and license numbers (K).
    License = "LICENSE",
    /// Vehicle identifiers, serial numbers and licence plates (L).
    Vehicle = "VEHICLE",
    /// Device identifiers and serial numbers (M).
    Device = "DEVICE",
    /// Web addresses (N).
    Url = "URL",
    /// Internet protocol addresses (O).
    Ip = "IP",
    /// Biometric identifiers (P).
    Biometric = "BIOMETRIC",
    /// Named facilities, employers and schools.
    Organization = "ORGANIZATION",
    /// Any other unique identifying number, characteristic or code (R).
    Id = "ID",
}

/// A name that is none of [`Label::ALL`].
#[derive(Debug, thiserror::Error)]
#[error("unknown label; the labels are {}", Label::ALL.iter().map(|l| l.as_str()).collect::<Vec<_>>().join(", "))]
pub struct UnknownLabel;

impl FromStr for Label {
    type Err = UnknownLabel;

    /// Reads a label's name in any case.
    fn from_str(name: &str) -> Result<Self, UnknownLabel> {
        let found = Label::ALL.iter().find(|label| label.as_str().eq_ignore_ascii_case(name));
        found.copied().ok_or(UnknownLabel)
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for Label {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Label {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        name.parse().map_err(serde::de::Error::custom)
    }
}

/// Half-open range `start..end` of byte offsets into a text, both on character boundaries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// Offset of the first byte.
    pub start: usize,
    /// Offset after the last byte.
    pub end: usize,
}

impl Span {
    /// The range `start..end`.
    pub const fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// Length in bytes.
    pub const fn len(self) -> usize {
        self.end.saturating_sub(self.start)
    }

    /// Whether the range holds nothing.
    pub const fn is_empty(self) -> bool {
        self.end <= self.start
    }

    /// Whether the two ranges share at least one byte.
    pub const fn overlaps(self, other: Span) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// The text under the range, or `None` where it is out of bounds or cuts a character.
    pub fn of(self, text: &str) -> Option<&str> {
        text.get(self.start..self.end)
    }
}

/// One piece of PHI that a detector found.
#[derive(Clone, Debug, PartialEq)]
pub struct Detection {
    /// What kind of identifier it is.
    pub label: Label,
    /// Where it stands, in bytes of the text that was given.
    pub span: Span,
    /// Confidence in `0.0..=1.0`.
    pub score: f32,
    /// Which detector found it, such as `rules.ssn` or `phi-ner`.
    pub detector: Arc<str>,
}

#[cfg(test)]
mod tests {
    use super::Label;

    #[test]
    fn label_names_are_read_in_any_case() {
        for &label in Label::ALL {
            assert_eq!(label.as_str().parse::<Label>().unwrap(), label);
            assert_eq!(label.as_str().to_lowercase().parse::<Label>().unwrap(), label);
        }
        assert!("PERSON".parse::<Label>().is_err());
    }
}
