//! `deid-gateway deidentify`

use std::{
    collections::BTreeSet,
    io::{self, Read, Write},
    num::NonZero,
    path::{Path, PathBuf},
    sync::Mutex,
};

use clap::Args;
use serde_json::{Value, json};

use super::{CliResult, files};
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

/// A file to be worked on.
struct Work {
    input: PathBuf,
    output: PathBuf,
    mapping: Option<PathBuf>,
}

impl Deidentify {
    pub(super) fn run(self, file: Option<&Path>) -> CliResult {
        let settings = load(file, &Overrides::default())?;
        match (&self.output, self.inputs.as_slice()) {
            (Some(output), [_, ..]) => {
                let work = self.plan(output)?;
                let deidentifier = Deidentifier::start(&settings)?;
                self.all(&work, &settings, &deidentifier)
            }
            (Some(_), []) => Err("--output needs files or folders to read".into()),
            (None, []) => self.one(None, &settings),
            (None, [one]) if !one.is_dir() => self.one(Some(one), &settings),
            (None, _) => Err("several files or a folder need --output FOLDER".into()),
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

    /// Every file and where its results go; none of them where an input stands.
    fn plan(&self, output: &Path) -> Result<Vec<Work>, Box<dyn std::error::Error>> {
        let inputs = files::list(&self.inputs, &[Some(output), self.mapping.as_deref()])?;
        let read: BTreeSet<PathBuf> =
            inputs.iter().filter_map(|(path, _)| path.canonicalize().ok()).collect();
        let mut written = BTreeSet::new();
        let mut work = Vec::with_capacity(inputs.len());
        for (input, name) in inputs {
            let suffix = if self.json { ".json" } else { "" };
            let output = files::with_suffix(&output.join(&name), suffix);
            let mapping = self.mapping.as_ref().map(|folder| folder.join(&name));
            let mapping = mapping.map(|path| files::with_suffix(&path, ".mapping.json"));
            for path in [Some(&output), mapping.as_ref()].into_iter().flatten() {
                if path.canonicalize().is_ok_and(|path| read.contains(&path)) {
                    return Err(format!("{} is an input", path.display()).into());
                }
                if !written.insert(path.clone()) {
                    return Err(format!("two results would be {}", path.display()).into());
                }
            }
            work.push(Work { input, output, mapping });
        }
        Ok(work)
    }

    /// All files, several at a time. One that fails is reported, and the others are done.
    fn all(&self, work: &[Work], settings: &Settings, deidentifier: &Deidentifier) -> CliResult {
        let bar = files::progress(work.len());
        let failures = Mutex::new(Vec::new());
        let rest = Mutex::new(work.iter());
        let jobs = match self.jobs {
            0 => std::thread::available_parallelism().map_or(1, NonZero::get),
            jobs => jobs,
        };
        std::thread::scope(|scope| {
            for _ in 0..jobs.min(work.len()) {
                scope.spawn(|| {
                    loop {
                        let next = rest.lock().ok().and_then(|mut rest| rest.next());
                        let Some(one) = next else { break };
                        if let Err(error) = self.file(one, settings, deidentifier)
                            && let Ok(mut failures) = failures.lock()
                        {
                            failures.push(format!("{}: {error}", one.input.display()));
                        }
                        bar.inc(1);
                    }
                });
            }
        });
        bar.finish_and_clear();
        let failures = failures.into_inner().unwrap_or_default();
        if failures.is_empty() {
            return Ok(());
        }
        let (count, list) = (failures.len(), failures.join("\n  "));
        Err(format!("{count} of {} files failed:\n  {list}", work.len()).into())
    }

    fn file(&self, work: &Work, settings: &Settings, deidentifier: &Deidentifier) -> CliResult {
        if work.output.exists() {
            return Ok(());
        }
        let text = std::fs::read_to_string(&work.input)?;
        let mut reply = search(&text, settings, deidentifier)?;
        // The mapping first: where there is a result there is its way back.
        if let Some(path) = &work.mapping {
            files::write(path, &pretty(&take(&mut reply, "mapping"))?, true)?;
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
