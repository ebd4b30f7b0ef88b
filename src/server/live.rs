//! What requests are served with: it is replaced as a whole when the settings are read again, and a
//! request keeps what it began with.

use std::{
    cell::RefCell,
    rc::Rc,
    sync::{Arc, PoisonError, RwLock},
};

use actix_web::{
    Error,
    body::MessageBody,
    dev::{Extensions, ServiceRequest, ServiceResponse},
    middleware::Next,
    web::Data,
};
use rustls::ClientConfig;

use crate::{gateway::Gateway, keys::Keys, upstream::Upstream};

/// What all workers share.
pub(super) struct Shared {
    pub(super) gateway: Data<Gateway>,
    pub(super) keys: Data<Keys>,
    /// For an upstream that speaks TLS.
    pub(super) tls: Option<Arc<ClientConfig>>,
}

/// The [`Shared`] in force.
pub(super) struct Live(RwLock<Arc<Shared>>);

impl Live {
    pub(super) fn new(shared: Shared) -> Self {
        Self(RwLock::new(Arc::new(shared)))
    }

    pub(super) fn current(&self) -> Arc<Shared> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts `shared` in force for the requests that come from now on.
    pub(super) fn replace(&self, shared: Shared) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(shared);
    }
}

/// What one worker makes of it: awc's client is bound to its thread, so each has its own.
pub(super) struct Worker {
    live: Arc<Live>,
    made: RefCell<(Arc<Shared>, Rc<Extensions>)>,
}

impl Worker {
    pub(super) fn new(live: Arc<Live>) -> Self {
        let current = live.current();
        let data = data(&current);
        Self { live, made: RefCell::new((current, data)) }
    }

    fn data(&self) -> Rc<Extensions> {
        let current = self.live.current();
        let mut made = self.made.borrow_mut();
        if !Arc::ptr_eq(&made.0, &current) {
            let data = data(&current);
            *made = (current, data);
        }
        Rc::clone(&made.1)
    }
}

fn data(shared: &Shared) -> Rc<Extensions> {
    let upstream = Upstream::new(&shared.gateway.settings.upstream, shared.tls.clone());
    let mut data = Extensions::new();
    data.insert(shared.gateway.clone());
    data.insert(shared.keys.clone());
    data.insert(Data::new(upstream));
    Rc::new(data)
}

/// Gives a request what is in force, as `Data<Gateway>`, `Data<Keys>` and `Data<Upstream>`.
pub(super) async fn with_live<B: MessageBody>(
    worker: Data<Worker>,
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    request.add_data_container(worker.data());
    next.call(request).await
}
