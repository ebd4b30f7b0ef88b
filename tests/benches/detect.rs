//! `cargo bench`: the rules, substitution, restoration and the model on clinical text.
//!
//! The texts are the repository's own gold documents, and where they are, the clinical dialogues
//! and notes of the development data.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot start should say so")]

mod swap;

use std::{fs, hint::black_box, path::Path, sync::Arc, time::Duration};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use deid_gateway::{
    deidentify::{
        detector::Detector,
        ner::{EngineOptions, NerDetector},
        rules::{RuleOptions, Rules},
    },
    phi::PhiText,
    settings::{NerSettings, Precision},
};

/// The texts of a file of JSON lines.
fn texts(file: &Path) -> Vec<String> {
    let lines = fs::read_to_string(file).unwrap_or_default();
    let values = lines.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    values.filter_map(|value| Some(value.get("text")?.as_str()?.to_owned())).collect()
}

fn corpora() -> Vec<(&'static str, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let shared = root.join("../shared/data/unlabelled");
    let sets = [
        ("dense", root.join("tests/data/own.jsonl")),
        ("notes", shared.join("aci-bench.jsonl")),
        ("dialogue", shared.join("mts-dialog.jsonl")),
    ];
    let read = sets.into_iter().map(|(name, file)| (name, texts(&file).join("\n\n")));
    let read = read.chain([("hostile", hostile())]);
    read.filter(|(_, text)| !text.is_empty()).collect()
}

/// Cues and numbers alone, so that rules are tried at every word and look far.
fn hostile() -> String {
    let mut text = String::new();
    for at in 0..2000 {
        let cue =
            ["patient", "mr", "account", "policy", "dr", "id", "record", "12", "may", "street"];
        text.push_str(cue.get(at % cue.len()).unwrap());
        text.push_str([" ", " no ", ": ", " - ", " id 1-", "/"].get(at % 6).unwrap());
    }
    text
}

fn rules(criterion: &mut Criterion) {
    let rules = Rules::new(&RuleOptions::default()).unwrap();
    let mut group = criterion.benchmark_group("rules");
    for (name, text) in corpora() {
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(name, |bencher| bencher.iter(|| rules.find(black_box(&text)).len()));
    }
    group.finish();
}

/// A message of about so many words of clinical text.
fn message(words: usize) -> PhiText {
    let (_, text) = corpora().into_iter().rfind(|(name, _)| *name != "hostile").unwrap();
    PhiText::new(text.split_inclusive(' ').take(words).collect::<String>())
}

fn model(criterion: &mut Criterion) {
    let system = actix_rt::System::new();
    let mut group = criterion.benchmark_group("model");
    group.sample_size(20);
    for precision in [Precision::Auto, Precision::Fp32] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/phi-ner");
        let settings = NerSettings { model: folder, precision, ..NerSettings::default() };
        let options =
            EngineOptions { threads: 2, queue: 8, batch: 8, patience: Duration::from_secs(60) };
        let detector = NerDetector::start(&settings, options).unwrap();
        for words in [45, 180, 360, 1500] {
            let texts: Arc<[PhiText]> = [message(words)].into();
            group.bench_function(BenchmarkId::new(format!("{precision:?}"), words), |bencher| {
                bencher.iter(|| system.block_on(detector.detect(Arc::clone(&texts))).unwrap());
            });
        }
    }
    group.finish();
}

criterion_group!(benches, rules, swap::substitution, swap::restoration, model);
criterion_main!(benches);
