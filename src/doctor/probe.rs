//! Synthetic PHI in every field of every endpoint.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::{
    client::Caller,
    report::{Outcome, Report},
    standin::StandIn,
};
use crate::{
    deidentify::entity::Label,
    settings::{Settings, Strategy},
};

/// Every field that OpenAI publishes, and one that nobody knows.
const SHAPES: &str = include_str!("shapes.json");

/// Nobody's identifiers, one of each kind that a note has. The numbers are of the ranges that are
/// kept for fiction and documentation, where there are such.
pub(super) const NOTE: &str = "Patient: Marguerite Oyelaran (DOB: 03/14/1962, MRN: 44710093, SSN: \
    536-22-8145), 14 Larkspur Lane, Cambridge, MA 02139. Phone: (617) 555-0142, fax: (617) 555-0143, \
    marguerite.oyelaran@example.org, https://portal.example.org/oyelaran, IP address 192.0.2.44. \
    Member ID: XYK884213009. Account number: 009912345678. Driver's license: S12345678. \
    VIN: 1HGCM82633A004352. Device serial number: PM7741029. Seen by Dr. Anneliese Okonkwo.";

/// What of [`NOTE`] must not leave, and what it is.
const CANARIES: [(&str, Label); 18] = [
    ("marguerite oyelaran", Label::Name),
    ("okonkwo", Label::Name),
    ("03/14/1962", Label::Date),
    ("44710093", Label::Mrn),
    ("536-22-8145", Label::Ssn),
    ("larkspur", Label::Location),
    ("02139", Label::Location),
    ("555-0142", Label::Phone),
    ("555-0143", Label::Fax),
    ("marguerite.oyelaran@", Label::Email),
    ("portal.example.org", Label::Url),
    ("192.0.2.44", Label::Ip),
    ("xyk884213009", Label::HealthPlanId),
    ("009912345678", Label::Account),
    ("s12345678", Label::License),
    ("1hgcm82633a004352", Label::Vehicle),
    ("pm7741029", Label::Device),
    ("anneliese", Label::Name),
];

/// What came of the fields of one endpoint.
#[derive(Default)]
struct Tally {
    cleared: usize,
    refused: usize,
    /// Fields by what would leave in them.
    leaks: BTreeMap<Label, BTreeSet<String>>,
    broken: BTreeSet<String>,
}

pub(super) async fn every_field(
    caller: &Caller,
    standin: &StandIn,
    settings: &Settings,
    report: &mut Report,
    note: &dyn Fn(&str),
) {
    let kept: Vec<Label> = Label::ALL
        .iter()
        .copied()
        .filter(|label| settings.policy.strategy(*label) == Strategy::Keep)
        .collect();
    for label in &kept {
        let detail = "the policy keeps it, so it leaves as it is".to_owned();
        report.add("policy", &format!("{label} is replaced"), Outcome::Warning, detail);
    }
    let shapes: Map<String, Value> = serde_json::from_str(SHAPES).unwrap_or_default();
    if shapes.is_empty() {
        report.add("endpoint", "shapes", Outcome::Failed, "cannot be read".to_owned());
    }
    for (endpoint, body) in &shapes {
        note(endpoint);
        let mut tally = Tally::default();
        let mut places = Vec::new();
        positions(body, String::new(), &mut places);
        for place in &places {
            let mut changed = body.clone();
            if let Some(slot) = changed.pointer_mut(place) {
                *slot = Value::from(NOTE);
            }
            standin.take();
            let reply = caller.post(endpoint, &changed).await;
            tally.judge(place, reply, &standin.take().join("\n"), &kept);
        }
        tally.report(endpoint, places.len(), report);
    }
    restored(caller, report).await;
}

impl Tally {
    fn judge(&mut self, place: &str, reply: Option<(u16, String)>, sent: &str, kept: &[Label]) {
        let sent = sent.to_lowercase();
        let leaked: Vec<Label> = CANARIES
            .iter()
            .filter(|(text, label)| sent.contains(text) && !kept.contains(label))
            .map(|(_, label)| *label)
            .collect();
        for label in &leaked {
            self.leaks.entry(*label).or_default().insert(place.to_owned());
        }
        match reply {
            Some((200, _)) if leaked.is_empty() => self.cleared += 1,
            Some((200, _)) => {}
            Some((400, _)) => self.refused += 1,
            _ => {
                self.broken.insert(place.to_owned());
            }
        }
    }

    fn report(self, endpoint: &str, places: usize, report: &mut Report) {
        let name = format!("{endpoint}: nothing leaves from any of {places} fields");
        let mut faults: Vec<String> = self
            .leaks
            .iter()
            .map(|(label, places)| format!("{label} would leave from {}", listed(places)))
            .collect();
        if !self.broken.is_empty() {
            faults.push(format!("no answer to {}", listed(&self.broken)));
        }
        // Constants refuse a note; were all fields to refuse it, nothing would have been tried.
        if self.cleared == 0 {
            faults.push("no request got through".to_owned());
        }
        if faults.is_empty() {
            let detail = format!("{} cleared, {} refused", self.cleared, self.refused);
            report.add("endpoint", &name, Outcome::Passed, detail);
        } else {
            report.add("endpoint", &name, Outcome::Failed, faults.join("; "));
        }
    }
}

/// A few of the places, which are names of fields and hold nothing of a text.
fn listed(places: &BTreeSet<String>) -> String {
    const SHOWN: usize = 5;
    let shown: Vec<&str> = places.iter().take(SHOWN).map(String::as_str).collect();
    let more = places.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", shown.join(", "))
}

/// A whole reply comes back with the originals in it.
async fn restored(caller: &Caller, report: &mut Report) {
    for (endpoint, body) in [
        (
            "/v1/chat/completions",
            serde_json::json!({"model": "m", "messages": [{"role": "user", "content": NOTE}]}),
        ),
        ("/v1/responses", serde_json::json!({"model": "m", "input": NOTE})),
        ("/v1/completions", serde_json::json!({"model": "m", "prompt": NOTE})),
    ] {
        let reply = caller.post(endpoint, &body).await;
        let whole = Value::from(NOTE).to_string();
        let is_whole = reply
            .is_some_and(|(status, text)| status == 200 && text.contains(whole.trim_matches('"')));
        let (outcome, detail) = if is_whole {
            (Outcome::Passed, "")
        } else {
            // A policy that redacts has nothing to put back.
            (
                Outcome::Warning,
                "the reply differs from what was asked, as it does where the policy redacts",
            )
        };
        report.add(
            "reply",
            &format!("{endpoint}: the originals are put back"),
            outcome,
            detail.to_owned(),
        );
    }
}

/// The strings of `value`, as paths to them.
fn positions(value: &Value, path: String, into: &mut Vec<String>) {
    match value {
        Value::String(_) => into.push(path),
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                positions(item, format!("{path}/{at}"), into);
            }
        }
        Value::Object(fields) => {
            for (key, value) in fields {
                positions(value, format!("{path}/{key}"), into);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
