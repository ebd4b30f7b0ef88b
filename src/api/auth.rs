//! Who is calling, and with which key for the upstream.

use actix_web::http::header::{AUTHORIZATION, HeaderMap, ToStrError};

use crate::{
    error::GatewayError,
    settings::{KeyHash, Secret, Settings},
    upstream::{Credentials, REQUEST_HEADERS},
};

/// Carries the gateway key.
const GATEWAY_KEY: &str = "x-compliantchatgpt-key";
/// Carries the key for the upstream.
const UPSTREAM_KEY: &str = "x-openai-key";

/// The gateway keys that are accepted.
pub struct Keys {
    required: bool,
    accepted: Vec<KeyHash>,
}

/// What a caller's headers say.
pub(super) struct Caller {
    /// The key for the upstream and what else goes there.
    pub(super) credentials: Credentials,
    /// Whether the reply takes the compact form.
    pub(super) compact: bool,
}

impl Keys {
    /// The keys of the settings.
    pub fn new(settings: &Settings) -> Self {
        Self { required: settings.keys.required, accepted: settings.keys.accepted.clone() }
    }

    /// Checks the gateway key, for what is done here and sends nothing upstream.
    pub(super) fn admit_here(&self, headers: &HeaderMap) -> Result<(), GatewayError> {
        let own = text(headers, GATEWAY_KEY).map_err(|_| GatewayError::InvalidGatewayKey)?;
        match own.or_else(|| bearer(headers)) {
            Some(key) => self.check(key),
            None if self.required => Err(GatewayError::MissingGatewayKey),
            None => Ok(()),
        }
    }

    /// Checks the gateway key and finds the upstream's.
    pub(super) fn admit(
        &self,
        headers: &HeaderMap,
        server_key: Option<&Secret>,
    ) -> Result<Caller, GatewayError> {
        self.admit_here(headers)?;
        let own = text(headers, GATEWAY_KEY).map_err(|_| GatewayError::InvalidGatewayKey)?;
        let bearer = bearer(headers);
        let upstream_key =
            text(headers, UPSTREAM_KEY).map_err(|_| GatewayError::InvalidOpenAiKey)?;
        let key = upstream_key
            .or(if own.is_some() { bearer } else { None })
            .map(Secret::new)
            .or_else(|| server_key.cloned())
            .ok_or(GatewayError::MissingOpenAiKey)?;
        let compact = upstream_key.is_some() && !headers.contains_key(AUTHORIZATION);
        Ok(Caller { credentials: Credentials { key, headers: passed_on(headers) }, compact })
    }

    fn check(&self, key: &str) -> Result<(), GatewayError> {
        let hash = KeyHash::of(key);
        // All are compared, so that the time tells nothing of which one it was.
        let known = self.accepted.iter().fold(false, |known, one| known | one.matches(&hash));
        if known || !self.required { Ok(()) } else { Err(GatewayError::InvalidGatewayKey) }
    }
}

/// A header's text; an empty one counts as absent, and one that is no text is an error.
fn text<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, ToStrError> {
    let text = headers.get(name).map(|value| value.to_str()).transpose()?;
    Ok(text.map(str::trim).filter(|text| !text.is_empty()))
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, key) = headers.get(AUTHORIZATION)?.to_str().ok()?.trim().split_once(' ')?;
    let key = key.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !key.is_empty()).then_some(key)
}

/// Of the headers that may go upstream, those that look like what they should be.
fn passed_on(headers: &HeaderMap) -> Vec<(&'static str, String)> {
    let one = |(name, prefix): (&'static str, &str)| {
        let value = headers.get(name)?.to_str().ok()?;
        let id = value.strip_prefix(prefix)?;
        let fits = (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric());
        fits.then(|| (name, value.to_owned()))
    };
    REQUEST_HEADERS.into_iter().filter_map(one).collect()
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

    use super::Keys;
    use crate::{
        error::GatewayError,
        settings::{KeyHash, Secret},
    };

    fn keys() -> Keys {
        Keys { required: true, accepted: vec![KeyHash::of("gw")] }
    }

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        map
    }

    #[test]
    fn each_key_is_read_from_its_first_place() {
        const OWN: (&str, &str) = ("x-compliantchatgpt-key", "gw");
        let server = Secret::new("server");
        for (pairs, upstream, compact) in [
            (vec![OWN, ("x-openai-key", "sk-a")], "sk-a", true),
            (vec![OWN, ("authorization", "Bearer sk-b")], "sk-b", false),
            (vec![OWN, ("x-openai-key", "sk-a"), ("authorization", "Bearer sk-b")], "sk-a", false),
            (vec![OWN], "server", false),
            (vec![("authorization", "Bearer gw")], "server", false),
            (vec![("authorization", "bearer gw"), ("x-openai-key", "sk-a")], "sk-a", false),
        ] {
            let caller = keys().admit(&headers(&pairs), Some(&server));
            let caller = caller.unwrap_or_else(|error| panic!("{pairs:?}: {error}"));
            assert_eq!(caller.credentials.key.expose_secret(), upstream, "{pairs:?}");
            assert_eq!(caller.compact, compact, "{pairs:?}");
        }
    }

    #[test]
    fn a_missing_or_wrong_key_is_refused() {
        let refused = |pairs: &[(&'static str, &'static str)]| {
            keys().admit(&headers(pairs), None).err().map(|error| error.to_string())
        };
        let missing = Some(GatewayError::MissingGatewayKey.to_string());
        let invalid = Some(GatewayError::InvalidGatewayKey.to_string());
        assert_eq!(refused(&[]), missing);
        assert_eq!(refused(&[("x-openai-key", "sk")]), missing);
        assert_eq!(refused(&[("authorization", "Basic gw")]), missing);
        assert_eq!(refused(&[("x-compliantchatgpt-key", "")]), missing);
        assert_eq!(refused(&[("authorization", "Bearer GW")]), invalid);
        // The gateway's own header is the first match, even where Authorization holds a good key.
        assert_eq!(
            refused(&[("x-compliantchatgpt-key", "no"), ("authorization", "Bearer gw")]),
            invalid
        );
        // A key that cannot be read is a wrong one, not an absent one.
        let mut unreadable = headers(&[("authorization", "Bearer gw")]);
        let value = HeaderValue::from_bytes(b"g\xe9w").unwrap();
        unreadable.insert(HeaderName::from_static("x-compliantchatgpt-key"), value);
        let refused_unreadable = keys().admit(&unreadable, None).err().map(|e| e.to_string());
        assert_eq!(refused_unreadable, invalid);
        let no_upstream = Some(GatewayError::MissingOpenAiKey.to_string());
        assert_eq!(refused(&[("authorization", "Bearer gw")]), no_upstream);
    }
}
