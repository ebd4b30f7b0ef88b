//! The tree of words that holds every value to look for, and the walk over a text.

use std::collections::HashMap;

use foldhash::quality::RandomState;

use super::{
    super::{
        entity::{Detection, Label, Span},
        merge::strength,
    },
    context::Guard,
    words::{fold, words},
};

/// Longest value in words that is looked for; it bounds the work at each word of a text.
pub(super) const MAX_WORDS: usize = 32;

/// A value to look for: what it is, and where it may be taken for one.
#[derive(Clone, Debug)]
pub(super) struct Value {
    pub(super) label: Label,
    pub(super) score: f32,
    guard: Guard,
    source: Detection,
}

/// Node of the tree, an index into `Patterns::values`; the root is 0.
type Node = usize;

/// Every value of a request, word by word.
#[derive(Debug, Default)]
pub(super) struct Patterns {
    ids: HashMap<Box<str>, u32, RandomState>,
    children: HashMap<(Node, u32), Node, RandomState>,
    /// Values of the nodes 1, 2, ...
    values: Vec<Option<Value>>,
}

impl Patterns {
    pub(super) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Adds the value of the folded `words`, found as `source`.
    ///
    /// Of several sources the strongest lends label and score, and the loosest guard holds.
    pub(super) fn insert<'w>(
        &mut self,
        words: impl IntoIterator<Item = &'w str>,
        source: &Detection,
        guard: Guard,
    ) {
        let words: Vec<&str> = words.into_iter().take(MAX_WORDS + 1).collect();
        if words.is_empty() || words.len() > MAX_WORDS {
            return;
        }
        let mut node: Node = 0;
        for word in words {
            let next_id = u32::try_from(self.ids.len()).unwrap_or(u32::MAX);
            let id = match self.ids.get(word) {
                Some(&id) => id,
                None => *self.ids.entry(word.into()).or_insert(next_id),
            };
            node = *self.children.entry((node, id)).or_insert_with(|| {
                self.values.push(None);
                self.values.len()
            });
        }
        let Some(slot) = node.checked_sub(1).and_then(|at| self.values.get_mut(at)) else {
            return;
        };
        let guard = slot.as_ref().map_or(guard, |value| value.guard.loosest(guard));
        match slot {
            Some(value) if strength(source, &value.source).is_le() => value.guard = guard,
            _ => {
                *slot = Some(Value {
                    label: source.label,
                    score: source.score,
                    guard,
                    source: source.clone(),
                })
            }
        }
    }

    /// Where `text` holds values, sorted, none inside another.
    pub(super) fn find(&self, text: &str) -> Vec<(Span, &Value)> {
        let mut found: Vec<(Span, &Value)> = Vec::new();
        let mut walks: Vec<(usize, Node)> = Vec::new();
        let mut folded = String::new();
        for (_, word) in words(text) {
            fold(word.of(text).unwrap_or_default(), &mut folded);
            let Some(&id) = self.ids.get(folded.as_str()) else {
                walks.clear();
                continue;
            };
            walks.push((word.start, 0));
            walks.retain_mut(|(_, node)| match self.children.get(&(*node, id)) {
                Some(&next) => {
                    *node = next;
                    true
                }
                None => false,
            });
            // Walks are in order of their starts: the first that has a value holds those of the others.
            let ended = walks.iter().find_map(|&(start, node)| {
                let value = node.checked_sub(1).and_then(|at| self.values.get(at))?.as_ref()?;
                let span = Span::new(start, word.end);
                value.guard.admits(text, span).then_some((span, value))
            });
            let Some((span, value)) = ended else { continue };
            while found.pop_if(|(last, _)| last.start >= span.start).is_some() {}
            found.push((span, value));
        }
        found
    }
}
