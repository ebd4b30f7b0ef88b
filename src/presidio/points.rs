//! Code points ↔ bytes: Presidio counts as Python does, we as Rust does.

use crate::deidentify::entity::Span;

/// Where each code point of a text starts, in bytes.
pub(crate) struct Points(Vec<usize>);

impl Points {
    /// Those of `text`.
    pub(crate) fn of(text: &str) -> Self {
        Self(text.char_indices().map(|(at, _)| at).chain([text.len()]).collect())
    }

    /// How many code points the text has.
    pub(crate) fn len(&self) -> usize {
        self.0.len() - 1
    }

    /// The code points `start..end` as bytes; `None` where the text does not reach so far.
    pub(crate) fn span(&self, start: usize, end: usize) -> Option<Span> {
        Some(Span::new(*self.0.get(start)?, *self.0.get(end)?)).filter(|_| start <= end)
    }

    /// The code point that starts at byte `at`.
    pub(crate) fn point(&self, at: usize) -> usize {
        self.0.partition_point(|&start| start < at)
    }
}

#[cfg(test)]
mod tests {
    use super::Points;
    use crate::deidentify::entity::Span;

    #[test]
    fn code_points_and_bytes_are_told_apart() {
        let points = Points::of("é🙂x");
        assert_eq!(points.len(), 3);
        assert_eq!(points.span(1, 3), Some(Span::new(2, 7)));
        assert_eq!(points.span(3, 3), Some(Span::new(7, 7)));
        assert_eq!(points.span(2, 1), None);
        assert_eq!(points.span(1, 4), None);
        assert_eq!([0, 2, 6, 7].map(|at| points.point(at)), [0, 1, 2, 3]);
    }
}
