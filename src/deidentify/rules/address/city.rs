//! Cities, postcodes and coordinates.

use super::super::{
    engine::{Found, Hit, before},
    words::{is_ordinary, is_region, listed},
};
use super::{STATES, STREETS, titles_before};
use crate::deidentify::{entity::Span, ner::is_term};

pub(super) fn city_state(found: &Found<'_>) -> Option<Hit> {
    let state = found.value().split([',', ' ']).next().unwrap_or_default();
    let long = state.len() > 2;
    let start = titles_before(found.text, found.span.start, 3);
    if long
        && (!listed(STATES, &state.to_ascii_lowercase())
            || (start.is_none() && found.value().starts_with(|c: char| c.is_ascii_lowercase())))
    {
        return None;
    }
    found.keep_span(Span::new(start.unwrap_or(found.span.start), found.span.end))
}

/// "Westminster, CA" without a zip.
pub(super) fn city_state_alone(found: &Found<'_>) -> Option<Hit> {
    let head = before(found.text, found.span.start, 2);
    // These are also credentials, roles and words in capitals.
    let other = matches!(
        found.value(),
        "MD" | "PA"
            | "DO"
            | "MS"
            | "MA"
            | "OR"
            | "IN"
            | "CT"
            | "ID"
            | "HI"
            | "OK"
            | "ME"
            | "DC"
            | "PT"
            | "OH"
            | "LA"
            | "DE"
            | "AL"
            | "CO"
            | "NC"
    );
    let start = titles_before(found.text, found.span.start, 3)?;
    let city = found.text.get(start..found.span.start)?.trim_end_matches([',', ' ']);
    let caps = !city.chars().any(char::is_lowercase);
    let ordinary = city.split(' ').any(is_ordinary);
    let told = ["in ", "from ", "to ", "near ", "of ", "at "]
        .iter()
        .any(|word| before(found.text, start, 5).ends_with(word));
    (head == ", "
        && !found.next().is_ascii_alphanumeric()
        && (!ordinary || told)
        && (!other || told)
        && (!caps || told))
        .then(|| found.keep_span(Span::new(start, found.span.end)))
        .flatten()
}

/// "T2N1M0" has the form of a Canadian postcode, and is the stage of a tumour.
pub(super) fn canada(found: &Found<'_>) -> Option<Hit> {
    let bytes = found.value().as_bytes();
    let stage = bytes.first() == Some(&b'T') && bytes.get(2) == Some(&b'N');
    // Eyes, voice and motion of the Glasgow Coma Scale: "E4V4M6".
    let scale = matches!(bytes, [b'E' | b'e', _, b'V' | b'v', .., b'M' | b'm', _]);
    (!stage && !scale && !found.is_cut()).then(|| found.keep()).flatten()
}

/// "75002 Paris" after a street.
pub(super) fn zip_city(found: &Found<'_>) -> Option<Hit> {
    let city = found.value().split(' ').nth(1)?;
    let told = found.before(2) == ", " || found.prev() == b'\n';
    (told && !is_ordinary(city) && !super::super::words::is_stop(city))
        .then(|| found.keep())
        .flatten()
}

/// "Norfolk 23504": a zip after a city alone.
pub(super) fn city_zip(found: &Found<'_>) -> Option<Hit> {
    let start = titles_before(found.text, found.span.start, 2)?;
    let city = found.text.get(start..found.span.start)?.trim();
    let told = before(found.text, start, 2).ends_with(", ");
    let named = city.len() > 3 && !city.split(' ').any(is_ordinary);
    (told && named && !found.is_cut())
        .then(|| found.keep_span(Span::new(start, found.span.end)))
        .flatten()
}

pub(super) fn zip_plus_4(found: &Found<'_>) -> Option<Hit> {
    if found.is_cut() { None } else { found.keep() }
}

pub(super) fn uk(found: &Found<'_>) -> Option<Hit> {
    let level = found.value().len() < 6
        && found.value().starts_with(['L', 'T', 'C', 'S', 'G', 'P', 'M', 'N', 'B'])
        && found.prev() != b' '
        && found.prev() != b'\n';
    if level || found.is_cut() {
        return None;
    }
    let start = british(found.text, found.span.start).unwrap_or(found.span.start);
    found.keep_span(Span::new(start, found.span.end))
}

/// Where the address before a British postcode begins, at its number: "14 Heol-y-Bryn, Pontypridd CF37 2DP". Without a street
/// or a comma the number may be a dose, "2 Ramipril Leeds LS1 4AP", and the address begins at the town.
fn british(text: &str, at: usize) -> Option<usize> {
    let head = before(text, at, 90);
    let line = head.rsplit(['\n', ':', ';', '(', '|', '"']).next()?;
    let body = line.trim_end_matches([' ', ',']);
    let mut start = None;
    for (number, word) in body.rsplit(' ').enumerate() {
        let plain = word.trim_end_matches(',');
        let house = plain.len() < 6
            && plain.starts_with(|c: char| c.is_ascii_digit())
            && plain
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'/');
        if house && number > 0 {
            start = Some(word);
            break;
        }
        let named = plain.starts_with(char::is_uppercase)
            || matches!(plain, "the" | "of" | "upon" | "on" | "y" | "le" | "under" | "next" | "in");
        if number > 7 || !named || plain.ends_with('.') && plain.len() > 4 {
            break;
        }
    }
    let mut word = start?;
    let from = word.as_ptr().addr() - body.as_ptr().addr();
    let mut inside = body.get(from + word.len()..)?.split(' ').filter(|word| !word.is_empty());
    let street = |word: &str| listed(STREETS, &word.trim_matches([',', '.']).to_lowercase());
    let told =
        word.ends_with(',') || inside.clone().any(|word| word.ends_with(',') || street(word));
    let drug = |word: &str| is_term(word.trim_end_matches([',', '.']));
    if !told || inside.any(drug) {
        word = town(body)?;
    }
    Some(at - head.len() + (word.as_ptr().addr() - head.as_ptr().addr()))
}

/// The first word of the town at the end of `body`: "Newcastle" of "2 Ramipril Newcastle upon Tyne".
fn town(body: &str) -> Option<&str> {
    let mut words = body.rsplit(' ');
    let last = words.next()?;
    if !last.starts_with(char::is_uppercase) || is_term(last) || is_ordinary(last) {
        return None;
    }
    let rest = || words.clone().skip_while(|word| matches!(*word, "the" | "le"));
    let joined =
        rest().next().is_some_and(|word| matches!(word, "of" | "upon" | "on" | "under" | "in"));
    let first = rest().nth(1).filter(|word| {
        joined && word.starts_with(char::is_uppercase) && !word.ends_with(',') && !is_term(word)
    });
    Some(first.unwrap_or(last))
}

pub(super) fn coordinates(found: &Found<'_>) -> Option<Hit> {
    let parts: Vec<f64> = found
        .value()
        .split(|c: char| !(c.is_ascii_digit() || c == '.'))
        .filter_map(|part| part.parse().ok())
        .collect();
    let valid = matches!(parts.as_slice(), [lat, long] if *lat <= 90.0 && *long <= 180.0);
    let told = found.value().contains([',', '°', 'N', 'S']);
    let digits = found
        .value()
        .split('.')
        .nth(1)
        .map_or(0, |tail| tail.bytes().take_while(u8::is_ascii_digit).count());
    (valid && told && digits >= 3 && !found.is_cut())
        .then(|| {
            let signed = found.prev() == b'-';
            found.keep_span(Span::new(found.span.start - usize::from(signed), found.span.end))
        })
        .flatten()
}

pub(super) fn place(found: &Found<'_>) -> Option<Hit> {
    let value = found.value();
    let mut end = 0;
    for word in value.split(' ') {
        let clean = word.trim_end_matches(['.', '\'']);
        let ends = word.len() > clean.len() && !matches!(clean, "St" | "Ft" | "Mt");
        if super::super::words::is_stop(clean)
            || (end == 0
                && is_ordinary(clean)
                && !matches!(
                    clean,
                    "Bay"
                        | "Lake"
                        | "West"
                        | "East"
                        | "North"
                        | "South"
                        | "Fort"
                        | "Port"
                        | "Mount"
                        | "Cedar"
                        | "Broken"
                        | "Spring"
                ))
        {
            break;
        }
        end += usize::from(end > 0) + clean.len();
        if ends {
            break;
        }
    }
    let first = value.split(' ').next().unwrap_or_default();
    let state = listed(STATES, &first.to_ascii_lowercase())
        && first.len() > 2
        && !matches!(first, "New" | "North" | "South" | "West");
    let region = matches!(first, "United" | "America") || value.get(..end).is_some_and(is_region);
    if region || state || end < 3 {
        return None;
    }
    found.keep_span(Span::new(found.span.start, found.span.start + end))
}
