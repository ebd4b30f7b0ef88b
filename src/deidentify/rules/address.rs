//! Places smaller than a state: street addresses, boxes, postcodes, coordinates, "City, ST 12345".
//!
//! Street suffixes and directions after USPS Publication 28, appendix C; postcodes of the United
//! Kingdom (BS 7666) and Canada (CAN/CSA A1A 1A1).

mod city;

use self::city::{
    canada, city_state, city_state_alone, city_zip, coordinates, place, uk, zip_city, zip_plus_4,
};
use super::{
    engine::{Check, Found, Hit, Rule, Start, always, before, byte_before},
    words::{is_ordinary, listed},
};
use crate::deidentify::entity::{Label, Span};

const fn rule(start: Start, score: f32, pattern: &'static str, check: Check) -> Rule {
    Rule { name: "address", label: Label::Location, score, start, pattern, check }
}

const TYPES: &str = "street avenue ave road lane blvd boulevard parkway pkwy highway hwy drive court \
         terrace trail circle place rd st dr ln ct";
const STATES: &str = "al ak az ar ca co ct de dc fl ga hi id il in ia ks ky la me md ma mi mn ms mo mt \
         ne nv nh nj nm ny nc nd oh ok or pa ri sc sd tn tx ut vt va wa wv wi wy alabama \
         alaska arizona arkansas california colorado connecticut delaware florida georgia \
         hawaii idaho illinois indiana iowa kansas kentucky louisiana maine maryland \
         massachusetts michigan minnesota mississippi missouri montana nebraska nevada \
         ohio oklahoma oregon pennsylvania tennessee texas utah vermont virginia \
         washington wisconsin wyoming new north south west rhode";

pub(super) const RULES: &[Rule] = &[
    rule(
        Start::DigitsWhen(1, 6, |around| {
            !matches!(around.mark(), b'/' | b'.' | b',' | b':' | b'%' | b')' | b'\n')
        }),
        0.95,
        r"([0-9]{1,6}(?:-[0-9]{1,4}|[ ]?½|[a-z])?[ ]{1,2}(?:(?:n|s|e|w|ne|nw|se|sw|north|south|east|west)\b\.?[ ])?(?:[\p{L}0-9][\p{L}0-9'.-]{0,24}\s){1,4}(?:street|st|avenue|ave|av|road|rd|drive|dr|lane|ln|court|ct|circle|cir|blvd|boulevard|way|place|pl|terrace|ter|trail|trl|parkway|pkwy|highway|hwy|loop|square|sq|plaza|plz|alley|aly|crescent|cres|close|row|walk|path|pike|run|mews|bend|cove|cv|crossing|xing|point|pt|ridge|glen|grove|gardens|manor|heights|hts|hollow|landing|meadow|meadows|park|pass|rise|route|spur|station|summit|turnpike|tpke|valley|view|vista|esplanade|expressway|freeway|green|knoll|mall|orchard|quay|strasse|straße)\b\.?(?:[ ](?:n|s|e|w|ne|nw|se|sw)\b\.?)?(?:,?\s(?:apt|apartment|unit|suite|ste|fl|floor|bldg|building|rm|room|lot|trlr|no|#)\b?\.?[ ]?#?[a-z0-9-]{1,8}|,?[ ]#[ ]?[a-z0-9-]{1,8})?)",
        street,
    ),
    rule(
        Start::DigitsWhen(1, 5, |around| matches!(around.mark(), b' ' | b',' | b'b' | b't')),
        0.9,
        r"([0-9]{1,5}(?:[ ]?(?:bis|ter))?,?[ ](?:rue|avenue|boulevard|calle|via|viale|piazza|plaza|avenida|av\.|chemin|place|paseo|camino|rua|highway|hwy|route|county[ ]road|state[ ]road)[ ](?:(?:de|la|le|du|des|del|di|el|las|los|da|do)[ ]){0,2}[\p{L}0-9][\p{L}0-9'.-]{1,30}(?:[ ](?-i:\p{Lu})[\p{L}'-]{1,30}){0,2})",
        titled,
    ),
    rule(
        Start::Words("calle rue via avenida carrera strada ulica ul"),
        0.8,
        r"((?-i:Calle|Rue|Avenida|Carrera|Strada|CALLE|RUE|AVENIDA)[ ](?:(?:de|la|le|du|des|del)[ ]){0,2}\p{L}[\p{L}'.-]{1,30}(?:[ ](?-i:\p{Lu})[\p{L}'-]{1,30}){0,2},?[ ](?:no\.?[ ]?|#)?[0-9]{1,5}[a-z]?)\b",
        always,
    ),
    rule(
        Start::Words("apt apartment unit suite ste lot flat"),
        0.8,
        r"((?:apt|apartment|suite|ste|flat|unit)\b\.?[ ]?#?[0-9]{1,5}[a-z]?)\b",
        unit,
    ),
    rule(
        Start::WordsWhen(TYPES, |around| around.first.is_ascii_uppercase()),
        0.8,
        r"(\p{L}{2,10})\b",
        named_street,
    ),
    rule(
        Start::Words("p po post box"),
        0.97,
        r"((?:p\.?[ ]?o\.?|post[ ]office)[ ]?box[ ]?#?[ ]?[0-9][0-9a-z-]{0,9})\b",
        always,
    ),
    // States and zips, with the city before them.
    rule(
        Start::WordsWhen(STATES, |around| around.first.is_ascii_uppercase()),
        0.9,
        r"(<state>,?\s{1,3}[0-9]{5}(?:-?[0-9]{4})?)\b",
        city_state,
    ),
    rule(
        Start::WordsWhen(STATES, |around| around.first.is_ascii_uppercase()),
        0.9,
        r"([a-z]{2,14}(?:[ ](?:york|jersey|mexico|hampshire|carolina|dakota|virginia|island))?,?[ ]{1,3}[0-9]{5}(?:-[0-9]{4})?)\b",
        city_state,
    ),
    rule(
        Start::WordsWhen(STATES, |around| around.first.is_ascii_uppercase()),
        0.75,
        r"(<state>)\b",
        city_state_alone,
    ),
    rule(Start::Digits(5, 5), 0.8, r"([0-9]{5}-[0-9]{4})\b", zip_plus_4),
    rule(Start::Digits(5, 5), 0.75, r"([0-9]{5})\b", city_zip),
    rule(
        Start::Words("zip zipcode postal postcode post"),
        0.95,
        r"(?:zip(?:[ ]?code)?|postal[ ]?code|postcode|post[ ]code)<sep>([0-9]{3,6}(?:-[0-9]{4})?|[a-z][0-9][a-z][ -]?[0-9][a-z][0-9]|[a-z]{1,2}[0-9][a-z0-9]?[ ]?[0-9][a-z]{2})\b",
        always,
    ),
    rule(
        Start::Code(2, 4),
        0.85,
        r"((?-i:[A-Z]{1,2}[0-9][A-Z0-9]?[ ][0-9][ABD-HJLNP-UW-Z]{2}))\b",
        uk,
    ),
    rule(
        Start::Code(3, 6),
        0.85,
        r"((?-i:[ABCEGHJ-NPRSTVXY][0-9][A-Z][ -]?[0-9][A-Z][0-9]))\b",
        canada,
    ),
    rule(Start::Digits(5, 5), 0.75, r"([0-9]{5}[ ]\p{Lu}\p{L}{2,20})\b", zip_city),
    // Coordinates in degrees.
    rule(
        Start::DigitsWhen(1, 3, |around| around.mark() == b'.'),
        0.9,
        r"([0-9]{1,3}\.[0-9]{3,8}°?(?:[ ]?[ns]\b)?[, ]{1,3}-?[0-9]{1,3}\.[0-9]{3,8}°?(?:[ ]?[ew]\b)?)",
        coordinates,
    ),
    rule(
        Start::DigitsWhen(1, 3, |around| !around.mark().is_ascii()),
        0.9,
        r#"([0-9]{1,3}°[ ]?[0-9]{1,2}[′'][ ]?(?:[0-9.]{1,6}[″"])?[ ]?[ns][, ]{1,3}[0-9]{1,3}°[ ]?[0-9]{1,2}[′'][ ]?(?:[0-9.]{1,6}[″"])?[ ]?[ew])"#,
        always,
    ),
    // Where somebody lives.
    rule(
        Start::Words(
            "lives living live lived resides residing resident moved relocated \
                 travels born raised native originally visiting hometown commutes \
                 traveling drove flew grew",
        ),
        0.8,
        r"(?:(?:lives?|lived|living|resid(?:es|ing))(?:[ ]\p{L}{2,12}){0,2}[ ](?:in|near|outside|on|at)|resident[ ]of|(?:moved|relocated|travels|traveling|commutes)[ ](?:here[ ])?(?:from|to)|born[ ]in|raised[ ]in|native[ ]of|originally[ ]from|visiting[ ]from|home[ ]?town[ ](?:of|is)|(?:drove|flew)[ ](?:in[ ])?from|grew[ ]up[ ]in)(?:[ ](?:rural|downtown|north|south|east|west|nearby|outside|upstate))?[ ]((?-i:\p{Lu})[\p{L}'.-]{1,30}(?:[ ](?-i:\p{Lu})[\p{L}'.-]{1,30}){0,3})",
        place,
    ),
    rule(
        Start::Words(
            "address addr residence residing add adr mailing street home city town \
                 county village birthplace hometown township",
        ),
        0.85,
        r"(?:(?:(?:home|mailing|street|residential|postal|permanent|current|work|billing|patient)[ ])?(?:address|addr|adr)(?:[ ](?:line[ ])?[12])?|residence|city(?:[ ]of[ ](?:birth|residence))?|town|county|village|birthplace|place[ ]of[ ]birth|hometown|township)[ ]?(?:[:=|]|\.{2,40}:?)[ ]{0,4}[\x22']?([\p{L}0-9][^\n\t|;<>\x22{}]{1,100})",
        field,
    ),
];

fn lower_head(text: &str) -> bool {
    text.bytes().all(|byte| !byte.is_ascii_uppercase())
}

/// Words that look like the type of a street in capitals or lower case and are clinical: "CHEST CT".
fn street(found: &Found<'_>) -> Option<Hit> {
    const CLEAR: &str = "street avenue ave road rd lane ln blvd boulevard parkway pkwy highway hwy";
    let value = found.value();
    if found.prev().is_ascii_alphanumeric()
        || matches!(found.prev(), b'.' | b'/' | b'-' | b'<' | b'>' | b'$' | b'=')
            && found.before(2).starts_with(|c: char| c.is_ascii_digit())
    {
        return None;
    }
    let words: Vec<&str> = value.split_whitespace().skip(1).collect();
    let at = words.iter().rposition(|word| {
        let word = word.trim_end_matches([',', '.']).to_lowercase();
        listed(STREETS, word.as_str())
    })?;
    let (names, kind) =
        (words.get(..at)?, words.get(at)?.trim_end_matches([',', '.']).to_lowercase());
    let unit = words.len() > at + 1;
    let letters: Vec<&&str> = names
        .iter()
        .filter(|word| word.starts_with(char::is_alphabetic) && word.chars().count() > 1)
        .collect();
    let titled = letters.iter().all(|word| {
        word.chars().next().is_some_and(char::is_uppercase) && word.chars().any(char::is_lowercase)
    }) && words.get(at).is_some_and(|kind| {
        kind.starts_with(char::is_uppercase) && (kind.chars().any(char::is_lowercase))
    }) && !names.is_empty();
    let sentence =
        names.iter().any(|word| word.ends_with(['.', ',']) && word.trim_end_matches('.').len() > 2);
    let clear = listed(CLEAR, kind.as_str());
    let after = found.after(24);
    let after = after.trim_start_matches([',', ' ', '\n', '.']);
    let goes_on = unit
        || after.starts_with('#')
        || after.to_lowercase().starts_with("apt")
        || after.to_lowercase().starts_with("unit");
    let function = names.iter().any(|word| {
        [
            "a", "the", "of", "in", "on", "at", "to", "by", "and", "with", "for", "seen", "per",
            "is", "was", "mg", "ml", "mcg", "am", "pm", "yo", "yr", "year", "old", "male",
            "female", "day", "days", "hours", "weeks", "times", "po", "iv", "x",
        ]
        .contains(&word.trim_end_matches('.').to_lowercase().as_str())
    });
    if sentence || function {
        return None;
    }
    let clinical = matches!(
        kind.as_str(),
        "dr" | "ct"
            | "pt"
            | "st"
            | "run"
            | "view"
            | "way"
            | "rise"
            | "point"
            | "pass"
            | "path"
            | "close"
            | "walk"
            | "place"
            | "drive"
            | "route"
            | "row"
            | "station"
            | "valley"
            | "ridge"
            | "park"
            | "green"
            | "mall"
            | "loop"
            | "ter"
            | "av"
            | "pl"
    );
    let ordinary = letters.iter().all(|word| is_ordinary(word.trim_matches(['.', ','])));
    let person = matches!(kind.as_str(), "dr" | "pt")
        && found.after(12).trim_start_matches(['.', ' ']).starts_with(char::is_uppercase)
        && !found.value().contains(',')
        && !found.after(2).starts_with(',');
    let keep = if person && !goes_on {
        false
    } else if titled {
        true
    } else if clear {
        !ordinary || goes_on || !lower_head(value)
    } else if clinical {
        goes_on && !ordinary
    } else {
        !ordinary || goes_on
    };
    keep.then(|| {
        found.keep_span(Span::new(found.span.start, with_city(found.text, found.span.end)))
    })
    .flatten()
}

/// The end of the city, state and zip that follow a street.
fn with_city(text: &str, end: usize) -> usize {
    let rest = text.get(end..).unwrap_or_default();
    let Some(next) = rest.strip_prefix(", ").or_else(|| rest.strip_prefix(",\n")) else {
        return end;
    };
    let mut at = text.len() - next.len();
    let mut last = end;
    for (count, word) in next.split([' ', '\n']).take(5).enumerate() {
        let clean = word.trim_end_matches([',', '.', ';', ')']);
        let zip = count > 0
            && clean.len() >= 5
            && clean.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        let name = clean.starts_with(char::is_uppercase)
            && clean.chars().all(|c| c.is_alphabetic() || matches!(c, '-' | '\''));
        if !(zip || (name && !super::words::is_stop(clean) && (!is_ordinary(clean) || count > 0))) {
            break;
        }
        last = at + clean.len();
        if zip || word.ends_with(['.', ';', ')']) {
            break;
        }
        at += word.len() + 1;
    }
    last
}

const STREETS: &str = "street st avenue ave av road rd drive dr lane ln court ct circle cir blvd \
         boulevard way place pl terrace ter trail trl parkway pkwy highway hwy loop \
         square sq plaza plz alley aly crescent cres close row walk path pike run mews \
         bend cove cv crossing xing point pt ridge glen grove gardens manor heights hts \
         hollow landing meadow meadows park pass rise route spur station summit turnpike \
         tpke valley view vista esplanade expressway freeway green knoll mall orchard \
         quay strasse straße";

fn titled(found: &Found<'_>) -> Option<Hit> {
    let names = found.value().split(' ').skip(1).filter(|word| word.len() > 3);
    let all = names.clone().count() > 0
        && names
            .clone()
            .all(|word| word.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit()));
    (all && !found.is_cut()).then(|| found.keep()).flatten()
}

fn unit(found: &Found<'_>) -> Option<Hit> {
    let value = found.value().to_ascii_lowercase();
    let told = value.starts_with("apt")
        || value.starts_with("apartment")
        || value.starts_with("flat") && found.value().starts_with('F')
        || found.before(2).ends_with(", ");
    let counted = ["mg", "of", "unit", "ml", "%"]
        .iter()
        .any(|unit| found.after(8).trim_start().starts_with(unit));
    (told && !counted && found.next() != b'.').then(|| found.keep()).flatten()
}

/// The words in capitals right before `at`, at most `most`, as the start of a span.
pub(super) fn titles_before(text: &str, at: usize, most: usize) -> Option<usize> {
    let head = before(text, at, 60);
    let head = head.trim_end_matches([' ', ',']);
    let offset = at.min(text.len()) - before(text, at, 60).len();
    let mut start = None;
    let mut end = head.len();
    for _ in 0..most {
        let Some(rest) = head.get(..end) else { break };
        let from = rest
            .rfind([' ', '\n', ',', '(', ':', ';', '"', '\t', '|', '>', '/'])
            .map_or(0, |at| at + 1);
        let word = rest.get(from..)?;
        let plain = word.trim_end_matches('.');
        let named = plain.starts_with(char::is_uppercase)
            && plain.chars().all(|c| c.is_alphabetic() || matches!(c, '\'' | '-'))
            && (plain.len() == word.len()
                || matches!(plain, "St" | "Ft" | "Mt" | "N" | "S" | "E" | "W"));
        if !named || super::words::is_stop(plain) {
            break;
        }
        start = Some(offset + from);
        if from == 0 || !rest.get(..from).is_some_and(|before| before.ends_with(' ')) {
            break;
        }
        end = from - 1;
    }
    start
}

/// "Dorchester Ave": a street without a number.
fn named_street(found: &Found<'_>) -> Option<Hit> {
    let kind = found.value();
    let lower = kind.to_ascii_lowercase();
    let titled = kind.starts_with(|c: char| c.is_ascii_uppercase())
        && kind.bytes().any(|byte| byte.is_ascii_lowercase());
    let short = matches!(
        lower.as_str(),
        "st" | "dr"
            | "ct"
            | "rd"
            | "ln"
            | "place"
            | "court"
            | "circle"
            | "trail"
            | "drive"
            | "terrace"
    );
    if !titled
        || byte_before(found.text, found.span.start) != b' '
        || !listed(TYPES, lower.as_str())
    {
        return None;
    }
    let start = titles_before(found.text, found.span.start, 3)?;
    let name = found.text.get(start..found.span.start)?.trim();
    let told = ["on ", "at ", "of ", "to ", "from ", "near ", "along ", "and ", "off "]
        .iter()
        .any(|word| before(found.text, start, 6).ends_with(word));
    let ordinary = name.split(' ').all(is_ordinary);
    if (!told && (short || ordinary))
        || (matches!(lower.as_str(), "st" | "dr")
            && found.after(3).trim_start_matches('.').starts_with(' ')
            && found.after(4).trim_start_matches(['.', ' ']).starts_with(char::is_uppercase))
    {
        return None;
    }
    found.keep_span(Span::new(start, found.span.end))
}

/// What a form says after "Address:" or "City:", up to the end of the field.
fn field(found: &Found<'_>) -> Option<Hit> {
    let value = found.value();
    let end = value.find("  ").or_else(|| value.find(". ")).unwrap_or(value.len());
    let value = value.get(..end)?;
    // Another label on the same line ends the field: "City: Reno State: NV".
    let value = match value.find(": ") {
        Some(colon) => value.get(..colon)?.rsplit_once(' ').map_or("", |(head, _)| head),
        None => value,
    };
    let value = value.trim_end_matches([' ', ',', '.', ')', '\'']);
    let telling = value.chars().any(|c| c.is_ascii_digit())
        || value.split(' ').any(|word| word.starts_with(char::is_uppercase) && !is_ordinary(word));
    let other = value.contains('@') || value.starts_with("http");
    (telling && !other)
        .then(|| found.keep_span(Span::new(found.span.start, found.span.start + value.len())))
        .flatten()
}

#[cfg(test)]
mod tests;
