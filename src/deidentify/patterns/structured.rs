//! Text with fields: the name of a field says what its value is.
//!
//! HL7 v2 segments, XML (C-CDA and FHIR), JSON (FHIR), vCards, tables with a header line, and forms
//! of labels and values.

mod fields;
mod hl7;
mod table;

use std::sync::Arc;

use once_cell::sync::Lazy;
use regex::Regex;

use self::fields::{is_plausible, label_of};
use crate::deidentify::entity::{Detection, Label, Span};

/// Confidence in the value of a known field.
const SCORE: f32 = 1.0;

/// A field and its value: `"family": "Doe"`, `Patient Name ....: Doe`, `birth date: 1962-03-14`.
static PAIR: Lazy<Option<Regex>> = Lazy::new(|| {
    Regex::new(concat!(
        r#"(?m)(?:^|[\t|;{,\[(]|[ ]{2}|>)[ \t]*["'*_]{0,3}(?P<k>\p{L}[\p{L}\p{N}#'’/()]{0,20}(?:[ _./-]{1,2}[\p{L}#][\p{L}\p{N}#'’/()]{0,20}){0,4})["'*_]{0,3}"#,
        r#"[ \t]*(?:[.·_]{2,}[ \t]*:?|:|=|\t)[ \t]*[\["'*_]{0,4}[ \t]*(?P<v>[^\s"|;\]\t][^"|;\]\t\n]{0,100})"#,
    ))
    .ok()
});

/// An element with text: `<family>Doe</family>`.
static ELEMENT: Lazy<Option<Regex>> = Lazy::new(|| {
    Regex::new(r"<(?:\w{1,12}:)?(?P<k>[A-Za-z][\w.-]{0,40})(?:\s[^<>]{0,300})?>\s{0,20}(?P<v>[^<>\s][^<>]{0,120})<").ok()
});

/// An element with a value attribute: `<birthTime value="19620314"/>`, `<id extension="4471"/>`.
static ATTRIBUTE: Lazy<Option<Regex>> = Lazy::new(|| {
    Regex::new(r#"<(?:\w{1,12}:)?(?P<k>[A-Za-z][\w.-]{0,40})\s[^<>]{0,200}?\b(?:value|extension)\s?=\s?["'](?P<v>[^"'<>]{1,120})["']"#).ok()
});

/// A line of a vCard: `N;CHARSET=UTF-8:Doe;John;;;`
static VCARD: Lazy<Option<Regex>> = Lazy::new(|| {
    Regex::new(r"(?m)^(?:item\d\.)?(?P<k>FN|N|NICKNAME|TEL|EMAIL|ADR|BDAY|ORG|URL|UID|IMPP)(?:;[^:\n]{0,80})?:(?P<v>[^\n\r]{1,200})").ok()
});

/// Adds what `text` holds in fields.
pub(super) fn find(text: &str, found: &mut Vec<Detection>) {
    let patterns =
        [(&PAIR, "rules.field"), (&ELEMENT, "rules.element"), (&ATTRIBUTE, "rules.attribute")];
    for (pattern, detector) in patterns {
        let detector: Arc<str> = Arc::from(detector);
        for captures in pattern.iter().flat_map(|pattern| pattern.captures_iter(text)) {
            let (Some(key), Some(value)) = (captures.name("k"), captures.name("v")) else {
                continue;
            };
            let Some(label) = label_of(key.as_str()) else { continue };
            let mut value = fields::cut(value.as_str(), value.start());
            value.end = value.start + fields::number(label, value.of(text).unwrap_or_default());
            if is_plausible(label, value.of(text).unwrap_or_default()) {
                push(label, value, &detector, found);
            }
        }
    }
    if text.contains("BEGIN:VCARD") {
        vcard(text, found);
    }
    hl7::find(text, found);
    table::find(text, found);
}

fn vcard(text: &str, found: &mut Vec<Detection>) {
    let detector: Arc<str> = Arc::from("rules.vcard");
    for captures in VCARD.iter().flat_map(|pattern| pattern.captures_iter(text)) {
        let (Some(key), Some(value)) = (captures.name("k"), captures.name("v")) else { continue };
        let label = match key.as_str() {
            "TEL" | "IMPP" => Label::Phone,
            "EMAIL" => Label::Email,
            "ADR" => Label::Location,
            "BDAY" => Label::Date,
            "ORG" => Label::Organization,
            "URL" => Label::Url,
            "UID" => Label::Id,
            _ => Label::Name,
        };
        for part in fields::parts(value.as_str(), value.start(), &[';', ',']) {
            push(label, part, &detector, found);
        }
    }
}

fn push(label: Label, span: Span, detector: &Arc<str>, found: &mut Vec<Detection>) {
    if !span.is_empty() {
        found.push(Detection { label, span, score: SCORE, detector: Arc::clone(detector) });
    }
}
