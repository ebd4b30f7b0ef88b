//! Calls the gateway that is examined.

use std::{net::SocketAddr, time::Duration};

use awc::Client;
use serde_json::Value;

/// A caller with a key of its own.
pub(super) struct Caller {
    client: Client,
    base: String,
    key: String,
}

impl Caller {
    pub(super) fn new(address: SocketAddr, key: String) -> Self {
        let client = Client::builder().timeout(Duration::from_secs(120)).finish();
        Self { client, base: format!("http://{address}"), key }
    }

    /// The status of `path`; `None` where nobody answers.
    pub(super) async fn get(&self, path: &str) -> Option<u16> {
        let reply = self.client.get(format!("{}{path}", self.base)).send().await.ok()?;
        Some(reply.status().as_u16())
    }

    /// Status and body of the reply.
    pub(super) async fn post(&self, path: &str, body: &Value) -> Option<(u16, String)> {
        let request = self.client.post(format!("{}{path}", self.base)).bearer_auth(&self.key);
        let request = request.content_type("application/json");
        let mut reply = request.send_body(body.to_string()).await.ok()?;
        let bytes = reply.body().limit(64 * 1024 * 1024).await.ok()?;
        Some((reply.status().as_u16(), String::from_utf8_lossy(&bytes).into_owned()))
    }
}
