//! Every field of every event of a stream: what is text has a lane of its own and is restored, what is data, an id or a
//! name of the protocol stays as it was.

use serde_json::{Value, json};

use crate::support::{
    Setup,
    clients::{self, Client},
    standin::{Answer, Received, StandIn},
    streams::{CHAT, SSN, chunks, deltas, request, said, stream},
};

#[test]
fn every_field_of_a_delta_has_a_lane_and_data_has_none() {
    let scene = Setup::default().start(StandIn::new(|_| {
        let mut pieces = Vec::new();
        for piece in ["[S", "SN", "_1", "] [", "SSN_1]!"] {
            for field in ["content", "refusal", "reasoning_content", "reasoning", "x_new"] {
                pieces.push(json!({ field: piece }));
            }
            pieces.push(json!({"audio": {"id": "audio_1", "transcript": piece}}));
            // Sound in base64 is no text, whatever it looks like.
            pieces.push(json!({"audio": {"data": "[SSN_1]%5BSS"}}));
            pieces.push(json!({"content": [{"index": 0, "text": piece}]}));
        }
        deltas(pieces)
    }));
    let text = stream(&scene, CHAT, &request("SSN 536-22-8145"));
    let whole = format!("{SSN} {SSN}!");
    for field in [
        "content",
        "refusal",
        "reasoning_content",
        "reasoning",
        "x_new",
        "audio/transcript",
        "content/0/text",
    ] {
        assert_eq!(said(&text, 0, &format!("/delta/{field}")), whole, "{field}");
    }
    assert_eq!(said(&text, 0, "/delta/audio/data"), "[SSN_1]%5BSS".repeat(5));
}

#[test]
fn tokens_stay_as_they_were_and_usage_comes_once() {
    let logprobs = json!({"content": [{"token": "[SSN", "logprob": -0.1, "bytes": [91], "top_logprobs": []}], "refusal": null});
    let sent = logprobs.clone();
    let scene = Setup::default().start(StandIn::new(move |_| {
        let event = |delta: Value, finish: Value, usage: Value| {
            let chunk = json!({"id": "chatcmpl-1", "choices": [{"index": 0, "delta": delta, "logprobs": sent, "finish_reason": finish}], "usage": usage});
            format!("data: {chunk}\n\n")
        };
        let end = json!({"id": "chatcmpl-1", "choices": [], "usage": {"total_tokens": 21}});
        Answer::events(vec![
            event(json!({"content": "[SSN"}), Value::Null, Value::Null),
            event(json!({"content": "_1] ["}), json!("stop"), Value::Null),
            format!("data: {end}\n\n"),
            "data: [DONE]\n\n".to_owned(),
        ])
    }));
    let text = stream(&scene, CHAT, &request("SSN 536-22-8145"));
    assert_eq!(said(&text, 0, "/delta/content"), format!("{SSN} ["));
    let chunks = chunks(&text);
    let choices = chunks.iter().filter_map(|chunk| chunk["choices"].get(0));
    let with_tokens: Vec<_> =
        choices.filter_map(|choice| choice.get("logprobs")).filter(|l| !l.is_null()).collect();
    assert_eq!(with_tokens, [&logprobs, &logprobs]);
    let usages: Vec<_> = chunks.iter().filter(|chunk| !chunk["usage"].is_null()).collect();
    assert_eq!(usages.len(), 1);
    assert_eq!(usages[0]["usage"]["total_tokens"], 21);
}

/// What an event must be restored to: all strings, but for tokens and data.
fn expected(value: &mut Value, key: &str, kind: &str) {
    let data = ["logprobs", "obfuscation", "encrypted_content", "partial_image_b64", "b64_json"];
    if data.contains(&key) || (key == "delta" && kind == "response.audio.delta") {
        return;
    }
    match value {
        Value::String(text) => *text = text.replace("[SSN_1]", SSN),
        Value::Array(items) => items.iter_mut().for_each(|item| expected(item, key, kind)),
        Value::Object(fields) => {
            let kind = fields.get("type").and_then(Value::as_str).unwrap_or(kind).to_owned();
            for (key, value) in fields
                .iter_mut()
                .filter(|(key, _)| kind != "image_generation_call" || *key != "result")
            {
                expected(value, key, &kind);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[test]
fn every_published_event_of_a_response_is_restored_in_all_its_fields() {
    let printed = clients::run(Client::Python, "events.py", &[], &[]);
    let mut events: Vec<Value> =
        printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(events.len() > 100 && printed.matches("[SSN_1]").count() > 500);
    // What ends the stream comes last, and nothing is after an error.
    events.sort_by_key(|event| {
        let ends = ["response.completed", "response.failed", "response.incomplete", "error"];
        ends.contains(&event["type"].as_str().unwrap())
    });
    let sent = events.clone();
    let scene = Setup::default().start(StandIn::new(move |_| {
        Answer::events(
            sent.iter()
                .map(|event| {
                    format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap())
                })
                .collect(),
        )
    }));
    let body = json!({"model": "m", "input": "SSN 536-22-8145", "stream": true});
    let got = chunks(&stream(&scene, "/v1/responses", &body));
    for event in &mut events {
        expected(event, "", "");
    }
    // The places of annotations are seen to elsewhere.
    let places = regex::Regex::new(r#""(start|end)_index":\d+"#).unwrap();
    let without = |event: &Value| places.replace_all(&event.to_string(), "").into_owned();
    for (got, expected) in got.iter().zip(&events) {
        assert_eq!(without(got), without(expected));
    }
    assert_eq!(got.len(), events.len());
}

#[test]
fn the_output_of_a_shell_comes_in_lanes_of_its_own() {
    let scene = Setup::default().start(StandIn::new(|_| {
        let event = |value: Value| format!("event: {}\ndata: {value}\n\n", value["type"].as_str().unwrap());
        let mut events = Vec::new();
        for piece in ["[S", "SN_1", "] ["] {
            for command in [0, 1] {
                events.push(event(json!({"type": "response.shell_call_output_content.delta", "item_id": "i", "output_index": 0,
                    "command_index": command, "delta": {"stdout": piece, "stderr": piece}})));
                events.push(event(json!({"type": "response.shell_call_command.delta", "output_index": 0,
                    "command_index": command, "delta": piece})));
            }
        }
        events.push(event(json!({"type": "response.completed", "response": {"id": "r", "output": []}})));
        Answer::events(events)
    }));
    let body = json!({"model": "m", "input": "SSN 536-22-8145", "stream": true});
    let events = chunks(&stream(&scene, "/v1/responses", &body));
    for command in [0, 1] {
        let own = |kind: &str, pointer: &str| -> String {
            let own = events
                .iter()
                .filter(|event| event["type"] == kind && event["command_index"] == command);
            own.filter_map(|event| event.pointer(pointer)?.as_str()).collect()
        };
        for pointer in ["/delta/stdout", "/delta/stderr"] {
            assert_eq!(
                own("response.shell_call_output_content.delta", pointer),
                format!("{SSN} [")
            );
        }
        assert_eq!(own("response.shell_call_command.delta", "/delta"), format!("{SSN} ["));
    }
    assert_eq!(events.last().unwrap()["type"], "response.completed");
}

#[test]
fn annotations_that_come_alone_stay_with_their_words() {
    // "é [SSN_1] has asthma (source).": the words in question are at 20 to 28.
    let text = ["é [SS", "N_1] has ", "asthma (source)."];
    let citation = json!({"type": "url_citation", "start_index": 21, "end_index": 29, "url": "u", "title": "[SSN_1]"});
    let (own, nested) =
        (citation.clone(), json!({"type": "url_citation", "url_citation": citation}));
    let scene = Setup::default().start(StandIn::new(move |request: &Received| {
        if request.head.contains("/chat/") {
            let mut pieces: Vec<_> = text.iter().map(|piece| json!({ "content": piece })).collect();
            pieces.extend([json!({"annotations": [nested]}), json!({"annotations": [nested]})]);
            return deltas(pieces);
        }
        let place = json!({"item_id": "msg_1", "output_index": 0, "content_index": 0});
        let event = |kind: &str, key: &str, value: Value| {
            let mut event = place.clone();
            event["type"] = json!(kind);
            event[key] = value;
            format!("event: {kind}\ndata: {event}\n\n")
        };
        let mut events: Vec<_> = text
            .iter()
            .map(|piece| event("response.output_text.delta", "delta", json!(piece)))
            .collect();
        events.push(event("response.output_text.annotation.added", "annotation", own.clone()));
        events.push(event("response.completed", "response", json!({"output": []})));
        Answer::events(events)
    }));
    let marked = |text: &str, citation: &Value| -> String {
        let at = |key: &str| usize::try_from(citation[key].as_u64().unwrap()).unwrap();
        assert_eq!(citation["title"], SSN);
        text.chars().skip(at("start_index")).take(at("end_index") - at("start_index")).collect()
    };
    let chat = stream(&scene, CHAT, &request("SSN 536-22-8145"));
    let said = said(&chat, 0, "/delta/content");
    let citations: Vec<_> = chunks(&chat)
        .iter()
        .filter_map(|chunk| chunk.pointer("/choices/0/delta/annotations/0/url_citation").cloned())
        .collect();
    assert_eq!(citations.len(), 2);
    citations.iter().for_each(|citation| assert_eq!(marked(&said, citation), "(source)"));

    let body = json!({"model": "m", "input": "SSN 536-22-8145", "stream": true});
    let events = chunks(&stream(&scene, "/v1/responses", &body));
    let said: String = events.iter().filter_map(|event| event["delta"].as_str()).collect();
    let added = events
        .iter()
        .find(|event| event["type"] == "response.output_text.annotation.added")
        .unwrap();
    assert_eq!(marked(&said, &added["annotation"]), "(source)");
}

#[test]
fn ids_and_names_of_the_protocol_are_no_dates_and_come_whole() {
    let scene = Setup::default()
        .settings("[policy]\ndefault = \"surrogate\"\n[policy.labels]\nDATE = \"date_shift\"")
        .start(StandIn::new(|request: &Received| {
            let body = request.json();
            let call = |arguments: &str| json!({"index": 0, "id": "call_0", "type": "function", "function": {"name": "find-12", "arguments": arguments}});
            let model = "gpt-4o-2024-05-13";
            if body["stream"] != true {
                let message = json!({"role": "assistant", "content": request.last_text(), "tool_calls": [call("{}")]});
                return Answer::json(200, &json!({"id": "chatcmpl-2024-05-13", "object": "chat.completion", "model": model, "system_fingerprint": "fp_3",
                    "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}));
            }
            let event = |delta: Value, finish: Value| {
                let chunk = json!({"id": "chatcmpl-2024-05-13", "object": "chat.completion.chunk", "model": model, "system_fingerprint": "fp_3",
                    "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]});
                format!("data: {chunk}\n\n")
            };
            Answer::events(vec![
                event(json!({"role": "assistant", "content": request.last_text()}), Value::Null),
                event(json!({"tool_calls": [call("")]}), Value::Null),
                event(json!({"tool_calls": [{"index": 0, "function": {"arguments": "{}"}}]}), Value::Null),
                event(json!({}), json!("tool_calls")),
                "data: [DONE]\n\n".to_owned(),
            ])
        }));
    let text = "Patient: John Doe, seen 03/14/2024";
    let mut body = request(text);
    let streamed = stream(&scene, CHAT, &body);
    assert!(!scene.standin.last().json().to_string().contains("03/14/2024"));
    assert_eq!(said(&streamed, 0, "/delta/content"), text);
    for chunk in chunks(&streamed) {
        for (key, value) in [
            ("id", "chatcmpl-2024-05-13"),
            ("model", "gpt-4o-2024-05-13"),
            ("system_fingerprint", "fp_3"),
        ] {
            assert_eq!(chunk[key], value);
        }
    }
    let calls: Vec<_> = chunks(&streamed)
        .iter()
        .filter_map(|chunk| chunk["choices"][0]["delta"]["tool_calls"].get(0).cloned())
        .collect();
    assert_eq!(
        (&calls[0]["id"], &calls[0]["type"], &calls[0]["function"]["name"]),
        (&json!("call_0"), &json!("function"), &json!("find-12"))
    );
    assert_eq!(calls.len(), 2, "{calls:?}");

    body["stream"] = json!(false);
    let reply = scene.chat(&body).json();
    assert_eq!(
        (&reply["id"], &reply["model"]),
        (&json!("chatcmpl-2024-05-13"), &json!("gpt-4o-2024-05-13"))
    );
    assert_eq!(reply["choices"][0]["message"]["content"], text);
    assert_eq!(reply["choices"][0]["message"]["tool_calls"][0]["id"], "call_0");
}
