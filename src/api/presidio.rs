//! Microsoft Presidio's REST API, for clients that are pointed here instead.

use actix_web::{
    HttpRequest, HttpResponse, ResponseError,
    http::{
        StatusCode,
        header::{AUTHORIZATION, HeaderMap, HeaderValue, RETRY_AFTER},
    },
    web::{Data, Payload, Query},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    body,
    error_response::code,
    openai::{ENTITIES, counts_text},
    ticket::Ticket,
};
use crate::{
    error::GatewayError,
    gateway::{Gateway, Progress},
    presidio::{PresidioError, analyze, anonymize, entities},
};

/// `?language=en`
#[derive(Deserialize)]
pub(super) struct Language {
    language: Option<String>,
}

pub(super) async fn analyze(
    request: HttpRequest,
    payload: Payload,
    gateway: Data<Gateway>,
) -> HttpResponse {
    let mut progress = Progress::default();
    let result = async {
        let limit = gateway.settings.server.max_body_bytes;
        let body = body::read(&request, payload, limit).await?;
        if !gateway.deidentifier.is_ready() {
            return Err(GatewayError::NotReady.into());
        }
        analyze::analyze(&gateway.deidentifier, body.expose_phi(), &mut progress).await
    };
    let mut response = answer(&request, result.await);
    if let Some(ticket) = Ticket::of(&request) {
        ticket.progress(&progress);
    }
    if let Ok(counts) = HeaderValue::from_str(&counts_text(&progress.counts)) {
        response.headers_mut().insert(ENTITIES, counts);
    }
    response
}

/// Declares the handler of a request that is worked out of its body alone.
macro_rules! of_body {
    ($name:ident) => {
        pub(super) async fn $name(
            request: HttpRequest,
            payload: Payload,
            gateway: Data<Gateway>,
        ) -> HttpResponse {
            let result = async {
                let limit = gateway.settings.server.max_body_bytes;
                let body = body::read(&request, payload, limit).await?;
                anonymize::$name(body.expose_phi())
            };
            answer(&request, result.await)
        }
    };
}

of_body!(anonymize);
of_body!(deanonymize);

/// Declares the handler of a list.
macro_rules! list {
    ($name:ident, $list:expr) => {
        pub(super) async fn $name(request: HttpRequest, gateway: Data<Gateway>) -> HttpResponse {
            let list = || -> Result<Value, PresidioError> {
                let query = Query::<Language>::from_query(request.query_string());
                let query = query.map_err(|_| {
                    PresidioError::Parameter("`language` must stand there once".to_owned())
                })?;
                analyze::check_language(query.language.as_deref())?;
                let list: fn(&Gateway) -> Value = $list;
                Ok(list(&gateway))
            };
            respond(list())
        }
    };
}

list!(supported_entities, |_| json!(entities::supported()));
list!(recognizers, |gateway| json!(gateway.deidentifier.names()));

/// Operators know no language, so it is not asked for.
pub(super) async fn anonymizers() -> HttpResponse {
    HttpResponse::Ok().json(anonymize::operator_names(false))
}

pub(super) async fn deanonymizers() -> HttpResponse {
    HttpResponse::Ok().json(anonymize::operator_names(true))
}

/// Anybody may ask whether we are here. Presidio's two services say which one they are; both are
/// answered here, so the words name ours.
pub(super) async fn health() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        .body("Presidio Analyzer service is up")
}

/// The routes of Presidio's that want a gateway key.
const ROUTES: [&str; 7] = [
    "/analyze",
    "/anonymize",
    "/deanonymize",
    "/supportedentities",
    "/recognizers",
    "/anonymizers",
    "/deanonymizers",
];

/// Whether a route is one of Presidio's. Its clients have no key to send, so ours is taken there as
/// the password of an address such as `http://key:dg_…@gateway:8080` too.
pub(super) fn is_route(route: &str) -> bool {
    ROUTES.contains(&route)
}

/// The password of HTTP's basic authentication (RFC 7617).
pub(super) fn password(headers: &HeaderMap) -> Option<String> {
    let (scheme, encoded) = headers.get(AUTHORIZATION)?.to_str().ok()?.trim().split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    decoded.split_once(':').map(|(_, password)| password.to_owned())
}

/// [`respond`], with the error in the request's account.
fn answer(request: &HttpRequest, result: Result<Value, PresidioError>) -> HttpResponse {
    if let (Some(ticket), Err(error)) = (Ticket::of(request), &result) {
        ticket.failed(match error {
            PresidioError::Gateway(error) => code(error),
            _ => "invalid_request",
        });
    }
    respond(result)
}

/// The answer, or Presidio's error: an object with one string.
fn respond(result: Result<Value, PresidioError>) -> HttpResponse {
    let error = match result {
        Ok(value) => return HttpResponse::Ok().json(value),
        Err(error) => error,
    };
    let status = match &error {
        PresidioError::Json | PresidioError::Type(_) => StatusCode::BAD_REQUEST,
        PresidioError::Analyzer(_) => StatusCode::INTERNAL_SERVER_ERROR,
        PresidioError::Parameter(_) => StatusCode::UNPROCESSABLE_ENTITY,
        PresidioError::Gateway(error) => error.status_code(),
    };
    let mut response = HttpResponse::build(status);
    match &error {
        PresidioError::Gateway(GatewayError::Overloaded | GatewayError::NotReady) => {
            response.insert_header((RETRY_AFTER, "1"));
        }
        PresidioError::Gateway(GatewayError::Detection(cause)) => log::error!("{error}: {cause}"),
        _ => {}
    }
    response.json(json!({"error": error.to_string()}))
}
