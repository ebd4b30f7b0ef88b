//! The mapping of one request: which value has which placeholder. It is wiped with the request.

use std::collections::{BTreeMap, HashMap, HashSet};

use unicode_normalization::UnicodeNormalization;

use super::{
    names,
    people::People,
    placeholder::{Placeholder, find_all},
    stand_in::StandIns,
};
use crate::{deidentify::entity::Label, phi::PhiText};

/// Values and their placeholders, for one request.
#[derive(Debug, Default)]
pub struct Mapping {
    by_value: HashMap<PhiText, Placeholder>,
    values: BTreeMap<Placeholder, PhiText>,
    /// Placeholders that stand in the caller's own text: never given to anything.
    taken: HashSet<(Label, u32)>,
    /// The last number given out, by label.
    last: HashMap<Label, u32>,
    /// Whose names were given out.
    people: People,
    /// What was given out that reads like a value.
    pub(super) stand_ins: StandIns,
}

impl Mapping {
    /// Sets aside every placeholder that the caller's own `text` already holds.
    pub fn reserve(&mut self, text: &str) {
        let number = |placeholder: Placeholder| (placeholder.label, placeholder.number);
        self.taken.extend(find_all(text).map(|written| number(written.placeholder)));
    }

    /// The placeholder of `value`: the one it has, whatever its case or spacing, or the next of
    /// `label`.
    pub fn placeholder(&mut self, label: Label, value: &str) -> Placeholder {
        let identity = identity(value);
        if let Some(&known) = self.by_value.get(&identity) {
            return known;
        }
        let number = next_number(&mut self.last, &self.taken, label);
        let placeholder = Placeholder::whole(label, number);
        self.keep(placeholder, identity, value);
        placeholder
    }

    /// The placeholder of a person's name that stands after `head`: a new number, or another form
    /// of a name that was seen before.
    pub fn name(&mut self, head: &str, value: &str) -> Placeholder {
        let identity = identity(value);
        // What was first taken for something else stays that.
        if let Some(&known) = self.by_value.get(&identity)
            && known.label != Label::Name
        {
            return known;
        }
        let title = names::title_before(head);
        let (last, taken) = (&mut self.last, &self.taken);
        let next = || next_number(last, taken, Label::Name);
        let placeholder = self.people.placeholder(value, &identity, title, next);
        self.keep(placeholder, identity, value);
        placeholder
    }

    /// The reply gets the form that was seen first.
    fn keep(&mut self, placeholder: Placeholder, identity: PhiText, value: &str) {
        self.by_value.entry(identity).or_insert(placeholder);
        self.values.entry(placeholder).or_insert_with(|| PhiText::new(value));
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
            let Ok(placeholder) = placeholder.parse() else {
                // A surrogate or a date; signs alone would stand anywhere.
                placeholder.chars().find(|c| c.is_alphanumeric())?;
                mapping.stand_ins.back(placeholder, value);
                continue;
            };
            mapping.by_value.insert(identity(value), placeholder);
            mapping.values.insert(placeholder, PhiText::new(value));
        }
        Some(mapping)
    }

    /// Everything that was given out, as it is written, and what it stands for.
    pub fn pairs(&self) -> impl Iterator<Item = (String, &PhiText)> {
        let placeholders = self.iter().map(|(placeholder, value)| (placeholder.to_string(), value));
        placeholders.chain(self.stand_ins.iter().map(|(text, value)| (text.to_owned(), value)))
    }

    /// How many placeholders and stand-ins were given out.
    pub fn len(&self) -> usize {
        self.values.len() + self.stand_ins.len()
    }

    /// Whether none was given out.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The next number of `label` that does not stand in the caller's own text.
fn next_number(last: &mut HashMap<Label, u32>, taken: &HashSet<(Label, u32)>, label: Label) -> u32 {
    let last = last.entry(label).or_default();
    loop {
        *last += 1;
        if !taken.contains(&(label, *last)) {
            return *last;
        }
    }
}

/// What two spellings of one value share: case and spacing do not count, nor whether an accent is a
/// character of its own.
fn identity(value: &str) -> PhiText {
    let mut folded = String::with_capacity(value.len());
    for word in value.split_whitespace() {
        if !folded.is_empty() {
            folded.push(' ');
        }
        if word.is_ascii() {
            folded.extend(word.chars().map(|c| c.to_ascii_lowercase()));
        } else {
            folded.push_str(&word.nfc().collect::<String>().to_lowercase());
        }
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
    fn accents_in_one_character_or_two_are_one_value() {
        let mut mapping = Mapping::default();
        let first = mapping.name("", "Zoë Peña");
        assert_eq!(mapping.name("", "Zoe\u{308} Pen\u{303}a"), first);
        assert_ne!(mapping.name("", "Zoe Pena"), first);
    }

    #[test]
    fn the_reply_gets_the_form_seen_first() {
        let mut mapping = Mapping::default();
        let first = mapping.placeholder(Label::Name, "McKay");
        mapping.placeholder(Label::Name, "MCKAY");
        assert_eq!(mapping.value(first).unwrap().expose_phi(), "McKay");
    }

    /// Reads this process's own memory, freed or not, without touching it by a pointer.
    fn memory(address: u64, length: usize) -> Vec<u8> {
        use std::os::unix::fs::FileExt;
        let mut bytes = vec![0; length];
        let memory = std::fs::File::open("/proc/self/mem").unwrap();
        memory.read_exact_at(&mut bytes, address).unwrap();
        bytes
    }

    #[test]
    fn dropping_a_mapping_wipes_its_values() {
        // Long, so that the allocator's own notes at the beginning of what is freed leave most of it.
        let value = |n: usize| format!("{} Q{n}", "Zyx".repeat(200));
        let mut mapping = Mapping::default();
        for n in 0..20 {
            mapping.name("", &value(n));
            mapping.placeholder(Label::Id, &value(n + 20));
            mapping.stand_ins.back(&format!("stand-in {n}"), &value(n + 40));
        }
        let texts = mapping.values.values().chain(mapping.by_value.keys());
        let texts = texts.chain(mapping.stand_ins.iter().map(|(_, value)| value));
        let places: Vec<(u64, usize)> =
            texts.map(|text| (text.expose_phi().as_ptr() as u64, text.len())).collect();
        assert_eq!(places.len(), 100);
        let holds = |&(address, length): &(u64, usize)| {
            let bytes = memory(address, length).to_ascii_lowercase();
            bytes.windows(6).any(|window| window == b"zyxzyx")
        };
        assert!(places.iter().all(holds), "the search does not work");
        drop(mapping);
        assert_eq!(places.iter().filter(|place| holds(place)).count(), 0);
    }

    #[test]
    fn a_number_in_the_callers_text_is_never_given_out() {
        let mut mapping = Mapping::default();
        mapping.reserve("as [NAME_1] and [name 3] said");
        let given = ["A", "B", "C"].map(|v| mapping.placeholder(Label::Name, v).number);
        assert_eq!(given, [2, 4, 5]);
    }
}
