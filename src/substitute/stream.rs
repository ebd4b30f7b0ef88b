//! Restores a stream of events: one lane a text, and the events in their order.

use std::{borrow::Borrow, collections::BTreeMap};

use serde_json::{Map, Value, json};

use super::{
    annotations::Heard,
    lane::Lane,
    mapping::Mapping,
    restore::{RestoreReport, Restorer},
};
use crate::wire::reply::{Object, Part};

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
    /// What annotations that come by themselves count in.
    heard: Heard<Place>,
    /// Whether the event came that ends a stream of typed events.
    complete: bool,
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
        let restorer = Restorer::new(mapping);
        Self { shape, restorer, lanes: BTreeMap::new(), heard: Heard::new(), complete: false }
    }

    /// Whether a stream of typed events has said how it ended.
    pub fn is_complete(&self) -> bool {
        self.complete
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
                self.restorer.field(Object::Other, key, value);
                continue;
            };
            if key != "choices" {
                self.restorer.field(Object::Other, key, value);
                continue;
            }
            for (position, choice) in choices.iter_mut().enumerate() {
                let index = index_of(choice, position);
                let Some(choice) = choice.as_object_mut() else { continue };
                for (key, value) in choice.iter_mut() {
                    if key == "delta" || key == "text" {
                        let place = vec![Step::Item(index), Step::Key(key.clone())];
                        self.delta(value, Part::Text, place, &envelope);
                    } else {
                        self.restorer.field(Object::Other, key, value);
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

    /// Restores the pieces of texts in a delta; `part` is what its strings are.
    fn delta(&mut self, value: &mut Value, part: Part, place: Place, envelope: &Value) {
        match value {
            _ if part == Part::Opaque => {}
            Value::String(constant) if part == Part::Constant => {
                self.restorer.string(constant, part);
            }
            Value::String(piece) => self.piece(piece, place, part == Part::Json, envelope),
            Value::Array(items) => {
                for (position, item) in items.iter_mut().enumerate() {
                    let mut place = place.clone();
                    place.push(Step::Item(index_of(item, position)));
                    self.delta(item, part, place, envelope);
                }
            }
            Value::Object(fields) => {
                let object = Object::of(fields, last_key(&place));
                let below = |key: &str| [place.as_slice(), &[Step::Key(key.to_owned())]].concat();
                for (key, value) in fields.iter_mut().filter(|(key, _)| *key != ANNOTATIONS) {
                    self.delta(value, object.part(key), below(key), envelope);
                }
                // Each is whole, and counts in the text that came so far.
                if let Some(annotations) = fields.get_mut(ANNOTATIONS) {
                    self.heard.shift(annotations, &below("content"), self.restorer.mapping());
                    self.restorer.reply(annotations);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn piece(&mut self, piece: &mut String, place: Place, is_json: bool, envelope: &Value) {
        let is_annotated = matches!(place.last(), Some(Step::Key(key)) if key == "content")
            || matches!(place.first(), Some(Step::Key(stem)) if stem == OUTPUT_TEXT);
        if is_annotated && !self.restorer.mapping().is_empty() {
            self.heard.hear(place.clone(), piece);
        }
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
        if let Some(stem) = kind.strip_suffix(".delta") {
            let place = typed_place(stem, &event);
            let envelope = typed_envelope(&event);
            let Value::Object(fields) = &mut event else { return vec![event] };
            let object = Object::of(fields, "");
            for (key, value) in fields.iter_mut() {
                if key == "delta" {
                    let is_json = stem.contains("arguments");
                    let part = if is_json { Part::Json } else { object.part(key) };
                    self.delta(value, part, place.clone(), &envelope);
                } else {
                    self.restorer.field(object, key, value);
                }
            }
            return vec![event];
        }
        if let Some(stem) = kind.strip_suffix(".annotation.added") {
            let place = typed_place(stem, &event);
            self.heard.shift(&mut event, &place, self.restorer.mapping());
        }
        let is_ending = ENDINGS.contains(&kind.as_str());
        self.complete |= is_ending
            || kind == "error"
            || event.get("error").is_some_and(|error| !error.is_null());
        // A text ends with its `….done`; whatever is open ends with the whole response.
        let mut events = match kind.strip_suffix(".done") {
            Some(stem) => {
                let place = typed_place(stem, &event);
                self.close(|open| open.starts_with(&place))
            }
            None if is_ending => self.finish(),
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
                    Shape::Typed => tail_event(open.envelope, &place, tail),
                });
            }
        }
        events
    }
}

/// The field of a message that says which of its words come from where.
const ANNOTATIONS: &str = "annotations";
/// What the events of a text with annotations are called.
const OUTPUT_TEXT: &str = "response.output_text";
/// Events of a response after which no text goes on.
const ENDINGS: [&str; 4] =
    ["response.completed", "response.failed", "response.incomplete", "response.cancelled"];

/// Which text a typed event belongs to.
fn typed_place(stem: &str, event: &Value) -> Place {
    let mut place = vec![Step::Key(stem.to_owned())];
    if let Some(id) = event.get("item_id").and_then(Value::as_str) {
        place.push(Step::Key(id.to_owned()));
    }
    for key in ["output_index", "content_index", "summary_index", "command_index"] {
        place.push(Step::Item(event.get(key).and_then(Value::as_u64).unwrap_or(0)));
    }
    place
}

/// The key that the last object of a place stands under.
fn last_key(place: &Place) -> &str {
    let keys = place.iter().rev().filter_map(|step| match step {
        Step::Key(key) => Some(key.as_str()),
        Step::Item(_) => None,
    });
    keys.into_iter().next().unwrap_or_default()
}

fn index_of(item: &Value, position: usize) -> u64 {
    item.get("index").and_then(Value::as_u64).unwrap_or(position as u64)
}

/// A chunk with nothing but the tail of one text.
fn tail_chunk(mut envelope: Value, place: &Place, tail: String) -> Value {
    let Some((Step::Item(choice), steps)) = place.split_first() else { return envelope };
    let mut inner = nested(steps, tail);
    if let Some(fields) = inner.as_object_mut() {
        fields.insert("index".to_owned(), json!(choice));
        fields.insert("finish_reason".to_owned(), Value::Null);
    }
    if let Some(fields) = envelope.as_object_mut() {
        fields.insert("choices".to_owned(), json!([inner]));
    }
    envelope
}

/// `text` at the end of `steps`.
fn nested(steps: &[Step], text: String) -> Value {
    let mut inner = Value::String(text);
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
    inner
}

/// A typed event without its texts: the tokens of a piece came with it, not with its tail.
fn typed_envelope(event: &Value) -> Value {
    let mut envelope = event.clone();
    for (key, empty) in [("delta", Value::Null), ("logprobs", json!([]))] {
        if let Some(value) = envelope.get_mut(key) {
            *value = empty;
        }
    }
    envelope
}

fn tail_event(mut envelope: Value, place: &Place, tail: String) -> Value {
    // A delta is a text, or an object of texts.
    let base = typed_place("", &envelope).len();
    if let Some(delta) = envelope.get_mut("delta") {
        *delta = nested(place.get(base..).unwrap_or_default(), tail);
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
            choice.remove("logprobs");
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
