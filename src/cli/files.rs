//! Files in and out: listing folders, and results that are whole or not there.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use indicatif::{ProgressBar, ProgressStyle};

/// A bar on a terminal, and nothing elsewhere.
pub(super) fn progress(steps: usize) -> ProgressBar {
    let bar = ProgressBar::new(steps as u64);
    match ProgressStyle::with_template("{wide_bar} {pos}/{len} {eta}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// Says which file an error is about.
pub(super) fn at(path: &Path, error: &io::Error) -> String {
    format!("{}: {error}", path.display())
}

/// The files among `inputs` and in their folders, in order, each with its name below the input; the
/// folders of `results` are left out.
pub(super) fn list(
    inputs: &[PathBuf],
    results: &[Option<&Path>],
) -> Result<Vec<(PathBuf, PathBuf)>, String> {
    let results: Vec<PathBuf> =
        results.iter().flatten().filter_map(|path| path.canonicalize().ok()).collect();
    let mut files = Vec::new();
    for input in inputs {
        let metadata = fs::metadata(input).map_err(|error| at(input, &error))?;
        if metadata.is_dir() {
            folder(input, input, &results, &mut files)?;
        } else {
            let name =
                input.file_name().ok_or_else(|| format!("{} has no name", input.display()))?;
            files.push((input.clone(), PathBuf::from(name)));
        }
    }
    Ok(files)
}

fn folder(
    top: &Path,
    path: &Path,
    results: &[PathBuf],
    files: &mut Vec<(PathBuf, PathBuf)>,
) -> Result<(), String> {
    if path.canonicalize().is_ok_and(|path| results.contains(&path)) {
        return Ok(());
    }
    let read = || -> io::Result<Vec<PathBuf>> {
        let mut entries =
            fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
        entries.sort();
        Ok(entries)
    };
    for entry in read().map_err(|error| at(path, &error))? {
        if entry.is_symlink() {
            continue;
        } else if entry.is_dir() {
            folder(top, &entry, results, files)?;
        } else if let Ok(name) = entry.strip_prefix(top) {
            let name = name.to_owned();
            files.push((entry, name));
        }
    }
    Ok(())
}

/// `path` with `suffix` after its whole name.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Where a file is written before it is whole.
pub(super) fn unfinished(path: &Path) -> PathBuf {
    with_suffix(path, ".unfinished")
}

/// Writes a file whole or not at all; a private one can be read by its owner alone.
pub(super) fn write(path: &Path, text: &str, private: bool) -> Result<(), String> {
    let unfinished = unfinished(path);
    let result = (|| {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::create_dir_all(folder)?;
        }
        let mode = if private { 0o600 } else { 0o666 };
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(mode);
        let mut file = options.open(&unfinished)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&unfinished, path)
    })();
    result.map_err(|error| at(path, &error))
}
