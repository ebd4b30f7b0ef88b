//! `POST /v1/deidentify` and `/v1/reidentify`: answered here, nothing goes upstream.

use serde_json::{Value, json};

use crate::support::{
    KEY, NOTE, Scene, Setup,
    standin::{Answer, StandIn},
};

fn scene() -> Scene {
    Setup::default().start(StandIn::new(|_| Answer::content("no")))
}

fn ask(scene: &Scene, path: &str, body: &Value) -> Value {
    // No key for the upstream is needed.
    let bearer = format!("Bearer {KEY}");
    let reply = scene.post(path, &[("authorization", &bearer)], body.to_string().as_bytes());
    assert_eq!(reply.status, 200, "{}", reply.body);
    scene.nothing_sent();
    reply.json()
}

/// The characters of `text` between two code points.
fn slice(text: &str, entity: &Value) -> String {
    let point = |key: &str| entity[key].as_u64().unwrap() as usize;
    text.chars().skip(point("start")).take(point("end") - point("start")).collect()
}

#[test]
fn a_text_comes_back_with_entities_and_a_mapping_that_restores_it() {
    let scene = scene();
    let text = format!("\u{1f600}é {NOTE}");
    let done = ask(&scene, "/v1/deidentify", &json!({ "text": text }));
    let entities = done["entities"].as_array().unwrap();
    assert!(entities.len() >= 6, "{done}");
    for entity in entities {
        let placeholder = entity["placeholder"].as_str().unwrap();
        assert_eq!(done["mapping"][placeholder], slice(&text, entity), "{entity}");
        assert!(entity["score"].as_f64().unwrap() > 0.0);
        assert!(!entity["detector"].as_str().unwrap().is_empty());
        assert!(done["text"].as_str().unwrap().contains(placeholder));
        assert!(entity.get("message").is_none());
    }
    let back = json!({"text": done["text"], "mapping": done["mapping"]});
    assert_eq!(ask(&scene, "/v1/reidentify", &back), json!({ "text": text }));
}

#[test]
fn offsets_in_messages_lead_to_the_value_in_every_field() {
    let scene = scene();
    let arguments =
        json!({"note\u{e9}": "é\n\"SSN 536-22-8145\"", "ssn": "536-22-8145"}).to_string();
    let messages = json!([
        {"role": "system", "content": "hello"},
        {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "é SSN 536-22-8145"}]},
        {"role": "assistant", "content": null, "tool_calls": [
            {"id": "c", "type": "function", "function": {"name": "f", "arguments": arguments}}]},
        {"role": "user", "content": "[[\"SSN 536-22-8145\"], 1]", "aside": "SSN 536-22-8145"},
    ]);
    let done = ask(&scene, "/v1/deidentify", &json!({ "messages": messages }));
    let entities = done["entities"].as_array().unwrap();
    let places: Vec<_> = entities
        .iter()
        .map(|e| (e["message"].as_u64().unwrap(), e["field"].as_str().unwrap()))
        .collect();
    let arguments_field = "tool_calls[0].function.arguments";
    assert_eq!(
        places,
        [
            (1, "content[1].text"),
            (2, arguments_field),
            (2, arguments_field),
            (3, "content"),
            (3, "aside")
        ]
    );
    for entity in entities {
        let message = &messages[entity["message"].as_u64().unwrap() as usize];
        let text = match entity["field"].as_str().unwrap() {
            "content[1].text" => &message["content"][1]["text"],
            field if field == arguments_field => &message["tool_calls"][0]["function"]["arguments"],
            field => &message[field],
        };
        assert_eq!(slice(text.as_str().unwrap(), entity), "536-22-8145", "{entity}");
    }
    assert_eq!(done["mapping"], json!({"[SSN_1]": "536-22-8145"}));
    let back = json!({"messages": done["messages"], "mapping": done["mapping"]});
    assert_eq!(ask(&scene, "/v1/reidentify", &back)["messages"], messages);
}

#[test]
fn a_policy_for_what_if_relaxes_this_answer_alone() {
    let scene = scene();
    let text = "SSN 536-22-8145, john.doe@example.org";
    let ask = |policy: Value| {
        ask(&scene, "/v1/deidentify", &json!({"text": text, "policy": policy}))["text"].clone()
    };
    assert_eq!(ask(json!({"labels": {"ssn": "keep"}})), "SSN 536-22-8145, [EMAIL_1]");
    assert_eq!(ask(json!({"default": "redact"})), "SSN [SSN], [EMAIL]");
    assert_eq!(ask(json!({"min_score": 1.0})), text);
    assert_eq!(ask(json!({"thresholds": {"EMAIL": 1.0}})), "SSN [SSN_1], john.doe@example.org");
    assert_eq!(ask(Value::Null), "SSN [SSN_1], [EMAIL_1]");
}

#[test]
fn wrong_bodies_are_refused_by_the_name_of_the_field() {
    let scene = scene();
    let bearer = format!("Bearer {KEY}");
    for (path, body, param) in [
        ("/v1/deidentify", json!({}), "body"),
        ("/v1/deidentify", json!({"text": "a", "messages": []}), "body"),
        ("/v1/deidentify", json!({"text": 4}), "text"),
        ("/v1/deidentify", json!({"messages": []}), "messages"),
        (
            "/v1/deidentify",
            json!({"text": "a", "policy": {"labels": {"DOE": "keep"}}}),
            "policy.labels",
        ),
        ("/v1/deidentify", json!({"text": "a", "policy": {"John Doe": 1}}), "policy"),
        ("/v1/reidentify", json!({"text": "a"}), "mapping"),
        ("/v1/reidentify", json!({"text": "a", "mapping": {"[NAME_1]": 4}}), "mapping"),
    ] {
        let reply = scene.post(path, &[("authorization", &bearer)], body.to_string().as_bytes());
        assert_eq!(reply.status, 400, "{body}");
        assert_eq!(reply.error_code(), "invalid_request");
        let named = reply.json()["error"]["param"].as_str().unwrap().to_owned();
        assert!(named.starts_with(param), "{body}: {named}");
        assert!(!reply.body.contains("John") && !reply.body.contains("DOE"), "{}", reply.body);
    }
    for path in ["/v1/deidentify", "/v1/reidentify"] {
        let reply = scene.post(path, &[], b"{}");
        assert_eq!((reply.status, reply.error_code().as_str()), (401, "missing_gateway_key"));
        let reply = scene.get(path, &[("authorization", &bearer)]);
        assert_eq!(reply.status, 405);
    }
}

#[test]
fn its_limits_are_those_of_every_other_endpoint() {
    let scene = scene();
    let key = scene.create_key(&["--requests-per-minute", "2"]);
    let bearer = format!("Bearer {key}");
    let ask = |path: &str, body: &Value| {
        scene.post(path, &[("authorization", &bearer)], body.to_string().as_bytes())
    };
    let text = json!({"text": "SSN 536-22-8145"});
    let first = ask("/v1/deidentify", &text);
    assert_eq!((first.status, first.header("x-ratelimit-remaining-requests")), (200, Some("1")));
    assert_eq!(ask("/v1/reidentify", &json!({"text": "a", "mapping": {}})).status, 200);
    // One count for all of a key's requests.
    for path in ["/v1/deidentify", "/v1/reidentify", "/v1/chat/completions"] {
        let reply = ask(path, &text);
        assert_eq!((reply.status, reply.error_code().as_str()), (429, "rate_limit_exceeded"));
        assert!(reply.header("retry-after").is_some());
    }
    let bearer = format!("Bearer {KEY}");
    let large = json!({"text": "a ".repeat(6 << 20)}).to_string();
    let reply = scene.post("/v1/deidentify", &[("authorization", &bearer)], large.as_bytes());
    assert_eq!((reply.status, reply.error_code().as_str()), (413, "request_too_large"));
    // What nobody can read is refused here as well.
    let image = json!({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]});
    let reply =
        scene.post("/v1/deidentify", &[("authorization", &bearer)], image.to_string().as_bytes());
    assert_eq!((reply.status, reply.error_code().as_str()), (400, "unsupported_content"));
    scene.nothing_sent();
}
