//! What stops the start, with one clear line, and how the service ends.

use std::{fs, process::Output};

use crate::{
    detection::copy_model,
    support::{NOTE, Setup, gateway_command, standin::StandIn},
};

/// Runs the program on a settings file to its end, which comes at the latest when it finds no model
/// in its folder.
fn run(command: &str, settings: &str) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("settings.toml");
    fs::write(&file, settings).unwrap();
    gateway_command(folder.path()).args([command, "--settings"]).arg(&file).output().unwrap()
}

fn refused(settings: &str) -> String {
    let output = run("serve", settings);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{settings} was taken: {text}");
    let lines: Vec<_> = text.lines().filter(|line| line.starts_with("deid-gateway: ")).collect();
    assert_eq!(lines.len(), 1, "{text}");
    lines[0].to_owned()
}

#[test]
fn settings_that_make_no_sense_stop_the_start_and_are_named() {
    for (settings, named) in [
        ("colour = 1", "colour"),
        ("[server]\nprot = 80", "prot"),
        ("[server]\nport = 99999", "port"),
        ("[server]\nhost = \"0.0.0.0\"\n[keys]\nrequired = false", "keys.required"),
        ("[server]\nhost = \"0.0.0.0\"", "server.allow_plain_http"),
        ("[server]\ntls = { cert = \"a\" }", "key"),
        ("[upstream]\nbase_url = \"api.openai.com\"", "upstream.base_url"),
        ("[upstream]\napi_key = \"\"", "upstream.api_key"),
        ("[upstream]\nread_timeout_s = 0", "upstream"),
        ("[keys]\nstatic = [\"secret\"]", "sha256:"),
        ("[store]\nurl = \"mysql://x\"", "store.url"),
        ("[store]\nurl = \"sqlite:///dev/null/x\"", "/dev/null/x"),
        ("[store]\non_failure = \"ignore\"", "store.on_failure"),
        ("[audit]\npath = \"/\"", "audit.path"),
        ("[keys]\ncache_s = 3600", "keys.cache_s"),
        ("[policy]\ndefault = \"mask\"", "policy.default"),
        ("[policy.labels]\nSHOE_SIZE = \"keep\"", "policy.labels"),
        ("[compact]\ntemperature = 3", "compact.temperature"),
        ("[detectors]\nqueue = 0", "detectors.queue"),
        ("[detectors]\nner = []\nrules = { enabled = false }", "detectors"),
        ("[[detectors.custom]]\nname = \"a\"\nlabel = \"MRN\"\npattern = '('", "a"),
        ("[[detectors.custom]]\nname = \"a\"\nlabel = \"MRN\"\npattern = '(a)\\1'", "a"),
        ("[[detectors.custom]]\nname = \"a\"\nlabel = \"MRN\"\npattern = 'x'\nscore = 7", "score"),
        ("[[detectors.ner]]\nname = \"a\"\nmodel = \"nowhere\"", "nowhere"),
        ("not toml", "settings"),
        ("[upstream]\nbase_url = \"https:// bad\"", "upstream.base_url"),
        ("[policy.labels]\nNAME = \"keep\"\nname = \"redact\"", "policy.labels"),
        ("[upstream]\napi_key = \"sk-hidden", "line 2"),
    ] {
        let line = refused(settings);
        assert!(line.contains(named), "{settings:?} gave {line:?}");
        assert!(!line.contains("sk-hidden"), "{line}");
    }
}

#[test]
fn a_broken_model_folder_stops_the_start_and_is_named() {
    type Breakage<'a> = &'a dyn Fn(&std::path::Path);
    let breakages: [(&str, Breakage<'_>); 6] = [
        ("config.json", &|f| fs::remove_file(f.join("config.json")).unwrap()),
        ("config.json", &|f| fs::write(f.join("config.json"), "{").unwrap()),
        ("model.safetensors", &|f| fs::remove_file(f.join("model.safetensors")).unwrap()),
        ("model.safetensors", &|f| {
            let bytes = fs::read(f.join("model.safetensors")).unwrap();
            fs::write(f.join("model.safetensors"), &bytes[..bytes.len() / 2]).unwrap();
        }),
        ("vocab.txt", &|f| fs::remove_file(f.join("vocab.txt")).unwrap()),
        ("SHOE_SIZE", &|f| {
            let config = fs::read_to_string(f.join("config.json")).unwrap();
            fs::write(f.join("config.json"), config.replace("-NAME", "-SHOE_SIZE")).unwrap();
        }),
    ];
    for (named, break_it) in breakages {
        let folder = tempfile::tempdir().unwrap();
        copy_model(folder.path());
        break_it(folder.path());
        let line =
            refused(&format!("[[detectors.ner]]\nname = \"m\"\nmodel = {:?}", folder.path()));
        assert!(line.contains(named), "{named}: {line}");
    }
}

#[test]
fn a_missing_settings_file_and_a_taken_port_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let output =
        gateway_command(folder.path()).args(["serve", "--settings", "absent.toml"]).output();
    assert!(String::from_utf8(output.unwrap().stderr).unwrap().contains("absent.toml"));

    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    fs::write(folder.path().join("settings.toml"), "[detectors]\nner = []").unwrap();
    let output =
        gateway_command(folder.path()).args(["serve", "--port", &port.to_string()]).output();
    let text = String::from_utf8(output.unwrap().stderr).unwrap();
    assert!(text.contains(&format!("cannot listen on 127.0.0.1:{port}")), "{text}");
}

#[test]
fn settings_are_printed_with_secrets_masked_and_the_environment_over_the_file() {
    let hash = "a".repeat(64);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("settings.toml");
    fs::write(
        &file,
        format!("[server]\nport = 81\n[upstream]\napi_key = \"sk-hidden\"\n[keys]\nstatic = [\"sha256:{hash}\"]\n[policy.labels]\nDATE = \"keep\"\n[[detectors.ner]]\nname = \"a\"\nmodel = \"m\""),
    )
    .unwrap();
    let output = gateway_command(std::path::Path::new("/"))
        .args(["settings", "--settings"])
        .arg(&file)
        .env("DEID__SERVER__PORT", "82")
        .env("DEID__POLICY__LABELS__DATE", "redact")
        .env("DEID__POLICY__ALLOW", "12345,b")
        .env("DEID__COMPACT__MODEL", "0123")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0));
    let printed: toml::Table = text.parse().unwrap();
    assert_eq!(printed["server"]["port"].as_integer(), Some(82));
    assert_eq!(printed["policy"]["labels"]["DATE"].as_str(), Some("redact"));
    assert_eq!(printed["policy"]["allow"][0].as_str(), Some("12345"));
    assert_eq!(printed["compact"]["model"].as_str(), Some("0123"));
    assert_eq!(printed["upstream"]["api_key"].as_str(), Some("***"));
    // Relative paths are relative to the file that they stand in.
    let model = printed["detectors"]["ner"][0]["model"].as_str().unwrap();
    assert_eq!(model, folder.path().join("m").to_str().unwrap());
    assert!(!text.contains("sk-hidden") && !text.contains(&hash), "{text}");
}

#[test]
fn wrong_usage_is_exit_status_2_and_help_is_0() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, status) in [
        (vec!["fly"], 2),
        (vec![], 2),
        (vec!["serve", "--port", "many"], 2),
        (vec!["--help"], 0),
        (vec!["serve", "--help"], 0),
        (vec!["--version"], 0),
    ] {
        let output = gateway_command(folder.path()).args(&arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(status), "{arguments:?}");
    }
}

#[test]
fn the_program_needs_no_library_path() {
    // `gateway_command` clears the environment, LD_LIBRARY_PATH with it.
    let folder = tempfile::tempdir().unwrap();
    assert!(gateway_command(folder.path()).arg("--version").output().unwrap().status.success());
}

#[test]
fn sigterm_lets_a_request_in_flight_finish() {
    let (started, wait) = std::sync::mpsc::channel();
    let (go, gate) = std::sync::mpsc::channel::<()>();
    let gate = std::sync::Mutex::new(gate);
    let standin = StandIn::new(move |request| {
        started.send(()).unwrap();
        let _ = gate.lock().unwrap().recv();
        crate::support::standin::Answer::content(&request.last_text())
    });
    let scene = Setup::default().start(standin);
    std::thread::scope(|scope| {
        let call = scope.spawn(|| scene.say(NOTE));
        wait.recv().unwrap();
        scene.signal("TERM");
        go.send(()).unwrap();
        assert_eq!(call.join().unwrap().status, 200);
    });
    let mut scene = scene;
    assert!(scene.wait_for_end().success());
}
