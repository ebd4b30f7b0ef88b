//! Probabilities of tokens → entities of whole words.
//!
//! A word counts when the model gives PHI, all of its labels together, at least the threshold: the
//! decision is on P(PHI) and not on the best label, since a word torn between two kinds of PHI is
//! PHI. A word's probability is that of its surest piece; beside a word that counts, one that nearly
//! does and is written like it counts too. What kind of PHI the words of a run are,
//! and where one entity ends and the next begins, is the likeliest sequence that the labels'
//! prefixes allow: an entity goes on only in its own label (Viterbi's algorithm).

use std::sync::Arc;

use super::{
    encode::{Token, Window},
    labels::{LABELS, LabelMap},
    thresholds::Thresholds,
};
use crate::deidentify::{
    entity::{Detection, Label, Span},
    rules::blank_reference,
};

/// Probabilities by label: of being an entity's first token, and of being a later one.
type Outputs = [[f32; 2]; LABELS];

/// The best view of each token of a text, over all windows that hold it.
pub(super) struct Votes {
    /// Token by token.
    probabilities: Vec<Outputs>,
    /// Distance to the nearer edge of the window that it was taken from, and one.
    depth: Vec<usize>,
}

/// A word of the text that counts as PHI.
struct Word {
    span: Span,
    /// The probability that it is PHI.
    score: f32,
    outputs: Outputs,
}

impl Votes {
    pub(super) fn new(tokens: usize) -> Self {
        Self { probabilities: vec![[[0.0; 2]; LABELS]; tokens], depth: vec![0; tokens] }
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
                *slot = labels.by_label(outputs);
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
        thresholds: &Thresholds,
        detector: &Arc<str>,
    ) -> Vec<Detection> {
        let mut found = Vec::new();
        let mut run: Vec<Word> = Vec::new();
        let mut finish = |run: &mut Vec<Word>| {
            entities(run, text, detector, &mut found);
            run.clear();
        };
        let words: Vec<Word> = self.words(tokens).collect();
        let kept = kept(text, &words, thresholds);
        for (word, _) in words.into_iter().zip(kept).filter(|(_, kept)| *kept) {
            if run.last().is_some_and(|last| !joins(text, last.span.end, &word)) {
                finish(&mut run);
            }
            run.push(word);
        }
        finish(&mut run);
        found
    }

    /// Each word's place, probability of being PHI and outputs: the label's by its pieces together,
    /// whether it is an entity's first by its first piece.
    fn words(&self, tokens: &[Token]) -> impl Iterator<Item = Word> {
        let mut at = 0;
        std::iter::from_fn(move || {
            let first = tokens.get(at)?;
            let pieces = 1 + tokens.iter().skip(at + 1).take_while(|t| t.continues).count();
            let mut word = Word { span: first.span, score: 0.0, outputs: [[0.0; 2]; LABELS] };
            let probabilities = self.probabilities.iter().skip(at).take(pieces);
            for (number, (token, outputs)) in tokens.iter().skip(at).zip(probabilities).enumerate()
            {
                let span = word.span;
                word.span =
                    Span::new(span.start.min(token.span.start), span.end.max(token.span.end));
                word.score = word.score.max(outputs.iter().flatten().sum());
                for (sum, [first, later]) in word.outputs.iter_mut().zip(outputs) {
                    match (number, &mut *sum) {
                        (0, sum) => *sum = [*first, *later],
                        // A later piece speaks for the label, in the proportion that the first one set.
                        (_, [whole_first, whole_later]) => {
                            let share = share(*whole_first, *whole_later);
                            *whole_first += (first + later) * share;
                            *whole_later += (first + later) * (1.0 - share);
                        }
                    }
                }
            }
            at += pieces;
            word.score = word.score.min(1.0);
            Some(word)
        })
    }
}

fn share(first: f32, later: f32) -> f32 {
    if first + later > 0.0 { first / (first + later) } else { 0.5 }
}

fn likeliest(outputs: &Outputs) -> Label {
    let sums = outputs.iter().map(|[first, later]| first + later);
    let best = Label::ALL.iter().zip(sums).max_by(|a, b| a.1.total_cmp(&b.1));
    best.map_or(Label::Id, |(&label, _)| label)
}

/// Which words count: those that reach their threshold, and those that come near it beside one that
/// does and are written like it. Half a name is as bad a leak as the whole.
fn kept(text: &str, words: &[Word], thresholds: &Thresholds) -> Vec<bool> {
    /// How near to its threshold such a word must come.
    const NEAR: f32 = 0.4;
    let share =
        |word: &Word| word.score / thresholds.of(likeliest(&word.outputs)).max(f32::EPSILON);
    let mut kept: Vec<bool> = words.iter().map(|word| share(word) >= 1.0).collect();
    let capital = |word: &Word| {
        word.span.of(text).is_some_and(|written| written.starts_with(char::is_uppercase))
    };
    let near = |at: usize, beside: usize, kept: &[bool]| {
        let (Some(word), Some(other)) = (words.get(at), words.get(beside)) else { return false };
        let (start, end) =
            (word.span.end.min(other.span.end), word.span.start.max(other.span.start));
        kept.get(beside) == Some(&true)
            && share(word) >= NEAR
            && likeliest(&word.outputs) == likeliest(&other.outputs)
            && capital(word)
            && capital(other)
            && text.get(start..end).is_some_and(|gap| gap == " ")
    };
    for at in 0..words.len() {
        if !kept.get(at).copied().unwrap_or(true)
            && (at.checked_sub(1).is_some_and(|before| near(at, before, &kept))
                || near(at, at + 1, &kept))
            && let Some(slot) = kept.get_mut(at)
        {
            *slot = true;
        }
    }
    kept
}

/// The likeliest entities of a run of words: for each word the best way to be the first or a later
/// word of an entity of each label, given the best way to have come there.
fn entities(run: &[Word], text: &str, detector: &Arc<str>, found: &mut Vec<Detection>) {
    /// Keeps a label that the model rules out from weighing more than all others together.
    const LEAST: f32 = 1e-6;
    // For each word and state (2 × label, and one for a later word): the state before.
    let mut came_from: Vec<[usize; 2 * LABELS]> = Vec::with_capacity(run.len());
    let mut best = [f32::NEG_INFINITY; 2 * LABELS];
    for (at, word) in run.iter().enumerate() {
        let before = best;
        let (winner, highest) = maximum(&before);
        let mut origin = [0; 2 * LABELS];
        let states = best.iter_mut().zip(&mut origin).enumerate();
        for ((state, (slot, origin)), probability) in states.zip(word.outputs.iter().flatten()) {
            let (from, way) = match (at, state % 2) {
                (0, 0) => (state, 0.0),
                (0, _) => (state, f32::NEG_INFINITY),
                (_, 0) => (winner, highest),
                _ => {
                    let first = before.get(state - 1).copied().unwrap_or(f32::NEG_INFINITY);
                    let later = before.get(state).copied().unwrap_or(f32::NEG_INFINITY);
                    if first >= later { (state - 1, first) } else { (state, later) }
                }
            };
            *origin = from;
            *slot = way + probability.max(LEAST).ln();
        }
        came_from.push(origin);
    }
    let (mut state, _) = maximum(&best);
    let mut states = Vec::with_capacity(run.len());
    for origin in came_from.iter().rev() {
        states.push(state);
        state = origin.get(state).copied().unwrap_or(0);
    }
    let states: Vec<usize> = states.into_iter().rev().collect();
    let mut at = 0;
    while let Some(&state) = states.get(at) {
        let later = states.iter().skip(at + 1).take_while(|state| **state % 2 == 1).count();
        let words = run.get(at..=at + later).unwrap_or_default();
        at += 1 + later;
        let label = Label::ALL.get(state / 2).copied().unwrap_or(Label::Id);
        found.extend(entity(words, text).map(|(span, score)| Detection {
            label,
            span,
            score,
            detector: Arc::clone(detector),
        }));
    }
}

/// The place and score of an entity of `words`: marks at its ends are no part of it, but for the
/// period of an initial or abbreviation, which merging keeps where it belongs.
fn entity(words: &[Word], text: &str) -> Option<(Span, f32)> {
    let written = |word: &Word| word.span.of(text).unwrap_or_default();
    let is_word = |word: &Word| written(word).contains(char::is_alphanumeric);
    let first = words.iter().position(is_word)?;
    let last = words.iter().rposition(is_word)?;
    let score = words.iter().filter(|word| is_word(word)).map(|word| word.score);
    let score = score.fold(0.0, f32::max);
    let start = words.get(first)?.span.start;
    let mut end = words.get(last)?.span.end;
    if let Some(mark) = words.get(last + 1)
        && mark.span.start == end
        && written(mark) == "."
    {
        end = mark.span.end;
    }
    Some((Span::new(start, end), score))
}

fn maximum(values: &[f32]) -> (usize, f32) {
    let best = values.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1));
    best.unwrap_or((0, f32::NEG_INFINITY))
}

/// Whether `word` can be of one entity with the word that ends at byte `end`: at most a few blanks
/// stand between them, with a line break only where the model says that an entity goes on.
fn joins(text: &str, end: usize, word: &Word) -> bool {
    let Some(gap) = text.get(end..word.span.start) else { return true };
    if blank_reference(gap) == Some(gap.len()) {
        return true;
    }
    let breaks = gap.chars().filter(|&c| c == '\n').count();
    let goes_on = || {
        let label = likeliest(&word.outputs) as usize;
        word.outputs.get(label).is_some_and(|[first, later]| later > first)
    };
    gap.chars().all(char::is_whitespace)
        && gap.len() <= 3
        && (breaks == 0 || breaks == 1 && goes_on())
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, sync::Arc};

    use super::{Thresholds, Votes};
    use crate::deidentify::{
        entity::{Label, Span},
        ner::{
            encode::{Token, Window},
            labels::LabelMap,
        },
    };

    fn token(start: usize, end: usize, continues: bool) -> Token {
        Token { id: 1, kind: 0, span: Span::new(start, end), continues }
    }

    fn thresholds() -> Thresholds {
        Thresholds::new(0.5, &BTreeMap::new())
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
        let found = votes.decode(text, &tokens, &thresholds(), &Arc::from("test"));
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].label, found[0].span), (Label::Name, Span::new(4, 10)));
    }

    #[test]
    fn a_word_torn_between_two_labels_is_phi() {
        let tokens = [token(0, 5, false)];
        let mut votes = Votes::new(1);
        votes.add(Window { start: 0, end: 1 }, &[0.4, 0.35, 0.25], &labels());
        let found = votes.decode("Mercy", &tokens, &thresholds(), &Arc::from("test"));
        assert_eq!(found[0].label, Label::Name);
        assert!((found[0].score - 0.6).abs() < 1e-6);
    }

    #[test]
    fn a_label_may_have_a_threshold_of_its_own() {
        let tokens = [token(0, 4, false), token(5, 9, false)];
        let mut votes = Votes::new(2);
        votes.add(Window { start: 0, end: 2 }, &[0.6, 0.4, 0.0, 0.6, 0.0, 0.4], &labels());
        let own = Thresholds::new(0.5, &BTreeMap::from([(Label::Name, 0.3)]));
        let found = votes.decode("Rosa Park", &tokens, &own, &Arc::from("test"));
        assert_eq!(found.iter().map(|d| d.span).collect::<Vec<_>>(), [Span::new(0, 4)]);
    }

    #[test]
    fn a_word_that_nearly_counts_does_beside_one_that_counts() {
        for (text, second, expected) in [
            ("Rosa Okafor", 0.3, "Rosa Okafor"),
            ("Rosa Okafor", 0.1, "Rosa"),
            ("Rosa okafor", 0.3, "Rosa"),
            ("Rosa\nOkafor", 0.3, "Rosa"),
        ] {
            let tokens = [token(0, 4, false), token(5, 11, false)];
            let mut votes = Votes::new(2);
            let outputs = [0.1, 0.9, 0.0, 1.0 - second, second, 0.0];
            votes.add(Window { start: 0, end: 2 }, &outputs, &labels());
            let found = votes.decode(text, &tokens, &thresholds(), &Arc::from("test"));
            let end = found.last().unwrap().span.end;
            assert_eq!(text.get(found[0].span.start..end).unwrap(), expected, "{text} {second}");
        }
    }

    #[test]
    fn an_entity_goes_on_in_its_own_label() {
        let names = ["O", "B-LOC", "I-LOC", "B-ORG", "I-ORG"].map(str::to_owned);
        let labels = LabelMap::new(&names, &BTreeMap::new()).unwrap();
        let text = "Elm Park Manor";
        let tokens = [token(0, 3, false), token(4, 8, false), token(9, 14, false)];
        let mut votes = Votes::new(3);
        // Word by word the first two would be a place; as a whole it is an organization.
        let outputs =
            [[0.0, 0.5, 0.0, 0.5, 0.0], [0.0, 0.0, 0.55, 0.0, 0.45], [0.0, 0.0, 0.0, 0.0, 1.0]];
        votes.add(Window { start: 0, end: 3 }, &outputs.concat(), &labels);
        let found = votes.decode(text, &tokens, &thresholds(), &Arc::from("test"));
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].label, found[0].span), (Label::Organization, Span::new(0, 14)));
    }

    #[test]
    fn neighbours_are_told_apart_by_where_they_begin() {
        let names = ["O", "B-PER", "I-PER"].map(str::to_owned);
        let labels = LabelMap::new(&names, &BTreeMap::new()).unwrap();
        let tokens = [token(0, 3, false), token(4, 7, false), token(8, 11, false)];
        let mut votes = Votes::new(3);
        let outputs = [[0.0, 0.9, 0.1], [0.0, 0.2, 0.8], [0.0, 0.9, 0.1]];
        votes.add(Window { start: 0, end: 3 }, &outputs.concat(), &labels);
        let found = votes.decode("Ann Lee Bob", &tokens, &thresholds(), &Arc::from("test"));
        let spans: Vec<_> = found.iter().map(|d| d.span).collect();
        assert_eq!(spans, [Span::new(0, 7), Span::new(8, 11)]);
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
        let found = votes.decode("a b c d e", &tokens, &thresholds(), &Arc::from("test"));
        assert_eq!(found.iter().map(|d| d.span).collect::<Vec<_>>(), [Span::new(4, 5)]);
    }

    #[test]
    fn marks_inside_an_entity_belong_to_it_and_those_at_its_ends_do_not() {
        let names = ["O", "B-PER", "I-PER"].map(str::to_owned);
        let labels = LabelMap::new(&names, &BTreeMap::new()).unwrap();
        let (not, first, later) = ([1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]);
        // (text, its tokens' ends, what the model says, what is found)
        for (text, tokens, outputs, expected) in [
            (
                "Ruiz, A. rm",
                vec![(0, 4), (4, 5), (6, 7), (7, 8), (9, 11)],
                vec![first, later, later, later, not],
                "Ruiz, A.",
            ),
            (
                "saw Ruiz, A",
                vec![(0, 3), (4, 8), (8, 9), (10, 11)],
                vec![not, first, not, first],
                "Ruiz|A",
            ),
            ("(Ann)", vec![(0, 1), (1, 4), (4, 5)], vec![first, later, later], "Ann"),
            ("Anna\nLee", vec![(0, 4), (5, 8)], vec![first, later], "Anna\nLee"),
            ("Anna\nLee", vec![(0, 4), (5, 8)], vec![first, first], "Anna|Lee"),
            ("Anna\n\nLee", vec![(0, 4), (6, 9)], vec![first, later], "Anna|Lee"),
        ] {
            let tokens: Vec<_> =
                tokens.into_iter().map(|(start, end)| token(start, end, false)).collect();
            let mut votes = Votes::new(tokens.len());
            votes.add(Window { start: 0, end: tokens.len() }, &outputs.concat(), &labels);
            let found = votes.decode(text, &tokens, &thresholds(), &Arc::from("test"));
            let found: Vec<_> = found.iter().map(|d| d.span.of(text).unwrap()).collect();
            assert_eq!(found.join("|"), expected, "{text}");
        }
    }
}
