//! Payment cards and bank accounts.
//!
//! Cards: 13 to 19 digits with a check digit by Luhn's method (ISO/IEC 7812-1, annex B). Accounts
//! abroad: IBAN, whose rearranged digits leave 1 modulo 97 (ISO 13616-1).

use super::{
    checksum::luhn,
    engine::{Check, Found, Hit, Rule, Start, always},
};
use crate::deidentify::entity::Label;

const fn rule(
    name: &'static str,
    start: Start,
    score: f32,
    pattern: &'static str,
    check: Check,
) -> Rule {
    Rule { name, label: Label::Account, score, start, pattern, check }
}

pub(super) const RULES: &[Rule] = &[
    rule(
        "card",
        Start::Digits(4, 4),
        0.9,
        r"([0-9]{4}(?:[ -][0-9]{4}){2}(?:[ -][0-9]{1,4})(?:[ -][0-9]{1,3})?)\b",
        card,
    ),
    rule("card", Start::Digits(4, 4), 0.9, r"(3[47][0-9]{2}[ -][0-9]{6}[ -][0-9]{5})\b", card),
    rule("card", Start::Digits(13, 19), 0.9, r"([0-9]{13,19})\b", card),
    rule(
        "iban",
        Start::Code(4, 34),
        0.95,
        r"([a-z]{2}[0-9]{2}[ -]?(?:[a-z0-9]{4}[ -]?){2,7}[a-z0-9]{0,4})\b",
        iban,
    ),
    rule(
        "card",
        Start::Words("card visa mastercard amex discover cc credit debit"),
        0.9,
        r"(?:card|visa|mastercard|amex|discover|cc|credit(?:[ ]card)?|debit(?:[ ]card)?)(?:[ ]on[ ]file)?(?:[ ](?:ending|ends)(?:[ ]in|[ ]with)?)<sep>((?:[x*]{2,4}[ -]?){0,3}[0-9]{4})\b",
        always,
    ),
    rule("card", Start::Words("cvv cvc cvv2"), 0.9, r"cv[vc]2?<sep>([0-9]{3,4})\b", always),
    rule(
        "bank",
        Start::Words("routing aba iban swift bic sort bank"),
        0.9,
        r"(?:routing|aba|sort[ ]code|bank[ ]account|bank[ ]acct)<sep>([0-9][0-9 -]{4,20}[0-9])\b",
        always,
    ),
    rule(
        "bank",
        Start::Words("iban swift bic"),
        0.9,
        r"(?:iban|(?:swift|bic)(?:[ /]bic)?(?:[ ]code)?)<sep>([a-z]{2}[a-z0-9]{2}(?:[ ]?[a-z]?[0-9][a-z0-9]{1,3}|[ ]?(?-i:[A-Z]{2,4})){1,8})\b",
        with_digits_or_caps,
    ),
];

fn card(found: &Found<'_>) -> Option<Hit> {
    let value = found.value();
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let known = matches!(value.as_bytes().first(), Some(b'2'..=b'6'))
        && !value.bytes().all(|byte| byte == b'0');
    if found.is_cut() || !(13..=19).contains(&digits) || !known {
        return None;
    }
    let cue = found.before(40).to_ascii_lowercase();
    let cue = [
        "card",
        "visa",
        "mastercard",
        "amex",
        "discover",
        "credit",
        "debit",
        "acct",
        "account",
        "payment",
    ]
    .iter()
    .any(|word| cue.contains(word));
    if luhn(value) {
        found.keep()
    } else {
        // A card mistyped in one digit is a card still.
        (cue || value.contains([' ', '-'])).then(|| found.keep_as(found.label, 0.6)).flatten()
    }
}

fn mod_97(text: &str) -> bool {
    let chars: Vec<u8> = text
        .bytes()
        .filter(u8::is_ascii_alphanumeric)
        .map(|byte| byte.to_ascii_uppercase())
        .collect();
    let (head, tail) = chars.split_at(chars.len().min(4));
    let rest = tail.iter().chain(head).fold(0_u32, |rest, &byte| {
        if byte.is_ascii_digit() {
            (rest * 10 + u32::from(byte - b'0')) % 97
        } else {
            (rest * 100 + u32::from(byte - b'A') + 10) % 97
        }
    });
    (15..=34).contains(&chars.len()) && rest == 1
}

/// The pattern may have run on into the words after the number: the longest start that checks counts.
fn iban(found: &Found<'_>) -> Option<Hit> {
    let value = found.value();
    let ends = value.char_indices().map(|(at, c)| at + c.len_utf8()).rev();
    for end in ends {
        let Some(part) = value.get(..end) else { continue };
        let beyond = value.as_bytes().get(end).is_some_and(u8::is_ascii_alphanumeric);
        if !beyond && mod_97(part) && !part.ends_with([' ', '-']) {
            return found.keep_span(crate::deidentify::entity::Span::new(
                found.span.start,
                found.span.start + end,
            ));
        }
    }
    None
}

fn with_digits_or_caps(found: &Found<'_>) -> Option<Hit> {
    let caps = found.value().bytes().all(|byte| !byte.is_ascii_lowercase());
    let digit = found.value().bytes().any(|byte| byte.is_ascii_digit());
    (caps || digit).then(|| found.keep()).flatten()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{finds, finds_not};
    use super::*;

    #[test]
    fn cards_and_banks() {
        finds(
            Label::Account,
            &[
                ("card 4111 1111 1111 1111 declined", &["4111 1111 1111 1111"]),
                ("4111111111111111", &["4111111111111111"]),
                ("amex 3782 822463 10005", &["3782 822463 10005"]),
                ("IBAN GB82 WEST 1234 5698 7654 32 please", &["GB82 WEST 1234 5698 7654 32"]),
                ("to DE89370400440532013000.", &["DE89370400440532013000"]),
                ("visa ending in 4471", &["4471"]),
                ("routing no. 021000021", &["021000021"]),
            ],
        );
        finds_not(
            Label::Account,
            &[
                "4111111111111112",
                "WBC 4100 platelets 1111",
                "GB82WEST12345698765433",
                "6011 1200 mg",
                "card ending soon",
            ],
        );
    }

    #[test]
    fn checksums() {
        assert!(luhn("79927398713") && !luhn("79927398710"));
        assert!(mod_97("FR1420041010050500013M02606") && !mod_97("FR1420041010050500013M02607"));
    }
}
