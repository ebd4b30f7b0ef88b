//! The leak campaign, in short; `make campaign` runs the whole of it.

use crate::support::clients::{self, Client};

/// How many requests; the whole campaign has 20,000.
const REQUESTS: &str = "250";

#[test]
fn no_canary_is_seen_anywhere() {
    let program = env!("CARGO_BIN_EXE_deid-gateway");
    let arguments = [program, "--requests", REQUESTS, "--seed", "short"];
    let said = clients::run(Client::Python, "campaign.py", &arguments, &[]);
    assert!(said.starts_with("done: 250 requests") && said.contains(" 0 leaks"), "{said}");
}
