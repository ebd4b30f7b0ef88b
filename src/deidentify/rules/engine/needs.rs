//! Rules that are tried anywhere in a text, once it holds one of the strings that they need.

use memchr::memmem::Finder;

/// A string that a rule needs, around a word: " at gmail" around "at".
pub(super) struct Need {
    /// In lower case.
    text: &'static str,
    /// Where the word stands in it, in bytes.
    offset: usize,
    /// The rule's place among those that are tried anywhere: below 64.
    pub(super) rule: usize,
}

impl Need {
    /// `need` with the first word in it that ends within it; `None` where there is none.
    pub(super) fn around_word(need: &'static str, rule: usize) -> Option<(&'static str, Need)> {
        let is_mark = |c: char| !c.is_ascii_alphanumeric();
        let offset = need.find(|c| !is_mark(c)).filter(|&offset| offset > 0)?;
        let rest = need.get(offset..)?;
        let word = rest.get(..rest.find(is_mark)?)?;
        Some((word, Need { text: need, offset, rule }))
    }

    /// Whether it stands in `text` around the word at byte `at`, in any case.
    pub(super) fn is_around(&self, text: &str, at: usize) -> bool {
        at.checked_sub(self.offset)
            .and_then(|start| text.as_bytes().get(start..start + self.text.len()))
            .is_some_and(|bytes| bytes.eq_ignore_ascii_case(self.text.as_bytes()))
    }
}

/// A rule that is tried anywhere.
pub(super) struct Anywhere {
    /// Its place among all rules.
    pub(super) rule: usize,
    /// Signs that it needs, such as "@".
    signs: Vec<Finder<'static>>,
}

impl Anywhere {
    pub(super) fn new(rule: usize) -> Anywhere {
        Anywhere { rule, signs: Vec::new() }
    }

    pub(super) fn add_sign(&mut self, sign: &'static str) {
        self.signs.push(Finder::new(sign));
    }

    /// Whether `text` holds one of its signs.
    pub(super) fn is_called(&self, text: &str) -> bool {
        self.signs.iter().any(|sign| sign.find(text.as_bytes()).is_some())
    }
}
