//! What is scrubbed: every string of a request, wherever it stands.

use serde_json::{Value, json};

use crate::support::{
    NOTE, Setup,
    standin::{Answer, StandIn},
};

fn done() -> StandIn {
    StandIn::new(|_| Answer::content("done"))
}

#[test]
fn a_note_loses_its_phi_and_gets_it_back() {
    let scene = Setup::default().with_model().start(StandIn::echo());
    let reply = scene.say(NOTE);
    assert_eq!(reply.json()["choices"][0]["message"]["content"], NOTE);
    let sent = scene.sent_text(0);
    assert!(
        sent.contains("[MRN_1]") && sent.contains("[SSN_1]") && sent.contains("[EMAIL_1]"),
        "{sent}"
    );
    assert!(sent.ends_with("for recurring headaches."), "{sent}");
    let counts = reply.header("x-deid-entities").unwrap().to_owned();
    for count in ["MRN=1", "SSN=1", "EMAIL=1", "PHONE=1", "DATE=1"] {
        assert!(counts.split(';').any(|part| part == count), "{count} in {counts}");
    }
}

#[test]
fn every_role_and_every_part_is_scrubbed() {
    let scene = Setup::default().with_model().start(done());
    let roles = ["system", "developer", "user", "assistant", "tool", "function"];
    let mut messages: Vec<Value> = roles
        .iter()
        .map(|role| json!({"role": role, "content": NOTE, "tool_call_id": "call_1"}))
        .collect();
    messages.push(json!({"role": "user", "name": "John_Doe", "content": [
        {"type": "text", "text": NOTE}, {"type": "text", "text": "and"}, {"type": "text", "text": NOTE},
    ]}));
    messages.push(json!({"role": "assistant", "content": null, "refusal": NOTE, "tool_calls": [
        {"id": "call_1", "type": "function", "function": {"name": "find", "arguments":
            json!({"name": "John Doe", "mrn": 44710093, "note": NOTE, "list": ["536-22-8145"]}).to_string()}},
    ]}));
    let reply = scene.chat(&json!({"model": "gpt-4o", "messages": messages}));
    assert_eq!(reply.status, 200, "{}", reply.body);
    let sent = scene.sent();
    assert_eq!(sent["messages"][6]["content"][1], json!({"type": "text", "text": "and"}));
    assert_eq!(sent["messages"][4]["tool_call_id"], "call_1");
    let arguments = sent["messages"][7]["tool_calls"][0]["function"]["arguments"].as_str().unwrap();
    let arguments: Value = serde_json::from_str(arguments).unwrap();
    assert_eq!(arguments["name"], "[NAME_1]");
    assert_eq!(arguments["mrn"], "[MRN_1]");
}

#[test]
fn fields_that_nobody_knows_pass_scrubbed() {
    let scene = Setup::default().with_model().start(done());
    let body = json!({
        "model": "gpt-4o", "messages": [{"role": "user", "content": "hello", "aside": NOTE}],
        "user": "john.doe@example.org",
        "metadata": {"patient": "John Doe", "mrn": "44710093"},
        "stop": ["536-22-8145", "END"],
        "tools": [{"type": "function", "function": {"name": "find_patient", "description": NOTE,
            "parameters": {"type": "object", "properties": {"who": {"type": "string", "description": NOTE}}}}}],
        "x_ward": {"list": [{"deep": NOTE, "ssn": "536-22-8145", "flag": true, "beds": 12}]},
        "x_by_patient": {"Patient: John Doe": 1},
    });
    let reply = scene.chat(&body);
    assert_eq!(reply.status, 200, "{}", reply.body);
    let sent = scene.sent();
    assert_eq!(sent["model"], "gpt-4o");
    assert_eq!(sent["tools"][0]["function"]["name"], "find_patient");
    assert_eq!(sent["tools"][0]["function"]["parameters"]["type"], "object");
    assert_eq!(sent["x_ward"]["list"][0]["flag"], true);
    assert_eq!(sent["x_ward"]["list"][0]["beds"], 12);
    assert_eq!(sent["stop"][1], "END");
}

#[test]
fn one_person_has_one_placeholder_over_the_whole_conversation() {
    let scene = Setup::default().with_model().start(StandIn::echo());
    let turns = json!([
        {"role": "user", "content": "Patient: John Doe, MRN: 44710093"},
        {"role": "assistant", "content": "JOHN DOE has no record."},
        {"role": "user", "content": "Try again for john  doe, MRN: 44710093"},
    ]);
    let reply = scene.chat(&json!({"messages": turns}));
    assert_eq!(scene.sent_text(0), "Patient: [NAME_1], MRN: [MRN_1]");
    assert_eq!(scene.sent_text(1), "[NAME_1] has no record.");
    assert_eq!(scene.sent_text(2), "Try again for [NAME_1], MRN: [MRN_1]");
    let content = &reply.json()["choices"][0]["message"]["content"];
    assert_eq!(content, "Try again for John Doe, MRN: 44710093");
}

#[test]
fn placeholders_of_the_callers_own_are_left_alone() {
    let scene = Setup::default().start(StandIn::echo());
    let text = "[NAME_1] said that Patient: John Doe knows [NAME_3]";
    let reply = scene.say(text);
    assert_eq!(scene.sent_text(0), "[NAME_1] said that Patient: [NAME_2] knows [NAME_3]");
    assert_eq!(reply.json()["choices"][0]["message"]["content"], text);
    assert_eq!(reply.header("x-deid-restored"), Some("given=1;restored=1;altered=0;unknown=2"));
}

#[test]
fn the_policy_decides_by_label() {
    let scene = Setup::default()
        .settings("[policy]\nallow = [\"Doe Clinic\"]\ndeny = [\"Bluebird study\"]\n[policy.labels]\nSSN = \"redact\"\nIP = \"keep\"")
        .env("DEID__POLICY__LABELS__SSN", "placeholder")
        .start(StandIn::echo());
    scene.say("SSN 536-22-8145 from 10.1.2.3 in the bluebird study");
    assert_eq!(scene.sent_text(0), "SSN [SSN_1] from 10.1.2.3 in the [ID_1]");
}

#[test]
fn what_is_allowed_is_allowed_whoever_finds_it() {
    let scene = Setup::default()
        .with_model()
        .settings("[policy]\nallow = [\"Mrs. Rosalind Achterberg\"]")
        .start(StandIn::echo());
    scene.say("Ask Mrs. Rosalind Achterberg. SSN 536-22-8145");
    assert_eq!(scene.sent_text(0), "Ask Mrs. Rosalind Achterberg. SSN [SSN_1]");
}

#[test]
fn images_are_forwarded_where_the_policy_says_so() {
    let scene =
        Setup::default().settings("[policy]\nunscannable_content = \"forward\"").start(done());
    let image = json!({"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA", "detail": "low"}});
    let reply = scene.chat(&json!({"messages": [
        {"role": "user", "content": [{"type": "text", "text": "SSN 536-22-8145"}, image]},
    ]}));
    assert_eq!(reply.status, 200);
    assert_eq!(scene.sent()["messages"][0]["content"][1], image);
}

#[test]
fn a_custom_pattern_of_the_clinic_is_found() {
    let scene = Setup::default()
        .settings("[[detectors.custom]]\nname = \"clinic-mrn\"\nlabel = \"MRN\"\npattern = '\\bSMH-\\d{7}\\b'\nscore = 0.95")
        .start(StandIn::echo());
    scene.say("see SMH-0045512 today");
    assert_eq!(scene.sent_text(0), "see [MRN_1] today");
}
