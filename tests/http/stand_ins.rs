//! Upstreams by others, who read OpenAI's documentation with other eyes: PyPI's llmock with its faults,
//! and npm's aimock with a character a chunk.

use std::io::Read;

use serde_json::{Value, json};

use crate::support::{
    NOTE, PHI, Scene, Setup, clients::Server, data, standin::StandIn, without_chance,
};

fn scene(server: &Server) -> Scene {
    let base = format!("{}/v1", server.url);
    // Long enough for a stand-in that is a program of its own on a busy machine, and less than it falls silent for.
    let setup = Setup::default().settings("[upstream]\nread_timeout_s = 8");
    setup.env("DEID__UPSTREAM__BASE_URL", &base).start(StandIn::echo())
}

/// Looks through what a stand-in's journal says that it was sent, and not at the times and fingerprints
/// that it adds: among their many digits stands a zip code by chance.
fn no_phi(journal: &str) {
    let sent = sent(&serde_json::from_str(journal).unwrap());
    assert!(!sent.is_empty(), "{journal}");
    for request in sent {
        let text = without_chance(&request).to_lowercase();
        for secret in PHI {
            assert!(!text.contains(&secret.to_lowercase()), "{secret:?} went upstream: {text}");
        }
    }
}

/// Path, headers and body of every request in a journal, without the id that aimock draws: some letters of
/// it are a name by chance.
fn sent(journal: &Value) -> Vec<String> {
    let entries = match journal {
        Value::Array(entries) => entries,
        other => {
            let lists = other.as_object().unwrap().values().filter_map(Value::as_array);
            return lists.flat_map(|list| sent(&json!(list))).collect();
        }
    };
    entries
        .iter()
        .map(|entry| {
            assert!(entry.get("body").is_some(), "{entry}");
            let mut headers = entry.get("headers").cloned().unwrap_or_default();
            if let Some(headers) = headers.as_object_mut() {
                headers.remove("x-request-id");
            }
            json!([entry["path"], headers, entry["body"]]).to_string()
        })
        .collect()
}

fn chat(more: Value) -> Value {
    let mut body = json!({"model": "gpt-4o", "messages": [{"role": "user", "content": SHORT}]});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

/// The events of a stream, without `[DONE]`.
fn events(scene: &Scene, path: &str, body: &Value) -> (Vec<Value>, bool) {
    let mut text = String::new();
    scene.open(path, body).read_to_string(&mut text).unwrap();
    let mut events = data(&text);
    let done = events.last().is_some_and(|last| last == "[DONE]");
    if done {
        events.pop();
    }
    (events.iter().map(|event| serde_json::from_str(event).unwrap()).collect(), done)
}

fn said(events: &[Value], pointer: &str) -> String {
    events.iter().filter_map(|event| event.pointer(pointer)?.as_str()).collect()
}

/// llmock says no more than 128 characters.
const SHORT: &str = "Patient John Doe (MRN: 44710093, SSN 536-22-8145), born 03/14/1962";

const CHAT: &str = "/v1/chat/completions";
const CONTENT: &str = "/choices/0/delta/content";

#[test]
fn llmock_says_it_back() {
    let server = Server::llmock();
    let scene = scene(&server);
    let content =
        |reply: Value| reply["choices"][0]["message"]["content"].as_str().unwrap().to_owned();
    assert!(content(scene.chat(&chat(json!({"n": 2}))).json()).ends_with(SHORT));
    let usage = json!({"stream": true, "stream_options": {"include_usage": true}});
    let (stream, done) = events(&scene, CHAT, &chat(usage));
    assert!(done && said(&stream, CONTENT).ends_with(SHORT));
    assert!(stream.last().unwrap()["usage"]["total_tokens"].is_u64());

    let schema = json!({"type": "object", "properties": {"patient": {"type": "string"}, "age": {"type": "integer"}}, "required": ["patient", "age"], "additionalProperties": false});
    let format = json!({"response_format": {"type": "json_schema", "json_schema": {"name": "summary", "strict": true, "schema": schema}}});
    let structured: Value =
        serde_json::from_str(&content(scene.chat(&chat(format)).json())).unwrap();
    assert!(structured["patient"].is_string() && structured["age"].is_i64());
    let tools = json!({"tools": [{"type": "function", "function": {"name": "look_up", "parameters": schema}}]});
    let call = scene.chat(&chat(tools)).json()["choices"][0]["message"]["tool_calls"][0].clone();
    let arguments = call["function"]["arguments"].as_str().unwrap();
    assert!(serde_json::from_str::<Value>(arguments).unwrap()["patient"].is_string());

    let response = scene.ask("/v1/responses", &json!({"model": "gpt-4o", "input": SHORT})).json();
    assert!(response["output"][0]["content"][0]["text"].as_str().unwrap().ends_with(SHORT));
    let body = json!({"model": "gpt-4o", "input": SHORT, "stream": true});
    let (stream, _) = events(&scene, "/v1/responses", &body);
    let deltas: Vec<_> = stream
        .iter()
        .filter(|event| event["type"] == "response.output_text.delta")
        .cloned()
        .collect();
    assert!(said(&deltas, "/delta").ends_with(SHORT));
    let body = json!({"model": "text-embedding-3-small", "input": [SHORT]});
    assert!(scene.ask("/v1/embeddings", &body).json()["data"][0]["embedding"].is_array());
    no_phi(&server.get("/_llmock/requests"));
}

#[test]
fn llmocks_faults_are_plain_errors() {
    let server = Server::llmock();
    let scene = scene(&server);
    let scenario = |behavior: Value| {
        server.tell("/_llmock/reset", &json!({}));
        server.tell("/_llmock/scenario", &json!({ "behaviors": [behavior] }));
    };
    for (status, expected) in
        [(400, 400), (401, 400), (404, 404), (422, 422), (500, 500), (503, 500)]
    {
        scenario(json!({"type": "fail", "status": status}));
        let reply = scene.chat(&chat(json!({})));
        assert_eq!(reply.status, expected, "{}", reply.body);
        reply.error_code();
    }
    scenario(json!({"type": "fail", "status": 429, "retry_after": 3}));
    let reply = scene.chat(&chat(json!({})));
    assert_eq!((reply.status, reply.header("retry-after")), (429, Some("3")));
    for (kind, code) in [
        ("disconnect", "upstream_error"),
        ("truncate", "upstream_error"),
        ("malformed", "upstream_error"),
        ("stall", "upstream_timeout"),
    ] {
        let mut fault = json!({"type": "stream_fault", "kind": kind, "after_chunks": 5});
        if kind == "stall" {
            fault["stall_seconds"] = json!(30);
        }
        scenario(fault);
        let (stream, done) = events(&scene, CHAT, &chat(json!({"stream": true})));
        let last = stream.last().unwrap();
        assert_eq!(last["error"]["code"], code, "{kind}: {last}");
        assert!(!done, "{kind} ended as if all were well");
    }
    scenario(json!({"type": "delay", "seconds": 30}));
    let reply = scene.chat(&chat(json!({})));
    assert_eq!((reply.status, reply.error_code().as_str()), (500, "upstream_timeout"));
    scenario(json!({"type": "reply", "text": "So it is, [NAME_1]."}));
    assert!(scene.chat(&chat(json!({}))).body.contains("So it is, John Doe."));
    no_phi(&server.get("/_llmock/requests"));
}

#[test]
fn aimock_spells_placeholders_in_texts_and_arguments() {
    let server = Server::aimock();
    let scene = scene(&server);
    let expected =
        "Seen: John Doe (MRN 44710093), John Doe, John Doe; not [NAME_99], nor [NAME_ or \"[";
    let reply = scene.chat(&chat(json!({}))).json();
    assert_eq!(reply["choices"][0]["message"]["content"], expected);
    let (stream, done) = events(&scene, CHAT, &chat(json!({"stream": true})));
    assert!(done);
    assert_eq!(said(&stream, CONTENT), expected);
    let tools = json!({"stream": true, "tools": [{"type": "function", "function": {"name": "look_up", "parameters": {"type": "object"}}}],
        "messages": [{"role": "user", "content": format!("look up: {NOTE}")}]});
    let (stream, _) = events(&scene, CHAT, &chat(tools));
    let arguments = said(&stream, "/choices/0/delta/tool_calls/0/function/arguments");
    let arguments: Value = serde_json::from_str(&arguments).unwrap();
    assert_eq!(arguments, json!({"patient": "John Doe", "notes": ["\"44710093\"", "["]}));
    let body = json!({"model": "gpt-4o", "input": NOTE, "stream": true});
    let (stream, _) = events(&scene, "/v1/responses", &body);
    let of = |kind: &str| {
        stream.iter().filter(|event| event["type"] == kind).cloned().collect::<Vec<_>>()
    };
    assert_eq!(said(&of("response.output_text.delta"), "/delta"), expected);
    assert_eq!(of("response.output_text.done")[0]["text"], expected);
    no_phi(&server.get("/__aimock/journal"));
}
