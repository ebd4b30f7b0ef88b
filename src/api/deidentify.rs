//! `POST /v1/deidentify` and `/v1/reidentify`: nothing goes upstream.

use actix_web::{
    HttpRequest, HttpResponse, ResponseError,
    http::header::HeaderValue,
    web::{Data, Payload},
};
use serde_json::Value;

use super::{
    body::{self, Body},
    error_response::code,
    openai::{ENTITIES, RESTORED, counts_text, report_text},
    ticket::Ticket,
};
use crate::{
    error::GatewayError,
    gateway::{self, Gateway, Progress},
};

pub(super) async fn deidentify(
    request: HttpRequest,
    payload: Payload,
    gateway: Data<Gateway>,
) -> HttpResponse {
    let mut progress = Progress::default();
    let ticket = Ticket::of(&request);
    let result = match take(&request, payload, &gateway).await {
        Ok(_) if !gateway.deidentifier.is_ready() => Err(GatewayError::NotReady),
        Ok(body) => gateway.deidentify(body.expose_phi(), &mut progress).await,
        Err(error) => Err(error),
    };
    respond(ticket.as_ref(), result, &progress)
}

pub(super) async fn reidentify(
    request: HttpRequest,
    payload: Payload,
    gateway: Data<Gateway>,
) -> HttpResponse {
    let mut progress = Progress::default();
    let ticket = Ticket::of(&request);
    let result = take(&request, payload, &gateway).await;
    let result = result.and_then(|body| gateway::reidentify(body.expose_phi(), &mut progress));
    respond(ticket.as_ref(), result, &progress)
}

async fn take(
    request: &HttpRequest,
    payload: Payload,
    gateway: &Gateway,
) -> Result<Body, GatewayError> {
    body::read(request, payload, gateway.settings.server.max_body_bytes).await
}

fn respond(
    ticket: Option<&Ticket>,
    result: Result<Value, GatewayError>,
    progress: &Progress,
) -> HttpResponse {
    if let Some(ticket) = ticket {
        ticket.progress(progress);
        if let Err(error) = &result {
            ticket.failed(code(error));
        }
    }
    let mut response = match result {
        Ok(reply) => HttpResponse::Ok().json(reply),
        Err(error) => error.error_response(),
    };
    let headers = response.headers_mut();
    if let Ok(counts) = HeaderValue::from_str(&counts_text(&progress.counts)) {
        headers.insert(ENTITIES, counts);
    }
    if let Some(report) = progress.restored
        && let Ok(report) = HeaderValue::from_str(&report_text(progress.given, report))
    {
        headers.insert(RESTORED, report);
    }
    response
}
