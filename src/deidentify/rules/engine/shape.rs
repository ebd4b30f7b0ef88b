//! Where a pattern's group lies in its match. For most patterns the ends of the match tell, which an
//! automaton finds without tracking groups.

use regex::Regex;
use regex_syntax::hir::{Hir, HirKind};

use crate::deidentify::entity::Span;

/// How the groups of a match are found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Shape {
    /// One group, which leaves out so many bytes at either end of the match.
    Within(usize, usize),
    /// One group, the last character of the match.
    Last,
    /// Groups that must be tracked.
    Groups,
}

impl Shape {
    pub(super) fn of(pattern: &str) -> Shape {
        let Ok(hir) = regex_syntax::parse(pattern) else { return Shape::Groups };
        if hir.properties().explicit_captures_len() != 1 {
            return Shape::Groups;
        }
        let one = std::slice::from_ref(&hir);
        let parts = match hir.kind() {
            HirKind::Concat(parts) => parts.as_slice(),
            _ => one,
        };
        let is_group = |part: &Hir| matches!(part.kind(), HirKind::Capture(_));
        let Some(place) = parts.iter().position(is_group) else { return Shape::Groups };
        let (before, rest) = parts.split_at(place);
        let Some((group, after)) = rest.split_first() else { return Shape::Groups };
        match (fixed_length(before), fixed_length(after)) {
            (Some(before), Some(after)) => Shape::Within(before, after),
            (None, Some(0)) if is_character(group) => Shape::Last,
            _ => Shape::Groups,
        }
    }

    /// Calls `each` with the groups of the first match of `regex` in `text`.
    pub(super) fn find(self, regex: &Regex, text: &str, mut each: impl FnMut(Span)) {
        match self {
            Shape::Within(before, after) => {
                if let Some(found) = regex.find(text) {
                    each(Span::new(found.start() + before, found.end() - after));
                }
            }
            Shape::Last => {
                if let Some(found) = regex.find(text)
                    && let Some((last, _)) = found.as_str().char_indices().next_back()
                {
                    each(Span::new(found.start() + last, found.end()));
                }
            }
            Shape::Groups => {
                if regex.is_match(text)
                    && let Some(captures) = regex.captures(text)
                {
                    let groups = captures.iter().skip(1).flatten();
                    groups.for_each(|group| each(Span::new(group.start(), group.end())));
                }
            }
        }
    }
}

/// The length in bytes of all that `parts` match, where it is always the same.
fn fixed_length(parts: &[Hir]) -> Option<usize> {
    let lengths = parts.iter().map(|part| {
        let properties = part.properties();
        properties.minimum_len().filter(|&least| properties.maximum_len() == Some(least))
    });
    lengths.sum()
}

fn is_character(group: &Hir) -> bool {
    match group.kind() {
        HirKind::Capture(capture) => matches!(capture.sub.kind(), HirKind::Class(_)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_lie_where_they_are_tracked() {
        let text = "mrn é12 x";
        for (pattern, shape) in [
            (r"\A(?:(mrn)(?-u:\b))", Shape::Within(0, 0)),
            (r"mrn[ ](é[0-9]+)[ ]x", Shape::Within(4, 2)),
            (r"\A(?:m?rn[ ]{1,2}(\p{L}))", Shape::Last),
            (r"m?rn[ ](é[0-9]+)", Shape::Groups),
            (r"(mrn)[ ](é)", Shape::Groups),
            (r"(?:(mrn)|(é))", Shape::Groups),
            (r"(?:mrn[ ](é)|x)", Shape::Groups),
            (r"(mr(?:n[ ]é)?)", Shape::Within(0, 0)),
            (r"mrn[ ](é)?12", Shape::Groups),
        ] {
            assert_eq!(Shape::of(pattern), shape, "{pattern}");
            let regex = Regex::new(pattern).unwrap();
            let groups = |shape: Shape| {
                let mut groups = Vec::new();
                shape.find(&regex, text, |group| groups.push(group));
                groups
            };
            assert_eq!(groups(shape), groups(Shape::Groups), "{pattern}");
            assert!(!groups(shape).is_empty(), "{pattern}");
        }
    }
}
