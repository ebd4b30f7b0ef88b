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

use regex::Regex;

use super::{
    Around, Check, Found, Guard, Hit, LETTER, Rule, Start, after, byte_before,
    follow::{Follow, Walker},
    needs::{Anywhere, Need},
    shape::Shape,
};
use crate::deidentify::{
    entity::{Detection, Label, Span},
    rules::{RuleError, grammar, words},
};

/// Most bytes that a rule sees after the place where it is tried.
const WINDOW: usize = 240;
/// Words longer than this have no rules by length.
const LONGEST: usize = 40;
/// As many bytes of a word are looked up. What a rule then matches settles the rest.
const KEY: usize = 16;

/// There are some thousand cues; with so many bits one word in thirty is looked up for nothing.
const MIXED_BITS: u32 = 15;

const DIGITS: &[(u8, u8)] = &[(b'0', b'9')];
const CODE: &[(u8, u8)] = &[(b'0', b'9'), (b'A', b'Z'), (b'a', b'z'), (0x80, 0xff)];

enum Pattern {
    Regex(Regex, Shape),
    /// [`LETTER`].
    Letter,
}

struct Compiled {
    name: Arc<str>,
    pattern: Pattern,
    label: Label,
    score: f32,
    check: Check,
    guard: Option<Guard>,
}

/// A rule that is tried at a word, and what may follow there: places in [`Engine::rules`] and
/// [`Engine::follows`].
#[derive(Clone, Copy)]
struct Try {
    rule: u32,
    follow: u32,
}

/// Rules that are tried at words of one length, by the byte after it.
#[derive(Clone)]
struct ByNext {
    all: Vec<Try>,
    next: Vec<Vec<Try>>,
}

impl ByNext {
    fn new() -> ByNext {
        ByNext { all: Vec::new(), next: vec![Vec::new(); 256] }
    }

    fn add(&mut self, new: Try, follow: &Follow) {
        self.all.push(new);
        for (byte, tries) in (0..=u8::MAX).zip(&mut self.next) {
            if follow.allows_next(byte) {
                tries.push(new);
            }
        }
    }

    fn before(&self, next: &[u8]) -> &[Try] {
        next.first().and_then(|byte| self.next.get(usize::from(*byte))).unwrap_or(&self.all)
    }
}

/// What is done at a word.
#[derive(Default)]
struct AtWord {
    tries: Vec<Try>,
    needs: Vec<Need>,
}

/// All rules, ready to run.
pub(in super::super) struct Engine {
    rules: Vec<Compiled>,
    /// Each once.
    follows: Vec<Follow>,
    by_word: HashMap<u128, AtWord, BuildHasherDefault<words::Mixed>>,
    /// Which places of `by_word` are taken, by the mixed key's lowest bits.
    words: Vec<bool>,
    by_digits: Vec<ByNext>,
    by_code: Vec<ByNext>,
    hex: Vec<Try>,
    by_line: Vec<ByNext>,
    anywhere: Vec<Anywhere>,
}

impl Engine {
    /// Compiles `rules`.
    ///
    /// # Errors
    /// When a pattern is wrong.
    pub(in super::super) fn new<'r>(
        rules: impl Iterator<Item = &'r Rule>,
    ) -> Result<Engine, RuleError> {
        Engine::with(rules, true)
    }

    /// The same with or without what spares the automata: the tables of what follows, and the ends
    /// of a match in place of its groups.
    pub(super) fn with<'r>(
        rules: impl Iterator<Item = &'r Rule>,
        spare: bool,
    ) -> Result<Engine, RuleError> {
        let mut engine = Engine {
            rules: Vec::new(),
            follows: Vec::new(),
            by_word: HashMap::default(),
            words: vec![false; 1 << MIXED_BITS],
            by_digits: vec![ByNext::new(); LONGEST + 1],
            by_code: vec![ByNext::new(); LONGEST + 1],
            hex: Vec::new(),
            by_line: vec![ByNext::new(); LONGEST + 1],
            anywhere: Vec::new(),
        };
        let mut known = HashMap::new();
        for rule in rules {
            engine.add(rule, spare, &mut known)?;
        }
        for key in engine.by_word.keys() {
            if let Some(taken) = engine.words.get_mut(mixed(*key)) {
                *taken = true;
            }
        }
        Ok(engine)
    }

    fn add(
        &mut self,
        rule: &Rule,
        spare: bool,
        known: &mut HashMap<Follow, u32>,
    ) -> Result<(), RuleError> {
        let wrong = |why: String| RuleError::Builtin { name: rule.name, why };
        let anchor = if matches!(rule.start, Start::Anywhere(_)) { "" } else { r"\A" };
        let pattern = format!("(?i){anchor}(?:{})", grammar::expand(rule.pattern));
        let walker = match rule.start {
            Start::Words(_) | Start::WordsWhen(..) if rule.pattern == LETTER => None,
            Start::Anywhere(_) => None,
            Start::Words(_)
            | Start::WordsWhen(..)
            | Start::Digits(..)
            | Start::DigitsWhen(..)
            | Start::Code(..)
            | Start::Line
            | Start::Hex => Walker::new(&pattern),
        };
        self.index(rule, walker.as_ref().filter(|_| spare), known);
        self.rules.push(Compiled {
            name: Arc::from(format!("rules.{}", rule.name)),
            pattern: match rule.pattern {
                LETTER => Pattern::Letter,
                _ => Pattern::Regex(
                    Regex::new(&pattern).map_err(|error| wrong(error.to_string()))?,
                    Shape::of(&pattern),
                ),
            },
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

    /// Notes where `rule`, the next one, is tried.
    fn index(&mut self, rule: &Rule, walker: Option<&Walker>, known: &mut HashMap<Follow, u32>) {
        let place = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        let index = place(self.rules.len());
        let follows = &mut self.follows;
        let mut at = |follow: Follow| {
            let follow = *known.entry(follow).or_insert_with(|| {
                follows.push(follow);
                place(follows.len() - 1)
            });
            Try { rule: index, follow }
        };
        let mut by_length = |table: &mut [ByNext], least: usize, most: usize, ranges| {
            let lengths = table.iter_mut().enumerate().take(most.min(LONGEST) + 1).skip(least);
            for (length, tries) in lengths {
                // The last place is that of all longer words.
                let walker = walker.filter(|_| length < LONGEST);
                let follow = walker.map_or(Follow::ANY, |walker| {
                    walker.follow(std::iter::repeat_n(ranges, length))
                });
                tries.add(at(follow), &follow);
            }
        };
        match rule.start {
            Start::Words(words) | Start::WordsWhen(words, _) => {
                for word in words.split_ascii_whitespace() {
                    let tries = &mut self.by_word.entry(key(word.as_bytes())).or_default().tries;
                    if tries.last().is_some_and(|last| last.rule == index) {
                        continue;
                    }
                    // A longer word may begin with the same bytes.
                    let walker = walker.filter(|_| word.len() < KEY);
                    tries.push(at(walker.map_or(Follow::ANY, |walker| {
                        let bytes: Vec<_> = word.bytes().map(same_key).collect();
                        walker.follow(bytes.iter().map(|ranges| &ranges[..]))
                    })));
                }
            }
            Start::Digits(least, most) | Start::DigitsWhen(least, most, _) => {
                by_length(&mut self.by_digits, least, most, DIGITS)
            }
            Start::Code(least, most) => by_length(&mut self.by_code, least, most, CODE),
            Start::Hex => self.hex.push(at(Follow::ANY)),
            Start::Line => by_length(&mut self.by_line, 0, LONGEST, CODE),
            Start::Anywhere(needs) => {
                let place = self.anywhere.len();
                let mut anywhere = Anywhere::new(self.rules.len());
                for &need in needs {
                    match Need::around_word(need, place) {
                        Some((word, need)) => {
                            let key = key(word.as_bytes());
                            self.by_word.entry(key).or_default().needs.push(need);
                        }
                        None => anywhere.add_sign(need),
                    }
                }
                self.anywhere.push(anywhere);
            }
        }
    }

    /// Finds everything in `text`, in no order.
    pub(in super::super) fn find(&self, text: &str, found: &mut Vec<Detection>) {
        let mut called = 0_u64;
        let mut line = true;
        for word in words::Words::of(text) {
            line |= word.starts_line;
            let Span { start, end } = word.span;
            let bytes = text.as_bytes().get(start..end).unwrap_or_default();
            let around = |from: usize| Around {
                prev: byte_before(text, start),
                first: bytes.first().copied().unwrap_or_default(),
                head: text.as_bytes().get(start..text.len().min(start + 2)).unwrap_or_default(),
                next: text.as_bytes().get(from..text.len().min(from + 4)).unwrap_or_default(),
            };
            if line {
                line = false;
                // Names open a line in capitals, or in a script without them.
                if !bytes.first().is_some_and(u8::is_ascii_lowercase)
                    && let Some(tries) = self.by_line.get(bytes.len().min(LONGEST))
                {
                    let around = around(end);
                    self.try_all(tries.before(around.next), text, start, around, found);
                }
            }
            if word.digits > 0 {
                if let Some(tries) = self.by_digits.get(word.digits.min(LONGEST)) {
                    let around = around(start + word.digits);
                    self.try_all(tries.before(around.next), text, start, around, found);
                }
            } else if let Some(at) = self.at_word(key_at(text.as_bytes(), start, end)) {
                self.try_all(&at.tries, text, start, around(end), found);
                for need in at.needs.iter().filter(|need| need.is_around(text, start)) {
                    called |= 1 << need.rule;
                }
            }
            if word.is_code
                && let Some(tries) = self.by_code.get(bytes.len().min(LONGEST))
            {
                let around = around(end);
                self.try_all(tries.before(around.next), text, start, around, found);
            }
            if matches!(text.as_bytes().get(end), Some(b':' | b'-')) && bytes.len() <= 4 {
                let around = around(end);
                if (around.beyond().is_ascii_hexdigit() || around.beyond() == b':')
                    && bytes.iter().all(u8::is_ascii_hexdigit)
                {
                    self.try_all(&self.hex, text, start, around, found);
                }
            }
        }
        for (place, anywhere) in self.anywhere.iter().enumerate() {
            if (called >> place & 1 == 1 || anywhere.is_called(text))
                && let Some(rule) = self.rules.get(anywhere.rule)
            {
                rule.find_all(text, found);
            }
        }
    }

    fn at_word(&self, key: u128) -> Option<&AtWord> {
        // Most words are no cue, and a look at one byte tells.
        self.words.get(mixed(key)).filter(|taken| **taken).and_then(|_| self.by_word.get(&key))
    }

    fn try_all(
        &self,
        tries: &[Try],
        text: &str,
        at: usize,
        around: Around<'_>,
        found: &mut Vec<Detection>,
    ) {
        for Try { rule, follow } in tries {
            if self
                .follows
                .get(*follow as usize)
                .is_some_and(|follow| follow.allows(around.head, around.next))
                && let Some(rule) = self.rules.get(*rule as usize)
                && rule.guard.is_none_or(|guard| guard(around))
            {
                rule.find_at(text, at, found);
            }
        }
    }
}

impl Compiled {
    /// Matches at byte `at` alone.
    fn find_at(&self, text: &str, at: usize, found: &mut Vec<Detection>) {
        let window = after(text, at, WINDOW);
        match &self.pattern {
            Pattern::Letter => {
                let first = window.chars().next().filter(|c| c.is_ascii_alphabetic() || *c >= 'À');
                if let Some(first) = first {
                    self.report(text, at, Span::new(at, at + first.len_utf8()), found);
                }
            }
            Pattern::Regex(regex, shape) => shape.find(regex, window, |group| {
                let span = Span::new(at + group.start, at + group.end);
                self.report(text, at, span, found);
            }),
        }
    }

    /// Matches wherever it does.
    fn find_all(&self, text: &str, found: &mut Vec<Detection>) {
        let Pattern::Regex(regex, _) = &self.pattern else { return };
        for captures in regex.captures_iter(text) {
            let at = captures.get(0).map_or(0, |whole| whole.start());
            for group in captures.iter().skip(1).flatten() {
                self.report(text, at, Span::new(group.start(), group.end()), found);
            }
        }
    }

    fn report(&self, text: &str, at: usize, span: Span, found: &mut Vec<Detection>) {
        if span.is_empty() {
            return;
        }
        let here = Found { text, at, span, label: self.label, score: self.score };
        if let Some(Hit { span, label, score }) = (self.check)(&here) {
            found.push(Detection { label, span, score, detector: Arc::clone(&self.name) });
        }
    }
}

/// A word's first [`KEY`] bytes with the bit set that tells small letters of ASCII from capitals. It
/// is set in digits, and tells some letters beyond ASCII apart that need not be.
fn key(word: &[u8]) -> u128 {
    key_at(word, 0, word.len())
}

/// The [`key`] of a word that stands in `text`.
fn key_at(text: &[u8], start: usize, end: usize) -> u128 {
    const SMALL: u128 = u128::from_be_bytes([0x20; KEY]);
    let length = (end - start).min(KEY);
    let key = match text.get(start..).and_then(|rest| rest.first_chunk::<KEY>()) {
        Some(chunk) => {
            let key = u128::from_be_bytes(*chunk) | SMALL;
            return if length == KEY { key } else { key >> (8 * (KEY - length)) };
        }
        None => text.get(start..start + length).unwrap_or_default(),
    };
    key.iter().fold(0, |key, byte| (key << 8) | u128::from(byte | 0x20))
}

/// A key's place in [`Engine::words`].
fn mixed(key: u128) -> usize {
    let mut mixed = words::Mixed::default();
    mixed.write_u128(key);
    (mixed.finish() >> (64 - MIXED_BITS)) as usize
}

/// The bytes that have the same place in a [`key`].
fn same_key(byte: u8) -> [(u8, u8); 2] {
    let (small, capital) = (byte | 0x20, byte & !0x20);
    [(small, small), (capital, capital)]
}
