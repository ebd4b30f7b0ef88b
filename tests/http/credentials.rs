//! Who may use the gateway, and whose key goes upstream.

use serde_json::json;

use crate::support::{KEY, NOTE, OPENAI_KEY, Setup, standin::StandIn};

const CHAT: &str = "/v1/chat/completions";

fn body() -> Vec<u8> {
    json!({"model": "gpt-4o", "messages": [{"role": "user", "content": NOTE}]}).to_string().into()
}

#[test]
fn the_upstream_key_comes_from_its_first_place() {
    let scene = Setup::default().env("OPENAI_API_KEY", "sk-server").start(StandIn::echo());
    let gateway = ("x-compliantchatgpt-key", KEY);
    let bearer = format!("Bearer {KEY}");
    let cases = [
        (vec![gateway, ("x-openai-key", "sk-a")], "Bearer sk-a"),
        (vec![gateway, ("authorization", "Bearer sk-b")], "Bearer sk-b"),
        (vec![gateway, ("authorization", "Bearer sk-b"), ("x-openai-key", "sk-c")], "Bearer sk-c"),
        (vec![gateway], "Bearer sk-server"),
        (vec![("authorization", bearer.as_str())], "Bearer sk-server"),
        (vec![("authorization", bearer.as_str()), ("x-openai-key", "sk-d")], "Bearer sk-d"),
    ];
    for (at, (headers, key)) in cases.iter().enumerate() {
        assert_eq!(scene.post(CHAT, headers, &body()).status, 200);
        assert_eq!(scene.standin.received()[at].header("authorization"), Some(*key));
    }
}

#[test]
fn a_missing_or_wrong_gateway_key_is_401_and_nothing_is_sent() {
    let scene = Setup::default().start(StandIn::echo());
    for (headers, code) in [
        (vec![], "missing_gateway_key"),
        (vec![("x-openai-key", OPENAI_KEY)], "missing_gateway_key"),
        (vec![("authorization", "Basic abc")], "missing_gateway_key"),
        (vec![("authorization", "Bearer wrong")], "invalid_gateway_key"),
        (
            vec![("x-compliantchatgpt-key", "wrong"), ("x-openai-key", OPENAI_KEY)],
            "invalid_gateway_key",
        ),
    ] {
        for (method, path) in [("POST", CHAT), ("GET", "/v1/models")] {
            let content = (method == "POST").then(body);
            let reply = scene.call(method, path, &headers, content.as_deref());
            assert_eq!((reply.status, reply.error_code().as_str()), (401, code), "{headers:?}");
        }
        let reply = scene.post(CHAT, &headers, &body());
        assert_eq!(reply.header("x-deid-entities"), Some(""));
    }
    scene.nothing_sent();
}

#[test]
fn a_missing_upstream_key_is_400_and_nothing_is_sent() {
    let scene = Setup::default().start(StandIn::echo());
    let reply = scene.post(CHAT, &[("x-compliantchatgpt-key", KEY)], &body());
    assert_eq!((reply.status, reply.error_code().as_str()), (400, "missing_openai_key"));
    scene.nothing_sent();
}

#[test]
fn without_required_keys_a_request_needs_none() {
    let scene = Setup::default()
        .settings("[keys]\nrequired = false")
        .env("OPENAI_API_KEY", "sk-server")
        .start(StandIn::echo());
    assert_eq!(scene.post(CHAT, &[], &body()).status, 200);
    assert!(scene.log().contains("keys.required is false"), "{}", scene.log());
}

#[test]
fn only_listed_headers_go_upstream() {
    let scene = Setup::default().start(StandIn::echo());
    let headers = [
        ("x-compliantchatgpt-key", KEY),
        ("x-openai-key", OPENAI_KEY),
        ("openai-organization", "org-1"),
        ("openai-beta", "ssn=536-22-8145"),
        ("openai-project", "John Doe"),
        ("x-patient", "John Doe"),
        ("cookie", "patient=John Doe"),
        ("user-agent", "ehr/1 John Doe"),
        ("referer", "http://ehr/patients/44710093"),
        ("x-request-id", "visit-1"),
    ];
    assert_eq!(scene.post(CHAT, &headers, &body()).status, 200);
    let received = scene.standin.received();
    let mut names: Vec<_> = received[0]
        .head
        .lines()
        .skip(1)
        .filter_map(|line| Some(line.split_once(':')?.0.to_lowercase()))
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            "accept",
            "accept-encoding",
            "authorization",
            "content-length",
            "content-type",
            "date",
            "host",
            "openai-organization",
            "user-agent",
        ]
    );
    assert!(
        received[0].header("user-agent").is_some_and(|agent| agent.starts_with("deid-gateway/"))
    );
}

#[test]
fn azure_takes_its_key_in_its_own_header() {
    let scene =
        Setup::default().settings("[upstream]\nkey_header = \"api-key\"").start(StandIn::echo());
    assert_eq!(scene.say("hello").status, 200);
    let received = scene.standin.received();
    assert_eq!(received[0].header("api-key"), Some(OPENAI_KEY));
    assert_eq!(received[0].header("authorization"), None);
}
