//! What a web page writes in the place of a character, and the marks that it puts into words.

/// Letters of Latin-1 from U+00C0 on, by their names in HTML.
const LATIN_1: [&str; 64] = [
    "Agrave", "Aacute", "Acirc", "Atilde", "Auml", "Aring", "AElig", "Ccedil", "Egrave", "Eacute",
    "Ecirc", "Euml", "Igrave", "Iacute", "Icirc", "Iuml", "ETH", "Ntilde", "Ograve", "Oacute",
    "Ocirc", "Otilde", "Ouml", "times", "Oslash", "Ugrave", "Uacute", "Ucirc", "Uuml", "Yacute",
    "THORN", "szlig", "agrave", "aacute", "acirc", "atilde", "auml", "aring", "aelig", "ccedil",
    "egrave", "eacute", "ecirc", "euml", "igrave", "iacute", "icirc", "iuml", "eth", "ntilde",
    "ograve", "oacute", "ocirc", "otilde", "ouml", "divide", "oslash", "ugrave", "uacute", "ucirc",
    "uuml", "yacute", "thorn", "yuml",
];

/// Other letters of European names.
const LETTERS: [(&str, char); 34] = [
    ("Abreve", 'Ă'),
    ("abreve", 'ă'),
    ("Aogon", 'Ą'),
    ("aogon", 'ą'),
    ("Cacute", 'Ć'),
    ("cacute", 'ć'),
    ("Ccaron", 'Č'),
    ("ccaron", 'č'),
    ("Dstrok", 'Đ'),
    ("dstrok", 'đ'),
    ("Ecaron", 'Ě'),
    ("ecaron", 'ě'),
    ("Eogon", 'Ę'),
    ("eogon", 'ę'),
    ("gbreve", 'ğ'),
    ("imath", 'ı'),
    ("Lstrok", 'Ł'),
    ("lstrok", 'ł'),
    ("nacute", 'ń'),
    ("ncaron", 'ň'),
    ("OElig", 'Œ'),
    ("oelig", 'œ'),
    ("Rcaron", 'Ř'),
    ("rcaron", 'ř'),
    ("Sacute", 'Ś'),
    ("sacute", 'ś'),
    ("Scaron", 'Š'),
    ("scaron", 'š'),
    ("Scedil", 'Ş'),
    ("scedil", 'ş'),
    ("uring", 'ů'),
    ("Yuml", 'Ÿ'),
    ("Zcaron", 'Ž'),
    ("zcaron", 'ž'),
];

/// Longest tag that is one of those, in bytes.
const MOST_BYTES: usize = 100;

/// Tags that stand within words and mean nothing for them.
const INLINE: [&str; 13] =
    ["b", "bdi", "big", "em", "font", "i", "ins", "mark", "s", "small", "span", "strong", "u"];

/// The character reference (WHATWG HTML, 13.5) that `text` begins with, and its length in bytes: by
/// number, or by one of the names that stand for blanks, hyphens, marks and letters of names.
pub(in crate::deidentify) fn reference(text: &str) -> Option<(char, usize)> {
    let end = text.bytes().take(12).position(|byte| byte == b';')?;
    let name = text.get(1..end)?;
    let c = match name.strip_prefix('#') {
        Some(number) => char::from_u32(match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => number.parse().ok()?,
        })?,
        None => named(name)?,
    };
    (c != '\0').then_some((c, end + 1))
}

fn named(name: &str) -> Option<char> {
    let c = match name {
        "nbsp" => '\u{a0}',
        "ensp" => '\u{2002}',
        "emsp" => '\u{2003}',
        "thinsp" => '\u{2009}',
        "shy" => '\u{ad}',
        "zwnj" => '\u{200c}',
        "zwj" => '\u{200d}',
        "lrm" => '\u{200e}',
        "rlm" => '\u{200f}',
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" | "rsquo" | "lsquo" => '\'',
        "ndash" | "hyphen" | "dash" => '\u{2013}',
        "mdash" => '\u{2014}',
        "period" => '.',
        "comma" => ',',
        "colon" => ':',
        "commat" => '@',
        "lowbar" => '_',
        "lpar" => '(',
        "rpar" => ')',
        "num" => '#',
        "plus" => '+',
        "sol" => '/',
        "Tab" => '\t',
        "NewLine" => '\n',
        _ => {
            return match LATIN_1.iter().position(|own| *own == name) {
                Some(at) => char::from_u32(0xc0 + u32::try_from(at).ok()?),
                None => LETTERS.iter().find(|(own, _)| *own == name).map(|(_, c)| *c),
            };
        }
    };
    Some(c)
}

/// What stands for the tag that `text` begins with, and the tag's length in bytes: nothing for a mark of
/// how letters look, a line break for one of those.
pub(super) fn tag(text: &str) -> Option<(&'static str, usize)> {
    let end = text.bytes().take(MOST_BYTES).position(|byte| byte == b'>')?;
    let inner = text.get(1..end)?;
    let (name, attributes) = match inner.find([' ', '/']) {
        Some(at) if at > 0 => inner.split_at_checked(at)?,
        _ => (inner, ""),
    };
    let name = name.to_ascii_lowercase();
    match name.as_str() {
        "br" if attributes.trim_matches([' ', '/']).is_empty() => Some(("\n", end + 1)),
        "wbr" if attributes.trim_matches([' ', '/']).is_empty() => Some(("", end + 1)),
        name => {
            let name = name.strip_prefix('/').unwrap_or(name);
            (INLINE.contains(&name) && says_nothing(attributes)).then_some(("", end + 1))
        }
    }
}

/// Whether these attributes are about looks alone and name nobody.
fn says_nothing(attributes: &str) -> bool {
    let mut digits = 0;
    attributes.split('=').rev().skip(1).all(|before| {
        let name = before.rsplit([' ', '"', '\'']).next().unwrap_or_default();
        ["class", "style", "dir", "lang", "color"].contains(&name)
    }) && attributes.chars().all(|c| {
        digits = if c.is_ascii_digit() { digits + 1 } else { 0 };
        digits < 4 && (c.is_ascii_lowercase() || c.is_ascii_digit() || " =\\\"'-:;.,%#".contains(c))
    })
}
