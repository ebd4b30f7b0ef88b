//! Nothing stays in memory once it is over, and none of it is in a core dump.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{Read, Seek, Write},
    net::TcpStream,
    os::unix::fs::FileExt,
    path::Path,
    process::Child,
    thread,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::{
    retention::{canaries, note},
    support::{
        KEY, KEY_HASH, OPENAI_KEY, PHI, follow, gateway_command, model_folder,
        standin::{Answer, StandIn, spelled},
        without_chance,
    },
};

const PATIENCE: Duration = Duration::from_secs(60);
/// What is read at once.
const PIECE: usize = 1 << 20;

#[test]
fn after_a_thousand_requests_nothing_of_them_is_in_memory() {
    let canaries = canaries();
    let standin = StandIn::new(|request| {
        let text = request.last_text();
        if text.contains("silence") {
            Answer::Silence
        } else if request.json()["stream"] == json!(true) {
            Answer::events(spelled(&text))
        } else {
            Answer::content(&text)
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let settings = format!(
        "[server]\nport = 0\nworkers = 2\n[[detectors.ner]]\nname = \"phi-ner\"\nmodel = {:?}\n",
        model_folder()
    );
    fs::write(folder.path().join("settings.toml"), settings).unwrap();
    let (mut child, memory, maps) = observed(folder.path(), &standin);
    let (log, address) = follow(&mut child);
    let address = address.recv_timeout(PATIENCE).unwrap();
    let begun = Instant::now();
    while ureq::get(&format!("http://{address}/readyz")).call().is_err() {
        assert!(begun.elapsed() < PATIENCE, "{}", log.lock().unwrap());
    }

    thread::scope(|scope| {
        for first in 0..4 {
            let (canaries, address) = (&canaries, &address);
            scope.spawn(move || {
                let agent = ureq::AgentBuilder::new().timeout(PATIENCE).build();
                for number in (first..1000).step_by(4) {
                    ask(&agent, &format!("http://{address}"), canaries, number);
                }
            });
        }
    });
    leave_early(&address, &canaries);

    // Their connections have ended; of a request that was left, the gateway hears in a moment.
    let needles: Vec<&str> =
        canaries.iter().map(String::as_str).chain(["77000001", KEY, OPENAI_KEY]).collect();
    let begun = Instant::now();
    loop {
        let found = held(&memory, &maps, &needles);
        if found.is_empty() {
            break;
        }
        let found: Vec<_> = found.into_iter().map(|at| needles[at]).collect();
        assert!(begun.elapsed() < PATIENCE, "still in memory: {found:?}");
    }
    // The search itself finds what is there: the address of the stand-in is in use.
    let base_url = standin.base_url();
    assert_eq!(held(&memory, &maps, &[&base_url]).len(), 1, "the search does not work");
    let limits = fs::read_to_string(format!("/proc/{}/limits", child.id())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().filter(|word| *word == "0").count(), 2, "{core}");
    child.kill().unwrap();
    child.wait().unwrap();
    let log = without_chance(&log.lock().unwrap());
    for secret in PHI.iter().map(|text| (*text).to_owned()).chain(canaries) {
        assert!(!log.contains(&secret), "{secret} is in the log");
    }
}

/// One of the thousand: whole or streamed, to any endpoint that sees text, good or broken.
fn ask(agent: &ureq::Agent, url: &str, canaries: &[String], number: usize) {
    // Some come again, and are known to the cache.
    let text = note(canaries, if number.is_multiple_of(3) { number } else { number % 10 });
    let chat = |stream: bool| {
        let message = json!({"role": "user", "content": text});
        json!({"model": "gpt-4o", "stream": stream, "messages": [message]}).to_string()
    };
    let (path, body, status) = match number % 10 {
        0..=2 => ("/v1/chat/completions", chat(false), 200),
        3..=5 => ("/v1/chat/completions", chat(true), 200),
        6 => ("/v1/deidentify", json!({"text": text}).to_string(), 200),
        7 => {
            let mapping = json!({"[NAME_1]": canaries[0]});
            ("/v1/reidentify", json!({"text": "[NAME_1]", "mapping": mapping}).to_string(), 200)
        }
        8 => ("/analyze", json!({"text": text, "language": "en"}).to_string(), 200),
        // Cut off in the middle of it.
        _ => ("/v1/chat/completions", chat(false).chars().take(120).collect(), 400),
    };
    let request = agent.post(&format!("{url}{path}"));
    let request = request.set("authorization", &format!("Bearer {KEY}"));
    let request =
        request.set("x-openai-key", OPENAI_KEY).set("x-request-id", &format!("id-{number}"));
    let (Ok(reply) | Err(ureq::Error::Status(_, reply))) = request.send_string(&body) else {
        panic!("no reply to {path}");
    };
    assert_eq!(reply.status(), status, "{path}");
    let mut body = Vec::new();
    reply.into_reader().read_to_end(&mut body).unwrap();
}

/// Callers that leave while their request is on its way in, or while the upstream is silent.
fn leave_early(address: &str, canaries: &[String]) {
    for silent in [true, false] {
        let text = format!("silence. {}", note(canaries, 1));
        let message = json!({"role": "user", "content": text});
        let body = json!({"model": "gpt-4o", "messages": [message]}).to_string();
        let announced = body.len() + if silent { 0 } else { 1000 };
        let mut socket = TcpStream::connect(address).unwrap();
        write!(
            socket,
            "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\n\
             x-openai-key: {OPENAI_KEY}\r\ncontent-length: {announced}\r\n\r\n{body}"
        )
        .unwrap();
    }
}

/// A gateway whose memory can be read. It shuts others out as soon as it has read its settings, all but
/// root, so whoever was too late tries again with another.
fn observed(folder: &Path, standin: &StandIn) -> (Child, File, File) {
    for _ in 0..50 {
        let mut child = gateway_command(folder)
            .args(["serve", "--settings", "settings.toml"])
            .env("DEID__KEYS__STATIC", KEY_HASH)
            .env("DEID__UPSTREAM__BASE_URL", standin.base_url())
            .spawn()
            .unwrap();
        let open = |name: &str| File::open(format!("/proc/{}/{name}", child.id()));
        match (open("mem"), open("maps")) {
            (Ok(memory), Ok(maps)) => return (child, memory, maps),
            _ => drop((child.kill(), child.wait())),
        }
    }
    panic!("its memory cannot be read");
}

/// Which of `needles` the memory that a process can write holds.
fn held(memory: &File, mut places: &File, needles: &[&str]) -> BTreeSet<usize> {
    let mut maps = String::new();
    places.rewind().unwrap();
    places.read_to_string(&mut maps).unwrap();
    let finder = aho_corasick::AhoCorasick::new(needles).unwrap();
    // Pieces overlap, so that nothing hides on an edge.
    let overlap = needles.iter().map(|needle| needle.len()).max().unwrap_or(0);
    let mut found = BTreeSet::new();
    let mut piece = vec![0; PIECE];
    for line in maps.lines() {
        let mut fields = line.split(' ');
        let (range, mode) = (fields.next().unwrap(), fields.next().unwrap());
        if !mode.starts_with("rw") {
            continue;
        }
        let number = |text| u64::from_str_radix(text, 16).unwrap();
        let (start, end) = range.split_once('-').map(|(a, b)| (number(a), number(b))).unwrap();
        let mut at = start;
        while at < end {
            let length = usize::try_from(end - at).unwrap().min(PIECE);
            // A part that is not there any more holds nothing.
            let Ok(read) = memory.read_at(&mut piece[..length], at) else { break };
            found.extend(finder.find_iter(&piece[..read]).map(|hit| hit.pattern().as_usize()));
            if read <= overlap {
                break;
            }
            at += if at + (read as u64) < end { read - overlap } else { read } as u64;
        }
    }
    found
}
