//! Walks the strings of a request in a fixed order, by the table.
//!
//! The same walk is made twice: once to collect the [`Leaf`]s for detection, once to put their
//! replacements in. Both see the same leaves in the same order.

mod schema;

use serde_json::{Map, Value};
use thiserror::Error;

use super::{
    fields::{Kind, Shape, Table},
    json_text::{self, Scalar, ScalarKind},
};
use crate::phi::PhiText;

/// Fields whose text stands before the messages in the model's context. They are walked first and
/// the messages next, so that a conversation that grows keeps its numbers.
const FIRST: [&str; 8] = [
    "tools",
    "functions",
    "response_format",
    "text",
    "instructions",
    "prompt",
    "messages",
    "input",
];

/// What a leaf is, as far as detection cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeafKind {
    /// A text of its own, such as the content of a message.
    Text,
    /// A value among others; its `cue` says under which key.
    Field,
    /// A number; replaced as a whole.
    Number,
    /// The key of a field.
    Key,
    /// A name by its position alone.
    Participant,
    /// An id, or the name of a tool or a model: not searched, and still no place for a value that
    /// was found elsewhere.
    Constant,
}

/// One string (or number, or key) of a request that may hold PHI.
#[derive(Clone, Debug)]
pub struct Leaf {
    /// What it is.
    pub kind: LeafKind,
    /// The key that it stands under: "mrn" says what "4471009" is.
    pub cue: Option<PhiText>,
    /// Its text, unescaped.
    pub text: PhiText,
    /// Whether it is a text of the conversation, which a model reads in one go.
    pub in_sequence: bool,
}

/// Why a request cannot be walked to its end.
#[derive(Debug, Error)]
pub enum WalkError {
    /// Two keys of one object would become one.
    #[error("two keys of one object hold the same identifier")]
    KeyCollision,
}

/// Collects the leaves of `body`.
///
/// # Errors
/// Never on a body as it came in; the signature is that of the walk that replaces.
pub fn collect(body: &mut Value, table: &Table) -> Result<Vec<Leaf>, WalkError> {
    let mut leaves = Vec::new();
    walk(body, table, &mut |leaf: Visit<'_>| {
        leaves.push(leaf.leaf());
        None
    })?;
    Ok(leaves)
}

/// What a visitor of the walk sees.
pub struct Visit<'a> {
    /// What it is.
    pub kind: LeafKind,
    /// The key that it stands under.
    pub cue: Option<&'a str>,
    /// Its text, unescaped.
    pub text: &'a str,
    /// The path of the string that it is, or that it is a part of, in the body's own keys and with
    /// `[]` for each list; of a key, the path of its object.
    pub path: &'a str,
    /// The position in each `[]` of `path`.
    pub positions: &'a [usize],
}

impl Visit<'_> {
    /// The leaf that is visited.
    pub fn leaf(&self) -> Leaf {
        let path = self.path;
        Leaf {
            kind: self.kind,
            cue: self.cue.map(PhiText::from),
            text: PhiText::from(self.text),
            in_sequence: ["messages[].content", "input[].content"]
                .iter()
                .any(|own| path.starts_with(own)),
        }
    }
}

type Visitor<'v> = dyn FnMut(Visit<'_>) -> Option<String> + 'v;

/// Walks `body`; `visit` gets each leaf and gives its replacement, or `None` to leave it.
///
/// # Errors
/// When replacements make two keys of one object the same.
pub fn walk(body: &mut Value, table: &Table, visit: &mut Visitor<'_>) -> Result<(), WalkError> {
    let mut walk = Walk {
        table,
        visit,
        path: String::new(),
        place: String::new(),
        positions: Vec::new(),
        of_a_tool: false,
    };
    let Value::Object(fields) = body else {
        return walk.value(body, None);
    };
    let mut renamed = Vec::new();
    for key in FIRST {
        if let Some(value) = fields.get_mut(key) {
            walk.entry(key, value, &mut renamed)?;
        }
    }
    for (key, value) in fields.iter_mut().filter(|(key, _)| !FIRST.contains(&key.as_str())) {
        walk.entry(key, value, &mut renamed)?;
    }
    rename(fields, renamed)
}

struct Walk<'w, 'v> {
    table: &'w Table,
    visit: &'w mut Visitor<'v>,
    /// Where the walk is, as the table writes it.
    path: String,
    /// The same in the body's own keys.
    place: String,
    /// Where in each list of `path` the walk is.
    positions: Vec<usize>,
    /// Whether the message at hand is a tool's.
    of_a_tool: bool,
}

impl Walk<'_, '_> {
    fn visit(&mut self, kind: LeafKind, cue: Option<&str>, text: &str) -> Option<String> {
        let (path, positions) = (self.place.as_str(), self.positions.as_slice());
        (self.visit)(Visit { kind, cue, text, path, positions })
    }

    /// The value of field `key`, which is also its cue.
    fn field(&mut self, key: &str, value: &mut Value) -> Result<(), WalkError> {
        let before = (self.path.len(), self.place.len());
        self.table.descend(&mut self.path, key);
        if before.1 > 0 {
            self.place.push('.');
        }
        self.place.push_str(key);
        let result = self.value(value, Some(key));
        self.path.truncate(before.0);
        self.place.truncate(before.1);
        result
    }

    fn value(&mut self, value: &mut Value, cue: Option<&str>) -> Result<(), WalkError> {
        let kind = match self.table.kind(&self.path) {
            Some(Kind::Schema) => return self.schema(value, cue),
            Some(Kind::Checked) => return Ok(()),
            Some(Kind::Participant) if self.of_a_tool => Some(Kind::Constant(Shape::Name)),
            kind => kind,
        };
        match value {
            Value::String(text) => self.string(text, kind, cue),
            Value::Number(number) if kind != Some(Kind::Number) => {
                let text = number.to_string();
                if let Some(new) = self.visit(LeafKind::Number, cue, &text) {
                    *value = Value::String(new);
                }
            }
            Value::Array(items) => {
                let before = (self.path.len(), self.place.len());
                let are_messages = self.path == "messages";
                self.path.push_str("[]");
                self.place.push_str("[]");
                for (position, item) in items.iter_mut().enumerate() {
                    if are_messages {
                        self.of_a_tool = is_tool_message(item);
                    }
                    self.positions.push(position);
                    let result = self.value(item, cue);
                    self.positions.pop();
                    result?;
                }
                self.path.truncate(before.0);
                self.place.truncate(before.1);
            }
            Value::Object(fields) => self.object(fields)?,
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
        Ok(())
    }

    fn object(&mut self, fields: &mut Map<String, Value>) -> Result<(), WalkError> {
        let mut renamed = Vec::new();
        for (key, value) in fields.iter_mut() {
            self.entry(key, value, &mut renamed)?;
        }
        rename(fields, renamed)
    }

    /// A field of an object: its key, whose new name goes to `renamed`, and its value.
    fn entry(
        &mut self,
        key: &str,
        value: &mut Value,
        renamed: &mut Vec<(String, String)>,
    ) -> Result<(), WalkError> {
        let new_key = self.key(key);
        self.field(key, value)?;
        renamed.extend(new_key.map(|new_key| (key.to_owned(), new_key)));
        Ok(())
    }

    /// The replacement of a key that is not the protocol's own.
    fn key(&mut self, key: &str) -> Option<String> {
        let before = self.path.len();
        if before > 0 {
            self.path.push('.');
        }
        self.path.push_str(key);
        let known = self.table.knows(&self.path);
        self.path.truncate(before);
        if known {
            return None;
        }
        self.visit(LeafKind::Key, None, key)
    }

    fn string(&mut self, text: &mut String, kind: Option<Kind>, cue: Option<&str>) {
        let leaf_kind = match kind {
            Some(Kind::Constant(Shape::Word)) if Shape::Word.fits(text) => return,
            Some(Kind::Constant(shape)) if shape.fits(text) => LeafKind::Constant,
            Some(Kind::Opaque) => return,
            Some(Kind::Participant) => LeafKind::Participant,
            Some(Kind::Text) => LeafKind::Text,
            _ => LeafKind::Field,
        };
        if leaf_kind != LeafKind::Constant && json_text::is_container(text) {
            *text = self.embedded(text);
            return;
        }
        // Text of the protocol's own ("content") says nothing by the name of its field.
        let cue = cue.filter(|_| leaf_kind == LeafKind::Field);
        if let Some(new) = self.visit(leaf_kind, cue, text) {
            *text = new;
        }
    }

    /// A string that itself holds JSON: scrubbed leaf by leaf, and so still JSON.
    fn embedded(&mut self, json: &str) -> String {
        json_text::rewrite_scalars(json, |scalar: Scalar<'_>| {
            let kind = match scalar.kind {
                ScalarKind::Key => LeafKind::Key,
                ScalarKind::Number => LeafKind::Number,
                ScalarKind::String if json_text::is_container(scalar.text) => {
                    let new = self.embedded(scalar.text);
                    return (new != scalar.text).then_some(new);
                }
                ScalarKind::String => LeafKind::Field,
            };
            self.visit(kind, scalar.cue, scalar.text)
        })
    }
}

fn is_tool_message(message: &Value) -> bool {
    matches!(message.get("role").and_then(Value::as_str), Some("tool" | "function"))
}

/// Gives keys their new names, in place.
fn rename(
    fields: &mut Map<String, Value>,
    renamed: Vec<(String, String)>,
) -> Result<(), WalkError> {
    if renamed.is_empty() {
        return Ok(());
    }
    let count = fields.len();
    let renamed = std::collections::HashMap::<String, String>::from_iter(renamed);
    *fields = std::mem::take(fields)
        .into_iter()
        .map(|(key, value)| (renamed.get(&key).cloned().unwrap_or(key), value))
        .collect();
    if fields.len() == count { Ok(()) } else { Err(WalkError::KeyCollision) }
}

#[cfg(test)]
mod tests;
