//! Names after words for kinship and company: "her son Ezra", "moms Freya and Itzel".

use super::super::{
    engine::{Found, Hit},
    name::{How, is_spaced, read},
};
use super::{TITLED, WEAK, name};

/// Words for relatives and company, and for animals.
pub(super) const KIN: &str = "son daughter dtr wife husband mother father mom dad moms dads sister brother spouse partner fiance \
                   fiancé fiancee fiancée boyfriend girlfriend bf gf grandson granddaughter grandmother grandfather \
                   aunt uncle niece nephew cousin friend neighbor neighbour roommate caregiver guardian sibling twin \
                   twins stepson stepdaughter stepmother stepfather sons daughters kids children dog cat foster \
                   godmother godson coworker boss landlord teacher parents siblings";
/// Relatives in Spanish.
pub(super) const SPANISH_KIN: &str = "tía tia tío tio abuela abuelo mamá papá hija hijo esposa esposo hermana hermano \
                   prima primo madre padre suegra suegro nuera yerno cuñada cuñado comadre compadre";
/// Such a word, and where a name may begin.
pub(super) const AFTER_KIN: &str = r"[\p{L}]{2,14}(?:-in-law)?(?:[ ](?:is|was|are|were|named|is[ ]named|called)[ ]|,[ ]|[ ]\(|[ ])[\x22(]?(\p{L})";

/// "her son Ezra": a name in lower case or in capitals only where no word is like it.
pub(super) fn kin(found: &Found<'_>) -> Option<Hit> {
    let value = found.rest();
    let lower = value.starts_with(char::is_lowercase);
    let first = value
        .split(|c: char| !(c.is_alphanumeric() || c == '-' || c == '\''))
        .next()
        .unwrap_or_default();
    let cue = found.text.get(found.at..found.span.start)?;
    let listed = cue.contains(',');
    if lower
        && (listed
            || first.len() < 4
            || first.ends_with("ed")
            || first.ends_with("ing")
            || first.ends_with("ly")
            || first.ends_with('s'))
        && !cue.contains("named")
    {
        return None;
    }
    // Capitals after a comma go on a list in capitals: "FATHER, COPD".
    let caps = !first.chars().any(char::is_lowercase);
    if caps && first.len() < 4 && !is_spaced(found.text, found.span.start) {
        return None;
    }
    name(found, How { most: 3, ..WEAK })
}

/// The second name of "Freya and Itzel", "Ava, Mia & Noa" after a word for two.
pub(super) fn second_kin(found: &Found<'_>) -> Option<Hit> {
    let first = kin(found)?.span;
    let rest = found.text.get(first.end..)?;
    let next = [" and ", " & ", " AND ", "/"].iter().find_map(|and| rest.strip_prefix(and))?;
    found.keep_span(read(found.text, found.text.len() - next.len(), TITLED)?)
}

/// "su hija Yadira": a name with a capital, as the words around it are not known here.
pub(super) fn spanish_kin(found: &Found<'_>) -> Option<Hit> {
    name(found, How { most: 3, ..TITLED })
}
