//! Many files, several at a time: what is finished is skipped, and no input is ever written over.

use std::{
    collections::BTreeSet,
    num::NonZero,
    path::{Path, PathBuf},
    sync::Mutex,
};

use super::{CliResult, files};

/// A file to be worked on.
pub(super) struct Work {
    pub(super) input: PathBuf,
    pub(super) output: PathBuf,
    pub(super) mapping: Option<PathBuf>,
}

/// What stands behind the name of an input in that of its mapping.
const MAPPING: &str = ".mapping.json";

/// Every file of `inputs` and where its result and its mapping are; no result where an input stands. `suffix` stands
/// behind the name of each result.
pub(super) fn plan(
    inputs: &[PathBuf],
    output: &Path,
    suffix: &str,
    mappings: Option<&Path>,
) -> Result<Vec<Work>, Box<dyn std::error::Error>> {
    let same = |one: &Path, other: &Path| {
        one.canonicalize().is_ok_and(|one| other.canonicalize().is_ok_and(|other| one == other))
    };
    for folder in [Some(output), mappings].into_iter().flatten() {
        if inputs.iter().any(|input| same(input, folder)) {
            return Err(format!("{} is an input", folder.display()).into());
        }
    }
    let inputs = files::list(inputs, &[Some(output), mappings])?;
    let read: BTreeSet<PathBuf> =
        inputs.iter().filter_map(|(path, _)| path.canonicalize().ok()).collect();
    let mut written = BTreeSet::new();
    let mut work = Vec::with_capacity(inputs.len());
    for (input, name) in inputs {
        let output = files::with_suffix(&output.join(&name), suffix);
        let mapping = mappings.map(|folder| files::with_suffix(&folder.join(&name), MAPPING));
        for path in [Some(&output), mapping.as_ref()].into_iter().flatten() {
            for path in [path.clone(), files::unfinished(path)] {
                if path.canonicalize().is_ok_and(|path| read.contains(&path)) {
                    return Err(format!("{} is an input", path.display()).into());
                }
            }
            if !written.insert(path.clone()) {
                return Err(format!("two results would be {}", path.display()).into());
            }
        }
        work.push(Work { input, output, mapping });
    }
    Ok(work)
}

impl Work {
    /// Nothing, when the result that is there is that of the input as it is.
    ///
    /// # Errors
    /// When the input was changed since.
    pub(super) fn is_done(&self) -> CliResult {
        let changed = |path: &Path| path.metadata().and_then(|data| data.modified());
        if changed(&self.input)? > changed(&self.output)? {
            let output = self.output.display();
            return Err(format!("it was changed since {output} was made: move that away").into());
        }
        Ok(())
    }
}

/// Does `one` with every file, `jobs` at a time (0: one a core). One that fails is reported, and the others are done.
pub(super) fn run(
    work: &[Work],
    jobs: usize,
    one: impl Fn(&Work) -> CliResult + Sync,
) -> CliResult {
    let bar = files::progress(work.len());
    let failures = Mutex::new(Vec::new());
    let rest = Mutex::new(work.iter());
    let jobs = match jobs {
        0 => std::thread::available_parallelism().map_or(1, NonZero::get),
        jobs => jobs,
    };
    std::thread::scope(|scope| {
        for _ in 0..jobs.min(work.len()) {
            scope.spawn(|| {
                loop {
                    let next = rest.lock().ok().and_then(|mut rest| rest.next());
                    let Some(next) = next else { break };
                    if let Err(error) = one(next)
                        && let Ok(mut failures) = failures.lock()
                    {
                        failures.push(format!("{}: {error}", next.input.display()));
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
