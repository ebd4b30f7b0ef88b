//! Clients as they are in use: OpenAI's own packages, LangChain and curl, with another base address
//! and nothing else.

use std::process::Command;

use serde_json::{Value, json};

use crate::support::{
    KEY, NOTE, OPENAI_KEY, PHI, Scene, Setup,
    clients::{self, Client},
    data,
    openai::openai,
};

/// A gateway with an upstream key of its own, as clinics have it.
fn scene() -> Scene {
    Setup::default().env("DEID__UPSTREAM__API_KEY", OPENAI_KEY).start(openai())
}

fn run(client: Client, script: &str) {
    let scene = scene();
    let base = scene.url("/v1");
    let env = [("BASE_URL", base.as_str()), ("KEY", KEY), ("NOTE", NOTE), ("PATIENT", PHI[0])];
    assert_eq!(clients::run(client, script, &[], &env).trim(), "done");
    // Nobody retried what retrying does not mend, and much was sent at all.
    assert!(scene.standin.count() > 10);
}

#[test]
fn openais_python_package() {
    run(Client::Python, "openai_sdk.py");
}

#[test]
fn openais_node_package() {
    run(Client::Node, "openai_sdk.mjs");
}

#[test]
fn langchain() {
    run(Client::Python, "langchain_sdk.py");
}

fn curl(scene: &Scene, path: &str, body: &Value, more: &[&str]) -> String {
    let output = Command::new("curl")
        .args(["--silent", "--show-error", "--max-time", "60", "--no-buffer"])
        .args([
            "-H",
            &format!("Authorization: Bearer {KEY}"),
            "-H",
            "Content-Type: application/json",
        ])
        .args(["-d", &body.to_string()])
        .args(more)
        .arg(scene.url(path))
        .output()
        .unwrap();
    assert!(output.status.success(), "curl: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn curl_as_in_openais_documentation() {
    let scene = scene();
    let messages = json!([{"role": "user", "content": NOTE}]);
    let chat = "/v1/chat/completions";
    let body = json!({"model": "gpt-4o", "messages": messages});
    let json = |text: String| serde_json::from_str::<Value>(&text).unwrap();
    let reply = json(curl(&scene, chat, &body, &[]));
    assert_eq!(reply["choices"][0]["message"]["content"], NOTE);
    // An upgrade to HTTP/2 is offered, and not taken.
    let reply = json(curl(&scene, chat, &body, &["--http2"]));
    assert_eq!(reply["choices"][0]["message"]["content"], NOTE);
    let stream = json!({"model": "gpt-4o", "messages": messages, "stream": true});
    let events = data(&curl(&scene, chat, &stream, &["-H", "Expect: 100-continue"]));
    let said = events.iter().filter_map(|event| serde_json::from_str::<Value>(event).ok());
    let said: String = said
        .filter_map(|event| event["choices"][0]["delta"]["content"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(said, NOTE);
    assert_eq!(events.last().unwrap(), "[DONE]");
    let reply = json(curl(&scene, "/v1/responses", &json!({"model": "m", "input": NOTE}), &[]));
    assert_eq!(reply["output"][0]["content"][0]["text"], NOTE);
    let reply = json(curl(&scene, "/v1/embeddings", &json!({"model": "m", "input": NOTE}), &[]));
    assert_eq!(reply["data"][0]["embedding"], json!([0.5, -1.0]));
    let wrong = json(curl(&scene, chat, &json!({"model": "gpt-4o"}), &[]));
    assert_eq!(wrong["error"]["param"], "messages");
    // curl retries a 429 by itself, after as long as it is told to.
    let busy = json!({"model": "busy", "messages": messages});
    let reply = curl(&scene, chat, &busy, &["--retry", "3"]);
    assert!(reply.contains("John Doe"), "{reply}");
}
