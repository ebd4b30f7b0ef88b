//! Checks a log against its chain.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
};

use thiserror::Error;

use super::{
    chain::{self, GENESIS, Link},
    writer::{full_files, read_head},
};

/// What is wrong with a log. Lines are named by file and line, counted from 1.
#[derive(Debug, Error)]
pub enum Fault {
    /// A file cannot be read.
    #[error("{0}: {1}")]
    Unreadable(PathBuf, std::io::Error),
    /// There is no log.
    #[error("there is no audit log at {0}")]
    Absent(PathBuf),
    /// A line is not as it was written.
    #[error("{file}:{line}: this line was changed")]
    Changed {
        /// The file.
        file: PathBuf,
        /// The line.
        line: u64,
    },
    /// Lines are missing, or not in their order.
    #[error(
        "{file}:{line}: line {found} of the log follows line {before}: lines are missing or not in their order"
    )]
    Order {
        /// The file.
        file: PathBuf,
        /// The line.
        line: u64,
        /// The number of the line before.
        before: u64,
        /// The number that this line has.
        found: u64,
    },
    /// A line that follows another than the one that it was written after.
    #[error("{file}:{line}: the line before was replaced")]
    Replaced {
        /// The file.
        file: PathBuf,
        /// The line.
        line: u64,
    },
    /// The oldest files are not there.
    #[error(
        "the log begins at line {0}: older files are missing (--archived if they were moved away)"
    )]
    Beginning(u64),
    /// Lines are missing at the end.
    #[error("the log ends at line {found} and should end at line {expected}")]
    End {
        /// The last line that is there.
        found: u64,
        /// The last line that was written.
        expected: u64,
    },
    /// The last line is another than the one that was written last.
    #[error("the last line, {0}, was replaced")]
    LastReplaced(u64),
    /// The file beside the log is missing or unreadable.
    #[error("{0} is missing or was changed: nobody can tell whether lines are missing at the end")]
    NoHead(PathBuf),
}

/// What was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The number of the first line.
    pub first: u64,
    /// The number of the last line; 0 in an empty log.
    pub last: u64,
    /// The last line's hash. Noted elsewhere, it proves this log up to here.
    pub hash: String,
}

/// Checks the log at `path`, its full files too. `archived` lets the oldest be missing.
///
/// # Errors
/// The first fault that is found.
pub fn verify(path: &Path, archived: bool) -> Result<Verified, Fault> {
    // First, so that a gateway that writes at the same time has only more than this.
    let head = read_head(path);
    let unreadable = |file: &Path| {
        let file = file.to_owned();
        move |error| Fault::Unreadable(file, error)
    };
    if !path.exists() {
        return Err(Fault::Absent(path.to_owned()));
    }
    let mut files = full_files(path).map_err(unreadable(path))?;
    files.push(path.to_owned());
    let mut first = None;
    let mut last = Link::first();
    for file in &files {
        let reader = BufReader::new(File::open(file).map_err(unreadable(file))?);
        for (index, line) in reader.split(b'\n').enumerate() {
            let bytes = line.map_err(unreadable(file))?;
            let line = index as u64 + 1;
            let at = || (file.clone(), line);
            let checked = std::str::from_utf8(&bytes).ok().and_then(chain::check);
            let Some((link, prev)) = checked else {
                let (file, line) = at();
                return Err(Fault::Changed { file, line });
            };
            if first.is_none() && link.seq > 1 {
                if !archived {
                    return Err(Fault::Beginning(link.seq));
                }
                last = Link { seq: link.seq - 1, hash: prev.clone() };
            }
            first = first.or(Some(link.seq));
            if link.seq != last.seq + 1 {
                let (file, line) = at();
                return Err(Fault::Order { file, line, before: last.seq, found: link.seq });
            }
            if prev != last.hash {
                let (file, line) = at();
                return Err(Fault::Replaced { file, line });
            }
            last = link;
        }
    }
    match head {
        // A log that nobody has written to yet.
        None if last.hash == GENESIS => {}
        None => return Err(Fault::NoHead(super::writer::head_path(path))),
        Some(head) if head.seq > last.seq => {
            return Err(Fault::End { found: last.seq, expected: head.seq });
        }
        Some(head) if head.seq == last.seq && head.hash != last.hash => {
            return Err(Fault::LastReplaced(last.seq));
        }
        // It is written after the line, so a crash can leave it behind.
        Some(_) => {}
    }
    Ok(Verified { first: first.unwrap_or(0), last: last.seq, hash: last.hash })
}
