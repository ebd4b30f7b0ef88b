//! The command line: one file a subcommand.

mod audit;
mod batch;
mod deidentify;
mod doctor;
mod evaluate;
mod files;
mod keys;
mod reidentify;
mod serve;
mod settings;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

/// A self-hosted, OpenAI-compatible gateway that keeps protected health information in the clinic.
#[derive(Parser)]
#[command(name = "deid-gateway", version, about, propagate_version = true)]
struct Cli {
    /// Settings file [default: $DEID_SETTINGS, else settings.toml if there is one]
    #[arg(long, global = true, value_name = "FILE")]
    settings: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the service
    Serve(serve::Serve),
    /// Replace the PHI in texts: standard input, files or folders
    Deidentify(deidentify::Deidentify),
    /// Put the values of a mapping back
    Reidentify(reidentify::Reidentify),
    /// Check the audit log
    #[command(subcommand)]
    Audit(audit::Audit),
    /// Measure recall and precision of the detectors on gold files
    Evaluate(evaluate::Evaluate),
    /// Make, list and revoke gateway keys
    #[command(subcommand)]
    Keys(keys::Keys),
    /// Send synthetic PHI through this configuration, and say what would leak
    Doctor(doctor::Doctor),
    /// Print the effective settings, secrets masked
    Settings,
}

/// Runs the program. Exit status: 0 done, 1 failed, 2 wrong usage.
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no errors; clap prints each where it belongs.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    let file = cli.settings.as_deref();
    let result = match cli.command {
        Command::Serve(serve) => serve.run(file),
        Command::Deidentify(deidentify) => deidentify.run(file),
        Command::Reidentify(reidentify) => reidentify.run(),
        Command::Audit(audit) => audit.run(file),
        Command::Evaluate(evaluate) => evaluate.run(file),
        Command::Keys(keys) => keys.run(file),
        Command::Doctor(doctor) => doctor.run(file),
        Command::Settings => settings::run(file),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(error.as_ref());
            if error.is::<Usage>() { ExitCode::from(2) } else { ExitCode::FAILURE }
        }
    }
}

/// Arguments that do not go together, though each is right by itself.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Usage(&'static str);

type CliResult = Result<(), Box<dyn std::error::Error>>;

/// One clear line on standard error.
#[expect(clippy::print_stderr, reason = "this is where the program speaks to its user")]
fn complain(error: &dyn std::error::Error) {
    eprintln!("deid-gateway: {error}");
}
