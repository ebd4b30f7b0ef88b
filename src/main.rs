//! The `deid-gateway` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    deid_gateway::cli::run()
}
