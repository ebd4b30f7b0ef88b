//! Swaps what was found for placeholders, and puts the originals back into the reply.

mod annotations;
mod dates;
mod lane;
mod leak;
mod mapping;
mod names;
mod note;
mod people;
pub mod placeholder;
pub mod restore;
mod scan;
mod stand_in;
pub mod stream;

use std::{collections::BTreeMap, fmt, sync::Arc};

use bytes::Bytes;
use serde_json::Value;
use thiserror::Error;

use self::placeholder::{Written, find_all};
pub use self::{
    mapping::Mapping,
    restore::{RestoreReport, Restorer},
};
use crate::{
    deidentify::entity::{Detection, Label, Span},
    phi::PhiText,
    settings::{PolicySettings, Strategy},
    wire::{
        fields::Table,
        walk::{self, Leaf, LeafKind, WalkError},
    },
};

/// A request body that every detector has cleared. Only [`substitute`] makes one, and the upstream
/// client takes nothing else, so code that would send raw text does not compile.
#[derive(Clone)]
pub struct ClearedBody(Bytes);

impl ClearedBody {
    /// The bytes, to be shown to the caller that they were made for.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes to send.
    pub fn into_bytes(self) -> Bytes {
        self.0
    }
}

impl fmt::Debug for ClearedBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClearedBody({} bytes)", self.0.len())
    }
}

/// How many entities were found, by label.
pub type Counts = BTreeMap<Label, usize>;

/// What comes of a substitution.
#[derive(Debug)]
pub struct Substitution {
    /// What may be sent.
    pub body: ClearedBody,
    /// The way back.
    pub mapping: Mapping,
    /// How many entities were found, occurrence by occurrence.
    pub counts: Counts,
    /// What was done in each leaf, in order.
    pub replaced: Vec<Vec<Replacement>>,
    /// How many values the last look before sending still found, and replaced.
    pub leaks_stopped: usize,
}

/// What comes of a body that was rewritten in place.
#[derive(Debug)]
pub struct Rewritten {
    /// The way back.
    pub mapping: Mapping,
    /// What was done in each leaf, in order.
    pub replaced: Vec<Vec<Replacement>>,
}

impl Rewritten {
    /// How many entities were replaced, occurrence by occurrence.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::new();
        for replacement in self.replaced.iter().flatten().filter(|one| one.written.is_some()) {
            *counts.entry(replacement.label).or_default() += 1;
        }
        counts
    }
}

/// What was done with one piece of a leaf.
#[derive(Clone, Debug)]
pub struct Replacement {
    /// Its label: that of the value's first detection, where there was one.
    pub label: Label,
    /// Where it stood, in bytes of the leaf's text.
    pub span: Span,
    /// The detector's confidence, in `0.0..=1.0`.
    pub score: f32,
    /// Who found it.
    pub detector: Arc<str>,
    /// What stands there now; `None` where it was kept.
    pub written: Option<String>,
}

/// Why a request could not be cleared. Nothing may be sent then.
#[derive(Debug, Error)]
pub enum SubstituteError {
    /// The request cannot be rewritten.
    #[error(transparent)]
    Walk(#[from] WalkError),
    /// The replacing walk saw other leaves than the detectors did.
    #[error("the request changed between detection and substitution")]
    OutOfStep,
    /// A value that was replaced still stands where nothing can be put in its place.
    #[error("an identifier stands where it cannot be replaced, so nothing was sent")]
    Leak,
    /// The cleared request could not be written.
    #[error("the cleared request could not be written")]
    Write,
}

/// Replaces in `body` what was `found` in its `leaves`, as `policy` says, for sending.
///
/// # Errors
/// When the body cannot be rewritten whole.
pub fn substitute(
    mut body: Value,
    table: &Table,
    leaves: &[Leaf],
    found: &[Vec<Detection>],
    policy: &PolicySettings,
    shift_days: i64,
) -> Result<Substitution, SubstituteError> {
    let rewritten = rewrite(&mut body, table, leaves, found, policy, shift_days)?;
    if policy.explain && rewritten.mapping.iter().next().is_some() {
        note::add(&mut body);
    }
    let bytes = serde_json::to_vec(&body).map_err(|_| SubstituteError::Write)?;
    let (bytes, leaks_stopped) = leak::stop(bytes, &rewritten.mapping)?;
    let counts = rewritten.counts();
    let body = ClearedBody(Bytes::from(bytes));
    let Rewritten { mapping, replaced } = rewritten;
    Ok(Substitution { body, mapping, counts, replaced, leaks_stopped })
}

/// Replaces in `body` what was `found` in its `leaves`, as `policy` says.
///
/// # Errors
/// When the body cannot be rewritten whole; it is not to be used then.
pub fn rewrite(
    body: &mut Value,
    table: &Table,
    leaves: &[Leaf],
    found: &[Vec<Detection>],
    policy: &PolicySettings,
    shift_days: i64,
) -> Result<Rewritten, SubstituteError> {
    let mut mapping = Mapping::default();
    prepare(&mut mapping, leaves, found, policy, shift_days);
    for leaf in leaves {
        mapping.reserve(leaf.text.expose_phi());
    }
    let mut replaced = Vec::with_capacity(leaves.len());
    let mut pairs = leaves.iter().zip(found);
    let mut in_step = leaves.len() == found.len();
    walk::walk(body, table, &mut |visit| {
        let Some((leaf, found)) = pairs
            .next()
            .filter(|(leaf, _)| leaf.kind == visit.kind && leaf.text.expose_phi() == visit.text)
        else {
            in_step = false;
            return None;
        };
        let text = leaf.text.expose_phi();
        // A number cannot hold a placeholder, so it goes as a whole.
        let whole = leaf.kind == LeafKind::Number;
        let own = replacements(text, found, whole, policy, &mut mapping);
        let new = apply(text, &own);
        replaced.push(own);
        new
    })?;
    if !in_step || pairs.next().is_some() {
        return Err(SubstituteError::OutOfStep);
    }
    Ok(Rewritten { mapping, replaced })
}

/// Makes ready for strategies that need to know the whole request.
fn prepare(
    mapping: &mut Mapping,
    leaves: &[Leaf],
    found: &[Vec<Detection>],
    policy: &PolicySettings,
    shift_days: i64,
) {
    let uses =
        |strategy| policy.default == strategy || policy.labels.values().any(|&s| s == strategy);
    if uses(Strategy::Surrogate) || uses(Strategy::DateShift) {
        let mut request = String::new();
        for leaf in leaves {
            request.push_str(&leaf.text.expose_phi().to_lowercase());
            request.push('\n');
        }
        mapping.stand_ins.reserve(PhiText::new(request));
    }
    let of_dates = policy.strategy(Label::Date);
    if matches!(of_dates, Strategy::DateShift | Strategy::Surrogate) {
        let mut dates = leaves.iter().zip(found).flat_map(|(leaf, found)| {
            let text = leaf.text.expose_phi();
            let dates = found.iter().filter(|detection| detection.label == Label::Date);
            dates.filter_map(move |detection| detection.span.of(text))
        });
        let order = dates::Order { day_first: dates.any(dates::must_begin_with_the_day) };
        mapping.stand_ins.shift = Some((shift_days, order));
        for (leaf, found) in leaves.iter().zip(found) {
            let text = leaf.text.expose_phi();
            let mut done = 0;
            let replaced = found.iter().filter(|one| policy.strategy(one.label) != Strategy::Keep);
            for span in replaced.map(|detection| detection.span) {
                mapping.stand_ins.keep_dates(text.get(done..span.start).unwrap_or_default());
                done = span.end;
            }
            mapping.stand_ins.keep_dates(text.get(done..).unwrap_or_default());
        }
    }
}

/// What is done with the detections in `text`, in order and disjoint.
fn replacements(
    text: &str,
    found: &[Detection],
    whole: bool,
    policy: &PolicySettings,
    mapping: &mut Mapping,
) -> Vec<Replacement> {
    let mut replacements = Vec::with_capacity(found.len());
    let mut done = 0;
    for (detection, span) in plan(text, found) {
        let strategy = policy.strategy(detection.label);
        let whole = whole && strategy != Strategy::Keep;
        let span = if whole { Span::new(0, text.len()) } else { span };
        if span.start < done {
            continue;
        }
        let (label, written) = match strategy {
            Strategy::Keep => (detection.label, None),
            Strategy::Redact => (detection.label, Some(format!("[{}]", detection.label))),
            Strategy::Placeholder | Strategy::Surrogate | Strategy::DateShift => {
                let value = span.of(text).unwrap_or_default();
                let stand_in = match (strategy, detection.label) {
                    (Strategy::Surrogate | Strategy::DateShift, Label::Date) => {
                        mapping.stand_ins.date(value)
                    }
                    (Strategy::Surrogate, label) if stands_free(text, span) => {
                        let head = text.get(..span.start).unwrap_or_default();
                        mapping.stand_ins.surrogate(label, head, value)
                    }
                    _ => None,
                };
                if let Some(stand_in) = stand_in.filter(|_| stands_free(text, span)) {
                    let detector = Arc::clone(&detection.detector);
                    let (label, score) = (detection.label, detection.score);
                    let written = Some(stand_in);
                    replacements.push(Replacement { label, span, score, detector, written });
                    done = span.end;
                    continue;
                }
                let placeholder = match detection.label {
                    Label::Name => mapping.name(text.get(..span.start).unwrap_or_default(), value),
                    label => mapping.placeholder(label, value),
                };
                // One value has one label, that of its first detection.
                (placeholder.label, Some(placeholder.to_string()))
            }
        };
        let detector = Arc::clone(&detection.detector);
        replacements.push(Replacement { label, span, score: detection.score, detector, written });
        done = span.end;
    }
    replacements
}

/// Whether no letter or digit touches `span`: a stand-in leads back from a whole word alone.
fn stands_free(text: &str, span: Span) -> bool {
    let before = text.get(..span.start).and_then(|head| head.chars().next_back());
    let after = text.get(span.end..).and_then(|tail| tail.chars().next());
    !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
}

/// `text` with the replacements put in; `None` where nothing changes.
pub(crate) fn apply(text: &str, replacements: &[Replacement]) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for replacement in replacements {
        let Some(written) = &replacement.written else { continue };
        out.push_str(text.get(done..replacement.span.start).unwrap_or_default());
        out.push_str(written);
        done = replacement.span.end;
    }
    if done == 0 {
        return None;
    }
    out.push_str(text.get(done..).unwrap_or_default());
    Some(out)
}

/// The largest number of a placeholder that a caller's own text may hold.
const MOST_CALLERS_NUMBER: u32 = 9999;

/// What to replace: the detections, without what they share with placeholders that the caller
/// wrote. `found` is sorted and disjoint, and so is the plan.
///
/// Only the exact form with a small number is a placeholder here: people write `[MRN 4471009]`.
fn plan<'d>(text: &str, found: &'d [Detection]) -> Vec<(&'d Detection, Span)> {
    let is_ours =
        |written: &Written| written.exact && written.placeholder.number <= MOST_CALLERS_NUMBER;
    let mut taken = find_all(text).filter(is_ours).map(|written| written.span).peekable();
    let mut plan = Vec::with_capacity(found.len());
    for detection in found {
        let mut rest = detection.span;
        while let Some(placeholder) = taken.peek().copied() {
            if placeholder.start >= detection.span.end {
                break;
            }
            if placeholder.end > detection.span.start {
                plan.push((detection, Span::new(rest.start, placeholder.start)));
                rest.start = placeholder.end.max(rest.start);
            }
            // One that reaches beyond this detection may touch the next as well.
            if placeholder.end > detection.span.end {
                break;
            }
            taken.next();
        }
        plan.push((detection, rest));
    }
    for (detection, span) in &mut plan {
        // A title tells nobody, and a model wants it.
        if detection.label == Label::Name
            && let Some((_, length)) = names::leading_title(span.of(text).unwrap_or_default())
        {
            span.start += length;
        }
    }
    // What is left of a detection may be blanks and marks around a placeholder.
    plan.retain(|(_, span)| {
        !span.is_empty()
            && span.of(text).is_some_and(|piece| piece.chars().any(char::is_alphanumeric))
    });
    plan
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
