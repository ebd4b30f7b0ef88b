//! Two gateways, one PostgreSQL, nginx in front, by the configuration in `deploy/`.

use std::{
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::{
    postgres::Postgres,
    support::{NOTE, OPENAI_KEY, Scene, Setup, standin::StandIn},
};

const PATIENCE: Duration = Duration::from_secs(60);

fn node(postgres: &Postgres, settings: &str, port: Option<&str>) -> Scene {
    let setup = Setup::default().settings(settings).env("DEID__STORE__URL", &postgres.url());
    let setup = match port {
        Some(port) => setup.env("DEID__SERVER__PORT", port),
        None => setup,
    };
    setup.start(StandIn::echo())
}

/// nginx, which ends with the test.
struct Nginx {
    child: Child,
    url: String,
    _folder: tempfile::TempDir,
}

impl Nginx {
    /// The shipped configuration, but for addresses, TLS and a shorter memory of failures.
    fn start(nodes: [&str; 2]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/nginx.conf");
        let shipped = std::fs::read_to_string(shipped).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let own = shipped
            .replace("gateway-1:8080", nodes[0])
            .replace("gateway-2:8080", nodes[1])
            .replace("fail_timeout=5s", "fail_timeout=1s")
            .replace("listen 8443 ssl;", &format!("listen 127.0.0.1:{port};"))
            .replace("/dev/stdout", "off")
            .replace(" plain;", ";")
            .replace("/tmp/nginx", &folder.path().join("nginx").display().to_string());
        let own: String =
            own.lines().filter(|l| !l.contains("ssl_")).flat_map(|l| [l, "\n"]).collect();
        let file = folder.path().join("nginx.conf");
        std::fs::write(&file, own).unwrap();
        let child = Command::new("nginx")
            .args(["-g", "daemon off;", "-p"])
            .arg(folder.path())
            .arg("-c")
            .arg(&file)
            .env("PATH", "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin")
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let own = Self { child, url: format!("http://127.0.0.1:{port}"), _folder: folder };
        let begun = Instant::now();
        while ureq::get(&format!("{}/readyz", own.url)).call().is_err() {
            assert!(begun.elapsed() < PATIENCE, "nginx does not start");
            thread::yield_now();
        }
        own
    }

    /// The status of a request through nginx, or what went wrong.
    fn say(&self, key: &str) -> Result<u16, String> {
        let body = json!({"model": "gpt-4o", "messages": [{"role": "user", "content": NOTE}]});
        let request = ureq::post(&format!("{}/v1/chat/completions", self.url))
            .timeout(PATIENCE)
            .set("content-type", "application/json")
            .set("x-compliantchatgpt-key", key)
            .set("x-openai-key", OPENAI_KEY);
        match request.send_string(&body.to_string()) {
            Ok(response) => {
                let restored = response.into_string().map_err(|error| error.to_string())?;
                if restored.contains("Doe") { Ok(200) } else { Err(restored) }
            }
            Err(ureq::Error::Status(status, _)) => Ok(status),
            Err(error) => Err(error.to_string()),
        }
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

/// Clients that go on asking, one request after the other, while `meanwhile` runs; gives what failed.
fn under_load(nginx: &Nginx, key: &str, meanwhile: impl FnOnce(&AtomicUsize)) -> Vec<String> {
    let (over, done, failed) =
        (AtomicBool::new(false), AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    match nginx.say(key) {
                        Ok(200) => {}
                        other => failed.lock().unwrap().push(format!("{other:?}")),
                    }
                    done.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        meanwhile(&done);
        over.store(true, Ordering::Relaxed);
    });
    failed.into_inner().unwrap()
}

const CLIENTS: usize = 3;

/// Waits until so many requests more are done.
fn wait_for(done: &AtomicUsize, more: usize) {
    let (goal, begun) = (done.load(Ordering::Relaxed) + more, Instant::now());
    while done.load(Ordering::Relaxed) < goal {
        assert!(begun.elapsed() < PATIENCE, "requests do not get through");
        thread::yield_now();
    }
}

/// Waits until a node is asked by nginx.
fn wait_until_asked(node: &Scene) {
    let (before, begun) = (node.standin.count(), Instant::now());
    while node.standin.count() == before {
        assert!(begun.elapsed() < PATIENCE, "nginx does not come back to a node");
        thread::yield_now();
    }
}

#[test]
fn two_nodes_share_keys_and_quotas_and_restart_without_a_failed_request() {
    let postgres = Postgres::start();
    let settings = "[server]\ndrain_delay_s = 1\nworkers = 1\n[keys]\ncache_s = 1";
    let mut first = node(&postgres, settings, None);
    let mut second = node(&postgres, settings, None);

    // One more than the quota is one too many, whichever node is asked.
    let limited = first.create_key(&["--requests-per-day", "20"]);
    let day = || std::time::UNIX_EPOCH.elapsed().unwrap().as_secs() / 86_400;
    let today = day();
    let count = |node: &Scene| {
        let statuses = (0..15).map(|_| node.say_with(&limited, NOTE).status);
        statuses.filter(|status| *status == 200).count()
    };
    let all = thread::scope(|scope| {
        let one = scope.spawn(|| count(&first));
        count(&second) + one.join().unwrap()
    });
    // At midnight a new quota begins.
    assert!(all == 20 || day() != today, "{all} of 20 were let through");

    // Tokens that one node has seen are used up on the other: 21 a reply.
    let limited = first.create_key(&["--tokens-per-month", "40"]);
    for _ in 0..2 {
        assert_eq!(first.say_with(&limited, NOTE).status, 200);
    }
    let begun = Instant::now();
    let refused = loop {
        let reply = second.say_with(&limited, NOTE);
        if reply.status != 200 {
            break reply;
        }
        assert!(begun.elapsed() < PATIENCE, "the other node knows nothing of it");
    };
    assert_eq!((refused.status, refused.error_code().as_str()), (429, "quota_exceeded"));

    // A key that is revoked by one node is refused by the other.
    let revoked = first.create_key(&[]);
    assert_eq!(second.say_with(&revoked, NOTE).status, 200);
    let id = revoked.split('_').nth(1).unwrap();
    assert!(first.command(&["keys", "revoke", id]).status.success());
    let begun = Instant::now();
    while second.say_with(&revoked, NOTE).status != 401 {
        assert!(begun.elapsed() < PATIENCE, "the other node goes on taking it");
    }

    let key = first.create_key(&[]);
    let addresses = [first.address().to_owned(), second.address().to_owned()];
    let port = |at: usize| addresses[at].rsplit(':').next().unwrap().to_owned();
    let nginx = Nginx::start([&addresses[0], &addresses[1]]);

    // Killed under load: at most what was in flight fails.
    let failed = under_load(&nginx, &key, |done| {
        wait_for(done, 20);
        first.signal("KILL");
        first.wait_for_end();
        wait_for(done, 30);
    });
    assert!(failed.len() <= CLIENTS, "{failed:?}");
    first = node(&postgres, settings, Some(&port(0)));

    // Restarted one after the other: nothing fails.
    let failed = under_load(&nginx, &key, |done| {
        wait_until_asked(&first);
        first.signal("TERM");
        assert!(first.wait_for_end().success());
        first = node(&postgres, settings, Some(&port(0)));
        wait_until_asked(&first);
        wait_for(done, 10);
        second.signal("TERM");
        assert!(second.wait_for_end().success());
        second = node(&postgres, settings, Some(&port(1)));
        wait_until_asked(&second);
        wait_for(done, 10);
    });
    assert_eq!(failed, Vec::<String>::new());
}

#[test]
fn while_the_store_is_away_requests_are_refused_or_let_through_as_set() {
    let mut postgres = Postgres::start();
    let refusing = node(&postgres, "[keys]\ncache_s = 0", None);
    let allowing = node(&postgres, "[keys]\ncache_s = 0\n[store]\non_failure = \"allow\"", None);
    let key = refusing.create_key(&["--requests-per-minute", "1000"]);
    let other = refusing.create_key(&[]);
    for node in [&refusing, &allowing] {
        assert_eq!(node.say_with(&key, NOTE).status, 200);
    }
    postgres.stop();
    let reply = refusing.say_with(&key, NOTE);
    assert_eq!((reply.status, reply.error_code().as_str()), (503, "not_ready"));
    assert!(reply.header("retry-after").is_some());
    assert_eq!(refusing.get("/readyz", &[]).status, 503);
    assert_eq!(refusing.say(NOTE).status, 200, "keys of the settings need no store");
    assert_eq!(allowing.say_with(&key, NOTE).status, 200, "it has seen this key");
    assert_eq!(allowing.say_with(&other, NOTE).status, 503, "and not this one");
    assert_eq!(allowing.get("/readyz", &[]).status, 200);
    let metrics = refusing.get("/metrics", &[]).body;
    assert!(!metrics.contains("deid_store_faults_total 0"), "{metrics}");
    postgres.start_again();
    refusing.wait_until("/readyz", 200);
    assert_eq!(refusing.say_with(&key, NOTE).status, 200);
}
