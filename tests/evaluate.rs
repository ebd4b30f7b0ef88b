//! `deid-gateway evaluate`: the real program on gold files.

#![expect(clippy::unwrap_used, reason = "a test that meets what it did not expect should fail")]

use std::{fs, path::Path, process::Command};

use serde_json::{Value, json};

/// Runs the evaluation with the rules alone on `gold`.
fn evaluate(folder: &Path, gold: &str, arguments: &[&str]) -> (i32, String, String) {
    fs::write(folder.join("gold.jsonl"), gold).unwrap();
    fs::write(folder.join("settings.toml"), "[detectors]\nner = []\n").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_deid-gateway"))
        .current_dir(folder)
        .args(["evaluate", "gold.jsonl"])
        .args(arguments)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn gold() -> String {
    let found = json!({"id": "a", "text": "é SSN 536-22-8145 in 1988", "spans": [
        {"start": 6, "end": 17, "label": "SSN"}, {"start": 21, "end": 25, "label": "DATE_YEAR"}]});
    let missed = json!({"id": "b", "text": "Zyx went home", "spans": [{"start": 0, "end": 3, "label": "NAME"}]});
    let clean = json!({"id": "c", "text": "feels well", "spans": []});
    format!("{found}\n{missed}\n{clean}\n")
}

#[test]
fn figures_misses_and_predictions_are_those_of_the_documents() {
    let folder = tempfile::tempdir().unwrap();
    let (status, out, _) =
        evaluate(folder.path(), &gold(), &["--json", "--predictions", "found.jsonl"]);
    assert_eq!(status, 0);
    let reports: Value = serde_json::from_str(&out).unwrap();
    let both = &reports[0]["both"];
    let share =
        |name: &str| (both[name]["hits"].as_u64().unwrap(), both[name]["of"].as_u64().unwrap());
    assert_eq!(share("entity_recall"), (1, 2));
    assert_eq!(share("character_recall"), (11, 14));
    assert_eq!(share("character_precision"), (11, 11));
    assert_eq!(share("leaking_documents"), (1, 2));
    assert_eq!(share("masked_per_1000").0, 0);
    assert_eq!(both["labels"]["SSN"]["entities"]["hits"], 1);
    assert!(reports[0].get("models").is_none());

    let predictions = fs::read_to_string(folder.path().join("found.jsonl")).unwrap();
    let lines: Vec<Value> = predictions.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(
        lines[0],
        json!({"id": "a", "spans": [{"start": 6, "end": 17, "label": "SSN", "detector": "rules.ssn"}]})
    );
    assert_eq!(lines[1], json!({"id": "b", "spans": []}));
    assert_eq!(lines.len(), 3);
}

#[test]
fn misses_are_listed_where_asked() {
    let folder = tempfile::tempdir().unwrap();
    let (_, out, _) = evaluate(folder.path(), &gold(), &["--misses"]);
    assert!(out.contains("missed NAME b: …«Zyx» went home…"), "{out}");
    let (_, out, _) = evaluate(folder.path(), &gold(), &[]);
    assert!(!out.contains("Zyx") && out.contains("recall by character"), "{out}");
}

#[test]
fn predictions_of_another_program_are_scored_alike() {
    let folder = tempfile::tempdir().unwrap();
    let (_, out, _) = evaluate(folder.path(), &gold(), &["--json", "--predictions", "found.jsonl"]);
    let own: Value = serde_json::from_str(&out).unwrap();
    let (status, out, _) = evaluate(folder.path(), &gold(), &["--json", "--score", "found.jsonl"]);
    assert_eq!(status, 0);
    let scored: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(scored[0]["both"], own[0]["both"]);

    let lines = ["a", "c", "b"].map(|id| json!({"id": id, "spans": []}).to_string());
    fs::write(folder.path().join("found.jsonl"), lines.join("\n")).unwrap();
    let (status, _, error) = evaluate(folder.path(), &gold(), &["--score", "found.jsonl"]);
    assert_eq!(status, 1);
    assert!(error.contains("found.jsonl, line 2"), "{error}");
    fs::write(folder.path().join("found.jsonl"), &lines[0]).unwrap();
    let (status, _, error) = evaluate(folder.path(), &gold(), &["--score", "found.jsonl"]);
    assert_eq!(status, 1);
    assert!(error.contains("2 documents are to come"), "{error}");
}

#[test]
fn false_alarms_name_what_is_too_much_and_who_found_it() {
    let folder = tempfile::tempdir().unwrap();
    let line = json!({"id": "a", "text": "SSN 536-22-8145 ok", "spans": [{"start": 4, "end": 7, "label": "SSN"}]});
    let (_, out, _) = evaluate(folder.path(), &line.to_string(), &["--false-alarms"]);
    assert!(out.contains("false alarm SSN a: …SSN 536«-22-8145» ok… (rules.ssn)"), "{out}");
}

#[test]
fn broken_gold_files_are_named_with_their_line() {
    let folder = tempfile::tempdir().unwrap();
    let (status, _, error) = evaluate(folder.path(), &format!("{}nonsense\n", gold()), &[]);
    assert_eq!(status, 1);
    assert!(error.contains("gold.jsonl, line 4"), "{error}");
}

/// The rows of `tests/data/identifiers.tsv`.
#[test]
fn every_kind_of_identifier_is_found_and_its_look_alikes_are_left() {
    let table = include_str!("data/identifiers.tsv");
    let rows: Vec<Vec<&str>> = table
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split('\t').collect())
        .collect();
    let gold: Vec<String> = rows
        .iter()
        .map(|row| {
            json!({"id": row[1], "text": row[1].replace("\\n", "\n"), "spans": []}).to_string()
        })
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let (status, _, error) =
        evaluate(folder.path(), &gold.join("\n"), &["--predictions", "found.jsonl"]);
    assert_eq!(status, 0, "{error}");
    let found = fs::read_to_string(folder.path().join("found.jsonl")).unwrap();
    let mut wrong = String::new();
    for (row, found) in rows.iter().zip(found.lines()) {
        let text: Vec<char> = row[1].replace("\\n", "\n").chars().collect();
        let spans = serde_json::from_str::<Value>(found).unwrap()["spans"].take();
        let at = |span: &Value, key: &str| usize::try_from(span[key].as_u64().unwrap()).unwrap();
        let spans: Vec<(String, String)> = spans
            .as_array()
            .unwrap()
            .iter()
            .map(|span| {
                let value = &text[at(span, "start")..at(span, "end")];
                (span["label"].as_str().unwrap().to_owned(), value.iter().collect())
            })
            .collect();
        let labels: Vec<&str> = row[0].split('|').collect();
        let right = match row.get(2) {
            None => spans.is_empty(),
            // Neighbours may be one find, and other kinds may stand in the same text.
            Some(wanted) => wanted.split('|').all(|wanted| {
                spans.iter().any(|(label, value)| {
                    labels.contains(&label.as_str())
                        && value.contains(wanted)
                        && value.len() <= wanted.len() + row[2].len()
                })
            }),
        };
        if !right {
            wrong += &format!("{row:?}: found {spans:?}\n");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
