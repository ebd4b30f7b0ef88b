//! Social security numbers.
//!
//! Nine digits, area-group-serial; the Social Security Administration never gives out area 000,
//! 666 or 900-999, group 00 or serial 0000 (20 CFR 422.103; SSA, "Social Security Number
//! Randomization"). Numbers that break these rules are found too, with a lower score: notes hold
//! taxpayer numbers (9xx) and mistypings, and both identify.

use super::engine::{Check, Found, Hit, Rule, Start};
use crate::deidentify::entity::Label;

const CUES: &str = "ssn ss soc social itin tin nino";

const fn rule(start: Start, score: f32, pattern: &'static str, check: Check) -> Rule {
    Rule { name: "ssn", label: Label::Ssn, score, start, pattern, check }
}

pub(super) const RULES: &[Rule] = &[
    rule(Start::Digits(3, 3), 0.9, r"([0-9]{3}-[0-9]{2}-[0-9]{4})\b", shaped),
    rule(Start::Digits(3, 3), 0.7, r"([0-9]{3}[ .][0-9]{2}[ .][0-9]{4})\b", shaped),
    rule(
        Start::Words(CUES),
        0.98,
        r"(?:ssn?|(?:soc|social)\.?[ ]*(?:sec|security)\.?|itin|tin)(?:'s)?[ ]*(?:/sin)?<sep>([0-9oil]{3}[- .]{0,3}[0-9oil]{2}[- .]{0,3}[0-9oil]{4})\b",
        digits,
    ),
    // The last four alone, and numbers hidden in part.
    rule(
        Start::Words(CUES),
        0.9,
        r"(?:ssn?|(?:soc|social)\.?[ ]*(?:sec|security)\.?)<sep>(?:[(]?(?:last|ending|ends)[ ]*(?:in|with|4|four|digits)*[)]?<sep>)?((?:[x*#]{3}[- ]?[x*#]{2}[- ]?)?[0-9]{4})\b",
        super::engine::always,
    ),
    rule(
        Start::Words("last"),
        0.8,
        r"last[ ](?:4|four)(?:[ ]digits)?(?:[ ]of)?(?:[ ](?:his|her|their|the|my))?(?:[ ](?:ssn?|social(?:[ ]security)?(?:[ ](?:number|no\.?))?))?<sep>([a-z]?[0-9]{4})\b",
        last_four,
    ),
    rule(Start::Words("x xx xxx"), 0.9, r"(x{2,3}-x{2}-[0-9]{4})\b", super::engine::always),
    rule(Start::Anywhere(&["**-"]), 0.9, r"([*]{3}-[*]{2}-[0-9]{4})\b", super::engine::always),
    // UK national insurance number: two letters, six digits, A-D (HMRC, NIM39110).
    rule(
        Start::Code(9, 9),
        0.85,
        r"((?-i:[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z][0-9]{6}[A-D]))\b",
        super::engine::always,
    ),
    rule(
        Start::Words("ni nino national"),
        0.95,
        r"(?:ni|nino|national[ ]insurance)<sep>([a-z]{2}[ ]?(?:[0-9]{2}[ ]?){3}[a-d])\b",
        super::engine::always,
    ),
];

fn shaped(found: &Found<'_>) -> Option<Hit> {
    if found.is_cut() {
        return None;
    }
    let digits: String = found.value().chars().filter(char::is_ascii_digit).collect();
    if digits.bytes().filter(|&digit| digit == b'0').count() > 5
        || found.before(4).to_ascii_lowercase().ends_with("bp ")
    {
        return None;
    }
    let never = matches!(digits.get(..3), Some("000" | "666"))
        || digits.starts_with('9')
        || digits.get(3..5) == Some("00")
        || digits.ends_with("0000");
    found.keep_as(Label::Ssn, if never { found.score - 0.3 } else { found.score })
}

fn digits(found: &Found<'_>) -> Option<Hit> {
    let count = found.value().bytes().filter(u8::is_ascii_digit).count();
    (count >= 5).then(|| found.keep()).flatten()
}

/// "last four" of a card is the same four digits; of teeth or of "weeks" it is none.
fn last_four(found: &Found<'_>) -> Option<Hit> {
    let after = found.after(12).trim_start().to_ascii_lowercase();
    let counted = ["day", "week", "month", "year", "hour", "visit", "dose", "am", "pm", "mg"];
    (!counted.iter().any(|unit| after.starts_with(unit))).then(|| found.keep()).flatten()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{finds, finds_not};
    use super::*;

    #[test]
    fn social_security_numbers() {
        finds(
            Label::Ssn,
            &[
                ("SSN 523-61-0947.", &["523-61-0947"]),
                ("ssn:523610947", &["523610947"]),
                ("SS# 523 61 0947", &["523 61 0947"]),
                ("Social Security Number ..... 523-61-0947", &["523-61-0947"]),
                ("soc sec no. 523.61.0947", &["523.61.0947"]),
                ("seen 523-61-0947 today", &["523-61-0947"]),
                ("registered as 000-12-6647", &["000-12-6647"]),
                ("SSN xxx-xx-0947", &["xxx-xx-0947"]),
                ("SSN ending in 0947", &["0947"]),
                ("last four P4471", &["P4471"]),
                ("last 4 of SSN: 4471", &["4471"]),
                ("NI number QQ 12 34 56 C", &["QQ 12 34 56 C"]),
                (
                    "ssn \u{ff15}\u{ff12}\u{ff13}\u{2011}61\u{2011}0947",
                    &["\u{ff15}\u{ff12}\u{ff13}\u{2011}61\u{2011}0947"],
                ),
            ],
        );
        finds_not(
            Label::Ssn,
            &[
                "523-61-09471",
                "1523-61-0947",
                "phone 523-610-9471",
                "last four weeks",
                "last 4 2000 mg doses",
                "part 12-523-61-0947",
                "SSRI 20 mg",
                "BP 120-80-1000",
            ],
        );
    }
}
