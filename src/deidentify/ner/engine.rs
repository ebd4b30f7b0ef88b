//! Threads that own a model and draw from a bounded [pool](super::pool) of work.
//!
//! Inference never runs in an HTTP worker. A queue that is full refuses at once, and work whose
//! caller has left is skipped, also in the middle of it.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use tokio::sync::oneshot;

use super::{
    decode::Votes,
    encode::{Encoder, Input, Token},
    model::{Model, ModelError, load_tokenizer},
    narrow::narrow_all,
    notation::is_notation,
    pool::{Answer, Job, Limits, Next, Piece, Pool, Task},
    thresholds::Thresholds,
    vocabulary::is_clinical,
};
use crate::{
    deidentify::detector::{DetectError, Least},
    phi::PhiText,
    settings::NerSettings,
};

/// What a warm-up inference runs on: no PHI, long enough to touch every part of the model.
const WARM_UP: &str = "The patient was seen in clinic today and feels well.";

/// What a model's certainty is worth beside a rule's: a rule that has a cue (0.8 and above) decides
/// what kind of number it is, and a rule that has none (0.7 and below) leaves it to the model.
const TRUST: f32 = 0.75;

/// As many tokens of a pass are worth another thread: with fewer, threads wait for each other.
const LEAST_SHARE: usize = 32;

/// Whatever broke in a model, as callers hear of it.
const FAILED: DetectError = DetectError::Failed("a model failed");

/// A handle to a model's threads.
pub(super) struct Engine {
    pool: Arc<Pool>,
    /// Threads that have not finished their warm-up.
    cold: Arc<AtomicUsize>,
    patience: Duration,
    thresholds: Arc<Thresholds>,
}

/// How a model's threads are run.
#[derive(Clone, Copy, Debug)]
pub struct EngineOptions {
    /// Inference threads.
    pub threads: usize,
    /// Requests that may wait for a thread.
    pub queue: usize,
    /// Most windows in one forward pass.
    pub batch: usize,
    /// How long a job may wait for a thread, and then again how long it may take.
    pub patience: Duration,
}

impl Engine {
    /// Loads the model and starts its threads; each warms up before it takes work.
    pub(super) fn start(
        settings: &NerSettings,
        options: EngineOptions,
    ) -> Result<Self, ModelError> {
        let model = Model::load(settings)?;
        let mut models = Vec::with_capacity(options.threads);
        for _ in 1..options.threads {
            models.push(model.twin()?);
        }
        models.push(model);

        let help = models.iter().all(Model::is_fast).then_some(LEAST_SHARE);
        let (waiting, batch, threads) = (options.queue, options.batch, models.len());
        let limits = Limits { waiting, batch, threads, help };
        let engine = Self {
            pool: Arc::new(Pool::new(limits)),
            cold: Arc::new(AtomicUsize::new(models.len())),
            patience: options.patience,
            thresholds: Arc::new(Thresholds::new(settings.threshold, &settings.thresholds)),
        };
        for (number, model) in models.into_iter().enumerate() {
            let tokenizer = load_tokenizer(&settings.model)?;
            let (window, overlap) = (settings.window_tokens, settings.overlap_tokens);
            let encoder = Encoder::new(tokenizer, model.types, window, overlap);
            let worker = Worker { model, encoder, name: Arc::from(settings.name.as_str()) };
            let pool = Arc::clone(&engine.pool);
            let cold = Arc::clone(&engine.cold);
            thread::Builder::new()
                .name(format!("ner-{}-{number}", settings.name))
                .spawn(move || worker.run(&pool, &cold))
                .map_err(|error| ModelError::Load(settings.model.clone(), error.to_string()))?;
        }
        Ok(engine)
    }

    /// Whether every thread has run its warm-up inference.
    pub(super) fn is_warm(&self) -> bool {
        self.cold.load(Ordering::Acquire) == 0
    }

    /// Requests that no thread has begun with.
    pub(super) fn waiting(&self) -> usize {
        self.pool.waiting()
    }

    /// Searches `texts`, with lower thresholds where `least` has them. Dropping the future takes the
    /// work back.
    pub(super) fn detect(
        &self,
        texts: Arc<[PhiText]>,
        least: Option<&Least>,
    ) -> impl Future<Output = Answer> + Send + '_ {
        let thresholds = match least {
            None => Arc::clone(&self.thresholds),
            Some(least) => Arc::new(self.thresholds.lowered(least, TRUST)),
        };
        self.search(texts, thresholds)
    }

    async fn search(&self, texts: Arc<[PhiText]>, thresholds: Arc<Thresholds>) -> Answer {
        let (taken, turn) = oneshot::channel();
        let (answer, found) = oneshot::channel();
        self.pool
            .add(Job { texts, thresholds, taken: Some(taken), answer })
            .map_err(|_| DetectError::Overloaded)?;
        const DROPPED: DetectError = DetectError::Failed("the model's thread dropped the request");
        // Waiting for a thread is our lack of capacity; what comes after is the text's length.
        match tokio::time::timeout(self.patience, turn).await {
            Err(_) => return Err(DetectError::Overloaded),
            Ok(turn) => turn.map_err(|_| DROPPED)?,
        }
        match tokio::time::timeout(self.patience, found).await {
            Err(_) => Err(DetectError::TimedOut),
            Ok(found) => found.map_err(|_| DROPPED)?,
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.pool.end();
    }
}

/// What one thread owns.
struct Worker {
    model: Model,
    encoder: Encoder,
    name: Arc<str>,
}

impl Worker {
    fn run(mut self, pool: &Pool, cold: &AtomicUsize) {
        // One intra-op thread each: two OpenMP teams on two cores stall each other many times over.
        tch::set_num_threads(1);
        if let Err(error) = self.warm_up() {
            // It stays cold, so the service never becomes ready.
            return log::error!("{}: warm-up failed: {error}", self.name);
        }
        if cold.fetch_sub(1, Ordering::AcqRel) == 1 {
            let how = if self.model.is_fast() { "8-bit" } else { "fp32" };
            log::info!("model {} is ready ({how})", self.name);
        }
        loop {
            match pool.next() {
                Next::Tokenize(job) => self.tokenize(pool, job),
                Next::Infer(pieces, helpers) => self.infer(pool, &pieces, helpers),
                Next::Help(pass, part) => self.model.help(&pass, part),
                Next::End => return,
            }
        }
    }

    fn warm_up(&mut self) -> Result<(), ModelError> {
        let tokens = self.encoder.tokenize(WARM_UP)?;
        let windows = self.encoder.windows(&tokens);
        let inputs: Vec<_> =
            windows.into_iter().map(|window| self.encoder.input(&tokens, window)).collect();
        self.model.probabilities(&inputs.iter().collect::<Vec<_>>()).map(drop)
    }

    /// Turns a request into windows.
    fn tokenize(&self, pool: &Pool, job: Job) {
        // A panic fails the request and not the thread.
        let result = catch_unwind(AssertUnwindSafe(|| self.windows(&job.texts)));
        match result {
            Ok(Ok((tokens, pieces))) => {
                let none = pieces.is_empty();
                let task = pool.open(job, tokens, pieces);
                if none {
                    task.answer(Ok(vec![Vec::new(); task.texts.len()]));
                }
            }
            Ok(Err(error)) => {
                log::error!("{}: {error}", self.name);
                let _ = job.answer.send(Err(FAILED));
            }
            Err(_) => {
                let _ = job.answer.send(Err(FAILED));
            }
        }
    }

    fn windows(&self, texts: &[PhiText]) -> Result<(Vec<Vec<Token>>, VecDeque<Piece>), ModelError> {
        let mut tokens = Vec::with_capacity(texts.len());
        let mut pieces = VecDeque::new();
        for (text, phi) in texts.iter().enumerate() {
            let own = self.encoder.tokenize(phi.expose_phi())?;
            pieces.extend(self.encoder.windows(&own).into_iter().map(|window| Piece {
                text,
                window,
                input: self.encoder.input(&own, window),
            }));
            tokens.push(own);
        }
        Ok((tokens, pieces))
    }

    /// Runs the windows, and answers the requests that have no more of them.
    fn infer(&mut self, pool: &Pool, pieces: &[(Arc<Task>, Piece)], helpers: usize) {
        let inputs: Vec<&Input> = pieces.iter().map(|(_, piece)| &piece.input).collect();
        let mut bound = helpers;
        let call = |pass: &Arc<_>| pool.call(pass, std::mem::take(&mut bound));
        let outputs = self.model.probabilities_with(&inputs, helpers, call);
        if bound > 0 {
            pool.release(bound);
        }
        let outputs = outputs.inspect_err(|error| log::error!("{}: {error}", self.name));
        let skip = self.encoder.prefix_len() * self.model.labels.len();
        for (at, (task, piece)) in pieces.iter().enumerate() {
            let Some(own) = outputs.as_ref().ok().and_then(|outputs| outputs.get(at)) else {
                task.answer(Err(FAILED));
                continue;
            };
            let inner = own.get(skip..).unwrap_or_default();
            let finish = || {
                task.add(piece.text, |votes| votes.add(piece.window, inner, &self.model.labels))
                    .map(|votes| self.decode(task, &votes))
            };
            match catch_unwind(AssertUnwindSafe(finish)) {
                Ok(None) => {}
                Ok(Some(answer)) => task.answer(answer),
                Err(_) => task.answer(Err(FAILED)),
            }
        }
    }

    /// The entities of each text.
    fn decode(&self, task: &Task, votes: &[Votes]) -> Answer {
        let mut found = Vec::with_capacity(votes.len());
        for ((phi, own), votes) in task.texts.iter().zip(&task.tokens).zip(votes) {
            if !votes.complete() {
                log::error!("{}: a token was never looked at", self.name);
                return Err(FAILED);
            }
            let text = phi.expose_phi();
            let entities = votes.decode(text, own, &task.thresholds, &self.name);
            let mut entities = narrow_all(text, entities);
            entities.retain(|entity| !is_clinical(text, entity) && !is_notation(text, entity));
            entities.iter_mut().for_each(|entity| entity.score *= TRUST);
            found.push(entities);
        }
        Ok(found)
    }
}
