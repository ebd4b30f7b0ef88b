//! Why a request fails, in the gateway's own terms; `api::error_response` makes HTTP of it.

use std::fmt;

use serde_json::{Map, Value};
use thiserror::Error;

use crate::{
    deidentify::detector::DetectError,
    store::{Exhausted, Verdict},
    substitute::SubstituteError,
    upstream::UpstreamError,
    wire::check::Invalid,
};

/// Everything that ends a request early. No message quotes the text of a request or a reply, but
/// for [`GatewayError::Refused`], which is the upstream's own answer, restored for the caller.
#[derive(Debug, Error)]
pub enum GatewayError {
    /// The body or a field of it is wrong.
    #[error("{message}")]
    InvalidRequest {
        /// The field, where there is one to name.
        param: Option<String>,
        /// What is wrong.
        message: String,
    },
    /// Content that cannot be de-identified.
    #[error("{message}")]
    UnsupportedContent {
        /// The field.
        param: String,
        /// What is wrong.
        message: String,
    },
    /// Neither the caller nor the server has a key for the upstream.
    #[error("no OpenAI API key: send one in the x-openai-key header")]
    MissingOpenAiKey,
    /// The upstream does not take the key.
    #[error("OpenAI did not accept the API key")]
    InvalidOpenAiKey,
    /// The request carries no gateway key.
    #[error("no gateway API key: send one in the x-compliantchatgpt-key header")]
    MissingGatewayKey,
    /// The gateway key is none of ours.
    #[error("the gateway API key is not valid")]
    InvalidGatewayKey,
    /// A limit of the gateway key is used up.
    #[error("{}", limit_message(*exhausted, *wait_s))]
    LimitReached {
        /// What is left of all limits.
        verdict: Verdict,
        /// The limit that refuses the request.
        exhausted: Exhausted,
        /// After how many seconds it would not.
        wait_s: u64,
    },
    /// Keys or limits cannot be checked.
    #[error("the key store does not answer; try again shortly")]
    StoreAway,
    /// The service is about to end.
    #[error("the gateway is shutting down; try again")]
    Draining,
    /// The audit log cannot be written, so nothing is disclosed.
    #[error("the audit log cannot be written, so requests are refused")]
    AuditBroken,
    /// No such route.
    #[error("no such route; nothing is passed through unprotected")]
    NotFound,
    /// The route has other methods.
    #[error("this route does not have that method")]
    MethodNotAllowed {
        /// The methods that it has.
        allow: &'static str,
    },
    /// The body is larger than the settings allow.
    #[error("the body is larger than {limit} bytes")]
    TooLarge {
        /// `server.max_body_bytes`
        limit: usize,
    },
    /// The upstream answered with an error of the caller's making.
    #[error("the upstream refused the request with status {status}")]
    Refused {
        /// The upstream's status, 4xx.
        status: u16,
        /// The upstream's error object, restored.
        error: RestoredError,
        /// The upstream's headers to pass on.
        headers: Vec<(String, String)>,
    },
    /// The upstream's limit is used up.
    #[error("the upstream's rate limit is used up")]
    RateLimited {
        /// The upstream's error object, restored, where it sent one.
        error: Option<RestoredError>,
        /// Headers that say when to try again, as the upstream sent them.
        headers: Vec<(String, String)>,
    },
    /// The upstream could not be reached, broke off, or answered nonsense.
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
    /// A detector failed, so nothing was sent.
    #[error("the request could not be de-identified, so nothing was sent")]
    Detection(#[source] DetectError),
    /// Too many requests wait already.
    #[error("too many requests are waiting; try again shortly")]
    Overloaded,
    /// The models are not loaded and warm yet.
    #[error("the gateway is starting; try again shortly")]
    NotReady,
    /// Nobody waits for the answer any more.
    #[error("the caller has left")]
    CallerLeft,
    /// A fault of our own.
    #[error("internal error, nothing was sent")]
    Internal(&'static str),
}

/// The fields of an upstream's error object, with the originals put back. It does not print.
#[derive(Clone)]
pub struct RestoredError(pub Map<String, Value>);

impl fmt::Debug for RestoredError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RestoredError({} fields)", self.0.len())
    }
}

impl From<Invalid> for GatewayError {
    fn from(Invalid { param, message, unsupported }: Invalid) -> Self {
        if unsupported {
            Self::UnsupportedContent { param, message }
        } else {
            Self::InvalidRequest { param: Some(param), message }
        }
    }
}

impl From<DetectError> for GatewayError {
    fn from(error: DetectError) -> Self {
        match error {
            DetectError::Overloaded => Self::Overloaded,
            DetectError::TimedOut | DetectError::Failed(_) => Self::Detection(error),
        }
    }
}

impl From<SubstituteError> for GatewayError {
    fn from(error: SubstituteError) -> Self {
        match error {
            SubstituteError::Walk(error) => {
                Self::InvalidRequest { param: None, message: error.to_string() }
            }
            SubstituteError::Leak => {
                Self::InvalidRequest { param: None, message: error.to_string() }
            }
            SubstituteError::OutOfStep => Self::Internal("substitution out of step"),
            SubstituteError::Write => Self::Internal("the cleared request could not be written"),
        }
    }
}

fn limit_message(exhausted: Exhausted, wait_s: u64) -> String {
    let what = match exhausted {
        Exhausted::Minute => "requests per minute",
        Exhausted::Day => "requests per day",
        Exhausted::Month => "tokens per month",
    };
    format!("the gateway key's limit of {what} is used up; try again in {wait_s} s")
}
