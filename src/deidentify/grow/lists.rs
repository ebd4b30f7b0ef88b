//! Names that are ordinary words, between two others in a list: "Stone, Church, Okonkwo".

use crate::deidentify::{
    entity::{Detection, Label, Span},
    ner::is_term,
    rules::is_no_name,
};

/// Most words between two names of a list that are taken for names too.
const MOST: usize = 2;

/// Adds to `found` in `text`, sorted, what stands between two names of a list and is written like them.
pub(in crate::deidentify) fn fill_lists(text: &str, found: &mut Vec<Detection>) {
    let mut news: Vec<Detection> = Vec::new();
    for pair in found.windows(2) {
        let [left, right] = pair else { continue };
        // A model takes a surname for a place or an organization now and then.
        let named = [left.label, right.label];
        let may =
            |label: &Label| matches!(label, Label::Name | Label::Location | Label::Organization);
        if !named.contains(&Label::Name) || !named.iter().all(may) {
            continue;
        }
        let name = if left.label == Label::Name { left } else { right };
        let (Some(one), Some(other)) = (left.span.of(text), right.span.of(text)) else { continue };
        let Some(gap) = text.get(left.span.end..right.span.start) else { continue };
        if gap.len() > 64
            || !is_word(one)
            || !is_word(other)
            || is_capitals(one) != is_capitals(other)
        {
            continue;
        }
        let words: Vec<Span> = between(gap);
        let listed = (1..=MOST).contains(&words.len())
            && words.iter().all(|word| {
                word.of(gap).is_some_and(|word| {
                    is_word(word)
                        && is_capitals(word) == is_capitals(one)
                        && !is_no_name(word)
                        && !is_term(word)
                })
            });
        if listed {
            let start = left.span.end;
            news.extend(words.iter().map(|word| Detection {
                span: Span::new(start + word.start, start + word.end),
                ..name.clone()
            }));
        }
    }
    found.extend(news);
    found.sort_by_key(|one| one.span);
}

/// The members of a list in `gap`, which begins and ends with one of its separators; none where it is no list.
fn between(gap: &str) -> Vec<Span> {
    const SEPARATORS: [&str; 7] = [", and ", ", ", "; ", " and ", " & ", " / ", "/"];
    let mut words = Vec::new();
    let mut rest = gap;
    loop {
        let Some(after) = SEPARATORS.iter().find_map(|mark| rest.strip_prefix(mark)) else {
            return Vec::new();
        };
        if after.is_empty() {
            return words;
        }
        let length = after.find([',', ';', ' ', '/']).unwrap_or(after.len());
        let start = gap.len() - after.len();
        words.push(Span::new(start, start + length));
        rest = after.get(length..).unwrap_or_default();
    }
}

/// Whether `text` is one word with a capital first.
fn is_word(text: &str) -> bool {
    let mut letters = text.chars();
    letters.next().is_some_and(char::is_uppercase)
        && text.chars().count() > 2
        && letters.all(|c| c.is_alphabetic() || "'’-".contains(c))
}

fn is_capitals(text: &str) -> bool {
    !text.contains(char::is_lowercase)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::fill_lists;
    use crate::deidentify::entity::{Detection, Label, Span};

    fn filled(text: &str, names: &[&str]) -> Vec<String> {
        let name = |name: &&str| {
            let start = text.find(name).unwrap();
            let span = Span::new(start, start + name.len());
            Detection { label: Label::Name, span, score: 1.0, detector: Arc::from("test") }
        };
        let mut found: Vec<Detection> = names.iter().map(name).collect();
        fill_lists(text, &mut found);
        found.iter().map(|one| one.span.of(text).unwrap().to_owned()).collect()
    }

    #[test]
    fn words_between_names_are_names() {
        for (text, names, expected) in [
            (
                "Stone, Church, Okonkwo",
                &["Stone", "Okonkwo"][..],
                &["Stone", "Church", "Okonkwo"][..],
            ),
            ("Ito, Rice, Day and Cruz", &["Ito", "Cruz"], &["Ito", "Rice", "Day", "Cruz"]),
            ("ITO/RICE/CRUZ", &["ITO", "CRUZ"], &["ITO", "RICE", "CRUZ"]),
        ] {
            assert_eq!(filled(text, names), expected, "{text}");
        }
    }

    #[test]
    fn other_words_between_names_are_not() {
        for (text, names) in [
            ("Ito, Cardiology, Cruz", &["Ito", "Cruz"][..]),
            ("Ito, Metformin, Cruz", &["Ito", "Cruz"]),
            ("Ito, rice, Cruz", &["Ito", "Cruz"]),
            ("Ito, RICE, Cruz", &["Ito", "Cruz"]),
            ("Ito. Rice, Cruz", &["Ito", "Cruz"]),
            ("Ana Ito, Rice, Cruz", &["Ana Ito", "Cruz"]),
            ("Ito, MD, Cruz", &["Ito", "Cruz"]),
            ("Ito, Rice, Day, Church, Cruz", &["Ito", "Cruz"]),
        ] {
            assert_eq!(filled(text, names), names, "{text}");
        }
    }
}
