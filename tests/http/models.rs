//! `GET /v1/models`, `/healthz`, `/readyz`

use serde_json::json;

use crate::support::{
    KEY, OPENAI_KEY, Setup,
    standin::{Answer, StandIn},
};

const HEADERS: [(&str, &str); 2] = [("x-compliantchatgpt-key", KEY), ("x-openai-key", OPENAI_KEY)];

#[test]
fn models_are_passed_through() {
    let list = json!({"object": "list", "data": [{"id": "gpt-4o", "object": "model", "created": 1, "owned_by": "x"}]});
    let reply = list.clone();
    let scene = Setup::default().start(StandIn::new(move |_| Answer::json(200, &reply)));
    assert_eq!(scene.get("/v1/models?patient=John%20Doe", &HEADERS).json(), list);
    assert_eq!(scene.get("/v1/models/ft:gpt-4o:org::id", &HEADERS).status, 200);
    let lines: Vec<_> = scene
        .standin
        .received()
        .iter()
        .map(|r| r.head.lines().next().unwrap().to_owned())
        .collect();
    assert_eq!(lines, ["GET /v1/models HTTP/1.1", "GET /v1/models/ft:gpt-4o:org::id HTTP/1.1"]);
}

#[test]
fn a_model_name_that_is_none_is_not_sent() {
    let scene = Setup::default().start(StandIn::echo());
    for path in [
        "/v1/models/John%20Doe",
        "/v1/models/..%2fadmin",
        "/v1/models/a//b",
        "/v1/models/john.doe@example.org",
        "/v1/models/536-22-8145",
        "/v1/models/a%0d%0ab",
    ] {
        let reply = scene.get(path, &HEADERS);
        assert_eq!((reply.status, reply.error_code().as_str()), (404, "not_found"), "{path}");
    }
    scene.nothing_sent();
}

#[test]
fn an_unknown_model_is_404() {
    let error = json!({"error": {"message": "no such model", "type": "invalid_request_error", "param": "model", "code": "model_not_found"}});
    let scene = Setup::default().start(StandIn::new(move |_| Answer::json(404, &error)));
    let reply = scene.get("/v1/models/gpt-9", &HEADERS);
    assert_eq!((reply.status, reply.error_code().as_str()), (404, "model_not_found"));
}

#[test]
fn health_needs_no_key() {
    let scene = Setup::default().start(StandIn::echo());
    assert_eq!(scene.get("/healthz", &[]).status, 200);
    assert_eq!(scene.get("/readyz", &[]).status, 200);
}
