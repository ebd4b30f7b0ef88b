//! `GET /metrics`

use actix_web::{HttpRequest, HttpResponse, web::Data};

use super::{auth::gateway_key, health};
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
        let key = gateway_key(request.headers())?.ok_or(GatewayError::MissingGatewayKey)?;
        keys.identify(Some(key)).await?;
    }
    let is_ready = health::is_ready(&gateway, &keys, &audit, &phase).await.is_ok();
    metrics::metrics().ready.set(i64::from(is_ready));
    Ok(HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(metrics::text()))
}

/// Whether this machine asks, and for itself: a proxy on it would ask for others.
fn is_local(request: &HttpRequest) -> bool {
    let asks_for_another = ["forwarded", "x-forwarded-for", "x-real-ip", "via"];
    request.peer_addr().is_some_and(|peer| peer.ip().to_canonical().is_loopback())
        && !asks_for_another.iter().any(|name| request.headers().contains_key(*name))
}
