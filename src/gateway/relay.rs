//! A stream on its way back: the upstream's events in, restored ones out.

use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::{Value, json};

use crate::{
    audit::Tokens,
    substitute::{
        ClearedBody, Mapping, RestoreReport,
        stream::{Shape, StreamRestorer},
    },
    upstream::{Stream, UpstreamError},
    wire::sse::{DONE, Event, Item},
};

/// Restores a stream as it comes. Nothing is held but what may become a placeholder.
pub struct Relay {
    stream: Stream,
    shape: Shape,
    restorer: StreamRestorer<Mapping>,
    ended: bool,
    /// Whether the caller also sees what was sent and what came, in events of their own.
    reveal: bool,
    /// The event that shows what was sent.
    opening: Option<String>,
    /// Whether `usage` is ours to know and was not asked for by the caller.
    hide_usage: bool,
    tokens: Option<Tokens>,
    restoration: Duration,
    fault: Option<&'static str>,
}

impl Relay {
    pub(super) fn new(stream: Stream, shape: Shape, mapping: Mapping, hide_usage: bool) -> Self {
        let restorer = StreamRestorer::new(shape, mapping);
        Self {
            stream,
            shape,
            restorer,
            ended: false,
            reveal: false,
            opening: None,
            hide_usage,
            tokens: None,
            restoration: Duration::ZERO,
            fault: None,
        }
    }

    /// Shows the caller both sides: first an event `sent` with the request as it was `sent`, then
    /// each of the upstream's events as it came, named `before`, and after it the restored ones,
    /// named `after`. All of it is the caller's own already.
    pub(super) fn revealing(mut self, sent: &ClearedBody) -> Self {
        let body = String::from_utf8_lossy(sent.as_bytes());
        let mut out = String::new();
        Event { name: "sent".to_owned(), data: json!({"body": body}).to_string(), id: None }
            .write(&mut out);
        self.reveal = true;
        self.opening = Some(out);
        self
    }

    /// What restored events are called for a caller that sees both sides.
    fn named(&self, name: String) -> String {
        if self.reveal { "after".to_owned() } else { name }
    }

    /// What became of the placeholders so far.
    pub fn report(&self) -> RestoreReport {
        self.restorer.report()
    }

    /// What the upstream says that it took.
    pub fn tokens(&self) -> Option<Tokens> {
        self.tokens
    }

    /// How long restoration has taken so far.
    pub fn restoration(&self) -> Duration {
        self.restoration
    }

    /// The code of the error that ended it.
    pub fn fault_code(&self) -> Option<&'static str> {
        self.fault
    }

    /// Whether its end has been reached, good or bad.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// The next bytes for the caller; `None` at the end. A fault of the upstream's becomes one
    /// event that says so, and the stream ends without `[DONE]`.
    pub async fn next(&mut self) -> Option<Bytes> {
        if let Some(opening) = self.opening.take() {
            return Some(Bytes::from(opening));
        }
        while !self.ended {
            let mut out = String::new();
            let next = self.stream.next().await;
            let began = Instant::now();
            let result = match next {
                Ok(items) if items.is_empty() => self.end(&mut out),
                Ok(items) => items.into_iter().try_for_each(|item| self.item(item, &mut out)),
                Err(error) => Err(error),
            };
            if let Err(error) = result {
                self.fault(&error, &mut out);
            }
            self.restoration += began.elapsed();
            if !out.is_empty() {
                return Some(Bytes::from(out));
            }
        }
        None
    }

    fn item(&mut self, item: Item, out: &mut String) -> Result<(), UpstreamError> {
        if self.ended {
            return Ok(());
        }
        let event = match item {
            // Its text could be anything; that it came keeps the connection alive.
            Item::Comment => {
                out.push_str(":\n\n");
                return Ok(());
            }
            Item::Event(event) if event.data.trim() == DONE => {
                self.tails(out);
                let name = self.named(String::new());
                Event { name, data: DONE.to_owned(), id: None }.write(out);
                self.ended = true;
                return Ok(());
            }
            Item::Event(event) => event,
        };
        if self.reveal {
            let data = event.data.clone();
            Event { name: "before".to_owned(), data, id: None }.write(out);
        }
        let mut value: Value = serde_json::from_str(&event.data)
            .map_err(|_| UpstreamError::Nonsense("has an event that is not JSON"))?;
        if self.count(&mut value) {
            return Ok(());
        }
        let is_error = value.get("error").is_some_and(|error| !error.is_null())
            || value.get("type").and_then(Value::as_str) == Some("error");
        if is_error && self.shape == Shape::Chunks {
            // It is the last that comes, so what is held back goes out before it.
            self.tails(out);
        }
        let before = value.get("type").cloned();
        for restored in self.restorer.event(value) {
            // A tail that is sent before the event has the type of the text that it ends.
            let own = restored.get("type") == before.as_ref();
            let kind = restored.get("type").and_then(Value::as_str).unwrap_or_default();
            let name =
                if own || event.name.is_empty() { event.name.clone() } else { kind.to_owned() };
            let name = self.named(name);
            let id = event.id.clone().filter(|_| own);
            Event { name, data: restored.to_string(), id }.write(out);
        }
        // An error is the last that comes; a typed stream says the rest itself.
        self.ended = is_error && self.shape == Shape::Chunks;
        Ok(())
    }

    /// Notes what the upstream says that it took; whether the event is there for that alone and is not
    /// for the caller.
    fn count(&mut self, value: &mut Value) -> bool {
        let usage = match self.shape {
            Shape::Chunks => value.get("usage"),
            Shape::Typed => value.get("response").and_then(|response| response.get("usage")),
        };
        let tokens = usage.and_then(Tokens::read);
        self.tokens = tokens.or(self.tokens);
        if !self.hide_usage {
            return false;
        }
        if let Some(fields) = value.as_object_mut() {
            fields.shift_remove("usage");
        }
        tokens.is_some()
            && value.get("choices").and_then(Value::as_array).is_some_and(Vec::is_empty)
    }

    /// The upstream has closed the stream.
    fn end(&mut self, out: &mut String) -> Result<(), UpstreamError> {
        self.tails(out);
        self.ended = true;
        match self.shape {
            // Without its last event nobody knows whether a stream is whole.
            Shape::Typed if self.restorer.is_complete() => Ok(()),
            Shape::Chunks | Shape::Typed => Err(UpstreamError::BrokeOff),
        }
    }

    fn tails(&mut self, out: &mut String) {
        for tail in self.restorer.finish() {
            let name = match self.shape {
                Shape::Chunks => String::new(),
                Shape::Typed => {
                    tail.get("type").and_then(Value::as_str).unwrap_or_default().to_owned()
                }
            };
            let name = self.named(name);
            Event { name, data: tail.to_string(), id: None }.write(out);
        }
    }

    /// Ends the stream with an event that says what is wrong, in the form of any other error.
    fn fault(&mut self, error: &UpstreamError, out: &mut String) {
        log::warn!("a stream broke: {error}");
        self.tails(out);
        self.ended = true;
        let code = if matches!(error, UpstreamError::Timeout) {
            "upstream_timeout"
        } else {
            "upstream_error"
        };
        self.fault = Some(code);
        let error = json!({"message": error.to_string(), "type": "server_error", "param": null, "code": code});
        let name = self.named(String::new());
        Event { name, data: json!({ "error": error }).to_string(), id: None }.write(out);
    }
}
