//! The work of all requests to one model: texts to tokenize, windows to infer.
//!
//! Every thread of the model draws from it. Windows of several requests run in one pass, and the
//! windows of a long text are shared by all threads; nothing waits for company when a thread is
//! idle. Requests take turns, window by window, so that a long note does not hold up a short
//! message. What nobody waits for any more is dropped.
//!
//! Where there are fewer requests than threads, the idle ones are called to help with a pass, row by
//! row, so that a short message is not the work of one thread while another waits.

use std::{
    collections::VecDeque,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::oneshot;

use super::{
    decode::Votes,
    encode::{Input, Token, Window},
    fast::Pass,
    thresholds::Thresholds,
};
use crate::{
    deidentify::{detector::DetectError, entity::Detection},
    phi::PhiText,
};

/// What a request waits for.
pub(super) type Answer = Result<Vec<Vec<Detection>>, DetectError>;

/// Texts to search, and where the answer goes.
pub(super) struct Job {
    pub(super) texts: Arc<[PhiText]>,
    pub(super) thresholds: Arc<Thresholds>,
    /// Told when a thread begins with it.
    pub(super) taken: Option<oneshot::Sender<()>>,
    pub(super) answer: oneshot::Sender<Answer>,
}

/// One window of one text, ready for the model.
pub(super) struct Piece {
    pub(super) text: usize,
    pub(super) window: Window,
    pub(super) input: Input,
}

/// A request whose texts are tokenized.
pub(super) struct Task {
    pub(super) texts: Arc<[PhiText]>,
    pub(super) thresholds: Arc<Thresholds>,
    /// The tokens of each text.
    pub(super) tokens: Vec<Vec<Token>>,
    progress: Mutex<Progress>,
}

struct Progress {
    votes: Vec<Votes>,
    /// Windows that have no answer yet.
    missing: usize,
    /// Taken once the request has its answer.
    answer: Option<oneshot::Sender<Answer>>,
}

/// What a thread does next.
pub(super) enum Next {
    Tokenize(Job),
    /// Runs these windows, with so many helpers, who are to be [called](Pool::call).
    Infer(Vec<(Arc<Task>, Piece)>, usize),
    /// Does this part of another thread's pass.
    Help(Arc<Pass>, usize),
    /// The detector is gone.
    End,
}

/// The work, shared by the handle and the threads.
pub(super) struct Pool {
    state: Mutex<State>,
    awake: Condvar,
    limits: Limits,
}

/// How much work there may be.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    /// Requests that no thread has begun with.
    pub(super) waiting: usize,
    /// Windows a pass.
    pub(super) batch: usize,
    pub(super) threads: usize,
    /// Fewest tokens that are worth a thread's help in a pass; `None` where threads cannot help.
    pub(super) help: Option<usize>,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    open: VecDeque<Open>,
    /// Parts of passes that wait for the threads that were called.
    calls: Vec<(Arc<Pass>, usize)>,
    /// Threads that wait for work.
    idle: usize,
    /// How many of them are bound to help.
    bound: usize,
    ended: bool,
}

/// A request with windows that no thread has taken.
struct Open {
    task: Arc<Task>,
    taken: Option<oneshot::Sender<()>>,
    pieces: VecDeque<Piece>,
}

impl Pool {
    pub(super) fn new(limits: Limits) -> Self {
        Self { state: Mutex::default(), awake: Condvar::new(), limits }
    }

    /// Puts a request in the queue; gives it back when the queue is full.
    pub(super) fn add(&self, job: Job) -> Result<(), Job> {
        let mut state = self.state();
        state.drop_left();
        if state.waiting() >= self.limits.waiting {
            return Err(job);
        }
        state.jobs.push_back(job);
        drop(state);
        self.awake.notify_one();
        Ok(())
    }

    /// Requests that no thread has begun with, and that somebody waits for.
    pub(super) fn waiting(&self) -> usize {
        let mut state = self.state();
        state.drop_left();
        state.waiting()
    }

    /// Puts the windows of a request's texts up for inference.
    pub(super) fn open(
        &self,
        job: Job,
        tokens: Vec<Vec<Token>>,
        pieces: VecDeque<Piece>,
    ) -> Arc<Task> {
        let progress = Progress {
            votes: tokens.iter().map(|own| Votes::new(own.len())).collect(),
            missing: pieces.len(),
            answer: Some(job.answer),
        };
        let task = Arc::new(Task {
            texts: job.texts,
            thresholds: job.thresholds,
            tokens,
            progress: Mutex::new(progress),
        });
        if !pieces.is_empty() {
            let open = Open { task: Arc::clone(&task), taken: job.taken, pieces };
            // This thread comes back for them, and wakes others as needed.
            self.state().open.push_back(open);
        }
        task
    }

    /// Waits for work and takes it.
    pub(super) fn next(&self) -> Next {
        let mut state = self.state();
        let mut was_idle = false;
        loop {
            // First of all: another thread waits for it.
            if let Some((pass, part)) = state.calls.pop() {
                state.bound = state.bound.saturating_sub(1);
                return Next::Help(pass, part);
            }
            // A thread that is bound to help does nothing else, nor ends: who counts on it would wait for ever.
            if was_idle && state.idle < state.bound {
                state = self.wait(state);
                continue;
            }
            if state.ended {
                return Next::End;
            }
            state.drop_left();
            let windows: usize = state.open.iter().map(|open| open.pieces.len()).sum();
            // Tokenizing is quick beside inference: it gives the threads windows to share.
            if windows < self.limits.batch * self.limits.threads
                && let Some(job) = state.jobs.pop_front()
            {
                return Next::Tokenize(job);
            }
            if windows > 0 {
                let (share, helpers) = state.share(self.limits);
                state.bound += helpers;
                if windows > share.len() || !state.jobs.is_empty() {
                    self.awake.notify_one();
                }
                return Next::Infer(share, helpers);
            }
            state = self.wait(state);
            was_idle = true;
        }
    }

    fn wait<'s>(&self, mut state: MutexGuard<'s, State>) -> MutexGuard<'s, State> {
        state.idle += 1;
        state = self.awake.wait(state).unwrap_or_else(PoisonError::into_inner);
        state.idle -= 1;
        state
    }

    /// Calls the helpers of a pass: its parts from the second on.
    pub(super) fn call(&self, pass: &Arc<Pass>, helpers: usize) {
        if helpers > 0 {
            let calls = (1..=helpers).map(|part| (Arc::clone(pass), part));
            self.state().calls.extend(calls);
            self.awake.notify_all();
        }
    }

    /// Lets helpers go that were never called.
    pub(super) fn release(&self, helpers: usize) {
        let mut state = self.state();
        state.bound = state.bound.saturating_sub(helpers);
        drop(state);
        self.awake.notify_all();
    }

    /// Ends the threads.
    pub(super) fn end(&self) {
        self.state().ended = true;
        self.awake.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Drops the requests whose callers have left.
    fn drop_left(&mut self) {
        self.jobs.retain(|job| !job.answer.is_closed());
        self.open.retain(|open| !open.task.is_left());
    }

    /// Requests that no thread has begun with.
    fn waiting(&self) -> usize {
        let untouched = self.open.iter().filter(|open| open.taken.is_some());
        self.jobs.len() + untouched.count()
    }

    /// A thread's share of the windows, and how many idle threads help with it: of each request in
    /// turn one window, as many as a pass may have and no more than leaves the other threads as much.
    fn share(&mut self, limits: Limits) -> (Vec<(Arc<Task>, Piece)>, usize) {
        let pieces = self.open.iter().flat_map(|open| &open.pieces);
        let all: usize = pieces.map(Piece::tokens).sum();
        let helpers = limits.help.map_or(0, |least| {
            let worth = (all / least.max(1)).saturating_sub(1);
            self.idle.saturating_sub(self.bound).min(worth)
        });
        let (threads, batch) = (1 + helpers, limits.batch * (1 + helpers));
        let fair = all * threads / limits.threads.max(threads);
        let mut share = Vec::new();
        let mut tokens = 0;
        while share.len() < batch
            && let Some(mut open) = self.open.pop_front()
        {
            let next = open.pieces.front().map_or(0, Piece::tokens);
            if !share.is_empty() && tokens + next / 2 > fair {
                self.open.push_front(open);
                break;
            }
            if let Some(taken) = open.taken.take() {
                let _ = taken.send(());
            }
            if let Some(piece) = open.pieces.pop_front() {
                tokens += next;
                share.push((Arc::clone(&open.task), piece));
            }
            if !open.pieces.is_empty() {
                self.open.push_back(open);
            }
        }
        (share, helpers)
    }
}

impl Piece {
    fn tokens(&self) -> usize {
        self.input.ids.len()
    }
}

impl Task {
    /// Whether nobody waits for it: its caller has left, or it has failed.
    pub(super) fn is_left(&self) -> bool {
        self.progress().answer.as_ref().is_none_or(oneshot::Sender::is_closed)
    }

    /// Takes a window's outputs over with `add`. When it was the last one, gives what is to be
    /// decoded.
    pub(super) fn add(&self, text: usize, add: impl FnOnce(&mut Votes)) -> Option<Vec<Votes>> {
        let mut progress = self.progress();
        if let Some(votes) = progress.votes.get_mut(text) {
            add(votes);
        }
        progress.missing = progress.missing.saturating_sub(1);
        (progress.missing == 0).then(|| std::mem::take(&mut progress.votes))
    }

    /// Answers the request, once.
    pub(super) fn answer(&self, answer: Answer) {
        if let Some(sender) = self.progress().answer.take() {
            // A caller that has left does not mind.
            let _ = sender.send(answer);
        }
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
