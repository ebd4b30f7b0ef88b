//! JSON schemas: their words and limits are constants, the values in them are data.

use serde_json::Value;

use super::{LeafKind, Walk, WalkError, rename};
use crate::wire::fields::Shape;

impl Walk<'_, '_> {
    /// A JSON schema: its words and limits are constants, the values in it are data.
    pub(super) fn schema(&mut self, value: &mut Value, cue: Option<&str>) -> Result<(), WalkError> {
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
                for (key, value) in fields.iter_mut() {
                    let new_key = self.visit(LeafKind::Key, None, key);
                    self.schema(value, Some(key))?;
                    renamed.extend(new_key.map(|new_key| (key.clone(), new_key)));
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
