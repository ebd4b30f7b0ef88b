//! `GET /v1/models` and `GET /v1/models/{id}`: passed through.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{HeaderName, HeaderValue},
    web::{Data, Path},
};

use super::{auth::caller, head::headers};
use crate::{
    error::GatewayError,
    gateway::{Answer, Gateway},
    upstream::Upstream,
    wire::fields::Shape,
};

pub(super) async fn list(
    request: HttpRequest,
    gateway: Data<Gateway>,
    upstream: Data<Upstream>,
) -> Result<HttpResponse, GatewayError> {
    let caller = caller(&headers(&request), gateway.settings.upstream.api_key.as_ref())?;
    gateway.models(&upstream, &caller.credentials, None).await.map(|answer| respond(&answer))
}

pub(super) async fn one(
    request: HttpRequest,
    id: Path<String>,
    gateway: Data<Gateway>,
    upstream: Data<Upstream>,
) -> Result<HttpResponse, GatewayError> {
    let caller = caller(&headers(&request), gateway.settings.upstream.api_key.as_ref())?;
    // What goes into the address is checked: it could be anything that somebody typed.
    if !Shape::Model.fits(&id) || id.split('/').any(|part| part.trim_matches('.').is_empty()) {
        return Err(GatewayError::NotFound);
    }
    gateway.models(&upstream, &caller.credentials, Some(&id)).await.map(|answer| respond(&answer))
}

/// The answer as JSON, with the upstream's headers that are passed on.
pub(super) fn respond(answer: &Answer) -> HttpResponse {
    let mut response = HttpResponse::Ok().json(&answer.body);
    pass_on(&answer.headers, &mut response);
    response
}

/// Sets the upstream's headers that are passed on.
pub(super) fn pass_on(headers: &[(String, String)], response: &mut HttpResponse) {
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value))
        {
            response.headers_mut().insert(name, value);
        }
    }
}
