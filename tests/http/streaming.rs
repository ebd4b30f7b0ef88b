//! Streams: restored as they come, whole to the last character, and ended cleanly when they break.

use std::{
    io::Read,
    sync::{Mutex, mpsc},
};

use serde_json::{Value, json};

use crate::support::{
    KEY, NOTE, OPENAI_KEY, Scene, Setup, data,
    standin::{Answer, Received, StandIn, chunk, spelled},
};

const CHAT: &str = "/v1/chat/completions";

fn request(content: &str) -> Value {
    json!({"model": "gpt-4o", "stream": true, "messages": [{"role": "user", "content": content}]})
}

/// The whole stream for [`NOTE`].
fn stream(scene: &Scene) -> String {
    let mut text = String::new();
    scene.open(CHAT, &request(NOTE)).read_to_string(&mut text).unwrap();
    text
}

/// A field of the deltas of choice `index`, put together.
fn collected(stream: &str, index: u64, pointer: &str) -> String {
    let chunks = data(stream).into_iter().filter(|data| data != "[DONE]");
    let chunks = chunks.map(|data| serde_json::from_str::<Value>(&data).unwrap());
    let choices = chunks.flat_map(|chunk| chunk["choices"].as_array().cloned().unwrap_or_default());
    let own = choices.filter(|choice| choice["index"] == index);
    own.filter_map(|choice| Some(choice.pointer(pointer)?.as_str()?.to_owned())).collect()
}

#[test]
fn a_stream_that_spells_placeholders_is_restored() {
    let scene = Setup::default().start(StandIn::new(|request: &Received| {
        assert_eq!(request.header("accept"), Some("text/event-stream"));
        assert_eq!(request.json()["stream"], true);
        Answer::events(spelled(&request.last_text()))
    }));
    let text = stream(&scene);
    assert_eq!(collected(&text, 0, "/delta/content"), NOTE);
    assert!(text.ends_with("data: [DONE]\n\n"), "{text}");
}

#[test]
fn every_field_of_every_chunk_is_kept() {
    let usage = json!({
        "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [],
        "usage": {"prompt_tokens": 9, "completion_tokens": 1, "total_tokens": 10}, "x_new": {"a": [1.50]},
    });
    let sent = usage.clone();
    let scene = Setup::default().start(StandIn::new(move |_| {
        let first = chunk(0, json!({"role": "assistant", "content": "hi", "refusal": null}), None);
        Answer::events(vec![
            first,
            chunk(0, json!({}), Some("stop")),
            format!("data: {sent}\n\n"),
            "data: [DONE]\n\n".into(),
        ])
    }));
    let text = stream(&scene);
    let events = data(&text);
    let first: Value = serde_json::from_str(&events[0]).unwrap();
    assert_eq!(first["system_fingerprint"], "fp_1");
    assert_eq!(
        first["choices"][0]["delta"],
        json!({"role": "assistant", "content": "hi", "refusal": null})
    );
    assert_eq!(serde_json::from_str::<Value>(&events[2]).unwrap(), usage);
    assert_eq!(events.len(), 4);
}

#[test]
fn however_the_bytes_are_cut_the_stream_is_the_same() {
    for size in [1, 2, 3, 7, 4096] {
        let scene = Setup::default().start(StandIn::new(move |request: &Received| {
            let mut bytes = Vec::new();
            for (number, event) in spelled(&request.last_text()).iter().enumerate() {
                // The three ends of lines, comments, and data over two lines.
                bytes.extend(
                    match number % 3 {
                        0 => event.replace('\n', "\r\n"),
                        1 => format!(": keep-alive\n\n{event}"),
                        _ => event.replace(",\"model\"", ",\ndata: \"model\"").replace('\n', "\r"),
                    }
                    .into_bytes(),
                );
            }
            let pieces: Vec<_> = bytes.chunks(size).map(<[u8]>::to_vec).collect();
            Answer::Stream(Box::new(pieces.into_iter()), true)
        }));
        let text = stream(&scene);
        assert_eq!(collected(&text, 0, "/delta/content"), NOTE, "pieces of {size}");
        assert!(text.contains(":\n\n") && text.ends_with("data: [DONE]\n\n"));
    }
}

#[test]
fn choices_and_tool_calls_have_lanes_of_their_own() {
    let scene = Setup::default().start(StandIn::new(|request: &Received| {
        let text = request.last_text();
        let name = text.split_whitespace().next().unwrap().to_owned();
        let arguments = json!({"who": name, "list": [name]}).to_string();
        let mut events = Vec::new();
        let (mut said, mut written) = (text.chars(), arguments.chars());
        loop {
            let (say, write) = (said.next(), written.next());
            events.extend(say.map(|c| chunk(1, json!({"content": c.to_string()}), None)));
            events.extend(write.map(|c| {
                let call = json!({"index": 2, "function": {"arguments": c.to_string()}});
                chunk(0, json!({"tool_calls": [call]}), None)
            }));
            if say.is_none() && write.is_none() {
                break;
            }
        }
        events.push(chunk(0, json!({}), Some("tool_calls")));
        events.push(chunk(1, json!({}), Some("stop")));
        events.push("data: [DONE]\n\n".into());
        Answer::events(events)
    }));
    let note = "aloysius@example.org wrote to \"Bea\"";
    let mut text = String::new();
    scene.open(CHAT, &request(note)).read_to_string(&mut text).unwrap();
    assert_eq!(collected(&text, 1, "/delta/content"), note);
    let arguments = collected(&text, 0, "/delta/tool_calls/0/function/arguments");
    let arguments: Value = serde_json::from_str(&arguments).unwrap();
    assert_eq!(arguments, json!({"who": "aloysius@example.org", "list": ["aloysius@example.org"]}));
}

#[test]
fn a_tail_that_became_nothing_comes_before_the_end() {
    for (content, finish) in [("see [NAME_", "stop"), ("[", "length"), ("a \\", "stop")] {
        let scene = Setup::default().start(StandIn::new(move |_| {
            // The last piece and the end in one chunk, as some providers send it.
            let end = chunk(0, json!({"content": content}), Some(finish));
            Answer::events(vec![end, "data: [DONE]\n\n".into()])
        }));
        let text = stream(&scene);
        assert_eq!(collected(&text, 0, "/delta/content"), content);
        let events = data(&text);
        let last: Value = serde_json::from_str(&events[events.len() - 2]).unwrap();
        assert_eq!(last["choices"][0]["finish_reason"], finish);
        let ends = text.matches(&format!("\"finish_reason\":\"{finish}\"")).count();
        assert_eq!(ends, 1);
    }
}

#[test]
fn what_is_held_back_goes_out_before_an_error() {
    let scene = Setup::default().start(StandIn::new(|_| {
        let error = format!("data: {}\n\n", json!({"error": {"message": "boom"}}));
        Answer::events(vec![chunk(0, json!({"content": "a [NAM"}), None), error])
    }));
    let text = stream(&scene);
    assert_eq!(collected(&text, 0, "/delta/content"), "a [NAM");
    assert!(data(&text).last().unwrap().contains("boom"), "{text}");
}

#[test]
fn nothing_waits_for_what_comes_later() {
    let (go, wait) = mpsc::channel::<()>();
    let wait = Mutex::new(Some(wait));
    let scene = Setup::default().start(StandIn::new(move |request: &Received| {
        let wait = wait.lock().unwrap().take().unwrap();
        let events = spelled(&request.last_text()).into_iter().map(String::into_bytes);
        // Everything up to a placeholder, and then nothing until the client has it.
        Answer::Stream(
            Box::new(events.enumerate().map(move |(number, event)| {
                if number == 9 {
                    wait.recv().unwrap();
                }
                event
            })),
            true,
        )
    }));
    let mut reader = scene.open(CHAT, &request(NOTE));
    let (mut text, mut buffer) = (Vec::new(), [0; 512]);
    while !collected(std::str::from_utf8(&text).unwrap(), 0, "/delta/content").ends_with("Patient ")
    {
        let count = reader.read(&mut buffer).unwrap();
        assert!(count > 0, "the stream ended early");
        text.extend_from_slice(&buffer[..count]);
        // Only whole events can be looked at.
        while !text.ends_with(b"\n\n") {
            let count = reader.read(&mut buffer[..1]).unwrap();
            text.extend_from_slice(&buffer[..count]);
        }
    }
    go.send(()).unwrap();
    let mut rest = String::new();
    reader.read_to_string(&mut rest).unwrap();
    let whole = String::from_utf8(text).unwrap() + &rest;
    assert_eq!(collected(&whole, 0, "/delta/content"), NOTE);
}

#[test]
fn a_caller_that_leaves_ends_the_call_upstream() {
    let (alive, gone) = mpsc::channel::<()>();
    let alive = Mutex::new(Some(alive));
    let scene = Setup::default().start(StandIn::new(move |_| {
        let alive = alive.lock().unwrap().take().unwrap();
        // Writing fails once the gateway has closed the connection; then this is dropped.
        let endless = std::iter::repeat_with(move || {
            let _ = &alive;
            chunk(0, json!({"content": "word "}), None).into_bytes()
        });
        Answer::Stream(Box::new(endless), true)
    }));
    let mut reader = scene.open(CHAT, &request(NOTE));
    reader.read_exact(&mut [0; 100]).unwrap();
    drop(reader);
    assert_eq!(
        gone.recv_timeout(std::time::Duration::from_secs(60)),
        Err(mpsc::RecvTimeoutError::Disconnected)
    );
}

#[test]
fn a_stream_that_breaks_ends_with_an_error_and_without_done() {
    type Break = fn() -> Answer;
    let breaks: [(&str, Break, &str); 7] = [
        (
            "cut in an event",
            || Answer::Stream(Box::new([b"data: {\"choi".to_vec()].into_iter()), true),
            "upstream_error",
        ),
        (
            "reset",
            || Answer::Stream(Box::new([b"data: {".to_vec()].into_iter()), false),
            "upstream_error",
        ),
        (
            "no end",
            || Answer::events(vec![chunk(0, json!({"content": "x"}), None)]),
            "upstream_error",
        ),
        ("no JSON", || Answer::events(vec!["data: <html>\n\n".into()]), "upstream_error"),
        (
            "no UTF-8",
            || Answer::Stream(Box::new([b"data: \xff\n\n".to_vec()].into_iter()), true),
            "upstream_error",
        ),
        (
            "endless line",
            || Answer::Stream(Box::new(std::iter::repeat_n(vec![b'a'; 1 << 20], 64)), true),
            "upstream_error",
        ),
        (
            "silence",
            || {
                let first = chunk(0, json!({"content": "x"}), None).into_bytes();
                let silent = std::iter::once(first).chain(std::iter::from_fn(|| {
                    let (_keep, never) = mpsc::channel::<()>();
                    let _ = never.recv_timeout(std::time::Duration::from_secs(30));
                    None
                }));
                Answer::Stream(Box::new(silent), true)
            },
            "upstream_timeout",
        ),
    ];
    for (name, broken, code) in breaks {
        // A busy machine may be silent for a second where it is not meant to be.
        let patience = if name == "silence" { 1 } else { 60 };
        let scene = Setup::default()
            .settings(&format!("[upstream]\nread_timeout_s = {patience}"))
            .start(StandIn::new(move |_| broken()));
        let text = stream(&scene);
        let events = data(&text);
        let last: Value = serde_json::from_str(events.last().unwrap()).unwrap();
        assert_eq!(last["error"]["code"], code, "{name}: {text}");
        assert!(!text.contains("[DONE]") && !text.contains("html"), "{name}: {text}");
        assert!(scene.peak_memory_bytes() < 1 << 30, "{name}");
        assert_eq!(scene.get("/healthz", &[]).status, 200);
    }
}

#[test]
fn an_error_inside_a_stream_is_passed_on_and_ends_it() {
    let scene = Setup::default().start(StandIn::new(|request: &Received| {
        let said = request.last_text();
        let error = json!({"error": {"message": format!("about {said}"), "type": "server_error", "param": null, "code": null}});
        Answer::events(vec![format!("data: {error}\n\n"), "data: [DONE]\n\n".into()])
    }));
    let text = stream(&scene);
    let events = data(&text);
    let error: Value = serde_json::from_str(&events[0]).unwrap();
    assert_eq!(error["error"]["message"], format!("about {NOTE}"));
    assert_eq!(events.len(), 1);
}

#[test]
fn refusals_come_as_plain_errors_also_to_a_request_for_a_stream() {
    for (answer, status, code) in [
        ((401, json!({"error": {"message": "no"}})), 400, "invalid_openai_key"),
        ((429, json!({"error": {"message": "slow"}})), 429, "upstream_rate_limited"),
        ((200, json!({"error": {"message": "odd"}})), 500, "upstream_error"),
        ((200, json!({"choices": []})), 500, "upstream_error"),
    ] {
        let (upstream, body) = answer;
        let scene = Setup::default().start(StandIn::new(move |_| Answer::json(upstream, &body)));
        let reply = scene.chat(&request(NOTE));
        assert_eq!((reply.status, reply.error_code().as_str()), (status, code));
    }
}

#[test]
fn a_stream_has_openais_form_also_for_callers_of_the_compact_form() {
    let scene = Setup::default().start(StandIn::new(|request: &Received| {
        assert_eq!(request.json()["model"], "gpt-4o");
        assert!(request.json().get("temperature").is_none());
        Answer::events(spelled("ok"))
    }));
    let reply = scene.compact(&request(NOTE));
    assert_eq!(reply.header("content-type"), Some("text/event-stream; charset=utf-8"));
    assert!(reply.header("x-deid-entities").unwrap().contains("NAME="));
    assert_eq!(reply.header("x-ratelimit-remaining-requests"), Some("7"));
    assert!(reply.header("x-deid-restored").is_none());
    assert_eq!(collected(&reply.body, 0, "/delta/content"), "ok");
    assert!(!reply.body.contains(KEY) && !reply.body.contains(OPENAI_KEY));
}
