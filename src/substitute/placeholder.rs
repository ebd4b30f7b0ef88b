//! `[NAME_1]`: how a placeholder is written, and how one is recognised that a model has mangled.

use std::{fmt, str::FromStr};

use crate::deidentify::entity::{Label, Span};

/// A stand-in for one value: its label, and a number counted from 1 per label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Placeholder {
    /// The kind of the value.
    pub label: Label,
    /// Counted from 1 per label.
    pub number: u32,
}

impl fmt::Display for Placeholder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}_{}]", self.label, self.number)
    }
}

impl FromStr for Placeholder {
    type Err = NoPlaceholder;

    /// Reads the exact form alone.
    fn from_str(text: &str) -> Result<Self, NoPlaceholder> {
        match read(text) {
            Beginning::Placeholder { placeholder, end, .. }
                if end == text.len() && placeholder.to_string() == text =>
            {
                Ok(placeholder)
            }
            _ => Err(NoPlaceholder),
        }
    }
}

/// Not the exact form of a placeholder.
#[derive(Debug, thiserror::Error)]
#[error("not a placeholder such as [NAME_1]")]
pub struct NoPlaceholder;

/// A placeholder as it stands in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// Which one it is.
    pub placeholder: Placeholder,
    /// Where it stands, in bytes, brackets included.
    pub span: Span,
    /// Whether it is written exactly as it was given out.
    pub exact: bool,
}

/// Most marks (blanks, emphasis, escapes) in one place inside the brackets.
const MOST_MARKS: usize = 8;
/// Most digits of a number.
const MOST_DIGITS: usize = 7;

/// The placeholders in `text`, left to right.
///
/// Beside the exact form, these are read as the placeholder that they were: any case; emphasis
/// (`*`, `_`, `` ` ``) and blanks inside the brackets; an underscore escaped, replaced by a blank
/// or a hyphen, or left out; brackets escaped for Markdown. The label must be whole and the
/// number unchanged, so `[NAME_1` and `[NAME_01]` are not placeholders.
pub fn find_all(text: &str) -> impl Iterator<Item = Written> + '_ {
    let mut from = 0;
    std::iter::from_fn(move || {
        loop {
            let open = from + text.get(from..)?.find('[')?;
            from = open + 1;
            if let Beginning::Placeholder { placeholder, end, escaped } = read(text.get(open..)?) {
                from = open + end;
                let escaped = escaped && open > 0 && text.as_bytes().get(open - 1) == Some(&b'\\');
                // The backslash of the opening bracket belongs to it, if the closing one has one.
                let span = Span::new(open - usize::from(escaped), from);
                let exact = span.of(text) == Some(placeholder.to_string().as_str());
                return Some(Written { placeholder, span, exact });
            }
        }
    })
}

/// What stands at the beginning of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beginning {
    /// A placeholder that ends before this byte; `escaped` when its closing bracket is.
    Placeholder { placeholder: Placeholder, end: usize, escaped: bool },
    /// What more text could make a placeholder of.
    Unfinished,
    /// Nothing of the kind, whatever follows.
    Other,
}

/// Reads the placeholder at the beginning of `text`, from its `[` on.
pub(super) fn read(text: &str) -> Beginning {
    match read_bytes(text.as_bytes()) {
        Ok(Some(read)) => read,
        Ok(None) => Beginning::Other,
        Err(AtEnd) => Beginning::Unfinished,
    }
}

/// The text ends where more could decide.
struct AtEnd;

fn read_bytes(bytes: &[u8]) -> Result<Option<Beginning>, AtEnd> {
    if byte(bytes, 0)? != b'[' {
        return Ok(None);
    }
    let inside = skip_marks(bytes, 1)?;
    let mut unfinished = false;
    for &label in Label::ALL {
        let after = match skip_label(bytes, inside, label) {
            Ok(Some(after)) => after,
            Ok(None) => continue,
            Err(AtEnd) => {
                unfinished = true;
                continue;
            }
        };
        match read_number(bytes, after) {
            Ok(Some((number, end, escaped))) => {
                let placeholder = Placeholder { label, number };
                return Ok(Some(Beginning::Placeholder { placeholder, end, escaped }));
            }
            Ok(None) => {}
            Err(AtEnd) => unfinished = true,
        }
    }
    if unfinished { Err(AtEnd) } else { Ok(None) }
}

/// The number after a label, the offset after the closing bracket, and whether that is escaped.
fn read_number(bytes: &[u8], after: usize) -> Result<Option<(u32, usize, bool)>, AtEnd> {
    let start = skip_marks(bytes, after)?;
    let mut number = 0u32;
    let mut at = start;
    loop {
        let next = byte(bytes, at)?;
        if next == b'0' && at == start {
            return Ok(None);
        }
        if !next.is_ascii_digit() || at - start == MOST_DIGITS {
            break;
        }
        number = number * 10 + u32::from(next - b'0');
        at += 1;
    }
    if at == start {
        return Ok(None);
    }
    let close = skip_marks(bytes, at)?;
    if byte(bytes, close)? != b']' {
        return Ok(None);
    }
    Ok(Some((number, close + 1, bytes.get(close - 1) == Some(&b'\\'))))
}

/// The offset after `label`'s letters from `at`, in any case, with any marks at its underscores.
fn skip_label(bytes: &[u8], at: usize, label: Label) -> Result<Option<usize>, AtEnd> {
    let mut at = at;
    for letter in label.as_str().bytes() {
        if letter == b'_' {
            at = skip_marks(bytes, at)?;
        } else if byte(bytes, at)?.eq_ignore_ascii_case(&letter) {
            at += 1;
        } else {
            return Ok(None);
        }
    }
    Ok(Some(at))
}

/// The offset after the marks from `at`: what Markdown, escaping and line breaks leave behind.
fn skip_marks(bytes: &[u8], at: usize) -> Result<usize, AtEnd> {
    let mut after = at;
    while after - at < MOST_MARKS && b" \t\r\n*`_\\-".contains(&byte(bytes, after)?) {
        after += 1;
    }
    Ok(after)
}

fn byte(bytes: &[u8], at: usize) -> Result<u8, AtEnd> {
    bytes.get(at).copied().ok_or(AtEnd)
}

#[cfg(test)]
mod tests {
    use super::{Placeholder, find_all};
    use crate::deidentify::entity::Label;

    #[test]
    fn the_exact_form_is_told_from_the_mangled_ones() {
        let name = Placeholder { label: Label::Name, number: 1 };
        let plan = Placeholder { label: Label::HealthPlanId, number: 12 };
        for (text, placeholder, exact) in [
            ("[NAME_1]", name, true),
            ("[name_1]", name, false),
            (r"[NAME\_1]", name, false),
            (r"\[NAME\_1\]", name, false),
            ("[**NAME_1**]", name, false),
            ("[`NAME_1`]", name, false),
            ("[ NAME_1 ]", name, false),
            ("[NAME 1]", name, false),
            ("[NAME-1]", name, false),
            ("[NAME1]", name, false),
            ("[NAME_\n1]", name, false),
            ("[HEALTH_PLAN_ID_12]", plan, true),
            ("[Health Plan ID 12]", plan, false),
            (r"[HEALTH\_PLAN\_ID\_12]", plan, false),
        ] {
            let found: Vec<_> = find_all(text).collect();
            assert_eq!(found.len(), 1, "{text}");
            assert_eq!(found[0].placeholder, placeholder, "{text}");
            assert_eq!(found[0].exact, exact, "{text}");
            assert_eq!(found[0].span.of(text), Some(text), "{text}");
        }
    }

    #[test]
    fn what_only_resembles_a_placeholder_is_none() {
        for text in [
            "[NAME_1",
            "NAME_1]",
            "NAME_1",
            "[NAME_01]",
            "[NAME_0]",
            "[NAME_]",
            "[NAME_1a]",
            "[NAMES_1]",
            "[NAME_1.5]",
            "[NAME_12345678]",
            "[PERSON_1]",
            "[N\u{c4}ME_1]",
            "[1]",
            "[]",
        ] {
            assert_eq!(find_all(text).count(), 0, "{text}");
        }
    }

    #[test]
    fn they_are_found_side_by_side_and_within_brackets() {
        let text = "[[NAME_1]][DATE_2]\u{1f600}[ID_3](x) [NAME_[NAME_4]";
        let found: Vec<_> = find_all(text).map(|w| w.placeholder.to_string()).collect();
        assert_eq!(found, ["[NAME_1]", "[DATE_2]", "[ID_3]", "[NAME_4]"]);
    }
}
