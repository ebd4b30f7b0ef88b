//! The `deid-gateway` program.

use std::process::ExitCode;

use deid_gateway::memory::WipingAllocator;

#[global_allocator]
static ALLOCATOR: WipingAllocator = WipingAllocator;

fn main() -> ExitCode {
    deid_gateway::cli::run()
}
