//! A canary in every string position of OpenAI's request shapes, one after the other: it is replaced, or the request
//! is refused. The scene itself looks for it upstream and in the log when it ends.

use std::thread;

use serde_json::{Value, json};

use crate::support::{
    Scene, Setup,
    clients::{self, Client},
    standin::{Answer, Received, StandIn},
};

/// The rules find it anywhere, and it has the shape of a name, a word and a model.
const CANARY: &str = "536-22-8145";

/// Every field of the request that is published, protocol constants too.
fn chat() -> Value {
    let schema = json!({"type": "object", "title": "t", "description": "d", "required": ["a"], "$schema": "https://json-schema.org/draft/2020-12/schema",
        "properties": {"a": {"type": "string", "description": "d", "enum": ["x"], "default": "x", "examples": ["x"], "pattern": "p", "format": "date", "const": "x"},
            "b": {"$ref": "#/$defs/c"}}, "$defs": {"c": {"anyOf": [{"type": "null"}]}}});
    json!({
        "model": "gpt-4o", "user": "u", "safety_identifier": "s", "prompt_cache_key": "k", "metadata": {"key": "v"},
        "service_tier": "auto", "reasoning_effort": "low", "verbosity": "low", "modalities": ["text"], "stop": ["s"],
        "prompt_cache_retention": "24h", "function_call": {"name": "f"}, "logit_bias": {"50256": -100},
        "audio": {"voice": "alloy", "format": "mp3"}, "seed": 5, "unknown": {"deep": [{"er": "x"}]},
        "tool_choice": {"type": "function", "function": {"name": "f"}},
        "functions": [{"name": "f", "description": "d", "parameters": schema}],
        "tools": [{"type": "function", "function": {"name": "f", "description": "d", "strict": true, "parameters": schema}},
            {"type": "custom", "custom": {"name": "c", "description": "d", "format": {"type": "grammar", "grammar": {"syntax": "lark", "definition": "d"}}}}],
        "response_format": {"type": "json_schema", "json_schema": {"name": "n", "description": "d", "schema": schema}},
        "prediction": {"type": "content", "content": [{"type": "text", "text": "t"}]},
        "web_search_options": {"search_context_size": "low", "user_location": {"type": "approximate",
            "approximate": {"city": "c", "region": "r", "country": "US", "timezone": "t"}}},
        "messages": [
            {"role": "system", "content": "c", "name": "n"},
            {"role": "developer", "content": [{"type": "text", "text": "t"}]},
            {"role": "user", "content": [{"type": "text", "text": "t"}], "name": "n", "unknown": "x"},
            {"role": "assistant", "content": "c", "refusal": "r", "audio": {"id": "audio_1"}, "name": "n",
                "function_call": {"name": "f", "arguments": "{\"a\":\"b\"}"},
                "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}},
                    {"id": "call_2", "type": "custom", "custom": {"name": "c", "input": "i"}}]},
            {"role": "tool", "content": "c", "tool_call_id": "call_1"},
            {"role": "function", "content": "c", "name": "f"},
        ],
    })
}

fn responses() -> Value {
    let content = |kind: &str| json!([{"type": kind, "text": "t"}]);
    json!({
        "model": "gpt-4o", "instructions": "i", "user": "u", "safety_identifier": "s", "prompt_cache_key": "k",
        "metadata": {"key": "v"}, "service_tier": "auto", "truncation": "auto", "include": ["reasoning.encrypted_content"],
        "prompt": {"id": "pmpt_1", "version": "2", "variables": {"name": "v", "part": {"type": "input_text", "text": "t"}}},
        "reasoning": {"effort": "low", "summary": "auto"}, "unknown": {"deep": ["x"]},
        "text": {"verbosity": "low", "format": {"type": "json_schema", "name": "n", "description": "d", "schema": {"type": "object", "title": "t"}}},
        "tool_choice": {"type": "function", "name": "f"},
        "tools": [{"type": "function", "name": "f", "description": "d", "parameters": {"type": "object"}},
            {"type": "file_search", "vector_store_ids": ["vs_1"], "filters": {"key": "k", "type": "eq", "value": "v"}},
            {"type": "mcp", "server_label": "l", "server_url": "u", "authorization": "a", "headers": {"h": "v"}, "allowed_tools": ["t"]},
            {"type": "web_search", "search_context_size": "low", "user_location": {"type": "approximate", "city": "c"}}],
        "input": [
            {"role": "user", "content": "c"},
            {"type": "message", "role": "user", "content": content("input_text")},
            {"type": "message", "role": "assistant", "id": "msg_1", "status": "completed",
                "content": [{"type": "output_text", "text": "t", "annotations": [{"type": "url_citation", "url": "u", "title": "t"}]}, {"type": "refusal", "refusal": "r"}]},
            {"type": "reasoning", "id": "rs_1", "summary": content("summary_text"), "encrypted_content": "gAAAAABo".repeat(9)},
            {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "f", "arguments": "{\"a\": \"b\"}", "status": "completed"},
            {"type": "function_call_output", "call_id": "call_1", "output": "o"},
            {"type": "function_call_output", "call_id": "call_1", "output": content("input_text")},
            {"type": "custom_tool_call", "call_id": "call_2", "name": "c", "input": "i"},
            {"type": "custom_tool_call_output", "call_id": "call_2", "output": "o"},
            {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search", "query": "q"}},
            {"type": "file_search_call", "id": "fs_1", "queries": ["q"], "results": [{"text": "t", "filename": "f"}]},
            {"type": "mcp_call", "id": "mcp_1", "name": "n", "arguments": "{}", "server_label": "l", "output": "o", "error": "e"},
        ],
    })
}

/// The strings of `value`, as paths to them.
fn positions(value: &Value, path: String, into: &mut Vec<String>) {
    match value {
        Value::String(_) => into.push(path),
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                positions(item, format!("{path}/{at}"), into);
            }
        }
        Value::Object(fields) => {
            for (key, value) in fields {
                let key = key.replace('~', "~0").replace('/', "~1");
                positions(value, format!("{path}/{key}"), into);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn answer(request: &Received) -> Answer {
    let path = request.head.split_whitespace().nth(1).unwrap_or_default();
    Answer::json(
        200,
        &match path.rsplit('/').next().unwrap_or_default() {
            "responses" => json!({"id": "resp_1", "output": []}),
            "embeddings" => json!({"data": [{"embedding": []}]}),
            "moderations" => json!({"results": [{}]}),
            _ => {
                json!({"choices": [{"index": 0, "message": {"role": "assistant", "content": "ok"}, "text": "ok"}]})
            }
        },
    )
}

/// Sends `body` with the canary at each position; gives how many requests were sent on, and how many refused.
fn fly(scene: &Scene, path: &str, body: &Value) -> (usize, usize) {
    let whole = scene.ask(path, body);
    assert_eq!(whole.status, 200, "{path}: {}", whole.body);
    let mut places = Vec::new();
    positions(body, String::new(), &mut places);
    let (mut sent, mut refused) = (0, 0);
    for place in places {
        let mut changed = body.clone();
        *changed.pointer_mut(&place).unwrap() = json!(CANARY);
        let before = scene.standin.count();
        let reply = scene.ask(path, &changed);
        match reply.status {
            200 => {
                sent += 1;
                let upstream = scene.standin.last().json();
                let there = upstream.pointer(&place).and_then(Value::as_str).unwrap_or_default();
                assert!(
                    ["[SSN_", "[ID_", "[NAME_"].iter().any(|label| there.contains(label)),
                    "{path} {place}: {there}"
                );
            }
            400 => {
                refused += 1;
                assert_eq!(scene.standin.count(), before, "{path} {place}: sent although refused");
                assert!(!reply.body.contains(CANARY), "{path} {place}: quoted");
            }
            other => panic!("{path} {place}: {other} {}", reply.body),
        }
    }
    (sent, refused)
}

#[test]
fn no_string_position_of_any_endpoint_lets_a_canary_through() {
    let scene = Setup::default().start(StandIn::new(answer));
    for (path, body, least_sent) in [
        ("/v1/chat/completions", chat(), 90),
        ("/v1/responses", responses(), 90),
        (
            "/v1/completions",
            json!({"model": "m", "prompt": ["a", "b"], "suffix": "s", "stop": ["s"], "user": "u", "unknown": "x"}),
            7,
        ),
        (
            "/v1/embeddings",
            json!({"model": "m", "input": ["a", "b"], "encoding_format": "float", "user": "u", "unknown": "x"}),
            6,
        ),
        (
            "/v1/moderations",
            json!({"model": "m", "input": [{"type": "text", "text": "t"}], "unknown": "x"}),
            3,
        ),
    ] {
        let (sent, refused) = fly(&scene, path, &body);
        assert!(sent >= least_sent, "{path}: {sent} sent, {refused} refused");
    }
}

/// Why a published shape is refused as it stands.
const REFUSED: [&str; 4] = [
    "cannot be de-identified",
    "nothing is stored here",
    "cannot be referred to",
    "the content is missing",
];

#[test]
fn openais_published_types_pass_and_let_no_canary_through() {
    let shapes = clients::run(Client::Python, "shapes.py", &[], &[]);
    let shapes: Vec<&str> = shapes.lines().collect();
    assert!(shapes.len() > 1000, "{} shapes", shapes.len());
    // Each thread has a scene of its own, so that what a stand-in received last is known.
    let (sent, wrong) = thread::scope(|scope| {
        let flights: Vec<_> = shapes
            .chunks(shapes.len().div_ceil(8))
            .map(|part| scope.spawn(|| fly_shapes(part)))
            .collect();
        let results = flights.into_iter().map(|flight| flight.join().unwrap());
        results.fold((0, Vec::new()), |(sent, mut wrong), (own_sent, own_wrong)| {
            wrong.extend(own_wrong);
            (sent + own_sent, wrong)
        })
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(sent > 700, "{sent} sent");
}

/// Sends each shape as it stands and with the canary in its place; gives how many of these were sent on, and what
/// was wrong.
fn fly_shapes(shapes: &[&str]) -> (usize, Vec<String>) {
    let scene = Setup::default().start(StandIn::new(answer));
    let (mut sent, mut wrong) = (0, Vec::new());
    for line in shapes {
        let case: Value = serde_json::from_str(line).unwrap();
        let text = |key: &str| case[key].as_str().unwrap().to_owned();
        let (path, place) = (text("path"), text("place"));
        // As it stands: taken and left as it is, or refused for what it is.
        let reply = scene.ask(&path, &case["body"]);
        if reply.status == 200 {
            let upstream = scene.standin.last().json();
            let is_left = upstream.pointer(&place) == case["body"].pointer(&place);
            let is_participant = place == "/messages/0/name";
            if !is_left && !is_participant && !place.contains("/logprobs/") {
                wrong.push(format!("{path} {place} changed: {upstream}"));
            }
        } else {
            let message = reply.json()["error"]["message"].as_str().unwrap().to_owned();
            if !REFUSED.iter().any(|known| message.contains(known)) {
                wrong.push(format!("{path} {place} refused: {message} {}", case["body"]));
            }
        }
        let mut changed = case["body"].clone();
        *changed.pointer_mut(&place).unwrap() = json!(CANARY);
        let reply = scene.ask(&path, &changed);
        sent += usize::from(reply.status == 200);
        // Whether it went up is seen when the scene ends.
        if ![200, 400].contains(&reply.status) || reply.body.contains(CANARY) {
            wrong.push(format!("{path} {place} canary: {} {}", reply.status, reply.body));
        }
    }
    (sent, wrong)
}
