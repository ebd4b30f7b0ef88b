//! The last look before sending: no value that was replaced stands anywhere in the bytes.
//!
//! Detection, propagation and substitution look at the strings of a request; this looks at what
//! became of them all, constants, keys and escapes included. Values that are ordinary words, eponyms or
//! too short to tell anybody are left to the detectors, as they are by propagation: "HR 93" is no leak
//! of the age 93, and Parkinson's disease none of Mr. Parkinson.

use aho_corasick::{AhoCorasick, MatchKind};
use memchr::memmem;
use serde_json::Value;

use super::{Mapping, SubstituteError};
use crate::deidentify::propagate::is_distinctive;

/// Replaces in `bytes`, a JSON body, every value of `mapping` that still stands there, and says how
/// many there were.
///
/// # Errors
/// When a value cannot be replaced without breaking the JSON: nothing may be sent then.
pub(super) fn stop(bytes: Vec<u8>, mapping: &Mapping) -> Result<(Vec<u8>, usize), SubstituteError> {
    let (mut patterns, mut owners) = (Vec::new(), Vec::new());
    let placeholders =
        mapping.iter().map(|(placeholder, value)| (placeholder.label, value, Err(placeholder)));
    let surrogates = mapping.stand_ins.surrogates();
    let surrogates = surrogates.map(|(label, value, made)| (label, value, Ok(made)));
    let grams = Grams::of(&bytes);
    // Dates that moved are left out: one may have moved to where another stood.
    for (label, value, written) in placeholders.chain(surrogates) {
        let value = value.expose_phi();
        if !grams.may_hold(probe(value)) || !is_distinctive(label, value) {
            continue;
        }
        for spelling in spellings(value) {
            patterns.push(spelling);
            owners.push(written.map_or_else(|own| own.to_string(), str::to_owned));
        }
    }
    if patterns.is_empty() {
        return Ok((bytes, 0));
    }
    let search = AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::LeftmostLongest)
        .build(&patterns)
        .map_err(|_| SubstituteError::Write)?;
    let (mut out, mut done, mut count) = (Vec::new(), 0, 0);
    for hit in search.find_iter(&bytes) {
        let Some(owner) = owners.get(hit.pattern().as_usize()) else { continue };
        if !is_whole(&bytes, hit.start(), hit.end()) {
            continue;
        }
        out.extend_from_slice(bytes.get(done..hit.start()).unwrap_or_default());
        out.extend_from_slice(owner.as_bytes());
        done = hit.end();
        count += 1;
    }
    if count == 0 {
        return Ok((bytes, 0));
    }
    out.extend_from_slice(bytes.get(done..).unwrap_or_default());
    match serde_json::from_slice::<Value>(&out) {
        Ok(_) => Ok((out, count)),
        Err(_) => Err(SubstituteError::Leak),
    }
}

/// What stands in every spelling of `value` as it is, but for the case of ASCII letters: its longest run
/// of ASCII letters and digits. Nothing escapes those, and no blank stands between them.
fn probe(value: &str) -> &str {
    let runs = value.split(|c: char| !c.is_ascii_alphanumeric());
    runs.max_by_key(|run| run.len()).unwrap_or_default()
}

/// The pieces of a body, four bytes each, in a table of bits by their hash. Nearly no value still stands
/// in a body that was cleared, and this tells so at the cost of a look at each byte.
struct Grams {
    /// The body, ASCII letters in lower case.
    body: Vec<u8>,
    bits: Vec<u64>,
}

impl Grams {
    fn of(body: &[u8]) -> Self {
        let body = body.to_ascii_lowercase();
        let bits = body.len().clamp(1 << 10, 1 << 22).next_power_of_two() / 8;
        let mut grams = Self { body, bits: vec![0; bits] };
        for at in 0..grams.body.len() {
            if let Some(four) = grams.body.get(at..).and_then(|rest| rest.first_chunk()) {
                let (word, bit) = grams.place(*four);
                if let Some(word) = grams.bits.get_mut(word) {
                    *word |= bit;
                }
            }
        }
        grams
    }

    /// The word and the bit of four bytes.
    fn place(&self, four: [u8; 4]) -> (usize, u64) {
        // Fibonacci hashing (Knuth, "The Art of Computer Programming", volume 3, section 6.4).
        let hash = u64::from(u32::from_le_bytes(four)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        let bit = hash as usize & (self.bits.len() * 64 - 1);
        (bit / 64, 1 << (bit % 64))
    }

    /// Whether `probe` stands in the body, in any case.
    fn may_hold(&self, probe: &str) -> bool {
        let probe = probe.to_ascii_lowercase();
        let stands = |four: &[u8]| {
            four.first_chunk().is_none_or(|four| {
                let (word, bit) = self.place(*four);
                self.bits.get(word).is_some_and(|word| word & bit != 0)
            })
        };
        probe.as_bytes().windows(4).all(stands)
            && memmem::find(&self.body, probe.as_bytes()).is_some()
    }
}

/// What can stand between two words of one value.
const BLANKS: [&str; 5] = [" ", "\n", "\r\n", "\t", "\u{a0}"];

/// How `value` can be written in JSON, and in JSON in its strings: in any case, with one blank
/// of any kind between its words.
fn spellings(value: &str) -> Vec<String> {
    let words: Vec<&str> = value.split_whitespace().collect();
    let mut spaced = vec![value.to_owned()];
    if words.len() > 1 {
        spaced.extend(BLANKS.map(|blank| words.join(blank)));
    }
    let mut all = Vec::new();
    for value in spaced {
        // The search itself takes any case of ASCII.
        let other_cases = (!value.is_ascii()).then(|| [value.to_lowercase(), value.to_uppercase()]);
        for cased in std::iter::once(value).chain(other_cases.into_iter().flatten()) {
            let mut written = cased;
            for _ in 0..3 {
                all.push(escape(&written, false));
                all.push(escape(&written, true));
                written = escape(&written, false);
            }
        }
    }
    all.sort_unstable();
    all.dedup();
    all
}

/// `text` as it stands in a JSON literal, with `\u` escapes for all but ASCII where `ascii`.
fn escape(text: &str, ascii: bool) -> String {
    let literal = Value::from(text).to_string();
    let inner = literal.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let inner = inner.unwrap_or_default();
    if !ascii {
        return inner.to_owned();
    }
    let mut out = String::with_capacity(inner.len());
    for c in inner.chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    out
}

/// Whether what stands between `start` and `end` is no piece of a longer word or number.
fn is_whole(bytes: &[u8], start: usize, end: usize) -> bool {
    // Bytes of other scripts count as letters; an escape such as `\n` ends in one that does not.
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || byte >= 0x80;
    let before = bytes.get(..start).unwrap_or_default();
    let is_escape = before.len() >= 2
        && before.get(before.len() - 2) == Some(&b'\\')
        && before.last().is_some_and(|byte| b"nrtbf".contains(byte));
    let joined_left = before.last().is_some_and(|&byte| inner(byte)) && !is_escape;
    let joined_right = bytes.get(end).is_some_and(|&byte| inner(byte));
    !joined_left && !joined_right
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Grams, probe, spellings, stop};
    use crate::{deidentify::entity::Label, substitute::Mapping};

    fn mapping() -> Mapping {
        let mut mapping = Mapping::default();
        mapping.name("", "Zoë Dörfler");
        mapping.placeholder(Label::Mrn, "4471009");
        mapping.placeholder(Label::Age, "93");
        mapping.placeholder(Label::Location, "5 \"Elm\" Row");
        mapping.name("", "Jürgen Weißmann");
        mapping.name("", "İnan");
        mapping
    }

    #[test]
    fn what_still_stands_in_the_bytes_is_replaced_and_counted() {
        for (body, expected, hits) in [
            (r#"{"a":"zoë dörfler"}"#, r#"{"a":"[NAME_1]"}"#, 1),
            (r#"{"a":"ZOË DÖRFLER"}"#, r#"{"a":"[NAME_1]"}"#, 1),
            (r#"{"a":"Zo\u00eb D\u00F6rfler"}"#, r#"{"a":"[NAME_1]"}"#, 1),
            (r#"{"a":"x\nZoë Dörfler"}"#, r#"{"a":"x\n[NAME_1]"}"#, 1),
            (r#"{"a":"5 \"elm\" row"}"#, r#"{"a":"[LOCATION_1]"}"#, 1),
            (r#"{"a":"{\"b\":\"5 \\\"Elm\\\" Row\"}"}"#, r#"{"a":"{\"b\":\"[LOCATION_1]\"}"}"#, 1),
            (
                r#"{"a":"Zoë\nDörfler, zo\u00eb\u00a0d\u00f6rfler"}"#,
                r#"{"a":"[NAME_1], [NAME_1]"}"#,
                2,
            ),
            (r#"{"a":"JÜRGEN WEISSMANN, İNAN"}"#, r#"{"a":"[NAME_2], [NAME_3]"}"#, 2),
            (r#"{"a":"x[NAME_1]zoë dörfler[NAME_1]"}"#, r#"{"a":"x[NAME_1][NAME_1][NAME_1]"}"#, 1),
            (r#"{"4471009":"4471009"}"#, r#"{"[MRN_1]":"[MRN_1]"}"#, 2),
            (r#"{"a":"44710091 HR 93"}"#, r#"{"a":"44710091 HR 93"}"#, 0),
        ] {
            let (out, count) = stop(body.as_bytes().to_vec(), &mapping()).unwrap();
            assert_eq!((std::str::from_utf8(&out).unwrap(), count), (expected, hits));
        }
    }

    #[test]
    fn a_short_or_foreign_value_is_looked_for_too() {
        let mut mapping = Mapping::default();
        mapping.name("", "Ольга Шмидт");
        mapping.name("", "Ng Øste");
        let (out, count) =
            stop(r#"{"a":"ОЛЬГА ШМИДТ, ng øste"}"#.as_bytes().to_vec(), &mapping).unwrap();
        assert_eq!(
            (std::str::from_utf8(&out).unwrap(), count),
            (r#"{"a":"[NAME_1], [NAME_2]"}"#, 2)
        );
    }

    proptest! {
        #[test]
        fn every_spelling_holds_the_probe_and_is_seen(
            value in "[a-zA-Z0-9 \"\\\\\n.'-]{0,12}|[\\PC\\s]{0,9}|[a-kß-ÿıİKſﬁА-я ]{1,9}",
            before in "\\PC{0,20}",
            after in "\\PC{0,20}",
        ) {
            for spelling in spellings(&value) {
                prop_assert!(spelling.to_ascii_lowercase().contains(&probe(&value).to_ascii_lowercase()));
                let body = format!("{before}{spelling}{after}");
                prop_assert!(Grams::of(body.as_bytes()).may_hold(probe(&value)), "{body}");
            }
        }
    }

    #[test]
    fn a_value_that_cannot_be_replaced_fails_the_request() {
        assert!(stop(br#"{"seed":4471009}"#.to_vec(), &mapping()).is_err());
    }
}
