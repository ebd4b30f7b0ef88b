//! Dates that move by a number of days and keep their format.

use super::scan::AtEnd;

/// Names of the months, in lower case.
const MONTHS: [&str; 12] = [
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

/// How the numbers of a date are read: `03/04` is 4 March unless the day comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) day_first: bool,
}

/// What a piece of a date is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Year,
    Month,
    MonthName,
    Day,
    /// The letters after a day, as in `3rd`.
    Ordinal,
    /// One sign: `-`, `/` or `.`, the same all through.
    Sign,
    /// A blank.
    Blank,
    /// A blank or a hyphen.
    Joint,
    /// A comma, or nothing.
    Comma,
    /// `of` and a blank, or nothing.
    Of,
}

use Field::*;

/// The forms of a date with a day, a month and a year.
const FORMS: [&[Field]; 5] = [
    &[Year, Sign, Month, Sign, Day],
    &[Month, Sign, Day, Sign, Year],
    &[Day, Sign, Month, Sign, Year],
    &[MonthName, Blank, Day, Ordinal, Comma, Blank, Year],
    &[Day, Ordinal, Joint, Of, MonthName, Comma, Joint, Year],
];

/// A date as it stands in a text.
struct Read<'t> {
    /// Each piece and where it ends.
    pieces: Vec<(Field, &'t str)>,
    end: usize,
    days: i64,
}

/// The date at the beginning of `text`, moved by `days`, and the offset after it; `Ok(None)` where there is
/// none. With `at_end` the text is all there is; else it may go on.
pub(super) fn shifted(
    text: &str,
    order: Order,
    days: i64,
    at_end: bool,
) -> Result<Option<(String, usize)>, AtEnd> {
    let mut unfinished = false;
    let mut best: Option<Read<'_>> = None;
    for form in FORMS {
        let is_wrong_order = matches!(form, [Day, Sign, ..] if !order.day_first)
            || matches!(form, [Month, ..] if order.day_first);
        if is_wrong_order {
            continue;
        }
        match read(form, text, at_end) {
            Ok(Some(read)) if best.as_ref().is_none_or(|best| best.end < read.end) => {
                best = Some(read);
            }
            Ok(_) => {}
            Err(AtEnd) => unfinished = true,
        }
    }
    if unfinished && !at_end {
        return Err(AtEnd);
    }
    let Some(read) = best else { return Ok(None) };
    let (year, month, day) = civil(read.days + days);
    let mut out = String::with_capacity(read.end + 8);
    for (field, written) in read.pieces {
        match field {
            Year if written.len() == 2 => out.push_str(&format!("{:02}", year.rem_euclid(100))),
            Year => out.push_str(&format!("{year:04}")),
            Month => out.push_str(&padded(month, written)),
            Day => out.push_str(&padded(day, written)),
            MonthName => out.push_str(&month_name(month, written)),
            Ordinal if !written.is_empty() => out.push_str(ordinal(day)),
            Ordinal | Sign | Blank | Joint | Comma | Of => out.push_str(written),
        }
    }
    Ok(Some((out, read.end)))
}

fn read<'t>(form: &[Field], text: &'t str, at_end: bool) -> Result<Option<Read<'t>>, AtEnd> {
    let (mut at, mut sign) = (0, None);
    let (mut year, mut month, mut day) = (0, 0, 0);
    let mut pieces = Vec::with_capacity(form.len());
    for (position, &field) in form.iter().enumerate() {
        let rest = text.get(at..).unwrap_or_default();
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let more = || if at_end { Ok(None) } else { Err(AtEnd) };
        let is_last = position + 1 == form.len();
        let length = match field {
            Year | Month | Day => {
                // A number at the end of what is there could go on.
                if digits == rest.len() && digits <= 4 && !(at_end && digits > 0) {
                    return more();
                }
                let number: i64 = rest.get(..digits).and_then(|n| n.parse().ok()).unwrap_or(-1);
                let fits = match field {
                    Year if position == 0 => digits == 4,
                    Year => digits == 4 || (digits == 2 && form.contains(&Sign)),
                    Month => digits <= 2 && (1..=12).contains(&number),
                    _ => digits <= 2 && (1..=31).contains(&number),
                };
                if !fits {
                    return Ok(None);
                }
                match field {
                    Year if digits == 2 => year = number + if number < 50 { 2000 } else { 1900 },
                    Year => year = number,
                    Month => month = number,
                    _ => day = number,
                }
                digits
            }
            MonthName => {
                let letters = rest.chars().take_while(|c| c.is_ascii_alphabetic()).count();
                if letters == rest.len() && letters <= 9 && !at_end {
                    let lower = rest.to_lowercase();
                    return if MONTHS.iter().any(|name| name.starts_with(&lower)) {
                        more()
                    } else {
                        Ok(None)
                    };
                }
                let word = rest.get(..letters).unwrap_or_default().to_lowercase();
                let known = |name: &&str| {
                    **name == word
                        || (word.len() == 3 && name.starts_with(&word))
                        || (word == "sept" && name.starts_with(&word))
                };
                let Some(found) = MONTHS.iter().position(known) else {
                    return Ok(None);
                };
                month = i64::try_from(found).unwrap_or_default() + 1;
                letters
                    + usize::from(
                        rest.get(letters..).is_some_and(|r| r.starts_with('.')) && letters <= 4,
                    )
            }
            Ordinal | Comma | Of => {
                let options: &[&str] = match field {
                    Ordinal => &["st", "nd", "rd", "th"],
                    Comma => &[","],
                    _ => &["of "],
                };
                match options.iter().find(|option| rest.starts_with(**option)) {
                    Some(option) => option.len(),
                    None if !at_end && options.iter().any(|option| option.starts_with(rest)) => {
                        return more();
                    }
                    None => 0,
                }
            }
            Sign | Blank | Joint => {
                let Some(c) = rest.chars().next() else { return more() };
                let fits = match field {
                    Sign => matches!(c, '-' | '/' | '.') && sign.is_none_or(|sign| sign == c),
                    Blank => c == ' ',
                    _ => matches!(c, ' ' | '-'),
                };
                if !fits {
                    return Ok(None);
                }
                if field == Sign {
                    sign = Some(c);
                }
                1
            }
        };
        pieces.push((field, rest.get(..length).unwrap_or_default()));
        at += length;
        let follows = text.get(at..).and_then(|rest| rest.chars().next());
        if is_last && follows.is_some_and(char::is_alphanumeric) {
            return Ok(None);
        }
    }
    let exists = day <= month_days(year, month);
    Ok(exists.then(|| Read { pieces, end: at, days: days(year, month, day) }))
}

/// Whether the numbers of `value` can only be day, month and year.
pub(super) fn must_begin_with_the_day(value: &str) -> bool {
    let mut numbers = value.split(['-', '/', '.']).map(|number| number.parse::<u32>().unwrap_or(0));
    let (first, second) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    (13..=31).contains(&first) && (1..=12).contains(&second) && numbers.next().is_some()
}

fn padded(number: i64, like: &str) -> String {
    if like.len() == 2 && like.starts_with('0') || like.len() == 2 && number < 10 {
        format!("{number:02}")
    } else {
        number.to_string()
    }
}

fn month_name(month: i64, like: &str) -> String {
    let at = usize::try_from(month - 1).unwrap_or_default();
    let name = MONTHS.get(at).copied().unwrap_or_default();
    let bare = like.trim_end_matches('.');
    let short =
        bare.len() <= 4 && !(bare.len() == 4 && MONTHS.contains(&bare.to_lowercase().as_str()));
    let name = if short { name.get(..3).unwrap_or(name) } else { name };
    let dot = if like.ends_with('.') { "." } else { "" };
    let upper = bare.chars().all(|c| c.is_ascii_uppercase());
    let lower = bare.chars().all(|c| c.is_ascii_lowercase());
    let (head, tail) = name.split_at(1);
    let cased = if upper {
        name.to_uppercase()
    } else if lower {
        name.to_owned()
    } else {
        head.to_uppercase() + tail
    };
    cased + dot
}

fn ordinal(day: i64) -> &'static str {
    match (day % 10, day / 10) {
        (_, 1) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    }
}

fn month_days(year: i64, month: i64) -> i64 {
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 in the Gregorian calendar; after Howard Hinnant, "chrono-Compatible Low-Level
/// Date Algorithms", `days_from_civil`.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The way back, `civil_from_days`.
fn civil(days: i64) -> (i64, i64, i64) {
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
