//! Which bytes a pattern lets stand after the word at which it is tried. Most words that a rule
//! names stand in plain prose, "record of", "plan to", and the next two bytes tell that its pattern
//! cannot match there: a table is asked, no automaton runs.
//!
//! The sets are read off the pattern's own automaton, so they hold by construction. What looks
//! around, such as `\b`, is taken to hold always: a set may be too wide, never too narrow.

use regex_automata::{
    nfa::thompson::{NFA, State},
    util::primitives::StateID,
};

/// A set of bytes.
#[derive(Clone, Copy, Default)]
struct Bytes([u64; 4]);

impl Bytes {
    const ALL: Bytes = Bytes([u64::MAX; 4]);

    fn add(&mut self, first: u8, last: u8) {
        for byte in first..=last {
            if let Some(bits) = self.0.get_mut(usize::from(byte >> 6)) {
                *bits |= 1 << (byte & 63);
            }
        }
    }

    fn has(self, byte: u8) -> bool {
        self.0.get(usize::from(byte >> 6)).is_some_and(|bits| bits >> (byte & 63) & 1 == 1)
    }
}

/// What may follow a word for a pattern to match there still.
#[derive(Clone, Copy)]
pub(super) struct Follow {
    next: Bytes,
    /// After a space.
    beyond: Bytes,
}

impl Follow {
    /// Everything may follow.
    pub(super) const ANY: Follow = Follow { next: Bytes::ALL, beyond: Bytes::ALL };

    /// Whether a pattern may match before this byte.
    pub(super) fn allows_next(&self, byte: u8) -> bool {
        self.next.has(byte)
    }

    /// Whether a pattern may match before the text `next`. At the text's end it always may.
    pub(super) fn allows(&self, next: &[u8]) -> bool {
        match *next {
            [b' ', beyond, ..] => self.next.has(b' ') && self.beyond.has(beyond),
            [byte, ..] => self.next.has(byte),
            [] => true,
        }
    }
}

/// A pattern's automaton, walked byte by byte.
pub(super) struct Walker {
    nfa: NFA,
}

impl Walker {
    /// `None` where the pattern's automaton gets too large.
    pub(super) fn new(pattern: &str) -> Option<Walker> {
        let config = NFA::config().nfa_size_limit(Some(16 << 20));
        let nfa = NFA::compiler().configure(config).build(pattern).ok()?;
        Some(Walker { nfa })
    }

    /// What may follow a word whose bytes are each in one of `ranges`.
    pub(super) fn follow<'r>(&self, word: impl Iterator<Item = &'r [(u8, u8)]>) -> Follow {
        let mut states = self.closure([self.nfa.start_anchored()].into_iter());
        for ranges in word {
            states = self.step(&states, ranges);
        }
        let next = self.bytes(&states);
        let beyond = self.bytes(&self.step(&states, &[(b' ', b' ')]));
        // A match that ends with the word, or with the space after it, lets anything follow.
        Follow {
            next: if self.is_match(&states) { Bytes::ALL } else { next },
            beyond: if self.is_match(&states) { Bytes::ALL } else { beyond },
        }
    }

    fn is_match(&self, states: &[StateID]) -> bool {
        states.iter().any(|&state| matches!(self.nfa.state(state), State::Match { .. }))
    }

    /// The bytes that lead on from `states`.
    fn bytes(&self, states: &[StateID]) -> Bytes {
        if self.is_match(states) {
            return Bytes::ALL;
        }
        let mut bytes = Bytes::default();
        for &state in states {
            self.transitions(state, |first, last, _| bytes.add(first, last));
        }
        bytes
    }

    fn step(&self, states: &[StateID], ranges: &[(u8, u8)]) -> Vec<StateID> {
        let mut next = Vec::new();
        for &state in states {
            self.transitions(state, |first, last, to| {
                if ranges.iter().any(|&(low, high)| first <= high && low <= last) {
                    next.push(to);
                }
            });
        }
        self.closure(next.into_iter())
    }

    fn transitions(&self, state: StateID, mut each: impl FnMut(u8, u8, StateID)) {
        match self.nfa.state(state) {
            State::ByteRange { trans } => each(trans.start, trans.end, trans.next),
            State::Sparse(sparse) => {
                for trans in &sparse.transitions {
                    each(trans.start, trans.end, trans.next);
                }
            }
            State::Dense(dense) => {
                for byte in 0..=u8::MAX {
                    if let Some(next) = dense.matches_byte(byte) {
                        each(byte, byte, next);
                    }
                }
            }
            State::Look { .. }
            | State::Union { .. }
            | State::BinaryUnion { .. }
            | State::Capture { .. }
            | State::Fail
            | State::Match { .. } => {}
        }
    }

    /// `states` and all that they reach without a byte.
    fn closure(&self, states: impl Iterator<Item = StateID>) -> Vec<StateID> {
        let mut seen = vec![false; self.nfa.states().len()];
        let mut reached = Vec::new();
        let mut open: Vec<StateID> = states.collect();
        while let Some(state) = open.pop() {
            match seen.get_mut(state.as_usize()) {
                Some(seen) if !*seen => *seen = true,
                _ => continue,
            }
            reached.push(state);
            match self.nfa.state(state) {
                State::Look { next, .. } | State::Capture { next, .. } => open.push(*next),
                State::Union { alternates } => open.extend(alternates.iter().copied()),
                State::BinaryUnion { alt1, alt2 } => open.extend([*alt1, *alt2]),
                State::ByteRange { .. }
                | State::Sparse(_)
                | State::Dense(_)
                | State::Fail
                | State::Match { .. } => {}
            }
        }
        reached
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn follow(pattern: &str, word: &str) -> Follow {
        let ranges: Vec<[(u8, u8); 1]> = word.bytes().map(|byte| [(byte, byte)]).collect();
        Walker::new(pattern).unwrap().follow(ranges.iter().map(|ranges| &ranges[..]))
    }

    #[test]
    fn tells_what_may_follow() {
        let pattern = r"(?i)\A(?:mrn|record(?:[ ](?:no|id)|#))(?-u:\b)[:#]?[0-9]{4}";
        for (word, next, expected) in [
            ("record", "#1", true),
            ("record", " no", true),
            ("record", " ID", true),
            ("record", " of", false),
            ("record", "s", false),
            ("record", ".", false),
            ("record", " ", true),
            ("record", "", true),
            ("mrn", ":", true),
            ("mrn", "7", true),
            ("mrn", " ", false),
            ("other", " no", false),
        ] {
            assert_eq!(follow(pattern, word).allows(next.as_bytes()), expected, "{word}{next}");
        }
    }

    #[test]
    fn a_match_lets_anything_follow() {
        for next in ["", " ", " x", "é", "."] {
            assert!(follow(r"\A(?:ab|abc)", "ab").allows(next.as_bytes()));
            assert!(follow(r"\Aab[ ]", "ab").allows(b" x"));
        }
    }
}
