//! Surrogates and dates that move.

use super::{DOE, chat, contents, run, sent};
use crate::{
    deidentify::entity::Label,
    settings::{PolicySettings, Strategy as Way},
    substitute::{Restorer, lane::Lane},
};

/// Surrogates for all but dates, which move.
pub(super) fn shifting() -> PolicySettings {
    let mut policy = PolicySettings { default: Way::Surrogate, ..PolicySettings::default() };
    policy.labels.insert(Label::Date, Way::DateShift);
    policy
}

#[test]
fn surrogates_read_like_values_and_lead_back_in_whole_and_in_part() {
    let body = chat(&["John Doe, MRN 4471-009. Doe, John? JOHN DOE at j@x.org, 617-555-0142"]);
    let values = [
        DOE,
        (Label::Name, "Doe, John"),
        (Label::Name, "JOHN DOE"),
        (Label::Mrn, "4471-009"),
        (Label::Email, "j@x.org"),
        (Label::Phone, "617-555-0142"),
    ];
    let done = run(body.clone(), &values, &shifting());
    let text = contents(&sent(&done.body)).remove(0);
    for value in ["John", "Doe", "JOHN", "4471", "617-555"] {
        assert!(!text.contains(value), "{value} in {text}");
    }
    assert!(
        text.starts_with("Alexis Aldwin, MRN ") && text.contains("Aldwin, Alexis? ALEXIS ALDWIN"),
        "{text}"
    );
    let mut restorer = Restorer::new(&done.mapping);
    assert_eq!(restorer.text(&text), contents(&body)[0]);
    assert_eq!(
        restorer.text("Mr. Aldwin's, the Aldwins, ALDWIN, Aldwinson"),
        "Mr. Doe's, the Does, DOE, Aldwinson"
    );
    assert_eq!(Restorer::new(&done.mapping).text("alexis"), "John");
}

#[test]
fn a_value_has_one_surrogate_under_all_its_labels() {
    let mut done = crate::substitute::stand_in::StandIns::default();
    let first = done.surrogate(Label::Id, "Order ", "4471009").unwrap();
    assert_eq!(done.surrogate(Label::Mrn, "MRN ", "4471009"), Some(first));
}

#[test]
fn dates_move_by_the_same_days_and_computed_ones_move_back() {
    let body = chat(&["Admitted 11/02/2025, out on November 7th, 2025; born 2 Feb 1962"]);
    let values = [
        (Label::Date, "11/02/2025"),
        (Label::Date, "November 7th, 2025"),
        (Label::Date, "2 Feb 1962"),
    ];
    let done = run(body.clone(), &values, &shifting());
    let text = contents(&sent(&done.body)).remove(0);
    // 259 days earlier.
    assert_eq!(text, "Admitted 02/16/2025, out on February 21st, 2025; born 19 May 1961");
    let back = Restorer::new(&done.mapping).text(&text);
    assert_eq!(back, contents(&body)[0]);
    let computed = "Review on 2025-02-23 or March 1, 2025.";
    assert_eq!(
        Restorer::new(&done.mapping).text(computed),
        "Review on 2025-11-09 or November 15, 2025."
    );
}

#[test]
fn what_no_stand_in_can_be_made_of_is_a_placeholder() {
    // "93" could be any number of a reply, "4/5" a score, "March 14" a day of any year, "Room 214" any number again.
    let body = chat(&["aged 93, in spring, 4/5, March 14, March 2024, 20240314, Room 214, 李雷x9"]);
    let values = [
        (Label::Age, "93"),
        (Label::Date, "spring"),
        (Label::Date, "4/5"),
        (Label::Date, "March 14"),
        (Label::Date, "March 2024"),
        (Label::Date, "20240314"),
        (Label::Location, "Room 214"),
        (Label::Name, "李雷x9"),
    ];
    let done = run(body, &values, &shifting());
    let expected =
        "aged [AGE_1], in [DATE_1], [DATE_2], [DATE_3], [DATE_4], [DATE_5], [LOCATION_1], [NAME_1]";
    assert_eq!(contents(&sent(&done.body)), [expected]);
}

#[test]
fn addresses_have_surrogates_that_lead_back_in_whole_and_in_part() {
    let address = "14 Larkspur Lane, Cambridge, MA 02139";
    let body = chat(&[&format!("lives at {address}; was in Cambridge")]);
    let values = [(Label::Location, address), (Label::Location, "Cambridge")];
    let done = run(body.clone(), &values, &shifting());
    let text = contents(&sent(&done.body)).remove(0);
    for value in ["14 ", "Larkspur", "Cambridge", "02139"] {
        assert!(!text.contains(value), "{text}");
    }
    assert!(
        text.contains(" Elmhaven Lane, Brookmere, MA 00") && text.ends_with("in Brookmere"),
        "{text}"
    );
    let restored = |text: &str| Restorer::new(&done.mapping).text(text);
    assert_eq!(restored(&text), contents(&body)[0]);
    let house = text.split(' ').nth(2).unwrap();
    assert_eq!(restored("Elmhaven Ln"), "Larkspur Ln");
    assert_eq!(restored(&format!("{house} Elmhaven Ln")), "14 Larkspur Ln");
    assert_eq!(restored(&format!("{house} mg")), format!("{house} mg"));
}

#[test]
fn initials_of_surrogates_are_those_of_the_person() {
    let body = chat(&["John Q. Doe and Mary Doe and Bea Roe"]);
    let values =
        [(Label::Name, "John Q. Doe"), (Label::Name, "Mary Doe"), (Label::Name, "Bea Roe")];
    let done = run(body, &values, &shifting());
    assert_eq!(
        contents(&sent(&done.body)),
        ["Alexis X. Aldwin and Blair Aldwin and Casey Brantley"]
    );
    let restored = |text: &str| Restorer::new(&done.mapping).text(text);
    assert_eq!(restored("A. Aldwin, Aldwin, B., C. Brantley's"), "J. Doe, Doe, M., B. Roe's");
    assert_eq!(restored("Alexis X Aldwin; Alexis Aldwin; aldwin"), "John Q. Doe; John Doe; Doe");
    // Where there is an A. Doe, "A. Aldwin" is that one.
    let body = chat(&["John Doe and A. Doe"]);
    let done = run(body, &[DOE, (Label::Name, "Doe")], &shifting());
    let text = contents(&sent(&done.body)).remove(0);
    assert_eq!(text, "Alexis Aldwin and A. Aldwin");
    assert_eq!(Restorer::new(&done.mapping).text(&text), "John Doe and A. Doe");
}

#[test]
fn moved_dates_lead_back_in_the_forms_that_models_make_of_them() {
    let body = chat(&[
        "In on 03/14/2024, out on 2024-03-20T10:15:00Z. Model gpt-4o-2024-05-13, 14MAR2024.",
    ]);
    let values = [
        (Label::Date, "03/14/2024"),
        (Label::Date, "2024-03-20T10:15:00Z"),
        (Label::Date, "14MAR2024"),
    ];
    let done = run(body.clone(), &values, &shifting());
    let text = contents(&sent(&done.body)).remove(0);
    assert_eq!(
        text,
        "In on 06/29/2023, out on 2023-07-05T10:15:00Z. Model gpt-4o-2024-05-13, 29JUN2023."
    );
    let restored = |text: &str| Restorer::new(&done.mapping).text(text);
    assert_eq!(restored(&text), contents(&body)[0]);
    for (written, expected) in [
        ("June 29", "March 14"),
        ("JUNE 29", "MARCH 14"),
        ("June 29th", "March 14th"),
        ("29 Jun", "14 Mar"),
        ("on 06/29 at", "on 03/14 at"),
        ("June 2023", "March 2024"),
        ("Jul 5, 2023", "Mar 20, 2024"),
        ("06/29/2023-07/05/2023", "03/14/2024-03/20/2024"),
        ("2023-07-05T08:00", "2024-03-20T08:00"),
        ("2023-07-05", "2024-03-20"),
        // Not a day that was given out, the end of a range, a longer number.
        ("July 6", "July 6"),
        ("June 29-30", "June 29-30"),
        ("06/291", "06/291"),
        ("2024-05-13", "2024-05-13"),
        // The other order, where there is no other way to read it.
        ("29/06/2023", "14/03/2024"),
    ] {
        assert_eq!(restored(written), expected, "{written}");
        let mut restorer = Restorer::new(&done.mapping);
        let (mut lane, mut out) = (Lane::text(), String::new());
        for c in written.chars() {
            lane.push(&c.to_string(), &mut restorer, &mut out);
        }
        lane.finish(&mut restorer, &mut out);
        assert_eq!(out, expected, "{written}, a character at a time");
    }
    // A month that holds days of two months leads nowhere.
    let body = chat(&["03/14/2024 and 03/01/2024 and 02/20/2024"]);
    let values =
        [(Label::Date, "03/14/2024"), (Label::Date, "03/01/2024"), (Label::Date, "02/20/2024")];
    let done = run(body, &values, &shifting());
    assert_eq!(contents(&sent(&done.body)), ["06/29/2023 and 06/16/2023 and 06/06/2023"]);
    assert_eq!(Restorer::new(&done.mapping).text("June 2023, June 16"), "June 2023, March 1");
}

#[test]
fn a_moved_date_that_is_sent_for_itself_too_is_a_placeholder() {
    // The second is no entity, and what the first would become.
    let body = chat(&["Seen 03/14/2024; batch 06/29/2023."]);
    let done = run(body.clone(), &[(Label::Date, "03/14/2024")], &shifting());
    let text = contents(&sent(&done.body)).remove(0);
    assert_eq!(text, "Seen [DATE_1]; batch 06/29/2023.");
    assert_eq!(Restorer::new(&done.mapping).text(&text), contents(&body)[0]);
}
