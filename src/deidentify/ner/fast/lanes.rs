//! Sixteen `f32` at a time: loads and stores without pointers, and the few functions that a
//! transformer needs of them.

use std::arch::x86_64::{
    __m512, _mm512_abs_ps, _mm512_add_ps, _mm512_div_ps, _mm512_fmadd_ps, _mm512_fnmadd_ps,
    _mm512_max_ps, _mm512_mul_ps, _mm512_roundscale_ps, _mm512_scalef_ps, _mm512_set1_ps,
    _mm512_sub_ps,
};

/// Lanes of a vector.
pub(super) const LANES: usize = 16;

/// Sixteen numbers in a register.
pub(super) type F32s = __m512;

#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn load(from: &[f32; LANES]) -> F32s {
    bytemuck::cast(*from)
}

#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn store(to: &mut [f32; LANES], value: F32s) {
    *to = bytemuck::cast(value);
}

/// e to the power of `x`, by the polynomial of the Cephes library's `expf`; 0 far below zero.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn exp(x: F32s) -> F32s {
    let constant = _mm512_set1_ps;
    // e^x = 2^n · e^r with n whole and |r| ≤ ln 2 / 2. ln 2 in two parts keeps r exact.
    let x = _mm512_max_ps(x, constant(-104.0));
    let n = _mm512_roundscale_ps::<0>(_mm512_mul_ps(x, constant(std::f32::consts::LOG2_E)));
    let r = _mm512_fnmadd_ps(n, constant(0.693_359_4), x);
    let r = _mm512_fnmadd_ps(n, constant(-2.121_944_4e-4), r);
    // The minimax polynomial of the Cephes library's expf.
    let mut p = constant(1.987_569_1e-4);
    for c in [1.398_2e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5] {
        p = _mm512_fmadd_ps(p, r, constant(c));
    }
    let p = _mm512_fmadd_ps(p, _mm512_mul_ps(r, r), _mm512_add_ps(r, constant(1.0)));
    _mm512_scalef_ps(p, n)
}

/// The Gaussian error linear unit, x · Φ(x). The formula's own error in erf is at most 1.5e-7.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn gelu(x: F32s) -> F32s {
    let constant = _mm512_set1_ps;
    // erf by formula 7.1.26 of Abramowitz and Stegun, "Handbook of Mathematical Functions".
    let z = _mm512_mul_ps(_mm512_abs_ps(x), constant(std::f32::consts::FRAC_1_SQRT_2));
    let t = _mm512_fmadd_ps(z, constant(0.327_591_1), constant(1.0));
    let t = _mm512_div_ps(constant(1.0), t);
    let mut p = constant(1.061_405_4);
    for c in [-1.453_152, 1.421_413_7, -0.284_496_74, 0.254_829_6] {
        p = _mm512_fmadd_ps(p, t, constant(c));
    }
    let tail = exp(_mm512_sub_ps(constant(0.0), _mm512_mul_ps(z, z)));
    let tail = _mm512_mul_ps(_mm512_mul_ps(p, t), tail);
    // x · Φ(x) = (x + |x|) / 2 − |x| · (1 − erf) / 2.
    let half = _mm512_mul_ps(_mm512_abs_ps(x), constant(0.5));
    let upper = _mm512_fmadd_ps(x, constant(0.5), half);
    _mm512_fnmadd_ps(half, tail, upper)
}
