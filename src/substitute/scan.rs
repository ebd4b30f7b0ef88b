//! Reads a text character by character as a model may have written it: entities and percent-encoding
//! decoded, characters of full width made plain.

use std::borrow::Cow;

/// How what is put in place of a placeholder must be written to mean the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Escape {
    /// As it is.
    #[default]
    None,
    /// With HTML's entities for the characters that HTML takes for its own.
    Html,
    /// Percent-encoded (RFC 3986), so often.
    Percent(u8),
}

impl Escape {
    /// `value` so written.
    pub(super) fn apply(self, value: &str) -> Cow<'_, str> {
        match self {
            Self::None => Cow::Borrowed(value),
            Self::Html => {
                let mut out = String::with_capacity(value.len());
                for c in value.chars() {
                    match c {
                        '&' => out.push_str("&amp;"),
                        '<' => out.push_str("&lt;"),
                        '>' => out.push_str("&gt;"),
                        '"' => out.push_str("&quot;"),
                        '\'' => out.push_str("&#39;"),
                        _ => out.push(c),
                    }
                }
                Cow::Owned(out)
            }
            Self::Percent(times) => {
                let mut out = value.to_owned();
                for _ in 0..times {
                    out = percent_encoded(&out);
                }
                Cow::Owned(out)
            }
        }
    }
}

/// All but RFC 3986's unreserved characters as `%XX`, and the `@` of a mail address as it is.
fn percent_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~@".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// The text ends where more could decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct AtEnd;

/// Most marks in one place.
const MOST_MARKS: usize = 8;

/// HTML's names of what a placeholder is written with.
const ENTITIES: [(&str, char); 10] = [
    ("lsqb;", '['),
    ("lbrack;", '['),
    ("rsqb;", ']'),
    ("rbrack;", ']'),
    ("lowbar;", '_'),
    ("UnderBar;", '_'),
    ("nbsp;", ' '),
    ("ast;", '*'),
    ("grave;", '`'),
    ("hyphen;", '-'),
];

/// A text to be read.
#[derive(Clone, Copy)]
pub(super) struct Scan<'t>(pub(super) &'t str);

impl Scan<'_> {
    /// The character at `at` (a byte offset), the offset after it, and how it was escaped.
    pub(super) fn next(self, at: usize) -> Result<(char, usize, Escape), AtEnd> {
        let rest = self.0.get(at..).unwrap_or_default();
        let c = rest.chars().next().ok_or(AtEnd)?;
        let inner = rest.get(c.len_utf8()..).unwrap_or_default();
        let decoded = match c {
            '&' => entity(inner)?.map(|(c, length)| (c, length, Escape::Html)),
            '%' => percent(inner, 1)?,
            _ => None,
        };
        Ok(match decoded {
            Some((decoded, length, escape)) => (decoded, at + 1 + length, escape),
            None => (narrow(c), at + c.len_utf8(), Escape::None),
        })
    }

    /// The offset after the marks from `at`: what Markdown, escaping and line breaks leave behind.
    pub(super) fn skip_marks(self, at: usize) -> Result<usize, AtEnd> {
        let mut at = at;
        let mut broken = false;
        for _ in 0..MOST_MARKS {
            let (c, after, _) = self.next(at)?;
            // A quotation goes on after a line break with its own sign.
            let goes_on = is_mark(c) || (broken && c == '>');
            if !goes_on {
                break;
            }
            broken |= c == '\n';
            at = after;
        }
        Ok(at)
    }

    /// The offset after `word`'s letters from `at`, in any case, with any marks at its underscores
    /// and a line break anywhere; `None` where something else stands there.
    pub(super) fn skip_word(self, at: usize, word: &str) -> Result<Option<usize>, AtEnd> {
        let mut at = at;
        for (position, letter) in word.bytes().enumerate() {
            if letter == b'_' {
                at = self.skip_marks(at)?;
                continue;
            }
            if position > 0 {
                at = self.skip_break(at)?;
            }
            let (c, after, _) = self.next(at)?;
            if !c.eq_ignore_ascii_case(&char::from(letter)) {
                return Ok(None);
            }
            at = after;
        }
        Ok(Some(at))
    }

    /// The offset after a line break at `at`, a hyphen before it and blanks after it included.
    fn skip_break(self, at: usize) -> Result<usize, AtEnd> {
        let (first, after, _) = self.next(at)?;
        let (c, _, _) = if first == '-' { self.next(after)? } else { (first, after, Escape::None) };
        if matches!(c, '\n' | '\r') || is_invisible(first) { self.skip_marks(at) } else { Ok(at) }
    }
}

/// Whether `c` may stand between the words of a placeholder.
pub(super) fn is_mark(c: char) -> bool {
    matches!(
        c,
        ' ' | '\t'
            | '\r'
            | '\n'
            | '*'
            | '`'
            | '_'
            | '\\'
            | '-'
            | '\u{a0}'
            | '\u{202f}'
            | '\u{2009}'
            | '\u{2010}'..='\u{2013}' | '\u{3000}'
    ) || is_invisible(c)
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}')
}

/// The ASCII character that one of full width stands for, or `c`.
fn narrow(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        _ => c,
    }
}

/// The character of the entity after an `&`, and its length.
fn entity(rest: &str) -> Result<Option<(char, usize)>, AtEnd> {
    for (name, c) in ENTITIES {
        if rest.starts_with(name) {
            return Ok(Some((c, name.len())));
        }
        if name.starts_with(rest) {
            return Err(AtEnd);
        }
    }
    let Some(number) = rest.strip_prefix('#') else { return Ok(None) };
    let hex = number.starts_with(['x', 'X']);
    let digits = number.get(usize::from(hex)..).unwrap_or_default();
    let length = digits.bytes().take_while(u8::is_ascii_hexdigit).count();
    let fits = (1..=6).contains(&length);
    match digits.as_bytes().get(length) {
        None if length <= 6 => Err(AtEnd),
        Some(b';') if fits => {
            let digits = digits.get(..length).unwrap_or_default();
            let code = u32::from_str_radix(digits, if hex { 16 } else { 10 }).ok();
            let c = code.and_then(char::from_u32);
            Ok(c.map(|c| (c, 1 + usize::from(hex) + length + 1)))
        }
        _ => Ok(None),
    }
}

/// The ASCII character of the two digits after a `%`, its length, and how often it was encoded.
fn percent(rest: &str, times: u8) -> Result<Option<(char, usize, Escape)>, AtEnd> {
    let mut code = 0;
    for at in 0..2 {
        let byte = *rest.as_bytes().get(at).ok_or(AtEnd)?;
        let Some(digit) = char::from(byte).to_digit(16) else { return Ok(None) };
        code = code * 16 + digit;
    }
    let Some(c) = char::from_u32(code).filter(char::is_ascii) else { return Ok(None) };
    if c == '%' && times == 1 {
        let inner = percent(rest.get(2..).unwrap_or_default(), 2)?;
        return Ok(inner.map(|(c, length, escape)| (c, length + 2, escape)));
    }
    Ok(Some((c, 2, Escape::Percent(times))))
}

#[cfg(test)]
mod tests {
    use super::{AtEnd, Escape, Scan};

    #[test]
    fn characters_are_read_through_their_escapes() {
        for (text, c, length, escape) in [
            ("[", '[', 1, Escape::None),
            ("［", '[', 3, Escape::None),
            ("&#91;", '[', 5, Escape::Html),
            ("&#x5B;", '[', 6, Escape::Html),
            ("&lowbar;", '_', 8, Escape::Html),
            ("%5b", '[', 3, Escape::Percent(1)),
            ("%255B", '[', 5, Escape::Percent(2)),
            ("&amp;", '&', 1, Escape::None),
            ("&#;", '&', 1, Escape::None),
            ("%zz", '%', 1, Escape::None),
            ("%e9", '%', 1, Escape::None),
        ] {
            assert_eq!(Scan(text).next(0), Ok((c, length, escape)), "{text}");
        }
        for text in ["", "&", "&#", "&#9", "&#x", "&ls", "%", "%5", "%25", "%255"] {
            assert_eq!(Scan(text).next(0), Err(AtEnd), "{text}");
        }
    }

    #[test]
    fn values_are_written_as_their_place_needs() {
        assert_eq!(Escape::Html.apply("A & \"B\" O'C"), "A &amp; &quot;B&quot; O&#39;C");
        assert_eq!(Escape::Percent(1).apply("Zoë D@x.org"), "Zo%C3%AB%20D@x.org");
        assert_eq!(Escape::Percent(2).apply("a b"), "a%2520b");
    }
}
