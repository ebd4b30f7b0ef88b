//! The process is killed, or has used up its descriptors; [`memory_limits`](crate::memory_limits) is about memory.

use std::{
    io::Write,
    net::TcpStream,
    process::Command,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::support::{
    KEY, NOTE, OPENAI_KEY, Scene, Setup,
    standin::{Answer, StandIn, spelled},
};

pub(crate) fn limit(scene: &Scene, what: &str) {
    let pid = scene.pid().to_string();
    let status = Command::new("prlimit").args(["--pid", &pid, what]).status();
    assert!(status.unwrap().success(), "{what}");
}

/// The status of a request, or `None` when the connection breaks.
pub(crate) fn attempt(scene: &Scene, key: &str, body: &Value) -> Option<u16> {
    let agent = ureq::AgentBuilder::new().timeout(Duration::from_secs(60)).build();
    let request = agent
        .post(&scene.url("/v1/chat/completions"))
        .set("x-compliantchatgpt-key", key)
        .set("x-openai-key", OPENAI_KEY);
    match request.send_string(&body.to_string()) {
        Ok(reply) => reply.into_string().ok().map(|_| 200),
        Err(ureq::Error::Status(status, _)) => Some(status),
        Err(_) => None,
    }
}

pub(crate) fn chat(text: &str) -> Value {
    json!({"model": "gpt-4o", "messages": [{"role": "user", "content": text}]})
}

#[test]
fn killed_under_load_it_starts_again_with_a_whole_store_and_a_whole_audit_log() {
    let mut scene = Setup::default().start(StandIn::new(|request| {
        if request.json()["stream"] == true {
            return Answer::events(spelled(&request.last_text()));
        }
        Answer::content(&request.last_text())
    }));
    let key =
        scene.create_key(&["--requests-per-day", "1000000", "--tokens-per-month", "100000000"]);
    let mut answered = 0;
    for _ in 0..3 {
        let (over, done) = (AtomicBool::new(false), AtomicUsize::new(0));
        thread::scope(|scope| {
            for caller in 0..4 {
                let (scene, over, done, key) = (&scene, &over, &done, &key);
                scope.spawn(move || {
                    let mut body = chat(NOTE);
                    body["stream"] = json!(caller == 0);
                    while !over.load(Ordering::Relaxed) {
                        if attempt(scene, key, &body) == Some(200) {
                            done.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                });
            }
            let begun = Instant::now();
            while done.load(Ordering::Relaxed) < 40 {
                assert!(begun.elapsed().as_secs() < 60, "{}", scene.log());
                thread::yield_now();
            }
            scene.signal("KILL");
            over.store(true, Ordering::Relaxed);
        });
        answered += done.load(Ordering::Relaxed);
        scene.restart();
        // Every reply that went out has its line: lines are written before.
        let verified = scene.command(&["audit", "verify"]);
        assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
        let lines = crate::audit::lines(&scene).len();
        assert!(lines >= answered, "{lines} lines of {answered} answered requests");
        let file = scene.folder().join("data/gateway.db");
        let store = rusqlite::Connection::open(file).unwrap();
        let check: String =
            store.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(check, "ok");
        assert_eq!(attempt(&scene, &key, &chat(NOTE)), Some(200), "keys outlast it");
        answered += 1;
    }
}

#[test]
fn with_no_descriptors_left_it_waits_for_some_and_goes_on() {
    let scene = Setup::default().settings("[server]\nworkers = 2").start(StandIn::echo());
    assert_eq!(scene.say(NOTE).status, 200);
    let descriptors = || std::fs::read_dir(format!("/proc/{}/fd", scene.pid())).unwrap().count();
    let before = descriptors();
    limit(&scene, &format!("--nofile={0}:{0}", before + 20));
    // More connections than there are descriptors, all of them in the middle of a request.
    let body = chat(NOTE).to_string();
    let mut held = Vec::new();
    for _ in 0..100 {
        let mut stream = TcpStream::connect(scene.address()).unwrap();
        let head = format!(
            "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\nx-openai-key: {OPENAI_KEY}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(&[head.as_bytes(), &body.as_bytes()[..40]].concat()).unwrap();
        held.push(stream);
    }
    let begun = Instant::now();
    while descriptors() < before + 15 {
        assert!(begun.elapsed().as_secs() < 60, "{} of {before} more", descriptors());
        thread::yield_now();
    }
    // Some now end their requests: there may be no descriptor for the call upstream.
    for stream in &mut held[..10] {
        let _ = stream.write_all(&body.as_bytes()[40..]);
    }
    drop(held);
    let begun = Instant::now();
    while attempt(&scene, KEY, &chat(NOTE)) != Some(200) {
        assert!(begun.elapsed().as_secs() < 60, "it does not recover: {}", scene.log());
    }
    for _ in 0..20 {
        assert_eq!(scene.say(NOTE).status, 200);
    }
    assert_eq!(scene.get("/readyz", &[]).status, 200);
    let verified = scene.command(&["audit", "verify"]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
}
