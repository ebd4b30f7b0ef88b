//! What docs/hipaa.md says of the eighteen identifiers is what the program does.

use std::path::Path;

use serde_json::json;

use crate::support::{KEY, Setup, standin::StandIn};

/// One of each, as it stands in notes: the row's letter, a text, and what of it must go.
const EXAMPLES: [(&str, &str, &str); 18] = [
    ("A", "Patient: Anneliese Okonkwo", "Anneliese Okonkwo"),
    ("B", "Lives at 14 Larkspur Lane, Cambridge, MA 02139.", "14 Larkspur Lane"),
    ("C", "Admitted on 03/14/2024.", "03/14/2024"),
    ("C", "She is 93 years old.", "93"),
    ("D", "Phone (617) 555-0142", "(617) 555-0142"),
    ("E", "Fax: (617) 555-0143", "(617) 555-0143"),
    ("F", "Write to a.okonkwo@example.org", "a.okonkwo@example.org"),
    ("G", "SSN 536-22-8145", "536-22-8145"),
    ("H", "MRN: 44710093", "44710093"),
    ("I", "Member ID: XQH882716450", "XQH882716450"),
    ("J", "Card 4111 1111 1111 1111", "4111 1111 1111 1111"),
    ("K", "NPI 1234567893", "1234567893"),
    ("L", "VIN 1HGCM82633A004352", "1HGCM82633A004352"),
    ("M", "Pacemaker serial number: PJN7712940", "PJN7712940"),
    ("N", "See https://portal.example.org/p/8812", "https://portal.example.org/p/8812"),
    ("O", "Logged in from 203.0.113.77", "203.0.113.77"),
    ("P", "Fingerprint ID: FP-99283-AX", "FP-99283-AX"),
    ("R", "Study ID: TRIAL-00921-K", "TRIAL-00921-K"),
];

/// The page's rows: letter, labels, names of rules.
fn rows() -> Vec<(String, Vec<String>, Vec<String>)> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/hipaa.md");
    let page = std::fs::read_to_string(page).unwrap();
    let quoted = regex::Regex::new("`([^`]+)`").unwrap();
    let names = |cell: &str| -> Vec<String> {
        quoted.captures_iter(cell).map(|found| found[1].to_owned()).collect()
    };
    let cells = page.lines().map(|line| line.split('|').map(str::trim).collect::<Vec<_>>());
    let of_letters = cells.filter(|cells| cells.len() == 8 && cells[1].len() == 1);
    of_letters.map(|cells| (cells[1].to_owned(), names(cells[3]), names(cells[4]))).collect()
}

#[test]
fn every_identifier_of_safe_harbor_is_found_as_what_the_page_says() {
    let rows = rows();
    let letters: String = rows.iter().map(|(letter, ..)| letter.as_str()).collect();
    assert_eq!(letters, "ABCDEFGHIJKLMNOPQR");
    for name in rows.iter().flat_map(|(.., rules)| rules) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/deidentify/rules");
        let exists = [format!("{name}.rs"), format!("{name}/mod.rs")];
        assert!(exists.iter().any(|file| folder.join(file).exists()), "{name} is no rule");
    }
    let scene = Setup::default().with_model().start(StandIn::echo());
    for (letter, text, secret) in EXAMPLES {
        let (_, labels, _) = rows.iter().find(|(own, ..)| own == letter).unwrap();
        let reply = scene.ask("/v1/deidentify", &json!({ "text": text }));
        let done = reply.json();
        let left = done["text"].as_str().unwrap();
        assert!(!left.contains(secret), "{letter}: {left}");
        let found = done["mapping"].as_object().unwrap();
        let (placeholder, _) = found
            .iter()
            .find(|(_, value)| value.as_str().unwrap().contains(secret))
            .unwrap_or_else(|| panic!("{letter}: {done}"));
        let is_of_the_row =
            labels.iter().any(|label| placeholder.starts_with(&format!("[{label}_")));
        assert!(is_of_the_row, "{letter}: {placeholder} is none of {labels:?}");
    }
    // Pictures are refused.
    let picture = json!({"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}});
    let reply = scene.chat(&json!({
        "model": "gpt-4o", "messages": [{"role": "user", "content": [picture]}],
    }));
    assert_eq!((reply.status, reply.error_code().as_str()), (400, "unsupported_content"));
    scene.nothing_sent();
}

#[test]
fn who_may_ask_is_authenticated_on_every_route_that_sees_text() {
    // 164.312(a)(1) and (d): no key, no answer.
    let scene = Setup::default().start(StandIn::echo());
    for path in [
        "/v1/chat/completions",
        "/v1/completions",
        "/v1/responses",
        "/v1/embeddings",
        "/v1/moderations",
        "/v1/deidentify",
        "/v1/reidentify",
        "/analyze",
        "/anonymize",
        "/playground/chat",
    ] {
        assert_eq!(scene.post(path, &[], b"{}").status, 401, "{path}");
        let wrong = format!("Bearer {KEY}x");
        assert_eq!(scene.post(path, &[("authorization", &wrong)], b"{}").status, 401, "{path}");
    }
    // 164.312(b): and each of these is written down.
    assert_eq!(crate::audit::lines(&scene).len(), 20);
    scene.nothing_sent();
}
