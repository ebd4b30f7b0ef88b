//! Self-attention of one sequence, in `f32`, without a mask: sequences are never padded.
//!
//! Scores are kept transposed, a row of 32 queries for each key, so that the soft maximum over the
//! keys needs no sums across lanes and both products run through the same kernel.

use std::arch::x86_64::{
    _mm512_add_ps, _mm512_div_ps, _mm512_fmadd_ps, _mm512_max_ps, _mm512_mul_ps, _mm512_set1_ps,
    _mm512_setzero_ps, _mm512_sub_ps,
};
use std::ops::Range;

use super::lanes::{self, F32s, LANES};

/// Queries that are served together.
const QUERIES: usize = 2 * LANES;
/// A number for each of them.
type Pair = [F32s; 2];
/// Keys, or parts of a value, that are multiplied together.
const GROUP: usize = 8;

/// Room for one head of one sequence, kept from call to call.
#[derive(Default)]
pub(super) struct Room {
    /// Groups of eight keys: part by part, a number of each key.
    keys: Vec<[f32; GROUP]>,
    /// Groups of eight parts: key by key, these parts of its value.
    values: Vec<[f32; GROUP]>,
    /// Part by part, a number of each query.
    queries: Vec<[f32; QUERIES]>,
    /// Key by key, each query's score.
    scores: Vec<[f32; QUERIES]>,
}

/// How heads are laid out.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    pub(super) heads: usize,
    /// Numbers a head, a multiple of eight.
    pub(super) head: usize,
}

impl Shape {
    /// Whether it divides `hidden` into heads that the kernels can do.
    pub(super) fn is_supported(self, hidden: usize) -> bool {
        self.hidden() == hidden && self.head > 0 && self.head.is_multiple_of(GROUP)
    }

    /// Numbers a token.
    pub(super) fn hidden(self) -> usize {
        self.heads * self.head
    }
}

/// Attends tokens of a sequence to all of it. Both `own`, the tokens, and the pieces of `all`, which
/// together are the sequence, have a row a token: queries of all heads, then keys, then values.
/// `output` has a row for each of `own`.
#[target_feature(enable = "avx512f")]
pub(super) fn attend(
    own: &[f32],
    all: &[&[f32]],
    output: &mut [f32],
    shape: Shape,
    room: &mut Room,
) {
    if own.is_empty() {
        return;
    }
    let hidden = shape.hidden();
    let count = all.iter().map(|piece| piece.len() / (3 * hidden)).sum();
    for head in 0..shape.heads {
        let part = |number: usize| {
            let start = number * hidden + head * shape.head;
            start..start + shape.head
        };
        let rows = || all.iter().flat_map(|piece| piece.chunks_exact(3 * hidden));
        let keys = rows().filter_map(|row| row.get(part(1)));
        let values = rows().filter_map(|row| row.get(part(2)));
        room.pack(keys, values, count, shape.head);
        let mut queries = own.chunks_exact(3 * hidden).filter_map(|row| row.get(part(0)));
        for rows in output.chunks_mut(QUERIES * hidden) {
            room.take_queries(queries.by_ref().take(QUERIES), shape.head);
            let shares = room.score(shape.head);
            room.answer(shares, rows, hidden, head * shape.head..(head + 1) * shape.head);
        }
    }
}

impl Room {
    /// Lays out a head's keys and values.
    #[target_feature(enable = "avx512f")]
    fn pack<'a>(
        &mut self,
        keys: impl Iterator<Item = &'a [f32]>,
        values: impl Iterator<Item = &'a [f32]>,
        count: usize,
        head: usize,
    ) {
        self.keys.clear();
        self.keys.resize(count.div_ceil(GROUP) * head, [0.0; GROUP]);
        for (at, key) in keys.enumerate() {
            let slots = self.keys.iter_mut().skip(at / GROUP * head);
            for (slot, &part) in slots.zip(key) {
                if let Some(slot) = slot.get_mut(at % GROUP) {
                    *slot = part;
                }
            }
        }
        self.values.resize(count * head / GROUP, [0.0; GROUP]);
        for (at, value) in values.enumerate() {
            let slots = self.values.iter_mut().skip(at).step_by(count);
            for (slot, part) in slots.zip(value.as_chunks::<GROUP>().0) {
                *slot = *part;
            }
        }
        self.scores.resize(count, [0.0; QUERIES]);
    }

    /// Lays out queries, scaled by the root of a head's size.
    #[target_feature(enable = "avx512f")]
    fn take_queries<'a>(&mut self, queries: impl Iterator<Item = &'a [f32]>, head: usize) {
        let scale = 1.0 / (head as f32).sqrt();
        self.queries.resize(head, [0.0; QUERIES]);
        for (at, query) in queries.enumerate() {
            for (slot, part) in self.queries.iter_mut().zip(query) {
                if let Some(slot) = slot.get_mut(at) {
                    *slot = part * scale;
                }
            }
        }
    }

    /// Turns scores into powers of e; gives what to multiply each query's answer with, so that its
    /// powers sum to one. (The answers are fewer than the scores.)
    #[target_feature(enable = "avx512f")]
    fn score(&mut self, head: usize) -> Pair {
        let mut most = [_mm512_set1_ps(f32::NEG_INFINITY); 2];
        let groups = self.keys.chunks_exact(head);
        for (scores, keys) in self.scores.chunks_mut(GROUP).zip(groups) {
            for (scores, sums) in scores.iter_mut().zip(products(keys, &self.queries)) {
                for (most, sum) in most.iter_mut().zip(sums) {
                    *most = _mm512_max_ps(*most, sum);
                }
                put(scores, sums);
            }
        }
        let mut total = [_mm512_setzero_ps(); 2];
        for scores in &mut self.scores {
            let mut powers = get(scores);
            for ((power, most), total) in powers.iter_mut().zip(most).zip(&mut total) {
                *power = lanes::exp(_mm512_sub_ps(*power, most));
                *total = _mm512_add_ps(*total, *power);
            }
            put(scores, powers);
        }
        let [low, high] = total;
        let one = _mm512_set1_ps(1.0);
        [_mm512_div_ps(one, low), _mm512_div_ps(one, high)]
    }

    /// Writes each query's mean of the values, weighted by score, into its row at `parts`.
    #[target_feature(enable = "avx512f")]
    fn answer(&self, shares: Pair, rows: &mut [f32], hidden: usize, parts: Range<usize>) {
        let groups = self.values.chunks_exact(self.scores.len());
        for (at, values) in parts.step_by(GROUP).zip(groups) {
            let mut answers = [[0.0; QUERIES]; GROUP];
            for (answers, [low, high]) in answers.iter_mut().zip(products(values, &self.scores)) {
                let [low_share, high_share] = shares;
                put(answers, [_mm512_mul_ps(low, low_share), _mm512_mul_ps(high, high_share)]);
            }
            for (query, row) in rows.chunks_exact_mut(hidden).enumerate() {
                let Some(row) = row.get_mut(at..at + GROUP) else { continue };
                for (slot, answers) in row.iter_mut().zip(&answers) {
                    *slot = answers.get(query).copied().unwrap_or_default();
                }
            }
        }
    }
}

/// Sums over all rows: each of eight numbers with each of 32.
#[inline]
#[target_feature(enable = "avx512f")]
fn products(eights: &[[f32; GROUP]], rows: &[[f32; QUERIES]]) -> [Pair; GROUP] {
    let mut sums = [[_mm512_setzero_ps(); 2]; GROUP];
    for (eight, row) in eights.iter().zip(rows) {
        let [low, high] = get(row);
        for (sums, &number) in sums.iter_mut().zip(eight) {
            let number = _mm512_set1_ps(number);
            let [low_sum, high_sum] = sums;
            *low_sum = _mm512_fmadd_ps(number, low, *low_sum);
            *high_sum = _mm512_fmadd_ps(number, high, *high_sum);
        }
    }
    sums
}

#[inline]
#[target_feature(enable = "avx512f")]
fn get(row: &[f32; QUERIES]) -> Pair {
    bytemuck::cast(*row)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn put(row: &mut [f32; QUERIES], pair: Pair) {
    *row = bytemuck::cast(pair);
}
