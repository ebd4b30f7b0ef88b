//! Nothing is stored: not on disk, not in memory once it is over, not in a core dump.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{Read, Seek, Write},
    os::unix::fs::FileExt,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::json;

use crate::support::{KEY, OPENAI_KEY, PHI, Setup, model_folder, standin::StandIn};

/// Words that stand nowhere but in these requests. They are made up at run time, so that neither the
/// program nor its model can know them.
fn canaries() -> Vec<String> {
    (0..8u32).map(|n| format!("Zq{:x}vanterpool{}", 0xabc0 + n, std::process::id())).collect()
}

fn note(canaries: &[String], number: usize) -> String {
    let [a, b, ..] = canaries else { unreachable!() };
    format!(
        "Patient: {a} {b}, MRN: 77{number:06}, DOB 03/14/1962, {a}.{b}@example.org. \
         Mrs. {b} was seen by Dr. {} {} for headaches.",
        canaries[2 + number % 3],
        canaries[5 + number % 3]
    )
}

#[test]
fn no_file_that_the_process_writes_holds_anything_of_a_request() {
    let trace = tempfile::NamedTempFile::new().unwrap();
    let scene = Setup::default()
        .with_model()
        .under(
            "strace",
            &[
                "-f",
                "-qq",
                "-e",
                "trace=open,openat,creat,rename,renameat2",
                "-o",
                trace.path().to_str().unwrap(),
            ],
        )
        .start(StandIn::echo());
    let canaries = canaries();
    let key = scene.create_key(&["--tokens-per-month", "1000000"]);
    for number in 0..10 {
        assert_eq!(scene.say_with(&key, &note(&canaries, number)).status, 200);
        let body = json!({"text": note(&canaries, number)});
        assert_eq!(scene.ask("/v1/deidentify", &body).status, 200);
    }
    assert_eq!(scene.chat(&json!({"model": canaries[0], "messages": canaries})).status, 400);
    assert_eq!(scene.get(&format!("/{}", canaries[0]), &[]).status, 404);

    let mut written = BTreeSet::new();
    for line in fs::read_to_string(trace.path()).unwrap().lines() {
        let writes =
            ["O_WRONLY", "O_RDWR", "O_CREAT", "creat(", "rename"].iter().any(|w| line.contains(w));
        if writes && !line.contains("ENOENT") {
            // Relative paths are relative to the folder that it runs in.
            written
                .extend(line.split('"').skip(1).step_by(2).map(|path| scene.folder().join(path)));
        }
    }
    let own: Vec<_> = written.iter().filter(|path| path.starts_with(scene.folder())).collect();
    assert!(own.len() >= 3, "store, audit log and its head at least: {written:?}");
    let mut looked_through = 0;
    for path in &written {
        if path.starts_with("/dev") || path.starts_with("/proc") {
            continue;
        }
        let Ok(bytes) = fs::read(path) else { continue };
        looked_through += 1;
        for secret in canaries.iter().map(String::as_str).chain([
            "77000001",
            "03/14/1962",
            key.as_str(),
            OPENAI_KEY,
        ]) {
            let found = bytes
                .windows(secret.len())
                .any(|part| part.eq_ignore_ascii_case(secret.as_bytes()));
            assert!(!found, "{secret} is in {}", path.display());
        }
    }
    assert!(looked_through >= 3);
}

#[test]
fn after_a_thousand_requests_nothing_of_them_is_in_memory() {
    let canaries = canaries();
    let standin = StandIn::echo();
    let folder = tempfile::tempdir().unwrap();
    let settings = folder.path().join("settings.toml");
    assert!(Command::new("mkfifo").arg(&settings).status().unwrap().success());
    // While it waits for its settings, the process has not yet shut its memory off.
    let mut child = Command::new(env!("CARGO_BIN_EXE_deid-gateway"))
        .args(["serve", "--settings"])
        .arg(&settings)
        .current_dir(folder.path())
        .env_clear()
        .env("DEID__KEYS__STATIC", crate::support::KEY_HASH)
        .env("DEID__UPSTREAM__BASE_URL", standin.base_url())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let memory = File::open(format!("/proc/{}/mem", child.id())).unwrap();
    let maps = File::open(format!("/proc/{}/maps", child.id())).unwrap();
    fs::OpenOptions::new()
        .write(true)
        .open(&settings)
        .unwrap()
        .write_all(
            format!(
                "[server]\nport = 0\nworkers = 2\n[[detectors.ner]]\nname = \"phi-ner\"\nmodel = {:?}\n",
                model_folder()
            )
            .as_bytes(),
        )
        .unwrap();
    let (log, address) = crate::support::follow(&mut child);
    let address = address.recv_timeout(Duration::from_secs(60)).unwrap();
    let url = format!("http://{address}");
    let begun = Instant::now();
    while ureq::get(&format!("{url}/readyz")).call().is_err() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{}", log.lock().unwrap());
    }

    let agent = ureq::AgentBuilder::new().max_idle_connections(2).build();
    let mut body = Vec::new();
    for number in 0..1000 {
        // One in four streams, one in ten is new to the cache.
        let stream = number % 4 == 0;
        let text = note(&canaries, number % 10);
        let message = json!({"role": "user", "content": text});
        let request = json!({"model": "gpt-4o", "stream": stream, "messages": [message]});
        let reply = agent
            .post(&format!("{url}/v1/chat/completions"))
            .set("x-compliantchatgpt-key", KEY)
            .set("x-openai-key", OPENAI_KEY)
            .send_string(&request.to_string());
        // An echo that does not stream answers a request for a stream with an error.
        match reply {
            Ok(reply) => {
                body.clear();
                reply.into_reader().read_to_end(&mut body).unwrap();
                assert!(stream || String::from_utf8_lossy(&body).contains(&canaries[0]));
            }
            Err(ureq::Error::Status(status, _)) => assert!(stream && status == 500, "{status}"),
            Err(error) => panic!("{error}\n{}", log.lock().unwrap()),
        }
    }
    // Its connections, and their buffers, end with it.
    drop(agent);
    let begun = Instant::now();
    loop {
        let found: Vec<_> =
            canaries.iter().filter(|canary| holds(&memory, &maps, canary.as_bytes())).collect();
        if found.is_empty() {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "still in memory: {found:?}");
    }
    // The search itself finds what is there: the address of the stand-in is in use.
    assert!(holds(&memory, &maps, standin.base_url().as_bytes()), "the search does not work");
    let limits = fs::read_to_string(format!("/proc/{}/limits", child.id())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().filter(|word| *word == "0").count(), 2, "{core}");
    child.kill().unwrap();
    child.wait().unwrap();
    for secret in PHI.iter().map(|text| (*text).to_owned()).chain(canaries) {
        assert!(!log.lock().unwrap().contains(&secret));
    }
}

/// Whether the memory that a process can write holds `bytes`.
fn holds(memory: &File, mut places: &File, bytes: &[u8]) -> bool {
    let mut maps = String::new();
    places.rewind().unwrap();
    places.read_to_string(&mut maps).unwrap();
    let finder = aho_corasick::AhoCorasick::new([bytes]).unwrap();
    maps.lines()
        .filter(|line| line.split(' ').nth(1).is_some_and(|mode| mode.starts_with("rw")))
        .any(|line| {
            let (start, end) = line.split(' ').next().unwrap().split_once('-').unwrap();
            let number = |text| u64::from_str_radix(text, 16).unwrap();
            let (mut at, end) = (number(start), number(end));
            let mut piece = vec![0; 1 << 20];
            // Pieces overlap, so that nothing hides on an edge.
            while at < end {
                let length = usize::try_from((end - at).min(1 << 20)).unwrap();
                // A part that is not there any more holds nothing.
                let Ok(read) = memory.read_at(&mut piece[..length], at) else { break };
                if finder.is_match(&piece[..read]) {
                    return true;
                }
                if read <= bytes.len() {
                    break;
                }
                at += (read - if at + (read as u64) < end { bytes.len() } else { 0 }) as u64;
            }
            false
        })
}
