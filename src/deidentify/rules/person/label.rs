//! Names after the labels of forms and headers, "Patient Name ....: DOE, JANE".

use once_cell::sync::Lazy;

use super::{
    super::{
        engine::{Found, Hit},
        name::{How, read},
        words::{Set, in_lower_case},
    },
    FORM,
};
use crate::deidentify::{entity::Span, ner::is_term};

/// The label, its separator and the name: "Patient Name ....: DOE, JANE", "PT: ...", "Signed by - ...".
pub(super) fn labelled(found: &Found<'_>) -> Option<Hit> {
    let value = found.rest();
    let at = label_end(value)?;
    let label = value.get(..at)?.trim_end();
    let rest = value.get(at..)?;
    let body = rest
        .trim_start_matches([':', '=', '|', '\t', '.', ' ', '"', '_', '*', '-', '\'', '>', '`']);
    let body = body.strip_prefix("\n").map_or(body, str::trim_start);
    let mut from = found.span.start + (value.len() - body.len());
    // A title inside the value: "Attending: Dr. Hsu".
    for title in
        ["Dr.", "DR.", "dr.", "Dr", "Mr.", "Mrs.", "Ms.", "MR.", "MRS.", "MS.", "Prof.", "Bà"]
    {
        if let Some(rest) = body.strip_prefix(title).filter(|rest| rest.starts_with(' ')) {
            from += body.len() - rest.trim_start().len();
            break;
        }
    }
    let named = label.to_ascii_lowercase().contains("name");
    // "SURGEON: S HALL": the initial makes an ordinary word a name.
    let initial = body.strip_prefix(|c: char| c.is_ascii_uppercase()).is_some_and(|rest| {
        let mut letters = rest.chars();
        letters.next() == Some(' ')
            && letters.next().is_some_and(char::is_uppercase)
            && letters.next().is_some_and(char::is_uppercase)
    });
    let how = if named || initial { FORM } else { How { sure: false, ..FORM } };
    let span = read(found.text, from, how)?;
    // A drug has a name too: {"name": "Xeljanz"}.
    if span.of(found.text)?.split(' ').all(is_term) {
        return None;
    }
    // In a dialogue the patient's answer follows: "Patient: Nope."
    let speaker = matches!(
        label.to_ascii_lowercase().as_str(),
        "patient"
            | "doctor"
            | "client"
            | "user"
            | "nurse"
            | "clinician"
            | "family"
            | "mother"
            | "father"
            | "mom"
            | "dad"
            | "parent"
            | "provider"
            | "therapist"
    );
    let value = span.of(found.text)?;
    let after = found.text.get(span.end..).unwrap_or_default();
    let sentence = after.starts_with(['?', '!', '.', '\''])
        || after.strip_prefix(' ').is_some_and(|rest| rest.starts_with(char::is_lowercase))
        || after
            .strip_prefix(", ")
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_lowercase() || c == 'I'));
    if speaker && sentence && !value.contains([' ', ',']) {
        return None;
    }
    let tight = body.len() + 1 == rest.len() && rest.starts_with(':') && !named;
    let caps = span.of(found.text)?.chars().all(|c| !c.is_lowercase());
    if (tight && caps && span.len() < 4)
        || super::super::engine::byte_before(found.text, found.at) == b'/'
        || super::super::engine::byte_before(found.text, found.at) == b':'
    {
        return None;
    }
    let short = matches!(
        label.to_ascii_lowercase().as_str(),
        "p" | "to" | "from" | "re" | "by" | "cc" | "user" | "case" | "tech" | "sig" | "ref"
    );
    // A form's field ends with its line.
    let value = span.of(found.text)?;
    let span = Span::new(span.start, span.start + value.find('\n').unwrap_or(value.len()));
    let lower = span.of(found.text)?.starts_with(char::is_lowercase);
    if short && lower && label.len() < 3 {
        return None;
    }
    found.keep_span(span)
}

/// Where the label that `value` begins with ends: at its separator, when it is made of at most five
/// words that such labels are made of. Most texts are given up at their second word.
fn label_end(value: &str) -> Option<usize> {
    let (mut parts, mut in_part) = (0, false);
    let mut word = None;
    for (at, c) in value.char_indices().take(60) {
        let is_separator = matches!(c, ':' | '=' | '|' | '\t')
            || (c == '.' && at < 48 && value.as_bytes().get(at + 1) == Some(&b'.'));
        // "Pat1ent", as a scanner reads it.
        let is_letter = c.is_alphabetic() || word.is_some() && matches!(c, '0' | '1');
        if let (Some(start), false) = (word, is_letter) {
            if !in_lower_case(value.get(start..at)?, is_label) {
                return None;
            }
            word = None;
        } else if is_letter && word.is_none() {
            word = Some(at);
        }
        let is_part = !matches!(c, ' ' | '/' | '(' | ')' | '-');
        if is_separator {
            return Some(at);
        }
        if matches!(c, '\n' | ',' | ';' | '<') || c.is_ascii_digit() && !is_letter {
            return None;
        }
        parts += usize::from(is_part && !in_part);
        in_part = is_part;
        if parts > 5 {
            return None;
        }
    }
    None
}

fn is_label(word: &str) -> bool {
    LABEL.contains(word)
        || word.contains(['0', '1'])
            && LABEL.contains(word.replace('0', "o").replace('1', "i").as_str())
}

/// Words that labels of names are made of.
static LABEL: Lazy<Set> = Lazy::new(|| {
    const LABEL: &str = "patient patients patlent pat ient pt name names client cl subscriber member \
         insured guarantor student mother father parent guardian spouse resident veteran \
         employee contact beneficiary dependent dep policyholder cardholder holder owner \
         applicant participant victim caller informant historian witness attending \
         provider physician doctor dr md prescriber operator surgeon assistant \
         anesthesiologist radiologist pathologist ordering submitting referring referred \
         consultant pcp author reviewer signature sig signed clinician nurse rn therapist \
         practitioner interpreter scribe attn attention re cc from to first last middle \
         full legal maiden preferred family given surname forename nickname alias aka \
         emergency nok next of kin poa hcp hcpoa proxy caregiver pcg subject donor \
         recipient primary secondary care responsible party person account driver baby \
         infant newborn child mom dad wife husband son daughter sister brother supervisor \
         manager coordinator consulting requesting dictated dictating transcribed \
         examiner evaluator case user customer defendant plaintiff relative partner \
         friend roommate by electronically the p s adj adjuster technologist tech \
         performed verified reported approved prepared completed copy health agent \
         decision maker power staff treating supplied at check in entered chart identity \
         other legal physiotherapist your my authorized reviewed called spoke with and or \
         title print printed team lead ref on record billing mailing s'";
    LABEL.split_ascii_whitespace().collect()
});
