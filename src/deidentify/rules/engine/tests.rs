//! The tables that spare the automata change nothing of what is found.

use std::{fs, path::Path};

use proptest::prelude::*;

use super::*;
use crate::deidentify::{entity::Detection, rules::all};

/// The lines of the marked-up documents, marks and all, and of this folder's sources: texts full of
/// cues, numbers and structure.
fn lines() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut lines = Vec::new();
    for folder in ["models/phi-ner/corpus", "src/deidentify/rules"] {
        let mut files: Vec<_> =
            fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        for file in files.iter().filter(|file| file.is_file()) {
            lines.extend(fs::read_to_string(file).unwrap().lines().map(str::to_owned));
        }
    }
    lines
}

fn find(engine: &Engine, text: &str) -> Vec<(Span, Label, String)> {
    let mut found: Vec<Detection> = Vec::new();
    engine.find(text, &mut found);
    let parts = found.into_iter().map(|one| (one.span, one.label, one.detector.to_string()));
    let mut parts: Vec<_> = parts.collect();
    parts.sort();
    parts
}

#[test]
fn the_tables_change_nothing() {
    let spare = Engine::with(all(), true).unwrap();
    let plain = Engine::with(all(), false).unwrap();
    let lines = lines();
    assert!(lines.len() > 10_000, "{} lines", lines.len());
    for text in lines.chunks(40) {
        let text = text.join("\n");
        assert_eq!(find(&spare, &text), find(&plain, &text), "{text}");
    }
    // The same lines cut anywhere and joined, so that cues meet what never stands after them.
    let count = lines.len();
    let piece = (0..count, 0..200_usize, 1..60_usize);
    proptest!(ProptestConfig::with_cases(2000), |(pieces in prop::collection::vec(piece, 1..8))| {
        let mut text = String::new();
        for (line, from, length) in pieces {
            text.extend(lines[line].chars().skip(from).take(length));
        }
        prop_assert_eq!(find(&spare, &text), find(&plain, &text), "{}", text);
    });
}
