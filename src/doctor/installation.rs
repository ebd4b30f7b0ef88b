//! What can be seen without a request: settings, keys, the ways out, the models' folders.

use std::path::Path;

use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};

use super::report::{Outcome, Report};
use crate::{
    settings::{Settings, UnscannableContent},
    store::Store,
    upstream,
};

pub(super) async fn check(settings: &Settings, report: &mut Report) {
    let store = match Store::start(&settings.store) {
        Ok(store) => store.ping().await,
        Err(error) => Err(error),
    };
    let store = store.err().map(|error| error.to_string());
    let mut settle = |name: &str, fine: bool, otherwise: Outcome, detail: &str| {
        let (outcome, detail) = if fine { (Outcome::Passed, "") } else { (otherwise, detail) };
        report.add("settings", name, outcome, detail.to_owned());
    };
    settle(
        "a gateway key is required",
        settings.keys.required,
        Outcome::Warning,
        "keys.required is false: anybody on this machine may use the gateway",
    );
    settle(
        "Presidio's API needs a key",
        settings.presidio.key_required,
        Outcome::Warning,
        "presidio.key_required is false: anybody on this machine may use it",
    );
    settle(
        "the built-in rules run",
        settings.detectors.rules.enabled,
        Outcome::Warning,
        "detectors.rules.enabled is false: structured identifiers are left to the models",
    );
    settle(
        "a model runs",
        !settings.detectors.ner.is_empty(),
        Outcome::Warning,
        "no detectors.ner: names that no rule has a cue for are not found",
    );
    settle(
        "content that cannot be read is refused",
        settings.policy.unscannable_content == UnscannableContent::Refuse,
        Outcome::Warning,
        "policy.unscannable_content is forward: images and files leave as they are",
    );
    let base = &settings.upstream.base_url;
    settle(
        "the way to the upstream is encrypted or stays on this machine",
        base.starts_with("https://") || is_here(base),
        Outcome::Warning,
        "upstream.base_url is plain http to another machine",
    );
    for presidio in &settings.detectors.presidio {
        settle(
            &format!(
                "the way to Presidio {:?} is encrypted or stays on this machine",
                presidio.name
            ),
            presidio.url.starts_with("https://") || is_here(&presidio.url),
            Outcome::Warning,
            "plain http to another machine carries PHI",
        );
    }
    let tls = upstream::client_config(settings.upstream.ca_file.as_deref())
        .err()
        .map(|error| error.to_string());
    settle(
        "certificates to check the upstream's are there",
        tls.is_none(),
        if base.starts_with("https://") { Outcome::Failed } else { Outcome::Warning },
        tls.as_deref().unwrap_or_default(),
    );
    settle(
        "the key store opens and answers",
        store.is_none(),
        Outcome::Failed,
        store.as_deref().unwrap_or_default(),
    );
    settle(
        "the audit log can be written",
        !settings.audit.enabled || can_be_written(&settings.audit.path),
        Outcome::Failed,
        "its folder cannot be written to",
    );
    let here = ["127.", "localhost", "::1", "[::1]"];
    match &settings.server.tls {
        Some(tls) => settle(
            "the certificate and key of the server can be read",
            CertificateDer::pem_file_iter(&tls.cert).is_ok_and(|certs| certs.flatten().count() > 0)
                && PrivateKeyDer::from_pem_file(&tls.key).is_ok(),
            Outcome::Failed,
            "server.tls: cert and key must be files in PEM form",
        ),
        None => settle(
            "callers are served over TLS, or on this machine alone",
            here.iter().any(|start| settings.server.host.starts_with(start)),
            Outcome::Warning,
            "plain http on an address that others can reach: TLS must end in front of it",
        ),
    }
    for ner in &settings.detectors.ner {
        settle(
            &format!("the model {:?} is there", ner.name),
            ner.model.join("config.json").is_file(),
            Outcome::Failed,
            "its folder holds no config.json",
        );
    }
}

/// Whether the folder of `path`, or the nearest one above it that is there, takes a new file. The
/// path itself is left as it is.
fn can_be_written(path: &Path) -> bool {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let Some(folder) = absolute.ancestors().skip(1).find(|folder| folder.exists()) else {
        return false;
    };
    let probe = folder.join(format!(".deid-gateway-doctor-{:016x}", rand::random::<u64>()));
    let written = std::fs::write(&probe, []).is_ok();
    // It is empty; should it stay, that is seen.
    written && std::fs::remove_file(&probe).is_ok()
}

/// Whether an address is this machine's own.
fn is_here(url: &str) -> bool {
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    ["127.", "localhost:", "localhost/", "[::1]"].iter().any(|start| rest.starts_with(start))
}
