//! `deid-gateway doctor`

use std::path::{Path, PathBuf};

use clap::Args;
use indicatif::ProgressBar;

use super::CliResult;
use crate::{
    doctor,
    settings::{self, Overrides},
};

/// How the report is given.
#[derive(Args)]
pub(super) struct Doctor {
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
    /// Write the report to a file as well, as JSON
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

impl Doctor {
    #[expect(clippy::print_stdout, reason = "the report is what the command is for")]
    pub(super) fn run(self, file: Option<&Path>) -> CliResult {
        let settings = settings::load(file, &Overrides::default())?;
        let bar = ProgressBar::new_spinner();
        let note = |what: &str| {
            bar.set_message(what.to_owned());
            bar.tick();
        };
        let report = actix_rt::System::new().block_on(doctor::examine(settings, &note));
        bar.finish_and_clear();
        let json = serde_json::to_string_pretty(&report)?;
        if let Some(path) = &self.report {
            std::fs::write(path, format!("{json}\n"))
                .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
        }
        if self.json {
            println!("{json}");
        } else {
            println!("{report}");
        }
        if report.passed { Ok(()) } else { Err("this configuration is not fit for PHI".into()) }
    }
}
