//! Who is calling, and with which key for the upstream.

use actix_web::{
    HttpRequest,
    http::header::{AUTHORIZATION, HOST, HeaderMap, ToStrError},
};

use super::head::headers;
use crate::{
    error::GatewayError,
    settings::{Secret, is_loopback},
    upstream::{Credentials, REQUEST_HEADERS},
};

/// Carries the gateway key.
const GATEWAY_KEY: &str = "x-compliantchatgpt-key";
/// Carries the key for the upstream.
const UPSTREAM_KEY: &str = "x-openai-key";

/// What a caller's headers say.
pub(super) struct Caller {
    /// The key for the upstream and what else goes there.
    pub(super) credentials: Credentials,
    /// Whether the reply takes the compact form.
    pub(super) compact: bool,
}

/// The gateway key of a request: the first that there is.
///
/// # Errors
/// When it is no text: that is a wrong key, not an absent one.
pub(super) fn gateway_key(headers: &HeaderMap) -> Result<Option<&str>, GatewayError> {
    let own = text(headers, GATEWAY_KEY).map_err(|_| GatewayError::InvalidGatewayKey)?;
    Ok(own.or_else(|| bearer(headers)))
}

/// Finds the key for the upstream. That the gateway key is good, [`super::protect`] has seen to.
///
/// # Errors
/// When there is none, or none that is text.
pub(super) fn caller(
    headers: &HeaderMap,
    server_key: Option<&Secret>,
) -> Result<Caller, GatewayError> {
    let own = text(headers, GATEWAY_KEY).map_err(|_| GatewayError::InvalidGatewayKey)?;
    let upstream_key = text(headers, UPSTREAM_KEY).map_err(|_| GatewayError::InvalidOpenAiKey)?;
    let key = upstream_key
        .or_else(|| own.and_then(|_| bearer(headers)))
        .map(Secret::new)
        .or_else(|| server_key.cloned())
        .ok_or(GatewayError::MissingOpenAiKey)?;
    let compact = upstream_key.is_some() && !headers.contains_key(AUTHORIZATION);
    Ok(Caller { credentials: Credentials { key, headers: passed_on(headers) }, compact })
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

/// Whether the request comes from this machine, by no proxy, and from no page of another site: a
/// name that somebody makes point here is not ours.
pub(super) fn is_local(request: &HttpRequest) -> bool {
    const OF_PROXIES: [&str; 4] = ["forwarded", "x-forwarded-for", "x-real-ip", "via"];
    let headers = headers(request);
    let peer = request.peer_addr().is_some_and(|peer| peer.ip().to_canonical().is_loopback());
    let proxied = OF_PROXIES.iter().any(|name| headers.contains_key(*name));
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()));
    let name = name.map_or(host, |(name, _)| name);
    peer && !proxied && is_loopback(name)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

    use super::{caller, gateway_key};
    use crate::{error::GatewayError, settings::Secret};

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
            let map = headers(&pairs);
            assert_eq!(gateway_key(&map).unwrap(), Some("gw"), "{pairs:?}");
            let caller = caller(&map, Some(&server));
            let caller = caller.unwrap_or_else(|error| panic!("{pairs:?}: {error}"));
            assert_eq!(caller.credentials.key.expose_secret(), upstream, "{pairs:?}");
            assert_eq!(caller.compact, compact, "{pairs:?}");
        }
    }

    #[test]
    fn a_key_that_is_no_text_is_a_wrong_one_and_an_empty_one_is_none() {
        for pairs in
            [vec![], vec![("authorization", "Basic gw")], vec![("x-compliantchatgpt-key", " ")]]
        {
            assert_eq!(gateway_key(&headers(&pairs)).unwrap(), None, "{pairs:?}");
        }
        let mut unreadable = headers(&[("authorization", "Bearer gw")]);
        let value = HeaderValue::from_bytes(b"g\xe9w").unwrap();
        unreadable.insert(HeaderName::from_static("x-compliantchatgpt-key"), value);
        assert!(matches!(gateway_key(&unreadable), Err(GatewayError::InvalidGatewayKey)));
        let none = caller(&headers(&[("authorization", "Bearer gw")]), None).err();
        assert!(matches!(none, Some(GatewayError::MissingOpenAiKey)));
    }
}
