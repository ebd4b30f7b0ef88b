//! THE table of which JSON strings of a request are text, which are protocol, and which cannot be
//! read. What is not listed is text: a field that nobody knew is scrubbed, never passed on unseen.

use std::collections::{HashMap, HashSet};

use once_cell::sync::Lazy;

/// What stands at a position of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text of a person or a program: scrubbed.
    Text,
    /// A protocol constant, as long as it has the shape of one; anything else there is text.
    Constant(Shape),
    /// A number that is a parameter; anything else there is text.
    Number,
    /// The name of a participant: always a name, whatever the detectors think. In the messages of
    /// tools (role `tool` or `function`) it is the name of the tool, a constant.
    Participant,
    /// A JSON schema: numbers and types in it are constants, the rest is text.
    Schema,
    /// An object whose keys and values were checked to be nothing but what they should be.
    Checked,
    /// Content that cannot be read (an image, audio, a file), let through by policy.
    Opaque,
}

/// How a constant looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// An enum word such as `json_schema`.
    Word,
    /// An id that OpenAI gave out, or the name of a tool.
    Name,
    /// The name of a model.
    Model,
    /// What the provider has encrypted, in base64: long, and without a blank.
    Sealed,
}

impl Shape {
    /// Whether `text` has this shape.
    pub fn fits(self, text: &str) -> bool {
        let (most, marks) = match self {
            Shape::Word => (32, "_-"),
            Shape::Name => (128, "_-.:"),
            Shape::Model => (256, "_-.:/@+"),
            Shape::Sealed => return is_sealed(text),
        };
        let letter = |c: char| match self {
            Shape::Word => c.is_ascii_lowercase() || c.is_ascii_digit(),
            Shape::Name | Shape::Model | Shape::Sealed => c.is_ascii_alphanumeric(),
        };
        !text.is_empty()
            && text.len() <= most
            && text.chars().all(|c| letter(c) || marks.contains(c))
            && !resembles_an_identifier(text)
    }
}

/// Whether `text` looks encrypted: no text of a person is that long without a blank.
fn is_sealed(text: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=_-".contains(&byte);
    text.len() >= 64 && text.bytes().all(letter)
}

/// Whether a constant could be a mail address or a social security number all the same.
fn resembles_an_identifier(text: &str) -> bool {
    let mail =
        text.split_once('@').is_some_and(|(user, host)| !user.is_empty() && host.contains('.'));
    let groups: Vec<&str> = text.split(|c: char| !c.is_ascii_digit()).collect();
    let ssn = groups.windows(3).any(|three| three.iter().map(|group| group.len()).eq([3, 2, 4]));
    mail || ssn
}

const WORD: Kind = Kind::Constant(Shape::Word);
const NAME: Kind = Kind::Constant(Shape::Name);
const MODEL: Kind = Kind::Constant(Shape::Model);

/// `POST /v1/chat/completions`. `[]` stands for every item of a list.
const CHAT: &[(&str, Kind)] = &[
    ("model", MODEL),
    // Messages.
    ("messages[].role", WORD),
    ("messages[].content", Kind::Text),
    ("messages[].content[].type", WORD),
    ("messages[].content[].text", Kind::Text),
    ("messages[].content[].refusal", Kind::Text),
    ("messages[].content[].image_url.url", Kind::Opaque),
    ("messages[].content[].image_url.detail", WORD),
    ("messages[].content[].input_audio.data", Kind::Opaque),
    ("messages[].content[].input_audio.format", WORD),
    ("messages[].content[].file.file_data", Kind::Opaque),
    ("messages[].content[].file.file_id", NAME),
    ("messages[].content[].file.filename", Kind::Text),
    ("messages[].name", Kind::Participant),
    ("messages[].refusal", Kind::Text),
    ("messages[].audio.id", NAME),
    ("messages[].tool_call_id", NAME),
    ("messages[].tool_calls[].id", NAME),
    ("messages[].tool_calls[].type", WORD),
    ("messages[].tool_calls[].index", Kind::Number),
    ("messages[].tool_calls[].function.name", NAME),
    ("messages[].tool_calls[].function.arguments", Kind::Text),
    ("messages[].tool_calls[].custom.name", NAME),
    ("messages[].tool_calls[].custom.input", Kind::Text),
    ("messages[].function_call.name", NAME),
    ("messages[].function_call.arguments", Kind::Text),
    // Tools.
    ("tools[].type", WORD),
    ("tools[].function.name", NAME),
    ("tools[].function.description", Kind::Text),
    ("tools[].function.parameters", Kind::Schema),
    ("tools[].custom.name", NAME),
    ("tools[].custom.description", Kind::Text),
    ("tools[].custom.format.type", WORD),
    ("tools[].custom.format.grammar.syntax", WORD),
    ("tools[].custom.format.grammar.definition", Kind::Text),
    ("tool_choice", WORD),
    ("tool_choice.type", WORD),
    ("tool_choice.function.name", NAME),
    ("tool_choice.custom.name", NAME),
    ("tool_choice.allowed_tools.mode", WORD),
    ("tool_choice.allowed_tools.tools[].type", WORD),
    ("tool_choice.allowed_tools.tools[].function.name", NAME),
    ("tool_choice.allowed_tools.tools[].custom.name", NAME),
    ("functions[].name", NAME),
    ("functions[].description", Kind::Text),
    ("functions[].parameters", Kind::Schema),
    ("function_call", WORD),
    ("function_call.name", NAME),
    // The form of the answer.
    ("response_format.type", WORD),
    ("response_format.json_schema.name", NAME),
    ("response_format.json_schema.description", Kind::Text),
    ("response_format.json_schema.schema", Kind::Schema),
    ("modalities[]", WORD),
    ("audio.voice", WORD),
    ("audio.voice.id", NAME),
    ("audio.format", WORD),
    ("stop", Kind::Text),
    ("stop[]", Kind::Text),
    ("prediction.type", WORD),
    ("prediction.content", Kind::Text),
    ("prediction.content[].type", WORD),
    ("prediction.content[].text", Kind::Text),
    // Parameters.
    ("temperature", Kind::Number),
    ("top_p", Kind::Number),
    ("n", Kind::Number),
    ("max_tokens", Kind::Number),
    ("max_completion_tokens", Kind::Number),
    ("presence_penalty", Kind::Number),
    ("frequency_penalty", Kind::Number),
    ("seed", Kind::Number),
    ("top_logprobs", Kind::Number),
    ("logit_bias", Kind::Checked),
    ("reasoning_effort", WORD),
    ("verbosity", WORD),
    ("service_tier", WORD),
    ("prompt_cache_retention", NAME),
    ("web_search_options.search_context_size", WORD),
    ("web_search_options.user_location.type", WORD),
    ("web_search_options.user_location.approximate.city", Kind::Text),
    ("web_search_options.user_location.approximate.region", Kind::Text),
    ("web_search_options.user_location.approximate.country", Kind::Text),
    ("web_search_options.user_location.approximate.timezone", Kind::Text),
    // Who asks.
    ("user", Kind::Text),
    ("safety_identifier", Kind::Text),
    ("prompt_cache_key", Kind::Text),
    ("metadata", Kind::Text),
];

/// `POST /v1/completions`
const LEGACY: &[(&str, Kind)] = &[
    ("model", MODEL),
    ("prompt", Kind::Text),
    ("prompt[]", Kind::Text),
    ("suffix", Kind::Text),
    ("stop", Kind::Text),
    ("stop[]", Kind::Text),
    ("temperature", Kind::Number),
    ("top_p", Kind::Number),
    ("n", Kind::Number),
    ("best_of", Kind::Number),
    ("max_tokens", Kind::Number),
    ("presence_penalty", Kind::Number),
    ("frequency_penalty", Kind::Number),
    ("logprobs", Kind::Number),
    ("seed", Kind::Number),
    ("logit_bias", Kind::Checked),
    ("user", Kind::Text),
];

/// `POST /v1/embeddings`
const EMBED: &[(&str, Kind)] = &[
    ("model", MODEL),
    ("input", Kind::Text),
    ("input[]", Kind::Text),
    ("encoding_format", WORD),
    ("dimensions", Kind::Number),
    ("user", Kind::Text),
];

/// `POST /v1/moderations`
const MODERATE: &[(&str, Kind)] = &[
    ("model", MODEL),
    ("input", Kind::Text),
    ("input[]", Kind::Text),
    ("input[].type", WORD),
    ("input[].text", Kind::Text),
    ("input[].image_url.url", Kind::Opaque),
];

/// `POST /v1/responses`
const RESPOND: &[(&str, Kind)] = &[
    ("model", MODEL),
    // What goes in.
    ("instructions", Kind::Text),
    ("input", Kind::Text),
    ("input[].type", WORD),
    ("input[].role", WORD),
    ("input[].id", NAME),
    ("input[].status", WORD),
    ("input[].content", Kind::Text),
    ("input[].content[].type", WORD),
    ("input[].content[].text", Kind::Text),
    ("input[].content[].refusal", Kind::Text),
    ("input[].content[].annotations", Kind::Text),
    ("input[].content[].detail", WORD),
    ("input[].content[].image_url", Kind::Opaque),
    ("input[].content[].file_data", Kind::Opaque),
    ("input[].content[].file_url", Kind::Opaque),
    ("input[].content[].file_id", NAME),
    ("input[].content[].filename", Kind::Text),
    ("input[].content[].input_audio.data", Kind::Opaque),
    ("input[].content[].input_audio.format", WORD),
    ("input[].call_id", NAME),
    ("input[].name", NAME),
    ("input[].arguments", Kind::Text),
    ("input[].input", Kind::Text),
    ("input[].output", Kind::Text),
    ("input[].output[].type", WORD),
    ("input[].output[].text", Kind::Text),
    ("input[].output[].image_url", Kind::Opaque),
    ("input[].output[].file_data", Kind::Opaque),
    ("input[].output[].file_id", NAME),
    ("input[].output[].filename", Kind::Text),
    ("input[].summary[].type", WORD),
    ("input[].summary[].text", Kind::Text),
    ("input[].encrypted_content", Kind::Constant(Shape::Sealed)),
    ("prompt.id", NAME),
    ("prompt.version", NAME),
    ("prompt.variables", Kind::Text),
    // Tools.
    ("tools[].type", WORD),
    ("tools[].name", NAME),
    ("tools[].description", Kind::Text),
    ("tools[].parameters", Kind::Schema),
    ("tools[].format.type", WORD),
    ("tools[].format.syntax", WORD),
    ("tools[].format.definition", Kind::Text),
    ("tools[].vector_store_ids[]", NAME),
    ("tools[].max_num_results", Kind::Number),
    ("tools[].search_context_size", WORD),
    ("tools[].user_location.type", WORD),
    ("tool_choice", WORD),
    ("tool_choice.type", WORD),
    ("tool_choice.name", NAME),
    ("tool_choice.mode", WORD),
    ("tool_choice.tools[].type", WORD),
    ("tool_choice.tools[].name", NAME),
    // The form of the answer.
    ("text.format.type", WORD),
    ("text.format.name", NAME),
    ("text.format.description", Kind::Text),
    ("text.format.schema", Kind::Schema),
    ("text.verbosity", WORD),
    ("reasoning.effort", WORD),
    ("reasoning.summary", WORD),
    ("reasoning.generate_summary", WORD),
    ("include[]", NAME),
    ("truncation", WORD),
    ("service_tier", WORD),
    ("prompt_cache_retention", NAME),
    // Parameters.
    ("temperature", Kind::Number),
    ("top_p", Kind::Number),
    ("top_logprobs", Kind::Number),
    ("max_output_tokens", Kind::Number),
    ("max_tool_calls", Kind::Number),
    // Who asks.
    ("user", Kind::Text),
    ("safety_identifier", Kind::Text),
    ("prompt_cache_key", Kind::Text),
    ("metadata", Kind::Text),
];

/// A table made ready for lookups.
pub struct Table {
    kinds: HashMap<&'static str, Kind>,
    /// Every path on the way to a listed one: keys on it are protocol, not text.
    ways: HashSet<String>,
}

impl Table {
    fn new(rows: &'static [(&'static str, Kind)]) -> Self {
        let mut ways = HashSet::new();
        for (path, _) in rows {
            for (at, _) in path.match_indices(['.', '[']) {
                ways.insert(path.get(..at).unwrap_or_default().to_owned());
            }
            ways.insert((*path).to_owned());
        }
        Self { kinds: rows.iter().copied().collect(), ways }
    }

    /// What stands at `path`; `None` where the table says nothing.
    pub fn kind(&self, path: &str) -> Option<Kind> {
        self.kinds.get(path).copied()
    }

    /// Whether `path` is one of the protocol's own, so that its last key is no text.
    pub fn knows(&self, path: &str) -> bool {
        self.ways.contains(path)
    }
}

/// The table of `POST /v1/chat/completions`.
pub static CHAT_COMPLETIONS: Lazy<Table> = Lazy::new(|| Table::new(CHAT));
/// The table of `POST /v1/completions`.
pub static COMPLETIONS: Lazy<Table> = Lazy::new(|| Table::new(LEGACY));
/// The table of `POST /v1/responses`.
pub static RESPONSES: Lazy<Table> = Lazy::new(|| Table::new(RESPOND));
/// The table of `POST /v1/embeddings`.
pub static EMBEDDINGS: Lazy<Table> = Lazy::new(|| Table::new(EMBED));
/// The table of `POST /v1/moderations`.
pub static MODERATIONS: Lazy<Table> = Lazy::new(|| Table::new(MODERATE));

#[cfg(test)]
mod tests {
    use super::{CHAT, CHAT_COMPLETIONS, EMBED, Kind, LEGACY, MODERATE, RESPOND, Shape};

    #[test]
    fn no_position_is_listed_twice() {
        for table in [CHAT, LEGACY, RESPOND, EMBED, MODERATE] {
            for (at, (path, _)) in table.iter().enumerate() {
                assert!(table.iter().skip(at + 1).all(|(other, _)| other != path), "{path}");
            }
        }
    }

    #[test]
    fn keys_on_the_way_to_a_position_are_known() {
        for path in ["messages", "messages[]", "messages[].content[]", "tools[].function"] {
            assert!(CHAT_COMPLETIONS.knows(path), "{path}");
        }
        assert!(!CHAT_COMPLETIONS.knows("messages[].comment"));
        assert_eq!(CHAT_COMPLETIONS.kind("messages[].comment"), None);
        assert_eq!(CHAT_COMPLETIONS.kind("metadata"), Some(Kind::Text));
    }

    #[test]
    fn a_constant_with_a_blank_or_an_at_sign_is_no_constant() {
        assert!(Shape::Word.fits("json_schema"));
        assert!(!Shape::Word.fits("John Doe"));
        assert!(!Shape::Name.fits("john@example.org"));
        assert!(Shape::Model.fits("gpt-4o-2024-05-13"));
        assert!(!Shape::Model.fits("the model of John Doe"));
        assert!(!Shape::Word.fits(""));
        assert!(!Shape::Model.fits("jdoe@example.org"));
        assert!(Shape::Model.fits("@cf/meta/llama-3"));
        assert!(!Shape::Name.fits("call_536-22-8145"));
        assert!(Shape::Sealed.fits(&"gAAAAABo-x_9".repeat(8)));
        assert!(!Shape::Sealed.fits("John") && !Shape::Sealed.fits(&"John Doe ".repeat(9)));
    }
}
