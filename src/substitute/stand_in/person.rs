//! Surrogates of people's names, word by word, so that every form and part of a name has the same stand-in.

use super::{StandIns, letters};
use crate::{
    deidentify::entity::Label,
    phi::PhiText,
    substitute::names::{is_suffix, title_before},
};

/// Given names of no one gender; as far as it goes each has another initial.
const GIVEN: [&str; 32] = [
    "Alexis", "Blair", "Casey", "Dakota", "Emery", "Finley", "Harley", "Jamie", "Kendall",
    "Lennon", "Morgan", "Noel", "Oakley", "Parker", "Quinn", "Rowan", "Shiloh", "Taylor", "Wynn",
    "Ariel", "Avery", "Devin", "Jordan", "Marlow", "Reese", "Remy", "Riley", "Sawyer", "Skyler",
    "Sydney", "Tatum", "Tobin",
];
/// Family names that are no other words.
const FAMILY: [&str; 32] = [
    "Aldwin", "Brantley", "Calderby", "Denholm", "Ellerby", "Farnley", "Gresham", "Hadlow",
    "Iverley", "Jessup", "Kelham", "Lockley", "Merrin", "Norham", "Orrell", "Penrith", "Quarley",
    "Radley", "Selwyn", "Thornby", "Ulmer", "Verrall", "Wexley", "Yardley", "Zeller", "Ashdown",
    "Birtles", "Corley", "Dunmore", "Eastham", "Fenwick", "Garside",
];
/// Particles of names: they tell nobody.
const PARTICLES: [&str; 14] =
    ["al", "bin", "da", "de", "del", "della", "den", "der", "di", "dos", "el", "la", "van", "von"];

impl StandIns {
    /// A name, word by word, so that every form and part of it has the same stand-in.
    pub(super) fn name(&mut self, head: &str, value: &str) -> Option<String> {
        let words: Vec<&str> = value.split_whitespace().collect();
        let fits = |c: char| c.is_alphabetic() || matches!(c, '\'' | '’' | '-' | '.' | ',');
        let whole = words.iter().filter(|word| letters(word) > 1).count();
        // Initials alone, digits and signs read like no name.
        if whole == 0 || !value.chars().all(|c| fits(c) || c.is_whitespace()) {
            return None;
        }
        // "Ellen" is a given name, and "Mrs. Thornbury" has a family name.
        let is_given_alone = words.len() == 1 && title_before(head).is_none();
        // `Jr.` and `MD` are nobody's name.
        let stays = |at: usize, bare: &str| at > 0 && is_suffix(bare);
        let bare = |word: &str| word.trim_end_matches([',', '.']).to_owned();
        let last = words.iter().enumerate().rposition(|(at, word)| !stays(at, &bare(word)))?;
        let comma = words.iter().position(|word| word.ends_with(',')).filter(|&at| at < last);
        let (mut given, mut family, mut middle) = (None, None, false);
        let mut out = String::with_capacity(value.len() + 8);
        let mut rest = value;
        for (at, word) in words.iter().enumerate() {
            let before = rest.find(word)?;
            out.push_str(rest.get(..before)?);
            rest = rest.get(before + word.len()..)?;
            let bare = word.trim_end_matches([',', '.']);
            let is_last = comma.map_or(at == last, |comma| at <= comma);
            let is_family = is_last && !is_given_alone;
            if PARTICLES.contains(&bare.to_lowercase().as_str()) || stays(at, bare) {
                out.push_str(bare);
            } else if letters(bare) > 1 {
                let stand_in = self.word(bare, is_family)?;
                out.push_str(&stand_in);
                match is_family {
                    true => family = Some((stand_in, bare)),
                    false => given = given.or(Some((stand_in, bare))),
                }
            } else {
                // An initial: one that nobody's name begins with.
                out.push('X');
                middle |= word.ends_with('.');
            }
            out.push_str(word.get(bare.len()..)?);
        }
        out.push_str(rest);
        self.back(&out, value);
        if middle && let Some(twin) = with_x(value) {
            self.part(&out.replace("X.", "X"), value, &twin);
        }
        if let Some(((new_given, given), (new_family, family))) = given.zip(family) {
            self.with_initial((&new_given, &new_family), (given, family));
        }
        Some(out)
    }

    /// `A. Aldwin` and `Aldwin, A.` lead back to `J. Doe` and `Doe, J.`, unless there is an A. Doe.
    fn with_initial(&mut self, new: (&str, &str), old: (&str, &str)) {
        let initial = |name: &str| name.chars().take(1).collect::<String>();
        let (new_initial, old_initial) = (initial(new.0), initial(old.0));
        let before = |initial: &str, dot: &str, family: &str| format!("{initial}{dot} {family}");
        let after = |initial: &str, dot: &str, family: &str| format!("{family}, {initial}{dot}");
        for dot in [".", ""] {
            for write in [before, after] {
                self.part(
                    &write(&new_initial, dot, new.1),
                    &write(&old_initial, dot, old.1),
                    &write(&new_initial, dot, old.1),
                );
            }
        }
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

/// `value` with an X in the place of its initials with a dot.
fn with_x(value: &str) -> Option<String> {
    let is_initial = |word: &&str| letters(word) == 1 && word.ends_with('.');
    let words: Vec<&str> = value.split_whitespace().collect();
    words.iter().any(is_initial).then(|| {
        let words = words.iter().map(|word| if is_initial(word) { "X" } else { word });
        words.collect::<Vec<_>>().join(" ")
    })
}
