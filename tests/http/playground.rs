//! The playground, in a real browser.

use std::sync::{Mutex, mpsc};

use serde_json::{Value, json};

use crate::support::{
    KEY, NOTE, OPENAI_KEY, PHI, Scene, Setup,
    browser::Browser,
    standin::{Answer, Received, StandIn, spelled},
};

/// What a page shows of findings: their text and label.
const MARKS: &str = "[...document.querySelectorAll('#marked mark')].map(m => m.querySelector('bdi').textContent + '|' + m.querySelector('.tag').textContent)";

fn open(scene: &Scene, width: u32, height: u32, scheme: &str) -> Browser {
    let browser = Browser::open(width, height, scheme);
    browser.go(&scene.url("/"));
    browser.wait("document.getElementById('state').textContent === 'Ready'");
    browser
}

/// Puts a text in place as pasting does.
fn paste(browser: &Browser, text: &str) {
    let text = Value::String(text.to_owned());
    browser.run(&format!(
        "const box = document.querySelector('textarea'); box.value = {text}; box.dispatchEvent(new Event('input', {{bubbles: true}}))"
    ));
}

#[test]
fn what_is_typed_is_marked_and_nothing_is_sent() {
    let scene = Setup::default().with_model().start(StandIn::echo());
    let browser = open(&scene, 1280, 1500, "light");
    browser.type_into("textarea", "Patient John Doe, MRN: 44710093, called.");
    browser.wait(&format!("{MARKS}.length === 2"));
    assert_eq!(browser.run(&format!("return {MARKS}")), json!(["John Doe|NAME", "44710093|MRN"]));
    assert_eq!(browser.text("#summary"), "2 replaced: 1 NAME, 1 MRN");

    // The reason, by keyboard: the mark is a button.
    browser.run("document.querySelectorAll('#marked mark')[1].focus()");
    browser.type_into("#marked mark:nth-of-type(2)", "\u{e007}");
    let detail = browser.text("#detail");
    assert!(
        detail.contains("44710093 is labelled MRN") && detail.contains("medical record number"),
        "{detail}"
    );
    assert!(detail.contains("MRN:") && detail.contains("rules."), "{detail}");

    // The exact bytes and the mapping, by arrow keys.
    browser.type_into("#tab-marked", "\u{e014}");
    assert!(
        browser.text("#sent").contains("[NAME_1], MRN: [MRN_1], called."),
        "{}",
        browser.text("#sent")
    );
    browser.type_into("#tab-sent", "\u{e014}");
    let bytes = browser.run("return document.getElementById('bytes').textContent");
    assert_eq!(
        serde_json::from_str::<Value>(bytes.as_str().unwrap()).unwrap()["messages"][0]["content"],
        "Patient [NAME_1], MRN: [MRN_1], called."
    );
    browser.type_into("#tab-bytes", "\u{e014}");
    assert!(browser.text("#mapping").contains("[NAME_1] John Doe"), "{}", browser.text("#mapping"));
    assert_eq!(browser.complaints(), Vec::<String>::new());
    scene.nothing_sent();
}

#[test]
fn unicode_and_right_to_left_text_is_marked_where_it_stands() {
    let scene = Setup::default().start(StandIn::echo());
    let browser = open(&scene, 1280, 1500, "light");
    let text =
        "👩‍⚕️ e\u{301}te\u{301} 𝔘 — المريض: هاتف (617) 555-0142 שלום MRN: 44710093 <b>&amp;</b>";
    paste(&browser, text);
    browser.wait(&format!("{MARKS}.length === 2"));
    assert_eq!(
        browser.run(&format!("return {MARKS}")),
        json!(["(617) 555-0142|PHONE", "44710093|MRN"])
    );
    let shown = browser.run(
        "const copy = document.querySelector('#marked .text').cloneNode(true); for (const tag of copy.querySelectorAll('.tag')) tag.remove(); return copy.textContent",
    );
    assert_eq!(shown, text);
    paste(&browser, "المريض رقم MRN: 44710093");
    browser.wait("document.querySelector('#marked .text').textContent.startsWith('المريض')");
    let marks = browser.run(&format!("return {MARKS}"));
    assert!(marks.as_array().unwrap().contains(&json!("44710093|MRN")), "{marks}");
    let direction = "return getComputedStyle(document.querySelector('#marked .text')).direction";
    assert_eq!(browser.run(direction), "rtl");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn other_choices_show_what_they_would_uncover() {
    let scene = Setup::default().start(StandIn::echo());
    let browser = open(&scene, 1280, 1500, "light");
    paste(&browser, NOTE);
    browser.wait(&format!("{MARKS}.length > 5"));
    browser.run("const all = [...document.querySelectorAll('#labels label')]; const select = all.find(l => l.textContent.startsWith('MRN')).querySelector('select'); select.value = 'keep'; select.dispatchEvent(new Event('change'))");
    browser.wait("document.querySelector('#marked mark.kept .tag')?.textContent === 'MRN'");
    assert!(browser.text("#difference").contains("1 text of"), "{}", browser.text("#difference"));
    browser.run("const t = document.getElementById('threshold'); t.value = '1'; t.dispatchEvent(new Event('input'))");
    browser.wait("document.querySelectorAll('#marked mark.uncovered').length > 3");
    browser.click("#reset");
    browser.wait(
        "document.querySelectorAll('#marked mark.uncovered, #marked mark.kept').length === 0",
    );
    browser.wait("document.getElementById('difference').hidden");
    scene.nothing_sent();
}

#[test]
fn a_lower_threshold_shows_what_the_model_is_less_sure_of() {
    let scene = Setup::default().with_model().start(StandIn::echo());
    let browser = open(&scene, 1280, 1500, "light");
    // Names that are words too, some of which the model is not sure of.
    paste(
        &browser,
        "MRN: 44710093. Went to Rose garden with Hope and Frost. seen by will at mercy this may. \
         Parkinson review next week, will and grace called.",
    );
    browser.wait(&format!("{MARKS}.length > 1"));
    let found = browser.run(&format!("return {MARKS}"));
    let slide = |to: &str| {
        browser.run(&format!("const t = document.getElementById('threshold'); t.value = '{to}'; t.dispatchEvent(new Event('input'))"));
    };
    slide("0.02");
    browser.wait("document.getElementById('difference').textContent.includes('more')");
    browser.wait(&format!("{MARKS}.length > {}", found.as_array().unwrap().len()));
    slide("0.99");
    browser.wait("document.querySelectorAll('#marked mark.uncovered').length > 0");
    browser.run("const all = [...document.querySelectorAll('#labels label')]; const select = all.find(l => l.textContent.startsWith('NAME')).querySelector('select'); select.value = 'surrogate'; select.dispatchEvent(new Event('change'))");
    browser.click("#reset");
    browser.wait("document.getElementById('difference').hidden");
    assert_eq!(browser.run(&format!("return {MARKS}")), found);
    assert_eq!(browser.text("#threshold-value"), "as in the settings");
    scene.nothing_sent();
}

#[test]
fn a_chat_streams_before_and_after_restoration() {
    let (go, wait) = mpsc::channel::<()>();
    let wait = Mutex::new(Some(wait));
    let scene = Setup::default().start(StandIn::new(move |request: &Received| {
        let events = spelled(&format!("Dear {}", request.last_text()));
        let wait = wait.lock().unwrap().take().unwrap();
        let mut sent = 0;
        let pieces = events.into_iter().map(move |event| {
            sent += 1;
            // The rest comes when the test has seen the beginning.
            if sent == 10 {
                wait.recv().unwrap();
            }
            event.into_bytes()
        });
        Answer::Stream(Box::new(pieces), true)
    }));
    let browser = open(&scene, 1280, 1500, "light");
    paste(&browser, NOTE);
    browser.type_into("#send-gateway-key", KEY);
    browser.type_into("#model-key", OPENAI_KEY);
    browser.click("#send");
    browser.wait("document.getElementById('after').textContent.startsWith('Dear')");
    assert!(browser.text("#send-state").contains("Waiting"), "{}", browser.text("#send-state"));
    go.send(()).unwrap();
    browser.wait("document.getElementById('send-state').textContent.startsWith('Complete')");
    let text =
        |id: &str| browser.run(&format!("return document.getElementById('{id}').textContent"));
    assert_eq!(text("after"), format!("Dear {NOTE}"));
    let before = text("before").as_str().unwrap().to_owned();
    assert!(before.contains("[NAME_1] (MRN: [MRN_1]"), "{before}");
    for value in PHI {
        assert!(!before.contains(value), "{value} in {before}");
    }
    // What was shown as the exact bytes is what the upstream got.
    let shown = browser.run("return document.getElementById('bytes').textContent");
    assert_eq!(shown.as_str().unwrap(), scene.sent_body());
    assert_eq!(browser.complaints(), Vec::<String>::new());
    let stored = browser.run("return [localStorage.length, sessionStorage.length, document.cookie, location.href.includes('Doe')]");
    assert_eq!(stored, json!([0, 0, "", false]));
}

#[test]
fn errors_are_said() {
    let scene = Setup::default().start(StandIn::new(|_| {
        let mut events = spelled("Hello");
        events.truncate(3);
        Answer::events(events)
    }));
    let browser = open(&scene, 1280, 1500, "light");
    browser.click("#send");
    browser
        .wait("document.getElementById('send-state').textContent.startsWith('There is nothing')");
    paste(&browser, "Hello");
    browser.click("#send");
    browser.wait("document.getElementById('send-state').textContent.includes('key')");
    browser.type_into("#send-gateway-key", KEY);
    browser.type_into("#model-key", OPENAI_KEY);
    browser.click("#send");
    browser.wait(
        "document.getElementById('send-state').textContent.startsWith('The reply broke off')",
    );
    assert!(browser.run("return document.getElementById('send').disabled") == json!(false));
}

#[test]
fn elsewhere_than_on_loopback_it_asks_for_a_key() {
    let scene = Setup::default()
        .settings("[server]\nhost = \"0.0.0.0\"\nallow_plain_http = true")
        .start(StandIn::echo());
    let browser = Browser::open(1280, 900, "light");
    let port = scene.address().rsplit_once(':').unwrap().1.to_owned();
    browser.go(&format!("http://127.0.0.1:{port}/"));
    browser.wait("!document.getElementById('key-box').hidden");
    browser.type_into("#gateway-key", "wrong");
    browser.click("#unlock");
    browser.wait("!document.getElementById('error').hidden");
    browser.run("document.getElementById('gateway-key').value = ''");
    browser.type_into("#gateway-key", &format!("{KEY}\u{e007}"));
    browser.wait("document.getElementById('state').textContent === 'Ready'");
    paste(&browser, NOTE);
    browser.wait(&format!("{MARKS}.length > 5"));
}

#[test]
fn a_proxy_or_another_name_is_not_this_machine() {
    let scene = Setup::default().start(StandIn::echo());
    let body = json!({"body": {"messages": [{"role": "user", "content": NOTE}]}}).to_string();
    let ask = |headers: &[(&str, &str)]| {
        scene.post("/playground/inspect", headers, body.as_bytes()).status
    };
    assert_eq!(ask(&[]), 200);
    for (name, value) in [
        ("x-forwarded-for", "10.0.0.7"),
        ("forwarded", "for=10.0.0.7"),
        ("host", "evil.example.org"),
        ("host", "127.0.0.1.example.org:80"),
    ] {
        assert_eq!(ask(&[(name, value)]), 401, "{name}: {value}");
        assert_eq!(ask(&[(name, value), ("x-compliantchatgpt-key", KEY)]), 200, "{name}: {value}");
    }
    // Sending needs the keys of any other chat, here too.
    let chat = json!({"messages": [{"role": "user", "content": "Hi"}], "stream": true}).to_string();
    let reply = scene.post("/playground/chat", &[("x-openai-key", OPENAI_KEY)], chat.as_bytes());
    assert_eq!((reply.status, reply.error_code().as_str()), (401, "missing_gateway_key"));
    scene.nothing_sent();
}

#[test]
fn wrong_inspections_are_refused_without_a_quote() {
    let scene = Setup::default().start(StandIn::echo());
    let hello = json!({"messages": [{"role": "user", "content": "Hi"}]});
    for body in [
        json!({"body": {"messages": "John Doe"}}),
        json!({"body": hello, "labels": {"John Doe": "keep"}}),
        json!({"body": hello, "labels": {"NAME": "John Doe"}}),
        json!({"body": hello, "thresholds": {"NAME": 2}}),
        json!({"body": hello, "John Doe": 1}),
        json!([]),
    ] {
        let reply = scene.post("/playground/inspect", &[], body.to_string().as_bytes());
        assert_eq!(reply.error_code(), "invalid_request", "{body}");
        assert!(!reply.body.contains("John"), "{}", reply.body);
    }
    scene.nothing_sent();
}

#[test]
fn an_inspection_goes_by_what_the_request_brings_along() {
    let scene = Setup::default().start(StandIn::echo());
    let deid = json!({"known": [{"text": "zorblax", "label": "NAME"}]});
    let body = json!({"body": {
        "messages": [{"role": "user", "content": "zorblax came"}], "stream": true, "deid": deid,
    }});
    let report = scene.post("/playground/inspect", &[], body.to_string().as_bytes()).json();
    let sent = r#"{"messages":[{"role":"user","content":"[NAME_1] came"}],"stream":true}"#;
    assert_eq!(report["sent"], sent);
    let found = &report["texts"][0]["entities"][0];
    assert!(found["reason"].as_str().unwrap().contains("deid.known"), "{found}");
    scene.nothing_sent();
}

#[test]
fn it_can_be_switched_off_and_keeps_to_itself() {
    let scene = Setup::default().start(StandIn::echo());
    let reply = scene.get("/", &[]);
    let policy = reply.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
    for page in ["/", "/playground/app.js", "/playground/style.css", "/playground/icon.svg"] {
        let body = scene.get(page, &[]).body.replace("http://www.w3.org/2000/svg", "");
        assert!(
            !body.contains("http:") && !body.contains("https:") && !body.contains("innerHTML"),
            "{page}"
        );
    }
    let scene = Setup::default().settings("[playground]\nenabled = false").start(StandIn::echo());
    for path in ["/", "/playground/app.js", "/playground/settings"] {
        assert_eq!(scene.get(path, &[]).status, 404, "{path}");
    }
}

#[test]
fn it_fits_a_phone_and_a_dark_room() {
    let scene = Setup::default().with_model().start(StandIn::echo());
    for (name, width, height, scheme) in [
        ("light", 1280, 1500, "light"),
        ("dark", 1280, 1500, "dark"),
        ("phone", 375, 812, "light"),
        ("phone-dark", 375, 812, "dark"),
    ] {
        let browser = open(&scene, width, height, scheme);
        browser.run("const s = document.getElementById('sample'); s.value = '0'; s.dispatchEvent(new Event('change'))");
        browser.wait(&format!("{MARKS}.length > 5"));
        browser.click("#marked mark");
        let wide = browser.run(
            "return document.documentElement.scrollWidth - document.documentElement.clientWidth",
        );
        assert_eq!(wide, 0, "{name}: the page scrolls sideways");
        // WCAG 2.2 AA: 4.5 to 1 for the text of marks and hints.
        let least = browser.run(CONTRAST);
        assert!(least.as_f64().unwrap() >= 4.5, "{name}: contrast {least}");
        let unnamed = browser.run("return [...document.querySelectorAll('input, select, textarea, button')].filter(e => !(e.labels?.length || e.ariaLabel || e.textContent.trim())).length");
        assert_eq!(unnamed, 0, "{name}: a control without a name");
        browser.picture(name);
    }
}

/// The least contrast between a text and the first opaque ground behind it.
const CONTRAST: &str = "
const part = v => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
const light = ([r, g, b]) => 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
const rgb = text => text.match(/[0-9.]+/g).map(Number);
let least = 21;
for (const node of document.querySelectorAll('h1, h2, h3, p, mark, .tag, td, th, label, button:not(:disabled), legend, #labels b, a:not(.skip)')) {
  if (!node.checkVisibility() || !node.textContent.trim()) continue;
  let ground = node;
  let back = rgb(getComputedStyle(ground).backgroundColor);
  while (back.length === 4 && back[3] === 0 && ground.parentElement) { ground = ground.parentElement; back = rgb(getComputedStyle(ground).backgroundColor); }
  const [a, b] = [light(rgb(getComputedStyle(node).color)), light(back)].sort((x, y) => y - x);
  least = Math.min(least, (a + 0.05) / (b + 0.05));
}
return least";
