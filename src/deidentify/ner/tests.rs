//! The model in the box as the gateway runs it.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{encode::Encoder, model::load_tokenizer, token_types::TokenTypes};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("models").join("phi-ner")
}

#[derive(Deserialize)]
struct Case {
    text: String,
    ids: Vec<i64>,
    types: Vec<i64>,
}

/// A model sees at work what it saw in training, or its figures mean nothing. The cases are made by
/// `scripts/train/fixture.py`.
#[test]
fn texts_are_encoded_as_in_training() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join("data").join("tokens.json");
    let cases: Vec<Case> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    assert!(!cases.is_empty());
    let encoder = Encoder::new(load_tokenizer(&folder()).unwrap(), TokenTypes::CaseAndGap, 128, 32);
    for Case { text, ids, types } in cases {
        let tokens = encoder.tokenize(&text).unwrap();
        assert_eq!(tokens.iter().map(|token| token.id).collect::<Vec<_>>(), ids, "{text}");
        assert_eq!(tokens.iter().map(|token| token.kind).collect::<Vec<_>>(), types, "{text}");
    }
}
