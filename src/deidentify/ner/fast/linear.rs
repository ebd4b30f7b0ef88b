//! Linear layers in 8-bit whole numbers.
//!
//! Weights are quantised once, symmetrically, with a scale for each output; activations as they
//! come, with a scale and a zero point for each token. Products of four pairs are summed at a time
//! into 32 bits (VNNI's VPDPBUSD), so nothing saturates.
//!
//! Where the size of each input is known beforehand, large inputs lend some of it to their weights
//! (Xiao et al., "SmoothQuant", arXiv 2211.10438), since a token has one scale for all its inputs.

use std::arch::x86_64::{
    __m512i, _mm512_add_epi32, _mm512_cvtepi32_ps, _mm512_cvtps_epi32, _mm512_cvtusepi32_epi8,
    _mm512_dpbusd_epi32, _mm512_fmadd_ps, _mm512_max_epi32, _mm512_max_ps, _mm512_min_ps,
    _mm512_mul_ps, _mm512_mullo_epi32, _mm512_reduce_max_ps, _mm512_reduce_min_ps,
    _mm512_set1_epi32, _mm512_set1_ps, _mm512_setzero_ps, _mm512_setzero_si512, _mm512_sub_epi32,
};

use super::lanes::{self, F32s, LANES};

/// Tokens that are multiplied together.
pub(super) const ROWS: usize = 6;
/// Outputs that are computed together.
pub(super) const COLUMNS: usize = 64;

/// Four outputs' vectors of four consecutive inputs each.
type Quad = [[i8; 64]; 4];

/// A linear layer, quantised.
pub(super) struct Linear {
    /// Panel by panel of 64 outputs, four inputs at a time.
    weights: Vec<Quad>,
    /// Inputs, in fours.
    fours: usize,
    /// By output, padded to whole panels.
    scale: Vec<[f32; COLUMNS]>,
    bias: Vec<[f32; COLUMNS]>,
    /// What each input is multiplied with before it is quantised.
    smooth: Vec<f32>,
    /// The sum of each output's weights, by which an activation's zero point counts.
    sums: Vec<[i32; COLUMNS]>,
}

/// Rows of activations, quantised.
#[derive(Default)]
pub(super) struct Quantised {
    /// Tile by tile of six tokens, four inputs at a time.
    tiles: Vec<[i32; ROWS]>,
    /// By token, in tiles.
    scale: Vec<[f32; ROWS]>,
    zero: Vec<[i32; ROWS]>,
}

/// What is done with an output before it is stored.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    Nothing,
    Gelu,
}

impl Linear {
    /// Quantises `weights` (outputs × inputs) and takes over `bias` (outputs). `sizes` says how
    /// large each input is, as far as it is known. `None` when the inputs are no multiple of 16 or
    /// the lengths do not fit.
    pub(super) fn new(weights: &[f32], bias: &[f32], sizes: &[f32]) -> Option<Self> {
        let inputs = sizes.len();
        if inputs == 0 || !inputs.is_multiple_of(16) || weights.len() != bias.len() * inputs {
            return None;
        }
        let lent = loans(weights, sizes);
        let fours = inputs / 4;
        let panels = bias.len().div_ceil(COLUMNS);
        let mut layer = Self {
            weights: vec![[[0; 64]; 4]; panels * fours],
            fours,
            scale: vec![[0.0; COLUMNS]; panels],
            bias: vec![[0.0; COLUMNS]; panels],
            smooth: lent.iter().map(|factor| 1.0 / factor).collect(),
            sums: vec![[0; COLUMNS]; panels],
        };
        for (output, (row, bias)) in weights.chunks_exact(inputs).zip(bias).enumerate() {
            let (panel, column) = (output / COLUMNS, output % COLUMNS);
            let row: Vec<f32> = row.iter().zip(&lent).map(|(w, factor)| w * factor).collect();
            let most = row.iter().fold(0.0_f32, |most, weight| most.max(weight.abs()));
            let scale = if most > 0.0 { most / 127.0 } else { 1.0 };
            let whole: Vec<i8> = row.iter().map(|weight| (weight / scale).round() as i8).collect();
            *layer.scale.get_mut(panel)?.get_mut(column)? = scale;
            *layer.bias.get_mut(panel)?.get_mut(column)? = *bias;
            *layer.sums.get_mut(panel)?.get_mut(column)? =
                whole.iter().map(|&weight| i32::from(weight)).sum();
            let quads = layer.weights.iter_mut().skip(panel * fours);
            for (quad, four) in quads.zip(whole.chunks_exact(4)) {
                let at = column % LANES * 4;
                let slot = quad.get_mut(column / LANES)?.get_mut(at..at + 4)?;
                slot.copy_from_slice(four);
            }
        }
        Some(layer)
    }

    /// Inputs.
    pub(super) fn inputs(&self) -> usize {
        self.fours * 4
    }

    /// Outputs, with those that fill up the last panel.
    pub(super) fn width(&self) -> usize {
        self.scale.len() * COLUMNS
    }

    /// Quantises `rows` of this layer's inputs.
    #[target_feature(enable = "avx512f,avx512bw")]
    pub(super) fn take(&self, rows: &[f32], into: &mut Quantised) {
        into.fill(rows, &self.smooth);
    }

    /// Writes the outputs of each row of `input` to `output`, rows of [`Linear::width`].
    #[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
    pub(super) fn apply(&self, input: &Quantised, output: &mut Vec<f32>, then: Then) {
        let width = self.width();
        output.resize(input.scale.len() * ROWS * width, 0.0);
        let panels = self.weights.chunks_exact(self.fours);
        let constants = self.scale.iter().zip(&self.bias).zip(&self.sums);
        for (at, (panel, ((scale, bias), sums))) in panels.zip(constants).enumerate() {
            let tiles = input.tiles.chunks_exact(self.fours);
            let rows = output.chunks_exact_mut(ROWS * width);
            for (((tile, rows), row_scales), zeros) in
                tiles.zip(rows).zip(&input.scale).zip(&input.zero)
            {
                let dots = dots(tile, panel);
                let rows = rows.chunks_exact_mut(width);
                for (((row, dots), row_scale), zero) in rows.zip(dots).zip(row_scales).zip(zeros) {
                    let Some(out) = row.as_chunks_mut::<COLUMNS>().0.get_mut(at) else { continue };
                    let outs = out.as_chunks_mut::<LANES>().0.iter_mut();
                    let scales = scale.as_chunks::<LANES>().0;
                    let biases = bias.as_chunks::<LANES>().0;
                    let sums = sums.as_chunks::<LANES>().0;
                    for ((((out, dot), scale), bias), sum) in
                        outs.zip(dots).zip(scales).zip(biases).zip(sums)
                    {
                        let sum: __m512i = bytemuck::cast(*sum);
                        let offset = _mm512_mullo_epi32(_mm512_set1_epi32(*zero), sum);
                        let dot = _mm512_cvtepi32_ps(_mm512_sub_epi32(dot, offset));
                        let scale = _mm512_mul_ps(lanes::load(scale), _mm512_set1_ps(*row_scale));
                        let value = _mm512_fmadd_ps(dot, scale, lanes::load(bias));
                        let value = match then {
                            Then::Nothing => value,
                            Then::Gelu => lanes::gelu(value),
                        };
                        lanes::store(out, value);
                    }
                }
            }
        }
    }
}

/// By how much each input's weights grow, and the input shrinks: so that both are of like size.
fn loans(weights: &[f32], sizes: &[f32]) -> Vec<f32> {
    let mut largest = vec![0.0_f32; sizes.len()];
    for row in weights.chunks_exact(sizes.len()) {
        for (largest, weight) in largest.iter_mut().zip(row) {
            *largest = largest.max(weight.abs());
        }
    }
    // An input without weight, or that is always the same, has nothing to lend.
    let loan = |(size, weight): (&f32, f32)| (size.max(1e-3) / weight.max(1e-3)).sqrt();
    sizes.iter().zip(largest).map(loan).collect()
}

/// The products of six rows with 64 outputs' weights.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn dots(tile: &[[i32; ROWS]], panel: &[Quad]) -> [[__m512i; 4]; ROWS] {
    let mut sums = [[_mm512_setzero_si512(); 4]; ROWS];
    for (inputs, weights) in tile.iter().zip(panel) {
        let [w0, w1, w2, w3] = weights;
        let (w0, w1): (__m512i, __m512i) = (bytemuck::cast(*w0), bytemuck::cast(*w1));
        let (w2, w3): (__m512i, __m512i) = (bytemuck::cast(*w2), bytemuck::cast(*w3));
        for (sums, &input) in sums.iter_mut().zip(inputs) {
            let input = _mm512_set1_epi32(input);
            let [s0, s1, s2, s3] = sums;
            *s0 = _mm512_dpbusd_epi32(*s0, input, w0);
            *s1 = _mm512_dpbusd_epi32(*s1, input, w1);
            *s2 = _mm512_dpbusd_epi32(*s2, input, w2);
            *s3 = _mm512_dpbusd_epi32(*s3, input, w3);
        }
    }
    sums
}

impl Quantised {
    /// Quantises `rows`, after multiplying each number with its factor.
    #[target_feature(enable = "avx512f,avx512bw")]
    fn fill(&mut self, rows: &[f32], factors: &[f32]) {
        let inputs = factors.len();
        let fours = inputs / 4;
        let tiles = (rows.len() / inputs).div_ceil(ROWS);
        self.tiles.resize(tiles * fours, [0; ROWS]);
        self.scale.resize(tiles, [0.0; ROWS]);
        self.zero.resize(tiles, [0; ROWS]);
        let slots = self.tiles.chunks_exact_mut(fours).zip(&mut self.scale).zip(&mut self.zero);
        for (rows, ((tile, scales), zeros)) in rows.chunks(ROWS * inputs).zip(slots) {
            let slots = scales.iter_mut().zip(zeros).enumerate();
            for (row, (at, (scale, zero))) in rows.chunks_exact(inputs).zip(slots) {
                (*scale, *zero) = quantise(row, factors, at, tile);
            }
        }
    }
}

/// Writes a row into its place in a tile; gives its scale and zero point.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn quantise(row: &[f32], factors: &[f32], at: usize, tile: &mut [[i32; ROWS]]) -> (f32, i32) {
    let chunks = || {
        let factors = factors.as_chunks::<LANES>().0;
        let both = row.as_chunks::<LANES>().0.iter().zip(factors);
        both.map(|(x, factor)| _mm512_mul_ps(lanes::load(x), lanes::load(factor)))
    };
    // Zero is always one of the numbers that can be told exactly.
    let (mut low, mut high): (F32s, F32s) = (_mm512_setzero_ps(), _mm512_setzero_ps());
    for x in chunks() {
        low = _mm512_min_ps(low, x);
        high = _mm512_max_ps(high, x);
    }
    let (low, high) = (_mm512_reduce_min_ps(low), _mm512_reduce_max_ps(high));
    let scale = if high > low { (high - low) / 255.0 } else { 1.0 };
    let inverse = 1.0 / scale;
    let zero = (-low * inverse).round() as i32;
    let (inverse, offset) = (_mm512_set1_ps(inverse), _mm512_set1_epi32(zero));
    for (x, fours) in chunks().zip(tile.as_chunks_mut::<4>().0) {
        let whole = _mm512_cvtps_epi32(_mm512_mul_ps(x, inverse));
        let whole = _mm512_max_epi32(_mm512_add_epi32(whole, offset), _mm512_setzero_si512());
        let bytes: [i32; 4] = bytemuck::cast(_mm512_cvtusepi32_epi8(whole));
        for (four, bytes) in fours.iter_mut().zip(bytes) {
            if let Some(slot) = four.get_mut(at) {
                *slot = bytes;
            }
        }
    }
    (scale, zero)
}
