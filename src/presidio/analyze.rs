//! `POST /analyze`: what Presidio's analyzer would answer, from our detectors.

use regex::Regex;
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use super::{
    PresidioError,
    ad_hoc::{self, Recognizer},
    entities, fields,
    points::Points,
    present,
};
use crate::{
    deidentify::{
        Deidentifier,
        entity::{Detection, Label, Span},
    },
    error::GatewayError,
    gateway::Progress,
    phi::PhiText,
    wire::walk::{Leaf, LeafKind},
};

/// One language is supported, that of our rules and model.
const LANGUAGE: &str = "en";

/// Something found, by Presidio's name.
pub(super) struct Found {
    pub(super) entity: String,
    /// In bytes of the text.
    pub(super) span: Span,
    pub(super) score: f64,
    pub(super) original_score: f64,
    pub(super) recognizer: String,
    /// The name and the expression of the request's own pattern.
    pub(super) pattern: Option<(String, String)>,
}

/// A request, checked.
struct Request {
    texts: Vec<Zeroizing<String>>,
    batch: bool,
    entities: Option<Vec<String>>,
    threshold: f64,
    explain: bool,
    recognizers: Vec<Recognizer>,
    around: Vec<String>,
    allowed: Vec<String>,
    allowed_pattern: Option<Regex>,
}

/// Whether we can be asked about `language`; without one it is our own.
///
/// # Errors
/// Presidio's own words for a language that nobody speaks.
pub fn check_language(language: Option<&str>) -> Result<(), PresidioError> {
    if language.is_none_or(|language| language == LANGUAGE) {
        return Ok(());
    }
    let message = "No matching recognizers were found to serve the request.".to_owned();
    Err(PresidioError::Analyzer(message))
}

/// Answers a request; `progress` gets what was found.
///
/// # Errors
/// When the request is wrong or a detector fails.
pub async fn analyze(
    deidentifier: &Deidentifier,
    body: &[u8],
    progress: &mut Progress,
) -> Result<Value, PresidioError> {
    let request = Request::new(fields(body)?)?;
    let leaves: Vec<Leaf> = request
        .texts
        .iter()
        .map(|text| Leaf {
            kind: LeafKind::Text,
            cue: None,
            text: PhiText::new(text.as_str()),
            in_sequence: false,
        })
        .collect();
    let found = progress.find(deidentifier, &leaves).await.map_err(GatewayError::from)?;
    progress.found(&found);
    let mut answers = Vec::with_capacity(leaves.len());
    for (leaf, detections) in leaves.iter().zip(found) {
        for detection in &detections {
            *progress.counts.entry(detection.label).or_default() += 1;
        }
        answers.push(Value::Array(request.results(leaf.text.expose_phi(), &detections)));
    }
    Ok(match answers.pop() {
        Some(only) if !request.batch => only,
        Some(last) => Value::Array(answers.into_iter().chain([last]).collect()),
        None => Value::Array(Vec::new()),
    })
}

impl Request {
    fn new(fields: Map<String, Value>) -> Result<Self, PresidioError> {
        let own = |message: &str| PresidioError::Analyzer(message.to_owned());
        let wrong =
            |name: &str, kind: &str| PresidioError::Type(format!("`{name}` must be {kind}"));
        let text = |value: &Value| value.as_str().map(|text| Zeroizing::new(text.to_owned()));
        let (texts, batch) = match present(&fields, "text") {
            Some(Value::String(one)) if !one.is_empty() => {
                (vec![Zeroizing::new(one.clone())], false)
            }
            Some(Value::Array(list)) if !list.is_empty() => {
                let texts = list.iter().map(text).collect::<Option<Vec<_>>>();
                (texts.ok_or_else(|| wrong("text", "a string or a list of them"))?, true)
            }
            None | Some(Value::String(_) | Value::Array(_)) => return Err(own("No text provided")),
            Some(_) => return Err(wrong("text", "a string or a list of them")),
        };
        let language = match present(&fields, "language") {
            Some(Value::String(language)) if !language.is_empty() => language.as_str(),
            None | Some(Value::String(_)) => return Err(own("No language provided")),
            Some(_) => return Err(wrong("language", "a string")),
        };
        check_language(Some(language))?;
        let list = |name: &str| match present(&fields, name) {
            None => Ok(None),
            Some(value) => strings(value).map(Some).ok_or_else(|| wrong(name, "a list of strings")),
        };
        let recognizers = Recognizer::all(&fields, language)?;
        let entities = list("entities")?.filter(|entities| !entities.is_empty());
        if let Some(wanted) = &entities {
            let is_known = |name: &String| {
                entities::label(name).is_some() || recognizers.iter().any(|one| one.entity == *name)
            };
            if !wanted.iter().any(is_known) {
                return Err(own("No matching recognizers were found to serve the request."));
            }
        }
        let threshold = match present(&fields, "score_threshold") {
            None => 0.0,
            Some(value) => value.as_f64().ok_or_else(|| wrong("score_threshold", "a number"))?,
        };
        let explain = match present(&fields, "return_decision_process") {
            None => false,
            Some(Value::Bool(explain)) => *explain,
            Some(_) => return Err(wrong("return_decision_process", "true or false")),
        };
        let allowed = list("allow_list")?.unwrap_or_default();
        let allowed_pattern = match present(&fields, "allow_list_match").map(Value::as_str) {
            None | Some(Some("exact")) => None,
            Some(Some("regex")) if allowed.is_empty() => None,
            Some(Some("regex")) => Some(ad_hoc::compile(&allowed.join("|"))?),
            Some(_) => {
                return Err(own("allow_list_match must either be set to 'exact' or 'regex'."));
            }
        };
        let around = list("context")?.unwrap_or_default();
        let around = around.iter().map(|word| word.to_lowercase()).collect();
        Ok(Self {
            texts,
            batch,
            entities,
            threshold,
            explain,
            recognizers,
            around,
            allowed,
            allowed_pattern,
        })
    }

    /// The results for one text, by start.
    fn results(&self, text: &str, detections: &[Detection]) -> Vec<Value> {
        let mut found: Vec<Found> =
            detections.iter().filter_map(|detection| self.named(text, detection)).collect();
        for recognizer in &self.recognizers {
            if self.wants(&recognizer.entity) {
                recognizer.find(text, &self.around, &mut found);
            }
        }
        found.retain(|one| one.score >= self.threshold && !self.is_allowed(text, one.span));
        drop_duplicates(&mut found);
        let points = Points::of(text);
        found.iter().map(|one| self.result(&points, one)).collect()
    }

    fn wants(&self, entity: &str) -> bool {
        self.entities.as_ref().is_none_or(|wanted| wanted.iter().any(|one| one == entity))
    }

    /// A detection by the name that the caller asked for, or by Presidio's own.
    fn named(&self, text: &str, detection: &Detection) -> Option<Found> {
        let usual = entities::name_of_value(detection.label, detection.span.of(text)?);
        let entity = match &self.entities {
            None => usual,
            Some(wanted) => {
                wanted.iter().map(String::as_str).find(|one| *one == usual).or_else(|| {
                    wanted
                        .iter()
                        .map(String::as_str)
                        .find(|one| is_for(one, detection.label, usual))
                })?
            }
        };
        let score = f64::from(detection.score);
        Some(Found {
            entity: entity.to_owned(),
            span: detection.span,
            // As it was meant: 0.9, not 0.8999999761581421.
            score: (score * 1e6).round() / 1e6,
            original_score: (score * 1e6).round() / 1e6,
            recognizer: detection.detector.to_string(),
            pattern: None,
        })
    }

    fn is_allowed(&self, text: &str, span: Span) -> bool {
        let value = span.of(text).unwrap_or_default();
        match &self.allowed_pattern {
            Some(pattern) => pattern.is_match(value),
            None => self.allowed.iter().any(|allowed| allowed == value),
        }
    }

    fn result(&self, points: &Points, found: &Found) -> Value {
        let explanation = self.explain.then(|| {
            let (name, pattern) = found.pattern.clone().unzip();
            json!({
                "original_score": found.original_score,
                "pattern": pattern,
                "pattern_name": name,
                "recognizer": found.recognizer,
                "score": found.score,
                "score_context_improvement": found.score - found.original_score,
                "supportive_context_word": "",
                "textual_explanation": null,
                "validation_result": null,
            })
        });
        json!({
            "analysis_explanation": explanation,
            "end": points.point(found.span.end),
            "entity_type": found.entity,
            "score": found.score,
            "start": points.point(found.span.start),
        })
    }
}

/// Whether a caller who asks for `wanted` should get what we label `label` and Presidio calls
/// `usual`. Of Presidio's several kinds of account the value decides, where it can.
fn is_for(wanted: &str, label: Label, usual: &str) -> bool {
    const TOLD_APART: [&str; 3] = ["CREDIT_CARD", "IBAN_CODE", "US_BANK_NUMBER"];
    let same = entities::label(wanted) == Some(Some(label))
        || label == Label::Fax && wanted.eq_ignore_ascii_case("PHONE_NUMBER");
    same && !(TOLD_APART.contains(&wanted) && usual != wanted)
}

/// One result where two recognizers found the same entity, and none inside another of its kind.
fn drop_duplicates(found: &mut Vec<Found>) {
    found.sort_by(|a, b| {
        let place = (a.span.start, b.span.end).cmp(&(b.span.start, a.span.end));
        place.then(b.score.total_cmp(&a.score))
    });
    let mut kept: Vec<Found> = Vec::with_capacity(found.len());
    for one in found.drain(..) {
        let covers = |other: &Found| {
            other.entity == one.entity && other.span.end >= one.span.end && other.score >= one.score
        };
        // Sorted, so that only those near can reach so far.
        if !kept.iter().rev().take(16).any(covers) {
            kept.push(one);
        }
    }
    *found = kept;
}

fn strings(value: &Value) -> Option<Vec<String>> {
    value.as_array()?.iter().map(|one| one.as_str().map(str::to_owned)).collect()
}
