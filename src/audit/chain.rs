//! How lines are chained: written here, checked here.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::Digest;

use super::{AuditError, Entry};

/// What stands for the hash of the line before the first.
pub(super) const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// What stands before a line's own hash, which is its last field.
const HASH: &str = ",\"hash\":\"";
/// And after it.
const END: &str = "\"}";

/// Number and hash of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) seq: u64,
    pub(super) hash: String,
}

impl Link {
    /// What a log begins with.
    pub(super) fn first() -> Self {
        Self { seq: 0, hash: GENESIS.to_owned() }
    }
}

#[derive(Serialize)]
struct Line<'a> {
    seq: u64,
    time: String,
    #[serde(flatten)]
    entry: &'a Entry,
    /// Requests of which there is no line, since they could not be written and were let through.
    #[serde(skip_serializing_if = "is_zero")]
    lost: u64,
    prev: &'a str,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// What of a line the chain needs.
#[derive(Deserialize)]
struct Head {
    seq: u64,
    prev: String,
}

/// A line after `last`, its newline too.
pub(super) fn line(
    entry: &Entry,
    last: &Link,
    lost: u64,
    now: Timestamp,
) -> Result<(String, Link), AuditError> {
    let seq = last.seq + 1;
    let time = format!("{now:.3}");
    let line = Line { seq, time, entry, lost, prev: &last.hash };
    let mut text = serde_json::to_string(&line).map_err(|_| AuditError::Line)?;
    // The closing brace: the hash goes before it.
    text.pop();
    let hash = digest(&text);
    text.push_str(HASH);
    text.push_str(&hash);
    text.push_str(END);
    text.push('\n');
    Ok((text, Link { seq, hash }))
}

/// Reads a line, without its newline, and gives its place and the hash that it names as the one before.
/// `None` when it is not as it was written.
pub(super) fn check(line: &str) -> Option<(Link, String)> {
    let rest = line.strip_suffix(END)?;
    let (body, hash) = rest.rsplit_once(HASH)?;
    if digest(body) != hash {
        return None;
    }
    let head: Head = serde_json::from_str(&format!("{body}}}")).ok()?;
    Some((Link { seq: head.seq, hash: hash.to_owned() }, head.prev))
}

fn digest(text: &str) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |half: u8| DIGITS.get(usize::from(half)).copied().map_or('0', char::from);
    let hash = sha2::Sha256::digest(text.as_bytes());
    hash.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
