//! Runs every rule over a text in one pass.
//!
//! The text is cut into words. A rule says at which words it is worth a try (a cue such as "mrn",
//! digits, a code of letters and digits), and its pattern is then matched at that word alone,
//! within a window of bounded length: the time grows with the text, whatever the text.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
    sync::Arc,
};

use regex::{Captures, Regex};

use super::{RuleError, grammar, words};
use crate::deidentify::entity::{Detection, Label, Span};

/// Most bytes that a rule sees after the place where it is tried.
const WINDOW: usize = 240;

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

struct Compiled {
    name: Arc<str>,
    regex: Regex,
    label: Label,
    score: f32,
    check: Check,
    guard: Option<Guard>,
}

/// All rules, ready to run.
pub(super) struct Engine {
    rules: Vec<Compiled>,
    by_word: HashMap<u128, Vec<usize>, BuildHasherDefault<WordHasher>>,
    by_digits: Vec<Vec<usize>>,
    by_code: Vec<Vec<usize>>,
    hex: Vec<usize>,
    line: Vec<usize>,
    anywhere: Vec<(aho_corasick::AhoCorasick, usize)>,
}

/// Words longer than this have no rules by length.
const LONGEST: usize = 40;

impl Engine {
    /// Compiles `rules`.
    ///
    /// # Errors
    /// When a pattern is wrong.
    pub(super) fn new<'r>(rules: impl Iterator<Item = &'r Rule>) -> Result<Engine, RuleError> {
        let mut engine = Engine {
            rules: Vec::new(),
            by_word: HashMap::default(),
            by_digits: vec![Vec::new(); LONGEST + 1],
            by_code: vec![Vec::new(); LONGEST + 1],
            hex: Vec::new(),
            line: Vec::new(),
            anywhere: Vec::new(),
        };
        for rule in rules {
            engine.add(rule)?;
        }
        Ok(engine)
    }

    fn add(&mut self, rule: &Rule) -> Result<(), RuleError> {
        let wrong = |why: String| RuleError::Builtin { name: rule.name, why };
        let index = self.rules.len();
        let anchor = match rule.start {
            Start::Anywhere(_) => "",
            Start::Words(_)
            | Start::WordsWhen(..)
            | Start::Digits(..)
            | Start::DigitsWhen(..)
            | Start::Code(..)
            | Start::Hex
            | Start::Line => r"\A",
        };
        let pattern = format!("(?i){anchor}(?:{})", grammar::expand(rule.pattern));
        match rule.start {
            Start::Words(words) | Start::WordsWhen(words, _) => {
                for word in words.split_ascii_whitespace() {
                    let rules = self.by_word.entry(key(word.as_bytes())).or_default();
                    if rules.last() != Some(&index) {
                        rules.push(index);
                    }
                }
            }
            Start::Digits(least, most) | Start::DigitsWhen(least, most, _) => {
                by_length(&mut self.by_digits, least, most, index)
            }
            Start::Code(least, most) => by_length(&mut self.by_code, least, most, index),
            Start::Hex => self.hex.push(index),
            Start::Line => self.line.push(index),
            Start::Anywhere(needs) => {
                let needs =
                    aho_corasick::AhoCorasick::builder().ascii_case_insensitive(true).build(needs);
                self.anywhere.push((needs.map_err(|error| wrong(error.to_string()))?, index));
            }
        }
        self.rules.push(Compiled {
            name: Arc::from(format!("rules.{}", rule.name)),
            regex: Regex::new(&pattern).map_err(|error| wrong(error.to_string()))?,
            label: rule.label,
            score: rule.score,
            check: rule.check,
            guard: match rule.start {
                Start::WordsWhen(_, guard) | Start::DigitsWhen(_, _, guard) => Some(guard),
                Start::Words(_)
                | Start::Digits(..)
                | Start::Code(..)
                | Start::Hex
                | Start::Line
                | Start::Anywhere(_) => None,
            },
        });
        Ok(())
    }

    /// Finds everything in `text`, in no order.
    pub(super) fn find(&self, text: &str, found: &mut Vec<Detection>) {
        for (needs, index) in &self.anywhere {
            let Some(rule) = self.rules.get(*index).filter(|_| needs.is_match(text)) else {
                continue;
            };
            for captures in rule.regex.captures_iter(text) {
                let at = captures.get(0).map_or(0, |whole| whole.start());
                rule.report(text, 0, at, &captures, found);
            }
        }
        let mut line = true;
        for word in words::Words::of(text) {
            line |= word.starts_line;
            let Span { start, end } = word.span;
            let bytes = text.as_bytes().get(start..end).unwrap_or_default();
            let length = bytes.len().min(LONGEST);
            let around = |from: usize| Around {
                prev: byte_before(text, start),
                first: bytes.first().copied().unwrap_or_default(),
                next: text.as_bytes().get(from..text.len().min(from + 4)).unwrap_or_default(),
            };
            if line {
                line = false;
                // Names open a line in capitals, or in a script without them.
                let first = bytes.first().copied().unwrap_or_default();
                let rules: &[usize] = if first.is_ascii_lowercase() { &[] } else { &self.line };
                self.try_all(rules, text, start, around(end), found);
            }
            if word.digits > 0 {
                let rules =
                    self.by_digits.get(word.digits.min(LONGEST)).map_or(&[][..], Vec::as_slice);
                self.try_all(rules, text, start, around(start + word.digits), found);
            } else if let Some(rules) = self.by_word.get(&key(bytes)) {
                self.try_all(rules, text, start, around(end), found);
            }
            if word.is_code {
                let rules = self.by_code.get(length).map_or(&[][..], Vec::as_slice);
                self.try_all(rules, text, start, around(end), found);
            }
            if length <= 4 && bytes.iter().all(u8::is_ascii_hexdigit) {
                let around = around(end);
                if matches!(around.mark(), b':' | b'-')
                    && (around.beyond().is_ascii_hexdigit() || around.beyond() == b':')
                {
                    self.try_all(&self.hex, text, start, around, found);
                }
            }
        }
    }

    fn try_all(
        &self,
        rules: &[usize],
        text: &str,
        at: usize,
        around: Around<'_>,
        found: &mut Vec<Detection>,
    ) {
        if rules.is_empty() {
            return;
        }
        let window = after(text, at, WINDOW);
        for rule in rules.iter().filter_map(|&rule| self.rules.get(rule)) {
            if rule.guard.is_none_or(|guard| guard(around))
                && rule.regex.is_match(window)
                && let Some(captures) = rule.regex.captures(window)
            {
                rule.report(text, at, at, &captures, found);
            }
        }
    }
}

impl Compiled {
    fn report(
        &self,
        text: &str,
        offset: usize,
        at: usize,
        captures: &Captures<'_>,
        found: &mut Vec<Detection>,
    ) {
        for group in captures.iter().skip(1).flatten().filter(|group| !group.is_empty()) {
            let span = Span::new(offset + group.start(), offset + group.end());
            let here = Found { text, at, span, label: self.label, score: self.score };
            if let Some(hit) = (self.check)(&here) {
                let Hit { span, label, score } = hit;
                found.push(Detection { label, span, score, detector: Arc::clone(&self.name) });
            }
        }
    }
}

fn by_length(table: &mut [Vec<usize>], least: usize, most: usize, index: usize) {
    for rules in table.iter_mut().take(most.min(LONGEST) + 1).skip(least) {
        rules.push(index);
    }
}

/// A word's first 16 bytes in lower case. What a rule then matches settles the rest.
fn key(word: &[u8]) -> u128 {
    word.iter().take(16).fold(0, |key, byte| (key << 8) | u128::from(byte.to_ascii_lowercase()))
}

/// Mixes a key that is a word's bytes already. Its keys are fixed, so nobody can make them collide.
#[derive(Default)]
struct WordHasher(u64);

impl Hasher for WordHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0.rotate_left(5) ^ u64::from(byte)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
    }

    fn write_u128(&mut self, key: u128) {
        let (high, low) = ((key >> 64) as u64, key as u64);
        let mixed = (low ^ high.rotate_left(29)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ (mixed >> 32);
    }
}
