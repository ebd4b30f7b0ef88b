//! Decoding, every rule, merging and propagation, on any text.

use bolero::check;
use deid_gateway::deidentify::{
    encoded::decode,
    entity::Span,
    merge::merge,
    propagate::propagate,
    rules::{RuleOptions, Rules},
};

#[test]
fn what_the_rules_find_lies_in_the_text() {
    let rules = Rules::new(&RuleOptions::default()).unwrap();
    check!().for_each(|input: &[u8]| {
        let text = String::from_utf8_lossy(input);
        let found = rules.find(&text);
        for detection in &found {
            assert!(detection.span.of(&text).is_some() && !detection.span.is_empty());
            assert!((0.0..=1.0).contains(&detection.score));
        }
        let covered =
            |spans: &[(usize, usize)], at| spans.iter().any(|&(from, to)| from <= at && at < to);
        let before: Vec<_> = found.iter().map(|one| (one.span.start, one.span.end)).collect();
        let merged = merge(&text, found);
        let after: Vec<_> = merged.iter().map(|one| (one.span.start, one.span.end)).collect();
        assert!(after.iter().zip(after.iter().skip(1)).all(|(one, next)| one.1 <= next.0));
        // Coverage only grows; blanks at the edges are nobody's.
        for (at, c) in text.char_indices().filter(|(_, c)| c.is_alphanumeric()) {
            assert!(!covered(&before, at) || covered(&after, at), "{c:?} at {at} was uncovered");
        }
        let mut found = vec![merged];
        propagate(&[&text], &mut found);
        for detection in found.iter().flatten() {
            assert!(detection.span.of(&text).is_some());
        }
    });
}

#[test]
fn what_is_decoded_is_led_back() {
    check!().for_each(|input: &[u8]| {
        let text = String::from_utf8_lossy(input);
        let Some(decoded) = decode(&text) else { return };
        let read = decoded.text();
        let mut done = 0;
        for (start, c) in read.char_indices() {
            let back = decoded.original(Span::new(start, start + c.len_utf8()));
            let written = back.of(&text).unwrap();
            assert!(done <= back.start && !written.is_empty(), "{c:?} at {start}");
            done = done.max(back.start);
        }
        // What takes the whole of it takes all that can be read.
        let all = decoded.original(Span::new(0, read.len()));
        assert!(read.is_empty() || all.of(&text).is_some());
    });
}
