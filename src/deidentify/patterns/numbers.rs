//! Numbers that their own format and checksum give away, without a cue.
//!
//! Sources: NPI, 45 CFR 162.406 (Luhn over `80840` and the number); DEA registration, 21 CFR 1301
//! (two letters, seven digits, the last a check digit); Medicare beneficiary identifier, CMS "MBI
//! format" (11 places, letters without S, L, O, I, B, Z); payment cards, ISO/IEC 7812 (Luhn); IBAN,
//! ISO 13616 (mod 97); vehicle identification number, 49 CFR 565 (check digit in place 9); UDI,
//! GS1 application identifiers (21 CFR 801.40).

use super::rule::{Declaration, Hit, Verdict, always, has_word};
use crate::deidentify::entity::Label;

pub(super) const RULES: &[Declaration] = &[
    Declaration {
        name: "npi",
        label: Label::License,
        score: 0.99,
        pattern: r"\b[12]\d{9}\b",
        check: is_npi,
    },
    Declaration {
        name: "dea",
        label: Label::License,
        score: 0.998,
        pattern: r"\b[ABCDEFGHJKLMPRSTUX][A-Z9]-?\d{7}\b",
        check: is_dea,
    },
    Declaration {
        name: "mbi",
        label: Label::HealthPlanId,
        score: 0.998,
        pattern: r"\b[1-9][AC-HJKMNP-RT-Y][0-9AC-HJKMNP-RT-Y]\d[- ]?[AC-HJKMNP-RT-Y][0-9AC-HJKMNP-RT-Y]\d[- ]?[AC-HJKMNP-RT-Y]{2}\d{2}\b",
        check: always,
    },
    Declaration {
        name: "card",
        label: Label::Account,
        score: 0.998,
        pattern: r"\b(?:[3-6]\d{3}[- ]?\d{4}[- ]?\d{4}[- ]?\d{1,7}|3[47]\d{2}[- ]?\d{6}[- ]?\d{5})\b",
        check: is_card,
    },
    Declaration {
        name: "iban",
        label: Label::Account,
        score: 0.998,
        pattern: r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b",
        check: is_iban,
    },
    Declaration {
        name: "vin",
        label: Label::Vehicle,
        score: 0.998,
        pattern: r"\b[A-HJ-NPR-Z0-9]{17}\b",
        check: is_vin,
    },
    Declaration {
        name: "udi",
        label: Label::Device,
        score: 0.998,
        pattern: r"\(01\)\d{14}(?:\(\d{2}\)[A-Za-z0-9/.-]{1,20})*",
        check: always,
    },
    Declaration {
        name: "id-prefixed",
        label: Label::Id,
        score: 0.6,
        pattern: r"\b[A-Z]{2,5}-\d{5,10}(?:-[A-Z0-9]{1,6})?\b|\b[A-Z]{2,4}\d{6,12}\b|\b[A-Z]{2,5}-\d{2,4}-\d{3,8}\b",
        check: is_no_code,
    },
    Declaration {
        name: "id-hash",
        label: Label::Id,
        score: 0.65,
        pattern: r"#[ ]?(?P<v>[A-Z]{0,4}-?\d{4,14}(?:-\d{1,6})*)\b",
        check: always,
    },
    Declaration {
        name: "number-long",
        label: Label::Id,
        score: 0.55,
        pattern: r"\b\d{7,14}\b|\b\d{3,6}-\d{2,6}-\d{2,6}\b|\b\d{4,8}-\d{4,8}\b",
        check: stands_alone,
    },
    Declaration {
        name: "uuid",
        label: Label::Id,
        score: 0.9,
        pattern: r"(?i)\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b",
        check: always,
    },
];

/// Luhn's check (ISO/IEC 7812-1, annex B) over digits, the check digit last.
fn luhn(digits: impl DoubleEndedIterator<Item = u32>) -> bool {
    let sum: u32 = digits
        .rev()
        .enumerate()
        .map(|(at, digit)| match (at % 2, digit * 2) {
            (0, _) => digit,
            (_, doubled) if doubled > 9 => doubled - 9,
            (_, doubled) => doubled,
        })
        .sum();
    sum.is_multiple_of(10)
}

fn is_npi(hit: &Hit<'_>) -> Verdict {
    let digits = hit.digits();
    Verdict::from(luhn([8, 0, 8, 4, 0].into_iter().chain(digits)))
}

fn is_dea(hit: &Hit<'_>) -> Verdict {
    match hit.digits().as_slice() {
        [.., a, b, c, d, e, f, check] => {
            Verdict::from((a + c + e + 2 * (b + d + f)) % 10 == *check)
        }
        _ => Verdict::Leave,
    }
}

fn is_card(hit: &Hit<'_>) -> Verdict {
    let digits = hit.digits();
    Verdict::from((13..=19).contains(&digits.len()) && luhn(digits.into_iter()))
}

fn is_iban(hit: &Hit<'_>) -> Verdict {
    let compact: String = hit.value.chars().filter(|c| !c.is_whitespace()).collect();
    if !(15..=34).contains(&compact.len()) {
        return Verdict::Leave;
    }
    let (country, rest) = compact.split_at_checked(4).unwrap_or_default();
    let remainder =
        rest.chars().chain(country.chars()).filter_map(|c| c.to_digit(36)).fold(0, |sum, value| {
            let shift = if value > 9 { 100 } else { 10 };
            (sum * shift + value) % 97
        });
    Verdict::from(remainder == 1)
}

fn is_vin(hit: &Hit<'_>) -> Verdict {
    const WEIGHTS: [u32; 17] = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
    let worth = |c: char| match c {
        'A' | 'J' => 1,
        'B' | 'K' | 'S' => 2,
        'C' | 'L' | 'T' => 3,
        'D' | 'M' | 'U' => 4,
        'E' | 'N' | 'V' => 5,
        'F' | 'W' => 6,
        'G' | 'P' | 'X' => 7,
        'H' | 'Y' => 8,
        'R' | 'Z' => 9,
        digit => digit.to_digit(10).unwrap_or(0),
    };
    let sum: u32 = hit.value.chars().zip(WEIGHTS).map(|(c, weight)| worth(c) * weight).sum();
    let check = match sum % 11 {
        10 => 'X',
        digit => char::from_digit(digit, 10).unwrap_or('0'),
    };
    let mixed = hit.value.chars().any(|c| c.is_ascii_alphabetic());
    let fits = hit.value.chars().nth(8) == Some(check);
    // Behind its cue a wrong check digit is a typing error, not another kind of number.
    let cued = has_word(hit.before(), &["vin", "vehicle"]);
    Verdict::from(mixed && (fits || cued))
}

/// Codes of terminologies and names of tests have that shape too.
fn is_no_code(hit: &Hit<'_>) -> Verdict {
    let codes = [
        "icd", "cpt", "loinc", "snomed", "hcpcs", "ndc", "rxnorm", "drg", "nct", "pmid", "doi",
        "code", "codes",
    ];
    let prefix: String = hit.value.chars().take_while(char::is_ascii_uppercase).collect();
    let known = ["NCT", "PMID", "COVID", "SARS", "CPT", "ICD", "HLA", "CYP", "RXCUI", "LOINC"];
    Verdict::from(!has_word(hit.before(), &codes) && !known.contains(&prefix.as_str()))
}

fn stands_alone(hit: &Hit<'_>) -> Verdict {
    let codes = [
        "icd",
        "cpt",
        "loinc",
        "snomed",
        "hcpcs",
        "ndc",
        "rxnorm",
        "pmid",
        "doi",
        "nct",
        "cfu",
        "copies",
        "platelets",
        "wbc",
        "count",
        "code",
        "codes",
        "ratio",
        "range",
    ];
    let units = [
        "copies", "cfu", "iu", "units", "cells", "ml", "mg", "mcg", "dollars", "people", "patients",
    ];
    let glued =
        hit.before().ends_with(['.', '-', '/', '$', ',']) || hit.after().starts_with(['/', '%']);
    let decimal = hit.after().starts_with('.')
        && hit.after().chars().nth(1).is_some_and(|c| c.is_ascii_digit());
    let amount = super::rule::starts_with_word(hit.after(), &units);
    Verdict::from(!glued && !decimal && !amount && !has_word(hit.before(), &codes))
}
