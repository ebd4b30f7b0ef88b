//! Cuts a text into words, and knows which words are ordinary.

use std::{
    collections::HashSet,
    hash::{BuildHasherDefault, Hasher},
};

use once_cell::sync::Lazy;

use crate::deidentify::{entity::Span, ner::is_term};

/// A run of letters and digits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Word {
    /// Where it stands.
    pub(super) span: Span,
    /// With how many digits it begins.
    pub(super) digits: usize,
    /// Whether it holds both letters and digits.
    pub(super) is_code: bool,
    /// Whether a line begins between the word before and this one.
    pub(super) starts_line: bool,
}

/// The words of a text, in order.
pub(super) struct Words<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Words<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    /// The character beyond ASCII at `at`: its length, and whether it belongs to a word.
    fn beyond_ascii(&self, at: usize) -> (usize, bool) {
        match self.text.get(at..).and_then(|rest| rest.chars().next()) {
            Some(c) => (c.len_utf8(), is_letter(c)),
            None => (1, false),
        }
    }
}

/// Eight bytes of text, looked at together: the highest bit of a byte is set where it is so.
#[derive(Clone, Copy)]
struct Eight {
    letter: u64,
    digit: u64,
    beyond: u64,
}

impl Eight {
    /// The bytes at `at`, the first one lowest; zeros beyond the end.
    fn at(bytes: &[u8], at: usize) -> Eight {
        const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);
        const SMALL: u64 = u64::from_ne_bytes([0x20; 8]);
        let rest = bytes.get(at..).unwrap_or_default();
        let all = match rest.first_chunk() {
            Some(chunk) => u64::from_le_bytes(*chunk),
            None => rest.iter().rev().fold(0, |all, byte| all << 8 | u64::from(*byte)),
        };
        let beyond = all & HIGH;
        let ascii = all & !HIGH;
        // Adding 0x80 - c to a byte below 0x80 sets its highest bit where it is c or more.
        let at_least = |bytes: u64, c: u8| bytes + u64::from_ne_bytes([0x80 - c; 8]);
        let small = ascii | SMALL;
        let letter = at_least(small, b'a') & !at_least(small, b'z' + 1);
        let digit = at_least(ascii, b'0') & !at_least(ascii, b'9' + 1);
        Eight { letter: letter & HIGH & !beyond, digit: digit & HIGH & !beyond, beyond }
    }

    /// How many bytes from the first on are so.
    fn run(mask: u64) -> usize {
        (!mask & u64::from_ne_bytes([0x80; 8])).trailing_zeros() as usize / 8
    }
}

/// Whether `c` belongs to a word: a letter, a digit or an accent that combines with one.
pub(super) fn is_letter(c: char) -> bool {
    c.is_alphanumeric()
        || matches!(c, '\u{300}'..='\u{36f}' | '\u{64b}'..='\u{65f}' | '\u{93c}'..='\u{94d}')
}

impl Iterator for Words<'_> {
    type Item = Word;

    fn next(&mut self) -> Option<Word> {
        let bytes = self.text.as_bytes();
        let mut starts_line = false;
        loop {
            let byte = *bytes.get(self.at)?;
            if byte.is_ascii_alphanumeric() {
                break;
            }
            if byte.is_ascii() {
                starts_line |= byte == b'\n';
                self.at += 1;
                continue;
            }
            match self.beyond_ascii(self.at) {
                (_, true) => break,
                (length, false) => self.at += length,
            }
        }
        let start = self.at;
        let (mut digits, mut has_digit, mut has_letter) = (0, false, false);
        loop {
            let eight = Eight::at(bytes, self.at);
            let length = Eight::run(eight.letter | eight.digit);
            let within = if length < 8 { (1 << (8 * length)) - 1 } else { u64::MAX };
            if !has_letter {
                digits += Eight::run(eight.digit);
            }
            has_digit |= eight.digit & within != 0;
            has_letter |= eight.letter & within != 0;
            self.at += length;
            if length == 8 {
                continue;
            }
            if eight.beyond >> (8 * length) & 0x80 == 0 {
                break;
            }
            match self.beyond_ascii(self.at) {
                (length, true) => {
                    has_letter = true;
                    self.at += length;
                }
                (_, false) => break,
            }
        }
        let span = Span::new(start, self.at);
        Some(Word { span, digits, is_code: has_digit && has_letter, starts_line })
    }
}

/// A fixed set of words.
pub(super) type Set = HashSet<&'static str, BuildHasherDefault<Mixed>>;

/// Words of ordinary and clinical English, lower case: counted in public clinical dialogue and notes.
static ORDINARY: Lazy<Set> = Lazy::new(|| include_str!("words.txt").lines().collect());

/// Words of English that are no name of people or places, lower case: SCOWL's (Debian's wamerican), less the
/// surnames of the US census, first names (WGND 2.0) and cities. Those that end as `is_ordinary` knows are left out.
static ENGLISH: Lazy<Set> = Lazy::new(|| include_str!("english.txt").lines().collect());

/// Words that end a name wherever they stand: function words, verbs and the labels of forms.
static STOP: Lazy<Set> =
    Lazy::new(|| include_str!("stop_words.txt").split_ascii_whitespace().collect());

/// Whether `word` is an ordinary word of the language rather than a name, in any case.
pub(in crate::deidentify) fn is_ordinary(word: &str) -> bool {
    in_lower_case(word, |lower| {
        let base = lower.strip_suffix("'s").unwrap_or(lower);
        ORDINARY.contains(base)
            || STOP.contains(base)
            || ENGLISH.contains(base)
            || base.strip_suffix('s').is_some_and(|one| {
                one.len() > 3 && (ORDINARY.contains(one) || ENGLISH.contains(one))
            })
            || ends_in(base, &["tion", "osis", "itis", "emia", "ectomy", "ology", "ously", "graphy", "scopy", "plasty", "pathy", "otomy", "ostomy"])
            // Names end so too: Manning, Xiaoming, Clement, Guinness.
            || (word.starts_with(char::is_lowercase) && ends_in(base, &["ing", "sion", "ment", "ness", "ed", "ly"]))
            || ends_in(base, &["'m", "'ve", "'d", "'ll", "'re", "n't"])
    }) || is_term(word)
        || is_scanned_capital(word)
        || word.contains('-')
            && word.split('-').enumerate().all(|(at, part)| {
                part.len() > 2 && (is_ordinary(part) || at == 0 && is_prefix(part))
            })
}

/// "Pre-anesthesia", "non-tender".
fn is_prefix(part: &str) -> bool {
    in_lower_case(part, |part| {
        listed(
            "anti extra inter intra mid multi neo non over para peri post pre semi sub supra trans ultra",
            part,
        )
    })
}

/// "HlSTORY": a small l among capitals is an I that a scanner read.
fn is_scanned_capital(word: &str) -> bool {
    let scanned =
        word.len() > 4 && word.contains('l') && word.chars().all(|c| c == 'l' || !c.is_lowercase());
    scanned && is_ordinary(&word.replace('l', "I"))
}

/// States of the United States, Canada and Australia, and countries, lower case, but for "Georgia", "Jordan", "Chad"
/// and "New York", "Washington", "Victoria", which are people and towns too.
static REGIONS: Lazy<Set> = Lazy::new(|| include_str!("regions.txt").lines().collect());

/// Whether `place` is a state or a country, which is no PHI (45 CFR 164.514(b)(2)(i)(B)).
pub(in crate::deidentify) fn is_region(place: &str) -> bool {
    in_lower_case(place, |lower| REGIONS.contains(lower.strip_prefix("the ").unwrap_or(lower)))
}

/// Whether `word` is a word of English and no name at all.
pub(in crate::deidentify) fn is_no_name(word: &str) -> bool {
    in_lower_case(word, |lower| {
        ENGLISH.contains(lower)
            || lower.strip_suffix('s').is_some_and(|one| one.len() > 3 && ENGLISH.contains(one))
    })
}

fn ends_in(word: &str, ends: &[&str]) -> bool {
    ends.iter().any(|end| word.ends_with(end) && (word.len() > end.len() + 2 || end.contains('\'')))
}

/// Whether `word` is one of the words of `list`, which stand between spaces.
pub(super) fn listed(list: &str, word: &str) -> bool {
    let is_edge = |byte: Option<&u8>| byte.is_none_or(u8::is_ascii_whitespace);
    let list = list.as_bytes();
    !word.is_empty()
        && memchr::memmem::find_iter(list, word).any(|at| {
            is_edge(at.checked_sub(1).and_then(|before| list.get(before)))
                && is_edge(list.get(at + word.len()))
        })
}

/// Whether `word` ends a name, in any case.
pub(super) fn is_stop(word: &str) -> bool {
    word == "NA"
        || in_lower_case(word, |lower| {
            let contracted =
                word.contains('\'') && ends_in(lower, &["'m", "'ve", "'d", "'ll", "'re", "n't"]);
            contracted || STOP.contains(lower)
        })
}

/// Does `then` with `word` in lower case, without an allocation for the usual word.
pub(super) fn in_lower_case<T>(word: &str, then: impl FnOnce(&str) -> T) -> T {
    let mut buffer = [0; 32];
    let lower = buffer.get_mut(..word.len()).filter(|_| word.is_ascii()).and_then(|lower| {
        lower.copy_from_slice(word.as_bytes());
        lower.make_ascii_lowercase();
        std::str::from_utf8(lower).ok()
    });
    match lower {
        Some(lower) => then(lower),
        None => then(&word.to_lowercase()),
    }
}

/// Mixes the bytes of words. What it is used for has fixed keys, so nobody can make them collide.
#[derive(Default)]
pub(super) struct Mixed(u64);

impl Mixed {
    fn add(&mut self, eight: u64) {
        self.0 = (self.0.rotate_left(5) ^ eight).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

impl Hasher for Mixed {
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }

    fn write(&mut self, bytes: &[u8]) {
        let (eights, rest) = bytes.as_chunks();
        for eight in eights {
            self.add(u64::from_le_bytes(*eight));
        }
        self.add(rest.iter().fold(0, |all, byte| all << 8 | u64::from(*byte)));
    }

    fn write_u8(&mut self, _: u8) {
        // The end of a string, which nothing follows.
    }

    fn write_u128(&mut self, key: u128) {
        let (high, low) = ((key >> 64) as u64, key as u64);
        self.add(low ^ high.rotate_left(29));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_words() {
        let text = "Mäkinen, 12b\n(x9) 黄7 a\u{301}";
        let words: Vec<_> = Words::of(text)
            .map(|word| (word.span.of(text).unwrap(), word.digits, word.is_code, word.starts_line))
            .collect();
        let expected = [
            ("Mäkinen", 0, false, false),
            ("12b", 2, true, false),
            ("x9", 0, true, true),
            ("黄7", 0, true, false),
            ("a\u{301}", 0, false, false),
        ];
        assert_eq!(words, expected);
    }

    #[test]
    fn tells_words_from_names() {
        for word in ["denies", "DIABETES", "Will", "patient's", "ambulating"] {
            assert!(is_ordinary(word), "{word}");
        }
        assert!(is_ordinary("Pre-anesthesia") && !is_ordinary("Non-Karim"));
        for word in ["Karim", "villanueva", "SMITH", "Xiong"] {
            assert!(!is_ordinary(word), "{word}");
        }
    }
}
