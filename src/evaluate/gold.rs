//! Gold files: a JSON object a line, offsets in Unicode code points.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use thiserror::Error;

use crate::deidentify::entity::Label;

/// What a gold span is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// An identifier.
    Phi(Label),
    /// Something that is not PHI under the contract (a lone year, a state, a title) and that
    /// neither helps nor hurts.
    Neutral,
}

/// A span in code points, end exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Offset of the first code point.
    pub start: usize,
    /// Offset after the last one.
    pub end: usize,
    /// What it is.
    pub kind: Kind,
}

/// A document with what is to be found in it.
#[derive(Clone, Debug)]
pub struct Document {
    /// Its id in the file.
    pub id: String,
    /// Its text.
    pub text: String,
    /// What is to be found.
    pub spans: Vec<Span>,
}

/// Why a gold file cannot be used.
#[derive(Debug, Error)]
pub enum GoldError {
    /// It cannot be read.
    #[error("cannot read {0}: {1}")]
    File(PathBuf, std::io::Error),
    /// A line is not what it should be.
    #[error("{file}, line {line}: {reason}")]
    Line {
        /// The file.
        file: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
}

#[derive(Deserialize)]
struct GoldLine {
    id: String,
    text: String,
    spans: Vec<GoldSpan>,
}

#[derive(Deserialize)]
struct GoldSpan {
    start: usize,
    end: usize,
    label: String,
}

/// Reads a gold file.
///
/// # Errors
/// When it cannot be read, a line is not JSON of the right form, or a span lies outside its text.
pub fn read(file: &Path) -> Result<Vec<Document>, GoldError> {
    let text = std::fs::read_to_string(file).map_err(|e| GoldError::File(file.to_owned(), e))?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(at, line)| {
            parse(line).map_err(|reason| GoldError::Line {
                file: file.to_owned(),
                line: at + 1,
                reason,
            })
        })
        .collect()
}

fn parse(line: &str) -> Result<Document, String> {
    let line: GoldLine = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let length = line.text.chars().count();
    let spans = line.spans.into_iter().map(|span| {
        if span.start >= span.end || span.end > length {
            return Err(format!("the span {}..{} is not within the text", span.start, span.end));
        }
        let kind = span.label.parse().map_or(Kind::Neutral, Kind::Phi);
        Ok(Span { start: span.start, end: span.end, kind })
    });
    let spans = spans.collect::<Result<_, String>>()?;
    Ok(Document { id: line.id, text: line.text, spans })
}

/// Turns byte offsets of a text into code points.
pub(super) struct CodePoints(Vec<usize>);

pub(super) fn code_points(text: &str) -> CodePoints {
    CodePoints(text.char_indices().map(|(at, _)| at).collect())
}

impl CodePoints {
    /// How many code points stand before `byte`.
    pub(super) fn of(&self, byte: usize) -> usize {
        self.0.partition_point(|&at| at < byte)
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, code_points, parse};
    use crate::deidentify::entity::Label;

    #[test]
    fn labels_outside_the_contract_are_neutral() {
        let line = r#"{"id":"1","text":"é Doe 1988","spans":[{"start":2,"end":5,"label":"NAME"},{"start":6,"end":10,"label":"DATE_YEAR"}]}"#;
        let kinds: Vec<_> = parse(line).unwrap().spans.iter().map(|span| span.kind).collect();
        assert_eq!(kinds, [Kind::Phi(Label::Name), Kind::Neutral]);
    }

    #[test]
    fn spans_outside_the_text_are_refused() {
        for span in ["4,\"end\":4", "2,\"end\":6"] {
            let line = format!(
                r#"{{"id":"1","text":"é Doe","spans":[{{"start":{span},"label":"NAME"}}]}}"#
            );
            assert!(parse(&line).is_err(), "{line}");
        }
    }

    #[test]
    fn bytes_become_code_points() {
        let points = code_points("é\u{1f600}a");
        assert_eq!([0, 2, 6, 7].map(|byte| points.of(byte)), [0, 1, 2, 3]);
    }
}
