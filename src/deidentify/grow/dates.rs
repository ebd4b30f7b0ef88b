//! Dates grow over what belongs to them: the article of a day alone, "the 20th", and the day of the week before a
//! date without a year, "Tues 30/7", which tells of the date that is hidden. A whole date stays as it is, so that it
//! can be moved by days.

use crate::deidentify::entity::{Detection, Label, Span};

const WEEKDAYS: [&str; 18] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "mon",
    "tues",
    "tue",
    "weds",
    "wed",
    "thurs",
    "thur",
    "thu",
    "fri",
    "sat",
    "sun",
];

/// Grows the dates of `found` in `text`.
pub(in crate::deidentify) fn grow_dates(text: &str, found: &mut [Detection]) {
    for date in found.iter_mut().filter(|one| one.label == Label::Date) {
        let Span { mut start, end } = date.span;
        let (Some(before), Some(value)) = (text.get(..start), date.span.of(text)) else { continue };
        if is_day(value)
            && let Some(article) = article(before)
        {
            start -= article;
        }
        let Some(before) = text.get(..start) else { continue };
        if is_partial(value)
            && let Some(weekday) = weekday(before)
        {
            start -= weekday;
        }
        date.span = Span::new(start, end);
    }
}

/// "20th", "ninth": a day without its month.
fn is_day(value: &str) -> bool {
    let figures = value.bytes().take_while(u8::is_ascii_digit).count();
    let rest = value.get(figures..).unwrap_or_default();
    let ordinal = ["st", "nd", "rd", "th"].contains(&rest);
    (1..=2).contains(&figures) && ordinal
        || figures == 0
            && value.chars().all(|c| c.is_ascii_lowercase() || c == '-' || c == ' ')
            && ["first", "second", "third", "th"].iter().any(|end| value.ends_with(end))
}

/// How many bytes of an article stand before a date.
fn article(before: &str) -> Option<usize> {
    let rest = before.strip_suffix("the ")?;
    (!rest.ends_with(char::is_alphanumeric)).then_some("the ".len())
}

/// Whether `value` begins with figures, or an article, and has no year.
fn is_partial(value: &str) -> bool {
    let figures = value.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty());
    let (mut count, mut year) = (0, false);
    for part in figures {
        count += 1;
        year |= part.len() > 2;
    }
    value.starts_with(|c: char| c.is_ascii_digit())
        && !year
        && count < if value.contains(char::is_alphabetic) { 2 } else { 3 }
}

/// How many bytes of a day of the week stand before a date.
fn weekday(before: &str) -> Option<usize> {
    let head = before.strip_suffix(' ')?;
    let head = head.strip_suffix('.').unwrap_or(head);
    let day = WEEKDAYS.iter().find_map(|day| {
        let at = head.len().checked_sub(day.len())?;
        head.get(at..).filter(|word| word.eq_ignore_ascii_case(day)).map(|_| at)
    })?;
    let rest = head.get(..day)?;
    (!rest.ends_with(|c: char| c.is_alphanumeric() || c == '\'')).then(|| before.len() - day)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::grow_dates;
    use crate::deidentify::entity::{Detection, Label, Span};

    fn grown(text: &str, date: &str) -> String {
        let start = text.find(date).unwrap();
        let span = Span::new(start, start + date.len());
        let mut found =
            [Detection { label: Label::Date, span, score: 1.0, detector: Arc::from("test") }];
        grow_dates(text, &mut found);
        found[0].span.of(text).unwrap().to_owned()
    }

    #[test]
    fn dates_take_their_day_of_the_week_and_article_along() {
        for (text, date, expected) in [
            ("rebook Tues 30/7 1015", "30/7", "Tues 30/7"),
            ("on Thursday the 12th at", "12th", "Thursday the 12th"),
            ("On the 20th bladder", "20th", "the 20th"),
            ("see you on the ninth", "ninth", "the ninth"),
            ("mtg sat. 6 May", "6 May", "sat. 6 May"),
            ("WED 3/4", "3/4", "WED 3/4"),
        ] {
            assert_eq!(grown(text, date), expected, "{text}");
        }
    }

    #[test]
    fn other_words_before_dates_stay() {
        for (text, date) in [
            ("Sent: Tue, 13 Aug 2024", "13 Aug 2024"),
            ("Sunday 10/7/16", "10/7/16"),
            ("since Mon 3 June 2024", "3 June 2024"),
            ("in the sun 3/4", "sun 3/4"),
            ("salmon 3/4", "3/4"),
            ("on the 5th of May", "5th of May"),
            ("breathe 20th", "20th"),
            ("Monday May 5", "May 5"),
        ] {
            assert_eq!(grown(text, date), date, "{text}");
        }
    }
}
