//! Streams, cut at every character: what comes back must be what was asked, whatever the cut.

use serde_json::{Value, json};

use super::{
    client::Caller,
    report::{Outcome, Report},
    standin::{Cut, StandIn},
};

/// Short, with two placeholders: each cut is a request.
const ASKED: &str = "Patient: Marguerite Oyelaran, SSN: 536-22-8145.";

pub(super) async fn every_cut(
    caller: &Caller,
    standin: &StandIn,
    report: &mut Report,
    note: &dyn Fn(&str),
) {
    for endpoint in ["/v1/chat/completions", "/v1/completions", "/v1/responses"] {
        note(&format!("{endpoint}, streaming"));
        let mut wrong = 0;
        let mut leaked = 0;
        // The cleared text is no longer than this.
        let cuts = std::iter::once(Cut::Spelled).chain((1..ASKED.len()).map(Cut::At));
        let mut tried = 0;
        for cut in cuts {
            tried += 1;
            standin.cut(cut);
            standin.take();
            let reply = caller.post(endpoint, &body(endpoint)).await;
            let sent = standin.take().join("\n");
            leaked += usize::from(sent.contains("Oyelaran") || sent.contains("536-22-8145"));
            let text = reply.map(|(_, stream)| text(&stream)).unwrap_or_default();
            wrong += usize::from(text != ASKED);
        }
        let name = format!("{endpoint}: nothing leaves, and every cut comes back whole");
        let detail = format!("{tried} cuts");
        if leaked > 0 {
            let detail = format!("identifiers would leave in {leaked} of {detail}");
            report.add("stream", &name, Outcome::Failed, detail);
        } else if wrong > 0 {
            let detail = format!(
                "{wrong} of {detail} come back changed, as they do where the policy redacts"
            );
            report.add("stream", &name, Outcome::Warning, detail);
        } else {
            report.add("stream", &name, Outcome::Passed, detail);
        }
    }
    standin.cut(Cut::Spelled);
}

fn body(endpoint: &str) -> Value {
    match endpoint {
        "/v1/responses" => json!({"model": "m", "stream": true, "input": ASKED}),
        "/v1/completions" => json!({"model": "m", "stream": true, "prompt": ASKED}),
        _ => {
            json!({"model": "m", "stream": true, "messages": [{"role": "user", "content": ASKED}]})
        }
    }
}

/// What a stream says.
fn text(stream: &str) -> String {
    let events = stream.lines().filter_map(|line| line.strip_prefix("data: "));
    let values = events.filter_map(|data| serde_json::from_str::<Value>(data).ok());
    let pieces = values.filter_map(|event| {
        let piece = match event.get("type").and_then(Value::as_str) {
            Some("response.output_text.delta") => event.get("delta").cloned(),
            Some(_) => None,
            None => ["/choices/0/delta/content", "/choices/0/text"]
                .iter()
                .find_map(|place| event.pointer(place).cloned()),
        };
        piece.and_then(|piece| piece.as_str().map(str::to_owned))
    });
    pieces.collect()
}
