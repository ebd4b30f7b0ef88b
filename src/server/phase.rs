//! Where the service is in its life: serving, told to end, or about to.

use std::sync::atomic::{AtomicU8, Ordering};

/// Shared by all workers.
#[derive(Debug, Default)]
pub struct Phase(AtomicU8);

const SERVING: u8 = 0;
const LEAVING: u8 = 1;
const REFUSING: u8 = 2;

impl Phase {
    /// `/readyz` turns red, so that load balancers look elsewhere; requests are still served.
    pub(super) fn leave(&self) {
        self.0.store(LEAVING, Ordering::Release);
    }

    /// New requests are refused, those in flight go on.
    pub(super) fn refuse(&self) {
        self.0.store(REFUSING, Ordering::Release);
    }

    /// Whether the service has been told to end.
    pub fn is_leaving(&self) -> bool {
        self.0.load(Ordering::Acquire) != SERVING
    }

    /// Whether new requests are refused.
    pub fn is_refusing(&self) -> bool {
        self.0.load(Ordering::Acquire) == REFUSING
    }
}
