//! TLS, reloading, draining.

use std::{fs, path::Path};

use serde_json::json;

use crate::support::{
    KEY, NOTE, OPENAI_KEY, Scene, Setup,
    standin::{Answer, StandIn},
};

/// Writes a certificate for 127.0.0.1 and its key, and gives the certificate.
fn certify(folder: &Path) -> rustls::pki_types::CertificateDer<'static> {
    let identity = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    fs::write(folder.join("key.pem"), identity.signing_key.serialize_pem()).unwrap();
    fs::write(folder.join("cert.pem"), identity.cert.pem()).unwrap();
    identity.cert.der().clone()
}

/// The status of `path` over TLS, if the gateway shows a certificate that `trusted` vouches for.
fn get_over_tls(
    address: &str,
    path: &str,
    trusted: &rustls::pki_types::CertificateDer<'static>,
) -> Option<u16> {
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    ask_over_tls(address, &request, trusted)?.split(' ').nth(1)?.parse().ok()
}

/// The reply to `request` over TLS, likewise.
fn ask_over_tls(
    address: &str,
    request: &str,
    trusted: &rustls::pki_types::CertificateDer<'static>,
) -> Option<String> {
    use std::io::{Read, Write};
    let mut roots = rustls::RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = rustls::pki_types::ServerName::try_from("127.0.0.1").unwrap();
    let connection = rustls::ClientConnection::new(config.into(), name).unwrap();
    let socket = std::net::TcpStream::connect(address).unwrap();
    let mut stream = rustls::StreamOwned::new(connection, socket);
    stream.write_all(request.as_bytes()).ok()?;
    let mut reply = Vec::new();
    // The end may come without a good-bye.
    let _ = stream.read_to_end(&mut reply);
    Some(String::from_utf8_lossy(&reply).into_owned())
}

#[test]
fn a_certificate_is_replaced_without_a_restart() {
    let kept = std::sync::Arc::new(std::sync::Mutex::new(None));
    let keep = std::sync::Arc::clone(&kept);
    let scene = Setup::default()
        .settings("[server]\ntls = { cert = \"cert.pem\", key = \"key.pem\" }")
        .prepare(move |folder| *keep.lock().unwrap() = Some(certify(folder)))
        .not_waiting()
        .start(StandIn::echo());
    let first = kept.lock().unwrap().clone().unwrap();
    assert_eq!(get_over_tls(scene.address(), "/healthz", &first), Some(200));
    let body =
        json!({"model": "gpt-4o", "messages": [{"role": "user", "content": "Mr. John Doe"}]});
    let body = body.to_string();
    let request = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer \
         {KEY}\r\nx-openai-key: {OPENAI_KEY}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let reply = ask_over_tls(scene.address(), &request, &first).unwrap();
    assert!(reply.starts_with("HTTP/1.1 200") && reply.contains("Mr. John Doe"), "{reply}");
    assert_eq!(scene.sent_text(0), "Mr. [NAME_1]");
    // Half a pair leaves the old one in force.
    let other = tempfile::tempdir().unwrap();
    let second = certify(other.path());
    let put = |name: &str| fs::copy(other.path().join(name), scene.folder().join(name)).unwrap();
    put("cert.pem");
    scene.wait_for_log("the old certificate stays in force");
    assert_eq!(get_over_tls(scene.address(), "/healthz", &first), Some(200));
    put("key.pem");
    scene.wait_for_log("the certificate was read again");
    assert_eq!(get_over_tls(scene.address(), "/healthz", &second), Some(200));
    assert_eq!(get_over_tls(scene.address(), "/healthz", &first), None);
}

#[test]
fn http2_over_tls_is_protected_like_http1() {
    let scene = Setup::default()
        .settings("[server]\ntls = { cert = \"cert.pem\", key = \"key.pem\" }")
        .prepare(|folder| drop(certify(folder)))
        .not_waiting()
        .start(StandIn::echo());
    let ask = |version: &str, path: &str, body: &str| {
        let bearer = format!("authorization: Bearer {KEY}");
        let upstream = format!("x-openai-key: {OPENAI_KEY}");
        let output = std::process::Command::new("curl")
            .args([version, "--silent", "--show-error", "--max-time", "60", "--cacert", "cert.pem"])
            .args(["-H", "content-type: application/json", "-H", &bearer, "-H", &upstream])
            .args(["--write-out", "\n%{http_version} %{http_code}", "--data-raw", body])
            .arg(format!("https://{}{path}", scene.address()))
            .current_dir(scene.folder())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let chat = json!({"model": "gpt-4o", "messages": [{"role": "user", "content": NOTE}]});
    for (version, number) in [("--http2", "2"), ("--http1.1", "1.1")] {
        let chat = ask(version, "/v1/chat/completions", &chat.to_string());
        assert!(chat.contains(NOTE) && chat.ends_with(&format!("\n{number} 200")), "{chat}");
        // Refused by its head: the client hears so, whatever it still sends.
        for body in ["{}", &"x".repeat(100_000)] {
            for _ in 0..4 {
                let other = ask(version, "/v1/files", body);
                assert!(other.ends_with(&format!("\n{number} 404")), "{other}");
            }
        }
        let broken = ask(version, "/v1/chat/completions", "{\"messages\": \"John Doe\"}");
        assert!(broken.ends_with(&format!("\n{number} 400")), "{broken}");
    }
    assert_eq!(scene.standin.count(), 2);
}

/// Replaces the settings file of a running gateway and has it read.
fn reload(scene: &Scene, change: impl Fn(String) -> String) {
    let file = scene.folder().join("settings.toml");
    fs::write(&file, change(fs::read_to_string(&file).unwrap())).unwrap();
    scene.signal("HUP");
}

#[test]
fn sighup_puts_new_settings_in_force_or_keeps_the_old_ones() {
    let scene = Setup::default().start(StandIn::echo());
    assert_eq!(scene.say("Seen at Harborview").header("x-deid-entities"), Some(""));
    reload(&scene, |old| format!("{old}\n[policy]\ndeny = [\"Harborview\"]\n"));
    scene.wait_for_log("the new settings are in force");
    assert_eq!(scene.say("Seen at Harborview").header("x-deid-entities"), Some("ID=1"));

    // Keys and detectors too.
    let own = "\n[[detectors.custom]]\nname = \"ward\"\nlabel = \"ID\"\npattern = 'W-\\d{3}'\nscore = 0.9\n";
    let free = format!("{own}[keys]\nrequired = false\n");
    let ask = || {
        let body =
            json!({"model": "gpt-4o", "messages": [{"role": "user", "content": "On W-123"}]});
        let headers = [("x-openai-key", OPENAI_KEY)];
        let reply = scene.post("/v1/chat/completions", &headers, body.to_string().as_bytes());
        (reply.status, reply.header("x-deid-entities").unwrap_or_default().to_owned())
    };
    assert_eq!(ask(), (401, String::new()));
    reload(&scene, |old| format!("{old}{free}"));
    let begun = std::time::Instant::now();
    while ask() != (200, "ID=1".to_owned()) {
        assert!(begun.elapsed().as_secs() < 60, "{}", scene.log());
    }
    reload(&scene, |old| old.replace(&free, ""));
    while ask().0 != 401 {
        assert!(begun.elapsed().as_secs() < 60, "{}", scene.log());
    }

    reload(&scene, |old| format!("{old}\n[colour]\n"));
    scene.wait_for_log("the old ones stay in force: settings: ");
    assert_eq!(scene.say("Seen at Harborview").header("x-deid-entities"), Some("ID=1"));
    let broken = "\n[[detectors.custom]]\nname = \"a\"\nlabel = \"MRN\"\npattern = '('\n";
    reload(&scene, |old| format!("{}{broken}", old.replace("[colour]\n", "")));
    scene.wait_for_log("the old ones stay in force: detectors: ");
    reload(&scene, |old| old.replace(broken, "\n[server]\nworkers = 3\n"));
    scene.wait_for_log("server.workers has changed");
    let metrics = scene.get("/metrics", &[]).body;
    assert!(metrics.contains("deid_reloads_total{result=\"refused\"} 2"), "{metrics}");
}

#[test]
fn sigterm_turns_readyz_red_while_requests_are_still_served() {
    let (started, wait) = std::sync::mpsc::channel();
    let (go, gate) = std::sync::mpsc::channel::<()>();
    let gate = std::sync::Mutex::new(gate);
    let standin = StandIn::new(move |request| {
        if request.last_text().contains("wait") {
            started.send(()).unwrap();
            let _ = gate.lock().unwrap().recv();
        }
        Answer::content(&request.last_text())
    });
    let scene = Setup::default().settings("[server]\ndrain_delay_s = 600").start(standin);
    std::thread::scope(|scope| {
        let call = scope.spawn(|| scene.say(&format!("wait. {NOTE}")));
        wait.recv().unwrap();
        scene.signal("TERM");
        scene.wait_until("/readyz", 503);
        // It serves while load balancers look away, and asks them to come by another connection.
        let reply = scene.say(NOTE);
        assert_eq!((reply.status, reply.header("connection")), (200, Some("close")));
        go.send(()).unwrap();
        assert_eq!(call.join().unwrap().status, 200);
    });
    assert_eq!(crate::audit::lines(&scene).len(), 2);
}
