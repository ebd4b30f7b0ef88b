//! SIGTERM while streams are under way.

use std::{
    io::Read,
    sync::{Mutex, mpsc},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    audit::wait_for_lines,
    support::{
        NOTE, Scene, Setup, data,
        standin::{Answer, StandIn, spelled},
    },
};

/// A stand-in whose streams wait before their last events: told each time one waits, it goes on when it
/// is told to.
fn gated() -> (StandIn, mpsc::Receiver<()>, mpsc::Sender<()>) {
    let (reached, waiting) = mpsc::channel();
    let (go, gate) = mpsc::channel::<()>();
    let gate = std::sync::Arc::new(Mutex::new(gate));
    let standin = StandIn::new(move |request| {
        let events = spelled(&request.last_text());
        let last = events.len() - 2;
        let (reached, gate) = (reached.clone(), std::sync::Arc::clone(&gate));
        let pieces = events.into_iter().enumerate().map(move |(at, event)| {
            if at == last {
                reached.send(()).unwrap();
                let _ = gate.lock().unwrap().recv();
            }
            event.into_bytes()
        });
        Answer::Stream(Box::new(pieces), true)
    });
    (standin, waiting, go)
}

fn streaming() -> Value {
    json!({"model": "gpt-4o", "stream": true, "messages": [{"role": "user", "content": NOTE}]})
}

fn text(events: &[String]) -> String {
    let deltas = events.iter().filter_map(|event| serde_json::from_str::<Value>(event).ok());
    deltas
        .filter_map(|event| event["choices"][0]["delta"]["content"].as_str().map(str::to_owned))
        .collect()
}

/// Whether the gateway takes connections.
fn answers(scene: &Scene) -> bool {
    std::net::TcpStream::connect(scene.address()).is_ok()
}

#[test]
fn a_stream_in_flight_finishes_after_sigterm() {
    let (standin, waiting, go) = gated();
    let mut scene = Setup::default().settings("[server]\nshutdown_timeout_s = 60").start(standin);
    let mut reply = scene.open("/v1/chat/completions", &streaming());
    waiting.recv().unwrap();
    scene.signal("TERM");
    let begun = Instant::now();
    while answers(&scene) {
        assert!(begun.elapsed() < Duration::from_secs(60), "new connections are still taken");
        std::thread::yield_now();
    }
    go.send(()).unwrap();
    let mut all = String::new();
    reply.read_to_string(&mut all).unwrap();
    let events = data(&all);
    assert_eq!(events.last().map(String::as_str), Some("[DONE]"));
    assert_eq!(text(&events), NOTE);
    assert!(scene.wait_for_end().success());
    let line = &wait_for_lines(&scene, 1)[0];
    assert_eq!((&line["status"], line.get("error")), (&json!(200), None), "{line}");
}

#[test]
fn a_stream_that_goes_on_too_long_is_cut_off_at_the_limit_and_written_down() {
    let (standin, waiting, _go) = gated();
    let mut scene = Setup::default().settings("[server]\nshutdown_timeout_s = 1").start(standin);
    let mut reply = scene.open("/v1/chat/completions", &streaming());
    waiting.recv().unwrap();
    let begun = Instant::now();
    scene.signal("TERM");
    assert!(scene.wait_for_end().success());
    assert!(begun.elapsed() >= Duration::from_millis(900), "it had a second: {begun:?}");
    let mut all = Vec::new();
    let _ = reply.read_to_end(&mut all);
    assert!(!String::from_utf8_lossy(&all).contains("[DONE]"));
    let line = &wait_for_lines(&scene, 1)[0];
    assert_eq!(line["error"], json!("caller_left"), "{line}");
}
