//! The gateway's own endpoints, and errors.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::openai::{ChatRequest, EntityLabel, Message, Strategies, StrategyName};

/// Every error there is.
#[derive(Serialize, Deserialize, ToSchema)]
pub(in crate::api::openapi) struct ErrorReply {
    error: ErrorObject,
}

/// OpenAI's error object.
#[derive(Serialize, Deserialize, ToSchema)]
pub(in crate::api::openapi) struct ErrorObject {
    /// For people. It quotes nothing of a request.
    message: String,
    #[serde(rename = "type")]
    kind: Option<String>,
    /// The field that is wrong, where one is.
    #[schema(required = true)]
    param: Option<String>,
    /// For programs, see docs/api.md.
    #[schema(required = true)]
    code: Option<String>,
}

/// `POST /v1/deidentify`: a text, or a chat.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub(in crate::api::openapi) enum DeidentifyRequest {
    Text(DeidentifyText),
    Chat(DeidentifyChat),
}

/// A text.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api::openapi) struct DeidentifyText {
    text: String,
    policy: Option<PolicyOverride>,
}

/// A chat.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api::openapi) struct DeidentifyChat {
    #[schema(min_items = 1)]
    messages: Vec<Message>,
    policy: Option<PolicyOverride>,
}

/// What is laid over the policy of the settings, for this answer alone.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api::openapi) struct PolicyOverride {
    /// The strategy for labels that neither this nor the settings name.
    default: Option<StrategyName>,
    #[schema(nullable = false)]
    labels: Option<Strategies>,
    /// What scores below it is dropped.
    #[schema(minimum = 0, maximum = 1, nullable = false)]
    min_score: Option<f64>,
    /// The same by label.
    #[schema(nullable = false)]
    thresholds: Option<Scores>,
}

/// Label → score.
#[derive(Serialize, Deserialize, ToSchema)]
pub(in crate::api::openapi) struct Scores(BTreeMap<String, f64>);

/// The same shape with placeholders, what was found, and the way back.
#[derive(Serialize, Deserialize, ToSchema)]
pub(in crate::api::openapi) struct DeidentifyReply {
    text: Option<String>,
    messages: Option<Vec<BTreeMap<String, Value>>>,
    entities: Vec<EntityReply>,
    /// Placeholder → original.
    mapping: BTreeMap<String, String>,
}

/// One thing that was found. Offsets are code points of the text as it was sent.
#[derive(Serialize, Deserialize, ToSchema)]
pub(in crate::api::openapi) struct EntityReply {
    label: EntityLabel,
    #[schema(minimum = 0)]
    start: i64,
    #[schema(minimum = 0)]
    end: i64,
    #[schema(minimum = 0, maximum = 1)]
    score: f64,
    detector: String,
    /// What stands there now; null where it was kept.
    #[schema(required = true)]
    placeholder: Option<String>,
    /// Of a chat: the number of the message, from 0.
    #[schema(minimum = 0)]
    message: Option<i64>,
    /// Of a chat: the string within the message that the offsets count in, such as `content[1].text`.
    field: Option<String>,
}

/// `POST /v1/reidentify`: a text or messages, and the mapping.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub(in crate::api::openapi) enum ReidentifyRequest {
    Text(ReidentifyText),
    Chat(ReidentifyChat),
}

/// A text to restore.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api::openapi) struct ReidentifyText {
    text: String,
    mapping: GivenOut,
}

/// Messages to restore, every string in them.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api::openapi) struct ReidentifyChat {
    messages: Vec<Value>,
    mapping: GivenOut,
}

/// Placeholder or stand-in → original, as `/v1/deidentify` gave it.
#[derive(Serialize, Deserialize, ToSchema)]
pub(in crate::api::openapi) struct GivenOut(BTreeMap<String, String>);

/// The same shape with the originals put back.
#[derive(Serialize, Deserialize, ToSchema)]
pub(in crate::api::openapi) struct ReidentifyReply {
    text: Option<String>,
    messages: Option<Vec<Value>>,
}

/// Alive, or ready.
#[derive(Serialize, Deserialize, ToSchema)]
pub(in crate::api::openapi) struct Health {
    status: String,
}

/// `POST /playground/inspect`
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api::openapi) struct InspectRequest {
    body: ChatRequest,
    #[schema(nullable = false)]
    labels: Option<Strategies>,
    #[schema(nullable = false)]
    thresholds: Option<Scores>,
}

/// What would leave: the exact body, its texts with what was found in each and why, the mapping.
#[derive(Serialize, Deserialize, ToSchema)]
pub(in crate::api::openapi) struct InspectReply {
    /// The body, exactly as it would be sent.
    sent: String,
    #[schema(minimum = 0)]
    bytes: i64,
    texts: Vec<BTreeMap<String, Value>>,
    mapping: BTreeMap<String, String>,
    /// Durations in milliseconds.
    timings: BTreeMap<String, f64>,
}

/// What the playground offers to try.
#[derive(Serialize, Deserialize, ToSchema)]
pub(in crate::api::openapi) struct PlaygroundReply {
    version: String,
    labels: Vec<BTreeMap<String, Value>>,
    strategies: Vec<StrategyName>,
}
