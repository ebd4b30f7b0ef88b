//! What the checks of all endpoints share.

use serde_json::{Map, Value};

use crate::settings::UnscannableContent;

/// A request that cannot be taken. `param` names the field and never holds text of the caller's.
#[derive(Debug, PartialEq, Eq)]
pub struct Invalid {
    /// The field, such as `messages[0].role`.
    pub param: String,
    /// What is wrong with it.
    pub message: String,
    /// Whether it is content that cannot be de-identified.
    pub unsupported: bool,
}

impl Invalid {
    pub(super) fn new(param: impl Into<String>, message: impl Into<String>) -> Self {
        Self { param: param.into(), message: message.into(), unsupported: false }
    }

    pub(super) fn unsupported(param: impl Into<String>, message: impl Into<String>) -> Self {
        Self { param: param.into(), message: message.into(), unsupported: true }
    }
}

/// An absent or null field stays absent: only a wrong one is an error.
pub(super) fn present<'a>(fields: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    fields.get(key).filter(|value| !value.is_null())
}

pub(super) fn string(fields: &Map<String, Value>, key: &str) -> Result<(), Invalid> {
    match present(fields, key) {
        None => Ok(()),
        Some(Value::String(text)) if !text.is_empty() => Ok(()),
        Some(_) => Err(Invalid::new(key, format!("`{key}` must be a string"))),
    }
}

pub(super) fn range(
    fields: &Map<String, Value>,
    key: &str,
    least: f64,
    most: f64,
) -> Result<(), Invalid> {
    let Some(value) = present(fields, key) else { return Ok(()) };
    if value.as_f64().is_some_and(|number| (least..=most).contains(&number)) {
        return Ok(());
    }
    Err(Invalid::new(key, format!("`{key}` must be a number between {least} and {most}")))
}

pub(super) fn integer(fields: &Map<String, Value>, key: &str, most: u64) -> Result<(), Invalid> {
    let Some(value) = present(fields, key) else { return Ok(()) };
    // 1.0 is a whole number too, in JSON.
    // Beyond 2^53 not every whole number has a float of its own.
    let limit = most.min(1 << 53) as f64;
    let whole = |number: &f64| number.fract() == 0.0 && (1.0..=limit).contains(number);
    let fits = |number: u64| (1..=most).contains(&number);
    if value.as_u64().map_or_else(|| value.as_f64().is_some_and(|n| whole(&n)), fits) {
        return Ok(());
    }
    let limit =
        if most == u64::MAX { "at least 1".to_owned() } else { format!("between 1 and {most}") };
    Err(Invalid::new(key, format!("`{key}` must be a whole number {limit}")))
}

/// Content that nothing here can read: an image, audio, a file.
pub(super) fn unscannable(name: &str, policy: UnscannableContent) -> Result<(), Invalid> {
    match policy {
        UnscannableContent::Forward => Ok(()),
        UnscannableContent::Refuse => Err(Invalid::unsupported(
            name,
            "images, audio and files cannot be de-identified and are not allowed here",
        )),
    }
}
