//! Streams as nobody should write them and somebody does: every form of server-sent events, texts cut in the worst
//! places, streams that break off, bombs.

use std::io::Write;

use serde_json::{Value, json};

use crate::support::{
    Setup, data,
    standin::{Answer, StandIn, chunk},
    streams::{CHAT, SSN, chunks, deltas, request, said, stream},
};

#[test]
fn every_form_of_server_sent_events_is_read_alike() {
    let pieces = |text: &'static str| {
        [
            chunk(0, json!({"content": "See [SS"}), None),
            chunk(0, json!({"content": "N_1]."}), None),
            chunk(0, json!({}), Some("stop")),
        ]
        .map(|event| event.trim_end().to_owned())
        .into_iter()
        .chain([text.to_owned()])
        .collect::<Vec<_>>()
    };
    type Write = fn(Vec<String>) -> Vec<u8>;
    let forms: [(&str, &str, Write); 13] = [
        ("line feeds", "data: [DONE]", |events| (events.join("\n\n") + "\n\n").into()),
        ("carriage returns", "data: [DONE]", |events| (events.join("\r\r") + "\r\r").into()),
        ("both", "data: [DONE]", |events| (events.join("\r\n\r\n") + "\r\n\r\n").into()),
        ("mixed", "data: [DONE]", |events| (events.join("\r\n\n") + "\n\r").into()),
        ("a byte order mark", "data: [DONE]", |events| {
            ("\u{feff}".to_owned() + &events.join("\n\n") + "\n\n").into()
        }),
        ("no blank", "data:[DONE]", |events| {
            (events.join("\n\n").replace("data: ", "data:") + "\n\n").into()
        }),
        ("comments within events", "data: [DONE]", |events| {
            (events.join("\n: keep-alive\n\n:\n") + "\n:x\n\n").into()
        }),
        ("data over several lines", "data: [DONE]", |events| {
            (events.join("\n\n").replace(",\"", "\ndata:,\"") + "\n\n").into()
        }),
        ("names, ids and more", "data: [DONE]", |events| {
            let named = events.join("\n\nevent: message\nid: 7\nretry: 10\nunknown: x\nunknown\n");
            ("id\n".to_owned() + &named + "\n\n").into()
        }),
        ("many blank lines", "data: [DONE]", |events| {
            ("\n\n\n\n".to_owned() + &events.join("\n\n\n\n\n") + "\n\n\n").into()
        }),
        ("nothing after the end", "data: [DONE]", |events| events.join("\n\n").into()),
        ("one line feed after the end", "data: [DONE]", |events| {
            (events.join("\n\n") + "\n").into()
        }),
        ("more after the end", "data: [DONE]", |events| {
            (events.join("\n\n") + "\n\ndata: {\"choices\":[]}\n\ndata: nonsense\n\n").into()
        }),
    ];
    for (name, done, write) in forms {
        for size in [1, 2, 5, 1 << 20] {
            let bytes = write(pieces(done));
            let scene = Setup::default().start(StandIn::new(move |_| {
                let pieces: Vec<_> = bytes.chunks(size).map(<[u8]>::to_vec).collect();
                Answer::Stream(Box::new(pieces.into_iter()), true)
            }));
            let text = stream(&scene, CHAT, &request("SSN 536-22-8145"));
            assert_eq!(said(&text, 0, "/delta/content"), "See 536-22-8145.", "{name}, by {size}");
            assert!(text.ends_with("data: [DONE]\n\n"), "{name}, by {size}: {text}");
            assert_eq!(text.matches("[DONE]").count(), 1, "{name}, by {size}");
        }
    }
}

#[test]
fn arguments_cut_within_escapes_and_surrogate_pairs_stay_json() {
    // What the model writes, escapes of its own making included, and what the caller must read.
    let written = r#"{"a": "\ud83d\ude00 [SSN_1] \u005bSSN_1\u005d \"x\" \\", "b": ["[ssn\u005f1]", "\/\n[SSN_1]"], "c": "{\"d\": \"[SSN_1]\\n\"}", "e": [SSN_1]}"#;
    let expected = json!({
        "a": format!("\u{1f600} {SSN} {SSN} \"x\" \\"), "b": [SSN, format!("/\n{SSN}")],
        "c": format!("{{\"d\": \"{SSN}\\n\"}}"), "e": SSN,
    });
    for size in [1, 2, 3, 4, 5, 7, 500] {
        let scene = Setup::default().start(StandIn::new(move |_| {
            let pieces: Vec<_> = written.as_bytes().chunks(size).map(|b| String::from_utf8(b.to_vec()).unwrap()).collect();
            // Two parallel calls and one of the old form, turn by turn.
            deltas(pieces.into_iter().flat_map(|piece| {
                [0, 1].map(|index| json!({"tool_calls": [{"index": index, "function": {"arguments": piece}}]}))
                    .into_iter()
                    .chain([json!({"function_call": {"arguments": piece}}), json!({"tool_calls": [{"index": 2, "custom": {"input": piece}}]})])
            }).collect())
        }));
        let text = stream(&scene, CHAT, &request("SSN 536-22-8145"));
        let own = |index: u64, field: &str| -> String {
            let calls = chunks(&text)
                .into_iter()
                .filter_map(|chunk| chunk["choices"][0]["delta"]["tool_calls"].get(0).cloned());
            calls
                .filter(|call| call["index"] == index)
                .filter_map(|call| Some(call.pointer(field)?.as_str()?.to_owned()))
                .collect()
        };
        for arguments in [
            own(0, "/function/arguments"),
            own(1, "/function/arguments"),
            said(&text, 0, "/delta/function_call/arguments"),
        ] {
            let read: Value = serde_json::from_str(&arguments)
                .unwrap_or_else(|error| panic!("by {size}: {error} in {arguments}"));
            assert_eq!(read, expected, "by {size}");
        }
        // The input of a custom tool is any text; this one looks like JSON and stays so where it was.
        assert!(own(2, "/custom/input").contains(&format!("\"d\\\": \\\"{SSN}\\\\n")), "by {size}");
    }
}

#[test]
fn a_response_that_ends_without_saying_how_has_broken_off() {
    let place = json!({"item_id": "msg_1", "output_index": 0, "content_index": 0, "type": "response.output_text.delta", "delta": "See [SSN_1] ["});
    let scene = Setup::default().start(StandIn::new(move |_| {
        Answer::events(vec![format!("event: response.output_text.delta\ndata: {place}\n\n")])
    }));
    let body = json!({"model": "m", "input": "SSN 536-22-8145", "stream": true});
    let events = chunks(&stream(&scene, "/v1/responses", &body));
    let said: String = events.iter().filter_map(|event| event["delta"].as_str()).collect();
    assert_eq!(said, format!("See {SSN} ["));
    assert_eq!(events.last().unwrap()["error"]["code"], "upstream_error");
}

fn gzip(pieces: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    pieces.for_each(|piece| encoder.write_all(&piece).unwrap());
    let body = encoder.finish().unwrap();
    let head = format!(
        "HTTP/1.1 200 X\r\ncontent-type: text/event-stream\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), &body].concat()
}

#[test]
fn a_compressed_stream_is_read_and_a_bomb_in_it_is_stopped() {
    let events =
        [chunk(0, json!({"content": "See [SSN_1]"}), Some("stop")), "data: [DONE]\n\n".to_owned()];
    let bytes = gzip(events.into_iter().map(String::into_bytes));
    let scene = Setup::default().start(StandIn::new(move |_| Answer::Raw(bytes.clone())));
    let text = stream(&scene, CHAT, &request("SSN 536-22-8145"));
    assert_eq!(said(&text, 0, "/delta/content"), format!("See {SSN}"));
    assert!(text.ends_with("data: [DONE]\n\n"), "{text}");

    // One event of 200 MB in some 200 kB.
    let first = std::iter::once(b"data: {\"choices\": [{\"delta\": {\"content\": \"".to_vec());
    let bytes = gzip(first.chain(std::iter::repeat_n(vec![b'a'; 1 << 20], 200)));
    assert!(bytes.len() < 1 << 20);
    let scene = Setup::default().start(StandIn::new(move |_| Answer::Raw(bytes.clone())));
    let idle = scene.peak_memory_bytes();
    let text = stream(&scene, CHAT, &request("SSN 536-22-8145"));
    let events = data(&text);
    let last: Value = serde_json::from_str(events.last().unwrap()).unwrap();
    assert_eq!(last["error"]["code"], "upstream_error");
    let more = scene.peak_memory_bytes() - idle;
    assert!(more < 110 << 20, "{more} bytes over {idle}");
    assert_eq!(scene.get("/healthz", &[]).status, 200);
}
