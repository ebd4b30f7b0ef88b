//! Every route wants a gateway key, but for those of a short list: what is added is protected unless
//! somebody says otherwise.

use actix_web::{
    Error, HttpMessage, ResponseError,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::Method,
    middleware::Next,
    web::Data,
};

use super::{auth::gateway_key, playground, presidio, rate_limit};
use crate::{error::GatewayError, gateway::Gateway, keys::Keys, store::Verdict};

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

/// Lets a request through whose key is good and has not used up its limits, and leaves the key's
/// [`crate::keys::Identity`] with it.
///
/// # Errors
/// Those of the request itself.
pub async fn protect<B: MessageBody>(
    keys: Data<Keys>,
    gateway: Data<Gateway>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    // What no route has is answered 404, to anybody.
    let route = request.match_pattern();
    let settings = &gateway.settings;
    if !settings.playground.enabled && route.as_deref().is_some_and(playground::owns) {
        let response = GatewayError::NotFound.error_response().map_into_right_body();
        return Ok(request.into_response(response));
    }
    let is_open = |route: &str| {
        OPEN.contains(&route)
            || !settings.presidio.key_required && presidio::is_route(route)
            || playground::is_open(route, request.request(), settings)
    };
    if route.as_deref().is_none_or(is_open) {
        return Ok(next.call(request).await?.map_into_left_body());
    }
    match admit(&keys, &request).await {
        Ok(verdict) => {
            let mut response = next.call(request).await?;
            for (name, value) in verdict.as_ref().map(rate_limit::headers).into_iter().flatten() {
                response.headers_mut().insert(name, value);
            }
            Ok(response.map_into_left_body())
        }
        Err(error) => {
            let response = error.error_response().map_into_right_body();
            Ok(request.into_response(response))
        }
    }
}

async fn admit(keys: &Keys, request: &ServiceRequest) -> Result<Option<Verdict>, GatewayError> {
    let headers = request.headers();
    let is_presidio = request.match_pattern().is_some_and(|route| presidio::is_route(&route));
    let password = presidio::password(headers).filter(|_| is_presidio);
    let key = match &password {
        Some(password) => Some(password.as_str()),
        None => gateway_key(headers)?,
    };
    let who = keys.identify(key).await?;
    // Only what does work is counted.
    let verdict = if request.method() == Method::POST { keys.count(&who).await } else { Ok(None) };
    request.extensions_mut().insert(who);
    verdict
}
