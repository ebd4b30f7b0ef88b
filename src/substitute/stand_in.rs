//! Stand-ins that read like values: surrogates of the same kind, and dates that moved. Each leads back
//! to what it stands for, also where only a part of it comes back.

use std::collections::{HashMap, HashSet};

use super::{
    dates::{self, Order},
    names::title_before,
    scan::AtEnd,
};
use crate::{deidentify::entity::Label, phi::PhiText};

/// Given names of no one gender.
const GIVEN: [&str; 32] = [
    "Alexis", "Ariel", "Avery", "Blair", "Casey", "Dakota", "Devin", "Emery", "Finley", "Harley",
    "Jamie", "Jordan", "Kendall", "Lennon", "Marlow", "Morgan", "Noel", "Oakley", "Parker",
    "Quinn", "Reese", "Remy", "Riley", "Rowan", "Sawyer", "Shiloh", "Skyler", "Sydney", "Tatum",
    "Taylor", "Tobin", "Wynn",
];
/// Family names that are no other words.
const FAMILY: [&str; 32] = [
    "Aldwin", "Brantley", "Calderby", "Denholm", "Ellerby", "Farnley", "Gresham", "Hadlow",
    "Iverley", "Jessup", "Kelham", "Lockley", "Merrin", "Norham", "Orrell", "Penrith", "Quarley",
    "Radley", "Selwyn", "Thornby", "Ulmer", "Verrall", "Wexley", "Yardley", "Zeller", "Ashdown",
    "Birtles", "Corley", "Dunmore", "Eastham", "Fenwick", "Garside",
];
/// Towns that are nowhere in particular.
const CITIES: [&str; 16] = [
    "Elmhaven",
    "Brookmere",
    "Fairhollow",
    "Westmarch",
    "Oakreach",
    "Millbourne",
    "Stonefield",
    "Larkmoor",
    "Ashbrooke",
    "Redvale",
    "Kingsmere",
    "Northwick",
    "Silverfen",
    "Maplemoor",
    "Harrowgate",
    "Eastmere",
];
/// Particles of names: they tell nobody.
const PARTICLES: [&str; 14] =
    ["al", "bin", "da", "de", "del", "della", "den", "der", "di", "dos", "el", "la", "van", "von"];

/// What was found at the beginning of a text.
pub(super) enum Found {
    /// What stands there leads back to this, and is so many bytes long.
    Value(PhiText, usize),
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
    back: HashMap<String, PhiText>,
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
        self.back.iter().map(|(stand_in, value)| (stand_in.as_str(), value))
    }

    /// Whether anything was given out that is not in brackets.
    pub(super) fn is_empty(&self) -> bool {
        self.back.is_empty() && self.shift.is_none()
    }

    /// The date `value`, moved; `None` where it is not a whole date.
    pub(super) fn date(&mut self, value: &str) -> Option<String> {
        let (days, order) = self.shift?;
        match dates::shifted(value, order, days, true) {
            Ok(Some((moved, end))) if end == value.len() => {
                self.back(&moved, value);
                Some(moved)
            }
            _ => None,
        }
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
        if let Some(known) = self.given_out.get(&key) {
            return Some(known.clone());
        }
        let mut tries = 0..64;
        let surrogate = loop {
            tries.next()?;
            let number = self.next(label.as_str());
            let made = made_up(label, value, number)?;
            if self.is_free(&made) {
                break made;
            }
        };
        self.back(&surrogate, value);
        self.given_out.insert(key, surrogate.clone());
        Some(surrogate)
    }

    /// A name, word by word, so that every form and part of it has the same stand-in.
    fn name(&mut self, head: &str, value: &str) -> Option<String> {
        let words: Vec<&str> = value.split_whitespace().collect();
        let fits = |c: char| c.is_alphabetic() || matches!(c, '\'' | '’' | '-' | '.' | ',');
        let whole = words.iter().filter(|word| letters(word) > 1).count();
        // Initials alone, digits and signs read like no name.
        if whole == 0 || !value.chars().all(|c| fits(c) || c.is_whitespace()) {
            return None;
        }
        // "Ellen" is a given name, and "Mrs. Thornbury" has a family name.
        let is_given_alone = words.len() == 1 && title_before(head).is_none();
        let comma = words.iter().position(|word| word.ends_with(','));
        let mut out = String::with_capacity(value.len() + 8);
        let mut rest = value;
        for (at, word) in words.iter().enumerate() {
            let before = rest.find(word)?;
            out.push_str(rest.get(..before)?);
            rest = rest.get(before + word.len()..)?;
            let bare = word.trim_end_matches([',', '.']);
            let is_last = comma.map_or(at + 1 == words.len(), |comma| at <= comma);
            let is_family = is_last && !is_given_alone;
            if PARTICLES.contains(&bare.to_lowercase().as_str()) {
                out.push_str(bare);
            } else if letters(bare) > 1 {
                out.push_str(&self.word(bare, is_family)?);
            } else {
                // An initial: one that nobody's name begins with.
                out.push('X');
            }
            out.push_str(word.get(bare.len()..)?);
        }
        out.push_str(rest);
        self.back(&out, value);
        Some(out)
    }

    fn word(&mut self, word: &str, is_family: bool) -> Option<String> {
        let key = (Label::Name, PhiText::new(word.to_lowercase()));
        let stand_in = match self.given_out.get(&key) {
            Some(known) => known.clone(),
            None => {
                let (list, name): (&[&str], _) =
                    if is_family { (&FAMILY, "family") } else { (&GIVEN, "given") };
                let free = loop {
                    let candidate = list.get(self.next(name) - 1)?;
                    if self.is_free(candidate) {
                        break (*candidate).to_owned();
                    }
                };
                self.back(&free, word);
                self.given_out.insert(key, free.clone());
                free
            }
        };
        Some(like(&stand_in, word))
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
        for (stand_in, value) in &self.back {
            if lower.len() <= stand_in.len() && stand_in.starts_with(&lower) && !at_end {
                return Found::Unfinished;
            }
            let ends = lower.strip_prefix(stand_in.as_str()).is_some_and(|rest| {
                let rest = rest
                    .strip_prefix('s')
                    .filter(|rest| !rest.starts_with(char::is_alphanumeric))
                    .unwrap_or(rest);
                !rest.starts_with(char::is_alphanumeric)
            });
            if ends && best.is_none_or(|(other, _)| other.len() < stand_in.len()) {
                best = Some((stand_in, value));
            }
            // `Radleys`: the plural needs one character more.
            if !at_end && lower.strip_prefix(stand_in.as_str()) == Some("s") {
                return Found::Unfinished;
            }
        }
        if let Some((stand_in, value)) = best {
            let written = text.get(..stand_in.len()).unwrap_or_default();
            let is_loud = letters(written) > 1 && !written.chars().any(char::is_lowercase);
            let value = value.expose_phi();
            let value =
                if is_loud { PhiText::new(value.to_uppercase()) } else { PhiText::new(value) };
            return Found::Value(value, stand_in.len());
        }
        let Some((days, order)) = self.shift.filter(|_| computed) else { return Found::Nothing };
        match dates::shifted(text, order, -days, at_end) {
            Ok(Some((date, end))) => Found::Value(PhiText::new(date), end),
            Ok(None) => Found::Nothing,
            Err(AtEnd) => Found::Unfinished,
        }
    }
}

fn letters(text: &str) -> usize {
    text.chars().filter(|c| c.is_alphabetic()).count()
}

/// `stand_in` in the case of `word`.
fn like(stand_in: &str, word: &str) -> String {
    if letters(word) > 1
        && !word.chars().any(char::is_lowercase)
        && word.chars().any(char::is_uppercase)
    {
        stand_in.to_uppercase()
    } else {
        stand_in.to_owned()
    }
}

/// A value of the same kind and format that is nobody's.
fn made_up(label: Label, value: &str, number: usize) -> Option<String> {
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let has_digit = digits > 0;
    match label {
        // 555-0100 to 555-0199 are kept for fiction (NANPA).
        Label::Phone | Label::Fax if number < 100 => match digits {
            7 => Some(fill(value, &format!("55501{number:02}"))),
            10 => Some(fill(value, &format!("20255501{number:02}"))),
            11 => Some(fill(value, &format!("120255501{number:02}"))),
            _ => None,
        },
        // No number begins with 9 (SSA).
        Label::Ssn if digits == 9 => Some(fill(value, &format!("90000{number:04}"))),
        // RFC 2606, RFC 5737.
        Label::Email => Some(format!("contact{number}@example.org")),
        Label::Url => Some(format!("https://www.example.org/page{number}")),
        Label::Ip if number < 255 => Some(format!("192.0.2.{number}")),
        Label::Location if !has_digit => CITIES.get(number - 1).map(|city| (*city).to_owned()),
        Label::Organization => {
            CITIES.get(CITIES.len().checked_sub(number)?).map(|city| format!("{city} Institute"))
        }
        Label::Mrn
        | Label::HealthPlanId
        | Label::Account
        | Label::License
        | Label::Vehicle
        | Label::Device
        | Label::Id
            if digits >= 5 && value.is_ascii() =>
        {
            Some(same_format(value, number))
        }
        _ => None,
    }
}

/// `digits` in the places of those of `like`.
fn fill(like: &str, digits: &str) -> String {
    let mut digits = digits.chars();
    like.chars().map(|c| if c.is_ascii_digit() { digits.next().unwrap_or(c) } else { c }).collect()
}

/// Other digits and letters in the places of those of `value`, the same for one number.
fn same_format(value: &str, number: usize) -> String {
    // A linear congruential generator (Knuth, MMIX): all it must be is the same every time.
    let mut state = (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut next = |below: u32| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from(state >> 33).unwrap_or_default() % below
    };
    let mut letter =
        |base: char, below: u32| char::from_u32(u32::from(base) + next(below)).unwrap_or(base);
    let one = |c: char| match c {
        '0'..='9' => letter('0', 10),
        'a'..='z' => letter('a', 26),
        'A'..='Z' => letter('A', 26),
        _ => c,
    };
    value.chars().map(one).collect()
}
