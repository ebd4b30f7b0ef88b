//! Keys that the store keeps, and their limits.

use std::time::{Duration, Instant};

use crate::support::{NOTE, Setup, standin::StandIn};

/// What `keys list` says of the key with this id, in columns.
fn listed(scene: &crate::support::Scene, id: &str) -> String {
    let output = scene.command(&["keys", "list"]);
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().find(|line| line.starts_with(id)).unwrap_or_default().to_owned()
}

#[test]
fn a_key_is_made_works_and_is_revoked_within_seconds() {
    let scene = Setup::default().start(StandIn::echo());
    let key = scene.create_key(&["--expires", "90d"]);
    let id = key.split('_').nth(1).unwrap();
    assert!(key.starts_with("dg_") && key.len() == 64, "{key}");
    assert_eq!(scene.say_with(&key, NOTE).status, 200);

    let line = listed(&scene, id);
    assert!(line.contains("Ward 3") && line.contains("active"), "{line}");
    let files = std::fs::read_dir(scene.folder().join("data")).unwrap().flatten();
    let secret = key.rsplit('_').next().unwrap();
    for file in files {
        let bytes = std::fs::read(file.path()).unwrap();
        let found = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
        assert!(!found, "the key itself is in {:?}", file.path());
    }

    assert!(scene.command(&["keys", "revoke", id]).status.success());
    let begun = Instant::now();
    while scene.say_with(&key, NOTE).status != 401 {
        assert!(begun.elapsed() < Duration::from_secs(60), "a revoked key goes on working");
        std::thread::yield_now();
    }
    assert!(listed(&scene, id).contains("revoked"));
    let refused = scene.command(&["keys", "revoke", "absent"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8(refused.stderr).unwrap().contains("absent"));
}

#[test]
fn the_list_tells_when_a_key_was_last_used() {
    let scene = Setup::default().start(StandIn::echo());
    let key = scene.create_key(&[]);
    let id = key.split('_').nth(1).unwrap();
    let never = listed(&scene, id);
    assert_eq!(scene.say_with(&key, NOTE).status, 200);
    let begun = Instant::now();
    while listed(&scene, id) == never {
        assert!(begun.elapsed() < Duration::from_secs(60), "never listed as used: {never}");
    }
}

#[test]
fn a_key_that_is_nearly_right_is_wrong() {
    let scene = Setup::default().start(StandIn::echo());
    let key = scene.create_key(&[]);
    let mut other = key.clone();
    let last = if other.pop() == Some('a') { 'b' } else { 'a' };
    other.push(last);
    for wrong in [other, key.to_uppercase(), key.replace("dg_", ""), format!("{key}a")] {
        let reply = scene.say_with(&wrong, NOTE);
        assert_eq!((reply.status, reply.error_code().as_str()), (401, "invalid_gateway_key"));
    }
    scene.nothing_sent();
    for options in [["--expires", "2001-01-01"], ["--requests-per-day", "0"]] {
        let output = scene.command(&[&["keys", "create", "--name", "x"], &options[..]].concat());
        assert_eq!(output.status.code(), Some(2), "{options:?}");
    }
}

#[test]
fn requests_per_minute_are_limited_and_the_headers_say_so() {
    let scene = Setup::default().start(StandIn::echo());
    let key = scene.create_key(&["--requests-per-minute", "3"]);
    let begun = Instant::now();
    for left in ["2", "1", "0"] {
        let reply = scene.say_with(&key, NOTE);
        assert_eq!(reply.status, 200);
        assert_eq!(reply.header("x-ratelimit-limit-requests"), Some("3"));
        assert_eq!(reply.header("x-ratelimit-remaining-requests"), Some(left));
    }
    let reply = scene.say_with(&key, NOTE);
    // On a machine that took a minute for this the next minute has begun.
    if begun.elapsed() < Duration::from_secs(59) {
        assert_eq!((reply.status, reply.error_code().as_str()), (429, "rate_limit_exceeded"));
        let wait: u64 = reply.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=60).contains(&wait), "{wait}");
        assert!(reply.header("x-ratelimit-reset-requests").unwrap().ends_with('s'));
        assert_eq!(reply.header("x-should-retry"), None);
        assert_eq!(scene.standin.received().len(), 3);
    }
}

#[test]
fn requests_per_day_are_a_quota() {
    let scene = Setup::default().start(StandIn::echo());
    let key = scene.create_key(&["--requests-per-day", "1"]);
    // At midnight a new day begins, once.
    let refused = (0..3).map(|_| scene.say_with(&key, NOTE)).find(|reply| reply.status == 429);
    let reply = refused.unwrap();
    assert_eq!(reply.error_code(), "quota_exceeded");
    assert_eq!(reply.header("x-should-retry"), Some("false"));
    assert_eq!(reply.header("x-ratelimit-remaining-requests"), Some("0"));
}
