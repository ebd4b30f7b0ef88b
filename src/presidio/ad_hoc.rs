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
        let mut kept = Vec::with_capacity(recognizers.len());
        for (recognizer, at) in recognizers.into_iter().zip(list) {
            if text(at, "supported_language")?.is_none_or(|supported| supported == language) {
                kept.push(recognizer);
            }
        }
        Ok(kept)
    }

    fn new(value: &Value) -> Result<Self, PresidioError> {
        let wrong = |message: &str| PresidioError::Analyzer(message.to_owned());
        let entity = text(value, "supported_entity")?
            .filter(|entity| !entity.is_empty())
            .ok_or_else(|| wrong("Pattern recognizer should have a supported_entity"))?;
        let name = text(value, "name")?.unwrap_or("PatternRecognizer");
        let mut patterns =
            list(value, "patterns")?.iter().map(Pattern::new).collect::<Result<Vec<_>, _>>()?;
        let denied: Vec<String> =
            words(value, "deny_list")?.filter(|word| !word.is_empty()).map(regex::escape).collect();
        if !denied.is_empty() {
            let score = score(value, "deny_list_score")?.unwrap_or(1.0);
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
        let context = words(value, "context")?.map(str::to_lowercase).collect();
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
        let regex = text(value, "regex")?.unwrap_or_default();
        let score = score(value, "score")?.unwrap_or(0.01);
        let name = text(value, "name")?.unwrap_or("pattern").to_owned();
        if regex.is_empty() {
            return Err(PresidioError::Analyzer("a pattern needs a regex".to_owned()));
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

fn of_type<'a, T>(
    value: &'a Value,
    key: &str,
    what: &str,
    read: impl Fn(&'a Value) -> Option<T>,
) -> Result<Option<T>, PresidioError> {
    let field = value.get(key).filter(|field| !field.is_null());
    let wrong = || PresidioError::Type(format!("`{key}` must be {what}"));
    field.map(|field| read(field).ok_or_else(wrong)).transpose()
}

fn text<'a>(value: &'a Value, key: &str) -> Result<Option<&'a str>, PresidioError> {
    of_type(value, key, "a string", Value::as_str)
}

fn score(value: &Value, key: &str) -> Result<Option<f64>, PresidioError> {
    let fits = |value: &Value| value.as_f64().filter(|score| (0.0..=1.0).contains(score));
    of_type(value, key, "a score between 0 and 1", fits)
}

fn list<'a>(value: &'a Value, key: &str) -> Result<&'a [Value], PresidioError> {
    let fits = |value: &'a Value| value.as_array().filter(|list| list.len() <= MOST);
    let list = of_type(value, key, "a list of at most 1000", fits)?;
    Ok(list.map(Vec::as_slice).unwrap_or_default())
}

fn words<'a>(
    value: &'a Value,
    key: &str,
) -> Result<impl Iterator<Item = &'a str> + use<'a>, PresidioError> {
    let list = list(value, key)?;
    if list.iter().all(Value::is_string) {
        return Ok(list.iter().filter_map(Value::as_str));
    }
    Err(PresidioError::Type(format!("`{key}` must be a list of strings")))
}
