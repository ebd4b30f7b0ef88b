//! What Rust's types do not say of a schema: objects whose keys have a form of their own.

use serde_json::{Value, json};

use crate::{deidentify::entity::Label, settings::Strategy};

/// Schemas by name, each to be laid over what was made of the type of that name.
pub(in crate::api::openapi) fn precise() -> [(&'static str, Value); 10] {
    let label = json!({"type": "string", "enum": Label::ALL});
    let by_label = |value: Value| {
        json!({
            "type": "object",
            "propertyNames": {"$ref": "#/components/schemas/EntityLabel"},
            "additionalProperties": value,
        })
    };
    let bias = json!({"type": "number", "minimum": -100, "maximum": 100});
    // What stands for something needs a letter or a digit to be told from other marks.
    let given = json!({"pattern": "[A-Za-z0-9]"});
    // Items that are refused, and messages, which have fields of their own.
    let refused = ["message", "item_reference", "computer_call_output", "image_generation_call"];
    [
        ("SomeText", json!({"minLength": 1})),
        ("SomeTexts", json!({"minItems": 1})),
        ("SomeParts", json!({"minItems": 1})),
        ("EntityLabel", label),
        ("StrategyName", json!({"type": "string", "enum": Strategy::ALL})),
        ("Strategies", by_label(json!({"$ref": "#/components/schemas/StrategyName"}))),
        ("Scores", by_label(json!({"type": "number", "minimum": 0, "maximum": 1}))),
        (
            "LogitBias",
            json!({"type": "object", "patternProperties": {"^[0-9]{1,7}$": bias}, "additionalProperties": false}),
        ),
        (
            "GivenOut",
            json!({"type": "object", "propertyNames": given, "additionalProperties": {"type": "string"}}),
        ),
        (
            "OtherItem",
            json!({"properties": {"type": {"type": "string", "not": {"enum": refused}}}}),
        ),
    ]
}
