//! Every route wants a gateway key, but for those of a short list: what is added is protected unless
//! somebody says otherwise.

use std::sync::Arc;

use actix_web::{
    Error, HttpMessage, ResponseError,
    body::{BodySize, EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{ConnectionType, Method},
    middleware::Next,
    web::Data,
};

use super::{
    auth::gateway_key,
    error_response::code,
    head::headers,
    playground, presidio, rate_limit,
    request_id::{LoggedId, known},
    ticket::Ticket,
};
use crate::{
    audit::Audit, error::GatewayError, gateway::Gateway, keys::Keys, server::Phase, store::Verdict,
};

/// The routes that anybody may ask.
const OPEN: [&str; 8] = [
    "/docs",
    "/docs/app.js",
    "/docs/style.css",
    "/openapi.json",
    "/health",
    "/healthz",
    "/readyz",
    "/metrics",
];

/// Lets a request through whose key is good and has not used up its limits, leaves the key's
/// [`crate::keys::Identity`] and the request's `Ticket` with it, and settles the account of what comes of it.
///
/// # Errors
/// Those of the request itself.
pub async fn protect<B: MessageBody + 'static>(
    keys: Data<Keys>,
    gateway: Data<Gateway>,
    audit: Data<Audit>,
    phase: Data<Phase>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    // What no route has is answered 404, to anybody.
    let settings = &gateway.settings;
    let route = request.match_pattern();
    if !settings.playground.enabled && route.as_deref().is_some_and(playground::owns) {
        let response = GatewayError::NotFound.error_response().map_into_right_body();
        return Ok(request.into_response(response));
    }
    let is_open = |route: &String| {
        OPEN.contains(&route.as_str()) || playground::is_open(route, request.request(), settings)
    };
    let Some(route) = route.filter(|route| !is_open(route)) else {
        return Ok(next.call(request).await?.map_into_left_body());
    };
    // What cannot be written down does not happen, not even a refusal.
    let refused = if phase.is_refusing() {
        Some(GatewayError::Draining)
    } else if audit.is_ready() {
        None
    } else {
        Some(GatewayError::AuditBroken)
    };
    if let Some(error) = refused {
        let mut response = error.error_response();
        response.head_mut().set_connection_type(ConnectionType::Close);
        return Ok(request.into_response(response.map_into_right_body()));
    }
    let id = request.extensions().get::<LoggedId>().map(|id| Arc::clone(&id.0)).unwrap_or_default();
    let ticket = Ticket::new(audit, keys.clone(), &id, known(request.method()), &route);
    request.extensions_mut().insert(ticket.clone());
    let is_free = !settings.presidio.key_required && presidio::is_route(&route);
    let admitted = if is_free { Ok(None) } else { admit(&keys, &request, &ticket).await };
    let mut response = match admitted {
        Ok(verdict) => {
            let mut response = next.call(request).await?;
            if let Some(error) = response.response().error().and_then(|error| error.as_error()) {
                ticket.failed(code(error));
            }
            for (name, value) in verdict.as_ref().map(rate_limit::headers).into_iter().flatten() {
                response.headers_mut().insert(name, value);
            }
            response.map_into_left_body()
        }
        Err(error) => {
            ticket.failed(code(&error));
            request.into_response(error.error_response().map_into_right_body())
        }
    };
    if phase.is_leaving() {
        // So that no proxy sends its next request to a connection that is about to close.
        response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    }
    if ticket.is_streaming() {
        return Ok(response);
    }
    let bytes = match response.response().body().size() {
        BodySize::Sized(bytes) => Some(bytes),
        BodySize::None | BodySize::Stream => None,
    };
    if ticket.settle(response.status().as_u16(), bytes) {
        Ok(response)
    } else {
        let error = GatewayError::AuditBroken.error_response().map_into_right_body();
        Ok(response.into_response(error))
    }
}

async fn admit(
    keys: &Keys,
    request: &ServiceRequest,
    ticket: &Ticket,
) -> Result<Option<Verdict>, GatewayError> {
    let headers = headers(request.request());
    let is_presidio = request.match_pattern().is_some_and(|route| presidio::is_route(&route));
    let password = presidio::password(&headers).filter(|_| is_presidio);
    let key = match &password {
        Some(password) => Some(password.as_str()),
        None => gateway_key(&headers)?,
    };
    let who = keys.identify(key).await?;
    ticket.belongs_to(&who);
    // Only what does work is counted.
    let verdict = if request.method() == Method::POST { keys.count(&who).await } else { Ok(None) };
    request.extensions_mut().insert(who);
    verdict
}
