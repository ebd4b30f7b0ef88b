//! Fuzz targets. `cargo test` replays their corpora (and every crash that was ever found) and adds
//! a short random run; `make fuzz` searches on, guided by coverage, a minute a target.

mod parsing;
mod restoring;
mod searching;

/// Splits `input` into pieces: its first byte says how many of the next ones are lengths.
fn pieces(input: &[u8]) -> (Vec<usize>, &[u8]) {
    let Some((&count, rest)) = input.split_first() else { return (vec![1], input) };
    let (lengths, rest) = rest.split_at(usize::from(count % 8).min(rest.len()));
    let mut lengths: Vec<usize> = lengths.iter().map(|&byte| usize::from(byte % 16) + 1).collect();
    if lengths.is_empty() {
        lengths.push(1);
    }
    (lengths, rest)
}
