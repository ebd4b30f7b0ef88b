//! Cuts a text into words and folds them, so that a word is equal to itself in any case and with or without accents.

use super::super::{
    entity::Span,
    merge::{Kind, is_apostrophe, is_hyphen, kind},
    rules::blank_reference,
};

/// The words of `text` in order: runs of letters, runs of digits, and every other visible character by itself.
///
/// A letter of a script without spaces is a word too. White space, control and invisible characters are in no word, nor
/// are character references of them ("&nbsp;").
pub(super) fn words(text: &str) -> impl Iterator<Item = (Kind, Span)> {
    let mut rest = text.char_indices().map(|(at, c)| (at, c, kind(c))).peekable();
    std::iter::from_fn(move || {
        let (start, first, run) = loop {
            let word = rest
                .find(|&(_, _, kind)| !matches!(kind, Kind::Blank | Kind::Format | Kind::Mark))?;
            let length = match word {
                (start, '&', _) => text.get(start..).and_then(blank_reference),
                _ => None,
            };
            let Some(length) = length else { break word };
            while rest.next_if(|&(at, _, _)| at < word.0 + length).is_some() {}
        };
        let mut end = start + first.len_utf8();
        let unbroken = matches!(run, Kind::Letter | Kind::Digit);
        while let Some((at, c, kind)) = rest.next_if(|&(_, _, kind)| {
            matches!(kind, Kind::Format | Kind::Mark) || (unbroken && kind == run)
        }) {
            if kind != Kind::Format {
                end = at + c.len_utf8();
            }
        }
        Some((run, Span::new(start, end)))
    })
}

/// Writes `word` into `folded` in lower case, without accents, with one kind of apostrophe and hyphen.
pub(super) fn fold(word: &str, folded: &mut String) {
    folded.clear();
    for c in word.chars() {
        if c.is_ascii() {
            folded.push(c.to_ascii_lowercase());
        } else if is_apostrophe(c) {
            folded.push('\'');
        } else if is_hyphen(c) {
            folded.push('-');
        } else if kind(c) != Kind::Format {
            narrow(c).to_lowercase().for_each(|lower| push_base(lower, folded));
        }
    }
}

/// The ASCII character that a full-width one stands for, or `c`.
fn narrow(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        _ => c,
    }
}

/// Writes a lower-case letter without its accent.
fn push_base(c: char, folded: &mut String) {
    let base = match c {
        '\u{300}'..='\u{36f}' => return,
        'à'..='å' | 'ā' | 'ă' | 'ą' | 'ǎ' | 'ạ'..='ặ' => 'a',
        'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => 'c',
        'ð' | 'ď' | 'đ' => 'd',
        'è'..='ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' | 'ẹ'..='ệ' => 'e',
        'ĝ' | 'ğ' | 'ġ' | 'ģ' | 'ǧ' => 'g',
        'ĥ' | 'ħ' => 'h',
        'ì'..='ï' | 'ĩ' | 'ī' | 'ĭ' | 'į' | 'ı' | 'ǐ' | 'ỉ'..='ị' => 'i',
        'ĵ' => 'j',
        'ķ' => 'k',
        'ĺ' | 'ļ' | 'ľ' | 'ŀ' | 'ł' => 'l',
        'ñ' | 'ń' | 'ņ' | 'ň' => 'n',
        'ò'..='ö' | 'ø' | 'ō' | 'ŏ' | 'ő' | 'ơ' | 'ǒ' | 'ọ'..='ợ' => 'o',
        'ŕ' | 'ŗ' | 'ř' => 'r',
        'ś' | 'ŝ' | 'ş' | 'š' | 'ș' | 'ſ' => 's',
        'ţ' | 'ť' | 'ŧ' | 'ț' => 't',
        'ù'..='ü' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' | 'ư' | 'ǔ' | 'ụ'..='ự' => 'u',
        'ŵ' => 'w',
        'ý' | 'ÿ' | 'ŷ' | 'ỳ'..='ỹ' => 'y',
        'ź' | 'ż' | 'ž' => 'z',
        'ς' => 'σ',
        'ß' => return folded.push_str("ss"),
        'æ' => return folded.push_str("ae"),
        'œ' => return folded.push_str("oe"),
        _ => c,
    };
    folded.push(base);
}
