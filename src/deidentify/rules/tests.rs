//! What the tables of the families are checked with, and what holds for every text.

use proptest::prelude::*;

use super::{RuleOptions, Rules};
use crate::deidentify::entity::{Label, Span};

/// Texts and what is found in them.
pub(super) type Cases<'a> = &'a [(&'a str, &'a [&'a str])];

fn found(label: Label, text: &str) -> Vec<String> {
    let rules = Rules::new(&RuleOptions::default()).unwrap();
    let mut spans: Vec<Span> = rules
        .find(text)
        .iter()
        .filter(|found| found.label == label)
        .map(|found| found.span)
        .collect();
    // Of finds within one another the widest counts, as in merging.
    spans.sort_by_key(|span| (span.start, std::cmp::Reverse(span.end)));
    let mut widest: Vec<Span> = Vec::new();
    for span in spans {
        if widest.last().is_none_or(|last| span.end > last.end) {
            widest.push(span);
        }
    }
    widest.iter().map(|span| span.of(text).unwrap().to_owned()).collect()
}

/// Each text holds exactly these finds of `label`.
#[track_caller]
pub(super) fn finds(label: Label, cases: Cases<'_>) {
    let wrong: Vec<String> = cases
        .iter()
        .filter(|(text, expected)| found(label, text) != *expected)
        .map(|(text, expected)| {
            format!("{text:?}: expected {expected:?}, found {:?}", found(label, text))
        })
        .collect();
    assert!(wrong.is_empty(), "{label}:\n{}", wrong.join("\n"));
}

/// None of the texts holds anything of `label`.
#[track_caller]
pub(super) fn finds_not(label: Label, texts: &[&str]) {
    let wrong: Vec<String> = texts
        .iter()
        .filter(|text| !found(label, text).is_empty())
        .map(|text| format!("{text:?}: found {:?}", found(label, text)))
        .collect();
    assert!(wrong.is_empty(), "{label}:\n{}", wrong.join("\n"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_text_gives_whole_spans(text in "\\PC*") {
        check(&text)?;
    }

    #[test]
    fn any_mix_of_cues_gives_whole_spans(
        parts in prop::collection::vec(prop_oneof![
            "[0-9oOlI/.:() +-]{1,12}",
            "\\PC{1,4}",
            prop::sample::select(vec![
                "MRN", "Dr.", "patient", "ssn", "pt", "on", "May", "at", "@", "PID|", "<given>", "\"family\":", "\n", "\u{200b}",
                "\u{ad}", "\u{fb03}", ", ", "é", "\u{301}", "lives in", "fax", "Name:", "::", "John", "SMITH", "MD", "Street", "CA",
                "|", "^", "\t", "name,dob\n", "\"", "\u{2014}", "one", "seven", "https://", ".com", ".pdf", "((at))", "1/2", "°",
            ]).prop_map(str::to_owned),
        ], 0..24),
    ) {
        check(&parts.join(" "))?;
        check(&parts.concat())?;
    }
}

fn check(text: &str) -> Result<(), TestCaseError> {
    let rules = Rules::new(&RuleOptions::default()).unwrap();
    for found in rules.find(text) {
        prop_assert!(!found.span.is_empty());
        prop_assert!(found.span.of(text).is_some(), "{:?} of {text:?}", found.span);
        prop_assert!((0.0..=1.0).contains(&found.score));
    }
    Ok(())
}
