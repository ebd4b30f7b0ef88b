//! One pass comes to the same however many threads make it.

use std::thread;

use super::{Dimensions, FastBert, Pass, Room, Weights};

/// Weights by name, made up from it.
struct MadeUp;

const HIDDEN: usize = 64;

impl Weights for MadeUp {
    fn get(&self, name: &str) -> Option<Vec<f32>> {
        let count = match name {
            _ if name.ends_with("LayerNorm.weight") || name.ends_with("LayerNorm.bias") => HIDDEN,
            "bert.embeddings.word_embeddings.weight" => 50 * HIDDEN,
            "bert.embeddings.position_embeddings.weight" => 90 * HIDDEN,
            "bert.embeddings.token_type_embeddings.weight" => 2 * HIDDEN,
            "classifier.weight" => 5 * HIDDEN,
            "classifier.bias" => 5,
            _ if name.ends_with("intermediate.dense.bias") => 2 * HIDDEN,
            _ if name.ends_with("bias") => HIDDEN,
            _ if name.contains("intermediate.dense") => 2 * HIDDEN * HIDDEN,
            _ if name.contains("attention") => HIDDEN * HIDDEN,
            _ => 2 * HIDDEN * HIDDEN,
        };
        // A linear congruential generator (Knuth's MMIX), begun by the name.
        let mut state = name.bytes().fold(7_u64, |state, byte| state * 31 + u64::from(byte));
        let mut next = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1 << 24) as f32 - 0.5
        };
        Some((0..count).map(|_| next()).collect())
    }
}

fn network() -> Option<FastBert> {
    FastBert::new(&MadeUp, Dimensions { hidden: HIDDEN, heads: 2, layers: 3 })
}

/// The logits of sequences of these lengths, by so many threads.
fn run(network: &FastBert, lengths: &[usize], threads: usize) -> Option<Vec<f32>> {
    let ids: Vec<Vec<i64>> =
        lengths.iter().map(|&n| (0..n).map(|at| (at * 7 + n) as i64 % 50).collect()).collect();
    let types: Vec<Vec<i64>> =
        ids.iter().map(|own| own.iter().map(|id| id % 2).collect()).collect();
    let both: Vec<(&[i64], &[i64])> =
        ids.iter().zip(&types).map(|(ids, types)| (&ids[..], &types[..])).collect();
    let pass = Pass::new(&both, threads);
    thread::scope(|scope| {
        for part in 1..threads {
            let pass = &pass;
            scope.spawn(move || network.help(pass, part, &mut Room::default()));
        }
        let mut room = Room::default();
        network.run(&pass, &mut room)
    })
}

#[test]
fn threads_change_nothing() {
    // Where the processor lacks the instructions there is no such network.
    let Some(network) = network() else { return };
    for lengths in [&[1][..], &[7], &[64, 3, 40], &[33, 1, 1, 90], &[12, 90]] {
        let alone = run(&network, lengths, 1).unwrap();
        assert_eq!(alone.len(), lengths.iter().sum::<usize>() * 5);
        assert!(alone.iter().all(|number| number.is_finite()));
        for threads in [2, 3, 5] {
            assert_eq!(run(&network, lengths, threads).unwrap(), alone, "{lengths:?}, {threads}");
        }
    }
}

#[test]
fn a_thread_that_fails_fails_the_others() {
    let Some(network) = network() else { return };
    for threads in [1, 2, 4] {
        // The last position is beyond the table.
        assert_eq!(run(&network, &[91], threads), None);
        assert_eq!(run(&network, &[40, 91, 3], threads), None);
    }
}
