//! What the strings of a reply are: text is restored, and the protocol's own words and data are not to be touched
//! by what was meant for text.
//!
//! Replies come from whatever speaks OpenAI's protocol, so their strings are told by their keys alone, wherever they
//! stand: what is not listed is text.

use serde_json::{Map, Value};

/// What a string of a reply is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Text of the model.
    Text,
    /// Text that is JSON by its place: the arguments of a tool call.
    Json,
    /// An id, or the name of a model or a tool. It comes in one piece, and a date in it is none of a patient's:
    /// `gpt-4o-2024-05-13`.
    Constant,
    /// Data that is no text: sound, images, what is encrypted. Also the model's tokens, which are pieces of the text
    /// that it wrote.
    Opaque,
}

/// Ids, names and words of the protocol.
const CONSTANTS: [&str; 22] = [
    "approval_request_id",
    "call_id",
    "container_id",
    "file_id",
    "finish_reason",
    "id",
    "item_id",
    "model",
    "name",
    "object",
    "prompt_cache_key",
    "response_id",
    "role",
    "safety_identifier",
    "server_label",
    "service_tier",
    "status",
    "system_fingerprint",
    "tool_call_id",
    "type",
    "vector_store_id",
    "voice",
];

/// Data.
const OPAQUE: [&str; 6] =
    ["b64_json", "embedding", "encrypted_content", "logprobs", "obfuscation", "partial_image_b64"];

/// An object of a reply, as far as its strings depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Object {
    /// Sound: its data stands beside its transcript.
    Audio,
    /// An event that is a piece of sound.
    AudioDelta,
    /// An image that was made.
    Image,
    /// Any other.
    Other,
}

impl Object {
    /// What `fields` are, which stand under `key`.
    pub fn of(fields: &Map<String, Value>, key: &str) -> Self {
        match fields.get("type").and_then(Value::as_str) {
            Some("response.audio.delta") => Self::AudioDelta,
            Some("image_generation_call") => Self::Image,
            _ if key == "audio" => Self::Audio,
            _ => Self::Other,
        }
    }

    /// What the string under `key` is; one in a list is what the list is.
    pub fn part(self, key: &str) -> Part {
        match (self, key) {
            (_, "arguments") => Part::Json,
            (Self::Audio, "data") | (Self::AudioDelta, "delta") | (Self::Image, "result") => {
                Part::Opaque
            }
            _ if CONSTANTS.contains(&key) => Part::Constant,
            _ if OPAQUE.contains(&key) => Part::Opaque,
            _ => Part::Text,
        }
    }
}

/// Whether `text` is an address that holds its own data, such as that of an image.
pub fn is_data_url(text: &str) -> bool {
    text.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:"))
        && text.bytes().take(100).any(|byte| byte == b',')
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Object, Part, is_data_url};

    #[test]
    fn strings_are_told_by_their_keys_and_their_neighbours() {
        for (object, under, key, expected) in [
            (json!({"content": "x"}), "message", "content", Part::Text),
            (json!({"arguments": "{}"}), "function", "arguments", Part::Json),
            (json!({"id": "call_0"}), "", "id", Part::Constant),
            (json!({"type": "response.audio.delta", "delta": "UklG"}), "", "delta", Part::Opaque),
            (json!({"type": "response.output_text.delta", "delta": "a"}), "", "delta", Part::Text),
            (json!({"data": "UklG"}), "audio", "data", Part::Opaque),
            (json!({"transcript": "hi"}), "audio", "transcript", Part::Text),
            (json!({"data": "prose"}), "", "data", Part::Text),
            (
                json!({"type": "image_generation_call", "result": "iVBO"}),
                "",
                "result",
                Part::Opaque,
            ),
            (json!({"type": "mcp_call", "result": "done"}), "", "result", Part::Text),
        ] {
            let Value::Object(fields) = &object else { panic!("no object") };
            assert_eq!(Object::of(fields, under).part(key), expected, "{object}");
        }
        assert!(is_data_url("data:image/png;base64,iVBO") && !is_data_url("data: none here"));
    }
}
