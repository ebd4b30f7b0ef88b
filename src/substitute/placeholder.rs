//! `[NAME_1]`: how a placeholder is written, and how one is recognised that a model has mangled.

use std::{fmt, str::FromStr};

use super::scan::{AtEnd, Escape, Scan};
use crate::deidentify::entity::{Label, Span};

/// A stand-in for one value: its label, and a number counted from 1 per label. The names of one
/// person share a number and are told apart by their form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Placeholder {
    /// The kind of the value.
    pub label: Label,
    /// Counted from 1 per label.
    pub number: u32,
    /// Which of a person's names; [`Form::WHOLE`] for anything else.
    pub form: Form,
}

impl Placeholder {
    /// The placeholder of a value that stands for itself.
    pub const fn whole(label: Label, number: u32) -> Self {
        Self { label, number, form: Form::WHOLE }
    }
}

/// Which of a person's names a placeholder stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Form {
    /// The part of the name.
    pub part: Part,
    /// Counts from 1 where one part is written in several ways.
    pub variant: u8,
}

impl Form {
    /// The form that was seen first, which has no suffix.
    pub const WHOLE: Self = Self { part: Part::Whole, variant: 1 };
}

/// A part of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Part {
    /// The form that was seen first.
    Whole,
    /// The given name.
    First,
    /// A name between the first and the last.
    Middle,
    /// The family name.
    Last,
    /// Given and family name, in another form than the first.
    Full,
    /// Initials alone.
    Initials,
}

impl Part {
    /// Those that are written.
    const WRITTEN: [Part; 5] = [Part::First, Part::Middle, Part::Last, Part::Full, Part::Initials];

    /// How it is written.
    const fn as_str(self) -> &'static str {
        match self {
            Part::Whole => "",
            Part::First => "FIRST",
            Part::Middle => "MIDDLE",
            Part::Last => "LAST",
            Part::Full => "FULL",
            Part::Initials => "INITIALS",
        }
    }
}

impl fmt::Display for Placeholder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}_{}", self.label, self.number)?;
        if self.form.part != Part::Whole {
            write!(f, "_{}", self.form.part.as_str())?;
        }
        if self.form.variant > 1 {
            write!(f, "_{}", self.form.variant)?;
        }
        f.write_str("]")
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

/// Most digits of a number.
const MOST_DIGITS: usize = 7;

/// The placeholders in `text`, left to right.
///
/// Beside the exact form, these are read as the placeholder that they were: any case; emphasis
/// (`*`, `_`, `` ` ``), blanks and invisible characters inside the brackets; an underscore escaped,
/// replaced by a blank or a hyphen, or left out; a line break, also within a word; brackets escaped
/// for Markdown, of full width, or corner brackets; all of it as HTML's entities or percent-encoded. The
/// label must be whole and the number unchanged, so `[NAME_1` and `[NAME_01]` are not placeholders.
pub fn find_all(text: &str) -> impl Iterator<Item = Written> + '_ {
    let mut from = 0;
    std::iter::from_fn(move || {
        loop {
            let open = from + text.get(from..)?.find(may_begin)?;
            let rest = text.get(open..)?;
            from = open + rest.chars().next().map_or(1, char::len_utf8);
            if let Beginning::Placeholder { placeholder, end, escaped, .. } = read(rest) {
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

/// Whether a placeholder in any form can begin with `c`.
pub(super) fn may_begin(c: char) -> bool {
    matches!(c, '[' | '&' | '%' | '［' | '【' | '〔' | '⟦')
}

/// What stands at the beginning of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beginning {
    /// A placeholder.
    Placeholder {
        placeholder: Placeholder,
        /// The offset after it, in bytes.
        end: usize,
        /// Whether its closing bracket has a backslash.
        escaped: bool,
        /// How what is put in its place must be written.
        escape: Escape,
    },
    /// What more text could make a placeholder of.
    Unfinished,
    /// Nothing of the kind, whatever follows.
    Other,
}

/// Reads the placeholder at the beginning of `text`, from its bracket on.
pub(super) fn read(text: &str) -> Beginning {
    match read_brackets(Scan(text)) {
        Ok(Some(read)) => read,
        Ok(None) => Beginning::Other,
        Err(AtEnd) => Beginning::Unfinished,
    }
}

fn read_brackets(scan: Scan<'_>) -> Result<Option<Beginning>, AtEnd> {
    let (open, after, escape) = scan.next(0)?;
    if !matches!(open, '[' | '【' | '〔' | '⟦') {
        return Ok(None);
    }
    let inside = scan.skip_marks(after)?;
    let mut unfinished = false;
    for &label in Label::ALL {
        let found = scan.skip_word(inside, label.as_str()).and_then(|after| match after {
            Some(after) => read_rest(scan, after, label),
            None => Ok(None),
        });
        match found {
            Ok(Some((placeholder, end, escaped))) => {
                return Ok(Some(Beginning::Placeholder { placeholder, end, escaped, escape }));
            }
            Ok(None) => {}
            Err(AtEnd) => unfinished = true,
        }
    }
    if unfinished { Err(AtEnd) } else { Ok(None) }
}

/// A placeholder, the offset after its closing bracket, and whether that has a backslash.
type Rest = (Placeholder, usize, bool);

/// What follows a label: the number, the form, the closing bracket.
fn read_rest(scan: Scan<'_>, after: usize, label: Label) -> Result<Option<Rest>, AtEnd> {
    let Some((number, at)) = read_number(scan, scan.skip_marks(after)?)? else { return Ok(None) };
    if let Some((end, escaped)) = close(scan, at)? {
        return Ok(Some((Placeholder::whole(label, number), end, escaped)));
    }
    if label != Label::Name {
        return Ok(None);
    }
    let at = scan.skip_marks(at)?;
    for part in Part::WRITTEN {
        let Some(at) = scan.skip_word(at, part.as_str())? else { continue };
        let placeholder = |variant| Placeholder { label, number, form: Form { part, variant } };
        if let Some((end, escaped)) = close(scan, at)? {
            return Ok(Some((placeholder(1), end, escaped)));
        }
        let Some((variant, at)) = read_number(scan, scan.skip_marks(at)?)? else {
            return Ok(None);
        };
        let variant = u8::try_from(variant).ok().filter(|&variant| variant > 1);
        let closed = close(scan, at)?;
        return Ok(variant
            .zip(closed)
            .map(|(variant, (end, escaped))| (placeholder(variant), end, escaped)));
    }
    Ok(None)
}

/// The number at `at` and the offset after it. One with a leading zero is none of ours.
fn read_number(scan: Scan<'_>, at: usize) -> Result<Option<(u32, usize)>, AtEnd> {
    let (mut number, mut digits, mut at) = (0u32, 0, at);
    loop {
        let (next, after, _) = scan.next(at)?;
        match next.to_digit(10) {
            Some(0) if digits == 0 => return Ok(None),
            Some(digit) if digits < MOST_DIGITS => number = number * 10 + digit,
            _ => break,
        }
        digits += 1;
        at = after;
    }
    Ok((digits > 0).then_some((number, at)))
}

/// The offset after the closing bracket that follows `at`, and whether it has a backslash.
fn close(scan: Scan<'_>, at: usize) -> Result<Option<(usize, bool)>, AtEnd> {
    let before = scan.skip_marks(at)?;
    let (next, end, _) = scan.next(before)?;
    let escaped = scan.0.get(at..before).is_some_and(|marks| marks.ends_with('\\'));
    Ok(matches!(next, ']' | '】' | '〕' | '⟧').then_some((end, escaped)))
}

#[cfg(test)]
mod tests {
    use super::{Placeholder, find_all};
    use crate::deidentify::entity::Label;

    #[test]
    fn the_exact_form_is_told_from_the_mangled_ones() {
        let name = Placeholder::whole(Label::Name, 1);
        let plan = Placeholder::whole(Label::HealthPlanId, 12);
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
