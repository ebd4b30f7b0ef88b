//! Why something was found: each detector's own findings, and a sentence for each.
//!
//! For people who look at their own text. A reason may quote what stands before a finding, so it
//! goes to the caller alone, never into a log.

use super::{
    Deidentifier,
    detector::{DetectError, Least},
    document::Documents,
    entity::{Detection, Label},
};
use crate::{settings::Settings, wire::walk::Leaf};

/// What was found, and what every detector said of it, by leaf; spans in bytes of the leaf's text.
pub struct Explained {
    /// What is replaced: sorted and disjoint.
    pub found: Vec<Vec<Detection>>,
    /// The findings that it came of, overlapping as they were.
    pub evidence: Vec<Vec<Detection>>,
}

impl Deidentifier {
    /// As [`Deidentifier::find`], with the findings that it came of. With `least`, what a label's
    /// score there makes count counts, and nothing else of that label, whatever the detectors' own
    /// thresholds.
    ///
    /// # Errors
    /// When any detector fails.
    pub async fn explain(&self, leaves: &[Leaf], least: &Least) -> Result<Explained, DetectError> {
        let documents = Documents::of(leaves);
        let texts = documents.texts();
        let mut raw = self.detectors.search(texts.clone(), Some(least)).await?;
        for found in &mut raw {
            found.retain(|one| least.get(&one.label).is_none_or(|&least| one.score >= least));
        }
        let evidence = documents.all_to_leaves(&raw, leaves.len());
        let pooled = self.detectors.pool(&texts, raw);
        let by_leaf = documents.to_leaves(&pooled, leaves.len());
        let found = self.settle(leaves, by_leaf, documents.joined(&pooled));
        Ok(Explained { found, evidence })
    }
}

/// Says why `detection` stands in `text`.
pub fn reason(detection: &Detection, text: &str, settings: &Settings) -> String {
    let label = detection.label;
    let detector = &*detection.detector;
    if let Some(ner) = settings.detectors.ner.iter().find(|ner| ner.name == detector) {
        let threshold = ner.thresholds.get(&label).copied().unwrap_or(ner.threshold);
        let article = article(label);
        return format!(
            "The model {detector} reads it as {article} {label} in its sentence (it reports from a probability of {threshold} on)."
        );
    }
    let why = match detector {
        "propagate" => {
            "The same value was found elsewhere in the request, so it is replaced here too."
                .to_owned()
        }
        "seam" => format!(
            "It is a part of {}, which begins or ends in the text beside this one.",
            what(label)
        ),
        "known" => "The request itself names it as an identifier (deid.known).".to_owned(),
        "participant" => "It stands in the field for a participant's name.".to_owned(),
        "rules.deny" => {
            "It is on this gateway's list of what is always PHI (policy.deny).".to_owned()
        }
        "rules.hl7" => format!("It stands in an HL7 field that holds {}.", what(label)),
        "rules.table" => format!("It stands in a column whose heading says {}.", what(label)),
        "rules.json" | "rules.xml" | "rules.vcard" => {
            format!("It stands in a field whose name says {}.", what(label))
        }
        _ => match detector.strip_prefix("rules.") {
            Some(rule) if settings.detectors.custom.iter().any(|custom| custom.name == rule) => {
                format!("It matches this gateway's own pattern {rule}.")
            }
            Some(_) => format!("It has the form of {}.", what(label)),
            None => format!("The detector {detector} found {}.", what(label)),
        },
    };
    match cue(text, detection) {
        Some(cue) if detector.starts_with("rules.") => format!("{why} It stands after “{cue}”."),
        _ => why,
    }
}

fn article(label: Label) -> &'static str {
    match label.as_str().bytes().next() {
        Some(b'A' | b'E' | b'I' | b'O' | b'U') => "an",
        // Letters that are spelled out: an SSN, an MRN.
        _ if matches!(label, Label::Ssn | Label::Mrn) => "an",
        _ => "a",
    }
}

/// What a label means, in words.
pub fn what(label: Label) -> &'static str {
    match label {
        Label::Name => "a person's name",
        Label::Date => "a date",
        Label::Age => "an age over 89",
        Label::Location => "a place smaller than a state",
        Label::Phone => "a telephone number",
        Label::Fax => "a fax number",
        Label::Email => "an email address",
        Label::Ssn => "a social security number",
        Label::Mrn => "a medical record number",
        Label::HealthPlanId => "a health plan number",
        Label::Account => "an account number",
        Label::License => "a licence or certificate number",
        Label::Vehicle => "a vehicle's number",
        Label::Device => "a device's number",
        Label::Url => "a web address",
        Label::Ip => "a network address",
        Label::Biometric => "a biometric identifier",
        Label::Organization => "a facility, employer or school",
        Label::Id => "another identifying number or code",
    }
}

/// The words right before a finding that end in a mark (`MRN:`, `Dr.`, `SSN #`), at most three.
fn cue<'t>(text: &'t str, detection: &Detection) -> Option<&'t str> {
    const MOST_WORDS: usize = 3;
    const MOST_BYTES: usize = 32;
    let before = text.get(..detection.span.start)?;
    let line = before.rsplit(['\n', '\r', '\t']).next()?.trim_end();
    if !line.ends_with([':', '#', '.', '=']) {
        return None;
    }
    // A cue is one phrase: it does not reach over other marks, wide gaps or numbers.
    let body = line.trim_end_matches([':', '#', '.', '=', ' ']);
    let mark = body.rfind([',', ';', ':', '(', ')', '.', '|', '"']).map(|at| at + 1);
    let from = mark.max(body.rfind("  ").map(|at| at + 2)).unwrap_or(0);
    let phrase = line.get(from..)?;
    let mut words: Vec<&str> = phrase.split_whitespace().collect();
    let most = if line.ends_with('.') { 1 } else { MOST_WORDS };
    words.drain(..words.len().saturating_sub(most));
    if let Some(last) = words.iter().rposition(|word| word.contains(|c: char| c.is_numeric())) {
        words.drain(..=last);
    }
    let at = phrase.rfind(words.first()?)?;
    let cue = phrase.get(at..)?.trim();
    let has_word = cue.chars().any(char::is_alphabetic);
    (has_word && cue.len() <= MOST_BYTES).then_some(cue)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{cue, reason};
    use crate::{
        deidentify::entity::{Detection, Label, Span},
        settings::{CustomSettings, Settings},
    };

    fn found(text: &str, value: &str, label: Label, detector: &str) -> Detection {
        let start = text.find(value).unwrap();
        let span = Span::new(start, start + value.len());
        Detection { label, span, score: 0.9, detector: Arc::from(detector) }
    }

    #[test]
    fn the_cue_is_the_phrase_before_it() {
        for (text, value, expected) in [
            ("Seen today. MRN: 4471", "4471", Some("MRN:")),
            ("by Dr. Okonkwo", "Okonkwo", Some("Dr.")),
            ("DOB 3/4, SSN # 123", "123", Some("SSN #")),
            ("a long way of saying date of birth: 3/4", "3/4", Some("date of birth:")),
            ("John", "John", None),
            ("was John", "John", None),
            ("3.4: John", "John", None),
            ("Patient: Ann Lee   MRN: 4471", "4471", Some("MRN:")),
            ("SSN 536-22-8145 Phone: 555", "555", Some("Phone:")),
            ("naïve été: Zoë", "Zoë", Some("naïve été:")),
        ] {
            let found = found(text, value, Label::Id, "rules.x");
            assert_eq!(cue(text, &found), expected, "{text}");
        }
    }

    #[test]
    fn every_detector_has_a_reason() {
        let mut settings = Settings::default();
        settings.detectors.custom.push(CustomSettings {
            name: "ward".to_owned(),
            label: Label::Id,
            pattern: "W[0-9]+".to_owned(),
            score: 1.0,
        });
        let text = "MRN: 4471 John";
        let says = |value: &str, label: Label, detector: &str| {
            reason(&found(text, value, label, detector), text, &settings)
        };
        assert_eq!(
            says("4471", Label::Mrn, "rules.mrn"),
            "It has the form of a medical record number. It stands after “MRN:”."
        );
        assert!(says("John", Label::Name, "phi-ner").contains("model phi-ner"));
        assert!(says("John", Label::Name, "propagate").contains("elsewhere"));
        assert!(says("John", Label::Name, "known").contains("deid.known"));
        assert!(says("4471", Label::Id, "rules.ward").contains("own pattern ward"));
        assert!(says("4471", Label::Id, "rules.deny").contains("policy.deny"));
        assert!(says("John", Label::Name, "presidio").contains("detector presidio"));
    }
}
