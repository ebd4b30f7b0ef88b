//! A name right after a word for its bearer: "pt John Doe", "patient Will May", "saw pt JD".

use super::{
    super::{
        engine::{Found, Hit},
        name::{How, is_also_a_name},
        words::{is_ordinary, listed},
    },
    WEAK, name,
};
use crate::deidentify::entity::Span;

/// "pt John Doe": a name in capitals or in lower case only where no word is like it; "pt JD".
pub(super) fn plain(found: &Found<'_>) -> Option<Hit> {
    if let Some(span) = pair(found) {
        return found.keep_span(span);
    }
    let value = found.rest();
    let initials = value.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    let cue = found.text.get(found.at..found.span.start)?;
    if (2..=3).contains(&initials.len()) && initials.bytes().all(|byte| byte.is_ascii_uppercase()) {
        let lower_cue = cue.bytes().any(|byte| byte.is_ascii_lowercase());
        let known = listed(ABBREVIATIONS, initials) || is_ordinary(initials);
        return (lower_cue && initials.len() == 2 && !known)
            .then(|| {
                found.keep_span(Span::new(found.span.start, found.span.start + initials.len()))
            })
            .flatten();
    }
    let lower = value.starts_with(char::is_lowercase);
    let words = value
        .split([',', '.', ';', '\n', '('])
        .next()
        .unwrap_or_default()
        .split(' ')
        .take_while(|word| !word.is_empty() && !is_ordinary(word))
        .count();
    let alone = lower
        && words < 2
        && (!cue.to_ascii_lowercase().starts_with("pt")
            || initials.len() > 8
            || value.get(initials.len()..).is_some_and(|rest| rest.starts_with('-')));
    if alone {
        return None;
    }
    if lower
        && (initials.len() < 4
            || initials.ends_with("ed")
            || initials.ends_with("ly")
            || initials.ends_with('s'))
        && !value.contains(" dob")
    {
        return None;
    }
    name(found, How { comma: true, ..WEAK })
}

/// Two capitals after "pt" that are no initials.
const ABBREVIATIONS: &str = "AF AP BM BP BS CC CP CT CV DM DR DX EF EJ ER FH FM GA GI GU HA HB HD HF HR HT HX \
         ID IM IV IR LE LP LV MD MI MR MS NG NP OA OB OK ON OR OT PA PE PO PT PR QD RA RN \
         RR RT RX SI SH SO ST SW TB TF TX UA UE US UO VS WT XR HI NO IS IN DC AM PM AO AX \
         LS MM CM";

/// Given names that are words too.
const GIVEN: &str = "amber april art august autumn bill buck carol chase chuck cliff crystal daisy dale dawn dean \
     destiny drew duke earl faith frank gene ginger glen grace grant guy hazel heather holly hope iris ivy jack jade \
     jasmine jean joy june lily mark may melody mercy miles olive pat pearl peg penny rich rob robin rose ruby rusty \
     sandy skip sky sterling sue summer sunny susan trinity violet ward will willow wren";

/// What goes on after "Patient Will May" and "patient May Read", where the first is a verb more often.
const PREDICATES: &str = "and arrived came can comes denied denies did does had has is may needs presented presents \
     reported reports returned returns said says states wants was who will";

/// "Will May" of "patient Will May came": a given name and a family name that are words, both with a capital, where
/// the sentence goes on in small letters or ends.
fn pair(found: &Found<'_>) -> Option<Span> {
    let value = found.rest();
    let (given, rest) = value.split_once(' ')?;
    let length = rest.find(|c: char| !c.is_alphabetic()).unwrap_or(rest.len());
    let (family, after) = rest.split_at_checked(length)?;
    let titled = |word: &str| {
        let mut letters = word.chars();
        letters.next().is_some_and(char::is_uppercase)
            && word.len() > 2
            && letters.all(char::is_lowercase)
    };
    if !titled(given)
        || !titled(family)
        || !listed(GIVEN, &given.to_lowercase())
        || !is_also_a_name(family)
    {
        return None;
    }
    let next =
        after.strip_prefix(' ').map(|after| after.split(|c: char| !c.is_alphabetic()).next());
    let goes_on = match next {
        Some(word) => {
            let word = word.unwrap_or_default();
            word.starts_with(char::is_lowercase)
                && (!matches!(given, "Will" | "May") || listed(PREDICATES, word))
        }
        None => after.is_empty() || after.starts_with([',', '.', ';', ')', '\n', '\'']),
    };
    goes_on.then(|| Span::new(found.span.start, found.span.start + given.len() + 1 + family.len()))
}
