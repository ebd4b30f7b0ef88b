//! Clinical words that general models take for names and places: "Warfarin", "COPD", "Parkinson's
//! disease". What a model finds is dropped when every word of it is such a term.

use std::collections::HashSet;

use once_cell::sync::Lazy;

use crate::deidentify::{
    entity::{Detection, Label, Span},
    propagate,
    rules::{is_no_name, is_ordinary},
};

/// Drugs, diseases, anatomy and abbreviations, in lower case. No word that is also a name of people
/// stands in it.
static TERMS: Lazy<HashSet<&str>> =
    Lazy::new(|| include_str!("clinical_terms.txt").lines().collect());

/// Up to this length a term is an abbreviation and counts in capitals alone: "RA" is arthritis, and
/// "Ra" may be somebody.
const ABBREVIATION_LETTERS: usize = 4;

/// Whether `detection` in `text` is nothing but clinical vocabulary.
pub(super) fn is_clinical(text: &str, detection: &Detection) -> bool {
    if !matches!(detection.label, Label::Name | Label::Location | Label::Organization) {
        return false;
    }
    let Some(found) = detection.span.of(text) else { return false };
    if is_scanned_heading(found) {
        return true;
    }
    // Eponyms of two people are terms as a pair alone.
    if is_term(&found.replace(['–', '‐', '‑'], "-")) {
        return true;
    }
    let mut any = false;
    let mut at = detection.span.start;
    for piece in found.split_inclusive(|c: char| !c.is_alphanumeric()) {
        let word = piece.trim_end_matches(|c: char| !c.is_alphanumeric());
        let span = Span::new(at, at + word.len());
        at += piece.len();
        if word.is_empty() {
            continue;
        }
        any = true;
        if !is_term(word) && !propagate::is_eponym_of_a_term(text, span) {
            return false;
        }
    }
    any
}

/// Words of headings that are no initial and surname when their first letter stands apart, as "P RICE" and "S HARPER" are.
const HEADINGS: &[&str] = &[
    "ABDOMEN",
    "ABDOMINAL",
    "ADMISSION",
    "ALLERGIES",
    "ASSESSMENT",
    "CARDIAC",
    "CARDIOLOGY",
    "CARDIOVASCULAR",
    "CHIEF",
    "CLINIC",
    "CLINICAL",
    "COMPLAINT",
    "CONSULTATION",
    "DEPARTMENT",
    "DIAGNOSES",
    "DIAGNOSIS",
    "DISCHARGE",
    "EMERGENCY",
    "EXAMINATION",
    "EXTREMITIES",
    "FINDINGS",
    "FOLLOWUP",
    "GENERAL",
    "HISTORY",
    "HOSPITAL",
    "IMPRESSION",
    "INDICATION",
    "INDICATIONS",
    "INSTRUCTIONS",
    "LABORATORY",
    "MEDICAL",
    "MEDICATION",
    "MEDICATIONS",
    "NEUROLOGIC",
    "NEUROLOGY",
    "OPERATION",
    "OPERATIVE",
    "PATHOLOGY",
    "PATIENT",
    "PHYSICAL",
    "POSTERIOR",
    "POSTOPERATIVE",
    "PREOPERATIVE",
    "PRESENT",
    "PROCEDURE",
    "PROCEDURES",
    "PROGRESS",
    "RADIOLOGY",
    "RECOMMENDATIONS",
    "RESPIRATORY",
    "SPECIMEN",
    "SUMMARY",
    "SURGICAL",
    "SYMPTOMS",
    "SYSTEMS",
    "TECHNIQUE",
    "TREATMENT",
    "UVEITIS",
];

/// Whether `found` is a heading in capitals that a scanner broke, "P0STERIOR UVEITIS C LINIC": with the first letter of a
/// word of headings set back to it, and figures read as letters, every word is an ordinary one.
fn is_scanned_heading(found: &str) -> bool {
    if found.contains(char::is_lowercase) || !found.is_ascii() {
        return false;
    }
    let mut mended = false;
    let mut letter = "";
    let mut words = 0;
    for word in found.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
        if word.len() == 1
            && letter.is_empty()
            && word.bytes().all(|byte| byte.is_ascii_uppercase())
        {
            letter = word;
            continue;
        }
        let joined = format!("{letter}{word}").replace('0', "O").replace('1', "I");
        // "S HALL", "S HARP" and "H1LL" are people, though "shall", "sharp" and "hill" are words.
        let apart = !letter.is_empty();
        if apart && !HEADINGS.contains(&joined.as_str())
            || !apart && joined != word && !(is_term(&joined) || is_no_name(&joined))
        {
            return false;
        }
        mended |= joined != word;
        letter = "";
        words += 1;
        if joined.len() < 3 || !(is_term(&joined) || is_ordinary(&joined)) {
            return false;
        }
    }
    mended && words > 0 && letter.is_empty()
}

/// Whether `word` is a clinical term.
pub(in crate::deidentify) fn is_term(word: &str) -> bool {
    let long = word.chars().count() > ABBREVIATION_LETTERS;
    // "AFib" too.
    let capitals = word.chars().all(|c| c.is_uppercase() || c.is_numeric())
        || word.chars().filter(|c| c.is_uppercase()).count() > 1;
    (long || capitals) && TERMS.contains(word.to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::is_clinical;
    use crate::deidentify::entity::{Detection, Label, Span};

    fn clinical(text: &str, found: &str) -> bool {
        let start = text.find(found).unwrap();
        let span = Span::new(start, start + found.len());
        let name = Detection { label: Label::Name, span, score: 1.0, detector: Arc::from("test") };
        is_clinical(text, &name)
    }

    #[test]
    fn clinical_words_are_no_names() {
        for (text, found) in [
            ("takes Warfarin", "Warfarin"),
            ("PMH: HTN, DM", "HTN, DM"),
            ("Parkinson's disease", "Parkinson"),
            ("Bitot spots", "Bitot"),
            ("Mallory–Weiss tear", "Mallory–Weiss"),
            ("Ziehl-Neelsen negative", "Ziehl-Neelsen"),
            ("acute myeloid leukemia", "myeloid leukemia"),
            ("P0STERIOR UVEITIS C LINIC", "P0STERIOR UVEITIS C LINIC"),
            ("H ISTORY OF PRESENT", "H ISTORY"),
            ("worried about AFib", "AFib"),
            ("caused by Borrelia burgdorferi", "Borrelia burgdorferi"),
        ] {
            assert!(clinical(text, found), "{text}");
        }
    }

    #[test]
    fn names_are_names_also_beside_clinical_words() {
        for (text, found) in [
            ("Mr. Parkinson came", "Parkinson"),
            ("John Warfarin", "John Warfarin"),
            ("called Ra today", "Ra"),
            ("Iris came", "Iris"),
            ("Weiss came", "Weiss"),
            ("Mallory-Keane came", "Mallory-Keane"),
            ("SURGEON: S HALL", "S HALL"),
            ("DR S WELLS WILL SEE PATIENT", "S WELLS"),
            ("DR S WELLS WILL SEE PATIENT", "S WELLS WILL SEE PATIENT"),
            ("SEEN BY P RICE AND C HILL", "P RICE"),
            ("SEEN BY P RICE AND C HILL", "P RICE AND C HILL"),
            ("NAME: P RICE  SEX: F", "P RICE"),
            ("PT: P LANE 67 YO MALE", "P LANE"),
            ("PHYSICIAN: B RUSH", "B RUSH"),
            ("SIGNED, G LOVE RN", "G LOVE RN"),
            ("SIGNED, G LOVE RN", "G LOVE"),
            ("CIRCULATOR: S HARP", "S HARP"),
            ("SURGEON: S HANKS", "S HANKS"),
            ("SURGEON: PR1CE", "PR1CE"),
        ] {
            assert!(!clinical(text, found), "{text}");
        }
    }

    #[test]
    fn the_list_is_sorted_and_in_lower_case() {
        let terms: Vec<&str> = include_str!("clinical_terms.txt").lines().collect();
        assert!(terms.is_sorted());
        assert!(terms.iter().all(|term| *term == term.to_lowercase() && !term.is_empty()));
    }
}
