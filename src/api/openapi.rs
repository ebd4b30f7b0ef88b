//! `GET /openapi.json`: the document of the HTTP API, and `GET /docs`, a page that browses it.

mod paths;
mod schemas;

use actix_web::HttpResponse;
use once_cell::sync::Lazy;
use serde_json::{Map, Value, json};
use utoipa::OpenApi;

use super::playground::part;

/// Largest whole number that is taken, where only the least is limited.
const MOST: u64 = u64::MAX;

static DOCUMENT: Lazy<String> = Lazy::new(|| document().to_string());

/// `GET /openapi.json`
pub(super) async fn json() -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(DOCUMENT.as_str())
}

/// `GET /docs`
pub(super) async fn page() -> HttpResponse {
    part("text/html; charset=utf-8", include_str!("docs/index.html"))
}

/// `GET /docs/app.js`
pub(super) async fn script() -> HttpResponse {
    part("text/javascript; charset=utf-8", include_str!("docs/app.js"))
}

/// `GET /docs/style.css`: that of the playground.
pub(super) async fn style() -> HttpResponse {
    part("text/css; charset=utf-8", include_str!("playground/page/style.css"))
}

/// The document, with what every reply has.
fn document() -> Value {
    let mut document = serde_json::to_value(paths::Api::openapi()).unwrap_or_default();
    any_of(&mut document);
    for (name, schema) in schemas::precise() {
        let place = document.pointer_mut(&format!("/components/schemas/{name}"));
        if let Some((place, Value::Object(schema))) =
            place.and_then(Value::as_object_mut).zip(Some(schema))
        {
            place.extend(schema);
        }
    }
    if let Some(info) = document.get_mut("info").and_then(Value::as_object_mut) {
        info.remove("contact");
    }
    for path in document.get_mut("paths").and_then(Value::as_object_mut).into_iter().flatten() {
        let (path, operations) = path;
        for operation in operations.as_object_mut().into_iter().flat_map(Map::values_mut) {
            let replies = operation.get_mut("responses").and_then(Value::as_object_mut);
            for reply in replies.into_iter().flat_map(Map::values_mut) {
                add_headers(reply, path.starts_with("/v1/"));
            }
        }
    }
    document
}

/// Alternatives may both fit, and whole numbers have the limit of their type.
fn any_of(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            if let Some(list) = fields.remove("oneOf") {
                fields.insert("anyOf".to_owned(), list);
            }
            if fields.get("format") == Some(&json!("int64")) && !fields.contains_key("maximum") {
                fields.remove("format");
                fields.insert("maximum".to_owned(), json!(MOST));
            }
            fields.values_mut().for_each(any_of);
        }
        Value::Array(items) => items.iter_mut().for_each(any_of),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn add_headers(reply: &mut Value, is_protected: bool) {
    let Some(reply) = reply.as_object_mut() else { return };
    let headers = reply.entry("headers").or_insert_with(|| json!({}));
    let Some(headers) = headers.as_object_mut() else { return };
    let text =
        |says: &str| json!({"description": says, "schema": {"type": "string"}, "required": true});
    let id = "The caller's id of the request, or one of the gateway's.";
    headers.insert("x-request-id".to_owned(), text(id));
    if is_protected {
        let counts = "Entities found, by label: `NAME=2;DATE=1`, empty when none.";
        headers.insert("x-deid-entities".to_owned(), text(counts));
        let mut report = text("What became of the placeholders, where some were given out.");
        if let Some(report) = report.as_object_mut() {
            report.insert("required".to_owned(), json!(false));
        }
        headers.insert("x-deid-restored".to_owned(), report);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::{Map, Value};

    use super::document;

    /// Routes as they are declared in the code, by method.
    fn declared() -> BTreeSet<(String, String)> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/api");
        let inside = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let files = inside.chain([concat!(env!("CARGO_MANIFEST_DIR"), "/src/api.rs").into()]);
        let route = regex::Regex::new(r#"(get|post)_only\(\s*"([^"]+)""#).unwrap();
        let param = regex::Regex::new(r"\{(\w+):[^}]*\}").unwrap();
        let sources = files.filter(|file| file.extension().is_some_and(|kind| kind == "rs"));
        let text: String = sources.map(|file| std::fs::read_to_string(file).unwrap()).collect();
        let all = route
            .captures_iter(&text)
            .map(|found| (found[1].to_owned(), param.replace_all(&found[2], "{$1}").into_owned()));
        all.collect()
    }

    #[test]
    fn every_route_is_in_the_document_and_no_other() {
        let document = document();
        let paths = document["paths"].as_object().unwrap();
        let documented: BTreeSet<(String, String)> = paths
            .iter()
            .flat_map(|(path, methods)| {
                methods.as_object().unwrap().keys().map(|method| (method.clone(), path.clone()))
            })
            .collect();
        let mut declared = declared();
        declared.insert(("get".to_owned(), "/".to_owned()));
        // What the pages are made of is no API.
        declared.retain(|(_, path)| !path.starts_with("/docs/"));
        assert!(declared.len() > 10, "{declared:?}");
        assert_eq!(documented, declared);
    }

    #[test]
    fn every_operation_has_errors_and_a_summary() {
        let document = document();
        let operations =
            document["paths"].as_object().unwrap().iter().flat_map(|(path, methods)| {
                methods.as_object().unwrap().values().map(move |operation| (path, operation))
            });
        for (path, operation) in operations {
            assert!(operation["summary"].as_str().is_some_and(|text| text.len() > 5), "{path}");
            let replies = operation["responses"].as_object().unwrap();
            let answer = &replies["200"]["content"]["application/json"];
            let is_answer = !["/openapi.json", "/healthz"].contains(&path.as_str());
            assert!(answer.is_null() || !is_answer || answer.get("example").is_some(), "{path}");
            if let Some(body) = operation.get("requestBody") {
                for status in ["400", "401", "413", "500", "503"] {
                    assert!(replies.contains_key(status), "{path}: {status}");
                }
                let content = body["content"].as_object().into_iter().flat_map(Map::values);
                for content in content {
                    let has = content.get("example").or(content.get("examples"));
                    assert!(has.is_some_and(Value::is_object), "{path}: no example");
                }
            }
        }
    }
}
