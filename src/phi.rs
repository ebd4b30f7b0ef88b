//! [`PhiText`]: text that may hold protected health information.

use std::{
    fmt,
    hash::{Hash, Hasher},
};

use zeroize::Zeroizing;

/// A string that may hold PHI.
///
/// It does not print (`Debug` shows its length in bytes), has no `Display`, `Serialize` or
/// `Deref`, and wipes its memory when dropped. Reading it takes a call that can be searched for:
/// [`PhiText::expose_phi`].
#[derive(Clone, Default, PartialEq, Eq)]
pub struct PhiText(Zeroizing<String>);

impl PhiText {
    /// Takes ownership of `text`; its buffer is wiped when the value is dropped.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text itself. Never pass the result to a log, an error or a metric.
    pub fn expose_phi(&self) -> &str {
        &self.0
    }

    /// Length in bytes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no text at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Hash for PhiText {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.expose_phi().hash(state);
    }
}

impl fmt::Debug for PhiText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PhiText({} bytes)", self.0.len())
    }
}

impl From<&str> for PhiText {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

#[cfg(test)]
mod tests {
    use super::PhiText;

    #[test]
    fn debug_shows_the_length_and_nothing_of_the_text() {
        let text = PhiText::new("John Doe");
        assert_eq!(format!("{text:?}"), "PhiText(8 bytes)");
    }
}
