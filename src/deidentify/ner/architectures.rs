//! Every architecture against what transformers computes for a tiny random model of it. The folders
//! are made by `tests/models/make.py`.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{
    encode::{Encoder, Input},
    model::{Model, load_tokenizer},
    token_types::TokenTypes,
};
use crate::settings::{NerSettings, Precision};

const KINDS: [&str; 7] =
    ["bert", "distilbert", "roberta", "xlm-roberta", "electra", "deberta-v2", "deberta-v3"];

/// What transformers makes of a text, special tokens included.
#[derive(Deserialize)]
struct Case {
    text: String,
    ids: Vec<i64>,
    /// Token by token, output by output.
    probabilities: Vec<Vec<f32>>,
}

fn folder(kind: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join("data").join("models").join(kind)
}

fn cases(kind: &str) -> Vec<Case> {
    let text = std::fs::read(folder(kind).join("expected.json")).unwrap();
    let cases: Vec<Case> = serde_json::from_slice(&text).unwrap();
    assert!(cases.len() > 1);
    cases
}

fn encoder(kind: &str) -> Encoder {
    Encoder::new(load_tokenizer(&folder(kind)).unwrap(), TokenTypes::Zero, 128, 32)
}

#[test]
fn texts_become_the_tokens_that_the_model_was_trained_on() {
    for kind in KINDS {
        let encoder = encoder(kind);
        for Case { text, ids, .. } in cases(kind) {
            let tokens = encoder.tokenize(&text).unwrap();
            let windows = encoder.windows(&tokens);
            assert_eq!(windows.len(), 1, "{kind}");
            assert_eq!(encoder.input(&tokens, windows[0]).ids, ids, "{kind}: {text}");
        }
    }
}

#[test]
fn probabilities_are_those_of_transformers() {
    let mut wrong = Vec::new();
    for kind in KINDS {
        let settings = NerSettings {
            model: folder(kind),
            precision: Precision::Fp32,
            ..NerSettings::default()
        };
        let mut model = Model::load(&settings).unwrap_or_else(|error| panic!("{kind}: {error}"));
        let cases = cases(kind);
        let inputs: Vec<Input> = cases
            .iter()
            .map(|case| Input { ids: case.ids.clone(), types: vec![0; case.ids.len()] })
            .collect();
        // All in one batch, so that the shorter ones are padded; alone; and by a twin's threads.
        let batch: Vec<&Input> = inputs.iter().collect();
        let mut twin = model.twin().unwrap();
        let together = model.probabilities(&batch).unwrap();
        let alone = inputs.iter().map(|input| twin.probabilities(&[input]).unwrap().remove(0));
        for (way, found) in [("padded", together), ("alone", alone.collect())] {
            for (case, found) in cases.iter().zip(found) {
                let expected: Vec<f32> = case.probabilities.concat();
                assert_eq!(found.len(), expected.len(), "{kind}");
                let worst = found.iter().zip(&expected).map(|(a, b)| (a - b).abs());
                let worst = worst.fold(0.0, f32::max);
                if worst > 1e-4 {
                    wrong.push(format!("{kind}, {way}: {worst} in {}", case.text));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Pieces of words lie side by side, cover every letter and hold no blank at their ends: what a
/// model finds is neither cut short nor takes the blank before it along.
#[test]
fn tokens_lie_on_the_words_of_the_text() {
    for kind in KINDS {
        let encoder = encoder(kind);
        for Case { text, .. } in cases(kind) {
            let tokens = encoder.tokenize(&text).unwrap();
            let mut covered = vec![false; text.len()];
            for token in &tokens {
                let piece = token.span.of(&text).unwrap();
                assert_eq!(piece, piece.trim(), "{kind}: {text}");
                covered[token.span.start..token.span.end].fill(true);
            }
            for (at, letter) in text.char_indices().filter(|(_, c)| !c.is_whitespace()) {
                assert!(covered[at], "{kind}: {letter:?} in {text}");
            }
            let mut words: Vec<String> = Vec::new();
            for (at, token) in tokens.iter().enumerate() {
                let piece = token.span.of(&text).unwrap();
                let end = at.checked_sub(1).map(|before| tokens[before].span);
                match words.last_mut() {
                    Some(word) if token.continues && end != Some(token.span) => {
                        word.push_str(piece);
                    }
                    _ if !piece.is_empty() => words.push(piece.to_owned()),
                    _ => {}
                }
            }
            if text.starts_with("Patient") {
                let expected = ["Patient", "John", "Doe", "was", "seen", "on", "March", "3", "."];
                assert_eq!(words, expected, "{kind}");
            }
        }
    }
}
