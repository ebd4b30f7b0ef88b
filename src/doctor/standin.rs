//! The upstream's stand-in: it remembers every byte that it is sent, and says back what it was asked.

use std::sync::{Arc, Mutex, PoisonError};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    web::{self, Bytes, Data},
};
use serde_json::{Value, json};

/// How the reply of a stream is cut into events.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Cut {
    /// One event a character.
    #[default]
    Spelled,
    /// Two, the first of so many characters.
    At(usize),
}

#[derive(Default)]
struct Memory {
    /// The requests' lines, headers and bodies.
    received: Vec<String>,
    cut: Cut,
}

/// A running stand-in.
pub(super) struct StandIn {
    memory: Arc<Mutex<Memory>>,
    base_url: String,
}

impl StandIn {
    pub(super) fn start() -> std::io::Result<Self> {
        let memory = Arc::new(Mutex::new(Memory::default()));
        let shared = Data::from(Arc::clone(&memory));
        let server = HttpServer::new(move || {
            App::new()
                .app_data(shared.clone())
                .app_data(web::PayloadConfig::new(64 * 1024 * 1024))
                .default_service(web::to(answer))
        });
        let server = server.workers(1).disable_signals().bind(("127.0.0.1", 0))?;
        let port = server.addrs().first().map_or(0, std::net::SocketAddr::port);
        actix_rt::spawn(server.run());
        Ok(Self { memory, base_url: format!("http://127.0.0.1:{port}/v1") })
    }

    pub(super) fn base_url(&self) -> String {
        self.base_url.clone()
    }

    /// What was received since the last time.
    pub(super) fn take(&self) -> Vec<String> {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut memory.received)
    }

    /// How the next streams are cut.
    pub(super) fn cut(&self, cut: Cut) {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner).cut = cut;
    }
}

#[expect(clippy::disallowed_methods, reason = "this server leaves headers where they are")]
async fn answer(request: HttpRequest, body: Bytes, memory: Data<Mutex<Memory>>) -> HttpResponse {
    let cut = {
        let mut memory = memory.lock().unwrap_or_else(PoisonError::into_inner);
        let headers = request.headers().iter().filter(|(name, _)| *name != "authorization");
        let headers: Vec<String> =
            headers.map(|(name, value)| format!("{name}: {value:?}")).collect();
        let text = String::from_utf8_lossy(&body);
        memory.received.push(format!("{} {}\n{text}", request.uri(), headers.join("\n")));
        memory.cut
    };
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let said = said(&body);
    let path = request.path().trim_start_matches("/v1");
    if body.get("stream") == Some(&Value::Bool(true)) {
        let events: String = stream(path, said, cut).concat();
        return HttpResponse::Ok().content_type("text/event-stream").body(events);
    }
    HttpResponse::Ok().json(match path {
        "/responses" => json!({"id": "resp_1", "object": "response", "output": [
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": said}]},
        ]}),
        "/embeddings" => json!({"object": "list", "data": [{"index": 0, "embedding": [0.5]}]}),
        "/moderations" => json!({"id": "modr_1", "results": [{"flagged": false}]}),
        _ => json!({"id": "1", "choices": [
            {"index": 0, "message": {"role": "assistant", "content": said}, "text": said},
        ]}),
    })
}

/// The text of the last message, the prompt or the input.
fn said(body: &Value) -> &str {
    let last = ["messages", "input"].iter().find_map(|key| body.get(key)?.as_array()?.last());
    let content = last.and_then(|message| message.get("content")).or_else(|| body.get("input"));
    content.or_else(|| body.get("prompt")).and_then(Value::as_str).unwrap_or("ok")
}

/// The events of a stream that says `text`.
fn stream(path: &str, text: &str, cut: Cut) -> Vec<String> {
    let pieces: Vec<String> = match cut {
        Cut::Spelled => text.chars().map(String::from).collect(),
        Cut::At(at) => vec![text.chars().take(at).collect(), text.chars().skip(at).collect()],
    };
    let event = |value: &Value| format!("data: {value}\n\n");
    if path == "/responses" {
        let place = |kind: &str, key: &str, text: &str| {
            let event = json!({
                "type": kind, "item_id": "msg_1", "output_index": 0, "content_index": 0, key: text,
            });
            format!("event: {kind}\ndata: {event}\n\n")
        };
        let mut events: Vec<String> = pieces
            .iter()
            .map(|piece| place("response.output_text.delta", "delta", piece))
            .collect();
        events.push(place("response.output_text.done", "text", text));
        events.push(event(&json!({"type": "response.completed", "response": {"output": []}})));
        return events;
    }
    let mut events: Vec<String> = pieces
        .iter()
        .map(|piece| match path {
            "/completions" => json!({"choices": [{"index": 0, "text": piece}]}),
            _ => json!({"choices": [{"index": 0, "delta": {"content": piece}}]}),
        })
        .map(|value| event(&value))
        .collect();
    events.push("data: [DONE]\n\n".to_owned());
    events
}
