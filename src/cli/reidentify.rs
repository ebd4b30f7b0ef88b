//! `deid-gateway reidentify`

use std::{
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use clap::Args;
use serde_json::{Value, json};

use super::{
    CliResult, Usage,
    batch::{self, Work},
    files,
};
use crate::gateway::{Progress, reidentify};

/// Options of the command.
#[derive(Args)]
pub(super) struct Reidentify {
    /// The mapping that `deidentify` wrote; for several files, the folder of theirs
    #[arg(long, value_name = "FILE")]
    mapping: PathBuf,
    /// Texts with placeholders, and folders of them; standard input where there is none
    #[arg(value_name = "FILE")]
    inputs: Vec<PathBuf>,
    /// Folder for the results, needed for several files or a folder; finished files are skipped
    #[arg(long, short, value_name = "FOLDER")]
    output: Option<PathBuf>,
    /// Files at a time; 0: one a core
    #[arg(long, default_value_t = 0)]
    jobs: usize,
}

impl Reidentify {
    pub(super) fn run(self) -> CliResult {
        match (&self.output, self.inputs.as_slice()) {
            (Some(output), [_, ..]) => {
                let work = batch::plan(&self.inputs, output, "", Some(&self.mapping))?;
                batch::run(&work, self.jobs, file)
            }
            (Some(_), []) => Err(Usage("--output needs files or folders to read").into()),
            (None, []) => {
                let mut text = String::new();
                io::stdin().read_to_string(&mut text)?;
                self.one(&text)
            }
            (None, [one]) if !one.is_dir() => self.one(&read(one)?),
            (None, _) => Err(Usage("several files or a folder need --output FOLDER").into()),
        }
    }

    /// One text, to standard output.
    fn one(&self, text: &str) -> CliResult {
        io::stdout().write_all(restored(text, &self.mapping)?.as_bytes())?;
        Ok(())
    }
}

/// One of many files.
fn file(work: &Work) -> CliResult {
    if work.output.exists() {
        return work.is_done();
    }
    let mapping = work.mapping.as_deref().ok_or("there is no mapping")?;
    // What comes back holds what was taken out, so its owner alone may read it.
    files::write(&work.output, &restored(&read(&work.input)?, mapping)?, true)?;
    Ok(())
}

fn restored(text: &str, mapping: &Path) -> Result<String, Box<dyn std::error::Error>> {
    let mapping: Value = serde_json::from_str(&read(mapping)?)
        // The message would quote the file.
        .map_err(|_| format!("{} is not JSON", mapping.display()))?;
    let body = json!({"text": text, "mapping": mapping}).to_string();
    let mut reply = reidentify(body.as_bytes(), &mut Progress::default())?;
    match reply.get_mut("text").map(Value::take) {
        Some(Value::String(text)) => Ok(text),
        _ => Err("the text could not be restored".into()),
    }
}

fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| files::at(path, &error))
}
