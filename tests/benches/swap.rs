//! Substitution in a request, and restoration of its reply: whole, and streamed in pieces of a few
//! characters as models send them.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput};
use deid_gateway::{
    deidentify::{
        entity::Detection,
        rules::{RuleOptions, Rules},
    },
    settings::PolicySettings,
    substitute::{
        Mapping, Restorer,
        stream::{Shape, StreamRestorer},
        substitute,
    },
    wire::{
        endpoint::Endpoint,
        walk::{self, Leaf},
    },
};
use serde_json::{Value, json};

/// A conversation about the repository's own gold documents, and what the rules find in it.
fn request() -> (Value, Vec<Leaf>, Vec<Vec<Detection>>) {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let texts = crate::texts(&root.join("tests/data/own.jsonl"));
    let messages: Vec<Value> =
        texts.iter().map(|text| json!({"role": "user", "content": text})).collect();
    let mut body = json!({"model": "gpt-4o", "messages": messages});
    let leaves = walk::collect(&mut body, Endpoint::ChatCompletions.table()).unwrap();
    let rules = Rules::new(&RuleOptions::default()).unwrap();
    let found = leaves.iter().map(|leaf| rules.find(leaf.text.expose_phi())).collect();
    (body, leaves, found)
}

/// The mapping of that request, and a reply that quotes all that was sent.
fn exchange() -> (Mapping, String) {
    let (body, leaves, found) = request();
    let table = Endpoint::ChatCompletions.table();
    let cleared = substitute(body, table, &leaves, &found, &PolicySettings::default(), 0).unwrap();
    let sent: Value = serde_json::from_slice(cleared.body.as_bytes()).unwrap();
    let texts = sent.get("messages").and_then(Value::as_array).unwrap().iter();
    let text = texts.map(|message| message.get("content").and_then(Value::as_str).unwrap());
    let text = text.collect::<Vec<_>>();
    (cleared.mapping, text.join("\n\n"))
}

pub(crate) fn substitution(criterion: &mut Criterion) {
    let (body, leaves, found) = request();
    let table = Endpoint::ChatCompletions.table();
    let policy = PolicySettings::default();
    let mut group = criterion.benchmark_group("substitute");
    group.throughput(Throughput::Bytes(body.to_string().len() as u64));
    group.bench_function("request", |bencher| {
        bencher.iter_batched(
            || body.clone(),
            |body| substitute(body, table, &leaves, &found, &policy, 0).unwrap(),
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

pub(crate) fn restoration(criterion: &mut Criterion) {
    let (mapping, text) = exchange();
    assert!(mapping.len() > 20, "{} placeholders", mapping.len());
    let reply =
        json!({"choices": [{"index": 0, "message": {"role": "assistant", "content": text}}]});
    let characters: Vec<char> = text.chars().collect();
    let chunks: Vec<Value> = characters
        .chunks(4)
        .map(|piece| {
            let piece: String = piece.iter().collect();
            json!({"choices": [{"index": 0, "delta": {"content": piece}}]})
        })
        .collect();
    let mut group = criterion.benchmark_group("restore");
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("reply", |bencher| {
        bencher.iter_batched(
            || reply.clone(),
            |mut reply| {
                Restorer::new(&mapping).reply(&mut reply);
                reply
            },
            BatchSize::SmallInput,
        );
    });
    group.bench_function("stream", |bencher| {
        bencher.iter_batched(
            || chunks.clone(),
            |chunks| {
                let mut restorer = StreamRestorer::new(Shape::Chunks, &mapping);
                let mut count = 0;
                for chunk in chunks {
                    count += black_box(restorer.event(chunk)).len();
                }
                count + restorer.finish().len()
            },
            BatchSize::LargeInput,
        );
    });
    group.finish();
}
