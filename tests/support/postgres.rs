//! A PostgreSQL server of a test's own: a fresh folder, a socket in it, no port, no password.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

const PATIENCE: Duration = Duration::from_secs(60);

/// The server, which ends with the test.
pub(crate) struct Postgres {
    folder: tempfile::TempDir,
    child: Child,
}

impl Postgres {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        if is_root() {
            // PostgreSQL does not run as root.
            let chown = Command::new("chown").arg("postgres:").arg(folder.path()).status();
            assert!(chown.unwrap().success(), "Debian's postgresql brings the user postgres");
        }
        let data = folder.path().join("data");
        let initdb = as_postgres("initdb")
            .args(["--auth=trust", "--username=gateway", "--encoding=UTF8", "--no-sync", "-D"])
            .arg(&data)
            .output()
            .unwrap();
        assert!(initdb.status.success(), "{}", String::from_utf8_lossy(&initdb.stderr));
        let child = server(folder.path());
        let own = Self { folder, child };
        own.wait();
        own
    }

    /// The address, for `store.url`.
    pub(crate) fn url(&self) -> String {
        format!("postgres://gateway@/postgres?host={}", self.folder.path().display())
    }

    /// Ends the server as a power cut would.
    pub(crate) fn stop(&mut self) {
        // Its own processes go when the first one does.
        let quit = Command::new("kill").args(["-QUIT", &self.child.id().to_string()]).status();
        assert!(quit.unwrap().success());
        self.child.wait().unwrap();
    }

    /// Starts it again on what it has kept.
    pub(crate) fn start_again(&mut self) {
        self.child = server(self.folder.path());
        self.wait();
    }

    fn wait(&self) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let ready = Command::new(program("pg_isready"))
                .arg("--quiet")
                .arg("--host")
                .arg(self.folder.path())
                .status();
            if ready.unwrap().success() {
                return;
            }
            assert!(Instant::now() < deadline, "PostgreSQL does not start");
            std::thread::yield_now();
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
    }
}

fn server(folder: &Path) -> Child {
    as_postgres("postgres")
        .arg("-D")
        .arg(folder.join("data"))
        .arg("-k")
        .arg(folder)
        .args(["-c", "listen_addresses=", "-c", "max_connections=50", "-c", "shared_buffers=8MB"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// A program of PostgreSQL's, as a user that it accepts; it ends with the test's thread.
fn as_postgres(name: &str) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "INT"]);
    if is_root() {
        command.args(["--reuid", "postgres", "--regid", "postgres", "--clear-groups"]);
    }
    command.arg("--").arg(program(name)).current_dir("/");
    command
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Debian keeps the server's programs out of the path.
fn program(name: &str) -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<_> =
        versions.map(|v| v.path().join("bin").join(name)).filter(|p| p.exists()).collect();
    found.sort();
    found.pop().unwrap_or_else(|| PathBuf::from(name))
}
