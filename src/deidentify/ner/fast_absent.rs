//! The fast network where there is none: everything runs through libtorch.

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

/// Memory that calls use one after the other.
#[derive(Default)]
pub(super) struct Room;

/// Whether this processor can run it.
pub(super) fn is_supported() -> bool {
    false
}

/// A pass that is never made.
pub(super) struct Pass;

impl Pass {
    /// Stands for a pass over some sequences.
    pub(super) fn new(_: &[(&[i64], &[i64])], _: usize) -> Self {
        Self
    }
}

/// No network at all.
pub(super) enum FastBert {}

impl FastBert {
    /// Never makes one.
    pub(super) fn new(_: &impl Weights, _: Dimensions) -> Option<Self> {
        None
    }

    /// Cannot be called.
    pub(super) fn run(&self, _: &Pass, _: &mut Room) -> Option<Vec<f32>> {
        match *self {}
    }

    /// Cannot be called.
    pub(super) fn help(&self, _: &Pass, _: usize, _: &mut Room) -> Option<()> {
        match *self {}
    }
}
