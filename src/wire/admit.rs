//! What the table refuses outright, or leaves out.

use serde_json::Value;

use super::{
    check::{self, Invalid},
    fields::{Kind, Table},
};
use crate::settings::UnscannableContent;

/// Takes out of `body` what is [`Kind::Dropped`].
///
/// # Errors
/// The first field that is [`Kind::Refused`], or [`Kind::Opaque`] where the policy refuses that.
pub(super) fn admit(
    body: &mut Value,
    table: &Table,
    unscannable: UnscannableContent,
) -> Result<(), Invalid> {
    let mut walk = Admission { table, unscannable, path: String::new(), shown: String::new() };
    walk.value(body)
}

struct Admission<'t> {
    table: &'t Table,
    unscannable: UnscannableContent,
    /// Where the walk is, in the form of the table.
    path: String,
    /// The same for the caller, with the numbers of items.
    shown: String,
}

impl Admission<'_> {
    fn value(&mut self, value: &mut Value) -> Result<(), Invalid> {
        match value {
            Value::Null => return Ok(()),
            _ => match self.table.kind(&self.path) {
                Some(Kind::Refused(why)) => {
                    let message = format!("`{}` is not supported: {why}", self.shown);
                    return Err(Invalid::new(self.shown.as_str(), message));
                }
                Some(Kind::Opaque) => return check::unscannable(&self.shown, self.unscannable),
                Some(
                    Kind::Text
                    | Kind::Constant(_)
                    | Kind::Number
                    | Kind::Participant
                    | Kind::Schema
                    | Kind::Checked
                    | Kind::Dropped,
                )
                | None => {}
            },
        }
        let (path, shown) = (self.path.len(), self.shown.len());
        let mut result = Ok(());
        match value {
            Value::Array(items) => {
                self.path.push_str("[]");
                if self.table.knows(&self.path) {
                    for (at, item) in items.iter_mut().enumerate() {
                        self.shown.push_str(&format!("[{at}]"));
                        result = result.and_then(|()| self.value(item));
                        self.shown.truncate(shown);
                    }
                }
            }
            Value::Object(fields) => {
                fields.retain(|key, value| {
                    self.table.descend(&mut self.path, key);
                    let dropped = self.table.kind(&self.path) == Some(Kind::Dropped);
                    if !dropped && self.table.knows(&self.path) {
                        if shown > 0 {
                            self.shown.push('.');
                        }
                        // The last step of the table's path: never a key of the caller's own.
                        let step = self.path.get(path..).unwrap_or_default();
                        self.shown.push_str(step.trim_start_matches('.'));
                        result =
                            std::mem::replace(&mut result, Ok(())).and_then(|()| self.value(value));
                        self.shown.truncate(shown);
                    }
                    self.path.truncate(path);
                    !dropped
                });
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
        self.path.truncate(path);
        result
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::admit;
    use crate::{settings::UnscannableContent, wire::table::RESPONSES};

    fn refused(mut body: Value, policy: UnscannableContent) -> Option<(String, bool)> {
        let result = admit(&mut body, &RESPONSES, policy);
        result.err().map(|invalid| (invalid.param, invalid.unsupported))
    }

    #[test]
    fn what_the_table_refuses_is_refused_wherever_it_stands() {
        let skill = json!({"source": {"type": "base64", "data": "UEsD"}});
        for (body, param, unsupported) in [
            (json!({"previous_response_id": "resp_1"}), "previous_response_id", false),
            (json!({"conversation": {"id": "c"}}), "conversation", false),
            (
                json!({"prompt": {"variables": {"John Doe": {"image_url": "x"}}}}),
                "prompt.variables.*.image_url",
                true,
            ),
            (
                json!({"input": [{"tools": [{}, {"environment": {"skills": [skill]}}]}]}),
                "input[0].tools[1].environment.skills[0].source.data",
                true,
            ),
            (json!({"input": [{"output": {"image_url": "x"}}]}), "input[0].output.image_url", true),
        ] {
            let found = refused(body.clone(), UnscannableContent::Refuse);
            assert_eq!(found, Some((param.to_owned(), unsupported)), "{body}");
            let found = refused(body, UnscannableContent::Forward);
            assert_eq!(found.is_none(), unsupported);
        }
    }

    #[test]
    fn null_is_absent_and_tokens_are_left_out() {
        let mut body = json!({"previous_response_id": null, "input": [{"content": [
            {"type": "output_text", "text": "t", "logprobs": [{"token": "Jo", "bytes": [74, 111]}]},
        ]}]});
        assert_eq!(admit(&mut body, &RESPONSES, UnscannableContent::Refuse), Ok(()));
        assert_eq!(body["input"][0]["content"][0], json!({"type": "output_text", "text": "t"}));
        assert!(body.get("previous_response_id").is_some());
    }
}
