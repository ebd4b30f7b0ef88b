//! What monitoring sees, and who may see it.

use crate::support::{KEY, NOTE, PHI, Setup, standin::StandIn};

#[test]
fn metrics_count_and_hold_no_content() {
    let scene = Setup::default().start(StandIn::echo());
    assert_eq!(scene.say(NOTE).status, 200);
    assert_eq!(scene.say_with("wrong", NOTE).status, 401);
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
    for secret in PHI {
        assert!(!reply.body.contains(secret), "{secret}");
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
