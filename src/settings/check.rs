//! What serde cannot check: values that are well formed and still make no sense.

use std::{net::IpAddr, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use subtle::ConstantTimeEq;

use super::{NerSettings, PresidioSettings, Settings, SettingsError};
use crate::{deidentify::entity::Label, store::Place};

/// The SHA-256 of a gateway key.
#[derive(Clone)]
pub struct KeyHash([u8; 32]);

impl KeyHash {
    /// Hashes `key`.
    pub fn of(key: &str) -> Self {
        use sha2::Digest;
        Self(sha2::Sha256::digest(key.as_bytes()).into())
    }

    /// `sha256:` and the digits, the form in which it is stored.
    pub fn to_text(&self) -> String {
        let digits: String = self.0.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("sha256:{digits}")
    }

    /// The digest itself.
    pub fn bytes(&self) -> [u8; 32] {
        self.0
    }

    /// Compares in time that does not depend on where the two differ.
    pub fn matches(&self, other: &KeyHash) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl FromStr for KeyHash {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const SHAPE: &str = "a key is given as `sha256:` and 64 hexadecimal digits";
        let digits = text.strip_prefix("sha256:").ok_or(SHAPE)?;
        let mut hash = [0u8; 32];
        if digits.len() != 2 * hash.len() || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(SHAPE);
        }
        for (byte, pair) in hash.iter_mut().zip(digits.as_bytes().chunks(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| SHAPE)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| SHAPE)?;
        }
        Ok(Self(hash))
    }
}

impl std::fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyHash(***)")
    }
}

impl<'de> Deserialize<'de> for KeyHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl Serialize for KeyHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("sha256:***")
    }
}

/// What a model's label means here: one of ours, or nothing that is PHI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelLabel(pub Option<Label>);

impl<'de> Deserialize<'de> for ModelLabel {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        if name.eq_ignore_ascii_case("none") {
            return Ok(Self(None));
        }
        name.parse().map(|label| Self(Some(label))).map_err(serde::de::Error::custom)
    }
}

impl Serialize for ModelLabel {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.map_or("none", Label::as_str))
    }
}

/// Most inference threads a model may be given.
const MOST_THREADS: usize = 256;

/// Checks what stands in no single type.
pub(super) fn check(settings: &Settings) -> Result<(), SettingsError> {
    let wrong = |key: &str, reason: &str| Err(SettingsError::wrong(key, reason));

    if settings.server.max_body_bytes == 0 {
        return wrong("server.max_body_bytes", "must be at least 1");
    }
    if !settings.keys.required && !is_loopback(&settings.server.host) {
        return wrong(
            "keys.required",
            "false lets anybody through, so it needs a loopback server.host such as 127.0.0.1",
        );
    }
    if settings.server.tls.is_none()
        && !settings.server.allow_plain_http
        && !is_loopback(&settings.server.host)
    {
        return wrong(
            "server.allow_plain_http",
            "false, and other machines could reach server.host: set server.tls, or true behind a \
             proxy that ends TLS",
        );
    }
    check_upstream(settings)?;
    check_operations(settings)?;
    if !(0.0..=2.0).contains(&settings.compact.temperature) {
        return wrong("compact.temperature", "must be between 0 and 2");
    }
    if !(1..=128).contains(&settings.compact.n) {
        return wrong("compact.n", "must be between 1 and 128");
    }
    let detectors = &settings.detectors;
    if !settings.presidio.key_required && !is_loopback(&settings.server.host) {
        return wrong(
            "presidio.key_required",
            "false lets anybody through, so it needs a loopback server.host such as 127.0.0.1",
        );
    }
    if !detectors.rules.enabled
        && detectors.custom.is_empty()
        && detectors.ner.is_empty()
        && detectors.presidio.is_empty()
    {
        return wrong("detectors", "no detector is configured, so nothing would be found");
    }
    for (value, key) in [
        (detectors.timeout_s as usize, "detectors.timeout_s"),
        (detectors.queue, "detectors.queue"),
        (detectors.batch, "detectors.batch"),
    ] {
        if value == 0 {
            return wrong(key, "must be at least 1");
        }
    }
    if detectors.threads > MOST_THREADS {
        return wrong("detectors.threads", "must be at most 256");
    }
    if detectors.custom.iter().any(|custom| !(0.0..=1.0).contains(&custom.score)) {
        return wrong("detectors.custom.score", "must be between 0 and 1");
    }
    detectors.ner.iter().try_for_each(check_ner)?;
    detectors.presidio.iter().try_for_each(check_presidio)?;
    let presidio = detectors.presidio.iter().map(|presidio| &presidio.name);
    let mut names: Vec<_> = detectors.ner.iter().map(|ner| &ner.name).chain(presidio).collect();
    names.sort();
    if names.windows(2).any(|pair| pair.first() == pair.last()) {
        return wrong("detectors.ner.name", "two models share a name");
    }
    Ok(())
}

fn check_operations(settings: &Settings) -> Result<(), SettingsError> {
    let wrong = |key: &str, reason: &str| Err(SettingsError::wrong(key, reason));
    let store = &settings.store;
    if let Err(error) = Place::parse(store.url.expose_secret()) {
        return wrong("store.url", &error.to_string());
    }
    if !(1..=60).contains(&store.timeout_s) {
        return wrong("store.timeout_s", "must be between 1 and 60");
    }
    if !(1..=64).contains(&store.connections) {
        return wrong("store.connections", "must be between 1 and 64");
    }
    if settings.keys.cache_s > 60 {
        return wrong("keys.cache_s", "must be at most 60: a revoked key works for so long");
    }
    if settings.audit.max_file_bytes < 4096 {
        return wrong("audit.max_file_bytes", "must be at least 4096");
    }
    if settings.audit.path.file_name().is_none() {
        return wrong("audit.path", "must name a file");
    }
    if settings.server.drain_delay_s > 600 {
        return wrong("server.drain_delay_s", "must be at most 600");
    }
    Ok(())
}

fn check_upstream(settings: &Settings) -> Result<(), SettingsError> {
    let upstream = &settings.upstream;
    let wrong = |key: &str, reason: &str| Err(SettingsError::wrong(key, reason));
    let authority = upstream.base_url.split_once("://").filter(|(scheme, rest)| {
        (*scheme == "http" || *scheme == "https") && !rest.is_empty() && !rest.starts_with('/')
    });
    let Some((_, authority)) = authority else {
        return wrong("upstream.base_url", "must be an http:// or https:// address");
    };
    if authority.split('/').next().is_some_and(|host| host.contains('@')) {
        return wrong("upstream.base_url", "must not hold a user name or password");
    }
    if upstream.base_url.contains('#') || upstream.base_url.parse::<awc::http::Uri>().is_err() {
        return wrong("upstream.base_url", "is not a valid address");
    }
    let key_is_usable = |key: &super::Secret| {
        let key = key.expose_secret();
        !key.is_empty() && key.bytes().all(|b| b.is_ascii_graphic())
    };
    if !upstream.api_key.as_ref().is_none_or(key_is_usable) {
        return wrong("upstream.api_key", "must be printable ASCII without blanks");
    }
    if upstream.connect_timeout_s == 0 || upstream.read_timeout_s == 0 {
        return wrong("upstream", "time limits must be at least 1 second");
    }
    Ok(())
}

fn check_ner(ner: &NerSettings) -> Result<(), SettingsError> {
    let wrong = |key: &str, reason: &str| Err(SettingsError::wrong(key, reason));
    if ner.name.is_empty() {
        return wrong("detectors.ner.name", "must not be empty");
    }
    if !(ner.threshold > 0.0 && ner.threshold <= 1.0) {
        return wrong("detectors.ner.threshold", "must be above 0 and at most 1");
    }
    if !ner.thresholds.values().all(|&threshold| threshold > 0.0 && threshold <= 1.0) {
        return wrong("detectors.ner.thresholds", "each must be above 0 and at most 1");
    }
    if ner.window_tokens < 16 || ner.overlap_tokens * 2 > ner.window_tokens {
        return wrong(
            "detectors.ner.window_tokens",
            "must be at least 16, and overlap_tokens at most half of it",
        );
    }
    Ok(())
}

fn check_presidio(presidio: &PresidioSettings) -> Result<(), SettingsError> {
    let wrong = |key: &str, reason: &str| Err(SettingsError::wrong(key, reason));
    if presidio.name.is_empty() {
        return wrong("detectors.presidio.name", "must not be empty");
    }
    let is_http = presidio.url.starts_with("http://") || presidio.url.starts_with("https://");
    if !is_http
        || presidio.url.contains(['?', '#', '@'])
        || presidio.url.parse::<awc::http::Uri>().is_err()
    {
        return wrong("detectors.presidio.url", "must be an http:// or https:// address");
    }
    if !(0.0..=1.0).contains(&presidio.threshold) {
        return wrong("detectors.presidio.threshold", "must be between 0 and 1");
    }
    if presidio.timeout_s == 0 {
        return wrong("detectors.presidio.timeout_s", "must be at least 1");
    }
    Ok(())
}

/// Whether only this machine can reach `host`.
pub fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare == "localhost" || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::{KeyHash, is_loopback};

    #[test]
    fn a_key_matches_its_own_hash_alone() {
        // `printf %s secret | sha256sum`
        let text = "sha256:2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";
        let stored: KeyHash = text.parse().unwrap();
        assert!(stored.matches(&KeyHash::of("secret")));
        assert!(!stored.matches(&KeyHash::of("Secret")));
        assert!("sha256:2bb8".parse::<KeyHash>().is_err());
        assert!(text.trim_start_matches("sha256:").parse::<KeyHash>().is_err());
    }

    #[test]
    fn loopback_is_told_from_public() {
        for host in ["127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["0.0.0.0", "::", "10.0.0.5", "localhost.example.org", ""] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
