//! What of a detection is looked for elsewhere: its whole value and, of a name, its distinctive parts.

use super::{
    super::{
        encoded::decode,
        entity::{Detection, Label},
        merge::{Kind, is_contraction},
        rewritten::Rewritten,
    },
    context::{Guard, is_common, is_eponym, is_title_or_particle},
    patterns::Patterns,
    words::{fold, words},
};

/// Fewest digits of a number that is looked for.
const MIN_DIGITS: usize = 5;

/// Fewest letters of a part of a name that is looked for.
const MIN_NAME_LETTERS: usize = 3;

/// A word of a value, folded.
struct Word {
    kind: Kind,
    folded: String,
    /// Whether it follows the word before without a gap.
    glued: bool,
}

impl Word {
    fn letters(&self) -> usize {
        if self.kind == Kind::Letter { self.folded.chars().count() } else { 0 }
    }

    fn is_sign(&self, sign: &str) -> bool {
        self.kind == Kind::Other && self.folded == sign
    }
}

/// Whether `value` tells of somebody wherever it stands, so that it may be looked for without a look
/// at what is around it.
pub fn is_distinctive(label: Label, value: &str) -> bool {
    let words = split(value);
    if label != Label::Name {
        return whole_value_guard(label, value, &words).is_some_and(|guard| !guard.capitalised);
    }
    let mut letters = words.iter().filter(|word| word.kind == Kind::Letter);
    let long = words.iter().map(Word::letters).sum::<usize>() > MIN_NAME_LETTERS;
    long && letters.any(|word| {
        word.letters() >= MIN_NAME_LETTERS
            && !is_common(&word.folded)
            && !is_title_or_particle(&word.folded)
            && !is_eponym(&word.folded)
    })
}

/// The words of `value`, folded.
fn split(value: &str) -> Vec<Word> {
    let mut end = 0;
    words(value)
        .map(|(kind, span)| {
            let mut folded = String::new();
            fold(span.of(value).unwrap_or_default(), &mut folded);
            let glued = end == span.start;
            end = span.end;
            Word { kind, folded, glued }
        })
        .collect()
}

/// Adds to `patterns` what is to be looked for of `detection` in `text`.
pub(super) fn collect(text: &str, detection: &Detection, patterns: &mut Patterns) {
    let value = detection.span.of(text).unwrap_or_default();
    // Marks within a value (`Ann</b> <b class="x">Lee`, `Jos&eacute;`) are no words of it.
    let read = decode(value);
    let value = read.as_ref().map_or(value, Rewritten::text);
    let words = split(value);
    if detection.label == Label::Name {
        return collect_name(&words, detection, patterns);
    }
    if let Some(guard) = whole_value_guard(detection.label, value, &words) {
        patterns.insert(words.iter().map(|word| word.folded.as_str()), detection, guard);
    }
}

/// Whether a value other than a name is distinctive, and what it needs around it.
fn whole_value_guard(label: Label, value: &str, words: &[Word]) -> Option<Guard> {
    let digits: usize = value.chars().filter(|c| c.is_numeric()).count();
    let letters: usize = value.chars().filter(|c| c.is_alphabetic()).count();
    let distinctive = match label {
        Label::Age => false,
        Label::Date => value.chars().count() >= 6 && (separators(words) >= 2 || digits >= 8),
        Label::Location | Label::Organization => {
            letters + digits >= 4 && (letters > 0 || digits >= MIN_DIGITS)
        }
        Label::Name
        | Label::Phone
        | Label::Fax
        | Label::Email
        | Label::Ssn
        | Label::Mrn
        | Label::HealthPlanId
        | Label::Account
        | Label::License
        | Label::Vehicle
        | Label::Device
        | Label::Url
        | Label::Ip
        | Label::Biometric
        | Label::Id => letters + digits >= MIN_DIGITS,
    };
    let mut lexical = words.iter().filter(|word| word.kind != Kind::Other).peekable();
    lexical.peek()?;
    let common = lexical.all(|word| word.kind == Kind::Letter && is_common(&word.folded));
    (distinctive && !(common && words.len() == 1))
        .then_some(Guard { capitalised: common, no_eponym: false })
}

/// How often signs or gaps stand between the numbers and words of a date.
fn separators(words: &[Word]) -> usize {
    let is_sign = |word: &Word| word.kind == Kind::Other;
    let inner = words.iter().skip_while(|word| is_sign(word)).collect::<Vec<_>>();
    let apart = inner.windows(2).filter(|pair| match pair {
        [left, right] => !is_sign(right) && (is_sign(left) || !right.glued),
        _ => false,
    });
    apart.count()
}

/// Adds a name and its parts.
fn collect_name(words: &[Word], detection: &Detection, patterns: &mut Patterns) {
    let letters: usize = words.iter().map(Word::letters).sum();
    let unspaced = words.iter().filter(|word| word.kind == Kind::Unspaced).count();
    let is_initials = words.iter().all(|word| word.letters() <= 1);
    let lexical = || words.iter().filter(|word| word.kind == Kind::Letter);
    if unspaced >= 2 || (lexical().count() >= 2 && letters >= MIN_NAME_LETTERS && !is_initials) {
        let ordinary = |word: &Word| {
            is_common(&word.folded) || is_title_or_particle(&word.folded) || word.letters() == 1
        };
        let guard =
            Guard { capitalised: unspaced == 0 && lexical().all(ordinary), no_eponym: false };
        patterns.insert(words.iter().map(|word| word.folded.as_str()), detection, guard);
        let bare = words.iter().filter(|word| !matches!(word.folded.as_str(), "." | ","));
        patterns.insert(bare.map(|word| word.folded.as_str()), detection, guard);
    }
    for compound in split_compounds(words) {
        if compound.len() > 1 && compound.len() < words.len() {
            patterns.insert(
                compound.iter().map(|word| word.folded.as_str()),
                detection,
                Guard::default(),
            );
        }
        for part in compound.split(|word| word.is_sign("-")) {
            collect_part(part, detection, patterns);
        }
    }
}

/// Runs of words that hyphens and apostrophes hold together.
fn split_compounds(words: &[Word]) -> impl Iterator<Item = &[Word]> {
    let holds = |left: &Word, right: &Word| {
        let sign = |word: &Word| word.is_sign("'") || word.is_sign("-");
        right.glued
            && ((left.kind == Kind::Letter && sign(right))
                || (sign(left) && right.kind == Kind::Letter))
    };
    words
        .chunk_by(holds)
        .filter(|chunk| chunk.first().is_some_and(|word| word.kind == Kind::Letter))
}

/// Adds one part of a name: letters, and apostrophes inside.
fn collect_part(part: &[Word], detection: &Detection, patterns: &mut Patterns) {
    let part = match part {
        [head @ .., sign, last] if sign.is_sign("'") && is_contraction(&last.folded) => head,
        [head @ .., sign] if sign.is_sign("'") => head,
        _ => part,
    };
    let letters: String = part
        .iter()
        .filter(|word| word.kind == Kind::Letter)
        .map(|word| word.folded.as_str())
        .collect();
    if letters.chars().count() < MIN_NAME_LETTERS || is_title_or_particle(&letters) {
        return;
    }
    let guard = Guard { capitalised: is_common(&letters), no_eponym: is_eponym(&letters) };
    patterns.insert(part.iter().map(|word| word.folded.as_str()), detection, guard);
    if part.len() > 1 {
        patterns.insert([letters.as_str()], detection, guard);
    }
}
