//! TLS in: the certificate is read again when its files change, without a restart.

use std::{
    fs,
    path::Path,
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, SystemTime},
};

use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};

use super::ServerError;
use crate::settings::TlsSettings;

/// How often the files are looked at.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(2);

/// The certificate in force.
#[derive(Debug)]
pub(super) struct Certificate {
    settings: TlsSettings,
    key: RwLock<Arc<CertifiedKey>>,
    /// When the files were changed last, as they were when they were read.
    read: RwLock<[Option<SystemTime>; 2]>,
    /// The same of a pair that did not fit and was told of: it is told of once, and tried again.
    refused: RwLock<Option<[Option<SystemTime>; 2]>>,
}

impl Certificate {
    /// Reads certificate and key.
    ///
    /// # Errors
    /// When a file cannot be read, or the two do not belong together.
    pub(super) fn read(settings: &TlsSettings) -> Result<Arc<Self>, ServerError> {
        let times = times(settings);
        let key = Arc::new(certified_key(settings)?);
        Ok(Arc::new(Self {
            settings: settings.clone(),
            key: RwLock::new(key),
            read: RwLock::new(times),
            refused: RwLock::new(None),
        }))
    }

    /// What rustls needs to serve with it.
    ///
    /// # Errors
    /// When rustls does not take it.
    pub(super) fn config(self: &Arc<Self>) -> Result<ServerConfig, ServerError> {
        let provider = Arc::new(ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| ServerError::Certificate(error.to_string()))?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(self) as Arc<dyn ResolvesServerCert>);
        Ok(config)
    }

    /// Reads the files again if they have changed. A pair that does not fit, as while one is written,
    /// leaves the old one in force and is tried again.
    pub(super) fn refresh(&self) {
        let times = times(&self.settings);
        if times == *self.read.read().unwrap_or_else(PoisonError::into_inner) {
            return;
        }
        match certified_key(&self.settings) {
            Ok(key) => {
                *self.key.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(key);
                *self.read.write().unwrap_or_else(PoisonError::into_inner) = times;
                log::info!("server.tls: the certificate was read again");
            }
            Err(error) => {
                let mut refused = self.refused.write().unwrap_or_else(PoisonError::into_inner);
                if refused.replace(times) != Some(times) {
                    log::warn!("{error}; the old certificate stays in force");
                }
            }
        }
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.key.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

fn times(settings: &TlsSettings) -> [Option<SystemTime>; 2] {
    let time = |path: &Path| fs::metadata(path).and_then(|data| data.modified()).ok();
    [time(&settings.cert), time(&settings.key)]
}

fn certified_key(settings: &TlsSettings) -> Result<CertifiedKey, ServerError> {
    let wrong = |path: &Path, reason: &dyn std::fmt::Display| {
        ServerError::Certificate(format!("{}: {reason}", path.display()))
    };
    let certificates = CertificateDer::pem_file_iter(&settings.cert)
        .map_err(|error| wrong(&settings.cert, &error))?
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| wrong(&settings.cert, &error))?;
    if certificates.is_empty() {
        return Err(wrong(&settings.cert, &"holds no certificate in PEM form"));
    }
    let key = PrivateKeyDer::from_pem_file(&settings.key)
        .map_err(|error| wrong(&settings.key, &error))?;
    // Refuses a key that does not belong to the certificate.
    CertifiedKey::from_der(certificates, key, &ring::default_provider())
        .map_err(|error| wrong(&settings.key, &error))
}
