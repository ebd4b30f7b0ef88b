//! Vehicles, and devices.
//!
//! VIN: 17 letters and digits without I, O, Q, the ninth a check digit (49 CFR 565.15). Licence
//! plates have no common form: cues tell them. Devices: serial, lot and identifier numbers by cue,
//! and the unique device identifier in GS1 form, `(01)` and 14 digits (21 CFR 801.40; GS1 General
//! Specifications), HIBCC's `+` form and ICCBBA's `=` form by cue.

use super::engine::{Check, Found, Hit, Rule, Start, always};
use crate::deidentify::entity::{Label, Span};

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
    rule("vin", Label::Vehicle, Start::Code(17, 17), 0.9, r"([a-hj-npr-z0-9]{17})\b", vin),
    rule(
        "vin",
        Label::Vehicle,
        Start::Words("vin vehicle chassis"),
        0.97,
        r"(?:vin|vehicle[ ](?:id|identification)(?:[ ]number)?|chassis)<sep>([a-z0-9]{11,17})\b",
        digits,
    ),
    rule(
        "plate",
        Label::Vehicle,
        Start::Words(
            "plate plates license licence tag registration reg lp vehicle car truck \
                 number parking",
        ),
        0.9,
        r"(?:(?:license|licence|vehicle|registration|number|car|truck|parking)[ -]?(?:plates?|tags?|permit|reg(?:istration)?)\b\.?|plates?|tag)(?:[ ](?:no|number|num|is|was|reads|reading|of|#)\b\.?)?(?:[ ](?:<state>|(?-i:[A-Z][a-z]+)))?[ ]?[:#=(]{0,3}[ ]{0,3}[\x22']?((?-i:[A-Z0-9]{1,4}[ -]?[A-Z0-9]{2,6}|[a-z]{1,4}[0-9]{2,5}[a-z]{0,3}|[0-9]{1,3}[a-z]{2,4}[0-9]{0,4}))\b",
        plate,
    ),
    rule(
        "udi",
        Label::Device,
        Start::Digits(2, 2),
        0.95,
        r"(01\)[ ]?[0-9]{14}(?:[ ]?\((?:10|11|17|21)\)[ ]?[a-z0-9-]{1,20}){0,5})",
        udi,
    ),
    rule(
        "udi",
        Label::Device,
        Start::Words("udi gtin di"),
        0.95,
        r"(?:udi|gtin)(?:-?di|-?pi)?<sep>([+=(]?[a-z0-9()/+=.$%-]{8,75})",
        digits,
    ),
    rule(
        "device",
        Label::Device,
        Start::Words(
            "serial s sn ser lot device model implant generator transmitter monitor \
                 imei meid pump pacemaker icd sensor lead asset pdm ref batch receiver \
                 valve stent prosthesis hearing cpap workstation ws ventilator machine \
                 unit scanner glucometer meter equipment component iol lens catalog cat",
        ),
        0.9,
        r"(?:(?:serial|ser\.?)(?:[ ]?(?:no|number|num|nr|nbr|#|sn)\b\.?)?|s/n|sn|imei|meid|(?:lot|batch|catalog|cat|asset)(?:[ ]?(?:no|number|num|nr|#|tag|id)\b\.?)?|(?:device|model|implant|generator|transmitter|monitor|pump|pacemaker|icd|sensor|lead|receiver|valve|stent|prosthesis|hearing[ ]aid|cpap|workstation|ventilator|machine|unit|scanner|glucometer|meter|equipment|component|iol|lens)[ ]?(?:id|identifier|serial|sn|s/n|lot|no|number|num|#)\b\.?(?:[ ]?(?:no|number|num|#))?|pdm|ws|transmitter)(?:[ ]?(?:is|was|no|number|sn|s/n)\b\.?)?[ ]?[:#=.(]{0,40}[ ]{0,3}[#]?((?:(?-i:[A-Z]{2,5})[ ])?[a-z0-9]+(?:[-./_:][a-z0-9]+)*)\b",
        device,
    ),
    rule(
        "mac",
        Label::Device,
        Start::Hex,
        0.95,
        r"([0-9a-f]{2}(?::[0-9a-f]{2}){5}|[0-9a-f]{2}(?:-[0-9a-f]{2}){5})\b",
        always,
    ),
];

/// The weighted sum over the transliterated characters, modulo 11, is the ninth character.
fn vin(found: &Found<'_>) -> Option<Hit> {
    const WEIGHTS: [u32; 17] = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
    let value = found.value().to_ascii_uppercase();
    let sum: u32 = value
        .bytes()
        .zip(WEIGHTS)
        .map(|(byte, weight)| {
            weight
                * match byte {
                    b'0'..=b'9' => u32::from(byte - b'0'),
                    b'A'..=b'H' => u32::from(byte - b'A') + 1,
                    b'J'..=b'N' => u32::from(byte - b'J') + 1,
                    b'P' => 7,
                    b'R' => 9,
                    b'S'..=b'Z' => u32::from(byte - b'S') + 2,
                    _ => 0,
                }
        })
        .sum();
    let expected = match sum % 11 {
        10 => b'X',
        rest => u8::try_from(rest).unwrap_or(0) + b'0',
    };
    (value.as_bytes().get(8) == Some(&expected)).then(|| found.keep()).flatten()
}

fn digits(found: &Found<'_>) -> Option<Hit> {
    (found.value().bytes().filter(u8::is_ascii_digit).count() >= 3).then(|| found.keep()).flatten()
}

/// "plate" and "tag" have other meanings: a plate number holds digits, and no unit follows.
fn plate(found: &Found<'_>) -> Option<Hit> {
    let value = found.value();
    let count = value.bytes().filter(u8::is_ascii_digit).count();
    let letters = value.bytes().any(|byte| byte.is_ascii_alphabetic());
    let before = super::engine::after(found.text, found.at, 12).to_ascii_lowercase();
    let vehicle =
        ["license", "licence", "vehicle", "registration", "number", "car", "truck", "parking"]
            .iter()
            .any(|word| before.starts_with(word));
    let unit = ["mg", "ml", "mm", "hole", "%", "screw", "count"]
        .iter()
        .any(|unit| found.after(8).to_ascii_lowercase().trim_start().starts_with(unit));
    let told =
        if vehicle { count >= 1 || (!letters) } else { count >= 2 && letters && value.len() >= 5 };
    (told && !unit).then(|| found.keep()).flatten()
}

fn udi(found: &Found<'_>) -> Option<Hit> {
    if found.prev() != b'(' {
        return None;
    }
    found.keep_span(Span::new(found.span.start - 1, found.span.end))
}

fn device(found: &Found<'_>) -> Option<Hit> {
    let value = found.value();
    // "serial SN 900412-B": the second cue is none of the number.
    let cue = ["SN ", "NO ", "ID ", "REF ", "LOT "].iter().find(|cue| value.starts_with(**cue));
    let found = &Found {
        span: Span::new(found.span.start + cue.map_or(0, |cue| cue.len()), found.span.end),
        ..*found
    };
    let value = found.value();
    let count = value.bytes().filter(u8::is_ascii_digit).count();
    let letters = value.bytes().any(|byte| byte.is_ascii_alphabetic());
    let cue = found.text.get(found.at..found.span.start).unwrap_or_default().to_ascii_lowercase();
    let sure = cue.starts_with("s/n")
        || cue.starts_with("sn")
        || cue.starts_with("imei")
        || ["serial", "ser ", "ser.", "s/n", " sn", " id", "identifier", "#", "lot"]
            .iter()
            .any(|word| cue.contains(word));
    let unit = ["mg", "ml", "mm", "%", "cm", "hour", "day", "min", "fr", "of "]
        .iter()
        .any(|unit| found.after(8).to_ascii_lowercase().trim_start().starts_with(unit));
    let day = value.contains('/') && !letters;
    let counted = cue.starts_with("serial") && !letters && count < 4;
    let needed = if sure { 3 } else { 4 };
    let mixed = letters && count >= 2 && value.len() >= 5;
    let clock = value.contains(':') && count <= 4;
    // "s 1234", "ser 12", "lead 4", "model 3": the bare cue is not enough.
    let bare = matches!(cue.trim_end(), "s" | "ws") && !(value.starts_with('-'));
    let known = sure || mixed;
    ((count >= needed || mixed) && known && !unit && !day && !counted && !clock && !bare)
        .then(|| found.keep())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{finds, finds_not};
    use super::*;

    #[test]
    fn vehicles_and_devices() {
        finds(
            Label::Vehicle,
            &[
                ("1M8GDM9AXKP042788 towed", &["1M8GDM9AXKP042788"]),
                ("VIN: 1HGBH41JXMN109185", &["1HGBH41JXMN109185"]),
                ("license plate 7KTR219 blocking", &["7KTR219"]),
                ("plate # ABC-1234", &["ABC-1234"]),
                ("license plate TX BBC 4412", &["BBC 4412"]),
            ],
        );
        finds(
            Label::Device,
            &[
                ("serial SN 900412-B", &["900412-B"]),
                ("S/N PJN 448201S.", &["PJN 448201S"]),
                ("lot TN-77F2014", &["TN-77F2014"]),
                ("accu-trend sn 77120493", &["77120493"]),
                ("Remote monitor ID MYC-0093-5512", &["MYC-0093-5512"]),
                ("(transmitter 8GZK2R)", &["8GZK2R"]),
                (
                    "UDI (01)00844588003288(17)141120(21)1234",
                    &["(01)00844588003288(17)141120(21)1234"],
                ),
                ("mac 00:1A:2B:3C:4D:5E", &["00:1A:2B:3C:4D:5E"]),
            ],
        );
        finds_not(
            Label::Vehicle,
            &[
                "1M8GDM9AXKP042789",
                "plate 6 hole",
                "skin tag 3 mm",
                "platelets 210",
                "end plate L4",
                "growth plate closed",
                "a lot 200",
            ],
        );
        finds_not(
            Label::Device,
            &[
                "a lot of pain",
                "s 1234",
                "lead II",
                "serial troponins 0.04",
                "serial 12 lead",
                "sn 5 mg",
                "a lot 20 times",
                "10:40:32",
                "serial exams 2024",
            ],
        );
    }
}
