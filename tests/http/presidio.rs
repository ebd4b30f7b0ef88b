//! Presidio's REST API, asked as its clients do, and compared with Presidio itself.

use std::net::TcpListener;

use serde_json::{Value, json};

use crate::support::{
    KEY, NOTE, PHI, Scene, Setup,
    python::{Service, python},
    standin::{Answer, StandIn},
};

fn ask(scene: &Scene, path: &str, body: &Value) -> (u16, Value) {
    let bearer = format!("Bearer {KEY}");
    let reply = scene.post(path, &[("authorization", &bearer)], body.to_string().as_bytes());
    (reply.status, reply.json())
}

fn found(answer: &Value) -> Vec<(String, u64, u64)> {
    let results = answer.as_array().unwrap_or_else(|| panic!("{answer}"));
    let one = |result: &Value| {
        let number = |key: &str| result[key].as_u64().unwrap();
        (result["entity_type"].as_str().unwrap().to_owned(), number("start"), number("end"))
    };
    results.iter().map(one).collect()
}

/// The requests of Presidio's REST documentation.
#[test]
fn the_documented_requests_are_answered_in_presidios_shape() {
    let scene = Setup::default().with_model().start(StandIn::echo());
    let (status, answer) = ask(
        &scene,
        "/analyze",
        &json!({"text": "John Smith drivers license is AC432223", "language": "en"}),
    );
    assert_eq!(status, 200);
    let expected = [("PERSON".to_owned(), 0, 10), ("US_DRIVER_LICENSE".to_owned(), 30, 38)];
    assert_eq!(found(&answer), expected, "{answer}");
    for result in answer.as_array().unwrap() {
        let keys: Vec<&str> = result.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys, ["analysis_explanation", "end", "entity_type", "score", "start"]);
        assert_eq!(result["analysis_explanation"], Value::Null);
        assert!(result["score"].as_f64().is_some_and(|score| (0.0..=1.0).contains(&score)));
    }

    let enhanced = json!({
        "text": "John Smith drivers license is AC432223 and the zip code is 12345", "language": "en",
        "return_decision_process": false, "correlation_id": "123e4567-e89b-12d3-a456-426614174000",
        "score_threshold": 0.3, "entities": ["US_DRIVER_LICENSE", "ZIP"], "trace": false,
        "ad_hoc_recognizers": [{
            "name": "Zip code Recognizer", "supported_language": "en",
            "patterns": [{"name": "zip code (weak)", "regex": "(\\b\\d{5}(?:\\-\\d{4})?\\b)", "score": 0.01}],
            "context": ["zip", "code"], "supported_entity": "ZIP",
        }],
    });
    let (status, answer) = ask(&scene, "/analyze", &enhanced);
    assert_eq!(status, 200);
    let expected = [("US_DRIVER_LICENSE".to_owned(), 30, 38), ("ZIP".to_owned(), 59, 64)];
    assert_eq!(found(&answer), expected, "{answer}");

    let ward = json!({
        "text": "Moved to ward 7B today, 9C is closed", "language": "en", "entities": ["WARD"],
        "return_decision_process": true,
        "ad_hoc_recognizers": [{
            "name": "Wards", "supported_language": "en", "supported_entity": "WARD", "context": ["ward"],
            "patterns": [{"name": "ward", "regex": "\\b\\d[A-Z]\\b", "score": 0.01}],
        }],
    });
    let (_, answer) = ask(&scene, "/analyze", &ward);
    let expected = [("WARD".to_owned(), 14, 16), ("WARD".to_owned(), 24, 26)];
    assert_eq!(found(&answer), expected, "{answer}");
    assert_eq!(answer[0]["score"], 0.4, "a weak pattern beside its cue");
    let explanation = &answer[0]["analysis_explanation"];
    assert_eq!(explanation["recognizer"], "Wards");
    assert_eq!(explanation["pattern_name"], "ward");
    assert_eq!(explanation["original_score"], 0.01);
    assert!(!answer.to_string().contains("7B"), "no text in it: {answer}");
}

#[test]
fn offsets_are_code_points_and_texts_come_in_batches() {
    let scene = Setup::default().start(StandIn::echo());
    let texts = ["🙂é SSN 536-22-8145", "nothing here"];
    let (status, answer) = ask(&scene, "/analyze", &json!({"text": texts, "language": "en"}));
    assert_eq!(status, 200);
    assert_eq!(found(&answer[0]), [("US_SSN".to_owned(), 7, 18)]);
    assert_eq!(answer[1], json!([]));
    for (more, expected) in [
        (json!({"allow_list": ["536-22-8145"]}), 0),
        (json!({"allow_list": ["^536"], "allow_list_match": "regex"}), 0),
        (json!({"entities": ["PERSON"]}), 0),
        (json!({"entities": ["SSN"]}), 1),
        (json!({"score_threshold": 1.0}), 0),
        (json!({"ad_hoc_recognizers": [{"supported_entity": "FACE", "deny_list": ["é"]}]}), 2),
    ] {
        let mut body = json!({"text": texts[0], "language": "en"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let (status, answer) = ask(&scene, "/analyze", &body);
        assert_eq!(status, 200, "{answer}");
        assert_eq!(found(&answer).len(), expected, "{more}: {answer}");
    }
}

#[test]
fn errors_are_presidios_and_quote_nothing() {
    let scene = Setup::default().start(StandIn::echo());
    for (path, body, status, message) in [
        ("/analyze", json!({"language": "en"}), 500, "No text provided"),
        ("/analyze", json!({"text": "", "language": "en"}), 500, "No text provided"),
        ("/analyze", json!({"text": "John Doe"}), 500, "No language provided"),
        (
            "/analyze",
            json!({"text": "John Doe", "language": "xx"}),
            500,
            "No matching recognizers were found to serve the request.",
        ),
        (
            "/analyze",
            json!({"text": "John Doe", "language": "en", "entities": ["SHOE_SIZE"]}),
            500,
            "No matching recognizers were found to serve the request.",
        ),
        ("/anonymize", json!({}), 400, "Invalid request json"),
        (
            "/anonymize",
            json!({"text": "John Doe"}),
            422,
            "Invalid input, request must contain analyzer results",
        ),
    ] {
        let (found, answer) = ask(&scene, path, &body);
        assert_eq!((found, &answer), (status, &json!({"error": message})), "{body}");
    }
    let ad_hoc =
        |own: Value| json!({"text": "John Doe", "language": "en", "ad_hoc_recognizers": [own]});
    for wrong in [
        ad_hoc(json!({"supported_entity": 5, "deny_list": ["John"]})),
        ad_hoc(json!({"supported_entity": "A", "deny_list": ["John", 5]})),
        ad_hoc(json!({"supported_entity": "A", "deny_list": ["John"], "deny_list_score": 2})),
        ad_hoc(json!({"supported_entity": "A", "deny_list": ["John"], "context": "name"})),
        json!({"text": 5, "language": "en"}),
        json!({"text": "John Doe", "language": "en", "entities": "PERSON"}),
        json!({"text": "John Doe", "language": "en", "score_threshold": "high"}),
    ] {
        let (status, answer) = ask(&scene, "/analyze", &wrong);
        assert_eq!(status, 400, "{wrong}");
        assert!(!answer.to_string().contains("Doe"), "{answer}");
    }
    let patterns = |regex: &str| json!([{"supported_entity": "A", "patterns": [{"name": "a", "regex": regex, "score": 0.5}]}]);
    for regex in ["(?<=a)b", "(a", "(a)\\1"] {
        let body = json!({"text": "ab", "language": "en", "ad_hoc_recognizers": patterns(regex)});
        assert_eq!(ask(&scene, "/analyze", &body).0, 500, "{regex}");
    }
    // A pattern that backtracks for ever elsewhere.
    let body = json!({"text": "a".repeat(50_000), "language": "en", "ad_hoc_recognizers": patterns("(a+)+$b")});
    assert_eq!(ask(&scene, "/analyze", &body), (200, json!([])));
}

#[test]
fn a_key_is_needed_also_as_the_password_of_an_address() {
    let scene = Setup::default().start(StandIn::echo());
    let body = json!({"text": "x", "language": "en"}).to_string();
    // printf 'key:dg_test_key' | base64
    let basic = ("authorization", "Basic a2V5OmRnX3Rlc3Rfa2V5");
    let bearer = format!("Bearer {KEY}");
    for (headers, status) in [
        (vec![], 401),
        (vec![("authorization", "Basic a2V5Ondyb25n")], 401),
        (vec![basic], 200),
        (vec![("authorization", bearer.as_str())], 200),
        (vec![("x-compliantchatgpt-key", KEY)], 200),
    ] {
        let reply = scene.post("/analyze", &headers, body.as_bytes());
        assert_eq!(reply.status, status, "{headers:?}");
    }
    assert_eq!(scene.get("/supportedentities", &[]).status, 401);
    let health = scene.get("/health", &[]);
    assert_eq!((health.status, health.body.as_str()), (200, "Presidio Analyzer service is up"));
    let entities = scene.get("/supportedentities?language=en", &[basic]).json();
    for name in ["PERSON", "US_SSN", "DATE_TIME", "PHONE_NUMBER", "CREDIT_CARD", "LOCATION"] {
        assert!(entities.as_array().unwrap().contains(&json!(name)), "{name}");
    }
    assert_eq!(scene.get("/recognizers", &[basic]).json(), json!(["rules"]));
    assert_eq!(scene.get("/recognizers?language=xx", &[basic]).status, 500);
    let twice = scene.get("/recognizers?language=en&language=en", &[basic]);
    assert_eq!((twice.status, twice.header("content-type")), (422, Some("application/json")));

    let open = Setup::default().settings("[presidio]\nkey_required = false").start(StandIn::echo());
    assert_eq!(open.post("/analyze", &[], body.as_bytes()).status, 200);
    assert_eq!(open.post("/v1/deidentify", &[], body.as_bytes()).status, 401, "Presidio's alone");
}

/// The same requests to Presidio's own library and to us.
#[test]
fn the_anonymizer_answers_what_presidios_does() {
    let scene = Setup::default().start(StandIn::echo());
    let text = "é🙂 Jane  Doe of 12 Elm St, 555-0100";
    let one = |start: usize, end: usize, kind: &str, score: f64| json!({"start": start, "end": end, "entity_type": kind, "score": score});
    let salt = "0123456789abcdef";
    let mut cases = Vec::new();
    for operator in [
        json!({"type": "replace", "new_value": "🙂"}),
        json!({"type": "redact"}),
        json!({"type": "keep"}),
        json!({"type": "mask", "masking_char": "*", "chars_to_mask": 3, "from_end": true}),
        json!({"type": "mask", "masking_char": "é", "chars_to_mask": 30, "from_end": false}),
        json!({"type": "hash", "hash_type": "sha256", "salt": salt}),
        json!({"type": "hash", "hash_type": "sha512", "salt": salt}),
    ] {
        for results in [
            vec![],
            vec![one(3, 7, "PERSON", 0.9)],
            vec![
                one(3, 7, "PERSON", 0.9),
                one(9, 12, "PERSON", 0.4),
                one(27, 35, "PHONE_NUMBER", 0.8),
            ],
            vec![one(3, 12, "PERSON", 0.5), one(9, 18, "LOCATION", 0.9)],
            vec![one(3, 12, "PERSON", 0.5), one(3, 12, "ORG", 0.9), one(4, 6, "LOCATION", 1.0)],
            vec![one(9, 12, "PERSON", 0.5), one(3, 10, "PERSON", 0.9)],
            vec![one(16, 25, "LOCATION", 0.5), one(3, 7, "PERSON", 0.9)],
        ] {
            cases.push(json!({"text": text, "analyzer_results": results, "anonymizers": {"PERSON": operator}}));
        }
    }
    let theirs = python("presidio", "presidio_library.py", &json!(cases).to_string());
    let theirs: Vec<Value> = serde_json::from_str(&theirs).unwrap();
    assert_eq!(theirs.len(), cases.len());
    for (case, theirs) in cases.iter().zip(theirs) {
        let (status, ours) = ask(&scene, "/anonymize", case);
        assert_eq!(status, 200, "{ours}");
        assert_eq!(ours, theirs, "{case}");
    }

    // What we encrypt Presidio decrypts, and the other way.
    for key in ["k".repeat(16), "k".repeat(24), "k".repeat(32)] {
        let body = json!({"text": "Zoë Doe", "analyzer_results": [one(0, 7, "PERSON", 1.0)],
            "anonymizers": {"DEFAULT": {"type": "encrypt", "key": key}}});
        let (_, sealed) = ask(&scene, "/anonymize", &body);
        let both = json!({"decrypt": sealed["text"], "encrypt": "Zoë Doe", "key": key});
        let theirs = python("presidio", "presidio_library.py", &both.to_string());
        let theirs: Value = serde_json::from_str(&theirs).unwrap();
        assert_eq!(theirs["decrypted"], "Zoë Doe");
        let sealed = theirs["encrypted"].as_str().unwrap();
        let body = json!({"text": sealed, "deanonymizers": {"PERSON": {"type": "decrypt", "key": key}},
            "anonymizer_results": [{"start": 0, "end": sealed.chars().count(), "entity_type": "PERSON"}]});
        let (status, opened) = ask(&scene, "/deanonymize", &body);
        assert_eq!((status, &opened["text"]), (200, &json!("Zoë Doe")), "{opened}");
    }
}

/// LiteLLM starts with a key only that looks like one.
const MASTER_KEY: &str = "sk-Xr7mQ2vL9tB4wK8zN3pD6hF1";

/// LiteLLM's own proxy with us as its Presidio: what its upstream gets is clean.
#[test]
fn litellms_guardrail_works_against_it() {
    let gateway = Setup::default().with_model().start(StandIn::echo());
    // LiteLLM asks the upstream for other things too, without a body.
    let upstream = StandIn::new(|request| match request.body.is_empty() {
        true => Answer::json(404, &json!({})),
        false => Answer::content(&request.last_text()),
    });
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config.yaml");
    // aiohttp takes name and password from the address.
    let base = format!("http://key:{KEY}@{}", gateway.address());
    let text = format!(
        "model_list:\n  - model_name: gpt-4o\n    litellm_params:\n      model: openai/gpt-4o\n      \
         api_base: {}\n      api_key: sk-test\nguardrails:\n  - guardrail_name: presidio\n    \
         litellm_params:\n      guardrail: presidio\n      mode: pre_call\n      default_on: true\n      \
         presidio_analyzer_api_base: \"{base}\"\n      \
         presidio_anonymizer_api_base: \"{base}\"\n",
        upstream.base_url()
    );
    std::fs::write(&config, text).unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut proxy = Service::start(
        "litellm",
        &[
            "-m",
            "litellm.proxy.proxy_cli",
            "--config",
            config.to_str().unwrap(),
            "--host",
            "127.0.0.1",
            "--port",
            &port.to_string(),
        ],
        &[("LITELLM_MASTER_KEY", MASTER_KEY), ("LITELLM_LOCAL_MODEL_COST_MAP", "True")],
    );
    proxy.wait_for(&format!("http://127.0.0.1:{port}/health/liveliness"));
    let body = json!({"model": "gpt-4o", "messages": [{"role": "user", "content": NOTE}]});
    let reply = ureq::post(&format!("http://127.0.0.1:{port}/v1/chat/completions"))
        .set("authorization", &format!("Bearer {MASTER_KEY}"))
        .set("content-type", "application/json")
        .send_string(&body.to_string());
    let reply = match reply {
        Ok(reply) => reply.into_string().unwrap(),
        Err(error) => panic!("{error}: {}", proxy.log()),
    };
    let received = upstream.received();
    let bodies: Vec<_> = received.iter().filter(|request| !request.body.is_empty()).collect();
    assert_eq!(bodies.len(), 1, "{reply}");
    let sent = String::from_utf8_lossy(&bodies[0].body).into_owned();
    for secret in PHI {
        assert!(!sent.contains(secret), "{secret:?} went upstream: {sent}");
    }
    for name in ["PERSON", "US_SSN", "DATE_TIME", "LOCATION", "PHONE_NUMBER", "EMAIL_ADDRESS"] {
        assert!(sent.contains(name), "{name}: {sent}");
    }
    for route in ["/analyze", "/anonymize"] {
        assert!(gateway.log().contains(&format!("route={route} status=200")), "{}", gateway.log());
    }
}
