//! Identifiers that the caller's record system knows: found in all their ordinary variants, whatever
//! the detectors think.

use std::sync::Arc;

use regex::{Regex, RegexBuilder};

use super::{
    calendar::{MONTHS, month_named},
    entity::{Detection, Label, Span},
    merge::merge,
};
use crate::wire::walk::Leaf;

/// Who found it.
const DETECTOR: &str = "known";

/// One identifier, ready to be looked for.
pub struct Known {
    label: Label,
    /// Variants in any case.
    folded: Regex,
    /// Variants that count only as they are written: initials are words in lower case.
    exact: Option<Regex>,
}

impl Known {
    /// Makes ready to look for `text` and its variants; `None` where it holds no letter and no digit.
    pub fn new(text: &str, label: Label) -> Option<Self> {
        if !text.chars().any(char::is_alphanumeric) {
            return None;
        }
        let mut folded = vec![spaced(text)];
        let mut exact = Vec::new();
        match label {
            Label::Name => name(text, &mut folded, &mut exact),
            Label::Date => date(text, &mut folded),
            _ => {}
        }
        if label != Label::Date {
            folded.extend(digits(text));
        }
        let build = |variants: Vec<String>, fold: bool| {
            let pattern = variants.join("|");
            RegexBuilder::new(&pattern).case_insensitive(fold).size_limit(1 << 22).build().ok()
        };
        // The longest variant first: alternatives are tried in order.
        folded.sort_by_key(|variant| std::cmp::Reverse(variant.len()));
        let exact = if exact.is_empty() { None } else { build(exact, false) };
        Some(Self { label, folded: build(folded, true)?, exact })
    }

    /// Adds to what was `found` in `leaves` every occurrence of `known`.
    pub fn find(known: &[Self], leaves: &[Leaf], found: &mut [Vec<Detection>]) {
        let detector: Arc<str> = DETECTOR.into();
        for (leaf, found) in leaves.iter().zip(found) {
            let text = leaf.text.expose_phi();
            let before = found.len();
            for one in known {
                for regex in [Some(&one.folded), one.exact.as_ref()].into_iter().flatten() {
                    let hits = regex.find_iter(text).map(|hit| Span::new(hit.start(), hit.end()));
                    found.extend(hits.filter(|span| is_whole(text, *span)).map(|span| Detection {
                        label: one.label,
                        span,
                        score: 1.0,
                        detector: Arc::clone(&detector),
                    }));
                }
            }
            if found.len() > before {
                *found = merge(text, std::mem::take(found));
            }
        }
    }
}

/// Whether `span` is no piece of a longer word.
fn is_whole(text: &str, span: Span) -> bool {
    let before = text.get(..span.start).and_then(|head| head.chars().next_back());
    let after = text.get(span.end..).and_then(|tail| tail.chars().next());
    let value = span.of(text).unwrap_or_default();
    let joins = |outer: Option<char>, inner: Option<char>| {
        outer.zip(inner).is_some_and(|(a, b)| a.is_alphanumeric() && b.is_alphanumeric())
    };
    !joins(before, value.chars().next()) && !joins(after, value.chars().next_back())
}

/// `text` with any white space between its words.
fn spaced(text: &str) -> String {
    text.split_whitespace().map(regex::escape).collect::<Vec<_>>().join(r"\s+")
}

/// `Doe, John`, `Doe John`, the parts, `J. Doe`, and initials.
fn name(text: &str, folded: &mut Vec<String>, exact: &mut Vec<String>) {
    let ordered = match text.split_once(',') {
        Some((family, given)) => format!("{} {}", given.trim(), family.trim()),
        None => text.to_owned(),
    };
    let words: Vec<&str> = ordered.split_whitespace().collect();
    let [first, .., last] = words.as_slice() else { return };
    let escape = |word: &str| regex::escape(word.trim_matches('.'));
    let (given, family) = (escape(first), escape(last));
    let initial = escape(&first.chars().take(1).collect::<String>());
    // Between the two any capitalised word; behind them an initial alone, or text would be swallowed.
    let middle = r"(?:\s+\p{L}\b\.?|(?-i:\s+\p{Lu}[\p{L}'’-]*\.?)){0,2}";
    let behind = r"(?-i:\s+\p{Lu}\b\.?)?";
    folded.push(format!(r"{family}\s*,\s*{given}{behind}"));
    folded.push(format!(r"{family}\s+{given}"));
    folded.push(format!(r"{given}{middle}\s+{family}"));
    folded.push(format!(r"{initial}\.?\s*{family}"));
    folded.push(format!(r"{family}\s*,\s*{initial}\b\.?"));
    for word in &words {
        let letters = word.chars().filter(|c| c.is_alphabetic()).count();
        let list = if letters >= 3 { &mut *folded } else { &mut *exact };
        if letters >= 2 {
            list.push(escape(word));
        }
    }
    let initials: Vec<String> = words
        .iter()
        .filter_map(|word| word.chars().find(|c| c.is_alphabetic()))
        .map(|c| regex::escape(&c.to_uppercase().to_string()))
        .collect();
    let gap = r"\.?\s?";
    exact.push(initials.join(gap) + r"\.?");
    if let [first, _, .., last] = initials.as_slice() {
        exact.push(format!(r"{first}{gap}{last}\.?"));
    }
}

/// The digits with other separators, or none.
fn digits(text: &str) -> Option<String> {
    let marks = |c: char| " -./()".contains(c);
    let bare: String = text.chars().filter(|&c| !marks(c)).collect();
    let numbers = bare.chars().filter(char::is_ascii_digit).count();
    // Letters only in front, as in `SMH-0045512`.
    let fits = numbers >= 5 && bare.chars().all(|c| c.is_ascii_alphanumeric());
    fits.then(|| bare.chars().map(|c| c.to_string()).collect::<Vec<_>>().join(r"[\s\-./()]{0,2}"))
}

/// The same day in other formats.
fn date(text: &str, folded: &mut Vec<String>) {
    let Some((year, month, day)) = read_date(text) else { return };
    let (m, d) = (format!("0?{month}"), format!("0?{day}"));
    let y = format!(r"(?:{year}|{:02})\b", year % 100);
    let sign = r"\s*[-./]\s*";
    for order in [[&m, &d, &y], [&d, &m, &y], [&y, &m, &d]] {
        folded.push(order.map(String::as_str).join(sign));
    }
    folded.push(format!("{year}{month:02}{day:02}"));
    let Some(name) = month.checked_sub(1).and_then(|at| MONTHS.get(at as usize)) else { return };
    let word = format!(r"{}(?:{})?\.?", name.get(..3).unwrap_or(name), name.get(3..).unwrap_or(""));
    let nth = format!("{d}(?:st|nd|rd|th)?");
    folded.push(format!(r"{word}[\s-]+{nth}(?:\s*,\s*|[\s-]+){y}"));
    folded.push(format!(r"{nth}(?:\s+of)?[\s-]*{word}[\s,-]*{y}"));
    folded.push(format!(r"{word}\s+{nth}"));
    folded.push(format!(r"{nth}(?:\s+of)?\s+{word}"));
}

/// Year, month and day of `1962-03-14`, `03/14/1962`, `14.3.1962` or `March 14, 1962`.
fn read_date(text: &str) -> Option<(u32, u32, u32)> {
    let parts: Vec<&str> =
        text.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty()).collect();
    let [a, b, c] = parts.as_slice() else { return None };
    let number = |part: &str| -> Option<u32> {
        part.trim_end_matches(|c: char| c.is_ascii_alphabetic()).parse().ok()
    };
    let month = |part: &str| month_named(part).map(u32::from);
    let (year, month, day) = if let Some(month) = month(a) {
        (number(c)?, month, number(b)?)
    } else if let Some(month) = month(b) {
        (number(c)?, month, number(a)?)
    } else if a.len() == 4 {
        (number(a)?, number(b)?, number(c)?)
    } else {
        let (first, second) = (number(a)?, number(b)?);
        // The month comes first unless it cannot be one, or dots say otherwise.
        let day_first = first > 12 || (text.contains('.') && second <= 12);
        let (month, day) = if day_first { (second, first) } else { (first, second) };
        (number(c)?, month, day)
    };
    ((1..=12).contains(&month) && (1..=31).contains(&day)).then_some((year, month, day))
}

#[cfg(test)]
mod tests {
    use super::Known;
    use crate::{
        deidentify::entity::Label,
        phi::PhiText,
        wire::walk::{Leaf, LeafKind},
    };

    fn left(known: (&str, Label), text: &str) -> String {
        let known = [Known::new(known.0, known.1).unwrap()];
        let leaf =
            Leaf { kind: LeafKind::Text, cue: None, text: PhiText::from(text), in_sequence: false };
        let mut found = [Vec::new()];
        Known::find(&known, &[leaf], &mut found);
        let mut out = text.to_owned();
        for detection in found[0].iter().rev() {
            out.replace_range(detection.span.start..detection.span.end, "#");
        }
        out
    }

    #[test]
    fn identifiers_are_found_in_their_variants() {
        for (known, text, expected) in [
            (
                ("Jo Li", Label::Name),
                "jo  li, Li, Jo; LI JO; Li; J. Li; JL; J.L. joli only jl",
                "#, #; #; #; #; #; # joli only jl",
            ),
            (("Zork Q Blim", Label::Name), "ZQB; Z.Q.B. and ZB, Z. B. Zb", "#; # and #, # Zb"),
            (
                ("Doe, John", Label::Name),
                "JOHN DOE; John Q. Doe; doe, john; Mr. Doe; doers",
                "#; #; #; Mr. #; doers",
            ),
            (
                ("1962-03-14", Label::Date),
                "03/14/1962 3/14/62 14.03.1962 March 14, 1962 14 Mar 1962 March 14th, 19620314 1962",
                "# # # # # #, # 1962",
            ),
            (("03/14/1962", Label::Date), "14-MAR-1962 and 1962-03-14", "# and #"),
            (
                ("447-10-093", Label::Mrn),
                "44710093 447 10 093 447.10.093 144710093",
                "# # # 144710093",
            ),
            (("SMH-0045512", Label::Mrn), "smh0045512 SMH 0045512", "# #"),
            (("Ward Éclair", Label::Location), "ward\néclair", "#"),
        ] {
            assert_eq!(left(known, text), expected, "{}", known.0);
        }
        assert!(Known::new("--", Label::Id).is_none());
    }
}
