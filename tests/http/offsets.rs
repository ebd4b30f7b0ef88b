//! Offsets in every answer are code points of the text that was asked about, whatever it is written in.

use std::fs;

use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, TestRunner},
};
use serde_json::{Value, json};

use crate::support::{
    KEY, Setup,
    standin::{Answer, StandIn},
};

/// Values that the rules find wherever they stand free.
const FOUND: [&str; 3] = ["536-22-8145", "zoe.doe@example.org", "(617) 555-0142"];

/// Texts of any characters, with values among them.
fn texts() -> Vec<String> {
    let piece = prop_oneof![
        4 => any::<String>(),
        2 => prop::sample::select(vec!["\u{1f469}\u{200d}\u{2695}\u{fe0f}", "e\u{301}", "\u{130}ß", "\u{202e}", "\u{1d518}", "日本語", "\r\n", "\u{2028}", "ﬁ"]).prop_map(str::to_owned),
        3 => prop::sample::select(FOUND.to_vec()).prop_map(|value| format!(" {value} ")),
    ];
    // Presidio's own service answers an empty text with an error, and so do we.
    let text = prop::collection::vec(piece, 1..10)
        .prop_map(|pieces| pieces.concat().replace('\0', ""))
        .prop_filter("some text", |text| !text.is_empty());
    let mut runner = TestRunner::new(Config::default());
    (0..120).map(|_| text.new_tree(&mut runner).unwrap().current()).collect()
}

fn slice(text: &str, entity: &Value) -> String {
    let point = |key: &str| usize::try_from(entity[key].as_u64().unwrap()).unwrap();
    text.chars().skip(point("start")).take(point("end") - point("start")).collect()
}

#[test]
fn offsets_of_generated_texts_are_code_points_in_every_answer() {
    let scene = Setup::default().start(StandIn::new(|_| Answer::content("no")));
    let bearer = format!("Bearer {KEY}");
    let ask = |path: &str, body: Value| {
        let reply = scene.post(path, &[("authorization", &bearer)], body.to_string().as_bytes());
        assert_eq!(reply.status, 200, "{path} {body}: {}", reply.body);
        reply.json()
    };
    let texts = texts();
    let mut gold = String::new();
    let mut values = 0;
    for (number, text) in texts.iter().enumerate() {
        gold.push_str(
            &(json!({"id": number.to_string(), "text": text, "spans": []}).to_string() + "\n"),
        );
        let done = ask("/v1/deidentify", json!({ "text": text }));
        let entities = done["entities"].as_array().unwrap();
        // Putting each placeholder at its offsets gives the very text of the answer, and each value is at its own.
        let (mut out, mut at) = (String::new(), 0);
        for entity in entities {
            let (start, end) = (
                entity["start"].as_u64().unwrap() as usize,
                entity["end"].as_u64().unwrap() as usize,
            );
            assert!(at <= start && start < end, "{text:?}: {entity}");
            out.extend(text.chars().skip(at).take(start - at));
            out.push_str(entity["placeholder"].as_str().unwrap());
            at = end;
        }
        out.extend(text.chars().skip(at));
        assert_eq!(done["text"], out, "{text:?}: {done}");
        let own = |entities: &[Value]| -> usize {
            entities.iter().filter(|entity| FOUND.contains(&slice(text, entity).as_str())).count()
        };
        let there: usize =
            FOUND.iter().map(|value| text.matches(&format!(" {value} ")).count()).sum();
        assert!(own(entities) >= there, "{text:?}: {done}");
        values += there;
        let back = ask("/v1/reidentify", json!({"text": done["text"], "mapping": done["mapping"]}));
        let folded =
            |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        assert_eq!(folded(back["text"].as_str().unwrap()), folded(text));

        let messages = json!([{"role": "system", "content": "a"}, {"role": "user", "content": [{"type": "text", "text": text}]}]);
        let in_messages = ask("/v1/deidentify", json!({ "messages": messages }));
        for entity in in_messages["entities"].as_array().unwrap() {
            assert_eq!(
                (&entity["message"], &entity["field"]),
                (&json!(1), &json!("content[0].text"))
            );
        }
        if !serde_json::from_str::<Value>(text)
            .is_ok_and(|value| value.is_object() || value.is_array())
        {
            assert!(own(in_messages["entities"].as_array().unwrap()) >= there);
        }
        let analyzed = ask("/analyze", json!({"text": text, "language": "en"}));
        assert!(own(analyzed.as_array().unwrap()) >= there, "{text:?}: {analyzed}");
    }
    assert!(values > 100, "{values}");

    fs::write(scene.folder().join("gold.jsonl"), gold).unwrap();
    let output = scene.command(&["evaluate", "gold.jsonl", "--predictions", "found.jsonl"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let found = fs::read_to_string(scene.folder().join("found.jsonl")).unwrap();
    assert_eq!(found.lines().count(), texts.len());
    for (line, text) in found.lines().zip(&texts) {
        let line: Value = serde_json::from_str(line).unwrap();
        let spans = line["spans"].as_array().unwrap();
        let there: usize =
            FOUND.iter().map(|value| text.matches(&format!(" {value} ")).count()).sum();
        let own = spans.iter().filter(|span| FOUND.contains(&slice(text, span).as_str())).count();
        assert!(own >= there, "{text:?}: {line}");
    }
}
