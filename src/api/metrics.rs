//! `GET /metrics`

use actix_web::{HttpRequest, HttpResponse, web::Data};

use super::{
    auth::{gateway_key, is_local},
    head::headers,
    health,
};
use crate::{
    audit::Audit, error::GatewayError, gateway::Gateway, keys::Keys, metrics, server::Phase,
    settings::MetricsAccess,
};

/// Prometheus's text format, for those who may read it.
pub(super) async fn metrics(
    request: HttpRequest,
    gateway: Data<Gateway>,
    keys: Data<Keys>,
    audit: Data<Audit>,
    phase: Data<Phase>,
) -> Result<HttpResponse, GatewayError> {
    let is_open = match gateway.settings.metrics.access {
        MetricsAccess::Open => true,
        MetricsAccess::Key => false,
        MetricsAccess::Local => is_local(&request),
    };
    if !is_open {
        let headers = headers(&request);
        let key = gateway_key(&headers)?.ok_or(GatewayError::MissingGatewayKey)?;
        keys.identify(Some(key)).await?;
    }
    let own = metrics::metrics();
    // Of models that went with a reload nothing is told.
    own.queue_depth.reset();
    for (model, depth) in gateway.deidentifier.queue_depths() {
        own.queue_depth.with_label_values(&[model]).set(i64::try_from(depth).unwrap_or(i64::MAX));
    }
    let is_ready = health::is_ready(&gateway, &keys, &audit, &phase).await.is_ok();
    own.ready.set(i64::from(is_ready));
    Ok(HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(metrics::text()))
}
