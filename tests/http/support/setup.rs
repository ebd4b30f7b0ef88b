//! What a test sets before the gateway starts.

use std::{path::Path, process::Command};

use super::{
    KEY_HASH, Scene, gateway_command, in_folder, model_folder, run_or_end, standin::StandIn,
};

/// Something that is done in the gateway's folder before it starts.
type Preparation = Box<dyn FnOnce(&Path)>;

/// What a test sets before the gateway starts.
pub(crate) struct Setup {
    settings: String,
    with_model: bool,
    own_detectors: bool,
    env: Vec<(String, String)>,
    wait_until_ready: bool,
    prepare: Option<Preparation>,
    under: Vec<String>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            settings: String::new(),
            with_model: false,
            own_detectors: false,
            env: Vec::new(),
            wait_until_ready: true,
            prepare: None,
            under: Vec::new(),
        }
    }
}

impl Setup {
    /// With the model of the repository; without it the rules work alone, and faster.
    pub(crate) fn with_model(mut self) -> Self {
        self.with_model = true;
        self
    }

    /// Detectors beside the rules, none of them a model.
    pub(crate) fn without_ner(mut self, detectors: &str) -> Self {
        self.settings.push_str("[detectors]\nner = []\n");
        self.settings.push_str(detectors);
        self.own_detectors = true;
        self
    }

    /// Starts the gateway and gives what it says when it ends by itself, as it must.
    pub(crate) fn fails_to_start(self) -> String {
        let folder = tempfile::tempdir().unwrap();
        let settings = folder.path().join("settings.toml");
        std::fs::write(&settings, &self.settings).unwrap();
        let mut command = gateway_command(folder.path());
        let output = command.args(["serve", "--port", "0", "--settings"]).arg(&settings).output();
        let output = output.unwrap();
        assert!(!output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    /// Adds sections to the settings file.
    pub(crate) fn settings(mut self, toml: &str) -> Self {
        self.settings.push_str(toml);
        self.settings.push('\n');
        self
    }

    /// Sets an environment variable.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Does something in the gateway's folder before it starts.
    pub(crate) fn prepare(mut self, prepare: impl FnOnce(&Path) + 'static) -> Self {
        self.prepare = Some(Box::new(prepare));
        self
    }

    /// Runs the gateway under another program.
    pub(crate) fn under(mut self, program: &str, arguments: &[&str]) -> Self {
        self.under = [&[program], arguments].concat().into_iter().map(str::to_owned).collect();
        self
    }

    /// Does not wait for `/readyz`.
    pub(crate) fn not_waiting(mut self) -> Self {
        self.wait_until_ready = false;
        self
    }

    /// Starts the gateway against `standin`.
    pub(crate) fn start(self, standin: StandIn) -> Scene {
        self.start_or_end(standin).unwrap_or_else(|log| panic!("the gateway did not start: {log}"))
    }

    /// Starts the gateway against `standin`, or gives what it said when it ended before it listened.
    pub(crate) fn start_or_end(self, standin: StandIn) -> Result<Scene, String> {
        let folder = tempfile::tempdir().unwrap();
        let settings = folder.path().join("settings.toml");
        let detectors = if self.own_detectors {
            String::new()
        } else if !self.with_model {
            "[detectors]\nner = []\n".to_owned()
        } else if self.settings.contains("[[detectors.ner]]") {
            String::new()
        } else {
            format!("[[detectors.ner]]\nname = \"phi-ner\"\nmodel = {:?}\n", model_folder())
        };
        std::fs::write(&settings, format!("{}{detectors}", self.settings)).unwrap();

        if let Some(prepare) = self.prepare {
            prepare(folder.path());
        }
        let mut command = match self.under.split_first() {
            None => gateway_command(folder.path()),
            Some((program, arguments)) => {
                let mut command = in_folder(Command::new(program), folder.path());
                command.args(arguments).arg(env!("CARGO_BIN_EXE_deid-gateway"));
                command
            }
        };
        command
            .args(["serve", "--settings"])
            .arg(&settings)
            .env("DEID__SERVER__PORT", "0")
            .env("DEID__KEYS__STATIC", KEY_HASH)
            .env("DEID__UPSTREAM__BASE_URL", standin.base_url());
        for (name, value) in &self.env {
            command.env(name, value);
        }
        let (child, log, address) = run_or_end(&mut command)?;
        let scene = Scene { child, log, address, standin, env: self.env, folder };
        if self.wait_until_ready {
            scene.wait_until("/readyz", 200);
        }
        Ok(scene)
    }
}
