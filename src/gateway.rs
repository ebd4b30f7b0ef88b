//! One request from start to end.

pub mod inspect;
mod local;
mod options;
mod relay;
mod reply;

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

pub use self::{
    local::{deidentify, reidentify},
    relay::Relay,
};
use self::{
    options::{Options, shift_days},
    reply::{compact_reply, has_no_error, is_answer, restore},
};
use crate::{
    audit::Tokens,
    deidentify::{Deidentifier, detector::DetectError, entity::Detection, known::Known},
    error::GatewayError,
    settings::Settings,
    substitute::{Counts, Mapping, RestoreReport, Restorer, SubstituteError, substitute},
    upstream::{Credentials, Opened, Upstream, UpstreamError},
    wire::{
        chat,
        endpoint::Endpoint,
        fields::Shape,
        walk::{self, Leaf},
    },
};

/// What all workers share.
pub struct Gateway {
    /// The settings in force.
    pub settings: Settings,
    /// What finds PHI.
    pub deidentifier: Deidentifier,
}

/// What is known of a request once it has been looked at, whether it then succeeds or not.
#[derive(Debug, Default)]
pub struct Progress {
    /// Entities found, by label.
    pub counts: Counts,
    /// Placeholders given out.
    pub given: usize,
    /// Values that the last look before sending still found, and replaced or refused.
    pub leaks_stopped: usize,
    /// Entities found, by detector.
    pub detectors: BTreeMap<String, usize>,
    /// The model that was asked for, as it was sent.
    pub model: Option<String>,
    /// The status of the upstream's reply.
    pub upstream_status: Option<u16>,
    /// What the upstream counted; of a stream, [`Relay::tokens`] has it.
    pub tokens: Option<Tokens>,
    /// How long detection took.
    pub detection: Option<Duration>,
    /// How long the upstream took; of a stream, up to its beginning.
    pub upstream: Option<Duration>,
    /// How long restoration took; of a stream, [`Relay::restoration`] has it.
    pub restoration: Option<Duration>,
    /// What became of them in the reply, where there was one; errors have texts too.
    pub restored: Option<RestoreReport>,
}

impl Progress {
    /// Has `deidentifier` search `leaves`, and notes how long that took.
    ///
    /// # Errors
    /// When any detector fails: nothing may be sent then.
    pub async fn find(
        &mut self,
        deidentifier: &Deidentifier,
        leaves: &[Leaf],
    ) -> Result<Vec<Vec<Detection>>, DetectError> {
        let began = Instant::now();
        let found = deidentifier.find(leaves).await;
        self.detection = Some(began.elapsed());
        found
    }

    /// Notes which detectors found how many.
    pub fn found(&mut self, found: &[Vec<Detection>]) {
        for detection in found.iter().flatten() {
            *self.detectors.entry(detection.detector.to_string()).or_default() += 1;
        }
    }
}

/// A request as it came in.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    /// Where to.
    pub endpoint: Endpoint,
    /// The body's bytes.
    pub body: &'a [u8],
    /// Whether the caller speaks the compact form.
    pub compact: bool,
    /// The caller's gateway key, or nothing: what differs by caller is derived from it.
    pub key: &'a str,
    /// The caller's name for the conversation, from its header.
    pub session: Option<&'a str>,
    /// Whether a stream also shows what was sent, and what came before it was restored.
    pub reveal: bool,
    /// Whether the upstream must say how many tokens a stream took, asked for or not.
    pub count_tokens: bool,
}

/// What comes of a request.
pub enum Outcome {
    /// A reply, restored.
    Whole(Answer),
    /// A reply that is restored as it comes.
    Stream {
        /// The upstream's headers to pass on.
        headers: Vec<(String, String)>,
        /// The events.
        relay: Box<Relay>,
    },
}

/// A reply for the caller.
pub struct Answer {
    /// The JSON to send.
    pub body: Value,
    /// The upstream's headers to pass on.
    pub headers: Vec<(String, String)>,
}

impl Gateway {
    /// A request to one of OpenAI's text endpoints: check, detect, substitute, send, restore.
    ///
    /// `progress` is filled as far as the request comes.
    ///
    /// # Errors
    /// When the request is wrong, cannot be cleared, or the upstream fails it.
    pub async fn complete(
        self: &Arc<Self>,
        upstream: &Upstream,
        credentials: &Credentials,
        call: Call<'_>,
        progress: &mut Progress,
    ) -> Result<Outcome, GatewayError> {
        let endpoint = call.endpoint;
        let mut body = parse(call.body)?;
        let options = Options::take(&mut body, &self.settings.policy)?;
        endpoint.admit(&mut body, self.settings.policy.unscannable_content)?;
        let streams = body.get("stream") == Some(&Value::Bool(true));
        let compact = call.compact && !streams;
        if compact {
            chat::fill_in(&mut body, &self.settings.compact);
        }
        let table = endpoint.table();
        let hide_usage = streams && call.count_tokens && ask_for_usage(&mut body, endpoint);
        let leaves = walk::collect(&mut body, table)
            .map_err(|_| GatewayError::Internal("the request cannot be walked"))?;
        let mut found = progress.find(&self.deidentifier, &leaves).await?;
        Known::find(&options.known, &leaves, &mut found);
        progress.model = model(&body, &leaves, &found);
        progress.found(&found);
        let session = options.session.as_deref().or(call.session);
        let shift = shift_days(call.key.as_bytes(), session, &body);
        let cleared = substitute(body, table, &leaves, &found, &options.policy, shift)
            .inspect_err(|error| {
                progress.leaks_stopped += usize::from(matches!(error, SubstituteError::Leak));
            })?;
        drop((leaves, found));
        progress.counts = cleared.counts;
        progress.given = cleared.mapping.len();
        progress.leaks_stopped = cleared.leaks_stopped;
        if cleared.leaks_stopped > 0 {
            log::warn!(
                "{} values were stopped at the last look before sending",
                cleared.leaks_stopped
            );
        }

        let sent = call.reveal.then(|| cleared.body.clone());
        let began = Instant::now();
        let opened = match endpoint.stream().filter(|_| streams) {
            None => upstream
                .post(endpoint.path(), credentials, cleared.body)
                .await
                .map(|reply| (Opened::Whole(reply), None)),
            Some(shape) => upstream
                .open(endpoint.path(), credentials, cleared.body)
                .await
                .map(|opened| (opened, Some(shape))),
        };
        progress.upstream = Some(began.elapsed());
        progress.upstream_status = match &opened {
            Ok((Opened::Whole(reply), _)) => Some(reply.status),
            Ok((Opened::Stream { .. }, _)) => Some(200),
            Err(UpstreamError::Status(status)) => Some(*status),
            Err(_) => None,
        };
        let reply = match opened? {
            (Opened::Stream { headers, stream }, Some(shape)) => {
                let mut relay = Relay::new(stream, shape, cleared.mapping, hide_usage);
                if let Some(sent) = &sent {
                    relay = relay.revealing(sent);
                }
                return Ok(Outcome::Stream { headers, relay: Box::new(relay) });
            }
            (Opened::Stream { .. }, None) => {
                return Err(GatewayError::Internal("a stream that nobody asked for"));
            }
            (Opened::Whole(reply), Some(_)) if reply.is_success() && has_no_error(&reply) => {
                return Err(
                    UpstreamError::Nonsense("is no stream, though one was asked for").into()
                );
            }
            (Opened::Whole(reply), _) => reply,
        };
        let began = Instant::now();
        let mut restorer = Restorer::new(&cleared.mapping);
        let answer = restore(reply, &mut restorer);
        progress.restored = Some(restorer.report());
        progress.restoration = Some(began.elapsed());
        let mut answer = answer?;
        progress.tokens = answer.body.get("usage").and_then(Tokens::read);
        if !is_answer(&answer.body, endpoint) {
            return Err(UpstreamError::Nonsense("is not what this endpoint answers").into());
        }
        if compact {
            answer.body = compact_reply(answer.body);
        }
        Ok(Outcome::Whole(answer))
    }

    /// The upstream's list of models, or one of them: nothing of the caller's goes up but `id`.
    ///
    /// # Errors
    /// When the upstream fails the request.
    pub async fn models(
        &self,
        upstream: &Upstream,
        credentials: &Credentials,
        id: Option<&str>,
    ) -> Result<Answer, GatewayError> {
        let path = id.map_or_else(|| "/models".to_owned(), |id| format!("/models/{id}"));
        let reply = upstream.get(&path, credentials).await?;
        restore(reply, &mut Restorer::new(&Mapping::default()))
    }
}

/// Has the upstream say what a stream of chunks took. Whether the caller did not ask for that.
fn ask_for_usage(body: &mut Value, endpoint: Endpoint) -> bool {
    if !matches!(endpoint, Endpoint::ChatCompletions | Endpoint::Completions) {
        return false;
    }
    let Some(fields) = body.as_object_mut() else { return false };
    let options = fields.entry("stream_options").or_insert_with(|| json!({}));
    if options.is_null() {
        *options = json!({});
    }
    match options.as_object_mut() {
        Some(options) => {
            options.insert("include_usage".to_owned(), json!(true)) != Some(json!(true))
        }
        None => false,
    }
}

/// The model that is asked for, unless anything in that field was found to be PHI.
fn model(body: &Value, leaves: &[Leaf], found: &[Vec<Detection>]) -> Option<String> {
    let model = body.get("model")?.as_str()?;
    let is_clean = leaves
        .iter()
        .zip(found)
        .all(|(leaf, found)| found.is_empty() || leaf.text.expose_phi() != model);
    let fits = Shape::Model.fits(model) && model.len() <= 128;
    (is_clean && fits).then(|| model.to_owned())
}

/// Parses a body; the message says where it is wrong and quotes nothing.
pub(crate) fn parse(body: &[u8]) -> Result<Value, GatewayError> {
    let wrong = |message: String| GatewayError::InvalidRequest { param: None, message };
    let text = std::str::from_utf8(body)
        .map_err(|error| wrong(format!("the body is not UTF-8 at byte {}", error.valid_up_to())))?;
    let value: Value = serde_json::from_str(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        wrong(format!(
            "the body is not valid JSON, or nested too deep (line {line}, column {column})"
        ))
    })?;
    if has_nul(&value) {
        return Err(wrong("the body holds a NUL character".to_owned()));
    }
    Ok(value)
}

/// Whether any string holds U+0000, which no text needs and which many a program trips over.
fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(fields) => {
            fields.iter().any(|(key, value)| key.contains('\0') || has_nul(value))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::error::GatewayError;

    #[test]
    fn bodies_that_cannot_be_read_are_refused_without_a_quote() {
        let deep = [b"[".repeat(10_000), b"]".repeat(10_000)].concat();
        for body in [
            b"John Doe".as_slice(),
            b"",
            b"{\"a\": \"\xff\"}",
            b"\"\\u0000\"",
            b"{\"a\\u0000\":1}",
            b"\"\0\"",
            &deep,
        ] {
            match parse(body) {
                Err(GatewayError::InvalidRequest { message, .. }) => {
                    assert!(!message.contains("John"))
                }
                _ => panic!("taken"),
            }
        }
    }
}
