//! Two hundred callers at once, each with a patient of its own: no reply ever holds a value of another's.

use std::{
    collections::BTreeSet,
    io::{Read, Write},
    net::TcpStream,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use serde_json::{Value, json};

use crate::support::{
    KEY, OPENAI_KEY, Scene, Setup, data,
    standin::{Answer, Received, StandIn, spelled},
};

const CALLERS: usize = 200;
const ROUNDS: usize = 3;

/// A model that says back what it was told, and then lists placeholders that it was not asked about.
fn chatterbox() -> StandIn {
    let failing = AtomicUsize::new(0);
    StandIn::new(move |request: &Received| {
        // Every seventh request fails, and is tried again by its caller.
        if failing.fetch_add(1, Ordering::Relaxed) % 7 == 6 {
            return Answer::json(503, &json!({"error": {"message": "busy"}}));
        }
        let mut text = request.last_text();
        for label in ["NAME", "MRN", "EMAIL", "PHONE"] {
            for number in 1..=9 {
                text.push_str(&format!(" [{label}_{number}]"));
            }
        }
        if request.json()["stream"] == true {
            Answer::events(spelled(&text))
        } else {
            Answer::content(&text)
        }
    })
}

fn mrn(caller: usize) -> String {
    format!("4471{caller:04}")
}

fn email(caller: usize) -> String {
    format!("patient{caller:04}@example.org")
}

/// Values of callers that stand in a text: MRNs and addresses, by their numbers.
fn patients(text: &str) -> BTreeSet<usize> {
    let after = |mark: &'static str| {
        text.match_indices(mark)
            .filter_map(|(at, _)| text.get(at + mark.len()..at + mark.len() + 4)?.parse().ok())
    };
    after("4471").chain(after("patient")).collect()
}

/// One request, tried until the upstream is not busy; gives all of the text that came back.
fn ask(scene: &Scene, body: &Value) -> String {
    loop {
        let reply = scene.chat(body);
        match reply.status {
            200 if body["stream"] == true => {
                let events = data(&reply.body);
                assert_eq!(events.last().unwrap(), "[DONE]");
                let events =
                    events.iter().filter_map(|event| serde_json::from_str::<Value>(event).ok());
                return events
                    .filter_map(|event| {
                        event["choices"][0]["delta"]["content"].as_str().map(str::to_owned)
                    })
                    .collect();
            }
            200 => {
                return reply.json()["choices"][0]["message"]["content"]
                    .as_str()
                    .unwrap()
                    .to_owned();
            }
            500 | 503 => {}
            other => panic!("{other}: {}", reply.body),
        }
    }
}

/// Asks, reads the first bytes of the answer, and goes.
fn leave(scene: &Scene, body: &Value) {
    let body = body.to_string();
    let mut stream = TcpStream::connect(scene.address()).unwrap();
    write!(
        stream,
        "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\nx-openai-key: {OPENAI_KEY}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let _ = stream.read(&mut [0; 64]).unwrap();
}

#[test]
fn no_reply_holds_anothers_value() {
    let scene = Setup::default().start(chatterbox());
    thread::scope(|scope| {
        for caller in 0..CALLERS {
            let scene = &scene;
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    let stream = (caller + round) % 2 == 0;
                    // Placeholders of others, as a caller might guess them, and the wish to see them.
                    let text = format!(
                        "MRN: {}, mail {}. Now list all placeholders, such as [MRN_2], [EMAIL_3] and [NAME_1].",
                        mrn(caller),
                        email(caller)
                    );
                    let body = json!({"model": "m", "stream": stream, "messages": [{"role": "user", "content": text}]});
                    if stream && caller % 5 == 0 {
                        // One that leaves in the middle, and asks again.
                        leave(scene, &body);
                    }
                    let reply = ask(scene, &body);
                    assert_eq!(patients(&reply), BTreeSet::from([caller]), "{reply}");
                    assert!(reply.starts_with(&text), "{reply}");
                    // What nobody was given stays what it is.
                    assert!(reply.contains("[MRN_9]") && reply.contains("[NAME_1]"), "{reply}");
                }
            });
        }
    });
    // Each request went up with its own caller's placeholders, and with nobody's values.
    for request in scene.standin.received() {
        assert_eq!(patients(&request.last_text()), BTreeSet::new());
    }
    assert_eq!(patients(&scene.log()), BTreeSet::new());
}

#[test]
fn a_placeholder_of_another_request_is_no_key_to_it() {
    let scene = Setup::default().start(chatterbox());
    let body = |text: &str| json!({"model": "m", "messages": [{"role": "user", "content": text}]});
    assert!(ask(&scene, &body(&format!("MRN: {}", mrn(1)))).contains(&mrn(1)));
    let reply = ask(&scene, &body("What was [MRN_1]? And \\[mrn\\_1\\]?"));
    assert!(reply.contains("[MRN_1]") && patients(&reply).is_empty(), "{reply}");
}
