//! Stand-ins that read like values: surrogates of the same kind, and dates that moved. Each leads back
//! to what it stands for, also where only a part of it comes back.

mod made_up;
mod moved;
mod person;
mod place;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    ops::Bound,
};

use self::made_up::made_up;
use super::{
    dates::{self, Order},
    scan::AtEnd,
};
use crate::{deidentify::entity::Label, phi::PhiText};

/// What was found at the beginning of a text.
pub(super) enum Found {
    /// What stands there leads back to this, and is so many bytes long.
    Value(PhiText, usize),
    /// So many bytes stay as they are.
    Kept(usize),
    /// More text decides.
    Unfinished,
    /// Nothing.
    Nothing,
}

/// The stand-ins of one request.
#[derive(Default)]
pub(super) struct StandIns {
    /// The request in lower case: nothing that stands in it may stand for something else.
    request: PhiText,
    /// Real values and words, in lower case, and their stand-ins.
    given_out: HashMap<(Label, PhiText), String>,
    /// Stand-ins in lower case, and what they stand for.
    back: BTreeMap<String, PhiText>,
    /// What a model can make of stand-ins, such as `a. aldwin` or `june 29`, in lower case, and what that stands for;
    /// nothing where it could be two values.
    parts: BTreeMap<String, Option<PhiText>>,
    /// Dates that are sent as they are, in lower case.
    kept: HashSet<String>,
    /// What a stand-in can begin with, in lower case.
    first: HashSet<char>,
    /// How many of each list were taken.
    taken: HashMap<&'static str, usize>,
    /// The days that dates move by, and how they are read.
    pub(super) shift: Option<(i64, Order)>,
}

impl std::fmt::Debug for StandIns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StandIns({})", self.back.len())
    }
}

impl StandIns {
    /// Sets aside everything that stands in `request`, the caller's own text in lower case.
    pub(super) fn reserve(&mut self, request: PhiText) {
        self.request = request;
    }

    /// How many stand-ins lead back to something.
    pub(super) fn len(&self) -> usize {
        self.back.len()
    }

    /// The label and value, in lower case, of everything that has a surrogate, and the surrogate.
    pub(super) fn surrogates(&self) -> impl Iterator<Item = (Label, &PhiText, &str)> {
        self.given_out.iter().map(|((label, value), made)| (*label, value, made.as_str()))
    }

    /// Every stand-in, in lower case, and what it stands for.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &PhiText)> {
        let parts = self.parts.iter().filter_map(|(part, value)| Some((part, value.as_ref()?)));
        self.back.iter().chain(parts).map(|(stand_in, value)| (stand_in.as_str(), value))
    }

    /// Whether anything was given out that is not in brackets.
    pub(super) fn is_empty(&self) -> bool {
        self.back.is_empty() && self.shift.is_none()
    }

    /// A surrogate of `value`, which stands after `head`; `None` where there is none that reads like it and leads back for sure.
    pub(super) fn surrogate(&mut self, label: Label, head: &str, value: &str) -> Option<String> {
        if label == Label::Name {
            return self.name(head, value);
        }
        let key = (
            label,
            PhiText::new(value.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()),
        );
        // One value has one stand-in, whatever label it was found under where.
        let known = Label::ALL.iter().filter(|label| **label != Label::Name);
        if let Some(known) =
            known.filter_map(|label| self.given_out.get(&(*label, key.1.clone()))).next()
        {
            return Some(known.clone());
        }
        let mut tries = 0..64;
        let surrogate = loop {
            tries.next()?;
            let made = if label == Label::Location && value.chars().any(char::is_numeric) {
                self.place(value)?
            } else {
                made_up(label, value, self.next(label.as_str()))?
            };
            if self.is_free(&made) {
                break made;
            }
        };
        self.back(&surrogate, value);
        self.given_out.insert(key, surrogate.clone());
        Some(surrogate)
    }

    fn next(&mut self, list: &'static str) -> usize {
        let taken = self.taken.entry(list).or_default();
        *taken += 1;
        *taken
    }

    /// Whether `stand_in` stands nowhere in the request and for nothing else.
    fn is_free(&self, stand_in: &str) -> bool {
        let lower = stand_in.to_lowercase();
        !self.request.expose_phi().contains(&lower) && !self.back.contains_key(&lower)
    }

    /// Lets `stand_in` lead back to `value`.
    pub(super) fn back(&mut self, stand_in: &str, value: &str) {
        let lower = stand_in.to_lowercase();
        self.first.extend(lower.chars().next());
        self.back.entry(lower).or_insert_with(|| PhiText::new(value));
    }

    /// Lets what a model can make of stand-ins lead back to `value`, unless it could be another value's too or stands in
    /// what is sent: as itself, or where the request has `twin`.
    fn part(&mut self, part: &str, value: &str, twin: &str) {
        let lower = part.to_lowercase();
        let request = self.request.expose_phi();
        let is_sent = request.contains(&lower) || request.contains(&twin.to_lowercase());
        if is_sent || self.back.contains_key(&lower) {
            return;
        }
        self.first.extend(lower.chars().next());
        let known = self.parts.entry(lower).or_insert_with(|| Some(PhiText::new(value)));
        if known.as_ref().is_some_and(|known| known.expose_phi() != value) {
            *known = None;
        }
    }

    /// Whether something can begin with `c` that leads back to a value; `computed` as for [`Self::find`].
    pub(super) fn may_begin(&self, c: char, computed: bool) -> bool {
        let mut lower = c.to_lowercase();
        self.first.contains(&lower.next().unwrap_or(c))
            || (computed && self.shift.is_some() && c.is_ascii_alphanumeric())
    }

    /// What stands at the beginning of `text`, which begins a word; with `at_end` nothing follows it. With `computed`
    /// a date that was not given out leads back too.
    pub(super) fn find(&self, text: &str, at_end: bool, computed: bool) -> Found {
        let lower = text.to_lowercase();
        // Characters that change their length in lower case are in no stand-in.
        let lower = if lower.len() == text.len() { lower } else { text.to_ascii_lowercase() };
        let mut best: Option<(&str, &PhiText)> = None;
        // Only what begins with the same character can stand here.
        let first = lower.get(..lower.chars().next().map_or(0, char::len_utf8)).unwrap_or_default();
        let from = (Bound::Included(first), Bound::Unbounded);
        let whole = self.back.range::<str, _>(from).map(|(made, value)| (made, Some(value)));
        let parts = self.parts.range::<str, _>(from).map(|(made, value)| (made, value.as_ref()));
        let own = |(made, _): &(&String, _)| made.starts_with(first);
        for (stand_in, value) in whole.take_while(own).chain(parts.take_while(own)) {
            if lower.len() <= stand_in.len() && stand_in.starts_with(&lower) && !at_end {
                return Found::Unfinished;
            }
            let Some(rest) = lower.strip_prefix(stand_in.as_str()) else { continue };
            // `Radleys`: the plural needs one character more, and `June 29-30` two.
            if !at_end && (rest == "s" || is_dash(rest)) {
                return Found::Unfinished;
            }
            let rest = rest
                .strip_prefix('s')
                .filter(|rest| !rest.starts_with(char::is_alphanumeric))
                .unwrap_or(rest);
            if let Some(value) = value.filter(|_| !rest.starts_with(char::is_alphanumeric))
                && best.is_none_or(|(other, _)| other.len() < stand_in.len())
                && (self.back.contains_key(stand_in) || !is_range(rest))
            {
                best = Some((stand_in, value));
            }
        }
        let length = best.map_or(0, |(stand_in, _)| stand_in.len());
        if let Some((days, order)) = self.shift.filter(|_| computed) {
            match dates::shifted(text, order, -days, at_end) {
                Err(AtEnd) => return Found::Unfinished,
                Ok(Some(moved)) if moved.end > length => {
                    let is_kept =
                        lower.get(..moved.end).is_some_and(|date| self.kept.contains(date));
                    return if is_kept {
                        Found::Kept(moved.end)
                    } else {
                        Found::Value(PhiText::new(moved.text), moved.end)
                    };
                }
                Ok(_) => {}
            }
        }
        let Some((_, value)) = best else { return Found::Nothing };
        let written = text.get(..length).unwrap_or_default();
        let is_loud = letters(written) > 1 && !written.chars().any(char::is_lowercase);
        let value = value.expose_phi();
        // A value in capitals stays as it is: some letters' capitals are two.
        let is_quiet = value.chars().any(char::is_lowercase);
        let value = if is_loud && is_quiet { value.to_uppercase() } else { value.to_owned() };
        let value = PhiText::new(value);
        Found::Value(value, length)
    }
}

/// Whether `text` is a dash or a stroke alone, after which a number can come.
fn is_dash(text: &str) -> bool {
    matches!(text, "-" | "–" | "—" | "/")
}

/// Whether `text` begins with a dash and a number: the end of a range, `June 29-30`, which leads nowhere.
fn is_range(text: &str) -> bool {
    let rest = text.strip_prefix(['-', '–', '—', '/']);
    rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

fn letters(text: &str) -> usize {
    text.chars().filter(|c| c.is_alphabetic()).count()
}
