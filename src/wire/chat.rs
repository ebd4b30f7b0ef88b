//! `POST /v1/chat/completions`: what a request must be before anything of it is looked at.

use serde_json::{Map, Value};

use super::check::{self, Invalid};
use crate::settings::{CompactSettings, UnscannableContent};

/// The roles that OpenAI knows.
const ROLES: [&str; 6] = ["system", "developer", "user", "assistant", "tool", "function"];

/// Fills in what the compact form leaves to the gateway.
pub fn fill_in(body: &mut Value, defaults: &CompactSettings) {
    let Value::Object(fields) = body else { return };
    let mut fill = |key: &str, value: Value| {
        if fields.get(key).is_none_or(Value::is_null) {
            fields.insert(key.to_owned(), value);
        }
    };
    fill("model", Value::from(defaults.model.as_str()));
    fill("temperature", Value::from(defaults.temperature));
    fill("n", Value::from(defaults.n));
}

/// Checks a request's fields before anything of it is sent.
///
/// # Errors
/// The first field that is missing or wrong.
pub fn validate(
    fields: &Map<String, Value>,
    unscannable: UnscannableContent,
) -> Result<(), Invalid> {
    check::range(fields, "temperature", 0.0, 2.0)?;
    check::integer(fields, "n", 128)?;
    check::integer(fields, "max_tokens", u64::MAX)?;
    check::integer(fields, "max_completion_tokens", u64::MAX)?;
    check_logit_bias(fields)?;
    let messages = match fields.get("messages") {
        Some(Value::Array(messages)) if !messages.is_empty() => messages,
        Some(Value::Array(_)) => {
            return Err(Invalid::new("messages", "`messages` must not be empty"));
        }
        Some(_) => return Err(Invalid::new("messages", "`messages` must be a list")),
        None => return Err(Invalid::new("messages", "`messages` is missing")),
    };
    messages
        .iter()
        .enumerate()
        .try_for_each(|(at, message)| check_message(at, message, unscannable))
}

/// Token numbers and weights, and nothing else: they are sent as they are.
pub(super) fn check_logit_bias(fields: &Map<String, Value>) -> Result<(), Invalid> {
    let wrong = || Invalid::new("logit_bias", "`logit_bias` must map token ids to -100..=100");
    let Some(value) = check::present(fields, "logit_bias") else { return Ok(()) };
    let Value::Object(biases) = value else { return Err(wrong()) };
    let is_token = |key: &str| key.len() <= 7 && key.bytes().all(|b| b.is_ascii_digit());
    let is_weight = |value: &Value| value.as_f64().is_some_and(|w| (-100.0..=100.0).contains(&w));
    let fits = biases.iter().all(|(key, value)| is_token(key) && is_weight(value));
    if fits { Ok(()) } else { Err(wrong()) }
}

fn check_message(
    at: usize,
    message: &Value,
    unscannable: UnscannableContent,
) -> Result<(), Invalid> {
    let Value::Object(fields) = message else {
        return Err(Invalid::new(format!("messages[{at}]"), "each message must be an object"));
    };
    let role = format!("messages[{at}].role");
    match fields.get("role") {
        Some(Value::String(name)) if ROLES.contains(&name.as_str()) => {}
        Some(Value::String(_)) => {
            let roles = ROLES.join(", ");
            return Err(Invalid::new(role, format!("the role must be one of {roles}")));
        }
        Some(_) => return Err(Invalid::new(role, "the role must be a string")),
        None => return Err(Invalid::new(role, "the role is missing")),
    }
    let name = format!("messages[{at}].content");
    let has_calls = ["tool_calls", "function_call", "audio", "refusal"]
        .iter()
        .any(|key| fields.get(*key).is_some_and(|value| !value.is_null()));
    let is_assistant = fields.get("role") == Some(&Value::from("assistant"));
    match fields.get("content") {
        Some(Value::String(_)) => Ok(()),
        Some(Value::Array(parts)) => {
            let mut parts = parts.iter().enumerate();
            parts.try_for_each(|(part_at, part)| {
                check_part(&format!("{name}[{part_at}]"), part, unscannable)
            })
        }
        None if has_calls && is_assistant => Ok(()),
        Some(Value::Null) if is_assistant => Ok(()),
        None | Some(Value::Null) => Err(Invalid::new(name, "the content is missing")),
        Some(_) => Err(Invalid::new(name, "the content must be a string or a list of parts")),
    }
}

fn check_part(name: &str, part: &Value, unscannable: UnscannableContent) -> Result<(), Invalid> {
    const KINDS: [&str; 5] = ["text", "refusal", "image_url", "input_audio", "file"];
    let kind = part.get("type").and_then(Value::as_str);
    // A text part with an image in it would carry what nobody can read past the check below.
    if let Some(other) = KINDS.iter().find(|key| part.get(**key).is_some() && kind != Some(**key)) {
        let message = "a part must hold the field of its own type alone";
        return Err(Invalid::unsupported(format!("{name}.{other}"), message));
    }
    match kind {
        Some("text" | "refusal") => {
            let key = kind.unwrap_or_default();
            match part.get(key) {
                Some(Value::String(_)) => Ok(()),
                _ => Err(Invalid::new(format!("{name}.{key}"), "the text of the part is missing")),
            }
        }
        Some("image_url" | "input_audio" | "file") => check::unscannable(name, unscannable),
        Some(_) => Err(Invalid::unsupported(name, "this type of content part is not known")),
        None => Err(Invalid::new(format!("{name}.type"), "the type of the part is missing")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::fill_in;
    use crate::{
        settings::{CompactSettings, UnscannableContent},
        wire::endpoint::Endpoint,
    };

    fn validate(body: &Value, unscannable: UnscannableContent) -> Result<(), super::Invalid> {
        Endpoint::ChatCompletions.validate(body, unscannable)
    }

    fn refused(body: &Value) -> Option<String> {
        validate(body, UnscannableContent::Refuse).err().map(|invalid| invalid.param)
    }

    #[test]
    fn each_wrong_field_is_named() {
        let with = |key: &str, value: Value| {
            let mut body = json!({"messages": [{"role": "user", "content": "hi"}]});
            body[key] = value;
            body
        };
        for (body, param) in [
            (json!([]), "body"),
            (json!({}), "messages"),
            (with("messages", json!("hi")), "messages"),
            (with("messages", json!([])), "messages"),
            (with("messages", json!(["hi"])), "messages[0]"),
            (with("messages", json!([{"content": "hi"}])), "messages[0].role"),
            (with("messages", json!([{"role": "patient", "content": "hi"}])), "messages[0].role"),
            (with("messages", json!([{"role": 1, "content": "hi"}])), "messages[0].role"),
            (with("messages", json!([{"role": "user"}])), "messages[0].content"),
            (with("messages", json!([{"role": "user", "content": 5}])), "messages[0].content"),
            (
                with("messages", json!([{"role": "user", "content": {"text": "hi"}}])),
                "messages[0].content",
            ),
            (
                with("messages", json!([{"role": "user", "content": ["hi"]}])),
                "messages[0].content[0].type",
            ),
            (
                with("messages", json!([{"role": "user", "content": [{"type": "text"}]}])),
                "messages[0].content[0].text",
            ),
            (
                with("messages", json!([{"role": "user", "content": [{"type": "image_url"}]}])),
                "messages[0].content[0]",
            ),
            (
                with("messages", json!([{"role": "user", "content": [{"type": "video"}]}])),
                "messages[0].content[0]",
            ),
            (with("model", json!(4)), "model"),
            (with("temperature", json!(2.01)), "temperature"),
            (with("temperature", json!("hot")), "temperature"),
            (with("n", json!(0)), "n"),
            (with("n", json!(129)), "n"),
            (with("n", json!(1.5)), "n"),
            (with("max_tokens", json!(0)), "max_tokens"),
            (with("max_completion_tokens", json!(-1)), "max_completion_tokens"),
            (with("stream", json!("yes")), "stream"),
            (with("stream", json!(1)), "stream"),
            (with("logit_bias", json!({"ssn": 5})), "logit_bias"),
            (with("logit_bias", json!({"50256": 536228145})), "logit_bias"),
            (
                with(
                    "messages",
                    json!([{"role": "user", "content": [{"type": "text", "text": "a", "file": {}}]}]),
                ),
                "messages[0].content[0].file",
            ),
            (with("deid", json!({})), "deid"),
        ] {
            assert_eq!(refused(&body).as_deref(), Some(param), "{body}");
        }
    }

    #[test]
    fn what_openai_takes_is_taken() {
        for body in [
            json!({"messages": [{"role": "developer", "content": "a"}], "temperature": 2, "n": 128}),
            json!({"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}]}], "n": null}),
            json!({"messages": [{"role": "assistant", "content": null, "tool_calls": []}]}),
            json!({"messages": [{"role": "tool", "content": "a", "tool_call_id": "c"}], "stream": false}),
        ] {
            assert_eq!(refused(&body), None, "{body}");
        }
    }

    #[test]
    fn images_pass_where_the_policy_says_so() {
        let body = json!({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]});
        assert!(validate(&body, UnscannableContent::Forward).is_ok());
        assert!(validate(&body, UnscannableContent::Refuse).unwrap_err().unsupported);
    }

    #[test]
    fn the_compact_form_fills_in_what_is_absent_alone() {
        let mut body = json!({"model": "gpt-4o", "n": null});
        fill_in(&mut body, &CompactSettings::default());
        assert_eq!(body, json!({"model": "gpt-4o", "n": 1, "temperature": 0.7}));
    }
}
