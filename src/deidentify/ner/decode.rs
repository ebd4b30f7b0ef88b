//! Probabilities of tokens → entities of whole words.
//!
//! A word counts when the model gives PHI, all of its labels together, at least the threshold: the
//! decision is on P(PHI) and not on the best label, since a word torn between two kinds of PHI is
//! PHI. A word's probability is that of its surest piece.

use std::sync::Arc;

use super::{
    encode::{Token, Window},
    labels::LabelMap,
};
use crate::deidentify::entity::{Detection, Label, Span};

const LABELS: usize = Label::ALL.len();

/// The best view of each token of a text, over all windows that hold it.
pub(super) struct Votes {
    /// Probability by label, token by token.
    probabilities: Vec<[f32; LABELS]>,
    /// Distance to the nearer edge of the window that it was taken from, and one.
    depth: Vec<usize>,
}

impl Votes {
    pub(super) fn new(tokens: usize) -> Self {
        Self { probabilities: vec![[0.0; LABELS]; tokens], depth: vec![0; tokens] }
    }

    /// Takes over what the model says of `window`, for the tokens that no other window has seen
    /// further from its edges: the model needs words on both sides.
    pub(super) fn add(&mut self, window: Window, outputs: &[f32], labels: &LabelMap) {
        let slots = self.probabilities.iter_mut().zip(&mut self.depth).enumerate();
        let slots = slots.skip(window.start).take(window.end - window.start);
        for ((at, (slot, depth)), outputs) in slots.zip(outputs.chunks(labels.len())) {
            let here = 1 + (at - window.start).min(window.end - 1 - at);
            if here > *depth {
                *depth = here;
                *slot = [0.0; LABELS];
                labels.by_label(outputs, slot);
            }
        }
    }

    /// Whether every token has been seen by the model.
    pub(super) fn complete(&self) -> bool {
        self.depth.iter().all(|&depth| depth > 0)
    }

    /// The entities of `text`, sorted and disjoint.
    pub(super) fn decode(
        &self,
        text: &str,
        tokens: &[Token],
        threshold: f32,
        detector: &Arc<str>,
    ) -> Vec<Detection> {
        let mut found: Vec<Detection> = Vec::new();
        for (label, span, score) in self.words(tokens).filter(|word| word.2 >= threshold) {
            let written = span.of(text).unwrap_or_default();
            if !written.chars().any(char::is_alphanumeric) {
                continue;
            }
            match found.last_mut() {
                Some(last) if last.label == label && joins(text, last.span.end, span.start) => {
                    last.span.end = span.end;
                    last.score = last.score.max(score);
                }
                _ => found.push(Detection { label, span, score, detector: Arc::clone(detector) }),
            }
        }
        found
    }

    /// Each word's likeliest label, place and probability of being PHI.
    fn words<'a>(&'a self, tokens: &'a [Token]) -> impl Iterator<Item = (Label, Span, f32)> + 'a {
        let mut at = 0;
        std::iter::from_fn(move || {
            let first = tokens.get(at)?;
            let pieces = 1 + tokens.iter().skip(at + 1).take_while(|t| t.continues).count();
            let mut span = first.span;
            let mut sums = [0.0f32; LABELS];
            let mut surest = 0.0f32;
            let probabilities = self.probabilities.iter().skip(at).take(pieces);
            for (token, probabilities) in tokens.iter().skip(at).zip(probabilities) {
                span = Span::new(span.start.min(token.span.start), span.end.max(token.span.end));
                surest = surest.max(probabilities.iter().sum());
                for (sum, probability) in sums.iter_mut().zip(probabilities) {
                    *sum += probability;
                }
            }
            at += pieces;
            let best = Label::ALL.iter().zip(sums).max_by(|a, b| a.1.total_cmp(&b.1));
            Some((best.map_or(Label::Id, |(&label, _)| label), span, surest.min(1.0)))
        })
    }
}

/// Whether two words of one label are one entity: blanks on one line between them, or nothing, or
/// a single mark inside a word such as the hyphen of Al-Hashimi.
fn joins(text: &str, end: usize, start: usize) -> bool {
    let Some(gap) = text.get(end..start) else { return true };
    let mut marks = gap.chars().filter(|c| !matches!(c, ' ' | '\t'));
    match (marks.next(), marks.next()) {
        (None, _) => gap.len() <= 3,
        (Some(mark), None) => gap.len() == mark.len_utf8() && "-'’.‐‑".contains(mark),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, sync::Arc};

    use super::{Votes, joins};
    use crate::deidentify::{
        entity::{Label, Span},
        ner::{
            encode::{Token, Window},
            labels::LabelMap,
        },
    };

    fn token(start: usize, end: usize, continues: bool) -> Token {
        Token { id: 1, span: Span::new(start, end), continues }
    }

    fn labels() -> LabelMap {
        let names = ["O", "B-PER", "B-ORG"].map(str::to_owned);
        LabelMap::new(&names, &BTreeMap::new()).unwrap()
    }

    #[test]
    fn a_word_is_covered_whole_when_one_piece_is_phi() {
        let text = "saw nguyen today";
        let tokens =
            [token(0, 3, false), token(4, 6, false), token(6, 10, true), token(11, 16, false)];
        let mut votes = Votes::new(4);
        let outputs = [0.9, 0.1, 0.0, 0.8, 0.2, 0.0, 0.3, 0.7, 0.0, 1.0, 0.0, 0.0];
        votes.add(Window { start: 0, end: 4 }, &outputs, &labels());
        let found = votes.decode(text, &tokens, 0.5, &Arc::from("test"));
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].label, found[0].span), (Label::Name, Span::new(4, 10)));
    }

    #[test]
    fn a_word_torn_between_two_labels_is_phi() {
        let tokens = [token(0, 5, false)];
        let mut votes = Votes::new(1);
        votes.add(Window { start: 0, end: 1 }, &[0.4, 0.35, 0.25], &labels());
        let found = votes.decode("Mercy", &tokens, 0.5, &Arc::from("test"));
        assert_eq!(found[0].label, Label::Name);
        assert!((found[0].score - 0.6).abs() < 1e-6);
    }

    #[test]
    fn the_window_that_sees_more_around_a_token_decides() {
        let tokens: Vec<_> = (0..5).map(|i| token(2 * i, 2 * i + 1, false)).collect();
        let mut votes = Votes::new(5);
        let not = [1.0, 0.0, 0.0];
        let name = [0.0, 1.0, 0.0];
        // Token 2 is the last of the first window and in the middle of the second.
        votes.add(Window { start: 0, end: 3 }, &[not, not, not].concat(), &labels());
        assert!(!votes.complete());
        votes.add(Window { start: 1, end: 5 }, &[not, name, not, not].concat(), &labels());
        assert!(votes.complete());
        let found = votes.decode("a b c d e", &tokens, 0.5, &Arc::from("test"));
        assert_eq!(found.iter().map(|d| d.span).collect::<Vec<_>>(), [Span::new(4, 5)]);
    }

    #[test]
    fn words_join_over_blanks_and_inner_marks() {
        for (text, end, start, expected) in [
            ("John Doe", 4, 5, true),
            ("Al-Hashimi", 2, 3, true),
            ("O'Brien", 1, 2, true),
            ("John, Mary", 4, 6, false),
            ("John\nMary", 4, 5, false),
            ("John - Mary", 4, 7, false),
        ] {
            assert_eq!(joins(text, end, start), expected, "{text}");
        }
    }
}
