//! A real browser: Debian's Chromium, driven over WebDriver (W3C), which is JSON over HTTP.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(60);
/// The key of an element's id in WebDriver's answers.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Starts a driver; `None` where it ends before it listens.
fn driver() -> Option<(Child, u16)> {
    let mut driver = Command::new("chromedriver")
        .arg("--port=0")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| {
            panic!("chromedriver: {error}; scripts/install-system-packages --test")
        });
    let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines().map_while(Result::ok);
    let port = lines.find_map(|line| {
        let (_, port) = line.split_once("started successfully on port ")?;
        port.trim_end_matches('.').parse().ok()
    });
    let Some(port) = port else {
        let _ = driver.kill();
        let _ = driver.wait();
        return None;
    };
    // The driver must not block on a full pipe.
    thread::spawn(move || lines.for_each(drop));
    Some((driver, port))
}

/// One window of a browser of its own.
pub(crate) struct Browser {
    driver: Child,
    session: String,
    agent: ureq::Agent,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Opens a window of so many CSS pixels; `scheme` is `light` or `dark`.
    pub(crate) fn open(width: u32, height: u32, scheme: &str) -> Self {
        // A port that was free when the driver looked may be taken when it binds.
        let (driver, port) = (0..5).find_map(|_| driver()).unwrap();
        let profile = tempfile::tempdir().unwrap();
        let agent = ureq::AgentBuilder::new().timeout(PATIENCE).build();
        let mut browser = Self {
            driver,
            session: format!("http://127.0.0.1:{port}/session"),
            agent,
            _profile: profile,
        };
        let folder = browser._profile.path().display();
        let arguments = json!([
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
            "--disable-background-networking",
            "--no-first-run",
            format!("--user-data-dir={folder}"),
            format!("--window-size={width},{height}"),
        ]);
        let capabilities = json!({"capabilities": {"alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": {"args": arguments},
            "goog:loggingPrefs": {"browser": "ALL"},
        }}});
        let made = browser.send("POST", "", &capabilities);
        browser.session = format!("{}/{}", browser.session, made["sessionId"].as_str().unwrap());
        let media = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        browser.devtools("Emulation.setEmulatedMedia", json!({"features": media}));
        let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600});
        browser.devtools("Emulation.setDeviceMetricsOverride", metrics);
        browser
    }

    fn send(&self, method: &str, path: &str, body: &Value) -> Value {
        let request = self.agent.request(method, &format!("{}{path}", self.session));
        let result = if method == "POST" {
            request.set("content-type", "application/json").send_string(&body.to_string())
        } else {
            request.call()
        };
        let text = match result {
            Ok(response) => response.into_string().unwrap(),
            Err(ureq::Error::Status(status, response)) => {
                panic!("{method} {path}: {status} {}", response.into_string().unwrap())
            }
            Err(error) => panic!("{method} {path}: {error}"),
        };
        serde_json::from_str::<Value>(&text).unwrap()["value"].take()
    }

    fn devtools(&self, command: &str, parameters: Value) -> Value {
        self.send("POST", "/goog/cdp/execute", &json!({"cmd": command, "params": parameters}))
    }

    /// Goes to an address.
    pub(crate) fn go(&self, url: &str) {
        self.send("POST", "/url", &json!({ "url": url }));
    }

    fn find(&self, css: &str) -> String {
        let found = self.send("POST", "/element", &json!({"using": "css selector", "value": css}));
        found[ELEMENT].as_str().unwrap().to_owned()
    }

    /// Clicks as a person does: the element must be in sight and enabled.
    pub(crate) fn click(&self, css: &str) {
        self.send("POST", &format!("/element/{}/click", self.find(css)), &json!({}));
    }

    /// Types into an element, key by key.
    pub(crate) fn type_into(&self, css: &str, text: &str) {
        let path = format!("/element/{}/value", self.find(css));
        self.send("POST", &path, &json!({ "text": text }));
    }

    /// The text of an element as it is seen.
    pub(crate) fn text(&self, css: &str) -> String {
        let path = format!("/element/{}/text", self.find(css));
        self.send("GET", &path, &Value::Null).as_str().unwrap().to_owned()
    }

    /// Runs a script in the page; `return` gives the answer.
    pub(crate) fn run(&self, script: &str) -> Value {
        self.send("POST", "/execute/sync", &json!({"script": script, "args": []}))
    }

    /// Waits until a script gives true.
    pub(crate) fn wait(&self, script: &str) {
        let deadline = Instant::now() + PATIENCE;
        while self.run(&format!("return Boolean({script})")) != json!(true) {
            let page = self.run("return document.body.innerText");
            assert!(Instant::now() < deadline, "never: {script}\n{page}\n{:?}", self.complaints());
            thread::yield_now();
        }
    }

    /// What the page has complained of on the console: errors, refused resources, violated policy.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let log = self.send("POST", "/se/log", &json!({"type": "browser"}));
        let entries = log.as_array().cloned().unwrap_or_default();
        let bad = entries.iter().filter(|entry| entry["level"] == "SEVERE");
        bad.map(|entry| entry["message"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Saves a picture of the whole page into the folder that `DEID_SCREENSHOTS` names, if it does.
    pub(crate) fn picture(&self, name: &str) {
        let Some(folder) = std::env::var_os("DEID_SCREENSHOTS") else { return };
        let picture = self.devtools(
            "Page.captureScreenshot",
            json!({"captureBeyondViewport": true, "format": "png"}),
        );
        let file = std::path::Path::new(&folder).join(format!("{name}.b64"));
        std::fs::write(file, picture["data"].as_str().unwrap()).unwrap();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.agent.delete(&self.session).call();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
