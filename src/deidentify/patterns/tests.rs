//! Tables of what the rules find, with near-misses: text → what is found, by family.

use proptest::prelude::*;

use super::{CustomRule, DenyEntry, RuleOptions, Rules};
use crate::deidentify::{entity::Label, merge::merge};

fn rules() -> Rules {
    Rules::new(&RuleOptions { builtin: true, ..RuleOptions::default() }).unwrap()
}

/// What is found in `text` once merged, as `LABEL:value`.
fn found(rules: &Rules, text: &str) -> Vec<String> {
    let merged = merge(text, rules.find(text));
    merged.iter().map(|d| format!("{}:{}", d.label, d.span.of(text).unwrap())).collect()
}

/// Each line of a table under `golden/`: text, a tab-free ` => `, and what is found in it, separated
/// by ` ; `; nothing after the arrow for a near-miss.
fn check(table: &str) {
    let rules = rules();
    let mut wrong = Vec::new();
    for line in table.lines().filter(|line| !line.is_empty() && !line.starts_with("## ")) {
        let (text, expected) = line.split_once(" =>").unwrap_or_else(|| panic!("no arrow: {line}"));
        let text = text.replace("\\n", "\n");
        let expected: Vec<&str> =
            expected.split(" ; ").map(str::trim).filter(|part| !part.is_empty()).collect();
        let expected: Vec<String> = expected.iter().map(|part| part.replace("\\n", "\n")).collect();
        let found = found(&rules, &text);
        if found != expected {
            wrong.push(format!("{text:?}\n   expected {expected:?}\n   found    {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn numbers_of_people_and_things() {
    check(include_str!("golden/numbers.txt"));
}

#[test]
fn dates_and_ages() {
    check(include_str!("golden/dates.txt"));
}

#[test]
fn names_and_places() {
    check(include_str!("golden/names.txt"));
}

#[test]
fn text_with_fields() {
    check(include_str!("golden/structured.txt"));
}

#[test]
fn clean_text_stays_clean() {
    let rules = rules();
    for line in include_str!("golden/clean.txt").lines() {
        assert_eq!(found(&rules, line), Vec::<String>::new(), "{line:?}");
    }
}

#[test]
fn custom_patterns_allow_and_deny() {
    let custom = |pattern: &str| CustomRule {
        name: "clinic".to_owned(),
        label: Label::Mrn,
        pattern: pattern.to_owned(),
        score: 0.5,
    };
    let rules = Rules::new(&RuleOptions {
        builtin: true,
        custom: vec![custom(r"\bZQ\d\b")],
        allow: vec!["Dr. Pepper".to_owned(), "John".to_owned()],
        deny: vec![DenyEntry { text: "Blue Room".to_owned(), label: Label::Location }],
    })
    .unwrap();
    assert_eq!(found(&rules, "ZQ7 ZQ77"), ["MRN:ZQ7"]);
    assert_eq!(found(&rules, "drank DR. PEPPER in the blue room"), ["LOCATION:blue room"]);
    assert_eq!(found(&rules, "Dr. John, Dr. Johnson"), ["NAME:Johnson"]);
    assert_eq!(found(&rules, "the blue rooms"), Vec::<String>::new());
    for pattern in ["(", r"(a)\1", r"(?=a)", "a*", r"\d{1000}{1000}"] {
        let options = RuleOptions { custom: vec![custom(pattern)], ..RuleOptions::default() };
        let error = Rules::new(&options).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains("clinic"), "{pattern}: {error}");
    }
    let blank = RuleOptions { allow: vec![" ".to_owned()], ..RuleOptions::default() };
    assert!(Rules::new(&blank).is_err());
}

proptest! {
    #[test]
    fn any_text_is_searched_without_a_panic(text in "(\\PC|[ \n\t]|Dr|Patient|MRN:|\\d|/|\u{a0}|\u{200b}|[A-Z]){0,80}") {
        let rules = RULES.with(std::rc::Rc::clone);
        for detection in rules.find(&text) {
            prop_assert!(detection.span.of(&text).is_some_and(|piece| !piece.is_empty()));
            prop_assert!((0.0..=1.0).contains(&detection.score));
        }
    }
}

thread_local! {
    /// Compiled once: a property is tried on hundreds of texts.
    static RULES: std::rc::Rc<Rules> = std::rc::Rc::new(rules());
}
