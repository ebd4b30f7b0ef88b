//! Load in short; `make soak` runs an hour of it.

use crate::support::clients::{self, Client};

#[test]
fn mixed_traffic_leaves_nothing_behind_and_too_much_is_refused() {
    let program = env!("CARGO_BIN_EXE_deid-gateway");
    // Long enough for growth by request to show; rates and latencies are for a quiet machine.
    let arguments = [program, "--seconds", "20", "--overload-seconds", "8"];
    let said = clients::run(Client::Python, "soak.py", &arguments, &[]);
    assert!(said.contains("done: 0 faults"), "{said}");
}
