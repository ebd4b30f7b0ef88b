//! What a rule is: where it is tried, what it matches, and how its finds are looked at again.
//! [`Engine`] runs all of them over a text in one pass.

mod follow;
mod index;
mod needs;
mod shape;

pub(super) use self::index::Engine;
use crate::deidentify::entity::{Label, Span};

/// The pattern of rules that are tried at a word and leave everything else to their check: its find
/// is the word's first letter.
pub(super) const LETTER: &str = r"(\p{L})";

/// Where a rule is tried.
#[derive(Clone, Copy)]
pub(super) enum Start {
    /// At each of these words: lower case, ASCII letters and digits, spaces between.
    Words(&'static str),
    /// The same, where the surroundings allow it.
    WordsWhen(&'static str, Guard),
    /// At words that begin with so many digits.
    Digits(usize, usize),
    /// The same, where the surroundings allow it.
    DigitsWhen(usize, usize, Guard),
    /// At words of letters and digits mixed, so many bytes long.
    Code(usize, usize),
    /// At up to four hexadecimal digits and a colon or hyphen, and at "::".
    Hex,
    /// At the first word of a line.
    Line,
    /// Anywhere in texts that hold one of these.
    Anywhere(&'static [&'static str]),
}

/// A cheap look at a word's surroundings, before any pattern is tried.
pub(super) type Guard = fn(Around<'_>) -> bool;

/// A word's surroundings.
#[derive(Clone, Copy)]
pub(super) struct Around<'t> {
    /// The byte before it, or a line feed.
    pub(super) prev: u8,
    /// Its first byte.
    pub(super) first: u8,
    /// That and the next byte of the text, where there is one.
    pub(super) head: &'t [u8],
    /// What follows the word, or the digits that it begins with: at most four bytes.
    pub(super) next: &'t [u8],
}

impl Around<'_> {
    /// The byte after the word, or a line feed.
    pub(super) fn mark(self) -> u8 {
        self.next.first().copied().unwrap_or(b'\n')
    }

    /// The byte after that.
    pub(super) fn beyond(self) -> u8 {
        self.next.get(1).copied().unwrap_or(b'\n')
    }
}

/// A rule: where to try it, what to match, and how sure it is.
pub(super) struct Rule {
    /// What reports call it.
    pub(super) name: &'static str,
    /// The label of what it finds.
    pub(super) label: Label,
    /// How sure it is.
    pub(super) score: f32,
    /// Where it is tried.
    pub(super) start: Start,
    /// The pattern, in any case, with the abbreviations of [`grammar`]; each of its groups is a find.
    pub(super) pattern: &'static str,
    /// Looks at each find again.
    pub(super) check: Check,
}

/// Keeps, alters or drops (`None`) what a pattern found.
pub(super) type Check = fn(&Found<'_>) -> Option<Hit>;

/// What a rule found, with its surroundings.
pub(super) struct Found<'t> {
    /// The whole text.
    pub(super) text: &'t str,
    /// Where the rule was tried.
    pub(super) at: usize,
    /// What the group matched.
    pub(super) span: Span,
    /// What the rule says.
    pub(super) label: Label,
    pub(super) score: f32,
}

/// A find that stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Hit {
    pub(super) span: Span,
    pub(super) label: Label,
    pub(super) score: f32,
}

impl<'t> Found<'t> {
    /// The find as it is.
    pub(super) fn keep(&self) -> Option<Hit> {
        self.keep_as(self.label, self.score)
    }

    /// The find with another label and score.
    pub(super) fn keep_as(&self, label: Label, score: f32) -> Option<Hit> {
        Some(Hit { span: self.span, label, score })
    }

    /// The find with another span.
    pub(super) fn keep_span(&self, span: Span) -> Option<Hit> {
        (!span.is_empty()).then_some(Hit { span, label: self.label, score: self.score })
    }

    /// What was found.
    pub(super) fn value(&self) -> &'t str {
        self.span.of(self.text).unwrap_or_default()
    }

    /// The text from the find's start on, as far as a name may reach.
    pub(super) fn rest(&self) -> &'t str {
        after(self.text, self.span.start, 130)
    }

    /// At most `bytes` of text before the find.
    pub(super) fn before(&self, bytes: usize) -> &'t str {
        before(self.text, self.span.start, bytes)
    }

    /// At most `bytes` of text after the find.
    pub(super) fn after(&self, bytes: usize) -> &'t str {
        after(self.text, self.span.end, bytes)
    }

    /// The byte before the find, or a line feed at the start of the text.
    pub(super) fn prev(&self) -> u8 {
        byte_before(self.text, self.span.start)
    }

    /// The byte after the find, or a line feed at the end of the text.
    pub(super) fn next(&self) -> u8 {
        self.text.as_bytes().get(self.span.end).copied().unwrap_or(b'\n')
    }

    /// Whether the find is part of a longer word or number: "1.5" of "21.5" or "1.52".
    pub(super) fn is_cut(&self) -> bool {
        let bytes = self.text.as_bytes();
        let byte = |at: Option<usize>| at.and_then(|at| bytes.get(at)).copied().unwrap_or(b' ');
        let joins = |mark: u8, beyond: u8| {
            matches!(mark, b'.' | b'-' | b'/' | b',' | b':') && beyond.is_ascii_digit()
        };
        let (start, end) = (self.span.start, self.span.end);
        byte(start.checked_sub(1)).is_ascii_alphanumeric()
            || byte(Some(end)).is_ascii_alphanumeric()
            || joins(byte(start.checked_sub(1)), byte(start.checked_sub(2)))
            || joins(byte(Some(end)), byte(end.checked_add(1)))
    }
}

/// At most `bytes` of `text` before `at`.
pub(super) fn before(text: &str, at: usize, bytes: usize) -> &str {
    let mut start = at.saturating_sub(bytes);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    text.get(start..at).unwrap_or_default()
}

/// At most `bytes` of `text` after `at`.
pub(super) fn after(text: &str, at: usize, bytes: usize) -> &str {
    let mut end = at.saturating_add(bytes).min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(at..end).unwrap_or_default()
}

pub(super) fn byte_before(text: &str, at: usize) -> u8 {
    at.checked_sub(1).and_then(|at| text.as_bytes().get(at)).copied().unwrap_or(b'\n')
}

/// Keeps every find.
pub(super) fn always(found: &Found<'_>) -> Option<Hit> {
    found.keep()
}

#[cfg(test)]
mod tests;
