//! HL7 v2 segments: a field's number says what it holds.
//!
//! Source: HL7 version 2.5.1, chapters 2 (encoding characters), 3 (PID, NK1, PV1), 4 (ORC, OBR),
//! 6 (GT1, IN1), with FT1 and others left to the other rules.

use std::sync::Arc;

use super::{fields, push};
use crate::deidentify::entity::{Detection, Label};

/// Fields by segment; MSH counts its separator as field 1.
const SEGMENTS: &[(&str, &[(usize, Label)])] = &[
    (
        "MSH",
        &[(4, Label::Organization), (6, Label::Organization), (7, Label::Date), (10, Label::Id)],
    ),
    ("EVN", &[(2, Label::Date), (5, Label::Name), (6, Label::Date)]),
    (
        "PID",
        &[
            (2, Label::Mrn),
            (3, Label::Mrn),
            (4, Label::Mrn),
            (5, Label::Name),
            (6, Label::Name),
            (7, Label::Date),
            (9, Label::Name),
            (11, Label::Location),
            (12, Label::Location),
            (13, Label::Phone),
            (14, Label::Phone),
            (18, Label::Account),
            (19, Label::Ssn),
            (20, Label::License),
            (21, Label::Mrn),
            (23, Label::Location),
            (29, Label::Date),
        ],
    ),
    ("PD1", &[(3, Label::Organization), (4, Label::Name)]),
    (
        "NK1",
        &[
            (2, Label::Name),
            (4, Label::Location),
            (5, Label::Phone),
            (6, Label::Phone),
            (13, Label::Organization),
            (16, Label::Date),
            (30, Label::Name),
            (31, Label::Phone),
            (37, Label::Ssn),
        ],
    ),
    (
        "PV1",
        &[
            (7, Label::Name),
            (8, Label::Name),
            (9, Label::Name),
            (17, Label::Name),
            (19, Label::Id),
            (44, Label::Date),
            (45, Label::Date),
            (50, Label::Id),
            (52, Label::Name),
        ],
    ),
    (
        "GT1",
        &[
            (2, Label::Account),
            (3, Label::Name),
            (4, Label::Name),
            (5, Label::Location),
            (6, Label::Phone),
            (7, Label::Phone),
            (8, Label::Date),
            (12, Label::Ssn),
            (16, Label::Organization),
            (17, Label::Location),
            (18, Label::Phone),
        ],
    ),
    (
        "IN1",
        &[
            (2, Label::HealthPlanId),
            (4, Label::Organization),
            (5, Label::Location),
            (6, Label::Name),
            (7, Label::Phone),
            (8, Label::HealthPlanId),
            (9, Label::Organization),
            (12, Label::Date),
            (13, Label::Date),
            (16, Label::Name),
            (18, Label::Date),
            (19, Label::Location),
            (36, Label::HealthPlanId),
            (49, Label::HealthPlanId),
        ],
    ),
    (
        "ORC",
        &[
            (2, Label::Id),
            (3, Label::Id),
            (9, Label::Date),
            (10, Label::Name),
            (11, Label::Name),
            (12, Label::Name),
            (14, Label::Phone),
            (15, Label::Date),
            (21, Label::Organization),
        ],
    ),
    (
        "OBR",
        &[
            (2, Label::Id),
            (3, Label::Id),
            (6, Label::Date),
            (7, Label::Date),
            (8, Label::Date),
            (10, Label::Name),
            (14, Label::Date),
            (16, Label::Name),
            (17, Label::Phone),
            (22, Label::Date),
            (28, Label::Name),
            (32, Label::Name),
            (33, Label::Name),
            (34, Label::Name),
        ],
    ),
    (
        "OBX",
        &[(14, Label::Date), (15, Label::Organization), (16, Label::Name), (18, Label::Device)],
    ),
    (
        "TXA",
        &[(4, Label::Date), (5, Label::Name), (9, Label::Name), (10, Label::Name), (12, Label::Id)],
    ),
    (
        "SCH",
        &[(1, Label::Id), (2, Label::Id), (11, Label::Date), (12, Label::Name), (16, Label::Name)],
    ),
    ("DG1", &[(5, Label::Date), (16, Label::Name)]),
    ("AL1", &[(6, Label::Date)]),
];

/// Codes that stand among the components of names, ids and addresses.
const CODES: &[&str] = &[
    "L", "D", "M", "N", "A", "B", "C", "P", "MR", "MD", "DO", "RN", "NP", "PA", "PHD", "JR", "SR",
    "DR", "MRS", "MS", "USA", "US", "PI", "PN", "SS", "NPI", "AN", "VN", "H", "HP", "PRN", "PH",
    "CP", "ORN", "WPN", "NET", "INTERNET", "F", "U", "O", "ISO", "DL", "PT", "XX",
];

/// Adds the identifiers of the HL7 segments in `text`.
pub(super) fn find(text: &str, found: &mut Vec<Detection>) {
    if !text.contains('|') {
        return;
    }
    let detector: Arc<str> = Arc::from("rules.hl7");
    let mut start = 0;
    for line in text.split(['\n', '\r']) {
        let at = start + (line.len() - line.trim_start().len());
        start += line.len() + 1;
        let line = line.trim();
        let segment = SEGMENTS
            .iter()
            .find(|(name, _)| line.strip_prefix(name).is_some_and(|rest| rest.starts_with('|')));
        if let Some((name, labels)) = segment {
            segment_fields(line, at, if *name == "MSH" { 2 } else { 1 }, labels, &detector, found);
        }
    }
}

fn segment_fields(
    line: &str,
    at: usize,
    first: usize,
    labels: &[(usize, Label)],
    detector: &Arc<str>,
    found: &mut Vec<Detection>,
) {
    let mut start = at;
    for (number, field) in line.split('|').enumerate() {
        let label = number
            .checked_sub(1)
            .and_then(|number| labels.iter().find(|(own, _)| *own == number + first))
            .map(|(_, label)| *label);
        if let Some(label) = label {
            for part in fields::parts(field, start, &['^', '&', '~']) {
                let value = field.get(part.start - start..part.end - start).unwrap_or_default();
                if is_identifier(label, value) {
                    push(label, part, detector, found);
                }
            }
        }
        start += field.len() + 1;
    }
}

fn is_identifier(label: Label, value: &str) -> bool {
    let code = CODES.iter().any(|code| code.eq_ignore_ascii_case(value));
    match label {
        Label::Location => !code && !fields::is_state(value),
        Label::Date => value.len() > 4 && value.bytes().any(|b| b.is_ascii_digit()),
        Label::Organization => !code && value.len() > 2,
        _ => !code,
    }
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn fields_are_known_by_their_number() {
        let text = "MSH|^~\\&|LAB|MERCY WEST|EHR|CLINIC7|20240215173000||ORU^R01|MSG00471|P|2.5\r\
            PID|1||4471009^^^MERCY^MR||DOE^JOHN^Q^^MR||19620314|M|||14 LARKSPUR LN^^CAMBRIDGE^MA^02139^USA||6175550142\r\
            OBX|1|NM|718-7^HGB||9.1|g/dL|12-16|L\n";
        let mut found = Vec::new();
        find(text, &mut found);
        let values: Vec<_> =
            found.iter().map(|d| (d.label.as_str(), d.span.of(text).unwrap())).collect();
        assert_eq!(
            values,
            [
                ("ORGANIZATION", "MERCY WEST"),
                ("ORGANIZATION", "CLINIC7"),
                ("DATE", "20240215173000"),
                ("ID", "MSG00471"),
                ("MRN", "4471009"),
                ("MRN", "MERCY"),
                ("NAME", "DOE"),
                ("NAME", "JOHN"),
                ("NAME", "Q"),
                ("DATE", "19620314"),
                ("LOCATION", "14 LARKSPUR LN"),
                ("LOCATION", "CAMBRIDGE"),
                ("LOCATION", "02139"),
                ("PHONE", "6175550142"),
            ]
        );
    }

    #[test]
    fn a_pipe_in_prose_is_no_segment() {
        let mut found = Vec::new();
        find("BP 120/80 | HR 80 | PIDS|1|2|3|4|5", &mut found);
        assert!(found.is_empty());
    }
}
