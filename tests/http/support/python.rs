//! Python programs that a test runs, in environments of pinned packages.

use std::{
    io::{BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

/// Loading what these programs import takes long on a busy machine.
const PATIENCE: Duration = Duration::from_secs(180);

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The interpreter of the environment, which is made where it is missing.
fn interpreter(environment: &str) -> PathBuf {
    let made = Command::new(root().join("scripts/install-venv")).arg(environment).status();
    assert!(made.unwrap().success(), "scripts/install-venv {environment}");
    root().join(format!(".tools/venv-{environment}/bin/python"))
}

/// What `tests/http/SCRIPT` prints when it is given `input`.
pub(crate) fn python(environment: &str, script: &str, input: &str) -> String {
    let mut child = Command::new(interpreter(environment))
        .arg(root().join("tests/http").join(script))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{script} failed");
    String::from_utf8(output.stdout).unwrap()
}

/// A Python service, which ends with the test.
pub(crate) struct Service {
    child: Child,
    log: Arc<Mutex<String>>,
}

impl Service {
    pub(crate) fn start(environment: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut child = Command::new(interpreter(environment))
            .args(arguments)
            .envs(variables.iter().copied())
            .current_dir(root().join("tests/http"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let streams: [Box<dyn Read + Send>; 2] =
            [Box::new(child.stdout.take().unwrap()), Box::new(child.stderr.take().unwrap())];
        for stream in streams {
            let log = Arc::clone(&log);
            thread::spawn(move || {
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    let mut log = log.lock().unwrap();
                    log.push_str(&line);
                    log.push('\n');
                }
            });
        }
        Self { child, log }
    }

    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Waits until `url` answers 200.
    pub(crate) fn wait_for(&mut self, url: &str) {
        self.wait(|_| ureq::get(url).call().is_ok());
    }

    /// Waits for `listening on ADDRESS` and gives the address.
    pub(crate) fn address(&mut self) -> String {
        let find = |log: &str| {
            let line = log.lines().find_map(|line| line.strip_prefix("listening on "));
            line.map(str::to_owned)
        };
        self.wait(|log| find(log).is_some());
        find(&self.log()).unwrap()
    }

    fn wait(&mut self, is_there: impl Fn(&str) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !is_there(&self.log()) {
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none(), "it ended: {}", self.log());
            assert!(Instant::now() < deadline, "it never answered: {}", self.log());
            thread::yield_now();
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
