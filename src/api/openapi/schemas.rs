//! The shapes of requests and replies, as far as the gateway checks or makes them. Every other
//! field of OpenAI's passes through.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// `POST /v1/chat/completions`: OpenAI's request. Fields that are not named here pass through,
/// their strings de-identified.
#[derive(Serialize, Deserialize, ToSchema)]
pub(super) struct ChatRequest {
    #[schema(min_length = 1)]
    model: Option<String>,
    #[schema(min_items = 1)]
    messages: Vec<Message>,
    /// Server-sent events instead of one reply.
    stream: Option<bool>,
    #[schema(minimum = 0, maximum = 2)]
    temperature: Option<f64>,
    #[schema(minimum = 1, maximum = 128)]
    n: Option<u32>,
    #[schema(minimum = 1)]
    max_tokens: Option<i64>,
    #[schema(minimum = 1)]
    max_completion_tokens: Option<i64>,
}

/// One message of a chat.
#[derive(Serialize, Deserialize, ToSchema)]
pub(super) struct Message {
    role: Role,
    content: Content,
}

/// Who speaks.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Role {
    System,
    Developer,
    User,
    Assistant,
    Tool,
    Function,
}

/// A text, or a list of parts. Images, audio and files are refused unless the settings forward
/// them. A message with `tool_calls` may have none.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub(super) enum Content {
    Text(String),
    Parts(Vec<TextPart>),
}

/// A part of a message that is text.
#[derive(Serialize, Deserialize, ToSchema)]
pub(super) struct TextPart {
    #[serde(rename = "type")]
    kind: TextKind,
    text: String,
}

/// `text`
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum TextKind {
    Text,
}

/// OpenAI's reply, every text restored, or the compact form.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub(super) enum ChatReply {
    Whole(Choices),
    Compact(Compact),
}

/// A reply with choices, as OpenAI sends it.
#[derive(Serialize, Deserialize, ToSchema)]
pub(super) struct Choices {
    #[schema(min_items = 1)]
    choices: Vec<BTreeMap<String, Value>>,
}

/// The compact form: for callers with `x-openai-key` and no `Authorization`.
#[derive(Serialize, Deserialize, ToSchema)]
pub(super) struct Compact {
    content: Option<String>,
}

/// A text, or a list of texts. Token arrays are refused: nobody here can read them.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub(super) enum Texts {
    One(String),
    Many(Vec<String>),
}

/// One server-sent event of a stream.
#[derive(Serialize, Deserialize, ToSchema)]
pub(super) struct StreamEvent {
    /// A chunk as OpenAI sends it, restored, or `[DONE]`.
    data: String,
    event: Option<String>,
}

/// `POST /v1/completions`
#[derive(Serialize, Deserialize, ToSchema)]
pub(super) struct CompletionRequest {
    #[schema(min_length = 1)]
    model: Option<String>,
    prompt: Option<Texts>,
    stream: Option<bool>,
    #[schema(minimum = 0, maximum = 2)]
    temperature: Option<f64>,
    #[schema(minimum = 1, maximum = 128)]
    n: Option<u32>,
    #[schema(minimum = 1)]
    max_tokens: Option<i64>,
}

/// `POST /v1/responses`. `previous_response_id`, `conversation` and `background` are refused:
/// nothing is stored here.
#[derive(Serialize, Deserialize, ToSchema)]
pub(super) struct ResponsesRequest {
    #[schema(min_length = 1)]
    model: Option<String>,
    /// A text. OpenAI's list of items is taken too, and its `instructions` and other fields.
    input: String,
    stream: Option<bool>,
    #[schema(minimum = 0, maximum = 2)]
    temperature: Option<f64>,
    #[schema(minimum = 1)]
    max_output_tokens: Option<i64>,
}

/// A response, as OpenAI sends it.
#[derive(Serialize, Deserialize, ToSchema)]
pub(super) struct ResponsesReply {
    output: Vec<BTreeMap<String, Value>>,
}

/// `POST /v1/embeddings`
#[derive(Serialize, Deserialize, ToSchema)]
pub(super) struct EmbeddingRequest {
    #[schema(min_length = 1)]
    model: Option<String>,
    input: Texts,
    #[schema(minimum = 1)]
    dimensions: Option<i64>,
}

/// Embeddings, as OpenAI sends them.
#[derive(Serialize, Deserialize, ToSchema)]
pub(super) struct EmbeddingReply {
    data: Vec<BTreeMap<String, Value>>,
}

/// `POST /v1/moderations`
#[derive(Serialize, Deserialize, ToSchema)]
pub(super) struct ModerationRequest {
    #[schema(min_length = 1)]
    model: Option<String>,
    input: Texts,
}

/// What is said of the input, as OpenAI sends it.
#[derive(Serialize, Deserialize, ToSchema)]
pub(super) struct ModerationReply {
    results: Vec<BTreeMap<String, Value>>,
}

/// The upstream's reply, unchanged.
#[derive(Serialize, Deserialize, ToSchema)]
pub(super) struct Models {
    object: Option<String>,
}

/// Every error there is.
#[derive(Serialize, Deserialize, ToSchema)]
pub(super) struct ErrorReply {
    error: ErrorObject,
}

/// OpenAI's error object.
#[derive(Serialize, Deserialize, ToSchema)]
pub(super) struct ErrorObject {
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
pub(super) enum DeidentifyRequest {
    Text(DeidentifyText),
    Chat(DeidentifyChat),
}

/// A text.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DeidentifyText {
    text: String,
}

/// A chat.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DeidentifyChat {
    #[schema(min_items = 1)]
    messages: Vec<Message>,
}

/// The same shape with placeholders, what was found, and the way back.
#[derive(Serialize, Deserialize, ToSchema)]
pub(super) struct DeidentifyReply {
    text: Option<String>,
    messages: Option<Vec<BTreeMap<String, Value>>>,
    entities: Vec<EntityReply>,
    /// Placeholder → original.
    mapping: BTreeMap<String, String>,
}

/// One thing that was found. Offsets are code points of the text as it was sent.
#[derive(Serialize, Deserialize, ToSchema)]
pub(super) struct EntityReply {
    label: String,
    #[schema(minimum = 0)]
    start: i64,
    #[schema(minimum = 0)]
    end: i64,
    #[schema(minimum = 0, maximum = 1)]
    score: f64,
    detector: String,
    /// What stands there now; null where it was kept.
    placeholder: Option<String>,
}

/// `POST /v1/reidentify`
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReidentifyRequest {
    text: String,
    /// Placeholder → original, as `/v1/deidentify` gave it.
    #[schema(schema_with = mapping)]
    mapping: BTreeMap<String, String>,
}

/// Only what was given out may stand in a mapping: the document shows the simplest form.
fn mapping() -> utoipa::openapi::schema::Object {
    use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, Type};
    let text = || ObjectBuilder::new().schema_type(Type::String).build();
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .property("[NAME_1]", text())
        .property("[DATE_1]", text())
        .additional_properties(Some(AdditionalProperties::FreeForm(false)))
        .description(Some(
            "Placeholder → original. Any placeholder of `/v1/deidentify` may stand here.",
        ))
        .build()
}

/// The text with the originals put back.
#[derive(Serialize, Deserialize, ToSchema)]
pub(super) struct ReidentifyReply {
    text: String,
}

/// Alive, or ready.
#[derive(Serialize, Deserialize, ToSchema)]
pub(super) struct Health {
    status: String,
}

/// `POST /playground/inspect`
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct InspectRequest {
    body: ChatRequest,
}

/// What would leave: the exact body, its texts with what was found in each and why, the mapping.
#[derive(Serialize, Deserialize, ToSchema)]
pub(super) struct InspectReply {
    /// The body, exactly as it would be sent.
    sent: String,
    #[schema(minimum = 0)]
    bytes: i64,
    texts: Vec<BTreeMap<String, Value>>,
    mapping: BTreeMap<String, String>,
    timings: BTreeMap<String, f64>,
}

/// What the playground offers to try.
#[derive(Serialize, Deserialize, ToSchema)]
pub(super) struct PlaygroundReply {
    version: String,
    labels: Vec<BTreeMap<String, Value>>,
    strategies: Vec<String>,
}

/// Presidio's error: an object with one string.
#[derive(Serialize, Deserialize, ToSchema)]
pub(super) struct PresidioError {
    error: String,
}

/// The language of a text: English alone.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Language {
    En,
}

/// `POST /analyze`, as Presidio's analyzer has it; see docs/presidio.md for the other fields.
#[derive(Serialize, Deserialize, ToSchema)]
pub(super) struct AnalyzeRequest {
    #[schema(min_length = 1)]
    text: String,
    language: Language,
}

/// What `/analyze` found. Offsets are code points.
#[derive(Serialize, Deserialize, ToSchema)]
pub(super) struct AnalyzerResult {
    entity_type: String,
    #[schema(minimum = 0)]
    start: i64,
    #[schema(minimum = 0)]
    end: i64,
    #[schema(minimum = 0, maximum = 1)]
    score: f64,
}

/// `POST /anonymize`, as Presidio's anonymizer has it.
#[derive(Serialize, Deserialize, ToSchema)]
pub(super) struct AnonymizeRequest {
    #[schema(min_length = 1)]
    text: String,
    analyzer_results: Vec<AnalyzerResult>,
    /// Entity type → operator.
    anonymizers: Option<BTreeMap<String, Operator>>,
}

/// `replace`, `redact`, `mask`, `hash`, `encrypt`, `decrypt` or `keep`, with its own fields.
#[derive(Serialize, Deserialize, ToSchema)]
pub(super) struct Operator {
    #[serde(rename = "type")]
    kind: String,
}

/// `POST /deanonymize`: the way back for what was encrypted.
#[derive(Serialize, Deserialize, ToSchema)]
pub(super) struct DeanonymizeRequest {
    #[schema(min_length = 1)]
    text: String,
    anonymizer_results: Vec<AnonymizedItem>,
    /// Entity type → operator.
    deanonymizers: BTreeMap<String, Operator>,
}

/// Where something was replaced.
#[derive(Serialize, Deserialize, ToSchema)]
pub(super) struct AnonymizedItem {
    #[schema(minimum = 0)]
    start: i64,
    #[schema(minimum = 0)]
    end: i64,
    entity_type: String,
}

/// The text, and where something was replaced.
#[derive(Serialize, Deserialize, ToSchema)]
pub(super) struct AnonymizeReply {
    text: String,
    items: Vec<BTreeMap<String, Value>>,
}
