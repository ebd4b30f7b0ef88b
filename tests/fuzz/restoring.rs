//! Placeholders, and the way back.

use bolero::check;
use deid_gateway::{
    deidentify::entity::Label,
    substitute::{
        Mapping, Restorer,
        placeholder::find_all,
        stream::{Shape, StreamRestorer},
    },
};
use serde_json::{Value, json};

use crate::pieces;

/// Values that look like JSON, like placeholders, and like nothing.
fn mapping() -> Mapping {
    let mut mapping = Mapping::default();
    for (label, value) in [
        (Label::Name, "John \"Jack\" O\\Doe\nJr."),
        (Label::Name, "[DATE_1]"),
        (Label::Date, "3/14"),
        (Label::Mrn, "🩺44710093"),
    ] {
        mapping.placeholder(label, value);
    }
    mapping
}

/// The text that a client puts together from the pieces of a stream.
fn streamed<'a>(
    text: &'a str,
    lengths: &[usize],
    field: &str,
    place: impl Fn(&str) -> Value,
) -> String {
    let mapping = mapping();
    let mut restorer = StreamRestorer::new(Shape::Chunks, &mapping);
    let mut events = Vec::new();
    let mut rest: &'a str = text;
    for length in lengths.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let at = rest.char_indices().nth(*length).map_or(rest.len(), |(at, _)| at);
        let (piece, after) = rest.split_at(at);
        rest = after;
        events.extend(restorer.event(json!({"choices": [{"index": 0, "delta": place(piece)}]})));
    }
    events.extend(restorer.finish());
    let text = |event: &Value| event.pointer(field).and_then(Value::as_str).map(str::to_owned);
    events.iter().filter_map(text).collect()
}

#[test]
fn a_stream_is_restored_to_what_the_whole_is() {
    check!().for_each(|input: &[u8]| {
        let (lengths, bytes) = pieces(input);
        let Ok(text) = std::str::from_utf8(bytes) else { return };
        let mapping = mapping();
        let whole = Restorer::new(&mapping).text(text);
        let cut =
            streamed(text, &lengths, "/choices/0/delta/content", |piece| json!({"content": piece}));
        assert_eq!(cut, whole);
        let whole = Restorer::new(&mapping).json_text(text);
        let field = "/choices/0/delta/tool_calls/0/function/arguments";
        let cut = streamed(
            text,
            &lengths,
            field,
            |piece| json!({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}),
        );
        assert_eq!(cut, whole);
    });
}

#[test]
fn arguments_that_are_json_stay_json() {
    check!().for_each(|input: &[u8]| {
        let Ok(text) = std::str::from_utf8(input) else { return };
        if serde_json::from_str::<Value>(text).is_err() {
            return;
        }
        let restored = Restorer::new(&mapping()).json_text(text);
        assert!(serde_json::from_str::<Value>(&restored).is_ok());
    });
}

#[test]
fn placeholders_are_found_in_order_and_apart() {
    check!().for_each(|input: &[u8]| {
        let text = String::from_utf8_lossy(input);
        let mut end = 0;
        for written in find_all(&text) {
            assert!(end <= written.span.start && !written.span.is_empty());
            end = written.span.end;
            let found = written.span.of(&text).unwrap();
            if written.exact {
                assert_eq!(found, written.placeholder.to_string());
            }
        }
    });
}
