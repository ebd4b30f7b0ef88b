//! Strings inside JSON text, rewritten in place: what does not change stays the same to the byte.

use serde_json::Value;

/// A string or number of some JSON text.
#[derive(Debug)]
pub struct Scalar<'a> {
    /// What it is.
    pub kind: ScalarKind,
    /// The key of the field that it stands in, or that its array stands in.
    pub cue: Option<&'a str>,
    /// Its text, without quotes and escapes.
    pub text: &'a str,
    /// How it is written, and where that begins in the JSON, in bytes.
    written: (&'a str, usize),
}

/// Where each byte of a scalar's text stands in the JSON that it is in, and where the text ends.
pub type Places = Vec<usize>;

/// The places of all scalars of `json` in the order of the walk, those of JSON in its strings too.
pub fn places(json: &str) -> Vec<Places> {
    let mut all = Vec::new();
    rewrite_scalars(json, |scalar| {
        let own = scalar.places();
        if scalar.kind == ScalarKind::String && is_container(scalar.text) {
            let outer = |at: usize| own.get(at).copied().unwrap_or_default();
            let inner = places(scalar.text).into_iter();
            all.extend(inner.map(|inner| inner.into_iter().map(outer).collect::<Places>()));
        } else {
            all.push(own);
        }
        None
    });
    all
}

impl Scalar<'_> {
    fn places(&self) -> Places {
        let (raw, start) = self.written;
        let Some(inner) = raw.strip_prefix('"').filter(|_| self.kind != ScalarKind::Number) else {
            return (start..=start + raw.len()).collect();
        };
        let start = start + 1;
        let mut places = Places::with_capacity(raw.len());
        let mut at = 0;
        while places.len() < self.text.len() {
            let rest = inner.get(at..).unwrap_or_default();
            // The longest escape is a surrogate pair; what stands for one character decodes to one.
            let lengths = if rest.starts_with("\\u") { [6, 12] } else { [2, 2] };
            let character = rest.chars().next().map_or(1, char::len_utf8);
            let (raw_length, length) = if rest.starts_with('\\') {
                let decoded = lengths.into_iter().find_map(|length| {
                    let literal = format!("\"{}\"", rest.get(..length)?);
                    serde_json::from_str::<String>(&literal).ok().map(|text| (length, text.len()))
                });
                decoded.unwrap_or((1, 1))
            } else {
                (character, character)
            };
            places.extend(std::iter::repeat_n(start + at, length));
            at += raw_length;
        }
        places.push(start + at);
        places
    }
}

/// What a [`Scalar`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScalarKind {
    /// The key of a field.
    Key,
    /// A string.
    String,
    /// A number.
    Number,
}

/// Whether `text` is a JSON object or array.
pub fn is_container(text: &str) -> bool {
    let start = text.trim_start().bytes().next();
    matches!(start, Some(b'{' | b'[')) && serde_json::from_str::<Value>(text).is_ok()
}

/// Rewrites the scalars of `json`, which must be an object or array ([`is_container`]): `rewrite`
/// gets each in order and gives its new text, or `None` to leave it. A number that is rewritten
/// becomes a string.
pub fn rewrite_scalars(
    json: &str,
    mut rewrite: impl FnMut(Scalar<'_>) -> Option<String>,
) -> String {
    let mut out = String::with_capacity(json.len());
    // The key that each open container stands under, and for objects the current key.
    let mut open: Vec<Container> = Vec::new();
    let mut at = 0;
    while let Some(piece) = next_piece(json, at) {
        let raw = json.get(at..piece.end).unwrap_or_default();
        let written = (raw, at);
        at = piece.end;
        let new = match piece.kind {
            PieceKind::Open(is_object) => {
                let cue = cue(&open).map(str::to_owned);
                open.push(Container { is_object, awaits_key: is_object, key: cue });
                None
            }
            PieceKind::Close => {
                open.pop();
                None
            }
            PieceKind::Comma => {
                if let Some(container) = open.last_mut() {
                    container.awaits_key = container.is_object;
                }
                None
            }
            PieceKind::String => {
                let text = decode(raw);
                match open.last_mut() {
                    Some(container) if container.awaits_key => {
                        container.awaits_key = false;
                        let key = Scalar { kind: ScalarKind::Key, cue: None, text: &text, written };
                        let new = rewrite(key);
                        container.key = Some(text);
                        new
                    }
                    _ => rewrite(Scalar {
                        kind: ScalarKind::String,
                        cue: cue(&open),
                        text: &text,
                        written,
                    }),
                }
            }
            PieceKind::Number => {
                rewrite(Scalar { kind: ScalarKind::Number, cue: cue(&open), text: raw, written })
            }
            PieceKind::Other => None,
        };
        match new {
            Some(new) => out.push_str(&encode(&new)),
            None => out.push_str(raw),
        }
    }
    out
}

/// The key under which the next value stands.
fn cue(open: &[Container]) -> Option<&str> {
    open.last().and_then(|container| container.key.as_deref())
}

struct Container {
    is_object: bool,
    awaits_key: bool,
    key: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum PieceKind {
    Open(bool),
    Close,
    Comma,
    String,
    Number,
    Other,
}

struct Piece {
    kind: PieceKind,
    end: usize,
}

/// The piece that starts at byte `at`; `None` at the end. Pieces follow each other without gaps.
fn next_piece(json: &str, at: usize) -> Option<Piece> {
    let rest = json.as_bytes().get(at..)?;
    let one = |kind| Piece { kind, end: at + 1 };
    Some(match rest.first()? {
        b'{' => one(PieceKind::Open(true)),
        b'[' => one(PieceKind::Open(false)),
        b'}' | b']' => one(PieceKind::Close),
        b',' => one(PieceKind::Comma),
        b'"' => {
            let mut length = 1;
            let mut escaped = false;
            for &byte in rest.iter().skip(1) {
                length += 1;
                match byte {
                    _ if escaped => escaped = false,
                    b'\\' => escaped = true,
                    b'"' => break,
                    _ => {}
                }
            }
            Piece { kind: PieceKind::String, end: at + length }
        }
        byte => {
            let kind = match byte {
                b'-' | b'0'..=b'9' => PieceKind::Number,
                _ => PieceKind::Other,
            };
            let is_mine = |byte: &u8| match kind {
                PieceKind::Number => matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9'),
                _ => !matches!(byte, b'{' | b'[' | b'}' | b']' | b',' | b'"' | b'-' | b'0'..=b'9'),
            };
            let length = rest.iter().take_while(|byte| is_mine(byte)).count().max(1);
            Piece { kind, end: at + length }
        }
    })
}

/// The text of a string literal. One that serde_json refuses (half a surrogate pair) is taken as it
/// stands.
fn decode(raw: &str) -> String {
    let inner = raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"')).unwrap_or(raw);
    serde_json::from_str(raw).unwrap_or_else(|_| inner.to_owned())
}

/// `text` as a string literal.
fn encode(text: &str) -> String {
    Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::{ScalarKind, is_container, rewrite_scalars};

    #[test]
    fn scalars_come_with_their_cues() {
        let json = r#" {"name":[{"family":"Doe","given":["J","Q"]}],"n": -1.5e3, "a":{"b":true}} "#;
        let mut seen = Vec::new();
        let same = rewrite_scalars(json, |scalar| {
            seen.push((scalar.kind, scalar.cue.map(str::to_owned), scalar.text.to_owned()));
            None
        });
        assert_eq!(same, json);
        let strings: Vec<_> = seen.iter().filter(|s| s.0 != ScalarKind::Key).cloned().collect();
        let cue = |text: &str| Some(text.to_owned());
        assert_eq!(
            strings,
            [
                (ScalarKind::String, cue("family"), "Doe".to_owned()),
                (ScalarKind::String, cue("given"), "J".to_owned()),
                (ScalarKind::String, cue("given"), "Q".to_owned()),
                (ScalarKind::Number, cue("n"), "-1.5e3".to_owned()),
            ]
        );
        assert_eq!(seen.len() - strings.len(), 6);
    }

    #[test]
    fn a_rewritten_number_becomes_a_string() {
        let new = rewrite_scalars(r#"{"mrn": 4471009, "n": 1}"#, |scalar| {
            (scalar.text == "4471009").then(|| "[MRN_1]".to_owned())
        });
        assert_eq!(new, r#"{"mrn": "[MRN_1]", "n": 1}"#);
    }

    #[test]
    fn escapes_are_read_and_written() {
        let new = rewrite_scalars(r#"["\u005bNAME_1\u005d", "\u00e9"]"#, |scalar| {
            (scalar.text == "[NAME_1]").then(|| "A\"\\\n".to_owned())
        });
        assert_eq!(new, r#"["A\"\\\n", "\u00e9"]"#);
    }

    #[test]
    fn places_lead_back_into_the_json() {
        let inner = serde_json::json!({"n": "é\"Doe\n"}).to_string();
        let json = serde_json::json!({"a": inner, "n": 12}).to_string().replace("é", "\\u00e9");
        let all = super::places(&json);
        assert_eq!(all.len(), 5);
        let value = &all[2];
        assert_eq!(json.get(value[3]..value[6]), Some("Doe"));
        assert_eq!(json.get(all[4][0]..all[4][2]), Some("12"));
        let pair = super::places(r#"["\ud83d\ude00x"]"#);
        assert_eq!(pair, [vec![2, 2, 2, 2, 14, 15]]);
    }

    #[test]
    fn only_objects_and_arrays_are_containers() {
        for text in [r#"{"a":1}"#, " [1, 2]", "[]"] {
            assert!(is_container(text), "{text}");
        }
        for text in ["", "1", "\"a\"", "[NAME_1]", "{a}", "{\"a\":1} and more", "[1"] {
            assert!(!is_container(text), "{text}");
        }
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<String>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<bool>().prop_map(Value::from),
            Just(Value::Null),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(any::<String>(), inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn rewriting_all_strings_of_any_json_is_like_rewriting_its_values(value in json()) {
            let text = Value::Array(vec![value]).to_string();
            prop_assert_eq!(&rewrite_scalars(&text, |_| None), &text);
            let mut seen = Vec::new();
            let marked = rewrite_scalars(&text, |scalar| {
                (scalar.kind == ScalarKind::String).then(|| {
                    seen.push(format!("<{}>", scalar.text));
                    format!("<{}>", scalar.text)
                })
            });
            let mut found = Vec::new();
            rewrite_scalars(&marked, |scalar| {
                if scalar.kind == ScalarKind::String {
                    found.push(scalar.text.to_owned());
                }
                None
            });
            prop_assert_eq!(found, seen);
            prop_assert!(is_container(&marked));
        }
    }
}
