//! Finds the PHI in a request: detectors, merging, propagation.

mod cache;
pub(crate) mod calendar;
pub mod detector;
mod document;
pub mod encoded;
pub mod entity;
pub mod explain;
mod grow;
pub mod known;
pub mod merge;
pub mod ner;
mod presidio;
pub mod propagate;
pub mod rewritten;
mod rule_detector;
pub mod rules;
mod seam;

use std::{num::NonZero, sync::Arc, time::Duration};

use thiserror::Error;

use self::{
    detector::{Composite, DetectError, Detector},
    document::Documents,
    entity::{Detection, Label, Span},
    merge::merge,
    ner::{EngineOptions, ModelError, NerDetector},
    presidio::PresidioDetector,
    rule_detector::RuleDetector,
    rules::RuleError,
};
use crate::{
    phi::PhiText,
    settings::Settings,
    wire::walk::{Leaf, LeafKind},
};

/// Most inference threads a model gets by itself.
const MOST_THREADS: usize = 16;

/// Why the detectors could not be started.
#[derive(Debug, Error)]
pub enum StartError {
    /// A rule of the operator's own is wrong.
    #[error("detectors: {0}")]
    Rule(#[from] RuleError),
    /// A Presidio analyzer cannot be asked.
    #[error("detectors.presidio {name:?}: {reason}")]
    Presidio {
        /// Its name in the settings.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// A model cannot be loaded.
    #[error("detectors.ner {name:?}: {error}")]
    Model {
        /// The model's name in the settings.
        name: String,
        /// What is wrong with it.
        error: ModelError,
    },
}

/// Compiles the rules, loads the models and starts their threads: the rules first, then the models
/// in the order of the settings.
///
/// # Errors
/// When a rule does not compile or a model cannot be loaded.
pub fn start_detectors(settings: &Settings) -> Result<Vec<Arc<dyn Detector>>, StartError> {
    let rules = RuleDetector::new(&settings.detectors, &settings.policy)?;
    let mut detectors: Vec<Arc<dyn Detector>> = vec![Arc::new(rules)];
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let options = EngineOptions {
        threads: match settings.detectors.threads {
            0 => cores.min(MOST_THREADS),
            threads => threads,
        },
        queue: settings.detectors.queue,
        batch: settings.detectors.batch,
        patience: Duration::from_secs(settings.detectors.timeout_s),
    };
    for ner in &settings.detectors.ner {
        let detector = NerDetector::start(ner, options)
            .map_err(|error| StartError::Model { name: ner.name.clone(), error })?;
        detectors.push(Arc::new(detector));
    }
    for presidio in &settings.detectors.presidio {
        let detector = PresidioDetector::start(presidio)
            .map_err(|reason| StartError::Presidio { name: presidio.name.clone(), reason })?;
        detectors.push(Arc::new(detector));
    }
    Ok(detectors)
}

/// Everything that finds PHI, as the settings have it.
pub struct Deidentifier {
    detectors: Composite,
}

impl Deidentifier {
    /// Starts the detectors of the settings.
    ///
    /// # Errors
    /// When a rule does not compile or a model cannot be loaded.
    pub fn start(settings: &Settings) -> Result<Self, StartError> {
        // Waiting for a model and running it have that limit each; this is the last resort.
        let timeout = Duration::from_secs(settings.detectors.timeout_s.saturating_mul(2));
        let detectors = Composite::new(start_detectors(settings)?, timeout);
        Ok(Self::with(detectors.remember(settings.detectors.cache)))
    }

    /// Finds with detectors that are there already.
    pub fn with(detectors: Composite) -> Self {
        Self { detectors }
    }

    /// The detectors' names.
    pub fn names(&self) -> Vec<&str> {
        self.detectors.names()
    }

    /// Requests that wait, by the name of the model that they wait for.
    pub fn queue_depths(&self) -> Vec<(&str, usize)> {
        self.detectors.queue_depths()
    }

    /// Whether every detector is loaded and warm.
    pub fn is_ready(&self) -> bool {
        self.detectors.is_ready()
    }

    /// What each of `leaves` holds, sorted and disjoint, in bytes of the leaf's text.
    ///
    /// # Errors
    /// When any detector fails: nothing may be sent then.
    pub async fn find(&self, leaves: &[Leaf]) -> Result<Vec<Vec<Detection>>, DetectError> {
        let documents = Documents::of(leaves);
        let found = self.detectors.detect(documents.texts()).await?;
        let by_leaf = documents.to_leaves(&found, leaves.len());
        Ok(self.settle(leaves, by_leaf, documents.joined(&found)))
    }

    /// What follows from the detectors' findings in `leaves`: participants, whole names, and other
    /// occurrences of what was found, in them or in texts that are `joined` of them.
    fn settle(
        &self,
        leaves: &[Leaf],
        mut by_leaf: Vec<Vec<Detection>>,
        joined: Vec<(PhiText, Vec<Detection>)>,
    ) -> Vec<Vec<Detection>> {
        for (leaf, found) in leaves.iter().zip(&mut by_leaf) {
            if leaf.kind == LeafKind::Participant && !leaf.text.is_empty() {
                found.push(Detection {
                    label: Label::Name,
                    span: Span::new(0, leaf.text.len()),
                    score: 1.0,
                    detector: Arc::from("participant"),
                });
            }
            let text = leaf.text.expose_phi();
            grow::grow_names(text, found);
            grow::grow_organizations(text, found);
            grow::grow_dates(text, found);
            let mut grown = merge(text, std::mem::take(found));
            grow::fill_lists(text, &mut grown);
            grow::find_initials(text, &mut grown);
            *found = merge(text, grown);
        }
        let mut texts: Vec<&str> = leaves.iter().map(|leaf| leaf.text.expose_phi()).collect();
        for (text, found) in &joined {
            texts.push(text.expose_phi());
            by_leaf.push(merge(text.expose_phi(), found.clone()));
        }
        propagate::propagate(&texts, &mut by_leaf);
        by_leaf.truncate(leaves.len());
        for (leaf, found) in leaves.iter().zip(&mut by_leaf) {
            self.detectors.acquit(leaf.text.expose_phi(), found);
            // The names of models hold dates of their own.
            if leaf.kind == LeafKind::Constant {
                found.retain(|detection| detection.label != Label::Date);
            }
        }
        by_leaf
    }
}
