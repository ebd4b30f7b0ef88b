//! A model folder's own settings: `config.json` and `tokenizer_config.json`.

use std::{collections::BTreeMap, path::Path};

use rust_bert::pipelines::common::ModelType;
use serde::Deserialize;

use super::{model::ModelError, token_types::TokenTypes};

/// The parts of `config.json` that all architectures share.
#[derive(Deserialize)]
pub(super) struct CommonConfig {
    pub(super) model_type: String,
    pub(super) id2label: BTreeMap<usize, String>,
    pub(super) max_position_embeddings: usize,
    #[serde(default)]
    pub(super) token_types: TokenTypes,
    #[serde(default)]
    pub(super) type_vocab_size: usize,
}

/// The parts of `tokenizer_config.json` that change what a tokenizer yields.
#[derive(Default, Deserialize)]
pub(super) struct TokenizerConfig {
    pub(super) do_lower_case: Option<bool>,
    pub(super) strip_accents: Option<bool>,
}

/// A model's `config.json`.
pub(super) fn common_config(folder: &Path) -> Result<CommonConfig, ModelError> {
    read_json(&folder.join("config.json"))
}

/// Reads a file of a model's folder.
pub(super) fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, ModelError> {
    let text = std::fs::read(path).map_err(|error| ModelError::File(path.to_owned(), error))?;
    serde_json::from_slice(&text)
        .map_err(|error| ModelError::Config(path.to_owned(), error.to_string()))
}

/// The architecture that `config.json` names.
pub(super) fn architecture(config: &CommonConfig) -> Result<ModelType, ModelError> {
    match config.model_type.as_str() {
        "bert" => Ok(ModelType::Bert),
        "distilbert" => Ok(ModelType::DistilBert),
        "roberta" => Ok(ModelType::Roberta),
        "xlm-roberta" => Ok(ModelType::XLMRoberta),
        "electra" => Ok(ModelType::Electra),
        "deberta-v2" => Ok(ModelType::DebertaV2),
        other => Err(ModelError::Architecture(other.to_owned())),
    }
}

/// The outputs' names in order; a gap in the numbering would shift every label after it.
pub(super) fn output_names(
    folder: &Path,
    config: &CommonConfig,
) -> Result<Vec<String>, ModelError> {
    if config.id2label.keys().copied().eq(0..config.id2label.len()) {
        return Ok(config.id2label.values().cloned().collect());
    }
    let reason = "id2label does not count from 0 without a gap".to_owned();
    Err(ModelError::Config(folder.join("config.json"), reason))
}
