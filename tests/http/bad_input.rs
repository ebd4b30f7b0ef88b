//! Input that cannot be taken: a clear error, and nothing leaves.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use serde_json::{Value, json};

use crate::support::{KEY, NOTE, OPENAI_KEY, Scene, Setup, standin::StandIn};

const CHAT: &str = "/v1/chat/completions";
const HEADERS: [(&str, &str); 2] = [("x-compliantchatgpt-key", KEY), ("x-openai-key", OPENAI_KEY)];

fn scene() -> Scene {
    Setup::default().start(StandIn::echo())
}

#[test]
fn bodies_that_are_no_json_are_400() {
    let scene = scene();
    let deep =
        [b"{\"messages\":".to_vec(), b"[".repeat(10_000), b"]".repeat(10_000), b"}".to_vec()];
    let nul = json!({"messages": [{"role": "user", "content": format!("{NOTE}\0")}]}).to_string();
    for (name, body) in [
        ("empty", Vec::new()),
        ("text", NOTE.as_bytes().to_vec()),
        (
            "cut",
            format!("{{\"messages\": [{{\"role\": \"user\", \"content\": \"{NOTE}").into_bytes(),
        ),
        ("trailing", b"{} {}".to_vec()),
        ("invalid UTF-8", [b"{\"messages\": \"\xff\xfe ", NOTE.as_bytes(), b"\"}"].concat()),
        ("UTF-16", NOTE.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("an escaped NUL", nul.into_bytes()),
        ("a bare NUL", b"{\"messages\": \"\0\"}".to_vec()),
        ("nested 10,000 deep", deep.concat()),
        ("a duplicate brace", b"{{}}".to_vec()),
    ] {
        let reply = scene.post(CHAT, &HEADERS, &body);
        assert_eq!((reply.status, reply.error_code().as_str()), (400, "invalid_request"), "{name}");
        assert!(!reply.body.contains("Doe"), "{name} is quoted: {}", reply.body);
        assert_eq!(reply.header("x-deid-entities"), Some(""), "{name}");
    }
    scene.nothing_sent();
}

#[test]
fn wrong_fields_are_named() {
    let scene = scene();
    let with = |key: &str, value: Value| {
        let mut body = json!({"model": "gpt-4o", "messages": [{"role": "user", "content": NOTE}]});
        body[key] = value;
        body
    };
    let image = json!([{"type": "text", "text": NOTE},
        {"type": "image_url", "image_url": {"url": "https://example.org/Doe.png"}}]);
    for (body, code, param) in [
        (json!([NOTE]), "invalid_request", "body"),
        (json!({"model": "gpt-4o"}), "invalid_request", "messages"),
        (with("messages", json!([])), "invalid_request", "messages"),
        (with("messages", json!({"role": "user"})), "invalid_request", "messages"),
        (
            with("messages", json!([{"role": "John Doe", "content": "x"}])),
            "invalid_request",
            "messages[0].role",
        ),
        (
            with("messages", json!([{"role": "user", "content": 44710093}])),
            "invalid_request",
            "messages[0].content",
        ),
        (
            with("messages", json!([{"role": "user", "content": image}])),
            "unsupported_content",
            "messages[0].content[1]",
        ),
        (with("temperature", json!(3)), "invalid_request", "temperature"),
        (with("n", json!(0)), "invalid_request", "n"),
        (with("n", json!("two")), "invalid_request", "n"),
        (with("max_tokens", json!(0)), "invalid_request", "max_tokens"),
        (with("max_completion_tokens", json!(1.5)), "invalid_request", "max_completion_tokens"),
        (with("model", json!(["gpt-4o"])), "invalid_request", "model"),
        (with("stream", json!("yes")), "invalid_request", "stream"),
        (with("deid", json!({"known": 4})), "invalid_request", "deid.known"),
    ] {
        let reply = scene.compact(&body);
        assert_eq!((reply.status, reply.error_code().as_str()), (400, code), "{param}");
        assert_eq!(reply.json()["error"]["param"], param);
        assert!(!reply.body.contains("Doe"), "{}", reply.body);
    }
    scene.nothing_sent();
}

#[test]
fn a_body_over_the_limit_is_413_also_at_30_megabytes() {
    let scene = scene();
    for megabytes in [11, 30] {
        let body = json!({"messages": [{"role": "user", "content": NOTE.repeat(megabytes * 1024 * 1024 / NOTE.len())}]});
        let reply = scene.compact(&body);
        assert_eq!((reply.status, reply.error_code().as_str()), (413, "request_too_large"));
    }
    scene.nothing_sent();
}

#[test]
fn the_limit_is_a_setting() {
    let scene = Setup::default().settings("[server]\nmax_body_bytes = 200").start(StandIn::echo());
    assert_eq!(scene.say("short").status, 200);
    assert_eq!(scene.say(NOTE).status, 413);
    assert_eq!(scene.standin.received().len(), 1);
}

#[test]
fn a_body_that_breaks_off_is_not_sent() {
    let scene = scene();
    let mut stream = TcpStream::connect(scene.address()).unwrap();
    let body = json!({"messages": [{"role": "user", "content": NOTE}]}).to_string();
    write!(
        stream,
        "POST {CHAT} HTTP/1.1\r\nhost: x\r\nx-compliantchatgpt-key: {KEY}\r\n\
         x-openai-key: {OPENAI_KEY}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len() + 1
    )
    .unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest);
    scene.nothing_sent();
    assert_eq!(scene.say("still here").status, 200);
}

#[test]
fn unknown_routes_and_methods_pass_nothing_through() {
    let scene = scene();
    for path in
        ["/v1/audio/speech", "/v1/files", "/v1/chat/completions/x", "/v2/chat/completions", "/v1"]
    {
        let reply = scene.post(path, &HEADERS, NOTE.as_bytes());
        assert_eq!((reply.status, reply.error_code().as_str()), (404, "not_found"), "{path}");
    }
    for (method, path) in [
        ("GET", CHAT),
        ("PUT", CHAT),
        ("DELETE", CHAT),
        ("POST", "/v1/models"),
        ("POST", "/healthz"),
    ] {
        let reply = scene.call(method, path, &HEADERS, None);
        assert_eq!(
            (reply.status, reply.error_code().as_str()),
            (405, "method_not_allowed"),
            "{method} {path}"
        );
        assert!(reply.header("allow").is_some());
    }
    scene.nothing_sent();
}
