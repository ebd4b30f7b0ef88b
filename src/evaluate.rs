//! Measures detection against gold files. docs/evaluation.md has the scoring rules.

mod gold;
mod report;
mod score;
mod statistics;

use std::{sync::Arc, time::Duration};

pub use self::{
    gold::{Document, GoldError, Kind, Span, read, read_predictions},
    report::{Misses, Report},
    score::Scores,
};
use crate::{
    deidentify::{
        Deidentifier, StartError,
        detector::{Composite, DetectError},
        start_detectors,
    },
    phi::PhiText,
    settings::Settings,
    wire::walk::{Leaf, LeafKind},
};

/// What the detectors found in one document, in code points of its text.
pub type Found = Vec<Span>;

/// The detectors to measure: all together, and each kind alone.
pub struct Evaluation {
    /// Rules and models together, as the gateway runs them.
    pub both: Deidentifier,
    /// The rules alone.
    pub rules: Deidentifier,
    /// The models alone; `None` where none is configured.
    pub models: Option<Deidentifier>,
}

impl Evaluation {
    /// Starts the detectors of the settings.
    ///
    /// # Errors
    /// When a detector cannot be started.
    pub fn start(settings: &Settings) -> Result<Self, StartError> {
        let timeout = Duration::from_secs(settings.detectors.timeout_s);
        let all = start_detectors(settings)?;
        let some = |from: usize, to: usize| {
            let part = all.iter().skip(from).take(to - from).map(Arc::clone).collect();
            Deidentifier::with(Composite::new(part, timeout))
        };
        Ok(Self {
            both: some(0, all.len()),
            rules: some(0, 1),
            models: (all.len() > 1).then(|| some(1, all.len())),
        })
    }
}

/// Searches one document as the gateway would search a message.
///
/// # Errors
/// When a detector fails.
pub async fn search(detectors: &Deidentifier, document: &Document) -> Result<Found, DetectError> {
    let leaf = Leaf {
        kind: LeafKind::Text,
        cue: None,
        text: PhiText::new(document.text.as_str()),
        in_sequence: false,
    };
    let found = detectors.find(&[leaf]).await?;
    let points = gold::code_points(&document.text);
    let found = found.into_iter().flatten();
    Ok(found
        .map(|detection| Span {
            start: points.of(detection.span.start),
            end: points.of(detection.span.end),
            kind: Kind::Phi(detection.label),
            detector: Some(detection.detector),
        })
        .collect())
}
