//! The way to OpenAI, or whatever speaks its protocol: one awc client a worker.

mod stream;
mod tls;

use std::{sync::Arc, time::Duration};

use awc::{
    Client, ClientRequest, Connector,
    error::{ConnectError, PayloadError, SendRequestError},
    http::{StatusCode, header},
};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use rustls::ClientConfig;
use thiserror::Error;

pub use self::{
    stream::{Opened, Stream},
    tls::{TlsError, client_config},
};
use crate::{
    settings::{KeyHeader, Secret, UpstreamSettings},
    substitute::ClearedBody,
    wire::sse::SseError,
};

/// The caller's headers that the upstream gets, if their value starts as OpenAI's ids do and goes on
/// in letters and digits. No other is sent.
pub const REQUEST_HEADERS: [(&str, &str); 2] =
    [("openai-organization", "org-"), ("openai-project", "proj_")];

/// The upstream's headers that the caller gets. No other is passed on.
const REPLY_HEADERS: [&str; 5] = [
    "openai-organization",
    "openai-processing-ms",
    "openai-version",
    "retry-after",
    "retry-after-ms",
];

/// Why there is no reply. Messages never hold any of its text.
#[derive(Debug, Error)]
pub enum UpstreamError {
    /// A time limit ran out.
    #[error("the upstream did not answer in time")]
    Timeout,
    /// No connection came about.
    #[error("the upstream could not be reached: {0}")]
    Unreachable(&'static str),
    /// TLS failed, most likely since nobody vouches for the certificate.
    #[error("the upstream's certificate is not trusted, or TLS failed")]
    Untrusted,
    /// The connection broke before the reply was whole.
    #[error("the upstream's reply broke off")]
    BrokeOff,
    /// The reply is larger than the settings allow.
    #[error("the upstream's reply is larger than {0} bytes")]
    TooLarge(usize),
    /// A status that is neither success nor the caller's fault.
    #[error("the upstream answered with status {0}")]
    Status(u16),
    /// A stream that cannot be read.
    #[error("the upstream's stream {0}")]
    Stream(SseError),
    /// A reply that is not what OpenAI would send.
    #[error("the upstream's reply {0}")]
    Nonsense(&'static str),
}

/// A reply, read whole.
pub struct Reply {
    /// Its status.
    pub status: u16,
    /// Those of its headers that the caller gets.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Bytes,
}

/// What the caller adds to a request to the upstream.
pub struct Credentials {
    /// The key, ours or the caller's.
    pub key: Secret,
    /// Headers of [`REQUEST_HEADERS`].
    pub headers: Vec<(&'static str, String)>,
}

/// A client for one worker thread.
pub struct Upstream {
    client: Client,
    base: String,
    query: String,
    key_header: KeyHeader,
    read_timeout: Duration,
    max_reply_bytes: usize,
}

impl Upstream {
    /// Builds the client. `tls` is needed for an `https` base address and made by
    /// [`client_config`], once for all workers.
    pub fn new(settings: &UpstreamSettings, tls: Option<Arc<ClientConfig>>) -> Self {
        let connect_timeout = Duration::from_secs(settings.connect_timeout_s);
        let mut connector =
            Connector::new().timeout(connect_timeout).handshake_timeout(connect_timeout);
        if let Some(tls) = tls {
            connector = connector.rustls_0_23(tls);
        }
        let client = Client::builder()
            .connector(connector)
            // Our own time limit covers the whole reply, body included.
            .disable_timeout()
            // A redirect would carry the key to another host.
            .disable_redirects()
            .no_default_headers()
            .finish();
        let (base, query) = match settings.base_url.split_once('?') {
            Some((base, query)) => (base, format!("?{query}")),
            None => (settings.base_url.as_str(), String::new()),
        };
        Self {
            client,
            base: base.trim_end_matches('/').to_owned(),
            query,
            key_header: settings.key_header,
            read_timeout: Duration::from_secs(settings.read_timeout_s),
            max_reply_bytes: settings.max_reply_bytes,
        }
    }

    /// Sends a cleared body to `path`, which starts with a slash.
    ///
    /// # Errors
    /// When no whole reply comes back in time.
    pub async fn post(
        &self,
        path: &str,
        credentials: &Credentials,
        body: ClearedBody,
    ) -> Result<Reply, UpstreamError> {
        let request = self.client.post(self.address(path));
        let request = self.prepare(request, credentials);
        let request = request.insert_header((header::CONTENT_TYPE, "application/json"));
        self.exchange(async move { request.send_body(body.into_bytes()).await }).await
    }

    /// Sends a cleared body to `path` and gives the reply as it comes, if it is a success that
    /// streams; any other is read whole.
    ///
    /// # Errors
    /// When no reply begins in time.
    pub async fn open(
        &self,
        path: &str,
        credentials: &Credentials,
        body: ClearedBody,
    ) -> Result<Opened, UpstreamError> {
        let request = self.client.post(self.address(path));
        let request = self.prepare(request, credentials);
        let request = request
            .insert_header((header::ACCEPT, "text/event-stream"))
            .insert_header((header::CONTENT_TYPE, "application/json"));
        let sent = request.send_body(body.into_bytes());
        let response = tokio::time::timeout(self.read_timeout, sent)
            .await
            .map_err(|_| UpstreamError::Timeout)?
            .map_err(|error| describe(&error))?;
        if response.status().is_success() && is_event_stream(response.headers()) {
            let headers = kept_headers(response.headers());
            let bytes = response.map(|chunk| chunk.map_err(|_| UpstreamError::BrokeOff));
            let stream = Stream::new(Box::pin(bytes), self.read_timeout);
            return Ok(Opened::Stream { headers, stream });
        }
        self.exchange(async move { Ok(response) }).await.map(Opened::Whole)
    }

    /// Reads `path`, which starts with a slash and holds nothing of the caller's but a checked id.
    ///
    /// # Errors
    /// When no whole reply comes back in time.
    pub async fn get(&self, path: &str, credentials: &Credentials) -> Result<Reply, UpstreamError> {
        let request = self.prepare(self.client.get(self.address(path)), credentials);
        self.exchange(async move { request.send().await }).await
    }

    fn address(&self, path: &str) -> String {
        format!("{}{path}{}", self.base, self.query)
    }

    fn prepare(&self, request: ClientRequest, credentials: &Credentials) -> ClientRequest {
        let key = credentials.key.expose_secret();
        let mut request =
            request.insert_header((header::ACCEPT, "application/json")).insert_header((
                header::USER_AGENT,
                concat!("deid-gateway/", env!("CARGO_PKG_VERSION")),
            ));
        request = match self.key_header {
            KeyHeader::Authorization => request.bearer_auth(key),
            KeyHeader::ApiKey => request.insert_header(("api-key", key)),
        };
        for (name, value) in &credentials.headers {
            request = request.insert_header((*name, value.as_str()));
        }
        request
    }

    /// Waits for the head and then the body of a reply, all within one time limit.
    async fn exchange<S>(
        &self,
        sent: impl Future<Output = Result<awc::ClientResponse<S>, SendRequestError>>,
    ) -> Result<Reply, UpstreamError>
    where
        S: futures_util::Stream<Item = Result<Bytes, PayloadError>> + Unpin,
    {
        let whole = async {
            let mut response = sent.await.map_err(|error| describe(&error))?;
            let status = response.status();
            if status.is_redirection() {
                return Err(UpstreamError::Status(status.as_u16()));
            }
            let announced = announced_length(response.headers());
            if announced.is_some_and(|length| length > self.max_reply_bytes) {
                return Err(UpstreamError::TooLarge(self.max_reply_bytes));
            }
            let headers = kept_headers(response.headers());
            let mut body = BytesMut::new();
            while let Some(chunk) = response.next().await {
                let chunk = chunk.map_err(|_| UpstreamError::BrokeOff)?;
                if body.len() + chunk.len() > self.max_reply_bytes {
                    return Err(UpstreamError::TooLarge(self.max_reply_bytes));
                }
                body.extend_from_slice(&chunk);
            }
            // awc takes the end of the connection for the end of the body.
            if announced.is_some_and(|length| length != body.len()) {
                return Err(UpstreamError::BrokeOff);
            }
            Ok(Reply { status: status.as_u16(), headers, body: body.freeze() })
        };
        tokio::time::timeout(self.read_timeout, whole).await.map_err(|_| UpstreamError::Timeout)?
    }
}

impl Reply {
    /// Whether the status says success.
    pub fn is_success(&self) -> bool {
        StatusCode::from_u16(self.status).is_ok_and(|status| status.is_success())
    }
}

/// Whether the body is server-sent events.
fn is_event_stream(headers: &header::HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    kind.is_some_and(|kind| {
        let kind = kind.split(';').next().unwrap_or_default().trim();
        kind.eq_ignore_ascii_case("text/event-stream")
    })
}

/// The length of a body that comes as it is, uncompressed, where the upstream says it.
fn announced_length(headers: &header::HeaderMap) -> Option<usize> {
    if headers.contains_key(header::CONTENT_ENCODING) {
        return None;
    }
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.trim().parse().ok()
}

/// The headers that the caller gets: a short list, rate limits, and the upstream's own request id
/// under another name (ours is in `x-request-id`).
fn kept_headers(headers: &header::HeaderMap) -> Vec<(String, String)> {
    let mut kept = Vec::new();
    for (name, value) in headers {
        let name = name.as_str();
        let Ok(value) = value.to_str() else { continue };
        if name == "x-request-id" {
            kept.push(("x-upstream-request-id".to_owned(), value.to_owned()));
        } else if name.starts_with("x-ratelimit-") || REPLY_HEADERS.contains(&name) {
            kept.push((name.to_owned(), value.to_owned()));
        }
    }
    kept
}

/// awc's errors may quote addresses and parts of replies; ours say which kind it was.
fn describe(error: &SendRequestError) -> UpstreamError {
    match error {
        SendRequestError::Timeout | SendRequestError::Connect(ConnectError::Timeout) => {
            UpstreamError::Timeout
        }
        SendRequestError::Connect(ConnectError::Resolver(_) | ConnectError::NoRecords) => {
            UpstreamError::Unreachable("its name does not resolve")
        }
        // rustls's errors come as this kind.
        SendRequestError::Connect(ConnectError::Io(error))
            if error.kind() == std::io::ErrorKind::InvalidData =>
        {
            UpstreamError::Untrusted
        }
        SendRequestError::Connect(ConnectError::Io(error))
            if error.kind() == std::io::ErrorKind::ConnectionRefused =>
        {
            UpstreamError::Unreachable("the connection was refused")
        }
        // A connection that ended before the reply began.
        SendRequestError::Connect(ConnectError::Disconnected) => UpstreamError::BrokeOff,
        SendRequestError::Connect(_) => UpstreamError::Unreachable("no connection came about"),
        SendRequestError::Url(_) => UpstreamError::Unreachable("upstream.base_url is not valid"),
        SendRequestError::Response(_) => UpstreamError::Nonsense("is not HTTP"),
        _ => UpstreamError::BrokeOff,
    }
}
