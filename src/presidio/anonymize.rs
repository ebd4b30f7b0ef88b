//! `POST /anonymize` and `/deanonymize`: what Presidio's anonymizer would answer.

use std::{cmp::Ordering, collections::BTreeMap};

use serde_json::{Map, Value, json};

use super::{
    PresidioError, fields, operators, operators::Operator, points::Points, present, whole,
};

/// The names that `GET /anonymizers` and `/deanonymizers` answer with.
pub fn operator_names(back: bool) -> &'static [&'static str] {
    if back { &operators::DEANONYMIZERS } else { &operators::ANONYMIZERS }
}

/// A result of the analyzer's, in code points.
#[derive(Clone, Debug, PartialEq)]
struct Entity {
    start: usize,
    end: usize,
    kind: String,
    /// A result of the anonymizer's has none.
    score: Option<f64>,
}

/// Puts each result's operator to the text.
///
/// # Errors
/// When a field is missing, wrong or reaches beyond the text.
pub fn anonymize(body: &[u8]) -> Result<Value, PresidioError> {
    let fields = fields(body)?;
    let operators = operators(present(&fields, "anonymizers"), false)?;
    let entities = entities(&fields, "analyzer_results", "analyzer results")?;
    let text = text(&fields)?;
    let points = Points::of(text);
    check(&entities, &points)?;
    let entities = without_conflicts(entities, text, &points);
    operate(text, &points, entities, &operators)
}

/// The way back, for what was encrypted.
///
/// # Errors
/// When a field is missing or wrong, or the key does not open what it should.
pub fn deanonymize(body: &[u8]) -> Result<Value, PresidioError> {
    let fields = fields(body)?;
    let text = text(&fields)?;
    let operators = operators(present(&fields, "deanonymizers"), true)?;
    let entities = entities(&fields, "anonymizer_results", "anonymizer results")?;
    let points = Points::of(text);
    check(&entities, &points)?;
    operate(text, &points, entities, &operators)
}

fn wrong(message: impl Into<String>) -> PresidioError {
    PresidioError::Parameter(message.into())
}

fn text(fields: &Map<String, Value>) -> Result<&str, PresidioError> {
    match fields.get("text") {
        Some(Value::String(text)) if !text.is_empty() => Ok(text),
        _ => Err(wrong("Invalid input, text can not be empty")),
    }
}

/// The operators by entity, and `DEFAULT`.
fn operators(
    value: Option<&Value>,
    back: bool,
) -> Result<BTreeMap<String, Operator>, PresidioError> {
    let mut operators = BTreeMap::new();
    match value {
        None => {}
        Some(Value::Object(by_entity)) => {
            for (entity, parameters) in by_entity {
                operators.insert(entity.clone(), Operator::new(parameters, back)?);
            }
        }
        Some(_) => return Err(wrong("Invalid input, the operators must be an object by entity")),
    }
    if !back {
        operators.entry("DEFAULT".to_owned()).or_insert(Operator::Replace(None));
    }
    Ok(operators)
}

fn entities(
    fields: &Map<String, Value>,
    name: &str,
    called: &str,
) -> Result<Vec<Entity>, PresidioError> {
    let list = match present(fields, name) {
        Some(Value::Array(list)) => list,
        _ => return Err(wrong(format!("Invalid input, request must contain {called}"))),
    };
    let one = |value: &Value| {
        let number = |key: &str| {
            let found = value.get(key).and_then(whole);
            let found = found.and_then(|number| usize::try_from(number).ok());
            found.ok_or_else(|| wrong(format!("Invalid input, result must contain {key}")))
        };
        let (start, end) = (number("start")?, number("end")?);
        if start > end || name == "analyzer_results" && start == end {
            let message = format!(
                "Invalid input, start index '{start}' must be smaller than end index '{end}'"
            );
            return Err(wrong(message));
        }
        let kind = value.get("entity_type").and_then(Value::as_str).filter(|kind| !kind.is_empty());
        let kind = kind.ok_or_else(|| wrong("Invalid input, result must contain entity_type"))?;
        let score = match (value.get("score").and_then(Value::as_f64), name) {
            (Some(score), _) => Some(score),
            (None, "analyzer_results") => {
                return Err(wrong("Invalid input, analyzer result must contain score"));
            }
            (None, _) => None,
        };
        Ok(Entity { start, end, kind: kind.to_owned(), score })
    };
    list.iter().map(one).collect()
}

fn check(entities: &[Entity], points: &Points) -> Result<(), PresidioError> {
    let length = points.len();
    match entities.iter().find(|entity| entity.end > length) {
        None => Ok(()),
        Some(Entity { start, end, .. }) => Err(wrong(format!(
            "Invalid analyzer result, start: {start} and end: {end}, while text length is only \
             {length}."
        ))),
    }
}

/// What touches or overlaps within one type becomes one; what lies inside another goes; of two at one
/// place the surer stays; and neighbours of one type with blanks between them become one.
fn without_conflicts(mut entities: Vec<Entity>, text: &str, points: &Points) -> Vec<Entity> {
    entities.sort_by_key(|entity| (entity.start, entity.end));
    let mut merged: Vec<Entity> = Vec::with_capacity(entities.len());
    let mut last_of: BTreeMap<String, usize> = BTreeMap::new();
    for entity in entities {
        let last = last_of.get(&entity.kind).copied();
        match last.and_then(|at| merged.get_mut(at)) {
            Some(before) if entity.start < before.end => {
                before.end = before.end.max(entity.end);
                before.score = surer(before.score, entity.score);
            }
            _ => {
                last_of.insert(entity.kind.clone(), merged.len());
                merged.push(entity);
            }
        }
    }
    merged.sort_by(|a, b| {
        let place = (a.start, b.end).cmp(&(b.start, a.end));
        place.then(b.score.partial_cmp(&a.score).unwrap_or(Ordering::Equal))
    });
    let mut kept: Vec<Entity> = Vec::with_capacity(merged.len());
    let mut reached = 0;
    for entity in merged {
        if entity.end <= reached {
            continue;
        }
        reached = entity.end;
        match kept.last_mut() {
            Some(before)
                if before.kind == entity.kind && is_blank(text, points, before, &entity) =>
            {
                before.end = entity.end;
                // As Presidio has it: the later one's.
                before.score = entity.score;
            }
            _ => kept.push(entity),
        }
    }
    kept
}

fn surer(one: Option<f64>, other: Option<f64>) -> Option<f64> {
    if other > one { other } else { one }
}

/// Whether there are blanks and nothing else between two entities.
fn is_blank(text: &str, points: &Points, before: &Entity, after: &Entity) -> bool {
    let gap = points.span(before.end, after.start).and_then(|span| span.of(text));
    gap.is_some_and(|gap| !gap.is_empty() && gap.bytes().all(|byte| byte == b' '))
}

/// From the end of the text to its start, so that offsets stay what they are.
fn operate(
    text: &str,
    points: &Points,
    mut entities: Vec<Entity>,
    operators: &BTreeMap<String, Operator>,
) -> Result<Value, PresidioError> {
    entities.sort_by_key(|entity| (entity.start, entity.end));
    // The pieces of the new text from its end to its start, and how far each new value reaches.
    let mut pieces: Vec<String> = Vec::new();
    let mut after = 0;
    let mut items = Vec::with_capacity(entities.len());
    let mut done = points.len();
    let slice = |start, end| points.span(start, end).and_then(|span| span.of(text)).unwrap_or("");
    for entity in entities.iter().rev() {
        let operator = operators
            .get(&entity.kind)
            .or_else(|| operators.get("DEFAULT"))
            .ok_or_else(|| wrong(format!("Invalid operator class 'None' for {}.", entity.kind)))?;
        let value = operator.apply(slice(entity.start, entity.end), &entity.kind)?;
        // Of two that overlap, the later one has taken its part already.
        let rest = slice(entity.end.min(done), done);
        let length = value.chars().count();
        after += rest.chars().count() + length;
        pieces.push(rest.to_owned());
        pieces.push(value.clone());
        items.push((after, length, value, entity, operator.name()));
        done = entity.start;
    }
    pieces.push(slice(0, done).to_owned());
    let changed: String = pieces.into_iter().rev().collect();
    let total = changed.chars().count();
    let items: Vec<Value> = items
        .into_iter()
        .map(|(from_end, length, value, entity, operator)| {
            let start = total - from_end;
            json!({
                "start": start,
                "end": start + length,
                "entity_type": entity.kind,
                "text": value,
                "operator": operator,
                "score": entity.score,
            })
        })
        .collect();
    Ok(json!({"text": changed, "items": items}))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{anonymize, deanonymize};

    fn ask(body: &Value) -> Result<Value, String> {
        anonymize(body.to_string().as_bytes()).map_err(|error| error.to_string())
    }

    fn result(start: usize, end: usize, kind: &str, score: f64) -> Value {
        json!({"start": start, "end": end, "entity_type": kind, "score": score})
    }

    /// The request of Presidio's REST documentation.
    #[test]
    fn each_entity_gets_its_operator() {
        let answer = ask(&json!({
            "text": "hello world, my name is Jane Doe. My number is: 034453334",
            "anonymizers": {
                "PERSON": {"type": "redact"},
                "PHONE_NUMBER": {"type": "replace", "new_value": "ANONYMIZED"},
            },
            "analyzer_results": [
                result(24, 32, "PERSON", 0.8), result(48, 57, "PHONE_NUMBER", 0.95),
            ],
        }));
        let expected = json!({
            "text": "hello world, my name is . My number is: ANONYMIZED",
            "items": [
                {"start": 40, "end": 50, "entity_type": "PHONE_NUMBER", "text": "ANONYMIZED", "operator": "replace", "score": 0.95},
                {"start": 24, "end": 24, "entity_type": "PERSON", "text": "", "operator": "redact", "score": 0.8},
            ],
        });
        assert_eq!(answer.unwrap(), expected);
    }

    #[test]
    fn conflicts_are_settled_and_offsets_are_code_points() {
        let text = "é🙂 Jane  Doe 555";
        let body = |results: &[Value]| json!({"text": text, "analyzer_results": results});
        for (results, expected) in [
            (vec![result(3, 7, "PERSON", 0.5), result(9, 12, "PERSON", 0.5)], "é🙂 <PERSON> 555"),
            (vec![result(3, 8, "PERSON", 0.5), result(5, 12, "PERSON", 0.5)], "é🙂 <PERSON> 555"),
            (vec![result(3, 12, "PERSON", 0.5), result(9, 12, "CITY", 0.9)], "é🙂 <PERSON> 555"),
            (
                vec![result(9, 12, "PERSON", 0.5), result(9, 12, "CITY", 0.9)],
                "é🙂 Jane  <CITY> 555",
            ),
            (vec![result(3, 12, "PERSON", 0.5), result(9, 16, "CITY", 0.9)], "é🙂 <PERSON><CITY>"),
            (vec![], text),
        ] {
            assert_eq!(ask(&body(&results)).unwrap()["text"], expected, "{results:?}");
        }
        let beyond = ask(&body(&[result(3, 17, "PERSON", 0.5)])).unwrap_err();
        assert!(beyond.ends_with("while text length is only 16."), "{beyond}");
        assert!(ask(&body(&[result(5, 5, "PERSON", 0.5)])).is_err());
        let mut whole = result(3, 12, "PERSON", 0.5);
        whole["end"] = json!(12.0);
        assert_eq!(ask(&body(&[whole])).unwrap()["text"], "é🙂 <PERSON> 555");
    }

    #[test]
    fn what_is_missing_is_named() {
        for (body, message) in [
            (json!({}), "Invalid request json"),
            (json!({"text": "a"}), "Invalid input, request must contain analyzer results"),
            (json!({"text": "", "analyzer_results": []}), "Invalid input, text can not be empty"),
            (
                json!({"text": "a", "analyzer_results": [{"start": 0, "end": 1, "score": 1}]}),
                "Invalid input, result must contain entity_type",
            ),
        ] {
            assert_eq!(ask(&body).unwrap_err(), message, "{body}");
        }
    }

    /// The request of Presidio's REST documentation.
    #[test]
    fn what_was_encrypted_comes_back() {
        let body = json!({
            "text": "My name is S184CMt9Drj7QaKQ21JTrpYzghnboTF9pn/neN8JME0=",
            "deanonymizers": {"PERSON": {"type": "decrypt", "key": "WmZq4t7w!z%C&F)J"}},
            "anonymizer_results": [{"start": 11, "end": 55, "entity_type": "PERSON"}],
        });
        let answer = deanonymize(body.to_string().as_bytes()).unwrap();
        assert_eq!(answer["text"], "My name is Chloë");
        let item = json!({"start": 11, "end": 16, "entity_type": "PERSON", "text": "Chloë", "operator": "decrypt", "score": null});
        assert_eq!(answer["items"], json!([item]));
    }
}
