//! From which probability of being PHI a word counts.

use std::collections::BTreeMap;

use super::labels::LABELS;
use crate::deidentify::{detector::Least, entity::Label};

/// A probability at which a model still says something.
const LOWEST: f32 = 0.01;

/// From which probability of being PHI a word counts.
pub(super) struct Thresholds([f32; LABELS]);

impl Thresholds {
    /// `common` for every label but those that `own` names.
    pub(super) fn new(common: f32, own: &BTreeMap<Label, f32>) -> Self {
        let mut all = [common; LABELS];
        for (&label, &threshold) in own {
            if let Some(slot) = all.get_mut(label as usize) {
                *slot = threshold;
            }
        }
        Self(all)
    }

    /// The same with those of `least`, scores of which a probability is worth `trust`, where they are
    /// lower. Never 0, or every word would be PHI.
    pub(super) fn lowered(&self, least: &Least, trust: f32) -> Self {
        let mut all = self.0;
        for (&label, &score) in least {
            if let Some(slot) = all.get_mut(label as usize) {
                *slot = slot.min((score / trust).max(LOWEST));
            }
        }
        Self(all)
    }

    /// For words that are likeliest of `label`.
    pub(super) fn of(&self, label: Label) -> f32 {
        self.0.get(label as usize).copied().unwrap_or(0.0)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::Thresholds;
    use crate::deidentify::entity::Label;

    #[test]
    fn thresholds_can_be_lowered_for_a_look() {
        let own = Thresholds::new(0.5, &BTreeMap::from([(Label::Date, 0.2)]));
        let least = BTreeMap::from([(Label::Name, 0.3), (Label::Date, 0.3), (Label::Id, 0.0)]);
        let lowered = own.lowered(&least, 0.75);
        assert!((lowered.of(Label::Name) - 0.4).abs() < 1e-6, "a score of 0.3");
        assert!((lowered.of(Label::Date) - 0.2).abs() < 1e-6, "never raised");
        assert!(lowered.of(Label::Id) > 0.0);
        assert!((lowered.of(Label::Mrn) - 0.5).abs() < 1e-6, "not named");
    }
}
