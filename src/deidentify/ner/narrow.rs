//! Narrows what a model found to the identifier itself: articles, clock times, titles and degrees at
//! its ends name nobody, and the model of a sentence is the worse for every word that it does not see.

mod words;

use self::words::{AROUND_NAMES, AROUND_PLACES, CUES, DEGREES, FACILITIES, TITLES, WEEKDAYS};
use super::{
    super::{
        entity::{Detection, Label, Span},
        rules::is_no_name,
    },
    public::is_public,
    vocabulary::is_term,
};

/// What of each of `found` in `text`, sorted and disjoint, is the identifier.
///
/// Ends at which another detection stands stay: the two are parts of one, "Piggly Wiggly on" and "Hwy 90".
pub(super) fn narrow_all(text: &str, found: Vec<Detection>) -> Vec<Detection> {
    let all: Vec<(Span, Label)> = found.iter().map(|one| (one.span, one.label)).collect();
    let near = |left: Option<(Span, Label)>, right: Option<(Span, Label)>| match (left, right) {
        (Some((left, one)), Some((right, other))) => {
            one == other && right.start.saturating_sub(left.end) < 2
        }
        _ => false,
    };
    let narrowed = found.into_iter().enumerate().filter_map(|(at, one)| {
        let before = at.checked_sub(1).and_then(|at| all.get(at)).copied();
        let (here, after) = (Some((one.span, one.label)), all.get(at + 1).copied());
        if near(before, here) || near(here, after) { Some(one) } else { narrow(text, one) }
    });
    narrowed.collect()
}

/// What of `detection` in `text` is the identifier; `None` when nothing is left.
fn narrow(text: &str, detection: Detection) -> Option<Detection> {
    let mut span = detection.span;
    let value = span.of(text)?.trim_end_matches('.');
    let signs = value.chars().filter(|c| c.is_alphanumeric()).count();
    let alone = detection.label != Label::Age
        && (DEGREES.contains(&value) && value.len() > 2 || TITLES.contains(&value));
    if alone {
        return None;
    }
    match detection.label {
        Label::Date => {
            if signs < 3 && !value.contains(char::is_alphabetic) {
                return None;
            }
            let before = text.get(..span.start).unwrap_or_default();
            // The minutes of a time of day: "11:04".
            let clock = before
                .strip_suffix(':')
                .is_some_and(|hours| hours.ends_with(|c: char| c.is_ascii_digit()));
            if clock && value.starts_with(|c: char| c.is_ascii_digit()) && !value.contains('/') {
                return None;
            }
            span = without_clock(text, span);
            span =
                without_ends(text, span, |word| AROUND_PLACES.contains(&word) || is_weekday(word));
        }
        Label::Location | Label::Organization => {
            span = without_ends(text, span, |word| AROUND_PLACES.contains(&word));
            span = without_degrees(text, span);
            if words(span.of(text)?).all(|word| FACILITIES.contains(&word)) {
                return None;
            }
        }
        Label::Name => {
            span = without_ends(text, span, |word| {
                AROUND_NAMES.contains(&word) || TITLES.contains(&word)
            });
            span = without_terms(text, without_degrees(text, span));
            // "Kayden bday", "deb gave": words in small letters that nobody is called.
            span = without_ends(text, span, |word| {
                word.starts_with(char::is_lowercase) && is_no_name(word)
            });
            span = without_side(text, span);
            // "b." for "born".
            if signs < 2 && value.starts_with(char::is_lowercase) {
                return None;
            }
        }
        Label::Age
        | Label::Phone
        | Label::Fax
        | Label::Email
        | Label::Ssn
        | Label::Mrn
        | Label::HealthPlanId
        | Label::Account
        | Label::License
        | Label::Vehicle
        | Label::Device
        | Label::Url
        | Label::Ip
        | Label::Biometric
        | Label::Id => {
            // Units and cues that stand alone: no number is as short.
            if detection.label != Label::Age && signs < 3 {
                return None;
            }
            span = without_ends(text, span, |word| CUES.contains(&word));
        }
    }
    let kept = Detection { span, ..detection };
    (span.of(text)?.contains(char::is_alphanumeric) && !is_public(text, &kept)).then_some(kept)
}

fn is_weekday(word: &str) -> bool {
    WEEKDAYS.iter().any(|day| day.eq_ignore_ascii_case(word))
}

fn words(value: &str) -> impl Iterator<Item = &str> {
    value.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty())
}

/// Without the words at both ends that `is_outside` names, and the marks and blanks beside them.
fn without_ends(text: &str, span: Span, is_outside: impl Fn(&str) -> bool) -> Span {
    let Some(mut value) = span.of(text) else { return span };
    let letter = |c: char| c.is_alphanumeric();
    let (mut start, mut end) = (span.start, span.end);
    loop {
        let word =
            value.get(..value.find(|c| !letter(c)).unwrap_or(value.len())).unwrap_or_default();
        let rest = value.get(word.len()..).unwrap_or_default();
        // "A-1" and "St.": a word that a mark ties to the next one stays.
        let beyond = rest.trim_start_matches('.');
        let apart = beyond.is_empty() || beyond.starts_with([' ', '\n', '\t', ',']);
        if word.is_empty() || !apart || !is_outside(word) {
            break;
        }
        value = beyond.trim_start_matches([' ', '\n', '\t', ',', '-', '–', ':', '.']);
        start = end - value.len();
        if value.is_empty() {
            return Span::new(end, end);
        }
    }
    loop {
        let head = value.trim_end_matches(letter);
        let word = value.get(head.len()..).unwrap_or_default();
        if word.is_empty()
            || head.is_empty()
            || !head.ends_with([' ', '\n', '\t', ','])
            || !is_outside(word)
        {
            break;
        }
        value = head.trim_end_matches([' ', '\n', '\t', ',', '-', '–', ':']);
        end = start + value.len();
    }
    Span::new(start, end)
}

/// Without the degrees behind a name.
fn without_degrees(text: &str, span: Span) -> Span {
    let mut value = span.of(text).unwrap_or_default();
    loop {
        let head = value.rfind([' ', ',']).map_or(0, |at| at + 1);
        let word = value.get(head..).unwrap_or_default().trim_end_matches('.');
        let plain = word.replace('.', "");
        let word = if word.contains('.') && plain.len() > 1 { plain.as_str() } else { word };
        let name = value.get(..head).unwrap_or_default().trim_end_matches([' ', ',']);
        // "Do" and "Pa" may be somebody's name, and capitals the way of the whole text.
        if name.is_empty() || !DEGREES.contains(&word) || is_capitals(name) && word.len() < 3 {
            return Span::new(span.start, span.start + value.len());
        }
        value = name;
    }
}

/// Without the clinical terms that a mark parts from the name before them: "Bright - STE".
fn without_terms(text: &str, span: Span) -> Span {
    let mut value = span.of(text).unwrap_or_default();
    loop {
        let head = value.rfind(' ').map_or(0, |at| at + 1);
        let name = value.get(..head).unwrap_or_default().trim_end_matches(' ');
        let kept = name.trim_end_matches([' ', '-', '–', ',', ';', '/']);
        let parted = kept.len() < name.len() && !kept.is_empty();
        if !parted || !is_term(value.get(head..).unwrap_or_default()) {
            return Span::new(span.start, span.start + value.len());
        }
        value = kept;
    }
}

/// Without what is said of a person in one letter behind the name: "Lars-Erik d.", the side of an operation or a limb in "Rivers, A L TKA", "Cook - R hip".
fn without_side(text: &str, span: Span) -> Span {
    const LIMBS: [&str; 20] = [
        "ankle", "arm", "breast", "ear", "elbow", "eye", "finger", "foot", "hand", "heel", "hip",
        "inguinal", "kidney", "knee", "leg", "lung", "shoulder", "thumb", "toe", "wrist",
    ];
    let value = span.of(text).unwrap_or_default();
    // "Lars-Erik d. at 59", "Noa b. 2021": died and born.
    if let Some(name) = value.strip_suffix(" d.").or_else(|| value.strip_suffix(" b.")) {
        return Span::new(span.start, span.start + name.len());
    }
    // "Björn A&W": alive and well.
    if text.get(span.end..).is_some_and(|after| after.starts_with("&W"))
        && let Some(name) = value.strip_suffix(" A")
    {
        return Span::new(span.start, span.start + name.len());
    }
    let Some(name) = value.strip_suffix(" L").or_else(|| value.strip_suffix(" R")) else {
        return span;
    };
    let after = text.get(span.end..).and_then(|after| after.strip_prefix(' ')).unwrap_or_default();
    let word = after
        .find(|c: char| !c.is_alphabetic())
        .map_or(after, |end| after.get(..end).unwrap_or_default());
    let procedure = word.len() > 1 && word.chars().all(char::is_uppercase);
    let name = name.trim_end_matches([' ', '-', '–', ':']);
    if (procedure || LIMBS.contains(&word)) && !name.is_empty() {
        Span::new(span.start, span.start + name.len())
    } else {
        span
    }
}

fn is_capitals(text: &str) -> bool {
    !text.contains(char::is_lowercase)
}

/// Without the time of day in or around a date: "11:04" of "13 Aug 2024 11:04".
fn without_clock(text: &str, span: Span) -> Span {
    let value = span.of(text).unwrap_or_default();
    // ISO 8601 makes one word of both.
    let mut at = 0;
    for word in value.split_inclusive([' ', '\n']) {
        let bare = word.trim_end();
        let end = at + bare.len();
        let after = text.get(span.start + end..).unwrap_or_default();
        let figures = bare.bytes().take_while(u8::is_ascii_digit).count();
        let rest = bare.get(figures..).unwrap_or_default();
        let clock = |rest: &str| {
            rest.strip_prefix(':')
                .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        };
        let is_clock = (1..=2).contains(&figures)
            && (clock(rest) || rest.is_empty() && end == value.len() && clock(after));
        if at > 0 && is_clock {
            return Span::new(
                span.start,
                span.start + value.get(..at).unwrap_or_default().trim_end().len(),
            );
        }
        at += word.len();
    }
    span
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{narrow, narrow_all};
    use crate::deidentify::entity::{Detection, Label, Span};

    fn narrowed(label: Label, text: &str, found: &str) -> String {
        let start = text.find(found).unwrap();
        let span = Span::new(start, start + found.len());
        let found = Detection { label, span, score: 0.9, detector: Arc::from("test") };
        narrow(text, found).map_or(String::new(), |one| one.span.of(text).unwrap().to_owned())
    }

    #[test]
    fn what_names_nobody_is_left() {
        for (label, text, found, expected) in [
            (
                Label::Organization,
                "at the Denver Clinic in",
                "the Denver Clinic in",
                "Denver Clinic",
            ),
            (Label::Organization, "our clinic", "our clinic", ""),
            (Label::Organization, "the county hospital.", "the county hospital", ""),
            (Label::Location, "near the Oak Street and", "the Oak Street and", "Oak Street"),
            (Label::Date, "on the 5th of May", "the 5th of May", "5th of May"),
            (
                Label::Date,
                "Tue, 13 Aug 2024 11:04 -0500",
                "Tue, 13 Aug 2024 11:04 -0500",
                "13 Aug 2024",
            ),
            (Label::Date, "2024-07-01 00:03:40", "2024-07-01 00", "2024-07-01"),
            (Label::Date, "see you Tuesday", "Tuesday", ""),
            (Label::Name, "W. Stone, PhD, RN", "W. Stone, PhD, RN", "W. Stone"),
            (Label::Name, "Mrs. Ito and", "Mrs. Ito and", "Ito"),
            (Label::Name, "w/ Maj. Stroud", "Maj", ""),
            (Label::Name, "thank u - Brandi", "u - Brandi", "Brandi"),
            (Label::Id, "user=x", "x", ""),
            (Label::Date, "at 11:04 -0500", "04 -0500", ""),
            (Label::Device, "serial SN 900412-B", "SN 900412-B", "900412-B"),
            (Label::Name, "Dr. Bright - STE V2", "Bright - STE", "Bright"),
            (Label::Name, "twins, b. in May", "b.", ""),
            (Label::Organization, "Dale RN for", "Dale RN", "Dale"),
            (Label::Date, "Kaneshiro APRN", "APRN", ""),
            (Label::Date, "VA 20/20", "20", ""),
            (Label::Name, "Rivers, A L TKA", "Rivers, A L", "Rivers, A"),
            (Label::Name, "Field - R hip", "Field - R", "Field"),
            (Label::Name, "father Lars-Erik d. MI", "Lars-Erik d.", "Lars-Erik"),
            (Label::Name, "Björn A&W", "Björn A", "Björn"),
            (Label::Name, "Ybarra-Huff, M.D., who", "Ybarra-Huff, M.D.", "Ybarra-Huff"),
            (Label::Name, "Captain Orlando Vitale", "Captain Orlando Vitale", "Orlando Vitale"),
        ] {
            assert_eq!(narrowed(label, text, found), expected, "{text}");
        }
    }

    #[test]
    fn identifiers_stay_whole() {
        for (label, text) in [
            (Label::Organization, "The Oaks"),
            (Label::Organization, "Clinic of the Plains"),
            (Label::Location, "A-1 Storage"),
            (Label::Location, "S. Oak Street"),
            (Label::Location, "the plains"),
            (Label::Date, "2024-07-01T00:03:40"),
            (Label::Date, "May 5"),
            (Label::Name, "An Vo"),
            (Label::Name, "Lily R"),
            (Label::Name, "Ana - Maria"),
            (Label::Date, "23rd"),
            (Label::Name, "an vo"),
            (Label::Name, "DO, KIM"),
            (Label::Name, "KIM DO"),
            (Label::Name, "de la Cruz"),
            (Label::Name, "The"),
            (Label::Id, "A12"),
            (Label::Age, "94"),
        ] {
            let expected = if text == "the plains" { "plains" } else { text };
            assert_eq!(narrowed(label, text, text), expected);
        }
    }

    #[test]
    fn parts_of_one_stay_together() {
        let text = "past the Piggly Wiggly on Hwy 90";
        let place = |start, end| Detection {
            label: Label::Location,
            span: Span::new(start, end),
            score: 0.9,
            detector: Arc::from("test"),
        };
        let found = vec![place(9, 25), place(26, 32)];
        assert_eq!(narrow_all(text, found.clone()), found);
    }
}
