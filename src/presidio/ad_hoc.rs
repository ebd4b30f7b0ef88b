//! Recognizers that a request brings along: patterns and deny lists, matched in linear time.

use regex::{Regex, RegexBuilder};
use serde_json::{Map, Value};

use super::{PresidioError, analyze::Found, present};
use crate::deidentify::entity::Span;

/// Most recognizers in a request, and patterns and words in one.
const MOST: usize = 1000;
/// How large a compiled pattern may be, in bytes.
const MOST_COMPILED_BYTES: usize = 4 * 1024 * 1024;
/// How many words before a match are looked at for context, how much one is worth, and what a match
/// beside one scores at least: Presidio's defaults.
const CONTEXT_WORDS: usize = 5;
const CONTEXT_WORTH: f64 = 0.35;
const LEAST_WITH_CONTEXT: f64 = 0.4;

/// A recognizer of the request's own.
pub(super) struct Recognizer {
    pub(super) name: String,
    pub(super) entity: String,
    patterns: Vec<Pattern>,
    /// In lower case.
    context: Vec<String>,
}

struct Pattern {
    name: String,
    regex: Regex,
    score: f64,
    /// Found as whole words alone.
    whole_words: bool,
}

impl Recognizer {
    /// Those of `ad_hoc_recognizers`, for `language`.
    pub(super) fn all(
        fields: &Map<String, Value>,
        language: &str,
    ) -> Result<Vec<Self>, PresidioError> {
        let Some(list) = present(fields, "ad_hoc_recognizers") else { return Ok(Vec::new()) };
        let list = list.as_array().filter(|list| list.len() <= MOST).ok_or_else(|| {
            PresidioError::Type("`ad_hoc_recognizers` must be a list of at most 1000".to_owned())
        })?;
        let recognizers = list.iter().map(Self::new).collect::<Result<Vec<_>, _>>()?;
        let of_language = |at: &Value| {
            present_text(at, "supported_language").is_none_or(|supported| supported == language)
        };
        Ok(recognizers
            .into_iter()
            .zip(list)
            .filter(|(_, at)| of_language(at))
            .map(|(r, _)| r)
            .collect())
    }

    fn new(value: &Value) -> Result<Self, PresidioError> {
        let wrong = |message: &str| PresidioError::Analyzer(message.to_owned());
        let entity = present_text(value, "supported_entity")
            .ok_or_else(|| wrong("Pattern recognizer should have a supported_entity"))?;
        let name = present_text(value, "name").unwrap_or("PatternRecognizer");
        let list = |key: &str| {
            let list = value.get(key).and_then(Value::as_array).map(Vec::as_slice);
            list.filter(|list| list.len() <= MOST).unwrap_or_default()
        };
        let mut patterns =
            list("patterns").iter().map(Pattern::new).collect::<Result<Vec<_>, _>>()?;
        let denied: Vec<String> = list("deny_list")
            .iter()
            .filter_map(Value::as_str)
            .filter(|word| !word.is_empty())
            .map(regex::escape)
            .collect();
        if !denied.is_empty() {
            let score = value.get("deny_list_score").and_then(Value::as_f64).unwrap_or(1.0);
            let regex = compile(&denied.join("|"))?;
            patterns.push(Pattern {
                name: "deny_list".to_owned(),
                regex,
                score,
                whole_words: true,
            });
        }
        if patterns.is_empty() {
            return Err(wrong(
                "Pattern recognizer should be initialized with patterns or with deny list",
            ));
        }
        let context =
            list("context").iter().filter_map(Value::as_str).map(str::to_lowercase).collect();
        Ok(Self { name: name.to_owned(), entity: entity.to_owned(), patterns, context })
    }

    /// What it finds in `text`; `around` are words, in lower case, that count as standing near.
    pub(super) fn find(&self, text: &str, around: &[String], found: &mut Vec<Found>) {
        for pattern in &self.patterns {
            for one in pattern.regex.find_iter(text).filter(|one| !one.is_empty()) {
                let span = Span::new(one.start(), one.end());
                if pattern.whole_words && !is_whole(text, span) {
                    continue;
                }
                let improved = self.is_in_context(text, span, around);
                let score = if improved {
                    (pattern.score + CONTEXT_WORTH).clamp(LEAST_WITH_CONTEXT, 1.0)
                } else {
                    pattern.score
                };
                found.push(Found {
                    entity: self.entity.clone(),
                    span,
                    score,
                    original_score: pattern.score,
                    recognizer: self.name.clone(),
                    pattern: Some((pattern.name.clone(), pattern.regex.as_str().to_owned())),
                });
            }
        }
    }

    fn is_in_context(&self, text: &str, span: Span, around: &[String]) -> bool {
        let before = text.get(..span.start).unwrap_or_default();
        let words = before.rsplit(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        let mut near =
            words.take(CONTEXT_WORDS).map(str::to_lowercase).chain(around.iter().cloned());
        !self.context.is_empty()
            && near.any(|word| self.context.iter().any(|cue| word.contains(cue.as_str())))
    }
}

impl Pattern {
    fn new(value: &Value) -> Result<Self, PresidioError> {
        let regex = present_text(value, "regex").unwrap_or_default();
        let score = value.get("score").and_then(Value::as_f64).unwrap_or(0.01);
        let name = present_text(value, "name").unwrap_or("pattern").to_owned();
        if regex.is_empty() || !(0.0..=1.0).contains(&score) {
            let message = "a pattern needs a regex and a score between 0 and 1".to_owned();
            return Err(PresidioError::Analyzer(message));
        }
        Ok(Self { name, regex: compile(regex)?, score, whole_words: false })
    }
}

/// With Presidio's flags: any case, `.` is a line break too, `^` and `$` stand at every line.
pub(super) fn compile(pattern: &str) -> Result<Regex, PresidioError> {
    RegexBuilder::new(pattern)
        .case_insensitive(true)
        .dot_matches_new_line(true)
        .multi_line(true)
        .size_limit(MOST_COMPILED_BYTES)
        .build()
        .map_err(|_| {
            let message = "a pattern is not valid here: it may not look around or back, since it \
                           must match in linear time";
            PresidioError::Analyzer(message.to_owned())
        })
}

fn is_whole(text: &str, span: Span) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let before = text.get(..span.start).and_then(|text| text.chars().next_back());
    let after = text.get(span.end..).and_then(|text| text.chars().next());
    !before.is_some_and(is_word) && !after.is_some_and(is_word)
}

fn present_text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str)
}
