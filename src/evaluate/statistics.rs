//! Shares with their confidence intervals.

/// A share with its 95 % confidence interval, all in `0.0..=1.0`.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Share {
    /// How many.
    pub hits: usize,
    /// Of how many.
    pub of: usize,
    /// `hits / of`; 1 where there is nothing to find.
    pub value: f64,
    /// Lower bound.
    pub low: f64,
    /// Upper bound.
    pub high: f64,
}

/// 97.5 % quantile of the normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// A share of independent cases. The interval is Wilson's (J. Am. Stat. Assoc. 22 (1927) 209),
/// which holds also near 0 and 1 and for few cases.
pub(super) fn wilson(hits: usize, of: usize) -> Share {
    if of == 0 {
        return Share { hits, of, value: 1.0, low: 0.0, high: 1.0 };
    }
    let (n, p) = (of as f64, hits as f64 / of as f64);
    let middle = p + Z * Z / (2.0 * n);
    let margin = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + Z * Z / n;
    let bound = |value: f64| (value / scale).clamp(0.0, 1.0);
    Share { hits, of, value: p, low: bound(middle - margin), high: bound(middle + margin) }
}

/// How often documents are drawn anew.
const DRAWS: usize = 1000;

/// A share of characters, which stand together in documents: the interval is that of 1,000
/// resamples of whole documents (percentile bootstrap, with a fixed seed).
pub(super) fn bootstrap(by_document: &[(usize, usize)]) -> Share {
    let total = |pairs: &mut dyn Iterator<Item = (usize, usize)>| {
        pairs.fold((0, 0), |(hits, of), pair| (hits + pair.0, of + pair.1))
    };
    let (hits, of) = total(&mut by_document.iter().copied());
    if of == 0 {
        return Share { hits, of, value: 1.0, low: 0.0, high: 1.0 };
    }
    let mut random = SplitMix(20_261_123);
    let mut draws: Vec<f64> = (0..DRAWS)
        .map(|_| {
            let mut drawn = (0..by_document.len()).map(|_| {
                let at = (random.next() % by_document.len() as u64) as usize;
                by_document.get(at).copied().unwrap_or_default()
            });
            let (hits, of) = total(&mut drawn);
            if of == 0 { 1.0 } else { hits as f64 / of as f64 }
        })
        .collect();
    draws.sort_by(f64::total_cmp);
    let quantile = |share: f64| {
        let at = (share * (DRAWS - 1) as f64).round() as usize;
        draws.get(at).copied().unwrap_or_default()
    };
    Share { hits, of, value: hits as f64 / of as f64, low: quantile(0.025), high: quantile(0.975) }
}

/// SplitMix64 (Steele, Lea, Flood 2014): the same draws everywhere.
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::{bootstrap, wilson};

    #[test]
    fn wilsons_interval_is_the_published_one() {
        // Newcombe, Statistics in Medicine 17 (1998) 857, table I, method 3.
        for (hits, of, low, high) in [
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0, 0.1611),
            (1, 29, 0.0061, 0.1718),
        ] {
            let share = wilson(hits, of);
            assert!((share.low - low).abs() < 5e-5, "{share:?}");
            assert!((share.high - high).abs() < 5e-5, "{share:?}");
        }
    }

    #[test]
    fn the_bootstrap_is_repeatable_and_holds_its_value() {
        let documents: Vec<_> = (0..40).map(|at| (at % 7, 10)).collect();
        let share = bootstrap(&documents);
        assert_eq!(share, bootstrap(&documents));
        assert!(share.low < share.value && share.value < share.high, "{share:?}");
        let all = bootstrap(&[(5, 5), (3, 3)]);
        assert_eq!((all.low, all.value, all.high), (1.0, 1.0, 1.0));
    }
}
