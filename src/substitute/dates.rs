//! Dates that move by a number of days and keep their format.

use super::scan::AtEnd;
use crate::deidentify::calendar::{MONTHS, civil, days, month_days, month_named};

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
const FORMS: [&[Field]; 4] = [
    &[Year, Sign, Month, Sign, Day],
    &[MonthName, Blank, Day, Ordinal, Comma, Blank, Year],
    &[Day, Ordinal, Joint, Of, MonthName, Comma, Joint, Year],
    &[Day, MonthName, Year],
];
/// Those that are read in one order or the other.
const MONTH_FIRST: &[Field] = &[Month, Sign, Day, Sign, Year];
const DAY_FIRST: &[Field] = &[Day, Sign, Month, Sign, Year];

/// A date as it stands in a text.
struct Read<'t> {
    /// Each piece and where it ends.
    pieces: Vec<(Field, &'t str)>,
    end: usize,
    days: i64,
}

/// A date that was moved.
pub(super) struct Moved {
    /// As it is written now.
    pub(super) text: String,
    /// The offset after the date in the text that it was read from, in bytes.
    pub(super) end: usize,
    /// The day, counted from 1970-01-01.
    pub(super) day: i64,
    /// What of it can stand alone, without the day or the year: as it would be written now, and as before.
    pub(super) parts: Vec<(String, String)>,
}

/// The date at the beginning of `text`, moved by `days`; `Ok(None)` where there is none. With `at_end` the text is all
/// there is; else it may go on.
pub(super) fn shifted(
    text: &str,
    order: Order,
    days: i64,
    at_end: bool,
) -> Result<Option<Moved>, AtEnd> {
    let (usual, other) =
        if order.day_first { (DAY_FIRST, MONTH_FIRST) } else { (MONTH_FIRST, DAY_FIRST) };
    let mut unfinished = false;
    let mut best: Option<Read<'_>> = None;
    // `06/29/2023` is a date also where the day comes first: there is no other way to read it.
    for form in FORMS.into_iter().chain([usual, other]) {
        if form == other && (best.is_some() || unfinished) {
            break;
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
    Ok(best.and_then(|read| read.moved(days)))
}

impl Read<'_> {
    /// The same in the same form, so many days later; `None` where the year would have another form.
    fn moved(self, by: i64) -> Option<Moved> {
        let to = civil(self.days + by);
        let (year, month, day) = to;
        if !(1000..=9999).contains(&year) {
            return None;
        }
        let mut text = String::with_capacity(self.end + 8);
        for &(field, written) in &self.pieces {
            match field {
                Year if written.len() == 2 => {
                    text.push_str(&format!("{:02}", year.rem_euclid(100)))
                }
                Year => text.push_str(&year.to_string()),
                Month => text.push_str(&padded(month, written)),
                Day => text.push_str(&padded(day, written)),
                MonthName => text.push_str(&month_name(month, written)),
                Ordinal if !written.is_empty() => text.push_str(ordinal(day)),
                Ordinal | Sign | Blank | Joint | Comma | Of => text.push_str(written),
            }
        }
        let parts = self.parts(civil(self.days), to);
        Some(Moved { text, end: self.end, day: self.days + by, parts })
    }

    /// What of a date can stand alone, after moving and before: `June 29`, `29 June`, `June 2023`, and `6/29` where the
    /// date has slashes.
    fn parts(&self, before: (i64, i64, i64), after: (i64, i64, i64)) -> Vec<(String, String)> {
        let mut parts: Vec<(String, String)> = Vec::new();
        let mut add = |write: &dyn Fn((i64, i64, i64)) -> String| {
            let (new, old) = (write(after), write(before));
            if parts.iter().all(|(other, _)| *other != new) {
                parts.push((new, old));
            }
        };
        for like in ["March", "Mar"] {
            let name = |month| month_name(month, like);
            add(&|(_, month, day)| format!("{} {day}", name(month)));
            add(&|(_, month, day)| format!("{} {day}{}", name(month), ordinal(day)));
            add(&|(_, month, day)| format!("{day} {}", name(month)));
            add(&|(year, month, _)| format!("{} {year}", name(month)));
        }
        let numbers: Vec<(Field, &str)> = (self.pieces.iter().copied())
            .filter(|(field, written)| matches!(field, Month | Day) || *written == "/")
            .collect();
        if let [(first, like), (Sign, _), (_, other_like), (Sign, _)] = numbers.as_slice() {
            add(&|(_, month, day)| {
                let (one, two) = if *first == Month { (month, day) } else { (day, month) };
                format!("{}/{}", padded(one, like), padded(two, other_like))
            });
        }
        parts
    }
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
                let Some(found) = month_named(rest.get(..letters).unwrap_or_default()) else {
                    return Ok(None);
                };
                month = i64::from(found);
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
            // The time of ISO 8601 follows at once: `2024-03-14T10:15`.
            let time = text.get(at..).and_then(|rest| rest.strip_prefix(['T', 't']));
            match time.filter(|_| form.first() == Some(&Year)).map(|time| time.chars().next()) {
                Some(Some(hour)) if hour.is_ascii_digit() => {}
                Some(None) if !at_end => return Err(AtEnd),
                _ => return Ok(None),
            }
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
