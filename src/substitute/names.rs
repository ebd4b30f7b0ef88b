//! A person's name taken apart: titles, given, middle and family names, initials, "Last, First".

use unicode_normalization::UnicodeNormalization;

use crate::phi::PhiText;

/// Whom a title addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Title {
    /// `Mr.` and the like.
    He,
    /// `Mrs.`, `Ms.` and the like.
    She,
    /// `Dr.` and the like.
    Anybody,
}

/// Small words that begin a family name.
const PARTICLES: [&str; 17] = [
    "al", "bin", "da", "de", "del", "della", "den", "der", "di", "dos", "du", "el", "la", "le",
    "st", "van", "von",
];

/// What stands behind a name and is none.
const SUFFIXES: [&str; 14] =
    ["jr", "sr", "ii", "iii", "iv", "md", "do", "rn", "np", "pa", "phd", "dds", "esq", "mph"];

fn title(word: &str) -> Option<Title> {
    Some(match word.trim_end_matches('.').to_lowercase().as_str() {
        "mr" | "sir" | "herr" | "monsieur" | "señor" => Title::He,
        "mrs" | "ms" | "miss" | "mme" | "madam" | "frau" | "señora" => Title::She,
        "dr" | "prof" | "doctor" | "professor" | "mx" | "nurse" => Title::Anybody,
        _ => return None,
    })
}

/// The title that `value` begins with, and how many bytes it takes with the blank after it; a title
/// tells nobody, and a model wants it.
pub(super) fn leading_title(value: &str) -> Option<(Title, usize)> {
    let end = value.find(char::is_whitespace)?;
    let (word, rest) = value.split_at(end);
    let name = rest.trim_start();
    let found = title(word)?;
    name.chars().any(char::is_alphabetic).then_some((found, value.len() - name.len()))
}

/// Whether `word` stands behind a name and is none, such as `Jr` or `MD`.
pub(super) fn is_suffix(word: &str) -> bool {
    SUFFIXES.contains(&word.to_lowercase().as_str())
}

/// The title that stands before a name.
pub(super) fn title_before(head: &str) -> Option<Title> {
    title(head.trim_end_matches([' ', '\u{a0}', '\n']).rsplit(char::is_whitespace).next()?)
}

/// A name taken apart, in lower case.
pub(super) struct Name {
    pub(super) given: Option<PhiText>,
    pub(super) middle: Vec<PhiText>,
    pub(super) family: Option<PhiText>,
    /// The only word of a name of one word.
    pub(super) only: Option<PhiText>,
    pub(super) title: Option<Title>,
}

impl Name {
    /// Takes `value` apart, which `title` stands before; `None` where it holds no word.
    pub(super) fn read(value: &str, title: Option<Title>) -> Option<Self> {
        let lower = match value.is_ascii() {
            true => value.to_ascii_lowercase(),
            false => value.nfc().collect::<String>().to_lowercase(),
        };
        let (before, after) = match lower.split_once(',') {
            Some((family, given)) if !words(given).is_empty() => {
                (words(family), Some(words(given)))
            }
            _ => (words(&lower), None),
        };
        let own = |word: &str| PhiText::from(word);
        let mut name = Self { given: None, middle: Vec::new(), family: None, only: None, title };
        if let Some(after) = after {
            name.family = (!before.is_empty()).then(|| PhiText::new(before.join(" ")));
            let mut after = after.into_iter();
            name.given = after.next().map(own);
            name.middle = after.map(own).collect();
            return name.family.is_some().then_some(name);
        }
        match before.as_slice() {
            [] => return None,
            [only] => name.only = Some(own(only)),
            [given, rest @ ..] => {
                name.given = Some(own(given));
                // A particle begins the family name; without one it is the last word.
                let particle = rest.iter().position(|word| PARTICLES.contains(word));
                let family = particle.filter(|&at| at + 1 < rest.len()).unwrap_or(rest.len() - 1);
                let (middle, family) = rest.split_at(family);
                name.middle = middle.iter().map(|word| own(word)).collect();
                name.family = Some(PhiText::new(family.join(" ")));
            }
        }
        Some(name)
    }

    /// A name without a word in it.
    pub(super) fn nobody() -> Self {
        Self { given: None, middle: Vec::new(), family: None, only: None, title: None }
    }

    /// Letters that stand for given and family name, as in `JD` or `J. D.`.
    pub(super) fn initials(&self) -> Option<(char, char)> {
        let one = |word: &PhiText| single(word.expose_phi());
        match (&self.given, &self.family) {
            (Some(given), Some(family)) => Some((one(given)?, one(family)?)),
            _ => None,
        }
    }
}

/// The words of a name, without titles and degrees.
fn words(text: &str) -> Vec<&str> {
    let words = text.split(|c: char| c.is_whitespace() || c == ',');
    let words = words.map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()));
    words
        .filter(|word| !word.is_empty() && !SUFFIXES.contains(word) && title(word).is_none())
        .collect()
}

/// The letter that is all of `word`.
fn single(word: &str) -> Option<char> {
    let mut letters = word.chars();
    letters.next().filter(|_| letters.next().is_none())
}

/// Whether two given names may be one: equal, or one the other's initial.
pub(super) fn agree(a: &PhiText, b: &PhiText) -> bool {
    let (a, b) = (a.expose_phi(), b.expose_phi());
    let initial = |short: &str, long: &str| single(short).is_some_and(|c| long.starts_with(c));
    a == b || initial(a, b) || initial(b, a)
}
