//! What happens when the audit log cannot be written: an unlogged disclosure is a breach.

use std::process::Command;

use crate::{
    audit::lines,
    support::{NOTE, Scene, Setup, standin::StandIn},
};

#[test]
fn an_audit_log_that_cannot_be_written_stops_the_service_and_nothing_is_sent_after() {
    for (on_failure, status) in [("refuse", 503), ("allow", 200)] {
        // Every write to this device fails as on a full disk.
        let settings = format!("[audit]\npath = \"full\"\non_failure = \"{on_failure}\"");
        let setup = Setup::default().settings(&settings).prepare(|folder| {
            std::os::unix::fs::symlink("/dev/full", folder.join("full")).unwrap();
        });
        let scene = setup.start(StandIn::echo());
        let first = scene.say(NOTE);
        assert_eq!(first.status, status);
        assert!(status == 200 || !first.body.contains("Doe"), "the reply is withheld");
        assert_eq!(scene.say(NOTE).status, status);
        assert_eq!(scene.get("/readyz", &[]).status, status);
        let expected = if status == 200 { 2 } else { 1 };
        assert_eq!(scene.standin.received().len(), expected);
        let metrics = scene.get("/metrics", &[]).body;
        let faults = metrics.lines().find(|line| line.starts_with("deid_audit_faults_total "));
        assert!(faults.is_some_and(|line| !line.ends_with(" 0")), "{metrics}");
    }
}

/// A gateway none of whose files may grow beyond `bytes`, until [`let_grow`].
fn on_a_small_disk(bytes: usize, on_failure: &str) -> Scene {
    // Without the trap the signal of a file that may not grow would end the process.
    let script = format!("trap '' XFSZ; exec prlimit --fsize={bytes}: \"$0\" \"$@\"");
    let setup = Setup::default().under("/bin/sh", &["-c", &script]);
    setup.settings(&format!("[audit]\non_failure = \"{on_failure}\"")).start(StandIn::echo())
}

fn let_grow(scene: &Scene) {
    let limit = ["--fsize=unlimited:", "--pid", &scene.pid().to_string()].map(str::to_owned);
    assert!(Command::new("prlimit").args(limit).status().unwrap().success());
}

#[test]
fn a_disk_that_fills_up_stops_the_service_and_room_lets_it_go_on_with_no_line_lost() {
    // Room for some hundred lines.
    let scene = on_a_small_disk(100_000, "refuse");
    let mut answered = 0;
    while scene.say(NOTE).status == 200 {
        answered += 1;
        assert!(answered < 1000, "the file never fills up");
    }
    assert!(answered > 50, "{answered}");
    assert_eq!(scene.get("/readyz", &[]).status, 503);
    let sent = scene.standin.count();
    assert_eq!(sent, answered + 1, "the one whose line did not fit was sent and withheld");
    let refused = scene.say(NOTE);
    assert_eq!((refused.status, refused.error_code().as_str()), (503, "not_ready"));
    assert_eq!(scene.standin.count(), sent, "nothing is sent that cannot be written down");
    scene.wait_for_log("cannot be written");

    // Until it is written, the log shows that something is missing.
    let verified = scene.command(&["audit", "verify"]);
    assert_eq!(verified.status.code(), Some(1));

    let_grow(&scene);
    scene.wait_until("/readyz", 200);
    assert_eq!(scene.say(NOTE).status, 200);
    // Every request that went upstream has its line, the withheld one too.
    assert_eq!(lines(&scene).len(), sent + 1);
    let verified = scene.command(&["audit", "verify"]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
}

#[test]
fn where_so_set_requests_go_on_and_their_lines_follow_when_there_is_room() {
    let scene = on_a_small_disk(50_000, "allow");
    let mut sent = 0;
    while !scene.log().contains("cannot be written") {
        assert_eq!(scene.say(NOTE).status, 200);
        sent += 1;
        assert!(sent < 1000, "the file never fills up");
    }
    for _ in 0..5 {
        assert_eq!(scene.say(NOTE).status, 200);
    }
    assert_eq!(scene.get("/readyz", &[]).status, 200);
    let_grow(&scene);
    assert_eq!(scene.say(NOTE).status, 200);
    assert_eq!(lines(&scene).len(), sent + 6);
    assert!(scene.command(&["audit", "verify"]).status.success());
}
