//! The regex rules as a detector.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use futures_util::future::{BoxFuture, FutureExt};

use super::{
    detector::{DetectError, Detector},
    entity::{Detection, Label},
    rules::{CustomRule, DenyEntry, RuleError, RuleOptions, Rules},
};
use crate::{
    phi::PhiText,
    settings::{self, DetectorSettings, PolicySettings},
};

/// Requests with more bytes than this are searched off the HTTP worker, which must stay free for
/// its other requests.
const INLINE_BYTES: usize = 64 * 1024;

/// The built-in rules, the operator's own, and the lists of the policy.
pub(super) struct RuleDetector {
    rules: Arc<Rules>,
}

impl RuleDetector {
    /// Compiles the rules.
    ///
    /// # Errors
    /// When a pattern of the operator's is wrong.
    pub(super) fn new(
        detectors: &DetectorSettings,
        policy: &PolicySettings,
    ) -> Result<Self, RuleError> {
        let custom = detectors.custom.iter().map(|custom| CustomRule {
            name: custom.name.clone(),
            label: custom.label,
            pattern: custom.pattern.clone(),
            score: custom.score,
        });
        let deny = policy.deny.iter().map(|entry| match entry {
            settings::DenyEntry::Text(text) => DenyEntry { text: text.clone(), label: Label::Id },
            settings::DenyEntry::Labelled(entry) => {
                DenyEntry { text: entry.text.clone(), label: entry.label }
            }
        });
        let rules = Rules::new(&RuleOptions {
            builtin: detectors.rules.enabled,
            custom: custom.collect(),
            allow: policy.allow.clone(),
            deny: deny.collect(),
        })?;
        Ok(Self { rules: Arc::new(rules) })
    }
}

impl Detector for RuleDetector {
    fn name(&self) -> &str {
        "rules"
    }

    fn acquit(&self, text: &str, found: &mut Vec<Detection>) {
        self.rules.drop_allowed(text, found);
    }

    fn detect(
        &self,
        texts: Arc<[PhiText]>,
    ) -> BoxFuture<'_, Result<Vec<Vec<Detection>>, DetectError>> {
        const BROKEN: DetectError = DetectError::Failed("the rules failed");
        let rules = Arc::clone(&self.rules);
        let bytes: usize = texts.iter().map(PhiText::len).sum();
        let search =
            move || texts.iter().map(|text| rules.find(text.expose_phi())).collect::<Vec<_>>();
        async move {
            if bytes <= INLINE_BYTES {
                catch_unwind(AssertUnwindSafe(search)).map_err(|_| BROKEN)
            } else {
                tokio::task::spawn_blocking(search).await.map_err(|_| BROKEN)
            }
        }
        .boxed()
    }
}
