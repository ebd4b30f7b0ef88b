//! The operator's own patterns, and the lists of what is never and what is always PHI.

use std::sync::Arc;

use regex::{Regex, RegexBuilder};

use super::{CustomRule, DenyEntry, RuleError, normalise::even};
use crate::deidentify::{
    entity::{Detection, Label, Span},
    rewritten::Rewritten,
};

/// Largest size of the operator's compiled patterns, in bytes each.
const SIZE_LIMIT: usize = 32 << 20;

/// The detector of what `policy.deny` lists.
pub(super) const DENIED: &str = "rules.deny";

/// A pattern of the operator's.
pub(super) struct Custom {
    regex: Regex,
    label: Label,
    score: f32,
    detector: Arc<str>,
}

impl Custom {
    pub(super) fn new(rule: &CustomRule) -> Result<Self, RuleError> {
        let wrong = |why: String| RuleError::Custom { name: rule.name.clone(), why };
        if !(0.0..=1.0).contains(&rule.score) {
            return Err(wrong("score must be between 0 and 1".to_owned()));
        }
        let regex =
            RegexBuilder::new(&rule.pattern).size_limit(SIZE_LIMIT).build().map_err(|error| {
                let last = error.to_string();
                wrong(last.lines().last().unwrap_or_default().trim().to_owned())
            })?;
        if regex.is_match("") {
            return Err(wrong("the pattern matches the empty text".to_owned()));
        }
        let detector = Arc::from(format!("rules.{}", rule.name));
        Ok(Self { regex, label: rule.label, score: rule.score, detector })
    }

    pub(super) fn find(&self, text: &str, found: &mut Vec<Detection>) {
        for captures in self.regex.captures_iter(text) {
            let Some(part) = captures.name("phi").or_else(|| captures.get(0)) else { continue };
            let span = Span::new(part.start(), part.end());
            if !span.is_empty() {
                let detector = Arc::clone(&self.detector);
                found.push(Detection { label: self.label, span, score: self.score, detector });
            }
        }
    }
}

/// What is never and what is always PHI.
pub(super) struct Lists {
    allow: Option<Regex>,
    deny: Option<Denied>,
}

struct Denied {
    any: Regex,
    each: Vec<(Regex, Label)>,
    detector: Arc<str>,
}

impl Lists {
    pub(super) fn new(allow: &[String], deny: &[DenyEntry]) -> Result<Self, RuleError> {
        let texts: Vec<&str> = deny.iter().map(|entry| entry.text.as_str()).collect();
        let deny = match any_of("deny", &texts)? {
            None => None,
            Some(any) => Some(Denied {
                any,
                each: deny
                    .iter()
                    .map(|entry| Ok((regex("deny", &whole("deny", &entry.text)?)?, entry.label)))
                    .collect::<Result<_, _>>()?,
                detector: Arc::from(DENIED),
            }),
        };
        let texts: Vec<&str> = allow.iter().map(String::as_str).collect();
        Ok(Self { allow: any_of("allow", &texts)?, deny })
    }

    /// Drops what lies wholly inside an allowed text.
    pub(super) fn drop_allowed(&self, text: &str, found: &mut Vec<Detection>) {
        let Some(allow) = &self.allow else { return };
        if found.is_empty() {
            return;
        }
        let allowed = occurrences(allow, text);
        found.retain(|detection| {
            let span = detection.span;
            // The last allowed text that begins at or before the detection, and those before it
            // that reach as far: ends grow with starts only roughly, so look at a few.
            let upto = allowed.partition_point(|allowed| allowed.start <= span.start);
            !allowed.iter().take(upto).rev().take(8).any(|allowed| span.end <= allowed.end)
        });
    }

    /// Adds every denied text.
    pub(super) fn find_denied(&self, text: &str, found: &mut Vec<Detection>) {
        let Some(Denied { any, each, detector }) = &self.deny else { return };
        for span in occurrences(any, text) {
            let value = span.of(text).unwrap_or_default();
            let label = each.iter().find(|(regex, _)| {
                regex.find(value).is_some_and(|found| found.len() == value.len())
            });
            let label = label.map_or(Label::Id, |&(_, label)| label);
            found.push(Detection { label, span, score: 1.0, detector: Arc::clone(detector) });
        }
    }
}

/// Where `regex` matches, those that overlap too.
fn occurrences(regex: &Regex, text: &str) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut at = 0;
    while let Some(found) = regex.find_at(text, at) {
        spans.push(Span::new(found.start(), found.end()));
        let first = found.as_str().chars().next().map_or(1, char::len_utf8);
        at = found.start() + first;
    }
    spans
}

/// Any of `texts`, the longest first.
fn any_of(list: &'static str, texts: &[&str]) -> Result<Option<Regex>, RuleError> {
    if texts.is_empty() {
        return Ok(None);
    }
    let mut texts = texts.to_vec();
    texts.sort_by_key(|text| std::cmp::Reverse(text.len()));
    let patterns = texts.iter().map(|text| whole(list, text)).collect::<Result<Vec<_>, _>>()?;
    regex(list, &patterns.join("|")).map(Some)
}

/// A pattern for `text` as whole words, white space of any kind between them.
fn whole(list: &'static str, text: &str) -> Result<String, RuleError> {
    let even = even(text);
    let text = even.as_ref().map_or(text, Rewritten::text);
    let words: Vec<String> = text.split_whitespace().map(regex::escape).collect();
    let (Some(first), Some(last)) = (text.trim().chars().next(), text.trim().chars().next_back())
    else {
        return Err(RuleError::List { list, why: "an entry is empty".to_owned() });
    };
    let boundary = |c: char| if c.is_alphanumeric() || c == '_' { r"\b" } else { "" };
    Ok(format!("{}{}{}", boundary(first), words.join(r"\s+"), boundary(last)))
}

fn regex(list: &'static str, pattern: &str) -> Result<Regex, RuleError> {
    RegexBuilder::new(pattern)
        .case_insensitive(true)
        .size_limit(SIZE_LIMIT)
        .build()
        .map_err(|error| RuleError::List { list, why: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::super::{RuleOptions, Rules};
    use super::*;

    fn rules(allow: &[&str], deny: &[(&str, Label)]) -> Rules {
        Rules::new(&RuleOptions {
            allow: allow.iter().map(|&text| text.to_owned()).collect(),
            deny: deny
                .iter()
                .map(|&(text, label)| DenyEntry { text: text.to_owned(), label })
                .collect(),
            ..RuleOptions::default()
        })
        .unwrap()
    }

    fn found(rules: &Rules, text: &str) -> Vec<(String, Label)> {
        let found = rules.find(text);
        found.iter().map(|found| (found.span.of(text).unwrap().to_owned(), found.label)).collect()
    }

    #[test]
    fn allowed_texts_are_not_phi() {
        let rules = rules(&["Dr. Smith", "555-0100 hotline", "clinic@example.org"], &[]);
        assert_eq!(found(&rules, "Ask DR.  SMITH or mail Clinic@Example.org"), []);
        // Part of a longer find is not allowed.
        assert_eq!(found(&rules, "Ask Dr. Smithson"), [("Smithson".to_owned(), Label::Name)]);
        assert_eq!(found(&rules, "mail my-clinic@example.org").len(), 1);
    }

    #[test]
    fn denied_texts_are_phi() {
        let rules = rules(
            &["Osprey"],
            &[("Project Osprey", Label::Id), ("osprey wing", Label::Location), ("#7", Label::Id)],
        );
        let text = "the PROJECT\u{a0}osprey wing, ospreys, #7";
        let expected = [
            ("PROJECT\u{a0}osprey".to_owned(), Label::Id),
            ("osprey wing".to_owned(), Label::Location),
            ("#7".to_owned(), Label::Id),
        ];
        assert_eq!(found(&rules, text), expected);
    }

    #[test]
    fn wrong_patterns_are_named() {
        for (pattern, score) in [("(", 0.5), ("a*", 0.5), (r"(?=x)x", 0.5), ("x", 1.5)] {
            let custom = CustomRule {
                name: "clinic-mrn".to_owned(),
                label: Label::Mrn,
                pattern: pattern.to_owned(),
                score,
            };
            let error = Rules::new(&RuleOptions { custom: vec![custom], ..RuleOptions::default() })
                .err()
                .unwrap();
            assert!(error.to_string().contains("clinic-mrn"), "{error}");
        }
        let error =
            Rules::new(&RuleOptions { allow: vec![" ".to_owned()], ..RuleOptions::default() })
                .err()
                .unwrap();
        assert!(error.to_string().contains("policy.allow"), "{error}");
    }

    #[test]
    fn custom_patterns_find() {
        let custom = |pattern: &str| CustomRule {
            name: "ward".to_owned(),
            label: Label::Mrn,
            pattern: pattern.to_owned(),
            score: 0.95,
        };
        let options = RuleOptions {
            builtin: false,
            custom: vec![custom(r"\bW\d{3}\b"), custom("bay (?P<phi>[A-Z])")],
            ..RuleOptions::default()
        };
        let rules = Rules::new(&options).unwrap();
        assert_eq!(
            found(&rules, "W123 W12 bay C"),
            [("W123".to_owned(), Label::Mrn), ("C".to_owned(), Label::Mrn)]
        );
        assert_eq!(rules.find("W123")[0].detector.as_ref(), "rules.ward");
    }
}
