//! Names that a scanner broke: letters set apart, "J O H N   D O E", and figures for letters, "Me1issa".

use super::super::{
    engine::{after, before},
    words::{is_ordinary, is_stop},
};
use crate::deidentify::{entity::Span, ner::is_term};

/// Fewest letters of a name that is set apart.
const FEWEST: usize = 4;
/// Most words of it.
const MOST: usize = 4;

/// The name of letters set apart that stands at `at`: one blank between letters, two to four between words.
pub(super) fn spaced(text: &str, at: usize) -> Option<Span> {
    let bytes = text.as_bytes();
    let letter = |at: usize| bytes.get(at).copied().filter(u8::is_ascii_alphabetic);
    let blank = |at: usize| bytes.get(at) == Some(&b' ');
    // Most names are given up here.
    let apart = letter(at)?.is_ascii_uppercase()
        && blank(at + 1)
        && letter(at + 2).is_some()
        && blank(at + 3);
    if !apart {
        return None;
    }
    let (mut here, mut end, mut letters) = (at, at, 0);
    let mut words: Vec<String> = vec![String::new()];
    while let Some(byte) = letter(here) {
        let last = end;
        end = here + 1;
        // The letter begins a word that is written whole: it is none of ours.
        if bytes.get(end).is_some_and(u8::is_ascii_alphanumeric) {
            words.last_mut()?.is_empty().then(|| words.pop());
            end = last;
            break;
        }
        words.last_mut()?.push(char::from(byte));
        letters += 1;
        let blanks = bytes.iter().skip(end).take(5).take_while(|byte| **byte == b' ').count();
        match blanks {
            1 => here = end + 1,
            2..=4 if words.len() < MOST && letter(end + blanks).is_some() => {
                here = end + blanks;
                words.push(String::new());
            }
            _ => break,
        }
    }
    let first = words.first()?;
    let one_case = words.iter().all(|word| {
        let mut rest = word.chars().skip(1);
        rest.clone().all(|c| c.is_ascii_uppercase()) || rest.all(|c| c.is_ascii_lowercase())
    });
    let told = words
        .iter()
        .filter(|word| !word.is_empty())
        .all(|word| !is_ordinary(word) || word.len() < 2);
    (letters >= FEWEST && first.len() > 1 && one_case && told && !is_stop(first))
        .then(|| Span::new(at, end))
}

/// Whether the figure at `offset` of `word` is a letter that was misread: 0, 1 or 5 between two letters.
pub(super) fn is_letter(word: &str, offset: usize) -> bool {
    let bytes = word.as_bytes();
    let alphabetic = |at: Option<usize>| {
        at.and_then(|at| bytes.get(at))
            .is_some_and(|byte| byte.is_ascii_alphabetic() || *byte >= 0x80)
    };
    matches!(bytes.get(offset), Some(b'0' | b'1' | b'5'))
        && alphabetic(offset.checked_sub(1))
        && alphabetic(Some(offset + 1))
        && is_written_like_a_name(around(word, offset))
}

/// The letters and figures around `offset`.
fn around(text: &str, offset: usize) -> &str {
    let (before, after) = (before(text, offset, 40), after(text, offset, 40));
    let edge = |c: char| !c.is_alphanumeric();
    let start = before.rfind(edge).map_or(0, |at| {
        at + before.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8)
    });
    let length = after.find(edge).unwrap_or(after.len());
    text.get(offset - before.len() + start..offset + length).unwrap_or_default()
}

/// Whether `word`, with its figures, has the letters of a name. "A1c", "T1dm", "H1n1pos" and "HSV1neg" have too few, too many
/// figures, or capitals and small letters that no name mixes.
fn is_written_like_a_name(word: &str) -> bool {
    let letters = word.chars().filter(|c| c.is_alphabetic()).count();
    let figures = word.chars().filter(char::is_ascii_digit).count();
    let own = ["Mc", "Mac"].iter().find_map(|head| {
        word.strip_prefix(head).filter(|rest| rest.starts_with(char::is_uppercase))
    });
    let tail = || own.unwrap_or(word).chars().skip(1).filter(|c| c.is_alphabetic());
    let small = tail().all(|c| !c.is_uppercase());
    let large = word.chars().all(|c| !c.is_lowercase());
    // "HSV1NEG": a term, and what was found of it.
    let head = word.split(|c: char| c.is_ascii_digit()).next().unwrap_or_default();
    if head.len() > 2 && is_term(head) {
        return false;
    }
    let mut between = word.split(|c: char| c.is_ascii_digit()).skip(1);
    let misread = word.chars().all(|c| c.is_alphabetic() || matches!(c, '0' | '1' | '5'))
        && between.all(|part| part.chars().count() > 1);
    match figures {
        1 => letters >= 4 && (small || large),
        _ => misread && small && letters >= 5,
    }
}

/// Whether `word` holds figures for letters.
pub(super) fn is_scanned(word: &str) -> bool {
    word.bytes().any(|byte| byte.is_ascii_digit())
}

/// Whether a word that holds figures for letters is an ordinary one: "Pat1ent", "D0ctor".
pub(super) fn is_ordinary_scanned(word: &str) -> bool {
    let read = |one: &str| word.replace('0', "o").replace('5', "s").replace('1', one);
    is_scanned(word) && [read("i"), read("l")].iter().any(|word| is_ordinary(word) || is_stop(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_set_apart() {
        for (text, expected) in [
            ("J O H N   D O E    DOB", Some("J O H N   D O E")),
            ("W i l l i a m. Cc", Some("W i l l i a m")),
            ("J O H N   Q   K A R I M\n", Some("J O H N   Q   K A R I M")),
            ("K A R I M Smith", Some("K A R I M")),
            ("A N N   K A R I M Doe", Some("A N N   K A R I M")),
            ("I V C filter", None),
            ("C O P D", None),
            ("H I S T O R Y", None),
            ("P A T I E N T   N A M E", None),
            ("J ones", None),
            ("J. O. H. N.", None),
            ("A b C d", None),
        ] {
            assert_eq!(spaced(text, 0).and_then(|span| span.of(text)), expected, "{text}");
        }
    }

    #[test]
    fn figures_for_letters() {
        for word in ["Me1issa", "N0rman", "Ea5twood", "ME1ISSA", "McD0nald", "W1ll1am", "O'Br1en"] {
            let offset = word.find(|c: char| c.is_ascii_digit()).unwrap();
            assert!(is_letter(word, offset) && !is_ordinary_scanned(word), "{word}");
        }
        for (word, offset) in [
            ("A1", 1),
            ("B12x", 1),
            ("T2a", 1),
            ("1a", 0),
            ("A1c 9.2", 1),
            ("H1N1pos", 1),
            ("H1n1pos", 1),
            ("T1dm", 1),
            ("HSV1neg", 3),
            ("HSV1NEG", 3),
        ] {
            assert!(!is_letter(word, offset), "{word}");
        }
        for word in ["Pat1ent", "c1inic", "d0ctor"] {
            assert!(is_ordinary_scanned(word), "{word}");
        }
    }
}
