//! `deid-gateway deidentify`

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
use crate::{
    deidentify::Deidentifier,
    gateway::{Progress, deidentify},
    settings::{Overrides, Settings, load},
};

/// Options of the command.
#[derive(Args)]
pub(super) struct Deidentify {
    /// Text files and folders; standard input where there is none
    #[arg(value_name = "FILE")]
    inputs: Vec<PathBuf>,
    /// Write the mapping, which the way back needs; for several files, a folder for theirs
    #[arg(long, value_name = "FILE")]
    mapping: Option<PathBuf>,
    /// Write JSON with the text and its entities
    #[arg(long)]
    json: bool,
    /// Folder for the results, needed for several files or a folder; finished files are skipped
    #[arg(long, short, value_name = "FOLDER")]
    output: Option<PathBuf>,
    /// Files at a time; 0: one a core
    #[arg(long, default_value_t = 0)]
    jobs: usize,
}

impl Deidentify {
    pub(super) fn run(self, file: Option<&Path>) -> CliResult {
        let settings = load(file, &Overrides::default())?;
        match (&self.output, self.inputs.as_slice()) {
            (Some(output), [_, ..]) => {
                let suffix = if self.json { ".json" } else { "" };
                let work = batch::plan(&self.inputs, output, suffix, self.mapping.as_deref())?;
                let deidentifier = Deidentifier::start(&settings)?;
                batch::run(&work, self.jobs, |one| self.file(one, &settings, &deidentifier))
            }
            (Some(_), []) => Err(Usage("--output needs files or folders to read").into()),
            (None, []) => self.one(None, &settings),
            (None, [one]) if !one.is_dir() => self.one(Some(one), &settings),
            (None, _) => Err(Usage("several files or a folder need --output FOLDER").into()),
        }
    }

    /// One text, to standard output.
    fn one(&self, input: Option<&Path>, settings: &Settings) -> CliResult {
        let text = match input {
            Some(path) => std::fs::read_to_string(path).map_err(|error| files::at(path, &error))?,
            None => {
                let mut text = String::new();
                io::stdin().read_to_string(&mut text)?;
                text
            }
        };
        if let Some(mapping) = self.mapping.as_deref().filter(|mapping| mapping.exists()) {
            // An older mapping is the only way back from an older result.
            return Err(format!("{} is there already", mapping.display()).into());
        }
        let deidentifier = Deidentifier::start(settings)?;
        let mut reply = search(&text, settings, &deidentifier)?;
        if let Some(path) = &self.mapping {
            files::write(path, &pretty(&take(&mut reply, "mapping"))?, true)?;
        }
        io::stdout().write_all(self.result(&mut reply)?.as_bytes())?;
        Ok(())
    }

    /// What is written for a text.
    fn result(&self, reply: &mut Value) -> Result<String, serde_json::Error> {
        if self.json {
            return pretty(
                &json!({"text": take(reply, "text"), "entities": take(reply, "entities")}),
            );
        }
        Ok(take(reply, "text").as_str().unwrap_or_default().to_owned())
    }

    fn file(&self, work: &Work, settings: &Settings, deidentifier: &Deidentifier) -> CliResult {
        if work.output.exists() {
            // Where there is a result there is its way back; what has none is somebody else's.
            return match work.mapping.as_ref().filter(|mapping| !mapping.exists()) {
                Some(_) => Err(format!(
                    "{} is there already, and its mapping is not",
                    work.output.display()
                )
                .into()),
                None => work.is_done(),
            };
        }
        let text = std::fs::read_to_string(&work.input)?;
        let mut reply = search(&text, settings, deidentifier)?;
        // The mapping first. An older one may be the only way back from an older result.
        if let Some(path) = &work.mapping {
            let mapping = pretty(&take(&mut reply, "mapping"))?;
            if path.exists() && std::fs::read_to_string(path)? != mapping {
                return Err(format!("{} is there already, and another", path.display()).into());
            }
            files::write(path, &mapping, true)?;
        }
        files::write(&work.output, &self.result(&mut reply)?, false)?;
        Ok(())
    }
}

/// The answer of `POST /v1/deidentify` for `text`.
fn search(
    text: &str,
    settings: &Settings,
    deidentifier: &Deidentifier,
) -> Result<Value, Box<dyn std::error::Error>> {
    let body = json!({ "text": text }).to_string();
    let mut progress = Progress::default();
    let work = deidentify(deidentifier, &settings.policy, body.as_bytes(), &mut progress);
    Ok(actix_rt::System::new().block_on(work)?)
}

fn take(reply: &mut Value, key: &str) -> Value {
    reply.get_mut(key).map(Value::take).unwrap_or_default()
}

fn pretty(value: &Value) -> Result<String, serde_json::Error> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}
