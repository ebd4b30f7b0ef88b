//! Clients and stand-ins by others: Python and Node programs from `tests/clients`, in environments
//! that the project's own scripts install.

use std::{
    io::{BufRead, BufReader, Read},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What a client is written in.
#[derive(Clone, Copy)]
pub(crate) enum Client {
    Python,
    Node,
}

impl Client {
    /// The interpreter, installed where it is missing, and the folder of its scripts.
    pub(crate) fn program(self) -> (PathBuf, PathBuf) {
        let scripts = root().join("tests/clients");
        match self {
            Self::Python => {
                install("install-venv", "clients");
                (root().join(".tools/venv-clients/bin/python"), scripts)
            }
            Self::Node => {
                install("install-npm", "tests/clients/node");
                (root().join(".tools/venv-node/bin/node"), scripts.join("node"))
            }
        }
    }
}

fn install(script: &str, what: &str) {
    let status = Command::new(root().join("scripts").join(script)).arg(what).status().unwrap();
    assert!(status.success(), "scripts/{script} {what} failed");
}

/// Runs a script of `tests/clients` and gives what it printed.
pub(crate) fn run(
    client: Client,
    script: &str,
    arguments: &[&str],
    env: &[(&str, &str)],
) -> String {
    let (program, scripts) = client.program();
    let mut command = Command::new(program);
    command.arg(scripts.join(script)).args(arguments);
    // Proxies and keys of this machine are none of the tests' business.
    command.env_clear().envs(env.iter().copied()).stdin(Stdio::null());
    let output = command.output().unwrap();
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{script}: {}\n{out}\n{err}", output.status);
    out.into_owned()
}

/// A stand-in for OpenAI by others, which runs until the test ends.
pub(crate) struct Server {
    child: Child,
    pub(crate) url: String,
}

impl Server {
    /// Starts `command` and waits for the line that says where it listens, or gives what it said instead.
    fn start(mut command: Command, url: Option<String>, ready: &str) -> Result<Self, String> {
        command.env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (sender, lines) = mpsc::channel();
        let streams: [Box<dyn Read + Send>; 2] =
            [Box::new(child.stdout.take().unwrap()), Box::new(child.stderr.take().unwrap())];
        for stream in streams {
            let sender = sender.clone();
            // Reads to the end, so that the program never waits for its output to be taken.
            thread::spawn(move || {
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    let _ = sender.send(line);
                }
            });
        }
        drop(sender);
        let mut server = Self { child, url: String::new() };
        let mut seen = String::new();
        while let Ok(line) = lines.recv_timeout(Duration::from_secs(60)) {
            if line.contains(ready) {
                server.url =
                    url.unwrap_or_else(|| line.split_whitespace().last().unwrap().to_owned());
                return Ok(server);
            }
            seen.push_str(&line);
        }
        Err(seen)
    }

    /// PyPI's llmock, which says back what it was told, word by word.
    pub(crate) fn llmock() -> Self {
        let (python, _) = Client::Python.program();
        let mut said = String::new();
        for _ in 0..5 {
            // It takes no port of its own choice. This one was free a moment ago, and may be another test's by now.
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let mut command = Command::new(python.with_file_name("llmock"));
            command.args(["serve", "--response-style", "echo", "--port", &port.to_string()]);
            // "Startup complete" it says before it listens.
            match Self::start(command, Some(format!("http://127.0.0.1:{port}")), "running on") {
                Ok(server) => return server,
                Err(seen) => said = seen,
            }
        }
        panic!("the stand-in did not start: {said}");
    }

    /// npm's aimock with the fixtures of `aimock.mjs`, a character a chunk.
    pub(crate) fn aimock() -> Self {
        let (node, scripts) = Client::Node.program();
        let mut command = Command::new(node);
        command.arg(scripts.join("aimock.mjs"));
        Self::start(command, None, "listening on")
            .unwrap_or_else(|said| panic!("the stand-in did not start: {said}"))
    }

    /// What it says at `path` of its own interface.
    pub(crate) fn get(&self, path: &str) -> String {
        ureq::get(&format!("{}{path}", self.url)).call().unwrap().into_string().unwrap()
    }

    /// Tells it something at `path` of its own interface.
    pub(crate) fn tell(&self, path: &str, body: &serde_json::Value) {
        let request = ureq::post(&format!("{}{path}", self.url));
        request.set("content-type", "application/json").send_string(&body.to_string()).unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
