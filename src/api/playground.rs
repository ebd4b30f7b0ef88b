//! The playground at `GET /`: a page that shows what would leave the building.
//!
//! The page holds nothing of anybody's, so it needs no key. What it asks for does, unless nobody
//! but this machine can ask.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{self, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE},
    web::{self, Data, Payload, ServiceConfig},
};
use serde_json::{Value, json};

use super::{
    auth::{gateway_key, is_local},
    body, get, get_only,
    head::headers,
    openai, post_only,
    ticket::Ticket,
};
use crate::{
    deidentify::{entity::Label, explain::what},
    error::GatewayError,
    gateway::{Gateway, Progress, inspect::Inspection, parse},
    settings::{Settings, Strategy},
};

/// Everything comes from this very server; nothing is framed, submitted or read as HTML.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
    require-trusted-types-for 'script'; trusted-types 'none'";

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// The parts of the page: path, type, content.
const PARTS: [(&str, &str, &str); 8] = [
    ("/", HTML, include_str!("playground/page/index.html")),
    ("/playground/style.css", "text/css; charset=utf-8", include_str!("playground/page/style.css")),
    ("/playground/app.js", SCRIPT, include_str!("playground/page/app.js")),
    ("/playground/view.js", SCRIPT, include_str!("playground/page/view.js")),
    ("/playground/wire.js", SCRIPT, include_str!("playground/page/wire.js")),
    ("/playground/send.js", SCRIPT, include_str!("playground/page/send.js")),
    ("/playground/samples.js", SCRIPT, include_str!("playground/page/samples.js")),
    ("/playground/icon.svg", "image/svg+xml", include_str!("playground/page/icon.svg")),
];

/// Declares the routes.
pub(super) fn routes(config: &mut ServiceConfig) {
    for (path, kind, content) in PARTS {
        config.service(get_only(path, get().to(move || async move { part(kind, content) })));
    }
    config
        .service(get_only("/playground/settings", get().to(settings)))
        .service(post_only("/playground/inspect", web::post().to(inspect)))
        .service(post_only("/playground/chat", web::post().to(openai::playground_chat)));
}

/// A part of a page, with the headers that keep it to itself.
pub(super) fn part(kind: &'static str, content: &'static str) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, kind))
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((CACHE_CONTROL, "no-cache"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .insert_header(("cross-origin-opener-policy", "same-origin"))
        .insert_header(("cross-origin-resource-policy", "same-origin"))
        .insert_header(("permissions-policy", "camera=(), microphone=(), geolocation=()"))
        .body(content)
}

/// `GET /playground/settings`: what the page offers to try.
async fn settings(gateway: Data<Gateway>) -> Result<HttpResponse, GatewayError> {
    let settings = &gateway.settings;
    let labels: Vec<Value> = Label::ALL
        .iter()
        .map(|&label| {
            json!({"name": label, "about": what(label), "strategy": settings.policy.strategy(label)})
        })
        .collect();
    Ok(private(json!({
        "version": env!("CARGO_PKG_VERSION"),
        "send_needs_key": settings.keys.required,
        "model": settings.compact.model,
        "labels": labels,
        "strategies": Strategy::ALL,
    })))
}

/// `POST /playground/inspect`: what would leave, and why. Nothing is sent.
async fn inspect(
    request: HttpRequest,
    payload: Payload,
    gateway: Data<Gateway>,
) -> Result<HttpResponse, GatewayError> {
    let body = body::read(&request, payload, gateway.settings.server.max_body_bytes).await?;
    if !gateway.deidentifier.is_ready() {
        return Err(GatewayError::NotReady);
    }
    let wrong = |error: serde_path_to_error::Error<serde_json::Error>| {
        // Both the message and the path may quote what the caller wrote, so a field of ours is told.
        let path = error.path().to_string();
        let field = ["body", "labels", "thresholds"].into_iter().find(|own| path.starts_with(own));
        let field = field.unwrap_or("body");
        let message = format!("`{field}` is missing, wrong, or beside a field that is not known");
        GatewayError::InvalidRequest { param: Some(field.to_owned()), message }
    };
    let inspection: Inspection =
        serde_path_to_error::deserialize(parse(body.expose_phi())?).map_err(wrong)?;
    // Stand-ins for dates depend on who sends.
    let headers = headers(&request);
    let key = gateway_key(&headers).ok().flatten().unwrap_or_default();
    let mut progress = Progress::default();
    let report = gateway.inspect(inspection, key, &mut progress).await;
    // There is none where nobody but this machine can ask.
    if let Some(ticket) = Ticket::of(&request) {
        ticket.progress(&progress);
    }
    report.map(|report| private(json!(report)))
}

/// A reply that no cache keeps.
fn private(body: Value) -> HttpResponse {
    HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(body)
}

/// Whether `route` is one of the playground's.
pub(super) fn owns(route: &str) -> bool {
    route == "/" || route.starts_with("/playground/")
}

/// Whether this request to `route` needs no key: for the page itself, which holds nothing of anybody's,
/// and for what it asks when nobody but this machine can ask.
pub(super) fn is_open(route: &str, request: &HttpRequest, settings: &Settings) -> bool {
    let local = || settings.server.is_loopback() && is_local(request);
    PARTS.iter().any(|(path, ..)| *path == route)
        || matches!(route, "/playground/settings" | "/playground/inspect") && local()
}
