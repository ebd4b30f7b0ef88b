//! TLS to the upstream: always verified, against the system's certificates or the
//! operator's own.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject},
};
use thiserror::Error;

/// Why TLS cannot be set up.
#[derive(Debug, Error)]
pub enum TlsError {
    /// The system has no certificates to verify the upstream with.
    #[error(
        "no trusted certificates found for an https upstream: install the package \
         ca-certificates, or name a bundle in SSL_CERT_FILE"
    )]
    NoRoots,
    /// The operator's own bundle cannot be used.
    #[error("upstream.ca_file: {0} holds no certificates in PEM form, or cannot be read")]
    Bundle(PathBuf),
    /// rustls does not take the configuration.
    #[error("TLS cannot be set up: {0}")]
    Config(#[from] rustls::Error),
}

/// A TLS configuration that trusts the certificates in `bundle`, or the system's (or those in
/// `SSL_CERT_FILE`) where there is none.
///
/// # Errors
/// When there are none.
pub fn client_config(bundle: Option<&Path>) -> Result<Arc<ClientConfig>, TlsError> {
    let mut roots = RootCertStore::empty();
    match bundle {
        Some(file) => {
            let unusable = || TlsError::Bundle(file.to_owned());
            for one in CertificateDer::pem_file_iter(file).map_err(|_| unusable())? {
                roots.add(one.map_err(|_| unusable())?).map_err(|_| unusable())?;
            }
            if roots.is_empty() {
                return Err(unusable());
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            if roots.is_empty() {
                return Err(TlsError::NoRoots);
            }
        }
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
