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

/// Where in an entity a token stands, by the prefix of the model's label (BIO, BILOU).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// `B-`, `U-`, `S-`: an entity starts here.
    First,
    /// `I-`, `L-`, `E-`: it goes on.
    Later,
}

/// For each output of a model, in order, the label that it stands for, and where in the entity;
/// `None` for labels without a prefix.
#[derive(Clone, Debug)]
pub(super) struct LabelMap(Vec<Option<(Label, Option<Place>)>>);

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
        let places = names.iter().map(|name| place(name));
        Ok(Self(
            labels.into_iter().zip(places).map(|(label, place)| Some((label?, place))).collect(),
        ))
    }

    /// How many outputs the model has a token.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// One token's probabilities by label, that of the label's first token and that of a later one.
    pub(super) fn by_label(&self, outputs: &[f32]) -> [[f32; 2]; LABELS] {
        let mut sums = [[0.0; 2]; LABELS];
        for (label, probability) in self.0.iter().zip(outputs) {
            let Some((label, place)) = *label else { continue };
            if let Some([first, later]) = sums.get_mut(label as usize) {
                match place {
                    Some(Place::First) => *first += probability,
                    Some(Place::Later) => *later += probability,
                    // Nothing says where an entity starts, so neither is likelier.
                    None => {
                        *first += probability / 2.0;
                        *later += probability / 2.0;
                    }
                }
            }
        }
        sums
    }
}

/// How many labels there are.
pub(super) const LABELS: usize = Label::ALL.len();

fn place(name: &str) -> Option<Place> {
    if strip_prefix(name).len() == name.len() {
        return None;
    }
    Some(if name.starts_with(['B', 'U', 'S']) { Place::First } else { Place::Later })
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
        let map = LabelMap::new(&names(&["O", "B-STATE", "I-STATE", "PER"]), &own).unwrap();
        let sums = map.by_label(&[0.25, 0.25, 0.125, 0.5]);
        assert_eq!(sums[Label::Location as usize], [0.25, 0.125]);
        assert_eq!(sums[Label::Name as usize], [0.25, 0.25]);
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
