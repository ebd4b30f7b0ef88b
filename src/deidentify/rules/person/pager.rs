//! Names before a pager's number, as hospital notes are signed: "Gupta p31755".

use super::super::{
    engine::{Found, Hit},
    name::read_before,
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
