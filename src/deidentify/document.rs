//! Leaves of a request → documents for the detectors, and their findings back to the leaves.
//!
//! A message is a document of its own. The fields of some JSON are one document together, a line
//! each with its key before it: `mrn: 4471009` says what `4471009` alone does not. What stands on the
//! two sides of a seam between messages, or between parts of one, is a further document.

use std::sync::Arc;

use super::{
    entity::{Detection, Span},
    seam::{self, Seam},
};
use crate::{
    phi::PhiText,
    wire::walk::{Leaf, LeafKind},
};

/// Fields are joined up to about this many bytes a document.
const DOCUMENT_BYTES: usize = 8 * 1024;

/// Where a leaf's text stands in a document.
struct Part {
    leaf: usize,
    document: usize,
    span: Span,
    /// Where the part begins in its leaf.
    from: usize,
}

impl Part {
    /// What of `one` lies in this part, in bytes of the leaf.
    fn cut(&self, one: &Detection) -> Option<Detection> {
        if !one.span.overlaps(self.span) {
            return None;
        }
        let start = one.span.start.max(self.span.start) - self.span.start + self.from;
        let end = one.span.end.min(self.span.end) - self.span.start + self.from;
        Some(Detection { span: Span::new(start, end), ..one.clone() })
    }
}

/// The documents of a request.
pub(super) struct Documents {
    texts: Arc<[PhiText]>,
    parts: Vec<Part>,
    /// What the last documents are.
    seams: Vec<Seam>,
}

impl Documents {
    pub(super) fn of(leaves: &[Leaf]) -> Self {
        let mut texts: Vec<PhiText> = Vec::new();
        let mut parts = Vec::new();
        let mut fields = String::new();
        for (at, leaf) in leaves.iter().enumerate() {
            let text = leaf.text.expose_phi();
            match leaf.kind {
                LeafKind::Text | LeafKind::Participant => {
                    flush(&mut fields, &mut texts);
                    parts.push(Part {
                        leaf: at,
                        document: texts.len(),
                        span: Span::new(0, text.len()),
                        from: 0,
                    });
                    texts.push(leaf.text.clone());
                }
                LeafKind::Constant => {}
                LeafKind::Key if is_schema_word(text) => {}
                LeafKind::Key | LeafKind::Field | LeafKind::Number => {
                    if fields.len() + text.len() > DOCUMENT_BYTES {
                        flush(&mut fields, &mut texts);
                    }
                    if let Some(cue) = &leaf.cue {
                        push_cue(&mut fields, cue.expose_phi());
                    }
                    let start = fields.len();
                    fields.push_str(text);
                    let span = Span::new(start, fields.len());
                    fields.push('\n');
                    parts.push(Part { leaf: at, document: texts.len(), span, from: 0 });
                }
            }
        }
        flush(&mut fields, &mut texts);
        let seams = seam::seams(leaves);
        for seam in &seams {
            for piece in &seam.pieces {
                let (leaf, from, span) = (piece.leaf, piece.from, piece.span);
                parts.push(Part { leaf, document: texts.len(), span, from });
            }
            texts.push(seam.text.clone());
        }
        Self { texts: texts.into(), parts, seams }
    }

    /// The documents, to be searched.
    pub(super) fn texts(&self) -> Arc<[PhiText]> {
        Arc::clone(&self.texts)
    }

    /// What each detector found, by leaf, overlapping as it is.
    pub(super) fn all_to_leaves(
        &self,
        raw: &[Vec<Detection>],
        leaves: usize,
    ) -> Vec<Vec<Detection>> {
        let mut by_leaf: Vec<Vec<Detection>> = vec![Vec::new(); leaves];
        for part in &self.parts {
            let raw = raw.get(part.document).map(Vec::as_slice).unwrap_or_default();
            let Some(own) = by_leaf.get_mut(part.leaf) else { continue };
            let news = self.seam(part.document).map(|seam| seam.news(raw));
            let raw = news.as_deref().unwrap_or(raw);
            own.extend(raw.iter().filter_map(|one| part.cut(one)));
        }
        by_leaf
    }

    /// What was `found` in the documents, by leaf: each finding is cut to the leaves that it
    /// covers.
    pub(super) fn to_leaves(&self, found: &[Vec<Detection>], leaves: usize) -> Vec<Vec<Detection>> {
        let mut by_leaf: Vec<Vec<Detection>> = vec![Vec::new(); leaves];
        for part in &self.parts {
            let found = found.get(part.document).map(Vec::as_slice).unwrap_or_default();
            let Some(own) = by_leaf.get_mut(part.leaf) else { continue };
            // Sorted and disjoint, so the ones that end before this part are skipped at once.
            let first = found.partition_point(|detection| detection.span.end <= part.span.start);
            let here = found.iter().skip(first);
            let here: Vec<_> =
                here.take_while(|one| one.span.start < part.span.end).cloned().collect();
            let Some(seam) = self.seam(part.document) else {
                own.extend(here.iter().filter_map(|one| part.cut(one)));
                continue;
            };
            own.extend(seam.news(&here).iter().filter_map(|one| {
                let cut = part.cut(one)?;
                let is_whole = cut.span.len() == one.span.len();
                // Half a value is not looked for elsewhere: the whole one is, by `joined`.
                let detector = if is_whole { cut.detector } else { seam::DETECTOR.into() };
                Some(Detection { detector, ..cut })
            }));
        }
        by_leaf
    }

    /// The texts over seams, with what of `found` lies on both sides.
    pub(super) fn joined(&self, found: &[Vec<Detection>]) -> Vec<(PhiText, Vec<Detection>)> {
        let own = found.iter().skip(self.texts.len() - self.seams.len());
        let own = self.seams.iter().zip(own);
        own.map(|(seam, found)| (seam.text.clone(), seam.news(found))).collect()
    }

    fn seam(&self, document: usize) -> Option<&Seam> {
        let first = self.texts.len() - self.seams.len();
        document.checked_sub(first).and_then(|at| self.seams.get(at))
    }
}

fn flush(fields: &mut String, texts: &mut Vec<PhiText>) {
    if !fields.is_empty() {
        texts.push(PhiText::new(std::mem::take(fields)));
    }
}

/// Writes `birthDate` or `family_name` as people do before a value: `birth date: `.
fn push_cue(fields: &mut String, key: &str) {
    let mut before = ' ';
    for letter in key.chars() {
        if letter.is_uppercase() && before.is_lowercase() {
            fields.push(' ');
        }
        if letter == '_' || letter == '-' {
            fields.push(' ');
        } else {
            fields.extend(letter.to_lowercase());
        }
        before = letter;
    }
    fields.push_str(": ");
}

/// Whether a key is one that a program has (`birthDate`, `family_name`) rather than a person's
/// data (`John Doe`, `4471009`, `j.doe@example.org`).
fn is_schema_word(key: &str) -> bool {
    key.len() <= 64
        && key.chars().next().is_some_and(|c| c.is_ascii_lowercase() || c == '_' || c == '$')
        && key.chars().all(|c| c.is_ascii_alphanumeric() || "_-$".contains(c))
        && key.bytes().filter(u8::is_ascii_digit).count() < 5
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Documents, is_schema_word};
    use crate::{
        deidentify::entity::{Detection, Label, Span},
        phi::PhiText,
        wire::walk::{Leaf, LeafKind},
    };

    fn leaf(kind: LeafKind, cue: Option<&str>, text: &str) -> Leaf {
        Leaf { kind, cue: cue.map(PhiText::from), text: PhiText::from(text), in_sequence: false }
    }

    fn texts(documents: &Documents) -> Vec<String> {
        documents.texts().iter().map(|text| text.expose_phi().to_owned()).collect()
    }

    #[test]
    fn messages_stand_alone_and_fields_stand_together() {
        let documents = Documents::of(&[
            leaf(LeafKind::Text, None, "Hello"),
            leaf(LeafKind::Key, None, "birthDate"),
            leaf(LeafKind::Field, Some("birthDate"), "1962-03-14"),
            leaf(LeafKind::Number, Some("family_size"), "4"),
            leaf(LeafKind::Key, None, "John Doe"),
            leaf(LeafKind::Text, None, "Bye"),
        ]);
        assert_eq!(
            texts(&documents),
            ["Hello", "birth date: 1962-03-14\nfamily size: 4\nJohn Doe\n", "Bye"]
        );
    }

    #[test]
    fn findings_are_cut_to_the_leaves_that_they_cover() {
        let documents = Documents::of(&[
            leaf(LeafKind::Field, Some("family"), "Doe"),
            leaf(LeafKind::Field, Some("given"), "John"),
        ]);
        let text = &texts(&documents)[0];
        assert_eq!(text, "family: Doe\ngiven: John\n");
        let over_both = Detection {
            label: Label::Name,
            span: Span::new(0, text.len()),
            score: 0.9,
            detector: Arc::from("test"),
        };
        let found = documents.to_leaves(&[vec![over_both]], 2);
        assert_eq!(found[0][0].span, Span::new(0, 3));
        assert_eq!(found[1][0].span, Span::new(0, 4));
    }

    #[test]
    fn keys_of_programs_are_told_from_data() {
        for key in ["birthDate", "family_name", "$ref", "x-1"] {
            assert!(is_schema_word(key), "{key}");
        }
        for key in ["John Doe", "Doe", "4471009", "mrn4471009", "a@b.org", "é", ""] {
            assert!(!is_schema_word(key), "{key}");
        }
    }
}
