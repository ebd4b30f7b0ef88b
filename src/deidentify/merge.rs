//! Joins what the detectors found into one sorted, disjoint list.
//!
//! Coverage only grows: what any detector covered stays covered, edges move outwards to whole words, and only blank
//! characters, leftover punctuation and a name's possessive `'s` are trimmed from the ends.

use std::cmp::Ordering;

use super::{
    entity::{Detection, Label, Span},
    rules::blank_reference,
};

/// Labels from the most to the least specific: the first one wins between equally strong detections.
const PRIORITY: &[Label] = &[
    Label::Ssn,
    Label::Email,
    Label::Url,
    Label::Ip,
    Label::Mrn,
    Label::HealthPlanId,
    Label::Account,
    Label::License,
    Label::Vehicle,
    Label::Device,
    Label::Biometric,
    Label::Fax,
    Label::Phone,
    Label::Name,
    Label::Date,
    Label::Age,
    Label::Location,
    Label::Organization,
    Label::Id,
];

/// Words whose final period belongs to them; so does that of a single letter.
const ABBREVIATIONS: &[&str] = &[
    "apt", "ave", "blvd", "co", "corp", "ct", "dr", "esq", "ft", "hwy", "inc", "jr", "ln", "ltd",
    "mr", "mrs", "ms", "mt", "pl", "prof", "rd", "sq", "sr", "st", "ste",
];

/// What follows an apostrophe without being a part of the name before it.
const CONTRACTIONS: &[&str] = &["d", "ll", "m", "re", "s", "t", "ve"];

/// Small first members of hyphenated names, written in lower case before a capital.
const PARTICLES: &[&str] = &[
    "abd", "abu", "ad", "al", "an", "ar", "as", "at", "ben", "bin", "de", "el", "ibn", "la", "ul",
];

/// Most marks and invisible characters in a row that are looked through for the word they belong to; it keeps the work
/// linear in texts that hold long runs of them.
const MAX_UNSEEN: usize = 64;

/// Joins `detections` in `text` into a sorted list of disjoint ones that covers whatever any of them covers.
///
/// Overlapping detections become their union, which takes the label, score and detector of the strongest: the highest
/// score, then the longest, then the most specific label. Those of one label that touch are joined, and so are two
/// names with a single space between them. No word is cut in half: edges grow over runs of letters or of digits, never
/// from one to the other (`93` in `93yo` stays as it is) and never inside scripts that write no spaces. They grow over
/// apostrophes and hyphens inside a name (`O'Brien`, `Al-Hashimi`), not over a possessive.
///
/// Ranges that leave `text` or cut a character are widened or cut to fit. Merging twice changes nothing.
pub fn merge(text: &str, mut detections: Vec<Detection>) -> Vec<Detection> {
    detections.sort_by(|a, b| a.span.cmp(&b.span).then(strength(b, a)));
    let mut groups: Vec<Group> = Vec::new();
    for best in detections {
        let start = text.floor_char_boundary(best.span.start);
        let end = text.ceil_char_boundary(best.span.end);
        if end <= start {
            continue;
        }
        let covered = groups.last().map_or(0, |group| group.span.end);
        let start = if start < covered { start } else { grow_start(text, start) };
        let end = if end <= covered { end } else { grow_end(text, end) };
        let mut group = Group { span: Span::new(start, end), best };
        while let Some(last) = groups.pop_if(|last| last.span.overlaps(group.span)) {
            group = last.join(group);
        }
        groups.push(group);
    }

    let mut merged: Vec<Detection> = Vec::with_capacity(groups.len());
    let mut reached = 0;
    for Group { span: whole, best } in groups {
        let Some(span) = trim(text, whole, best.label) else {
            continue;
        };
        let touches = whole.start == reached;
        reached = whole.end;
        let next = Detection { span, ..best };
        match merged.last_mut() {
            Some(last)
                if last.label == next.label && (touches || has_name_gap(text, last, &next)) =>
            {
                let span = Span::new(last.span.start, next.span.end);
                if strength(&next, last).is_gt() {
                    *last = next;
                }
                // "o" and "'s" apart have nothing to trim; "o's" has.
                last.span = trim(text, span, last.label).unwrap_or(span);
            }
            _ => merged.push(next),
        }
    }
    merged
}

/// Detections joined so far: the range of all of them and the strongest one.
struct Group {
    span: Span,
    best: Detection,
}

impl Group {
    fn join(self, next: Group) -> Group {
        let start = self.span.start.min(next.span.start);
        let span = Span::new(start, self.span.end.max(next.span.end));
        let best = if strength(&next.best, &self.best).is_gt() { next.best } else { self.best };
        Group { span, best }
    }
}

/// Orders detections from the weakest to the strongest.
pub(super) fn strength(a: &Detection, b: &Detection) -> Ordering {
    let rank = |label: Label| PRIORITY.iter().position(|&other| other == label);
    (a.score.total_cmp(&b.score))
        .then(a.span.len().cmp(&b.span.len()))
        .then(rank(b.label).cmp(&rank(a.label)))
        .then_with(|| b.detector.cmp(&a.detector))
}

/// Whether two neighbours of one label are the parts of a name: a single blank stands between them, or nothing.
fn has_name_gap(text: &str, left: &Detection, right: &Detection) -> bool {
    let gap = text.get(left.span.end..right.span.start).unwrap_or_default();
    if left.label == Label::Name && blank_reference(gap) == Some(gap.len()) {
        return true;
    }
    let mut gap = gap.chars();
    match (gap.next(), gap.next()) {
        (None, _) => true,
        (Some(c), None) => left.label == Label::Name && c.is_whitespace() && !is_line_break(c),
        (Some(_), Some(_)) => false,
    }
}

/// Whether `c` ends a line.
pub(super) fn is_line_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Cuts blanks from both ends and leftover commas, periods and possessives from the right one.
fn trim(text: &str, span: Span, label: Label) -> Option<Span> {
    let blank = |c: char| matches!(kind(c), Kind::Blank | Kind::Format);
    let whole = span.of(text)?;
    let value = whole.trim_start_matches(blank);
    let start = span.end - value.len();
    let mut value = value;
    loop {
        let kept = value.trim_end_matches(blank);
        let kept = kept.strip_suffix(',').unwrap_or(kept);
        let kept = kept.strip_suffix('.').filter(|rest| !is_abbreviation(rest)).unwrap_or(kept);
        let kept = if label == Label::Name { without_possessive(kept) } else { kept };
        if kept.len() == value.len() {
            break;
        }
        value = kept;
    }
    (!value.is_empty()).then(|| Span::new(start, start + value.len()))
}

/// Whether `text` ends in a word that carries a period of its own.
pub(super) fn is_abbreviation(text: &str) -> bool {
    let word = last_letters(text);
    word.chars().count() == 1 || ABBREVIATIONS.iter().any(|known| known.eq_ignore_ascii_case(word))
}

/// The letters that `text` ends in.
pub(super) fn last_letters(text: &str) -> &str {
    let head = text.trim_end_matches(|c: char| kind(c) == Kind::Letter);
    text.get(head.len()..).unwrap_or_default()
}

fn without_possessive(name: &str) -> &str {
    (name.strip_suffix(['s', 'S']))
        .and_then(|rest| rest.strip_suffix(is_apostrophe))
        .filter(|rest| rest.ends_with(char::is_alphabetic))
        .unwrap_or(name)
}

/// What a character is to a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A letter of a script that puts spaces between words.
    Letter,
    /// A digit or another number.
    Digit,
    /// A letter of a script that puts no spaces between words.
    Unspaced,
    /// A mark that combines with the character before it.
    Mark,
    /// An invisible character: zero-width spaces and joiners, soft hyphens, directions.
    Format,
    /// White space or a control character.
    Blank,
    /// Punctuation, symbols, emoji.
    Other,
}

/// Tells what `c` is to a word.
pub(super) fn kind(c: char) -> Kind {
    match c {
        'a'..='z' | 'A'..='Z' => Kind::Letter,
        '0'..='9' => Kind::Digit,
        ' ' => Kind::Blank,
        '!'..='~' => Kind::Other,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' => {
            Kind::Format
        }
        '\u{2060}'..='\u{206f}' | '\u{feff}' => Kind::Format,
        _ if is_mark(c) => Kind::Mark,
        _ if c.is_whitespace() || c.is_control() => Kind::Blank,
        '\u{e00}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' if c.is_alphabetic() => Kind::Unspaced,
        '\u{3005}'..='\u{3007}' | '\u{3040}'..='\u{312f}' | '\u{31a0}'..='\u{31ff}'
            if c.is_alphanumeric() =>
        {
            Kind::Unspaced
        }
        '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{ff66}'..='\u{ff9f}'
            if c.is_alphabetic() =>
        {
            Kind::Unspaced
        }
        '\u{20000}'..='\u{3ffff}' => Kind::Unspaced,
        _ if c.is_alphabetic() => Kind::Letter,
        _ if c.is_numeric() => Kind::Digit,
        _ => Kind::Other,
    }
}

/// The combining marks that clinical text can be expected to hold: those of Latin, Greek and Cyrillic, Hebrew, Arabic,
/// the Indian scripts' signs that are no letters, Thai, Lao, kana, and variation selectors.
fn is_mark(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{591}'..='\u{5bd}' | '\u{5bf}' | '\u{5c1}' | '\u{5c2}' | '\u{5c4}'
        | '\u{5c5}' | '\u{5c7}' | '\u{610}'..='\u{61a}' | '\u{64b}'..='\u{65f}' | '\u{670}' | '\u{6d6}'..='\u{6dc}'
        | '\u{6df}'..='\u{6e4}' | '\u{6e7}' | '\u{6e8}' | '\u{6ea}'..='\u{6ed}' | '\u{711}' | '\u{730}'..='\u{74a}'
        | '\u{93c}' | '\u{94d}' | '\u{951}'..='\u{954}' | '\u{9bc}' | '\u{9cd}' | '\u{a3c}' | '\u{a4d}' | '\u{abc}' | '\u{acd}'
        | '\u{b3c}' | '\u{b4d}' | '\u{bcd}' | '\u{c4d}' | '\u{cbc}' | '\u{ccd}' | '\u{d4d}' | '\u{dca}' | '\u{e31}'
        | '\u{e34}'..='\u{e3a}' | '\u{e47}'..='\u{e4e}' | '\u{eb1}' | '\u{eb4}'..='\u{ebc}' | '\u{ec8}'..='\u{ece}'
        | '\u{1ab0}'..='\u{1ace}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20f0}' | '\u{3099}' | '\u{309a}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{fe20}'..='\u{fe2f}' | '\u{e0100}'..='\u{e01ef}')
}

/// Whether `c` is an apostrophe, straight or curly.
pub(super) fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '\u{2019}' | '\u{2018}' | '\u{2bc}' | '\u{ff07}')
}

/// Whether `c` is a hyphen (a dash between words is none).
pub(super) fn is_hyphen(c: char) -> bool {
    matches!(c, '-' | '\u{2010}' | '\u{2011}' | '\u{ff0d}')
}

/// Whether `word` after an apostrophe is a possessive or a contraction.
pub(super) fn is_contraction(word: &str) -> bool {
    CONTRACTIONS.iter().any(|known| known.eq_ignore_ascii_case(word))
}

/// Whether the sign `connector` between two runs of letters makes one word of them.
fn connects(left: &str, connector: char, right: &str) -> bool {
    if is_apostrophe(connector) {
        return !is_contraction(right);
    }
    let lower = |word: &str| word.starts_with(char::is_lowercase);
    let particle = |word: &str| PARTICLES.contains(&word);
    is_hyphen(connector) && (lower(left) == lower(right) || particle(left) || particle(right))
}

/// The kind of the last character before `at` that is neither a mark nor invisible.
fn kind_before(text: &str, at: usize) -> Option<Kind> {
    let mut before = text.get(..at)?.chars().rev().take(MAX_UNSEEN).map(kind);
    before.find(|kind| !matches!(kind, Kind::Mark | Kind::Format))
}

/// Where the run of `run` characters that reaches `at` ends.
///
/// Marks belong to it, invisible characters only inside it.
fn end_of_run(text: &str, at: usize, run: Kind) -> usize {
    let mut end = at;
    let mut unseen = 0;
    let unbroken = matches!(run, Kind::Letter | Kind::Digit);
    for (offset, c) in text.get(at..).unwrap_or_default().char_indices() {
        match kind(c) {
            Kind::Format if unseen < MAX_UNSEEN => {
                unseen += 1;
                continue;
            }
            Kind::Mark => {}
            other if unbroken && other == run => {}
            Kind::Letter
            | Kind::Digit
            | Kind::Unspaced
            | Kind::Format
            | Kind::Blank
            | Kind::Other => break,
        }
        unseen = 0;
        end = at + offset + c.len_utf8();
    }
    end
}

/// Where the run of `run` characters that ends at `at` starts.
fn start_of_run(text: &str, at: usize, run: Kind) -> usize {
    let mut start = at;
    let mut unseen = 0;
    for (offset, c) in text.get(..at).unwrap_or_default().char_indices().rev() {
        match kind(c) {
            Kind::Mark | Kind::Format if unseen < MAX_UNSEEN => unseen += 1,
            other if other == run => {
                start = offset;
                unseen = 0;
                if run == Kind::Unspaced {
                    break;
                }
            }
            Kind::Letter
            | Kind::Digit
            | Kind::Unspaced
            | Kind::Mark
            | Kind::Format
            | Kind::Blank
            | Kind::Other => break,
        }
    }
    start
}

/// Moves the right edge at `end` to the end of the word.
fn grow_end(text: &str, end: usize) -> usize {
    let head = text.get(..end).unwrap_or_default();
    let connector = head.chars().next_back().filter(|&c| is_apostrophe(c) || is_hyphen(c));
    let edge = connector.map_or(end, |c| end - c.len_utf8());
    let Some(run @ (Kind::Letter | Kind::Digit | Kind::Unspaced)) = kind_before(text, edge) else {
        return end;
    };
    let mut grown = end_of_run(text, edge, run);
    while run == Kind::Letter
        && let Some(next) = across(text, grown)
    {
        grown = next;
    }
    grown.max(end)
}

/// The end of the word that goes on after the apostrophe or hyphen at `at`.
fn across(text: &str, at: usize) -> Option<usize> {
    let (head, tail) = text.split_at_checked(at)?;
    let connector = tail.chars().next()?;
    let start = at + connector.len_utf8();
    let end = end_of_run(text, start, Kind::Letter);
    let left = head.get(start_of_run(text, at, Kind::Letter)..)?;
    let right = text.get(start..end).filter(|word| word.starts_with(is_letter))?;
    connects(left, connector, right).then_some(end)
}

/// Moves the left edge at `start` to the start of the word.
fn grow_start(text: &str, start: usize) -> usize {
    let tail = text.get(start..).unwrap_or_default();
    let mut leading =
        tail.char_indices().take(MAX_UNSEEN).skip_while(|&(_, c)| kind(c) == Kind::Format);
    let Some((offset, first)) = leading.next() else {
        return start;
    };
    let edge = start + offset;
    let mut grown = match (kind_before(text, edge), kind(first)) {
        (Some(run @ (Kind::Letter | Kind::Digit | Kind::Unspaced)), Kind::Mark) => {
            start_of_run(text, edge, run)
        }
        (Some(run @ (Kind::Letter | Kind::Digit)), here) if run == here => {
            start_of_run(text, edge, run)
        }
        _ => edge,
    };
    while let Some(next) = across_left(text, grown) {
        grown = next;
    }
    grown.min(start)
}

/// The start of the word that goes on before `at`, over an apostrophe or hyphen that stands before or at it.
fn across_left(text: &str, at: usize) -> Option<usize> {
    let is_connector = |c: char| is_apostrophe(c) || is_hyphen(c);
    let (head, tail) = text.split_at_checked(at)?;
    let (sign, connector) = match tail.chars().next()? {
        c if is_connector(c) => (at, c),
        _ => head.char_indices().next_back().filter(|&(_, c)| is_connector(c))?,
    };
    let right = sign + connector.len_utf8();
    let right = text
        .get(right..end_of_run(text, right, Kind::Letter))
        .filter(|word| word.starts_with(is_letter))?;
    let left =
        head.get(start_of_run(text, sign, Kind::Letter)..sign).filter(|word| !word.is_empty())?;
    connects(left, connector, right).then_some(sign - left.len())
}

fn is_letter(c: char) -> bool {
    kind(c) == Kind::Letter
}

#[cfg(test)]
mod tests;
