//! Restores a stream of events: one lane a text, and the events in their order.

use std::{borrow::Borrow, collections::BTreeMap};

use serde_json::{Map, Value, json};

use super::{
    lane::Lane,
    mapping::Mapping,
    restore::{ARGUMENTS, LOGPROBS, RestoreReport, Restorer},
};

/// How an endpoint's stream is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Chunks of `choices`, each with a `delta` or, in the older form, a `text`.
    Chunks,
    /// Typed events, those of a text named `….delta`.
    Typed,
}

/// Restores the events of one stream.
pub struct StreamRestorer<M> {
    shape: Shape,
    restorer: Restorer<M>,
    /// The texts that are open, by where they stand.
    lanes: BTreeMap<Place, Open>,
}

/// Where a text stands: which choice or item, and the fields and positions on the way to it.
type Place = Vec<Step>;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Key(String),
    Item(u64),
}

/// A text that is being restored.
struct Open {
    lane: Lane,
    /// The event that held its last piece, without texts: what a tail is sent in.
    envelope: Value,
}

impl<M: Borrow<Mapping>> StreamRestorer<M> {
    /// A restorer of a stream in `shape`.
    pub fn new(shape: Shape, mapping: M) -> Self {
        Self { shape, restorer: Restorer::new(mapping), lanes: BTreeMap::new() }
    }

    /// What became of the placeholders so far.
    pub fn report(&self) -> RestoreReport {
        self.restorer.report()
    }

    /// Restores one event. The answer is what to send in its place: the event itself, after it or
    /// before it the tails of texts that end with it.
    pub fn event(&mut self, event: Value) -> Vec<Value> {
        match self.shape {
            Shape::Chunks => self.chunk(event),
            Shape::Typed => self.typed(event),
        }
    }

    /// The end of the stream: the tails of all texts that are still open.
    pub fn finish(&mut self) -> Vec<Value> {
        self.close(|_| true)
    }

    fn chunk(&mut self, mut chunk: Value) -> Vec<Value> {
        let mut envelope = chunk.clone();
        if let Some(fields) = envelope.as_object_mut() {
            fields.remove("choices");
            // A tail costs nothing more.
            if let Some(usage) = fields.get_mut("usage") {
                *usage = Value::Null;
            }
        }
        let Value::Object(fields) = &mut chunk else {
            self.restorer.reply(&mut chunk);
            return vec![chunk];
        };
        let mut tails = Vec::new();
        for (key, value) in fields.iter_mut() {
            let Value::Array(choices) = value else {
                self.restorer.field(key, value);
                continue;
            };
            if key != "choices" {
                self.restorer.reply(value);
                continue;
            }
            for (position, choice) in choices.iter_mut().enumerate() {
                let index = index_of(choice, position);
                let Some(choice) = choice.as_object_mut() else { continue };
                for (key, value) in choice.iter_mut() {
                    if key == "delta" || key == "text" {
                        let place = vec![Step::Item(index), Step::Key(key.clone())];
                        self.delta(value, place, &envelope);
                    } else if key != LOGPROBS {
                        self.restorer.reply(value);
                    }
                }
                if choice.get("finish_reason").is_some_and(|reason| !reason.is_null()) {
                    tails.extend(self.close(|place| place.first() == Some(&Step::Item(index))));
                }
            }
        }
        // What is left of a text comes before the event that ends it; its own piece has come too
        // then, so that piece goes with the tail.
        if tails.is_empty() { vec![chunk] } else { ended(chunk, tails) }
    }

    /// Restores the pieces of texts in a delta.
    fn delta(&mut self, value: &mut Value, place: Place, envelope: &Value) {
        match value {
            Value::String(piece) => {
                let is_json = matches!(place.last(), Some(Step::Key(key)) if key == ARGUMENTS);
                self.piece(piece, place, is_json, envelope);
            }
            Value::Array(items) => {
                for (position, item) in items.iter_mut().enumerate() {
                    let mut place = place.clone();
                    place.push(Step::Item(index_of(item, position)));
                    self.delta(item, place, envelope);
                }
            }
            Value::Object(fields) => {
                for (key, value) in fields.iter_mut().filter(|(key, _)| *key != LOGPROBS) {
                    let mut place = place.clone();
                    place.push(Step::Key(key.clone()));
                    self.delta(value, place, envelope);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn piece(&mut self, piece: &mut String, place: Place, is_json: bool, envelope: &Value) {
        let open = self.lanes.entry(place).or_insert_with(|| Open {
            lane: if is_json { Lane::json() } else { Lane::text() },
            envelope: Value::Null,
        });
        let mut out = String::with_capacity(piece.len());
        open.lane.push(piece, &mut self.restorer, &mut out);
        if open.lane.is_holding() {
            open.envelope = envelope.clone();
        }
        *piece = out;
    }

    fn typed(&mut self, mut event: Value) -> Vec<Value> {
        let kind = event.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
        if let Some(stem) = kind.strip_suffix(".delta")
            && event.get("delta").is_some_and(Value::is_string)
        {
            let place = typed_place(stem, &event);
            let mut envelope = event.clone();
            if let Some(Value::String(piece)) = event.get_mut("delta") {
                if let Some(text) = envelope.get_mut("delta") {
                    *text = json!("");
                }
                self.piece(piece, place, stem.contains(ARGUMENTS), &envelope);
            }
            return vec![event];
        }
        // A text ends with its `….done`; whatever is open ends with the whole response.
        let mut events = match kind.strip_suffix(".done") {
            Some(stem) => {
                let place = typed_place(stem, &event);
                self.close(|open| *open == place)
            }
            None if ENDINGS.contains(&kind.as_str()) => self.finish(),
            None => Vec::new(),
        };
        self.restorer.reply(&mut event);
        events.push(event);
        events
    }

    /// Ends the texts that `which` names and gives their tails as events.
    fn close(&mut self, which: impl Fn(&Place) -> bool) -> Vec<Value> {
        let places: Vec<Place> = self.lanes.keys().filter(|place| which(place)).cloned().collect();
        let mut events = Vec::new();
        for place in places {
            let Some(mut open) = self.lanes.remove(&place) else { continue };
            let mut tail = String::new();
            open.lane.finish(&mut self.restorer, &mut tail);
            if !tail.is_empty() {
                events.push(match self.shape {
                    Shape::Chunks => tail_chunk(open.envelope, &place, tail),
                    Shape::Typed => tail_event(open.envelope, tail),
                });
            }
        }
        events
    }
}

/// Events of a response after which no text goes on.
const ENDINGS: [&str; 4] =
    ["response.completed", "response.failed", "response.incomplete", "response.cancelled"];

/// Which text a typed event belongs to.
fn typed_place(stem: &str, event: &Value) -> Place {
    let mut place = vec![Step::Key(stem.to_owned())];
    if let Some(id) = event.get("item_id").and_then(Value::as_str) {
        place.push(Step::Key(id.to_owned()));
    }
    for key in ["output_index", "content_index", "summary_index"] {
        place.push(Step::Item(event.get(key).and_then(Value::as_u64).unwrap_or(0)));
    }
    place
}

fn index_of(item: &Value, position: usize) -> u64 {
    item.get("index").and_then(Value::as_u64).unwrap_or(position as u64)
}

/// A chunk with nothing but the tail of one text.
fn tail_chunk(mut envelope: Value, place: &Place, tail: String) -> Value {
    let mut inner = Value::String(tail);
    let Some((Step::Item(choice), steps)) = place.split_first() else { return envelope };
    for step in steps.iter().rev() {
        inner = match step {
            Step::Key(key) => json!({ key: inner }),
            Step::Item(index) => {
                if let Some(fields) = inner.as_object_mut() {
                    fields.insert("index".to_owned(), json!(index));
                }
                json!([inner])
            }
        };
    }
    if let Some(fields) = inner.as_object_mut() {
        fields.insert("index".to_owned(), json!(choice));
        fields.insert("finish_reason".to_owned(), Value::Null);
    }
    if let Some(fields) = envelope.as_object_mut() {
        fields.insert("choices".to_owned(), json!([inner]));
    }
    envelope
}

fn tail_event(mut envelope: Value, tail: String) -> Value {
    if let Some(text) = envelope.get_mut("delta") {
        *text = Value::String(tail);
    }
    envelope
}

/// A chunk that ends texts, taken apart: its pieces, then the tails, then the end without pieces.
fn ended(mut chunk: Value, tails: Vec<Value>) -> Vec<Value> {
    let mut pieces = chunk.clone();
    let (mut any, empty) = (false, Value::Object(Map::new()));
    let choices = |value: &mut Value| -> Vec<Map<String, Value>> {
        let choices = value.get_mut("choices").and_then(Value::as_array_mut);
        let taken = choices.map(std::mem::take).unwrap_or_default();
        taken
            .into_iter()
            .filter_map(|c| if let Value::Object(c) = c { Some(c) } else { None })
            .collect()
    };
    let mut first = choices(&mut pieces);
    for choice in &mut first {
        choice.insert("finish_reason".to_owned(), Value::Null);
        any |= ["delta", "text"]
            .iter()
            .any(|key| choice.get(*key).is_some_and(|text| *text != empty && *text != json!("")));
    }
    let mut last = choices(&mut chunk);
    for choice in &mut last {
        if let Some(delta) = choice.get_mut("delta") {
            *delta = empty.clone();
        }
        if let Some(text) = choice.get_mut("text") {
            *text = json!("");
        }
        if any {
            choice.remove(LOGPROBS);
        }
    }
    let mut events = Vec::with_capacity(tails.len() + 2);
    if any {
        if let Some(usage) = pieces.get_mut("usage") {
            *usage = Value::Null;
        }
        if let Some(fields) = pieces.as_object_mut() {
            fields.insert("choices".to_owned(), first.into_iter().collect());
        }
        events.push(pieces);
    }
    events.extend(tails);
    if let Some(fields) = chunk.as_object_mut() {
        fields.insert("choices".to_owned(), last.into_iter().collect());
    }
    events.push(chunk);
    events
}
