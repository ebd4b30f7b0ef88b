//! The note that tells a model what placeholders are, where the settings ask for one.

use serde_json::{Map, Value, json};

/// What it says. It gives no example: a model could repeat it.
const NOTE: &str = "Marks in square brackets with a label and a number, such as a NAME or a DATE, stand for values that \
were taken out. Treat each as the value that it stands for, copy it exactly, and never change or invent one.";

/// Puts the note before everything else that the model reads. Bodies without messages, instructions
/// or input stay as they are.
pub(super) fn add(body: &mut Value) {
    let Value::Object(fields) = body else { return };
    if let Some(Value::Array(messages)) = fields.get_mut("messages") {
        messages.insert(0, json!({"role": "system", "content": NOTE}));
    } else if fields.contains_key("input") {
        let instructions = match fields.get("instructions").and_then(Value::as_str) {
            Some(own) => format!("{NOTE}\n\n{own}"),
            None => NOTE.to_owned(),
        };
        insert(fields, instructions);
    }
}

fn insert(fields: &mut Map<String, Value>, instructions: String) {
    fields.insert("instructions".to_owned(), Value::String(instructions));
}
