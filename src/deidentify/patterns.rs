//! The regex rules: one file a family of identifiers.
//!
//! Every pattern runs in time linear in the text (the `regex` crate has no backtracking), and every
//! check looks at a bounded piece of text around the match.

mod address;
mod age;
mod contact;
mod date;
mod ids;
mod lists;
mod names;
mod normalise;
mod numbers;
mod phone;
mod rule;
mod ssn;
mod structured;

use std::sync::Arc;

use regex::{Regex, RegexBuilder};
use thiserror::Error;

pub use self::lists::DenyEntry;
use self::{
    lists::{Allowed, Denied},
    normalise::Normalised,
    rule::Rule,
};
use super::entity::{Detection, Label, Span};

/// What the rules are made of, beside the built-in ones.
#[derive(Clone, Debug, Default)]
pub struct RuleOptions {
    /// Whether the built-in rules run.
    pub builtin: bool,
    /// Patterns of the operator's own.
    pub custom: Vec<CustomRule>,
    /// Texts that are never PHI, in any case.
    pub allow: Vec<String>,
    /// Texts that are always PHI, in any case.
    pub deny: Vec<DenyEntry>,
}

/// A pattern of the operator's own.
#[derive(Clone, Debug)]
pub struct CustomRule {
    /// Its name in reports.
    pub name: String,
    /// What it finds.
    pub label: Label,
    /// A regular expression of the `regex` crate.
    pub pattern: String,
    /// Confidence in what it finds, in `0.0..=1.0`.
    pub score: f32,
}

/// Why rules cannot be made.
#[derive(Debug, Error)]
pub enum RuleError {
    /// A pattern does not compile.
    #[error(
        "the pattern of {name:?} is not a regular expression that runs in linear time: {reason}"
    )]
    Pattern {
        /// The rule's name.
        name: String,
        /// What is wrong with it, in one line.
        reason: String,
    },
    /// A pattern matches the empty text, and so everywhere.
    #[error("the pattern of {0:?} matches the empty text")]
    Empty(String),
    /// An entry of `policy.allow` or `policy.deny` is blank.
    #[error("policy.{0} has a blank entry")]
    Blank(&'static str),
}

/// Most memory that one compiled pattern of an operator's may take, in bytes.
const MOST_PATTERN_BYTES: usize = 4 << 20;

/// All rules, compiled.
pub struct Rules {
    builtin: Vec<Rule>,
    custom: Vec<Custom>,
    allowed: Allowed,
    denied: Denied,
}

struct Custom {
    pattern: Regex,
    label: Label,
    score: f32,
    detector: Arc<str>,
}

impl Rules {
    /// Compiles the rules.
    ///
    /// # Errors
    /// When a pattern is not a regular expression, or a list has a blank entry.
    pub fn new(options: &RuleOptions) -> Result<Self, RuleError> {
        let builtin = if options.builtin { built_in()? } else { Vec::new() };
        let custom = options.custom.iter().map(compile).collect::<Result<_, _>>()?;
        Ok(Self {
            builtin,
            custom,
            allowed: Allowed::new(&options.allow)?,
            denied: Denied::new(&options.deny)?,
        })
    }

    /// What `text` holds, in bytes of `text`; neither sorted nor disjoint.
    pub fn find(&self, text: &str) -> Vec<Detection> {
        let normalised = Normalised::of(text);
        let plain = normalised.text();
        let mut found = Vec::new();
        for rule in &self.builtin {
            rule.find(plain, &mut found);
        }
        if !self.builtin.is_empty() {
            structured::find(plain, &mut found);
        }
        for custom in &self.custom {
            found.extend(custom.pattern.find_iter(plain).filter(|hit| !hit.is_empty()).map(
                |hit| Detection {
                    label: custom.label,
                    span: Span::new(hit.start(), hit.end()),
                    score: custom.score,
                    detector: Arc::clone(&custom.detector),
                },
            ));
        }
        let allowed = self.allowed.spans(plain);
        found.retain(|detection| !is_within(detection.span, &allowed));
        // What is denied wins over what is allowed: leaving it would be the leak.
        self.denied.find(plain, &mut found);
        for detection in &mut found {
            detection.span = normalised.original(detection.span);
        }
        found
    }
}

/// Whether one of `spans`, sorted and disjoint, holds all of `span`.
fn is_within(span: Span, spans: &[Span]) -> bool {
    let after = spans.partition_point(|other| other.start <= span.start);
    let around = after.checked_sub(1).and_then(|at| spans.get(at));
    around.is_some_and(|around| around.end >= span.end)
}

fn built_in() -> Result<Vec<Rule>, RuleError> {
    let families = [
        ssn::RULES,
        phone::RULES,
        contact::RULES,
        date::RULES,
        age::RULES,
        ids::RULES,
        numbers::RULES,
        address::RULES,
        names::RULES,
    ];
    families.into_iter().flatten().map(Rule::compile).collect()
}

fn compile(custom: &CustomRule) -> Result<Custom, RuleError> {
    let pattern = RegexBuilder::new(&custom.pattern)
        .size_limit(MOST_PATTERN_BYTES)
        .build()
        .map_err(|error| RuleError::Pattern {
            name: custom.name.clone(),
            reason: error.to_string().lines().last().unwrap_or_default().trim().to_owned(),
        })?;
    if pattern.is_match("") {
        return Err(RuleError::Empty(custom.name.clone()));
    }
    let detector = Arc::from(format!("custom.{}", custom.name));
    Ok(Custom { pattern, label: custom.label, score: custom.score, detector })
}

#[cfg(test)]
mod tests;
