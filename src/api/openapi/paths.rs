//! The routes of the document.

use std::collections::BTreeMap;

use serde_json::json;
use utoipa::{
    IntoResponses, Modify, OpenApi,
    openapi::{
        ContentBuilder, Ref, RefOr, Response, ResponseBuilder,
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

use super::schemas::*;

/// The errors of an endpoint that takes a body.
struct Errors;

impl IntoResponses for Errors {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let own = [
            (
                "400",
                "The request is wrong or holds what cannot be de-identified; the model's key is missing or refused.",
                "invalid_request",
            ),
            ("401", "The gateway key is missing or not accepted.", "missing_gateway_key"),
            ("404", "The upstream does not know the model.", "model_not_found"),
            ("413", "The body is larger than `server.max_body_bytes`.", "request_too_large"),
            (
                "429",
                "A limit is used up: that of the key, or the upstream's.",
                "rate_limit_exceeded",
            ),
            (
                "500",
                "The upstream or a detector failed. Nothing that is not cleared was sent.",
                "upstream_error",
            ),
            (
                "503",
                "Not ready, or overloaded; `retry-after` says when to try again.",
                "overloaded",
            ),
        ];
        own.into_iter().map(|(status, says, code)| (status.to_owned(), error(says, code))).collect()
    }
}

/// The errors of a route that takes nothing.
struct Locked;

impl IntoResponses for Locked {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let mut all = Errors::responses();
        all.remove("413");
        all
    }
}

/// The errors of Presidio's routes; what keys and their limits refuse is answered as elsewhere.
struct PresidioErrors;

impl IntoResponses for PresidioErrors {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let own = |says: &str| {
            let schema = Ref::from_schema_name("PresidioError");
            let example = json!({"error": says});
            let content = ContentBuilder::new().schema(Some(schema)).example(Some(example)).build();
            let reply = ResponseBuilder::new().description(says);
            RefOr::T(reply.content("application/json", content).build())
        };
        let mut all = Errors::responses();
        all.remove("404");
        for (status, says) in [
            ("400", "The request is no JSON, or a field has the wrong type."),
            ("413", "The body is larger than `server.max_body_bytes`."),
            ("422", "A field has a value that makes no sense."),
            (
                "500",
                "Detection failed; or, as Presidio answers it, the text or its language is missing.",
            ),
            ("503", "Not ready, or overloaded."),
        ] {
            all.insert(status.to_owned(), own(says));
        }
        all
    }
}

fn error(says: &str, code: &str) -> RefOr<Response> {
    let example = json!({"error": {"message": says, "type": "invalid_request_error", "param": null, "code": code}});
    let schema = Ref::from_schema_name("ErrorReply");
    let content = ContentBuilder::new().schema(Some(schema)).example(Some(example)).build();
    RefOr::T(ResponseBuilder::new().description(says).content("application/json", content).build())
}

/// The document.
#[derive(OpenApi)]
#[openapi(
    info(title = "deid-gateway", description = "An OpenAI-compatible gateway that keeps protected health information in the clinic.", license(name = "Apache-2.0", identifier = "Apache-2.0")),
    servers((url = "/", description = "This gateway")),
    paths(analyze, anonymize, deanonymize, supportedentities, recognizers, anonymizers, deanonymizers, health, chat, completions, responses, embeddings, moderations, models, model, deidentify, reidentify,
        healthz, readyz, metrics, openapi_json, docs, playground, playground_settings, playground_inspect, playground_chat),
    tags(
        (name = "OpenAI", description = "OpenAI's endpoints: de-identified on the way out, restored on the way back"),
        (name = "De-identification", description = "The same for the caller alone: nothing goes upstream"),
        (name = "Presidio", description = "Microsoft Presidio's REST API over the same detectors"),
        (name = "Operation", description = "For those who run it"),
        (name = "Playground", description = "The page for people, and what it asks"),
    ),
    components(schemas(ErrorReply, PresidioError)),
    modifiers(&Keys),
)]
pub(super) struct Api;

struct Keys;

impl Modify for Keys {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let Some(components) = document.components.as_mut() else { return };
        let mut bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer);
        bearer = bearer.description(Some("The gateway key, as an OpenAI SDK sends its own."));
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer.build()));
        let header = ApiKeyValue::with_description("x-compliantchatgpt-key", "The gateway key.");
        let says = "The key for the upstream, where the server has none of its own.";
        let openai = ApiKeyValue::with_description("x-openai-key", says);
        components.add_security_scheme("openai", SecurityScheme::ApiKey(ApiKey::Header(openai)));
        components.add_security_scheme("header", SecurityScheme::ApiKey(ApiKey::Header(header)));
    }
}

/// Declares one of OpenAI's endpoints.
macro_rules! openai {
    ($name:ident, $path:tt, $request:ident, $reply:ident, $summary:tt, $example:tt, $reply_example:tt) => {
        openai!($name, "OpenAI", $path, $request, $reply, $summary, $example, $reply_example);
    };
    ($name:ident, $tag:tt, $path:tt, $request:ident, $reply:ident, $summary:tt, $example:tt, $reply_example:tt) => {
        #[utoipa::path(
            post, path = $path, tag = $tag, summary = $summary,
            request_body(content = $request, content_type = "application/json", example = json!($example)),
            responses((status = 200, description = "The reply, its texts restored; server-sent events with `stream`.", content(($reply = "application/json", example = json!($reply_example)), (StreamEvent = "text/event-stream"))), Errors),
            security(("bearer" = [], "openai" = []), ("header" = [], "openai" = []), ("bearer" = []), ("header" = [])),
        )]
        #[expect(dead_code, reason = "stands for a route in the document")]
        fn $name() {}
    };
}

openai!(chat, "/v1/chat/completions", ChatRequest, ChatReply, "A chat completion, de-identified",
    {"model": "gpt-4o", "messages": [{"role": "user", "content": "Patient John Doe has recurring headaches."}]},
    {"choices": [{"index": 0, "message": {"role": "assistant", "content": "John Doe should be seen."}, "finish_reason": "stop"}]});
openai!(completions, "/v1/completions", CompletionRequest, Choices, "A completion of a text, de-identified",
    {"model": "gpt-3.5-turbo-instruct", "prompt": "Patient John Doe"}, {"choices": [{"index": 0, "text": " was seen.", "finish_reason": "stop"}]});
openai!(responses, "/v1/responses", ResponsesRequest, ResponsesReply, "A response, de-identified",
    {"model": "gpt-4o", "input": "Patient John Doe has recurring headaches."}, {"output": [{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "John Doe should be seen."}]}]});
openai!(embeddings, "/v1/embeddings", EmbeddingRequest, EmbeddingReply, "Embeddings of de-identified texts",
    {"model": "text-embedding-3-small", "input": "Patient John Doe"}, {"data": [{"object": "embedding", "index": 0, "embedding": [0.1]}]});
openai!(moderations, "/v1/moderations", ModerationRequest, ModerationReply, "Moderation of de-identified texts",
    {"input": "Patient John Doe"}, {"results": [{"flagged": false}]});

/// Declares a route that takes a body and answers JSON, and goes nowhere else.
macro_rules! here {
    ($name:ident, $path:tt, $tag:tt, $request:ident, $reply:ident, $summary:tt, $example:tt, $reply_example:tt) => {
        #[utoipa::path(
            post, path = $path, tag = $tag, summary = $summary,
            request_body(content = $request, content_type = "application/json", example = json!($example)),
            responses((status = 200, description = $summary, body = $reply, example = json!($reply_example)), Errors),
            security(("bearer" = []), ("header" = [])),
        )]
        #[expect(dead_code, reason = "stands for a route in the document")]
        fn $name() {}
    };
}

here!(deidentify, "/v1/deidentify", "De-identification", DeidentifyRequest, DeidentifyReply,
    "The text with placeholders, the entities, the mapping", {"text": "Patient John Doe, MRN: 44710093"},
    {"text": "Patient [NAME_1], MRN: [MRN_1]",
     "entities": [{"label": "NAME", "start": 8, "end": 16, "score": 0.8, "detector": "rules.name", "placeholder": "[NAME_1]"},
                  {"label": "MRN", "start": 23, "end": 31, "score": 0.95, "detector": "rules.mrn", "placeholder": "[MRN_1]"}],
     "mapping": {"[NAME_1]": "John Doe", "[MRN_1]": "44710093"}});
here!(reidentify, "/v1/reidentify", "De-identification", ReidentifyRequest, ReidentifyReply,
    "The text with the originals put back", {"text": "Dear [NAME_1]", "mapping": {"[NAME_1]": "John Doe"}}, {"text": "Dear John Doe"});
here!(playground_inspect, "/playground/inspect", "Playground", InspectRequest, InspectReply,
    "What a chat would send, and why; a key is needed except on loopback", {"body": {"messages": [{"role": "user", "content": "Mr. John Doe"}]}},
    {"sent": "{\"messages\":[{\"role\":\"user\",\"content\":\"Mr. [NAME_1]\"}]}", "bytes": 55,
     "texts": [{"kind": "text", "role": "user", "text": "Mr. John Doe", "sent": "Mr. [NAME_1]",
                "entities": [{"label": "NAME", "start": 4, "end": 12, "score": 0.95, "detector": "rules.name", "strategy": "placeholder",
                              "replacement": "[NAME_1]", "reason": "It has the form of a person's name. It stands after “Mr.”.",
                              "found_by": [{"detector": "rules.name", "label": "NAME", "score": 0.95, "text": "John Doe"}]}]}],
     "mapping": {"[NAME_1]": "John Doe"}, "timings": {"detect_ms": 4.1, "substitute_ms": 0.1, "total_ms": 4.3}});
openai!(playground_chat, "Playground", "/playground/chat", ChatRequest, ChatReply, "A chat whose stream shows what was sent, and the reply before and after restoration",
    {"messages": [{"role": "user", "content": "Mr. John Doe"}]}, {"choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}]});

/// Declares a route that is asked with nothing but a key.
macro_rules! locked {
    ($name:ident, $path:tt, $tag:tt, $reply:ident, $summary:tt, $params:tt, $example:tt) => {
        #[utoipa::path(
                    get, path = $path, tag = $tag, summary = $summary, params $params,
                    responses((status = 200, description = $summary, body = $reply, example = json!($example)), Locked),
                    security(("bearer" = []), ("header" = [])),
                )]
        #[expect(dead_code, reason = "stands for a route in the document")]
        fn $name() {}
    };
}

locked!(models, "/v1/models", "OpenAI", Models, "The upstream's models", (),
    {"object": "list", "data": [{"id": "gpt-4o", "object": "model"}]});
locked!(
    model,
    "/v1/models/{id}",
    "OpenAI",
    Models,
    "One of the upstream's models",
    ((
        "id" = String,
        Path,
        description = "The model's id.",
        pattern = "^[A-Za-z0-9][A-Za-z0-9_.:@+-]*$",
        max_length = 256,
        example = "gpt-4o"
    )),
    {"id": "gpt-4o", "object": "model"}
);
locked!(
    playground_settings,
    "/playground/settings",
    "Playground",
    PlaygroundReply,
    "What the playground offers to try; a key is needed except on loopback",
    (),
    {"version": "0.1.0", "labels": [{"name": "NAME", "about": "a person's name", "strategy": "placeholder"}],
     "strategies": ["placeholder", "surrogate", "date_shift", "redact", "keep"]}
);

/// Declares a route that anybody may ask.
macro_rules! open {
    ($name:ident, $path:tt, $tag:tt, $kind:tt, $reply:ident, $summary:tt) => {
        #[utoipa::path(get, path = $path, tag = $tag, summary = $summary,
            responses((status = 200, description = $summary, body = $reply, content_type = $kind)))]
        #[expect(dead_code, reason = "stands for a route in the document")]
        fn $name() {}
    };
}

open!(healthz, "/healthz", "Operation", "application/json", Health, "The process answers");
open!(
    metrics,
    "/metrics",
    "Operation",
    "text/plain",
    String,
    "Counts for Prometheus; `metrics.access` says who may read them"
);
open!(openapi_json, "/openapi.json", "Operation", "application/json", Value, "This document");
open!(docs, "/docs", "Operation", "text/html", String, "A page that browses this document");
open!(
    playground,
    "/",
    "Playground",
    "text/html",
    String,
    "The playground, where `playground.enabled` has it"
);

#[utoipa::path(get, path = "/readyz", tag = "Operation", summary = "The models are loaded and warm",
    responses((status = 200, description = "Ready.", body = Health, example = json!({"status": "ready"})), (status = 503, description = "Not ready.", body = ErrorReply)))]
#[expect(dead_code, reason = "stands for a route in the document")]
fn readyz() {}

/// Declares one of Presidio's routes that take a body.
macro_rules! presidio {
    ($name:ident, $path:tt, $request:ident, $reply:ty, $summary:tt, $example:tt, $reply_example:tt) => {
        #[utoipa::path(
            post, path = $path, tag = "Presidio", summary = $summary,
            request_body(content = $request, content_type = "application/json", example = json!($example)),
            responses((status = 200, description = $summary, body = $reply, example = json!($reply_example)), PresidioErrors),
            security(("bearer" = []), ("header" = [])),
        )]
        #[expect(dead_code, reason = "stands for a route in the document")]
        fn $name() {}
    };
}

presidio!(analyze, "/analyze", AnalyzeRequest, AnalyzeReply, "Presidio's analyzer: what a text holds",
    {"text": "Patient John Doe, MRN: 44710093", "language": "en"},
    [{"entity_type": "PERSON", "start": 8, "end": 16, "score": 0.8, "analysis_explanation": null},
     {"entity_type": "MEDICAL_RECORD_NUMBER", "start": 23, "end": 31, "score": 0.95, "analysis_explanation": null}]);
presidio!(anonymize, "/anonymize", AnonymizeRequest, AnonymizeReply, "Presidio's anonymizer: the text with what was found replaced",
    {"text": "Patient John Doe", "analyzer_results": [{"start": 8, "end": 16, "score": 0.9, "entity_type": "PERSON"}]},
    {"text": "Patient <PERSON>", "items": [{"start": 8, "end": 16, "entity_type": "PERSON", "text": "<PERSON>", "operator": "replace", "score": 0.9}]});
presidio!(deanonymize, "/deanonymize", DeanonymizeRequest, AnonymizeReply, "Presidio's way back for what was encrypted",
    {"text": "Patient S184CMt9Drj7QaKQ21JTrpYzghnboTF9pn/neN8JME0=", "anonymizer_results": [{"start": 8, "end": 52, "entity_type": "PERSON"}],
     "deanonymizers": {"PERSON": {"type": "decrypt", "key": "WmZq4t7w!z%C&F)J"}}},
    {"text": "Patient Chloë", "items": [{"start": 8, "end": 13, "entity_type": "PERSON", "text": "Chloë", "operator": "decrypt", "score": null}]});

/// Declares one of Presidio's lists of names.
macro_rules! names {
    ($name:ident, $path:tt, $summary:tt, $params:tt, $example:tt) => {
        #[utoipa::path(
            get, path = $path, tag = "Presidio", summary = $summary, params $params,
            responses((status = 200, description = $summary, body = Vec<String>, example = json!($example)), PresidioErrors),
            security(("bearer" = []), ("header" = [])),
        )]
        #[expect(dead_code, reason = "stands for a route in the document")]
        fn $name() {}
    };
}

names!(supportedentities, "/supportedentities", "Presidio's names of what is found",
    (("language" = Option<Language>, Query, description = "English alone.")), ["DATE_TIME", "PERSON", "US_SSN"]);
names!(recognizers, "/recognizers", "The detectors of this gateway",
    (("language" = Option<Language>, Query, description = "English alone.")), ["rules", "phi-ner"]);
names!(
    anonymizers,
    "/anonymizers",
    "Operators of /anonymize",
    (),
    ["encrypt", "hash", "keep", "mask", "redact", "replace"]
);
names!(
    deanonymizers,
    "/deanonymizers",
    "Operators of /deanonymize",
    (),
    ["decrypt", "deanonymize_keep"]
);
open!(health, "/health", "Presidio", "text/plain", String, "Presidio's health check");
