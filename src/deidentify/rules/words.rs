//! Cuts a text into words, and knows which words are ordinary.

use std::collections::HashSet;

use once_cell::sync::Lazy;

use crate::deidentify::entity::Span;

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

    /// The length of the letter or digit at `at`, or 0 where there is none; and that of anything else.
    fn letter(&self, at: usize) -> (usize, usize) {
        match self.text.as_bytes().get(at) {
            Some(byte) if byte.is_ascii_alphanumeric() => (1, 0),
            Some(byte) if byte.is_ascii() => (0, 1),
            Some(_) => match self.text.get(at..).and_then(|rest| rest.chars().next()) {
                Some(c) if is_letter(c) => (c.len_utf8(), 0),
                Some(c) => (0, c.len_utf8()),
                None => (0, 1),
            },
            None => (0, 0),
        }
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
            let (letter, other) = self.letter(self.at);
            if letter > 0 {
                break;
            }
            if other == 0 {
                return None;
            }
            starts_line |= bytes.get(self.at) == Some(&b'\n');
            self.at += other;
        }
        let start = self.at;
        let (mut digits, mut has_digit, mut has_letter) = (0, false, false);
        loop {
            let (letter, _) = self.letter(self.at);
            if letter == 0 {
                break;
            }
            if bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
                has_digit = true;
                if !has_letter {
                    digits += 1;
                }
            } else {
                has_letter = true;
            }
            self.at += letter;
        }
        let span = Span::new(start, self.at);
        Some(Word { span, digits, is_code: has_digit && has_letter, starts_line })
    }
}

/// Words of ordinary and clinical English, lower case: counted in public clinical dialogue and notes.
static ORDINARY: Lazy<HashSet<&'static str>> =
    Lazy::new(|| include_str!("words.txt").lines().collect());

/// Words that end a name wherever they stand: function words, verbs and the labels of forms.
static STOP: Lazy<HashSet<&'static str>> =
    Lazy::new(|| include_str!("stop_words.txt").split_ascii_whitespace().collect());

/// Whether `word` is an ordinary word of the language rather than a name, in any case.
pub(super) fn is_ordinary(word: &str) -> bool {
    let lower = word.to_lowercase();
    let base = lower.strip_suffix("'s").unwrap_or(&lower);
    ORDINARY.contains(base)
        || STOP.contains(base)
        || base.strip_suffix('s').is_some_and(|one| one.len() > 3 && ORDINARY.contains(one))
        || ends_in(base, &["tion", "osis", "itis", "emia", "ectomy", "ology", "ously", "graphy", "scopy", "plasty", "pathy", "otomy", "ostomy"])
        // Names end so too: Manning, Xiaoming, Clement, Guinness.
        || (word.starts_with(char::is_lowercase) && ends_in(base, &["ing", "sion", "ment", "ness", "ed", "ly"]))
        || ends_in(base, &["'m", "'ve", "'d", "'ll", "'re", "n't"])
}

fn ends_in(word: &str, ends: &[&str]) -> bool {
    ends.iter().any(|end| word.ends_with(end) && (word.len() > end.len() + 2 || end.contains('\'')))
}

/// Whether `word` is one of the words of `list`, which stand between spaces.
pub(super) fn listed(list: &str, word: &str) -> bool {
    list.split_ascii_whitespace().any(|listed| listed == word)
}

/// Whether `word` ends a name, in any case.
pub(super) fn is_stop(word: &str) -> bool {
    let contracted = word.contains('\'')
        && ends_in(&word.to_lowercase(), &["'m", "'ve", "'d", "'ll", "'re", "n't"]);
    contracted || word == "NA" || STOP.contains(word.to_lowercase().as_str())
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
        for word in ["Karim", "villanueva", "SMITH", "Xiong"] {
            assert!(!is_ordinary(word), "{word}");
        }
    }
}
