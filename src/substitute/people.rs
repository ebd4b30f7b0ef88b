//! Which names are one person's: "John Doe", "Doe, John", "Mr. Doe" and "John", where the text makes
//! that clear.
//!
//! Names are taken in the order of the text, and what was said of one is never taken back, so that a
//! conversation that grows keeps its placeholders. Where a name could be two people's it is a person
//! of its own: a link that is wrong misleads the model, one that is missing only tells it less. Either
//! way each placeholder restores to what it stood for.

use std::collections::HashMap;

use super::{
    names::{Name, Title, agree},
    placeholder::{Form, Part, Placeholder},
};
use crate::{deidentify::entity::Label, phi::PhiText};

/// What is known of one person.
struct Person {
    number: u32,
    name: Name,
    /// A word that could be several people's: nothing more is said of it.
    is_ambiguous: bool,
    /// Each form of the name, folded, and what it was given.
    forms: HashMap<PhiText, Form>,
}

impl Person {
    fn may_be_addressed(&self, title: Option<Title>) -> bool {
        !matches!(
            (self.name.title, title),
            (Some(Title::He), Some(Title::She)) | (Some(Title::She), Some(Title::He))
        )
    }

    /// Whether a name of several words is this person's.
    fn is_full_match(&self, name: &Name) -> bool {
        let middle = self.name.middle.iter().zip(&name.middle);
        match (&self.name.given, &self.name.family, &name.given, &name.family) {
            (Some(given), Some(family), Some(other_given), Some(other_family)) => {
                let same = family == other_family && agree(given, other_given);
                (same && middle.into_iter().all(|(a, b)| agree(a, b)))
                    || name.initials().is_some_and(|(first, last)| {
                        given.expose_phi().starts_with(first)
                            && family.expose_phi().starts_with(last)
                    })
            }
            _ => false,
        }
    }

    /// The part of this person's name that `word` is.
    fn part(&self, word: &PhiText) -> Option<Part> {
        let name = &self.name;
        if name.family.as_ref() == Some(word) {
            Some(Part::Last)
        } else if name.given.as_ref() == Some(word) {
            Some(Part::First)
        } else if name.middle.contains(word) {
            Some(Part::Middle)
        } else {
            (name.only.as_ref() == Some(word)).then_some(Part::Whole)
        }
    }
}

/// The people of one request.
#[derive(Default)]
pub(super) struct People {
    people: Vec<Person>,
    /// Who has a word in the name, or its first letter as an initial.
    by_word: HashMap<PhiText, Vec<usize>>,
}

impl std::fmt::Debug for People {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "People({})", self.people.len())
    }
}

impl People {
    /// The placeholder of the name `value`, whose folded form is `identity`; `next` gives the number
    /// of a new person.
    pub(super) fn placeholder(
        &mut self,
        value: &str,
        identity: &PhiText,
        title: Option<Title>,
        next: impl FnOnce() -> u32,
    ) -> Placeholder {
        let Some(name) = Name::read(value, title) else {
            return self.add(Name::nobody(), identity, false, next());
        };
        let known: Vec<usize> = self.candidates(&name);
        let (person, is_ambiguous) = match name.only.as_ref() {
            Some(word) => self.of_one_word(word, &known),
            None => (self.of_several_words(&name, &known), false),
        };
        match person {
            Some(at) => self.form(at, name, identity),
            None => self.add(name, identity, is_ambiguous, next()),
        }
    }

    /// Everybody who shares a word with `name` and may be addressed so.
    fn candidates(&self, name: &Name) -> Vec<usize> {
        let initials = name.initials().map(|(first, _)| PhiText::new(format!("{first}.")));
        let words =
            [name.given.as_ref(), name.family.as_ref(), name.only.as_ref(), initials.as_ref()];
        let mut known: Vec<usize> = (words.into_iter().flatten())
            .filter_map(|word| self.by_word.get(word))
            .flatten()
            .copied()
            .filter(|&at| self.people.get(at).is_some_and(|p| p.may_be_addressed(name.title)))
            .collect();
        known.sort_unstable();
        known.dedup();
        known
    }

    /// Whose name `word` is a part of, and whether it could be several people's.
    fn of_one_word(&self, word: &PhiText, known: &[usize]) -> (Option<usize>, bool) {
        let person = |at: usize| self.people.get(at);
        let bearers: Vec<usize> = known
            .iter()
            .copied()
            .filter(|&at| person(at).is_some_and(|p| p.part(word).is_some()))
            .collect();
        let itself = bearers.iter().copied().find(|&at| {
            person(at)
                .is_some_and(|p| p.name.only.as_ref() == Some(word) && p.name.family.is_none())
        });
        match bearers.as_slice() {
            [] => (None, false),
            [only] => (Some(*only), false),
            _ => (itself, true),
        }
    }

    /// Whose name `name` is another form of.
    fn of_several_words(&self, name: &Name, known: &[usize]) -> Option<usize> {
        let those = |test: &dyn Fn(&Person) -> bool| -> Vec<usize> {
            let fits = |at: &usize| self.people.get(*at).is_some_and(test);
            known.iter().copied().filter(fits).collect()
        };
        match those(&|person| person.is_full_match(name)).as_slice() {
            [only] => return Some(*only),
            [] => {}
            several => {
                // The one with exactly these names, if there is just one.
                let same = |at: &&usize| {
                    self.people.get(**at).is_some_and(|p| {
                        p.name.given == name.given
                            && p.name.family == name.family
                            && p.name.middle == name.middle
                    })
                };
                let mut same = several.iter().filter(same);
                return same.next().copied().filter(|_| same.next().is_none());
            }
        }
        // So far only a word of it was known.
        let parts = |word: &PhiText| {
            Some(word) == name.family.as_ref() || Some(word) == name.given.as_ref()
        };
        let bare = those(&|person| {
            person.name.family.is_none()
                && !person.is_ambiguous
                && person.name.only.as_ref().is_some_and(parts)
        });
        match bare.as_slice() {
            [only] => Some(*only),
            _ => None,
        }
    }

    /// The placeholder of another form of a known name.
    fn form(&mut self, at: usize, name: Name, identity: &PhiText) -> Placeholder {
        let Some(person) = self.people.get_mut(at) else {
            return Placeholder::whole(Label::Name, 0);
        };
        if matches!(name.title, Some(Title::He | Title::She)) {
            person.name.title = name.title;
        }
        let part = match &name.only {
            Some(word) => person.part(word).unwrap_or(Part::Full),
            None if name.initials().is_some() => Part::Initials,
            None => Part::Full,
        };
        let mut learned = Vec::new();
        if person.name.family.is_none() && name.family.is_some() {
            learned.extend([name.given.clone(), name.family.clone()].into_iter().flatten());
            person.name.given = name.given;
            person.name.middle = name.middle;
            person.name.family = name.family;
        }
        let form = match person.forms.get(identity) {
            Some(&form) => form,
            None => {
                let part = if part == Part::Whole { Part::Full } else { part };
                let taken = person.forms.values().filter(|form| form.part == part).count();
                let variant = u8::try_from(taken + 1).unwrap_or(u8::MAX);
                let form = Form { part, variant };
                person.forms.insert(identity.clone(), form);
                form
            }
        };
        let placeholder = Placeholder { label: Label::Name, number: person.number, form };
        self.index(at, learned);
        placeholder
    }

    fn add(
        &mut self,
        name: Name,
        identity: &PhiText,
        is_ambiguous: bool,
        number: u32,
    ) -> Placeholder {
        let at = self.people.len();
        let words = [&name.given, &name.family, &name.only].into_iter().flatten().cloned();
        let words: Vec<_> = words.chain(name.middle.iter().cloned()).collect();
        let forms = HashMap::from([(identity.clone(), Form::WHOLE)]);
        self.people.push(Person { number, name, is_ambiguous, forms });
        self.index(at, words);
        Placeholder::whole(Label::Name, number)
    }

    fn index(&mut self, at: usize, words: Vec<PhiText>) {
        for word in words {
            if let Some(first) = word.expose_phi().chars().next() {
                let initial = PhiText::new(format!("{first}."));
                self.by_word.entry(initial).or_default().push(at);
            }
            self.by_word.entry(word).or_default().push(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{deidentify::entity::Label, substitute::Mapping};

    fn given(names: &[&str]) -> Vec<String> {
        let mut mapping = Mapping::default();
        let one = |text: &&str| {
            let (head, value) = text.split_once('|').unwrap_or(("", text));
            mapping.name(head, value).to_string()
        };
        names.iter().map(one).collect()
    }

    #[test]
    fn the_forms_of_one_persons_name_share_a_number() {
        for (names, expected) in [
            (
                vec![
                    "John Doe",
                    "Mr. |Doe",
                    "Doe, John",
                    "JOHN DOE",
                    "John",
                    "J. Doe",
                    "J.D.",
                    "J. D.",
                ],
                vec!["", "_LAST", "_FULL", "", "_FIRST", "_FULL_2", "_INITIALS?", "_INITIALS"],
            ),
            (vec!["Doe", "John Doe", "John", "doe"], vec!["", "_FULL", "_FIRST", ""]),
            (vec!["John Q. Doe", "John Doe", "John Quincy Doe"], vec!["", "_FULL", "_FULL_2"]),
            (vec!["Anna van der Berg", "van der Berg, Anna", "Anna"], vec!["", "_FULL", "_FIRST"]),
            (vec!["Dr. |Okonkwo", "Anneliese Okonkwo, MD"], vec!["", "_FULL"]),
        ] {
            for (got, expected) in given(&names).iter().zip(expected) {
                // Initials in one word, `J.D.`, say too little by themselves.
                if expected.ends_with('?') {
                    continue;
                }
                assert_eq!(*got, format!("[NAME_1{expected}]"), "{names:?}");
            }
        }
    }

    #[test]
    fn two_people_stay_two() {
        for (names, expected) in [
            (
                vec!["John Doe", "Mary Doe", "Doe", "Doe", "Mary"],
                vec!["1", "2", "3", "3", "2_FIRST"],
            ),
            (vec!["John Doe", "Doe", "Mary Doe", "Doe"], vec!["1", "1_LAST", "2", "3"]),
            (vec!["Mr. |John Doe", "Mrs. |Doe", "Mr. |Doe"], vec!["1", "2", "1_LAST"]),
            (vec!["John R. Doe", "John Q. Doe"], vec!["1", "2"]),
            (vec!["John Doe", "John Smith", "John"], vec!["1", "2", "3"]),
            (vec!["Doe", "John Doe", "Mary Doe", "Doe"], vec!["1", "1_FULL", "2", "3"]),
        ] {
            let expected: Vec<_> = expected.iter().map(|n| format!("[NAME_{n}]")).collect();
            assert_eq!(given(&names), expected, "{names:?}");
        }
    }

    #[test]
    fn every_form_restores_to_itself() {
        let mut mapping = Mapping::default();
        for value in ["John Doe", "Doe", "Doe, John", "John", "Mary Doe", "Doe", "李雷", "--"] {
            let placeholder = mapping.name("", value);
            assert_eq!(mapping.value(placeholder).unwrap().expose_phi(), value);
        }
        assert_eq!(mapping.placeholder(Label::Id, "李雷").label, Label::Name);
    }
}
