//! Telephone and fax numbers.
//!
//! North America: three, three and four digits, area and exchange beginning 2-9 (NANPA; ATIS-0300051).
//! Abroad: `+`, country code and up to 15 digits (ITU-T E.164), or a trunk 0 before the number.
//! Extensions belong to the number. Numbers spelled out in words count by their digits.
//!
//! The patterns decide what is dialled; libphonenumber's numbering plans (crate phonenumber) only add
//! certainty, since a number that was copied wrong, or is fictional, tells as much about its owner.

use phonenumber::country;

use super::{
    engine::{Check, Found, Guard, Hit, Rule, Start, always, before},
    number::is_drug_code,
};
use crate::deidentify::entity::{Label, Span};

const fn rule(start: Start, score: f32, pattern: &'static str, check: Check) -> Rule {
    Rule { name: "phone", label: Label::Phone, score, start, pattern, check }
}

/// Another digit follows, in figures or in words.
const DIGIT_WORD_NEXT: Guard = |around| {
    let digit = |byte: u8| {
        matches!(
            byte.to_ascii_lowercase(),
            b'z' | b'o' | b'n' | b't' | b'f' | b's' | b'e' | b'd' | b'0'..=b'9'
        )
    };
    let third = around.next.get(2).is_some_and(|&byte| digit(byte))
        && !around.beyond().is_ascii_alphanumeric();
    matches!(around.mark(), b' ' | b',' | b'-' | b'\n' | b')' | b'(')
        && (digit(around.beyond()) || third)
};

pub(super) const RULES: &[Rule] = &[
    // 10 digits in parts; O and l for 0 and 1 come from scanned pages.
    rule(
        Start::DigitsWhen(1, 3, |around| {
            !around.mark().is_ascii_alphabetic()
                && (around.beyond().is_ascii_digit()
                    || matches!(around.beyond(), b'(' | b' ' | b'-' | b'\n' | b'.'))
                || matches!(around.mark().to_ascii_lowercase(), b'o' | b'i' | b'l')
        }),
        0.9,
        r"((?:1[-. ]{0,2}[(]?)?[0-9][0-9oil]{2}(?:[)][-./\s]{0,3}|[-. /]{1,3}|[ ]-[ ])[0-9oil]{3}(?:[-. ]{0,2}|[ ]-[ ])[0-9oil]{4}(?:[,;]?[ ]{0,2}(?:x|ext|extension|extn)[. :#]{0,3}[0-9]{1,6}|[ ]?#[0-9]{1,5})?)\b",
        parts,
    ),
    rule(
        Start::Digits(10, 11),
        0.6,
        r"(1?[2-9][0-9]{2}[2-9][0-9]{6}(?:[ ]?(?:x|ext|extension)[. :#]{0,3}[0-9]{1,6})?)\b",
        bare,
    ),
    rule(Start::Digits(6, 6), 0.85, r"([2-9][0-9]{5}[-. ][0-9]{4})\b", whole),
    rule(
        Start::Digits(3, 3),
        0.75,
        r"([2-9][0-9]{2}[-. ][0-9]{4}(?:[ ,]{0,2}(?:x|ext)[. :#]{0,3}[0-9]{1,6})?)\b",
        local,
    ),
    rule(
        Start::DigitsWhen(1, 15, |around| matches!(around.prev, b'+' | b'(')),
        0.9,
        r"([1-9][0-9]{0,14}(?:[-./() ]{1,3}[0-9]{1,8}){0,7}(?:[ ]?(?:x|ext)[. :#]{0,3}[0-9]{1,6})?)\b",
        plus,
    ),
    rule(
        Start::DigitsWhen(2, 5, |around| around.first == b'0'),
        0.8,
        r"(0[0-9]{1,4}[)]?(?:[-./ ][0-9]{2,8}){1,5}(?:x[0-9]{1,6})?)\b",
        trunk,
    ),
    rule(
        Start::DigitsWhen(2, 4, |around| around.prev == b'(' && around.mark() == b')'),
        0.85,
        r"([0-9]{2,4}[)][ ]?[0-9]{3,5}[- ]?[0-9]{3,5})\b",
        bracketed,
    ),
    rule(
        Start::DigitsWhen(1, 12, |around| {
            around.beyond().is_ascii_digit()
                || !matches!(around.mark(), b' ' | b',' | b'/' | b'%' | b'.')
        }),
        0.8,
        r"([0-9]{1,6}(?:[-./() ]{1,2}[0-9]{1,8}){0,6})\b",
        cued,
    ),
    rule(
        Start::Words("ext extn extension x"),
        0.7,
        r"(?:ext|extn|extension)<sep>([0-9][0-9-]{1,7})\b",
        always,
    ),
    rule(Start::Code(2, 8), 0.7, r"(x[0-9](?:[0-9]{3,5}|-[0-9]{4}))\b", always),
    rule(
        Start::Words("pager beeper bleep"),
        0.8,
        r"(?:pager|beeper|bleep)<sep>([0-9][0-9-]{2,12})\b",
        always,
    ),
    rule(
        Start::Words("zero oh one two three four five six seven eight nine double triple"),
        0.85,
        r"((?:(?:double|triple)[ ])?<digitword>(?:[\s,.()-]{1,3}(?:(?:double|triple)[ ])?(?:<digitword>|[0-9]{1,4})){3,14})\b",
        spelled,
    ),
    rule(
        Start::DigitsWhen(1, 4, DIGIT_WORD_NEXT),
        0.85,
        r"([0-9]{1,4}(?:[\s,.()-]{1,3}(?:<digitword>|[0-9]{1,4})){2,14})\b",
        spelled,
    ),
];

fn is_real(digits: &str) -> bool {
    digits.bytes().filter(u8::is_ascii_digit).count() * 10
        >= digits.bytes().filter(u8::is_ascii_alphanumeric).count() * 5
}

/// What a caller would dial belongs together: "+", "(", and the fax line is told by its cue.
fn dialled(found: &Found<'_>) -> Option<Hit> {
    let mut start = found.span.start;
    for marks in [&b"("[..], &b"+"[..]] {
        if start
            .checked_sub(1)
            .and_then(|at| found.text.as_bytes().get(at))
            .is_some_and(|byte| marks.contains(byte))
        {
            start -= 1;
        }
    }
    let cue = before(found.text, start, 28).to_ascii_lowercase();
    let line = cue.rsplit(['\n', ';']).next().unwrap_or_default();
    let is_fax = line.rfind("fax").is_some_and(|fax| {
        ["phone", "tel", "cell", "ph:"]
            .iter()
            .all(|other| line.rfind(other).is_none_or(|at| at < fax))
    }) || line.ends_with("f:")
        || line.ends_with("f: ");
    let label = if is_fax { Label::Fax } else { Label::Phone };
    let span = Span::new(start, found.span.end);
    let certain = is_assigned(span.of(found.text).unwrap_or_default());
    let score = if certain { found.score.max(ASSIGNED) } else { found.score };
    Some(Hit { span, label, score })
}

/// What a number is worth that a numbering plan knows and that is written as a number to dial.
const ASSIGNED: f32 = 0.95;

/// Whether the numbering plan of its country, or of North America, holds this number.
fn is_assigned(number: &str) -> bool {
    let number = phonenumber::parse(Some(country::Id::US), number);
    number.is_ok_and(|number| phonenumber::is_valid(&number))
}

fn parts(found: &Found<'_>) -> Option<Hit> {
    let prev = before(found.text, found.span.start, 2).as_bytes().to_vec();
    let joined = matches!(prev.as_slice(), [digit, b'-' | b'.' | b'/'] if digit.is_ascii_alphanumeric() && *digit != b'1');
    let next = found.after(2).as_bytes().to_vec();
    let goes_on = matches!(next.as_slice(), [b'-' | b'/', digit] if digit.is_ascii_digit());
    if !is_real(found.value())
        || joined
        || goes_on
        || prev.last().is_some_and(u8::is_ascii_alphanumeric)
    {
        return None;
    }
    // "120 100 1200" is a row of measurements, unless something says telephone.
    let value = found.value();
    let spaced = !value.contains(['-', '.', ')', '/']);
    if spaced
        && !has_cue(found)
        && !value.starts_with("1 ")
        && !matches!(value.as_bytes().first(), Some(b'2'..=b'9'))
    {
        return None;
    }
    dialled(found)
}

fn whole(found: &Found<'_>) -> Option<Hit> {
    if found.is_cut() { None } else { dialled(found) }
}

fn bare(found: &Found<'_>) -> Option<Hit> {
    if found.is_cut() {
        return None;
    }
    let mut hit = dialled(found)?;
    // Ten digits in a row may be anything: the plan says little, a cue much.
    hit.score = match (has_cue(found), hit.score >= ASSIGNED) {
        (true, _) => 0.9,
        (false, true) => 0.7,
        (false, false) => found.score,
    };
    Some(hit)
}

fn local(found: &Found<'_>) -> Option<Hit> {
    let after = found.after(9).to_ascii_lowercase();
    let told = ["office", "mobile", "cell", "home", "work", "fax"]
        .iter()
        .any(|word| after.trim_start_matches([' ', '-', '(']).starts_with(word));
    if found.is_cut() || !(told || has_cue(found) || found.value().starts_with("555-")) {
        None
    } else {
        dialled(found)
    }
}

/// An area code in brackets: "(91) 5676-6953".
fn bracketed(found: &Found<'_>) -> Option<Hit> {
    let told = found.prev() == b'(' && (8..=12).contains(&digits(found.value()));
    if told { dialled(found) } else { None }
}

fn digits(text: &str) -> usize {
    text.bytes().filter(u8::is_ascii_digit).count()
}

fn plus(found: &Found<'_>) -> Option<Hit> {
    let prev = before(found.text, found.span.start, 2);
    let number = found.value().split(['x', 'X', 'e', 'E']).next().unwrap_or_default();
    let signed = prev.ends_with('+') || prev == "+(";
    if signed && (8..=15).contains(&digits(number)) { dialled(found) } else { None }
}

fn trunk(found: &Found<'_>) -> Option<Hit> {
    let count = digits(found.value());
    let groups = found.value().split(['-', '.', '/', ' ']).count();
    let is_date = groups == 3 && found.value().contains(['/', '.', '-']) && count <= 8;
    if found.is_cut()
        || is_date
        || is_drug_code(found.value()) && !has_cue(found)
        || !(9..=14).contains(&count)
        || (groups < 3 && !has_cue(found))
    {
        return None;
    }
    dialled(found)
}

/// Right after "phone", "cell" and the like, any run of 7 to 15 digits is a number.
fn cued(found: &Found<'_>) -> Option<Hit> {
    let line = found.before(24).to_ascii_lowercase();
    let line =
        line.trim_end_matches(['(', '+', ' ', ':', '#', '=', '.', '-', '"', '\'', '\t', '|']);
    let line = ["number", "no", "is", "at", "on", "nr", "num"]
        .iter()
        .fold(line, |line, word| line.strip_suffix(word).map_or(line, str::trim_end));
    let cue = CUES.split_ascii_whitespace().any(|cue| {
        line.strip_suffix(cue)
            .is_some_and(|before| !before.ends_with(|c: char| c.is_ascii_alphanumeric()))
    });
    if cue && (7..=15).contains(&digits(found.value())) && !found.next().is_ascii_alphanumeric() {
        dialled(found)
    } else {
        None
    }
}

const CUES: &str = "phone ph0ne ph tel telephone cell cellular mobile mob fax facsimile call called \
         callback contact text texted home work dial reach reached whatsapp hotline line \
         pager voicemail sms tty c: h: w: t: p: f: m:";

fn has_cue(found: &Found<'_>) -> bool {
    let line = found.before(48).to_ascii_lowercase();
    let line = line.rsplit('\n').next().unwrap_or_default();
    CUES.split_ascii_whitespace().any(|cue| {
        line.match_indices(cue).any(|(at, _)| {
            let whole = |byte: Option<u8>| byte.is_none_or(|byte| !byte.is_ascii_alphanumeric());
            let bytes = line.as_bytes();
            whole(at.checked_sub(1).and_then(|at| bytes.get(at)).copied())
                && whole(bytes.get(at + cue.len()).copied())
        })
    })
}

/// Seven digits or more, at least three of them in words.
fn spelled(found: &Found<'_>) -> Option<Hit> {
    let value = found.value().to_ascii_lowercase();
    let (mut count, mut said, mut times) = (0, 0, 1);
    for word in value.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
        match word {
            "double" => times = 2,
            "triple" => times = 3,
            "hundred" | "thousand" => count += if word == "hundred" { 2 } else { 3 },
            _ if word.starts_with(|c: char| c.is_ascii_digit()) => count += word.len(),
            "ten" | "eleven" | "twelve" => count += 2,
            _ if word.ends_with("teen") => count += 2,
            _ if word.ends_with("ty") => {
                count += 1;
                said += 1;
            }
            _ => {
                count += times;
                said += times;
                times = 1;
            }
        }
    }
    // Counting aloud is no number to dial.
    let counting = value.starts_with("one two three") || value.starts_with("one, two, three");
    let next = found.next().is_ascii_alphanumeric();
    ((7..=15).contains(&count) && said >= 3 && !counting && !next).then(|| found.keep()).flatten()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{finds, finds_not};
    use super::*;

    #[test]
    fn numbering_plans_tell_numbers_from_digits() {
        for (number, expected) in [
            ("(202) 456-1111", true),
            ("+44 20 7946 0958", true),
            ("+49 30 901820", true),
            ("+81 3-3580-3311", true),
            ("202-456-1111 ext. 45", true),
            ("123-456-7890", false),
            ("+999 12345678", false),
            ("", false),
        ] {
            assert_eq!(is_assigned(number), expected, "{number}");
        }
    }

    #[test]
    fn phones() {
        finds(
            Label::Phone,
            &[
                ("call 714.555.0193.", &["714.555.0193"]),
                ("(505)5550108", &["(505)5550108"]),
                ("cell 606 555 0112 now", &["606 555 0112"]),
                ("tel +1 (202) 555-0123 ext. 45", &["+1 (202) 555-0123 ext. 45"]),
                ("1-800-555-0199 x12", &["1-800-555-0199 x12"]),
                ("2105550147", &["2105550147"]),
                ("from 01 604 555 0155.", &["01 604 555 0155"]),
                ("+44 20 7946 0958", &["+44 20 7946 0958"]),
                ("+49 (0)30 901820", &["+49 (0)30 901820"]),
                ("(020) 7946 0958", &["(020) 7946 0958"]),
                ("01 23 45 67 89", &["01 23 45 67 89"]),
                ("call 555-0147", &["555-0147"]),
                ("phone (5O8) 555-Ol47", &["(5O8) 555-Ol47"]),
                ("(906)\n555-0151", &["(906)\n555-0151"]),
                ("dtr x5-0114", &["x5-0114"]),
                ("ext 4471", &["4471"]),
                ("seven five seven, 555, 0175.", &["seven five seven, 555, 0175"]),
                ("FIVE FIVE FIVE OH ONE TWO THREE", &["FIVE FIVE FIVE OH ONE TWO THREE"]),
                ("mobile: 98450 12345", &["98450 12345"]),
                ("not answering at (91) 5676-6953", &["(91) 5676-6953"]),
                ("555\u{2011}555\u{2011}0147", &["555\u{2011}555\u{2011}0147"]),
            ],
        );
        finds(
            Label::Fax,
            &[
                ("Fax: (303) 555-0199", &["(303) 555-0199"]),
                ("tel 303-555-0111, fax 303-555-0112", &["303-555-0112"]),
                ("F: 303.555.0112", &["303.555.0112"]),
            ],
        );
        finds_not(
            Label::Phone,
            &[
                "BP 120/80, HR 72, RR 18",
                "ABG 7.36/58/71/32",
                "hCG 84,210",
                "chr17:43057062",
                "NM_000492.4",
                "4929 3813 3266 4295",
                "523-61-0947",
                "2024-03-14",
                "doses 100 200 300",
                "one two three four five six seven",
                "order 123-4567",
                "x4 days",
                "03/14/2024 10:30",
                "WBC 4.1 10.2 300",
                "ICD K29.50, CPT 88305",
            ],
        );
    }
}
