//! The Gregorian calendar, and the names of its months.

/// Names of the months, in lower case.
pub(crate) const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// The month, from 1, that `word` names in full, by its first three letters, or as `sept`; in any case.
pub(crate) fn month_named(word: &str) -> Option<u8> {
    let word = word.to_lowercase();
    let is_short = word.len() == 3 || word == "sept";
    let at =
        MONTHS.iter().position(|name| *name == word || (is_short && name.starts_with(&word)))?;
    u8::try_from(at + 1).ok()
}

/// How many days a month has.
pub(crate) fn month_days(year: i64, month: i64) -> i64 {
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01; after Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`.
pub(crate) fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The way back, `civil_from_days`: year, month and day.
pub(crate) fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::{civil, days, month_days, month_named};

    #[test]
    fn days_are_counted_there_and_back() {
        assert_eq!(days(1970, 1, 1), 0);
        assert_eq!(days(2000, 2, 29), 11_016);
        let mut expected = (1899, 12, 31);
        for day in days(1900, 1, 1)..days(2101, 1, 1) {
            let (year, month, last) = expected;
            expected = match (month, last == month_days(year, month)) {
                (12, true) => (year + 1, 1, 1),
                (_, true) => (year, month + 1, 1),
                _ => (year, month, last + 1),
            };
            assert_eq!(civil(day), expected);
            assert_eq!(days(expected.0, expected.1, expected.2), day);
        }
    }

    #[test]
    fn months_are_known_by_their_names() {
        for (word, month) in
            [("March", Some(3)), ("MAR", Some(3)), ("sept", Some(9)), ("may", Some(5))]
        {
            assert_eq!(month_named(word), month, "{word}");
        }
        for word in ["ma", "marc", "marchs", "", "mart"] {
            assert_eq!(month_named(word), None, "{word}");
        }
    }
}
