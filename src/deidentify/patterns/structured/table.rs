//! Tables with a header line: a column's name says what its cells are.

use std::sync::Arc;

use super::{
    fields::{is_plausible, label_of},
    push,
};
use crate::deidentify::entity::{Detection, Label, Span};

/// Marks between cells, tried in this order.
const SEPARATORS: [char; 4] = ['\t', '|', ';', ','];

/// Adds the identifiers in the columns of the tables in `text`.
pub(super) fn find(text: &str, found: &mut Vec<Detection>) {
    let detector: Arc<str> = Arc::from("rules.table");
    let mut header: Option<(char, Vec<Option<Label>>)> = None;
    let mut start = 0;
    for line in text.split('\n') {
        let at = start;
        start += line.len() + 1;
        if line.trim().is_empty() {
            header = None;
            continue;
        }
        if let Some(columns) = header_of(line) {
            header = Some(columns);
            continue;
        }
        let Some((separator, columns)) = &header else { continue };
        let cells = cells(line, *separator);
        if cells.len() < 2 {
            header = None;
            continue;
        }
        for (cell, label) in cells.iter().zip(columns) {
            let value = cell.of(line).unwrap_or_default();
            if let Some(label) = label
                && is_plausible(*label, value)
            {
                push(*label, Span::new(at + cell.start, at + cell.end), &detector, found);
            }
        }
    }
}

/// The columns of a header line: two or more known names, and no cell that is a value.
fn header_of(line: &str) -> Option<(char, Vec<Option<Label>>)> {
    SEPARATORS.iter().find_map(|&separator| {
        if !line.contains(separator) {
            return None;
        }
        let cells = cells(line, separator);
        let names: Vec<&str> = cells.iter().map(|cell| cell.of(line).unwrap_or_default()).collect();
        let labels: Vec<_> = names.iter().map(|name| label_of(name)).collect();
        let known = labels.iter().flatten().count();
        let names_only = names
            .iter()
            .all(|name| name.len() <= 32 && name.bytes().filter(u8::is_ascii_digit).count() <= 1);
        (known >= 2 && names_only && cells.len() >= 2).then_some((separator, labels))
    })
}

/// The cells of a line, without blanks and quotes; a separator within quotes is text.
fn cells(line: &str, separator: char) -> Vec<Span> {
    let mut cells = Vec::new();
    let mut start = 0;
    let mut quoted = false;
    let ends = line.char_indices().filter(|&(_, letter)| {
        quoted ^= letter == '"';
        letter == separator && !quoted
    });
    for end in ends.map(|(at, _)| at).chain(std::iter::once(line.len())) {
        let raw = line.get(start..end).unwrap_or_default();
        let trimmed = raw.trim_matches([' ', '"', '\r', '\'']);
        let from = start + (raw.len() - raw.trim_start_matches([' ', '"', '\r', '\'']).len());
        cells.push(Span::new(from.min(end), (from + trimmed.len()).min(end)));
        start = end + separator.len_utf8();
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::find;

    fn values(text: &str) -> Vec<(&str, &str)> {
        let mut found = Vec::new();
        find(text, &mut found);
        found.iter().map(|d| (d.label.as_str(), d.span.of(text).unwrap())).collect()
    }

    #[test]
    fn cells_are_known_by_their_column() {
        let text = "last_name,first_name,dob,a1c\n\"O'Neil, Jr\",Mary,1962-03-14,7.1\nDoe,,,6.9\n\nlast,first,9";
        assert_eq!(
            values(text),
            [("NAME", "O'Neil, Jr"), ("NAME", "Mary"), ("DATE", "1962-03-14"), ("NAME", "Doe")]
        );
    }

    #[test]
    fn prose_with_commas_is_no_table() {
        assert!(values("Denies name, date and place.\nAlert, oriented").is_empty());
        assert!(values("HR, BP, SpO2\n80, 120/80, 97").is_empty());
    }
}
