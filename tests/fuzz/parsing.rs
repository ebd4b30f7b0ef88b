//! What takes bytes of others: events, bodies, settings.

use bolero::check;
use deid_gateway::{
    settings::{self, Overrides, UnscannableContent},
    wire::{
        endpoint::Endpoint,
        json_text::{is_container, rewrite_scalars},
        sse::{Event, Item, Parser},
        walk,
    },
};
use serde_json::Value;

use crate::pieces;

/// More than any input, so that the limit does not decide.
const MOST: usize = 1 << 20;

#[test]
fn events_are_the_same_however_they_are_cut() {
    check!().for_each(|input: &[u8]| {
        let (lengths, bytes) = pieces(input);
        let whole = Parser::new(MOST).push(bytes);
        let mut parser = Parser::new(MOST);
        let mut rest = bytes;
        let mut cut = Ok(Vec::new());
        for length in lengths.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (piece, after) = rest.split_at((*length).min(rest.len()));
            rest = after;
            match (parser.push(piece), &mut cut) {
                (Ok(items), Ok(all)) => all.extend(items),
                (Err(error), _) => {
                    cut = Err(error);
                    break;
                }
                (Ok(_), Err(_)) => {}
            }
        }
        assert_eq!(whole, cut);
        for item in whole.unwrap_or_default() {
            let Item::Event(event) = item else { continue };
            let mut written = String::new();
            event.write(&mut written);
            let again = Parser::new(MOST).push(written.as_bytes()).unwrap();
            // An id lasts until the next one, so only what an event carries itself comes again.
            assert_eq!(again, [Item::Event(Event { ..event })]);
        }
    });
}

#[test]
fn bodies_are_walked_and_checked_without_a_panic() {
    let endpoints = [
        Endpoint::ChatCompletions,
        Endpoint::Completions,
        Endpoint::Responses,
        Endpoint::Embeddings,
        Endpoint::Moderations,
    ];
    check!().for_each(|input: &[u8]| {
        let Ok(body) = serde_json::from_slice::<Value>(input) else { return };
        for endpoint in endpoints {
            let _ = endpoint.validate(&body, UnscannableContent::Refuse);
            let _ = endpoint.validate(&body, UnscannableContent::Forward);
            let mut walked = body.clone();
            let leaves = walk::collect(&mut walked, endpoint.table()).unwrap();
            assert_eq!(walked, body, "collecting changes nothing");
            // The walk that replaces sees what the one that collected saw.
            let mut seen = leaves.iter();
            let replaced = walk::walk(&mut walked, endpoint.table(), &mut |visit| {
                let leaf = seen.next().unwrap();
                assert!(leaf.kind == visit.kind && leaf.text.expose_phi() == visit.text);
                Some(format!("x{}", visit.text))
            });
            assert!(replaced.is_err() || seen.next().is_none());
            assert!(serde_json::to_vec(&walked).is_ok());
        }
    });
}

#[test]
fn json_in_texts_stays_json() {
    check!().for_each(|input: &[u8]| {
        let Ok(text) = std::str::from_utf8(input) else { return };
        if !is_container(text) {
            return;
        }
        assert_eq!(rewrite_scalars(text, |_| None), text, "nothing changed, nothing moved");
        let marked = rewrite_scalars(text, |scalar| Some(format!("\"\\\n{}", scalar.text)));
        assert!(serde_json::from_str::<Value>(&marked).is_ok());
    });
}

#[test]
fn settings_are_read_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("settings.toml");
    check!().for_each(|input: &[u8]| {
        std::fs::write(&path, input).unwrap();
        if let Ok(settings) = settings::load(Some(&path), &Overrides::default()) {
            assert!(serde_json::to_string(&settings).is_ok());
        }
    });
}
