//! The two reply forms, and what of the upstream's reply is kept.

use serde_json::{Value, json};

use crate::support::{
    NOTE, Setup,
    standin::{Answer, StandIn, completion},
};

#[test]
fn the_example_of_the_hosted_service() {
    let scene = Setup::default().with_model().start(StandIn::echo());
    let text = "Patient John Doe has complained about recurring headaches for the past two weeks. ";
    let reply = scene.compact(&json!({
        "model": "gpt-4o-2024-05-13",
        "messages": [
            {"role": "system", "content": "You are a helpful medical assistant."},
            {"role": "user", "content": text},
        ],
    }));
    assert_eq!(reply.status, 200);
    assert_eq!(reply.json(), json!({"content": text}));
    assert_eq!(reply.header("x-deid-entities"), Some("NAME=1"));
    assert_eq!(reply.header("x-deid-restored"), Some("given=1;restored=1;altered=0;unknown=0"));
    assert_eq!(
        scene.sent_text(1),
        "Patient [NAME_1] has complained about recurring headaches for the past two weeks. "
    );
}

#[test]
fn the_compact_form_fills_in_the_services_defaults() {
    let scene = Setup::default().start(StandIn::echo());
    let messages = json!([{"role": "user", "content": "hello"}]);
    assert_eq!(scene.compact(&json!({"messages": messages})).status, 200);
    let sent = scene.sent();
    assert_eq!(sent["model"], "gpt-3.5-turbo");
    assert_eq!(sent["temperature"], json!(0.7));
    assert_eq!(sent["n"], json!(1));
}

#[test]
fn the_defaults_are_settings() {
    let scene = Setup::default()
        .settings("[compact]\nmodel = \"local\"\ntemperature = 0.0\nn = 2")
        .start(StandIn::echo());
    scene.compact(&json!({"messages": [{"role": "user", "content": "hello"}], "n": 3}));
    let sent = scene.sent();
    assert_eq!((&sent["model"], &sent["n"]), (&json!("local"), &json!(3)));
    assert_eq!(sent["temperature"], json!(0.0));
}

#[test]
fn every_other_form_leaves_absent_fields_absent() {
    let scene = Setup::default().start(StandIn::echo());
    let body = json!({"messages": [{"role": "user", "content": "hello"}]});
    assert_eq!(scene.chat(&body).status, 200);
    assert_eq!(scene.sent(), body);
}

#[test]
fn the_whole_reply_comes_back_with_every_text_restored() {
    let standin = StandIn::new(|request| {
        let mut reply = completion(&[json!({
            "role": "assistant", "content": request.last_text(), "refusal": null,
            "annotations": [{"type": "url_citation", "url_citation": {"title": request.last_text()}}],
        })]);
        reply["x_new_field"] = json!({"deep": [request.last_text(), 1.50, null]});
        let headers = vec![
            ("openai-processing-ms", "12".to_owned()),
            ("x-request-id", "req_upstream".to_owned()),
            ("set-cookie", "a=b".to_owned()),
            ("x-ratelimit-limit-requests", "100".to_owned()),
        ];
        Answer::Http(200, headers, reply.to_string().into_bytes())
    });
    let scene = Setup::default().start(standin);
    let reply = scene.say(NOTE);
    let mut expected = completion(&[json!({
        "role": "assistant", "content": NOTE, "refusal": null,
        "annotations": [{"type": "url_citation", "url_citation": {"title": NOTE}}],
    })]);
    expected["x_new_field"] = json!({"deep": [NOTE, 1.50, null]});
    assert_eq!(reply.json(), expected);
    assert_eq!(reply.body, expected.to_string(), "order and numbers stay, to the byte");
    assert_eq!(reply.header("openai-processing-ms"), Some("12"));
    assert_eq!(reply.header("x-upstream-request-id"), Some("req_upstream"));
    assert_eq!(reply.header("x-ratelimit-limit-requests"), Some("100"));
    assert_eq!(reply.header("set-cookie"), None);
}

#[test]
fn several_choices_and_tool_calls_are_restored_also_in_the_compact_form() {
    let arguments = r#"{"patient": "[NAME_1]", "mrn": "[MRN_1]", "n": 1}"#;
    let messages = [
        json!({"role": "assistant", "content": "See [NAME_1].", "tool_calls": [
            {"id": "call_1", "type": "function", "function": {"name": "find", "arguments": arguments}},
        ]}),
        json!({"role": "assistant", "content": "Or [ name_1 ], not [NAME_9]."}),
    ];
    let standin = StandIn::new(move |_| Answer::json(200, &completion(&messages)));
    let scene = Setup::default().start(standin);
    let body = json!({"n": 2, "messages": [{"role": "user", "content": "Patient: John Doe, MRN: 44710093"}]});
    let reply = scene.compact(&body);
    let answer = reply.json();
    assert_eq!(answer["content"], "See John Doe.");
    assert_eq!(answer["choices"][1]["message"]["content"], "Or John Doe, not [NAME_9].");
    let call = &answer["choices"][0]["message"]["tool_calls"][0]["function"];
    assert_eq!(call["arguments"], r#"{"patient": "John Doe", "mrn": "44710093", "n": 1}"#);
    assert_eq!(reply.header("x-deid-restored"), Some("given=2;restored=3;altered=1;unknown=1"));
}

#[test]
fn quotes_and_line_breaks_in_a_name_leave_arguments_valid() {
    let arguments = r#"{"who":"[ID_1]"}"#;
    let message = json!({"role": "assistant", "content": null, "tool_calls": [
        {"id": "c", "type": "function", "function": {"name": "f", "arguments": arguments}},
    ]});
    let standin =
        StandIn::new(move |_| Answer::json(200, &completion(std::slice::from_ref(&message))));
    let scene = Setup::default().settings("[policy]\ndeny = ['A \"B\" \\C']").start(standin);
    let reply = scene.say(r#"ask A "B" \C about it"#);
    let answer = reply.json();
    let arguments =
        answer["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"].as_str();
    let parsed: Value = serde_json::from_str(arguments.unwrap()).unwrap();
    assert_eq!(parsed["who"], r#"A "B" \C"#);
}

#[test]
fn request_ids_are_kept_or_made() {
    let scene = Setup::default().start(StandIn::echo());
    let kept = scene.get("/healthz", &[("x-request-id", "visit-17.a:b_c")]);
    assert_eq!(kept.header("x-request-id"), Some("visit-17.a:b_c"));
    let made = scene.get("/healthz", &[]);
    let other = scene.get("/nowhere", &[("x-request-id", "John Doe was here")]);
    assert!(made.header("x-request-id").is_some_and(|id| id.starts_with("req_")));
    assert!(other.header("x-request-id").is_some_and(|id| id.starts_with("req_")));
    assert_ne!(made.header("x-request-id"), other.header("x-request-id"));
    // `printf %s visit-17.a:b_c | sha256sum`: an id of the caller's own may be anything.
    scene.wait_for_log("request_id=sha256:d9e154e714a9391b");
    let uuid = "6f1c2d3e-4a5b-4c6d-8e7f-001122334455";
    scene.get("/healthz", &[("x-request-id", uuid)]);
    scene.wait_for_log(&format!("request_id={uuid}"));
}
