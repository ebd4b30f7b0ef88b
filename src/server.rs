//! Binds, builds the App of each worker, serves, and drains on SIGTERM.

mod live;

use std::{net::SocketAddr, num::NonZero, sync::Arc};

use actix_web::{App, HttpServer, middleware::from_fn, web::Data};
use thiserror::Error;

use self::live::{Live, Shared, Worker, with_live};
use crate::{
    api,
    deidentify::{Deidentifier, StartError},
    gateway::Gateway,
    keys::Keys,
    settings::Settings,
    store::{Store, StoreError},
    upstream::{self, TlsError},
};

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

/// Runs the service until a signal ends it. Requests in flight are finished first.
///
/// # Errors
/// When it cannot start, or breaks.
pub async fn serve(settings: Settings) -> Result<(), ServerError> {
    serve_and_tell(settings, |_| {}).await
}

/// [`serve`], which tells the addresses that it listens on.
///
/// # Errors
/// When it cannot start, or breaks.
pub async fn serve_and_tell(
    settings: Settings,
    listening: impl FnOnce(&[SocketAddr]),
) -> Result<(), ServerError> {
    quiet_panics();
    warn_of_open_doors(&settings);
    let server = settings.server.clone();
    let store = Store::start(&settings.store)?;
    let live = Arc::new(Live::new(shared(settings, &store)?));

    let workers = match server.workers {
        0 => std::thread::available_parallelism().map_or(1, NonZero::get),
        workers => workers,
    };
    let http = HttpServer::new(move || {
        App::new()
            .app_data(Data::new(Worker::new(Arc::clone(&live))))
            .wrap(from_fn(api::protect))
            .wrap(from_fn(api::with_request_id))
            .wrap(from_fn(with_live))
            .configure(api::routes)
    })
    .on_connect(api::keep_socket)
    .workers(workers)
    .shutdown_timeout(server.shutdown_timeout_s)
    .bind((server.host.as_str(), server.port))
    .map_err(|error| {
        let address = format!("{}:{}", server.host, server.port);
        ServerError::Bind { address, error }
    })?;
    for address in http.addrs() {
        log::info!("listening on http://{address}");
    }
    listening(&http.addrs());
    http.run().await.map_err(ServerError::Run)
}

/// Everything that the settings make, but for what only a new start can change.
fn shared(settings: Settings, store: &Store) -> Result<Shared, ServerError> {
    let tls = if settings.upstream.base_url.starts_with("https://") {
        Some(upstream::client_config(settings.upstream.ca_file.as_deref())?)
    } else {
        None
    };
    let deidentifier = Deidentifier::start(&settings)?;
    let keys = Data::new(Keys::new(&settings, store.clone()));
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
