//! The one trait that every detector implements, and the composite that pools them.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures_util::future::{BoxFuture, FutureExt, try_join_all};
use thiserror::Error;

use super::{
    cache::Cache,
    encoded::decode,
    entity::{Detection, Label},
    merge::merge,
    rewritten::Rewritten,
};
use crate::{metrics::metrics, phi::PhiText};

/// Why texts could not be searched. Nothing may be sent then.
#[derive(Debug, Error)]
pub enum DetectError {
    /// The queue of a model is full.
    #[error("too many requests wait for detection")]
    Overloaded,
    /// A detector took longer than its time limit.
    #[error("detection took too long")]
    TimedOut,
    /// A detector broke; the text says which way, and nothing of what it was given.
    #[error("{0}")]
    Failed(&'static str),
}

/// From which score on a finding of a label counts, for those who try other thresholds than those of
/// the settings.
pub type Least = BTreeMap<Label, f32>;

/// Finds PHI.
pub trait Detector: Send + Sync {
    /// Its name in reports.
    fn name(&self) -> &str;

    /// Whether it can be asked: its model is loaded and warm.
    fn is_ready(&self) -> bool {
        true
    }

    /// Requests that wait for it, where there is a queue.
    fn queue_depth(&self) -> Option<usize> {
        None
    }

    /// Drops from `found` in `text` what this detector knows not to be PHI, whoever found it.
    fn acquit(&self, text: &str, found: &mut Vec<Detection>) {
        let _ = (text, found);
    }

    /// What each of `texts` holds, in the same order; spans are byte offsets into that text.
    fn detect(
        &self,
        texts: Arc<[PhiText]>,
    ) -> BoxFuture<'_, Result<Vec<Vec<Detection>>, DetectError>>;

    /// As [`Detector::detect`], with what it is less sure of where its own threshold is higher than
    /// `least`. It may report what scores less than that.
    fn detect_from(
        &self,
        texts: Arc<[PhiText]>,
        least: &Least,
    ) -> BoxFuture<'_, Result<Vec<Vec<Detection>>, DetectError>> {
        let _ = least;
        self.detect(texts)
    }
}

/// All detectors together. One that fails fails the whole.
pub struct Composite {
    detectors: Vec<Arc<dyn Detector>>,
    timeout: Duration,
    cache: Option<Cache>,
}

impl Composite {
    /// Pools `detectors`; each search may take `timeout`.
    pub fn new(detectors: Vec<Arc<dyn Detector>>, timeout: Duration) -> Self {
        Self { detectors, timeout, cache: None }
    }

    /// Remembers what was found in the latest texts: at most `room` texts and finds, together.
    /// Whoever finds something must then go by the text alone.
    #[must_use]
    pub fn remember(mut self, room: usize) -> Self {
        self.cache = (room > 0).then(|| Cache::new(room));
        self
    }

    /// The detectors' names, in the order of the settings.
    pub fn names(&self) -> Vec<&str> {
        self.detectors.iter().map(|detector| detector.name()).collect()
    }

    /// Requests that wait, by the name of the detector that they wait for.
    pub fn queue_depths(&self) -> Vec<(&str, usize)> {
        let depth = |detector: &Arc<dyn Detector>| detector.queue_depth();
        let all = self.detectors.iter();
        all.filter_map(|own| depth(own).map(|depth| (own.name(), depth))).collect()
    }

    /// Whether every detector can be asked.
    pub fn is_ready(&self) -> bool {
        self.detectors.iter().all(|detector| detector.is_ready())
    }

    /// What each of `texts` holds: sorted, disjoint, covering all that any detector found.
    ///
    /// # Errors
    /// When any detector fails, or all together take longer than the time limit.
    pub async fn detect(&self, texts: Arc<[PhiText]>) -> Result<Vec<Vec<Detection>>, DetectError> {
        let Some(cache) = &self.cache else { return self.merged(texts).await };
        let keys: Vec<_> = texts.iter().map(|text| cache.key(text)).collect();
        let known: Vec<_> = keys.iter().map(|key| cache.get(key)).collect();
        let hits = known.iter().flatten().count() as u64;
        metrics().cache_lookups.with_label_values(&["hit"]).inc_by(hits);
        metrics().cache_lookups.with_label_values(&["miss"]).inc_by(known.len() as u64 - hits);
        let unknown = texts.iter().zip(&known).filter(|(_, known)| known.is_none());
        let unknown: Arc<[PhiText]> = unknown.map(|(text, _)| text.clone()).collect();
        let searched = if unknown.is_empty() { Vec::new() } else { self.merged(unknown).await? };
        let mut searched = searched.into_iter();
        let found = keys.into_iter().zip(known).map(|(key, known)| match known {
            Some(known) => Some(known.to_vec()),
            None => {
                let found = searched.next()?;
                cache.put(key, &found);
                Some(found)
            }
        });
        let found: Option<_> = found.collect();
        found.ok_or(DetectError::Failed("a detector did not answer for every text"))
    }

    async fn merged(&self, texts: Arc<[PhiText]>) -> Result<Vec<Vec<Detection>>, DetectError> {
        let raw = self.search(Arc::clone(&texts), None).await?;
        Ok(self.pool(&texts, raw))
    }

    /// What each detector found in each of `texts`, before any of it is merged; with `least`, also
    /// what it would not report by itself.
    ///
    /// # Errors
    /// As [`Composite::detect`].
    pub async fn search(
        &self,
        texts: Arc<[PhiText]>,
        least: Option<&Least>,
    ) -> Result<Vec<Vec<Detection>>, DetectError> {
        // Detectors are shown each text, and beside it what a reader would read where that is another. Reading
        // can be mistaken (`96%03/14/62`), and an operator's own patterns may mean the text as it stands.
        let decoded = texts.iter().enumerate();
        let decoded = decoded.filter_map(|(at, text)| Some((at, decode(text.expose_phi())?)));
        let mut decoded: Vec<(usize, Rewritten)> = decoded.collect();
        let shown: Arc<[PhiText]> = if decoded.is_empty() {
            Arc::clone(&texts)
        } else {
            let read = decoded.iter_mut().map(|(_, read)| PhiText::new(read.take_text()));
            texts.iter().cloned().chain(read).collect()
        };
        let searches = self.detectors.iter().map(|detector| {
            let texts = Arc::clone(&shown);
            async move {
                let count = texts.len();
                let found = match least {
                    None => detector.detect(texts).await?,
                    Some(least) => detector.detect_from(texts, least).await?,
                };
                // An answer for fewer texts would leave the others uncovered.
                if found.len() == count {
                    Ok(found)
                } else {
                    Err(DetectError::Failed("a detector did not answer for every text"))
                }
            }
            .boxed()
        });
        let by_detector = tokio::time::timeout(self.timeout, try_join_all(searches))
            .await
            .map_err(|_| DetectError::TimedOut)??;

        let mut pooled: Vec<Vec<Detection>> = vec![Vec::new(); texts.len()];
        for mut found in by_detector {
            let read = found.split_off(texts.len());
            for (pool, found) in pooled.iter_mut().zip(found) {
                pool.extend(found);
            }
            for ((at, decoded), found) in decoded.iter().zip(read) {
                let Some(pool) = pooled.get_mut(*at) else { continue };
                pool.extend(found.into_iter().map(|mut detection| {
                    detection.span = decoded.original(detection.span);
                    detection
                }));
            }
        }
        Ok(pooled)
    }

    /// Merges what [`Composite::search`] found in `texts`.
    pub fn pool(&self, texts: &[PhiText], raw: Vec<Vec<Detection>>) -> Vec<Vec<Detection>> {
        let merged = raw.into_iter().zip(texts).map(|(raw, text)| {
            let mut found = merge(text.expose_phi(), raw);
            self.acquit(text.expose_phi(), &mut found);
            found
        });
        merged.collect()
    }

    /// Drops what any detector knows not to be PHI.
    pub fn acquit(&self, text: &str, found: &mut Vec<Detection>) {
        for detector in &self.detectors {
            detector.acquit(text, found);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{Arc, Mutex},
        time::Duration,
    };

    use futures_util::future::{BoxFuture, FutureExt, pending, ready};

    use super::{Composite, DetectError, Detector};
    use crate::{
        deidentify::entity::{Detection, Label, Span},
        phi::PhiText,
    };

    type Answer = Result<Vec<Vec<Detection>>, DetectError>;

    /// A detector that answers what it is told, or never.
    struct Fake(Option<fn(usize) -> Answer>);

    impl Detector for Fake {
        fn name(&self) -> &str {
            "fake"
        }

        fn detect(&self, texts: Arc<[PhiText]>) -> BoxFuture<'_, Answer> {
            match self.0 {
                Some(answer) => ready(answer(texts.len())).boxed(),
                None => pending().boxed(),
            }
        }
    }

    fn finds(span: Span) -> Vec<Detection> {
        vec![Detection { label: Label::Name, span, score: 0.9, detector: Arc::from("fake") }]
    }

    fn run(detectors: Vec<Fake>) -> Answer {
        let detectors = detectors.into_iter().map(|d| Arc::new(d) as Arc<dyn Detector>).collect();
        let composite = Composite::new(detectors, Duration::from_millis(10));
        let texts: Arc<[PhiText]> = vec![PhiText::new("Ann Lee"), PhiText::new("x")].into();
        actix_rt::System::new().block_on(composite.detect(texts))
    }

    const FIRST: Fake = Fake(Some(|_| Ok(vec![finds(Span::new(0, 3)), Vec::new()])));
    const LAST: Fake = Fake(Some(|_| Ok(vec![finds(Span::new(4, 7)), Vec::new()])));

    #[test]
    fn what_any_detector_finds_is_found() {
        let found = run(vec![FIRST, LAST]).unwrap();
        assert_eq!(found[0].len(), 1, "two parts of one name are one");
        assert_eq!(found[0][0].span, Span::new(0, 7));
        assert!(found[1].is_empty());
    }

    #[test]
    fn one_detector_that_fails_fails_the_whole() {
        let failing = Fake(Some(|_| Err(DetectError::Failed("broken"))));
        assert!(matches!(run(vec![FIRST, failing]), Err(DetectError::Failed("broken"))));
        let full = Fake(Some(|_| Err(DetectError::Overloaded)));
        assert!(matches!(run(vec![full, FIRST]), Err(DetectError::Overloaded)));
    }

    #[test]
    fn what_is_remembered_is_not_searched_again() {
        let asked = Arc::new(Mutex::new(Vec::new()));
        struct Counts(Arc<Mutex<Vec<usize>>>);
        impl Detector for Counts {
            fn name(&self) -> &str {
                "counts"
            }

            fn detect(&self, texts: Arc<[PhiText]>) -> BoxFuture<'_, Answer> {
                self.0.lock().unwrap().push(texts.len());
                let found = texts.iter().map(|text| finds(Span::new(0, text.len()))).collect();
                ready(Ok(found)).boxed()
            }
        }
        let detectors = vec![Arc::new(Counts(Arc::clone(&asked))) as Arc<dyn Detector>];
        let composite = Composite::new(detectors, Duration::from_secs(10)).remember(1000);
        let system = actix_rt::System::new();
        let detect = |texts: &[&str]| {
            let texts: Vec<PhiText> = texts.iter().map(|&text| text.into()).collect();
            system.block_on(composite.detect(texts.into())).unwrap()
        };
        let first = detect(&["Ann", "Bob Lee"]);
        let second = detect(&["Ann", "Eve Roe-Lee", "Bob Lee"]);
        assert_eq!(first[0], second[0]);
        assert_eq!(first[1], second[2]);
        assert_eq!(second[1][0].span, Span::new(0, 11));
        detect(&["Eve Roe-Lee"]);
        assert_eq!(*asked.lock().unwrap(), [2, 1]);
    }

    #[test]
    fn an_answer_for_fewer_texts_is_a_failure() {
        let short = Fake(Some(|count| Ok(vec![Vec::new(); count - 1])));
        assert!(matches!(run(vec![FIRST, short]), Err(DetectError::Failed(_))));
    }

    #[test]
    fn a_detector_that_never_answers_times_out() {
        assert!(matches!(run(vec![FIRST, Fake(None)]), Err(DetectError::TimedOut)));
    }
}
