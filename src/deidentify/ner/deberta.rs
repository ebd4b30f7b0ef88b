//! DeBERTa v2 and v3 for token classification (He et al., "DeBERTa: Decoding-enhanced BERT with
//! Disentangled Attention", ICLR 2021): how much a token attends to another depends on what both are
//! and, apart from that, on how far they stand from each other.
//!
//! rust-bert has this architecture too, but looks distances up in the wrong rows of their table (its
//! content-to-position index lacks the shift by the table's half), so that what it computes is not
//! what a model was trained for. `architectures.rs` compares this one with transformers.

use std::collections::BTreeMap;

use serde::Deserialize;
use tch::{Kind, TchError, Tensor, nn, nn::Module};

/// The parts of `config.json` that say what is computed.
#[derive(Deserialize)]
pub(super) struct Config {
    vocab_size: i64,
    hidden_size: i64,
    num_hidden_layers: i64,
    num_attention_heads: i64,
    intermediate_size: i64,
    hidden_act: String,
    max_position_embeddings: i64,
    #[serde(default)]
    type_vocab_size: i64,
    #[serde(default = "layer_norm_eps")]
    layer_norm_eps: f64,
    #[serde(default)]
    relative_attention: bool,
    max_relative_positions: Option<i64>,
    position_buckets: Option<i64>,
    position_biased_input: Option<bool>,
    #[serde(default)]
    share_att_key: bool,
    #[serde(default)]
    pos_att_type: Words,
    #[serde(default)]
    norm_rel_ebd: Words,
    conv_kernel_size: Option<i64>,
    conv_groups: Option<i64>,
    conv_act: Option<String>,
    embedding_size: Option<i64>,
    id2label: BTreeMap<i64, String>,
}

fn layer_norm_eps() -> f64 {
    1e-7
}

/// Given as `"p2c|c2p"` or as `["p2c", "c2p"]`.
#[derive(Default, Deserialize)]
#[serde(untagged)]
enum Words {
    Joined(String),
    List(Vec<String>),
    #[default]
    None,
}

impl Words {
    fn has(&self, word: &str) -> bool {
        match self {
            Self::Joined(text) => text.split('|').any(|one| one.trim() == word),
            Self::List(list) => list.iter().any(|one| one == word),
            Self::None => false,
        }
    }
}

/// The network.
pub(super) struct Deberta {
    words: nn::Embedding,
    positions: Option<nn::Embedding>,
    types: Option<nn::Embedding>,
    projection: Option<nn::Linear>,
    norm: nn::LayerNorm,
    distances: Option<Distances>,
    layers: Vec<Layer>,
    convolution: Option<Convolution>,
    classifier: nn::Linear,
}

/// The table of distances between two tokens.
struct Distances {
    table: nn::Embedding,
    norm: Option<nn::LayerNorm>,
    /// Half of its rows: those of tokens that stand before.
    half: i64,
    /// Distances up to half of this have rows of their own; the others share them.
    buckets: i64,
    /// The longest distance.
    longest: i64,
}

struct Layer {
    query: nn::Linear,
    key: nn::Linear,
    value: nn::Linear,
    position_key: Option<nn::Linear>,
    position_query: Option<nn::Linear>,
    heads: i64,
    content_to_position: bool,
    position_to_content: bool,
    attended: nn::Linear,
    attended_norm: nn::LayerNorm,
    inner: nn::Linear,
    outer: nn::Linear,
    outer_norm: nn::LayerNorm,
}

/// What the largest models have beside their first layer.
struct Convolution {
    convolution: nn::Conv1D,
    norm: nn::LayerNorm,
    gelu: bool,
}

impl Deberta {
    pub(super) fn new(root: &nn::Path, config: &Config) -> Result<Self, String> {
        if config.hidden_act != "gelu" {
            return Err(format!("hidden_act {:?} is not gelu", config.hidden_act));
        }
        let hidden = config.hidden_size;
        let norm = |path: nn::Path, size: i64| {
            let options = nn::LayerNormConfig { eps: config.layer_norm_eps, ..Default::default() };
            nn::layer_norm(path, vec![size], options)
        };
        let table = |path: nn::Path, rows: i64, width: i64| {
            nn::embedding(path, rows, width, nn::EmbeddingConfig::default())
        };
        let top = root / "deberta";
        let path = &top / "embeddings";
        let width = config.embedding_size.unwrap_or(hidden);
        let positions = config.position_biased_input.unwrap_or(true);
        let encoder = &top / "encoder";
        let distances = config.relative_attention.then(|| {
            let longest = config.max_relative_positions.filter(|most| *most > 0);
            let longest = longest.unwrap_or(config.max_position_embeddings);
            let buckets = config.position_buckets.filter(|buckets| *buckets > 0);
            let half = buckets.unwrap_or(longest);
            Distances {
                table: table(&encoder / "rel_embeddings", half * 2, hidden),
                norm: config
                    .norm_rel_ebd
                    .has("layer_norm")
                    .then(|| norm(&encoder / "LayerNorm", hidden)),
                half,
                buckets: buckets.unwrap_or(0),
                longest,
            }
        });
        let layers = &encoder / "layer";
        let convolution = config.conv_kernel_size.filter(|size| *size > 0).map(|size| {
            let path = &encoder / "conv";
            let options = nn::ConvConfig {
                padding: (size - 1) / 2,
                groups: config.conv_groups.unwrap_or(1),
                ..Default::default()
            };
            Convolution {
                convolution: nn::conv1d(&path / "conv", hidden, hidden, size, options),
                norm: norm(&path / "LayerNorm", hidden),
                gelu: config.conv_act.as_deref() == Some("gelu"),
            }
        });
        let linear = |path: nn::Path, from: i64, to: i64| {
            nn::linear(path, from, to, nn::LinearConfig::default())
        };
        let no_bias = nn::LinearConfig { bias: false, ..Default::default() };
        Ok(Self {
            words: table(&path / "word_embeddings", config.vocab_size, width),
            positions: positions.then(|| {
                table(&path / "position_embeddings", config.max_position_embeddings, width)
            }),
            types: (config.type_vocab_size > 0)
                .then(|| table(&path / "token_type_embeddings", config.type_vocab_size, width)),
            projection: (width != hidden)
                .then(|| nn::linear(&path / "embed_proj", width, hidden, no_bias)),
            norm: norm(&path / "LayerNorm", hidden),
            distances,
            layers: (0..config.num_hidden_layers)
                .map(|at| Layer::new(&(&layers / at), config, &linear, &norm))
                .collect(),
            convolution,
            classifier: linear(root / "classifier", hidden, config.id2label.len() as i64),
        })
    }

    /// The logits of `ids`, where `mask` is 1 for tokens and 0 for padding; both are windows × tokens.
    pub(super) fn forward(&self, ids: &Tensor, mask: &Tensor) -> Result<Tensor, TchError> {
        let length = ids.size().last().copied().unwrap_or(0);
        let mut embedded = self.words.forward(ids);
        if let Some(positions) = &self.positions {
            let own = Tensor::arange(length, (Kind::Int64, ids.device())).unsqueeze(0);
            embedded += positions.forward(&own);
        }
        if let Some(types) = &self.types {
            embedded += types.forward(&ids.zeros_like());
        }
        if let Some(projection) = &self.projection {
            embedded = embedded.apply(projection);
        }
        let real = mask.unsqueeze(-1).to_kind(Kind::Float);
        let embedded = embedded.apply(&self.norm) * &real;

        // Which token may look at which: none of them at padding.
        let pairs = (mask.unsqueeze(1).unsqueeze(2) * mask.unsqueeze(1).unsqueeze(3)).eq(0);
        let distances = self.distances.as_ref().map(|distances| {
            let rows = match &distances.norm {
                Some(norm) => distances.table.ws.apply(norm),
                None => distances.table.ws.shallow_clone(),
            };
            (rows.unsqueeze(0), distances.between(length), distances.half)
        });
        let mut state = embedded.shallow_clone();
        for (at, layer) in self.layers.iter().enumerate() {
            let distances = distances.as_ref().map(|(rows, between, half)| (rows, between, *half));
            state = layer.forward(&state, &pairs, distances)?;
            if let (0, Some(convolution)) = (at, &self.convolution) {
                state = convolution.forward(&embedded, &state, &real);
            }
        }
        Ok(state.apply(&self.classifier))
    }
}

impl Distances {
    /// From each of `length` tokens to each other, as rows from the middle of the table.
    fn between(&self, length: i64) -> Tensor {
        let middle = self.buckets / 2;
        let row = |distance: i64| {
            if self.buckets == 0 || distance.abs() <= middle {
                return distance;
            }
            // Beyond, on a logarithmic scale, so that the longest distance is the last row.
            let scale = ((self.longest - 1) as f64 / middle as f64).ln();
            let far = (distance.abs() as f64 / middle as f64).ln() / scale;
            ((far * (middle - 1) as f64).ceil() as i64 + middle) * distance.signum()
        };
        let rows: Vec<i64> =
            (0..length).flat_map(|from| (0..length).map(move |to| row(from - to))).collect();
        Tensor::from_slice(&rows).view([length, length])
    }
}

impl Layer {
    fn new(
        path: &nn::Path,
        config: &Config,
        linear: &dyn Fn(nn::Path, i64, i64) -> nn::Linear,
        norm: &dyn Fn(nn::Path, i64) -> nn::LayerNorm,
    ) -> Self {
        let hidden = config.hidden_size;
        let attention = path / "attention";
        let own = &attention / "self";
        let output = &attention / "output";
        let content_to_position = config.relative_attention && config.pos_att_type.has("c2p");
        let position_to_content = config.relative_attention && config.pos_att_type.has("p2c");
        let apart = !config.share_att_key;
        Self {
            query: linear(&own / "query_proj", hidden, hidden),
            key: linear(&own / "key_proj", hidden, hidden),
            value: linear(&own / "value_proj", hidden, hidden),
            position_key: (content_to_position && apart)
                .then(|| linear(&own / "pos_key_proj", hidden, hidden)),
            position_query: (position_to_content && apart)
                .then(|| linear(&own / "pos_query_proj", hidden, hidden)),
            heads: config.num_attention_heads,
            content_to_position,
            position_to_content,
            attended: linear(&output / "dense", hidden, hidden),
            attended_norm: norm(&output / "LayerNorm", hidden),
            inner: linear(&(path / "intermediate") / "dense", hidden, config.intermediate_size),
            outer: linear(&(path / "output") / "dense", config.intermediate_size, hidden),
            outer_norm: norm(&(path / "output") / "LayerNorm", hidden),
        }
    }

    fn forward(
        &self,
        state: &Tensor,
        hidden_pairs: &Tensor,
        distances: Option<(&Tensor, &Tensor, i64)>,
    ) -> Result<Tensor, TchError> {
        // batch × tokens × hidden → batch × heads × tokens × width
        let split = |x: Tensor| -> Result<Tensor, TchError> {
            let shape = [
                x.size().first().copied().unwrap_or(1),
                -1,
                self.heads,
                x.size().last().copied().unwrap_or(0) / self.heads,
            ];
            x.f_view(shape)?.f_permute([0, 2, 1, 3])
        };
        let query = split(state.apply(&self.query))?;
        let key = split(state.apply(&self.key))?;
        let value = split(state.apply(&self.value))?;
        let parts = 1 + i64::from(self.content_to_position) + i64::from(self.position_to_content);
        let width = query.size().last().copied().unwrap_or(1);
        let scale = ((width * parts) as f64).sqrt();
        let mut scores = query.f_matmul(&key.transpose(-1, -2))? / scale;
        if let Some((rows, between, half)) = distances {
            let shape: Vec<i64> = scores.size();
            let pick = |from: Tensor, index: Tensor| {
                from.f_gather(
                    -1,
                    &index.clamp(0, 2 * half - 1).f_expand(shape.as_slice(), true)?,
                    false,
                )
            };
            if self.content_to_position {
                let own = self.position_key.as_ref().unwrap_or(&self.key);
                let keys = split(rows.apply(own))?;
                let all = query.f_matmul(&keys.transpose(-1, -2))?;
                scores += pick(all, between + half)? / scale;
            }
            if self.position_to_content {
                let own = self.position_query.as_ref().unwrap_or(&self.query);
                let queries = split(rows.apply(own))?;
                let all = key.f_matmul(&queries.transpose(-1, -2))?;
                scores += pick(all, -between + half)?.transpose(-1, -2) / scale;
            }
        }
        let attention =
            scores.f_masked_fill(hidden_pairs, f64::from(f32::MIN))?.softmax(-1, Kind::Float);
        let mixed = attention.f_matmul(&value)?.f_permute([0, 2, 1, 3])?.contiguous();
        let mixed = mixed.f_view(state.size().as_slice())?;
        let attended = (mixed.apply(&self.attended) + state).apply(&self.attended_norm);
        let inner = attended.apply(&self.inner).gelu("none");
        Ok((inner.apply(&self.outer) + attended).apply(&self.outer_norm))
    }
}

impl Convolution {
    fn forward(&self, embedded: &Tensor, state: &Tensor, real: &Tensor) -> Tensor {
        let out = embedded.permute([0, 2, 1]).apply(&self.convolution).permute([0, 2, 1]) * real;
        let out = if self.gelu { out.gelu("none") } else { out.tanh() };
        (state + out).apply(&self.norm) * real
    }
}
