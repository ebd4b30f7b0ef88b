//! OpenAI's other text endpoints: the same protection.

use std::io::Read;

use serde_json::{Value, json};

use crate::support::{
    NOTE, Setup, data,
    standin::{Answer, Received, StandIn},
};

#[test]
fn completions_take_one_prompt_or_many() {
    let scene = Setup::default().start(StandIn::new(|request: &Received| {
        let prompt = request.json()["prompt"].clone();
        let prompts = prompt.as_array().cloned().unwrap_or_else(|| vec![prompt]);
        let choices: Vec<_> = (0..).zip(prompts).map(|(index, text)| json!({"index": index, "text": text, "logprobs": null, "finish_reason": "stop"})).collect();
        Answer::json(200, &json!({"id": "cmpl-1", "object": "text_completion", "choices": choices}))
    }));
    for (prompt, expected) in [(json!(NOTE), vec![NOTE]), (json!(["hi", NOTE]), vec!["hi", NOTE])] {
        let reply = scene.ask(
            "/v1/completions",
            &json!({"model": "gpt-3.5-turbo-instruct", "prompt": prompt, "stop": ["John Doe"]}),
        );
        assert_eq!(reply.status, 200, "{}", reply.body);
        let texts: Vec<_> = reply.json()["choices"]
            .as_array()
            .unwrap()
            .iter()
            .map(|choice| choice["text"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(texts, expected);
        assert!(reply.header("x-deid-restored").unwrap().starts_with("given="));
    }
}

#[test]
fn every_field_of_a_completion_is_kept_and_its_texts_are_scrubbed() {
    let scene = Setup::default().start(StandIn::new(|request: &Received| {
        let body = request.json();
        let prompts = body["prompt"].as_array().unwrap().clone();
        // An echo says the prompt first, and its tokens are those of the placeholders.
        let choices: Vec<_> = prompts.iter().enumerate().map(|(index, prompt)| {
            let text = format!("{}! {}", prompt.as_str().unwrap(), body["suffix"].as_str().unwrap());
            json!({"index": index, "text": text, "finish_reason": "length",
                "logprobs": {"tokens": ["[SSN", "_1]"], "token_logprobs": [null, -0.5], "top_logprobs": [], "text_offset": [0, 4]}})
        }).collect();
        Answer::json(200, &json!({"id": "cmpl-1", "object": "text_completion", "choices": choices}))
    }));
    let body = json!({"model": "m", "prompt": ["SSN 536-22-8145", "", "SSN 536-22-8145"], "suffix": "536-22-8145", "echo": true,
        "best_of": 3, "n": 1, "logprobs": 2, "max_tokens": 5, "stop": ["536-22-8145", "\n"], "logit_bias": {"50256": -100},
        "presence_penalty": 0.5, "seed": 7, "user": "536-22-8145", "x_new": {"deep": ["536-22-8145", 5]}});
    let reply = scene.ask("/v1/completions", &body);
    assert_eq!(reply.status, 200, "{}", reply.body);
    let mut expected = body.to_string().replace("536-22-8145", "[SSN_1]");
    // A number in a field that nobody knows could be anything; this one is too short to be somebody's.
    expected = serde_json::from_str::<Value>(&expected).unwrap().to_string();
    assert_eq!(scene.sent().to_string(), expected);
    let choices = reply.json()["choices"].clone();
    assert_eq!(choices[0]["text"], "SSN 536-22-8145! 536-22-8145");
    assert_eq!(choices[1]["text"], "! 536-22-8145");
    assert_eq!(choices[2]["logprobs"]["tokens"], json!(["[SSN", "_1]"]));
    for prompt in [json!([1, 2]), json!([[1, 2]]), json!(["a", [1]]), json!({"a": 1})] {
        let reply = scene.ask("/v1/completions", &json!({"model": "m", "prompt": prompt}));
        assert_eq!(reply.status, 400, "{prompt}");
    }
    assert_eq!(scene.standin.count(), 1);
}

#[test]
fn completions_stream() {
    let scene = Setup::default().start(StandIn::new(|request: &Received| {
        let prompt = request.json()["prompt"].as_str().unwrap().to_owned();
        let piece = |text: &str, finish: Value| {
            let chunk = json!({"id": "cmpl-1", "object": "text_completion", "choices": [{"index": 0, "text": text, "logprobs": null, "finish_reason": finish}]});
            format!("data: {chunk}\n\n")
        };
        let mut events: Vec<_> = prompt.chars().map(|c| piece(&c.to_string(), Value::Null)).collect();
        events.push(piece("", json!("stop")));
        events.push("data: [DONE]\n\n".into());
        Answer::events(events)
    }));
    let mut text = String::new();
    let body = json!({"model": "m", "prompt": NOTE, "stream": true});
    scene.open("/v1/completions", &body).read_to_string(&mut text).unwrap();
    let pieces = data(&text).into_iter().filter(|data| data != "[DONE]");
    let pieces = pieces.map(|data| serde_json::from_str::<Value>(&data).unwrap());
    let said: String =
        pieces.map(|chunk| chunk["choices"][0]["text"].as_str().unwrap().to_owned()).collect();
    assert_eq!(said, NOTE);
}

#[test]
fn embeddings_are_of_text_without_phi() {
    let scene = Setup::default().start(StandIn::new(|request: &Received| {
        assert!(request.json()["input"][0].as_str().unwrap().contains("[NAME_1]"));
        Answer::json(200, &json!({"object": "list", "model": "e", "data": [{"object": "embedding", "index": 0, "embedding": [0.125, -1.0e-5]}], "usage": {"total_tokens": 3}}))
    }));
    let reply = scene.ask(
        "/v1/embeddings",
        &json!({"model": "text-embedding-3-small", "input": [NOTE], "user": "John Doe"}),
    );
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert_eq!(reply.json()["data"][0]["embedding"], json!([0.125, -1.0e-5]));
    let tokens = scene.ask("/v1/embeddings", &json!({"model": "m", "input": [[1, 2]]}));
    assert_eq!((tokens.status, tokens.error_code().as_str()), (400, "unsupported_content"));
}

#[test]
fn moderations_are_of_text_without_phi() {
    let scene = Setup::default().start(StandIn::new(|_| {
        Answer::json(200, &json!({"id": "modr-1", "model": "m", "results": [{"flagged": false}]}))
    }));
    for input in [json!(NOTE), json!([NOTE]), json!([{"type": "text", "text": NOTE}])] {
        let reply = scene.ask("/v1/moderations", &json!({"input": input}));
        assert_eq!((reply.status, &reply.json()["results"][0]["flagged"]), (200, &json!(false)));
    }
}

fn response(text: &str) -> Value {
    json!({
        "id": "resp_1", "object": "response", "status": "completed", "model": "gpt-4o",
        "output": [{"type": "message", "id": "msg_1", "role": "assistant", "status": "completed",
            "content": [{"type": "output_text", "text": text, "annotations": []}]}],
    })
}

#[test]
fn responses_take_text_and_items() {
    let scene = Setup::default().start(StandIn::new(|request: &Received| {
        let input = request.json()["input"].clone();
        let text = input.as_str().map_or_else(
            || input[0]["content"][0]["text"].as_str().unwrap().to_owned(),
            str::to_owned,
        );
        Answer::json(200, &response(&text))
    }));
    for input in [
        json!(NOTE),
        json!([
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": NOTE}]},
            {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "look_up", "arguments": json!({"name": "John Doe"}).to_string()},
            {"type": "function_call_output", "call_id": "call_1", "output": json!({"mrn": 44710093}).to_string()},
        ]),
    ] {
        let body = json!({"model": "gpt-4o", "instructions": "Be kind to John Doe", "input": input, "metadata": {"who": "Okonkwo"},
            "tools": [{"type": "function", "name": "look_up", "description": "finds", "parameters": {"type": "object", "properties": {"name": {"type": "string"}}}}]});
        let reply = scene.ask("/v1/responses", &body);
        assert_eq!(reply.status, 200, "{}", reply.body);
        assert_eq!(reply.json()["output"][0]["content"][0]["text"], NOTE);
    }
    let sent = scene.standin.received()[1].json();
    assert_eq!(sent["tools"][0]["name"], "look_up");
    assert_eq!(sent["input"][1]["call_id"], "call_1");
    assert!(serde_json::from_str::<Value>(sent["input"][1]["arguments"].as_str().unwrap()).is_ok());
}

#[test]
fn what_the_provider_would_have_stored_is_refused() {
    let scene = Setup::default().start(StandIn::echo());
    for body in [
        json!({"model": "m", "input": "hi", "previous_response_id": "resp_1"}),
        json!({"model": "m", "input": "hi", "background": true}),
        json!({"model": "m"}),
    ] {
        let reply = scene.ask("/v1/responses", &body);
        assert_eq!((reply.status, reply.error_code().as_str()), (400, "invalid_request"));
    }
    scene.nothing_sent();
}

#[test]
fn responses_stream_with_typed_events() {
    let scene = Setup::default().start(StandIn::new(|request: &Received| {
        let text = request.json()["input"].as_str().unwrap().to_owned();
        let event = |value: Value| format!("event: {}\ndata: {value}\n\n", value["type"].as_str().unwrap());
        let place = json!({"item_id": "msg_1", "output_index": 0, "content_index": 0});
        let typed = |kind: &str, key: &str, value: &str| {
            let mut fields = place.clone();
            fields["type"] = json!(kind);
            fields[key] = json!(value);
            event(fields)
        };
        let mut events = vec![event(json!({"type": "response.created", "response": {"id": "resp_1"}}))];
        events.extend(text.chars().map(|c| typed("response.output_text.delta", "delta", &c.to_string())));
        // A tail that never became a placeholder.
        events.push(typed("response.output_text.delta", "delta", " [NAME_"));
        events.push(typed("response.output_text.done", "text", &format!("{text} [NAME_")));
        let arguments = json!({"who": text}).to_string();
        events.extend(arguments.chars().map(|c| event(json!({"type": "response.function_call_arguments.delta", "item_id": "fc_1", "output_index": 1, "delta": c.to_string()}))));
        events.push(event(json!({"type": "response.function_call_arguments.done", "item_id": "fc_1", "output_index": 1, "arguments": arguments})));
        events.push(event(json!({"type": "response.completed", "response": response(&text)})));
        Answer::events(events)
    }));
    let mut text = String::new();
    let body = json!({"model": "m", "input": NOTE, "stream": true});
    scene.open("/v1/responses", &body).read_to_string(&mut text).unwrap();
    let events: Vec<Value> =
        data(&text).iter().map(|data| serde_json::from_str(data).unwrap()).collect();
    let of = |kind: &str| {
        events.iter().filter(|event| event["type"] == kind).cloned().collect::<Vec<_>>()
    };
    let deltas = |kind: &str| {
        of(kind).iter().map(|event| event["delta"].as_str().unwrap().to_owned()).collect::<String>()
    };
    assert_eq!(deltas("response.output_text.delta"), format!("{NOTE} [NAME_"));
    assert_eq!(of("response.output_text.done")[0]["text"], format!("{NOTE} [NAME_"));
    let arguments = deltas("response.function_call_arguments.delta");
    assert_eq!(serde_json::from_str::<Value>(&arguments).unwrap(), json!({"who": NOTE}));
    assert_eq!(of("response.function_call_arguments.done")[0]["arguments"], arguments);
    assert_eq!(of("response.completed")[0]["response"]["output"][0]["content"][0]["text"], NOTE);
    // Each event's name is its type.
    for (name, event) in text.lines().filter_map(|line| line.strip_prefix("event: ")).zip(&events) {
        assert_eq!(name, event["type"].as_str().unwrap());
    }
}

#[test]
fn what_is_no_reply_of_the_endpoint_is_an_error() {
    let scene =
        Setup::default().start(StandIn::new(|_| Answer::json(200, &json!({"object": "list"}))));
    for path in ["/v1/completions", "/v1/responses", "/v1/embeddings", "/v1/moderations"] {
        let reply = scene.ask(path, &json!({"model": "m", "input": "hi", "prompt": "hi"}));
        assert_eq!((reply.status, reply.error_code().as_str()), (500, "upstream_error"), "{path}");
    }
}

#[test]
fn other_routes_are_not_passed_through() {
    let scene = Setup::default().start(StandIn::echo());
    for path in [
        "/v1/audio/speech",
        "/v1/files",
        "/v1/responses/resp_1",
        "/v1/chat/completions/x",
        "/v1/assistants",
    ] {
        let reply = scene.ask(path, &json!({"input": NOTE}));
        assert_eq!((reply.status, reply.error_code().as_str()), (404, "not_found"), "{path}");
    }
    for path in ["/v1/completions", "/v1/responses", "/v1/embeddings", "/v1/moderations"] {
        // Who is asking comes before what for.
        let headers = [("x-compliantchatgpt-key", crate::support::KEY)];
        assert_eq!(scene.get(path, &headers).status, 405);
    }
    scene.nothing_sent();
}
