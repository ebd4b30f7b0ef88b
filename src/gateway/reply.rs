//! What becomes of the upstream's reply: errors mapped, texts restored, the compact form.

use std::borrow::Borrow;

use serde_json::{Map, Value, json};

use super::Answer;
use crate::{
    error::{GatewayError, RestoredError},
    substitute::{Mapping, Restorer},
    upstream::{Reply, UpstreamError},
    wire::endpoint::Endpoint,
};

/// Turns the upstream's reply into the caller's: errors mapped, texts restored.
pub(super) fn restore<M: Borrow<Mapping>>(
    reply: Reply,
    restorer: &mut Restorer<M>,
) -> Result<Answer, GatewayError> {
    let body = serde_json::from_slice::<Value>(&reply.body).ok();
    if !reply.is_success() {
        let error = body.and_then(|mut body| {
            restorer.reply(&mut body);
            error_object(body)
        });
        return Err(refusal(reply.status, error, reply.headers));
    }
    let Some(mut body) = body else {
        return Err(UpstreamError::Nonsense("is not JSON").into());
    };
    if !body.is_object() {
        return Err(UpstreamError::Nonsense("is not a JSON object").into());
    }
    if body.get("error").is_some_and(|error| !error.is_null()) {
        return Err(UpstreamError::Nonsense("has an error inside a success").into());
    }
    restorer.reply(&mut body);
    Ok(Answer { body, headers: reply.headers })
}

/// OpenAI's error object in a reply. Others send a bare message, as `error` or as `detail`.
fn error_object(body: Value) -> Option<RestoredError> {
    let Value::Object(mut fields) = body else { return None };
    match fields.remove("error").or_else(|| fields.remove("detail"))? {
        Value::Object(error) if error.get("message").is_some_and(Value::is_string) => {
            Some(RestoredError(error))
        }
        Value::String(message) => Some(plain(&message)),
        _ => None,
    }
}

/// What an upstream's error status means for the caller.
fn refusal(
    status: u16,
    error: Option<RestoredError>,
    headers: Vec<(String, String)>,
) -> GatewayError {
    match status {
        401 | 403 => GatewayError::InvalidOpenAiKey,
        429 => GatewayError::RateLimited { error, headers },
        404 => GatewayError::Refused { status, error: not_found(error), headers },
        400..=499 => {
            let error = error.unwrap_or_else(|| plain("the upstream refused the request"));
            GatewayError::Refused { status, error, headers }
        }
        _ => UpstreamError::Status(status).into(),
    }
}

/// A 404 always says `model_not_found`: the route is ours, so only the model can be unknown.
fn not_found(error: Option<RestoredError>) -> RestoredError {
    let mut error = error.unwrap_or_else(|| plain("the upstream does not know this model"));
    if error.0.get("code").is_none_or(Value::is_null) {
        error.0.insert("code".to_owned(), json!("model_not_found"));
    }
    error
}

fn plain(message: &str) -> RestoredError {
    let fields = [
        ("message", json!(message)),
        ("type", json!("invalid_request_error")),
        ("param", Value::Null),
        ("code", Value::Null),
    ];
    RestoredError(fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

/// Whether a reply is one of `endpoint`'s at all.
pub(super) fn is_answer(reply: &Value, endpoint: Endpoint) -> bool {
    let list = reply.get(endpoint.answers_with()).and_then(Value::as_array);
    list.is_some_and(|list| !list.is_empty() || endpoint == Endpoint::Responses)
}

/// Whether a whole reply to a request for a stream is not one of those that hold an error.
pub(super) fn has_no_error(reply: &Reply) -> bool {
    let body = serde_json::from_slice::<Value>(&reply.body).ok();
    body.is_none_or(|body| body.get("error").is_none_or(Value::is_null))
}

/// `{"content": …}`, with `choices` only where the content alone cannot carry the answer.
pub(super) fn compact_reply(mut reply: Value) -> Value {
    let choices = match reply.get_mut("choices").map(Value::take) {
        Some(Value::Array(choices)) => choices,
        _ => Vec::new(),
    };
    let message = choices.first().and_then(|choice| choice.get("message"));
    let content = message.and_then(|message| message.get("content")).cloned().unwrap_or_default();
    let more = |key: &str| {
        let value = message.and_then(|message| message.get(key));
        value.is_some_and(|value| !value.is_null() && value != &json!([]))
    };
    let needs_choices = choices.len() > 1
        || !content.is_string()
        || ["tool_calls", "function_call", "refusal", "audio"].into_iter().any(more);
    let mut compact = Map::new();
    compact.insert("content".to_owned(), content);
    if needs_choices {
        compact.insert("choices".to_owned(), Value::Array(choices));
    }
    Value::Object(compact)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{compact_reply, is_answer, refusal};
    use crate::{error::GatewayError, wire::endpoint::Endpoint};

    #[test]
    fn the_compact_reply_is_the_content_alone_where_it_can_be() {
        let reply = json!({"id": "x", "choices": [{"message": {"content": "Hi", "tool_calls": null, "refusal": null}}]});
        assert_eq!(compact_reply(reply), json!({"content": "Hi"}));
    }

    #[test]
    fn the_compact_reply_keeps_choices_that_the_content_cannot_carry() {
        for choices in [
            json!([{"message": {"content": "a"}}, {"message": {"content": "b"}}]),
            json!([{"message": {"content": null, "tool_calls": [{"id": "c"}]}}]),
            json!([{"message": {"content": "", "refusal": "no"}}]),
        ] {
            let compact = compact_reply(json!({"choices": choices}));
            assert_eq!(compact["choices"], choices);
        }
        let none = |reply: Value| !is_answer(&reply, Endpoint::ChatCompletions);
        assert!(none(json!({"choices": []})) && none(json!({})));
        assert!(is_answer(&json!({"output": []}), Endpoint::Responses));
    }

    #[test]
    fn statuses_of_the_upstream_become_the_contracts() {
        assert!(matches!(refusal(401, None, vec![]), GatewayError::InvalidOpenAiKey));
        assert!(matches!(refusal(403, None, vec![]), GatewayError::InvalidOpenAiKey));
        assert!(matches!(refusal(429, None, vec![]), GatewayError::RateLimited { .. }));
        assert!(matches!(refusal(422, None, vec![]), GatewayError::Refused { status: 422, .. }));
        assert!(matches!(refusal(503, None, vec![]), GatewayError::Upstream(_)));
        match refusal(404, None, vec![]) {
            GatewayError::Refused { status, error, .. } => {
                assert_eq!((status, &error.0["code"]), (404, &json!("model_not_found")));
            }
            _ => panic!("not refused"),
        }
    }
}
