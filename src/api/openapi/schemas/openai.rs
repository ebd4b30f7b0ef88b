//! OpenAI's endpoints. Fields without a type are not looked at but for the texts in them, which are
//! de-identified; the upstream says what it takes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// `POST /v1/chat/completions`: OpenAI's request. Fields that are not named here pass through,
/// their texts de-identified.
#[derive(Serialize, Deserialize, ToSchema)]
pub(in crate::api::openapi) struct ChatRequest {
    /// In the compact form `compact.model` of the settings where there is none.
    #[schema(min_length = 1)]
    model: Option<String>,
    #[schema(min_items = 1)]
    messages: Vec<Message>,
    /// Server-sent events instead of one reply.
    stream: Option<bool>,
    /// Of the stream: `include_usage`.
    stream_options: Option<Value>,
    #[schema(minimum = 0, maximum = 2)]
    temperature: Option<f64>,
    top_p: Option<Value>,
    #[schema(minimum = 1, maximum = 128)]
    n: Option<u32>,
    #[schema(minimum = 1)]
    max_tokens: Option<i64>,
    #[schema(minimum = 1)]
    max_completion_tokens: Option<i64>,
    /// Functions that the model may call.
    tools: Option<Value>,
    tool_choice: Option<Value>,
    /// Such as `{"type": "json_object"}`, or a JSON schema.
    response_format: Option<Value>,
    stop: Option<Value>,
    seed: Option<Value>,
    frequency_penalty: Option<Value>,
    presence_penalty: Option<Value>,
    reasoning_effort: Option<Value>,
    logit_bias: Option<LogitBias>,
    metadata: Option<Value>,
    user: Option<Value>,
    deid: Option<Deid>,
}

/// Token id → -100 to 100.
#[derive(Serialize, Deserialize, ToSchema)]
pub(in crate::api::openapi) struct LogitBias(BTreeMap<String, f64>);

/// What the caller adds to the settings. It is read and removed before anything is sent.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api::openapi) struct Deid {
    /// Identifiers that the caller's records hold: replaced in all their usual forms, whatever the
    /// detectors think.
    #[schema(max_items = 1000, nullable = false)]
    known: Option<Vec<KnownText>>,
    /// A name of the conversation that says nothing, for `date_shift`.
    session: Option<String>,
    /// Strategies by label, as strict as the settings or stricter, unless
    /// `policy.caller_may_relax` says otherwise.
    #[schema(nullable = false)]
    labels: Option<Strategies>,
}

/// An identifier that the caller knows.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api::openapi) struct KnownText {
    /// At least a letter or a digit.
    #[schema(min_length = 1, max_length = 500)]
    text: String,
    label: EntityLabel,
}

/// A label, see docs/policies.md.
#[derive(Serialize, Deserialize, ToSchema)]
pub(in crate::api::openapi) struct EntityLabel(String);

/// Label → strategy.
#[derive(Serialize, Deserialize, ToSchema)]
pub(in crate::api::openapi) struct Strategies(BTreeMap<String, String>);

/// What becomes of an identifier, see docs/policies.md.
#[derive(Serialize, Deserialize, ToSchema)]
pub(in crate::api::openapi) struct StrategyName(String);

/// One message of a chat.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub(in crate::api::openapi) enum Message {
    Said(SaidMessage),
    Calls(CallingMessage),
}

/// A message with content. Its other fields (`name`, `tool_call_id`, …) pass through.
#[derive(Serialize, Deserialize, ToSchema)]
pub(in crate::api::openapi) struct SaidMessage {
    role: Role,
    content: Content,
}

/// What the model said before: with tool calls it may have no content.
#[derive(Serialize, Deserialize, ToSchema)]
pub(in crate::api::openapi) struct CallingMessage {
    role: AssistantRole,
    #[schema(required = true)]
    content: Option<String>,
    /// The calls, their arguments de-identified leaf by leaf.
    tool_calls: Option<Value>,
}

/// `assistant`
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::api::openapi) enum AssistantRole {
    Assistant,
}

/// Who speaks.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::api::openapi) enum Role {
    System,
    Developer,
    User,
    Assistant,
    Tool,
    Function,
}

/// A text, or a list of parts. Images, audio and files are refused unless the settings forward
/// them.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub(in crate::api::openapi) enum Content {
    Text(String),
    Parts(Vec<TextPart>),
}

/// A part of a message that is text.
#[derive(Serialize, Deserialize, ToSchema)]
pub(in crate::api::openapi) struct TextPart {
    #[serde(rename = "type")]
    kind: TextKind,
    text: String,
}

/// `text`
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::api::openapi) enum TextKind {
    Text,
}

/// OpenAI's reply, every text restored, or the compact form.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub(in crate::api::openapi) enum ChatReply {
    Whole(Choices),
    Compact(Compact),
}

/// A reply with choices, as OpenAI sends it.
#[derive(Serialize, Deserialize, ToSchema)]
pub(in crate::api::openapi) struct Choices {
    #[schema(min_items = 1)]
    choices: Vec<BTreeMap<String, Value>>,
}

/// The compact form: for callers with `x-openai-key` and no `Authorization`.
#[derive(Serialize, Deserialize, ToSchema)]
pub(in crate::api::openapi) struct Compact {
    content: Option<String>,
}

/// One server-sent event of a stream.
#[derive(Serialize, Deserialize, ToSchema)]
pub(in crate::api::openapi) struct StreamEvent {
    /// A chunk as OpenAI sends it, restored, or `[DONE]`.
    data: String,
    event: Option<String>,
}

/// A text, or a list of texts. Token arrays are refused: nobody here can read them.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub(in crate::api::openapi) enum Texts {
    One(String),
    Many(SomeTexts),
}

/// At least one text.
#[derive(Serialize, Deserialize, ToSchema)]
pub(in crate::api::openapi) struct SomeTexts(Vec<String>);

/// `POST /v1/completions`
#[derive(Serialize, Deserialize, ToSchema)]
pub(in crate::api::openapi) struct CompletionRequest {
    #[schema(min_length = 1)]
    model: Option<String>,
    prompt: Option<Texts>,
    suffix: Option<Value>,
    stream: Option<bool>,
    #[schema(minimum = 0, maximum = 2)]
    temperature: Option<f64>,
    #[schema(minimum = 1, maximum = 128)]
    n: Option<u32>,
    #[schema(minimum = 1, maximum = 128)]
    best_of: Option<u32>,
    #[schema(minimum = 1)]
    max_tokens: Option<i64>,
    stop: Option<Value>,
    logit_bias: Option<LogitBias>,
    deid: Option<Deid>,
}

/// `POST /v1/responses`. `previous_response_id`, `conversation` and `background` are refused:
/// nothing is stored here.
#[derive(Serialize, Deserialize, ToSchema)]
pub(in crate::api::openapi) struct ResponsesRequest {
    #[schema(min_length = 1)]
    model: Option<String>,
    input: ResponsesInput,
    /// A text before the input.
    instructions: Option<String>,
    stream: Option<bool>,
    #[schema(minimum = 0, maximum = 2)]
    temperature: Option<f64>,
    #[schema(minimum = 1)]
    max_output_tokens: Option<i64>,
    /// Functions that the model may call.
    tools: Option<Value>,
    tool_choice: Option<Value>,
    reasoning: Option<Value>,
    deid: Option<Deid>,
}

/// A text, or a list of items.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub(in crate::api::openapi) enum ResponsesInput {
    Text(String),
    Items(Vec<InputItem>),
}

/// One item of the input.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub(in crate::api::openapi) enum InputItem {
    Message(InputMessage),
    FunctionOutput(FunctionOutput),
    Other(OtherItem),
}

/// A message.
#[derive(Serialize, Deserialize, ToSchema)]
pub(in crate::api::openapi) struct InputMessage {
    #[serde(rename = "type")]
    kind: Option<MessageKind>,
    /// `user`, `assistant`, `system` or `developer`.
    role: String,
    content: InputContent,
}

/// `message`
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::api::openapi) enum MessageKind {
    Message,
}

/// A text, or a list of parts.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub(in crate::api::openapi) enum InputContent {
    Text(String),
    Parts(Vec<InputPart>),
}

/// A part that is text. Images, audio and files are refused unless the settings forward them.
#[derive(Serialize, Deserialize, ToSchema)]
pub(in crate::api::openapi) struct InputPart {
    #[serde(rename = "type")]
    kind: InputPartKind,
    text: String,
}

/// What the caller wrote, or what the model wrote before.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::api::openapi) enum InputPartKind {
    InputText,
    OutputText,
}

/// What a function of the caller's answered.
#[derive(Serialize, Deserialize, ToSchema)]
pub(in crate::api::openapi) struct FunctionOutput {
    #[serde(rename = "type")]
    kind: FunctionOutputKind,
    call_id: Option<Value>,
    /// De-identified, leaf by leaf where it is JSON.
    output: String,
}

/// `function_call_output`
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::api::openapi) enum FunctionOutputKind {
    FunctionCallOutput,
}

/// Any other item of OpenAI's (`function_call`, `reasoning`, …), its texts de-identified. Those that
/// refer to what is stored elsewhere, or hold pictures, are refused.
#[derive(Serialize, Deserialize, ToSchema)]
pub(in crate::api::openapi) struct OtherItem {
    #[serde(rename = "type")]
    kind: String,
}

/// A response, as OpenAI sends it.
#[derive(Serialize, Deserialize, ToSchema)]
pub(in crate::api::openapi) struct ResponsesReply {
    output: Vec<BTreeMap<String, Value>>,
}

/// `POST /v1/embeddings`
#[derive(Serialize, Deserialize, ToSchema)]
pub(in crate::api::openapi) struct EmbeddingRequest {
    #[schema(min_length = 1)]
    model: Option<String>,
    input: Texts,
    #[schema(minimum = 1)]
    dimensions: Option<i64>,
    encoding_format: Option<Value>,
    deid: Option<Deid>,
}

/// Embeddings, as OpenAI sends them.
#[derive(Serialize, Deserialize, ToSchema)]
pub(in crate::api::openapi) struct EmbeddingReply {
    data: Vec<BTreeMap<String, Value>>,
}

/// `POST /v1/moderations`
#[derive(Serialize, Deserialize, ToSchema)]
pub(in crate::api::openapi) struct ModerationRequest {
    #[schema(min_length = 1)]
    model: Option<String>,
    input: ModerationInput,
    deid: Option<Deid>,
}

/// A text, a list of texts, or a list of parts that are text.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub(in crate::api::openapi) enum ModerationInput {
    Text(String),
    Texts(SomeTexts),
    Parts(SomeParts),
}

/// At least one part.
#[derive(Serialize, Deserialize, ToSchema)]
pub(in crate::api::openapi) struct SomeParts(Vec<TextPart>);

/// What is said of the input, as OpenAI sends it.
#[derive(Serialize, Deserialize, ToSchema)]
pub(in crate::api::openapi) struct ModerationReply {
    results: Vec<BTreeMap<String, Value>>,
}

/// The upstream's reply, unchanged.
#[derive(Serialize, Deserialize, ToSchema)]
pub(in crate::api::openapi) struct Models {
    object: Option<String>,
}
