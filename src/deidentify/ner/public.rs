//! What a model finds and its very form says to be public: states and countries alone, lone years and
//! hours, ages below ninety, drug codes, the numbers of logs, words of English that nobody is called.

use super::super::{
    entity::{Detection, Label},
    rules::{is_drug_code, is_no_name, is_region},
};

/// States, provinces, territories and countries as addresses abbreviate them, and the countries most written.
const REGIONS: &[&str] = &[
    "AB", "AK", "AL", "AR", "AZ", "BC", "CA", "CO", "CT", "DC", "DE", "FL", "GA", "HI", "IA", "ID",
    "IL", "IN", "KS", "KY", "LA", "MA", "MB", "MD", "ME", "MI", "MN", "MO", "MS", "MT", "NC", "ND",
    "NE", "NH", "NJ", "NM", "NSW", "NV", "NY", "OH", "OK", "ON", "OR", "PA", "PR", "QC", "QLD",
    "RI", "SC", "SD", "SK", "TN", "TX", "UK", "US", "USA", "UT", "VA", "VIC", "VT", "WA", "WI",
    "WV", "WY",
];

/// Names of values in logs and messages that count or measure.
const COUNTERS: &[&str] = &[
    "age", "attempt", "bytes", "code", "count", "dose", "duration", "errno", "exit", "hr",
    "length", "limit", "max", "min", "ms", "offset", "page", "pid", "port", "priority", "qty",
    "quantity", "queue", "rate", "retry", "score", "seq", "size", "spo2", "status", "temp",
    "timeout", "total", "value", "version", "weight",
];

/// What stands before the number of somebody's, so that no form makes it public.
const CUES: &[&str] = &[
    "acc", "account", "acct", "cell", "claim", "id", "member", "mrn", "number", "phone", "policy",
    "record", "ref", "tel",
];

/// Whether `detection` in `text` is public by its form.
pub(super) fn is_public(text: &str, detection: &Detection) -> bool {
    let span = detection.span;
    let (Some(value), Some(before)) = (span.of(text), text.get(..span.start)) else { return false };
    match detection.label {
        Label::Location | Label::Organization => is_code(value) || is_region(value),
        Label::Name => {
            is_code(value) && before.ends_with(['>', '^', '"'])
                || is_region(value)
                    && value.starts_with(char::is_uppercase)
                    && !is_addressed(before)
                || is_no_name(value) && !is_addressed(before)
                || matches!(value.trim_end_matches('.'), "Jr" | "Sr" | "II" | "III" | "IV")
        }
        Label::Age => value.parse::<u32>().is_ok_and(|years| years < 90),
        Label::Date => is_year_or_hour(value),
        Label::Phone
        | Label::Fax
        | Label::Mrn
        | Label::HealthPlanId
        | Label::Account
        | Label::License
        | Label::Device
        | Label::Id => is_counted(value, before) || is_drug_code(value) && !is_cued(before),
        Label::Email | Label::Ssn | Label::Vehicle | Label::Url | Label::Ip | Label::Biometric => {
            false
        }
    }
}

/// "KY", but not "Ky": short names of people are written so.
fn is_code(value: &str) -> bool {
    REGIONS.contains(&value)
}

/// Whether a form of address stands right before: "Miss Prancer".
fn is_addressed(before: &str) -> bool {
    let word = before.trim_end_matches([' ', '.']).rsplit([' ', '\n', '(', ',']).next();
    let titles = ["dr", "doctor", "mr", "mrs", "ms", "miss", "mx", "nurse", "name", "named"];
    word.is_some_and(|word| titles.iter().any(|title| title.eq_ignore_ascii_case(word)))
}

/// "2022", "2019-2021", "0200-0400", "24/7" and "1.5T": no day or month is told.
fn is_year_or_hour(value: &str) -> bool {
    let is_four = |part: &str| part.len() == 4 && part.bytes().all(|byte| byte.is_ascii_digit());
    let field = value.strip_suffix(['T', 'h']).is_some_and(|field| field.parse::<f32>().is_ok());
    field && value.len() < 5
        || matches!(value, "24/7" | "24/7/365")
        || value.split(['-', '–']).all(is_four)
}

/// The number of a log or a measurement: `status=409`, `"bytes": 88213`.
fn is_counted(value: &str, before: &str) -> bool {
    let Some(key) = before.trim_end_matches([' ', '"']).strip_suffix(['=', ':']) else {
        return false;
    };
    let key = key.trim_end_matches('"').rsplit(|c: char| !c.is_alphanumeric()).next();
    value.bytes().all(|byte| byte.is_ascii_digit())
        && key.is_some_and(|key| COUNTERS.contains(&key.to_ascii_lowercase().as_str()))
}

fn is_cued(before: &str) -> bool {
    let near = before.trim_end_matches([' ', ':', '#', '=', '.']);
    let word = near.rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    CUES.contains(&word.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::is_public;
    use crate::deidentify::entity::{Detection, Label, Span};

    fn public(label: Label, text: &str, found: &str) -> bool {
        let start = text.find(found).unwrap();
        let span = Span::new(start, start + found.len());
        is_public(text, &Detection { label, span, score: 0.9, detector: Arc::from("test") })
    }

    #[test]
    fn what_is_public_by_its_form() {
        for (label, text, found) in [
            (Label::Location, "Utica, NY", "NY"),
            (Label::Name, "<state>KY</state>", "KY"),
            (Label::Name, "brother drank daily", "drank"),
            (Label::Name, "<suffix>Jr.</suffix>", "Jr."),
            (Label::Name, "trip to Togo next", "Togo"),
            (Label::Location, "from North Dakota.", "North Dakota"),
            (Label::Age, "Husband is 88", "88"),
            (Label::Date, "the 2022 guideline", "2022"),
            (Label::Date, "open 24/7", "24/7"),
            (Label::Date, "down 0200-0400", "0200-0400"),
            (Label::Date, "at 1.5T", "1.5T"),
            (Label::Mrn, "status=409 in", "409"),
            (Label::Id, "{\"bytes\": 88213}", "88213"),
            (Label::Phone, "NDC 00071-0155-23", "00071-0155-23"),
        ] {
            assert!(public(label, text, found), "{text}");
        }
    }

    #[test]
    fn what_may_be_somebodys() {
        for (label, text, found) in [
            (Label::Name, "pt KY came", "KY"),
            (Label::Location, "Ky lives", "Ky"),
            (Label::Name, "Miss Prancer", "Prancer"),
            (Label::Name, "Mr. Ireland", "Ireland"),
            (Label::Location, "in New York", "New York"),
            (Label::Name, "saw Okafor", "Okafor"),
            (Label::Age, "now 94", "94"),
            (Label::Date, "on 2/22", "2/22"),
            (Label::Date, "2024-05", "2024-05"),
            (Label::Date, "23rd", "23rd"),
            (Label::Mrn, "mrn=409112", "409112"),
            (Label::Mrn, "MRN 00071-0155-23", "00071-0155-23"),
            (Label::Phone, "0171-5550-339", "0171-5550-339"),
        ] {
            assert!(!public(label, text, found), "{text}");
        }
    }
}
