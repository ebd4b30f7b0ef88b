//! Threads that own a model and take work from a bounded queue.
//!
//! Inference never runs in an HTTP worker. A queue that is full refuses at once, and work whose
//! caller has left is skipped, also in the middle of it.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use crossbeam_channel::{Receiver, Sender, TrySendError};
use tokio::sync::oneshot;

use super::{
    decode::{Thresholds, Votes},
    encode::{Encoder, Input, Token, Window},
    model::{Model, ModelError, load_tokenizer},
    notation::is_notation,
    vocabulary::is_clinical,
};
use crate::{
    deidentify::{detector::DetectError, entity::Detection},
    phi::PhiText,
    settings::NerSettings,
};

/// What a warm-up inference runs on: no PHI, long enough to touch every part of the model.
const WARM_UP: &str = "The patient was seen in clinic today and feels well.";

/// What a model's certainty is worth beside a rule's: a rule that has a cue (0.8 and above) decides
/// what kind of number it is, and a rule that has none (0.7 and below) leaves it to the model.
const TRUST: f32 = 0.75;

type Answer = Result<Vec<Vec<Detection>>, DetectError>;

/// Texts to search, and where the answer goes.
struct Job {
    texts: Arc<[PhiText]>,
    /// Told when a thread takes the job.
    taken: Option<oneshot::Sender<()>>,
    answer: oneshot::Sender<Answer>,
}

/// A handle to a model's threads.
pub(super) struct Engine {
    queue: Sender<Job>,
    /// Threads that have not finished their warm-up.
    cold: Arc<AtomicUsize>,
    patience: Duration,
}

/// How a model's threads are run.
#[derive(Clone, Copy, Debug)]
pub struct EngineOptions {
    /// Inference threads.
    pub threads: usize,
    /// Jobs that may wait.
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

        let (queue, jobs) = crossbeam_channel::bounded(options.queue);
        let cold = Arc::new(AtomicUsize::new(models.len()));
        for (number, model) in models.into_iter().enumerate() {
            let tokenizer = load_tokenizer(&settings.model)?;
            let (window, overlap) = (settings.window_tokens, settings.overlap_tokens);
            let encoder = Encoder::new(tokenizer, model.types, window, overlap);
            let worker = Worker {
                model,
                encoder,
                thresholds: Thresholds::new(settings.threshold, &settings.thresholds),
                name: Arc::from(settings.name.as_str()),
                batch: options.batch,
            };
            let jobs = jobs.clone();
            let cold = Arc::clone(&cold);
            thread::Builder::new()
                .name(format!("ner-{}-{number}", settings.name))
                .spawn(move || worker.run(&jobs, &cold))
                .map_err(|error| ModelError::Load(settings.model.clone(), error.to_string()))?;
        }
        Ok(Self { queue, cold, patience: options.patience })
    }

    /// Whether every thread has run its warm-up inference.
    pub(super) fn is_warm(&self) -> bool {
        self.cold.load(Ordering::Acquire) == 0
    }

    /// Searches `texts`. Dropping the future takes the work back.
    pub(super) async fn detect(&self, texts: Arc<[PhiText]>) -> Answer {
        let (taken, turn) = oneshot::channel();
        let (answer, found) = oneshot::channel();
        self.queue.try_send(Job { texts, taken: Some(taken), answer }).map_err(
            |error| match error {
                TrySendError::Full(_) => DetectError::Overloaded,
                TrySendError::Disconnected(_) => {
                    DetectError::Failed("the model's threads are gone")
                }
            },
        )?;
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

/// What one thread owns.
struct Worker {
    model: Model,
    encoder: Encoder,
    thresholds: Thresholds,
    name: Arc<str>,
    batch: usize,
}

/// One window of one text, ready for the model.
struct Piece {
    text: usize,
    window: Window,
    input: Input,
}

impl Worker {
    fn run(&self, jobs: &Receiver<Job>, cold: &AtomicUsize) {
        // One intra-op thread each: two OpenMP teams on two cores stall each other many times over.
        tch::set_num_threads(1);
        match self.search(&[PhiText::new(WARM_UP)], || false) {
            Ok(_) => {
                if cold.fetch_sub(1, Ordering::AcqRel) == 1 {
                    log::info!("model {} is ready", self.name);
                }
            }
            // It stays cold, so the service never becomes ready.
            Err(error) => return log::error!("{}: warm-up failed: {error}", self.name),
        }
        for mut job in jobs {
            if job.answer.is_closed() {
                continue;
            }
            if let Some(taken) = job.taken.take() {
                let _ = taken.send(());
            }
            let search = || self.search(&job.texts, || job.answer.is_closed());
            // A panic anywhere in it fails the request and not the thread.
            let answer = match catch_unwind(AssertUnwindSafe(search)) {
                Ok(Ok(found)) => Ok(found),
                Ok(Err(error)) => {
                    log::error!("{}: {error}", self.name);
                    Err(DetectError::Failed("a model failed"))
                }
                Err(_) => Err(DetectError::Failed("a model failed")),
            };
            // A caller that has left does not mind.
            let _ = job.answer.send(answer);
            job.texts = Arc::new([]);
        }
    }

    /// The entities of each text; gives up early, with nothing, when `left` says so.
    fn search(
        &self,
        texts: &[PhiText],
        left: impl Fn() -> bool,
    ) -> Result<Vec<Vec<Detection>>, ModelError> {
        let mut tokens: Vec<Vec<Token>> = Vec::with_capacity(texts.len());
        let mut pieces: Vec<Piece> = Vec::new();
        for (text, phi) in texts.iter().enumerate() {
            if left() {
                return Ok(Vec::new());
            }
            let own = self.encoder.tokenize(phi.expose_phi())?;
            pieces.extend(self.encoder.windows(&own).into_iter().map(|window| Piece {
                text,
                window,
                input: self.encoder.input(&own, window),
            }));
            tokens.push(own);
        }
        // Windows of like length together, so that little is spent on padding.
        pieces.sort_by_key(|piece| piece.input.ids.len());

        let mut votes: Vec<Votes> = tokens.iter().map(|own| Votes::new(own.len())).collect();
        for batch in pieces.chunks(self.batch) {
            if left() {
                return Ok(Vec::new());
            }
            let inputs: Vec<&Input> = batch.iter().map(|piece| &piece.input).collect();
            let outputs = self.model.probabilities(&inputs)?;
            let skip = self.encoder.prefix_len() * self.model.labels.len();
            for (piece, outputs) in batch.iter().zip(&outputs) {
                let inner = outputs.get(skip..).unwrap_or_default();
                if let Some(votes) = votes.get_mut(piece.text) {
                    votes.add(piece.window, inner, &self.model.labels);
                }
            }
        }

        let mut found = Vec::with_capacity(texts.len());
        for ((phi, own), votes) in texts.iter().zip(&tokens).zip(&votes) {
            if !votes.complete() {
                return Err(ModelError::Inference("a token was never looked at".to_owned()));
            }
            let text = phi.expose_phi();
            let mut entities = votes.decode(text, own, &self.thresholds, &self.name);
            entities.retain(|entity| !is_clinical(text, entity) && !is_notation(text, entity));
            entities.iter_mut().for_each(|entity| entity.score *= TRUST);
            found.push(entities);
        }
        Ok(found)
    }
}
