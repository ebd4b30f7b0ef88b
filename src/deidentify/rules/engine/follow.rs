//! Which bytes a pattern lets begin the word at which it is tried, and which stand after it. Most words
//! that a rule names stand in plain prose, "record of", "plan to", "do", and a few bytes tell that its
//! pattern cannot match there: tables are asked, no automaton runs.
//!
//! The sets are read off the pattern's own automaton, so they hold by construction. What looks
//! around, such as `\b`, is taken to hold always: a set may be too wide, never too narrow.

use regex_automata::{
    nfa::thompson::{NFA, State},
    util::primitives::StateID,
};

/// After the byte that follows a word, so many more are looked at.
const MORE: usize = 3;

/// A set of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
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

/// What may begin and follow a word for a pattern to match there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Follow {
    /// The first bytes of a match, byte by byte.
    head: [Bytes; 2],
    next: Bytes,
    /// Byte by byte, after a space.
    spaced: [Bytes; MORE],
    /// After any other byte.
    other: [Bytes; MORE],
}

impl Follow {
    /// Everything may follow.
    pub(super) const ANY: Follow = Follow {
        head: [Bytes::ALL; 2],
        next: Bytes::ALL,
        spaced: [Bytes::ALL; MORE],
        other: [Bytes::ALL; MORE],
    };

    /// Whether a pattern may match before this byte.
    pub(super) fn allows_next(&self, byte: u8) -> bool {
        self.next.has(byte)
    }

    /// Whether a pattern may match where the text goes on with `head`, at a word that stands before the
    /// text `next`. Beyond the text's end it always may.
    pub(super) fn allows(&self, head: &[u8], next: &[u8]) -> bool {
        let all = |sets: &[Bytes], bytes: &[u8]| sets.iter().zip(bytes).all(|(set, &b)| set.has(b));
        let Some((&byte, more)) = next.split_first() else { return all(&self.head, head) };
        let sets = if byte == b' ' { &self.spaced } else { &self.other };
        self.next.has(byte) && all(&self.head, head) && all(sets, more)
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
        let first = self.bytes(&states);
        let then = self.step(&states, &[(0, u8::MAX)]);
        let second = if self.is_match(&states) { Bytes::ALL } else { self.bytes(&then) };
        let head = [first, second];
        for ranges in word {
            states = self.step(&states, ranges);
        }
        // A match that ends with the word, or within what is looked at after it, lets anything follow.
        let ended = self.is_match(&states);
        let next = if ended { Bytes::ALL } else { self.bytes(&states) };
        let more = |ranges: &[(u8, u8)], mut ended: bool| {
            let mut states = self.step(&states, ranges);
            [(); MORE].map(|()| {
                ended |= self.is_match(&states);
                let set = if ended { Bytes::ALL } else { self.bytes(&states) };
                states = self.step(&states, &[(0, u8::MAX)]);
                set
            })
        };
        let spaced = more(&[(b' ', b' ')], ended);
        let other = more(&[(0, b' ' - 1), (b' ' + 1, u8::MAX)], ended);
        Follow { head, next, spaced, other }
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

    /// Whether `pattern` may match at `word` before `next`, of which four bytes are seen.
    fn allows(pattern: &str, word: &str, next: &str) -> bool {
        let ranges: Vec<[(u8, u8); 1]> = word.bytes().map(|byte| [(byte, byte)]).collect();
        let follow = Walker::new(pattern).unwrap().follow(ranges.iter().map(|ranges| &ranges[..]));
        let text = [word.as_bytes(), next.as_bytes()].concat();
        let next = next.as_bytes();
        follow.allows(&text[..text.len().min(2)], &next[..next.len().min(4)])
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
            assert_eq!(allows(pattern, word, next), expected, "{word}{next}");
        }
    }

    #[test]
    fn tells_what_may_stand_further_on_and_in_which_case_a_word_begins() {
        let pattern = r"\A(?:(?i:i[ ]am|i'm)[ ]ninety|(?i:no)\.?[0-9]{3}|DO)";
        for (word, next, expected) in [
            ("i", " am n", true),
            ("i", " am t", true),
            ("i", " and", false),
            ("i", "'m n", true),
            ("i", "'m h", false),
            ("i", "'ve ", false),
            ("i", " a", true),
            ("no", ".1x", false),
            ("no", ".123", true),
            ("no", "123x", true),
            ("no", "12x", false),
        ] {
            assert_eq!(allows(pattern, word, next), expected, "{word}{next}");
        }
        let pattern = r"\A(?:DO|P[Hh]D|MD)(?-u:\b)";
        for (word, expected) in [("DO", true), ("do", false), ("Do", false), ("MD", true)] {
            // The word's own bytes in both cases, as rules are tried.
            let both: Vec<[(u8, u8); 2]> = (word.bytes())
                .map(|b| [b.to_ascii_lowercase(), b.to_ascii_uppercase()].map(|b| (b, b)))
                .collect();
            let walker = Walker::new(pattern).unwrap();
            let follow = walker.follow(both.iter().map(|ranges| &ranges[..]));
            let text = format!("{word} you");
            let head = text.as_bytes().get(..2).unwrap();
            assert_eq!(follow.allows(head, b" you"), expected, "{word}");
        }
    }

    #[test]
    fn a_match_lets_anything_follow() {
        for next in ["", " ", " x", "é", "."] {
            assert!(allows(r"\A(?:ab|abc)", "ab", next));
        }
        for (pattern, next) in
            [(r"\Aab[ ]", " x"), (r"\Aab[ ]c?", " xyz"), (r"\Aab-c?", "-xyz"), (r"\Aab", "")]
        {
            assert!(allows(pattern, "ab", next), "{pattern}");
        }
    }
}
