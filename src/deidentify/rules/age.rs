//! Ages over 89, which Safe Harbor treats as identifiers (45 CFR 164.514(b)(2)(i)(C)). The span is the number alone.

use super::engine::{Check, Found, Hit, Rule, Start};
use crate::deidentify::entity::{Label, Span};

const fn rule(start: Start, score: f32, pattern: &'static str, check: Check) -> Rule {
    Rule { name: "age", label: Label::Age, score, start, pattern, check }
}

pub(super) const RULES: &[Rule] = &[
    rule(
        Start::DigitsWhen(2, 3, |around| matches!(around.first, b'9' | b'1')),
        0.95,
        r"((?:9[0-9]|1[0-3][0-9])(?:\.5)?)(?:\s?-?\s?(?:(?:years?|yrs?|yr\.?)\b(?:\s?-?\s?(?:old|of[ ]age|young|o\b))?|y\s?[./]?\s?o\b|y\.o\.|y(?:om|of|\b))|[ ]?(?:m/o|f/o)\b)",
        years,
    ),
    rule(
        Start::DigitsWhen(2, 3, |around| matches!(around.first, b'9' | b'1')),
        0.85,
        r"((?:9[0-9]|10[0-9]|11[0-9]))[ ]?(?-i:[MF])\b",
        sexed,
    ),
    rule(Start::Digits(2, 2), 0.8, r"(90(?:'?s|ies))\b", nineties),
    rule(Start::Words("nineties"), 0.8, r"(nineties)\b", nineties),
    rule(
        Start::Words("age aged ages a turned turning turns"),
        0.95,
        r"(?:aged?|ages|a[ ]g[ ]e|turned|turning|turns)(?:[ ]\((?:yrs?|years)\))?(?:[ ](?:in|years|yrs?|at|this|the|time|visit|admission|death|diagnosis|review|today|now|currently|about|approximately|recorded|of|as)\b){0,5}(?:[ \t]*(?:is|was|of|[#:=.\-|*_(>\[/]+))*[ \t]*((?:9[0-9]|1[0-3][0-9]))\b",
        cued,
    ),
    rule(
        Start::Words("ninety one a nintey hundred"),
        0.95,
        r"((?:ninety|nintey)(?:[ -]?(?:one|two|three|four|five|six|seven|eight|nine))?|(?:(?:one|a)[ -])?hundred(?:[ -](?:and[ -])?(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve))?)(?:[\s-](?:years?|yrs?|y/o|y\.?o\.?))\b",
        in_words,
    ),
    rule(
        Start::Words("age aged turned turning i she he"),
        0.9,
        r"(?:aged?(?:[ ]of)?|turned|turning|i'?m|i[ ]am|s?he[ ]is|s?he's)[ :]{1,3}(ninety(?:[ -]?(?:one|two|three|four|five|six|seven|eight|nine))?|(?:(?:one|a)[ -])hundred(?:[ -](?:and[ -])?(?:one|two|three|four|five|six))?)\b",
        in_words,
    ),
    rule(
        Start::Words("died passed deceased lived dead expired living alive still"),
        0.9,
        r"(?:died|passed(?:[ ]away)?|deceased|lived|dead|expired|living|alive)(?:[ ]\p{L}{2,12})?[ ](?:at|to[ ]be|until|to)(?:[ ](?:age|the[ ]age[ ]of))?[ ]((?:9[0-9]|1[01][0-9]))\b",
        cued,
    ),
    rule(
        Start::Words("centenarian nonagenarian supercentenarian"),
        0.8,
        r"((?:non|super)?[a-z]*genarian|(?:super)?centenarian)\b",
        super::engine::always,
    ),
];

/// What lasts for years, rather than is years old.
fn lasts(found: &Found<'_>) -> bool {
    let before = found.before(14).to_ascii_lowercase();
    let after = found.after(24).to_ascii_lowercase();
    let exact = after.contains("old")
        || after.contains("o")
            && after.trim_start_matches([' ', '-']).starts_with('y')
            && after.contains("/o");
    let pack = after.trim_start_matches([' ', '-']).starts_with("pack");
    let lasting = ["for ", "past ", "over ", "last ", "nearly ", "about ", "~"]
        .iter()
        .any(|word| before.ends_with(word));
    pack || (!exact && lasting)
}

fn years(found: &Found<'_>) -> Option<Hit> {
    let before = found.before(2);
    let part = before.ends_with(|c: char| c.is_ascii_alphanumeric())
        || before.ends_with(['.', '/', '-']) && before.starts_with(|c: char| c.is_ascii_digit());
    let number: f32 = found.value().parse().unwrap_or(0.0);
    (!part && number > 89.0 && number < 135.0 && !lasts(found)).then(|| found.keep()).flatten()
}

/// "92M", "91 F with": not "98.4 F", "temp 98 F", "100 M".
fn sexed(found: &Found<'_>) -> Option<Hit> {
    let before = found.before(14).to_ascii_lowercase();
    let temperature =
        ["temp", "t ", "t:", "tmax", "fever", "degrees", "below", "above", "to ", "at "]
            .iter()
            .any(|word| before.contains(word));
    let part = before.ends_with(|c: char| {
        c.is_ascii_alphanumeric() || matches!(c, '.' | '/' | '-' | '>' | '<' | '+' | '=')
    });
    let after = found.after(10);
    let spaced = after.starts_with(' ');
    let told = !spaced
        || ["with", "w/", "who", "here", "s/p", "dob", "p/w", "admit", "c/o", "hx"].iter().any(
            |word| {
                after
                    .get(2..)
                    .unwrap_or_default()
                    .trim_start_matches([' ', ','])
                    .to_ascii_lowercase()
                    .starts_with(word)
            },
        );
    (told && !part && !temperature).then(|| found.keep()).flatten()
}

fn nineties(found: &Found<'_>) -> Option<Hit> {
    let before = found.before(12).to_ascii_lowercase();
    let person = ["her ", "his ", "their ", "mid ", "mid-", "early ", "late ", "mid-to-late "]
        .iter()
        .any(|word| before.ends_with(word));
    let vital = ["sat", "pressure", "heart", "in the "]
        .iter()
        .any(|word| found.before(40).to_ascii_lowercase().contains(word));
    (person && !vital).then(|| found.keep()).flatten()
}

fn cued(found: &Found<'_>) -> Option<Hit> {
    let after = found.after(8).to_ascii_lowercase();
    let unit = ["%", ".", "mg", " mg", "th", " day", " month", " week"].iter().any(|unit| {
        after.starts_with(unit)
            && (*unit != "."
                || after
                    .get(1..2)
                    .is_some_and(|next| next.starts_with(|c: char| c.is_ascii_digit())))
    });
    let whole = !found.next().is_ascii_digit() && found.next() != b'/';
    (whole && !unit).then(|| found.keep()).flatten()
}

fn in_words(found: &Found<'_>) -> Option<Hit> {
    if lasts(found) {
        return None;
    }
    let value = found.value();
    let start = if value.len() > 2 && value.get(..2).is_some_and(|a| a.eq_ignore_ascii_case("a ")) {
        found.span.start + 2
    } else {
        found.span.start
    };
    let after = found.after(12).to_ascii_lowercase();
    let counted = ["degree", "percent", "mg", "over", "pound", "dollar", "minute", "day", "%"]
        .iter()
        .any(|unit| after.trim_start().starts_with(unit));
    (!counted).then(|| found.keep_span(Span::new(start, found.span.end))).flatten()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{finds, finds_not};
    use super::*;

    #[test]
    fn ages_over_89() {
        finds(
            Label::Age,
            &[
                ("a 93-year-old man", &["93"]),
                ("THIS IS A 93-YEAR-OLD", &["93"]),
                ("90 yo", &["90"]),
                ("91 y/o, 92yo, 94 y.o.", &["91", "92", "94"]),
                ("103 years old", &["103"]),
                ("age: 94", &["94"]),
                ("Age (years) = 104", &["104"]),
                ("A G E = 104", &["104"]),
                ("aged 97,", &["97"]),
                ("age at this review is 96.", &["96"]),
                ("Recorded age [93] years", &["93"]),
                ("92M s/p fall", &["92"]),
                ("Pt is ninety-four y/o F", &["ninety-four"]),
                ("NINETY TWO YEAR OLD", &["NINETY TWO"]),
                ("one hundred and two years old", &["one hundred and two"]),
                ("in her 90s", &["90s"]),
                ("mother died at 94; aunt lived to be 101", &["94", "101"]),
                ("she just turned 90", &["90"]),
            ],
        );
        finds_not(
            Label::Age,
            &[
                "an 89-year-old",
                "83 yo",
                "T 98.4 F",
                "Room temp 98 F",
                "HR 92",
                "sat 94% ",
                "90 mg",
                "for 90 years the clinic",
                "95 minutes",
                "a 190 year",
                "age 89",
                "100 pack-years",
                "forty-five degrees",
                "ninety degrees",
                "sats in the 90s",
                "SpO2 93",
            ],
        );
    }
}
