//! Who did it: "seen by Jane Roe", "cc Jane Roe", and what is by somebody without being about a person here: books,
//! methods, makers and microbes.

use super::{
    super::{
        engine::{Found, Hit, before},
        name::read,
        words::listed,
    },
    TITLED,
};

/// What is "by" a writer, a maker or a microbe.
const WORKS: &str = "article assay book bootstrapped caused chapter classified colonised colonized criteria defined \
     described designed developed distributed editorial fish funded ihc immunohistochemistry infected instrument kit \
     made manufactured marketed mediated method owned paper pcr powered produced proposed published reformats review \
     software sold sponsored stain staining studies study supplied system technique textbook transmitted trial trials";

/// Ranks and parts in capitals before a name, which are no part of it.
const RANKS: &[&str] = &[
    "Captain",
    "Charge",
    "Chief",
    "Deputy",
    "Detective",
    "Engineer",
    "Lieutenant",
    "Medic",
    "Monsignor",
    "Msgr.",
    "Nurse",
    "Officer",
    "Paramedic",
    "Scribe",
    "Sergeant",
    "Student",
    "Technician",
    "Trooper",
];

pub(super) fn actor(found: &Found<'_>) -> Option<Hit> {
    let value = found.rest();
    let rank = RANKS.iter().find_map(|rank| {
        value
            .strip_prefix(rank)?
            .strip_prefix(' ')
            .filter(|rest| rest.starts_with(char::is_uppercase))
    });
    let start = found.span.start + (value.len() - rank.unwrap_or(value).len());
    let value = rank.unwrap_or(value);
    let caps = value
        .split([' ', '\n', ','])
        .next()
        .is_some_and(|first| first.len() > 1 && !first.chars().any(char::is_lowercase));
    if value.starts_with(char::is_lowercase) || is_work(found) {
        return None;
    }
    let span = read(found.text, start, TITLED)?;
    let words = span.of(found.text)?.split(' ').count();
    if caps && words < 2 {
        return None;
    }
    found.keep_span(span)
}

/// Whether what stands before "by" is a work or an infection: "the review by Higgins", "HER2 1+ by Ventana".
fn is_work(found: &Found<'_>) -> bool {
    let cue = found.text.get(found.at..found.span.start).unwrap_or_default();
    let head = before(found.text, found.at, 24).trim_end_matches(' ');
    let word = head.rsplit([' ', '\n', '(', ',', ';']).next().unwrap_or_default();
    cue.starts_with(['b', 'B']) && (word.ends_with('+') || listed(WORKS, &word.to_lowercase()))
}
