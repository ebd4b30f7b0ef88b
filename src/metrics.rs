//! Every metric there is, declared once; `/metrics` prints them for Prometheus. Labels are routes,
//! statuses and kinds, never anything of a request.

use std::sync::LazyLock;

use prometheus::{
    Encoder, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry, TextEncoder,
};

/// Bounds of the histograms, in seconds: from a rule's search to a long completion.
const SECONDS: [f64; 15] =
    [0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0];

/// Declares the metrics: kind, name, labels, and the help text as the comment.
macro_rules! declare {
    ($($(#[doc = $help:literal])+ $field:ident: $kind:ident = $name:literal $([$($label:literal),+])?;)+) => {
        /// All metrics.
        pub struct Metrics {
            registry: Registry,
            $($(#[doc = $help])+ pub $field: $kind,)+
        }

        impl Metrics {
            fn new() -> prometheus::Result<Self> {
                let registry = Registry::new();
                $(
                    let help = concat!($($help),+).trim();
                    let $field = make::$kind($name, help, &[$($($label),+)?])?;
                    registry.register(Box::new($field.clone()))?;
                )+
                Ok(Self { registry, $($field,)+ })
            }
        }
    };
}

declare! {
    /// Requests answered, by route and status; 499 when the caller left
    requests: IntCounterVec = "deid_requests_total" ["route", "status"];
    /// Requests that are being worked on, streams too
    in_flight: IntGauge = "deid_requests_in_flight";
    /// Time from a request's head to the end of its reply, by route
    seconds: HistogramVec = "deid_request_seconds" ["route"];
    /// Time in the stages of a request: detection, upstream, restoration
    stage_seconds: HistogramVec = "deid_stage_seconds" ["stage"];
    /// Requests that wait for a model, by model
    queue_depth: IntGaugeVec = "deid_queue_depth" ["model"];
    /// Look-ups in the detection cache, by result: hit, miss
    cache_lookups: IntCounterVec = "deid_cache_lookups_total" ["result"];
    /// Entities found, by label
    entities: IntCounterVec = "deid_entities_total" ["label"];
    /// Values that the last look before sending still found, and replaced or refused
    leak_check_hits: IntCounter = "deid_leak_check_hits_total";
    /// Placeholders in replies, by outcome: restored, altered (restored from a mangled form), unknown (left alone)
    placeholders: IntCounterVec = "deid_placeholders_total" ["outcome"];
    /// Tokens that the upstream counted, by kind: prompt, completion
    tokens: IntCounterVec = "deid_tokens_total" ["kind"];
    /// Failures of the key store
    store_faults: IntCounter = "deid_store_faults_total";
    /// Failures of the audit log
    audit_faults: IntCounter = "deid_audit_faults_total";
    /// Settings read again, by result: done, refused
    reloads: IntCounterVec = "deid_reloads_total" ["result"];
    /// Whether the gateway is ready for requests
    ready: IntGauge = "deid_ready";
    /// The gateway's version, as a label
    build: IntGaugeVec = "deid_build_info" ["version"];
}

/// One constructor a kind.
#[expect(non_snake_case, reason = "they have the names of the types that they make")]
mod make {
    use prometheus::Result;

    use super::{HistogramOpts, Opts, SECONDS};

    pub(super) fn IntCounter(name: &str, help: &str, _: &[&str]) -> Result<super::IntCounter> {
        super::IntCounter::new(name, help)
    }

    pub(super) fn IntGauge(name: &str, help: &str, _: &[&str]) -> Result<super::IntGauge> {
        super::IntGauge::new(name, help)
    }

    pub(super) fn IntCounterVec(
        name: &str,
        help: &str,
        labels: &[&str],
    ) -> Result<super::IntCounterVec> {
        super::IntCounterVec::new(Opts::new(name, help), labels)
    }

    pub(super) fn IntGaugeVec(
        name: &str,
        help: &str,
        labels: &[&str],
    ) -> Result<super::IntGaugeVec> {
        super::IntGaugeVec::new(Opts::new(name, help), labels)
    }

    pub(super) fn HistogramVec(
        name: &str,
        help: &str,
        labels: &[&str],
    ) -> Result<super::HistogramVec> {
        super::HistogramVec::new(HistogramOpts::new(name, help).buckets(SECONDS.to_vec()), labels)
    }
}

#[expect(clippy::expect_used, reason = "names are constants, and a test makes them all")]
static METRICS: LazyLock<Metrics> = LazyLock::new(|| {
    let metrics = Metrics::new().expect("two metrics share a name, or one is not valid");
    metrics.build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
    // So that what has not happened yet is 0 and not absent: alerts want to see it rise.
    for outcome in ["restored", "altered", "unknown"] {
        metrics.placeholders.with_label_values(&[outcome]);
    }
    for result in ["hit", "miss"] {
        metrics.cache_lookups.with_label_values(&[result]);
    }
    for result in ["done", "refused"] {
        metrics.reloads.with_label_values(&[result]);
    }
    for kind in ["prompt", "completion"] {
        metrics.tokens.with_label_values(&[kind]);
    }
    for stage in ["detection", "upstream", "restoration"] {
        metrics.stage_seconds.with_label_values(&[stage]);
    }
    metrics
});

/// The metrics of this process.
pub fn metrics() -> &'static Metrics {
    &METRICS
}

/// All of them in Prometheus's text format.
pub fn text() -> String {
    let mut bytes = Vec::new();
    // Writing to memory does not fail.
    let _ = TextEncoder::new().encode(&metrics().registry.gather(), &mut bytes);
    String::from_utf8(bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{metrics, text};

    #[test]
    fn every_metric_can_be_made_and_printed() {
        metrics().requests.with_label_values(&["/v1/chat/completions", "200"]).inc();
        metrics().stage_seconds.with_label_values(&["detection"]).observe(0.02);
        let text = text();
        for line in [
            "# HELP deid_requests_total Requests answered, by route and status; 499 when the caller left",
            "deid_requests_total{route=\"/v1/chat/completions\",status=\"200\"}",
            "deid_stage_seconds_bucket{stage=\"detection\",le=\"0.025\"}",
            "deid_leak_check_hits_total 0",
            "deid_placeholders_total{outcome=\"unknown\"} 0",
            "deid_build_info{version=",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
    }
}
