//! Puts the originals back into a reply.

use serde_json::Value;

use super::{mapping::Mapping, placeholder::find_all};
use crate::wire::json_text;

/// What became of the placeholders in a reply, in occurrences.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RestoreReport {
    /// Restored from the exact form.
    pub restored: usize,
    /// Restored from a mangled form.
    pub altered: usize,
    /// Looked like a placeholder that was never given out, and left alone.
    pub unknown: usize,
}

/// Restores texts with the mapping of one request, and keeps count.
pub struct Restorer<'a> {
    mapping: &'a Mapping,
    report: RestoreReport,
}

impl<'a> Restorer<'a> {
    /// A restorer that knows what `mapping` gave out.
    pub fn new(mapping: &'a Mapping) -> Self {
        Self { mapping, report: RestoreReport::default() }
    }

    /// What became of the placeholders so far.
    pub fn report(&self) -> RestoreReport {
        self.report
    }

    /// Restores plain text, in one pass: restored text is never looked at again.
    pub fn text(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut done = 0;
        for written in find_all(text) {
            let Some(value) = self.mapping.value(written.placeholder) else {
                self.report.unknown += 1;
                continue;
            };
            if written.exact {
                self.report.restored += 1;
            } else {
                self.report.altered += 1;
            }
            out.push_str(text.get(done..written.span.start).unwrap_or_default());
            out.push_str(value.expose_phi());
            done = written.span.end;
        }
        out.push_str(text.get(done..).unwrap_or_default());
        out
    }

    /// Restores text that is JSON, or the beginning of some: inside its string literals, with the
    /// escapes that keep it JSON. Everything between them stays as it is, to the byte.
    pub fn json_text(&mut self, json: &str) -> String {
        json_text::rewrite_strings(json, |literal| {
            if json_text::is_container(literal) {
                self.json_text(literal)
            } else {
                self.text(literal)
            }
        })
    }

    /// Restores every string of a reply in place. Strings that hold JSON themselves (`arguments`
    /// of a tool call, and any text that parses as an object or array) stay valid JSON.
    pub fn reply(&mut self, reply: &mut Value) {
        match reply {
            Value::String(text) => self.string(text, false),
            Value::Array(items) => items.iter_mut().for_each(|item| self.reply(item)),
            Value::Object(fields) => {
                for (key, value) in fields.iter_mut() {
                    match value {
                        Value::String(text) => self.string(text, key == "arguments"),
                        other => self.reply(other),
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn string(&mut self, text: &mut String, always_json: bool) {
        if text.contains('[') || always_json {
            *text = if always_json || json_text::is_container(text) {
                self.json_text(text)
            } else {
                self.text(text)
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{RestoreReport, Restorer};
    use crate::{deidentify::entity::Label, substitute::Mapping};

    fn mapping(values: &[(Label, &str)]) -> Mapping {
        let mut mapping = Mapping::default();
        for (label, value) in values {
            mapping.placeholder(*label, value);
        }
        mapping
    }

    #[test]
    fn exact_altered_and_unknown_are_counted() {
        let mapping = mapping(&[(Label::Name, "John Doe"), (Label::Date, "3/14")]);
        let mut restorer = Restorer::new(&mapping);
        let text = restorer.text("[NAME_1] ([name 1]) on [DATE_1], not [NAME_2] or [NAME_10].");
        assert_eq!(text, "John Doe (John Doe) on 3/14, not [NAME_2] or [NAME_10].");
        let expected = RestoreReport { restored: 2, altered: 1, unknown: 2 };
        assert_eq!(restorer.report(), expected);
    }

    #[test]
    fn restored_text_is_not_restored_again() {
        let mapping = mapping(&[(Label::Id, "[NAME_1]"), (Label::Name, "John")]);
        assert_eq!(Restorer::new(&mapping).text("[ID_1]"), "[NAME_1]");
    }

    #[test]
    fn arguments_stay_valid_json() {
        let mapping = mapping(&[(Label::Name, "John \"Jack\" O\\Doe\nJr.")]);
        let mut reply = json!({"arguments": "{ \"name\":\"[NAME_1]\",\"n\":1.50 }"});
        Restorer::new(&mapping).reply(&mut reply);
        let arguments = reply["arguments"].as_str().unwrap();
        assert_eq!(arguments, r#"{ "name":"John \"Jack\" O\\Doe\nJr.","n":1.50 }"#);
        let parsed: serde_json::Value = serde_json::from_str(arguments).unwrap();
        assert_eq!(parsed["name"], "John \"Jack\" O\\Doe\nJr.");
    }

    #[test]
    fn json_in_a_string_of_json_stays_valid_too() {
        let mapping = mapping(&[(Label::Name, "A \"B\" C")]);
        let inner = json!({"n": "[NAME_1]"}).to_string();
        let mut reply = json!({"arguments": json!({"payload": inner}).to_string()});
        Restorer::new(&mapping).reply(&mut reply);
        let outer: serde_json::Value =
            serde_json::from_str(reply["arguments"].as_str().unwrap()).unwrap();
        let inner: serde_json::Value =
            serde_json::from_str(outer["payload"].as_str().unwrap()).unwrap();
        assert_eq!(inner["n"], "A \"B\" C");
    }

    #[test]
    fn arguments_cut_short_are_restored_as_far_as_they_go() {
        let mapping = mapping(&[(Label::Name, "A\"B")]);
        let mut reply = json!({"arguments": r#"{"a":"[NAME_1]","b":"x [NAME_1] y"#});
        Restorer::new(&mapping).reply(&mut reply);
        assert_eq!(reply["arguments"], r#"{"a":"A\"B","b":"x A\"B y"#);
    }

    #[test]
    fn content_that_is_json_stays_json_and_prose_stays_prose() {
        let mapping = mapping(&[(Label::Name, "A\"B")]);
        let mut reply =
            json!({"content": "{\"who\": \"[NAME_1]\"}", "prose": "[NAME_1] said \"hi\""});
        Restorer::new(&mapping).reply(&mut reply);
        assert_eq!(reply["content"], "{\"who\": \"A\\\"B\"}");
        assert_eq!(reply["prose"], "A\"B said \"hi\"");
    }
}
