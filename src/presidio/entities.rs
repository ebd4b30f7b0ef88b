//! Presidio's names of entities and our labels.
//!
//! Presidio's are those of its documentation, "PII entities supported by Presidio"; where it has no
//! name for one of ours, ours stands.

use crate::deidentify::{entity::Label, rules::checksum};

/// What Presidio calls each label, where one name will do.
pub fn name(label: Label) -> &'static str {
    match label {
        Label::Name => "PERSON",
        Label::Date => "DATE_TIME",
        Label::Phone | Label::Fax => "PHONE_NUMBER",
        Label::Email => "EMAIL_ADDRESS",
        Label::Ssn => "US_SSN",
        Label::Ip => "IP_ADDRESS",
        Label::Account => "US_BANK_NUMBER",
        Label::License => "US_DRIVER_LICENSE",
        Label::Mrn => "MEDICAL_RECORD_NUMBER",
        Label::HealthPlanId => "HEALTH_INSURANCE_ID",
        Label::Age
        | Label::Location
        | Label::Vehicle
        | Label::Device
        | Label::Url
        | Label::Biometric
        | Label::Organization
        | Label::Id => label.as_str(),
    }
}

/// Presidio's finer names for what we give one label, told apart by the value itself.
pub fn name_of_value(label: Label, value: &str) -> &'static str {
    let digits = value.chars().filter(char::is_ascii_digit).count();
    match label {
        Label::Account if (12..=19).contains(&digits) && checksum::luhn(value) => "CREDIT_CARD",
        Label::Account
            if value.bytes().take_while(u8::is_ascii_alphabetic).count() == 2 && digits > 10 =>
        {
            "IBAN_CODE"
        }
        // Presidio's recognizer of that name knows the DEA's numbers alone.
        Label::License if checksum::dea(value) => "MEDICAL_LICENSE",
        _ => name(label),
    }
}

/// Presidio's names, and those of its users' models, and what they are here. `None` is nothing that
/// is PHI by itself: a nationality, a religion, a title.
const NAMES: &[(&str, Option<Label>)] = &[
    ("PERSON", Some(Label::Name)),
    ("PER", Some(Label::Name)),
    ("DATE_TIME", Some(Label::Date)),
    ("GPE", Some(Label::Location)),
    ("LOC", Some(Label::Location)),
    ("ADDRESS", Some(Label::Location)),
    ("ZIP", Some(Label::Location)),
    ("ZIP_CODE", Some(Label::Location)),
    ("US_ZIP_CODE", Some(Label::Location)),
    ("ORG", Some(Label::Organization)),
    ("PHONE_NUMBER", Some(Label::Phone)),
    ("EMAIL_ADDRESS", Some(Label::Email)),
    ("US_SSN", Some(Label::Ssn)),
    ("IP_ADDRESS", Some(Label::Ip)),
    ("MAC_ADDRESS", Some(Label::Device)),
    ("DOMAIN_NAME", Some(Label::Url)),
    ("MEDICAL_RECORD_NUMBER", Some(Label::Mrn)),
    ("HEALTH_INSURANCE_ID", Some(Label::HealthPlanId)),
    ("US_MBI", Some(Label::HealthPlanId)),
    ("UK_NHS", Some(Label::HealthPlanId)),
    ("AU_MEDICARE", Some(Label::HealthPlanId)),
    ("MEDICAL_LICENSE", Some(Label::License)),
    ("US_NPI", Some(Label::License)),
    ("US_DRIVER_LICENSE", Some(Label::License)),
    ("IT_DRIVER_LICENSE", Some(Label::License)),
    ("CREDIT_CARD", Some(Label::Account)),
    ("US_BANK_NUMBER", Some(Label::Account)),
    ("IBAN_CODE", Some(Label::Account)),
    ("CRYPTO", Some(Label::Account)),
    ("US_PASSPORT", Some(Label::Id)),
    ("US_ITIN", Some(Label::Id)),
    ("NRP", None),
    ("TITLE", None),
];

/// What one of Presidio's names, or of ours, is here: `Some(None)` is nothing that is PHI by itself,
/// `None` is a name that nobody knows.
pub fn label(name: &str) -> Option<Option<Label>> {
    let known = NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    known.map(|(_, label)| *label).or_else(|| name.parse().ok().map(Some))
}

/// Every name that the analyzer may answer with.
pub fn supported() -> Vec<&'static str> {
    let mut names: Vec<_> = Label::ALL.iter().map(|&label| name(label)).collect();
    names.extend(["CREDIT_CARD", "IBAN_CODE", "MEDICAL_LICENSE"]);
    names.sort_unstable();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::{label, name, name_of_value, supported};
    use crate::deidentify::entity::Label;

    #[test]
    fn every_label_comes_back_by_its_name() {
        for &own in Label::ALL {
            let expected = if own == Label::Fax { Label::Phone } else { own };
            assert_eq!(label(name(own)), Some(Some(expected)), "{own}");
            assert_eq!(label(own.as_str()), Some(Some(own)), "{own}");
        }
        assert_eq!(label("nrp"), Some(None));
        assert_eq!(label("SHOE_SIZE"), None);
        assert!(supported().iter().all(|name| matches!(label(name), Some(Some(_)))));
    }

    #[test]
    fn numbers_of_one_label_are_told_apart() {
        for (label, value, name) in [
            (Label::Account, "4095-2609-9393-4932", "CREDIT_CARD"),
            (Label::Account, "4095-2609-9393-4931", "US_BANK_NUMBER"),
            (Label::Account, "GB33BUKB20201555555555", "IBAN_CODE"),
            (Label::Account, "000123456", "US_BANK_NUMBER"),
            (Label::License, "AB1234563", "MEDICAL_LICENSE"),
            (Label::License, "AB1234564", "US_DRIVER_LICENSE"),
            (Label::License, "1234567893", "US_DRIVER_LICENSE"),
        ] {
            assert_eq!(name_of_value(label, value), name, "{value}");
        }
    }
}
