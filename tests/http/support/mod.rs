//! The scene of a test: a gateway, a stand-in for OpenAI, and a client.

pub(crate) mod browser;
pub(crate) mod clients;
pub(crate) mod openai;
pub(crate) mod python;
mod reply;
mod setup;
pub(crate) mod standin;
pub(crate) mod streams;

use std::{
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, LazyLock, Mutex, mpsc},
    thread,
    time::{Duration, Instant},
};

use regex::Regex;
use serde_json::{Value, json};

use self::standin::StandIn;
pub(crate) use self::{reply::Reply, setup::Setup};

/// Who the tests' messages are about. None of it may leave the building or reach the log.
pub(crate) const PHI: [&str; 12] = [
    "John Doe",
    "Doe",
    "Anneliese Okonkwo",
    "Okonkwo",
    "536-22-8145",
    "(617) 555-0142",
    "555-0142",
    "john.doe@example.org",
    "44710093",
    "03/14/1962",
    "14 Larkspur Lane",
    "02139",
];

/// A message with all of [`PHI`] in it.
pub(crate) const NOTE: &str = "Patient John Doe (MRN: 44710093, SSN 536-22-8145), DOB 03/14/1962, \
    lives at 14 Larkspur Lane, Cambridge, MA 02139. Phone (617) 555-0142, \
    john.doe@example.org. Seen by Dr. Anneliese Okonkwo for recurring headaches.";

/// The gateway key of the tests.
pub(crate) const KEY: &str = "dg_test_key";
/// Its hash: `printf %s dg_test_key | sha256sum`
pub(crate) const KEY_HASH: &str =
    "sha256:5828847e8414a0ea0170d8b4ffa06840ed621bb67905e5c1dccf5901057ae0a0";
/// The upstream key of the tests.
pub(crate) const OPENAI_KEY: &str = "sk-test-upstream";

/// How long anything may take before a test gives up: generous, since machines are shared.
const PATIENCE: Duration = Duration::from_secs(60);

/// Starts the gateway: its process, its log, and the address that it listens on.
fn run(command: &mut Command) -> (Child, Arc<Mutex<String>>, String) {
    run_or_end(command).unwrap_or_else(|log| panic!("the gateway did not start: {log}"))
}

/// The same, or what it said when it ended before it listened.
fn run_or_end(command: &mut Command) -> Result<(Child, Arc<Mutex<String>>, String), String> {
    let mut child = command.spawn().unwrap();
    let (log, address) = follow(&mut child);
    match address.recv_timeout(PATIENCE) {
        Ok(address) => Ok((child, log, address)),
        Err(mpsc::RecvTimeoutError::Disconnected) => {
            assert!(!child.wait().unwrap().success(), "it ended well: {}", log.lock().unwrap());
            Err(log.lock().unwrap().clone())
        }
        Err(mpsc::RecvTimeoutError::Timeout) => {
            let _ = child.kill();
            panic!("it neither listens nor ends: {}", log.lock().unwrap())
        }
    }
}

/// The program, with nothing of this machine's environment that could change what it does.
pub(crate) fn gateway_command(folder: &Path) -> Command {
    in_folder(Command::new(env!("CARGO_BIN_EXE_deid-gateway")), folder)
}

fn in_folder(mut command: Command, folder: &Path) -> Command {
    command.current_dir(folder).env_clear().stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// The model that the repository ships.
pub(crate) fn model_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("models").join("phi-ner")
}

/// A running gateway, its stand-in, and its log.
pub(crate) struct Scene {
    child: Child,
    log: Arc<Mutex<String>>,
    address: String,
    pub(crate) standin: StandIn,
    env: Vec<(String, String)>,
    /// Settings, store and audit log; goes with the scene.
    folder: tempfile::TempDir,
}

impl Scene {
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Where settings, store and audit log are.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs another command of the program on the same settings.
    pub(crate) fn command(&self, arguments: &[&str]) -> std::process::Output {
        let mut command = gateway_command(self.folder());
        for (name, value) in &self.env {
            command.env(name, value);
        }
        command.arg("--settings").arg(self.folder().join("settings.toml"));
        command.args(arguments).output().unwrap()
    }

    /// Makes a key with these options.
    pub(crate) fn create_key(&self, options: &[&str]) -> String {
        let output = self.command(&[&["keys", "create", "--name", "Ward 3"], options].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().lines().last().unwrap().to_owned()
    }

    /// [`Scene::say`] with another key than the tests' own.
    pub(crate) fn say_with(&self, key: &str, content: &str) -> Reply {
        let body = json!({"model": "gpt-4o", "messages": [{"role": "user", "content": content}]});
        let headers = [("x-compliantchatgpt-key", key), ("x-openai-key", OPENAI_KEY)];
        self.post("/v1/chat/completions", &headers, body.to_string().as_bytes())
    }

    /// The address for a raw connection.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// What the gateway has logged so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// The hosted service's form: two key headers.
    pub(crate) fn compact(&self, body: &Value) -> Reply {
        let headers = [("x-compliantchatgpt-key", KEY), ("x-openai-key", OPENAI_KEY)];
        self.post("/v1/chat/completions", &headers, body.to_string().as_bytes())
    }

    /// An SDK's form: the gateway key as a bearer token, the upstream's in its own header.
    pub(crate) fn chat(&self, body: &Value) -> Reply {
        self.ask("/v1/chat/completions", body)
    }

    /// [`Scene::chat`] with one message of the user's.
    pub(crate) fn say(&self, content: &str) -> Reply {
        self.chat(&json!({"model": "gpt-4o", "messages": [{"role": "user", "content": content}]}))
    }

    pub(crate) fn post(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        self.call("POST", path, headers, Some(body))
    }

    pub(crate) fn get(&self, path: &str, headers: &[(&str, &str)]) -> Reply {
        self.call("GET", path, headers, None)
    }

    /// Sends an SDK's request and gives the reply as it comes.
    pub(crate) fn open(&self, path: &str, body: &Value) -> Box<dyn Read + Send + Sync> {
        let agent = ureq::AgentBuilder::new().timeout(PATIENCE).build();
        let request = agent.post(&self.url(path));
        let request = request.set("authorization", &format!("Bearer {KEY}"));
        let request = request.set("x-openai-key", OPENAI_KEY);
        let response =
            request.set("content-type", "application/json").send_string(&body.to_string());
        let response = response.unwrap();
        assert_eq!(response.content_type(), "text/event-stream");
        response.into_reader()
    }

    /// An SDK's request to `path`.
    pub(crate) fn ask(&self, path: &str, body: &Value) -> Reply {
        let bearer = format!("Bearer {KEY}");
        let headers = [("authorization", bearer.as_str()), ("x-openai-key", OPENAI_KEY)];
        self.post(path, &headers, body.to_string().as_bytes())
    }

    pub(crate) fn call(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Reply {
        let agent = ureq::AgentBuilder::new().timeout(PATIENCE).build();
        let mut request = agent.request(method, &self.url(path));
        for (name, value) in headers {
            request = request.set(name, value);
        }
        let result = match body {
            Some(body) => request.set("content-type", "application/json").send_bytes(body),
            None => request.call(),
        };
        match result {
            Ok(response) | Err(ureq::Error::Status(_, response)) => Reply::read(response),
            Err(error) => panic!("{method} {path}: {error}\n{}", self.log()),
        }
    }

    /// The status of a GET, or `None` where nobody answers.
    pub(crate) fn try_get(&self, path: &str) -> Option<u16> {
        let agent = ureq::AgentBuilder::new().timeout(PATIENCE).build();
        match agent.get(&self.url(path)).call() {
            Ok(reply) => Some(reply.status()),
            Err(ureq::Error::Status(status, _)) => Some(status),
            Err(ureq::Error::Transport(_)) => None,
        }
    }

    /// Asks until the answer is `status`.
    pub(crate) fn wait_until(&self, path: &str, status: u16) {
        let deadline = Instant::now() + PATIENCE;
        while self.get(path, &[]).status != status {
            assert!(Instant::now() < deadline, "{path} never answered {status}: {}", self.log());
            thread::yield_now();
        }
    }

    /// Waits for a line of the log.
    pub(crate) fn wait_for_log(&self, text: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !self.log().contains(text) {
            assert!(Instant::now() < deadline, "never logged {text:?}: {}", self.log());
            thread::yield_now();
        }
    }

    /// The gateway's process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends the gateway a signal.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &pid]).status().unwrap().success());
    }

    /// Waits for the gateway to end by itself.
    pub(crate) fn wait_for_end(&mut self) -> std::process::ExitStatus {
        self.child.wait().unwrap()
    }

    /// Whether the gateway has not ended.
    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Kills the gateway, if it still runs, and starts it again on what it has left behind.
    pub(crate) fn restart(&mut self) {
        let _ = self.child.kill();
        self.child.wait().unwrap();
        let mut command = gateway_command(self.folder());
        command
            .args(["serve", "--settings", "settings.toml"])
            .env("DEID__SERVER__PORT", "0")
            .env("DEID__KEYS__STATIC", KEY_HASH)
            .env("DEID__UPSTREAM__BASE_URL", self.standin.base_url());
        for (name, value) in &self.env {
            command.env(name, value);
        }
        let before = self.log();
        (self.child, self.log, self.address) = run(&mut command);
        self.log.lock().unwrap().insert_str(0, &before);
        self.wait_until("/readyz", 200);
    }

    /// The most memory that the gateway has held, in bytes.
    pub(crate) fn peak_memory_bytes(&self) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
    }

    /// The only body that the stand-in received.
    pub(crate) fn sent(&self) -> Value {
        serde_json::from_str(&self.sent_body()).unwrap()
    }

    /// The same, byte by byte.
    pub(crate) fn sent_body(&self) -> String {
        let received = self.standin.received();
        assert_eq!(received.len(), 1, "expected one call upstream");
        String::from_utf8(received[0].body.clone()).unwrap()
    }

    /// The text of the `at`th message that the stand-in received.
    pub(crate) fn sent_text(&self, at: usize) -> String {
        self.sent()["messages"][at]["content"].as_str().unwrap().to_owned()
    }

    /// Nothing went upstream.
    pub(crate) fn nothing_sent(&self) {
        assert!(self.standin.received().is_empty(), "something was sent");
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            return;
        }
        let log = without_chance(&self.log());
        for secret in PHI.iter().chain(&[KEY, OPENAI_KEY]) {
            assert!(!log.contains(secret), "{secret:?} is in the log:\n{log}");
        }
        for request in self.standin.received() {
            let bytes = [request.head.as_bytes(), &request.body].concat();
            let text = without_chance(&String::from_utf8_lossy(&bytes)).to_lowercase();
            for secret in PHI.iter().chain(&[KEY]) {
                assert!(
                    !text.contains(&secret.to_lowercase()),
                    "{secret:?} went upstream:\n{text}"
                );
            }
        }
    }
}

/// The text without request ids, hashes, decimals (durations) and names of temporary folders: among some thousand of
/// them one holds the five digits of a zip code, or the three letters of a name, by chance. No PHI of the tests has
/// such a form.
pub(crate) fn without_chance(text: &str) -> String {
    static CHANCE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"req_[0-9a-f]{32}|[0-9a-f]{32,}|\.tmp[A-Za-z0-9]{6}|[0-9]+\.[0-9]+").unwrap()
    });
    CHANCE.replace_all(text, "…").into_owned()
}

/// The data of a stream's events, `[DONE]` too.
pub(crate) fn data(stream: &str) -> Vec<String> {
    let events = stream.split("\n\n").filter(|event| !event.is_empty());
    let data = events.filter_map(|event| {
        let lines = event.lines().filter_map(|line| line.strip_prefix("data: "));
        let lines: Vec<_> = lines.collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    });
    data.collect()
}

/// Collects what the program prints, and finds the address that it listens on.
pub(crate) fn follow(child: &mut Child) -> (Arc<Mutex<String>>, mpsc::Receiver<String>) {
    let log = Arc::new(Mutex::new(String::new()));
    let (found, address) = mpsc::channel();
    let streams: [Box<dyn Read + Send>; 2] =
        [Box::new(child.stdout.take().unwrap()), Box::new(child.stderr.take().unwrap())];
    for stream in streams {
        let log = Arc::clone(&log);
        let found = found.clone();
        thread::spawn(move || {
            for line in BufReader::new(stream).lines() {
                let Ok(line) = line else { break };
                if let Some((_, address)) = line.split_once("listening on http") {
                    let address = address.trim_start_matches('s').trim_start_matches("://");
                    // In JSON more follows.
                    let address = address.split('"').next().unwrap_or_default();
                    let _ = found.send(address.to_owned());
                }
                let mut log = log.lock().unwrap();
                log.push_str(&line);
                log.push('\n');
            }
        });
    }
    (log, address)
}
