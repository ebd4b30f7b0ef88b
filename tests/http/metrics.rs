//! What monitoring sees, and who may see it.

use std::{thread, time::Instant};

use serde_json::json;

use crate::support::{KEY, NOTE, PHI, Scene, Setup, standin::StandIn, without_chance};

/// The value of a metric, with its labels as they are printed.
fn value(scene: &Scene, metric: &str) -> f64 {
    let printed = scene.get("/metrics", &[]).body;
    let line = printed.lines().find_map(|line| line.strip_prefix(metric)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {metric} in\n{printed}")).parse().unwrap()
}

#[test]
fn metrics_count_and_hold_no_content() {
    let scene = Setup::default().start(StandIn::echo());
    assert_eq!(scene.say(NOTE).status, 200);
    assert_eq!(scene.say_with("wrong", NOTE).status, 401);
    // A request is over a moment after its caller has read the reply.
    let begun = Instant::now();
    while value(&scene, "deid_requests_in_flight") > 0.0 {
        assert!(begun.elapsed().as_secs() < 60, "it is never over");
    }
    let reply = scene.get("/metrics", &[]);
    assert_eq!(reply.status, 200);
    assert!(reply.header("content-type").is_some_and(|kind| kind.starts_with("text/plain")));
    for line in [
        "deid_requests_total{route=\"/v1/chat/completions\",status=\"200\"} 1",
        "deid_requests_total{route=\"/v1/chat/completions\",status=\"401\"} 1",
        "deid_stage_seconds_count{stage=\"detection\"} 1",
        "deid_stage_seconds_count{stage=\"upstream\"} 1",
        "deid_stage_seconds_count{stage=\"restoration\"} 1",
        "deid_entities_total{label=\"SSN\"} 1",
        "deid_tokens_total{kind=\"completion\"} 12",
        "deid_placeholders_total{outcome=\"unknown\"} 0",
        "deid_leak_check_hits_total 0",
        "deid_store_faults_total 0",
        "deid_requests_in_flight 0",
        "deid_ready 1",
    ] {
        assert!(reply.body.lines().any(|own| own == line), "no {line} in\n{}", reply.body);
    }
    let searched = without_chance(&reply.body);
    for secret in PHI {
        assert!(!searched.contains(secret), "{secret}");
    }
}

#[test]
fn metrics_are_for_this_machine_a_key_or_everybody_as_set() {
    let good = ("authorization", &*format!("Bearer {KEY}"));
    let proxied = ("x-forwarded-for", "192.0.2.7");
    for (access, without, behind_a_proxy) in
        [("local", 200, 401), ("key", 401, 401), ("open", 200, 200)]
    {
        let settings = format!("[metrics]\naccess = \"{access}\"");
        let scene = Setup::default().settings(&settings).start(StandIn::echo());
        assert_eq!(scene.get("/metrics", &[]).status, without, "{access}");
        assert_eq!(scene.get("/metrics", &[proxied]).status, behind_a_proxy, "{access}");
        assert_eq!(scene.get("/metrics", &[proxied, good]).status, 200, "{access}");
        assert_eq!(
            scene.get("/metrics", &[proxied, ("authorization", "Bearer no")]).status,
            behind_a_proxy
        );
    }
}

#[test]
fn every_line_of_the_log_is_json_with_the_requests_id_when_so_set() {
    let scene = Setup::default()
        .settings("[log]\nformat = \"json\"\nlevel = \"debug\"")
        .start(StandIn::echo());
    let id = "0b0e5a3c-8a5a-4c1e-9d3f-2f6f8a1b7c4d";
    let headers = [("x-request-id", id), ("authorization", &*format!("Bearer {KEY}"))];
    scene.post("/v1/chat/completions", &headers, b"{}");
    scene.wait_for_log(id);
    for line in scene.log().lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(line["time"].is_string() && line["level"].is_string(), "{line}");
        let asked = line["message"].as_str().unwrap().contains("route=/v1/chat/completions");
        assert!(!asked || line["request_id"] == id, "{line}");
    }
}

#[test]
fn requests_that_wait_for_a_model_are_its_queue() {
    const QUEUE: &str = "deid_queue_depth{model=\"phi-ner\"}";
    let scene =
        Setup::default().with_model().settings("[detectors]\nthreads = 1").start(StandIn::echo());
    assert_eq!(value(&scene, QUEUE), 0.0);
    // Long enough that the others wait for the first.
    let note = |number: usize| format!("Note {number}. {}", NOTE.repeat(200));
    thread::scope(|scope| {
        let scene = &scene;
        let calls: Vec<_> =
            (0..4).map(|number| scope.spawn(move || scene.say(&note(number)).status)).collect();
        let begun = Instant::now();
        while value(scene, QUEUE) < 1.0 {
            assert!(begun.elapsed().as_secs() < 60, "nothing ever waits");
        }
        for call in calls {
            assert_eq!(call.join().unwrap(), 200);
        }
    });
    assert_eq!(value(&scene, QUEUE), 0.0);
}

#[test]
fn what_comes_again_is_a_hit_and_placeholders_that_were_never_given_are_counted() {
    let scene = Setup::default().start(StandIn::echo());
    let (hits, misses) =
        ("deid_cache_lookups_total{result=\"hit\"}", "deid_cache_lookups_total{result=\"miss\"}");
    scene.say(NOTE);
    assert_eq!((value(&scene, hits), value(&scene, misses) >= 1.0), (0.0, true));
    let before = value(&scene, misses);
    scene.say(NOTE);
    assert_eq!((value(&scene, hits), value(&scene, misses)), (before, before));

    let unknown = "deid_placeholders_total{outcome=\"unknown\"}";
    assert_eq!(value(&scene, unknown), 0.0);
    let made_up =
        StandIn::new(|_| crate::support::standin::Answer::content("[NAME_7] and [SSN_9]"));
    let scene = Setup::default().start(made_up);
    assert!(scene.say(NOTE).body.contains("[NAME_7]"), "it is left alone");
    assert_eq!(value(&scene, unknown), 2.0);
    assert_eq!(value(&scene, "deid_placeholders_total{outcome=\"restored\"}"), 0.0);
}

#[test]
fn what_the_last_look_stops_is_counted() {
    const HITS: &str = "deid_leak_check_hits_total";
    let scene = Setup::default().start(StandIn::echo());
    assert_eq!(value(&scene, HITS), 0.0);
    // A number cannot become a placeholder, so the request is refused.
    let message = json!({"role": "user", "content": NOTE});
    let reply = scene.chat(&json!({"model": "gpt-4o", "seed": 44_710_093, "messages": [message]}));
    assert_eq!((reply.status, reply.error_code().as_str()), (400, "invalid_request"));
    assert_eq!(value(&scene, HITS), 1.0);
    scene.nothing_sent();
}

#[test]
fn times_of_streams_are_counted_when_they_are_over() {
    let scene = Setup::default().start(StandIn::new(|request| {
        crate::support::standin::Answer::events(crate::support::standin::spelled(
            &request.last_text(),
        ))
    }));
    let message = json!({"role": "user", "content": NOTE});
    let body = json!({"model": "gpt-4o", "stream": true, "messages": [message]});
    let mut text = String::new();
    let mut reply = scene.open("/v1/chat/completions", &body);
    std::io::Read::read_to_string(&mut reply, &mut text).unwrap();
    let begun = Instant::now();
    while value(&scene, "deid_requests_in_flight") > 0.0 {
        assert!(begun.elapsed().as_secs() < 60, "it is never over");
    }
    for stage in ["detection", "upstream", "restoration"] {
        assert_eq!(value(&scene, &format!("deid_stage_seconds_count{{stage=\"{stage}\"}}")), 1.0);
    }
    assert_eq!(value(&scene, "deid_request_seconds_count{route=\"/v1/chat/completions\"}"), 1.0);
    assert!(value(&scene, "deid_placeholders_total{outcome=\"restored\"}") >= 5.0);
}
