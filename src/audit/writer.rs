//! Appends to the log, begins a new file when one is full, and keeps what could not be written.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{Read, Seek, SeekFrom, Write},
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use jiff::Timestamp;

use super::{
    AuditError, Entry,
    chain::{self, Link},
};

/// How much may wait to be written, in bytes, where requests go on without it.
const MOST_PENDING: usize = 16 << 20;
/// The longest line that is looked for at the end of a file, in bytes.
const LONGEST_LINE: u64 = 1 << 20;

pub(super) struct Writer {
    path: PathBuf,
    file: File,
    head: File,
    last: Link,
    size: u64,
    max_bytes: u64,
    /// Bytes of lines that are part of the chain and not in the file yet.
    pending: Vec<u8>,
    lost: u64,
    dirty: bool,
}

/// The file beside the log that names its last line.
pub(super) fn head_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".head");
    PathBuf::from(name)
}

/// Number and hash in the file beside the log.
pub(super) fn read_head(path: &Path) -> Option<Link> {
    let text = fs::read_to_string(head_path(path)).ok()?;
    let (seq, hash) = text.trim_end().split_once(' ')?;
    Some(Link { seq: seq.parse().ok()?, hash: hash.to_owned() })
}

/// The full files of a log, oldest first: its name, a dot, and the number of their last line.
pub(super) fn full_files(path: &Path) -> std::io::Result<Vec<PathBuf>> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut found = Vec::new();
    for entry in fs::read_dir(folder.unwrap_or(Path::new(".")))? {
        let entry = entry?;
        let own = entry.file_name();
        let number = own
            .to_string_lossy()
            .strip_prefix(&name)
            .and_then(|rest| rest.strip_prefix('.').and_then(|number| number.parse::<u64>().ok()));
        found.extend(number.map(|number| (number, entry.path())));
    }
    found.sort();
    Ok(found.into_iter().map(|(_, path)| path).collect())
}

impl Writer {
    pub(super) fn open(path: &Path, max_bytes: u64) -> Result<Self, AuditError> {
        let failed = |error| AuditError::File(path.to_owned(), error);
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        let head = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(head_path(path))
            .map_err(failed)?;
        // The head stays when the log is renamed, so the lock is on it.
        head.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => AuditError::Taken(path.to_owned()),
            TryLockError::Error(error) => failed(error),
        })?;
        let mut file = open(path).map_err(failed)?;
        set_torn_line_aside(path, &mut file).map_err(failed)?;
        let mut last = last_link(path, &mut file).map_err(failed)?;
        if last.is_none() && file.metadata().map_err(failed)?.len() == 0 {
            if let Some(full) = full_files(path).map_err(failed)?.pop() {
                let mut full_file = File::open(&full).map_err(failed)?;
                last = last_link(&full, &mut full_file).map_err(failed)?;
            } else {
                last = Some(Link::first());
            }
        }
        let mut last = last.ok_or_else(|| AuditError::Foreign(path.to_owned()))?;
        if let Some(known) = read_head(path).filter(|known| known.seq > last.seq) {
            log::error!(
                "the audit log ends at line {} and should end at line {}; it goes on from there, and \
                 `audit verify` will show the gap",
                last.seq,
                known.seq,
            );
            last = known;
        }
        let size = file.metadata().map_err(failed)?.len();
        let path = path.to_owned();
        let pending = Vec::new();
        let mut own =
            Self { path, file, head, last, size, max_bytes, pending, lost: 0, dirty: false };
        // Takes the room that the head needs, for when there is none left.
        own.flush()?;
        Ok(own)
    }

    /// Whether every line is written.
    pub(super) fn is_clean(&self) -> bool {
        self.pending.is_empty()
    }

    /// A handle to sync, if something was written since it was last asked for.
    pub(super) fn take_dirty(&mut self) -> Option<File> {
        if std::mem::take(&mut self.dirty) { self.file.try_clone().ok() } else { None }
    }

    /// Has the file synced again.
    pub(super) fn sync_again(&mut self) {
        self.dirty = true;
    }

    /// Writes a line, and what could not be written before.
    pub(super) fn append(&mut self, entry: &Entry) -> Result<(), AuditError> {
        if self.pending.len() > MOST_PENDING {
            self.lost += 1;
            return self.flush();
        }
        let (line, link) = chain::line(entry, &self.last, self.lost, Timestamp::now())?;
        self.pending.extend_from_slice(line.as_bytes());
        self.last = link;
        self.lost = 0;
        self.flush()
    }

    /// Writes what is pending, as far as the file takes it. The file beside the log names the last line
    /// also when that is not written yet: should the process end before it is, the gap shows.
    pub(super) fn flush(&mut self) -> Result<(), AuditError> {
        let lines = self.write_lines();
        // Always as long as it was, so that it is never cut, and takes no room on a full disk.
        let head = format!("{:020} {}\n", self.last.seq, self.last.hash);
        let head = self.head.write_all_at(head.as_bytes(), 0);
        let failed = |error| AuditError::File(self.path.clone(), error);
        lines.and(head).map_err(failed)?;
        if self.size >= self.max_bytes {
            self.rotate().map_err(|error| AuditError::File(self.path.clone(), error))?;
        }
        Ok(())
    }

    fn write_lines(&mut self) -> std::io::Result<()> {
        while !self.pending.is_empty() {
            match self.file.write(&self.pending) {
                Ok(0) => return Err(std::io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    self.pending.drain(..written);
                    self.size += written as u64;
                    self.dirty = true;
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Puts the full file aside and begins a new one, in which the chain goes on.
    fn rotate(&mut self) -> std::io::Result<()> {
        self.file.sync_all()?;
        let mut full = self.path.as_os_str().to_owned();
        full.push(format!(".{:012}", self.last.seq));
        fs::rename(&self.path, full)?;
        self.file = open(&self.path)?;
        self.size = 0;
        Ok(())
    }
}

fn open(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().create(true).read(true).append(true).mode(0o600).open(path)
}

/// The last part of a file, from the beginning of a line unless that is too long.
fn tail(file: &mut File) -> std::io::Result<Vec<u8>> {
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(LONGEST_LINE)))?;
    let mut bytes = Vec::new();
    file.take(length.min(LONGEST_LINE)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A line that was cut by a crash is no line of the chain: it goes to a file of its own.
fn set_torn_line_aside(path: &Path, file: &mut File) -> std::io::Result<()> {
    let bytes = tail(file)?;
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let torn = bytes.get(whole..).unwrap_or_default();
    if torn.is_empty() || (whole == 0 && bytes.len() as u64 == LONGEST_LINE) {
        return Ok(());
    }
    let mut aside = path.as_os_str().to_owned();
    aside.push(format!(".torn-{}", Timestamp::now().as_millisecond()));
    log::warn!(
        "the audit log ended in half a line, which is now in {}",
        Path::new(&aside).display()
    );
    fs::write(&aside, torn)?;
    let length = file.metadata()?.len();
    file.set_len(length - torn.len() as u64)
}

/// The place of a file's last line.
fn last_link(path: &Path, file: &mut File) -> std::io::Result<Option<Link>> {
    let bytes = tail(file)?;
    let text = String::from_utf8_lossy(&bytes);
    let last = text.lines().next_back().and_then(chain::check).map(|(link, _)| link);
    if last.is_none() && !bytes.is_empty() {
        log::error!("{} does not end in a line of an audit log", path.display());
    }
    Ok(last)
}
