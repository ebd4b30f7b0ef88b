//! What becomes of memory: what is freed is wiped first, and none of it is dumped when the process dies.

use std::alloc::{GlobalAlloc, Layout, System};

/// The system's allocator, but for wiping what is given back: text of requests and replies passes
/// through many buffers, of this crate and of others, and none of them is left lying about.
///
/// This is the one place of the program that is `unsafe` for the sake of memory. It covers what Rust
/// allocates; libtorch has allocations of its own, which hold numbers and no text.
pub struct WipingAllocator;

/// Wipes `length` bytes. The compiler must not find out that nobody reads them again.
#[inline]
#[expect(unsafe_code, reason = "an allocator speaks of raw memory")]
fn wipe(start: *mut u8, length: usize) {
    // SAFETY: callers own these bytes until they give them back to the system, which is after this.
    unsafe { start.write_bytes(0, length) };
    // Whoever is given the pointer might read what it points to, so the writes have to happen.
    std::hint::black_box(start);
}

#[expect(
    unsafe_code,
    reason = "the trait is unsafe to implement; the system's allocator does the work"
)]
// SAFETY: every block comes from and goes back to `System`, under the layout that it was asked for with.
unsafe impl GlobalAlloc for WipingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are those that `System` asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, start: *mut u8, layout: Layout) {
        wipe(start, layout.size());
        // SAFETY: as above.
        unsafe { System.dealloc(start, layout) }
    }

    unsafe fn realloc(&self, start: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // The system's own might move the block and leave the old one as it was.
        // SAFETY: the caller promises that the size fits the alignment.
        let new_layout = unsafe { Layout::from_size_align_unchecked(new_size, layout.align()) };
        // SAFETY: the caller promises that it is not 0.
        let moved = unsafe { System.alloc(new_layout) };
        if !moved.is_null() {
            // SAFETY: both blocks are at least that long, and the new one is another than the old.
            unsafe { moved.copy_from_nonoverlapping(start, layout.size().min(new_size)) };
            // SAFETY: the block is given up as a whole.
            unsafe { self.dealloc(start, layout) };
        }
        moved
    }
}

/// Why the process cannot be kept from being dumped.
#[derive(Debug, thiserror::Error)]
#[error("core dumps cannot be turned off: {0}")]
pub struct DumpError(std::io::Error);

/// Turns core dumps off, and with them other processes of the same user reading this one's memory.
///
/// # Errors
/// When the system does not let it.
pub fn forbid_dumps() -> Result<(), DumpError> {
    use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    let done = setrlimit(Resource::Core, none)
        .and_then(|()| set_dumpable_behavior(DumpableBehavior::NotDumpable));
    done.map_err(|error| DumpError(error.into()))
}

#[cfg(test)]
mod tests {
    use std::alloc::{GlobalAlloc, Layout};

    use super::{WipingAllocator, wipe};

    #[test]
    fn what_is_wiped_is_zero() {
        let mut bytes = [7u8; 33];
        wipe(bytes.as_mut_ptr(), 32);
        assert_eq!(bytes[..32], [0; 32]);
        assert_eq!(bytes[32], 7);
    }

    #[test]
    #[expect(unsafe_code, reason = "an allocator is tested as it is used")]
    fn a_block_keeps_its_content_when_it_grows_or_shrinks() {
        let layout = |size| Layout::from_size_align(size, 8).unwrap();
        // SAFETY: sizes are not 0, and every block is given back once, under its own layout.
        unsafe {
            let start = WipingAllocator.alloc_zeroed(layout(16));
            start.write_bytes(9, 16);
            let larger = WipingAllocator.realloc(start, layout(16), 4096);
            assert_eq!(std::slice::from_raw_parts(larger, 16), [9; 16]);
            let smaller = WipingAllocator.realloc(larger, layout(4096), 8);
            assert_eq!(std::slice::from_raw_parts(smaller, 8), [9; 8]);
            WipingAllocator.dealloc(smaller, layout(8));
        }
    }
}
