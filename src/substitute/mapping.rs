//! The mapping of one request: which value has which placeholder. It is wiped with the request.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::placeholder::{Placeholder, find_all};
use crate::{deidentify::entity::Label, phi::PhiText};

/// Values and their placeholders, for one request.
#[derive(Debug, Default)]
pub struct Mapping {
    by_value: HashMap<PhiText, Placeholder>,
    values: BTreeMap<Placeholder, PhiText>,
    /// Placeholders that stand in the caller's own text: never given to anything.
    taken: HashSet<Placeholder>,
    /// The last number given out, by label.
    last: HashMap<Label, u32>,
}

impl Mapping {
    /// Sets aside every placeholder that the caller's own `text` already holds.
    pub fn reserve(&mut self, text: &str) {
        self.taken.extend(find_all(text).map(|written| written.placeholder));
    }

    /// The placeholder of `value`: the one it has, whatever its case or spacing, or the next of
    /// `label`.
    pub fn placeholder(&mut self, label: Label, value: &str) -> Placeholder {
        let identity = identity(value);
        if let Some(&known) = self.by_value.get(&identity) {
            return known;
        }
        let last = self.last.entry(label).or_default();
        let placeholder = loop {
            *last += 1;
            let next = Placeholder { label, number: *last };
            if !self.taken.contains(&next) {
                break next;
            }
        };
        self.by_value.insert(identity, placeholder);
        self.values.insert(placeholder, PhiText::new(value));
        placeholder
    }

    /// The value behind `placeholder`, in the form that was seen first; `None` if it was never
    /// given out.
    pub fn value(&self, placeholder: Placeholder) -> Option<&PhiText> {
        self.values.get(&placeholder)
    }

    /// Every placeholder that was given out, and its value.
    pub fn iter(&self) -> impl Iterator<Item = (Placeholder, &PhiText)> {
        self.values.iter().map(|(placeholder, value)| (*placeholder, value))
    }

    /// A mapping as a caller kept it; `None` where a key is no placeholder.
    pub fn of<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Option<Self> {
        let mut mapping = Self::default();
        for (placeholder, value) in pairs {
            let placeholder = placeholder.parse().ok()?;
            mapping.by_value.insert(identity(value), placeholder);
            mapping.values.insert(placeholder, PhiText::new(value));
        }
        Some(mapping)
    }

    /// How many placeholders were given out.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether none was given out.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
}

/// What two spellings of one value share: case and spacing do not count.
fn identity(value: &str) -> PhiText {
    let mut folded = String::with_capacity(value.len());
    for word in value.split_whitespace() {
        if !folded.is_empty() {
            folded.push(' ');
        }
        folded.extend(word.chars().flat_map(char::to_lowercase));
    }
    PhiText::new(folded)
}

#[cfg(test)]
mod tests {
    use super::Mapping;
    use crate::deidentify::entity::Label;

    #[test]
    fn numbers_count_per_label_in_order() {
        let mut mapping = Mapping::default();
        let given: Vec<_> = [
            (Label::Name, "John Doe"),
            (Label::Date, "3/14"),
            (Label::Name, "Mary"),
            (Label::Name, "JOHN\n  DOE"),
        ]
        .map(|(label, value)| mapping.placeholder(label, value).to_string())
        .to_vec();
        assert_eq!(given, ["[NAME_1]", "[DATE_1]", "[NAME_2]", "[NAME_1]"]);
        assert_eq!(mapping.len(), 3);
    }

    #[test]
    fn the_reply_gets_the_form_seen_first() {
        let mut mapping = Mapping::default();
        let first = mapping.placeholder(Label::Name, "McKay");
        mapping.placeholder(Label::Name, "MCKAY");
        assert_eq!(mapping.value(first).unwrap().expose_phi(), "McKay");
    }

    #[test]
    fn a_number_in_the_callers_text_is_never_given_out() {
        let mut mapping = Mapping::default();
        mapping.reserve("as [NAME_1] and [name 3] said");
        let given = ["A", "B", "C"].map(|v| mapping.placeholder(Label::Name, v).number);
        assert_eq!(given, [2, 4, 5]);
    }
}
