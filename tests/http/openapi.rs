//! `/openapi.json` and `/docs`: judged by other people's tools.

use std::{path::Path, process::Command};

use serde_json::{Value, json};

use crate::support::{
    OPENAI_KEY, Scene, Setup,
    browser::Browser,
    standin::{Answer, Received, StandIn, completion, spelled},
};

/// Answers every endpoint as OpenAI does.
fn everything(request: &Received) -> Answer {
    let path = request.head.split_whitespace().nth(1).unwrap_or_default().to_owned();
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let streams = body["stream"] == true;
    match path.as_str() {
        "/v1/responses" if streams => {
            let event = json!({"type": "response.completed", "response": {"output": []}});
            Answer::events(vec![format!("event: response.completed\ndata: {event}\n\n")])
        }
        _ if streams => Answer::events(spelled("Hello")),
        "/v1/chat/completions" => {
            Answer::json(200, &completion(&[json!({"role": "assistant", "content": "Hello"})]))
        }
        "/v1/completions" => Answer::json(
            200,
            &json!({"choices": [{"index": 0, "text": "Hello", "finish_reason": "stop"}]}),
        ),
        "/v1/responses" => Answer::json(200, &json!({"output": []})),
        "/v1/embeddings" => Answer::json(200, &json!({"data": [{"index": 0, "embedding": [0.5]}]})),
        "/v1/moderations" => Answer::json(200, &json!({"results": [{"flagged": false}]})),
        _ => Answer::json(200, &json!({"object": "list", "data": []})),
    }
}

/// The Python environment of these tests.
fn python(program: &str) -> Command {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let installed =
        Command::new(root.join("scripts/install-venv")).arg("openapi").status().unwrap();
    assert!(installed.success(), "scripts/install-venv openapi");
    Command::new(root.join(".tools/venv-openapi/bin").join(program))
}

fn succeeds(command: &mut Command, what: &str) {
    let output = command.output().unwrap();
    let (out, error) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{what}:\n{out}\n{error}");
}

fn start() -> Scene {
    Setup::default().env("OPENAI_API_KEY", OPENAI_KEY).start(StandIn::new(everything))
}

#[test]
fn the_document_is_valid() {
    let scene = start();
    let reply = scene.get("/openapi.json", &[]);
    assert!(reply.json()["openapi"].as_str().unwrap().starts_with("3.1."));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("openapi.json");
    std::fs::write(&file, reply.body).unwrap();
    succeeds(
        python("openapi-spec-validator").args(["--schema", "3.1"]).arg(&file),
        "the validator",
    );
}

/// The same requests every time (tests/http/schemathesis.toml): wrong by the document, which must be
/// refused, right by it, which must be taken, and replies held against it.
#[test]
fn schemathesis_finds_nothing() {
    let scene = start();
    let folder = tempfile::tempdir().unwrap();
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/http");
    let mut command = python("st");
    command
        .arg("--config-file")
        .arg(tests.join("schemathesis.toml"))
        .args(["run", &scene.url("/openapi.json"), "--url", &scene.url("")])
        .args(["--header", &format!("Authorization: Bearer {}", crate::support::KEY), "--no-color"])
        // As by a proxy, so that the playground needs its key as well.
        .args(["--header", "x-forwarded-for: 192.0.2.1"])
        .env("SCHEMATHESIS_HOOKS", tests.join("schemathesis_hooks.py"))
        .current_dir(folder.path());
    succeeds(&mut command, "schemathesis");
    for request in scene.standin.received() {
        assert!(!String::from_utf8_lossy(&request.body).contains("John Doe"), "{}", request.head);
    }
    // What was made up at random holds any five digits, those of a zip code too.
    scene.standin.forget();
}

#[test]
fn the_page_shows_every_route() {
    let scene = start();
    let browser = Browser::open(1280, 900, "light");
    browser.go(&scene.url("/docs"));
    browser.wait("document.getElementById('state').textContent.startsWith('OpenAPI 3.1')");
    let shown = browser
        .run("return [...document.querySelectorAll('summary code')].map(code => code.textContent)");
    assert!(shown.as_array().unwrap().contains(&json!("POST /v1/chat/completions")), "{shown}");
    let chat = "[...document.querySelectorAll('details')].find(one => one.querySelector('code').textContent === 'POST /v1/chat/completions')";
    browser.run(&format!("{chat}.querySelector('summary').click()"));
    browser.wait(&format!("{chat}.open"));
    let text = browser.run(&format!("return {chat}.innerText"));
    assert!(text.as_str().unwrap().contains("messages *"), "{text}");
    browser.picture("docs");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}
