//! The model in the box as the gateway runs it.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use futures_util::future::join_all;
use serde::Deserialize;

use super::{
    EngineOptions, NerDetector, encode::Encoder, model::load_tokenizer, token_types::TokenTypes,
};
use crate::{
    deidentify::{Deidentifier, detector::Composite},
    evaluate::{self, Report, Scores},
    settings::{NerSettings, Precision},
};

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

/// The gold files that are here: our own, and the development sets where they are.
fn gold() -> Vec<evaluate::Document> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join("data").join("own.jsonl");
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join("shared");
    let more = std::fs::read_dir(shared.join("data").join("dev")).into_iter().flatten();
    let more = more.map(|entry| entry.unwrap().path());
    let files = more.filter(|path| path.extension().is_some_and(|end| end == "jsonl"));
    files.chain([own]).flat_map(|path| evaluate::read(&path).unwrap()).collect()
}

fn scores(precision: Precision, documents: &[evaluate::Document]) -> Scores {
    let settings = NerSettings { model: folder(), precision, ..NerSettings::default() };
    let options = EngineOptions {
        threads: 2,
        queue: documents.len(),
        batch: 8,
        patience: Duration::from_secs(600),
    };
    let detector = NerDetector::start(&settings, options).unwrap();
    let detectors =
        Deidentifier::with(Composite::new(vec![Arc::new(detector)], Duration::from_secs(600)));
    let found = actix_rt::System::new().block_on(join_all(
        documents
            .iter()
            .map(async |document| evaluate::search(&detectors, document).await.unwrap()),
    ));
    Report::of_predictions(String::new(), documents, &found).both
}

/// What 8-bit weights gain in time must not be lost in what is found: 0.1 point at most.
#[test]
fn the_fast_network_finds_as_much_as_the_full_one() {
    let documents = gold();
    let (full, fast) = (scores(Precision::Fp32, &documents), scores(Precision::Auto, &documents));
    let (recall, precision) = (
        100.0 * (full.character_recall.value - fast.character_recall.value),
        100.0 * (full.character_precision.value - fast.character_precision.value),
    );
    assert!(recall <= 0.1, "recall by character fell by {recall:.3} points");
    assert!(precision <= 0.1, "precision by character fell by {precision:.3} points");
}
