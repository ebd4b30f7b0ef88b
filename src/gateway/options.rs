//! The `deid` object of a request: what the caller adds to the settings. It is never sent.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::{
    deidentify::{entity::Label, known::Known},
    error::GatewayError,
    settings::{PolicySettings, Strategy},
};

/// Most identifiers that a request may name.
const MOST_KNOWN: usize = 1000;
/// Longest of them, in bytes.
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
        let _ = raw.session;
        if raw.known.len() > MOST_KNOWN || raw.known.iter().any(|k| k.text.len() > LONGEST_KNOWN) {
            return Err(wrong("deid.known", "at most 1000 identifiers, each of at most 500 bytes"));
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
        Ok(Self { known, policy })
    }
}

fn wrong(param: &str, message: &str) -> GatewayError {
    GatewayError::InvalidRequest { param: Some(param.to_owned()), message: message.to_owned() }
}
