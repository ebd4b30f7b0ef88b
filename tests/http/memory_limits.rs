//! The memory that the system gives is used up: while the model is loaded, while it searches, in the service.

use std::{thread, time::Instant};

use crate::{
    exhaustion::{attempt, chat, limit},
    support::{KEY, NOTE, Scene, Setup, standin::StandIn},
};

/// What the model alone finds.
const MET: &str = "We met Anneliese Okonkwo there.";

/// A line of `/proc/PID/status`, in bytes.
fn status(scene: &Scene, name: &str) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", scene.pid())).unwrap();
    let size = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    size.split_whitespace().next().unwrap().parse::<usize>().unwrap() * 1024
}

fn answers(scene: &mut Scene, text: &str) {
    let begun = Instant::now();
    while scene.is_running() && attempt(scene, KEY, &chat(text)) != Some(200) {
        assert!(begun.elapsed().as_secs() < 60, "a worker hangs: {}", scene.log());
    }
}

#[test]
fn a_model_without_the_memory_to_load_it_never_lets_anything_out() {
    let whole = Setup::default().with_model().start(StandIn::echo());
    let needed = status(&whole, "VmPeak:");
    drop(whole);
    let mut failed = 0;
    for percent in [5, 40, 60, 75, 85, 92, 96, 98] {
        let bytes = needed / 100 * percent;
        let setup = Setup::default().with_model().under("prlimit", &[&format!("--as={bytes}")]);
        // It ends and says why, or is ended; or it listens and is ready, or never.
        let Ok(mut scene) = setup.not_waiting().start_or_end(StandIn::echo()) else {
            failed += 1;
            continue;
        };
        let begun = Instant::now();
        while scene.is_running() {
            match scene.try_get("/readyz") {
                Some(200) => {
                    // There may be too little for a request.
                    let _ = attempt(&scene, KEY, &chat(MET));
                    break;
                }
                _ if scene.log().contains("warm-up failed") => {
                    assert_eq!(attempt(&scene, KEY, &chat(MET)), Some(503));
                    scene.nothing_sent();
                    failed += 1;
                    break;
                }
                _ => assert!(begun.elapsed().as_secs() < 60, "{percent} %: {}", scene.log()),
            }
        }
        // What went upstream, if anything did, is looked through when the scene ends.
    }
    assert!(failed > 2, "memory was not short: {failed}");
}

#[test]
fn without_memory_for_detection_it_refuses_or_dies_and_lets_nothing_out() {
    let mut refused = 0;
    for spare in [0, 1 << 20, 8 << 20, 32 << 20] {
        let mut scene = Setup::default()
            .with_model()
            .settings("[server]\nworkers = 2\n[detectors]\ncache = 0\ntimeout_s = 60")
            // What loading the model has left free would do for many requests.
            .env("MALLOC_ARENA_MAX", "1")
            .env("MALLOC_MMAP_THRESHOLD_", "65536")
            .env("MALLOC_TRIM_THRESHOLD_", "0")
            .start(StandIn::echo());
        assert_eq!(scene.say(MET).status, 200);
        limit(&scene, &format!("--data={}:", status(&scene, "VmData:") + spare));
        let long = chat(&format!("{MET} ").repeat(1500));
        let outcomes: Vec<_> = thread::scope(|scope| {
            let ask = || attempt(&scene, KEY, &long);
            let calls: Vec<_> = (0..4).map(|_| scope.spawn(ask)).collect();
            calls.into_iter().map(|call| call.join().unwrap()).collect()
        });
        refused += outcomes.iter().filter(|outcome| **outcome != Some(200)).count();
        // What lives on serves as before once there is memory again.
        if scene.is_running() {
            limit(&scene, "--data=unlimited:");
            answers(&mut scene, MET);
        }
        scene.restart();
        assert_eq!(scene.say(MET).status, 200);
        assert!(scene.command(&["audit", "verify"]).status.success());
    }
    assert!(refused > 0, "memory was not short");
}

#[test]
fn without_memory_it_refuses_or_dies_and_lets_nothing_out() {
    let mut scene = Setup::default().settings("[server]\nworkers = 2").start(StandIn::echo());
    assert_eq!(scene.say(NOTE).status, 200);
    let size = status(&scene, "VmSize:");
    limit(&scene, &format!("--as={0}:{0}", size + (24 << 20)));
    // Each needs several times its 8 MB.
    let large = chat(&format!("{NOTE} ").repeat(8_000_000 / NOTE.len()));
    let outcomes: Vec<_> = thread::scope(|scope| {
        let calls: Vec<_> = (0..6).map(|_| scope.spawn(|| attempt(&scene, KEY, &large))).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    assert!(
        outcomes.iter().any(|outcome| *outcome != Some(200)),
        "memory was not short: {outcomes:?}"
    );
    answers(&mut scene, NOTE);
    scene.restart();
    assert_eq!(scene.say(NOTE).status, 200);
    let verified = scene.command(&["audit", "verify"]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
    // What went upstream, if anything did, is looked through when the scene ends.
}
