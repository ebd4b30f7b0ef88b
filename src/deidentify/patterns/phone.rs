//! Telephone and fax numbers.
//!
//! Sources: the North American Numbering Plan (area code and exchange start with 2-9; NANPA), and
//! ITU-T E.164 for numbers from abroad (a plus, then 8 to 15 digits).

use super::rule::{Declaration, Hit, Verdict, always, ends_in_word, has_word};
use crate::deidentify::entity::Label;

pub(super) const RULES: &[Declaration] = &[
    Declaration {
        name: "phone",
        label: Label::Phone,
        score: 0.85,
        pattern: r"(?i)(?:\+?1[-. /]{0,2})?(?:\(\d{3}\) ?[-.]? ?|\b\d{3} ?[-./] ?|\b\d{3} )\d{3} ?[-. ] ?\d{4}\b(?:,? ?(?:x|ext\.?|extension)[ :.]?\d{1,6}\b)?",
        check: is_north_american,
    },
    Declaration {
        name: "phone-cue",
        label: Label::Phone,
        score: 0.995,
        pattern: r"(?i)\b(?:phone|telephone|tel|ph|cell|cellular|mobile|mob|pager|beeper|call(?:ed|back|ing)?|reach(?:ed|able)?|contact|text|whatsapp|voicemail|home|work|number is|phone number)\b[^\d\n+(]{0,24}(?P<v>[+(]{0,2}\d[\d() ./–-]{5,18}\d(?:,? ?(?:x|ext\.?|extension)[ :.]?\d{1,6})?)\b",
        check: has_enough_digits,
    },
    Declaration {
        name: "fax",
        label: Label::Fax,
        score: 1.0,
        pattern: r"(?i)\bfax(?:ed|es|ing)?\b[^\d\n+(]{0,24}(?P<v>[+(]{0,2}\d[\d() ./–-]{5,18}\d)\b",
        check: has_enough_digits,
    },
    Declaration {
        name: "fax-after",
        label: Label::Fax,
        score: 1.0,
        pattern: r"(?i)(?P<v>\(?\b\d{3}\)? ?[-./]? ?\d{3} ?[-. ]? ?\d{4}) ?[(,]? ?fax\b",
        check: always,
    },
    Declaration {
        name: "phone-local",
        label: Label::Phone,
        score: 0.7,
        pattern: r"\b\d{3}[-.]\d{4}\b",
        check: is_local,
    },
    Declaration {
        name: "phone-abroad",
        label: Label::Phone,
        score: 0.995,
        pattern: r"\+\d{1,3}(?:[-. ]?\(?\d{1,5}\)?){2,6}\b",
        check: is_abroad,
    },
    Declaration {
        name: "phone-extension",
        label: Label::Phone,
        score: 0.7,
        pattern: r"(?i)\b(?:ext|extension)\b[ .:#]{0,3}(?P<v>\d{2,6})\b",
        check: always,
    },
    Declaration {
        name: "phone-in-words",
        label: Label::Phone,
        score: 0.85,
        pattern: r"(?i)\b(?:(?:double|triple)[ -])?(?:zero|oh|one|two|three|four|five|six|seven|eight|nine)(?:[ ,.-]{1,3}(?:(?:double|triple)[ -])?(?:zero|oh|one|two|three|four|five|six|seven|eight|nine)\b){6,14}",
        check: always,
    },
];

fn is_north_american(hit: &Hit<'_>) -> Verdict {
    let digits = hit.digits();
    let digits = match digits.first() {
        Some(1) if digits.len() > 10 => digits.get(1..).unwrap_or_default(),
        _ => digits.as_slice(),
    };
    let valid = |at: usize| digits.get(at).is_some_and(|digit| *digit >= 2);
    let glued = hit.before().ends_with(|c: char| c.is_ascii_digit() || c == '-' || c == '.');
    let goes_on = hit.after().starts_with('-')
        && hit.after().chars().nth(1).is_some_and(|c| c.is_ascii_digit());
    if glued || goes_on {
        return Verdict::Leave;
    }
    if valid(0) && valid(3) {
        return Verdict::Take;
    }
    // Made-up numbers break the plan, and are numbers of somebody all the same behind a cue.
    let cues = ["phone", "tel", "cell", "call", "fax", "mobile", "pager", "ph"];
    Verdict::from(has_word(hit.before(), &cues))
}

fn has_enough_digits(hit: &Hit<'_>) -> Verdict {
    let count = hit.digits().len();
    // A date or a range of values behind "called" is no number.
    let looks_like_date = hit.value.matches('/').count() == 2 || hit.value.contains(". ");
    Verdict::from((7..=16).contains(&count) && !looks_like_date)
}

fn is_local(hit: &Hit<'_>) -> Verdict {
    let cues = [
        "phone", "tel", "cell", "call", "called", "pager", "mobile", "ph", "at", "number",
        "contact", "reach", "home", "work", "beeper", "text", "or", "desk", "office", "line",
        "dial",
    ];
    let glued = hit.before().ends_with(|c: char| c.is_ascii_digit() || "-./".contains(c))
        || hit.after().starts_with('-');
    let cued = ends_in_word(hit.before(), &cues) || has_word(hit.before(), &cues[..8]);
    Verdict::from(cued && !glued)
}

fn is_abroad(hit: &Hit<'_>) -> Verdict {
    Verdict::from((8..=15).contains(&hit.digits().len()))
}
