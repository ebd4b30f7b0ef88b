//! What merging joins, grows and trims.

use proptest::prelude::*;

use super::*;

fn detection(label: Label, span: Span, score: f32) -> Detection {
    Detection { label, span, score, detector: "test".into() }
}

/// Merges the parts of `marked` between `<` and `>`, all of `label`, and marks the outcome the same way.
fn merge_marked(marked: &str, label: Label) -> String {
    let (mut text, mut found, mut start) = (String::new(), Vec::new(), 0);
    for c in marked.chars() {
        match c {
            '<' => start = text.len(),
            '>' => found.push(detection(label, Span::new(start, text.len()), 0.5)),
            _ => text.push(c),
        }
    }
    for merged in merge(&text.clone(), found).iter().rev() {
        text.insert(merged.span.end, '>');
        text.insert(merged.span.start, '<');
    }
    text
}

#[test]
fn edges_grow_to_whole_names() {
    for (given, wanted) in [
        ("seen <Do>e today", "seen <Doe> today"),
        ("seen D<o>e today", "seen <Doe> today"),
        ("<O>'Brien", "<O'Brien>"),
        ("O'<Brien>", "<O'Brien>"),
        ("<O'>Brien", "<O'Brien>"),
        ("O<’Brien>", "<O’Brien>"),
        ("<Al>-Hashimi", "<Al-Hashimi>"),
        ("al-<Hash>imi", "<al-Hashimi>"),
        ("Abd-al-<Rahman>", "<Abd-al-Rahman>"),
        ("<Smith>-Jones-Hill", "<Smith-Jones-Hill>"),
        ("Smith<-Jones>", "<Smith-Jones>"),
        ("<Doe>'s knee", "<Doe>'s knee"),
        ("<Doe's> knee", "<Doe>'s knee"),
        ("<Do>e’s knee", "<Doe>’s knee"),
        ("the <Does>' home", "the <Does>' home"),
        ("Mr.<Smith> came", "Mr.<Smith> came"),
        ("<Boston>-based", "<Boston>-based"),
        ("<Rene>\u{301} came", "<Rene\u{301}> came"),
        ("Jo<se\u{301} R>uiz", "<Jose\u{301} Ruiz>"),
        ("Jo\u{200b}<hn> came", "<Jo\u{200b}hn> came"),
        ("<Jo>\u{ad}hn came", "<Jo\u{ad}hn> came"),
        ("<Doe>\u{200b} came", "<Doe>\u{200b} came"),
        ("Иван<ов>а пришла", "<Иванова> пришла"),
        ("‘<Doe>’", "‘<Doe>’"),
        ("john_<doe>.txt", "john_<doe>.txt"),
    ] {
        assert_eq!(merge_marked(given, Label::Name), wanted);
    }
}

#[test]
fn edges_do_not_grow_from_digits_to_letters() {
    for (given, wanted) in [
        ("a <93>yo man", "a <93>yo man"),
        ("a 9<3>yo man", "a <93>yo man"),
        ("MRN<123>456", "MRN<123456>"),
        ("MR<N123>456", "<MRN123456>"),
        ("<3/1>4 and", "<3/14> and"),
        ("<12>-34", "<12>-34"),
        ("14-<M>ar-2024", "14-<Mar>-2024"),
    ] {
        assert_eq!(merge_marked(given, Label::Id), wanted);
    }
}

#[test]
fn scripts_without_spaces_are_not_swallowed() {
    for (given, wanted) in [
        ("患者<山田>太郎様は", "患者<山田>太郎様は"),
        ("คุณ<สมชาย>มา", "คุณ<สมชาย>มา"),
        ("<ヤマダ>さん", "<ヤマダ>さん"),
        ("<Smit>h様", "<Smith>様"),
        ("<か>\u{3099}は", "<か\u{3099}>は"),
    ] {
        assert_eq!(merge_marked(given, Label::Name), wanted);
    }
}

#[test]
fn ends_are_trimmed() {
    for (given, wanted) in [
        ("saw< Doe >now", "saw <Doe> now"),
        ("saw <Doe., >now", "saw <Doe>., now"),
        ("<John Doe Jr.> came", "<John Doe Jr.> came"),
        ("<John Doe Jr.,> came", "<John Doe Jr.>, came"),
        ("by <Doe, J.> today", "by <Doe, J.> today"),
        ("by <Ann Lee, M.D.> today", "by <Ann Lee, M.D.> today"),
        ("<\u{feff}Doe\u{a0}\n>", "\u{feff}<Doe>\u{a0}\n"),
        ("a< ., >b", "a ., b"),
        ("a<>b", "ab"),
    ] {
        assert_eq!(merge_marked(given, Label::Name), wanted);
    }
}

#[test]
fn neighbours_are_joined() {
    for (label, given, wanted) in [
        (Label::Name, "<John> <Doe> came", "<John Doe> came"),
        (Label::Name, "<John>\u{a0}<Q.> <Doe>", "<John\u{a0}Q. Doe>"),
        (Label::Name, "<John>  <Doe>", "<John>  <Doe>"),
        (Label::Name, "<John>\n<Doe>", "<John>\n<Doe>"),
        (Label::Name, "<John>, <Doe>", "<John>, <Doe>"),
        (Label::Phone, "<555>-<1234>", "<555>-<1234>"),
        (Label::Phone, "<555><-1234>", "<555-1234>"),
        (Label::Phone, "<5551234> <5554321>", "<5551234> <5554321>"),
    ] {
        assert_eq!(merge_marked(given, label), wanted);
    }
}

#[test]
fn the_strongest_names_the_union() {
    let text = "mail john.doe@example.org now";
    let weak = detection(Label::Name, Span::new(0, 20), 0.6);
    let strong = detection(Label::Email, Span::new(5, 25), 0.99);
    let merged = merge(text, vec![weak, strong]);
    assert_eq!(merged, [detection(Label::Email, Span::new(0, 25), 0.99)]);

    let short = detection(Label::Phone, Span::new(5, 9), 0.6);
    let long = detection(Label::Name, Span::new(5, 13), 0.6);
    assert_eq!(merge(text, vec![short, long]).first().unwrap().label, Label::Name);

    let id = detection(Label::Id, Span::new(5, 13), 0.6);
    let name = detection(Label::Name, Span::new(5, 13), 0.6);
    assert_eq!(merge(text, vec![id, name]).first().unwrap().label, Label::Name);
}

#[test]
fn other_labels_stay_apart() {
    let text = "Doe 3/14";
    let found = vec![
        detection(Label::Date, Span::new(4, 8), 0.9),
        detection(Label::Name, Span::new(0, 3), 0.6),
    ];
    assert_eq!(merge(text, found).len(), 2);
}

#[test]
fn every_label_has_a_priority() {
    assert!(Label::ALL.iter().all(|label| PRIORITY.contains(label)));
    assert_eq!(Label::ALL.len(), PRIORITY.len());
}

#[test]
fn many_detections_in_long_runs_are_merged() {
    // In time linear in the text: were it quadratic, this would not end within the hour.
    for run in ["a", "\u{301}", "\u{200b}", "-", "a-", " ", "山"] {
        let text = run.repeat(1_000_000);
        let spans = (0..20_000).map(|at| Span::new(at * 50 + 12, at * 50 + 18));
        let found = spans.map(|span| detection(Label::Name, span, 0.5)).collect();
        assert!(merge(&text, found).len() <= 20_000);
    }
}

fn messy_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("Doe"),
        Just("o"),
        Just("'s"),
        Just("'"),
        Just("’"),
        Just("-"),
        Just("al"),
        Just("S"),
        Just(" "),
        Just("\n"),
        Just("."),
        Just(","),
        Just("12"),
        Just("yo"),
        Just("\u{301}"),
        Just("\u{200b}"),
        Just("\u{200d}"),
        Just("山田"),
        Just("สม"),
        Just("İ"),
        Just("é"),
        Just("Jr."),
        Just("\0"),
    ];
    prop_oneof![
        prop::collection::vec(piece, 0..16).prop_map(|pieces| pieces.concat()),
        any::<String>()
    ]
}

fn messy_detections() -> impl Strategy<Value = Vec<Detection>> {
    let label = prop::sample::select(vec![Label::Name, Label::Date, Label::Phone]);
    let one = (label, 0..60_usize, 0..12_usize, 0..4_u8);
    let one = one.prop_map(|(label, start, len, score)| {
        detection(label, Span::new(start, start + len), f32::from(score))
    });
    prop::collection::vec(one, 0..6)
}

#[test]
fn a_possessive_found_apart_is_trimmed_all_the_same() {
    let text = "12o's";
    let parts = [Span::new(2, 3), Span::new(3, 5)];
    let merged = merge(text, parts.map(|span| detection(Label::Name, span, 1.0)).to_vec());
    assert_eq!(merged.iter().map(|one| one.span).collect::<Vec<_>>(), [Span::new(2, 3)]);
    assert_eq!(merge(text, merged.clone()), merged);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    #[test]
    fn merged_is_sorted_disjoint_and_covers_all(text in messy_text(), found in messy_detections()) {
        let merged = merge(&text, found.clone());
        for pair in merged.windows(2) {
            prop_assert!(pair[0].span.end <= pair[1].span.start);
        }
        for detection in &merged {
            prop_assert!(!detection.span.of(&text).unwrap().is_empty());
        }
        for (at, c) in text.char_indices() {
            let is_given = found.iter().any(|given| given.span.overlaps(Span::new(at, at + c.len_utf8())));
            let is_kept = merged.iter().any(|kept| kept.span.start <= at && at < kept.span.end);
            let tail = text.get(at..).unwrap();
            let is_possessive = tail.starts_with(is_apostrophe) || (tail.starts_with(['s', 'S']) && text.get(..at).unwrap().ends_with(is_apostrophe));
            let is_leftover = matches!(kind(c), Kind::Blank | Kind::Format) || matches!(c, '.' | ',') || is_possessive;
            prop_assert!(!is_given || is_kept || is_leftover, "{text:?} {found:?} {merged:?}");
        }
        prop_assert_eq!(merge(&text, merged.clone()), merged);
    }

    #[test]
    fn the_order_of_detections_does_not_matter(text in messy_text(), mut found in messy_detections()) {
        let merged = merge(&text, found.clone());
        found.reverse();
        prop_assert_eq!(merge(&text, found), merged);
    }
}
