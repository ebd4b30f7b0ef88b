//! `x-ratelimit-*`, as OpenAI sends them.

use std::fmt::Write;

use actix_web::http::header::{HeaderName, HeaderValue};

use crate::store::{Allowance, Verdict};

/// The headers that say what is left of a key's limits. Where it has none of a kind, the upstream's own
/// are passed on.
pub(super) fn headers(verdict: &Verdict) -> Vec<(HeaderName, HeaderValue)> {
    const REQUESTS: [HeaderName; 3] = [
        HeaderName::from_static("x-ratelimit-limit-requests"),
        HeaderName::from_static("x-ratelimit-remaining-requests"),
        HeaderName::from_static("x-ratelimit-reset-requests"),
    ];
    const TOKENS: [HeaderName; 3] = [
        HeaderName::from_static("x-ratelimit-limit-tokens"),
        HeaderName::from_static("x-ratelimit-remaining-tokens"),
        HeaderName::from_static("x-ratelimit-reset-tokens"),
    ];
    let mut all = Vec::new();
    for (names, allowance) in [(REQUESTS, verdict.requests), (TOKENS, verdict.tokens)] {
        let Some(Allowance { limit, remaining, reset_s }) = allowance else { continue };
        let values = [limit.to_string(), remaining.to_string(), go_duration(reset_s)];
        for (name, value) in names.into_iter().zip(values) {
            if let Ok(value) = HeaderValue::from_str(&value) {
                all.push((name, value));
            }
        }
    }
    all
}

/// `1s`, `6m0s`, `1h0m30s`: how Go, and so OpenAI, writes a span.
fn go_duration(seconds: u64) -> String {
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let mut text = String::new();
    if hours > 0 {
        // Writing to a string does not fail.
        let _ = write!(text, "{hours}h");
    }
    if hours > 0 || minutes > 0 {
        let _ = write!(text, "{minutes}m");
    }
    let _ = write!(text, "{rest}s");
    text
}

#[cfg(test)]
mod tests {
    use super::{go_duration, headers};
    use crate::store::{Allowance, Verdict};

    #[test]
    fn spans_are_written_as_go_does() {
        for (seconds, text) in [
            (0, "0s"),
            (1, "1s"),
            (60, "1m0s"),
            (360, "6m0s"),
            (3630, "1h0m30s"),
            (90_000, "25h0m0s"),
        ] {
            assert_eq!(go_duration(seconds), text);
        }
    }

    #[test]
    fn only_what_is_limited_has_headers() {
        let requests = Some(Allowance { limit: 9, remaining: 4, reset_s: 61 });
        let all = headers(&Verdict { refused: None, requests, tokens: None });
        let all: Vec<_> = all.iter().map(|(n, v)| (n.as_str(), v.to_str().unwrap())).collect();
        assert_eq!(
            all,
            [
                ("x-ratelimit-limit-requests", "9"),
                ("x-ratelimit-remaining-requests", "4"),
                ("x-ratelimit-reset-requests", "1m1s"),
            ]
        );
    }
}
