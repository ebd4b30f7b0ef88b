//! Numbers that a cue marks: record, account, plan, licence and other numbers.
//!
//! No standard fixes their form, each issuer has its own; what stands before them tells what they
//! are (Safe Harbor's list, 45 CFR 164.514(b)(2)(i)(H)-(K), (R)). The span is the whole identifier
//! with its prefix, "SMH-0045512", without the cue.

use super::engine::{Check, Found, Hit, Rule, Start};
use super::words::listed;
use crate::deidentify::entity::{Label, Span};

/// A cue that names a number, as against one that must be followed by "number", "#", ":" or the like.
const fn cue(name: &'static str, label: Label, words: &'static str, pattern: &'static str) -> Rule {
    Rule { name, label, score: 0.95, start: Start::Words(words), pattern, check: STRONG }
}

const fn weak(
    name: &'static str,
    label: Label,
    words: &'static str,
    pattern: &'static str,
) -> Rule {
    Rule { name, label, score: 0.85, start: Start::Words(words), pattern, check: weak_value }
}

const STRONG: Check = strong_value;

pub(super) const RULES: &[Rule] = &[
    cue(
        "mrn",
        Label::Mrn,
        "mrn mr m medlcal emrn medical med mpi empi emr uhid hrn urn nhs chi hcn \
                 cpi",
        r"(?:e?mrn|e?mpi|m\.?r\.?[ ]?n\b\.?|mr[ ]?(?:#|n[o0]\b\.?|num\b|number)|(?:med[il1]cal|med\.?)[ ]*(?:rec(?:[o0]rd)?s?|chart)\b\.?|emr|uhid|hrn|urn|cpi|nhs|chi)(?:'s|s)?(?:/[a-z]{2,5})?<sep>(<id>)",
    ),
    cue(
        "mrn",
        Label::Mrn,
        "patient pt hospital hosp chart record unit client resident person \
                 subject health clinical",
        r"(?:patient|pt\.?|hospital|hosp\.?|chart|record|unit|client|resident|person|health[ ]record|clinical[ ](?:record|chart))['s]{0,2}[ ]?(?:[#]|(?:id|identifier|ident|identification|mrn|number|num|no|nr|key|code|reference|record|chart|account)\b\.?)(?:[ ](?:id|number|no|num|key|code)\b\.?)?<sep>(<id>)",
    ),
    weak(
        "mrn",
        Label::Mrn,
        "chart mr record hospital file patient pt",
        r"(?:(?:chart|mr|hospital|file)[ ]?[:#]|(?:medical[ ])?(?:chart|record|file)(?:[ ](?:is|was))?[ ](?:indexed|filed|stored|kept|listed|registered)[ ](?:by|under|as)[ :#]|record[ ]?(?:[:#\x22№]{1,4})?)[ ]{0,2}[\x22]?(<id>)",
    ),
    cue(
        "account",
        Label::Account,
        "acct account acc0unt acc billing invoice bill statement guarantor \
                 payment ledger fin har csn membership",
        r"(?:(?:patient[ ]|billing[ ]|bank[ ]|guarantor[ ]|payment[ ])?(?:accts?|acc[o0]unts?)\b\.?(?:[ ](?:ref(?:erence)?|key|code|nr|number|no|num|id)\b\.?)?(?:[ ](?:ending|ends)(?:[ ](?:in|with))?)?|invoice(?:[ ](?:number|no|num|id)\b\.?)?|(?:billing|guarantor|ledger|statement|payment|membership)[ ](?:ref(?:erence)?|id|number|no|num|code|key)\b\.?|fin|har|csn)<sep>(<id>)",
    ),
    cue(
        "health_plan",
        Label::HealthPlanId,
        "policy member mbr subscriber beneficiary insurance ins plan group grp \
                 medicaid medicare hicn mbi medi cin payer coverage certificate insured \
                 tricare enrollee family rxgrp rxgroup rx health hpid",
        r"(?:(?:policy|member|mbr|subscriber|beneficiary|insurance|ins\.?|plan|group|grp|coverage|payer|insured|enrollee|family|health[ ]plan|health[ ]insurance|health[ ]card)(?:'s)?(?:[ ](?:policy|member|plan|group|beneficiary|card|coverage))?[ ]?(?:[#]|(?:id|identifier|identification|number|num|no|nr|nbr)\b\.?)|medicaid|medicare|hicn|mbi|medi-?cal|cin|tricare|hpid|rx[ ]?(?:grp|group))<sep>(<id>)",
    ),
    weak(
        "health_plan",
        Label::HealthPlanId,
        "policy group grp member subscriber plan insurance ins insured",
        r"(?:policy|group|grp|member|subscriber|plan|insurance|ins|insured)[ ]?[:#=.]{1,40}[ ]{0,3}(<id>)",
    ),
    weak(
        "health_plan",
        Label::HealthPlanId,
        "aetna anthem bcbs blue bluecross cigna humana uhc united kaiser molina \
                 centene vsp hmsa tricare optum ambetter oscar wellcare amerigroup medica \
                 healthnet emblemhealth geisinger priority oxford delta metlife eyemed \
                 davis champva caresource bupa axa premera highmark carefirst ohip msp \
                 ppo hmo insurance ins policy payer policy coverage",
        r"(?-i:(?:Aetna|AETNA|aetna|[A-Za-z]{3,12}))(?:[ ](?:health(?:care)?|shield|cross|blue|ppo|hmo|medicare|advantage|dental|vision|plan|gold|silver|of[ ][a-z]{2,12}|insurance)){0,4}[ ]?[:#(,]?[ ]?(?:id|policy|member|no\.?|number|#)?[:# ]{0,2}((?:[a-z]{1,4}[ -]?)?[a-z0-9]*[0-9]{3,}[a-z0-9]*(?:[- ][0-9]{2,6}){0,3})\b",
    ),
    Rule {
        name: "number",
        label: Label::Id,
        score: 0.85,
        check: five_digits,
        start: Start::Words(
            "policy membership member plan identifier serial reference identity \
                 license licence account record chart mrn passport",
        ),
        pattern: r"(?:(?:policy|plan|member(?:ship)?|account|record|chart|passport)[ ](?:reference|identifier|key|number|code|id)|serial(?:[ ]number)?|reference|identifier|mrn)(?:[ ](?:supplied|given|provided|recorded|listed|entered|on[ ]file|today|here|now)){0,3}[ ]?(?:is|was|=|:{1,2}|/|-)[ ]?[ ]?#?(<id>)",
    },
    Rule {
        name: "health_plan",
        label: Label::HealthPlanId,
        score: 0.8,
        check: five_digits,
        start: Start::Words("policy group grp member subscriber"),
        pattern: r"(?:policy|group|grp|member|subscriber)[ ]{1,2}(<id>)",
    },
    cue(
        "license",
        Label::License,
        "license licence lic licensure dl driver drivers npi dea certificate cert \
                 certification credential gmc nmc passport registration reg upin gdc hcpc \
                 state board",
        r"(?:(?:state[ ]|medical[ ]|board[ ]|rn[ ])?(?:licen[cs]e[ ](?:id|identifier|number|no\.?)[ ](?:for|of)(?:[ ]\p{L}{2,14}){1,3}|licen[cs]e|lic|licensure|certificate|certification|cert|credential|registration|reg|passport)\b\.?|dl|driver'?s?'?[ ](?:licen[cs]e|lic)\b\.?|driver'?s?[ ]id|npi|dea|gmc|nmc|gdc|hcpc|upin)<sep>(<id>)",
    ),
    cue(
        "id",
        Label::Id,
        "accession acc accn acsn accessioning edipi encounter enc visit case \
                 claim clm job order reference ref rx prescription specimen requisition \
                 req ticket interpreter employee badge study proband subject confirmation \
                 conf authorization auth preauth tracking incident referral document doc \
                 transaction request report sample participant agency file call prior pa \
                 erx appointment appt student staff user trial protocol donor unos slide \
                 block episode session contract taxpayer tax ein barcode token voucher \
                 docket waiting permit veteran va service inmate booking alien visa",
        r"(?:accession|acc[sn]n?|edipi|(?:encounter|enc|visit|case|claim|clm|job|order|reference|ref|rx|prescription|specimen|requisition|req|ticket|interpreter|employee|badge|study|proband|subject|confirmation|conf|authorization|auth|preauth|tracking|incident|referral|document|doc|transaction|request|report|sample|participant|agency|file|call|prior[ ]auth(?:orization)?|pa|erx|e-?rx|appointment|appt|student|staff|user|trial|protocol|donor|slide|block|episode|session|contract|tax(?:payer)?|barcode|token|voucher|docket|waiting[ -]list|permit|va|veteran|service|inmate|booking|alien|visa)\b\.?(?:[ ](?:ref(?:erence)?|record))?[ ]?(?:[#]|(?:id|identifier|number|num|no|nr|nbr|ref|reference|code)\b\.?))(?:[ ](?:id|number|no|num|code)\b\.?)?<sep>(<id>)",
    ),
    weak(
        "id",
        Label::Id,
        "acc accession encounter enc visit case claim clm job order ref reference \
                 rx specimen requisition ticket confirmation auth authorization tracking \
                 incident referral badge proband participant passport appointment \
                 employee invoice interpreter sample biopsy path pathology report study \
                 adj ein tin batch",
        r"(?:acc|accession|encounter|enc|visit|case|claim|clm|job|order|ref|reference|rx|specimen|requisition|ticket|confirmation|auth|authorization|tracking|incident|referral|badge|proband|participant|passport|appointment|employee|interpreter|sample|biopsy|path(?:ology)?|report|study|ein|tin|batch)\b\.?[ ]?[:#=.(]{0,40}[ ]{0,2}#?(<id>)",
    ),
    Rule {
        name: "passcode",
        label: Label::Id,
        score: 0.85,
        start: Start::Words(
            "passcode password pass pin gate door access lockbox security login \
                 username user userid passwd pwd pw uid verification entry",
        ),
        check: secret,
        pattern: r"(?:(?:pass|door|gate|lockbox|access|security|verification|entry)[ ]?(?:code|word|phrase|pin)|passwd|pwd|pw|pin|(?:user(?:[ ]?(?:name|id))?|login|uid))(?:[ ]?[:=#]{1,2}[ ]?|[ ](?:is|was|code)[ ]|[ ][#(]{0,2})[\x22']?([a-z0-9][a-z0-9_.!@$%*-]{2,24})",
    },
    Rule {
        name: "number",
        label: Label::Id,
        score: 0.6,
        start: Start::Code(2, 16),
        check: formed,
        pattern: r"((?-i:[A-Z]{1,5}[0-9]{1,8}-[A-Z0-9]{0,4}[0-9]{2,10}[A-Z]{0,2}(?:-[A-Z0-9]{1,8}){0,3}|[A-Z]{1,5}[0-9]{4,12}[A-Z]{0,2}))\b",
    },
    Rule {
        name: "number",
        label: Label::Id,
        score: 0.5,
        start: Start::Digits(9, 16),
        check: formed,
        pattern: r"([0-9]{9,16})\b",
    },
    Rule {
        name: "number",
        label: Label::Id,
        score: 0.55,
        start: Start::DigitsWhen(2, 8, |around| around.mark() == b'-'),
        check: formed,
        pattern: r"((?-i:[0-9]{2,8}-[0-9]{2,8}-[0-9A-Z]{1,8}(?:-[0-9A-Z]{1,8}){0,2}))\b",
    },
    Rule {
        name: "number",
        label: Label::Id,
        score: 0.7,
        start: Start::DigitsWhen(2, 14, |around| around.prev == b'-'),
        check: prefixed,
        pattern: r"((?-i:[0-9]{2,14}[A-Z]{0,2}(?:-[A-Z0-9]{1,8}){0,3}))\b",
    },
    Rule {
        name: "number",
        label: Label::Id,
        score: 0.75,
        start: Start::Words("number"),
        check: five_digits,
        pattern: r"number[ ](?:is[ ]|was[ ]|on[ ]file[ ])?(<id>)",
    },
    Rule {
        name: "number",
        label: Label::Id,
        score: 0.9,
        start: Start::Words("id identifier insurer insur"),
        check: weak_value,
        pattern: r"(?:insur(?:er|ance)?[ ])?(?:id|identifier)\b\.?[ ]?(?:no\b\.?|number)?[ ]?[:#=]{0,3}[ ]{0,3}(<id>)",
    },
    Rule {
        name: "number",
        label: Label::Id,
        score: 0.9,
        start: Start::Words("number mrn account policy member code id ssn record pin no"),
        check: read_out,
        pattern: r"(?:number|mrn|id|ssn|account|code|record|pin|no)\b<sep>(<digitword>(?:[\s,-]{1,2}<digitword>){3,20})\b",
    },
    cue(
        "biometric",
        Label::Biometric,
        "biometric biometrics fingerprint fingerprints iris retina retinal voice \
                 voiceprint face facial palm finger thumbprint thumb dna gait vein hand",
        r"(?:biometrics?|(?:finger|thumb|voice|face|palm|hand)[ -]?prints?|(?:iris|retina|retinal|face|facial|voice|palm|finger|vein|gait|hand)(?:[ -](?:vein|recognition|geometry|scan|print|id))?|dna)(?:[ ](?:scan|scans|template|templates|id|identifier|hash|file|token|record|enrollment|enrolment|enrolled|ref|reference|profile|code|card|sample|match|stored|as|key|number|no|minutiae|print|capture)\b\.?){1,6}<sep>(<id>)",
    ),
];

/// A number without a cue: its form tells that somebody was given it, "SMH-0045512".
fn formed(found: &Found<'_>) -> Option<Hit> {
    let value = found.value();
    let prefix: String = value.chars().take_while(char::is_ascii_alphabetic).collect();
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let hyphens = value.bytes().filter(|&byte| byte == b'-').count();
    // Registries, genes, journals and codes of procedures, drugs and diseases are public.
    let public = [
        "NCT", "PMID", "PMC", "RS", "GSE", "ISRCTN", "CPT", "LOINC", "NM", "NP", "NC", "NG",
        "ENSG", "ENST", "ICD", "NDC", "OMIM", "HGNC", "ISBN", "DOI", "CAS", "SCT", "EC", "UMLS",
        "RX", "ATC", "MESH", "ORPHA", "HP", "GO", "CG", "CVE",
    ];
    let near = found.before(14).to_ascii_lowercase();
    let code = [
        "ndc",
        "pmid",
        "cpt",
        "loinc",
        "snomed",
        "doi",
        "isbn",
        "icd",
        "code\":\"",
        "code=\"",
        "chr",
        "rxcui",
        "pmc",
        "omim",
        "grch",
    ]
    .iter()
    .any(|word| near.contains(word));
    let least = match (prefix.len(), hyphens) {
        (0, _) => 9,
        (1, 0) => 6,
        _ => 5,
    };
    let unit = ["mg", "ml", "cell", "copies", "iu", "u/", "%", "per "]
        .iter()
        .any(|unit| found.after(8).to_ascii_lowercase().trim_start().starts_with(unit));
    let cut = found.is_cut()
        || matches!(found.prev(), b'_' | b'.' | b'/' | b'-')
        || matches!(found.next(), b'_' | b'^');
    let drug = is_drug_code(value);
    (digits >= least && !code && !drug && !unit && !cut && !public.contains(&prefix.as_str()))
        .then(|| found.keep())
        .flatten()
}

/// The forms of the National Drug Code (21 CFR 207.33): 4-4-2, 5-3-2, 5-4-1, and 5-4-2 in billing.
pub(in crate::deidentify) fn is_drug_code(value: &str) -> bool {
    let mut parts = value
        .split('-')
        .map(|part| if part.bytes().all(|byte| byte.is_ascii_digit()) { part.len() } else { 0 });
    let form = (parts.next(), parts.next(), parts.next(), parts.next());
    matches!(
        form,
        (Some(4), Some(4), Some(2), None)
            | (Some(5), Some(3), Some(2), None)
            | (Some(5), Some(4), Some(1 | 2), None)
    )
}

/// The same with letters and a hyphen before it: "D-24437836".
fn prefixed(found: &Found<'_>) -> Option<Hit> {
    let head = found.before(8);
    let letters = head.strip_suffix('-')?.bytes().rev().take_while(u8::is_ascii_uppercase).count();
    let start = found.span.start.checked_sub(letters + 1)?;
    let beyond = super::engine::byte_before(found.text, start);
    if !(1..=5).contains(&letters)
        || beyond.is_ascii_alphanumeric()
        || matches!(beyond, b'-' | b'_')
    {
        return None;
    }
    formed(&Found { span: Span::new(start, found.span.end), ..*found })
}

fn five_digits(found: &Found<'_>) -> Option<Hit> {
    let hit = weak_value(found)?;
    let digits = hit.span.of(found.text)?.bytes().filter(u8::is_ascii_digit).count();
    let mixed = value_is_mixed(hit.span.of(found.text)?);
    (digits >= 5 || (digits >= 4 && mixed)).then_some(hit)
}

fn value_is_mixed(value: &str) -> bool {
    value.bytes().any(|byte| byte.is_ascii_uppercase())
}

/// A number read out after its cue, four words or more.
fn read_out(found: &Found<'_>) -> Option<Hit> {
    found.keep()
}

/// Units and words that follow a measurement, never an identifier.
fn trailing_words(part: &str) -> bool {
    !part.bytes().any(|byte| byte.is_ascii_digit())
}

/// The identifier itself: the pattern takes up to five words, of which those that carry on the number stay.
fn identifier(value: &str) -> &str {
    let mut end = 0;
    let mut at = 0;
    let mut has_digit = false;
    for (count, word) in value.split(' ').enumerate() {
        let digits = word.bytes().filter(u8::is_ascii_digit).count();
        let letters = word.bytes().filter(u8::is_ascii_alphabetic).count();
        let figures = digits > 0 && letters == 0;
        let carries = if count == 0 {
            digits > 0
                || (letters <= 5
                    && word.bytes().all(|byte| !byte.is_ascii_lowercase())
                    && !listed("ID NO NUM NUMBER IS OF FOR ON DOB SSN MRN DATE NAME AGE", word))
        } else if !has_digit {
            // A prefix of capitals and then the number: "NY 288104".
            digits > 0
        } else {
            // Groups of figures: "3301 7764", never "1234567 55".
            let previous =
                value.get(..end).unwrap_or_default().rsplit(' ').next().unwrap_or_default();
            let plain = previous.bytes().all(|byte| byte.is_ascii_digit() || byte == b'#');
            figures
                && ((plain && previous.len() <= 4 && (2..=6).contains(&word.len()))
                    || (!plain && previous.len() <= 6 && (4..=8).contains(&word.len())))
        };
        if !carries || (count > 0 && trailing_words(word)) {
            break;
        }
        has_digit |= digits > 0;
        at += word.len();
        end = at;
        at += 1;
    }
    if has_digit { value.get(..end).unwrap_or_default() } else { "" }
}

fn shorten(found: &Found<'_>) -> Option<Span> {
    let value = found.value();
    let kept = identifier(value);
    let from = kept.len() - kept.trim_start_matches('#').len();
    let kept = kept.trim_end_matches(['.', '-', '/', '_', ':', '~']);
    // A "#" that stands apart from its cue belongs to the number: "MRN: #SC98".
    let hash = super::engine::before(found.text, found.span.start, 2);
    let start = found.span.start
        - usize::from(matches!(hash.as_bytes(), [b' ' | b'(' | b':' | b'=', b'#']))
        + if kept.starts_with('#')
            && !kept
                .get(1..2)
                .is_some_and(|next| next.starts_with(|c: char| c.is_ascii_alphabetic()))
        {
            from
        } else {
            0
        };
    let span = Span::new(start, found.span.start + kept.len());
    (span.len() > 1 || found.span.len() == 1).then_some(span)
}

/// "REF 500-03-54E  LOT 73RK21": the catalogue number of a product (ISO 15223-1), not of a piece.
fn is_product(found: &Found<'_>) -> bool {
    const BESIDE: [&str; 11] =
        ["LOT", "QTY", "EXP", "SZ", "SN ", " mm", "DEG", "STEM", "SHELL", "SCREW", "REF  "];
    let cue = found.text.get(found.at..found.span.start).unwrap_or_default();
    if !cue.starts_with("REF ") {
        return false;
    }
    let (head, line) = beside(found.text, found.at, found.span.start);
    BESIDE.iter().any(|word| line.contains(word) || head.contains(word))
}

/// What stands in the line before a number at `start` and from its cue at `at` on: so far as a label reaches, since a
/// line may be a megabyte of numbers.
fn beside(text: &str, at: usize, start: usize) -> (&str, &str) {
    let head = super::engine::before(text, start, 40);
    let line = super::engine::after(text, at, 200);
    (head.rsplit('\n').next().unwrap_or_default(), line.split('\n').next().unwrap_or_default())
}

fn strong_value(found: &Found<'_>) -> Option<Hit> {
    let span = shorten(found)?;
    let value = span.of(found.text)?;
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let after = super::engine::after(found.text, span.end, 6).to_ascii_lowercase();
    let measured = after.starts_with('%')
        || (digits <= 3
            && [
                " mg", "mg", " ml", "ml", " day", " week", " year", " yo", " tab", " visit", " of ",
            ]
            .iter()
            .any(|unit| after.starts_with(unit)));
    // An object identifier names a system, not a patient: "urn:oid:1.2.36.146".
    let system = value.len() > 4
        && (value.get(..4).is_some_and(|head| head.eq_ignore_ascii_case("oid:"))
            || value.matches('.').count() > 3);
    let ratio =
        system || is_product(found) || super::engine::byte_before(found.text, found.at) == b'/';
    // "DL 4.5", "CIN 2.5": a small number with a decimal point is a measurement.
    let decimal = value.split_once('.').is_some_and(|(whole, part)| {
        let figures =
            |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        figures(whole) && figures(part) && digits < 4
    });
    (digits >= 2 && !measured && !ratio && !decimal).then(|| found.keep_span(span)).flatten()
}

/// A secret word holds a digit, or it could be any word.
fn secret(found: &Found<'_>) -> Option<Hit> {
    let value = found.value().trim_end_matches(['.', '!', '-']);
    let secret = value.len() > 2 && value.bytes().any(|byte| byte.is_ascii_digit());
    secret
        .then(|| found.keep_span(Span::new(found.span.start, found.span.start + value.len())))
        .flatten()
}

/// After a cue that has other meanings too, a number counts with four digits, and not as a year.
fn weak_value(found: &Found<'_>) -> Option<Hit> {
    let span = shorten(found)?;
    let value = span.of(found.text)?;
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let year = value.len() == 4 && (value.starts_with("19") || value.starts_with("20"));
    let clock =
        value.contains(':') && value.bytes().all(|byte| byte.is_ascii_digit() || byte == b':');
    let clock_or_date = clock
        || value.matches('/').count() > 0
            && value.bytes().all(|byte| byte.is_ascii_digit() || byte == b'/')
        || value.matches('.').count() > 0
            && value.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let after = super::engine::after(found.text, span.end, 8).to_ascii_lowercase();
    let measured = [
        "mg", "ml", "mcg", "%", "unit", "tab", "cap", "kg", "lb", "cm", "mm", "cc", "hour", "hr",
        "day", "week", "min",
    ]
    .iter()
    .any(|unit| after.trim_start().starts_with(unit));
    (digits >= 4 && !year && !clock_or_date && !measured && !is_product(found))
        .then(|| found.keep_span(span))
        .flatten()
}

#[cfg(test)]
mod tests;
