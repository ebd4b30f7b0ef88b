//! Street addresses, boxes, zip codes, cities beside their state, rooms, coordinates.
//!
//! Sources: 45 CFR 164.514(b)(2)(i)(B); United States Postal Service, Publication 28, appendices B
//! (states) and C (street suffixes, secondary units).

use super::rule::{Declaration, Hit, Verdict, always, has_word};
use crate::deidentify::entity::Label;

const LOCATION: Label = Label::Location;

/// Suffixes that are hardly anything else.
macro_rules! suffix {
    () => {
        r"(?:street|str|avenue|ave|boulevard|blvd|drive|lane|ln|road|rd|court|circle|cir|terrace|ter|place|parkway|pkwy|highway|hwy|square|sq|trail|trl|way|crescent|close|alley|plaza|turnpike|tpke|expressway|esplanade|causeway|crossing|route|rte|loop|point|row|mews|walk|heights|hts|gardens|grove|hill|ridge|run|path|pike|bend|cove|landing|commons|manor|st|dr|ct|pl)"
    };
}

macro_rules! unit {
    () => {
        r"(?:[ ]?,?[ ]{0,2}(?:(?:apt|apartment|suite|ste|unit|fl|floor|rm|room|bldg|building|lot|spc|trlr)\.?[ ]?#?[ ]?[a-z0-9][a-z0-9-]{0,6}|#[ ]?[a-z0-9-]{1,6})\b)?"
    };
}

macro_rules! state {
    () => {
        r"(?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|GU|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|P[AR]|RI|S[CD]|T[NX]|UT|V[AIT]|W[AIVY]|Alabama|Alaska|Arizona|Arkansas|California|Colorado|Connecticut|Delaware|Florida|Georgia|Hawaii|Idaho|Illinois|Indiana|Iowa|Kansas|Kentucky|Louisiana|Maine|Maryland|Massachusetts|Michigan|Minnesota|Mississippi|Missouri|Montana|Nebraska|Nevada|New Hampshire|New Jersey|New Mexico|New York|North Carolina|North Dakota|Ohio|Oklahoma|Oregon|Pennsylvania|Rhode Island|South Carolina|South Dakota|Tennessee|Texas|Utah|Vermont|Virginia|Washington|West Virginia|Wisconsin|Wyoming)"
    };
}

pub(super) const RULES: &[Declaration] = &[
    Declaration {
        name: "street",
        label: LOCATION,
        score: 0.9,
        pattern: concat!(
            r"(?i)\b\d{1,6}(?:-\d{1,4})?[a-z]?[ ]{1,2}(?:(?:north|south|east|west|[nsew]|ne|nw|se|sw)\.?[ ]{1,2})?(?:(?:[\p{L}][\p{L}'’.-]{0,20}|\d{1,3}(?:st|nd|rd|th))[ ]{1,2}){1,4}",
            suffix!(),
            r"\b\.?(?:[ ](?:n|s|e|w|ne|nw|se|sw|north|south|east|west)\b)?",
            unit!(),
        ),
        check: is_street,
    },
    Declaration {
        name: "street-without-number",
        label: LOCATION,
        score: 0.8,
        pattern: r"\b(?:\p{Lu}[\p{L}'’-]{1,20}[ ]){1,3}(?:Street|Avenue|Ave|Boulevard|Blvd|Lane|Road|Rd|Parkway|Highway|Turnpike|Terrace|Crescent)\b\.?",
        check: always,
    },
    Declaration {
        name: "street-foreign",
        label: LOCATION,
        score: 0.85,
        pattern: r"(?i)\b(?:calle|avenida|rue|via|viale|piazza|carrera|calzada|rua|plaza de)[ ](?:(?:de|del|la|las|los|el|du|des|di|da)[ ])*[\p{L}'’-]{2,20}(?:[ ][\p{L}'’-]{2,20}){0,2}[ ,]{1,3}(?:no\.?[ ]?|n[º°][ ]?|#[ ]?)?\d{1,5}[a-z]?\b|\b[\p{Lu}][\p{L}-]{2,24}(?:straße|strasse|weg|gasse|platz|allee)[ ]\d{1,4}[a-z]?\b",
        check: always,
    },
    Declaration {
        name: "unit",
        label: LOCATION,
        score: 0.75,
        pattern: r"\b(?:[Aa]pt|[Aa]partment|APT|[Ss]uite|[Ss]te|SUITE)\b\.?[ ]?#?[ ]?\d{1,5}[A-Za-z]?\b",
        check: always,
    },
    Declaration {
        name: "po-box",
        label: LOCATION,
        score: 0.95,
        pattern: r"(?i)\bp\.?[ ]?o\.?[ ]?box[ ]?#?[ ]?\d{1,7}\b|\b(?:rural route|rr|hc)[ ]\d{1,3}[ ,]{1,2}box[ ]\d{1,6}\b",
        check: always,
    },
    Declaration {
        name: "zip",
        label: LOCATION,
        score: 0.9,
        pattern: concat!(r"\b", state!(), r"\.?[ ,]{1,3}(?P<v>\d{5}(?:[- ]?\d{4})?)\b"),
        check: always,
    },
    Declaration {
        name: "zip-cue",
        label: LOCATION,
        score: 0.93,
        pattern: r"(?i)\b(?:zip(?:[ -]?code)?|postal(?:[ -]?code)?|postcode|post code|c\.?p\.)\b[ \t:#.=]{1,8}(?:is[ ])?(?P<v>\d{5}(?:-\d{4})?|\d{3}\b|[a-z]\d[a-z][ ]?\d[a-z]\d|[a-z]{1,2}\d[a-z\d]?[ ]?\d[a-z]{2})\b",
        check: always,
    },
    Declaration {
        name: "zip-plus-four",
        label: LOCATION,
        score: 0.7,
        pattern: r"\b\d{5}-\d{4}\b",
        check: always,
    },
    Declaration {
        name: "postcode-canada",
        label: LOCATION,
        score: 0.85,
        pattern: r"\b[ABCEGHJ-NPRSTVXY]\d[ABCEGHJ-NPRSTV-Z][ -]\d[ABCEGHJ-NPRSTV-Z]\d\b",
        check: always,
    },
    Declaration {
        name: "postcode-uk",
        label: LOCATION,
        score: 0.8,
        pattern: r"\b(?:[A-PR-UWYZ][A-HK-Y]?\d[A-Z\d]?)[ ]\d[ABD-HJLNP-UW-Z]{2}\b",
        check: always,
    },
    Declaration {
        name: "city-state",
        label: LOCATION,
        score: 0.85,
        pattern: concat!(
            r"(?P<v>\b(?:(?:St|Ft|Mt|San|Santa|Los|Las|El|La|New|North|South|East|West|Fort|Port|Lake|Mount|Saint)\.?[ ])?\p{Lu}[\p{L}'’-]{2,20}(?:[ ](?:\p{Lu}[\p{L}'’-]{2,20}|(?:of|on|by)[ ](?:the[ ])?\p{Lu}[\p{L}]{2,20})){0,2}),[ ]{1,2}",
            state!(),
            r"\b",
        ),
        check: is_city,
    },
    Declaration {
        name: "city-state-capitals",
        label: LOCATION,
        score: 0.8,
        pattern: concat!(
            r"(?P<v>\b[A-Z][A-Z'-]{2,20}(?:[ ][A-Z][A-Z'-]{2,20}){0,2}),[ ]{1,2}",
            state!(),
            r"[ ,]{1,3}\d{5}\b"
        ),
        check: always,
    },
    Declaration {
        name: "place-cue",
        label: LOCATION,
        score: 0.8,
        pattern: r"\b(?:[Ll]ives? in|[Ll]iving in|[Rr]esid(?:es|ing) in|[Rr]esident of|[Mm]oved (?:here )?(?:from|to)|[Bb]orn in|[Gg]rew up in|[Rr]aised in|[Nn]ative of|[Oo]riginally from|[Ff]lew in from|[Hh]ome in|[Hh]ometown(?: is|:)?|[Cc]ity(?: is|:)|CITY:|[Tt]own(?: of|:)|[Vv]illage of|[Cc]ounty of|[Tt]ransferred from|[Ii]mmigrated from|[Ss]tationed (?:in|at)|[Vv]isiting from|[Tt]raveled to|[Dd]rove from)[ ]{1,3}(?P<v>\p{Lu}[\p{L}'’-]{2,20}(?:[ ]\p{Lu}[\p{L}'’-]{2,20}){0,2})",
        check: is_city,
    },
    Declaration {
        name: "county",
        label: LOCATION,
        score: 0.8,
        pattern: r"\b(?P<v>\p{Lu}[\p{L}'’-]{2,20}(?:[ ]\p{Lu}[\p{L}'’-]{2,20})?)[ ](?:County|Parish|Township|Borough)\b",
        check: always,
    },
    Declaration {
        name: "coordinates",
        label: LOCATION,
        score: 0.9,
        pattern: r#"-?\b\d{1,3}\.\d{4,8}°?[ ]?[NSns]?[ ,;]{1,3}-?\d{1,3}\.\d{4,8}°?(?:[ ]?[EWew]\b)?|\b\d{1,3}°[ ]?\d{1,2}['’′](?:[ ]?\d{1,2}(?:\.\d+)?["”″])?[ ]?[NSns][ ,;]{0,3}\d{1,3}°[ ]?\d{1,2}['’′](?:[ ]?\d{1,2}(?:\.\d+)?["”″])?[ ]?[EWew]\b"#,
        check: always,
    },
];

/// "2 weeks in a row", "120 mg way": a unit or a plain verb between number and suffix.
fn is_street(hit: &Hit<'_>) -> Verdict {
    const NO_STREET: &[&str] = &[
        "mg", "mcg", "ml", "cm", "mm", "weeks", "week", "days", "day", "years", "year", "yo",
        "months", "month", "hours", "minutes", "times", "patient", "pt", "the", "a", "in", "to",
        "of", "and", "with", "was", "is", "for", "tablets", "tabs", "tab", "po", "daily", "bid",
        "on", "at", "units", "by", "his", "her", "per", "old", "male", "female", "point", "walk",
        "this", "from", "lb", "lbs", "kg", "degrees", "beats", "steps", "feet", "miles", "more",
        "out", "or", "min", "bpm", "mmhg", "then", "x", "hrs", "ct", "mri",
    ];
    let mut words = hit.value.split_whitespace();
    let number = words.next().unwrap_or_default();
    let words: Vec<&str> = words.collect();
    let plain = words.iter().any(|word| {
        NO_STREET.iter().any(|no| no.eq_ignore_ascii_case(word)) && !is_suffix_here(word, &words)
    });
    // "drive", "way", "run", "walk" in lower case need the number of a house before them.
    let lower = words.iter().all(|word| word.starts_with(char::is_lowercase));
    let soft = [
        "walk", "run", "way", "point", "row", "close", "hill", "drive", "loop", "place", "path",
        "pl", "ct", "dr", "st", "bend", "ter", "route", "str", "sq",
    ];
    let last = words.last().map_or("", |word| word.trim_end_matches('.'));
    let weak = lower && soft.iter().any(|word| word.eq_ignore_ascii_case(last)) && number.len() < 3;
    let glued = hit.before().ends_with(['.', '/', '-', '$']);
    Verdict::from(!plain && !weak && !glued)
}

/// Whether a word that could be plain is the suffix itself ("Center Point").
fn is_suffix_here(word: &str, words: &[&str]) -> bool {
    words.len() > 1 && words.last() == Some(&word) && word.starts_with(char::is_uppercase)
}

/// Names of people and things stand before a comma and two capitals too: "Jane Roe, MD".
fn is_city(hit: &Hit<'_>) -> Verdict {
    const NO_CITY: &[&str] = &[
        "patient",
        "the",
        "she",
        "he",
        "denies",
        "allergies",
        "history",
        "lungs",
        "heart",
        "plan",
        "assessment",
        "exam",
        "heent",
        "cardiac",
        "department",
        "dr",
        "mr",
        "mrs",
        "ms",
        "clinic",
        "hospital",
        "today",
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
    ];
    let mut next = hit.after().trim_start_matches([',', ' ']).split(|c: char| !c.is_alphanumeric());
    // Credentials that are states too.
    let credential = matches!(next.next(), Some("MD" | "PA" | "DO" | "MS" | "MA"))
        && !hit
            .after()
            .trim_start_matches([',', ' '])
            .get(2..)
            .unwrap_or_default()
            .trim_start_matches([',', ' ', '.'])
            .starts_with(|c: char| c.is_ascii_digit());
    let comma = hit.after().starts_with(',');
    let titled = has_word(
        hit.before().rsplit(['\n', '.']).next().unwrap_or_default(),
        &["dr", "by", "provider", "attending", "physician", "signed", "rn"],
    );
    Verdict::from(!(has_word(hit.value, NO_CITY) || credential && comma && titled))
}
