//! `scripts/fetch-model` against a stand-in for the hub, and the gateway with what it fetched.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::{Value, json};

use crate::support::{
    Setup,
    standin::{Answer, Received, StandIn},
};

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

fn data(path: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/models");
    std::fs::read(folder.join(path)).unwrap()
}

/// The files of a model of ELECTRA's kind, its weights as `torch` writes them.
fn electra(weights: &str) -> BTreeMap<String, Vec<u8>> {
    let mut files: BTreeMap<String, Vec<u8>> =
        ["config.json", "vocab.txt", "tokenizer_config.json"]
            .into_iter()
            .map(|name| (name.to_owned(), data(&format!("electra/{name}"))))
            .collect();
    files.insert("pytorch_model.bin".to_owned(), data(&format!("torch/{weights}.bin")));
    files.insert("README.md".to_owned(), b"# Tiny\n".to_vec());
    files.insert("training_args.bin".to_owned(), b"not wanted".to_vec());
    files
}

/// A hub with one model, whose listing says what `listed` makes of it.
fn hub(files: BTreeMap<String, Vec<u8>>, listed: fn(&str, &[u8]) -> Value) -> StandIn {
    StandIn::new(move |request: &Received| {
        let path = request.head.split_whitespace().nth(1).unwrap_or_default().to_owned();
        if path == "/api/models/clinic/tiny/revision/main?blobs=true" {
            let siblings: Vec<Value> =
                files.iter().map(|(name, content)| listed(name, content)).collect();
            return Answer::json(200, &json!({"sha": COMMIT, "siblings": siblings}));
        }
        let name = path.strip_prefix(&format!("/clinic/tiny/resolve/{COMMIT}/"));
        match name.and_then(|name| files.get(name)) {
            Some(content) => Answer::Http(200, Vec::new(), content.clone()),
            None => Answer::json(404, &json!({"error": "Entry not found"})),
        }
    })
}

fn honest(name: &str, content: &[u8]) -> Value {
    json!({"rfilename": name, "size": content.len()})
}

fn fetch(hub: &StandIn, out: &Path) -> Output {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/fetch-model");
    Command::new(script)
        .args(["clinic/tiny", "--hub", hub.base_url().trim_end_matches("/v1"), "--out"])
        .arg(out)
        .output()
        .unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The tensors of a safetensors file: name → type, shape and bytes.
fn tensors(path: &Path) -> BTreeMap<String, (Value, Value, Vec<u8>)> {
    let file = std::fs::read(path).unwrap();
    let length = u64::from_le_bytes(file[..8].try_into().unwrap()) as usize;
    let header: Value = serde_json::from_slice(&file[8..8 + length]).unwrap();
    let body = &file[8 + length..];
    let entries = header.as_object().unwrap().iter().filter(|(name, _)| *name != "__metadata__");
    entries
        .map(|(name, entry)| {
            let at = |end: usize| entry["data_offsets"][end].as_u64().unwrap() as usize;
            let tensor =
                (entry["dtype"].clone(), entry["shape"].clone(), body[at(0)..at(1)].to_vec());
            (name.clone(), tensor)
        })
        .collect()
}

#[test]
fn a_fetched_model_is_converted_and_loads() {
    for weights in ["zip", "legacy"] {
        let folder = tempfile::tempdir().unwrap();
        let out: PathBuf = folder.path().join("models/tiny");
        let output = fetch(&hub(electra(weights), honest), &out);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
        let expected = [
            "README.md",
            "SOURCE",
            "config.json",
            "model.safetensors",
            "tokenizer_config.json",
            "vocab.txt",
        ];
        assert_eq!(names(&out), expected);
        let original = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/models/electra");
        assert!(
            tensors(&out.join("model.safetensors")) == tensors(&original.join("model.safetensors")),
            "{weights}: other weights"
        );
        let settings = format!("[[detectors.ner]]\nname = \"tiny\"\nmodel = {out:?}\n");
        let scene = Setup::default().with_model().settings(&settings).start(StandIn::echo());
        assert_eq!(scene.say("hello").status, 200);
    }
}

/// Newer models keep the vocabulary in `tokenizer.json` alone.
#[test]
fn a_vocabulary_is_unpacked() {
    let mut files = electra("zip");
    let words = String::from_utf8(files.remove("vocab.txt").unwrap()).unwrap();
    let by_word: Value = words
        .lines()
        .enumerate()
        .map(|(at, word)| (word.to_owned(), json!(at)))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let tokenizer = json!({"model": {"type": "WordPiece", "vocab": by_word}});
    files.insert("tokenizer.json".to_owned(), tokenizer.to_string().into_bytes());
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("tiny");
    assert!(fetch(&hub(files, honest), &out).status.success());
    assert_eq!(std::fs::read_to_string(out.join("vocab.txt")).unwrap(), words);
}

#[test]
fn what_is_not_right_leaves_nothing_behind() {
    let changed = |change: fn(&mut BTreeMap<String, Vec<u8>>)| {
        let mut files = electra("zip");
        change(&mut files);
        files
    };
    let lies = |name: &str, content: &[u8]| json!({"rfilename": name, "size": content.len() + 1});
    let forged = |name: &str, content: &[u8]| json!({"rfilename": name, "size": content.len(), "lfs": {"sha256": "00"}});
    let cases: Vec<(&str, StandIn)> =
        vec![
            ("is not what the hub says", hub(electra("zip"), lies)),
            ("is not what the hub says", hub(electra("zip"), forged)),
            ("has no vocab.txt", hub(changed(|files| drop(files.remove("vocab.txt"))), honest)),
            (
                "has no model.safetensors",
                hub(changed(|files| drop(files.remove("pytorch_model.bin"))), honest),
            ),
            ("has no config.json", hub(changed(|files| drop(files.remove("config.json"))), honest)),
            (
                "is not one of bert",
                hub(
                    changed(|files| {
                        drop(files.insert(
                            "config.json".to_owned(),
                            b"{\"model_type\": \"gpt2\"}".to_vec(),
                        ))
                    }),
                    honest,
                ),
            ),
            (
                "pytorch_model.bin",
                hub(
                    changed(|files| {
                        drop(files.insert(
                            "pytorch_model.bin".to_owned(),
                            b"\x80\x02cposix\nsystem\n.".to_vec(),
                        ))
                    }),
                    honest,
                ),
            ),
            ("the hub answers 404", StandIn::new(|_| Answer::json(404, &json!({})))),
        ];
    for (message, hub) in cases {
        let folder = tempfile::tempdir().unwrap();
        let output = fetch(&hub, &folder.path().join("tiny"));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{message}: {said}");
        assert!(said.contains(message), "{message}: {said}");
        assert!(!said.contains("Traceback"), "{said}");
        assert!(names(folder.path()).is_empty(), "{message}");
    }
}
