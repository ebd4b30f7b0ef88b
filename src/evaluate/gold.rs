//! Gold files: a JSON object a line, offsets in Unicode code points.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Offset of the first code point.
    pub start: usize,
    /// Offset after the last one.
    pub end: usize,
    /// What it is.
    pub kind: Kind,
    /// Who found it; `None` in a gold file and where a file of predictions does not say.
    pub detector: Option<Arc<str>>,
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
    spans: Vec<SpanLine>,
}

#[derive(Deserialize)]
struct PredictionLine {
    id: String,
    spans: Vec<SpanLine>,
}

#[derive(Deserialize)]
struct SpanLine {
    start: usize,
    end: usize,
    label: String,
    detector: Option<String>,
}

/// Reads a gold file.
///
/// # Errors
/// When it cannot be read, a line is not JSON of the right form, or a span lies outside its text.
pub fn read(file: &Path) -> Result<Vec<Document>, GoldError> {
    lines(file, |_, line| parse(line))
}

/// Reads what some program found in `documents`: a line a document, in the same order.
///
/// # Errors
/// When it cannot be read, a line is not JSON of the right form, is about another document or has a
/// span outside the document's text, or the file has fewer or more lines than there are documents.
pub fn read_predictions(file: &Path, documents: &[Document]) -> Result<Vec<Vec<Span>>, GoldError> {
    let found = lines(file, |at, line| {
        let document = documents.get(at).ok_or("there are more lines than documents")?;
        parse_prediction(line, document)
    })?;
    if found.len() < documents.len() {
        let reason =
            format!("it ends, and {} documents are to come", documents.len() - found.len());
        return Err(GoldError::Line { file: file.to_owned(), line: found.len() + 1, reason });
    }
    Ok(found)
}

/// Parses every line that is not blank; `parse` is told which of those it is, from 0.
fn lines<T>(
    file: &Path,
    parse: impl Fn(usize, &str) -> Result<T, String>,
) -> Result<Vec<T>, GoldError> {
    let text = std::fs::read_to_string(file).map_err(|e| GoldError::File(file.to_owned(), e))?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .enumerate()
        .map(|(index, (at, line))| {
            parse(index, line).map_err(|reason| GoldError::Line {
                file: file.to_owned(),
                line: at + 1,
                reason,
            })
        })
        .collect()
}

fn parse(line: &str) -> Result<Document, String> {
    let line: GoldLine = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let spans = spans(line.spans, &line.text, Kind::Neutral)?;
    Ok(Document { id: line.id, text: line.text, spans })
}

fn parse_prediction(line: &str, document: &Document) -> Result<Vec<Span>, String> {
    let line: PredictionLine = serde_json::from_str(line).map_err(|error| error.to_string())?;
    if line.id != document.id {
        return Err(format!("it is about {:?} and should be about {:?}", line.id, document.id));
    }
    // Whatever another program calls its finds, they cover their characters.
    spans(line.spans, &document.text, Kind::Phi(Label::Id))
}

/// The spans of a line; those with a label that is not the gateway's are `other`.
fn spans(spans: Vec<SpanLine>, text: &str, other: Kind) -> Result<Vec<Span>, String> {
    let length = text.chars().count();
    let spans = spans.into_iter().map(|SpanLine { start, end, label, detector }| {
        if start >= end || end > length {
            return Err(format!("the span {start}..{end} is not within the text"));
        }
        Ok(Span {
            start,
            end,
            kind: label.parse().map_or(other, Kind::Phi),
            detector: detector.map(Arc::from),
        })
    });
    spans.collect()
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
    use super::{Kind, code_points, parse, parse_prediction};
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
    fn predictions_count_whatever_their_labels_and_belong_to_their_document() {
        let document = parse(r#"{"id":"1","text":"Ann Lee","spans":[]}"#).unwrap();
        let line = r#"{"id":"1","spans":[{"start":0,"end":3,"label":"PERSON","detector":"x"}]}"#;
        let found = parse_prediction(line, &document).unwrap();
        assert_eq!((found[0].start, found[0].end), (0, 3));
        assert!(matches!(found[0].kind, Kind::Phi(_)));
        assert!(parse_prediction(&line.replace(r#""1""#, r#""2""#), &document).is_err());
        assert!(parse_prediction(&line.replace(":3", ":8"), &document).is_err());
    }

    #[test]
    fn bytes_become_code_points() {
        let points = code_points("é\u{1f600}a");
        assert_eq!([0, 2, 6, 7].map(|byte| points.of(byte)), [0, 1, 2, 3]);
    }
}
