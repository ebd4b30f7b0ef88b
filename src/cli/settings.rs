//! `deid-gateway settings`

use std::path::Path;

use super::CliResult;
use crate::settings::{Overrides, load};

/// Prints the effective settings as TOML, secrets masked.
#[expect(clippy::print_stdout, reason = "this is what the command is for")]
pub(super) fn run(file: Option<&Path>) -> CliResult {
    let settings = load(file, &Overrides::default())?;
    print!("{}", toml::to_string_pretty(&settings)?);
    Ok(())
}
