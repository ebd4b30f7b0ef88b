//! Counts what was found of what was to be found. See docs/evaluation.md.

use std::collections::BTreeMap;

use super::{
    Found,
    gold::{Document, Kind, Span},
    statistics::{Share, bootstrap, wilson},
};
use crate::deidentify::entity::Label;

/// The figures of one label.
#[derive(Clone, Debug, serde::Serialize)]
pub struct LabelScores {
    /// Entities with this label that are covered whole, whatever the label they were given.
    pub entities: Share,
    /// Their non-blank characters that are covered.
    pub characters: Share,
}

/// The figures of a set of documents.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Scores {
    /// How many documents there are.
    pub documents: usize,
    /// Entities that are covered whole.
    pub entity_recall: Share,
    /// Characters of entities that are covered.
    pub character_recall: Share,
    /// Covered characters that belong to an entity.
    pub character_precision: Share,
    /// Covered characters among those that belong to nothing, times 1,000 (see `value`).
    pub masked_per_1000: Share,
    /// Documents with PHI in which an entity is left in part or whole.
    pub leaking_documents: Share,
    /// By label of the gold file.
    pub labels: BTreeMap<Label, LabelScores>,
}

/// Characters of one document, counted.
#[derive(Clone, Copy, Default)]
struct Counted {
    /// Non-blank characters of entities, and how many of them are covered.
    phi: (usize, usize),
    /// Non-blank characters that are covered and not neutral, and how many are of entities.
    covered: (usize, usize),
    /// All characters of no entity and not neutral, and how many of them are covered.
    clean: (usize, usize),
}

/// The entities of one label, counted.
#[derive(Default)]
struct Tally {
    entities: usize,
    /// Those covered whole.
    whole: usize,
    /// Covered and all non-blank characters, entity by entity.
    characters: Vec<(usize, usize)>,
}

/// Scores what was found in each document.
pub(super) fn score(documents: &[Document], found: &[Found]) -> Scores {
    let mut counted = Vec::with_capacity(documents.len());
    let mut by_label: BTreeMap<Label, Tally> = BTreeMap::new();
    let (mut entities, mut whole) = (0, 0);
    let (mut with_phi, mut leaking) = (0, 0);
    for (document, found) in documents.iter().zip(found) {
        let letters: Vec<char> = document.text.chars().collect();
        let covered = covered(letters.len(), found);
        counted.push(count(document, &letters, &covered));
        let (mut has_phi, mut leaks) = (false, false);
        for span in &document.spans {
            let Kind::Phi(label) = span.kind else { continue };
            let (hits, of) = of_span(span, &letters, &covered);
            let entry = by_label.entry(label).or_default();
            entities += 1;
            entry.entities += 1;
            entry.characters.push((hits, of));
            has_phi = true;
            if hits == of {
                whole += 1;
                entry.whole += 1;
            } else {
                leaks = true;
            }
        }
        with_phi += usize::from(has_phi);
        leaking += usize::from(leaks);
    }
    let share = |pick: fn(&Counted) -> (usize, usize)| {
        bootstrap(&counted.iter().map(|one| (pick(one).1, pick(one).0)).collect::<Vec<_>>())
    };
    let labels = by_label.into_iter().map(|(label, tally)| {
        let scores = LabelScores {
            entities: wilson(tally.whole, tally.entities),
            characters: bootstrap(&tally.characters),
        };
        (label, scores)
    });
    Scores {
        documents: documents.len(),
        entity_recall: wilson(whole, entities),
        character_recall: share(|one| one.phi),
        character_precision: share(|one| one.covered),
        masked_per_1000: share(|one| one.clean),
        leaking_documents: wilson(leaking, with_phi),
        labels: labels.collect(),
    }
}

/// The entities of a document that are not covered whole.
pub(super) fn misses<'d>(document: &'d Document, found: &Found) -> Vec<&'d Span> {
    let letters: Vec<char> = document.text.chars().collect();
    let covered = covered(letters.len(), found);
    let spans = document.spans.iter().filter(|span| matches!(span.kind, Kind::Phi(_)));
    spans
        .filter(|span| {
            let (hits, of) = of_span(span, &letters, &covered);
            hits < of
        })
        .collect()
}

/// What was found where neither an entity nor anything neutral is: whole detections, and what longer
/// ones cover beside it, in stretches with a letter or digit.
pub(super) fn false_alarms(document: &Document, found: &Found) -> Vec<Span> {
    let letters: Vec<char> = document.text.chars().collect();
    let told = covered(letters.len(), &document.spans);
    let mut alarms = Vec::new();
    for one in found {
        let mut at = one.start;
        while at < one.end {
            let inside = |from: usize, what: bool| {
                told.iter()
                    .skip(from)
                    .take(one.end - from)
                    .take_while(|told| **told == what)
                    .count()
            };
            let start = at + inside(at, true);
            at = start + inside(start, false);
            let stretch = letters.iter().skip(start).take(at - start);
            if stretch.into_iter().any(|c| c.is_alphanumeric()) {
                alarms.push(Span { start, end: at, ..one.clone() });
            }
        }
    }
    alarms
}

fn covered(length: usize, found: &[Span]) -> Vec<bool> {
    let mut covered = vec![false; length];
    for span in found {
        covered.iter_mut().skip(span.start).take(span.end - span.start).for_each(|c| *c = true);
    }
    covered
}

/// Covered and all non-blank characters of a span.
fn of_span(span: &Span, letters: &[char], covered: &[bool]) -> (usize, usize) {
    let pairs = letters.iter().zip(covered).skip(span.start).take(span.end - span.start);
    pairs
        .filter(|(letter, _)| !letter.is_whitespace())
        .fold((0, 0), |(hits, of), (_, covered)| (hits + usize::from(*covered), of + 1))
}

fn count(document: &Document, letters: &[char], covered: &[bool]) -> Counted {
    let mut kinds: Vec<Option<Kind>> = vec![None; letters.len()];
    for span in &document.spans {
        for kind in kinds.iter_mut().skip(span.start).take(span.end - span.start) {
            // Where spans overlap, an identifier is one.
            if *kind != Some(Kind::Neutral) || span.kind != Kind::Neutral {
                *kind = match (*kind, span.kind) {
                    (Some(Kind::Phi(label)), _) => Some(Kind::Phi(label)),
                    (_, new) => Some(new),
                };
            }
        }
    }
    let mut counted = Counted::default();
    for ((letter, kind), &covered) in letters.iter().zip(&kinds).zip(covered) {
        let add = |pair: &mut (usize, usize), hit: bool| {
            pair.0 += 1;
            pair.1 += usize::from(hit);
        };
        match kind {
            Some(Kind::Neutral) => {}
            Some(Kind::Phi(_)) if letter.is_whitespace() => {}
            Some(Kind::Phi(_)) => {
                add(&mut counted.phi, covered);
                if covered {
                    add(&mut counted.covered, true);
                }
            }
            None => {
                add(&mut counted.clean, covered);
                if covered && !letter.is_whitespace() {
                    add(&mut counted.covered, false);
                }
            }
        }
    }
    counted
}

#[cfg(test)]
mod tests {
    use super::{Kind, Span, false_alarms, misses, score};
    use crate::{deidentify::entity::Label, evaluate::gold::Document};

    const NAME: Kind = Kind::Phi(Label::Name);

    fn span(start: usize, end: usize, kind: Kind) -> Span {
        Span { start, end, kind, detector: None }
    }

    #[test]
    fn characters_entities_and_documents_are_counted() {
        // "Ann Lee" is covered but for its last letter, whatever the label; the year is neutral.
        let document = Document {
            id: "1".to_owned(),
            text: "Ann Lee 1988 is well".to_owned(),
            spans: vec![span(0, 7, NAME), span(8, 12, Kind::Neutral)],
        };
        let date = Kind::Phi(Label::Date);
        let found = vec![span(0, 6, date), span(8, 12, date), span(16, 20, date)];
        let scores = score(std::slice::from_ref(&document), std::slice::from_ref(&found));
        assert_eq!((scores.entity_recall.hits, scores.entity_recall.of), (0, 1));
        assert_eq!((scores.character_recall.hits, scores.character_recall.of), (5, 6));
        assert_eq!((scores.character_precision.hits, scores.character_precision.of), (5, 9));
        assert_eq!((scores.masked_per_1000.hits, scores.masked_per_1000.of), (4, 9));
        assert_eq!((scores.leaking_documents.hits, scores.leaking_documents.of), (1, 1));
        assert_eq!(misses(&document, &found), [&document.spans[0]]);
        assert_eq!(false_alarms(&document, &found), [found[2].clone()]);
        // Of a detection that is too long, what is too much.
        let long = vec![span(8, 20, date)];
        assert_eq!(false_alarms(&document, &long), [span(12, 20, date)]);
    }

    #[test]
    fn an_entity_over_a_blank_counts_when_its_words_are_covered() {
        let document = Document {
            id: "1".to_owned(),
            text: "Ann Lee".to_owned(),
            spans: vec![span(0, 7, NAME)],
        };
        let found = vec![span(0, 3, NAME), span(4, 7, NAME)];
        let scores = score(std::slice::from_ref(&document), std::slice::from_ref(&found));
        assert_eq!(scores.entity_recall.hits, 1);
        assert_eq!(scores.leaking_documents.hits, 0);
        assert!(misses(&document, &found).is_empty());
    }
}
