//! THE table of which JSON strings of a request are text, which are protocol constants, and which are
//! refused. What is not listed is text: a field that nobody knew is scrubbed, never passed on unseen.
//!
//! It was checked against the request types of OpenAI's own Python package, and a test does so again
//! with the version that `scripts/requirements/clients.txt` pins.

use once_cell::sync::Lazy;

use super::fields::{Kind, Shape, Table};

const WORD: Kind = Kind::Constant(Shape::Word);
const NAME: Kind = Kind::Constant(Shape::Name);
const MODEL: Kind = Kind::Constant(Shape::Model);
const SEALED: Kind = Kind::Constant(Shape::Sealed);
const STORED: &str = "nothing is stored here, so send the whole input";

/// `POST /v1/chat/completions`. `[]` stands for every item of a list, `*` for any key, and
/// `{a,b}` for each of these.
const CHAT: &[(&str, Kind)] = &[
    ("model", MODEL),
    // Messages.
    ("messages[].role", WORD),
    ("messages[].content", Kind::Text),
    ("messages[].content[].type", WORD),
    ("messages[].content[].{text,refusal}", Kind::Text),
    ("messages[].content[].image_url.url", Kind::Opaque),
    ("messages[].content[].image_url.detail", WORD),
    ("messages[].content[].input_audio.data", Kind::Opaque),
    ("messages[].content[].input_audio.format", WORD),
    ("messages[].content[].file.file_data", Kind::Opaque),
    ("messages[].content[].file.file_id", NAME),
    ("messages[].content[].file.filename", Kind::Text),
    ("messages[].content[].prompt_cache_breakpoint.{mode,ttl}", WORD),
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
    ("{stop,stop[]}", Kind::Text),
    ("prediction.type", WORD),
    ("prediction.content", Kind::Text),
    ("prediction.content[].type", WORD),
    ("prediction.content[].text", Kind::Text),
    ("prediction.content[].prompt_cache_breakpoint.{mode,ttl}", WORD),
    // Parameters.
    ("{temperature,top_p,n,max_tokens,max_completion_tokens,presence_penalty}", Kind::Number),
    ("{frequency_penalty,seed,top_logprobs}", Kind::Number),
    ("logit_bias", Kind::Checked),
    ("{reasoning_effort,verbosity,service_tier}", WORD),
    ("prompt_cache_retention", NAME),
    ("prompt_cache_options.{mode,ttl}", WORD),
    ("moderation.model", MODEL),
    ("moderation.policy.input.mode", WORD),
    ("moderation.policy.output.mode", WORD),
    ("web_search_options.search_context_size", WORD),
    ("web_search_options.user_location.type", WORD),
    ("web_search_options.user_location.approximate.{city,region,country,timezone}", Kind::Text),
    // Who asks.
    ("{user,safety_identifier,prompt_cache_key,metadata}", Kind::Text),
];

/// `POST /v1/completions`
const LEGACY: &[(&str, Kind)] = &[
    ("model", MODEL),
    ("{prompt,prompt[],suffix,stop,stop[]}", Kind::Text),
    ("{temperature,top_p,n,best_of,max_tokens,presence_penalty,frequency_penalty}", Kind::Number),
    ("{logprobs,seed}", Kind::Number),
    ("logit_bias", Kind::Checked),
    ("user", Kind::Text),
];

/// `POST /v1/embeddings`
const EMBED: &[(&str, Kind)] = &[
    ("model", MODEL),
    ("{input,input[]}", Kind::Text),
    ("encoding_format", WORD),
    ("dimensions", Kind::Number),
    ("user", Kind::Text),
];

/// `POST /v1/moderations`
const MODERATE: &[(&str, Kind)] = &[
    ("model", MODEL),
    ("{input,input[]}", Kind::Text),
    ("input[].type", WORD),
    ("input[].text", Kind::Text),
    ("input[].image_url.url", Kind::Opaque),
];

/// `POST /v1/responses`. What stands under `tools[]` and `text` holds for the places of [`ALSO`] too.
const RESPOND: &[(&str, Kind)] = &[
    ("model", MODEL),
    // What is stored at the provider: the gateway could not put the originals of an earlier request
    // back.
    ("{previous_response_id,conversation}", Kind::Refused(STORED)),
    ("background_options.continuation_id", Kind::Refused(STORED)),
    // What goes in.
    ("{instructions,input}", Kind::Text),
    ("input[].{type,role}", WORD),
    ("input[].id", NAME),
    ("input[].{status,phase}", WORD),
    ("input[].content", Kind::Text),
    ("input[].content[].type", WORD),
    ("input[].content[].{text,refusal}", Kind::Text),
    ("input[].content[].annotations[].type", WORD),
    ("input[].content[].annotations[].{url,title,filename}", Kind::Text),
    ("input[].content[].annotations[].{file_id,container_id}", NAME),
    ("input[].content[].annotations[].{index,start_index,end_index}", Kind::Number),
    // Pieces of words, and their bytes: no detector could read them, and no model does.
    ("input[].content[].logprobs", Kind::Dropped),
    ("input[].content[].detail", WORD),
    ("input[].content[].{image_url,file_data,file_url}", Kind::Opaque),
    ("input[].content[].file_id", NAME),
    ("input[].content[].filename", Kind::Text),
    ("input[].content[].input_audio.data", Kind::Opaque),
    ("input[].content[].input_audio.format", WORD),
    ("input[].content[].prompt_cache_breakpoint.{mode,ttl}", WORD),
    ("input[].summary[].type", WORD),
    ("input[].summary[].text", Kind::Text),
    ("input[].{encrypted_content,fingerprint}", SEALED),
    // Calls of tools, and what came of them.
    ("input[].{call_id,approval_request_id,name,namespace,server_label}", NAME),
    ("input[].caller.type", WORD),
    ("input[].caller.caller_id", NAME),
    ("input[].execution", WORD),
    ("input[].{arguments,input,code,reason,queries[]}", Kind::Text),
    ("input[].container_id", NAME),
    ("input[].max_output_length", Kind::Number),
    ("input[].reasoning.effort", WORD),
    ("input[].error", Kind::Text),
    ("input[].error.{type,code}", WORD),
    ("input[].error.message", Kind::Text),
    ("input[].error.moderation_details.moderation_stage", WORD),
    ("input[].output", Kind::Text),
    ("input[].output.type", WORD),
    ("input[].output.image_url", Kind::Opaque),
    ("input[].output.file_id", NAME),
    ("input[].output[].type", WORD),
    ("input[].output[].{text,stdout,stderr}", Kind::Text),
    ("input[].output[].outcome.type", WORD),
    ("input[].output[].outcome.exit_code", Kind::Number),
    ("input[].output[].detail", WORD),
    ("input[].output[].{image_url,file_data,file_url}", Kind::Opaque),
    ("input[].output[].file_id", NAME),
    ("input[].output[].filename", Kind::Text),
    ("input[].output[].prompt_cache_breakpoint.{mode,ttl}", WORD),
    ("input[].result", Kind::Text),
    ("input[].results[].file_id", NAME),
    ("input[].results[].{filename,text}", Kind::Text),
    ("input[].results[].score", Kind::Number),
    ("input[].outputs[].type", WORD),
    ("input[].outputs[].logs", Kind::Text),
    ("input[].outputs[].url", Kind::Opaque),
    ("input[].environment.type", WORD),
    ("input[].environment.container_id", NAME),
    ("input[].environment.skills[].name", NAME),
    ("input[].operation.type", WORD),
    ("input[].operation.diff", Kind::Text),
    ("input[].pending_safety_checks[].id", NAME),
    ("input[].pending_safety_checks[].code", WORD),
    ("input[].acknowledged_safety_checks[].id", NAME),
    ("input[].acknowledged_safety_checks[].code", WORD),
    // What a tool did: searched, ran, clicked, drew.
    ("input[].action", WORD),
    ("input[].action.{type,button}", WORD),
    ("input[].action.{keys[],query,queries[],pattern,text}", Kind::Text),
    ("input[].action.sources[].type", WORD),
    ("input[].action.{command[],commands[]}", Kind::Text),
    ("input[].action.{max_output_length,timeout_ms,x,y,scroll_x,scroll_y}", Kind::Number),
    ("input[].action.path[].{x,y}", Kind::Number),
    ("input[].{background,output_format,quality,size}", WORD),
    ("input[].svg_usage.model", MODEL),
    ("input[].svg_usage.{input_tokens,output_tokens,reasoning_tokens}", Kind::Number),
    ("input[].svg_usage.total_tokens", Kind::Number),
    ("prompt.{id,version}", NAME),
    ("prompt.variables", Kind::Text),
    ("prompt.variables.*", Kind::Text),
    ("prompt.variables.*.type", WORD),
    ("prompt.variables.*.text", Kind::Text),
    ("prompt.variables.*.detail", WORD),
    ("prompt.variables.*.image_url", Kind::Opaque),
    ("prompt.variables.*.file_data", Kind::Opaque),
    ("prompt.variables.*.file_url", Kind::Opaque),
    ("prompt.variables.*.file_id", NAME),
    ("prompt.variables.*.prompt_cache_breakpoint.mode", WORD),
    ("prompt.variables.*.prompt_cache_breakpoint.ttl", WORD),
    // Tools.
    ("tools[].type", WORD),
    ("tools[].name", NAME),
    ("tools[].description", Kind::Text),
    ("tools[].{parameters,input_schema,output_schema}", Kind::Schema),
    ("tools[].{allowed_callers[],execution}", WORD),
    ("tools[].format.{type,syntax}", WORD),
    ("tools[].format.definition", Kind::Text),
    ("tools[].vector_store_ids[]", NAME),
    ("tools[].max_num_results", Kind::Number),
    ("tools[].ranking_options.ranker", WORD),
    ("tools[].ranking_options.score_threshold", Kind::Number),
    ("tools[].ranking_options.hybrid_search.{embedding_weight,text_weight}", Kind::Number),
    ("tools[].filters.type", WORD),
    ("tools[].filters.key", NAME),
    ("tools[].filters.filters[].type", WORD),
    ("tools[].filters.filters[].key", NAME),
    ("tools[].{search_context_size,search_content_types[]}", WORD),
    ("tools[].user_location.type", WORD),
    ("tools[].server_label", NAME),
    ("tools[].server_description", Kind::Text),
    ("tools[].connector_id", WORD),
    ("tools[].{tunnel_id,allowed_tools[]}", NAME),
    ("tools[].allowed_tools.tool_names[]", NAME),
    ("tools[].require_approval", WORD),
    ("tools[].require_approval.always.tool_names[]", NAME),
    ("tools[].require_approval.never.tool_names[]", NAME),
    ("tools[].container", NAME),
    ("tools[].container.type", WORD),
    ("tools[].container.file_ids[]", NAME),
    ("tools[].container.memory_limit", WORD),
    ("tools[].container.network_policy.type", WORD),
    ("tools[].environment", WORD),
    ("tools[].environment.type", WORD),
    ("tools[].environment.{container_id,file_ids[]}", NAME),
    ("tools[].environment.memory_limit", WORD),
    ("tools[].environment.network_policy.type", WORD),
    ("tools[].environment.skills[].type", WORD),
    ("tools[].environment.skills[].{name,skill_id,version}", NAME),
    ("tools[].environment.skills[].source.type", WORD),
    ("tools[].environment.skills[].source.media_type", MODEL),
    ("tools[].environment.skills[].source.data", Kind::Opaque),
    ("tools[].{display_width,display_height}", Kind::Number),
    ("tools[].{action,background,complexity}", WORD),
    ("tools[].{frame_count,frame_duration_ms}", Kind::Number),
    ("tools[].input_fidelity", WORD),
    ("tools[].input_image_mask.file_id", NAME),
    ("tools[].input_image_mask.image_url", Kind::Opaque),
    ("tools[].model", MODEL),
    ("tools[].moderation", WORD),
    ("tools[].output_compression", Kind::Number),
    ("tools[].output_format", WORD),
    ("tools[].partial_images", Kind::Number),
    ("tools[].{quality,size}", WORD),
    ("tools[].svg.model", MODEL),
    ("tools[].svg.reasoning.effort", WORD),
    ("tool_choice", WORD),
    ("tool_choice.type", WORD),
    ("tool_choice.{name,server_label}", NAME),
    ("tool_choice.mode", WORD),
    ("tool_choice.tools[].type", WORD),
    ("tool_choice.tools[].{name,server_label}", NAME),
    // The form of the answer.
    ("text.format.type", WORD),
    ("text.format.name", NAME),
    ("text.format.description", Kind::Text),
    ("text.format.schema", Kind::Schema),
    ("text.verbosity", WORD),
    ("reasoning.{effort,mode,context,summary,generate_summary}", WORD),
    ("include[]", NAME),
    ("{truncation,service_tier}", WORD),
    ("prompt_cache_retention", NAME),
    ("prompt_cache_options.{mode,ttl}", WORD),
    ("prompt_cache_options.comparison_response_id", NAME),
    ("context_management[].type", WORD),
    ("context_management[].compact_threshold", Kind::Number),
    ("background_options.completion_window", WORD),
    ("access_programs.cyber", WORD),
    ("image.context_compression", WORD),
    ("moderation.model", MODEL),
    ("moderation.policy.input.mode", WORD),
    ("moderation.policy.output.mode", WORD),
    // Parameters.
    ("{temperature,top_p,top_logprobs,max_output_tokens,max_tool_calls}", Kind::Number),
    // Who asks.
    ("{user,safety_identifier,prompt_cache_key,metadata}", Kind::Text),
];

/// Places of `/v1/responses` that hold the same as another: first that other, then the place.
const ALSO: &[(&str, &str)] = &[
    ("input[].action", "input[].actions[]"),
    ("tools[]", "tools[].tools[]"),
    ("tools[]", "input[].tools[]"),
    ("tools[]", "input[].tools[].tools[]"),
    ("text", "input[].text"),
];

/// The table of `POST /v1/chat/completions`.
pub static CHAT_COMPLETIONS: Lazy<Table> = Lazy::new(|| Table::new(CHAT, &[]));
/// The table of `POST /v1/completions`.
pub static COMPLETIONS: Lazy<Table> = Lazy::new(|| Table::new(LEGACY, &[]));
/// The table of `POST /v1/responses`.
pub static RESPONSES: Lazy<Table> = Lazy::new(|| Table::new(RESPOND, ALSO));
/// The table of `POST /v1/embeddings`.
pub static EMBEDDINGS: Lazy<Table> = Lazy::new(|| Table::new(EMBED, &[]));
/// The table of `POST /v1/moderations`.
pub static MODERATIONS: Lazy<Table> = Lazy::new(|| Table::new(MODERATE, &[]));

#[cfg(test)]
mod tests {
    use super::{CHAT, CHAT_COMPLETIONS, EMBED, Kind, LEGACY, MODERATE, RESPOND, RESPONSES};

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
    fn nested_tools_are_tools() {
        for path in ["input[].tools[].parameters", "tools[].tools[].parameters"] {
            assert_eq!(RESPONSES.kind(path), Some(Kind::Schema), "{path}");
        }
        assert_eq!(RESPONSES.kind("input[].actions[].x"), Some(Kind::Number));
        assert_eq!(RESPONSES.kind("input[].actions[]"), RESPONSES.kind("input[].action"));
        assert_eq!(RESPONSES.kind("input[].text.verbosity"), RESPONSES.kind("text.verbosity"));
    }
}
