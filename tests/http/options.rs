//! The `deid` object of a request, linked names, the note, and the last look before sending.

use serde_json::json;

use crate::support::{
    Setup,
    standin::{Answer, StandIn, spelled},
};

#[test]
fn known_identifiers_are_replaced_in_every_variant_and_the_object_is_not_sent() {
    let scene = Setup::default().start(StandIn::echo());
    let text = "okonkwo, anneliese is here; A. Okonkwo; 14 Mar 1962; 4471 0093; harmless";
    let reply = scene.chat(&json!({
        "messages": [{"role": "user", "content": text}],
        "deid": {"session": "s-1", "known": [
            {"text": "Anneliese Okonkwo", "label": "NAME"},
            {"text": "03/14/1962", "label": "date"},
            {"text": "44710093", "label": "MRN"},
        ]},
    }));
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert!(scene.sent().get("deid").is_none());
    let sent = scene.sent_text(0);
    assert!(sent.ends_with("; [DATE_1]; [MRN_1]; harmless"), "{sent}");
    assert!(sent.starts_with("[NAME_1] is here; [NAME_1_"), "{sent}");
    assert_eq!(reply.json()["choices"][0]["message"]["content"], text);
}

#[test]
fn a_caller_may_be_stricter_and_not_looser() {
    let scene = Setup::default().start(StandIn::echo());
    let ask = |labels: serde_json::Value| {
        scene.chat(&json!({
            "messages": [{"role": "user", "content": "SSN 536-22-8145"}], "deid": {"labels": labels},
        }))
    };
    let reply = ask(json!({"SSN": "keep"}));
    assert_eq!((reply.status, reply.error_code().as_str()), (400, "invalid_request"));
    assert_eq!(reply.json()["error"]["param"], "deid.labels");
    scene.nothing_sent();
    assert_eq!(ask(json!({"SSN": "redact"})).status, 200);
    assert_eq!(scene.sent_text(0), "SSN [SSN]");
}

#[test]
fn wrong_deid_objects_are_refused_without_a_quote() {
    let scene = Setup::default().start(StandIn::echo());
    for (deid, param) in [
        (json!({"John Doe": 1}), "deid"),
        (json!([]), "deid"),
        (json!({"known": [{"text": "John Doe"}]}), "deid.known"),
        (json!({"known": [{"text": "--", "label": "NAME"}]}), "deid.known"),
        (json!({"labels": {"DOE": "redact"}}), "deid.labels"),
    ] {
        let reply = scene.chat(&json!({
            "messages": [{"role": "user", "content": "hello"}], "deid": deid,
        }));
        assert_eq!((reply.status, reply.error_code().as_str()), (400, "invalid_request"), "{deid}");
        assert_eq!(reply.json()["error"]["param"], param);
        assert!(!reply.body.contains("John") && !reply.body.contains("DOE"), "{}", reply.body);
    }
    scene.nothing_sent();
}

#[test]
fn the_names_of_one_person_are_linked_and_come_back_as_they_were() {
    let scene = Setup::default().start(StandIn::echo());
    let text = "Patient: John Doe. Mr. Doe slept well. Patient: Doe, John";
    let reply = scene.say(text);
    let sent = "Patient: [NAME_1]. Mr. [NAME_1_LAST] slept well. Patient: [NAME_1_FULL]";
    assert_eq!(scene.sent_text(0), sent);
    assert_eq!(reply.json()["choices"][0]["message"]["content"], text);
}

#[test]
fn a_note_explains_placeholders_where_there_are_some_and_it_is_asked_for() {
    let scene = Setup::default()
        .settings("[policy]\nexplain = true")
        .start(StandIn::new(|_| Answer::content("done")));
    scene.say("nothing to hide");
    scene.say("SSN 536-22-8145");
    let sent = scene.standin.received();
    let first: serde_json::Value = serde_json::from_slice(&sent[0].body).unwrap();
    assert_eq!(first["messages"].as_array().unwrap().len(), 1);
    let second: serde_json::Value = serde_json::from_slice(&sent[1].body).unwrap();
    assert_eq!(second["messages"][0]["role"], "system");
    assert!(!second["messages"][0]["content"].as_str().unwrap().contains("_1]"));
    assert_eq!(second["messages"][1]["content"], "SSN [SSN_1]");
}

#[test]
fn a_value_in_a_parameter_is_stopped_at_the_last_look() {
    let scene = Setup::default().start(StandIn::echo());
    let reply = scene.chat(&json!({
        "seed": 44710093, "messages": [{"role": "user", "content": "MRN: 44710093"}],
    }));
    assert_eq!((reply.status, reply.error_code().as_str()), (400, "invalid_request"));
    scene.nothing_sent();
    let reply = scene.chat(&json!({
        "reasoning_effort": "smh0045512", "messages": [{"role": "user", "content": "MRN: smh0045512"}],
    }));
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert_eq!(scene.sent()["reasoning_effort"], "[MRN_1]");
}

#[test]
fn dates_move_alike_in_all_requests_of_a_conversation_and_back_in_streams() {
    let scene = Setup::default()
        .settings("[policy.labels]\nDATE = \"date_shift\"\nNAME = \"surrogate\"")
        .start(StandIn::new(|request| {
            let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
            let text = body["messages"][0]["content"].as_str().unwrap();
            if body["stream"] == true {
                Answer::events(spelled(text))
            } else {
                Answer::content(text)
            }
        }));
    let ask = |session: &str, text: &str| {
        let body =
            json!({"messages": [{"role": "user", "content": text}], "deid": {"session": session}});
        let reply = scene.chat(&body);
        assert_eq!(reply.json()["choices"][0]["message"]["content"], text);
        let sent = scene.standin.received().pop().unwrap();
        let sent: serde_json::Value = serde_json::from_slice(&sent.body).unwrap();
        sent["messages"][0]["content"].as_str().unwrap().to_owned()
    };
    let first = ask("a", "Patient: John Doe, DOB 03/14/1962");
    assert!(
        first.starts_with("Patient: Alexis Aldwin, DOB ") && !first.contains("03/14/1962"),
        "{first}"
    );
    let again = ask("a", "Again: DOB 03/14/1962");
    assert_eq!(first.split("DOB ").nth(1), again.split("DOB ").nth(1));
    let reply = scene.chat(&json!({
        "messages": [{"role": "user", "content": "Patient: John Doe, DOB 03/14/1962"}], "stream": true,
    }));
    let text: String = crate::support::data(&reply.body)
        .iter()
        .filter_map(|data| serde_json::from_str::<serde_json::Value>(data).ok())
        .filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(text, "Patient: John Doe, DOB 03/14/1962");
}
