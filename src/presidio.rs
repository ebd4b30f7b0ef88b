//! Microsoft Presidio's analyzer and anonymizer over this gateway's detectors: what their REST
//! services answer, without HTTP. Offsets in it are code points, as Python counts.

mod ad_hoc;
pub mod analyze;
pub mod anonymize;
pub mod entities;
mod operators;
pub(crate) mod points;

use serde_json::{Map, Value};
use thiserror::Error;

use crate::error::GatewayError;

/// Why a request is not answered. Messages quote nothing of the text.
#[derive(Debug, Error)]
pub enum PresidioError {
    /// The body is no JSON object.
    #[error("Invalid request json")]
    Json,
    /// The analyzer cannot work with the request: Presidio answers 500 to these.
    #[error("{0}")]
    Analyzer(String),
    /// A field of the wrong type: the analyzer answers 400.
    #[error("Failed to parse /analyze request for AnalyzerEngine.analyze(). {0}")]
    Type(String),
    /// A parameter of the anonymizer that is missing or wrong: 422.
    #[error("{0}")]
    Parameter(String),
    /// Who asks may not, or detection failed.
    #[error(transparent)]
    Gateway(#[from] GatewayError),
}

/// The fields of a request's body.
fn fields(body: &[u8]) -> Result<Map<String, Value>, PresidioError> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(fields)) if !fields.is_empty() => Ok(fields),
        _ => Err(PresidioError::Json),
    }
}

/// A whole number; 1.0 is one too, in JSON.
fn whole(value: &Value) -> Option<i64> {
    // Beyond 2^53 not every whole number has a float of its own.
    let is_whole = |number: &f64| number.fract() == 0.0 && number.abs() <= (1u64 << 53) as f64;
    value.as_i64().or_else(|| value.as_f64().filter(is_whole).map(|number| number as i64))
}

/// A field that is there and not null.
fn present<'a>(fields: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    fields.get(name).filter(|value| !value.is_null())
}
