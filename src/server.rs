//! Binds, builds the App of each worker, serves, and drains on SIGTERM.

mod live;
mod phase;
mod signals;
mod tls;

use std::{net::SocketAddr, num::NonZero, sync::Arc, time::Duration};

use actix_web::{App, HttpServer, middleware::from_fn, web::Data};
use thiserror::Error;

pub use self::phase::Phase;
use self::{
    live::{Live, Shared, Worker, with_live},
    signals::Control,
    tls::Certificate,
};
use crate::{
    api,
    audit::{Audit, AuditError},
    deidentify::{Deidentifier, StartError},
    gateway::Gateway,
    keys::Keys,
    metrics::metrics,
    settings::{Settings, SettingsError},
    store::{Ledger, Store, StoreError},
    upstream::{self, TlsError},
};

/// How long a connection without a request is kept.
const KEEP_ALIVE: Duration = Duration::from_secs(7);

/// Why the service does not start or ends.
#[derive(Debug, Error)]
pub enum ServerError {
    /// The detectors do not start.
    #[error(transparent)]
    Detectors(#[from] StartError),
    /// TLS to the upstream cannot be set up.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The key store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The audit log cannot be written.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// The certificate cannot be served.
    #[error("server.tls: {0}")]
    Certificate(String),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {error}")]
    Bind {
        /// Host and port.
        address: String,
        /// What the system says.
        error: std::io::Error,
    },
    /// The service broke while it ran.
    #[error("the service ended: {0}")]
    Run(std::io::Error),
}

/// Reads the settings again, from where they came.
pub type Reload = Arc<dyn Fn() -> Result<Settings, SettingsError> + Send + Sync>;

/// What lives as long as the process, whatever the settings become.
#[derive(Clone)]
struct Services {
    store: Store,
    ledger: Arc<Ledger>,
    audit: Data<Audit>,
}

/// Runs the service until a signal ends it. Requests in flight are finished first.
///
/// # Errors
/// When it cannot start, or breaks.
pub async fn serve(settings: Settings, reload: Reload) -> Result<(), ServerError> {
    serve_and_tell(settings, reload, |_| {}).await
}

/// [`serve`], which tells the addresses that it listens on.
///
/// # Errors
/// When it cannot start, or breaks.
pub async fn serve_and_tell(
    settings: Settings,
    reload: Reload,
    listening: impl FnOnce(&[SocketAddr]),
) -> Result<(), ServerError> {
    quiet_panics();
    warn_of_open_doors(&settings);
    let server = settings.server.clone();
    let certificate = server.tls.as_ref().map(Certificate::read).transpose()?;
    let store = Store::start(&settings.store)?;
    let ledger = Ledger::start(store.clone(), || metrics().store_faults.inc())
        .map(Arc::new)
        .map_err(ServerError::Run)?;
    let audit = Data::new(Audit::open(&settings.audit)?);
    let services = Services { store, ledger, audit };
    let live = Arc::new(Live::new(shared(settings, &services)?));
    let phase = Data::new(Phase::default());

    let workers = match server.workers {
        0 => std::thread::available_parallelism().map_or(1, NonZero::get),
        workers => workers,
    };
    let (worker_live, worker_phase) = (Arc::clone(&live), phase.clone());
    let audit = services.audit.clone();
    let http = HttpServer::new(move || {
        actix_rt::spawn(api::clear_heads());
        actix_rt::spawn(api::watch_callers());
        App::new()
            .app_data(Data::new(Worker::new(Arc::clone(&worker_live))))
            .app_data(audit.clone())
            .app_data(worker_phase.clone())
            .wrap(from_fn(api::protect))
            .wrap(from_fn(api::with_request_id))
            .wrap(from_fn(with_live))
            .wrap(from_fn(api::take_head))
            .wrap(from_fn(api::read_to_end))
            .configure(api::routes)
    })
    .on_connect(api::keep_socket)
    // Longer than the 5 seconds for which OpenAI's own SDK for Python keeps a connection: with as many, one side
    // closes what the other is about to use.
    .keep_alive(KEEP_ALIVE)
    .workers(workers)
    .disable_signals()
    .shutdown_timeout(server.shutdown_timeout_s);
    let address = (server.host.as_str(), server.port);
    let bound = match &certificate {
        Some(certificate) => http.bind_rustls_0_23(address, certificate.config()?),
        None => http.bind(address),
    };
    let http = bound.map_err(|error| {
        let address = format!("{}:{}", server.host, server.port);
        ServerError::Bind { address, error }
    })?;
    let scheme = if certificate.is_some() { "https" } else { "http" };
    for address in http.addrs() {
        log::info!("listening on {scheme}://{address}");
    }
    listening(&http.addrs());
    let control = Control {
        live,
        phase: phase.into_inner(),
        certificate,
        reload,
        drain_delay: Duration::from_secs(server.drain_delay_s),
        services,
    };
    let running = http.run();
    let handle = running.handle();
    actix_rt::spawn(async move {
        if let Err(error) = control.run(handle).await {
            log::error!("signals cannot be waited for: {error}");
        }
    });
    running.await.map_err(ServerError::Run)
}

/// Everything that the settings make, but for what only a new start can change.
fn shared(settings: Settings, services: &Services) -> Result<Shared, ServerError> {
    let tls = if settings.upstream.base_url.starts_with("https://") {
        Some(upstream::client_config(settings.upstream.ca_file.as_deref())?)
    } else {
        None
    };
    let deidentifier = Deidentifier::start(&settings)?;
    let (store, ledger) = (services.store.clone(), Arc::clone(&services.ledger));
    let keys = Data::new(Keys::new(&settings, store, ledger));
    let gateway = Data::from(Arc::new(Gateway { settings, deidentifier }));
    Ok(Shared { gateway, keys, tls })
}

/// A panic's message can quote the text that it tripped over, so the log gets its place alone.
fn quiet_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        log::error!("panic at {}", place.as_deref().unwrap_or("an unknown place"));
    }));
}

/// Says at start what a careful operator would want to know.
fn warn_of_open_doors(settings: &Settings) {
    if !settings.keys.required {
        log::warn!("keys.required is false: anybody on this machine may use the gateway");
    }
    if settings.upstream.base_url.starts_with("http://") {
        log::warn!("upstream.base_url is plain http: fine for a model on this machine alone");
    }
}
