//! Notations that models take for identifiers and that name nobody: sequence variants, positions in
//! a genome, scores on scales ("Berg 38/56"), codes of public terminologies. What a model finds is dropped when it lies in one.

use once_cell::sync::Lazy;
use regex::Regex;

use crate::deidentify::entity::{Detection, Span};

/// How much text on either side of a find is looked at, in bytes.
const AROUND: usize = 96;

/// HGVS nomenclature (varnomen.hgvs.org) on RefSeq and Ensembl accessions, dbSNP, chromosome
/// positions, scales named after people with what was measured, and a code beside the name of its system in FHIR, C-CDA and HL7 v2.
static NOTATION: Lazy<Regex> = Lazy::new(|| {
    #[expect(clippy::unwrap_used, reason = "a constant, compiled by the tests")]
    Regex::new(concat!(
        r"(?x)",
        r"\b(?:N[CGMPRTW]_[0-9]{4,12}|ENS[TGP][0-9]{11}|LRG_[0-9]{1,6})(?:\.[0-9]{1,2})?(?:\([A-Z0-9-]{1,12}\))?(?:\s?:\s?[cgmnpr]\.\(?[A-Za-z0-9_*+=>?-]{1,40}\)?)?",
        r"|\b[cgmnr]\.[-*0-9][0-9_+*>ACGTacgtdelinsup-]{1,40}",
        r"|\bp\.\(?[A-Z][a-z]{2}[0-9]{1,6}[A-Za-z0-9*=]{1,20}\)?",
        r"|\brs[0-9]{3,12}\b",
        r"|\bchr(?:[0-9]{1,2}|[XYM])\s?:\s?[gm]?\.?[0-9][0-9,]{2,14}(?:\s?-\s?[0-9][0-9,]{2,14})?",
        r#"|(?i:snomed|loinc|rxnorm|icd-?(?:9|10)|unitsofmeasure|hl7\.org)[^"'\s]{0,40}["']\s*,\s*["']code["']\s*:\s*["'][^"']{1,20}["']"#,
        r#"|(?i:\bcode\s?=\s?["'][^"']{1,20}["']\s+codeSystem\s?=\s?["'][0-9.]{5,40}["'])"#,
        r"|\b(?i:apgar|ashworth|ballard|barthel|berg|bishop|borg|braden|caprini|child-pugh|epworth|glasgow|gleason|hamilton|katz|khorana|lawton|morse|norton|padua|ranson|snellen|tanner|tinetti|wells)(?:['’]?s)?",
        r"(?:(?:\s(?i:adl|balance|chart|class|coma|criteria|fall|grade|iadl|index|scale|score|stage|test)s?)+(?:[:=\s]{1,3}[0-9]{1,3}(?:\s?/\s?[0-9]{1,3})?)?|\s[0-9]{1,3}\s?/\s?[0-9]{1,3}\b)",
        r"|\b(?:NDC|CPT|HCPCS|LOINC|SNOMED(?:\s?CT)?|RxCUI|RXCUI|ICD(?:-?(?:9|10)(?:-CM|-PCS)?)?|DRG|PMID|ISBN|CVX|DSM(?:-5|-IV)?)\b[:\#\s]{0,3}[A-Z0-9][A-Z0-9.-]{1,16}\b",
        // Departments after their label.
        r"|\b(?i:loc|location|dept|department|svc|service|clinic|unit|ward|team|consult|attn)\s?[:=]\s{0,3}(?i:anes|card|cards|cv|derm|endo|ent|er|gi|gu|gyn|heme|hem|icu|id|int\smed|lab|med|neph|nephro|neuro|ob|onc|ophtho|ortho|path|peds|plastics|psych|pulm|radonc|rads|renal|rheum|surg|trauma|uro|urgent|vasc|wound)\b",
        // Diagnoses of ICD-10-CM, and what an obstetric history counts.
        r"|\b[A-TV-Z][0-9][0-9AB]\.[0-9A-Z]{1,4}\b|\bG[0-9]{1,2}\s?P[0-9]{1,4}\b",
        // Programs that take dictation, and laws.
        r"|\bDragon\s(?:Medical(?:\sOne)?|Naturally\s?Speaking|Ambient|Copilot|DAX|dictation|software|speech|voice)\b|\b(?:using|via|with|by)\sDragon(?:\sMedical(?:\sOne)?)?\b|\b(?i:good\ssamaritan\s(?:act|law)|sepsis-[123])\b",
        // Works of literature, in the style of the National Library of Medicine: with a year, a journal, a volume or
        // as a numbered reference. "Maria, Jose, et al" in the room are people.
        r"|(?:(?:\b\p{Lu}[\p{L}'’-]+(?:\s\p{Lu}{1,3})?,\s)+|\b\p{Lu}[\p{L}'’-]+(?:\s\p{Lu}{1,3})?\s)et\sal\b(?:\.?,?\s?[(\[]?(?:19|20)[0-9]{2}\b|[.,]{1,2}\s(?:N\.?\sEngl|NEJM|JAMA|JACC|Lancet|BMJ|Ann|Arch|Am\.?\sJ|J\s\p{Lu}|Eur|Br\.?\sJ|Circulation|Chest|Blood|Nat|Nature|Science|Cochrane|Pediatrics|Neurology|Stroke|Diabetes|Crit\sCare|Clin|Int\sJ|PLoS|Radiology|Cancer|Hypertension|Kidney|Gut|Thorax)\b[^\n0-9/:]{0,32}\b(?:19|20)[0-9]{2}\b|[^\n0-9/:]{1,40}\b(?:(?:19|20)[0-9]{2};\s?[0-9]{1,4}(?:\([0-9]{1,3}\))?|[0-9]{1,4}\([0-9]{1,3}\)):\s?[a-z]?[0-9]{1,6}\b)",
        r"|(?:\A|\n)[\s\[]{0,4}[0-9]{1,3}[.)\]]\s{1,3}(?:\p{Lu}[\p{L}'’-]+\s\p{Lu}{1,3},\s)+et\sal\b",
        r"|\b(?:19|20)[0-9]{2};\s?[0-9]{1,4}(?:\([0-9]{1,3}\))?:\s?[a-z]?[0-9]{1,6}(?:\s?[-–]\s?[0-9]{1,6})?",
        // Places in the names of tests, rules, devices and diseases.
        r"|\b(?i:st\.?\s(?:john|vitus)['’]?s?\s(?:wort|dance)|agent\sorange(?:\sregistry)?|west\snile(?:\svirus)?|rocky\smountain\sspotted\sfever|(?:rift\s)?valley\sfever|philadelphia\s(?:chromosome|collar)|(?:boston|milwaukee|charleston|miami\sj)\s(?:brace|collar|bowel)|ottawa\s(?:ankle|knee|heart)|canadian\s(?:ct|c-spine)|edinburgh\s(?:postnatal|scale)|cincinnati\s(?:prehospital|stroke)|montreal\scognitive|kansas\scity\scardiomyopathy|rotterdam\scriteria|tokyo\sguidelines|berlin\s(?:definition|questionnaire)|vancouver\sscar|toronto\s(?:criteria|bedside)|manchester\striage|mediterranean\s(?:diet|fever)|hong\skong\sflu|lyme\sdisease|san\sfrancisco\ssyncope|pittsburgh\ssleep|boston\sdiagnostic|denver\s(?:ii|developmental)|los\sangeles\s(?:grade|classification|motor))",
        r"|\b[0-9]{3,18}(?:-[0-9])?\^[^|^]{0,60}\^(?:LN|SCT|I9C?|I10C?|CVX|MVX|NDC|RXNORM|UCUM|C4|HL7[0-9]{4})\b",
    ))
    .unwrap()
});

/// Whether `detection` in `text` lies in a notation that names nobody.
pub(super) fn is_notation(text: &str, detection: &Detection) -> bool {
    let Span { start, end } = detection.span;
    let from = text.floor_char_boundary(start.saturating_sub(AROUND));
    let to = text.ceil_char_boundary((end + AROUND).min(text.len()));
    let Some(around) = text.get(from..to) else { return false };
    NOTATION
        .find_iter(around)
        .any(|found| from + found.start() <= start && end <= from + found.end())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::is_notation;
    use crate::deidentify::entity::{Detection, Label, Span};

    fn notation(text: &str, found: &str) -> bool {
        let start = text.find(found).unwrap();
        let span = Span::new(start, start + found.len());
        is_notation(
            text,
            &Detection { label: Label::Id, span, score: 1.0, detector: Arc::from("test") },
        )
    }

    #[test]
    fn variants_and_codes_name_nobody() {
        for (text, found) in [
            ("NM_000546.6:c.742C>T (p.Arg248Trp)", "000546"),
            ("Berg 38/56, TUG", "Berg 38/56"),
            ("Morse fall scale 45", "Morse"),
            ("NDC 0002-8215-01", "0002-8215-01"),
            ("takes St. John's wort", "St. John's wort"),
            ("Miami J collar", "Miami J"),
            ("NM_000546.6:c.742C>T (p.Arg248Trp)", "c.742C>T"),
            ("NM_000546.6(TP53):c.742C>T p.(Arg248Trp)", "Arg248Trp"),
            ("het c.80845_80846del", "80846del"),
            ("rs121912651 in the aunt", "rs121912651"),
            ("DOB: 1/1/60  Loc: Endo", "Endo"),
            ("Svc: Onc, ATTN: Derm", "Derm"),
            ("1. Ponikowski P, Voors AA, et al. ESC", "Ponikowski P"),
            ("as Okafor et al. (2019) found", "Okafor"),
            ("Okafor T, Smith J, et al, 2021", "Smith J"),
            ("McMurray JJ, Packer M, et al. N Engl J Med 2014;371:993", "Packer M"),
            ("Voors AA, et al. Heart Fail Rev 37(3):2129", "Voors AA"),
            ("labs\n12) Voors AA, et al. ESC", "Voors AA"),
            ("Eur Heart J 2016;37:2129-2200.", "2129-2200"),
            ("dictated with Dragon Medical One;", "Dragon Medical One"),
            ("transcribed by Dragon, not proofread", "Dragon"),
            ("|S61.411A|", "411A"),
            ("Guerrero,Yesenia G4P2012 EGA", "G4P2012"),
            ("chr17:7577539 (GRCh37)", "7577539"),
            (r#"{"system":"http://snomed.info/sct","code":"233604007"}"#, "233604007"),
            (r#"<code code="8302-2" codeSystem="2.16.840.1.113883.6.1"/>"#, "8302-2"),
            ("OBX|1|NM|2951-2^SODIUM^LN||131", "2951-2"),
        ] {
            assert!(notation(text, found), "{text}: {found}");
        }
    }

    #[test]
    fn identifiers_beside_them_are_identifiers() {
        for (text, found) in [
            ("NM_000546.6 for MRN 7577539", "7577539"),
            (r#"{"system":"http://clinic.example/mrn","code":"233604007"}"#, "233604007"),
            ("PID|1||5590213^^^SNV^MR", "5590213"),
            ("rs1 Arlo Finch", "Arlo Finch"),
            ("Attn: Dermott", "Dermott"),
            ("dictated by Jane Roe with Dragon", "Jane Roe"),
            ("Daryl Dragon came", "Daryl Dragon"),
            ("MRN S61411A", "S61411A"),
            ("Loc: Endo, Pt: Endo Kenji", "Endo Kenji"),
            ("Okafor, who et al", "Okafor"),
            ("as Okafor et al. found", "Okafor"),
            ("Family present: Maria, Jose, et al.", "Jose"),
            ("Family present: Maria, Jose, et al.", "Maria"),
            ("Rounds with Gupta, Okonkwo, et al this morning", "Okonkwo"),
            ("lives with Femi, Ada, Chidi, et al.", "Femi"),
            ("Family: Okafor et al in the room", "Okafor"),
            ("Present: Smith J, Okafor T, et al", "Smith J"),
            ("Rounds with Gupta, Okonkwo, et al on 3/4/2024", "Gupta"),
            ("Rounds with Gupta, Okonkwo, et al at 10:30", "Gupta"),
            ("1. Maria, Jose, et al. came", "Jose"),
            (r#"{"system":"http://snomed.info/sct","code":"2336"},"subject":"5590213""#, "5590213"),
        ] {
            assert!(!notation(text, found), "{text}: {found}");
        }
    }
}
