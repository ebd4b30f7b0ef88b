//! Ages over 89, in figures and in words. Only the number is found: "93" of "93-year-old".
//!
//! Source: 45 CFR 164.514(b)(2)(i)(C): all ages over 89 and all elements of dates indicative of
//! such age.

use super::rule::{Declaration, Hit, Verdict, always, starts_with_word};
use crate::deidentify::entity::Label;

pub(super) const RULES: &[Declaration] = &[
    Declaration {
        name: "age",
        label: Label::Age,
        score: 0.9,
        pattern: r"(?i)\b(?P<v>9\d|1[0-2]\d)(?:[ -]{0,2}(?:years?|yrs?|year)[ -]{0,2}(?:old|of age)|[ -]?y\.?[/ ]?o\b\.?|[ -]?yo[mf]?\b|[ -]?y\.o\.|[ -]yr[ -]old|[ -]year[ -]olds?)",
        check: always,
    },
    Declaration {
        name: "age-sex",
        label: Label::Age,
        score: 0.8,
        pattern: r"\b(?P<v>9\d|1[01]\d)[ -]?(?:[MF]|[Mm]ale|[Ff]emale)\b",
        check: is_no_temperature,
    },
    Declaration {
        name: "age-cue",
        label: Label::Age,
        score: 0.85,
        pattern: r"(?i)\b(?:aged?|age of|age is|age was|turn(?:ed|ing|s)|birthday)\b[ :=]{1,3}(?:at )?(?P<v>9\d|1[0-2]\d)(?:th|st|nd|rd)?\b",
        check: is_no_measure,
    },
    Declaration {
        name: "age-birthday",
        label: Label::Age,
        score: 0.85,
        pattern: r"(?i)\b(?P<v>9\d|1[0-2]\d)(?:th|st|nd|rd)? birthday\b",
        check: always,
    },
    Declaration {
        name: "age-in-words",
        label: Label::Age,
        score: 0.85,
        pattern: r"(?i)\b(?P<v>ninety(?:[ -]?(?:one|two|three|four|five|six|seven|eight|nine))?|(?:a|one)[ -]hundred(?:[ -](?:and[ -])?(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen))?)[ -]{1,2}(?:years?|yrs?|yo|y/o)\b",
        check: is_an_age,
    },
    Declaration {
        name: "age-cue-in-words",
        label: Label::Age,
        score: 0.85,
        pattern: r"(?i)\b(?:aged?|turn(?:ed|ing|s))[ :]{1,2}(?P<v>ninety(?:[ -](?:one|two|three|four|five|six|seven|eight|nine))?|(?:a|one) hundred(?: (?:and )?(?:one|two|three|four|five|six|seven|eight|nine))?)\b",
        check: always,
    },
];

/// "98 F" is a temperature.
fn is_no_temperature(hit: &Hit<'_>) -> Verdict {
    let before = hit.before().to_ascii_lowercase();
    let temperature = ["temp", "tmax", "t:", "t ", "fever", "febrile", "°"].iter().any(|cue| {
        before.get(before.len().saturating_sub(16)..).is_some_and(|near| near.contains(cue))
    });
    let decimal = hit.before().ends_with('.');
    Verdict::from(!temperature && !decimal)
}

/// "turned 90 degrees", "age 95th percentile"
fn is_no_measure(hit: &Hit<'_>) -> Verdict {
    let after = hit.after();
    let measure = ["degrees", "percentile", "%", "°", "mg", "cm", "mm"];
    Verdict::from(!starts_with_word(after, &measure) && !after.starts_with(['%', '°', '.', '/']))
}

/// "a hundred years ago" is no age.
fn is_an_age(hit: &Hit<'_>) -> Verdict {
    let after = hit.after().to_ascii_lowercase();
    let mut words = after.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let after_years = words.nth(1).unwrap_or_default();
    Verdict::from(!["ago", "later", "from", "history", "earlier", "before"].contains(&after_years))
}
