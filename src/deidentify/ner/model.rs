//! A token-classification model from a Hugging Face folder, through rust-bert and tch.

use std::{
    any::Any,
    collections::HashMap,
    iter::zip,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::Arc,
};

use rust_bert::{
    Activation, Config as _,
    bert::BertConfig,
    pipelines::common::{ModelType, TokenizerOption},
};
use serde_json::Value;
use tch::{Device, Kind, Tensor, nn::VarStore};
use thiserror::Error;

use super::{
    config::{TokenizerConfig, architecture, common_config, output_names, read_json},
    encode::Input,
    fast::{self, Dimensions, FastBert, Pass, Weights},
    labels::LabelMap,
    network::{Network, stop},
    token_types::TokenTypes,
};
use crate::settings::{NerSettings, Precision};

/// Sequences whose padding may be so much longer than themselves share a forward pass.
const MOST_PADDING: f32 = 1.25;

/// By how much the fast network's probabilities may differ from libtorch's, over random tokens: on
/// average, and at most. The shipped model's, beside ONNX Runtime in fp32: 0.0003 and 0.025.
const TOLERANCE: (f32, f32) = (0.01, 0.5);

/// Why a model cannot be loaded or run. Messages never hold text that was given to the model.
#[derive(Debug, Error)]
pub enum ModelError {
    /// A file of the folder is not there or cannot be read.
    #[error("cannot read {0}: {1}")]
    File(PathBuf, std::io::Error),
    /// `config.json` is not what it should be.
    #[error("{0}: {1}")]
    Config(PathBuf, String),
    /// The folder holds none of the weight files that we can read.
    #[error("{0} holds no model.safetensors, rust_model.ot or pytorch_model.bin")]
    NoWeights(PathBuf),
    /// An architecture that is not built in.
    #[error(
        "model_type {0:?} is not one of bert, distilbert, roberta, xlm-roberta, electra, deberta-v2"
    )]
    Architecture(String),
    /// A label of the model's that is neither ours nor mapped.
    #[error("the model's label {0} is unknown here: map it under `labels`, or to \"none\"")]
    UnknownLabel(String),
    /// A mapping for a label that the model does not have.
    #[error("`labels` maps {0}, which the model does not have")]
    UnusedLabel(String),
    /// None of the model's labels is PHI.
    #[error("none of the model's labels is PHI, so it would find nothing")]
    NoLabels,
    /// The window is longer than the model's position embeddings.
    #[error("window_tokens is {asked}, and the model sees at most {most}")]
    Window {
        /// What the settings ask for, in tokens.
        asked: usize,
        /// What the model has positions for, in tokens.
        most: usize,
    },
    /// The weights do not fit the architecture, or the tokenizer's files are broken.
    #[error("cannot load {0}: {1}")]
    Load(PathBuf, String),
    /// A forward pass failed.
    #[error("inference failed: {0}")]
    Inference(String),
}

/// A loaded model with its tokenizer. Weights are fp32, whatever the file holds, or 8-bit made of
/// these.
pub(super) struct Model {
    network: Network,
    weights: VarStore,
    folder: PathBuf,
    kind: ModelType,
    pub(super) labels: LabelMap,
    pub(super) types: TokenTypes,
}

/// Loads the tokenizer that belongs to the model in `folder`.
pub(super) fn load_tokenizer(folder: &Path) -> Result<TokenizerOption, ModelError> {
    let kind = architecture(&common_config(folder)?)?;
    let path = folder.join("tokenizer_config.json");
    let config: TokenizerConfig =
        if path.exists() { read_json(&path)? } else { TokenizerConfig::default() };
    let file = |name: &str| -> Result<String, ModelError> {
        let path = folder.join(name);
        std::fs::metadata(&path).map_err(|error| ModelError::File(path.clone(), error))?;
        Ok(path.to_string_lossy().into_owned())
    };
    let lower_case = config.do_lower_case.unwrap_or(false);
    let (vocabulary, merges, accents) = match kind {
        ModelType::Roberta => (file("vocab.json")?, Some(file("merges.txt")?), None),
        ModelType::XLMRoberta => (file("sentencepiece.bpe.model")?, None, None),
        ModelType::DebertaV2 => (file("spm.model")?, None, None),
        _ => (file("vocab.txt")?, None, config.strip_accents),
    };
    guarded(|| {
        TokenizerOption::from_file(kind, &vocabulary, merges.as_deref(), lower_case, accents, None)
    })
    .and_then(|tokenizer| tokenizer.map_err(|error| error.to_string()))
    .map_err(|reason| ModelError::Load(PathBuf::from(vocabulary), reason))
}

impl Model {
    /// Loads the model that `settings` name.
    pub(super) fn load(settings: &NerSettings) -> Result<Self, ModelError> {
        let folder = settings.model.clone();
        let config = common_config(&folder)?;
        let kind = architecture(&config)?;
        if matches!(kind, ModelType::Roberta) {
            log::warn!(
                "{}: its tokenizer keeps words that it has seen in memory, until the process ends",
                folder.display()
            );
        }
        let names = output_names(&folder, &config)?;
        let labels = LabelMap::new(&names, &settings.labels)?;
        // RoBERTa's positions start after the padding index.
        let most = match kind {
            ModelType::Roberta | ModelType::XLMRoberta => config.max_position_embeddings - 2,
            _ => config.max_position_embeddings,
        };
        if settings.window_tokens > most {
            return Err(ModelError::Window { asked: settings.window_tokens, most });
        }
        let path = ["model.safetensors", "rust_model.ot", "pytorch_model.bin"]
            .iter()
            .map(|name| folder.join(name))
            .find(|path| path.exists())
            .ok_or_else(|| ModelError::NoWeights(folder.clone()))?;
        let types = config.token_types;
        if types != TokenTypes::Zero
            && (kind != ModelType::Bert || config.type_vocab_size < types.count())
        {
            let reason = format!("token_types asks for bert with {} token types", types.count());
            return Err(ModelError::Config(folder.join("config.json"), reason));
        }
        let mut model = Self::untrained(folder, kind, labels, types)?;
        guarded(|| {
            model.weights.load(&path).map_err(|error| error.to_string())?;
            // The store takes the file's type; half precision is slow on a CPU.
            model.weights.set_kind(Kind::Float);
            model.weights.freeze();
            Ok(())
        })
        .and_then(|loaded| loaded)
        .map_err(|reason| ModelError::Load(path, first_line(&reason)))?;
        if settings.precision == Precision::Auto
            && let Some(fast) = model.fast()?
        {
            model = fast;
        }
        Ok(model)
    }

    /// The same in 8-bit whole numbers, when that is possible here and comes to the same.
    fn fast(&mut self) -> Result<Option<Self>, ModelError> {
        if self.kind != ModelType::Bert {
            return Ok(None);
        }
        if !fast::is_supported() {
            log::warn!(
                "{}: this processor lacks AVX-512 with VNNI, so the model runs in fp32, several times slower",
                self.folder.display()
            );
            return Ok(None);
        }
        let path = self.folder.join("config.json");
        let config = guarded(|| BertConfig::from_file(&path))
            .map_err(|reason| ModelError::Config(path, first_line(&reason)))?;
        let count = |number: i64| usize::try_from(number).unwrap_or_default();
        if !matches!(config.hidden_act, Activation::gelu) {
            return Ok(None);
        }
        let dimensions = Dimensions {
            hidden: count(config.hidden_size),
            heads: count(config.num_attention_heads),
            layers: count(config.num_hidden_layers),
        };
        let Some(fast) = FastBert::new(&Variables(self.weights.variables()), dimensions) else {
            return Ok(None);
        };
        let mut fast = Self {
            network: Network::Fast(Arc::new(fast), Box::default()),
            weights: VarStore::new(Device::Cpu),
            folder: self.folder.clone(),
            kind: self.kind,
            labels: self.labels.clone(),
            types: self.types,
        };
        // The proof is in the comparison: a model that is quantised badly runs in full.
        let probe = Input::probe(count(config.vocab_size), 64);
        // One that yields no numbers is left as it is: its warm-up says so.
        let (Ok(ours), Ok(theirs)) = (fast.probabilities(&[&probe]), self.probabilities(&[&probe]))
        else {
            return Ok(None);
        };
        let apart = zip(ours.iter().flatten(), theirs.iter().flatten()).map(|(a, b)| (a - b).abs());
        let (sum, most, numbers) =
            apart.fold((0.0, 0.0_f32, 0.0), |(sum, most, n), d| (sum + d, most.max(d), n + 1.0));
        let (mean_limit, limit) = TOLERANCE;
        let close = numbers > 0.0 && sum / numbers <= mean_limit && most <= limit;
        if !close {
            log::warn!(
                "{}: 8-bit weights lose too much, so it runs in full",
                self.folder.display()
            );
        }
        Ok(close.then_some(fast))
    }

    /// Whether it runs in 8-bit whole numbers.
    pub(super) fn is_fast(&self) -> bool {
        matches!(self.network, Network::Fast(..))
    }

    /// A second model for another thread, over the same weights in memory.
    pub(super) fn twin(&self) -> Result<Self, ModelError> {
        if let Network::Fast(fast, _) = &self.network {
            return Ok(Self {
                network: Network::Fast(Arc::clone(fast), Box::default()),
                weights: VarStore::new(Device::Cpu),
                folder: self.folder.clone(),
                kind: self.kind,
                labels: self.labels.clone(),
                types: self.types,
            });
        }
        let twin =
            Self::untrained(self.folder.clone(), self.kind, self.labels.clone(), self.types)?;
        let ours = self.weights.variables();
        guarded(|| {
            tch::no_grad(|| {
                for (name, mut variable) in twin.weights.variables() {
                    if let Some(tensor) = ours.get(&name) {
                        variable.set_data(tensor);
                    }
                }
            });
        })
        .map_err(|reason| ModelError::Load(self.folder.clone(), reason))?;
        Ok(twin)
    }

    /// The architecture with weights that mean nothing yet.
    fn untrained(
        folder: PathBuf,
        kind: ModelType,
        labels: LabelMap,
        types: TokenTypes,
    ) -> Result<Self, ModelError> {
        let weights = VarStore::new(Device::Cpu);
        let path = folder.join("config.json");
        let config: Value = read_json(&path)?;
        let network = guarded(|| Network::new(kind, &weights.root(), config))
            .and_then(|built| built)
            .map_err(|reason| ModelError::Config(path, first_line(&reason)))?;
        Ok(Self { network, weights, folder, kind, labels, types })
    }

    /// The answer holds for each window the outputs' probabilities, token by token, those of the
    /// special tokens too.
    pub(super) fn probabilities(
        &mut self,
        windows: &[&Input],
    ) -> Result<Vec<Vec<f32>>, ModelError> {
        self.probabilities_with(windows, 0, |_| ())
    }

    /// The same with so many `helpers`: `call` has that many threads [help](Self::help) with the pass, and
    /// does so whatever happens. A model that is not fast takes none.
    pub(super) fn probabilities_with(
        &mut self,
        windows: &[&Input],
        helpers: usize,
        call: impl FnOnce(&Arc<Pass>),
    ) -> Result<Vec<Vec<f32>>, ModelError> {
        let outputs = guarded(|| self.forward(windows, helpers, call))
            .and_then(|result| result)
            .map_err(|reason| ModelError::Inference(first_line(&reason)))?;
        // A NaN compares as "not PHI" everywhere, so it must never reach the decision.
        if outputs.iter().flatten().any(|probability| !probability.is_finite()) {
            return Err(ModelError::Inference("a probability is not a number".to_owned()));
        }
        Ok(outputs)
    }

    /// Does a part of another thread's pass; that thread hears of a failure.
    pub(super) fn help(&mut self, pass: &Pass, part: usize) {
        if let Network::Fast(fast, room) = &mut self.network {
            let _ = guarded(|| fast.help(pass, part, room));
        }
    }

    fn forward(
        &mut self,
        windows: &[&Input],
        helpers: usize,
        call: impl FnOnce(&Arc<Pass>),
    ) -> Result<Vec<Vec<f32>>, String> {
        let classes = self.labels.len();
        if let Network::Fast(fast, room) = &mut self.network {
            let sequences: Vec<(&[i64], &[i64])> =
                windows.iter().map(|window| (&*window.ids, &*window.types)).collect();
            let pass = Arc::new(Pass::new(&sequences, 1 + helpers));
            call(&pass);
            let mut all = fast.run(&pass, room).ok_or("a token is beyond the tables")?;
            all.chunks_exact_mut(classes).for_each(soft_maximum);
            let mut rest = all.as_slice();
            let by_window = windows.iter().map(|window| {
                let (own, others) = rest.split_at_checked(window.ids.len() * classes)?;
                rest = others;
                Some(own.to_vec())
            });
            return by_window.collect::<Option<_>>().ok_or("an answer is too short".to_owned());
        }
        // libtorch pads: windows of like length run together.
        let mut order: Vec<usize> = (0..windows.len()).collect();
        let length = |&at: &usize| windows.get(at).map_or(0, |window| window.ids.len());
        order.sort_by_key(length);
        let mut outputs = vec![Vec::new(); windows.len()];
        let alike = |a: &usize, b: &usize| length(b) as f32 <= length(a) as f32 * MOST_PADDING;
        for group in order.chunk_by(alike) {
            let inputs: Vec<&Input> =
                group.iter().filter_map(|&at| windows.get(at).copied()).collect();
            let answers = self.padded(&inputs).map_err(|error| error.to_string())?;
            for (&at, answer) in zip(group, answers) {
                if let Some(slot) = outputs.get_mut(at) {
                    *slot = answer;
                }
            }
        }
        Ok(outputs)
    }

    /// One forward pass through libtorch.
    fn padded(&self, windows: &[&Input]) -> Result<Vec<Vec<f32>>, tch::TchError> {
        let longest = windows.iter().map(|window| window.ids.len()).max().unwrap_or(0);
        let shape = [windows.len() as i64, longest as i64];
        let padded = |of: fn(&Input) -> &[i64]| {
            let rows = windows.iter().flat_map(|window| {
                of(window).iter().copied().chain(std::iter::repeat(0)).take(longest)
            });
            Tensor::from_slice(&rows.collect::<Vec<i64>>()).f_view(shape)
        };
        let ids = padded(|window| &window.ids)?;
        let types = padded(|window| &window.types)?;
        let mask: Vec<i64> = windows
            .iter()
            .flat_map(|window| (0..longest).map(|at| i64::from(at < window.ids.len())))
            .collect();
        let mask = Tensor::from_slice(&mask).f_view(shape)?;
        let logits = tch::no_grad(|| match &self.network {
            Network::Bert(bert) => {
                bert.forward_t(Some(&ids), Some(&mask), Some(&types), None, None, false).logits
            }
            Network::DistilBert(bert) => {
                bert.forward_t(Some(&ids), Some(&mask), None, false).map_or_else(stop, |o| o.logits)
            }
            Network::DebertaV2(bert) => match bert.forward(&ids, &mask) {
                Ok(logits) => logits,
                Err(error) => stop(error),
            },
            Network::Roberta(bert) => {
                bert.forward_t(Some(&ids), Some(&mask), None, None, None, false).logits
            }
            Network::Electra(bert) => {
                // rust-bert adds this mask to the scores as it is, and padding would be attended to.
                let mask = (mask.to_kind(Kind::Float) - 1.0) * 10_000.0;
                bert.forward_t(Some(&ids), Some(&mask), None, None, None, false).logits
            }
            Network::Fast(..) => std::panic::resume_unwind(Box::new("it is no libtorch network")),
        });
        let width = self.labels.len();
        let flat = Vec::<f32>::try_from(logits.f_softmax(-1, Kind::Float)?.f_reshape([-1])?)?;
        let row_width = longest * width;
        Ok(windows
            .iter()
            .enumerate()
            .map(|(row, window)| {
                flat.iter().skip(row * row_width).take(window.ids.len() * width).copied().collect()
            })
            .collect())
    }
}

/// A store's variables, as the fast network takes them over.
struct Variables(HashMap<String, Tensor>);

impl Weights for Variables {
    fn get(&self, name: &str) -> Option<Vec<f32>> {
        Vec::try_from(self.0.get(name)?.f_reshape([-1]).ok()?).ok()
    }
}

/// Logits → probabilities.
fn soft_maximum(row: &mut [f32]) {
    let most = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    row.iter_mut().for_each(|logit| *logit = (*logit - most).exp());
    let sum: f32 = row.iter().sum();
    row.iter_mut().for_each(|power| *power /= sum);
}

/// Runs `work` and turns a panic into its message: tch and rust-bert panic where they could fail.
fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| message_of(panic.as_ref()))
}

fn message_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("it panicked").to_owned()
}

/// libtorch's messages go on with a C++ stack trace.
fn first_line(message: &str) -> String {
    message.lines().next().unwrap_or_default().to_owned()
}
