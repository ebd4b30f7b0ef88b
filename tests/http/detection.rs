//! Detectors that fail, are slow or overrun: the request fails, and nothing is sent.

use std::{fs, io::Write, net::TcpStream, path::Path, thread, time::Instant};

use serde_json::json;

use crate::support::{KEY, NOTE, OPENAI_KEY, Setup, model_folder, standin::StandIn};

/// Text that keeps the model busy for seconds.
fn long_note() -> String {
    NOTE.repeat(4_000)
}

#[test]
fn a_slow_model_fails_the_request() {
    let scene = Setup::default()
        .with_model()
        .settings("[detectors]\ntimeout_s = 1\nthreads = 1")
        .start(StandIn::echo());
    let reply = scene.say(&long_note());
    // On a busy machine no thread has begun with it when its second is over.
    let outcome = (reply.status, reply.error_code());
    assert!(["detection_failed", "overloaded"].contains(&outcome.1.as_str()), "{outcome:?}");
    scene.nothing_sent();
    // The model is free again once its caller has left; how soon is the machine's affair.
    let begun = Instant::now();
    while scene.say("hello").status != 200 {
        assert!(begun.elapsed().as_secs() < 60, "{}", scene.log());
    }
}

#[test]
fn a_full_queue_is_503() {
    let scene = Setup::default()
        .with_model()
        .settings("[detectors]\ntimeout_s = 3\nthreads = 1\nqueue = 1")
        .start(StandIn::echo());
    let replies = thread::scope(|scope| {
        let calls: Vec<_> = (0..6).map(|_| scope.spawn(|| scene.say(&long_note()))).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect::<Vec<_>>()
    });
    let overloaded: Vec<_> = replies.iter().filter(|reply| reply.status == 503).collect();
    // One is in work and one waits; at least the others are turned away.
    assert!(overloaded.len() >= 2, "{:?}", replies.iter().map(|r| r.status).collect::<Vec<_>>());
    for reply in overloaded {
        assert_eq!(reply.error_code(), "overloaded");
        assert!(reply.header("retry-after").is_some());
    }
    assert!(replies.iter().all(|reply| [500, 503].contains(&reply.status)));
    scene.nothing_sent();
}

#[test]
fn a_model_that_yields_no_numbers_never_becomes_ready() {
    let folder = tempfile::tempdir().unwrap();
    copy_model(folder.path());
    poison(&folder.path().join("model.safetensors"));
    let scene = Setup::default()
        .with_model()
        .settings(&format!("[[detectors.ner]]\nname = \"broken\"\nmodel = {:?}", folder.path()))
        .not_waiting()
        .start(StandIn::echo());
    scene.wait_for_log("warm-up failed");
    let reply = scene.get("/readyz", &[]);
    assert_eq!((reply.status, reply.error_code().as_str()), (503, "not_ready"));
    let reply = scene.say(NOTE);
    assert_eq!((reply.status, reply.error_code().as_str()), (503, "not_ready"));
    assert!(reply.header("retry-after").is_some());
    assert_eq!(scene.get("/healthz", &[]).status, 200);
    scene.nothing_sent();
}

#[test]
fn a_long_note_is_searched_to_its_end() {
    let scene = Setup::default().with_model().start(StandIn::echo());
    let filler = "The patient feels well and has no complaints today. ".repeat(400);
    let reply =
        scene.say(&format!("{filler}Her neighbour Rosalind Achterberg drove her home. {filler}"));
    assert_eq!(reply.status, 200);
    let sent = scene.sent_text(0);
    assert!(!sent.contains("Achterberg") && !sent.contains("Rosalind"));
    assert!(sent.starts_with(&filler) && sent.ends_with(&filler), "clean text stays clean");
}

#[test]
fn a_caller_that_left_costs_nothing_more() {
    let scene =
        Setup::default().with_model().settings("[detectors]\nthreads = 1").start(StandIn::echo());
    let body = json!({"messages": [{"role": "user", "content": long_note()}]}).to_string();
    for _ in 0..3 {
        let mut stream = TcpStream::connect(scene.address()).unwrap();
        write!(
            stream,
            "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nx-compliantchatgpt-key: {KEY}\r\n\
             x-openai-key: {OPENAI_KEY}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
    }
    let begun = Instant::now();
    while scene.log().matches("status=499").count() < 3 {
        assert!(begun.elapsed().as_secs() < 60, "{}", scene.log());
        thread::yield_now();
    }
    assert_eq!(scene.say("hello").status, 200);
    let received = scene.standin.received();
    assert_eq!(received.len(), 1, "only the last request is sent");
    assert_eq!(received[0].last_text(), "hello");
}

pub(crate) fn copy_model(to: &Path) {
    for entry in fs::read_dir(model_folder()).unwrap() {
        let entry = entry.unwrap();
        // Beside the model lies the corpus that it was trained on.
        if entry.file_type().unwrap().is_dir() {
            continue;
        }
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

/// Makes the classifier's bias NaN, in place.
fn poison(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header: serde_json::Value = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    let tensor = &header["classifier.bias"];
    assert_eq!(tensor["dtype"], "F16");
    let offset = |at: usize| tensor["data_offsets"][at].as_u64().unwrap() as usize + 8 + length;
    for pair in bytes[offset(0)..offset(1)].chunks_mut(2) {
        pair.copy_from_slice(&0x7e00u16.to_le_bytes());
    }
    fs::write(path, bytes).unwrap();
}
