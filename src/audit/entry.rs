//! What a line says.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{deidentify::entity::Label, substitute::RestoreReport};

/// One request. Sizes are in bytes; what is not known is left out.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Entry {
    /// The id of the request, as in the log.
    pub request_id: String,
    /// The id of the gateway key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Whose it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_name: Option<String>,
    /// The method.
    pub method: &'static str,
    /// The route, never the path as it was typed.
    pub route: String,
    /// The model that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Whether the reply streamed.
    pub stream: bool,
    /// The status of the reply; 499 when the caller has left.
    pub status: u16,
    /// The code of the error, where it is one; of a stream that broke after its status was sent too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<&'static str>,
    /// The status of the upstream's reply, where something was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upstream_status: Option<u16>,
    /// Entities found, by label.
    pub entities: BTreeMap<Label, usize>,
    /// Entities found, by detector.
    pub detectors: BTreeMap<String, usize>,
    /// Placeholders given out.
    pub placeholders: usize,
    /// Occurrences of placeholders restored from their exact form.
    pub restored: usize,
    /// Occurrences restored from a mangled form.
    pub altered: usize,
    /// What looked like a placeholder and was left alone.
    pub unknown: usize,
    /// Size of the request's body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_bytes: Option<u64>,
    /// Size of the reply's body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_bytes: Option<u64>,
    /// How long it took.
    pub duration_ms: Milliseconds,
    /// What the upstream counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<Tokens>,
}

/// How long a request took, in milliseconds.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Milliseconds {
    /// From the request's head to the end of the reply.
    pub total: u64,
    /// Finding PHI.
    pub detection: u64,
    /// Waiting for the upstream; of a stream, up to its beginning.
    pub upstream: u64,
    /// Putting the originals back; of a stream, all of it.
    pub restoration: u64,
}

/// Tokens, as the upstream's `usage` has them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tokens {
    /// Of the prompt.
    pub prompt: u64,
    /// Of the completion.
    pub completion: u64,
    /// Both.
    pub total: u64,
}

impl Tokens {
    /// Reads a `usage` object in any of OpenAI's forms.
    pub fn read(usage: &serde_json::Value) -> Option<Self> {
        let number = |keys: [&str; 2]| {
            keys.iter().find_map(|key| usage.get(*key).and_then(serde_json::Value::as_u64))
        };
        let prompt = number(["prompt_tokens", "input_tokens"]);
        let completion = number(["completion_tokens", "output_tokens"]);
        let total = number(["total_tokens", "total_tokens"]);
        if prompt.is_none() && completion.is_none() && total.is_none() {
            return None;
        }
        let (prompt, completion) = (prompt.unwrap_or(0), completion.unwrap_or(0));
        let total = total.unwrap_or_else(|| prompt.saturating_add(completion));
        Some(Self { prompt, completion, total })
    }
}

impl Entry {
    /// Notes what became of the placeholders.
    pub fn restored(&mut self, report: RestoreReport) {
        self.restored = report.restored;
        self.altered = report.altered;
        self.unknown = report.unknown;
    }
}
