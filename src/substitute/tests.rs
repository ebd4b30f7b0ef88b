//! Substitution and restoration together.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{ClearedBody, Mapping, Restorer, Substitution, lane::Lane, substitute};
use crate::{
    deidentify::entity::{Detection, Label, Span},
    settings::{PolicySettings, Strategy as Way},
    wire::{table::CHAT_COMPLETIONS, walk},
};

/// Finds every occurrence of each of `values`, left to right, without overlaps.
fn find(text: &str, values: &[(Label, &str)]) -> Vec<Detection> {
    let mut found: Vec<Detection> = Vec::new();
    for &(label, value) in values {
        for (start, _) in text.match_indices(value) {
            let span = Span::new(start, start + value.len());
            if found.iter().all(|other| !other.span.overlaps(span)) {
                found.push(Detection { label, span, score: 1.0, detector: Arc::from("test") });
            }
        }
    }
    found.sort_by_key(|detection| detection.span);
    found
}

fn run(mut body: Value, values: &[(Label, &str)], policy: &PolicySettings) -> Substitution {
    let leaves = walk::collect(&mut body, &CHAT_COMPLETIONS).unwrap();
    let found: Vec<_> = leaves.iter().map(|leaf| find(leaf.text.expose_phi(), values)).collect();
    substitute(body, &CHAT_COMPLETIONS, &leaves, &found, policy, -7 * 37).unwrap()
}

fn sent(body: &ClearedBody) -> Value {
    serde_json::from_slice(&body.clone().into_bytes()).unwrap()
}

fn chat(contents: &[&str]) -> Value {
    let messages: Vec<_> =
        contents.iter().map(|text| json!({"role": "user", "content": text})).collect();
    json!({"messages": messages})
}

fn contents(body: &Value) -> Vec<String> {
    let messages = body["messages"].as_array().unwrap();
    messages.iter().map(|m| m["content"].as_str().unwrap().to_owned()).collect()
}

const DOE: (Label, &str) = (Label::Name, "John Doe");

#[test]
fn one_mapping_serves_the_whole_request() {
    let body = chat(&["John Doe, 3/14", "Ann and John Doe"]);
    let values = [DOE, (Label::Date, "3/14"), (Label::Name, "Ann")];
    let done = run(body, &values, &PolicySettings::default());
    assert_eq!(contents(&sent(&done.body)), ["[NAME_1], [DATE_1]", "[NAME_2] and [NAME_1]"]);
    assert_eq!(done.counts.into_iter().collect::<Vec<_>>(), [(Label::Name, 3), (Label::Date, 1)]);
}

#[test]
fn a_conversation_that_grows_keeps_its_numbers() {
    let values = [DOE, (Label::Name, "Ann"), (Label::Name, "Bea")];
    let policy = PolicySettings::default();
    let with_user = |mut body: Value| {
        body["user"] = json!("Ann");
        body
    };
    let short = run(with_user(chat(&["John Doe"])), &values, &policy);
    let long = run(with_user(chat(&["John Doe", "Bea"])), &values, &policy);
    let (short, long) = (sent(&short.body), sent(&long.body));
    assert_eq!(contents(&long)[..1], contents(&short)[..]);
}

#[test]
fn the_callers_own_placeholders_are_left_alone() {
    let body = chat(&["[NAME_1] is John Doe, [name 2] is not [NAME_1]"]);
    // A detector that takes a caller's placeholder for a name must not break it.
    let values = [DOE, (Label::Name, "[NAME_1] is"), (Label::Name, "NAME_1")];
    let done = run(body, &values, &PolicySettings::default());
    let text = contents(&sent(&done.body)).remove(0);
    assert_eq!(text, "[NAME_1][NAME_3] [NAME_4], [name 2] is not [NAME_1]");
    let back = Restorer::new(&done.mapping).text(&text);
    assert_eq!(back, "[NAME_1] is John Doe, [name 2] is not [NAME_1]");
}

#[test]
fn identifiers_in_brackets_are_no_placeholders() {
    let values = [
        (Label::Mrn, "4471009"),
        (Label::Phone, "5550142"),
        (Label::Age, "97"),
        (Label::Id, "ID_445566"),
    ];
    let body = chat(&["[MRN 4471009] [phone 5550142] [age 97] [ID_445566] [NAME_12]"]);
    let done = run(body, &values, &PolicySettings::default());
    let text = contents(&sent(&done.body)).remove(0);
    for (_, value) in values {
        assert!(!text.contains(value), "{text}");
    }
    assert!(text.ends_with("[NAME_12]"), "{text}");
}

#[test]
fn labels_are_kept_or_redacted_as_the_policy_says() {
    let mut policy = PolicySettings::default();
    policy.labels.insert(Label::Date, Way::Keep);
    policy.labels.insert(Label::Ssn, Way::Redact);
    let body = chat(&["John Doe 3/14 123-45-6789"]);
    let values = [DOE, (Label::Date, "3/14"), (Label::Ssn, "123-45-6789")];
    let done = run(body, &values, &policy);
    assert_eq!(contents(&sent(&done.body)), ["[NAME_1] 3/14 [SSN]"]);
    assert_eq!(done.mapping.len(), 1);
    assert_eq!(done.counts.get(&Label::Date), None);
}

#[test]
fn arguments_of_tool_calls_stay_valid_json() {
    let arguments = json!({"who": "John Doe", "mrn": 4471009}).to_string();
    let body = json!({"messages": [{"role": "assistant", "tool_calls": [
        {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": arguments}},
    ]}]});
    let done = run(body, &[DOE, (Label::Mrn, "4471009")], &PolicySettings::default());
    let sent = sent(&done.body);
    let arguments = sent["messages"][0]["tool_calls"][0]["function"]["arguments"].as_str().unwrap();
    let arguments: Value = serde_json::from_str(arguments).unwrap();
    assert_eq!(arguments, json!({"who": "[NAME_1]", "mrn": "[MRN_1]"}));
}

#[test]
fn what_is_not_text_goes_through_to_the_byte() {
    let body = concat!(
        r#"{"seed":12345678901234567890123,"top_p":0.10,"flag":null,"#,
        "\"messages\":[{\"role\":\"user\",\"content\":\"a \u{1f600} \u{e9}\"}],",
        r#""logit_bias":{"50256":-100},"x":[true,{}]}"#,
    );
    let done = run(serde_json::from_str(body).unwrap(), &[], &PolicySettings::default());
    assert_eq!(std::str::from_utf8(&done.body.into_bytes()).unwrap(), body);
    assert!(done.mapping.is_empty());
}

/// `\n`, `\t` and `\uXXXX` read; any other backslash is itself.
fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        let code = after.strip_prefix('u').and_then(|digits| digits.get(..4));
        if let Some(code) = code {
            let code = u32::from_str_radix(code, 16).unwrap();
            out.push(char::from_u32(code).unwrap());
            rest = after.get(5..).unwrap();
        } else if let Some(after) = after.strip_prefix('n') {
            out.push('\n');
            rest = after;
        } else {
            out.push('\\');
            rest = after;
        }
    }
    out + rest
}

#[test]
fn mangled_placeholders_are_restored_whole_and_in_every_piece() {
    const PAIRS: [(&str, &str); 4] = [
        ("[NAME_1]", "Zoë \"Z\" & Co"),
        ("[NAME_1_LAST]", "Co"),
        ("[DATE_12]", "3/14"),
        ("[HEALTH_PLAN_ID_1]", "XEA-9"),
    ];
    let mapping = Mapping::of(PAIRS).unwrap();
    let table = include_str!("../../tests/data/mangled_placeholders.tsv");
    let rows = table.lines().filter(|line| !line.starts_with('#'));
    let mut count = 0;
    for row in rows {
        let (text, expected) = row.split_once('\t').unwrap();
        let text = unescape(text);
        let expected = if expected == "=" { text.clone() } else { unescape(expected) };
        for (before, after) in [("", ""), ("see ", " now"), ("\n", "\n")] {
            let text = format!("{before}{text}{after}");
            let expected = format!("{before}{expected}{after}");
            assert_eq!(Restorer::new(&mapping).text(&text), expected, "{row}");
            let mut restorer = Restorer::new(&mapping);
            let (mut lane, mut out) = (Lane::text(), String::new());
            for c in text.chars() {
                lane.push(&c.to_string(), &mut restorer, &mut out);
            }
            lane.finish(&mut restorer, &mut out);
            assert_eq!(out, expected, "{row}, a character at a time");
        }
        count += 1;
    }
    assert!(count > 50, "{count}");
}

/// Text in which names, placeholders and any other characters stand side by side.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        3 => any::<String>(),
        2 => prop::sample::select(vec![
            "John Doe", "Ann", "3/14", "[NAME_1]", "[name_2]", "[NAME_", "_1]", "[", "]", "\\",
            "Doe, John", "Mr. Doe", "Doe", "[NAME_1_LAST]", "&#91;NAME_1&#93;", "%5BDATE_1%5D", "［NAME_2］", "&", "%",
            "[DATE_1]", "{\"a\": \"John Doe\"}", "\"", "\n",
        ]).prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

const VALUES: [(Label, &str); 5] = [
    DOE,
    (Label::Name, "Ann"),
    (Label::Date, "3/14"),
    (Label::Name, "Doe, John"),
    (Label::Name, "Doe"),
];

proptest! {
    #[test]
    fn restoring_what_was_substituted_gives_the_text_back(texts in prop::collection::vec(text(), 1..4)) {
        let body = chat(&texts.iter().map(String::as_str).collect::<Vec<_>>());
        let done = run(body.clone(), &VALUES, &PolicySettings::default());
        let mut back = sent(&done.body);
        for text in contents(&back) {
            // Joined fragments such as `[NAME_` and `_1]` are the caller's own placeholders.
            for (_, value) in VALUES {
                prop_assert!(!text.contains(value), "{text:?} holds {value:?}");
            }
        }
        Restorer::new(&done.mapping).reply(&mut back);
        prop_assert_eq!(contents(&back), contents(&body));
    }

    #[test]
    fn substitution_is_idempotent_on_its_own_output(text in text()) {
        let once = run(chat(&[&text]), &VALUES, &PolicySettings::default());
        let once = contents(&sent(&once.body));
        let twice = run(chat(&[&once[0]]), &VALUES, &PolicySettings::default());
        prop_assert_eq!(contents(&sent(&twice.body)), once);
    }

    #[test]
    fn surrogates_and_moved_dates_lead_back_however_the_reply_is_cut(
        texts in prop::collection::vec(text(), 1..4),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        const VALUES: [(Label, &str); 5] = [
            DOE,
            (Label::Name, "Doe, John"),
            (Label::Name, "Doe"),
            (Label::Date, "3/14/2024"),
            (Label::Mrn, "4471-009"),
        ];
        let texts: Vec<String> = texts.iter().map(|t| t.replace("3/14", " 3/14/2024 4471-009 ")).collect();
        let body = chat(&texts.iter().map(String::as_str).collect::<Vec<_>>());
        let done = run(body.clone(), &VALUES, &strategies::shifting());
        for (text, before) in contents(&sent(&done.body)).iter().zip(contents(&body)) {
            for (_, value) in VALUES {
                prop_assert!(!text.contains(value), "{text:?} holds {value:?}");
            }
            let mut restorer = Restorer::new(&done.mapping);
            let whole = restorer.text(text);
            // Whole dates that were no entity move as well: they cannot be told from computed ones.
            prop_assert_eq!(&whole, &before);
            let mut at: Vec<usize> = cuts.iter().map(|cut| text.floor_char_boundary(cut.index(text.len() + 1))).collect();
            at.extend([0, text.len()]);
            at.sort_unstable();
            let (mut lane, mut out) = (Lane::text(), String::new());
            for pair in at.windows(2) {
                lane.push(text.get(pair[0]..pair[1]).unwrap(), &mut restorer, &mut out);
            }
            lane.finish(&mut restorer, &mut out);
            prop_assert_eq!(&out, &whole);
        }
    }
}

mod strategies;
