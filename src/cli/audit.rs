//! `deid-gateway audit verify`

use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::CliResult;
use crate::{
    audit::verify,
    settings::{Overrides, load},
};

#[derive(Subcommand)]
pub(super) enum Audit {
    /// Check the log's hash chain, its full files too
    Verify {
        /// The log, over `audit.path`
        file: Option<PathBuf>,
        /// The oldest files have been moved away
        #[arg(long)]
        archived: bool,
    },
}

impl Audit {
    #[expect(clippy::print_stdout, reason = "this is what the command is for")]
    pub(super) fn run(self, settings: Option<&Path>) -> CliResult {
        let Self::Verify { file, archived } = self;
        let file = match file {
            Some(file) => file,
            None => load(settings, &Overrides::default())?.audit.path,
        };
        let verified = verify(&file, archived)?;
        println!("lines {} to {} are whole and in order", verified.first, verified.last);
        println!("the last line's hash is {}", verified.hash);
        Ok(())
    }
}
