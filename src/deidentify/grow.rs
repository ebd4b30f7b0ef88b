//! Names grow over the initials beside them: a model that finds "James" in "James T." leaves the T,
//! and "Jane" of "Jane A. Doe" the rest. Organizations grow over their legal form, "…, PLLC".

mod dates;
mod initials;
mod lists;

pub(super) use self::{dates::grow_dates, initials::find_initials, lists::fill_lists};
use super::{
    entity::{Detection, Label, Span},
    rules::is_ordinary,
};

/// Grows the names of `found` in `text` over the initials around them, and over a capitalised word
/// behind an initial.
pub(super) fn grow_names(text: &str, found: &mut [Detection]) {
    for detection in found.iter_mut().filter(|detection| detection.label == Label::Name) {
        let Span { start, end } = detection.span;
        let (Some(before), Some(after)) = (text.get(..start), text.get(end..)) else { continue };
        let name = detection.span.of(text).unwrap_or_default();
        let given = if is_surname(name) { initial_after_comma(after) } else { 0 };
        let family = family_after_initial(name, after);
        let grown = end
            + if given > 0 {
                given
            } else if family > 0 {
                family
            } else {
                initials_after(after)
            };
        let suffix = text.get(grown..).map_or(0, suffix_after);
        detection.span = Span::new(start - initials_before(before), grown + suffix);
    }
}

/// Legal forms of companies and practices, the longest of those that begin alike first. "PA" without
/// periods is a state more often.
const LEGAL_FORMS: &[&str] = &[
    "P.L.L.C.", "PLLC", "L.L.C.", "LLC", "L.L.P.", "LLP", "P.C.", "PC", "P.A.", "Inc.", "Inc",
    "INC", "Ltd.", "Ltd", "LTD", "Corp.", "Corp", "CORP", "GmbH", "S.C.", "N.A.",
];

/// Grows the organizations of `found` in `text` over the legal form behind them.
pub(super) fn grow_organizations(text: &str, found: &mut [Detection]) {
    for one in found.iter_mut().filter(|one| one.label == Label::Organization) {
        let Some(after) = text.get(one.span.end..) else { continue };
        let form = after.strip_prefix(',').unwrap_or(after).strip_prefix(' ').unwrap_or_default();
        let Some(known) = LEGAL_FORMS.iter().find(|known| form.starts_with(**known)) else {
            continue;
        };
        let beyond = form.get(known.len()..).unwrap_or_default();
        if !beyond.starts_with(char::is_alphanumeric) {
            one.span.end += after.len() - beyond.len();
        }
    }
}

/// How many bytes of a family name stand after a name that ends in an initial: ` Public` of "John Q. Public's",
/// where it is no word alone or owns something.
fn family_after_initial(name: &str, after: &str) -> usize {
    let pointed = name.ends_with('.');
    let letters = name.strip_suffix('.').unwrap_or(name);
    let initial = !name.contains(',')
        && letters.strip_suffix(char::is_uppercase).is_some_and(|rest| rest.ends_with(' '));
    let after_point = if pointed { after } else { after.strip_prefix('.').unwrap_or_default() };
    let Some(rest) = surname(after_point).filter(|_| initial) else { return 0 };
    let word = after_point.get(1..after_point.len() - rest.len()).unwrap_or_default();
    let owner = ["'s", "’s"].iter().find_map(|mark| word.strip_suffix(mark));
    if owner.is_none() && (is_ordinary(word) || is_measured(word, rest)) {
        return 0;
    }
    after.len() - after_point.len() + 1 + owner.unwrap_or(word).len()
}

/// Whether `word` is something that was measured, with its figure in `rest`: "Hgb 9.2", "Plt 210". "Ott 45 yo" has an age.
fn is_measured(word: &str, rest: &str) -> bool {
    let value = rest.trim_start_matches([' ', ':', '=', '<', '>', '~']);
    let beyond = value.trim_start_matches(|c: char| c.is_ascii_digit());
    if beyond.len() == value.len() || value.len() == rest.len() {
        return false;
    }
    let decimal =
        beyond.strip_prefix('.').is_some_and(|part| part.starts_with(|c: char| c.is_ascii_digit()));
    let age_or_date = beyond.starts_with(['/', '-'])
        || beyond.trim_start().starts_with(['y', 'Y', 'M', 'F', 'm', 'f']);
    decimal || word.chars().count() <= 4 && !age_or_date
}

/// Whether one word in capitals is all there is, so that a first name may follow a comma.
fn is_surname(name: &str) -> bool {
    name.len() > 1
        && name.starts_with(char::is_uppercase)
        && name.chars().all(|c| c.is_alphabetic() || "'’-".contains(c))
}

/// How many bytes of a comma and the initial of a first name stand after a surname: `, R.` of "Hollis, R.".
fn initial_after_comma(after: &str) -> usize {
    let Some(initial) = after.strip_prefix(", ").or_else(|| after.strip_prefix(',')) else {
        return 0;
    };
    let Some(rest) = initial.strip_prefix(char::is_uppercase) else { return 0 };
    let letter = initial.chars().next().unwrap_or_default();
    if let Some(beyond) = rest.strip_prefix('.') {
        // "James, A. fib".
        let word = beyond
            .strip_prefix(' ')
            .is_some_and(|rest| ["fib", "flut", "tach"].iter().any(|word| rest.starts_with(word)));
        return if beyond.starts_with(char::is_alphanumeric) || letter == 'A' && word {
            0
        } else {
            after.len() - beyond.len()
        };
    }
    // "Ott, R hip", "Ott, I saw", "Ott, K 4.5", "Ott, M 45": a side, a word, a salt, a sex.
    let word = match letter {
        'I' | 'A' | 'L' | 'R' => rest.starts_with(' '),
        'F' | 'K' | 'M' => rest
            .strip_prefix(' ')
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit())),
        _ => false,
    };
    let ends = rest.is_empty()
        || rest.starts_with([' ', '\n', ',', ';', ')', '|', '\t', '?', '!', '"', '<']);
    if word && !rest.starts_with("  ") || !ends { 0 } else { after.len() - rest.len() }
}

/// How many bytes of a generational suffix stand after a name: ` III`, `, Jr.`.
fn suffix_after(after: &str) -> usize {
    let rest = after.strip_prefix(',').unwrap_or(after);
    let Some(rest) = rest.strip_prefix(' ') else { return 0 };
    let known = ["Jr.", "Jr", "Sr.", "Sr", "JR.", "JR", "SR.", "SR", "III", "II", "IV"];
    let Some(beyond) = known.iter().find_map(|suffix| rest.strip_prefix(suffix)) else { return 0 };
    // "type II", "Dr. Ott II/VI murmur" are none.
    if beyond.starts_with(|c: char| c.is_alphanumeric() || c == '/') {
        0
    } else {
        after.len() - beyond.len()
    }
}

/// How many bytes of initials stand before a name: `J. R. ` of "J. R. Smith".
fn initials_before(before: &str) -> usize {
    let mut kept = before;
    while let Some(rest) = kept
        .strip_suffix(' ')
        .and_then(|rest| rest.strip_suffix('.'))
        .and_then(|rest| rest.strip_suffix(char::is_uppercase))
        .filter(|rest| !rest.ends_with(char::is_alphanumeric))
    {
        kept = rest;
    }
    before.len() - kept.len()
}

/// How many bytes of initials, and of a surname behind them, stand after a name.
fn initials_after(after: &str) -> usize {
    let mut kept = after;
    let mut pointed = false;
    while let Some(rest) =
        kept.strip_prefix(' ').and_then(|rest| rest.strip_prefix(char::is_uppercase)).filter(
            |rest| !rest.starts_with(char::is_alphanumeric) && !rest.starts_with(['-', '/', '+']),
        )
    {
        pointed = rest.starts_with('.');
        // "seen by James T" at the end of a clause; "vitamin K is" is none of ours.
        if !pointed && !rest.is_empty() && !rest.starts_with([',', ';', ')', '\n', '?', '!', '\''])
        {
            break;
        }
        kept = rest.strip_prefix('.').unwrap_or(rest);
    }
    if pointed {
        kept = surname(kept).unwrap_or(kept);
    }
    after.len() - kept.len()
}

/// What is left behind a capitalised word, if one stands there: "Doe" of "A. Doe".
fn surname(text: &str) -> Option<&str> {
    let word = text.strip_prefix(' ')?;
    let length =
        word.find(|c: char| !(c.is_alphabetic() || "'’-".contains(c))).unwrap_or(word.len());
    let (word, rest) = word.split_at_checked(length)?;
    let mut letters = word.chars();
    let capitalised = letters.next()?.is_uppercase() && letters.next()?.is_lowercase();
    capitalised.then_some(rest)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{grow_names, grow_organizations};
    use crate::deidentify::entity::{Detection, Label, Span};

    fn grown(text: &str, name: &str) -> String {
        let start = text.find(name).unwrap();
        let span = Span::new(start, start + name.len());
        let mut found =
            [Detection { label: Label::Name, span, score: 1.0, detector: Arc::from("test") }];
        grow_names(text, &mut found);
        found[0].span.of(text).unwrap().to_owned()
    }

    #[test]
    fn names_take_their_initials_along() {
        for (text, name, expected) in [
            ("seen James T., who", "James", "James T."),
            ("seen James T, who", "James", "James T"),
            ("Jane A. Doe came", "Jane", "Jane A. Doe"),
            ("by J. R. Smith", "Smith", "J. R. Smith"),
            ("Élodie Ž. was", "Élodie", "Élodie Ž."),
            ("James T", "James", "James T"),
            ("pt Hollis, R. K 6.4", "Hollis", "Hollis, R."),
            ("Ruiz, A. rm 204", "Ruiz", "Ruiz, A."),
            ("ORD: PATEL, N\nSODIUM", "PATEL", "PATEL, N"),
            ("Diaz, M dc am", "Diaz", "Diaz, M"),
            ("Gerald T. Hightower III, six", "Gerald T. Hightower", "Gerald T. Hightower III"),
            ("Ott, Jr. came", "Ott", "Ott, Jr."),
            ("of John Q. Public's fracture", "John Q.", "John Q. Public"),
            ("of John Q. Public’s fracture", "John Q", "John Q. Public"),
            ("saw John Q. Okafor today", "John Q.", "John Q. Okafor"),
            ("saw John Q. Ott 45 yo", "John Q.", "John Q. Ott"),
            ("saw John Q. Ott 3/4/24", "John Q.", "John Q. Ott"),
            ("saw John Q. Okafor 204", "John Q.", "John Q. Okafor"),
        ] {
            assert_eq!(grown(text, name), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_initial_stays() {
        for (text, name) in [
            ("James I am", "James"),
            ("gave James B12", "James"),
            ("James, A. fib", "James"),
            ("Ann A+ blood", "Ann"),
            ("the PA. Smith", "Smith"),
            ("Ott, R hip", "Ott"),
            ("Ott, I saw", "Ott"),
            ("Ott, K 4.5", "Ott"),
            ("Ott, RN", "Ott"),
            ("Ott II/VI murmur", "Ott"),
            ("for John Q. Discharge today", "John Q."),
            ("for John. Okafor came", "John"),
            ("John Q. Hgb 9.2", "John Q."),
            ("John Q. Plt: 210", "John Q."),
            ("John Q. Creat 1.2", "John Q."),
            ("OR4 Speck, J. Mohs closure", "Speck, J."),
        ] {
            assert_eq!(grown(text, name), name, "{text}");
        }
    }

    #[test]
    fn organizations_take_their_legal_form_along() {
        for (text, name, expected) in [
            ("Tri Pathology, PC\nCase", "Tri Pathology", "Tri Pathology, PC"),
            ("for Kettle Foods Inc. since", "Kettle Foods", "Kettle Foods Inc."),
            ("Oak Eye, PLLC, of", "Oak Eye", "Oak Eye, PLLC"),
            ("Oak Eye, PCP Dr. Ito", "Oak Eye", "Oak Eye"),
            ("Oak Eye, PA", "Oak Eye", "Oak Eye"),
        ] {
            let start = text.find(name).unwrap();
            let span = Span::new(start, start + name.len());
            let label = Label::Organization;
            let mut found = [Detection { label, span, score: 1.0, detector: Arc::from("test") }];
            grow_organizations(text, &mut found);
            assert_eq!(found[0].span.of(text).unwrap(), expected);
        }
    }
}
