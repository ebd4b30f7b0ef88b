//! Social security numbers: `AAA-GG-SSSS`, area, group and serial.
//!
//! Source: Social Security Administration, POMS RM 10201.035: no area 000, 666 or 900-999, no group
//! 00, no serial 0000. Individual taxpayer numbers (Internal Revenue Service, publication 1915) are
//! 9xx with groups 50-65, 70-88, 90-92 and 94-99, and identify a person just as well.

use super::rule::{Declaration, Hit, Verdict, always};
use crate::deidentify::entity::Label;

pub(super) const RULES: &[Declaration] = &[
    Declaration {
        name: "ssn",
        label: Label::Ssn,
        score: 0.995,
        pattern: r"\b\d{3} ?[-.–] ?\d{2} ?[-.–] ?\d{4}\b|\b\d{3} \d{2} \d{4}\b",
        check: is_issued,
    },
    Declaration {
        name: "ssn-cue",
        label: Label::Ssn,
        score: 1.0,
        pattern: r"(?i)\b(?:ssn?|s\.s\.n?\.?|ss ?#|soc(?:ial)?\.? ?sec(?:urity)?\.?|social(?: security)? (?:number|no\.?|num|#)|social|itin|tin)\b[^\d\n]{0,24}(?P<v>\d{3}[-. –/]{0,3}\d{2}[-. –/]{0,3}\d{4})\b",
        check: always,
    },
    Declaration {
        name: "ssn-last-four",
        label: Label::Ssn,
        score: 0.995,
        pattern: r"(?i)\b(?:ssn?|social(?: security)?(?: number)?)\b[^\d\n]{0,30}\b(?:last (?:4|four)|ending|ends)\b[^\d\n]{0,16}(?P<v>\d{4})\b",
        check: always,
    },
    Declaration {
        name: "ssn-last-four-first",
        label: Label::Ssn,
        score: 0.995,
        pattern: r"(?i)\blast (?:4|four)(?: digits)?(?: of)?(?: (?:the|her|his|their|my))?[^\d\n]{0,10}\b(?:ssn?|social)\b[^\d\n]{0,14}(?P<v>\d{4})\b",
        check: always,
    },
    Declaration {
        name: "ssn-masked",
        label: Label::Ssn,
        score: 0.995,
        pattern: r"(?i)(?:[x*]{3}[- ]?[x*]{2}[- ]?)(?P<v>\d{4})\b",
        check: always,
    },
];

fn is_issued(hit: &Hit<'_>) -> Verdict {
    let digits = hit.digits();
    let number = |from: usize, count: usize| {
        digits.iter().skip(from).take(count).fold(0, |number, digit| number * 10 + digit)
    };
    let (area, group, serial) = (number(0, 3), number(3, 2), number(5, 4));
    // A longer number with hyphens (an account, a phone from abroad) is none.
    let alone = !hit.before().ends_with(['-', '.']) && !hit.after().starts_with(['-', '–']);
    let plain = area != 0 && area != 666 && area < 900 && group != 0 && serial != 0;
    let taxpayer = area >= 900 && matches!(group, 50..=65 | 70..=88 | 90..=92 | 94..=99);
    Verdict::from(alone && (plain || taxpayer))
}
