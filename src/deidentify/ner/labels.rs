//! What a model's labels mean: `B-GIVEN_NAME` → [`Label::Name`].

use std::collections::BTreeMap;

use super::model::ModelError;
use crate::{deidentify::entity::Label, settings::ModelLabel};

/// Names that token-classification models commonly use, and what they are here. `None` is a label
/// that is not PHI by itself (45 CFR 164.514(b)(2) leaves states, countries and the like alone).
const KNOWN: &[(&str, Option<Label>)] = &[
    ("PER", Some(Label::Name)),
    ("PERSON", Some(Label::Name)),
    ("GIVEN_NAME", Some(Label::Name)),
    ("FIRST_NAME", Some(Label::Name)),
    ("FIRSTNAME", Some(Label::Name)),
    ("LAST_NAME", Some(Label::Name)),
    ("LASTNAME", Some(Label::Name)),
    ("SURNAME", Some(Label::Name)),
    ("PATIENT", Some(Label::Name)),
    ("STAFF", Some(Label::Name)),
    ("DOCTOR", Some(Label::Name)),
    ("USERNAME", Some(Label::Id)),
    ("LOC", Some(Label::Location)),
    ("GPE", Some(Label::Location)),
    ("ADDRESS", Some(Label::Location)),
    ("STREET", Some(Label::Location)),
    ("STREET_NAME", Some(Label::Location)),
    ("BUILDING_NUMBER", Some(Label::Location)),
    ("SECONDARY_ADDRESS", Some(Label::Location)),
    ("CITY", Some(Label::Location)),
    ("ZIP", Some(Label::Location)),
    ("ZIP_CODE", Some(Label::Location)),
    ("STATE", None),
    ("COUNTRY", None),
    ("NRP", None),
    ("MISC", None),
    ("PROFESSION", None),
    ("ORG", Some(Label::Organization)),
    ("HOSPITAL", Some(Label::Organization)),
    ("HOSP", Some(Label::Organization)),
    ("PATORG", Some(Label::Organization)),
    ("PHONE_NUMBER", Some(Label::Phone)),
    ("TELEPHONENUM", Some(Label::Phone)),
    ("EMAIL_ADDRESS", Some(Label::Email)),
    ("IP_ADDRESS", Some(Label::Ip)),
    ("US_SSN", Some(Label::Ssn)),
    ("MEDICALRECORD", Some(Label::Mrn)),
    ("HEALTHPLAN", Some(Label::HealthPlanId)),
    ("BANK_ACCOUNT", Some(Label::Account)),
    ("ROUTING_NUMBER", Some(Label::Account)),
    ("CREDIT_CARD", Some(Label::Account)),
    ("DRIVERS_LICENSE", Some(Label::License)),
    ("PASSPORT", Some(Label::Id)),
    ("GOVERNMENT_ID", Some(Label::Id)),
    ("TAX_ID", Some(Label::Id)),
    ("IDNUM", Some(Label::Id)),
    ("BIOID", Some(Label::Biometric)),
];

/// For each output of a model, in order, the label that it stands for.
#[derive(Clone, Debug)]
pub(super) struct LabelMap(Vec<Option<Label>>);

impl LabelMap {
    /// Resolves `names` (the model's outputs in order, `O` and BIO or BILOU prefixes included) with
    /// the operator's `own` mapping first, then our own labels, then the names known above.
    pub(super) fn new(
        names: &[String],
        own: &BTreeMap<String, ModelLabel>,
    ) -> Result<Self, ModelError> {
        let resolve = |name: &String| -> Result<Option<Label>, ModelError> {
            if name == "O" {
                return Ok(None);
            }
            let bare = strip_prefix(name);
            let mapped = own.iter().find(|(key, _)| key.eq_ignore_ascii_case(bare));
            if let Some((_, ModelLabel(label))) = mapped {
                return Ok(*label);
            }
            if let Ok(label) = bare.parse() {
                return Ok(Some(label));
            }
            let known = KNOWN.iter().find(|(known, _)| known.eq_ignore_ascii_case(bare));
            match known {
                Some((_, label)) => Ok(*label),
                None => Err(ModelError::UnknownLabel(bare.to_owned())),
            }
        };
        let labels = names.iter().map(resolve).collect::<Result<Vec<_>, _>>()?;
        for key in own.keys() {
            if !names.iter().any(|name| strip_prefix(name).eq_ignore_ascii_case(key)) {
                return Err(ModelError::UnusedLabel(key.clone()));
            }
        }
        if labels.iter().all(Option::is_none) {
            return Err(ModelError::NoLabels);
        }
        Ok(Self(labels))
    }

    /// How many outputs the model has a token.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Adds the probabilities of one token's outputs up by label.
    pub(super) fn by_label(&self, outputs: &[f32], into: &mut [f32]) {
        for (label, probability) in self.0.iter().zip(outputs) {
            if let Some(label) = label
                && let Some(sum) = into.get_mut(*label as usize)
            {
                *sum += probability;
            }
        }
    }
}

/// `B-CITY` → `CITY`; a name without a prefix stays.
fn strip_prefix(name: &str) -> &str {
    match name.split_once(['-', '_']) {
        Some((prefix, rest)) if prefix.len() == 1 && "BIELSU".contains(prefix) => rest,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{LabelMap, strip_prefix};
    use crate::{
        deidentify::{entity::Label, ner::model::ModelError},
        settings::ModelLabel,
    };

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn prefixes_go_and_names_stay() {
        for (name, bare) in
            [("B-CITY", "CITY"), ("I-MRN", "MRN"), ("PER", "PER"), ("ZIP_CODE", "ZIP_CODE")]
        {
            assert_eq!(strip_prefix(name), bare);
        }
    }

    #[test]
    fn the_operators_mapping_wins_over_the_known_names() {
        let own = BTreeMap::from([("state".to_owned(), ModelLabel(Some(Label::Location)))]);
        let map = LabelMap::new(&names(&["O", "B-STATE", "B-PER"]), &own).unwrap();
        let mut sums = [0.0; 19];
        map.by_label(&[0.5, 0.25, 0.25], &mut sums);
        assert_eq!(sums[Label::Location as usize], 0.25);
        assert_eq!(sums[Label::Name as usize], 0.25);
    }

    #[test]
    fn a_label_that_nobody_knows_is_an_error() {
        let none = BTreeMap::new();
        assert!(matches!(
            LabelMap::new(&names(&["O", "B-SHOE_SIZE"]), &none),
            Err(ModelError::UnknownLabel(label)) if label == "SHOE_SIZE"
        ));
        let typo = BTreeMap::from([("PRE".to_owned(), ModelLabel(None))]);
        assert!(matches!(
            LabelMap::new(&names(&["O", "B-PER"]), &typo),
            Err(ModelError::UnusedLabel(_))
        ));
    }
}
