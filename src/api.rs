//! The HTTP surface: routes, who may use them, and what errors look like.

mod auth;
mod body;
mod deidentify;
mod departure;
mod error_response;
mod head;
mod health;
mod metrics;
mod models;
mod openai;
mod openapi;
mod playground;
mod presidio;
mod protect;
mod rate_limit;
mod request_id;
mod ticket;
mod unread;

use actix_web::{HttpResponse, guard, web};

pub use self::{
    departure::{keep_socket, watch_callers},
    head::{clear_heads, take_head},
    protect::protect,
    request_id::with_request_id,
    unread::read_to_end,
};
use crate::error::GatewayError;

/// Declares every route. What is not declared answers 404: nothing is passed through unprotected.
pub fn routes(config: &mut web::ServiceConfig) {
    playground::routes(config);
    config
        .service(post_only("/v1/chat/completions", web::post().to(openai::chat_completions)))
        .service(post_only("/v1/completions", web::post().to(openai::completions)))
        .service(post_only("/v1/responses", web::post().to(openai::responses)))
        .service(post_only("/v1/embeddings", web::post().to(openai::embeddings)))
        .service(post_only("/v1/moderations", web::post().to(openai::moderations)))
        .service(post_only("/v1/deidentify", web::post().to(deidentify::deidentify)))
        .service(post_only("/v1/reidentify", web::post().to(deidentify::reidentify)))
        .service(post_only("/analyze", web::post().to(presidio::analyze)))
        .service(post_only("/anonymize", web::post().to(presidio::anonymize)))
        .service(post_only("/deanonymize", web::post().to(presidio::deanonymize)))
        .service(get_only("/supportedentities", get().to(presidio::supported_entities)))
        .service(get_only("/recognizers", get().to(presidio::recognizers)))
        .service(get_only("/anonymizers", get().to(presidio::anonymizers)))
        .service(get_only("/deanonymizers", get().to(presidio::deanonymizers)))
        .service(get_only("/health", get().to(presidio::health)))
        .service(get_only("/v1/models", get().to(models::list)))
        .service(get_only("/v1/models/{id:.+}", get().to(models::one)))
        .service(get_only("/healthz", get().to(health::alive)))
        .service(get_only("/readyz", get().to(health::ready)))
        .service(get_only("/openapi.json", get().to(openapi::json)))
        .service(get_only("/docs", get().to(openapi::page)))
        .service(get_only("/docs/app.js", get().to(openapi::script)))
        .service(get_only("/docs/style.css", get().to(openapi::style)))
        .service(get_only("/metrics", get().to(metrics::metrics)))
        .default_service(web::to(no_such_route));
}

/// `HEAD` is `GET` without the body: load balancers ask that way.
fn get() -> actix_web::Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

fn post_only(path: &str, route: actix_web::Route) -> actix_web::Resource {
    web::resource(path).route(route).default_service(web::to(only_post))
}

fn get_only(path: &str, route: actix_web::Route) -> actix_web::Resource {
    web::resource(path).route(route).default_service(web::to(only_get))
}

async fn no_such_route() -> Result<HttpResponse, GatewayError> {
    Err(GatewayError::NotFound)
}

async fn only_post() -> Result<HttpResponse, GatewayError> {
    Err(GatewayError::MethodNotAllowed { allow: "POST" })
}

async fn only_get() -> Result<HttpResponse, GatewayError> {
    Err(GatewayError::MethodNotAllowed { allow: "GET, HEAD" })
}
