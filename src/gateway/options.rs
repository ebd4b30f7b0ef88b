//! The `deid` object of a request: what the caller adds to the settings. It is never sent.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{
    deidentify::{entity::Label, known::Known},
    error::GatewayError,
    settings::{PolicySettings, Strategy},
};

/// Most identifiers that a request may name.
const MOST_KNOWN: usize = 1000;
/// Longest of them, in characters.
const LONGEST_KNOWN: usize = 500;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Raw {
    known: Vec<RawKnown>,
    session: Option<String>,
    labels: BTreeMap<Label, Strategy>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawKnown {
    text: String,
    label: Label,
}

/// What a request's `deid` object says, checked.
pub(super) struct Options {
    /// Identifiers to be replaced whatever the detectors think.
    pub(super) known: Vec<Known>,
    /// The policy of the settings with the caller's labels over it.
    pub(super) policy: PolicySettings,
    /// The caller's name for the conversation.
    pub(super) session: Option<String>,
}

/// How many days the dates of a conversation move by: 5 to 104 whole weeks into the past, so that days of
/// the week stay, as in MIMIC-III (Johnson et al., 2016). It comes from HMAC-SHA256 (RFC 2104) over the
/// session, or over the first message of a user, with the caller's own `key`: nothing needs to be stored.
pub(super) fn shift_days(key: &[u8], session: Option<&str>, body: &Value) -> i64 {
    let text = match session {
        Some(session) => session.to_owned(),
        None => first_message(body),
    };
    let mut block = [0u8; 64];
    let hashed: [u8; 32] = Sha256::digest(key).into();
    for (place, byte) in block.iter_mut().zip(hashed) {
        *place = byte;
    }
    let inner = Sha256::new().chain_update(block.map(|b| b ^ 0x36)).chain_update(text.as_bytes());
    let outer = Sha256::new().chain_update(block.map(|b| b ^ 0x5c)).chain_update(inner.finalize());
    let hash: [u8; 32] = outer.finalize().into();
    let number = hash.iter().take(8).fold(0u64, |number, byte| (number << 8) | u64::from(*byte));
    -7 * (5 + i64::try_from(number % 100).unwrap_or_default())
}

/// What a conversation begins with, the instructions before it left out: they are many patients'.
fn first_message(body: &Value) -> String {
    let texts = ["messages", "input", "prompt"].iter().find_map(|key| body.get(*key));
    match texts {
        Some(Value::Array(messages)) => {
            let is_user = |m: &&Value| m.get("role").and_then(Value::as_str) == Some("user");
            let first = messages.iter().find(is_user).or_else(|| messages.first());
            first
                .map(|message| message.get("content").unwrap_or(message).to_string())
                .unwrap_or_default()
        }
        Some(text) => text.to_string(),
        None => String::new(),
    }
}

impl Options {
    /// Takes the object out of `body`.
    pub(super) fn take(body: &mut Value, settings: &PolicySettings) -> Result<Self, GatewayError> {
        let object = body.as_object_mut().and_then(|fields| fields.shift_remove("deid"));
        let raw = match object {
            None | Some(Value::Null) => Raw::default(),
            Some(object) if !object.is_object() => return Err(wrong("deid", "must be an object")),
            Some(object) => serde_path_to_error::deserialize(object).map_err(|error| {
                // Names of our own alone: the rest could be the caller's data.
                let path = error.path().to_string();
                let known = ["known", "session", "labels"];
                let field = known.iter().find(|known| path.starts_with(**known));
                let param = field.map_or("deid".to_owned(), |field| format!("deid.{field}"));
                wrong(&param, "is not a field of `deid`, or has a wrong value")
            })?,
        };
        if raw.known.len() > MOST_KNOWN
            || raw.known.iter().any(|one| one.text.chars().count() > LONGEST_KNOWN)
        {
            return Err(wrong(
                "deid.known",
                "at most 1000 identifiers, each of at most 500 characters",
            ));
        }
        let known = raw.known.iter().map(|one| {
            Known::new(&one.text, one.label)
                .ok_or_else(|| wrong("deid.known", "a text holds no letter and no digit"))
        });
        let known = known.collect::<Result<_, _>>()?;
        let mut policy = settings.clone();
        for (label, strategy) in raw.labels {
            let stricter = strategy.strictness() >= settings.strategy(label).strictness();
            if !stricter && !settings.caller_may_relax {
                let message = "may only be as strict as the settings or stricter";
                return Err(wrong("deid.labels", message));
            }
            policy.labels.insert(label, strategy);
        }
        Ok(Self { known, policy, session: raw.session })
    }
}

fn wrong(param: &str, message: &str) -> GatewayError {
    GatewayError::InvalidRequest { param: Some(param.to_owned()), message: message.to_owned() }
}
