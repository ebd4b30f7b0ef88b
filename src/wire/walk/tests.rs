use serde_json::{Value, json};

use super::{LeafKind, WalkError, collect, walk};
use crate::wire::table::CHAT_COMPLETIONS;

fn leaves(mut body: Value) -> Vec<(LeafKind, Option<String>, String)> {
    let leaves = collect(&mut body, &CHAT_COMPLETIONS).unwrap();
    let expose = |leaf: &super::Leaf| {
        let cue = leaf.cue.as_ref().map(|cue| cue.expose_phi().to_owned());
        (leaf.kind, cue, leaf.text.expose_phi().to_owned())
    };
    leaves.iter().map(expose).collect()
}

fn texts(body: Value) -> Vec<String> {
    leaves(body).into_iter().map(|leaf| leaf.2).collect()
}

#[test]
fn constants_stay_and_everything_else_is_a_leaf() {
    let body = json!({
        "model": "gpt-4o", "temperature": 0.5,
        "user": "u1", "comment": "c1", "ward": {"bed": 4471009},
        "messages": [
            {"role": "user", "content": "m1", "name": "Ann", "note": ["n1"]},
            {"role": "user", "content": [{"type": "text", "text": "m2"}]},
            {"role": "tool", "name": "lookup", "tool_call_id": "call_1", "content": "m3"},
        ],
    });
    let searched: Vec<_> =
        leaves(body).into_iter().filter(|l| l.0 != LeafKind::Constant).map(|l| l.2).collect();
    let expected =
        ["m1", "Ann", "note", "n1", "m2", "m3", "u1", "comment", "c1", "ward", "bed", "4471009"];
    assert_eq!(searched, expected);
}

#[test]
fn a_constant_that_looks_like_none_is_text() {
    let body = json!({"model": "John Doe", "messages": [{"role": "Ann Lee", "content": 7}]});
    assert_eq!(texts(body), ["Ann Lee", "7", "John Doe"]);
}

#[test]
fn what_the_model_reads_first_is_walked_first() {
    let body = json!({
        "metadata": {"a": "4"},
        "messages": [{"role": "user", "content": "3"}],
        "tools": [{"type": "function", "function": {"name": "f", "description": "1", "parameters":
            {"type": "object", "properties": {"mrn": {"type": "string", "description": "2"}}}}}],
    });
    let texts =
        leaves(body).into_iter().filter(|l| l.0 == LeafKind::Text || l.0 == LeafKind::Field);
    let texts: Vec<_> = texts.map(|leaf| leaf.2).collect();
    assert_eq!(texts, ["1", "2", "3", "4"]);
}

#[test]
fn data_in_a_schema_is_no_constant() {
    let body = json!({"messages": [], "tools": [{"function": {"parameters": {
        "type": "object", "maxLength": 9, "$ref": "#/$defs/a",
        "properties": {"mrn": {"const": 4471009, "type": "jdoe@example.org"}},
    }}}]});
    let found: Vec<_> =
        leaves(body).into_iter().filter(|l| l.0 != LeafKind::Key).map(|l| l.2).collect();
    assert_eq!(found, ["#/$defs/a", "4471009", "jdoe@example.org"]);
}

#[test]
fn strings_that_hold_json_are_walked_leaf_by_leaf() {
    let body = json!({"messages": [{"role": "assistant", "tool_calls": [{
        "id": "call_1", "type": "function",
        "function": {"name": "f", "arguments": "{\"family\": \"Doe\", \"inner\": \"[\\\"x\\\"]\"}"},
    }]}]});
    let found = leaves(body);
    assert!(found.contains(&(LeafKind::Field, Some("family".into()), "Doe".into())));
    assert!(found.contains(&(LeafKind::Field, None, "x".into())));
}

#[test]
fn a_key_that_reads_like_a_path_is_text() {
    let body = json!({"messages[].role": "Ann", "messages": []});
    assert_eq!(texts(body), ["Ann"]);
}

#[test]
fn keys_that_would_become_one_are_an_error() {
    let mut body = json!({"messages": [], "metadata": {"Ann": 1, "ANN": 2}});
    let result = walk(&mut body, &CHAT_COMPLETIONS, &mut |leaf| {
        (leaf.kind == LeafKind::Key && leaf.text.len() == 3).then(|| "[NAME_1]".to_owned())
    });
    assert!(matches!(result, Err(WalkError::KeyCollision)));
}

#[test]
fn replacements_go_where_the_leaves_were() {
    let mut body = json!({
        "messages": [{"role": "user", "content": "ann"}],
        "x": {"ann": ["ann", 5]},
    });
    walk(&mut body, &CHAT_COMPLETIONS, &mut |leaf| Some(format!("<{}>", leaf.text))).unwrap();
    let expected = json!({
        "messages": [{"role": "user", "content": "<ann>"}],
        "<x>": {"<ann>": ["<ann>", "<5>"]},
    });
    assert_eq!(body, expected);
}
