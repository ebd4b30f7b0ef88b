//! Texts as programs write them: `Ren\u00e9e`, `Ren%C3%A9e`, `Ren&eacute;e`, `<b>Ren</b>&eacute;e`, and letters that are
//! put together of two, or that nobody sees.
//!
//! Prompts hold JSON in fences, line by line or cut off, query strings, and what was copied out of a page. The
//! detectors know words, so they are shown what a reader would read there, beside the text as it stands; what they
//! find is led back to that. Words that marks alone keep apart stay apart.

pub(super) mod html;

use unicode_normalization::char::compose;

use super::{
    entity::Span,
    rewritten::{Rewriter, Rewritten},
};

/// How much of a word of a form is looked at, in bytes.
const REACH: usize = 64;

/// `text` as it is read, or `None` where it stands as it is read: most texts do.
pub fn decode(text: &str) -> Option<Rewritten> {
    let bytes = text.as_bytes();
    let mut decoded = Rewriter::of(text);
    let mut reader = Reader { text, json: None, token: 0, looked: 0, in_url: false };
    let mut at = 0;
    let mut shown_last = None;
    let mut closed_at = None;
    while let Some(offset) = encoded(bytes, at) {
        let rest = text.get(offset..).unwrap_or_default();
        let Some(c) = rest.chars().next() else { break };
        at = offset + c.len_utf8();
        let mut letter = [0; 4];
        let left = match text.get(decoded.done()..offset).and_then(|gap| gap.chars().next_back()) {
            None if decoded.done() > 0 => shown_last,
            last => last,
        };
        let (from, new, length) = match c {
            '\\' => match reader.escape(rest) {
                Some((c, length)) => (offset, shown(c, &mut letter), length),
                // What begins within a run of backslashes is no escape.
                None => {
                    at = offset + backslashes(rest);
                    continue;
                }
            },
            '%' => match percent(rest) {
                Some((c, length)) if is_meant(left, c) && !reader.is_url(offset) => {
                    (offset, shown(c, &mut letter), length)
                }
                _ => continue,
            },
            '+' if is_blank_of_a_form(text, offset) && !reader.is_url(offset) => (offset, " ", 1),
            '&' => match html::reference(rest) {
                Some((c, length)) => (offset, shown(c, &mut letter), length),
                None => continue,
            },
            '<' => match html::tag(rest) {
                Some((new, length)) => {
                    // Where one element ends and another begins, words end too.
                    let is_word = left.is_some_and(char::is_alphanumeric);
                    let next = rest.get(length..).unwrap_or_default();
                    let begins = !rest.starts_with("</");
                    let ends = closed_at == Some(offset) && begins && is_word && begins_word(next);
                    let apart = new.is_empty() && (ends || are_apart(left, next));
                    closed_at = (!begins).then_some(offset + length);
                    (offset, if apart { " " } else { new }, length)
                }
                None => continue,
            },
            '_' | '*' => match emphasis(text, offset, c) {
                Some(length) => {
                    let next = rest.get(length..).unwrap_or_default();
                    (offset, if are_apart(left, next) { " " } else { "" }, length)
                }
                None => {
                    at = offset + run(rest, c);
                    continue;
                }
            },
            c if is_mark(c) => {
                let before = text.get(decoded.done()..offset).unwrap_or_default();
                let Some(base) = before.chars().next_back() else { continue };
                let Some(whole) = compose(base, c) else { continue };
                // A letter may carry two: `ệ`.
                let mut whole = whole;
                let mut length = c.len_utf8();
                for mark in rest.chars().skip(1) {
                    let Some(more) = compose(whole, mark) else { break };
                    whole = more;
                    length += mark.len_utf8();
                }
                (offset - base.len_utf8(), &*whole.encode_utf8(&mut letter), length)
            }
            c if is_invisible(c) => (offset, "", c.len_utf8()),
            _ => continue,
        };
        at = offset + length;
        decoded.put(Span::new(from, at), new);
        shown_last = new.chars().next_back().or(left);
    }
    decoded.finish()
}

/// The first byte from `at` on that may begin something encoded.
fn encoded(bytes: &[u8], mut at: usize) -> Option<usize> {
    let is_one = |byte: &u8| {
        !byte.is_ascii() || matches!(byte, b'\\' | b'%' | b'&' | b'<' | b'_' | b'*' | b'+')
    };
    // By blocks, which the compiler looks at as a whole.
    while let Some(block) = bytes.get(at..).and_then(|rest| rest.first_chunk::<64>()) {
        if block.iter().fold(false, |any, byte| any | is_one(byte)) {
            break;
        }
        at += block.len();
    }
    Some(at + bytes.get(at..)?.iter().position(is_one)?)
}

/// A character as detectors are shown it: control characters as blanks, invisible ones not at all.
fn shown(c: char, letter: &mut [u8; 4]) -> &str {
    match c {
        c if is_invisible(c) => "",
        '\n' => "\n",
        c if c.is_control() => " ",
        c => c.encode_utf8(letter),
    }
}

/// Soft hyphen, zero-width characters, direction marks, variation selectors, byte order mark.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
    )
}

/// Whether `c` is an accent that is written after its letter.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{34e}' | '\u{350}'..='\u{36f}')
}

fn run(text: &str, c: char) -> usize {
    text.chars().take_while(|own| *own == c).count()
}

fn backslashes(text: &str) -> usize {
    run(text, '\\')
}

/// Whether the character `left` and the `rest` of the text, between which there is nothing but a mark, are not of
/// one word: `Name</b>Ann`, `Na**140`, and not `**J**ohn`, `4<wbr>4`.
fn are_apart(left: Option<char>, rest: &str) -> bool {
    let (Some(left), Some(right)) = (left, rest.chars().next()) else { return false };
    if !left.is_alphanumeric() || !right.is_alphanumeric() {
        return false;
    }
    left.is_numeric() != right.is_numeric() || (left.is_lowercase() && right.is_uppercase())
}

fn begins_word(text: &str) -> bool {
    text.chars().next().is_some_and(char::is_alphanumeric)
}

/// Whether a percent sign behind `left` that would stand for `c` does: after a figure it is most often one
/// itself (`96%30 min`), and nobody writes control characters.
fn is_meant(left: Option<char>, c: char) -> bool {
    let is_figure = left.is_some_and(|left| left.is_ascii_digit()) && c.is_ascii_alphanumeric();
    !is_figure && (!c.is_control() || "\t\n\r".contains(c))
}

/// How many of `mark` at `offset` say how a word looks (CommonMark, 6.2): `_Ann_ Lee`, `**9**7`. Underscores
/// within a word (`patient_name`), the blanks of a form (`____`) and bullets do not, nor does what masks (`****`).
fn emphasis(text: &str, offset: usize, mark: char) -> Option<usize> {
    let (before, rest) = text.split_at_checked(offset)?;
    let length = run(rest, mark);
    let (left, right) = (before.chars().next_back(), rest.chars().nth(length));
    if mark == '*' && matches!(length, 2 | 3) {
        let is_space = |c: Option<char>| c.is_none_or(char::is_whitespace);
        return (left != Some('[') && right != Some(']') && !(is_space(left) && is_space(right)))
            .then_some(length);
    }
    let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let is_space = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != mark);
    let is_edge = (is_word(left) && is_space(right)) || (is_space(left) && is_word(right));
    (length <= 3 && is_edge).then_some(length)
}

/// The character that `text` begins with as an URL writes it (RFC 3986, 2.1), once or twice encoded, and its
/// length in bytes.
fn percent(text: &str) -> Option<(char, usize)> {
    let (first, mut length) = octet(text)?;
    let count = match first {
        0..=0x7f => 1,
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => return None,
    };
    let mut bytes = [first, 0, 0, 0];
    for byte in bytes.iter_mut().take(count).skip(1) {
        let (next, more) = octet(text.get(length..)?)?;
        *byte = next;
        length += more;
    }
    let c = std::str::from_utf8(bytes.get(..count)?).ok()?.chars().next()?;
    (c != '\0').then_some((c, length))
}

/// Whether the plus at `offset` is a blank between words of a form (WHATWG URL, 5.1), of which others are
/// percent-encoded: `Zo%C3%AB+M%C3%BCller`.
fn is_blank_of_a_form(text: &str, offset: usize) -> bool {
    let (Some(before), Some(after)) = (text.get(..offset), text.get(offset + 1..)) else {
        return false;
    };
    let is_end = |c: char| c.is_whitespace() || "\"<>`+&=,;:()?!|{}[]".contains(c);
    let near = |text: &str| octet(text).is_some();
    let from = before.floor_char_boundary(offset.saturating_sub(REACH));
    let left = before.get(from..).unwrap_or_default();
    let left = left.rfind(is_end).map_or(left, |at| left.get(at + 1..).unwrap_or_default());
    let right = after.get(..after.floor_char_boundary(REACH)).unwrap_or_default();
    let right = right.find(is_end).map_or(right, |at| right.get(..at).unwrap_or_default());
    let is_word = |word: &str| {
        !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || "%-.'".contains(c))
    };
    let holds =
        |word: &str| word.match_indices('%').any(|(at, _)| word.get(at..).is_some_and(near));
    is_word(left) && is_word(right) && (holds(left) || holds(right))
}

fn octet(text: &str) -> Option<(u8, usize)> {
    let digits = text.strip_prefix('%')?;
    let twice = digits.strip_prefix("25").and_then(hex2);
    match twice {
        Some(byte) => Some((byte, 5)),
        None => Some((hex2(digits)?, 3)),
    }
}

fn hex2(text: &str) -> Option<u8> {
    u8::try_from(hex(text.get(..2)?)?).ok()
}

fn hex(digits: &str) -> Option<u32> {
    let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hex { u32::from_str_radix(digits, 16).ok() } else { None }
}

/// What has to be known of the text around an escape.
struct Reader<'t> {
    text: &'t str,
    /// Whether there is JSON, or a program's objects, in it; looked for when first asked.
    json: Option<bool>,
    /// Where the run of letters without blanks begins that was looked at up to `looked`.
    token: usize,
    looked: usize,
    in_url: bool,
}

impl Reader<'_> {
    /// The character that the escape at the start of `rest` stands for (RFC 8259, 7; CommonMark, 2.4), and its
    /// length in bytes. JSON within JSON doubles its backslashes, so any number of them is one.
    fn escape(&mut self, rest: &str) -> Option<(char, usize)> {
        let slashes = backslashes(rest);
        let after = rest.get(slashes..)?;
        let mut letters = after.chars();
        let c = letters.next()?;
        // `C:\new` is no line break, `Doe\nDOB` and `"a\nb": 1` are.
        let next = letters.next();
        let is_break =
            |text: &mut Self| next.is_none_or(|next| !next.is_lowercase()) || text.holds_json();
        let (c, length) = match c {
            'u' => {
                let (c, length) = utf16(after)?;
                return (c != '\0').then_some((c, slashes + length));
            }
            'n' if is_break(self) => ('\n', 1),
            'r' | 't' if is_break(self) => (' ', 1),
            '"' | '/' if self.holds_json() => (c, 1),
            c if slashes == 1 && "!#()*+-./:@[]_`{}~".contains(c) => (c, 1),
            _ => return None,
        };
        Some((c, slashes + length))
    }

    fn holds_json(&mut self) -> bool {
        let text = self.text;
        *self.json.get_or_insert_with(|| {
            ["\":", "\" :", "':", "\\\":"].iter().any(|mark| text.contains(mark))
        })
    }

    /// Whether what stands at `offset` is part of an address, which is one piece as it is written.
    fn is_url(&mut self, offset: usize) -> bool {
        let new = self.text.get(self.looked..offset).unwrap_or_default();
        if let Some(at) = new.rfind(|c: char| c.is_whitespace() || "\"'<>`".contains(c)) {
            self.token = self.looked + at;
            self.in_url = false;
        }
        // A mark may lie across the place up to which it was looked at.
        let from = self.text.floor_char_boundary(self.looked.saturating_sub(4).max(self.token));
        let token = self.text.get(from..offset).unwrap_or_default();
        self.in_url |= token.contains("://") || token.contains("www.");
        self.looked = offset;
        self.in_url
    }
}

/// The character of `uXXXX`, or of a surrogate pair, and the length in bytes.
fn utf16(text: &str) -> Option<(char, usize)> {
    let unit = |text: &str| hex(text.strip_prefix('u')?.get(..4)?);
    let first = unit(text)?;
    if let Some(c) = char::from_u32(first) {
        return Some((c, 5));
    }
    let rest = text.get(5..)?;
    let slashes = backslashes(rest);
    let second = unit(rest.get(slashes..)?)?;
    let pair = [u16::try_from(first).ok()?, u16::try_from(second).ok()?];
    let c = char::decode_utf16(pair).next()?.ok()?;
    (slashes > 0).then_some((c, 10 + slashes))
}

#[cfg(test)]
mod tests {
    use super::decode;
    use crate::deidentify::entity::Span;

    #[test]
    fn ordinary_text_is_not_copied() {
        for text in [
            "",
            "SSN 123-45-6789",
            "José Müller, 38,5 °C",
            r"C:\new\users\tina, \alpha and \d+",
            "50% of R&D, 5%xy, Na+K, 1+1, C++, Ann+Lee, a < b, <table>",
            "patient_name: ______, snake_case",
            "* a ** b, ****, [**2150-01-01**]",
            "<span title=\"Ann Lee\">, <span class=\"44710093\">",
            "https://a.example/x?q=Ann%20Lee&b=%41",
            "see www.a.example/Ann%20Lee",
            r"\ud83d and \u12 and \uzzzz, \\server",
            "SpO2 96%03/14/62, EF 55%04/12/2019, 96%30 x, 5%12/25/2023",
        ] {
            assert!(decode(text).is_none(), "{text}");
        }
    }

    #[test]
    fn what_is_found_is_led_back() {
        // text, as it is read, found in that, where that stands in the text
        let cases = [
            (r#"{"a": "Ren\u00e9e L"}"#, "{\"a\": \"Renée L\"}", "Renée", r"Ren\u00e9e"),
            (r#"x {"a": "1\nMRN"} "#, "x {\"a\": \"1\nMRN\"} ", "MRN", "MRN"),
            (r#"{\"a\": \"Doe\\nb\"}"#, "{\"a\": \"Doe\nb\"}", "Doe", "Doe"),
            (r"John Doe\nDOB: 1", "John Doe\nDOB: 1", "John Doe", "John Doe"),
            (r#"{"d": "3\/14\/62"}"#, "{\"d\": \"3/14/62\"}", "3/14/62", r"3\/14\/62"),
            (r"\\\\u2068Ann\\\\u2069", "Ann", "Ann", "Ann"),
            (r"\ud83d\ude00 Ann", "😀 Ann", "😀", r"\ud83d\ude00"),
            (r"536\-22\-8145", "536-22-8145", "536-22-8145", r"536\-22\-8145"),
            ("Zo%C3%AB%20M", "Zoë M", "Zoë M", "Zo%C3%AB%20M"),
            ("Zo%25C3%25AB", "Zoë", "Zoë", "Zo%25C3%25AB"),
            ("q=Zo%C3%AB+M%C3%BCller,", "q=Zoë Müller,", "Zoë Müller", "Zo%C3%AB+M%C3%BCller"),
            ("https://a.b/%41 Ann%20Lee", "https://a.b/%41 Ann Lee", "Ann Lee", "Ann%20Lee"),
            ("Jos&eacute;", "José", "José", "Jos&eacute;"),
            ("<b>Ann</b> Lee", "Ann Lee", "Ann Lee", "Ann</b> Lee"),
            ("4<wbr>4", "44", "44", "4<wbr>4"),
            ("Ann<br/>Lee", "Ann\nLee", "Lee", "Lee"),
            ("_Zoë_ M", "Zoë M", "Zoë M", "Zoë_ M"),
            ("**9**7 years", "97 years", "97", "9**7"),
            ("**Name:** *Ann* Lee", "Name: Ann Lee", "Ann Lee", "Ann* Lee"),
            ("<span class=\"a-b\">Ann</span> Lee", "Ann Lee", "Ann Lee", "Ann</span> Lee"),
            ("Jose\u{301}!", "José!", "José", "Jose\u{301}"),
            ("Hue\u{302}\u{323}", "Hue\u{302}\u{323}", "", ""),
            ("Hue\u{323}\u{302} x", "Huệ x", "Huệ", "Hue\u{323}\u{302}"),
            ("A\u{200b}nn", "Ann", "Ann", "A\u{200b}nn"),
            ("<b>Name</b>Ann Lee<b>DOB</b>3/4", "Name Ann Lee DOB 3/4", "Ann Lee", "Ann Lee"),
            ("<i>lee</i><i>ann</i> x", "lee ann x", "lee", "lee"),
            ("**Na**140**Pt**Lee", "Na 140 Pt Lee", "Lee", "Lee"),
            ("<b><i>J</i></b>ohn Lee", "John Lee", "John", "J</i></b>ohn"),
        ];
        for (text, read, found, expected) in cases {
            let Some(decoded) = decode(text) else { panic!("{text} is taken as it is") };
            if found.is_empty() {
                continue;
            }
            assert_eq!(decoded.text(), read, "{text}");
            let start = read.find(found).unwrap();
            let span = decoded.original(Span::new(start, start + found.len()));
            assert_eq!(span.of(text), Some(expected), "{text}");
        }
    }
}
