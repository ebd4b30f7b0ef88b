//! `GET /healthz` and `GET /readyz`

use actix_web::{HttpResponse, web::Data};
use serde_json::json;

use crate::{error::GatewayError, gateway::Gateway, keys::Keys};

/// The process answers.
pub(super) async fn alive() -> HttpResponse {
    HttpResponse::Ok().json(json!({"status": "ok"}))
}

/// The models are loaded and have run their warm-up, and the store answers.
pub(super) async fn ready(
    gateway: Data<Gateway>,
    keys: Data<Keys>,
) -> Result<HttpResponse, GatewayError> {
    if !gateway.deidentifier.is_ready() {
        return Err(GatewayError::NotReady);
    }
    keys.ready().await.map_err(|_| GatewayError::StoreAway)?;
    Ok(HttpResponse::Ok().json(json!({"status": "ready"})))
}
