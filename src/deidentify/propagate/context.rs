//! Where an ambiguous word may be taken for a name: common words and diseases that bear a name.

use std::{collections::HashSet, sync::LazyLock};

use super::{
    super::{
        entity::Span,
        merge::{Kind, is_abbreviation, is_apostrophe, is_line_break, last_letters},
    },
    words::words,
};

/// Ordinary English and clinical words that may be names of people too.
static COMMON_WORDS: LazyLock<HashSet<&str>> =
    LazyLock::new(|| list(include_str!("common_words.txt")));

/// People whose names stand for diseases, signs and devices.
static EPONYMS: LazyLock<HashSet<&str>> = LazyLock::new(|| list(include_str!("eponyms.txt")));

/// What makes a term of medicine of such a name when it follows.
static EPONYM_NOUNS: LazyLock<HashSet<&str>> =
    LazyLock::new(|| list(include_str!("eponym_nouns.txt")));

fn list(lines: &'static str) -> HashSet<&'static str> {
    lines.lines().collect()
}

/// Forms of address, degrees and ranks: never a part of a name that stands for it.
const TITLES: &[&str] = &[
    "aprn",
    "arnp",
    "bsn",
    "captain",
    "capt",
    "cnm",
    "col",
    "crna",
    "dds",
    "dmd",
    "dnp",
    "doctor",
    "dpm",
    "dpt",
    "dr",
    "esq",
    "father",
    "fnp",
    "frau",
    "gen",
    "herr",
    "iii",
    "jr",
    "judge",
    "lcsw",
    "lpn",
    "lvn",
    "madam",
    "maj",
    "miss",
    "mme",
    "mph",
    "mr",
    "mrs",
    "ms",
    "msn",
    "msw",
    "nurse",
    "otr",
    "pharmd",
    "phd",
    "prof",
    "professor",
    "psyd",
    "rabbi",
    "rev",
    "reverend",
    "rph",
    "rrt",
    "senor",
    "senora",
    "sgt",
    "sir",
    "sister",
    "sr",
    "sra",
];

/// Small words inside names.
const PARTICLES: &[&str] = &[
    "abu", "and", "ben", "bin", "bint", "dal", "das", "del", "dela", "della", "den", "der", "des",
    "dos", "ibn", "las", "los", "san", "santa", "ten", "ter", "the", "van", "von", "zur",
];

/// Forms of address that make the word after them a name.
const ADDRESSES: &[&str] =
    &["dr", "doctor", "miss", "mr", "mrs", "ms", "mx", "nurse", "prof", "professor", "rev", "sgt"];

/// What people do, and pains, rivers and months do not: it makes a name of an ordinary word that a sentence
/// begins with, "Church wants to go home".
const DEEDS: &[&str] = &[
    "agreed",
    "agrees",
    "asked",
    "asks",
    "ate",
    "called",
    "complained",
    "complains",
    "consented",
    "declined",
    "declines",
    "denied",
    "denies",
    "endorsed",
    "endorses",
    "insists",
    "prefers",
    "refused",
    "refuses",
    "reported",
    "reports",
    "requested",
    "requests",
    "said",
    "says",
    "slept",
    "stated",
    "states",
    "thinks",
    "told",
    "verbalized",
    "verbalizes",
    "voiced",
    "voices",
    "walked",
    "wanted",
    "wants",
    "wishes",
];

/// Whether what goes on with `tail` is something that only people do.
pub(in crate::deidentify) fn is_done_by_people(tail: &str) -> bool {
    let Some(rest) = tail.strip_prefix(' ') else { return false };
    let word = rest.find(|c: char| !c.is_alphabetic()).and_then(|end| rest.get(..end));
    DEEDS.contains(&word.unwrap_or(rest))
}

/// What a value needs around it to be taken for one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Guard {
    /// It is an ordinary word: only capitalised, and not where any word is.
    pub(super) capitalised: bool,
    /// It is an eponym: not before a disease, sign or device.
    pub(super) no_eponym: bool,
}

impl Guard {
    /// What either of the two lets pass.
    pub(super) fn loosest(self, other: Guard) -> Guard {
        Guard {
            capitalised: self.capitalised && other.capitalised,
            no_eponym: self.no_eponym && other.no_eponym,
        }
    }

    /// Whether `span` of `text` may be taken for the value.
    pub(super) fn admits(self, text: &str, span: Span) -> bool {
        (!self.capitalised || stands_as_name(text, span))
            && (!self.no_eponym || !is_clinical_term(text, span))
    }
}

/// Whether a folded word is an ordinary one.
pub(in crate::deidentify) fn is_common(word: &str) -> bool {
    COMMON_WORDS.contains(word)
}

pub(super) fn is_eponym(word: &str) -> bool {
    EPONYMS.contains(word)
}

pub(super) fn is_title_or_particle(word: &str) -> bool {
    TITLES.contains(&word) || PARTICLES.contains(&word)
}

/// Whether `span` is written like a name: a single word capitalised where an ordinary one would not be, or several words
/// that all start with a capital.
fn stands_as_name(text: &str, span: Span) -> bool {
    let value = span.of(text).unwrap_or_default();
    let mut letters = words(value)
        .filter(|(kind, _)| *kind == Kind::Letter)
        .filter_map(|(_, word)| word.of(value));
    let Some(first) = letters.next() else {
        return true;
    };
    if let Some(second) = letters.next() {
        return [first, second]
            .into_iter()
            .chain(letters)
            .all(|word| word.starts_with(char::is_uppercase));
    }
    let head = text.get(..span.start).unwrap_or_default();
    let tail = text.get(span.end..).unwrap_or_default();
    let stands_alone = || head.trim_end().is_empty() && tail.trim_start().is_empty();
    is_capitalised(first)
        && (stands_alone()
            || follows_address(head)
            || is_done_by_people(tail)
            || !(starts_sentence(head) || is_in_heading(head, tail)))
}

/// Whether `word` starts with a capital and goes on in lower case.
fn is_capitalised(word: &str) -> bool {
    let mut chars = word.chars();
    chars.next().is_some_and(char::is_uppercase) && chars.any(char::is_lowercase)
}

/// Whether `head` ends in `Dr.`, `Ms` or the like.
fn follows_address(head: &str) -> bool {
    let word = last_letters(head.trim_end().trim_end_matches('.'));
    ADDRESSES.iter().any(|known| known.eq_ignore_ascii_case(word))
}

/// Whether a word after `head` is capitalised for being the first: of a text, line, sentence, list item or quotation.
fn starts_sentence(head: &str) -> bool {
    let opened = head.trim_end_matches(|c: char| {
        (c.is_whitespace() && !is_line_break(c)) || matches!(c, '(' | '[' | '{')
    });
    let Some(last) = opened.chars().next_back() else {
        return true;
    };
    match last {
        '.' => !is_abbreviation(opened.trim_end_matches('.')),
        ')' | '-' => opened.len() < head.len(),
        '!' | '?' | ':' | ';' | '"' | '“' | '„' | '«' | '‘' | '*' | '•' | '·' | '>' | '#' | '|'
        | '–' | '—' => true,
        _ => is_line_break(last),
    }
}

/// Whether the words right before and after are capitalised too, as in a heading.
fn is_in_heading(head: &str, tail: &str) -> bool {
    let before = last_letters(head.strip_suffix(' ').unwrap_or_default());
    let after = tail.strip_prefix(' ').unwrap_or_default();
    is_capitalised(before) && after.starts_with(char::is_uppercase)
}

/// Whether the word at `span` of `text` is the eponym of a term of medicine, such as a disease.
pub(in crate::deidentify) fn is_eponym_of_a_term(text: &str, span: Span) -> bool {
    let word = span.of(text).unwrap_or_default();
    is_eponym(&word.to_lowercase()) && is_clinical_term(text, span)
}

/// Whether an eponym at `span` is a part of a term of medicine, such as a disease.
fn is_clinical_term(text: &str, span: Span) -> bool {
    if follows_address(text.get(..span.start).unwrap_or_default()) {
        return false;
    }
    let tail = text.get(span.end..).unwrap_or_default();
    let tail = tail.strip_prefix(is_apostrophe).unwrap_or(tail);
    let tail = tail.strip_prefix("s ").or_else(|| tail.strip_prefix("S ")).unwrap_or(tail);
    let next = words(tail).next().and_then(|(_, word)| word.of(tail)).unwrap_or_default();
    EPONYM_NOUNS.contains(next.to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    #[test]
    fn lists_are_sorted_and_in_lower_case() {
        for list in [
            include_str!("common_words.txt"),
            include_str!("eponyms.txt"),
            include_str!("eponym_nouns.txt"),
        ] {
            let words: Vec<&str> = list.lines().collect();
            assert!(words.is_sorted_by(|a, b| a < b));
            assert!(words.iter().all(|word| word.bytes().all(|c| c.is_ascii_lowercase())));
            assert!(words.iter().all(|word| word.len() >= 3));
        }
    }
}
