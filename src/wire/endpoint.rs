//! OpenAI's text endpoints: where they are, what their requests must be, and how they stream.

use serde_json::{Map, Value};

use super::{
    admit::admit,
    chat,
    check::{self, Invalid},
    fields::Table,
    table,
};
use crate::{settings::UnscannableContent, substitute::stream::Shape};

/// An endpoint that carries text of callers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// `POST /v1/chat/completions`
    ChatCompletions,
    /// `POST /v1/completions`
    Completions,
    /// `POST /v1/responses`
    Responses,
    /// `POST /v1/embeddings`
    Embeddings,
    /// `POST /v1/moderations`
    Moderations,
}

impl Endpoint {
    /// Its path below the upstream's base address.
    pub fn path(self) -> &'static str {
        match self {
            Self::ChatCompletions => "/chat/completions",
            Self::Completions => "/completions",
            Self::Responses => "/responses",
            Self::Embeddings => "/embeddings",
            Self::Moderations => "/moderations",
        }
    }

    /// What the strings of its requests are.
    pub fn table(self) -> &'static Table {
        match self {
            Self::ChatCompletions => &table::CHAT_COMPLETIONS,
            Self::Completions => &table::COMPLETIONS,
            Self::Responses => &table::RESPONSES,
            Self::Embeddings => &table::EMBEDDINGS,
            Self::Moderations => &table::MODERATIONS,
        }
    }

    /// How it streams, where it does.
    pub fn stream(self) -> Option<Shape> {
        match self {
            Self::ChatCompletions | Self::Completions => Some(Shape::Chunks),
            Self::Responses => Some(Shape::Typed),
            Self::Embeddings | Self::Moderations => None,
        }
    }

    /// The field that a reply must have, or it is none.
    pub fn answers_with(self) -> &'static str {
        match self {
            Self::ChatCompletions | Self::Completions => "choices",
            Self::Responses => "output",
            Self::Embeddings => "data",
            Self::Moderations => "results",
        }
    }

    /// Checks `body` before anything of it is sent, and takes out what is of no use upstream and
    /// could not be read.
    ///
    /// # Errors
    /// The first field that is missing or wrong.
    pub fn admit(self, body: &mut Value, unscannable: UnscannableContent) -> Result<(), Invalid> {
        self.validate(body, unscannable)?;
        admit(body, self.table(), unscannable)
    }

    /// Checks `body` alone.
    ///
    /// # Errors
    /// The first field that is missing or wrong.
    pub fn validate(self, body: &Value, unscannable: UnscannableContent) -> Result<(), Invalid> {
        let Value::Object(fields) = body else {
            return Err(Invalid::new("body", "the body must be a JSON object"));
        };
        if fields.contains_key("deid") {
            let message = "the `deid` object is not supported by this version";
            return Err(Invalid::new("deid", message));
        }
        self.check_stream(fields)?;
        check::string(fields, "model")?;
        match self {
            Self::ChatCompletions => chat::validate(fields, unscannable),
            Self::Completions => super::legacy::completions(fields),
            Self::Responses => super::responses::validate(fields, unscannable),
            Self::Embeddings => super::legacy::embeddings(fields),
            Self::Moderations => super::legacy::moderations(fields, unscannable),
        }
    }

    fn check_stream(self, fields: &Map<String, Value>) -> Result<(), Invalid> {
        match fields.get("stream") {
            None | Some(Value::Null | Value::Bool(false)) => Ok(()),
            Some(Value::Bool(true)) if self.stream().is_some() => Ok(()),
            Some(Value::Bool(true)) => Err(Invalid::new("stream", "this endpoint does not stream")),
            Some(_) => Err(Invalid::new("stream", "`stream` must be true or false")),
        }
    }
}
