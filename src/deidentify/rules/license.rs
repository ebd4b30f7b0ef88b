//! Numbers of professionals and of health plans that carry a format or a check digit of their own.
//!
//! NPI: ten digits, Luhn over the number with 80840 before it (CMS, "NPI Check Digit"; 45 CFR 162.406).
//! DEA: two letters and seven digits, the last the sum (1st+3rd+5th) + 2*(2nd+4th+6th) modulo ten
//! (21 CFR 1301; DEA Diversion Control, "DEA number"). Medicare's MBI: eleven places of fixed kinds
//! without S, L, O, I, B, Z (CMS, "Understanding the MBI Format").

use super::{
    checksum::{self, luhn},
    engine::{Check, Found, Hit, Rule, Start, always},
};
use crate::deidentify::entity::Label;

const fn rule(
    name: &'static str,
    label: Label,
    start: Start,
    score: f32,
    pattern: &'static str,
    check: Check,
) -> Rule {
    Rule { name, label, score, start, pattern, check }
}

pub(super) const RULES: &[Rule] = &[
    rule("npi", Label::License, Start::Digits(10, 10), 0.8, r"([12][0-9]{9})\b", npi),
    rule(
        "npi",
        Label::License,
        Start::Words("npi"),
        0.98,
        r"npi<sep>([0-9]{10}|[0-9]{4}[ -][0-9]{3}[ -][0-9]{3})\b",
        always,
    ),
    rule("dea", Label::License, Start::Code(9, 9), 0.9, r"([a-z][a-z9][0-9]{7})\b", dea),
    rule(
        "dea",
        Label::License,
        Start::Words("dea"),
        0.97,
        r"dea<sep>([a-z][a-z0-9][ -]?[0-9]{7}(?:-[a-z0-9]{1,8})?)\b",
        always,
    ),
    rule("mbi", Label::HealthPlanId, Start::Code(11, 11), 0.95, MBI, always),
    rule("mbi", Label::HealthPlanId, Start::Code(4, 4), 0.95, MBI, always),
];

const MBI: &str = r"([1-9][ac-hjkmnp-rt-y][0-9ac-hjkmnp-rt-y][0-9]-?[ac-hjkmnp-rt-y][0-9ac-hjkmnp-rt-y][0-9]-?[ac-hjkmnp-rt-y]{2}[0-9]{2})\b";

fn npi(found: &Found<'_>) -> Option<Hit> {
    let checks = luhn(&format!("80840{}", found.value()));
    (checks && !found.is_cut()).then(|| found.keep()).flatten()
}

fn dea(found: &Found<'_>) -> Option<Hit> {
    (checksum::dea(found.value()) && !found.is_cut()).then(|| found.keep()).flatten()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{finds, finds_not};
    use super::*;

    #[test]
    fn checked_numbers() {
        finds(
            Label::License,
            &[
                ("read by 1234567893", &["1234567893"]),
                ("NPI# 1234567890", &["1234567890"]),
                ("AP5836727 on file", &["AP5836727"]),
                ("DEA: AB1234560", &["AB1234560"]),
            ],
        );
        finds(
            Label::HealthPlanId,
            &[("1EG4-TE5-MK73", &["1EG4-TE5-MK73"]), ("mbi 1eg4te5mk73", &["1eg4te5mk73"])],
        );
        finds_not(Label::License, &["1234567890", "AP5836728", "NM1234567"]);
        finds_not(Label::HealthPlanId, &["0EG4-TE5-MK73", "1SG4TE5MK73"]);
    }
}
