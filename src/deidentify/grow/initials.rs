//! Initials in brackets behind a name, "John Doe (JD)", and wherever they stand for it after that.

use std::collections::{HashMap, HashSet};

use crate::deidentify::{
    entity::{Detection, Label, Span},
    ner::is_term,
    propagate::is_done_by_people,
};

/// Fewest and most letters of somebody's initials.
const LETTERS: std::ops::RangeInclusive<usize> = 2..=4;

/// Most bytes of initials: four letters, each with its point.
const LONGEST: usize = 8;

/// Degrees, which stand in brackets behind names too.
const DEGREES: &[&str] =
    &["CNA", "DO", "DPT", "MD", "MSW", "NP", "OT", "PA", "PT", "RD", "RN", "SW"];

/// Adds the initials of the names of `found` in `text` to it.
pub(in crate::deidentify) fn find_initials(text: &str, found: &mut Vec<Detection>) {
    let mut news: Vec<Detection> = Vec::new();
    let mut places: HashSet<Span> = HashSet::new();
    let mut people: HashMap<&str, &Detection> = HashMap::new();
    for name in found.iter().filter(|one| one.label == Label::Name) {
        let Some((initials, at)) = bracketed(text, name.span) else { continue };
        let span = Span::new(at, at + initials.len());
        if places.insert(span) {
            news.push(Detection { span, ..name.clone() });
        }
        people.entry(initials).or_insert(name);
    }
    if people.is_empty() {
        return;
    }
    // One walk for all people, each place once: a list of thousands of people stays a list of thousands.
    let mut beyond = 0;
    for (start, _) in text.match_indices(|c: char| c.is_ascii_uppercase()) {
        if start < beyond {
            continue;
        }
        let rest = text.get(start..).unwrap_or_default();
        let run = rest
            .bytes()
            .position(|byte| !(byte.is_ascii_uppercase() || byte == b'.'))
            .unwrap_or(rest.len());
        beyond = start + run;
        for length in *LETTERS.start()..=run.min(LONGEST) {
            let Some(initials) = rest.get(..length) else { continue };
            let Some(name) = people.get(initials) else { continue };
            let span = Span::new(start, start + length);
            if stands_for(text, start, initials) && places.insert(span) {
                news.push(Detection { span, ..(*name).clone() });
            }
        }
    }
    found.extend(news);
}

/// The initials in brackets behind the name at `span`, where they are its own, and their place.
fn bracketed(text: &str, span: Span) -> Option<(&str, usize)> {
    let after = text.get(span.end..)?;
    let inside = after.strip_prefix(" (").or_else(|| after.strip_prefix('('))?;
    let length = inside.find(|c: char| !(c.is_ascii_uppercase() || c == '.'))?;
    let (initials, rest) = inside.split_at_checked(length)?;
    let letters: Vec<char> = initials.chars().filter(char::is_ascii_uppercase).collect();
    if !LETTERS.contains(&letters.len())
        || initials.len() > LONGEST
        || DEGREES.contains(&initials)
        || !rest.starts_with([')', ',', ';'])
    {
        return None;
    }
    let name = span.of(text)?;
    let firsts: Vec<char> = name
        .split(|c: char| !(c.is_alphanumeric() || c == '\'' || c == '’'))
        .filter_map(|word| word.chars().next())
        .flat_map(char::to_uppercase)
        .collect();
    // "Doe, John (JD)": the last name comes last.
    let comma = name.contains(',') && !firsts.is_empty();
    let mut turned = firsts.clone();
    if comma {
        turned.rotate_left(1);
    }
    let own = |firsts: &[char]| {
        firsts.first() == letters.first()
            && firsts.last() == letters.last()
            && is_within(&letters, firsts)
    };
    (own(&firsts) || own(&turned)).then(|| (initials, text.len() - inside.len()))
}

/// Whether `letters` stand in `all` in their order.
fn is_within(letters: &[char], all: &[char]) -> bool {
    let mut all = all.iter();
    letters.iter().all(|letter| all.any(|one| one == letter))
}

/// Whether the `initials` at `start` mean the person: a word of its own, no label ("RE:"), and, where
/// they abbreviate a term of medicine too ("RA"), with something that people do behind them.
fn stands_for(text: &str, start: usize, initials: &str) -> bool {
    let (Some(before), Some(after)) = (text.get(..start), text.get(start + initials.len()..))
    else {
        return false;
    };
    let joins = |c: char| c.is_alphanumeric() || matches!(c, '/' | '-' | '.' | '^' | '_');
    let whole = !before.ends_with(joins)
        && !after.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '/' | '-' | '^' | ':'));
    let letters: String = initials.chars().filter(|c| *c != '.').collect();
    whole && (!is_term(&letters) || is_done_by_people(after))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::find_initials;
    use crate::deidentify::entity::{Detection, Label, Span};

    fn initials(text: &str, name: &str) -> Vec<String> {
        let start = text.find(name).unwrap();
        let span = Span::new(start, start + name.len());
        let name = Detection { label: Label::Name, span, score: 1.0, detector: Arc::from("test") };
        let mut found = vec![name];
        find_initials(text, &mut found);
        let mut starts: Vec<Span> = found.iter().skip(1).map(|one| one.span).collect();
        starts.sort();
        starts.dedup();
        starts.iter().map(|span| span.of(text).unwrap().to_owned()).collect()
    }

    #[test]
    fn initials_of_the_name_before_them() {
        for (text, name, expected) in [
            ("Patient John Doe (JD) came. JD left.", "John Doe", &["JD", "JD"][..]),
            ("John Q. Doe (JD, 47F) and JQD", "John Q. Doe", &["JD"]),
            ("John Quincy Doe (J.Q.D.)", "John Quincy Doe", &["J.Q.D."]),
            ("Doe, John (JD)", "Doe, John", &["JD"]),
            ("Ana-Luz Roe(ALR)", "Ana-Luz Roe", &["ALR"]),
            ("Ron Ellis (RE) said. RE: labs. RE agreed", "Ron Ellis", &["RE", "RE"]),
        ] {
            assert_eq!(initials(text, name), expected, "{text}");
        }
    }

    #[test]
    fn what_stands_in_brackets_otherwise() {
        for (text, name) in [
            ("John Doe (MD)", "John Doe"),
            ("Mary Doe (MD)", "Mary Doe"),
            ("Carl Held (CHD)", "Carl Held"),
            ("John Doe (PT)", "John Doe"),
            ("John Doe (J)", "John Doe"),
            ("John Doe (JDOE)", "John Doe"),
            ("John Doe (jd)", "John Doe"),
            ("John Doe (JD/RN)", "John Doe"),
        ] {
            assert_eq!(initials(text, name), [""; 0], "{text}");
        }
    }

    #[test]
    fn a_long_list_of_people_stays_linear() {
        const LINES: usize = 8000;
        let line = "Mr. John Doe (JD)\n";
        let text = line.repeat(LINES);
        let mut found: Vec<Detection> = (0..LINES)
            .map(|at| Detection {
                label: Label::Name,
                span: Span::new(at * line.len() + 4, at * line.len() + 12),
                score: 1.0,
                detector: Arc::from("test"),
            })
            .collect();
        find_initials(&text, &mut found);
        assert_eq!(found.len(), 2 * LINES);
    }

    #[test]
    fn initials_that_are_a_term_too() {
        let text = "Rita Alvarez (RA) has RA of both hands. RA denies stiffness, RA 3+.";
        assert_eq!(initials(text, "Rita Alvarez"), ["RA", "RA"]);
    }
}
