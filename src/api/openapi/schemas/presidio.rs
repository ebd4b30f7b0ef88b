//! Presidio's REST API.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::openai::SomeTexts;

/// Presidio's error: an object with one string.
#[derive(Serialize, Deserialize, ToSchema)]
pub(in crate::api::openapi) struct PresidioError {
    error: String,
}

/// The language of a text: English alone.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::api::openapi) enum Language {
    En,
}

/// `POST /analyze`, as Presidio's analyzer has it.
#[derive(Serialize, Deserialize, ToSchema)]
pub(in crate::api::openapi) struct AnalyzeRequest {
    text: AnalyzedText,
    language: Language,
    /// The entities to look for, by Presidio's names or ours; all where there is none.
    entities: Option<Vec<String>>,
    /// What scores less is left out.
    score_threshold: Option<f64>,
    /// Whether each result says who found it and how.
    return_decision_process: Option<bool>,
    /// Recognizers for this request alone.
    ad_hoc_recognizers: Option<Vec<AdHocRecognizer>>,
    /// Words that count as standing beside every match.
    context: Option<Vec<String>>,
    /// Texts that are no results, or patterns of them.
    allow_list: Option<Vec<String>>,
    allow_list_match: Option<AllowListMatch>,
    /// Not kept.
    correlation_id: Option<Value>,
}

/// A text, or a list of texts, which is answered with a list of lists.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub(in crate::api::openapi) enum AnalyzedText {
    One(SomeText),
    Many(SomeTexts),
}

/// A text that is not empty.
#[derive(Serialize, Deserialize, ToSchema)]
pub(in crate::api::openapi) struct SomeText(String);

/// How `allow_list` is read.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::api::openapi) enum AllowListMatch {
    Exact,
    Regex,
}

/// A recognizer: `patterns`, `deny_list`, or both.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub(in crate::api::openapi) enum AdHocRecognizer {
    Patterns(PatternRecognizer),
    Words(DenyListRecognizer),
}

/// Finds what matches patterns, in time linear in the text.
#[derive(Serialize, Deserialize, ToSchema)]
pub(in crate::api::openapi) struct PatternRecognizer {
    #[schema(min_length = 1)]
    supported_entity: String,
    name: Option<String>,
    supported_language: Option<String>,
    #[schema(min_items = 1)]
    patterns: Vec<Pattern>,
    /// Words before a match that make it surer.
    context: Option<Vec<String>>,
}

/// A pattern: no look-around, no back-references.
#[derive(Serialize, Deserialize, ToSchema)]
pub(in crate::api::openapi) struct Pattern {
    name: Option<String>,
    #[schema(min_length = 1)]
    regex: String,
    #[schema(minimum = 0, maximum = 1)]
    score: Option<f64>,
}

/// Finds words of a list.
#[derive(Serialize, Deserialize, ToSchema)]
pub(in crate::api::openapi) struct DenyListRecognizer {
    #[schema(min_length = 1)]
    supported_entity: String,
    name: Option<String>,
    supported_language: Option<String>,
    #[schema(min_items = 1)]
    deny_list: Vec<String>,
    #[schema(minimum = 0, maximum = 1)]
    deny_list_score: Option<f64>,
    context: Option<Vec<String>>,
}

/// What was found: for each text of a list a list of its own.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub(in crate::api::openapi) enum AnalyzeReply {
    One(Vec<AnalyzerResult>),
    Many(Vec<Vec<AnalyzerResult>>),
}

/// What `/analyze` found. Offsets are code points.
#[derive(Serialize, Deserialize, ToSchema)]
pub(in crate::api::openapi) struct AnalyzerResult {
    #[schema(min_length = 1)]
    entity_type: String,
    #[schema(minimum = 0)]
    start: i64,
    #[schema(minimum = 0)]
    end: i64,
    #[schema(minimum = 0, maximum = 1)]
    score: f64,
    /// With `return_decision_process`.
    analysis_explanation: Option<Value>,
}

/// `POST /anonymize`, as Presidio's anonymizer has it.
#[derive(Serialize, Deserialize, ToSchema)]
pub(in crate::api::openapi) struct AnonymizeRequest {
    #[schema(min_length = 1)]
    text: String,
    /// Within the text.
    analyzer_results: Vec<ResultToChange>,
    /// Entity type → operator; `DEFAULT` for all others, which are replaced where it is missing.
    anonymizers: Option<BTreeMap<String, Operator>>,
}

/// A result of the analyzer's.
#[derive(Serialize, Deserialize, ToSchema)]
pub(in crate::api::openapi) struct ResultToChange {
    #[schema(min_length = 1)]
    entity_type: String,
    #[schema(minimum = 0)]
    start: i64,
    #[schema(minimum = 0)]
    end: i64,
    score: f64,
}

/// What is done with an entity.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub(in crate::api::openapi) enum Operator {
    Replace(Replace),
    Plain(PlainOperator),
    Mask(Mask),
    Hash(Hash),
    Encrypt(Encrypt),
}

/// Puts a text in its place, `<ENTITY_TYPE>` by itself.
#[derive(Serialize, Deserialize, ToSchema)]
pub(in crate::api::openapi) struct Replace {
    #[serde(rename = "type")]
    kind: ReplaceKind,
    new_value: Option<String>,
}

/// `replace`
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::api::openapi) enum ReplaceKind {
    Replace,
}

/// Takes it out, or leaves it.
#[derive(Serialize, Deserialize, ToSchema)]
pub(in crate::api::openapi) struct PlainOperator {
    #[serde(rename = "type")]
    kind: PlainKind,
}

/// `redact` or `keep`
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::api::openapi) enum PlainKind {
    Redact,
    Keep,
}

/// Puts a character over it.
#[derive(Serialize, Deserialize, ToSchema)]
pub(in crate::api::openapi) struct Mask {
    #[serde(rename = "type")]
    kind: MaskKind,
    #[schema(min_length = 1, max_length = 1)]
    masking_char: String,
    chars_to_mask: i64,
    from_end: Option<bool>,
}

/// `mask`
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::api::openapi) enum MaskKind {
    Mask,
}

/// Puts its salted hash in its place.
#[derive(Serialize, Deserialize, ToSchema)]
pub(in crate::api::openapi) struct Hash {
    #[serde(rename = "type")]
    kind: HashKind,
    hash_type: Option<HashType>,
    /// Of 16 bytes and more; at random where there is none.
    #[schema(min_length = 16)]
    salt: Option<String>,
}

/// `hash`
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::api::openapi) enum HashKind {
    Hash,
}

/// SHA-2 of 256 or 512 bits.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::api::openapi) enum HashType {
    Sha256,
    Sha512,
}

/// Encrypts it with AES.
#[derive(Serialize, Deserialize, ToSchema)]
pub(in crate::api::openapi) struct Encrypt {
    #[serde(rename = "type")]
    kind: EncryptKind,
    /// 128, 192 or 256 bits: 16, 24 or 32 characters.
    #[schema(pattern = "^([ -~]{16}|[ -~]{24}|[ -~]{32})$")]
    key: String,
}

/// `encrypt`
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::api::openapi) enum EncryptKind {
    Encrypt,
}

/// `POST /deanonymize`: the way back for what was encrypted.
#[derive(Serialize, Deserialize, ToSchema)]
pub(in crate::api::openapi) struct DeanonymizeRequest {
    #[schema(min_length = 1)]
    text: String,
    anonymizer_results: Vec<AnonymizedItem>,
    /// Entity type → operator; `DEFAULT` for all others.
    deanonymizers: BTreeMap<String, WayBack>,
}

/// What is done with an entity that was encrypted.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub(in crate::api::openapi) enum WayBack {
    Decrypt(Decrypt),
    Keep(DeanonymizeKeep),
}

/// Decrypts it.
#[derive(Serialize, Deserialize, ToSchema)]
pub(in crate::api::openapi) struct Decrypt {
    #[serde(rename = "type")]
    kind: DecryptKind,
    /// The key that it was encrypted with.
    #[schema(pattern = "^([ -~]{16}|[ -~]{24}|[ -~]{32})$")]
    key: String,
}

/// `decrypt`
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::api::openapi) enum DecryptKind {
    Decrypt,
}

/// Leaves it.
#[derive(Serialize, Deserialize, ToSchema)]
pub(in crate::api::openapi) struct DeanonymizeKeep {
    #[serde(rename = "type")]
    kind: DeanonymizeKeepKind,
}

/// `deanonymize_keep`
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::api::openapi) enum DeanonymizeKeepKind {
    DeanonymizeKeep,
}

/// Where something was replaced.
#[derive(Serialize, Deserialize, ToSchema)]
pub(in crate::api::openapi) struct AnonymizedItem {
    #[schema(minimum = 0)]
    start: i64,
    #[schema(minimum = 0)]
    end: i64,
    #[schema(min_length = 1)]
    entity_type: String,
}

/// The text, and where something was replaced.
#[derive(Serialize, Deserialize, ToSchema)]
pub(in crate::api::openapi) struct AnonymizeReply {
    text: String,
    items: Vec<BTreeMap<String, Value>>,
}
