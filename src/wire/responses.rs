//! `POST /v1/responses`: what a request must be.

use serde_json::{Map, Value};

use super::check::{self, Invalid};
use crate::settings::UnscannableContent;

/// Types of content parts that hold text, and the field that holds it.
const TEXT_PARTS: [(&str, &str); 6] = [
    ("input_text", "text"),
    ("output_text", "text"),
    ("text", "text"),
    ("summary_text", "text"),
    ("reasoning_text", "text"),
    ("refusal", "refusal"),
];

/// Types of content parts that nothing here can read.
const UNREADABLE_PARTS: [&str; 3] = ["input_image", "input_file", "input_audio"];

/// Fields of parts that hold what nothing here can read.
const UNREADABLE_FIELDS: [&str; 5] =
    ["image_url", "file_data", "file_url", "file_id", "input_audio"];

/// Types of items that hold images or files, or point to what is stored elsewhere.
const REFUSED_ITEMS: [(&str, &str); 3] = [
    ("item_reference", "stored items cannot be referred to: nothing is stored here"),
    ("computer_call_output", "screenshots cannot be de-identified"),
    ("image_generation_call", "images cannot be de-identified"),
];

pub(super) fn validate(
    fields: &Map<String, Value>,
    unscannable: UnscannableContent,
) -> Result<(), Invalid> {
    check::range(fields, "temperature", 0.0, 2.0)?;
    check::integer(fields, "max_output_tokens", u64::MAX)?;
    if check::present(fields, "instructions").is_some_and(|text| !text.is_string()) {
        return Err(Invalid::new("instructions", "`instructions` must be a string"));
    }
    if fields.get("background") == Some(&Value::Bool(true)) {
        let message = "`background` is not supported: the reply could not be fetched through here";
        return Err(Invalid::new("background", message));
    }
    if let Some(Value::Object(variables)) =
        fields.get("prompt").and_then(|prompt| prompt.get("variables"))
    {
        for part in variables.values().filter(|value| value.is_object()) {
            check_part("prompt.variables.*", part, unscannable)?;
        }
    }
    match fields.get("input") {
        // With a stored prompt there may be none.
        None | Some(Value::Null) if check::present(fields, "prompt").is_some() => Ok(()),
        None | Some(Value::Null) => Err(Invalid::new("input", "`input` is missing")),
        Some(Value::String(_)) => Ok(()),
        Some(Value::Array(items)) => {
            let mut items = items.iter().enumerate();
            items.try_for_each(|(at, item)| check_item(&format!("input[{at}]"), item, unscannable))
        }
        Some(_) => Err(Invalid::new("input", "`input` must be a string or a list of items")),
    }
}

fn check_item(name: &str, item: &Value, unscannable: UnscannableContent) -> Result<(), Invalid> {
    let Value::Object(fields) = item else {
        return Err(Invalid::new(name, "each item must be an object"));
    };
    let kind = match fields.get("type") {
        None | Some(Value::Null) => "message",
        Some(Value::String(kind)) => kind.as_str(),
        Some(_) => return Err(Invalid::new(format!("{name}.type"), "the type must be a string")),
    };
    if let Some((_, message)) = REFUSED_ITEMS.iter().find(|(refused, _)| *refused == kind) {
        return Err(Invalid::unsupported(name, *message));
    }
    if kind == "message" && !fields.get("role").is_some_and(Value::is_string) {
        return Err(Invalid::new(format!("{name}.role"), "the role is missing"));
    }
    if kind == "message" {
        let wrong = |says| Err(Invalid::new(format!("{name}.content"), says));
        match fields.get("content") {
            Some(Value::String(_) | Value::Array(_)) => {}
            None | Some(Value::Null) => return wrong("the content is missing"),
            Some(_) => return wrong("the content must be a string or a list of parts"),
        }
    }
    for key in ["content", "output", "summary"] {
        if let Some(Value::Array(parts)) = fields.get(key) {
            for (at, part) in parts.iter().enumerate() {
                check_part(&format!("{name}.{key}[{at}]"), part, unscannable)?;
            }
        }
    }
    Ok(())
}

fn check_part(name: &str, part: &Value, unscannable: UnscannableContent) -> Result<(), Invalid> {
    let kind = part.get("type").and_then(Value::as_str);
    if kind.is_some_and(|kind| UNREADABLE_PARTS.contains(&kind)) {
        return check::unscannable(name, unscannable);
    }
    if let Some(other) = UNREADABLE_FIELDS.iter().find(|key| part.get(**key).is_some()) {
        let message = "a part must hold the field of its own type alone";
        return Err(Invalid::unsupported(format!("{name}.{other}"), message));
    }
    match TEXT_PARTS.iter().find(|(text, _)| kind == Some(*text)) {
        Some((_, key)) if part.get(*key).is_some_and(Value::is_string) => Ok(()),
        Some((_, key)) => {
            Err(Invalid::new(format!("{name}.{key}"), "the text of the part is missing"))
        }
        None if kind.is_some() => {
            Err(Invalid::unsupported(name, "this type of content part is not known"))
        }
        // What a shell printed has no type.
        None if ["stdout", "stderr"].iter().any(|key| part.get(*key).is_some()) => Ok(()),
        None => Err(Invalid::new(format!("{name}.type"), "the type of the part is missing")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::{settings::UnscannableContent, wire::endpoint::Endpoint};

    fn refused(body: &Value) -> Option<(String, bool)> {
        let result = Endpoint::Responses.admit(&mut body.clone(), UnscannableContent::Refuse);
        result.err().map(|invalid| (invalid.param, invalid.unsupported))
    }

    #[test]
    fn what_openai_takes_is_taken() {
        for input in [
            json!("hi"),
            json!([{"role": "user", "content": "hi"}]),
            json!([{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]}]),
            json!([
                {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
                {"type": "function_call_output", "call_id": "c", "output": "ok"},
                {"type": "shell_call_output", "call_id": "c", "output": [{"stdout": "o", "stderr": "", "outcome": {"type": "exit", "exit_code": 0}}]},
                {"type": "code_interpreter_call", "id": "ci", "code": "c", "outputs": [{"type": "logs", "logs": "l"}]},
                {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "a"}]},
            ]),
        ] {
            assert_eq!(refused(&json!({ "input": input })), None, "{input}");
        }
        assert_eq!(refused(&json!({"prompt": {"id": "pmpt_1"}})), None);
    }

    #[test]
    fn what_is_stored_elsewhere_or_cannot_be_read_is_refused() {
        let user = |part: Value| json!({"input": [{"role": "user", "content": [part]}]});
        for (body, param, unsupported) in [
            (json!({}), "input", false),
            (json!({"input": 5}), "input", false),
            (
                json!({"input": "a", "previous_response_id": "resp_1"}),
                "previous_response_id",
                false,
            ),
            (json!({"input": "a", "conversation": {"id": "c"}}), "conversation", false),
            (json!({"input": "a", "background": true}), "background", false),
            (json!({"input": "a", "instructions": {}}), "instructions", false),
            (json!({"input": ["a"]}), "input[0]", false),
            (json!({"input": [{"content": "a"}]}), "input[0].role", false),
            (json!({"input": [{"role": "user"}]}), "input[0].content", false),
            (json!({"input": [{"role": "user", "content": 5}]}), "input[0].content", false),
            (
                json!({"input": [{"type": 5, "role": "user", "content": "a"}]}),
                "input[0].type",
                false,
            ),
            (json!({"input": [{"type": "item_reference", "id": "x"}]}), "input[0]", true),
            (user(json!({"type": "input_image", "image_url": "x"})), "input[0].content[0]", true),
            (
                user(json!({"type": "input_text", "text": "a", "file_data": "x"})),
                "input[0].content[0].file_data",
                true,
            ),
            (
                json!({"input": [{"type": "code_interpreter_call", "outputs": [{"type": "image", "url": "u"}]}]}),
                "input[0].outputs[0].url",
                true,
            ),
            (user(json!({"type": "hologram"})), "input[0].content[0]", true),
            (user(json!({"type": "input_text"})), "input[0].content[0].text", false),
            (user(json!({"text": "a"})), "input[0].content[0].type", false),
        ] {
            assert_eq!(refused(&body), Some((param.to_owned(), unsupported)), "{body}");
        }
    }
}
