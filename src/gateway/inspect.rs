//! What would leave the building, and why: a request looked at and never sent.

use std::{collections::BTreeMap, time::Instant};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Gateway, Options, Progress, options::shift_days};
use crate::{
    deidentify::{
        detector::Least,
        entity::{Detection, Label, Span},
        explain::reason,
        known::Known,
    },
    error::GatewayError,
    settings::{PolicySettings, Strategy},
    substitute::{Replacement, apply, substitute},
    wire::{
        endpoint::Endpoint,
        walk::{self, Leaf, LeafKind},
    },
};

/// A request to be looked at, under other choices than those of the settings where it makes any.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inspection {
    /// The body of a chat completion.
    pub body: Value,
    /// Strategies by label, over the settings.
    #[serde(default)]
    pub labels: BTreeMap<Label, Strategy>,
    /// Least certainty by label, in `0.0..=1.0`: what a detector is less sure of does not count, and
    /// what it is surer of does, whatever its own threshold.
    #[serde(default)]
    pub thresholds: Least,
}

/// What would leave.
#[derive(Serialize)]
pub struct Report {
    /// The body, exactly as it would be sent.
    sent: String,
    /// Its length in bytes.
    bytes: usize,
    /// Its texts in the order in which they are numbered.
    texts: Vec<Text>,
    /// Placeholder → original.
    mapping: BTreeMap<String, String>,
    /// How long each part took.
    timings: Timings,
}

/// One text of the request.
#[derive(Serialize)]
struct Text {
    kind: &'static str,
    /// The key that it stands under, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// The role of the message, for the text of a message.
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<String>,
    text: String,
    /// The same as it would be sent.
    sent: String,
    entities: Vec<Entity>,
}

/// One thing that was found; offsets in code points of the text.
#[derive(Serialize)]
struct Entity {
    label: Label,
    start: usize,
    end: usize,
    score: f32,
    detector: String,
    strategy: Strategy,
    /// What is sent in its place.
    replacement: String,
    reason: String,
    found_by: Vec<Finding>,
}

/// What one detector said.
#[derive(Serialize)]
struct Finding {
    detector: String,
    label: Label,
    score: f32,
    text: String,
}

/// Durations in milliseconds.
#[derive(Serialize)]
struct Timings {
    detect_ms: f64,
    substitute_ms: f64,
    total_ms: f64,
}

impl Gateway {
    /// Does with a chat all that would be done before it is sent by whoever holds `key`, and tells.
    ///
    /// # Errors
    /// Those that sending it would meet before it is sent.
    pub async fn inspect(
        &self,
        inspection: Inspection,
        key: &str,
        progress: &mut Progress,
    ) -> Result<Report, GatewayError> {
        let started = Instant::now();
        let Inspection { mut body, labels, thresholds } = inspection;
        if thresholds.values().any(|threshold| !(0.0..=1.0).contains(threshold)) {
            return Err(GatewayError::InvalidRequest {
                param: Some("thresholds".to_owned()),
                message: "`thresholds` must be between 0 and 1".to_owned(),
            });
        }
        let endpoint = Endpoint::ChatCompletions;
        let options = Options::take(&mut body, &self.settings.policy)?;
        endpoint.admit(&mut body, self.settings.policy.unscannable_content)?;
        let table = endpoint.table();
        let internal = |_| GatewayError::Internal("the request cannot be walked");
        let leaves = walk::collect(&mut body, table).map_err(internal)?;
        let roles = roles(&body);

        let detecting = Instant::now();
        let mut explained = self.deidentifier.explain(&leaves, &thresholds).await?;
        Known::find(&options.known, &leaves, &mut explained.found);
        let detect_ms = ms(detecting);
        progress.detection = Some(detecting.elapsed());
        progress.found(&explained.found);

        let substituting = Instant::now();
        let mut policy = options.policy;
        policy.labels.extend(labels);
        let shift = shift_days(key.as_bytes(), options.session.as_deref(), &body);
        let mut done = substitute(body, table, &leaves, &explained.found, &policy, shift)?;
        progress.counts = std::mem::take(&mut done.counts);
        progress.given = done.mapping.len();
        progress.leaks_stopped = done.leaks_stopped;
        let sent = std::str::from_utf8(done.body.as_bytes())
            .map_err(|_| GatewayError::Internal("the cleared request cannot be written"))?;
        let sent = sent.to_owned();
        let substitute_ms = ms(substituting);

        let mut roles = roles.into_iter();
        let texts = leaves.iter().zip(done.replaced.iter().zip(&explained.evidence));
        let texts = texts
            .filter(|(leaf, _)| leaf.kind != LeafKind::Constant)
            .map(|(leaf, (replaced, evidence))| Text {
                kind: kind(leaf.kind),
                field: leaf.cue.as_ref().map(|cue| cue.expose_phi().to_owned()),
                role: if leaf.kind == LeafKind::Text { roles.next() } else { None },
                text: leaf.text.expose_phi().to_owned(),
                sent: apply(leaf.text.expose_phi(), replaced)
                    .unwrap_or_else(|| leaf.text.expose_phi().to_owned()),
                entities: self.entities(leaf, replaced, evidence, &policy),
            })
            .collect();
        let mapping =
            done.mapping.pairs().map(|(written, value)| (written, value.expose_phi().to_owned()));
        Ok(Report {
            bytes: sent.len(),
            sent,
            texts,
            mapping: mapping.collect(),
            timings: Timings { detect_ms, substitute_ms, total_ms: ms(started) },
        })
    }

    fn entities(
        &self,
        leaf: &Leaf,
        replaced: &[Replacement],
        evidence: &[Detection],
        policy: &PolicySettings,
    ) -> Vec<Entity> {
        let text = leaf.text.expose_phi();
        let mut points = CodePoints::of(text);
        let entity = |one: &Replacement| {
            let value = one.span.of(text).unwrap_or_default();
            let (strategy, replacement) = match &one.written {
                Some(written) => (policy.strategy(one.label), written.clone()),
                None => (Strategy::Keep, value.to_owned()),
            };
            let detection = Detection {
                label: one.label,
                span: one.span,
                score: one.score,
                detector: one.detector.clone(),
            };
            let span = points.span(one.span);
            let found_by = evidence.iter().filter(|other| other.span.overlaps(one.span));
            Entity {
                label: one.label,
                start: span.start,
                end: span.end,
                score: one.score,
                detector: one.detector.to_string(),
                strategy,
                replacement,
                reason: reason(&detection, text, &self.settings),
                found_by: found_by
                    .map(|other| Finding {
                        detector: other.detector.to_string(),
                        label: other.label,
                        score: other.score,
                        text: other.span.of(text).unwrap_or_default().to_owned(),
                    })
                    .collect(),
            }
        };
        replaced.iter().map(entity).collect()
    }
}

/// Byte offsets → offsets in code points, each asked for in rising order.
struct CodePoints<'t> {
    text: &'t str,
    byte: usize,
    point: usize,
}

impl<'t> CodePoints<'t> {
    fn of(text: &'t str) -> Self {
        Self { text, byte: 0, point: 0 }
    }

    fn to(&mut self, byte: usize) -> usize {
        let between = self.text.get(self.byte..byte).unwrap_or_default();
        self.point += between.chars().count();
        self.byte = byte.max(self.byte);
        self.point
    }

    fn span(&mut self, span: Span) -> Span {
        let start = self.to(span.start);
        Span::new(start, self.to(span.end))
    }
}

/// The role of each text of a message, in order: a message's parts are texts of their own.
fn roles(body: &Value) -> Vec<String> {
    let messages = body.get("messages").and_then(Value::as_array);
    let each = messages.into_iter().flatten().flat_map(|message| {
        let role = message.get("role").and_then(Value::as_str).unwrap_or_default();
        let texts = match message.get("content") {
            Some(Value::Array(parts)) => parts.len(),
            Some(Value::String(_)) => 1,
            _ => 0,
        };
        std::iter::repeat_n(role.to_owned(), texts)
    });
    each.collect()
}

fn kind(kind: LeafKind) -> &'static str {
    match kind {
        LeafKind::Text => "text",
        LeafKind::Field => "field",
        LeafKind::Number => "number",
        LeafKind::Key => "key",
        LeafKind::Participant => "participant",
        LeafKind::Constant => "constant",
    }
}

fn ms(since: Instant) -> f64 {
    (since.elapsed().as_secs_f64() * 1e5).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::CodePoints;
    use crate::deidentify::entity::Span;

    #[test]
    fn offsets_are_code_points() {
        let mut points = CodePoints::of("é👩‍⚕️ Zoë");
        assert_eq!(points.span(Span::new(0, 2)), Span::new(0, 1));
        let start = "é👩‍⚕️ ".len();
        assert_eq!(points.span(Span::new(start, start + 4)), Span::new(6, 9));
    }
}
