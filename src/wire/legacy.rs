//! `POST /v1/completions`, `/v1/embeddings` and `/v1/moderations`: what their requests must be.

use serde_json::{Map, Value};

use super::{
    chat::check_logit_bias,
    check::{self, Invalid},
};
use crate::settings::UnscannableContent;

/// Text as token numbers: nothing here can read it.
const TOKENS: &str = "token arrays cannot be de-identified: send text";

pub(super) fn completions(fields: &Map<String, Value>) -> Result<(), Invalid> {
    check::range(fields, "temperature", 0.0, 2.0)?;
    check::integer(fields, "n", 128)?;
    check::integer(fields, "best_of", 128)?;
    check::integer(fields, "max_tokens", u64::MAX)?;
    check_logit_bias(fields)?;
    // Without a prompt a model starts from the beginning of a document.
    match fields.get("prompt") {
        None | Some(Value::Null) => Ok(()),
        Some(prompt) => texts(prompt, "prompt"),
    }
}

pub(super) fn embeddings(fields: &Map<String, Value>) -> Result<(), Invalid> {
    check::integer(fields, "dimensions", u64::MAX)?;
    match fields.get("input") {
        None | Some(Value::Null) => Err(Invalid::new("input", "`input` is missing")),
        Some(input) => texts(input, "input"),
    }
}

/// A text, or a list of texts that is not empty.
fn texts(value: &Value, name: &str) -> Result<(), Invalid> {
    match value {
        Value::String(_) => Ok(()),
        Value::Array(items) if items.is_empty() => {
            Err(Invalid::new(name, format!("`{name}` must not be empty")))
        }
        Value::Array(items) => match items.iter().position(|item| !item.is_string()) {
            None => Ok(()),
            Some(at) if matches!(items.get(at), Some(Value::Number(_) | Value::Array(_))) => {
                Err(Invalid::unsupported(name, TOKENS))
            }
            Some(at) => Err(Invalid::new(format!("{name}[{at}]"), "must be a string")),
        },
        _ => Err(Invalid::new(name, format!("`{name}` must be a string or a list of strings"))),
    }
}

pub(super) fn moderations(
    fields: &Map<String, Value>,
    unscannable: UnscannableContent,
) -> Result<(), Invalid> {
    match fields.get("input") {
        Some(Value::Array(items)) if items.iter().any(Value::is_object) => {
            let mut items = items.iter().enumerate();
            items.try_for_each(|(at, item)| part(&format!("input[{at}]"), item, unscannable))
        }
        None | Some(Value::Null) => Err(Invalid::new("input", "`input` is missing")),
        Some(input) => texts(input, "input"),
    }
}

fn part(name: &str, part: &Value, unscannable: UnscannableContent) -> Result<(), Invalid> {
    let has = |key: &str| part.get(key).is_some();
    match part.get("type").and_then(Value::as_str) {
        Some("text") if has("image_url") => Err(Invalid::unsupported(
            format!("{name}.image_url"),
            "a part must hold the field of its own type alone",
        )),
        Some("text") if part.get("text").is_some_and(Value::is_string) => Ok(()),
        Some("text") => {
            Err(Invalid::new(format!("{name}.text"), "the text of the part is missing"))
        }
        Some("image_url") => check::unscannable(name, unscannable),
        _ => Err(Invalid::unsupported(name, "this type of content part is not known")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::{settings::UnscannableContent, wire::endpoint::Endpoint};

    fn refused(endpoint: Endpoint, body: &Value) -> Option<(String, bool)> {
        let result = endpoint.validate(body, UnscannableContent::Refuse);
        result.err().map(|invalid| (invalid.param, invalid.unsupported))
    }

    #[test]
    fn texts_are_taken_and_tokens_are_not() {
        for (endpoint, key) in [(Endpoint::Completions, "prompt"), (Endpoint::Embeddings, "input")]
        {
            for good in [json!("a"), json!(["a", "b"]), json!("")] {
                assert_eq!(refused(endpoint, &json!({ key: good })), None);
            }
            for tokens in [json!([1, 2]), json!([[1, 2]]), json!(["a", [5]])] {
                let expected = Some((key.to_owned(), true));
                assert_eq!(refused(endpoint, &json!({ key: tokens })), expected);
            }
            for (wrong, param) in [
                (json!([]), key.to_owned()),
                (json!({}), key.to_owned()),
                (json!(["a", {}]), format!("{key}[1]")),
            ] {
                assert_eq!(refused(endpoint, &json!({ key: wrong })), Some((param, false)));
            }
        }
        assert_eq!(refused(Endpoint::Embeddings, &json!({})), Some(("input".to_owned(), false)));
        assert_eq!(refused(Endpoint::Completions, &json!({})), None);
    }

    #[test]
    fn moderation_takes_texts_and_text_parts() {
        let endpoint = Endpoint::Moderations;
        assert_eq!(refused(endpoint, &json!({"input": [{"type": "text", "text": "a"}]})), None);
        assert_eq!(refused(endpoint, &json!({"input": ["a"]})), None);
        for (part, param) in [
            (json!({"type": "image_url", "image_url": {"url": "x"}}), "input[0]"),
            (json!({"type": "text", "text": "a", "image_url": {}}), "input[0].image_url"),
            (json!({"type": "other"}), "input[0]"),
        ] {
            let expected = Some((param.to_owned(), true));
            assert_eq!(refused(endpoint, &json!({"input": [part]})), expected);
        }
    }

    #[test]
    fn only_what_streams_may_be_asked_to() {
        for (endpoint, param) in [
            (Endpoint::Embeddings, Some("stream")),
            (Endpoint::Moderations, Some("stream")),
            (Endpoint::Completions, None),
            (Endpoint::Responses, None),
        ] {
            let body = json!({"input": "a", "stream": true});
            assert_eq!(refused(endpoint, &body).map(|r| r.0).as_deref(), param);
        }
    }
}
