//! The architectures that libtorch runs, as rust-bert has them and DeBERTa as we have it.

use std::sync::Arc;

use rust_bert::{
    bert::{BertConfig, BertForTokenClassification},
    distilbert::{DistilBertConfig, DistilBertForTokenClassification},
    electra::{ElectraConfig, ElectraForTokenClassification},
    pipelines::common::ModelType,
    roberta::RobertaForTokenClassification,
};
use serde_json::Value;
use tch::{Tensor, nn};

use super::{
    deberta::{self, Deberta},
    fast::{FastBert, Room},
};

/// A network for token classification.
pub(super) enum Network {
    Bert(BertForTokenClassification),
    DistilBert(DistilBertForTokenClassification),
    Roberta(RobertaForTokenClassification),
    Electra(ElectraForTokenClassification),
    /// BERT in 8-bit whole numbers, where the processor and the model's shape allow it.
    Fast(Arc<FastBert>, Box<Room>),
    DebertaV2(Box<Deberta>),
}

impl Network {
    /// The architecture with weights that mean nothing yet.
    pub(super) fn new(kind: ModelType, root: &nn::Path, config: Value) -> Result<Self, String> {
        Ok(match kind {
            ModelType::DistilBert => {
                let config: DistilBertConfig = parse(config, &DISTILBERT_DEFAULTS)?;
                Network::DistilBert(
                    DistilBertForTokenClassification::new(root, &config).map_err(words)?,
                )
            }
            ModelType::Electra => {
                let config: ElectraConfig = parse(config, &[])?;
                Network::Electra(ElectraForTokenClassification::new(root, &config).map_err(words)?)
            }
            ModelType::Roberta | ModelType::XLMRoberta => {
                let config: BertConfig = parse(config, &[])?;
                Network::Roberta(RobertaForTokenClassification::new(root, &config).map_err(words)?)
            }
            ModelType::DebertaV2 => {
                let config: deberta::Config = parse(config, &[])?;
                Network::DebertaV2(Box::new(Deberta::new(root, &config)?))
            }
            _ => {
                let config: BertConfig = parse(config, &[])?;
                Network::Bert(BertForTokenClassification::new(root, &config).map_err(words)?)
            }
        })
    }
}

/// What newer releases of transformers leave out of a DistilBERT's `config.json`, since it has no
/// say in what a model computes.
const DISTILBERT_DEFAULTS: [(&str, bool); 2] =
    [("tie_weights_", true), ("sinusoidal_pos_embds", false)];

/// A model's `config.json` for rust-bert, which wants every field.
fn parse<T: serde::de::DeserializeOwned>(
    mut config: Value,
    defaults: &[(&str, bool)],
) -> Result<T, String> {
    if let Value::Object(fields) = &mut config {
        for (name, value) in defaults {
            fields.entry(*name).or_insert(Value::Bool(*value));
        }
    }
    serde_json::from_value(config).map_err(words)
}

fn words(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// An error inside a forward pass: the guard around it names it.
pub(super) fn stop(error: impl std::fmt::Display) -> Tensor {
    std::panic::resume_unwind(Box::new(error.to_string()))
}
