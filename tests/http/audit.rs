//! The audit log of the real program: who, when, what kinds and how many, and never what.

use std::fs;

use serde_json::{Value, json};

use crate::support::{
    KEY, NOTE, OPENAI_KEY, PHI, Scene, Setup, data,
    standin::{Answer, StandIn, chunk, spelled},
    without_chance,
};

/// The lines of the log.
pub(crate) fn lines(scene: &Scene) -> Vec<Value> {
    let text = fs::read_to_string(scene.folder().join("data/audit.jsonl")).unwrap_or_default();
    // The last one may be on its way.
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    whole.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The lines, once there are this many: a stream's is written when it is over.
pub(crate) fn wait_for_lines(scene: &Scene, count: usize) -> Vec<Value> {
    let begun = std::time::Instant::now();
    loop {
        let lines = lines(scene);
        if lines.len() >= count {
            return lines;
        }
        assert!(begun.elapsed().as_secs() < 60, "{lines:?}");
        std::thread::yield_now();
    }
}

#[test]
fn every_request_has_a_line_without_content_and_the_chain_holds() {
    let scene = Setup::default().start(StandIn::echo());
    let key = scene.create_key(&[]);
    assert_eq!(scene.say_with(&key, NOTE).status, 200);
    assert_eq!(scene.say_with("wrong", NOTE).status, 401);
    assert_eq!(scene.chat(&json!({"model": "gpt-4o"})).status, 400);
    assert_eq!(scene.get("/healthz", &[]).status, 200);

    let lines = lines(&scene);
    assert_eq!(lines.len(), 3, "{lines:?}");
    let line = &lines[0];
    assert_eq!(line["key"].as_str(), key.split('_').nth(1));
    for (field, value) in [
        ("seq", json!(1)),
        ("key_name", json!("Ward 3")),
        ("method", json!("POST")),
        ("route", json!("/v1/chat/completions")),
        ("model", json!("gpt-4o")),
        ("stream", json!(false)),
        ("status", json!(200)),
        ("upstream_status", json!(200)),
        ("unknown", json!(0)),
        ("tokens", json!({"prompt": 9, "completion": 12, "total": 21})),
    ] {
        assert_eq!(line[field], value, "{field}");
    }
    assert!(line["entities"]["SSN"].as_u64() == Some(1), "{line}");
    assert!(line["detectors"].as_object().is_some_and(|counts| !counts.is_empty()), "{line}");
    assert!(line["placeholders"].as_u64() >= Some(5) && line["restored"].as_u64() >= Some(5));
    assert!(line["request_bytes"].as_u64() > Some(NOTE.len() as u64), "{line}");
    assert!(line["reply_bytes"].as_u64() > Some(NOTE.len() as u64), "{line}");
    assert_eq!(
        (&lines[1]["status"], &lines[1]["error"]),
        (&json!(401), &json!("invalid_gateway_key"))
    );
    assert_eq!(lines[1].get("key"), None);
    assert_eq!((&lines[2]["status"], &lines[2]["error"]), (&json!(400), &json!("invalid_request")));

    let path = scene.folder().join("data/audit.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    let searched = without_chance(&text);
    for secret in PHI.iter().chain(&[KEY, OPENAI_KEY, key.as_str(), "[NAME_1]", "John"]) {
        assert!(!searched.contains(secret), "{secret} is in {text}");
    }
    let verified = scene.command(&["audit", "verify"]);
    let printed = String::from_utf8(verified.stdout).unwrap();
    assert!(verified.status.success() && printed.contains("lines 1 to 3"), "{printed}");
    fs::write(&path, text.replace("\"status\":401", "\"status\":200")).unwrap();
    let verified = scene.command(&["audit", "verify"]);
    let printed = String::from_utf8(verified.stderr).unwrap();
    assert_eq!(verified.status.code(), Some(1));
    assert!(printed.contains("audit.jsonl:2"), "{printed}");
}

#[test]
fn a_model_name_that_is_phi_and_routes_as_typed_do_not_reach_it() {
    let scene = Setup::default().start(StandIn::echo());
    for model in ["John Doe", "536-22-8145", "john.doe@example.org"] {
        let message = json!({"role": "user", "content": NOTE});
        scene.chat(&json!({"model": model, "messages": [message]}));
    }
    scene.get("/v1/models/44710093", &[("authorization", "Bearer dg_test_key")]);
    let text = fs::read_to_string(scene.folder().join("data/audit.jsonl")).unwrap();
    assert_eq!(text.lines().count(), 4);
    let searched = without_chance(&text);
    for secret in PHI {
        assert!(!searched.contains(secret), "{secret} is in {text}");
    }
}

#[test]
fn a_streams_line_comes_at_its_end_with_its_counts() {
    let scene = Setup::default().start(StandIn::new(|request| {
        let mut events = spelled(&request.last_text());
        let usage = json!({"prompt_tokens": 30, "completion_tokens": 12, "total_tokens": 42});
        let last =
            json!({"id": "c", "object": "chat.completion.chunk", "choices": [], "usage": usage});
        events.insert(events.len() - 1, format!("data: {last}\n\n"));
        Answer::events(events)
    }));
    let body =
        json!({"model": "gpt-4o", "stream": true, "messages": [{"role": "user", "content": NOTE}]});
    let mut text = String::new();
    std::io::Read::read_to_string(&mut scene.open("/v1/chat/completions", &body), &mut text)
        .unwrap();
    let line = &wait_for_lines(&scene, 1)[0];
    assert_eq!((&line["stream"], &line["status"]), (&json!(true), &json!(200)));
    assert_eq!(line["tokens"]["total"], json!(42));
    assert_eq!(line["reply_bytes"], json!(text.len()));
    assert!(line["restored"].as_u64() >= Some(5), "{line}");
    assert_eq!(line.get("error"), None);
}

#[test]
fn every_route_that_sees_text_says_what_was_found_by_whom_and_what_went_wrong() {
    let scene = Setup::default().start(StandIn::echo());
    assert_eq!(scene.ask("/v1/deidentify", &json!({"text": NOTE})).status, 200);
    let text = json!({"text": "[NAME_1]", "mapping": {"[NAME_1]": "John Doe"}});
    assert_eq!(scene.ask("/v1/reidentify", &text).status, 200);
    assert_eq!(scene.ask("/analyze", &json!({"text": NOTE, "language": "en"})).status, 200);
    let found = lines(&scene);
    for at in [0, 2] {
        let line = &found[at];
        assert!(line["detectors"]["rules.ssn"].as_u64() == Some(1), "{line}");
        assert!(line["entities"]["SSN"].as_u64() == Some(1), "{line}");
    }
    assert_eq!(found[1]["restored"], json!(1));
    let metrics = scene.get("/metrics", &[]).body;
    for line in
        ["count{stage=\"detection\"} 2", "count{stage=\"restoration\"} 1", "label=\"SSN\"} 2"]
    {
        assert!(metrics.contains(line), "no {line} in\n{metrics}");
    }

    assert_eq!(scene.ask("/v1/deidentify", &json!({"text": 1})).status, 400);
    assert_eq!(scene.ask("/analyze", &json!({"text": NOTE})).status, 500);
    assert_eq!(scene.ask("/analyze", &json!([])).status, 400);
    let bearer = format!("Bearer {KEY}");
    let headers = [("authorization", bearer.as_str()), ("x-openai-key", OPENAI_KEY)];
    assert_eq!(scene.get("/v1/models/a%20b", &headers).status, 404);
    assert_eq!(scene.ask("/playground/chat", &json!({"model": 1})).status, 400);
    let errors: Vec<_> = lines(&scene)[3..].iter().map(|line| line["error"].clone()).collect();
    let invalid = "invalid_request";
    assert_eq!(errors, [invalid, invalid, invalid, "not_found", invalid]);
}

#[test]
fn tokens_are_read_from_every_endpoints_usage() {
    let usage = json!({"input_tokens": 5, "output_tokens": 7, "total_tokens": 12});
    let own = usage.clone();
    let scene = Setup::default().start(StandIn::new(move |request| {
        let body = request.json();
        if body["stream"] == json!(true) {
            let response = json!({"id": "r", "object": "response", "status": "completed", "output": [], "usage": own});
            let done = json!({"type": "response.completed", "sequence_number": 1, "response": response});
            return Answer::events(vec![format!("event: response.completed\ndata: {done}\n\n")]);
        }
        let vector = json!({"object": "embedding", "index": 0, "embedding": [0.5]});
        let usage = json!({"prompt_tokens": 3, "total_tokens": 3});
        Answer::json(200, &json!({"object": "list", "data": [vector], "model": "m", "usage": usage}))
    }));
    let body = json!({"model": "gpt-4o", "stream": true, "input": "Hi"});
    let mut text = String::new();
    std::io::Read::read_to_string(&mut scene.open("/v1/responses", &body), &mut text).unwrap();
    assert!(text.contains("total_tokens"), "it is the reply's own: {text}");
    assert_eq!(wait_for_lines(&scene, 1)[0]["tokens"]["total"], json!(12));
    let reply = scene.ask("/v1/embeddings", &json!({"model": "m", "input": "Hi"}));
    assert_eq!(reply.status, 200, "{}", reply.body);
    let tokens = json!({"prompt": 3, "completion": 0, "total": 3});
    assert_eq!(lines(&scene)[1]["tokens"], tokens);
}

#[test]
fn a_stream_that_breaks_says_so() {
    let scene = Setup::default().start(StandIn::new(|_| {
        let piece = chunk(0, json!({"content": "Hello"}), None).into_bytes();
        Answer::Stream(Box::new(std::iter::once(piece)), false)
    }));
    let body =
        json!({"model": "gpt-4o", "stream": true, "messages": [{"role": "user", "content": "Hi"}]});
    let mut text = String::new();
    std::io::Read::read_to_string(&mut scene.open("/v1/chat/completions", &body), &mut text)
        .unwrap();
    assert!(data(&text).last().is_some_and(|last| last.contains("upstream_error")), "{text}");
    assert_eq!(wait_for_lines(&scene, 1)[0]["error"], json!("upstream_error"));
}

#[test]
fn tokens_of_replies_and_streams_use_up_a_months_quota() {
    let scene = Setup::default().start(StandIn::new(|request| {
        let body = request.json();
        if body["stream"] != json!(true) {
            return Answer::content("Hello");
        }
        assert_eq!(body["stream_options"]["include_usage"], json!(true), "it is asked for");
        let mut events = spelled("Hello");
        let usage = json!({"prompt_tokens": 1, "completion_tokens": 78, "total_tokens": 79});
        let last =
            json!({"id": "c", "object": "chat.completion.chunk", "choices": [], "usage": usage});
        events.insert(events.len() - 1, format!("data: {last}\n\n"));
        Answer::events(events)
    }));
    let key = scene.create_key(&["--tokens-per-month", "100"]);
    let reply = scene.say_with(&key, "Hi");
    assert_eq!(reply.header("x-ratelimit-limit-tokens"), Some("100"));
    assert_eq!(reply.header("x-ratelimit-remaining-tokens"), Some("100"));
    assert_eq!(reply.header("x-ratelimit-limit-requests"), None);

    let body =
        json!({"model": "gpt-4o", "stream": true, "messages": [{"role": "user", "content": "Hi"}]});
    let headers = [("x-compliantchatgpt-key", key.as_str()), ("x-openai-key", OPENAI_KEY)];
    let stream = scene.post("/v1/chat/completions", &headers, body.to_string().as_bytes());
    assert_eq!(stream.status, 200);
    assert!(!stream.body.contains("usage"), "the caller did not ask for it: {}", stream.body);
    assert_eq!(data(&stream.body).last().map(String::as_str), Some("[DONE]"));

    // 21 and 79 are all of it, as soon as they are written down.
    let begun = std::time::Instant::now();
    let reply = loop {
        let reply = scene.say_with(&key, "Hi");
        if reply.status == 429 {
            break reply;
        }
        assert!(begun.elapsed().as_secs() < 60, "the quota is never used up");
    };
    assert_eq!(reply.error_code(), "quota_exceeded");
    assert_eq!(reply.header("x-ratelimit-remaining-tokens"), Some("0"));
    assert_eq!(reply.header("x-should-retry"), Some("false"));
}
