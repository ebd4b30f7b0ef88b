//! Names before the number of a pager or a room, as hospitals write them: "Gupta p31755", "Ott rm 206".

use super::super::{
    engine::{Found, Hit},
    name::read_before,
    words::{is_ordinary, listed},
};

/// The name that ends right before the find, on its line.
pub(super) fn paged(found: &Found<'_>) -> Option<Hit> {
    let before = found.text.get(..found.at)?;
    if !before.ends_with([' ', ',']) {
        return None;
    }
    let span = read_before(found.text, found.at)?;
    let name = span.of(found.text)?;
    let caps = name.chars().all(|c| !c.is_lowercase());
    (!caps && name.len() > 2).then(|| found.keep_span(span)).flatten()
}

/// "Ott rm 206": one family name that is no word, and neither a ward nor after a word for a place.
pub(super) fn roomed(found: &Found<'_>) -> Option<Hit> {
    const WARDS: &str = "burn card cardiac cdu cath endo gyn heme icu med medsurg micu neuro nicu obs obstetric onc ortho pacu \
                         peds picu psych rehab sicu stepdown surg tele telemetry trauma vascular";
    const PLACED: &str = "at from in into near on the to tower unit ward wing";
    let span = read_before(found.text, found.at)
        .filter(|_| found.text.get(..found.at).is_some_and(|head| head.ends_with(' ')))?;
    let name = span.of(found.text)?;
    let head = found.text.get(..span.start)?;
    let word =
        head.trim_end_matches(' ').rsplit(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
    let placed = head.ends_with(' ') && listed(PLACED, &word.to_lowercase());
    let telling = name.len() > 2
        && name.contains(char::is_lowercase)
        && name.split(' ').count() < 3
        && !name.split(' ').any(|word| listed(WARDS, &word.to_lowercase()) || is_ordinary(word));
    (telling && !placed).then(|| found.keep_span(span)).flatten()
}
