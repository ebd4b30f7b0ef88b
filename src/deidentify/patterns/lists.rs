//! The operator's lists: texts that are never PHI, and texts that always are.

use std::sync::Arc;

use aho_corasick::{AhoCorasick, MatchKind};

use super::RuleError;
use crate::deidentify::entity::{Detection, Label, Span};

/// A text that is always PHI.
#[derive(Clone, Debug)]
pub struct DenyEntry {
    /// The text, found in any case, as whole words.
    pub text: String,
    /// What it is.
    pub label: Label,
}

/// Finds any of some texts, whole words, in any (ASCII) case.
struct Finder(Option<AhoCorasick>);

impl Finder {
    fn new<'a>(
        texts: impl Iterator<Item = &'a str>,
        list: &'static str,
    ) -> Result<Self, RuleError> {
        let texts: Vec<&str> = texts.map(str::trim).collect();
        if texts.iter().any(|text| text.is_empty()) {
            return Err(RuleError::Blank(list));
        }
        if texts.is_empty() {
            return Ok(Self(None));
        }
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::LeftmostLongest)
            .build(texts)
            .map_err(|error| RuleError::Pattern {
                name: format!("policy.{list}"),
                reason: error.to_string(),
            })?;
        Ok(Self(Some(automaton)))
    }

    /// Where the texts stand, and which one.
    fn find<'t>(&'t self, text: &'t str) -> impl Iterator<Item = (usize, Span)> + 't {
        self.0.iter().flat_map(move |automaton| automaton.find_iter(text)).filter_map(|hit| {
            let span = Span::new(hit.start(), hit.end());
            is_whole(text, span).then_some((hit.pattern().as_usize(), span))
        })
    }
}

/// Whether no word is cut at either edge of `span`.
fn is_whole(text: &str, span: Span) -> bool {
    let cuts = |outside: Option<char>, inside: Option<char>| {
        outside.is_some_and(char::is_alphanumeric) && inside.is_some_and(char::is_alphanumeric)
    };
    let Some(inside) = span.of(text) else { return false };
    let before = text.get(..span.start).and_then(|before| before.chars().next_back());
    let after = text.get(span.end..).and_then(|after| after.chars().next());
    !cuts(before, inside.chars().next()) && !cuts(after, inside.chars().next_back())
}

/// What is never PHI here.
pub(super) struct Allowed(Finder);

impl Allowed {
    pub(super) fn new(texts: &[String]) -> Result<Self, RuleError> {
        Finder::new(texts.iter().map(String::as_str), "allow").map(Self)
    }

    /// Where allowed texts stand in `text`, sorted and disjoint.
    pub(super) fn spans(&self, text: &str) -> Vec<Span> {
        self.0.find(text).map(|(_, span)| span).collect()
    }
}

/// What is always PHI here.
pub(super) struct Denied {
    finder: Finder,
    labels: Vec<Label>,
    detector: Arc<str>,
}

impl Denied {
    pub(super) fn new(entries: &[DenyEntry]) -> Result<Self, RuleError> {
        let finder = Finder::new(entries.iter().map(|entry| entry.text.as_str()), "deny")?;
        let labels = entries.iter().map(|entry| entry.label).collect();
        Ok(Self { finder, labels, detector: Arc::from("policy.deny") })
    }

    /// Adds the denied texts that stand in `text`.
    pub(super) fn find(&self, text: &str, found: &mut Vec<Detection>) {
        found.extend(self.finder.find(text).map(|(entry, span)| Detection {
            label: self.labels.get(entry).copied().unwrap_or(Label::Id),
            span,
            score: 1.0,
            detector: Arc::clone(&self.detector),
        }));
    }
}
