//! What a built-in rule is: a pattern, and a check of what it matched in its surroundings.

use std::sync::Arc;

use regex::Regex;

use super::RuleError;
use crate::deidentify::entity::{Detection, Label, Span};

/// How far a check looks to either side, in bytes.
const CONTEXT_BYTES: usize = 60;

/// A rule as its family's file declares it.
pub(super) struct Declaration {
    /// Its name in reports, after `rules.`.
    pub(super) name: &'static str,
    /// What it finds.
    pub(super) label: Label,
    /// Confidence, in `0.0..=1.0`; a checksum that fits may raise it.
    pub(super) score: f32,
    /// The pattern. The groups `v`, `v2`, `v3` are what is found; without them, all of it.
    pub(super) pattern: &'static str,
    /// Looks at each hit, where the pattern alone does not decide.
    pub(super) check: fn(&Hit<'_>) -> Verdict,
}

/// What a check says of a hit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Verdict {
    /// It is what the rule looks for, with the rule's own score.
    Take,
    /// The same, with this score.
    Score(f32),
    /// It is this part of the value alone, in bytes of the value.
    Part(usize, usize),
    /// It is something else.
    Leave,
}

impl From<bool> for Verdict {
    fn from(take: bool) -> Self {
        if take { Self::Take } else { Self::Leave }
    }
}

/// The check of rules that need none.
pub(super) fn always(_: &Hit<'_>) -> Verdict {
    Verdict::Take
}

/// A match, with the text around it.
pub(super) struct Hit<'t> {
    text: &'t str,
    /// What was found.
    pub(super) value: &'t str,
    span: Span,
}

impl<'t> Hit<'t> {
    /// The text before the value, on its line or not, at most [`CONTEXT_BYTES`] of it.
    pub(super) fn before(&self) -> &'t str {
        let mut from = self.span.start.saturating_sub(CONTEXT_BYTES);
        while !self.text.is_char_boundary(from) {
            from += 1;
        }
        self.text.get(from..self.span.start).unwrap_or_default()
    }

    /// The text after the value, at most [`CONTEXT_BYTES`] of it.
    pub(super) fn after(&self) -> &'t str {
        let mut to = self.text.len().min(self.span.end + CONTEXT_BYTES);
        while !self.text.is_char_boundary(to) {
            to -= 1;
        }
        self.text.get(self.span.end..to).unwrap_or_default()
    }

    /// The digits of the value.
    pub(super) fn digits(&self) -> Vec<u32> {
        self.value.chars().filter_map(|c| c.to_digit(10)).collect()
    }
}

/// A compiled rule.
pub(super) struct Rule {
    pattern: Regex,
    groups: Vec<usize>,
    label: Label,
    score: f32,
    check: fn(&Hit<'_>) -> Verdict,
    detector: Arc<str>,
}

impl Rule {
    pub(super) fn compile(declared: &Declaration) -> Result<Self, RuleError> {
        let pattern = Regex::new(declared.pattern).map_err(|error| RuleError::Pattern {
            name: declared.name.to_owned(),
            reason: error.to_string(),
        })?;
        let is_value = |name: Option<&str>| name.is_some_and(|name| name.starts_with('v'));
        let named = pattern.capture_names().enumerate().filter(|(_, name)| is_value(*name));
        let groups: Vec<usize> = named.map(|(group, _)| group).collect();
        Ok(Self {
            groups,
            pattern,
            label: declared.label,
            score: declared.score,
            check: declared.check,
            detector: Arc::from(format!("rules.{}", declared.name)),
        })
    }

    /// Adds what the rule finds in `text`.
    pub(super) fn find(&self, text: &str, found: &mut Vec<Detection>) {
        if self.groups.is_empty() {
            for hit in self.pattern.find_iter(text) {
                self.take(text, Span::new(hit.start(), hit.end()), found);
            }
            return;
        }
        let mut from = 0;
        while let Some(captures) = self.pattern.captures_at(text, from) {
            let end = captures.get_match().end();
            let mut next = end;
            for hit in self.groups.iter().filter_map(|&group| captures.get(group)) {
                let taken = self.take(text, Span::new(hit.start(), hit.end()), found);
                // What a check cut off may be a hit of its own.
                next = next.min(taken.unwrap_or(end));
            }
            from = if next > from { next } else { end.max(from + 1) };
            if from > text.len() {
                break;
            }
        }
    }

    /// Adds the value at `span` if it passes; answers where the part ends that was taken alone.
    fn take(&self, text: &str, span: Span, found: &mut Vec<Detection>) -> Option<usize> {
        let value = span.of(text).filter(|value| !value.is_empty())?;
        let (span, score) = match (self.check)(&Hit { text, value, span }) {
            Verdict::Take => (span, self.score),
            Verdict::Score(score) => (span, score),
            Verdict::Part(from, to) => (Span::new(span.start + from, span.start + to), self.score),
            Verdict::Leave => return None,
        };
        found.push(Detection {
            label: self.label,
            span,
            score,
            detector: Arc::clone(&self.detector),
        });
        Some(span.end)
    }
}

/// Whether `text` ends in one of `words`, whole, in any case, maybe with blanks and marks after it.
pub(super) fn ends_in_word(text: &str, words: &[&str]) -> bool {
    let text = text.trim_end_matches(|c: char| !c.is_alphanumeric());
    words.iter().any(|word| {
        let Some(at) = text.len().checked_sub(word.len()) else { return false };
        text.get(at..).is_some_and(|end| end.eq_ignore_ascii_case(word))
            && !text.get(..at).unwrap_or_default().ends_with(char::is_alphanumeric)
    })
}

/// Whether `text` holds one of `words` (lower case), whole, in any case.
pub(super) fn has_word(text: &str, words: &[&str]) -> bool {
    text.split(|c: char| !c.is_alphanumeric())
        .any(|own| !own.is_empty() && words.iter().any(|word| own.eq_ignore_ascii_case(word)))
}

/// Whether `text` starts with one of `words`, whole, in any case, after blanks and hyphens.
pub(super) fn starts_with_word(text: &str, words: &[&str]) -> bool {
    let text = text.trim_start_matches([' ', '\t', '-', '\u{a0}']);
    words.iter().any(|word| {
        text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
            && !text.get(word.len()..).unwrap_or_default().starts_with(char::is_alphanumeric)
    })
}
