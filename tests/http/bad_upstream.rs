//! An upstream that refuses, breaks or babbles: a clear error, and the gateway goes on serving.

use std::io::Write;

use serde_json::json;

use crate::support::{
    NOTE, Setup,
    standin::{Answer, StandIn, completion},
};

/// How a stand-in answers.
type Misbehaviour = Box<dyn Fn() -> Answer + Send + Sync>;

fn openai_error(status: u16, code: &str, message: &str) -> Answer {
    let error = json!({"message": message, "type": "some_error", "param": "model", "code": code});
    Answer::json(status, &json!({"error": error}))
}

#[test]
fn each_status_becomes_the_contracts() {
    for (upstream, status, code) in [
        (401, 400, "invalid_openai_key"),
        (403, 400, "invalid_openai_key"),
        (404, 404, "theirs"),
        (400, 400, "theirs"),
        (409, 409, "theirs"),
        (422, 422, "theirs"),
        (429, 429, "upstream_rate_limited"),
        (500, 500, "upstream_error"),
        (502, 500, "upstream_error"),
        (503, 500, "upstream_error"),
        (529, 500, "upstream_error"),
        (307, 500, "upstream_error"),
    ] {
        let standin = StandIn::new(move |_| openai_error(upstream, "theirs", "no"));
        let scene = Setup::default().start(standin);
        let reply = scene.say(NOTE);
        assert_eq!((reply.status, reply.error_code().as_str()), (status, code), "{upstream}");
        assert_eq!(scene.standin.received().len(), 1, "a request is sent once");
    }
}

#[test]
fn the_upstreams_message_is_restored_for_the_caller() {
    let standin = StandIn::new(|request| {
        openai_error(400, "context_length_exceeded", &format!("too long: {}", request.last_text()))
    });
    let scene = Setup::default().start(standin);
    let reply = scene.say("Patient: John Doe, MRN: 44710093");
    assert_eq!(reply.status, 400);
    assert_eq!(reply.json()["error"]["message"], "too long: Patient: John Doe, MRN: 44710093");
    assert_eq!(reply.json()["error"]["code"], "context_length_exceeded");
}

#[test]
fn an_unknown_model_is_404() {
    let standin =
        StandIn::new(|_| Answer::json(404, &json!({"error": {"message": "no", "code": null}})));
    let scene = Setup::default().start(standin);
    let reply = scene.say(NOTE);
    assert_eq!((reply.status, reply.error_code().as_str()), (404, "model_not_found"));
}

#[test]
fn rate_limits_keep_their_headers() {
    let standin = StandIn::new(|_| {
        let error = json!({"error": {"message": "slow down", "type": "requests", "code": "rate_limit_exceeded"}});
        let headers = vec![
            ("retry-after", "7".to_owned()),
            ("x-ratelimit-remaining-requests", "0".to_owned()),
            ("x-secret", "no".to_owned()),
        ];
        Answer::Http(429, headers, error.to_string().into_bytes())
    });
    let scene = Setup::default().start(standin);
    let reply = scene.say(NOTE);
    assert_eq!(reply.error_code(), "upstream_rate_limited");
    assert_eq!(reply.json()["error"]["message"], "slow down");
    assert_eq!(reply.header("retry-after"), Some("7"));
    assert_eq!(reply.header("x-ratelimit-remaining-requests"), Some("0"));
    assert_eq!(reply.header("x-secret"), None);
    assert_eq!(reply.header("x-should-retry"), None);
}

#[test]
fn an_exhausted_quota_says_that_retrying_is_of_no_use() {
    let standin = StandIn::new(|_| openai_error(429, "insufficient_quota", "no money"));
    let scene = Setup::default().start(standin);
    let reply = scene.say(NOTE);
    assert_eq!(reply.status, 429);
    assert_eq!(reply.header("x-should-retry"), Some("false"));
}

#[test]
fn replies_that_are_nonsense_are_500_and_quoted_nowhere() {
    const SECRET: &str = "xyzzy-of-the-upstream";
    let good = json!({"choices": [{"message": {"content": SECRET}}]}).to_string();
    let cases: Vec<(&str, Misbehaviour)> = vec![
        ("HTML", Box::new(|| Answer::Http(200, vec![], format!("<h1>{SECRET}</h1>").into()))),
        ("a list", Box::new(|| Answer::Http(200, vec![], format!("[\"{SECRET}\"]").into()))),
        ("nothing", Box::new(|| Answer::Http(200, vec![], vec![]))),
        ("invalid UTF-8", Box::new(|| Answer::Http(200, vec![], b"{\"a\": \"\xff\"}".to_vec()))),
        ("an error inside", Box::new(|| Answer::json(200, &json!({"error": {"message": SECRET}})))),
        ("not HTTP", Box::new(|| Answer::Raw(SECRET.into()))),
        ("an early end", {
            let good = good.clone();
            Box::new(move || {
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", good.len() + 9);
                Answer::Raw((head + &good).into())
            })
        }),
        ("no reply at all", Box::new(|| Answer::Raw(vec![]))),
        (
            "gzip that is none",
            Box::new(|| {
                Answer::Http(200, vec![("content-encoding", "gzip".to_owned())], SECRET.into())
            }),
        ),
        (
            "an endless head",
            Box::new(|| {
                Answer::Raw(
                    b"HTTP/1.1 200 OK\r\nx: ".iter().chain(&[b'x'; 4_000_000]).copied().collect(),
                )
            }),
        ),
    ];
    for (name, answer) in cases {
        let scene = Setup::default().start(StandIn::new(move |_| answer()));
        let reply = scene.say(NOTE);
        assert_eq!((reply.status, reply.error_code().as_str()), (500, "upstream_error"), "{name}");
        assert!(!reply.body.contains(SECRET) && !scene.log().contains(SECRET), "{name} is quoted");
        assert_eq!(scene.get("/healthz", &[]).status, 200, "{name}");
    }
}

#[test]
fn a_compact_reply_needs_choices() {
    let standin = StandIn::new(|_| Answer::json(200, &json!({"object": "chat.completion"})));
    let scene = Setup::default().start(standin);
    let reply = scene.compact(&json!({"messages": [{"role": "user", "content": NOTE}]}));
    assert_eq!((reply.status, reply.error_code().as_str()), (500, "upstream_error"));
}

#[test]
fn a_reply_of_200_megabytes_is_refused_in_bounded_memory() {
    for announced in [true, false] {
        let standin = StandIn::new(move |_| Answer::Flood(&[b' '; 1 << 20], 200, announced));
        let scene = Setup::default().start(standin);
        let idle = scene.peak_memory_bytes();
        let reply = scene.say(NOTE);
        assert_eq!((reply.status, reply.error_code().as_str()), (500, "upstream_error"));
        // The limit is 32 MiB; a buffer that grows holds its old and its new self for a moment.
        let more = scene.peak_memory_bytes() - idle;
        assert!(more < 110 << 20, "{more} bytes over {idle}");
    }
}

fn gzip(pieces: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    pieces.for_each(|piece| encoder.write_all(&piece).unwrap());
    encoder.finish().unwrap()
}

#[test]
fn a_compressed_reply_is_read_and_a_bomb_is_refused_in_bounded_memory() {
    let encoded = || vec![("content-encoding", "gzip".to_owned())];
    let standin = StandIn::new(move |request| {
        let reply = completion(&[json!({"role": "assistant", "content": request.last_text()})]);
        Answer::Http(200, encoded(), gzip(std::iter::once(reply.to_string().into_bytes())))
    });
    let scene = Setup::default().start(standin);
    assert_eq!(scene.say(NOTE).json()["choices"][0]["message"]["content"], NOTE);

    let bomb = gzip(std::iter::repeat_n(vec![b' '; 1 << 20], 200));
    assert!(bomb.len() < 1 << 20);
    let standin = StandIn::new(move |_| Answer::Http(200, encoded(), bomb.clone()));
    let scene = Setup::default().start(standin);
    let idle = scene.peak_memory_bytes();
    let reply = scene.say(NOTE);
    assert_eq!((reply.status, reply.error_code().as_str()), (500, "upstream_error"));
    let more = scene.peak_memory_bytes() - idle;
    assert!(more < 110 << 20, "{more} bytes over {idle}");
}

#[test]
fn a_silent_upstream_times_out() {
    let scene = Setup::default()
        .settings("[upstream]\nread_timeout_s = 1")
        .start(StandIn::new(|_| Answer::Silence));
    let reply = scene.say(NOTE);
    assert_eq!((reply.status, reply.error_code().as_str()), (500, "upstream_timeout"));
}

#[test]
fn an_upstream_that_is_away_is_an_error() {
    // Nobody listens on the first port; one that was free a moment ago may be another test's by now.
    let address = "http://127.0.0.1:1/v1";
    let scene = Setup::default().env("DEID__UPSTREAM__BASE_URL", address).start(StandIn::echo());
    let reply = scene.say(NOTE);
    assert_eq!((reply.status, reply.error_code().as_str()), (500, "upstream_error"));
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_not_trusted() {
    let (standin, _) = StandIn::tls_echo();
    let roots = "/etc/ssl/certs/ca-certificates.crt";
    let scene = Setup::default().env("SSL_CERT_FILE", roots).start(standin);
    let reply = scene.say(NOTE);
    assert_eq!((reply.status, reply.error_code().as_str()), (500, "upstream_error"));
    scene.nothing_sent();
}

#[test]
fn a_certificate_of_a_private_bundle_is_trusted() {
    let (standin, certificate) = StandIn::tls_echo();
    let folder = tempfile::tempdir().unwrap();
    let bundle = folder.path().join("bundle.pem");
    std::fs::write(&bundle, certificate).unwrap();
    let scene = Setup::default().env("SSL_CERT_FILE", bundle.to_str().unwrap()).start(standin);
    let reply = scene.say(NOTE);
    assert_eq!(reply.json()["choices"][0]["message"]["content"], NOTE);
}

#[test]
fn a_certificate_of_the_settings_bundle_is_trusted_and_no_other() {
    for own in [true, false] {
        let (standin, certificate) = StandIn::tls_echo();
        let (_, other) = StandIn::tls_echo();
        let bundle = if own { certificate } else { other };
        let setup = Setup::default().settings("[upstream]\nca_file = \"bundle.pem\"");
        let setup = setup.prepare(move |folder| {
            std::fs::write(folder.join("bundle.pem"), bundle).unwrap();
        });
        let scene = setup.start(standin);
        let reply = scene.say(NOTE);
        if own {
            assert_eq!(reply.json()["choices"][0]["message"]["content"], NOTE);
        } else {
            assert_eq!((reply.status, reply.error_code().as_str()), (500, "upstream_error"));
            scene.nothing_sent();
        }
    }
}

#[test]
fn https_without_any_trusted_certificate_does_not_start() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "").unwrap();
    std::fs::write(folder.path().join("settings.toml"), "[detectors]\nner = []").unwrap();
    let output = crate::support::gateway_command(folder.path())
        .arg("serve")
        .env("SSL_CERT_FILE", &empty)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("ca-certificates"));
}
