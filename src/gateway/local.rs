//! De-identification and its way back for a caller that keeps the result: nothing is sent upstream.

use std::{collections::BTreeMap, rc::Rc, time::Instant};

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Gateway, Progress, options::shift_days};
use crate::{
    deidentify::{
        Deidentifier,
        entity::{Detection, Label},
    },
    error::GatewayError,
    phi::PhiText,
    settings::{PolicySettings, Strategy},
    substitute::{Mapping, Replacement, Restorer, rewrite},
    wire::{
        endpoint::Endpoint,
        json_text::{self, Places},
        table::CHAT_COMPLETIONS,
        walk::{self, Leaf, LeafKind, Visit},
    },
};

/// A policy that a caller of `POST /v1/deidentify` lays over that of the settings. It may be looser:
/// what comes of it goes back to the caller and nowhere else.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct PolicyOverride {
    /// The strategy for labels that neither this nor the settings name.
    default: Option<Strategy>,
    /// Strategies by label.
    labels: BTreeMap<Label, Strategy>,
    /// Detections below this score are dropped, in `0.0..=1.0`.
    min_score: f32,
    /// The same by label, over `min_score`.
    thresholds: BTreeMap<Label, f32>,
}

impl PolicyOverride {
    fn over(&self, settings: &PolicySettings) -> PolicySettings {
        let mut policy = settings.clone();
        policy.default = self.default.unwrap_or(policy.default);
        policy.labels.extend(&self.labels);
        policy
    }

    fn lets_pass(&self, detection: &Detection) -> bool {
        let least = self.thresholds.get(&detection.label).unwrap_or(&self.min_score);
        detection.score >= *least
    }
}

/// Where a leaf stands in the caller's body.
struct Site {
    /// Index of the message.
    message: usize,
    /// The field within it, such as `content[1].text`; `{key}` at its end says that it is a key.
    field: String,
    /// For a leaf within the JSON of a string: where its bytes stand in that string.
    places: Option<Places>,
    /// The string that offsets count in.
    text: Rc<PhiText>,
}

impl Gateway {
    /// [`deidentify`] with the gateway's own detectors and policy.
    ///
    /// # Errors
    /// When the body is wrong or detection fails.
    pub async fn deidentify(
        &self,
        body: &[u8],
        progress: &mut Progress,
    ) -> Result<Value, GatewayError> {
        deidentify(&self.deidentifier, &self.settings.policy, body, progress).await
    }
}

/// `POST /v1/deidentify`: the same shape with the PHI replaced, the entities and the mapping.
///
/// # Errors
/// When the body is wrong or detection fails.
pub async fn deidentify(
    deidentifier: &Deidentifier,
    settings: &PolicySettings,
    body: &[u8],
    progress: &mut Progress,
) -> Result<Value, GatewayError> {
    let Value::Object(mut fields) = super::parse(body)? else {
        return Err(wrong("body", "the body must be a JSON object"));
    };
    let policy: PolicyOverride = match fields.remove("policy") {
        None | Some(Value::Null) => PolicyOverride::default(),
        Some(policy) => serde_path_to_error::deserialize(policy).map_err(|error| {
            // Only names of our own: the path and the inner message could hold the caller's.
            let path = error.path().to_string();
            let known = ["default", "labels", "min_score", "thresholds"];
            let field = known.iter().find(|known| path.starts_with(**known));
            let param = field.map_or("policy".to_owned(), |field| format!("policy.{field}"));
            wrong(&param, "is not a field of a policy, or has a wrong value")
        })?,
    };
    let mut scores = policy.thresholds.values().chain([&policy.min_score]);
    if !scores.all(|score| (0.0..=1.0).contains(score)) {
        return Err(wrong("policy", "scores must be between 0 and 1"));
    }
    let (mut chat, is_text) = chat_of(fields)?;
    Endpoint::ChatCompletions.validate(&chat, settings.unscannable_content)?;

    let table = &CHAT_COMPLETIONS;
    let original = chat.clone();
    let (leaves, sites) = sites(&mut chat, &original)?;
    let mut found = progress.find(deidentifier, &leaves).await?;
    for found in &mut found {
        found.retain(|detection| policy.lets_pass(detection));
    }
    progress.found(&found);
    let policy = policy.over(settings);
    let shift = shift_days(b"", None, &original);
    let done = rewrite(&mut chat, table, &leaves, &found, &policy, shift)?;
    progress.counts = done.counts();
    progress.given = done.mapping.len();

    let entities = entities(&sites, &done.replaced, is_text);
    let mapping: Map<String, Value> =
        done.mapping.pairs().map(|(written, value)| (written, json!(value.expose_phi()))).collect();
    let mut reply = Map::new();
    if is_text {
        let text = chat.pointer_mut("/messages/0/content").map(Value::take);
        reply.insert("text".to_owned(), text.unwrap_or_default());
    } else {
        let messages = chat.get_mut("messages").map(Value::take);
        reply.insert("messages".to_owned(), messages.unwrap_or_default());
    }
    reply.insert("entities".to_owned(), entities);
    reply.insert("mapping".to_owned(), Value::Object(mapping));
    Ok(Value::Object(reply))
}

/// `POST /v1/reidentify`: the same shape with the values of `mapping` put back.
///
/// # Errors
/// When the body is wrong.
pub fn reidentify(body: &[u8], progress: &mut Progress) -> Result<Value, GatewayError> {
    let Value::Object(mut fields) = super::parse(body)? else {
        return Err(wrong("body", "the body must be a JSON object"));
    };
    let Some(Value::Object(pairs)) = fields.remove("mapping") else {
        return Err(wrong("mapping", "must be an object of placeholders and their values"));
    };
    let pairs = pairs.iter().map(|(key, value)| Some((key.as_str(), value.as_str()?)));
    let mapping = pairs.collect::<Option<Vec<_>>>().and_then(Mapping::of);
    let mapping = mapping
        .ok_or_else(|| wrong("mapping", "must map placeholders such as [NAME_1] to strings"))?;
    let (key, mut value) = only_shape(fields)?;
    let began = Instant::now();
    let mut restorer = Restorer::new(&mapping);
    restorer.reply(&mut value);
    progress.restoration = Some(began.elapsed());
    progress.given = mapping.len();
    progress.restored = Some(restorer.report());
    Ok(json!({ key: value }))
}

/// The only field, `text` (a string) or `messages` (a list).
fn only_shape(fields: Map<String, Value>) -> Result<(String, Value), GatewayError> {
    let mut fields = fields.into_iter();
    let (Some((key, value)), None) = (fields.next(), fields.next()) else {
        return Err(wrong("body", "the body must hold either `text` or `messages`"));
    };
    match (key.as_str(), &value) {
        ("text", Value::String(_)) | ("messages", Value::Array(_)) => Ok((key, value)),
        ("text", _) => Err(wrong("text", "`text` must be a string")),
        ("messages", _) => Err(wrong("messages", "`messages` must be a list")),
        _ => Err(wrong("body", "the body must hold either `text` or `messages`")),
    }
}

/// The body as a chat, so that what a caller sees here is what a chat would send; and whether it
/// was a text.
fn chat_of(fields: Map<String, Value>) -> Result<(Value, bool), GatewayError> {
    Ok(match only_shape(fields)? {
        (key, text) if key == "text" => {
            (json!({"messages": [{"role": "user", "content": text}]}), true)
        }
        (_, messages) => (json!({ "messages": messages }), false),
    })
}

/// The leaves of `chat`, and where each of them stands.
fn sites(chat: &mut Value, original: &Value) -> Result<(Vec<Leaf>, Vec<Site>), GatewayError> {
    let mut leaves = Vec::new();
    let mut sites: Vec<Site> = Vec::new();
    // The string that holds JSON and is being walked, and the places that are still to come in it.
    let mut open: Option<(String, Rc<PhiText>, Vec<Places>)> = None;
    walk::walk(chat, &CHAT_COMPLETIONS, &mut |visit: Visit<'_>| {
        leaves.push(visit.leaf());
        let pointer = pointer(visit.path, visit.positions);
        if open.as_ref().is_none_or(|(own, ..)| *own != pointer) {
            let whole = original.pointer(&pointer).and_then(Value::as_str);
            open = whole.filter(|text| json_text::is_container(text)).map(|json| {
                let mut places = json_text::places(json);
                places.reverse();
                (pointer, Rc::new(PhiText::from(json)), places)
            });
        }
        let (places, text) = match &mut open {
            Some((_, json, places)) => (places.pop(), Rc::clone(json)),
            None => (None, Rc::new(PhiText::from(visit.text))),
        };
        let mut field = field(visit.path, visit.positions);
        if visit.kind == LeafKind::Key && places.is_none() {
            field.push_str(if field.is_empty() { "{key}" } else { ".{key}" });
        }
        let message = visit.positions.first().copied().unwrap_or_default();
        sites.push(Site { message, field, places, text });
        None
    })
    .map_err(|_| GatewayError::Internal("the request cannot be walked"))?;
    Ok((leaves, sites))
}

/// `messages[].content[].text` at 0 and 1 → `/messages/0/content/1/text` (RFC 6901).
fn pointer(path: &str, positions: &[usize]) -> String {
    let mut positions = positions.iter();
    let mut pointer = String::new();
    for step in path.split('.') {
        let name = step.trim_end_matches("[]");
        pointer.push('/');
        pointer.push_str(name);
        for position in positions.by_ref().take((step.len() - name.len()) / 2) {
            pointer.push_str(&format!("/{position}"));
        }
    }
    pointer
}

/// `messages[].content[].text` at 0 and 1 → `content[1].text`.
fn field(path: &str, positions: &[usize]) -> String {
    let inner = path.strip_prefix("messages[]").unwrap_or(path);
    let mut field = String::new();
    let mut positions = positions.iter().skip(1);
    for (at, piece) in inner.trim_start_matches('.').split("[]").enumerate() {
        if at > 0
            && let Some(position) = positions.next()
        {
            field.push_str(&format!("[{position}]"));
        }
        field.push_str(piece);
    }
    field
}

/// What was found, with offsets in code points of the string that it stands in.
fn entities(sites: &[Site], replaced: &[Vec<Replacement>], is_text: bool) -> Value {
    let mut entities = Vec::new();
    for (site, replaced) in sites.iter().zip(replaced) {
        let text = site.text.expose_phi();
        // Spans are in order, so each character is counted once.
        let (mut counted, mut points) = (0, 0);
        let mut point = |byte: usize| {
            let byte = match &site.places {
                Some(places) => places.get(byte).copied().unwrap_or(text.len()),
                None => byte,
            };
            points += text.get(counted..byte).map_or(0, |between| between.chars().count());
            counted = counted.max(byte);
            points
        };
        for replacement in replaced {
            let mut entity = json!({
                "label": replacement.label,
                "start": point(replacement.span.start),
                "end": point(replacement.span.end),
                "score": rounded(replacement.score),
                "detector": &*replacement.detector,
                "placeholder": replacement.written,
            });
            if let Some(entity) = entity.as_object_mut().filter(|_| !is_text) {
                entity.insert("message".to_owned(), json!(site.message));
                entity.insert("field".to_owned(), json!(site.field));
            }
            entities.push(entity);
        }
    }
    Value::Array(entities)
}

/// A score with the digits that mean something.
fn rounded(score: f32) -> f64 {
    (f64::from(score) * 10_000.0).round() / 10_000.0
}

fn wrong(param: &str, message: &str) -> GatewayError {
    GatewayError::InvalidRequest { param: Some(param.to_owned()), message: message.to_owned() }
}
