//! Evens out the typography of a text, so that rules need to know one hyphen, one space and one
//! set of digits, and leads offsets in the result back to the text as it was.
//!
//! Follows the compatibility mappings of Unicode (UAX #15, UAX #14's hyphens and spaces) for the
//! characters that office software, PDF extraction and input methods put into ordinary notes.

use crate::deidentify::{
    encoded::html,
    entity::Span,
    rewritten::{Rewriter, Rewritten},
};

/// `text` with even typography, or `None` where it is even already: most texts are.
pub(super) fn even(text: &str) -> Option<Rewritten> {
    let mut even = Rewriter::of(text);
    let mut at = 0;
    while let Some(offset) = uneven(text.as_bytes(), at) {
        let rest = text.get(offset..).unwrap_or_default();
        let Some(c) = rest.chars().next() else { break };
        at = offset + c.len_utf8();
        let (new, length) = match c {
            '&' => {
                let Some((c, length)) = html::reference(rest) else { continue };
                (replacement(c).unwrap_or(New::Char(c)), length)
            }
            c => {
                let Some(new) = replacement(c) else { continue };
                (new, c.len_utf8())
            }
        };
        at = offset + length;
        let original = Span::new(offset, at);
        match new {
            New::Char(c) => even.put(original, c.encode_utf8(&mut [0; 4])),
            New::Text(text) => even.put(original, text),
        }
    }
    even.finish()
}

/// The first byte from `at` on that may begin something uneven.
fn uneven(bytes: &[u8], mut at: usize) -> Option<usize> {
    let is_uneven = |byte: &u8| !byte.is_ascii() || *byte == b'&';
    // By blocks, which the compiler looks at as a whole.
    while let Some(block) = bytes.get(at..).and_then(|rest| rest.first_chunk::<64>()) {
        if block.iter().fold(false, |any, byte| any | is_uneven(byte)) {
            break;
        }
        at += block.len();
    }
    Some(at + bytes.get(at..)?.iter().position(is_uneven)?)
}

enum New {
    Char(char),
    Text(&'static str),
}

/// What stands for `c` in even text, where that is something else.
fn replacement(c: char) -> Option<New> {
    let new = match c {
        '\0'..='\u{7f}' => return None,
        '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => {
            New::Char(' ')
        }
        // Soft hyphen, zero-width characters, direction marks, byte order mark.
        '\u{ad}'
        | '\u{34f}'
        | '\u{61c}'
        | '\u{180e}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2069}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' => New::Text(""),
        '\u{85}' | '\u{2028}' | '\u{2029}' => New::Char('\n'),
        '\u{2010}'..='\u{2013}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}' => New::Char('-'),
        '\u{2014}' | '\u{2015}' => New::Text(" - "),
        '\u{2018}' | '\u{2019}' | '\u{201b}' | '\u{2bc}' | '\u{2032}' | '\u{b4}' => New::Char('\''),
        '\u{201c}'..='\u{201f}' | '\u{ab}' | '\u{bb}' | '\u{2033}' => New::Char('"'),
        '\u{2022}' | '\u{2023}' | '\u{25aa}' | '\u{25cf}' | '\u{25e6}' | '\u{b7}' => New::Char('*'),
        '\u{2024}' | '\u{3002}' => New::Char('.'),
        '\u{2026}' => New::Text("..."),
        '\u{2044}' | '\u{2215}' => New::Char('/'),
        // Full-width forms of ASCII.
        '\u{ff01}'..='\u{ff5e}' => New::Char(char::from_u32(u32::from(c).checked_sub(0xfee0)?)?),
        // Decimal digits of Arabic, Persian, Devanagari and Bengali.
        '\u{660}'..='\u{669}' => digit(c, 0x660)?,
        '\u{6f0}'..='\u{6f9}' => digit(c, 0x6f0)?,
        '\u{966}'..='\u{96f}' => digit(c, 0x966)?,
        '\u{9e6}'..='\u{9ef}' => digit(c, 0x9e6)?,
        '\u{fb00}' => New::Text("ff"),
        '\u{fb01}' => New::Text("fi"),
        '\u{fb02}' => New::Text("fl"),
        '\u{fb03}' => New::Text("ffi"),
        '\u{fb04}' => New::Text("ffl"),
        '\u{fb05}' | '\u{fb06}' => New::Text("st"),
        _ => return None,
    };
    Some(new)
}

/// How long the character reference of a blank is that `text` begins with: "&nbsp;".
pub(in crate::deidentify) fn blank_reference(text: &str) -> Option<usize> {
    let (c, length) = text.starts_with('&').then(|| html::reference(text))??;
    let blank = c.is_whitespace() || matches!(replacement(c), Some(New::Text("")));
    blank.then_some(length)
}

fn digit(c: char, zero: u32) -> Option<New> {
    char::from_digit(u32::from(c).checked_sub(zero)?, 10).map(New::Char)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_text_is_not_copied() {
        for text in [
            "",
            "SSN 123-45-6789",
            "José Müller, 38,5 °C",
            "黄 36.6℃",
            "R&D; &x",
            "&#0;",
            "&#xd800;",
        ] {
            assert!(even(text).is_none(), "{text}");
        }
    }

    #[test]
    fn references_of_blanks_are_blanks() {
        for (text, length) in [
            ("&nbsp;x", Some(6)),
            ("&#160;", Some(6)),
            ("&zwnj;", Some(6)),
            ("&#45;", None),
            ("nbsp;", None),
            ("&", None),
        ] {
            assert_eq!(blank_reference(text), length, "{text}");
        }
    }

    #[test]
    fn spans_come_back_whole() {
        // original, even text, found in the even text, where that stands in the original
        let cases = [
            ("a\u{a0}12", "a 12", "12", "12"),
            ("x 555\u{2011}0147 y", "x 555-0147 y", "555-0147", "555\u{2011}0147"),
            ("\u{200b}55\u{200b}5\u{200b}!", "555!", "555", "55\u{200b}5"),
            ("tel \u{ff15}\u{ff16}", "tel 56", "56", "\u{ff15}\u{ff16}"),
            ("Sou\u{ad}za.", "Souza.", "Souza", "Sou\u{ad}za"),
            ("Gri\u{fb03}th", "Griffith", "Griffith", "Gri\u{fb03}th"),
            // A span that cuts a ligature takes all of it.
            ("Gri\u{fb03}th", "Griffith", "Grif", "Gri\u{fb03}"),
            ("Gri\u{fb03}th", "Griffith", "fith", "\u{fb03}th"),
            ("a\u{2014}b", "a - b", "b", "b"),
            ("Ann&nbsp;Lee!", "Ann Lee!", "Ann Lee", "Ann&nbsp;Lee"),
            ("219&#45;09&#x2d;9471", "219-09-9471", "219-09-9471", "219&#45;09&#x2d;9471"),
            ("O&rsquo;Neil&nbsp;", "O'Neil ", "O'Neil", "O&rsquo;Neil"),
            ("&amp;nbsp;é&#45;", "&nbsp;é-", "é-", "é&#45;"),
            ("é\u{2019}é", "é'é", "é'é", "é\u{2019}é"),
        ];
        for (original, text, found, expected) in cases {
            let even = even(original).unwrap();
            assert_eq!(even.text(), text);
            let start = text.find(found).unwrap();
            let span = even.original(Span::new(start, start + found.len()));
            assert_eq!(span.of(original), Some(expected), "{original:?}");
        }
    }
}
