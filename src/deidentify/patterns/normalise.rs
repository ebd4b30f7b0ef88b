//! Messy text made plain for the rules, with the way back to the original's offsets.
//!
//! Word processors, scanners and copying leave characters that look alike and match nothing:
//! no-break and zero-width spaces, soft hyphens, a dozen hyphens, full-width digits, ligatures.

use std::borrow::Cow;

use crate::deidentify::entity::Span;

/// A text as the rules see it.
pub(super) struct Normalised<'t> {
    text: Cow<'t, str>,
    /// For each byte of the plain text the original's byte offset of its character, and the
    /// original's length at the end; empty where nothing changed.
    offsets: Vec<usize>,
}

impl<'t> Normalised<'t> {
    pub(super) fn of(original: &'t str) -> Self {
        if original.is_ascii() || !original.chars().any(is_messy) {
            return Self { text: Cow::Borrowed(original), offsets: Vec::new() };
        }
        let mut text = String::with_capacity(original.len());
        let mut offsets = Vec::with_capacity(original.len() + 1);
        for (at, letter) in original.char_indices() {
            let before = text.len();
            push_plain(letter, &mut text);
            offsets.extend(std::iter::repeat_n(at, text.len() - before));
        }
        offsets.push(original.len());
        Self { text: Cow::Owned(text), offsets }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The place in the original of a place in the plain text, in whole characters.
    pub(super) fn original(&self, span: Span) -> Span {
        let at = |byte: usize| self.offsets.get(byte).copied();
        let Some(start) = at(span.start) else { return span };
        // Up to the character after the last one, so that what was dropped behind it is covered.
        let last = at(span.end.saturating_sub(1)).unwrap_or(start);
        let rest = self.offsets.get(span.end..).unwrap_or_default();
        let end = rest.iter().copied().find(|&next| next > last).unwrap_or(last);
        Span::new(start, end.max(start))
    }
}

fn is_messy(letter: char) -> bool {
    if letter.is_ascii() {
        return false;
    }
    let mut plain = String::new();
    push_plain(letter, &mut plain);
    let mut letters = plain.chars();
    letters.next() != Some(letter) || letters.next().is_some()
}

/// Adds the plain form of `letter`: what it looks like, or nothing.
fn push_plain(letter: char, text: &mut String) {
    match letter {
        '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => {
            text.push(' ');
        }
        '\u{2028}' | '\u{2029}' => text.push('\n'),
        '\u{ad}'
        | '\u{34f}'
        | '\u{61c}'
        | '\u{180e}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2064}'
        | '\u{2066}'..='\u{206f}'
        | '\u{feff}' => {}
        '\u{2010}'..='\u{2015}' | '\u{2043}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}' => {
            text.push('-')
        }
        '\u{2018}' | '\u{2019}' | '\u{201b}' | '\u{2032}' => text.push('\''),
        '\u{2026}' => text.push_str("..."),
        '\u{fb00}' => text.push_str("ff"),
        '\u{fb01}' => text.push_str("fi"),
        '\u{fb02}' => text.push_str("fl"),
        '\u{fb03}' => text.push_str("ffi"),
        '\u{fb04}' => text.push_str("ffl"),
        '\u{fb05}' | '\u{fb06}' => text.push_str("st"),
        // Full-width forms stand in the order of ASCII.
        '\u{ff01}'..='\u{ff5e}' => {
            let ascii = u32::from(letter) - 0xff01 + 0x21;
            text.push(char::from_u32(ascii).unwrap_or(letter));
        }
        other => text.push(other),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Normalised;
    use crate::deidentify::entity::Span;

    #[test]
    fn plain_text_is_borrowed() {
        for text in ["plain 123", "é 漢字 \u{1f600}"] {
            let normalised = Normalised::of(text);
            assert_eq!(normalised.text(), text);
            assert_eq!(normalised.original(Span::new(0, 3)), Span::new(0, 3));
        }
    }

    #[test]
    fn spans_come_back_to_the_originals_characters() {
        for (text, plain, found, original) in [
            (
                "SSN\u{a0}536\u{2011}22\u{2011}8145.",
                "SSN 536-22-8145.",
                "536-22-8145",
                "536\u{2011}22\u{2011}8145",
            ),
            ("a １２３ b", "a 123 b", "123", "１２３"),
            ("J\u{ad}ohn\u{200b} D", "John D", "John", "J\u{ad}ohn\u{200b}"),
            ("O\u{fb03}ce x", "Office x", "ffi", "\u{fb03}"),
            ("O\u{fb03}ce x", "Office x", "Of", "O\u{fb03}"),
        ] {
            let normalised = Normalised::of(text);
            assert_eq!(normalised.text(), plain);
            let start = plain.find(found).unwrap();
            let span = normalised.original(Span::new(start, start + found.len()));
            assert_eq!(span.of(text), Some(original));
        }
    }

    proptest! {
        #[test]
        fn any_span_comes_back_to_whole_characters(text in any::<String>(), a in 0usize..64, b in 0usize..64) {
            let normalised = Normalised::of(&text);
            let plain = normalised.text();
            let (start, end) = (a.min(b).min(plain.len()), a.max(b).min(plain.len()));
            if plain.is_char_boundary(start) && plain.is_char_boundary(end) && start < end {
                let span = normalised.original(Span::new(start, end));
                prop_assert!(span.of(&text).is_some_and(|piece| !piece.is_empty()));
            }
        }
    }
}
