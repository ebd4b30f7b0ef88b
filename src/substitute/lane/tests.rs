//! Lanes by themselves, with a mapping of three values.

use proptest::prelude::*;

use super::Lane;
use crate::{
    deidentify::entity::Label,
    substitute::{Mapping, Restorer},
};

const DOE: &str = "John \"J\\D\"\nDoe";

fn mapping() -> Mapping {
    let mut mapping = Mapping::default();
    mapping.placeholder(Label::Name, DOE);
    mapping.placeholder(Label::Date, "3/14");
    mapping.placeholder(Label::HealthPlanId, "XEA-9[1]");
    mapping
}

fn pushed<'t>(mut lane: Lane, pieces: impl IntoIterator<Item = &'t str>) -> (String, Vec<usize>) {
    let mapping = mapping();
    let mut restorer = Restorer::new(&mapping);
    let mut out = String::new();
    let mut lengths = Vec::new();
    for piece in pieces {
        lane.push(piece, &mut restorer, &mut out);
        lengths.push(out.len());
    }
    lane.finish(&mut restorer, &mut out);
    (out, lengths)
}

#[test]
fn no_more_is_held_back_than_could_become_a_placeholder() {
    for (piece, kept) in [
        ("well [", 5),
        ("see [NA", 4),
        ("see [NAME_", 4),
        ("see [NAME_12", 4),
        ("see [HEALTH PLAN", 4),
        ("see \\", 4),
        ("see \\[na", 4),
        ("[1] and [x", 10),
        ("see [NAME_1x", 12),
        ("a [NAMES", 8),
        ("[NAME_01", 8),
        ("[NAME_12345678", 14),
        ("[PERSON", 7),
        ("{\"a\": \"[NA", 7),
        ("{\"a\": \"x\\", 8),
    ] {
        let (_, lengths) = pushed(Lane::text(), [piece]);
        assert_eq!(lengths, [kept], "{piece}");
    }
}

#[test]
fn what_is_no_escape_of_json_hides_no_placeholder() {
    for (text, expected) in [
        (r#"{"a": "\[DATE_1]"}"#, r#"{"a": "\3/14"}"#),
        (r#"{"a": "\[DATE\_1\]"}"#, r#"{"a": "3/14"}"#),
        (r#"{"a": "\u[DATE_1]"}"#, r#"{"a": "\u3/14"}"#),
        (r#"{"a": "\u00e[DATE_1]\x"}"#, r#"{"a": "\u00e3/14\x"}"#),
        (r#"{"a": "\\[DATE_1]"}"#, r#"{"a": "\\3/14"}"#),
        (r#"{"a": "\u12"} [DATE_1]"#, r#"{"a": "\u12"} 3/14"#),
    ] {
        assert_eq!(pushed(Lane::text(), [text]).0, expected);
        let pieces: Vec<_> = text.split("").collect();
        assert_eq!(pushed(Lane::text(), pieces).0, expected);
    }
}

#[test]
fn a_tail_that_became_nothing_is_given_at_the_end() {
    for text in
        ["see [NAME_", "\\", "\\[", "{\"a\": \"[NAME_1", "{\"a\": \"\\u00", "[[[", "[NAME_1"]
    {
        assert_eq!(pushed(Lane::text(), [text]).0, text);
        assert_eq!(pushed(Lane::json(), [text]).0, text);
    }
}

#[test]
fn values_in_literals_are_escaped_once_a_level() {
    let inner = serde_json::json!({"n": "[NAME_1]"}).to_string();
    let text = serde_json::json!({"payload": inner, "plain": "by [NAME_1]"}).to_string();
    let (restored, _) = pushed(Lane::text(), [text.as_str()]);
    let outer: serde_json::Value = serde_json::from_str(&restored).unwrap();
    assert_eq!(outer["plain"], format!("by {DOE}"));
    let inner: serde_json::Value =
        serde_json::from_str(outer["payload"].as_str().unwrap()).unwrap();
    assert_eq!(inner["n"], DOE);
}

#[test]
fn escapes_in_a_literal_are_read_and_kept() {
    let text = r#"{"a": "\u005bNAME\n1] \u00e9 \ud83d\ude00 \/ [NAME_\u0031]"}"#;
    let (restored, _) = pushed(Lane::json(), [text]);
    let doe = serde_json::Value::from(DOE).to_string();
    let doe = doe.trim_matches('"');
    assert_eq!(restored, format!(r#"{{"a": "{doe} \u00e9 \ud83d\ude00 \/ {doe}"}}"#));
}

#[test]
fn prose_that_begins_with_a_bracket_is_prose() {
    for (text, expected) in [
        ("[NAME_1] said \"[DATE_1]\"", format!("{DOE} said \"3/14\"")),
        ("[1] \"[NAME_1]\"", format!("[1] \"{DOE}\"")),
        ("{[NAME_1]}", format!("{{{DOE}}}")),
        ("[[NAME_1]", format!("[{DOE}")),
        ("{\"a\": 1} \"[NAME_1]\"", format!("{{\"a\": 1}} \"{DOE}\"")),
    ] {
        assert_eq!(pushed(Lane::text(), [text]).0, expected, "{text}");
    }
}

/// Text full of the beginnings and ends of placeholders and of JSON.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        1 => any::<String>(),
        6 => prop::sample::select(vec![
            "[NAME_1]", "[name 1]", "\\[NAME\\_1\\]", "[", "]", "\\", "[NA", "ME_", "1]", "[NAME_9]", "[**DATE_1**]", "&#91;NAME_1&#93;", "&#9", "1;", "&l", "sqb;", "%5B", "NAME_1", "%5D", "%", "%25", "&",
                "［", "］", "【NAME_1】", "_LAST", "-\n", "\u{200b}",
            "[HEALTH PLAN ID 1]", "{\"a\": \"", "\"}", "\"", "\\\"", "\\\\", "\\u005b", "\\u", "{", "}", ",", ":", "\n", " ", "é", "1",
            "{\"a\": \"{\\\"b\\\": \\\"[NAME_1]\\\"}\"}",
        ]).prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn however_a_text_is_cut_it_is_restored_the_same(text in text(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6)) {
        let mut at: Vec<usize> = cuts.iter().map(|cut| text.floor_char_boundary(cut.index(text.len() + 1))).collect();
        at.push(0);
        at.push(text.len());
        at.sort_unstable();
        let pieces = || at.windows(2).map(|pair| text.get(pair[0]..pair[1]).unwrap());
        let singles = || text.char_indices().map(|(start, c)| text.get(start..start + c.len_utf8()).unwrap());
        for lane in [Lane::text, Lane::json] {
            let whole = pushed(lane(), [text.as_str()]).0;
            prop_assert_eq!(&pushed(lane(), pieces()).0, &whole);
            prop_assert_eq!(&pushed(lane(), singles()).0, &whole);
        }
    }

    #[test]
    fn text_without_a_placeholder_is_never_changed(text in text()) {
        let text = text.replace([']', '］', '】', '〕', '⟧'], ")").replace(['5', '9'], "6").replace("sqb", "ast").replace("brack", "ast");
        prop_assert_eq!(&pushed(Lane::text(), [text.as_str()]).0, &text);
        prop_assert_eq!(&pushed(Lane::json(), [text.as_str()]).0, &text);
    }
}
