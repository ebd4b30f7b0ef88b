//! Numbers behind a cue word: record, plan, account, licence, vehicle, device and other numbers.
//!
//! What follows the cue may have letters, hyphens and slashes and has at least two digits; prefixes
//! such as `SMH-` belong to it, the cue does not. Cue words are those of registration forms, of
//! HL7 v2 (PID-3, PID-18, IN1-36) and of the UDI label (21 CFR 801.40). A cue is as good as certain:
//! no model's guess of another label wins over it.

use super::rule::{Declaration, Hit, Verdict, has_word};
use crate::deidentify::entity::Label;

/// What stands between a cue and its number.
macro_rules! gap {
    () => {
        r"(?:(?:[ \t]*[,:#.=()\x22|>\[-]+[ \t]*|[ \t]+)(?:(?:numbers?|nos?|num|nbr|ids?|identifier|code|is|was|of|on file|ending in|for (?:him|her|this)|card|record|s/?n|plates?)\b\.?|(?:n[o°º]|№)\.?)?){1,3}[ \t_.:#=()\x22-]{0,12}"
    };
}

/// A number with what belongs to it.
macro_rules! number {
    () => {
        r"(?P<v>\b(?:[A-Za-z]{1,8}[-./]?|(?-i:[A-Z]{1,4} ))?\d[A-Za-z0-9]*(?:[-./–][A-Za-z0-9]+)*(?: \d[\d-]+){0,4}|\b[A-Za-z0-9]+(?:[-./][A-Za-z0-9]+)+)"
    };
}

macro_rules! cue {
    ($words:literal) => {
        concat!(r"(?i)(?:\b|_)(?:", $words, r")(?:\b|#)", gap!(), number!())
    };
}

macro_rules! rule {
    ($name:literal, $label:ident, $score:literal, $words:literal) => {
        Declaration {
            name: $name,
            label: Label::$label,
            score: $score,
            pattern: cue!($words),
            check: is_a_number,
        }
    };
}

pub(super) const RULES: &[Declaration] = &[
    rule!(
        "mrn",
        Mrn,
        1.0,
        r"mrn?s?|m\.r\.n?\.?|mr ?#|med(?:ical)?\.? ?rec(?:ord)?s?(?: ?#)?|medical record|patient (?:number|no|#|id|identifier)|pt\.? (?:number|no|#|id)|chart(?: ?#| number| no)|hospital (?:number|no|id)|unit (?:number|no)|emr(?: id| number)|ehr(?: id| number)|epic(?: id)?|cerner(?: id)?|fin|nhs (?:number|no)|uhid|empi|record (?:number|no)|ur number|historia cl[ií]nica|expediente"
    ),
    rule!(
        "health-plan-id",
        HealthPlanId,
        1.0,
        r"(?:member|subscriber|policy|policyholder|beneficiary|enrollee|insured'?s?|insurance|group|grp|payer|plan|medicare|medicaid|medi-?cal|tricare|aetna|cigna|humana|kaiser|anthem|bcbs|blue cross|blue ?cross blue ?shield|united ?health(?:care)?|uhc|hmo|ppo|health plan|coverage|contract|rxbin|rxgrp|rxpcn|bin|pcn)(?: ?(?:id|#|number|no\.?|card|policy|member|group|plan))*|mbi|hicn|hic|cin"
    ),
    rule!(
        "account",
        Account,
        1.0,
        r"acc(?:oun)?ts?|acct|a/c|billing|invoice|guarantor|csn|har|bank(?: account)?|routing|aba|iban|statement|card (?:number|no|ending)|credit card|debit card|visa|mastercard|amex|deposit"
    ),
    rule!(
        "license",
        License,
        0.995,
        r"licen[cs]es?|lic|driver'?s? licen[cs]e|driver'?s? lic|dl|d\.l\.|dea(?: ?#)?|npi|upin|clia|certificates?|certification|cert|credential|registration|reg|rn lic|state lic|state id|permit|provider id|provider number"
    ),
    rule!(
        "vehicle",
        Vehicle,
        1.0,
        r"(?:license|licence|number|car|truck|vehicle|auto|van) ?plates?|plates?|vin|vehicle(?: id)?|tag number|hull|tail number"
    ),
    rule!(
        "device",
        Device,
        1.0,
        r"serial|ser|s/n|sn|lot|batch|udi|device|implant|pacemaker|icd|pump|imei|meid|model (?:number|no)|model|ref|catalog(?:ue)?|asset(?: tag)?|equipment|glucometer|cpap|monitor id|sensor|transmitter|meter"
    ),
    rule!(
        "biometric",
        Biometric,
        1.0,
        r"finger ?prints?|thumb ?print|retinal?(?: scan)?|iris(?: scan)?|voice ?print|palm ?(?:print|vein)|face(?:print| template| id)|facial (?:recognition|template)|biometric|dna profile|gait (?:id|template)"
    ),
    rule!(
        "id",
        Id,
        0.995,
        r"accession|acc|specimen|sample|claims?|case|orders?|visit|encounter|enc|study|job|dictation|confirmation|conf|badge|employee|emp|staff|student|passport|prior auth(?:orization)?|pre-?auth(?:orization)?|auth(?:orization)?|prescription|rx|ticket|file|docket|warrant|interpreter|incident|reference|tracking|trial|subject|participant|donor|transplant|unos|optn|requisition|req|referral|appointment|appt|request|report|form|document|doc|inmate|booking|alien|uscis|visa number|military|dod|va file|veteran|service number|tribal|enrollment|house|locker|pin|passcode|access code|portal|mychart|activation code|voucher|barcode|wristband|bracelet|nino|sin|tfn|curp|rfc|dni|cpf|aadhaar|pan|id|i\.d\.|identification|identifier|key"
    ),
];

/// Cues that are common words, so that the number behind them must look like one.
const WEAK: &[&str] = &[
    "id",
    "case",
    "order",
    "orders",
    "visit",
    "study",
    "file",
    "form",
    "report",
    "document",
    "doc",
    "house",
    "model",
    "ref",
    "lot",
    "batch",
    "pump",
    "icd",
    "bin",
    "key",
    "sample",
    "plan",
    "group",
    "acc",
    "reg",
    "fin",
    "card",
    "tag",
    "code",
    "request",
    "req",
    "rx",
    "pin",
    "appt",
    "appointment",
    "auth",
    "unit",
    "sensor",
    "meter",
    "monitor",
    "device",
    "implant",
    "pacemaker",
    "contract",
    "coverage",
    "coverage",
    "policy",
    "insurance",
    "medicare",
    "medicaid",
    "payer",
    "statement",
    "bank",
    "visa",
    "deposit",
    "trial",
    "subject",
    "referral",
    "incident",
    "job",
    "portal",
    "epic",
    "cert",
    "certification",
    "permit",
    "reference",
    "prescription",
    "emp",
    "staff",
    "student",
    "transplant",
    "donor",
    "iris",
    "retina",
    "retinal",
    "plates",
    "plate",
    "serial",
    "ser",
    "hmo",
    "ppo",
    "kaiser",
    "aetna",
    "cigna",
    "humana",
    "pan",
    "sin",
    "dl",
    "specimen",
    "claim",
    "claims",
    "conf",
    "dictation",
    "interpreter",
    "registration",
    "license",
    "licence",
    "access",
    "catalog",
    "catalogue",
    "asset",
    "equipment",
    "cpap",
    "vehicle",
    "hull",
    "house",
    "locker",
    "activation",
    "npi",
    "dea",
    "encounter",
    "enc",
    "grp",
    "record",
    "mr",
    "billing",
    "invoice",
];

/// What follows a number that is an amount.
const UNITS: &[&str] = &[
    "mg",
    "mcg",
    "ml",
    "g",
    "kg",
    "cm",
    "mm",
    "units",
    "unit",
    "days",
    "day",
    "weeks",
    "week",
    "months",
    "month",
    "years",
    "year",
    "yrs",
    "hours",
    "hour",
    "hrs",
    "minutes",
    "min",
    "times",
    "patients",
    "tablets",
    "tabs",
    "capsules",
    "refills",
    "visits",
    "sessions",
    "beats",
    "bpm",
    "percent",
    "iu",
    "meq",
    "mmhg",
    "joules",
    "fr",
    "french",
    "gauge",
    "liters",
    "l",
    "lb",
    "lbs",
    "yo",
    "y",
    "controls",
    "participants",
    "subjects",
    "cases",
    "samples",
    "specimens",
    "pills",
    "doses",
    "am",
    "pm",
    "x",
    "phase",
    "of",
];

fn is_a_number(hit: &Hit<'_>) -> Verdict {
    let value = hit.value.trim_matches(|c: char| !c.is_alphanumeric());
    let digits = hit.digits().len();
    let letters = value.chars().filter(|c| c.is_alphabetic()).count();
    if digits < 2 || value.len() < 3 {
        return Verdict::Leave;
    }
    // A date, a time, a share or an amount is none.
    let is_date = value.matches('/').count() == 2 && digits <= 8 && letters == 0;
    let is_time = hit.after().starts_with(':') && digits <= 2;
    let is_amount = super::rule::starts_with_word(hit.after(), UNITS) && digits <= 4
        || hit.after().starts_with('%');
    let is_decimal = digits <= 4 && letters == 0 && value.matches('.').count() == 1;
    let is_year = value.len() == 4 && (value.starts_with("19") || value.starts_with("20"));
    let is_long_word = value.chars().take_while(|c| c.is_alphabetic()).count() > 8;
    if is_date || is_time || is_amount || is_decimal || is_long_word {
        return Verdict::Leave;
    }
    // Far more letters than digits: words that a hyphen joins ("follow-up2").
    if letters > 2 * digits + 4 {
        return Verdict::Leave;
    }
    let marked = hit.before().trim_end().ends_with([':', '#', '=', '|', '>', '"', '.', '_']);
    let weak = has_word(last_words(hit.before()), WEAK);
    if weak && !marked && (digits < 5 && letters == 0 || is_year) {
        return Verdict::Leave;
    }
    Verdict::from((marked || !is_year) && (marked || digits >= 3 || letters >= 1))
}

/// The last three words before the value.
fn last_words(before: &str) -> &str {
    let mut blanks = before.trim_end().rmatch_indices(char::is_whitespace);
    let from = blanks.nth(2).map_or(0, |(at, _)| at);
    before.get(from..).unwrap_or_default()
}
