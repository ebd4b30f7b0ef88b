//! Streams as nobody should write them and somebody does: every form of server-sent events, texts cut in the worst
//! places, and every event of OpenAI's published types.

use std::io::{Read, Write};

use serde_json::{Value, json};

use crate::support::{
    Scene, Setup,
    clients::{self, Client},
    data,
    standin::{Answer, Received, StandIn, chunk},
};

const CHAT: &str = "/v1/chat/completions";
const SSN: &str = "536-22-8145";

fn request(content: &str) -> Value {
    json!({"model": "gpt-4o", "stream": true, "messages": [{"role": "user", "content": content}]})
}

fn stream(scene: &Scene, path: &str, body: &Value) -> String {
    let mut text = String::new();
    scene.open(path, body).read_to_string(&mut text).unwrap();
    text
}

fn chunks(stream: &str) -> Vec<Value> {
    let data = data(stream).into_iter().filter(|data| data != "[DONE]");
    data.map(|data| serde_json::from_str(&data).unwrap()).collect()
}

/// The strings at `pointer` in the deltas of choice `index`, put together.
fn said(stream: &str, index: u64, pointer: &str) -> String {
    let choices = chunks(stream).into_iter();
    let choices =
        choices.flat_map(|chunk| chunk["choices"].as_array().cloned().unwrap_or_default());
    let own = choices.filter(|choice| choice["index"] == index);
    own.filter_map(|choice| Some(choice.pointer(pointer)?.as_str()?.to_owned())).collect()
}

fn deltas(deltas: Vec<Value>) -> Answer {
    let mut events: Vec<_> = deltas.into_iter().map(|delta| chunk(0, delta, None)).collect();
    events.extend([chunk(0, json!({}), Some("stop")), "data: [DONE]\n\n".to_owned()]);
    Answer::events(events)
}

#[test]
fn every_form_of_server_sent_events_is_read_alike() {
    let pieces = |text: &'static str| {
        [
            chunk(0, json!({"content": "See [SS"}), None),
            chunk(0, json!({"content": "N_1]."}), None),
            chunk(0, json!({}), Some("stop")),
        ]
        .map(|event| event.trim_end().to_owned())
        .into_iter()
        .chain([text.to_owned()])
        .collect::<Vec<_>>()
    };
    type Write = fn(Vec<String>) -> Vec<u8>;
    let forms: [(&str, &str, Write); 13] = [
        ("line feeds", "data: [DONE]", |events| (events.join("\n\n") + "\n\n").into()),
        ("carriage returns", "data: [DONE]", |events| (events.join("\r\r") + "\r\r").into()),
        ("both", "data: [DONE]", |events| (events.join("\r\n\r\n") + "\r\n\r\n").into()),
        ("mixed", "data: [DONE]", |events| (events.join("\r\n\n") + "\n\r").into()),
        ("a byte order mark", "data: [DONE]", |events| {
            ("\u{feff}".to_owned() + &events.join("\n\n") + "\n\n").into()
        }),
        ("no blank", "data:[DONE]", |events| {
            (events.join("\n\n").replace("data: ", "data:") + "\n\n").into()
        }),
        ("comments within events", "data: [DONE]", |events| {
            (events.join("\n: keep-alive\n\n:\n") + "\n:x\n\n").into()
        }),
        ("data over several lines", "data: [DONE]", |events| {
            (events.join("\n\n").replace(",\"", "\ndata:,\"") + "\n\n").into()
        }),
        ("names, ids and more", "data: [DONE]", |events| {
            let named = events.join("\n\nevent: message\nid: 7\nretry: 10\nunknown: x\nunknown\n");
            ("id\n".to_owned() + &named + "\n\n").into()
        }),
        ("many blank lines", "data: [DONE]", |events| {
            ("\n\n\n\n".to_owned() + &events.join("\n\n\n\n\n") + "\n\n\n").into()
        }),
        ("nothing after the end", "data: [DONE]", |events| events.join("\n\n").into()),
        ("one line feed after the end", "data: [DONE]", |events| {
            (events.join("\n\n") + "\n").into()
        }),
        ("more after the end", "data: [DONE]", |events| {
            (events.join("\n\n") + "\n\ndata: {\"choices\":[]}\n\ndata: nonsense\n\n").into()
        }),
    ];
    for (name, done, write) in forms {
        for size in [1, 2, 5, 1 << 20] {
            let bytes = write(pieces(done));
            let scene = Setup::default().start(StandIn::new(move |_| {
                let pieces: Vec<_> = bytes.chunks(size).map(<[u8]>::to_vec).collect();
                Answer::Stream(Box::new(pieces.into_iter()), true)
            }));
            let text = stream(&scene, CHAT, &request("SSN 536-22-8145"));
            assert_eq!(said(&text, 0, "/delta/content"), "See 536-22-8145.", "{name}, by {size}");
            assert!(text.ends_with("data: [DONE]\n\n"), "{name}, by {size}: {text}");
            assert_eq!(text.matches("[DONE]").count(), 1, "{name}, by {size}");
        }
    }
}

#[test]
fn arguments_cut_within_escapes_and_surrogate_pairs_stay_json() {
    // What the model writes, escapes of its own making included, and what the caller must read.
    let written = r#"{"a": "\ud83d\ude00 [SSN_1] \u005bSSN_1\u005d \"x\" \\", "b": ["[ssn\u005f1]", "\/\n[SSN_1]"], "c": "{\"d\": \"[SSN_1]\\n\"}", "e": [SSN_1]}"#;
    let expected = json!({
        "a": format!("\u{1f600} {SSN} {SSN} \"x\" \\"), "b": [SSN, format!("/\n{SSN}")],
        "c": format!("{{\"d\": \"{SSN}\\n\"}}"), "e": SSN,
    });
    for size in [1, 2, 3, 4, 5, 7, 500] {
        let scene = Setup::default().start(StandIn::new(move |_| {
            let pieces: Vec<_> = written.as_bytes().chunks(size).map(|b| String::from_utf8(b.to_vec()).unwrap()).collect();
            // Two parallel calls and one of the old form, turn by turn.
            deltas(pieces.into_iter().flat_map(|piece| {
                [0, 1].map(|index| json!({"tool_calls": [{"index": index, "function": {"arguments": piece}}]}))
                    .into_iter()
                    .chain([json!({"function_call": {"arguments": piece}}), json!({"tool_calls": [{"index": 2, "custom": {"input": piece}}]})])
            }).collect())
        }));
        let text = stream(&scene, CHAT, &request("SSN 536-22-8145"));
        let own = |index: u64, field: &str| -> String {
            let calls = chunks(&text)
                .into_iter()
                .filter_map(|chunk| chunk["choices"][0]["delta"]["tool_calls"].get(0).cloned());
            calls
                .filter(|call| call["index"] == index)
                .filter_map(|call| Some(call.pointer(field)?.as_str()?.to_owned()))
                .collect()
        };
        for arguments in [
            own(0, "/function/arguments"),
            own(1, "/function/arguments"),
            said(&text, 0, "/delta/function_call/arguments"),
        ] {
            let read: Value = serde_json::from_str(&arguments)
                .unwrap_or_else(|error| panic!("by {size}: {error} in {arguments}"));
            assert_eq!(read, expected, "by {size}");
        }
        // The input of a custom tool is any text; this one looks like JSON and stays so where it was.
        assert!(own(2, "/custom/input").contains(&format!("\"d\\\": \\\"{SSN}\\\\n")), "by {size}");
    }
}

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
fn a_response_that_ends_without_saying_how_has_broken_off() {
    let place = json!({"item_id": "msg_1", "output_index": 0, "content_index": 0, "type": "response.output_text.delta", "delta": "See [SSN_1] ["});
    let scene = Setup::default().start(StandIn::new(move |_| {
        Answer::events(vec![format!("event: response.output_text.delta\ndata: {place}\n\n")])
    }));
    let body = json!({"model": "m", "input": "SSN 536-22-8145", "stream": true});
    let events = chunks(&stream(&scene, "/v1/responses", &body));
    let said: String = events.iter().filter_map(|event| event["delta"].as_str()).collect();
    assert_eq!(said, format!("See {SSN} ["));
    assert_eq!(events.last().unwrap()["error"]["code"], "upstream_error");
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

fn gzip(pieces: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    pieces.for_each(|piece| encoder.write_all(&piece).unwrap());
    let body = encoder.finish().unwrap();
    let head = format!(
        "HTTP/1.1 200 X\r\ncontent-type: text/event-stream\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), &body].concat()
}

#[test]
fn a_compressed_stream_is_read_and_a_bomb_in_it_is_stopped() {
    let events =
        [chunk(0, json!({"content": "See [SSN_1]"}), Some("stop")), "data: [DONE]\n\n".to_owned()];
    let bytes = gzip(events.into_iter().map(String::into_bytes));
    let scene = Setup::default().start(StandIn::new(move |_| Answer::Raw(bytes.clone())));
    let text = stream(&scene, CHAT, &request("SSN 536-22-8145"));
    assert_eq!(said(&text, 0, "/delta/content"), format!("See {SSN}"));
    assert!(text.ends_with("data: [DONE]\n\n"), "{text}");

    // One event of 200 MB in some 200 kB.
    let first = std::iter::once(b"data: {\"choices\": [{\"delta\": {\"content\": \"".to_vec());
    let bytes = gzip(first.chain(std::iter::repeat_n(vec![b'a'; 1 << 20], 200)));
    assert!(bytes.len() < 1 << 20);
    let scene = Setup::default().start(StandIn::new(move |_| Answer::Raw(bytes.clone())));
    let idle = scene.peak_memory_bytes();
    let text = stream(&scene, CHAT, &request("SSN 536-22-8145"));
    let events = data(&text);
    let last: Value = serde_json::from_str(events.last().unwrap()).unwrap();
    assert_eq!(last["error"]["code"], "upstream_error");
    let more = scene.peak_memory_bytes() - idle;
    assert!(more < 110 << 20, "{more} bytes over {idle}");
    assert_eq!(scene.get("/healthz", &[]).status, 200);
}
