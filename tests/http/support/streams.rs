//! What the tests of streams share.

use std::io::Read;

use serde_json::{Value, json};

use super::{
    Scene, data,
    standin::{Answer, chunk},
};

/// The route of chats.
pub(crate) const CHAT: &str = "/v1/chat/completions";
/// What the requests hold, which is `[SSN_1]` upstream.
pub(crate) const SSN: &str = "536-22-8145";

/// A request for a stream.
pub(crate) fn request(content: &str) -> Value {
    json!({"model": "gpt-4o", "stream": true, "messages": [{"role": "user", "content": content}]})
}

/// All that comes back, as it was written.
pub(crate) fn stream(scene: &Scene, path: &str, body: &Value) -> String {
    let mut text = String::new();
    scene.open(path, body).read_to_string(&mut text).unwrap();
    text
}

/// The events of a stream but for its end.
pub(crate) fn chunks(stream: &str) -> Vec<Value> {
    let data = data(stream).into_iter().filter(|data| data != "[DONE]");
    data.map(|data| serde_json::from_str(&data).unwrap()).collect()
}

/// The strings at `pointer` in the deltas of choice `index`, put together.
pub(crate) fn said(stream: &str, index: u64, pointer: &str) -> String {
    let choices = chunks(stream).into_iter();
    let choices =
        choices.flat_map(|chunk| chunk["choices"].as_array().cloned().unwrap_or_default());
    let own = choices.filter(|choice| choice["index"] == index);
    own.filter_map(|choice| Some(choice.pointer(pointer)?.as_str()?.to_owned())).collect()
}

/// A stream of these deltas.
pub(crate) fn deltas(deltas: Vec<Value>) -> Answer {
    let mut events: Vec<_> = deltas.into_iter().map(|delta| chunk(0, delta, None)).collect();
    events.extend([chunk(0, json!({}), Some("stop")), "data: [DONE]\n\n".to_owned()]);
    Answer::events(events)
}
