//! A Presidio analyzer that runs elsewhere, as a detector.
//!
//! awc's client is bound to one thread, and detectors are called from all of them: so the client has
//! a thread of its own, which takes texts from a bounded queue. Whatever goes wrong fails the
//! request: an analyzer that is down, slow or talks nonsense never means "nothing found".

use std::{collections::BTreeMap, pin::pin, rc::Rc, sync::Arc, thread, time::Duration};

use awc::{
    Client, Connector,
    http::{
        StatusCode,
        header::{CONTENT_ENCODING, CONTENT_LENGTH},
    },
};
use futures_util::{
    future::{BoxFuture, Either, FutureExt, select},
    stream::{StreamExt, TryStreamExt, iter},
};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::{mpsc, oneshot};

use super::{
    detector::{DetectError, Detector, Least},
    entity::{Detection, Label},
};
use crate::{
    phi::PhiText,
    presidio::{entities, points::Points},
    settings::{ModelLabel, PresidioSettings},
    upstream,
};

/// Requests that may wait for the client's thread.
const QUEUE: usize = 64;
/// Texts of one request that are asked about at the same time.
const AT_ONCE: usize = 8;
/// Largest answer that is read, in bytes.
const MOST_BYTES: usize = 32 * 1024 * 1024;
/// Most of the time limit that connecting may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

type Answer = Result<Vec<Vec<Detection>>, DetectError>;

/// A handle on the client's thread.
pub(super) struct PresidioDetector {
    name: String,
    queue: mpsc::Sender<Job>,
}

struct Job {
    texts: Arc<[PhiText]>,
    /// Lower thresholds, where somebody tries some.
    least: Least,
    answer: oneshot::Sender<Answer>,
}

/// One result, as Presidio sends it; its other fields do not matter here.
#[derive(Deserialize)]
struct Found {
    entity_type: String,
    /// In code points.
    start: usize,
    end: usize,
    score: f64,
}

/// What the client's thread knows.
struct Analyzer {
    client: Client,
    address: String,
    name: Arc<str>,
    language: String,
    threshold: f32,
    labels: BTreeMap<String, ModelLabel>,
    timeout: Duration,
}

impl PresidioDetector {
    /// Starts the client's thread. Whether the analyzer answers is found out when it is asked.
    pub(super) fn start(settings: &PresidioSettings) -> Result<Self, String> {
        let tls = if settings.url.starts_with("https://") {
            Some(upstream::client_config(None).map_err(|error| error.to_string())?)
        } else {
            log::warn!("detectors.presidio {:?}: plain http carries PHI", settings.name);
            None
        };
        let (queue, mut jobs) = mpsc::channel::<Job>(QUEUE);
        let own = settings.clone();
        let work = move || {
            actix_rt::System::new().block_on(async move {
                let mut connector = Connector::new().timeout(CONNECT_TIMEOUT);
                if let Some(tls) = tls {
                    connector = connector.rustls_0_23(tls);
                }
                // A redirect would carry the texts to another host.
                let client =
                    Client::builder().connector(connector).disable_timeout().disable_redirects();
                let analyzer = Rc::new(Analyzer::new(client.finish(), &own));
                while let Some(job) = jobs.recv().await {
                    let analyzer = Rc::clone(&analyzer);
                    actix_rt::spawn(analyzer.work(job));
                }
            });
        };
        thread::Builder::new()
            .name(format!("presidio-{}", settings.name))
            .spawn(work)
            .map_err(|error| error.to_string())?;
        Ok(Self { name: settings.name.clone(), queue })
    }
}

impl Detector for PresidioDetector {
    fn name(&self) -> &str {
        &self.name
    }

    fn detect(&self, texts: Arc<[PhiText]>) -> BoxFuture<'_, Answer> {
        self.detect_from(texts, &Least::new())
    }

    fn detect_from(&self, texts: Arc<[PhiText]>, least: &Least) -> BoxFuture<'_, Answer> {
        let least = least.clone();
        async move {
            let (answer, found) = oneshot::channel();
            self.queue.try_send(Job { texts, least, answer }).map_err(|error| match error {
                mpsc::error::TrySendError::Full(_) => DetectError::Overloaded,
                mpsc::error::TrySendError::Closed(_) => {
                    DetectError::Failed("the Presidio client's thread is gone")
                }
            })?;
            found
                .await
                .map_err(|_| DetectError::Failed("the Presidio client dropped the request"))?
        }
        .boxed()
    }
}

impl Analyzer {
    fn new(client: Client, settings: &PresidioSettings) -> Self {
        Self {
            client,
            address: format!("{}/analyze", settings.url.trim_end_matches('/')),
            name: Arc::from(settings.name.as_str()),
            language: settings.language.clone(),
            threshold: settings.threshold,
            labels: settings.labels.clone(),
            timeout: Duration::from_secs(settings.timeout_s),
        }
    }

    /// Does a job, or stops when nobody waits for it any more.
    async fn work(self: Rc<Self>, job: Job) {
        let Job { texts, least, mut answer } = job;
        let found = {
            let search = async {
                let each = texts.iter().map(|text| self.ask(text.expose_phi(), &least));
                let all = iter(each).buffered(AT_ONCE).try_collect::<Vec<_>>();
                let all = tokio::time::timeout(self.timeout, all).await;
                all.unwrap_or(Err(DetectError::TimedOut))
            };
            match select(pin!(search), pin!(answer.closed())).await {
                Either::Left((found, _)) => found,
                Either::Right(_) => return,
            }
        };
        // A caller that has left does not mind.
        let _ = answer.send(found);
    }

    async fn ask(&self, text: &str, least: &Least) -> Result<Vec<Detection>, DetectError> {
        // Presidio takes an empty text for a missing one.
        if text.trim().is_empty() {
            return Ok(Vec::new());
        }
        let body = json!({
            "text": text,
            "language": self.language,
            "score_threshold": least.values().copied().fold(self.threshold, f32::min),
        });
        let request = self.client.post(&self.address).content_type("application/json");
        let mut response = request
            .send_body(body.to_string())
            .await
            .map_err(|_| DetectError::Failed("a Presidio analyzer cannot be reached"))?;
        if response.status() != StatusCode::OK {
            return Err(DetectError::Failed("a Presidio analyzer refused a text"));
        }
        let announced = response.headers().get(CONTENT_LENGTH).cloned();
        let encoded = response.headers().contains_key(CONTENT_ENCODING);
        let bytes = response
            .body()
            .limit(MOST_BYTES)
            .await
            .map_err(|_| DetectError::Failed("a Presidio analyzer's answer broke off"))?;
        // awc takes the end of the connection for the end of the body.
        let announced: Option<usize> =
            announced.and_then(|length| length.to_str().ok()?.trim().parse().ok());
        if !encoded && announced.is_some_and(|length| length != bytes.len()) {
            return Err(DetectError::Failed("a Presidio analyzer's answer broke off"));
        }
        let found: Vec<Found> = serde_json::from_slice(&bytes).map_err(|_| {
            DetectError::Failed("a Presidio analyzer's answer is no list of results")
        })?;
        let points = Points::of(text);
        let detections = found.into_iter().map(|found| self.detection(&points, &found, least));
        Ok(detections.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
    }

    /// A result as a detection, or nothing where it does not count here.
    fn detection(
        &self,
        points: &Points,
        found: &Found,
        least: &Least,
    ) -> Result<Option<Detection>, DetectError> {
        // A place that is not in the text says that it answered for another one.
        let span = points
            .span(found.start, found.end)
            .filter(|span| !span.is_empty())
            .ok_or(DetectError::Failed("a Presidio analyzer's result is not in the text"))?;
        if !(0.0..=1.0).contains(&found.score) {
            return Err(DetectError::Failed("a Presidio analyzer's score is not in 0..=1"));
        }
        let score = found.score as f32;
        let label = self.label(&found.entity_type).filter(|label| {
            let own = least.get(label).copied().unwrap_or(self.threshold);
            score >= own.min(self.threshold)
        });
        Ok(label.map(|label| Detection { label, span, score, detector: Arc::clone(&self.name) }))
    }

    /// The operator's mapping first, then the names that we know; any other is an identifier.
    fn label(&self, entity: &str) -> Option<Label> {
        let own = self.labels.iter().find(|(name, _)| name.eq_ignore_ascii_case(entity));
        match own {
            Some((_, ModelLabel(label))) => *label,
            None => entities::label(entity).unwrap_or(Some(Label::Id)),
        }
    }
}
