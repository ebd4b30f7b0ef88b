//! Properties of every strategy, over generated Unicode text and generated values.

use std::{collections::HashSet, sync::Arc};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Restorer, Substitution, substitute};
use crate::{
    deidentify::{
        calendar::{MONTHS, civil, days},
        entity::{Detection, Label, Span},
    },
    settings::{PolicySettings, Strategy as Way},
    wire::{table::CHAT_COMPLETIONS, walk},
};

type Values = Vec<(Label, String)>;

fn find(text: &str, values: &Values) -> Vec<Detection> {
    let mut found: Vec<Detection> = Vec::new();
    for (label, value) in values {
        for (start, _) in text.match_indices(value.as_str()) {
            let span = Span::new(start, start + value.len());
            if found.iter().all(|other| !other.span.overlaps(span)) {
                found.push(Detection { label: *label, span, score: 1.0, detector: Arc::from("t") });
            }
        }
    }
    found.sort_by_key(|detection| detection.span);
    found
}

fn policy(way: Way) -> PolicySettings {
    PolicySettings { default: way, ..PolicySettings::default() }
}

fn run(texts: &[String], values: &Values, policy: &PolicySettings) -> (Substitution, Vec<String>) {
    let messages: Vec<_> = texts.iter().map(|t| json!({"role": "user", "content": t})).collect();
    let mut body = json!({ "messages": messages });
    let leaves = walk::collect(&mut body, &CHAT_COMPLETIONS).unwrap();
    let found: Vec<_> = leaves.iter().map(|leaf| find(leaf.text.expose_phi(), values)).collect();
    let done = substitute(body, &CHAT_COMPLETIONS, &leaves, &found, policy, -7 * 37).unwrap();
    let sent: Value = serde_json::from_slice(done.body.as_bytes()).unwrap();
    let messages = sent["messages"].as_array().unwrap();
    let sent = messages.iter().map(|m| m["content"].as_str().unwrap().to_owned()).collect();
    (done, sent)
}

/// What two spellings of one value share: the reply gets the first that was seen.
fn folded(text: &str) -> String {
    text.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .chars()
        .flat_map(char::to_lowercase)
        .collect()
}

fn name() -> impl Strategy<Value = (Label, String)> {
    let word = || "[A-ZÉÖŞΔЖ][a-zéßğñžωж]{1,7}|[A-Z]{2,6}|\\p{Lu}\\p{L}{2,5}";
    let written =
        (word(), word(), "[A-Z]\\.", 0..6).prop_map(|(given, family, initial, form)| match form {
            0 => given,
            1 => format!("{family}, {given}"),
            2 => format!("{given} {initial} {family}"),
            3 => format!("{given} van der {family}"),
            4 => format!("{given} {family} Jr."),
            _ => format!("{given} {family}"),
        });
    written.prop_map(|name| (Label::Name, name))
}

fn date() -> impl Strategy<Value = (Label, String)> {
    (days(1905, 1, 1)..days(2090, 1, 1), 0..10).prop_map(|(day, form)| {
        let (y, m, d) = civil(day);
        let month = MONTHS[usize::try_from(m - 1).unwrap()];
        let (head, tail) = month.split_at(1);
        let title = head.to_uppercase() + tail;
        let short = title.split_at(3).0.to_owned();
        let text = match form {
            0 => format!("{y}-{m:02}-{d:02}"),
            1 => format!("{m}/{d}/{y}"),
            2 => format!("{m:02}/{d:02}/{y}"),
            3 => format!("{title} {d}, {y}"),
            4 => format!("{short}. {d} {y}"),
            5 => format!("{d} {title} {y}"),
            6 => format!("{d:02}-{short}-{y}").to_uppercase(),
            7 => format!("{y}-{m:02}-{d:02}T10:15:00Z"),
            8 => format!("{m}/{d}"),
            _ => format!("{title} {y}"),
        };
        (Label::Date, text)
    })
}

fn other() -> impl Strategy<Value = (Label, String)> {
    prop_oneof![
        "[2-9][0-9]{2}-[0-9]{3}-[0-9]{4}".prop_map(|v| (Label::Phone, v)),
        "[1-8][0-9]{2}-[0-9]{2}-[0-9]{4}".prop_map(|v| (Label::Ssn, v)),
        "[A-Z]{2}-[0-9]{6}".prop_map(|v| (Label::Mrn, v)),
        "[a-z]{3,8}@[a-z]{3,8}\\.org".prop_map(|v| (Label::Email, v)),
        "[1-9][0-9]{1,3} [A-Z][a-z]{4,8} (Lane|Street), [A-Z][a-z]{4,8}, MA 0[0-9]{4}"
            .prop_map(|v| (Label::Location, v)),
        "[A-Z][a-z]{5,9}".prop_map(|v| (Label::Location, v)),
        "[A-Z][a-z]{4,8} (Clinic|Hospital)".prop_map(|v| (Label::Organization, v)),
        "9[0-9]|1[01][0-9]".prop_map(|v| (Label::Age, v)),
        // Anything at all: quotes, brackets, controls, other scripts.
        "\\PC{3,12}".prop_map(|v| (Label::Id, v)),
    ]
}

/// Values that differ by more than case and spacing, and no part of each other.
fn values() -> impl Strategy<Value = Values> {
    prop::collection::vec(prop_oneof![3 => name(), 3 => date(), 4 => other()], 1..8).prop_map(
        |values| {
            let mut seen = HashSet::new();
            values
                .into_iter()
                .filter(|(_, value)| {
                    value.chars().any(char::is_alphanumeric) && !value.contains(['[', '&', '%'])
                })
                .filter(|(_, value)| seen.insert(folded(value)))
                .collect()
        },
    )
}

/// Messages in which values, placeholders and anything else stand side by side.
fn messages() -> impl Strategy<Value = (Values, Vec<String>)> {
    values().prop_flat_map(|values| {
        let own: Vec<String> = values.iter().map(|(_, value)| value.clone()).collect();
        let own = if own.is_empty() { vec!["x".to_owned()] } else { own };
        let piece = prop_oneof![
            2 => any::<String>(),
            3 => prop::sample::select(own),
            2 => prop::sample::select(vec![" ", ", ", "\n", "'s ", " (", ") ", ". ", " A. ", " 7 ", " X "]).prop_map(str::to_owned),
            1 => prop::sample::select(vec!["[NAME_1]", "[name_2]", "[DATE_1", "&#91;", "%5B", "\\", "{\"a\": \"", "2024-05-13 ", " 6/29 ", " May 2021 "]).prop_map(str::to_owned),
        ];
        let text = prop::collection::vec(piece, 0..9).prop_map(|pieces| pieces.concat());
        (Just(values), prop::collection::vec(text, 1..4))
    })
}

#[test]
fn capitals_that_are_titles_come_back_as_they_were() {
    let (value, text) = ("Ⱥᾭ, AA".to_owned(), "Ⱥᾭ, AA came".to_owned());
    let texts = [text];
    let (done, sent) = run(&texts, &vec![(Label::Name, value)], &policy(Way::Surrogate));
    assert_ne!(sent, texts);
    assert_eq!(Restorer::new(&done.mapping).text(&sent[0]), texts[0]);
}

proptest! {
    #[test]
    fn every_strategy_but_redact_gives_the_text_back((values, texts) in messages()) {
        for way in [Way::Placeholder, Way::Surrogate, Way::DateShift, Way::Keep] {
            let (done, sent) = run(&texts, &values, &policy(way));
            for (text, sent) in texts.iter().zip(&sent) {
                let back = Restorer::new(&done.mapping).text(sent);
                // A value's own quotation marks are escaped where a reply is JSON that is still open there.
                let bare = |text: &str| {
                    if sent.contains("{\"") { folded(text).replace('\\', "") } else { folded(text) }
                };
                prop_assert_eq!(bare(&back), bare(text), "{:?}: {:?}", way, sent);
            }
        }
    }

    #[test]
    fn every_strategy_leaves_its_own_output_alone((values, texts) in messages()) {
        for way in [Way::Placeholder, Way::Surrogate, Way::DateShift, Way::Redact, Way::Keep] {
            let (_, once) = run(&texts, &values, &policy(way));
            // What a stand-in happens to share with a value is a value to whoever looks for it.
            if way != Way::Keep && once.iter().any(|text| !find(text, &values).is_empty()) {
                continue;
            }
            let (_, twice) = run(&once, &values, &policy(way));
            prop_assert_eq!(&twice, &once, "{:?}", way);
        }
    }

    #[test]
    fn no_strategy_but_keep_lets_a_value_out((values, texts) in messages()) {
        for way in [Way::Placeholder, Way::Surrogate, Way::DateShift, Way::Redact] {
            let (_, sent) = run(&texts, &values, &policy(way));
            for (label, value) in &values {
                // A moved date may be another that was moved away; short values stand in other words by chance.
                let is_moved = *label == Label::Date && matches!(way, Way::Surrogate | Way::DateShift);
                if is_moved || value.chars().count() < 8 {
                    continue;
                }
                for text in &sent {
                    prop_assert!(!text.contains(value.as_str()), "{:?}: {:?} holds {:?}", way, text, value);
                }
            }
        }
    }
}
