//! [`GatewayError`] → status, headers and OpenAI's error object. The only place that does this.

use actix_web::{
    HttpResponse, ResponseError,
    http::{StatusCode, header},
};
use serde_json::{Map, Value, json};

use super::rate_limit;
use crate::{
    deidentify::detector::DetectError,
    error::{GatewayError, RestoredError},
    store::Exhausted,
    upstream::UpstreamError,
};

/// How long a caller should wait before trying again when we are not ready or overloaded.
const RETRY_AFTER_S: &str = "1";

impl ResponseError for GatewayError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::InvalidRequest { .. }
            | Self::UnsupportedContent { .. }
            | Self::MissingOpenAiKey
            | Self::InvalidOpenAiKey => StatusCode::BAD_REQUEST,
            Self::MissingGatewayKey | Self::InvalidGatewayKey => StatusCode::UNAUTHORIZED,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Refused { status, .. } => {
                StatusCode::from_u16(*status).unwrap_or(StatusCode::BAD_REQUEST)
            }
            Self::RateLimited { .. } | Self::LimitReached { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Upstream(_) | Self::Detection(_) | Self::Internal(_) => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
            Self::Overloaded
            | Self::NotReady
            | Self::StoreAway
            | Self::Draining
            | Self::AuditBroken => StatusCode::SERVICE_UNAVAILABLE,
            // Nobody reads it; the log has nginx's number for it.
            Self::CallerLeft => {
                StatusCode::from_u16(499).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
            }
        }
    }

    fn error_response(&self) -> HttpResponse {
        log_fault(self);
        let mut response = HttpResponse::build(self.status_code());
        match self {
            Self::MethodNotAllowed { allow } => {
                response.insert_header((header::ALLOW, *allow));
            }
            Self::Overloaded
            | Self::NotReady
            | Self::StoreAway
            | Self::Draining
            | Self::AuditBroken => {
                response.insert_header((header::RETRY_AFTER, RETRY_AFTER_S));
            }
            Self::LimitReached { verdict, wait_s, .. } => {
                response.insert_header((header::RETRY_AFTER, wait_s.to_string()));
                for (name, value) in rate_limit::headers(verdict) {
                    response.insert_header((name, value));
                }
            }
            Self::RateLimited { headers, .. } | Self::Refused { headers, .. } => {
                for (name, value) in headers {
                    response.insert_header((name.as_str(), value.as_str()));
                }
            }
            _ => {}
        }
        if !may_be_retried(self) {
            response.insert_header(("x-should-retry", "false"));
        }
        response.json(json!({"error": body(self)}))
    }
}

/// Whether the same request might succeed later. SDKs retry every 429 and 500 by themselves.
fn may_be_retried(error: &GatewayError) -> bool {
    match error {
        GatewayError::LimitReached { exhausted, .. } => *exhausted == Exhausted::Minute,
        GatewayError::RateLimited { error, .. } => !error.as_ref().is_some_and(is_exhausted),
        GatewayError::Upstream(UpstreamError::Status(status)) => *status >= 500,
        GatewayError::Upstream(error) => {
            !matches!(error, UpstreamError::TooLarge(_) | UpstreamError::Untrusted)
        }
        GatewayError::Detection(cause) => !matches!(cause, DetectError::TimedOut),
        GatewayError::Internal(_) => false,
        _ => true,
    }
}

/// Faults that the operator should see. Their messages hold nothing of a request or a reply.
fn log_fault(error: &GatewayError) {
    match error {
        GatewayError::Upstream(_) | GatewayError::Internal(_) => log::warn!("{error}"),
        GatewayError::Detection(cause) => log::error!("{error}: {cause}"),
        _ => {}
    }
}

/// An error's `type` and `code`.
fn class(error: &GatewayError) -> (&'static str, &'static str) {
    const REQUEST: &str = "invalid_request_error";
    const SERVER: &str = "server_error";
    match error {
        GatewayError::InvalidRequest { .. } => (REQUEST, "invalid_request"),
        GatewayError::UnsupportedContent { .. } => (REQUEST, "unsupported_content"),
        GatewayError::MissingOpenAiKey => (REQUEST, "missing_openai_key"),
        GatewayError::InvalidOpenAiKey => (REQUEST, "invalid_openai_key"),
        GatewayError::MissingGatewayKey => ("authentication_error", "missing_gateway_key"),
        GatewayError::InvalidGatewayKey => ("authentication_error", "invalid_gateway_key"),
        GatewayError::LimitReached { exhausted: Exhausted::Minute, .. } => {
            ("rate_limit_error", "rate_limit_exceeded")
        }
        GatewayError::LimitReached { .. } => ("insufficient_quota", "quota_exceeded"),
        GatewayError::NotFound => (REQUEST, "not_found"),
        GatewayError::MethodNotAllowed { .. } => (REQUEST, "method_not_allowed"),
        GatewayError::TooLarge { .. } => (REQUEST, "request_too_large"),
        GatewayError::Refused { .. } => (REQUEST, "upstream_refused"),
        GatewayError::RateLimited { .. } => ("rate_limit_error", "upstream_rate_limited"),
        GatewayError::Upstream(UpstreamError::Timeout) => (SERVER, "upstream_timeout"),
        GatewayError::Upstream(_) => (SERVER, "upstream_error"),
        GatewayError::Detection(_) => (SERVER, "detection_failed"),
        GatewayError::CallerLeft => (SERVER, "caller_left"),
        GatewayError::Internal(_) => (SERVER, "internal_error"),
        GatewayError::Overloaded => (SERVER, "overloaded"),
        GatewayError::NotReady
        | GatewayError::StoreAway
        | GatewayError::Draining
        | GatewayError::AuditBroken => (SERVER, "not_ready"),
    }
}

/// An error's `code`.
pub(super) fn code(error: &GatewayError) -> &'static str {
    class(error).1
}

/// The fields of OpenAI's error object.
fn body(error: &GatewayError) -> Map<String, Value> {
    let (kind, code) = class(error);
    let param = match error {
        GatewayError::InvalidRequest { param, .. } => param.as_deref(),
        GatewayError::UnsupportedContent { param, .. } => Some(param.as_str()),
        GatewayError::Refused { error, .. } => return complete(error),
        _ => None,
    };
    let fields = [
        ("message", json!(error.to_string())),
        ("type", json!(kind)),
        ("param", json!(param)),
        ("code", json!(code)),
    ];
    let mut fields: Map<_, _> =
        fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    if let GatewayError::RateLimited { error: Some(theirs), .. } = error {
        for key in ["message", "type"] {
            if let Some(value) = theirs.0.get(key) {
                fields.insert(key.to_owned(), value.clone());
            }
        }
    }
    fields
}

/// The upstream's error object, with the fields that it left out.
fn complete(error: &RestoredError) -> Map<String, Value> {
    let mut fields = error.0.clone();
    for key in ["message", "type", "param", "code"] {
        fields.entry(key).or_insert(Value::Null);
    }
    fields
}

/// Whether a 429 says that money or quota is gone, which trying again does not mend.
fn is_exhausted(error: &RestoredError) -> bool {
    ["code", "type"].iter().any(|key| error.0.get(*key) == Some(&json!("insufficient_quota")))
}
