//! A Presidio analyzer as a detector: a real one, and stand-ins that fail in every way.

use serde_json::{Value, json};

use crate::support::{
    Scene, Setup,
    python::Service,
    standin::{Answer, Received, StandIn},
};

/// A gateway that asks the analyzer at `url` alone, and the rules.
fn gateway(url: &str, more: &str) -> Scene {
    let settings = format!(
        "[[detectors.presidio]]\nname = \"presidio\"\nurl = \"{url}\"\ntimeout_s = 2\n{more}\n"
    );
    Setup::default().without_ner(&settings).start(StandIn::echo())
}

/// An analyzer that answers what it is told.
fn analyzer(answer: impl Fn(&Received) -> Answer + Send + Sync + 'static) -> StandIn {
    StandIn::new(answer)
}

fn url(standin: &StandIn) -> String {
    standin.base_url().trim_end_matches("/v1").to_owned()
}

fn results(results: &Value) -> Answer {
    Answer::json(200, results)
}

#[test]
fn what_it_finds_is_replaced_under_our_labels() {
    let presidio = analyzer(|request| {
        let text = request.json()["text"].as_str().unwrap().to_owned();
        let place = |word: &str, kind: &str, score: f64| {
            let at = text.split_once(word).map(|(before, _)| before.chars().count());
            at.map(|at| json!({"entity_type": kind, "start": at, "end": at + word.chars().count(), "score": score, "analysis_explanation": null}))
        };
        let found = [
            place("Quillon", "PERSON", 0.85),
            place("Vex", "ORGANISATION", 0.9),
            place("blue", "NRP", 0.9),
            place("maybe", "PERSON", 0.2),
            place("Zed", "SHOE_SIZE", 0.7),
        ];
        results(&found.into_iter().flatten().collect())
    });
    let scene = gateway(&url(&presidio), "labels = { ORGANISATION = \"ORGANIZATION\" }");
    let said = "🙂 quoth Quillon: vex Vex, blue and maybe Zed";
    let reply = scene.say(said);
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert_eq!(
        scene.sent_text(0),
        "🙂 quoth [NAME_1]: vex [ORGANIZATION_1], blue and maybe [ID_1]"
    );
    assert_eq!(reply.json()["choices"][0]["message"]["content"], said);
    let asked = presidio.received()[0].json();
    assert_eq!(asked["language"], "en");
    assert_eq!(asked["score_threshold"], 0.5);
}

#[test]
fn an_analyzer_that_fails_fails_the_request() {
    let one = |start: i64, end: i64, score: f64| json!([{"entity_type": "PERSON", "start": start, "end": end, "score": score}]);
    type Way = (&'static str, Box<dyn Fn(&Received) -> Answer + Send + Sync>);
    let answers: Vec<Way> = vec![
        ("silent", Box::new(|_| Answer::Silence)),
        ("refusing", Box::new(|_| Answer::json(500, &json!({"error": "no"})))),
        (
            "redirecting",
            Box::new(|_| Answer::Http(302, vec![("location", "/x".to_owned())], Vec::new())),
        ),
        (
            "no JSON",
            Box::new(|_| Answer::Raw(b"HTTP/1.1 200 X\r\ncontent-length: 2\r\n\r\nhi".to_vec())),
        ),
        ("no HTTP", Box::new(|_| Answer::Raw(b"hello".to_vec()))),
        (
            "broken off",
            Box::new(|_| Answer::Raw(b"HTTP/1.1 200 X\r\ncontent-length: 20\r\n\r\n[".to_vec())),
        ),
        ("an object", Box::new(|_| results(&json!({"error": "No text provided"})))),
        ("no place", Box::new(|_| results(&json!([{"entity_type": "PERSON", "score": 0.9}])))),
        ("beyond the text", Box::new(move |_| results(&one(0, 400, 0.9)))),
        ("before the text", Box::new(move |_| results(&one(-1, 4, 0.9)))),
        ("backwards", Box::new(move |_| results(&one(4, 1, 0.9)))),
        ("empty", Box::new(move |_| results(&one(4, 4, 0.9)))),
        ("no score", Box::new(move |_| results(&one(0, 4, 7.0)))),
    ];
    for (way, answer) in answers {
        let presidio = analyzer(answer);
        let scene = gateway(&url(&presidio), "");
        let reply = scene.say("hello there John Doe");
        assert_eq!((reply.status, reply.error_code().as_str()), (500, "detection_failed"), "{way}");
        scene.nothing_sent();
    }
    // Nobody listens there.
    let scene = gateway("http://127.0.0.1:9", "");
    assert_eq!(scene.say("hello there John Doe").status, 500);
    scene.nothing_sent();
}

#[test]
fn settings_that_make_no_sense_stop_the_start() {
    for (more, key) in [
        ("threshold = 1.5", "detectors.presidio.threshold"),
        ("timeout_s = 0", "detectors.presidio.timeout_s"),
        ("url = \"presidio:5002\"", "detectors.presidio.url"),
        ("labels = { PERSON = \"SHOE\" }", "unknown label"),
    ] {
        let mut settings = "[[detectors.presidio]]\nname = \"p\"\n".to_owned();
        if !more.starts_with("url") {
            settings.push_str("url = \"http://127.0.0.1:9\"\n");
        }
        settings.push_str(more);
        let log = Setup::default().without_ner(&settings).fails_to_start();
        assert!(log.contains(key), "{more}: {log}");
    }
}

/// Presidio's own analyzer with a small spaCy model.
#[test]
fn a_real_presidio_is_asked() {
    let mut presidio = Service::start("presidio", &["presidio_service.py"], &[]);
    let scene = gateway(&presidio.address(), "");
    let said = "🙂 It was Gerhard Schröder who told Angela Merkel in Hamburg.";
    let reply = scene.say(said);
    assert_eq!(reply.status, 200, "{}", reply.body);
    let sent = scene.sent_text(0);
    assert!(!sent.contains("Schröder") && !sent.contains("Merkel"), "{sent}");
    assert_eq!(reply.json()["choices"][0]["message"]["content"], said);
}
