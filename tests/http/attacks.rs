//! HTTP written by an attacker: smuggling, slow heads, odd paths, bombs. Nothing leaves that should not,
//! and the gateway goes on serving.

use std::{
    io::{ErrorKind, Read, Write},
    net::{TcpListener, TcpStream},
    time::Duration,
};

use serde_json::{Value, json};

use crate::support::{KEY, NOTE, OPENAI_KEY, Scene, Setup, standin::StandIn};

fn scene() -> Scene {
    Setup::default().start(StandIn::echo())
}

fn connect(scene: &Scene) -> TcpStream {
    let stream = TcpStream::connect(scene.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream
}

/// Writes `bytes` and gives everything that comes back until the gateway closes the connection.
fn raw(scene: &Scene, bytes: &[u8]) -> String {
    let mut stream = connect(scene);
    // It may close before it has read all.
    let _ = stream.write_all(bytes);
    let mut reply = Vec::new();
    match stream.read_to_end(&mut reply) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
        Err(error) => panic!("{error}, after {:?}", String::from_utf8_lossy(&reply)),
    }
    String::from_utf8_lossy(&reply).into_owned()
}

fn body() -> String {
    json!({"model": "gpt-4o", "messages": [{"role": "user", "content": NOTE}]}).to_string()
}

/// The head of a request for a chat, without its end.
fn head(more: &str) -> String {
    format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer {KEY}\r\nx-openai-key: {OPENAI_KEY}\r\n{more}"
    )
}

fn statuses(replies: &str) -> Vec<&str> {
    replies.match_indices("HTTP/1.1 ").filter_map(|(at, _)| replies.get(at + 9..at + 12)).collect()
}

#[test]
fn lengths_that_contradict_each_other_are_refused() {
    let scene = scene();
    let body = body();
    let length = body.len();
    // Behind the first request stands another, for a route that must never be reached.
    let hidden = "GET /v1/models HTTP/1.1\r\nhost: x\r\n\r\n";
    let chunked = format!("{length:x}\r\n{body}\r\n0\r\n\r\n");
    for (name, lengths, payload) in [
        ("two lengths", format!("content-length: 4\r\ncontent-length: {length}\r\n"), &body),
        ("a list of lengths", format!("content-length: {length}, 4\r\n"), &body),
        ("a signed length", format!("content-length: +{length}\r\n"), &body),
        ("a negative length", "content-length: -1\r\n".to_owned(), &body),
        ("a hexadecimal length", format!("content-length: 0x{length:x}\r\n"), &body),
        (
            "a length and chunks",
            format!("content-length: {length}\r\ntransfer-encoding: chunked\r\n"),
            &chunked,
        ),
        (
            "chunks and a length",
            "transfer-encoding: chunked\r\ncontent-length: 4\r\n".to_owned(),
            &chunked,
        ),
        ("an unknown coding", "transfer-encoding: xchunked\r\n".to_owned(), &chunked),
        ("chunked twice", "transfer-encoding: chunked, chunked\r\n".to_owned(), &chunked),
        ("a blank before the colon", format!("content-length : {length}\r\n"), &body),
        ("a folded line", format!("x: a\r\n b\r\ncontent-length: {length}\r\n"), &body),
        (
            "a bare line feed in a head",
            format!("x: a\ncontent-length: 4\r\ncontent-length: {length}\r\n"),
            &body,
        ),
    ] {
        let before = scene.standin.count();
        let head = head(&format!("{lengths}connection: close\r\n\r\n"));
        let reply = raw(&scene, format!("{head}{payload}{hidden}").as_bytes());
        let statuses = statuses(&reply);
        assert!(statuses.len() <= 1, "{name}: answered twice: {reply}");
        assert!(
            statuses.iter().all(|status| status.starts_with('4'))
                && scene.standin.count() == before,
            "{name}: {reply}"
        );
        assert!(!reply.contains("John"), "{name} is quoted");
    }
    assert_eq!(scene.say(NOTE).status, 200);
}

#[test]
fn pipelined_requests_are_answered_in_their_order() {
    let scene = scene();
    let one = |text: &str, more: &str| {
        let body =
            json!({"model": "m", "messages": [{"role": "user", "content": text}]}).to_string();
        format!("{}content-length: {}\r\n{more}\r\n{body}", head(""), body.len())
    };
    let texts = ["Patient: John Doe", "MRN: 44710093", "SSN 536-22-8145"];
    let requests = one(texts[0], "") + &one(texts[1], "") + &one(texts[2], "connection: close\r\n");
    let replies = raw(&scene, requests.as_bytes());
    assert_eq!(statuses(&replies), ["200", "200", "200"], "{replies}");
    let at: Vec<_> = texts.iter().map(|text| replies.find(text).unwrap()).collect();
    assert!(at.is_sorted(), "{replies}");
}

#[test]
fn slow_and_endless_heads_are_given_up() {
    let scene = scene();
    // Many connections that say nothing, or never come to the end of their heads.
    let idle: Vec<_> = (0..100)
        .map(|number| {
            let mut stream = connect(&scene);
            if number % 2 == 0 {
                stream.write_all(head("x: ").as_bytes()).unwrap();
            }
            stream
        })
        .collect();
    assert_eq!(scene.say(NOTE).status, 200, "others are served meanwhile");
    let mut slow = idle.into_iter().next().unwrap();
    let mut reply = String::new();
    let _ = slow.read_to_string(&mut reply);
    assert!(reply.is_empty() || statuses(&reply) == ["408"], "{reply}");
    let endless = [head("x: ").into_bytes(), vec![b'a'; 4 << 20]].concat();
    let reply = raw(&scene, &endless);
    assert!(statuses(&reply).iter().all(|status| status.starts_with('4')), "{reply}");
    let many = head(&"x: a\r\n".repeat(100_000)) + "\r\n";
    let reply = raw(&scene, many.as_bytes());
    assert!(statuses(&reply).iter().all(|status| status.starts_with('4')), "{reply}");
    assert_eq!(scene.say(NOTE).status, 200);
    assert_eq!(scene.standin.count(), 2);
}

#[test]
fn no_trick_with_a_path_reaches_another_route() {
    let scene = scene();
    let body = body();
    for path in [
        "/v1//chat/completions",
        "//v1/chat/completions",
        "/v1/./chat/completions",
        "/v1/x/../files",
        "/v1/chat/completions/",
        "/v1/chat/completions/../../files",
        "/v1/chat%2fcompletions",
        "/V1/chat/completions",
        "/v1/chat/completions;x",
        "/v1/chat/completions%00",
        "/v1/files",
        "/v1/models/..%2ffiles",
        "/v1/models/%2e%2e/files",
        "/v1/models/gpt-4o%3fx",
        "/v1/models/gpt-4o%0d%0ax:y",
    ] {
        for method in ["POST", "GET"] {
            let length = body.len();
            let head = head(&format!("content-length: {length}\r\nconnection: close\r\n\r\n"));
            let head = head.replacen("POST /v1/chat/completions", &format!("{method} {path}"), 1);
            let reply = raw(&scene, format!("{head}{body}").as_bytes());
            assert!(
                statuses(&reply).iter().all(|status| ["400", "404", "405"].contains(status)),
                "{method} {path}: {reply}"
            );
        }
    }
    scene.nothing_sent();
}

#[test]
fn the_gateway_calls_nobody_but_its_upstream() {
    let trap = TcpListener::bind("127.0.0.1:0").unwrap();
    trap.set_nonblocking(true).unwrap();
    let address = trap.local_addr().unwrap();
    let url = format!("http://{address}/v1");
    let scene = Setup::default()
        .settings("[policy]\nunscannable_content = \"forward\"")
        .start(StandIn::echo());
    let part = json!({"type": "image_url", "image_url": {"url": url}});
    let body = json!({"model": url, "base_url": url, "api_base": url, "user": url, "metadata": {"url": url},
        "web_search_options": {"base_url": url}, "messages": [{"role": "user", "content": [part, {"type": "text", "text": url}]}]});
    let bearer = format!("Bearer {KEY}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("x-openai-key", OPENAI_KEY),
        ("x-forwarded-host", &address.to_string()),
        ("forwarded", &format!("host={address}")),
        ("x-openai-base-url", &url),
        ("openai-organization", &format!("org-{address}")),
    ];
    let reply = scene.post("/v1/chat/completions", &headers, body.to_string().as_bytes());
    assert_eq!(reply.status, 200, "{}", reply.body);
    // The whole address as the target, and the host of another.
    let chat = self::body();
    let head = head(&format!("content-length: {}\r\nconnection: close\r\n\r\n", chat.len()));
    let head = head.replacen("POST /", &format!("POST http://{address}/"), 1);
    raw(
        &scene,
        format!("{}{chat}", head.replacen("host: gateway", &format!("host: {address}"), 1))
            .as_bytes(),
    );
    assert_eq!(trap.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
    for request in scene.standin.received() {
        assert!(!request.head.contains(&address.to_string()), "{}", request.head);
    }
}

#[test]
fn nothing_of_a_callers_becomes_a_header() {
    let scene = scene();
    let body = body();
    for (name, value) in [
        ("x-request-id", "a%0d%0ax-evil: 1"),
        ("x-request-id", "John Doe"),
        ("x-request-id", "\"><script>"),
        ("openai-organization", "org-a, x-evil: 1"),
        ("openai-project", "proj_ John"),
        ("cookie", "patient=John Doe"),
        ("x-evil", "John Doe"),
    ] {
        let head = head(&format!(
            "{name}: {value}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            body.len()
        ));
        let reply = raw(&scene, format!("{head}{body}").as_bytes());
        assert_eq!(statuses(&reply), ["200"], "{name}: {value}: {reply}");
        let reply_head = reply.split("\r\n\r\n").next().unwrap().to_lowercase();
        for text in ["evil", "john", "script"] {
            assert!(!reply_head.contains(text), "{name}: {reply_head}");
            assert!(!scene.standin.last().head.to_lowercase().contains(text), "{name}");
        }
    }
    // Bytes that are no text, in a key.
    let bytes = [
        head("").replace(OPENAI_KEY, "sk-").trim_end().as_bytes(),
        b"\x01\xff\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}",
    ]
    .concat();
    let reply = raw(&scene, &bytes);
    assert!(statuses(&reply).iter().all(|status| status.starts_with('4')), "{reply}");
}

#[test]
fn bodies_that_lie_are_not_sent() {
    let scene = scene();
    let body = body();
    let length = body.len();
    let gzip = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xabV*.)\xca\xccKW\xb2RP\x02\x00";
    let close = "connection: close\r\n";
    for (name, head, payload) in [
        (
            "compressed",
            format!("content-encoding: gzip\r\ncontent-length: {}\r\n", gzip.len()),
            gzip.to_vec(),
        ),
        (
            "chunks without an end",
            "transfer-encoding: chunked\r\n".to_owned(),
            format!("{length:x}\r\n{body}\r\nzz\r\n").into_bytes(),
        ),
        (
            "a chunk longer than anything",
            "transfer-encoding: chunked\r\n".to_owned(),
            format!("ffffffffffffffffff\r\n{body}").into_bytes(),
        ),
        (
            "more than the limit",
            format!("content-length: {}\r\n", 1u64 << 40),
            body.clone().into_bytes(),
        ),
    ] {
        let bytes = [self::head(&format!("{head}{close}\r\n")).as_bytes(), &payload].concat();
        let reply = raw(&scene, &bytes);
        assert!(statuses(&reply).iter().all(|status| status.starts_with('4')), "{name}: {reply}");
    }
    // A caller that goes away in the middle of its body.
    let mut stream = connect(&scene);
    stream
        .write_all(self::head(&format!("content-length: {}\r\n\r\n{body}", length + 1)).as_bytes())
        .unwrap();
    drop(stream);
    scene.nothing_sent();
    // Of a field that comes twice one value counts, and the other goes nowhere.
    let twice = body.replacen(
        "\"messages\"",
        "\"messages\": [{\"role\": \"user\", \"content\": \"John Doe\"}], \"messages\"",
        1,
    );
    let reply = scene.ask("/v1/chat/completions", &serde_json::from_str::<Value>(&body).unwrap());
    assert_eq!(reply.status, 200);
    let bearer = format!("Bearer {KEY}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("x-openai-key", OPENAI_KEY),
        ("content-type", "text/plain"),
    ];
    let reply = scene.post("/v1/chat/completions", &headers, twice.as_bytes());
    assert!(matches!(reply.status, 200 | 400), "{}", reply.body);
}

#[test]
fn a_body_that_never_ends_is_given_up() {
    let scene = scene();
    // Its limit is a minute, which the reply is waited for.
    let mut slow = connect(&scene);
    slow.set_read_timeout(Some(Duration::from_secs(240))).unwrap();
    let body = body();
    let head = head(&format!("content-length: {}\r\n\r\n", body.len() + 1));
    slow.write_all(format!("{head}{body}").as_bytes()).unwrap();
    let mut reply = [0; 4096];
    let length = slow.read(&mut reply).unwrap();
    let reply = String::from_utf8_lossy(&reply[..length]);
    assert_eq!(statuses(&reply), ["400"], "{reply}");
    assert!(!reply.contains("Doe"));
    scene.nothing_sent();
}

#[test]
fn whatever_the_content_type_says_the_body_is_scrubbed_or_refused() {
    let scene = scene();
    let body = body();
    for kind in [
        "",
        "content-type: text/plain\r\n",
        "content-type: application/x-www-form-urlencoded\r\n",
        "content-type: multipart/form-data; boundary=x\r\n",
        "content-type: application/json; charset=utf-16\r\n",
        "content-type: application/json\r\ncontent-type: text/html\r\n",
        "content-type: \x01\r\n",
    ] {
        let head =
            head(&format!("{kind}content-length: {}\r\nconnection: close\r\n\r\n", body.len()));
        let reply = raw(&scene, format!("{head}{body}").as_bytes());
        let status = statuses(&reply);
        assert!(["200", "400", "415"].iter().any(|one| status == [*one]), "{kind}: {reply}");
        assert!(status == ["200"] || !reply.contains("Doe"), "{kind} is quoted");
    }
}

#[test]
fn a_compressed_body_is_refused_unread() {
    let scene = scene();
    // Half a gigabyte in half a megabyte, and an honest body.
    let bomb = [vec![b' '; 1 << 20]].into_iter().cycle().take(512);
    for pieces in [vec![body().into_bytes()], bomb.collect()] {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        pieces.iter().for_each(|piece| encoder.write_all(piece).unwrap());
        let packed = encoder.finish().unwrap();
        let idle = scene.peak_memory_bytes();
        for coding in ["gzip", "x-gzip", "deflate", "br", "zstd", "gzip, gzip"] {
            let head = head(&format!(
                "content-encoding: {coding}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                packed.len()
            ));
            let reply = raw(&scene, &[head.as_bytes(), &packed].concat());
            assert!(
                statuses(&reply).iter().all(|status| status.starts_with('4')),
                "{coding}: {reply}"
            );
        }
        let more = scene.peak_memory_bytes() - idle;
        assert!(more < 64 << 20, "{more} bytes over {idle}");
    }
    scene.nothing_sent();
    assert_eq!(scene.say(NOTE).status, 200);
}

#[test]
fn http2_without_tls_is_no_way_in() {
    let scene = scene();
    let reply = raw(&scene, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0");
    assert!(statuses(&reply).iter().all(|status| status.starts_with('4')), "{reply}");
    assert_eq!(scene.say(NOTE).status, 200);
}
