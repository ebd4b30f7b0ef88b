//! A stand-in for OpenAI that records every byte it receives and answers as it is told, well or
//! badly.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener},
    sync::{Arc, Mutex},
    thread,
    time::Instant,
};

use serde_json::{Value, json};

/// A request as it came over the wire.
#[derive(Clone)]
pub(crate) struct Received {
    /// Request line and headers.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Received {
    /// A header of the request.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (own, value) = line.split_once(':')?;
            own.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The text of the last message.
    pub(crate) fn last_text(&self) -> String {
        let body = self.json();
        let last = body["messages"].as_array().and_then(|messages| messages.last()).cloned();
        last.unwrap_or_default()["content"].as_str().unwrap_or_default().to_owned()
    }
}

/// What the stand-in does with a request.
pub(crate) enum Answer {
    /// Status, extra headers, body.
    Http(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// These bytes and the end of the connection.
    Raw(Vec<u8>),
    /// These bytes, and the connection goes on.
    More(Vec<u8>),
    /// A large body, made up as it is sent: the given number of times this piece, its length
    /// announced or not.
    Flood(&'static [u8], usize, bool),
    /// A success of server-sent events, in these pieces; the reply ends properly or breaks off.
    Stream(Box<dyn Iterator<Item = Vec<u8>> + Send>, bool),
    /// Nothing, for as long as the caller waits.
    Silence,
}

impl Answer {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::Http(status, Vec::new(), body.to_string().into_bytes())
    }

    /// A stream of these events, each in a piece of its own.
    pub(crate) fn events(events: Vec<String>) -> Self {
        Self::Stream(Box::new(events.into_iter().map(String::into_bytes)), true)
    }

    /// A chat completion whose only choice says `content`.
    pub(crate) fn content(content: &str) -> Self {
        Self::json(200, &completion(&[json!({"role": "assistant", "content": content})]))
    }
}

/// A whole chat completion, every field of OpenAI's in it.
pub(crate) fn completion(messages: &[Value]) -> Value {
    let choices: Vec<_> = messages
        .iter()
        .enumerate()
        .map(|(index, message)| {
            json!({"index": index, "message": message, "logprobs": null, "finish_reason": "stop"})
        })
        .collect();
    json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1_700_000_000u64,
        "model": "gpt-4o-2024-05-13", "choices": choices,
        "usage": {"prompt_tokens": 9, "completion_tokens": 12, "total_tokens": 21},
        "system_fingerprint": "fp_1", "service_tier": "default",
    })
}

/// A chunk of a streamed chat completion, as OpenAI sends it.
pub(crate) fn chunk(index: u64, delta: Value, finish: Option<&str>) -> String {
    let chunk = json!({
        "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_700_000_000u64,
        "model": "gpt-4o-2024-05-13", "system_fingerprint": "fp_1",
        "choices": [{"index": index, "delta": delta, "logprobs": null, "finish_reason": finish}],
    });
    format!("data: {chunk}\n\n")
}

/// The events of a chat completion that says `content`, a character a chunk.
pub(crate) fn spelled(content: &str) -> Vec<String> {
    let mut events = vec![chunk(0, json!({"role": "assistant", "content": ""}), None)];
    events.extend(content.chars().map(|c| chunk(0, json!({"content": c.to_string()}), None)));
    events.push(chunk(0, json!({}), Some("stop")));
    events.push("data: [DONE]\n\n".to_owned());
    events
}

/// The stand-in, which lives as long as the test.
pub(crate) struct StandIn {
    scheme: &'static str,
    port: u16,
    received: Arc<Mutex<Vec<Received>>>,
}

impl StandIn {
    /// Answers every request with what `answer` makes of it.
    pub(crate) fn new(answer: impl Fn(&Received) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        Self::listen("http", listener, answer, None)
    }

    /// The same at an address that was another's.
    pub(crate) fn at(
        address: SocketAddr,
        answer: impl Fn(&Received) -> Answer + Send + Sync + 'static,
    ) -> Self {
        // A connection of another test's may hold the port for a moment.
        let begun = Instant::now();
        let listener = loop {
            match TcpListener::bind(address) {
                Ok(listener) => break listener,
                Err(error) => assert!(begun.elapsed().as_secs() < 60, "{address}: {error}"),
            }
            thread::yield_now();
        };
        Self::listen("http", listener, answer, None)
    }

    fn listen(
        scheme: &'static str,
        listener: TcpListener,
        answer: impl Fn(&Received) -> Answer + Send + Sync + 'static,
        tls: Option<Arc<rustls::ServerConfig>>,
    ) -> Self {
        let port = listener.local_addr().unwrap().port();
        let received = Arc::new(Mutex::new(Vec::new()));
        let answer = Arc::new(answer);
        let log = Arc::clone(&received);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (log, answer, tls) = (Arc::clone(&log), Arc::clone(&answer), tls.clone());
                thread::spawn(move || {
                    let _ = match tls {
                        None => converse(stream, &log, answer.as_ref()),
                        Some(tls) => {
                            let connection = rustls::ServerConnection::new(tls).unwrap();
                            let stream = rustls::StreamOwned::new(connection, stream);
                            converse(stream, &log, answer.as_ref())
                        }
                    };
                });
            }
        });
        Self { scheme, port, received }
    }

    /// The echo behind TLS, with a certificate for 127.0.0.1 that only its own file vouches for.
    pub(crate) fn tls_echo() -> (Self, String) {
        let identity = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        let key = rustls::pki_types::PrivateKeyDer::try_from(identity.signing_key.serialize_der());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![identity.cert.der().clone()], key.unwrap())
            .unwrap();
        let echo = |request: &Received| Answer::content(&request.last_text());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        (Self::listen("https", listener, echo, Some(Arc::new(config))), identity.cert.pem())
    }

    /// Says back what the last message said, placeholders and all.
    pub(crate) fn echo() -> Self {
        Self::new(|request| Answer::content(&request.last_text()))
    }

    pub(crate) fn base_url(&self) -> String {
        format!("{}://127.0.0.1:{}/v1", self.scheme, self.port)
    }

    /// The request received last.
    pub(crate) fn last(&self) -> Received {
        self.received.lock().unwrap().last().unwrap().clone()
    }

    /// How many requests were received so far.
    pub(crate) fn count(&self) -> usize {
        self.received.lock().unwrap().len()
    }

    /// Forgets what was received so far.
    pub(crate) fn forget(&self) {
        self.received.lock().unwrap().clear();
    }

    /// Everything received so far.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }
}

/// Serves one connection.
fn converse(
    mut stream: impl Read + Write,
    log: &Mutex<Vec<Received>>,
    answer: &dyn Fn(&Received) -> Answer,
) -> std::io::Result<()> {
    while let Some(request) = read_request(&mut stream)? {
        log.lock().unwrap().push(request.clone());
        match answer(&request) {
            Answer::Http(status, headers, body) => {
                let mut head = format!(
                    "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\n",
                    body.len()
                );
                for (name, value) in headers {
                    head.push_str(&format!("{name}: {value}\r\n"));
                }
                head.push_str("\r\n");
                // In one piece: the second of two would wait for the first to be acknowledged.
                stream.write_all(&[head.as_bytes(), &body].concat())?;
            }
            Answer::Raw(bytes) => return stream.write_all(&bytes),
            Answer::More(bytes) => stream.write_all(&bytes)?,
            Answer::Flood(piece, times, announced) => {
                // Without a length the pieces are chunks: awc takes a body that only ends with its connection for none.
                let length = match announced {
                    true => format!("content-length: {}", piece.len() * times),
                    false => "transfer-encoding: chunked".to_owned(),
                };
                write!(stream, "HTTP/1.1 200 X\r\nconnection: close\r\n{length}\r\n\r\n")?;
                for _ in 0..times {
                    if !announced {
                        write!(stream, "{:x}\r\n", piece.len())?;
                    }
                    stream.write_all(piece)?;
                    if !announced {
                        stream.write_all(b"\r\n")?;
                    }
                }
                if !announced {
                    stream.write_all(b"0\r\n\r\n")?;
                }
            }
            Answer::Stream(pieces, whole) => {
                let head = "HTTP/1.1 200 X\r\ncontent-type: text/event-stream; charset=utf-8\r\n";
                write!(
                    stream,
                    "{head}x-ratelimit-remaining-requests: 7\r\ntransfer-encoding: chunked\r\n\r\n"
                )?;
                for piece in pieces {
                    write!(stream, "{:x}\r\n", piece.len())?;
                    stream.write_all(&piece)?;
                    stream.write_all(b"\r\n")?;
                    stream.flush()?;
                }
                if !whole {
                    return Ok(());
                }
                stream.write_all(b"0\r\n\r\n")?;
            }
            // Ends when the caller closes the connection.
            Answer::Silence => {
                let _ = stream.read(&mut [0; 1])?;
                return Ok(());
            }
        }
    }
    Ok(())
}

fn read_request(stream: &mut impl Read) -> std::io::Result<Option<Received>> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 64 * 1024];
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        match stream.read(&mut buffer)? {
            0 => return Ok(None),
            count => bytes.extend_from_slice(&buffer[..count]),
        }
    };
    let body_start = bytes.split_off(head_end);
    let mut request =
        Received { head: String::from_utf8_lossy(&bytes).into_owned(), body: body_start };
    let length: usize = request.header("content-length").map_or(0, |text| text.parse().unwrap());
    while request.body.len() < length {
        match stream.read(&mut buffer)? {
            0 => break,
            count => request.body.extend_from_slice(&buffer[..count]),
        }
    }
    Ok(Some(request))
}
