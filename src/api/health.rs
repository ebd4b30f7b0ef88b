//! `GET /healthz` and `GET /readyz`

use actix_web::{HttpResponse, web::Data};
use serde_json::json;

use crate::{error::GatewayError, gateway::Gateway};

/// The process answers.
pub(super) async fn alive() -> HttpResponse {
    HttpResponse::Ok().json(json!({"status": "ok"}))
}

/// The models are loaded and have run their warm-up.
pub(super) async fn ready(gateway: Data<Gateway>) -> Result<HttpResponse, GatewayError> {
    if gateway.deidentifier.is_ready() {
        Ok(HttpResponse::Ok().json(json!({"status": "ready"})))
    } else {
        Err(GatewayError::NotReady)
    }
}
