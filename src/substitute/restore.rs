//! Puts the originals back into a reply.

use std::borrow::Borrow;

use serde_json::Value;

use super::{
    annotations,
    lane::Lane,
    mapping::Mapping,
    placeholder::{Placeholder, may_begin},
    stand_in::Found,
};
use crate::wire::reply::{Object, Part, is_data_url};

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

/// Where a [`Lane`] finds the values of placeholders.
pub(super) trait Lookup {
    /// The value of `placeholder`, counted as restored; `None` when it was never given out.
    fn value(&mut self, placeholder: Placeholder, exact: bool) -> Option<&str>;

    /// Whether anything was given out that is no placeholder.
    fn has_stand_ins(&self) -> bool;

    /// Whether something of that can begin with `c`.
    fn may_begin(&self, c: char) -> bool;

    /// What stands at the beginning of `text`, counted as restored; with `at_end` nothing follows.
    fn stand_in(&mut self, text: &str, at_end: bool) -> Found;
}

/// Restores texts with the mapping of one request, and keeps count.
pub struct Restorer<M> {
    mapping: M,
    report: RestoreReport,
    /// Whether only what was given out leads back: dates that were not are left alone.
    given_out_alone: bool,
}

impl<M: Borrow<Mapping>> Lookup for Restorer<M> {
    fn value(&mut self, placeholder: Placeholder, exact: bool) -> Option<&str> {
        let Some(value) = self.mapping.borrow().value(placeholder) else {
            self.report.unknown += 1;
            return None;
        };
        *(if exact { &mut self.report.restored } else { &mut self.report.altered }) += 1;
        Some(value.expose_phi())
    }

    fn has_stand_ins(&self) -> bool {
        !self.mapping.borrow().stand_ins.is_empty()
    }

    fn may_begin(&self, c: char) -> bool {
        self.mapping.borrow().stand_ins.may_begin(c, !self.given_out_alone)
    }

    fn stand_in(&mut self, text: &str, at_end: bool) -> Found {
        let found = self.mapping.borrow().stand_ins.find(text, at_end, !self.given_out_alone);
        if matches!(found, Found::Value(..)) {
            self.report.restored += 1;
        }
        found
    }
}

impl<M: Borrow<Mapping>> Restorer<M> {
    /// A restorer that knows what `mapping` gave out.
    pub fn new(mapping: M) -> Self {
        Self { mapping, report: RestoreReport::default(), given_out_alone: false }
    }

    /// What it knows.
    pub(super) fn mapping(&self) -> &Mapping {
        self.mapping.borrow()
    }

    /// What became of the placeholders so far.
    pub fn report(&self) -> RestoreReport {
        self.report
    }

    /// Restores a text, in one pass: restored text is never looked at again. One that begins as
    /// JSON does is restored inside its string literals, with the escapes that keep it JSON.
    pub fn text(&mut self, text: &str) -> String {
        self.whole(Lane::text(), text)
    }

    /// Restores text that is JSON by its place, or the beginning of some.
    pub fn json_text(&mut self, json: &str) -> String {
        self.whole(Lane::json(), json)
    }

    fn whole(&mut self, mut lane: Lane, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        lane.push(text, self, &mut out);
        lane.finish(self, &mut out);
        out
    }

    /// Restores an id or a name of the protocol: only what was given out leads back, and no date that was not.
    fn constant(&mut self, text: &str) -> String {
        self.given_out_alone = true;
        let restored = self.text(text);
        self.given_out_alone = false;
        restored
    }

    /// Restores every string of a reply in place, but for what is no text: see [`crate::wire::reply`]. The tokens of
    /// `logprobs` are pieces of the text that the model wrote, placeholders and all, and stay so.
    pub fn reply(&mut self, reply: &mut Value) {
        self.value(reply, Part::Text, "");
    }

    /// Restores the value of the field `key` of an `object` of a reply.
    pub(super) fn field(&mut self, object: Object, key: &str, value: &mut Value) {
        self.value(value, object.part(key), key);
    }

    /// `part` is what the string is that `value` is, or what the strings of the list are; `key` is the last one before
    /// it.
    fn value(&mut self, value: &mut Value, part: Part, key: &str) {
        match value {
            _ if part == Part::Opaque => {}
            Value::String(text) => self.string(text, part),
            Value::Array(items) => items.iter_mut().for_each(|item| self.value(item, part, key)),
            Value::Object(fields) => {
                annotations::shift(fields, self.mapping.borrow());
                let object = Object::of(fields, key);
                fields.iter_mut().for_each(|(key, value)| self.field(object, key, value));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Restores one whole string.
    pub(super) fn string(&mut self, text: &mut String, part: Part) {
        // A placeholder in JSON in JSON may be written with its bracket as an escape.
        let may_change = self.has_stand_ins() || text.contains(|c| c == '\\' || may_begin(c));
        if !may_change || is_data_url(text) {
            return;
        }
        *text = match part {
            Part::Text => self.text(text),
            Part::Json => self.json_text(text),
            Part::Constant => self.constant(text),
            Part::Opaque => return,
        };
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
    fn the_tokens_of_logprobs_stay_as_the_model_wrote_them() {
        let mapping = mapping(&[(Label::Name, "Ann")]);
        let mut reply =
            json!({"content": "[NAME_1]", "logprobs": {"content": [{"token": "[NAME_1]"}]}});
        Restorer::new(&mapping).reply(&mut reply);
        assert_eq!(reply["content"], "Ann");
        assert_eq!(reply["logprobs"]["content"][0]["token"], "[NAME_1]");
    }

    #[test]
    fn a_placeholder_without_its_quotes_is_a_value_too() {
        let mapping = mapping(&[(Label::Mrn, "4471009"), (Label::Name, "Ann \"A\" Lee")]);
        let mut reply = json!({"arguments": "{\"mrn\": [MRN_1], \"who\": [NAME_1]}"});
        Restorer::new(&mapping).reply(&mut reply);
        assert_eq!(reply["arguments"], r#"{"mrn": 4471009, "who": "Ann \"A\" Lee"}"#);
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
