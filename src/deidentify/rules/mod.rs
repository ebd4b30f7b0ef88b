//! The rule detector: patterns, checksums and cues for every identifier of HIPAA's Safe Harbor,
//! and the operator's own patterns and lists. One file a family.

pub(crate) mod checksum;
mod engine;
mod grammar;
mod hl7;
mod lists;
mod normalise;
mod words;

mod address;
mod age;
mod date;
mod email;
mod finance;
mod license;
mod name;
mod number;
mod organization;
mod person;
mod phone;
mod ssn;
mod structured;
mod table;
mod vehicle;
mod web;

pub(super) use self::{
    normalise::blank_reference,
    number::is_drug_code,
    words::{is_no_name, is_region},
};

use std::sync::Arc;
pub(super) use words::is_ordinary;

use once_cell::sync::OnceCell;
use thiserror::Error;

use self::{
    engine::{Engine, Rule},
    hl7::Hl7,
    lists::{Custom, Lists},
    normalise::even,
};
use super::entity::{Detection, Label, Span};

/// Why the rules could not be made ready.
#[derive(Debug, Error)]
pub enum RuleError {
    /// A pattern of the operator's is wrong.
    #[error("detectors.custom {name:?}: {why}")]
    Custom {
        /// The rule's name in the settings.
        name: String,
        /// What is wrong with it.
        why: String,
    },
    /// An entry of `policy.allow` or `policy.deny` is wrong.
    #[error("policy.{list}: {why}")]
    List {
        /// `allow` or `deny`.
        list: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// A built-in pattern is wrong.
    #[error("built-in rule {name:?}: {why}")]
    Builtin {
        /// The rule's name.
        name: &'static str,
        /// What is wrong with it.
        why: String,
    },
}

/// A pattern of the operator's own.
#[derive(Clone, Debug)]
pub struct CustomRule {
    /// What reports call it: `rules.NAME`.
    pub name: String,
    /// The label of what it finds.
    pub label: Label,
    /// A regular expression in the syntax of the crate `regex`, which runs in linear time. A group
    /// named `phi` marks the part to replace; without one it is the whole match.
    pub pattern: String,
    /// How sure it is, in `0.0..=1.0`.
    pub score: f32,
}

/// A text that is always PHI.
#[derive(Clone, Debug)]
pub struct DenyEntry {
    /// The text, found as whole words in any case.
    pub text: String,
    /// Its label; the settings' default is [`Label::Id`].
    pub label: Label,
}

/// What the rules look for.
#[derive(Clone, Debug)]
pub struct RuleOptions {
    /// Whether the built-in rules run.
    pub builtin: bool,
    /// The operator's own patterns.
    pub custom: Vec<CustomRule>,
    /// Texts that are never PHI, as whole words in any case.
    pub allow: Vec<String>,
    /// Texts that are always PHI.
    pub deny: Vec<DenyEntry>,
}

impl Default for RuleOptions {
    fn default() -> Self {
        Self { builtin: true, custom: Vec::new(), allow: Vec::new(), deny: Vec::new() }
    }
}

/// The rules, ready to search texts.
pub struct Rules {
    builtin: Option<Arc<Builtin>>,
    custom: Vec<Custom>,
    lists: Lists,
}

struct Builtin {
    rules: Engine,
    hl7: Hl7,
    table: Arc<str>,
}

impl Rules {
    /// Compiles the patterns and lists.
    ///
    /// # Errors
    /// When a pattern or a list entry of the operator's is wrong; the error names it.
    pub fn new(options: &RuleOptions) -> Result<Rules, RuleError> {
        Ok(Rules {
            builtin: if options.builtin { Some(builtin()?) } else { None },
            custom: options.custom.iter().map(Custom::new).collect::<Result<_, _>>()?,
            lists: Lists::new(&options.allow, &options.deny)?,
        })
    }

    /// What `text` holds, by start; spans are bytes of `text` on character boundaries and may overlap.
    pub fn find(&self, text: &str) -> Vec<Detection> {
        match even(text) {
            None => self.find_even(text),
            Some(even) => {
                let mut found = self.find_even(even.text());
                for detection in &mut found {
                    detection.span = even.original(detection.span);
                }
                found
            }
        }
    }

    /// Drops from `found` in `text` what lies within a text of `policy.allow`, whoever found it, but
    /// for what `policy.deny` found: leaving that would be the leak.
    pub fn drop_allowed(&self, text: &str, found: &mut Vec<Detection>) {
        let is_denied = |detection: &Detection| &*detection.detector == lists::DENIED;
        let denied: Vec<Detection> = found.extract_if(.., |one| is_denied(one)).collect();
        self.lists.drop_allowed(text, found);
        found.extend(denied);
        found.sort_by_key(|detection| detection.span);
    }

    fn find_even(&self, text: &str) -> Vec<Detection> {
        let mut found = Vec::new();
        if let Some(builtin) = &self.builtin {
            builtin.rules.find(text, &mut found);
            builtin.hl7.find(text, &mut found);
            table::find(text, &builtin.table, &mut found);
            for detection in &mut found {
                detection.span = trim(text, detection.span);
            }
            found.retain(|detection| !detection.span.is_empty());
        }
        for custom in &self.custom {
            custom.find(text, &mut found);
        }
        self.lists.drop_allowed(text, &mut found);
        self.lists.find_denied(text, &mut found);
        found.sort_by_key(|detection| detection.span);
        found
    }
}

/// Without the white space at both ends.
fn trim(text: &str, span: Span) -> Span {
    let Some(value) = span.of(text) else { return Span::new(0, 0) };
    let start = span.start + (value.len() - value.trim_start().len());
    Span::new(start, start + value.trim().len())
}

/// The built-in rules, compiled once.
fn builtin() -> Result<Arc<Builtin>, RuleError> {
    static BUILTIN: OnceCell<Arc<Builtin>> = OnceCell::new();
    let new = || {
        let builtin = Builtin {
            rules: Engine::new(all())?,
            hl7: Hl7::new()?,
            table: Arc::from("rules.table"),
        };
        Ok(Arc::new(builtin))
    };
    BUILTIN.get_or_try_init(new).cloned()
}

fn all() -> impl Iterator<Item = &'static Rule> {
    [
        address::RULES,
        age::RULES,
        date::RULES,
        email::RULES,
        finance::RULES,
        license::RULES,
        number::RULES,
        organization::RULES,
        person::RULES,
        phone::RULES,
        ssn::RULES,
        structured::RULES,
        vehicle::RULES,
        web::RULES,
    ]
    .into_iter()
    .flatten()
}

#[cfg(test)]
mod tests;
