use std::fmt::Write;

use proptest::prelude::*;

use super::{
    super::entity::{Detection, Label, Span},
    propagate,
};
use crate::deidentify::merge::merge;

fn detection(label: Label, start: usize, value: &str) -> Detection {
    Detection {
        label,
        span: Span::new(start, start + value.len()),
        score: 0.9,
        detector: "test".into(),
    }
}

/// Finds `value` first in a text of its own and tells what it is propagated to in `text`.
fn propagated<'t>(label: Label, value: &str, text: &'t str) -> Vec<&'t str> {
    let mut found = [vec![detection(label, 0, value)], Vec::new()];
    propagate(&[value, text], &mut found);
    let [_, found] = found;
    assert!(found.iter().all(|found| found.label == label
        && &*found.detector == "propagate"
        && found.score == 0.9));
    found.iter().map(|found| found.span.of(text).unwrap()).collect()
}

#[test]
fn values_are_found_everywhere() {
    let table: &[(Label, &str, &str, &[&str])] = &[
        (
            Label::Name,
            "Chidi Okafor",
            "pt CHIDI OKAFOR, mr okafor's son",
            &["CHIDI OKAFOR", "okafor"],
        ),
        (
            Label::Name,
            "Chidi Okafor",
            "Okafor, Chidi: OKAFOR^CHIDI",
            &["Okafor", "Chidi", "OKAFOR", "CHIDI"],
        ),
        (
            Label::Name,
            "Chidi Okafor",
            "Chidi\n   Okafor and chidi_okafor.pdf",
            &["Chidi\n   Okafor", "chidi", "okafor"],
        ),
        (
            Label::Name,
            "Chidi&nbsp;Okafor",
            "Chidi Okafor&nbsp;and&nbsp;Chidi&#160;Okafor",
            &["Chidi Okafor", "Chidi&#160;Okafor"],
        ),
        (Label::Name, "Chidi Okafor", "Okafors chidis okaforx", &[]),
        (
            Label::Name,
            "Siobhan O'Brien",
            "O’Brien, OBRIEN, o'brien's",
            &["O’Brien", "OBRIEN", "o'brien"],
        ),
        (Label::Name, "Layla Al-Hashimi", "al-hashimi and Hashimi", &["al-hashimi", "Hashimi"]),
        (Label::Name, "José Ruíz", "jose RUI\u{301}Z", &["jose RUI\u{301}Z"]),
        (Label::Name, "İpek Straße", "ipek STRASSE", &["ipek STRASSE"]),
        (Label::Name, "山田 太郎", "患者の山田太郎さん", &["山田太郎"]),
        (Label::Name, "Dr. Okafor", "Dr. Who saw okafor", &["okafor"]),
        (Label::Name, "John D. Okafor", "john d okafor", &["john d okafor"]),
        (Label::Name, "Kim Ng", "ng tube, KIM", &["KIM"]),
        (Label::Name, "J.D.", "JD and j.d.", &[]),
        (Label::Name, "Okafor", "Okafor2 of okafor@example.org", &["Okafor", "okafor"]),
        (Label::Mrn, "00482913", "MRN00482913, 004829134", &["00482913"]),
        (Label::Mrn, "4829", "take 4829 steps", &[]),
        (Label::Id, "AB-12345", "ab-12345 ab - 12345 ab-1234", &["ab-12345", "ab - 12345"]),
        (Label::Phone, "(555) 010-4477", "call (555)\n010-4477", &["(555)\n010-4477"]),
        (Label::Location, "12 Elm Street", "at 12 ELM  STREET", &["12 ELM  STREET"]),
        (Label::Location, "Springfield", "in springfield", &["springfield"]),
        (Label::Location, "Ohio", "from ohio", &["ohio"]),
        (Label::Location, "Ely", "from ely", &[]),
        (Label::Organization, "Hospice", "the Hospice, hospice", &[]),
        (Label::Organization, "Urgent Care", "urgent care at Urgent Care", &["Urgent Care"]),
        (Label::Age, "92", "92 % on room air", &[]),
        (Label::Date, "3/14", "3/14 strength", &[]),
        (Label::Date, "March 14", "march 14", &[]),
        (Label::Date, "3/14/62", "dob 3/14/62", &["3/14/62"]),
        (Label::Date, "March 14, 1962", "MARCH 14,\n1962", &["MARCH 14,\n1962"]),
        (Label::Date, "19620314", "19620314", &["19620314"]),
    ];
    for (label, value, text, wanted) in table {
        assert_eq!(propagated(*label, value, text), *wanted, "{value} in {text}");
    }
}

#[test]
fn common_words_are_not_dragged_along() {
    let table: &[(&str, &str, &[&str])] = &[
        ("Will Okafor", "she will come and Will came", &["Will"]),
        ("Will Okafor", "Will follow up. Will call.\nWill rest. - Will walk", &[]),
        ("Will Okafor", "PATIENT WILL RETURN", &[]),
        ("Ann Church", "Church wants to go. Church denies pain.", &["Church", "Church"]),
        ("Ann Church", "church wants us. Church is on Sunday. Church goes on.", &[]),
        ("Ann Young", "a young man; Dr. Young, and DR. YOUNG", &["Young"]),
        ("Ann Young", "seen by Dr. A. Young", &["Young"]),
        ("Ann Young", "by nurse\nYoung", &["Young"]),
        ("Ann Young", "Young", &["Young"]),
        ("Eve White", "the White Blood Cell count", &["White"]),
        ("Eve White", "Low White Blood Cells", &[]),
        ("Eve White", "eve white and EVE WHITE", &["eve white", "EVE WHITE"]),
        ("May Hand", "in may her hand; May Hand: MAY HAND", &["May Hand", "MAY HAND"]),
        ("Amy Hodgkin", "hodgkin lymphoma, Hodgkin's disease, HODGKIN LYMPHOMA", &[]),
        (
            "Amy Hodgkin",
            "Hodgkin said; Mrs. Hodgkin's disease; Amy Hodgkin's disease",
            &["Hodgkin", "Hodgkin", "Amy Hodgkin"],
        ),
        ("Amy Okafor", "Okafor's disease", &["Okafor"]),
    ];
    for (value, text, wanted) in table {
        assert_eq!(propagated(Label::Name, value, text), *wanted, "{value} in {text}");
    }
}

#[test]
fn a_value_overlapping_a_detection_is_joined_with_it() {
    let text = "Ann Lee; lee@example.org; ann lee smith";
    let mut found =
        [vec![detection(Label::Name, 0, "Ann Lee"), detection(Label::Email, 9, "lee@example.org")]];
    found[0].push(detection(Label::Name, 30, "lee smith"));
    propagate(&[text], &mut found);
    let spans: Vec<&str> = found[0].iter().map(|found| found.span.of(text).unwrap()).collect();
    assert_eq!(spans, ["Ann Lee", "lee@example.org", "ann lee smith"]);
    let detectors: Vec<&str> = found[0].iter().map(|found| &*found.detector).collect();
    assert_eq!(detectors, ["test", "test", "propagate"]);
}

#[test]
fn the_strongest_source_names_the_value() {
    let mut found = [
        vec![detection(Label::Name, 0, "Rivera")],
        vec![detection(Label::Location, 0, "Rivera")],
        Vec::new(),
    ];
    found[1][0].score = 0.95;
    propagate(&["Rivera", "Rivera", "rivera"], &mut found);
    assert_eq!(found[2][0].label, Label::Location);
}

#[test]
fn a_large_request_with_many_values_takes_linear_time() {
    let mut text = String::new();
    let mut found = Vec::new();
    let letters = |mut n: usize| {
        let mut name = String::from("Q");
        while n > 0 {
            name.push(char::from(b'a' + u8::try_from(n % 26).unwrap()));
            n /= 26;
        }
        name + "ski"
    };
    for n in 0..10_000 {
        let value = format!("{} {}", letters(n * 7), letters(n * 13));
        found.push(detection(Label::Name, text.len(), &value));
        writeln!(text, "{value} was seen").unwrap();
    }
    let filler = "the patient reports mild chest pain, 12 hours; qski denies fever. ";
    text.push_str(&filler.repeat(1_000_000 / filler.len()));
    let mut found = [merge(&text, found)];
    propagate(&[&text], &mut found);
    assert!(found[0].len() > 20_000);
}

fn messy_text() -> impl Strategy<Value = String> {
    let words = [
        "Will",
        "will",
        "Okafor",
        "OKAFOR",
        "okafor",
        "O'Brien",
        "O’BRIEN",
        "Smith-Jones",
        "Jones",
        "Young",
        "Hodgkin",
        "disease",
        "Dr.",
        "İpek",
        "ipek",
        "Straße",
        "STRASSE",
        "山田",
        "太郎",
        "สมชาย",
        "12345",
        "123",
        "3/14/62",
        "Ann",
        "\u{301}",
        "\u{200b}",
        "'s",
        "-",
        ",",
        ".",
        "\n",
        "  ",
        "\0",
        "🙂",
    ];
    let word = prop::sample::select(words.to_vec());
    let sep = prop::sample::select(vec![" ", "", "\n", "-", ", "]);
    let text = prop::collection::vec((word, sep), 0..20)
        .prop_map(|all| all.into_iter().flat_map(|(a, b)| [a, b]).collect());
    prop_oneof![4 => text, 1 => any::<String>()]
}

fn messy_detections() -> impl Strategy<Value = Vec<Detection>> {
    let label = prop::sample::select(Label::ALL);
    let label = prop_oneof![2 => Just(Label::Name), 1 => label];
    let one = (label, 0..100_usize, 1..20_usize, 1..4_u8).prop_map(|(label, start, len, score)| {
        Detection {
            label,
            span: Span::new(start, start + len),
            score: f32::from(score) / 4.0,
            detector: "test".into(),
        }
    });
    prop::collection::vec(one, 0..5)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    #[test]
    fn coverage_only_grows(given in prop::collection::vec((messy_text(), messy_detections()), 1..4)) {
        let texts: Vec<&str> = given.iter().map(|(text, _)| text.as_str()).collect();
        let before: Vec<Vec<Detection>> = given.iter().map(|(text, found)| merge(text, found.clone())).collect();
        let mut after = before.clone();
        propagate(&texts, &mut after);
        for ((text, before), after) in texts.iter().zip(&before).zip(&after) {
            for pair in after.windows(2) {
                prop_assert!(pair[0].span.end <= pair[1].span.start);
            }
            prop_assert!(after.iter().all(|found| !found.span.of(text).unwrap().is_empty()));
            for old in before {
                // Only a possessive or a comma at the end of a name may be trimmed again.
                let is_kept = |at: usize| after.iter().any(|new| new.span.start <= at && at < new.span.end);
                let mut lost = old.span.of(text).unwrap().char_indices().filter(|(at, _)| !is_kept(old.span.start + at));
                prop_assert!(lost.all(|(_, c)| "'’sS,. ".contains(c)), "{text:?} {before:?} {after:?}");
            }
        }
        let mut again = after.clone();
        propagate(&texts, &mut again);
        prop_assert_eq!(again, after);
    }
}
