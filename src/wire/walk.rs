//! Walks the strings of a request in a fixed order, by the table.
//!
//! The same walk is made twice: once to collect the [`Leaf`]s for detection, once to put their
//! replacements in. Both see the same leaves in the same order.

use serde_json::{Map, Value};
use thiserror::Error;

use super::fields::{Kind, Shape, Table};
use super::json_text::{self, Scalar, ScalarKind};
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
        leaves.push(Leaf {
            kind: leaf.kind,
            cue: leaf.cue.map(PhiText::from),
            text: PhiText::from(leaf.text),
        });
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
    /// The path of the string that it is, or that it is a part of, as the table writes it; of a
    /// key, the path of its object.
    pub path: &'a str,
    /// The position in each `[]` of `path`.
    pub positions: &'a [usize],
}

type Visitor<'v> = dyn FnMut(Visit<'_>) -> Option<String> + 'v;

/// Walks `body`; `visit` gets each leaf and gives its replacement, or `None` to leave it.
///
/// # Errors
/// When replacements make two keys of one object the same.
pub fn walk(body: &mut Value, table: &Table, visit: &mut Visitor<'_>) -> Result<(), WalkError> {
    let mut walk =
        Walk { table, visit, path: String::new(), positions: Vec::new(), of_a_tool: false };
    let Value::Object(fields) = body else {
        return walk.value(body, None);
    };
    let order: Vec<String> = FIRST
        .iter()
        .filter(|key| fields.contains_key(**key))
        .map(|key| (*key).to_owned())
        .chain(fields.keys().filter(|key| !FIRST.contains(&key.as_str())).cloned())
        .collect();
    let mut renamed = Vec::new();
    for key in &order {
        let new_key = walk.key(key);
        if let Some(value) = fields.get_mut(key) {
            walk.field(key, value)?;
        }
        if let Some(new_key) = new_key {
            renamed.push((key.clone(), new_key));
        }
    }
    rename(fields, renamed)
}

struct Walk<'w, 'v> {
    table: &'w Table,
    visit: &'w mut Visitor<'v>,
    path: String,
    /// Where in each list of `path` the walk is.
    positions: Vec<usize>,
    /// Whether the message at hand is a tool's.
    of_a_tool: bool,
}

impl Walk<'_, '_> {
    fn visit(&mut self, kind: LeafKind, cue: Option<&str>, text: &str) -> Option<String> {
        let (path, positions) = (self.path.as_str(), self.positions.as_slice());
        (self.visit)(Visit { kind, cue, text, path, positions })
    }

    /// The value of field `key`, which is also its cue.
    fn field(&mut self, key: &str, value: &mut Value) -> Result<(), WalkError> {
        let before = self.path.len();
        if before > 0 {
            self.path.push('.');
        }
        // A key that could be read as a path of the table must not be one.
        let plain = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        self.path.push_str(if plain { key } else { "?" });
        let result = self.value(value, Some(key));
        self.path.truncate(before);
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
                let before = self.path.len();
                let are_messages = self.path == "messages";
                self.path.push_str("[]");
                for (position, item) in items.iter_mut().enumerate() {
                    if are_messages {
                        self.of_a_tool = is_tool_message(item);
                    }
                    self.positions.push(position);
                    let result = self.value(item, cue);
                    self.positions.pop();
                    result?;
                }
                self.path.truncate(before);
            }
            Value::Object(fields) => self.object(fields)?,
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
        Ok(())
    }

    fn object(&mut self, fields: &mut Map<String, Value>) -> Result<(), WalkError> {
        let mut renamed = Vec::new();
        for key in fields.keys().cloned().collect::<Vec<_>>() {
            let new_key = self.key(&key);
            if let Some(value) = fields.get_mut(&key) {
                self.field(&key, value)?;
            }
            renamed.extend(new_key.map(|new_key| (key, new_key)));
        }
        rename(fields, renamed)
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

    /// A JSON schema: its words and limits are constants, the values in it are data.
    fn schema(&mut self, value: &mut Value, cue: Option<&str>) -> Result<(), WalkError> {
        match value {
            Value::String(text) => {
                if !is_schema_constant(cue, text) {
                    self.string(text, None, cue);
                }
            }
            Value::Number(number) if !cue.is_some_and(|key| LIMITS.contains(&key)) => {
                let text = number.to_string();
                if let Some(new) = self.visit(LeafKind::Number, cue, &text) {
                    *value = Value::String(new);
                }
            }
            Value::Array(items) => {
                for item in items {
                    self.schema(item, cue)?;
                }
            }
            Value::Object(fields) => {
                let mut renamed = Vec::new();
                for key in fields.keys().cloned().collect::<Vec<_>>() {
                    let new_key = self.visit(LeafKind::Key, None, &key);
                    if let Some(value) = fields.get_mut(&key) {
                        self.schema(value, Some(&key))?;
                    }
                    renamed.extend(new_key.map(|new_key| (key, new_key)));
                }
                rename(fields, renamed)?;
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
        Ok(())
    }
}

/// Keywords of JSON Schema (draft 2020-12, validation) whose numbers are limits.
const LIMITS: [&str; 14] = [
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minContains",
    "maxContains",
    "minProperties",
    "maxProperties",
    "version",
];

/// Whether a string of a schema is one of its own words.
fn is_schema_constant(cue: Option<&str>, text: &str) -> bool {
    const TYPES: [&str; 7] = ["string", "number", "integer", "object", "array", "boolean", "null"];
    match cue {
        Some("type") => TYPES.contains(&text),
        Some("format") => Shape::Word.fits(text),
        Some("$ref") => text.strip_prefix("#/").is_some_and(|path| Shape::Model.fits(path)),
        Some("$schema") => {
            let draft = text.trim_start_matches("https://").trim_start_matches("http://");
            draft.starts_with("json-schema.org/") && Shape::Model.fits(draft.trim_end_matches('#'))
        }
        _ => false,
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
mod tests {
    use serde_json::{Value, json};

    use super::{LeafKind, WalkError, collect, walk};
    use crate::wire::fields::CHAT_COMPLETIONS;

    fn leaves(mut body: Value) -> Vec<(LeafKind, Option<String>, String)> {
        let leaves = collect(&mut body, &CHAT_COMPLETIONS).unwrap();
        let expose = |leaf: &super::Leaf| {
            let cue = leaf.cue.as_ref().map(|cue| cue.expose_phi().to_owned());
            (leaf.kind, cue, leaf.text.expose_phi().to_owned())
        };
        leaves.iter().map(expose).collect()
    }

    fn texts(body: Value) -> Vec<String> {
        leaves(body).into_iter().map(|leaf| leaf.2).collect()
    }

    #[test]
    fn constants_stay_and_everything_else_is_a_leaf() {
        let body = json!({
            "model": "gpt-4o", "temperature": 0.5,
            "user": "u1", "comment": "c1", "ward": {"bed": 4471009},
            "messages": [
                {"role": "user", "content": "m1", "name": "Ann", "note": ["n1"]},
                {"role": "user", "content": [{"type": "text", "text": "m2"}]},
                {"role": "tool", "name": "lookup", "tool_call_id": "call_1", "content": "m3"},
            ],
        });
        let searched: Vec<_> =
            leaves(body).into_iter().filter(|l| l.0 != LeafKind::Constant).map(|l| l.2).collect();
        let expected = [
            "m1", "Ann", "note", "n1", "m2", "m3", "u1", "comment", "c1", "ward", "bed", "4471009",
        ];
        assert_eq!(searched, expected);
    }

    #[test]
    fn a_constant_that_looks_like_none_is_text() {
        let body = json!({"model": "John Doe", "messages": [{"role": "Ann Lee", "content": 7}]});
        assert_eq!(texts(body), ["Ann Lee", "7", "John Doe"]);
    }

    #[test]
    fn what_the_model_reads_first_is_walked_first() {
        let body = json!({
            "metadata": {"a": "4"},
            "messages": [{"role": "user", "content": "3"}],
            "tools": [{"type": "function", "function": {"name": "f", "description": "1", "parameters":
                {"type": "object", "properties": {"mrn": {"type": "string", "description": "2"}}}}}],
        });
        let texts =
            leaves(body).into_iter().filter(|l| l.0 == LeafKind::Text || l.0 == LeafKind::Field);
        let texts: Vec<_> = texts.map(|leaf| leaf.2).collect();
        assert_eq!(texts, ["1", "2", "3", "4"]);
    }

    #[test]
    fn data_in_a_schema_is_no_constant() {
        let body = json!({"messages": [], "tools": [{"function": {"parameters": {
            "type": "object", "maxLength": 9, "$ref": "#/$defs/a",
            "properties": {"mrn": {"const": 4471009, "type": "jdoe@example.org"}},
        }}}]});
        let found: Vec<_> =
            leaves(body).into_iter().filter(|l| l.0 != LeafKind::Key).map(|l| l.2).collect();
        assert_eq!(found, ["#/$defs/a", "4471009", "jdoe@example.org"]);
    }

    #[test]
    fn strings_that_hold_json_are_walked_leaf_by_leaf() {
        let body = json!({"messages": [{"role": "assistant", "tool_calls": [{
            "id": "call_1", "type": "function",
            "function": {"name": "f", "arguments": "{\"family\": \"Doe\", \"inner\": \"[\\\"x\\\"]\"}"},
        }]}]});
        let found = leaves(body);
        assert!(found.contains(&(LeafKind::Field, Some("family".into()), "Doe".into())));
        assert!(found.contains(&(LeafKind::Field, None, "x".into())));
    }

    #[test]
    fn a_key_that_reads_like_a_path_is_text() {
        let body = json!({"messages[].role": "Ann", "messages": []});
        assert_eq!(texts(body), ["Ann"]);
    }

    #[test]
    fn keys_that_would_become_one_are_an_error() {
        let mut body = json!({"messages": [], "metadata": {"Ann": 1, "ANN": 2}});
        let result = walk(&mut body, &CHAT_COMPLETIONS, &mut |leaf| {
            (leaf.kind == LeafKind::Key && leaf.text.len() == 3).then(|| "[NAME_1]".to_owned())
        });
        assert!(matches!(result, Err(WalkError::KeyCollision)));
    }

    #[test]
    fn replacements_go_where_the_leaves_were() {
        let mut body = json!({
            "messages": [{"role": "user", "content": "ann"}],
            "x": {"ann": ["ann", 5]},
        });
        walk(&mut body, &CHAT_COMPLETIONS, &mut |leaf| Some(format!("<{}>", leaf.text))).unwrap();
        let expected = json!({
            "messages": [{"role": "user", "content": "<ann>"}],
            "<x>": {"<ann>": ["<ann>", "<5>"]},
        });
        assert_eq!(body, expected);
    }
}
