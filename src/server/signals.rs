//! SIGTERM and SIGINT end the service, SIGHUP has it read its settings again.

use std::{pin::pin, sync::Arc, time::Duration};

use actix_web::dev::ServerHandle;
use futures_util::future::{Either, select};
use tokio::signal::unix::{SignalKind, signal};

use super::{
    Reload, Services,
    live::Live,
    phase::Phase,
    shared,
    tls::{Certificate, LOOK_EVERY},
};
use crate::{metrics::metrics, settings::Settings};

/// How long new requests are refused before the port is closed: a proxy that met a refusal does not
/// send the next one to a port that is about to close.
const REFUSE_FOR: Duration = Duration::from_secs(1);
/// How often it is looked whether new models are warm.
const WARM_UP_LOOK: Duration = Duration::from_millis(50);

/// What signals act on.
pub(super) struct Control {
    pub(super) live: Arc<Live>,
    pub(super) phase: Arc<Phase>,
    pub(super) certificate: Option<Arc<Certificate>>,
    pub(super) reload: Reload,
    pub(super) drain_delay: Duration,
    pub(super) services: Services,
}

impl Control {
    /// Waits for signals until one ends the service.
    pub(super) async fn run(self, server: ServerHandle) -> std::io::Result<()> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut hangup = signal(SignalKind::hangup())?;
        let control = Arc::new(self);
        let reloading = Arc::clone(&control);
        actix_rt::spawn(async move {
            while hangup.recv().await.is_some() {
                reloading.reload().await;
            }
        });
        if let Some(certificate) = control.certificate.clone() {
            actix_rt::spawn(async move {
                let mut look = tokio::time::interval(LOOK_EVERY);
                loop {
                    look.tick().await;
                    certificate.refresh();
                }
            });
        }
        let terminated = pin!(terminate.recv());
        let interrupted = pin!(interrupt.recv());
        let drains = matches!(select(terminated, interrupted).await, Either::Left(_));
        control.end(drains, &server).await;
        Ok(())
    }

    /// Ends the service. Somebody at a terminal is not kept waiting for load balancers.
    async fn end(&self, drains: bool, server: &ServerHandle) {
        self.phase.leave();
        if drains && !self.drain_delay.is_zero() {
            log::info!("draining: /readyz is red, requests are served for {:?}", self.drain_delay);
            tokio::time::sleep(self.drain_delay).await;
            self.phase.refuse();
            tokio::time::sleep(REFUSE_FOR).await;
        }
        log::info!("ending: requests in flight are finished");
        server.stop(true).await;
    }

    /// Reads the settings again and starts what they ask for; what does not work leaves the old in
    /// force, wholly.
    async fn reload(&self) {
        log::info!("SIGHUP: reading the settings again");
        if let Some(certificate) = &self.certificate {
            certificate.refresh();
        }
        let (reload, services) = (Arc::clone(&self.reload), self.services.clone());
        let made = tokio::task::spawn_blocking(move || {
            let settings = reload().map_err(|error| error.to_string())?;
            shared(settings, &services).map_err(|error| error.to_string())
        });
        let made = made.await.unwrap_or_else(|_| Err("loading it broke off".to_owned()));
        let refuse = |reason: &str| {
            metrics().reloads.with_label_values(&["refused"]).inc();
            log::error!("the settings were not taken, the old ones stay in force: {reason}");
        };
        let made = match made {
            Ok(made) => made,
            Err(reason) => return refuse(&reason),
        };
        let patience = Duration::from_secs(made.gateway.settings.detectors.timeout_s);
        let warm = async {
            while !made.gateway.deidentifier.is_ready() {
                tokio::time::sleep(WARM_UP_LOOK).await;
            }
        };
        if tokio::time::timeout(patience, warm).await.is_err() {
            return refuse("a model did not become ready");
        }
        let old = self.live.current();
        for key in needs_restart(&old.gateway.settings, &made.gateway.settings) {
            log::warn!("{key} has changed, which takes a restart");
        }
        self.live.replace(made);
        metrics().reloads.with_label_values(&["done"]).inc();
        log::info!("the new settings are in force");
    }
}

/// What has changed that only a new start can change.
fn needs_restart(old: &Settings, new: &Settings) -> Vec<&'static str> {
    let text = |settings: &dyn Fn(&Settings) -> String| settings(old) != settings(new);
    let path = |path: &Option<crate::settings::TlsSettings>| {
        path.as_ref().map(|tls| (tls.cert.clone(), tls.key.clone()))
    };
    let changes = [
        ("server.host", old.server.host != new.server.host),
        ("server.port", old.server.port != new.server.port),
        ("server.workers", old.server.workers != new.server.workers),
        ("server.tls", path(&old.server.tls) != path(&new.server.tls)),
        (
            "server.shutdown_timeout_s",
            old.server.shutdown_timeout_s != new.server.shutdown_timeout_s,
        ),
        ("server.drain_delay_s", old.server.drain_delay_s != new.server.drain_delay_s),
        (
            "store",
            text(&|s| {
                format!(
                    "{}{:?}",
                    s.store.url.expose_secret(),
                    (s.store.timeout_s, s.store.connections)
                )
            }),
        ),
        ("audit", text(&|s| format!("{:?}", s.audit))),
        ("log", text(&|s| format!("{:?}", s.log))),
    ];
    changes.into_iter().filter_map(|(key, changed)| changed.then_some(key)).collect()
}
