//! What is around the gateway fails and comes back: its upstream, its store, its model, its clock.

use std::{
    fs,
    io::Read,
    net::TcpListener,
    path::Path,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use serde_json::json;

use crate::support::{
    NOTE, Scene, Setup, model_folder,
    standin::{Answer, StandIn, completion, spelled},
};

#[test]
fn an_upstream_that_resets_and_comes_back_is_called_again() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let over = Arc::new(AtomicBool::new(false));
    let stop = Arc::clone(&over);
    // Closing a connection with unread bytes in it resets it.
    let resetting = thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let _ = (&stream).read(&mut [0; 1]);
            if stop.load(Ordering::Relaxed) {
                return listener;
            }
        }
        listener
    });
    let scene = Setup::default().env("DEID__UPSTREAM__BASE_URL", &url).start(StandIn::echo());
    for _ in 0..5 {
        let reply = scene.say(NOTE);
        assert_eq!((reply.status, reply.error_code().as_str()), (500, "upstream_error"));
        assert!(!reply.body.contains("Doe"));
    }
    over.store(true, Ordering::Relaxed);
    assert_eq!(scene.say(NOTE).status, 500);
    let listener = resetting.join().unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    assert_eq!(scene.say(NOTE).status, 500, "nobody listens");
    let back = StandIn::at(address, |request| Answer::content(&request.last_text()));
    assert_eq!(scene.say(NOTE).json()["choices"][0]["message"]["content"], NOTE);
    assert_eq!(back.count(), 1);
}

#[test]
fn what_follows_a_reply_that_lies_about_its_length_is_nobodys_reply() {
    // Behind its first reply the upstream hides a second one, which no request asked for.
    let standin = StandIn::new(|request| {
        let own =
            |text: &str| completion(&[json!({"role": "assistant", "content": text})]).to_string();
        if request.last_text() != "first" {
            return Answer::content("the right one");
        }
        let (first, hidden) = (own("first"), own("a reply to somebody else"));
        let head = |body: &str| {
            format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            )
        };
        Answer::More((head(&first) + &head(&hidden)).into_bytes())
    });
    let scene = Setup::default().settings("[server]\nworkers = 1").start(standin);
    for _ in 0..5 {
        assert_eq!(scene.say("first").json()["choices"][0]["message"]["content"], "first");
        let reply = scene.say("second");
        assert!(!reply.body.contains("somebody else"), "{}", reply.body);
        assert_eq!(reply.json()["choices"][0]["message"]["content"], "the right one");
    }
}

#[test]
fn a_slow_upstream_holds_up_nobody_else() {
    let (release, gate) = std::sync::mpsc::channel::<()>();
    let gate = std::sync::Mutex::new(gate);
    let standin = StandIn::new(move |request| {
        if request.last_text() == "slow" {
            let _ = gate.lock().unwrap().recv();
        }
        if request.json()["stream"] == true {
            return Answer::events(spelled(&request.last_text()));
        }
        Answer::content(&request.last_text())
    });
    let scene = Setup::default().settings("[server]\nworkers = 1").start(standin);
    thread::scope(|scope| {
        let slow: Vec<_> = (0..30).map(|_| scope.spawn(|| scene.say("slow").status)).collect();
        while scene.standin.count() < 30 {
            thread::yield_now();
        }
        for _ in 0..10 {
            assert_eq!(scene.say(NOTE).status, 200, "the only worker is free");
        }
        drop(release);
        for call in slow {
            assert_eq!(call.join().unwrap(), 200);
        }
    });
}

#[test]
fn a_store_that_is_locked_removed_or_replaced_lets_nobody_in_unchecked() {
    let settings = "[keys]\ncache_s = 0\n[store]\ntimeout_s = 1";
    let scene = Setup::default().settings(settings).start(StandIn::echo());
    let key = scene.create_key(&["--requests-per-minute", "1000"]);
    let revoked = scene.create_key(&[]);
    let file = scene.folder().join("data/gateway.db");
    let copy = scene.folder().join("backup.db");
    let refused = |why: &str| {
        let reply = scene.say_with(&key, NOTE);
        assert_eq!((reply.status, reply.error_code().as_str()), (503, "not_ready"), "{why}");
        assert!(reply.header("retry-after").is_some());
    };
    assert_eq!(scene.say_with(&key, NOTE).status, 200);
    assert_eq!(scene.say_with(&revoked, NOTE).status, 200);

    let other = rusqlite::Connection::open(&file).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    refused("another process holds the lock");
    other.execute_batch("ROLLBACK; PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    drop(other);
    scene.wait_until("/readyz", 200);
    let begun = std::time::Instant::now();
    while scene.say_with(&key, NOTE).status != 200 {
        assert!(begun.elapsed().as_secs() < 60, "it never comes back: {}", scene.log());
    }

    // Moved away, as a restore does; the side files belong to it.
    for end in ["", "-wal", "-shm"] {
        let _ = fs::rename(with_end(&file, end), with_end(&copy, end));
    }
    refused("its file is gone");
    assert_eq!(scene.get("/readyz", &[]).status, 503);
    assert!(!file.exists(), "an empty one is not put in its place");
    for end in ["-wal", "-shm", ""] {
        let _ = fs::rename(with_end(&copy, end), with_end(&file, end));
    }
    scene.wait_until("/readyz", 200);
    assert_eq!(scene.say_with(&key, NOTE).status, 200);

    // Another file in its place, in which one of the keys is revoked.
    let vacuumed = format!("VACUUM INTO '{}'", copy.display());
    rusqlite::Connection::open(&file).unwrap().execute_batch(&vacuumed).unwrap();
    let id = revoked.split('_').nth(1).unwrap();
    let revoke = "UPDATE gateway_keys SET revoked_at = 1 WHERE id = ?1";
    rusqlite::Connection::open(&copy).unwrap().execute(revoke, [id]).unwrap();
    for end in ["-wal", "-shm"] {
        let _ = fs::remove_file(with_end(&file, end));
    }
    fs::rename(&copy, &file).unwrap();
    assert_eq!(scene.say_with(&revoked, NOTE).status, 401);
    assert_eq!(scene.say_with(&key, NOTE).status, 200);
    scene.wait_for_log("was replaced and is opened anew");
}

fn with_end(path: &Path, end: &str) -> std::path::PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

#[test]
fn a_model_is_read_when_it_is_loaded_and_a_broken_one_never_takes_its_place() {
    let scene = Setup::default()
        .with_model()
        .settings(
            "[detectors]\ncache = 0\n[[detectors.ner]]\nname = \"phi-ner\"\nmodel = \"model\"",
        )
        .prepare(|folder| {
            let from_to = [model_folder(), folder.join("model")];
            let copied = Command::new("/bin/cp").arg("-rL").args(from_to).status();
            assert!(copied.unwrap().success());
        })
        .start(StandIn::echo());
    let finds = |scene: &Scene| {
        let reply =
            scene.ask("/v1/deidentify", &json!({"text": "We met Anneliese Okonkwo there."}));
        let entities = reply.json()["entities"].clone();
        assert_eq!(reply.status, 200);
        entities.as_array().unwrap().iter().any(|entity| entity["detector"] == "phi-ner")
    };
    assert!(finds(&scene));
    let model = scene.folder().join("model");
    let weights = fs::read_dir(&model).unwrap().flatten().map(|entry| entry.path());
    let weights = weights.max_by_key(|path| fs::metadata(path).unwrap().len()).unwrap();
    let whole = fs::read(&weights).unwrap();
    let config = fs::read(model.join("config.json")).unwrap();
    for (at, break_it) in [
        // In place: whoever had mapped the file would be killed now.
        &(|| fs::OpenOptions::new().write(true).open(&weights).unwrap().set_len(1000).unwrap())
            as &dyn Fn(),
        &|| fs::write(&weights, vec![0xff; whole.len()]).unwrap(),
        &|| fs::remove_file(&weights).unwrap(),
        &|| fs::write(model.join("config.json"), "{").unwrap(),
    ]
    .into_iter()
    .enumerate()
    {
        break_it();
        assert!(finds(&scene), "{at}: the one in memory goes on");
        let before = scene.log().matches("the old ones stay in force").count();
        scene.signal("HUP");
        let begun = std::time::Instant::now();
        while scene.log().matches("the old ones stay in force").count() == before {
            assert!(begun.elapsed().as_secs() < 60, "{at}: {}", scene.log());
            assert_eq!(scene.get("/readyz", &[]).status, 200);
        }
        assert!(finds(&scene), "{at}: a broken one is not taken");
        fs::write(&weights, &whole).unwrap();
        fs::write(model.join("config.json"), &config).unwrap();
    }
    scene.signal("HUP");
    scene.wait_for_log("the new settings are in force");
    assert!(finds(&scene));
    assert_eq!(scene.say(NOTE).status, 200);
}

#[test]
fn a_clock_that_jumps_stops_nothing_and_the_audit_log_stays_whole() {
    let library = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";
    assert!(Path::new(library).exists(), "scripts/install-system-packages --test");
    let clock = tempfile::NamedTempFile::new().unwrap();
    let set = |offset: &str| fs::write(clock.path(), offset).unwrap();
    set("+0d");
    let scene = Setup::default()
        .under(
            "/usr/bin/env",
            &[
                &format!("LD_PRELOAD={library}"),
                &format!("FAKETIME_TIMESTAMP_FILE={}", clock.path().display()),
                "FAKETIME_NO_CACHE=1",
                "FAKETIME_DONT_FAKE_MONOTONIC=1",
            ],
        )
        .start(StandIn::echo());
    let key = scene.create_key(&["--requests-per-minute", "1000", "--expires", "90d"]);
    let limited = scene.create_key(&["--requests-per-day", "1"]);
    for offset in ["+0d", "-400d", "+30d", "-1d", "+0d"] {
        set(offset);
        for _ in 0..3 {
            assert_eq!(scene.say_with(&key, NOTE).status, 200, "{offset}");
        }
        let day = [200, 429].map(|_| scene.say_with(&limited, NOTE).status);
        assert_eq!(day[1], 429, "{offset}: of a day one request is let through");
    }
    // Expiry goes by the clock that the machine has.
    set("+91d");
    let begun = std::time::Instant::now();
    while scene.say_with(&key, NOTE).status != 401 {
        assert!(begun.elapsed().as_secs() < 60, "an expired key goes on working");
    }
    let times: Vec<jiff::Timestamp> = crate::audit::lines(&scene)
        .iter()
        .map(|line| line["time"].as_str().unwrap().parse().unwrap())
        .collect();
    let hours = (*times.iter().max().unwrap() - *times.iter().min().unwrap())
        .total(jiff::Unit::Hour)
        .unwrap();
    assert!(hours > 480.0 * 24.0, "the audit log says when the machine's clock did: {times:?}");
    assert!(scene.command(&["audit", "verify"]).status.success());
}
