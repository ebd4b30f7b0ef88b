//! Replaces what was found once wherever it stands in the request.
//!
//! A detector may know `Mr. Okafor` from its title and miss a bare `okafor` ten lines on. All values found in a request
//! go into one tree of words, and every text of the request is walked against it once, so that the work grows with the
//! size of the request and not with the number of values. White space between words, letter case and accents do not
//! matter; a value matches whole words only.
//!
//! One round is enough: whatever a propagated detection covers is made of values that are in the tree already. To keep
//! it so, a detection that propagation made or widened is no source in a later call.

mod context;
mod patterns;
mod values;
mod words;

use std::{mem, sync::Arc};

use super::{
    entity::{Detection, Span},
    merge::merge,
    seam,
};
pub(super) use context::{is_common, is_done_by_people, is_eponym_of_a_term};
use patterns::Patterns;
pub use values::is_distinctive;

/// The detector's name of propagated detections.
const DETECTOR: &str = "propagate";

/// Adds to `found` every other occurrence in `texts` of the values that `found` holds.
///
/// `found[i]` belongs to `texts[i]` and is sorted and disjoint, as [`merge`] returns it, before and after; its coverage
/// only grows. Added and widened detections have the label and score of the strongest value and the detector `propagate`.
pub fn propagate(texts: &[&str], found: &mut [Vec<Detection>]) {
    let mut patterns = Patterns::default();
    for (text, detections) in texts.iter().zip(found.iter()) {
        let is_source = |one: &&Detection| ![DETECTOR, seam::DETECTOR].contains(&&*one.detector);
        for detection in detections.iter().filter(is_source) {
            values::collect(text, detection, &mut patterns);
        }
    }
    if patterns.is_empty() {
        return;
    }
    let detector: Arc<str> = DETECTOR.into();
    for (text, detections) in texts.iter().zip(found.iter_mut()) {
        let mut all: Vec<Detection> = (patterns.find(text).into_iter())
            .filter(|(span, _)| !is_covered(detections, *span))
            .map(|(span, value)| Detection {
                label: value.label,
                span,
                score: value.score,
                detector: Arc::clone(&detector),
            })
            .collect();
        if all.is_empty() {
            continue;
        }
        let before = mem::take(detections);
        all.extend(before.iter().cloned());
        *detections = merge(text, all);
        for detection in detections.iter_mut() {
            let same =
                before.binary_search_by_key(&detection.span.start, |old| old.span.start).ok();
            match same.and_then(|at| before.get(at)).filter(|old| old.span == detection.span) {
                Some(old) => old.clone_into(detection),
                None => detection.detector = Arc::clone(&detector),
            }
        }
    }
}

/// Whether one of the sorted `detections` holds all of `span`.
fn is_covered(detections: &[Detection], span: Span) -> bool {
    let after = detections.partition_point(|detection| detection.span.start <= span.start);
    let last = after.checked_sub(1).and_then(|at| detections.get(at));
    last.is_some_and(|detection| span.end <= detection.span.end)
}

#[cfg(test)]
mod tests;
