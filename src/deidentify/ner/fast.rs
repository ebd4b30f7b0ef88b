//! BERT in 8-bit whole numbers, for processors with AVX-512 and its dot products (VNNI).
//!
//! rust-bert through libtorch runs every architecture in `f32`; this runs the shipped one several
//! times as fast. What it is given is the loaded network's own weights, quantised here, so that
//! any fine-tuned BERT gains. Sequences are laid end to end, never padded; all memory is kept from
//! call to call.

mod attention;
mod lanes;
mod linear;
mod pass;
#[cfg(test)]
mod tests;

use std::{
    arch::x86_64::{
        _mm512_add_ps, _mm512_fmadd_ps, _mm512_mul_ps, _mm512_reduce_add_ps, _mm512_set1_ps,
        _mm512_setzero_ps, _mm512_sub_ps,
    },
    iter::zip,
};

pub(super) use self::pass::Pass;
use self::{
    attention::Shape,
    lanes::LANES,
    linear::{Linear, Quantised, Then},
};

/// Keeps a normalisation from dividing by nothing; rust-bert has the same for all of BERT.
const NORM_EPSILON: f32 = 1e-12;

/// A network's weights by their names in the file.
pub(super) trait Weights {
    /// The tensor's numbers, row by row.
    fn get(&self, name: &str) -> Option<Vec<f32>>;
}

/// What the weights do not tell of themselves.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dimensions {
    pub(super) hidden: usize,
    pub(super) heads: usize,
    pub(super) layers: usize,
}

/// A normalisation's factors and terms.
struct Norm {
    factors: Vec<f32>,
    terms: Vec<f32>,
}

struct Layer {
    qkv: Linear,
    attended: Linear,
    attended_norm: Norm,
    wide: Linear,
    narrow: Linear,
    norm: Norm,
}

/// The network.
pub(super) struct FastBert {
    words: Vec<f32>,
    positions: Vec<f32>,
    types: Vec<f32>,
    norm: Norm,
    layers: Vec<Layer>,
    classifier: Linear,
    classes: usize,
    shape: Shape,
}

/// Memory that calls use one after the other; one for each thread.
#[derive(Default)]
pub(super) struct Room {
    hidden: Vec<f32>,
    qkv: [Vec<f32>; 2],
    wide: Vec<f32>,
    narrow: Vec<f32>,
    attended: Vec<f32>,
    quantised: Quantised,
    attention: attention::Room,
}

/// Whether this processor can run it.
pub(super) fn is_supported() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vnni")
}

impl FastBert {
    /// Takes a network over; `None` when it has a shape that this does not do.
    pub(super) fn new(weights: &impl Weights, of: Dimensions) -> Option<Self> {
        let Dimensions { hidden, heads, layers, .. } = of;
        let shape = Shape { heads, head: hidden.checked_div(heads)? };
        if !is_supported()
            || hidden == 0
            || hidden % linear::COLUMNS != 0
            || !shape.is_supported(hidden)
        {
            return None;
        }
        let norm = |name: &str| {
            let factors = weights.get(&format!("{name}.weight"))?;
            let terms = weights.get(&format!("{name}.bias"))?;
            (factors.len() == hidden && terms.len() == hidden).then_some(Norm { factors, terms })
        };
        let table = |name: &str| {
            let table = weights.get(&format!("bert.embeddings.{name}_embeddings.weight"))?;
            (table.len() % hidden == 0).then_some(table)
        };
        // A normalisation says how large its outputs are; of others nothing is known.
        let linear = |names: &[String], before: Option<&Norm>| {
            let (mut all, mut biases) = (Vec::new(), Vec::new());
            for name in names {
                all.extend(weights.get(&format!("{name}.weight"))?);
                biases.extend(weights.get(&format!("{name}.bias"))?);
            }
            let inputs = all.len().checked_div(biases.len())?;
            match before {
                Some(norm) => Linear::new(&all, &biases, &norm.sizes()),
                None => Linear::new(&all, &biases, &vec![1.0; inputs]),
            }
        };
        let first_norm = norm("bert.embeddings.LayerNorm")?;
        let mut done: Vec<Layer> = Vec::with_capacity(layers);
        for number in 0..layers {
            let at = |part: &str| format!("bert.encoder.layer.{number}.{part}");
            let qkv = ["query", "key", "value"].map(|n| at(&format!("attention.self.{n}")));
            let before = done.last().map_or(&first_norm, |layer| &layer.norm);
            let qkv = linear(&qkv, Some(before))?;
            let attended_norm = norm(&at("attention.output.LayerNorm"))?;
            let layer = Layer {
                qkv,
                attended: linear(&[at("attention.output.dense")], None)?,
                wide: linear(&[at("intermediate.dense")], Some(&attended_norm))?,
                attended_norm,
                narrow: linear(&[at("output.dense")], None)?,
                norm: norm(&at("output.LayerNorm"))?,
            };
            let fits = layer.qkv.inputs() == hidden
                && layer.qkv.width() == 3 * hidden
                && layer.attended.inputs() == hidden
                && layer.attended.width() == hidden
                && layer.wide.inputs() == hidden
                && layer.wide.width() == layer.narrow.inputs()
                && layer.narrow.width() == hidden;
            done.push(fits.then_some(layer)?);
        }
        let classifier = linear(&["classifier".to_owned()], Some(&done.last()?.norm))?;
        Some(Self {
            words: table("word")?,
            positions: table("position")?,
            types: table("token_type")?,
            norm: first_norm,
            layers: done,
            classes: weights.get("classifier.bias")?.len(),
            classifier: (classifier.inputs() == hidden).then_some(classifier)?,
            shape,
        })
    }

    /// Runs a pass as its first thread, and waits for the others: the logits of each token of each
    /// sequence, a row of the classes a token, end to end. `None` when an id, a type or a position is
    /// beyond its table, or another thread has failed.
    pub(super) fn run(&self, pass: &Pass, room: &mut Room) -> Option<Vec<f32>> {
        self.help(pass, 0, room).map(|()| pass.logits())
    }

    /// Runs a thread's part of a pass. `None` when that, or another thread, fails.
    #[expect(unsafe_code, reason = "calls code for a processor that `new` has found")]
    pub(super) fn help(&self, pass: &Pass, part: usize, room: &mut Room) -> Option<()> {
        let guard = pass.guard();
        pass.exchange(part, &mut room.qkv)?;
        // SAFETY: `new` makes no network where one of the features is missing. All code behind
        // this call is safe Rust.
        let logits = unsafe { self.forward(pass, part, room) }?;
        pass.settle(part, logits)?;
        guard.through();
        pass.exchange(part, &mut room.qkv)
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
    fn forward(&self, pass: &Pass, part: usize, room: &mut Room) -> Option<Vec<f32>> {
        let width = self.shape.hidden();
        let own = pass.rows(part)?;
        let tokens = own.len();
        room.hidden.clear();
        for &(id, kind, position) in pass.tokens.get(own.clone())? {
            let word = row(&self.words, usize::try_from(id).ok()?, width)?;
            let kind = row(&self.types, usize::try_from(kind).ok()?, width)?;
            let place = row(&self.positions, position, width)?;
            let sum = zip(zip(word, kind), place).map(|((word, kind), place)| word + kind + place);
            room.hidden.extend(sum);
        }
        for row in room.hidden.chunks_exact_mut(width) {
            self.norm.apply(row, None);
        }
        for (number, layer) in self.layers.iter().enumerate() {
            layer.qkv.take(&room.hidden, &mut room.quantised);
            let quantised = &room.quantised;
            pass.publish(number, part, |qkv| layer.qkv.apply(quantised, qkv, Then::Nothing))?;
            room.attended.resize(tokens * width, 0.0);
            let published = pass.published(number);
            let mut attended = room.attended.as_mut_slice();
            for sequence in &pass.sequences {
                let pieces = published.pieces(sequence, 3 * width)?;
                let queries = *pieces.get(part)?;
                let (answers, others) = attended.split_at_mut_checked(queries.len() / 3)?;
                attention::attend(queries, &pieces, answers, self.shape, &mut room.attention);
                attended = others;
            }
            drop(published);
            layer.attended.take(&room.attended, &mut room.quantised);
            layer.attended.apply(&room.quantised, &mut room.narrow, Then::Nothing);
            for (row, more) in
                zip(room.hidden.chunks_exact_mut(width), room.narrow.chunks_exact(width))
            {
                layer.attended_norm.apply(row, Some(more));
            }
            layer.wide.take(&room.hidden, &mut room.quantised);
            layer.wide.apply(&room.quantised, &mut room.wide, Then::Gelu);
            layer
                .narrow
                .take(room.wide.get(..tokens * layer.narrow.inputs())?, &mut room.quantised);
            layer.narrow.apply(&room.quantised, &mut room.narrow, Then::Nothing);
            for (row, more) in
                zip(room.hidden.chunks_exact_mut(width), room.narrow.chunks_exact(width))
            {
                layer.norm.apply(row, Some(more));
            }
        }
        self.classifier.take(&room.hidden, &mut room.quantised);
        self.classifier.apply(&room.quantised, &mut room.narrow, Then::Nothing);
        let rows = room.narrow.chunks_exact(self.classifier.width()).take(tokens);
        Some(rows.flat_map(|row| row.iter().take(self.classes).copied()).collect())
    }
}

fn row(table: &[f32], at: usize, width: usize) -> Option<&[f32]> {
    table.get(at.checked_mul(width)?..)?.get(..width)
}

impl Norm {
    /// About how large its outputs are: three standard deviations about the mean.
    fn sizes(&self) -> Vec<f32> {
        zip(&self.factors, &self.terms).map(|(f, term)| 3.0 * f.abs() + term.abs()).collect()
    }

    /// Adds `more` to `row`, and brings it to mean 0 and variance 1, then to the layer's own.
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn apply(&self, row: &mut [f32], more: Option<&[f32]>) {
        let count = row.len() as f32;
        let (chunks, _) = row.as_chunks_mut::<LANES>();
        let mut sum = _mm512_setzero_ps();
        if let Some(more) = more {
            for (chunk, more) in zip(chunks.iter_mut(), more.as_chunks::<LANES>().0) {
                lanes::store(chunk, _mm512_add_ps(lanes::load(chunk), lanes::load(more)));
            }
        }
        for chunk in chunks.iter() {
            sum = _mm512_add_ps(sum, lanes::load(chunk));
        }
        let mean = _mm512_set1_ps(_mm512_reduce_add_ps(sum) / count);
        let mut squares = _mm512_setzero_ps();
        for chunk in chunks.iter() {
            let off = _mm512_sub_ps(lanes::load(chunk), mean);
            squares = _mm512_fmadd_ps(off, off, squares);
        }
        let variance = _mm512_reduce_add_ps(squares) / count;
        let scale = _mm512_set1_ps(1.0 / (variance + NORM_EPSILON).sqrt());
        let factors = self.factors.as_chunks::<LANES>().0;
        let terms = self.terms.as_chunks::<LANES>().0;
        for ((chunk, factor), term) in zip(zip(chunks, factors), terms) {
            let even = _mm512_mul_ps(_mm512_sub_ps(lanes::load(chunk), mean), scale);
            lanes::store(chunk, _mm512_fmadd_ps(even, lanes::load(factor), lanes::load(term)));
        }
    }
}
