//! One pass over some sequences, made by one thread or by several together.
//!
//! Every step of the network but attention goes by rows (tokens), so each thread takes an even share of
//! all rows, wherever that cuts. Attention needs the keys and values of the whole sequence: for each layer
//! a thread puts those of its rows where all can read them, and the threads meet. What comes out is the
//! same number for number, however many threads there are.

use std::{
    hint::spin_loop,
    ops::Range,
    sync::{
        Condvar, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

/// How often a thread looks whether the others have come before it sleeps: about as long as waking takes.
const LOOKS: usize = 1500;

/// Queries, keys and values of a thread's rows, of one layer and of the one before.
type Layers = [RwLock<Vec<f32>>; 2];

/// A pass.
pub(in super::super) struct Pass {
    /// Id, type and position of each row.
    pub(super) tokens: Vec<(i64, i64, usize)>,
    /// The rows of each sequence.
    pub(super) sequences: Vec<Range<usize>>,
    parts: Vec<Part>,
    meeting: Meeting,
}

/// What is one thread's.
struct Part {
    rows: Range<usize>,
    qkv: Layers,
    logits: Mutex<Vec<f32>>,
}

impl Pass {
    /// A pass over `sequences`, each its ids and types, for so many `threads`.
    pub(in super::super) fn new(sequences: &[(&[i64], &[i64])], threads: usize) -> Self {
        let mut tokens = Vec::new();
        let mut ranges = Vec::new();
        for (ids, types) in sequences {
            let start = tokens.len();
            let both = ids.iter().zip(*types).enumerate();
            tokens.extend(both.map(|(position, (&id, &kind))| (id, kind, position)));
            ranges.push(start..tokens.len());
        }
        let threads = threads.max(1);
        let cut = |part: usize| tokens.len() * part / threads;
        let part = |number| Part {
            rows: cut(number)..cut(number + 1),
            qkv: Layers::default(),
            logits: Mutex::default(),
        };
        let parts = (0..threads).map(part).collect();
        Self { tokens, sequences: ranges, parts, meeting: Meeting::new(threads) }
    }

    /// The rows of a thread.
    pub(super) fn rows(&self, part: usize) -> Option<Range<usize>> {
        self.parts.get(part).map(|part| part.rows.clone())
    }

    /// Lends a thread's memory to the pass, or takes it back.
    pub(super) fn exchange(&self, part: usize, room: &mut [Vec<f32>; 2]) -> Option<()> {
        for (slot, own) in self.parts.get(part)?.qkv.iter().zip(room) {
            std::mem::swap(&mut *slot.write().unwrap_or_else(PoisonError::into_inner), own);
        }
        Some(())
    }

    /// Has `fill` write the queries, keys and values of a thread's rows, and waits for the other
    /// threads'. `None` when one of them has failed.
    pub(super) fn publish(
        &self,
        layer: usize,
        part: usize,
        fill: impl FnOnce(&mut Vec<f32>),
    ) -> Option<()> {
        let slot = self.parts.get(part)?.qkv.get(layer % 2)?;
        fill(&mut slot.write().unwrap_or_else(PoisonError::into_inner));
        self.meeting.wait().then_some(())
    }

    /// What the threads have published for `layer`.
    pub(super) fn published<'p>(&'p self, layer: usize) -> Published<'p> {
        let read = |part: &'p Part| {
            let slot = part.qkv.get(layer % 2)?;
            Some((part.rows.clone(), slot.read().unwrap_or_else(PoisonError::into_inner)))
        };
        Published(self.parts.iter().filter_map(read).collect())
    }

    /// Takes a thread's logits over, and waits for the other threads'.
    pub(super) fn settle(&self, part: usize, logits: Vec<f32>) -> Option<()> {
        let slot = &self.parts.get(part)?.logits;
        *slot.lock().unwrap_or_else(PoisonError::into_inner) = logits;
        self.meeting.wait().then_some(())
    }

    /// The logits of all rows, once every thread is through.
    pub(super) fn logits(&self) -> Vec<f32> {
        let own = |part: &Part| {
            std::mem::take(&mut *part.logits.lock().unwrap_or_else(PoisonError::into_inner))
        };
        let mut parts = self.parts.iter().map(own);
        let mut all = parts.next().unwrap_or_default();
        parts.for_each(|part| all.extend(part));
        all
    }

    /// What fails the pass for all threads unless it is told that a thread is through.
    pub(super) fn guard(&self) -> Guard<'_> {
        Guard { meeting: &self.meeting, is_through: false }
    }
}

/// The rows of each thread and what it has published for them.
pub(super) struct Published<'p>(Vec<(Range<usize>, RwLockReadGuard<'p, Vec<f32>>)>);

impl Published<'_> {
    /// The rows of one sequence, `row` numbers each, thread by thread.
    pub(super) fn pieces(&self, sequence: &Range<usize>, row: usize) -> Option<Vec<&[f32]>> {
        let piece = |rows: &Range<usize>| {
            let start = sequence.start.clamp(rows.start, rows.end);
            let end = sequence.end.clamp(start, rows.end);
            (start - rows.start) * row..(end - rows.start) * row
        };
        self.0.iter().map(|(rows, all)| all.get(piece(rows))).collect()
    }
}

/// Fails a pass when its thread leaves it early, so that no other waits for it for ever.
pub(super) struct Guard<'p> {
    meeting: &'p Meeting,
    is_through: bool,
}

impl Guard<'_> {
    pub(super) fn through(mut self) {
        self.is_through = true;
    }
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        if !self.is_through {
            self.meeting.fail();
        }
    }
}

/// Where threads wait for each other.
struct Meeting {
    threads: usize,
    come: Mutex<usize>,
    all_came: Condvar,
    round: AtomicUsize,
    failed: AtomicBool,
}

impl Meeting {
    fn new(threads: usize) -> Self {
        Self {
            threads,
            come: Mutex::default(),
            all_came: Condvar::new(),
            round: AtomicUsize::new(0),
            failed: AtomicBool::new(false),
        }
    }

    /// Waits until all have come; `false` when one never will.
    fn wait(&self) -> bool {
        if self.threads == 1 {
            return true;
        }
        let round = self.round.load(Ordering::Acquire);
        let is_over =
            || self.round.load(Ordering::Acquire) != round || self.failed.load(Ordering::Acquire);
        {
            let mut come = self.come();
            *come += 1;
            if *come == self.threads {
                *come = 0;
                self.round.fetch_add(1, Ordering::AcqRel);
                self.all_came.notify_all();
            }
        }
        for _ in 0..LOOKS {
            if is_over() {
                break;
            }
            spin_loop();
        }
        let mut come = self.come();
        while !is_over() {
            come = self.all_came.wait(come).unwrap_or_else(PoisonError::into_inner);
        }
        drop(come);
        self.round.load(Ordering::Acquire) != round
    }

    fn fail(&self) {
        let _come = self.come();
        self.failed.store(true, Ordering::Release);
        self.all_came.notify_all();
    }

    fn come(&self) -> MutexGuard<'_, usize> {
        self.come.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
