//! Texts that a model reads one after the other: an identifier may begin in one and end in the next.
//!
//! Parts of a message and messages of a conversation are searched one by one. Where one does not end like a sentence,
//! what stands on both sides of the seam is searched once more as one text: `Patient John D` and `oe, 51` hold a
//! name that neither of them holds, and `MRN:` says what `44710093` is.

use super::{
    entity::{Detection, Span},
    propagate::is_common,
    rules::is_ordinary,
};
use crate::{
    phi::PhiText,
    wire::walk::{Leaf, LeafKind},
};

/// How much of each side is looked at, in bytes.
const REACH: usize = 80;

/// A text of at most so many bytes is looked through: the seams on both of its sides are one.
const FRAGMENT: usize = 32;

/// Most bytes of a text of seams; what is longer is cut there and goes on in the next one.
const MOST_BYTES: usize = 4 * 1024;

/// Most letters of an abbreviation, whose period ends no sentence: `Mrs.`
const ABBREVIATION_LETTERS: usize = 3;

/// The detector's name of what lies on both sides of a seam.
pub(super) const DETECTOR: &str = "seam";

/// What stands on the sides of one seam, or of several with fragments between them, as one text.
pub(super) struct Seam {
    pub(super) text: PhiText,
    pub(super) pieces: Vec<Piece>,
    /// Whether words were joined without a gap.
    tight: bool,
}

/// A piece of a leaf in a [`Seam`].
pub(super) struct Piece {
    pub(super) leaf: usize,
    /// Where the piece begins in its leaf, in bytes.
    pub(super) from: usize,
    /// Where it stands in the seam's text.
    pub(super) span: Span,
}

/// What is put between two texts.
#[derive(Clone, Copy, PartialEq)]
enum Glue {
    Nothing,
    /// Two words: what follows begins like one.
    Space,
    /// Two words, or the halves of one value: both are tried.
    Either,
}

/// The seams between the texts of the conversation in `leaves`.
pub(super) fn seams(leaves: &[Leaf]) -> Vec<Seam> {
    let sequence: Vec<usize> = (leaves.iter().enumerate())
        .filter(|(_, leaf)| {
            leaf.in_sequence && leaf.kind == LeafKind::Text && !leaf.text.is_empty()
        })
        .map(|(at, _)| at)
        .collect();
    let text = |leaf: usize| leaves.get(leaf).map_or("", |leaf| leaf.text.expose_phi());
    let mut seams = Vec::new();
    // The texts of the seam at hand, each with the glue before it.
    let mut run: Vec<(Glue, usize)> = Vec::new();
    let mut length = 0;
    for pair in sequence.windows(2) {
        let &[left, right] = pair else { continue };
        let Some(glue) = glue(text(left), text(right)) else {
            finish(&mut run, &text, &mut seams);
            continue;
        };
        if !run.is_empty() && (text(left).len() > FRAGMENT || length > MOST_BYTES) {
            finish(&mut run, &text, &mut seams);
        }
        if run.is_empty() {
            run.push((Glue::Nothing, left));
            length = text(left).len().min(REACH);
        }
        run.push((glue, right));
        length += text(right).len().min(REACH);
    }
    finish(&mut run, &text, &mut seams);
    seams
}

/// Makes texts of `run` and empties it.
fn finish<'t>(
    run: &mut Vec<(Glue, usize)>,
    text: &impl Fn(usize) -> &'t str,
    seams: &mut Vec<Seam>,
) {
    let run = std::mem::take(run);
    let Some(last) = run.len().checked_sub(1) else { return };
    let twice = run.iter().any(|(glue, _)| *glue == Glue::Either);
    for tight in if twice { &[false, true][..] } else { &[false] } {
        let mut joined = String::new();
        let mut pieces = Vec::new();
        for (at, &(glue, leaf)) in run.iter().enumerate() {
            let whole = text(leaf);
            let (from, to) = match at {
                0 => (tail(whole), whole.len()),
                at if at == last => (0, head(whole)),
                _ => (0, whole.len()),
            };
            if glue == Glue::Space || (glue == Glue::Either && !tight) {
                joined.push(' ');
            }
            let start = joined.len();
            joined.push_str(whole.get(from..to).unwrap_or_default());
            pieces.push(Piece { leaf, from, span: Span::new(start, joined.len()) });
        }
        seams.push(Seam { text: PhiText::new(joined), pieces, tight: *tight });
    }
}

/// What to put between `left` and `right`, unless one thought ends between them.
fn glue(left: &str, right: &str) -> Option<Glue> {
    let words = left.trim_end();
    let blank = left.get(words.len()..).unwrap_or_default();
    // "203." and "0.113.77", "j." and "doe@example.org" are halves; a sentence begins otherwise.
    let goes_on = blank.is_empty()
        && right
            .starts_with(|c: char| c.is_lowercase() || c.is_ascii_digit() || "-/@_".contains(c));
    if blank.matches('\n').count() > 1
        || (ends_sentence(words) && !(goes_on && words.ends_with('.')))
    {
        return None;
    }
    let apart = !blank.is_empty() || right.starts_with(char::is_whitespace);
    Some(match (left.chars().next_back(), right.chars().next()) {
        _ if apart => Glue::Nothing,
        (Some(a), Some(b)) if b.is_uppercase() && (a.is_lowercase() || ":,;).#=".contains(a)) => {
            Glue::Space
        }
        (Some(a), Some(b)) if a.is_alphanumeric() && b.is_alphanumeric() => Glue::Either,
        (Some(':' | ',' | ';' | ')' | '.' | '#' | '='), _) => Glue::Either,
        _ => Glue::Nothing,
    })
}

/// Whether a sentence ends at the end of `text`.
fn ends_sentence(text: &str) -> bool {
    if text.ends_with(['!', '?', '…', '。', '}', ']', '`', '|']) {
        return true;
    }
    let Some(rest) = text.strip_suffix('.') else { return false };
    let word = rest.chars().rev().take_while(|c| c.is_alphabetic()).count();
    word > ABBREVIATION_LETTERS || rest.ends_with(|c: char| !c.is_alphabetic())
}

/// Where the last [`REACH`] bytes begin, at a gap if there is one.
fn tail(text: &str) -> usize {
    let from = text.ceil_char_boundary(text.len().saturating_sub(REACH));
    let cut = text.get(from..).unwrap_or_default();
    if from == 0 { 0 } else { from + cut.find(char::is_whitespace).unwrap_or(0) }
}

/// Where the first [`REACH`] bytes end, likewise.
fn head(text: &str) -> usize {
    let to = text.floor_char_boundary(REACH.min(text.len()));
    let cut = text.get(..to).unwrap_or_default();
    if to == text.len() { to } else { cut.rfind(char::is_whitespace).unwrap_or(to) }
}

impl Seam {
    /// What of `found` the sides alone do not show: what lies on both sides of a seam, and what
    /// stands right behind one.
    pub(super) fn news(&self, found: &[Detection]) -> Vec<Detection> {
        found.iter().filter(|one| self.is_news(one.span)).cloned().collect()
    }

    fn is_news(&self, span: Span) -> bool {
        let text = self.text.expose_phi();
        let touched = self.pieces.iter().filter(|piece| piece.span.overlaps(span)).count();
        if touched > 1 {
            return !self.tight || !self.joins_words(span);
        }
        let behind = |piece: &&Piece| {
            piece.span.start <= span.start
                && text
                    .get(piece.span.start..span.start)
                    .is_some_and(|gap| gap.len() <= 3 && !gap.contains(char::is_alphanumeric))
        };
        !self.tight && self.pieces.iter().skip(1).any(|piece| behind(&piece))
    }

    /// Whether an ordinary word begins at a seam within `span` behind one that is none, so that they are no
    /// halves: "Doe" and "was". "To" and "bias" may be.
    fn joins_words(&self, span: Span) -> bool {
        let text = self.text.expose_phi();
        let seams = self.pieces.iter().skip(1).map(|piece| piece.span.start);
        seams.filter(|at| (span.start + 1..span.end).contains(at)).any(|at| {
            let is_mark = |c: char| !c.is_alphabetic();
            let before = text.get(..at).unwrap_or_default().rsplit(is_mark).next();
            let after = text.get(at..).unwrap_or_default().split(is_mark).next();
            // One letter is no word: "M" and "arch 3, 1958".
            let letter = before.is_some_and(|word| word.chars().count() == 1);
            let [before, after] = [before, after].map(|word| {
                let word = word.unwrap_or_default().to_lowercase();
                is_common(&word) || is_ordinary(&word)
            });
            after && !before && !letter
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::seams;
    use crate::{
        deidentify::entity::{Detection, Label, Span},
        phi::PhiText,
        wire::walk::{Leaf, LeafKind},
    };

    fn texts(parts: &[&str]) -> Vec<String> {
        let leaf = |text: &&str| Leaf {
            kind: LeafKind::Text,
            cue: None,
            text: PhiText::from(*text),
            in_sequence: true,
        };
        let leaves: Vec<_> = parts.iter().map(leaf).collect();
        seams(&leaves).iter().map(|seam| seam.text.expose_phi().to_owned()).collect()
    }

    #[test]
    fn what_does_not_end_is_joined_with_what_follows() {
        for (parts, expected) in [
            (
                &["Patient John D", "oe, 51"][..],
                &["Patient John D oe, 51", "Patient John Doe, 51"][..],
            ),
            (&["MRN:", "44710093"], &["MRN: 44710093", "MRN:44710093"]),
            (&["MRN: ", "44710093"], &["MRN: 44710093"]),
            (&["SSN 536-22-", "8145"], &["SSN 536-22-8145"]),
            (&["seen by Dr.", "Okonkwo"], &["seen by Dr. Okonkwo"]),
            (&["seen by Ann", "Okonkwo"], &["seen by Ann Okonkwo"]),
            (&["MARGUE", "RITE"], &["MARGUE RITE", "MARGUERITE"]),
            (&["at 203.0.", "113.77"], &["at 203.0. 113.77", "at 203.0.113.77"]),
            (&["J", "o", "e"], &["J o e", "Joe"]),
            (&["Be brief.", "Hello", " Ann"], &["Hello Ann"]),
            (&["How are you?", "Fine"], &[]),
            (&["A table\n\n", "Fine"], &[]),
            (&["He is well.", "Fine"], &[]),
            (&["alone"], &[]),
        ] {
            assert_eq!(texts(parts), expected, "{parts:?}");
        }
    }

    #[test]
    fn long_texts_are_looked_at_near_the_seam_alone() {
        let (left, right) = ("word ".repeat(100), " word".repeat(100));
        let joined = texts(&[&left, &right]);
        assert!(joined.len() == 1 && joined[0].len() <= 160, "{joined:?}");
        let many = vec!["a"; 10_000];
        assert!(texts(&many).iter().all(|text| text.len() < 10_000));
    }

    #[test]
    fn only_what_the_sides_do_not_show_is_news() {
        let leaf = |text: &str| Leaf {
            kind: LeafKind::Text,
            cue: None,
            text: PhiText::from(text),
            in_sequence: true,
        };
        let seams = seams(&[leaf("Ann saw John D"), leaf("oe and Bob")]);
        let tight = &seams[1];
        let found = |text: &str| {
            let start = tight.text.expose_phi().find(text).unwrap();
            let span = Span::new(start, start + text.len());
            Detection { label: Label::Name, span, score: 0.9, detector: Arc::from("test") }
        };
        let all = [found("Ann"), found("John Doe"), found("Bob")];
        assert_eq!(tight.news(&all), [found("John Doe")]);
        // No halves of a word.
        let seams = self::seams(&[leaf("Ann saw John Doe"), leaf("was she late")]);
        let span = Span::new(8, 19);
        let one = Detection { span, ..found("Ann") };
        assert_eq!(one.span.of(seams[1].text.expose_phi()), Some("John Doewas"));
        assert_eq!(seams[1].news(&[one]), []);
        let seams = self::seams(&[leaf("Patient: To"), leaf("bias Hernandez")]);
        let one = Detection { span: Span::new(9, 25), ..found("Ann") };
        assert_eq!(one.span.of(seams[1].text.expose_phi()), Some("Tobias Hernandez"));
        assert_eq!(seams[1].news(std::slice::from_ref(&one)), [one]);
        let seams = self::seams(&[leaf("DOB: M"), leaf("arch 3, 1958")]);
        let one = Detection { span: Span::new(5, 18), ..found("Ann") };
        assert_eq!(one.span.of(seams[1].text.expose_phi()), Some("March 3, 1958"));
        assert_eq!(seams[1].news(std::slice::from_ref(&one)), [one]);
    }
}
