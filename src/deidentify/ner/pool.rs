//! The work of all requests to one model: texts to tokenize, windows to infer.
//!
//! Every thread of the model draws from it. Windows of several requests run in one pass, and the
//! windows of a long text are shared by all threads; nothing waits for company when a thread is
//! idle. Requests take turns, window by window, so that a long note does not hold up a short
//! message. What nobody waits for any more is dropped.

use std::{
    collections::VecDeque,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::oneshot;

use super::{
    decode::Votes,
    encode::{Input, Token, Window},
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
    Infer(Vec<(Arc<Task>, Piece)>),
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
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    open: VecDeque<Open>,
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
            self.state().open.push_back(open);
            self.awake.notify_all();
        }
        task
    }

    /// Waits for work and takes it.
    pub(super) fn next(&self) -> Next {
        let mut state = self.state();
        loop {
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
                return Next::Infer(state.share(self.limits));
            }
            state = self.awake.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
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

    /// A thread's share of the windows: of each request in turn one, as many as a pass may have
    /// and no more than leaves the other threads as much.
    fn share(&mut self, limits: Limits) -> Vec<(Arc<Task>, Piece)> {
        let pieces = self.open.iter().flat_map(|open| &open.pieces);
        let fair = pieces.map(Piece::tokens).sum::<usize>() / limits.threads.max(1);
        let mut share = Vec::new();
        let mut tokens = 0;
        while share.len() < limits.batch
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
        share
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
mod tests {
    use std::{
        collections::{BTreeMap, VecDeque},
        sync::Arc,
    };

    use tokio::sync::oneshot::{self, Receiver};

    use super::{Answer, Job, Limits, Next, Piece, Pool, Task};
    use crate::deidentify::ner::{
        encode::{Input, Window},
        thresholds::Thresholds,
    };

    fn job() -> (Job, Receiver<Answer>) {
        let (answer, found) = oneshot::channel();
        let thresholds = Arc::new(Thresholds::new(0.5, &BTreeMap::new()));
        (Job { texts: Arc::new([]), thresholds, taken: None, answer }, found)
    }

    fn pool(waiting: usize, batch: usize, threads: usize) -> Pool {
        Pool::new(Limits { waiting, batch, threads })
    }

    /// Opens a request with windows of these lengths.
    fn open(pool: &Pool, lengths: &[usize]) -> (Arc<Task>, Receiver<Answer>) {
        let (job, found) = job();
        let piece = |&length: &usize| Piece {
            text: 0,
            window: Window { start: 0, end: length },
            input: Input::probe(100, length),
        };
        let pieces: VecDeque<Piece> = lengths.iter().map(piece).collect();
        (pool.open(job, Vec::new(), pieces), found)
    }

    /// The lengths of the windows of the next share.
    fn share(pool: &Pool) -> Vec<usize> {
        match pool.next() {
            Next::Infer(share) => share.iter().map(|(_, piece)| piece.tokens()).collect(),
            Next::Tokenize(_) | Next::End => panic!("no windows"),
        }
    }

    #[test]
    fn a_full_queue_gives_the_request_back() {
        let pool = pool(2, 8, 1);
        let (jobs, answers): (Vec<_>, Vec<_>) = (0..3).map(|_| job()).unzip();
        let taken: Vec<bool> = jobs.into_iter().map(|job| pool.add(job).is_ok()).collect();
        assert_eq!(taken, [true, true, false]);
        drop(answers);
        let (job, _answer) = job();
        assert!(pool.add(job).is_ok(), "those who left have made room");
    }

    #[test]
    fn the_windows_of_one_text_are_shared_by_the_threads() {
        let pool = pool(8, 8, 2);
        let (_task, _found) = open(&pool, &[128, 128, 62]);
        assert_eq!(share(&pool), [128]);
        assert_eq!(share(&pool), [128]);
        assert_eq!(share(&pool), [62]);
    }

    #[test]
    fn requests_take_turns_and_run_together() {
        let pool = pool(8, 3, 1);
        let (_long, _found) = open(&pool, &[100, 101, 102, 103]);
        let (_short, _other) = open(&pool, &[10]);
        assert_eq!(share(&pool), [100, 10, 101], "the short one does not wait for all of the long");
        assert_eq!(share(&pool), [102, 103]);
    }

    #[test]
    fn what_nobody_waits_for_is_dropped() {
        let pool = pool(8, 8, 1);
        let (left, found) = open(&pool, &[50, 51]);
        drop(found);
        let (_task, _found) = open(&pool, &[20]);
        assert_eq!(share(&pool), [20]);
        assert!(left.is_left());
        pool.end();
        assert!(matches!(pool.next(), Next::End));
    }

    #[test]
    fn a_request_is_answered_once_and_after_its_last_window() {
        let pool = pool(8, 8, 1);
        let (task, mut found) = open(&pool, &[5, 6]);
        assert!(task.add(0, |_| ()).is_none());
        assert!(task.add(0, |_| ()).is_some());
        task.answer(Ok(Vec::new()));
        task.answer(Ok(vec![Vec::new()]));
        assert!(found.try_recv().unwrap().unwrap().is_empty());
        assert!(task.is_left());
    }
}
