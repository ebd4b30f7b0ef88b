//! HL7 v2 messages: what the standard puts into a field tells what it is.
//!
//! Segments and fields after HL7 v2.5.1, chapters 2 (MSH), 3 (PID, PD1, NK1, PV1, MRG), 4 (ORC,
//! OBR), 6 (GT1, IN1), 7 (OBX), 9 (TXA); names as XPN and XCN, addresses as XAD (chapter 2A).

use std::sync::Arc;

use aho_corasick::AhoCorasick;

use crate::deidentify::entity::{Detection, Label, Span};

/// What a field holds.
#[derive(Clone, Copy)]
enum Kind {
    /// A name: family, given, second, suffix.
    Person,
    /// A number and a name.
    Staff,
    /// The first component is the value.
    First(Label),
    /// Every component is part of the value.
    All(Label),
}

use Kind::{All, First, Person, Staff};

/// The fields of a segment that hold PHI.
fn fields(segment: &str) -> &'static [(usize, Kind)] {
    match segment {
        "PID" => &[
            (2, First(Label::Mrn)),
            (3, First(Label::Mrn)),
            (4, First(Label::Mrn)),
            (5, Person),
            (6, Person),
            (7, First(Label::Date)),
            (9, Person),
            (11, All(Label::Location)),
            (12, First(Label::Location)),
            (13, All(Label::Phone)),
            (14, All(Label::Phone)),
            (18, First(Label::Account)),
            (19, First(Label::Ssn)),
            (20, First(Label::License)),
            (21, First(Label::Mrn)),
            (23, All(Label::Location)),
            (29, First(Label::Date)),
        ],
        "PD1" => &[(3, First(Label::Organization)), (4, Staff)],
        "NK1" => &[
            (2, Person),
            (4, All(Label::Location)),
            (5, All(Label::Phone)),
            (6, All(Label::Phone)),
            (12, First(Label::Id)),
            (13, First(Label::Organization)),
            (16, First(Label::Date)),
            (30, Person),
            (31, All(Label::Phone)),
            (32, All(Label::Location)),
            (33, First(Label::Id)),
            (37, First(Label::Ssn)),
        ],
        "PV1" => &[
            (5, First(Label::Id)),
            (7, Staff),
            (8, Staff),
            (9, Staff),
            (17, Staff),
            (19, First(Label::Id)),
            (44, First(Label::Date)),
            (45, First(Label::Date)),
            (50, First(Label::Id)),
            (52, Staff),
        ],
        "MRG" => &[
            (1, First(Label::Mrn)),
            (2, First(Label::Mrn)),
            (3, First(Label::Account)),
            (4, First(Label::Mrn)),
            (5, First(Label::Id)),
            (7, Person),
        ],
        "GT1" => &[
            (2, First(Label::Account)),
            (3, Person),
            (4, Person),
            (5, All(Label::Location)),
            (6, All(Label::Phone)),
            (7, All(Label::Phone)),
            (8, First(Label::Date)),
            (12, First(Label::Ssn)),
            (16, Person),
            (17, All(Label::Location)),
            (18, All(Label::Phone)),
        ],
        "IN1" => &[
            (5, All(Label::Location)),
            (7, All(Label::Phone)),
            (8, First(Label::HealthPlanId)),
            (10, First(Label::HealthPlanId)),
            (12, First(Label::Date)),
            (13, First(Label::Date)),
            (16, Person),
            (18, First(Label::Date)),
            (19, All(Label::Location)),
            (36, First(Label::HealthPlanId)),
            (49, First(Label::HealthPlanId)),
        ],
        "ORC" => &[
            (2, First(Label::Id)),
            (3, First(Label::Id)),
            (4, First(Label::Id)),
            (9, First(Label::Date)),
            (10, Staff),
            (11, Staff),
            (12, Staff),
            (14, All(Label::Phone)),
            (15, First(Label::Date)),
            (21, First(Label::Organization)),
            (22, All(Label::Location)),
            (23, All(Label::Phone)),
            (24, All(Label::Location)),
        ],
        "OBR" => &[
            (2, First(Label::Id)),
            (3, First(Label::Id)),
            (7, First(Label::Date)),
            (8, First(Label::Date)),
            (10, Staff),
            (14, First(Label::Date)),
            (16, Staff),
            (17, All(Label::Phone)),
            (18, First(Label::Id)),
            (19, First(Label::Id)),
            (22, First(Label::Date)),
            (28, Staff),
            (32, Staff),
            (33, Staff),
            (34, Staff),
            (35, Staff),
        ],
        "OBX" => &[
            (14, First(Label::Date)),
            (16, Staff),
            (18, First(Label::Device)),
            (19, First(Label::Date)),
            (23, First(Label::Organization)),
            (24, All(Label::Location)),
            (25, Staff),
        ],
        "MSH" => &[
            (4, First(Label::Organization)),
            (6, First(Label::Organization)),
            (7, First(Label::Date)),
            (10, First(Label::Id)),
        ],
        "EVN" => &[(2, First(Label::Date)), (5, Staff), (6, First(Label::Date))],
        "TXA" => &[
            (4, First(Label::Date)),
            (5, Staff),
            (9, Staff),
            (10, Staff),
            (11, Staff),
            (12, First(Label::Id)),
        ],
        "SCH" => {
            &[(1, First(Label::Id)), (2, First(Label::Id)), (12, Staff), (16, Staff), (20, Staff)]
        }
        "DG1" => &[(5, First(Label::Date)), (16, Staff)],
        _ => &[],
    }
}

/// Finds the fields of HL7 messages.
pub(super) struct Hl7 {
    segments: AhoCorasick,
    detector: Arc<str>,
}

impl Hl7 {
    pub(super) fn new() -> Result<Self, super::RuleError> {
        let names = [
            "PID|", "PD1|", "NK1|", "PV1|", "MRG|", "GT1|", "IN1|", "ORC|", "OBR|", "OBX|", "MSH|",
            "EVN|", "TXA|", "SCH|", "DG1|",
        ];
        let segments = AhoCorasick::new(names)
            .map_err(|error| super::RuleError::Builtin { name: "hl7", why: error.to_string() })?;
        Ok(Self { segments, detector: Arc::from("rules.hl7") })
    }

    pub(super) fn find(&self, text: &str, found: &mut Vec<Detection>) {
        if memchr::memchr(b'|', text.as_bytes()).is_none() {
            return;
        }
        let mut done = 0;
        for name in self.segments.find_iter(text) {
            let starts = super::engine::byte_before(text, name.start());
            if name.start() < done || starts.is_ascii_alphanumeric() || starts == b'|' {
                continue;
            }
            let Some(line) =
                text.get(name.start()..).and_then(|rest| rest.split(['\r', '\n']).next())
            else {
                continue;
            };
            done = name.start() + line.len();
            self.segment(text, Span::new(name.start(), done), found);
        }
    }

    fn segment(&self, text: &str, span: Span, found: &mut Vec<Detection>) {
        let Some(line) = span.of(text) else { return };
        let Some(segment) = line.get(..3) else { return };
        // MSH-1 is the separator itself.
        let shift = usize::from(segment == "MSH");
        let known = fields(segment);
        let mut at = span.start;
        for (number, field) in line.split('|').enumerate() {
            if let Some(&(_, kind)) =
                known.iter().find(|&&(known, _)| known == number + shift && number > 0)
            {
                let mut start = at;
                for repeated in field.split('~') {
                    self.field(start, repeated, kind, found);
                    start += repeated.len() + 1;
                }
            }
            at += field.len() + 1;
        }
    }

    fn field(&self, at: usize, field: &str, kind: Kind, found: &mut Vec<Detection>) {
        let mut start = at;
        for (number, component) in field.split('^').enumerate() {
            let label = match (kind, number) {
                (Person, 0..=3) => Some(Label::Name),
                (Staff, 0) if component.bytes().any(|byte| byte.is_ascii_digit()) => {
                    Some(Label::License)
                }
                (Staff, 0..=3) => Some(Label::Name),
                (Staff, 13) => Some(Label::Organization),
                (Staff, 14) if component.len() > 3 => Some(Label::Organization),
                (First(label), 0) => Some(label),
                // State, country, type and use of an address are no identifiers, nor those of a number.
                (All(Label::Location), 0..=2 | 4 | 8) => Some(Label::Location),
                (All(label), _)
                    if label != Label::Location
                        && component.bytes().filter(u8::is_ascii_digit).count() > 2
                        || component.contains('@') =>
                {
                    if component.contains('@') {
                        Some(Label::Email)
                    } else {
                        Some(label)
                    }
                }
                _ => None,
            };
            let value = component.trim();
            // A suffix such as "MD" in a name's place, an empty field, HL7's null ("") and codes of one letter hold nothing.
            let holds = value.len() > 1
                || (label == Some(Label::Name) && value.starts_with(char::is_alphabetic));
            if let Some(label) = label.filter(|_| holds && value != "\"\"") {
                let lead = component.len() - component.trim_start().len();
                let span = Span::new(start + lead, start + lead + value.len());
                found.push(Detection {
                    label,
                    span,
                    score: 0.97,
                    detector: Arc::clone(&self.detector),
                });
            }
            start += component.len() + 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{finds, finds_not};
    use super::*;

    const MESSAGE: &str = "MSH|^~\\&|LAB|SANDOVAL HEALTH|EHR|NORTH CLINIC|20240215173000||ORU^R01|MSG0099|P|2.5\rPID|1||E3340917^^^SH^MR~88-12^^^X||Doe^Jane^Q^^Ms||19620314|F|||12 Moran St^^Westminster^CA^92683^USA||^PRN^PH^^^714^5550193\rNK1|1|Roe^Karim|SON\rOBX|1|NM|2823-3^POTASSIUM^LN||4.2|mmol/L|3.5-5.1|N|||F\rOBR|1|8840021^SNV|S-774410^LAB|1554-5^GLUCOSE^LN|||202402151730|||||||||1602416830^OSTERGAARD^PALOMA^^^^MD^^^^^^^^SANDOVAL HEALTH";

    #[test]
    fn fields_tell() {
        finds(
            Label::Name,
            &[(MESSAGE, &["Doe", "Jane", "Q", "Roe", "Karim", "OSTERGAARD", "PALOMA"])],
        );
        finds(Label::Mrn, &[(MESSAGE, &["E3340917", "88-12"])]);
        finds(
            Label::Organization,
            &[(MESSAGE, &["SANDOVAL HEALTH", "NORTH CLINIC", "SANDOVAL HEALTH"])],
        );
        finds_not(
            Label::Name,
            &["OBX|1|NM|2823-3^POTASSIUM^LN||4.2|mmol/L|3.5-5.1|N|||F", "RAPID|1||x||Doe^Jane"],
        );
        finds_not(Label::Id, &["OBX|1|NM|2823-3^POTASSIUM^LN||4.2|mmol/L|3.5-5.1|N|||F"]);
    }
}
