//! The transformer detectors: a model, its threads, and the way from text to entities.

mod config;
mod deberta;
mod decode;
mod encode;
mod engine;
#[cfg(target_arch = "x86_64")]
mod fast;
#[cfg(not(target_arch = "x86_64"))]
#[path = "ner/fast_absent.rs"]
mod fast;
mod labels;
mod model;
mod narrow;
mod network;
mod notation;
mod pool;
mod public;
mod thresholds;
mod token_types;
mod vocabulary;

use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt};

pub(super) use self::vocabulary::is_term;
pub use self::{engine::EngineOptions, model::ModelError};
use super::{
    detector::{DetectError, Detector, Least},
    entity::Detection,
};
use crate::{phi::PhiText, settings::NerSettings};

/// A token-classification model as a detector.
pub struct NerDetector {
    name: String,
    engine: engine::Engine,
}

impl NerDetector {
    /// Loads the model and starts its threads.
    ///
    /// # Errors
    /// When a file of the model is missing or broken, or its labels are unknown.
    pub fn start(settings: &NerSettings, options: EngineOptions) -> Result<Self, ModelError> {
        let engine = engine::Engine::start(settings, options)?;
        Ok(Self { name: settings.name.clone(), engine })
    }
}

impl Detector for NerDetector {
    fn name(&self) -> &str {
        &self.name
    }

    fn is_ready(&self) -> bool {
        self.engine.is_warm()
    }

    fn queue_depth(&self) -> Option<usize> {
        Some(self.engine.waiting())
    }

    fn detect(
        &self,
        texts: Arc<[PhiText]>,
    ) -> BoxFuture<'_, Result<Vec<Vec<Detection>>, DetectError>> {
        self.engine.detect(texts, None).boxed()
    }

    fn detect_from(
        &self,
        texts: Arc<[PhiText]>,
        least: &Least,
    ) -> BoxFuture<'_, Result<Vec<Vec<Detection>>, DetectError>> {
        self.engine.detect(texts, Some(least)).boxed()
    }
}

#[cfg(test)]
mod architectures;
#[cfg(test)]
mod tests;
