//! Dates in every form that notes use; never a lone year.
//!
//! Source: 45 CFR 164.514(b)(2)(i)(C): all elements of dates except the year. Forms: ISO 8601, HL7
//! v2 (DT and TS: `YYYYMMDD[HHMM[SS]]`), and the ways in which people write.

use super::rule::{Declaration, Hit, Verdict, always, ends_in_word, has_word, starts_with_word};
use crate::deidentify::entity::Label;

const DATE: Label = Label::Date;

pub(super) const RULES: &[Declaration] = &[
    Declaration {
        name: "date-numeric",
        label: DATE,
        score: 0.9,
        pattern: r"\b\d{1,2}(?: ?/\s?\d{1,2} ?/\s?|-\d{1,2}-|\.\d{1,2}\.| - \d{1,2} - )(?:\d{4}|\d{2})\b",
        check: is_numeric,
    },
    Declaration {
        name: "date-iso",
        label: DATE,
        score: 0.95,
        pattern: r"\b(?:1[89]|20)\d{2}(?:-\d{1,2}-|/\d{1,2}/|\.\d{1,2}\.)\d{1,2}(?:T\d{2}:?\d{2}(?::?\d{2}(?:[.,]\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?\b",
        check: is_year_first,
    },
    Declaration {
        name: "date-hl7",
        label: DATE,
        score: 0.9,
        pattern: r"\b(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[T ]?(?:[01]\d|2[0-3])[0-5]\d(?:[0-5]\d)?(?:\.\d{1,4})?(?:[+-]\d{4}|Z)?)?\b",
        check: is_no_longer_id,
    },
    Declaration {
        name: "date-month-day",
        label: DATE,
        score: 0.92,
        pattern: concat!(
            r"(?i)\b(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?|janv(?:ier)?|enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre)\b",
            r"\.?[ \t]{0,3}-?(?:the[ ]+)?\d{1,2}(?:[ ]?(?:st|nd|rd|th))?\b(?:(?:[ ]?,[ \t]*|[ \t]+|-)(?:'\d{2}|(?:19|20)\d{2})\b)?",
        ),
        check: is_month_day,
    },
    Declaration {
        name: "date-day-month",
        label: DATE,
        score: 0.93,
        pattern: concat!(
            r"(?i)\b\d{1,2}(?:[ ]?(?:st|nd|rd|th))?[ \t]{0,2}(?:of[ ]+|de[ ]+)?[-./]?",
            r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?|enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre)\b",
            r"\.?(?:(?:[ ]?,?[ \t]*(?:de[ ]+|of[ ]+)?|[-./])(?:'\d{2}|\d{4}|\d{2})\b)?",
        ),
        check: is_day_month,
    },
    Declaration {
        name: "date-month-year",
        label: DATE,
        score: 0.85,
        pattern: concat!(
            r"(?i)\b(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b",
            r"\.?(?:[ ]?,?[ ]+(?:of[ ]+)?|[-/'])(?:19|20)\d{2}\b",
        ),
        check: always,
    },
    Declaration {
        name: "date-month-slash-year",
        label: DATE,
        score: 0.8,
        pattern: r"\b(?:0?[1-9]|1[0-2])/(?:19|20)\d{2}\b",
        check: stands_alone,
    },
    Declaration {
        name: "date-month",
        label: DATE,
        score: 0.7,
        pattern: r"\b(?:[Ii]n|[Ss]ince|[Uu]ntil|[Ll]ast|[Nn]ext|[Ee]arly|[Ll]ate|[Mm]id|[Tt]his|[Bb]y|[Tt]hrough|[Ff]rom|[Oo]f|[Bb]ack in)[ -](?P<v>January|February|March|April|May|June|July|August|September|October|November|December|Jan|Feb|Apr|Aug|Sept?|Oct|Nov|Dec)\b",
        check: always,
    },
    Declaration {
        name: "date-in-words",
        label: DATE,
        score: 0.88,
        pattern: concat!(
            r"(?i)\b(?:january|february|march|april|may|june|july|august|september|october|november|december)[ ]+(?:the[ ]+)?",
            r"(?:twenty|thirty)?[ -]?(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|thirteenth|fourteenth|fifteenth|sixteenth|seventeenth|eighteenth|nineteenth|twentieth|thirtieth)\b",
        ),
        check: always,
    },
    Declaration {
        name: "date-day-in-words",
        label: DATE,
        score: 0.88,
        pattern: concat!(
            r"(?i)\b(?:twenty|thirty)?[ -]?(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|thirteenth|fourteenth|fifteenth|sixteenth|seventeenth|eighteenth|nineteenth|twentieth|thirtieth)[ ]+(?:day[ ]+)?of[ ]+",
            r"(?:january|february|march|april|may|june|july|august|september|october|november|december)\b",
        ),
        check: always,
    },
    Declaration {
        name: "date-short",
        label: DATE,
        score: 0.75,
        pattern: r"\b(?:0?[1-9]|1[0-2])/(?:0?[1-9]|[12]\d|3[01])\b",
        check: is_short,
    },
    Declaration {
        name: "date-short-european",
        label: DATE,
        score: 0.7,
        pattern: r"(?i)\b(?:on|since|until|from|seen|dated|date|admitted|discharged|visit|by|due|dob|born)[ :]{1,3}(?P<v>(?:1[3-9]|2\d|3[01])/(?:0?[1-9]|1[0-2])|\d{1,2}\.\d{1,2}\.)(?:[^\d/]|$)",
        check: stands_alone,
    },
    Declaration {
        name: "date-cue",
        label: DATE,
        score: 0.93,
        pattern: r"(?i)\b(?:dob|d\.o\.b\.?|birth[ -]?date|date of birth|birth day|born(?: on)?|date of (?:service|admission|discharge|death|visit|procedure|surgery|injury|onset)|dos|doa|dod|admit(?:ted)? date|discharge date|admission date|service date|collected|collection date|date)\b[ \t]*(?:is|was|on)?[ \t:#.=_-]{0,8}(?P<v>\d{1,2}[ ./-]{1,3}\d{1,2}[ ./-]{1,3}\d{2,4}|\d{6}|\d{8}|\d{4}[ ./-]\d{1,2}[ ./-]\d{1,2}|\d{1,2}[-/.]\d{1,2})\b",
        check: is_cued,
    },
    Declaration {
        name: "date-ocr",
        label: DATE,
        score: 0.85,
        pattern: r"\b[\dOolIS]{1,2} ?/ ?[\dOolIS]{1,2} ?/ ?[\dOolIS]{4}\b",
        check: is_misread,
    },
    Declaration {
        name: "date-holiday",
        label: DATE,
        score: 0.75,
        pattern: r"(?i)\b(?:christmas(?: eve| day)?|new year'?s(?: eve| day)?|valentine'?s day|thanksgiving(?: day)?|halloween|easter(?: sunday| monday)?|labor day|memorial day|independence day|4th of july|fourth of july|mother'?s day|father'?s day|boxing day|cinco de mayo)(?:,? (?:of )?(?:19|20)\d{2})?\b",
        check: always,
    },
];

/// Month and day within their range, in either order.
fn is_day_and_month(first: u32, second: u32) -> bool {
    let month = |number| (1..=12).contains(&number);
    let day = |number| (1..=31).contains(&number);
    (month(first) && day(second)) || (day(first) && month(second))
}

fn numbers(text: &str) -> Vec<u32> {
    let parts = text.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty());
    parts.filter_map(|part| part.parse().ok()).collect()
}

fn is_numeric(hit: &Hit<'_>) -> Verdict {
    let parts = numbers(hit.value);
    let [first, second, _] = parts.as_slice() else { return Verdict::Leave };
    let glued = hit.before().ends_with(['-', '.', '/']) || hit.after().starts_with('/');
    // "1.2.10" is a section or a version more often than a date.
    let dotted = hit.value.contains('.') && !is_likely_dotted(hit.value);
    Verdict::from(is_day_and_month(*first, *second) && !glued && !dotted)
}

fn is_likely_dotted(value: &str) -> bool {
    let year = value.rsplit('.').next().unwrap_or_default();
    year.len() == 4 || year.parse::<u32>().is_ok_and(|year| year >= 10)
}

fn is_year_first(hit: &Hit<'_>) -> Verdict {
    let parts = numbers(hit.value.split('T').next().unwrap_or_default());
    let [_, month, day] = parts.as_slice() else { return Verdict::Leave };
    let glued = hit.before().ends_with(['-', '/']);
    Verdict::from((1..=12).contains(month) && (1..=31).contains(day) && !glued)
}

fn is_no_longer_id(hit: &Hit<'_>) -> Verdict {
    Verdict::from(!hit.before().ends_with(['-', '#', '.', '/']) && !hit.after().starts_with('-'))
}

fn stands_alone(hit: &Hit<'_>) -> Verdict {
    let marks = ['/', '-', '.'];
    Verdict::from(!hit.before().ends_with(marks) && !hit.after().starts_with('/'))
}

/// "may 2 tablets" and "dec 5 mg" are no dates.
fn is_month_day(hit: &Hit<'_>) -> Verdict {
    let parts = numbers(hit.value);
    let Some(day) = parts.first() else { return Verdict::Leave };
    if !(1..=31).contains(day) {
        return Verdict::Leave;
    }
    let lower = hit.value.starts_with(|c: char| c.is_lowercase());
    let ambiguous = ["may", "march", "mar", "dec"].iter().any(|month| {
        hit.value.get(..month.len()).is_some_and(|start| start.eq_ignore_ascii_case(month))
    });
    if lower && ambiguous && starts_with_word(hit.after(), UNITS) {
        return Verdict::Leave;
    }
    Verdict::from(!hit.after().starts_with(['%', '/']))
}

fn is_day_month(hit: &Hit<'_>) -> Verdict {
    let parts = numbers(hit.value);
    let day = parts.first().is_some_and(|day| (1..=31).contains(day));
    // "took 2 may need 3": a number before the verb.
    let lower = hit.value.to_ascii_lowercase();
    let verb = (lower.ends_with("may") || lower.ends_with("mar") || lower.ends_with("march"))
        && hit.value.ends_with(|c: char| c.is_lowercase())
        && hit.value.contains(' ')
        && !hit.value.contains("of ")
        && !hit.value.chars().any(|c| c.is_uppercase())
        && !has_cue(hit.before());
    Verdict::from(day && !verb && !hit.before().ends_with(['.', '/']))
}

/// Words that stand before a date.
const CUES: &[&str] = &[
    "on",
    "since",
    "from",
    "until",
    "till",
    "til",
    "thru",
    "through",
    "dated",
    "date",
    "dob",
    "born",
    "seen",
    "admitted",
    "admit",
    "adm",
    "d/c",
    "dc",
    "discharged",
    "discharge",
    "visit",
    "appt",
    "appointment",
    "f/u",
    "fu",
    "followup",
    "follow-up",
    "last",
    "by",
    "due",
    "start",
    "started",
    "starting",
    "stop",
    "stopped",
    "ended",
    "begun",
    "began",
    "mon",
    "tue",
    "tues",
    "wed",
    "thu",
    "thur",
    "thurs",
    "fri",
    "sat",
    "sun",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "labs",
    "lab",
    "ct",
    "mri",
    "xray",
    "x-ray",
    "echo",
    "ekg",
    "ecg",
    "surgery",
    "biopsy",
    "bx",
    "colonoscopy",
    "scan",
    "us",
    "ultrasound",
    "mammogram",
    "procedure",
    "op",
    "lmp",
    "edd",
    "edc",
    "and",
    "to",
    "between",
    "as of",
    "again",
    "then",
    "note",
    "called",
    "refill",
    "refilled",
    "placed",
    "removed",
    "drawn",
    "collected",
    "received",
    "signed",
    "dos",
    "doi",
    "vaccine",
    "dose",
    "shot",
    "booster",
    "injection",
    "cycle",
    "for",
    "in",
    "before",
    "after",
    "week of",
    "hospitalized",
    "er",
    "ed",
    "clinic",
    "result",
    "results",
    "culture",
    "cultures",
    "night",
    "morning",
    "afternoon",
    "pm",
    "am",
    "of",
];

/// Words after which two numbers and a slash are a score, a pressure or a share.
const SCORES: &[&str] = &[
    "pain",
    "score",
    "scored",
    "scale",
    "strength",
    "power",
    "murmur",
    "grade",
    "gcs",
    "mmse",
    "moca",
    "apgar",
    "apgars",
    "phq",
    "gad",
    "bp",
    "vision",
    "acuity",
    "ratio",
    "reflexes",
    "reflex",
    "dtr",
    "dtrs",
    "pulses",
    "pulse",
    "rating",
    "rated",
    "rates",
    "rate",
    "sem",
    "stage",
    "nyha",
    "lot",
    "mallampati",
    "bishop",
    "slums",
    "out",
    "nrs",
    "vas",
    "asthma",
    "ratings",
    "intensity",
    "severity",
    "level",
    "x",
    "half",
    "normal",
    "nebs",
    "points",
    "pts",
    "motor",
    "extremities",
    "throughout",
    "bilaterally",
];

/// Words after which they are an amount.
const UNITS: &[&str] = &[
    "tab",
    "tabs",
    "tablet",
    "tablets",
    "cap",
    "caps",
    "capsule",
    "capsules",
    "mg",
    "mcg",
    "ml",
    "cc",
    "g",
    "kg",
    "cm",
    "mm",
    "in",
    "inch",
    "inches",
    "strength",
    "normal",
    "pack",
    "packs",
    "ppd",
    "cup",
    "cups",
    "dose",
    "doses",
    "mmhg",
    "pain",
    "murmur",
    "sem",
    "systolic",
    "holosystolic",
    "tsp",
    "teaspoon",
    "units",
    "unit",
    "hpf",
    "lpf",
    "full",
    "way",
    "of",
    "hour",
    "hours",
    "ns",
    "point",
    "points",
    "l",
    "lb",
    "lbs",
    "oz",
    "pill",
    "pills",
    "patch",
    "percent",
    "throughout",
    "bilaterally",
    "bilat",
    "in all",
    "times",
    "weeks",
    "days",
    "beats",
    "more",
    "additional",
    "strength",
    "power",
    "motor",
];

fn has_cue(before: &str) -> bool {
    ends_in_word(before, CUES)
}

/// `3/14` is a date behind a cue, or where nothing speaks for a score or a fraction.
fn is_short(hit: &Hit<'_>) -> Verdict {
    let (before, after) = (hit.before(), hit.after());
    let glued = before.ends_with(|c: char| "/-.$".contains(c) && !is_range(before))
        || after.starts_with('/')
        || after.starts_with('%')
        || (after.starts_with('.') && after.chars().nth(1).is_some_and(|c| c.is_ascii_digit()))
        || (after.starts_with('-') && !is_range_after(after));
    let parts = numbers(hit.value);
    let (Some(&first), Some(&second)) = (parts.first(), parts.get(1)) else {
        return Verdict::Leave;
    };
    // The words just before count, not those of another sentence.
    let near = near(before);
    if glued || starts_with_word(after, UNITS) || has_word(near, SCORES) {
        return Verdict::Leave;
    }
    let fraction =
        matches!((first, second), (1, 2..=4) | (2 | 3, 3 | 4) | (1, 8) | (4 | 3, 5) | (5, 5));
    let out_of_ten = second == 10 || (second == 5 && first <= 5) || (second == 6 && first <= 6);
    let cued =
        has_cue(before) || starts_a_line(before) || is_range(before) || is_range_after(after);
    match (cued, fraction || out_of_ten) {
        (true, false) => Verdict::Score(0.85),
        (true, true) => {
            let line = starts_a_line(before) && after.starts_with([':', ' ']);
            Verdict::from(
                line || has_strong_cue(before) || is_range(before) || is_range_after(after),
            )
        }
        (false, false) => Verdict::from(second > 12 || hit.value.starts_with('0') || second >= 7),
        (false, true) => Verdict::Leave,
    }
}

/// The last few words before, within the same clause.
fn near(before: &str) -> &str {
    let clause = before.rfind(['\n', ';', ',', '(', '.']).map_or(0, |at| at + 1);
    let clause = before.get(clause..).unwrap_or_default();
    let mut from = clause.len().saturating_sub(24);
    while !clause.is_char_boundary(from) {
        from += 1;
    }
    clause.get(from..).unwrap_or_default()
}

/// Behind these even "1/2" is a date.
fn has_strong_cue(before: &str) -> bool {
    let cues = [
        "on",
        "since",
        "dated",
        "dob",
        "seen",
        "admitted",
        "discharged",
        "visit",
        "appt",
        "due",
        "until",
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
        "mon",
        "tue",
        "wed",
        "thu",
        "fri",
        "sat",
        "sun",
        "d/c",
        "dc",
        "f/u",
        "surgery",
        "date",
        "labs",
        "lmp",
        "edd",
    ];
    ends_in_word(before, &cues)
}

fn starts_a_line(before: &str) -> bool {
    let line = before.rsplit('\n').next().unwrap_or(before);
    line.trim_matches([' ', '\t', '-', '*', '•', '(', '[']).is_empty() && !line.ends_with('-')
}

/// Whether a date and a hyphen stand before: `3/14-3/16`.
fn is_range(before: &str) -> bool {
    let Some(first) = before.strip_suffix(['-', '–']).map(str::trim_end) else { return false };
    let token = first.rsplit(|c: char| c.is_whitespace() || c == '(').next().unwrap_or_default();
    token.contains('/') && token.starts_with(|c: char| c.is_ascii_digit())
}

fn is_range_after(after: &str) -> bool {
    let rest = after.trim_start().trim_start_matches(['-', '–']).trim_start();
    let token = rest.split(|c: char| c.is_whitespace() || c == ')').next().unwrap_or_default();
    after.trim_start().starts_with(['-', '–'])
        && token.contains('/')
        && token.starts_with(|c: char| c.is_ascii_digit())
}

/// Behind "DOB:" six or eight digits, and dates with blanks, are dates too.
fn is_cued(hit: &Hit<'_>) -> Verdict {
    let digits = hit.digits();
    let parts = numbers(hit.value);
    let plausible = match (parts.as_slice(), digits.len()) {
        ([_], 6 | 8) => true,
        ([first, second], _) => is_day_and_month(*first, *second),
        ([first, second, third], _) => {
            is_day_and_month(*first, *second) || is_day_and_month(*second, *third)
        }
        _ => false,
    };
    Verdict::from(plausible && !hit.after().starts_with(['/', '%']))
}

/// Scans read 0 as O and 1 as l: `O9/1l/1955`.
fn is_misread(hit: &Hit<'_>) -> Verdict {
    let letters = hit.value.chars().any(char::is_alphabetic);
    let read: String = hit
        .value
        .chars()
        .map(|c| match c {
            'O' | 'o' => '0',
            'l' | 'I' => '1',
            'S' => '5',
            other => other,
        })
        .collect();
    let parts = numbers(&read);
    let [first, second, year] = parts.as_slice() else { return Verdict::Leave };
    Verdict::from(letters && is_day_and_month(*first, *second) && (1850..=2100).contains(year))
}
