//! `deid-gateway reidentify`

use std::{
    io::{self, Read, Write},
    path::PathBuf,
};

use clap::Args;
use serde_json::{Value, json};

use super::{CliResult, files};
use crate::gateway::{Progress, reidentify};

/// Options of the command.
#[derive(Args)]
pub(super) struct Reidentify {
    /// The mapping that `deidentify` wrote
    #[arg(long, value_name = "FILE")]
    mapping: PathBuf,
    /// The text with placeholders; standard input where there is none
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

impl Reidentify {
    pub(super) fn run(self) -> CliResult {
        let read =
            |path: &PathBuf| std::fs::read_to_string(path).map_err(|error| files::at(path, &error));
        let mapping: Value = serde_json::from_str(&read(&self.mapping)?)
            // The message would quote the file.
            .map_err(|_| format!("{} is not JSON", self.mapping.display()))?;
        let text = match &self.file {
            Some(path) => read(path)?,
            None => {
                let mut text = String::new();
                io::stdin().read_to_string(&mut text)?;
                text
            }
        };
        let body = json!({"text": text, "mapping": mapping}).to_string();
        let reply = reidentify(body.as_bytes(), &mut Progress::default())?;
        let text = reply.get("text").and_then(Value::as_str).unwrap_or_default();
        io::stdout().write_all(text.as_bytes())?;
        Ok(())
    }
}
