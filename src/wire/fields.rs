//! What can stand at a position of a request, and the lookup of it by the [table](super::table).

use std::collections::{HashMap, HashSet};

use foldhash::fast::FixedState;

/// What stands at a position of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text of a person or a program: scrubbed.
    Text,
    /// A protocol constant, as long as it has the shape of one; anything else there is text.
    Constant(Shape),
    /// A number that is a parameter; anything else there is text.
    Number,
    /// The name of a participant: always a name, whatever the detectors think. In the messages of
    /// tools (role `tool` or `function`) it is the name of the tool, a constant.
    Participant,
    /// A JSON schema: numbers and types in it are constants, the rest is text.
    Schema,
    /// An object whose keys and values were checked to be nothing but what they should be.
    Checked,
    /// Content that cannot be read (an image, audio, a file): refused, or let through by policy.
    Opaque,
    /// Never taken, and why.
    Refused(&'static str),
    /// Of no use upstream and not to be read: left out.
    Dropped,
}

/// How a constant looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// An enum word such as `json_schema`.
    Word,
    /// An id that OpenAI gave out, or the name of a tool.
    Name,
    /// The name of a model.
    Model,
    /// What the provider has encrypted, in base64: long, and without a blank.
    Sealed,
}

impl Shape {
    /// Whether `text` has this shape.
    pub fn fits(self, text: &str) -> bool {
        let (most, marks) = match self {
            Shape::Word => (32, "_-"),
            Shape::Name => (128, "_-.:"),
            Shape::Model => (256, "_-.:/@+"),
            Shape::Sealed => return is_sealed(text),
        };
        let letter = |c: char| match self {
            Shape::Word => c.is_ascii_lowercase() || c.is_ascii_digit(),
            Shape::Name | Shape::Model | Shape::Sealed => c.is_ascii_alphanumeric(),
        };
        !text.is_empty()
            && text.len() <= most
            && text.chars().all(|c| letter(c) || marks.contains(c))
            && !resembles_an_identifier(text)
    }
}

/// Whether `text` looks encrypted: no text of a person is that long without a blank.
fn is_sealed(text: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=_-".contains(&byte);
    text.len() >= 64 && text.bytes().all(letter)
}

/// Whether a constant could be a mail address or a social security number all the same.
fn resembles_an_identifier(text: &str) -> bool {
    let mail =
        text.split_once('@').is_some_and(|(user, host)| !user.is_empty() && host.contains('.'));
    let groups: Vec<&str> = text.split(|c: char| !c.is_ascii_digit()).collect();
    let ssn = groups.windows(3).any(|three| three.iter().map(|group| group.len()).eq([3, 2, 4]));
    mail || ssn
}

/// A table made ready for lookups.
///
/// Paths are keys joined by dots; `[]` stands for every item of a list, and `*` for every key of an
/// object whose keys are the caller's.
///
/// The tables are ours and never grow, so a hash that is quick will do: nobody can add keys that collide.
pub struct Table {
    kinds: HashMap<String, Kind, FixedState>,
    /// Every path on the way to a listed one: keys on it are protocol, not text.
    ways: HashSet<String, FixedState>,
}

impl Table {
    /// A table of `rows`; each of `also` holds at its second path what `rows` say of its first.
    pub(super) fn new(rows: &[(&str, Kind)], also: &[(&str, &str)]) -> Self {
        let mut kinds = HashMap::<String, Kind, FixedState>::default();
        for (path, kind) in rows {
            for path in alternatives(path) {
                let copies = also.iter().filter_map(|(from, to)| {
                    let rest = path.strip_prefix(from)?;
                    (rest.is_empty() || rest.starts_with('.')).then(|| format!("{to}{rest}"))
                });
                kinds.extend(copies.map(|path| (path, *kind)));
                kinds.insert(path, *kind);
            }
        }
        let mut ways = HashSet::default();
        for path in kinds.keys() {
            for (at, _) in path.match_indices(['.', '[']) {
                ways.insert(path.get(..at).unwrap_or_default().to_owned());
            }
            ways.insert(path.clone());
        }
        Self { kinds, ways }
    }

    /// What stands at `path`; `None` where the table says nothing.
    pub fn kind(&self, path: &str) -> Option<Kind> {
        self.kinds.get(path).copied()
    }

    /// Whether `path` is one of the protocol's own, so that its last key is no text.
    pub fn knows(&self, path: &str) -> bool {
        self.ways.contains(path)
    }

    /// Appends `key` to the `path` of its object.
    pub(super) fn descend(&self, path: &mut String, key: &str) {
        if !path.is_empty() {
            path.push('.');
        }
        let object = path.len();
        // A key that could be read as a path of the table must not be one.
        let plain = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        path.push_str(if plain { key } else { "?" });
        if !self.knows(path) {
            path.truncate(object);
            path.push('*');
            if !self.knows(path) {
                path.truncate(object);
                path.push('?');
            }
        }
    }
}

/// The paths that a row stands for: `a.{b,c}` is `a.b` and `a.c`.
pub(super) fn alternatives(path: &str) -> Vec<String> {
    let Some((prefix, rest)) = path.split_once('{') else { return vec![path.to_owned()] };
    let (keys, rest) = rest.split_once('}').unwrap_or((rest, ""));
    keys.split(',').map(|key| format!("{prefix}{key}{rest}")).collect()
}

#[cfg(test)]
mod tests {
    use super::Shape;

    #[test]
    fn a_constant_with_a_blank_or_an_at_sign_is_no_constant() {
        assert!(Shape::Word.fits("json_schema"));
        assert!(!Shape::Word.fits("John Doe"));
        assert!(!Shape::Name.fits("john@example.org"));
        assert!(Shape::Model.fits("gpt-4o-2024-05-13"));
        assert!(!Shape::Model.fits("the model of John Doe"));
        assert!(!Shape::Word.fits(""));
        assert!(!Shape::Model.fits("jdoe@example.org"));
        assert!(Shape::Model.fits("@cf/meta/llama-3"));
        assert!(!Shape::Name.fits("call_536-22-8145"));
        assert!(Shape::Sealed.fits(&"gAAAAABo-x_9".repeat(8)));
        assert!(!Shape::Sealed.fits("John") && !Shape::Sealed.fits(&"John Doe ".repeat(9)));
    }
}
