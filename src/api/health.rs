//! `GET /healthz` and `GET /readyz`

use actix_web::{HttpResponse, web::Data};
use serde_json::json;

use crate::{audit::Audit, error::GatewayError, gateway::Gateway, keys::Keys, server::Phase};

/// The process answers.
pub(super) async fn alive() -> HttpResponse {
    HttpResponse::Ok().json(json!({"status": "ok"}))
}

/// The models are loaded and have run their warm-up, the store answers, the audit log can be written,
/// and the service has not been told to end.
pub(super) async fn ready(
    gateway: Data<Gateway>,
    keys: Data<Keys>,
    audit: Data<Audit>,
    phase: Data<Phase>,
) -> Result<HttpResponse, GatewayError> {
    is_ready(&gateway, &keys, &audit, &phase).await?;
    Ok(HttpResponse::Ok().json(json!({"status": "ready"})))
}

/// What keeps the gateway from being ready.
pub(super) async fn is_ready(
    gateway: &Gateway,
    keys: &Keys,
    audit: &Audit,
    phase: &Phase,
) -> Result<(), GatewayError> {
    if phase.is_leaving() {
        return Err(GatewayError::Draining);
    }
    if !gateway.deidentifier.is_ready() {
        return Err(GatewayError::NotReady);
    }
    if !audit.is_ready() {
        return Err(GatewayError::AuditBroken);
    }
    keys.ready().await.map_err(|_| GatewayError::StoreAway)
}
