//! Dates, down to a month: every element of a date but a lone year is PHI (45 CFR 164.514(b)(2)(i)(C)).
//!
//! Forms: figures in either order with `/`, `-` or `.`; ISO 8601; HL7's DTM (v2, 2A.3.22); months in
//! words, before or after the day; days in words; holidays. A month and day alone ("3/14") looks like
//! a score or a share, so that its surroundings decide.

mod day;
mod month_day;

use self::{
    day::{day_alone, month_dotted, translated},
    month_day::{DATED, ends_range, last_word, month_day, month_day_hyphen},
};
use super::{
    engine::{Check, Found, Guard, Hit, Rule, Start, always},
    words::{is_ordinary, listed},
};
use crate::deidentify::entity::Label;

const fn rule(start: Start, score: f32, pattern: &'static str, check: Check) -> Rule {
    Rule { name: "date", label: Label::Date, score, start, pattern, check }
}

const MONTHS: &str = "jan january feb february mar march apr april may jun june jul july aug august \
         sep sept september oct october nov november dec december";
const BIRTH: &str = "dob d0b d born birth birthdate birthday bday date dos doa dod doi b";

const SLASH: Guard =
    |around| around.mark() == b'/' || (around.mark() == b' ' && around.beyond() == b'/');
const HYPHEN: Guard = |around| around.mark() == b'-' && around.beyond().is_ascii_digit();
const DOT: Guard =
    |around| around.mark() == b'.' && (around.beyond().is_ascii_digit() || around.beyond() == b' ');
const JOINED: Guard =
    |around| matches!(around.mark(), b'-' | b'/' | b'.') && around.beyond().is_ascii_digit();
const JOINED_OR_MONTH: Guard =
    |around| matches!(around.mark(), b'-' | b'/' | b' ') && around.beyond().is_ascii_alphabetic();
/// A month's first letter follows, at once or after a mark or an ending such as "th".
const MONTH_NEXT: Guard = |around| {
    let first = |byte: u8| {
        matches!(
            byte.to_ascii_lowercase(),
            b'j' | b'f' | b'm' | b'a' | b's' | b'o' | b'n' | b'd' | b't' | b'r'
        )
    };
    first(around.mark()) || first(around.beyond()) || matches!(around.beyond(), b' ' | b'\n')
};
const SCANNED: Guard =
    |around| matches!(around.mark().to_ascii_lowercase(), b'/' | b'o' | b'i' | b'l');

pub(super) const RULES: &[Rule] = &[
    rule(
        Start::DigitsWhen(1, 2, SLASH),
        0.95,
        r"([0-9]{1,2}[ ]?/\s?[0-9]{1,2}[ ]?/\s?(?:[0-9]{4}|['][0-9]{2}|[0-9]{1,2}))\b",
        figures,
    ),
    rule(
        Start::DigitsWhen(1, 2, HYPHEN),
        0.9,
        r"([0-9]{1,2}-[0-9]{1,2}-(?:[0-9]{4}|[0-9]{2}))\b",
        figures,
    ),
    rule(
        Start::DigitsWhen(1, 2, DOT),
        0.85,
        r"([0-9]{1,2}\.[ ]?[0-9]{1,2}\.[ ]?(?:[0-9]{4}|[0-9]{2}))\b",
        figures,
    ),
    rule(
        Start::DigitsWhen(4, 4, JOINED),
        0.98,
        r"((?:1[89]|20)[0-9]{2}[-/.][0-9]{1,2}[-/.][0-9]{1,2}(?:t[0-9]{2}(?::?[0-9]{2}){0,2}(?:\.[0-9]{1,9})?(?:z|[+-][0-9]{2}:?[0-9]{2})?)?)\b",
        iso,
    ),
    rule(
        Start::Digits(8, 17),
        0.85,
        r"((?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])(?:(?:[01][0-9]|2[0-3])[0-5][0-9](?:[0-5][0-9](?:\.[0-9]{1,4})?)?(?:[+-][0-9]{4})?)?)\b",
        uncut,
    ),
    rule(Start::Digits(8, 8), 0.85, r"((?:19|20)[0-9]{6}t[0-9]{4,6}z?)\b", uncut),
    rule(
        Start::DigitsWhen(1, 2, SLASH),
        0.9,
        r"((?:0?[1-9]|1[0-2])[ ]?/[ ]?(?:19|20)[0-9]{2})\b",
        uncut,
    ),
    rule(
        Start::DigitsWhen(4, 4, JOINED),
        0.85,
        r"((?:19|20)[0-9]{2}[-/](?:0[1-9]|1[0-2]))\b",
        year_month,
    ),
    rule(Start::DigitsWhen(1, 2, SLASH), 0.75, r"([0-9]{1,2}[/][0-9]{1,2})\b", month_day),
    rule(Start::DigitsWhen(1, 2, HYPHEN), 0.7, r"([0-9]{1,2}-[0-9]{1,2})\b", month_day_hyphen),
    rule(
        Start::DigitsWhen(1, 2, MONTH_NEXT),
        0.95,
        r"([0-9]{1,2}(?:st|nd|rd|th)?[ ]?(?:[-/., ]|of[ ]|day[ ]of[ ]){0,2}\s?<month>(?:\.?[-/, ]{0,3}(?:['](?:[0-9]{2})|(?:of[ ])?[0-9]{4}|[0-9]{2}))?)\b",
        day_month,
    ),
    rule(
        Start::Words(MONTHS),
        0.95,
        r"(<month>\b\.?(?:[ ]{1,2}|-|,[ ]|/|\n)?(?:the[ ])?[0-9]{1,2}(?:st|nd|rd|th)?(?:(?:[ ]?[,/-][ ]?|\s{1,2}|[ ]of[ ])(?:'?[0-9]{4}|'?[0-9]{2}))?)\b",
        month_first,
    ),
    rule(
        Start::Words(MONTHS),
        0.9,
        r"(<month>\b\.?,?[-/ ]{0,2}(?:of[ ])?(?:(?:19|20)[0-9]{2}|'[0-9]{2}))\b",
        always,
    ),
    rule(
        Start::Words(MONTHS),
        0.9,
        r"(<month>[ ](?:the[ ])?<ordinal>(?:,?[ ](?:[0-9]{4}|(?:nineteen|twenty|two[ ]thousand)(?:[ -](?:and[ ])?<digitword>){0,3}))?)\b",
        always,
    ),
    rule(Start::Words(MONTHS), 0.7, r"(<month>)\b", month_alone),
    rule(Start::Words("last next this"), 0.7, r"((?:last|next|this)[ ]<month>)\b", relative),
    rule(
        Start::Words(
            "first second third fourth fifth sixth seventh eighth ninth tenth \
                 eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth \
                 eighteenth nineteenth twentieth thirtieth twenty thirty",
        ),
        0.9,
        r"(<ordinal>[ ](?:day[ ])?(?:of[ ])?<month>(?:,?[ ](?:[0-9]{4}|(?:nineteen|twenty|two[ ]thousand)(?:[ -](?:and[ ])?<digitword>){0,3}))?)\b",
        always,
    ),
    rule(
        Start::DigitsWhen(4, 4, JOINED_OR_MONTH),
        0.95,
        r"((?:1[89]|20)[0-9]{2}[-/ ]<month>[-/ ][0-9]{1,2})\b",
        uncut,
    ),
    // Other languages: "3 février 1971", "3 de mayo de 1961", "3. Mai 1961", "2023年5月14日".
    rule(
        Start::DigitsWhen(1, 2, |around| {
            matches!(around.mark(), b' ' | b'.') || around.mark() == b'e'
        }),
        0.9,
        r"([0-9]{1,2}(?:\.|er)?[ ](?:de[ ])?(?:janvier|f[ée]vrier|mars|avril|mai|juin|juillet|ao[ûu]t|septembre|octobre|novembre|d[ée]cembre|enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre|januar|februar|m[äa]rz|juni|juli|oktober|dezember|janeiro|fevereiro|mar[çc]o|maio|junho|julho|setembro|outubro|novembro|dezembro|gennaio|febbraio|aprile|maggio|giugno|luglio|settembre|ottobre|dicembre)(?:[ ](?:del?[ ])?(?:19|20)[0-9]{2})?)\b",
        translated,
    ),
    rule(
        Start::DigitsWhen(4, 4, |around| !around.mark().is_ascii()),
        0.95,
        r"((?:19|20)[0-9]{2}[年년][ ]?[0-9]{1,2}[月월](?:[ ]?[0-9]{1,2}[日일])?)",
        always,
    ),
    // "am 14.3.", "vom 12. bis 19.01.2024": German days.
    rule(
        Start::Words("am vom bis seit ab zum"),
        0.85,
        r"(?:am|vom|bis|seit|ab|zum)[ ]([0-9]{1,2}\.[ ]?[0-9]{1,2}\.)(?:[ ,;)\n]|\z)",
        month_dotted,
    ),
    rule(
        Start::Words("vom"),
        0.85,
        r"vom[ ]([0-9]{1,2}\.)[ ](?:bis|-|–)[ ][0-9]{1,2}\.[ ]?[0-9]{1,2}\.",
        always,
    ),
    // "before the 30th", "Thursday the 12th": a day of the month, and no floor, rib or percentile.
    rule(
        Start::DigitsWhen(1, 2, |around| {
            matches!(around.mark(), b's' | b'n' | b'r' | b't') && around.prev == b' '
        }),
        0.75,
        r"([0-9]{1,2}(?:st|nd|rd|th))\b",
        day_alone,
    ),
    rule(
        Start::WordsWhen(
            "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth \
                 thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth \
                 twentieth thirtieth twenty thirty",
            |around| around.prev == b' ',
        ),
        0.75,
        r"(<ordinal>)\b",
        day_alone,
    ),
    // "10 ix 1998": the month in Roman figures.
    rule(
        Start::DigitsWhen(1, 2, |around| matches!(around.mark(), b' ' | b'.' | b'/' | b'-')),
        0.85,
        r"([0-9]{1,2}[ ./-](?:i{1,3}|i[vx]|vi{0,3}|xi{0,2})[ ./-](?:19|20)[0-9]{2})\b",
        always,
    ),
    // After a cue even figures without marks are a date.
    rule(
        Start::Words(BIRTH),
        0.95,
        r"(?:dob|d[. ]?o[. ]?b\.?|d0b|born(?:[ ]on)?|(?:date[ ]of[ ])?birth[ ]?date|date[ ]of[ ](?:birth|service|admission|discharge|visit|death|injury)|birth(?:day)?|bday|dos|doa|dod|doi|b\.)<sep>([0-9oil]{1,2}[ ./-]{1,2}[0-9oil]{1,2}[ ./-]{1,2}[0-9oil]{2,4}|[0-9]{8}|[0-9]{6}|[0-9]{1,2}/[0-9]{2,4})\b",
        always,
    ),
    // O and l for 0 and 1, from scanned pages.
    rule(Start::Code(1, 2), 0.85, r"([0-9oil]{1,2}/[0-9oil]{1,2}/[0-9oil]{2,4})\b", scanned),
    rule(
        Start::DigitsWhen(1, 2, SCANNED),
        0.85,
        r"([0-9oil]{1,2}/[0-9oil]{1,2}/[0-9oil]{2,4})\b",
        scanned,
    ),
    rule(
        Start::Words(
            "christmas xmas thanksgiving easter halloween valentine new independence \
                 memorial labor veterans mother father st",
        ),
        0.8,
        r"((?:christmas|xmas|thanksgiving|easter|halloween|valentine'?s?|new[ ]year'?s|independence|memorial|labor|veterans|mother'?s|father'?s|st\.?[ ]patrick'?s)(?:[ ](?:day|eve|sunday|monday)(?:[ ,]{1,2}(?:of[ ])?(?:19|20)[0-9]{2})?|[ ,]{1,2}(?:of[ ])?(?:19|20)[0-9]{2}))\b",
        always,
    ),
];

/// The figures of a date in either order.
fn is_day_and_month(one: u32, two: u32) -> bool {
    (1..=31).contains(&one) && (1..=31).contains(&two) && (one <= 12 || two <= 12)
}

fn numbers(text: &str) -> Vec<u32> {
    text.split(|c: char| !c.is_ascii_digit())
        .filter(|part| !part.is_empty())
        .filter_map(|part| part.parse().ok())
        .collect()
}

fn uncut(found: &Found<'_>) -> Option<Hit> {
    if found.before(8).to_ascii_lowercase().contains("pmid")
        || found.is_cut() && found.next() != b'-'
    {
        None
    } else {
        found.keep()
    }
}

fn figures(found: &Found<'_>) -> Option<Hit> {
    let &[one, two, year] = numbers(found.value()).as_slice() else { return None };
    if !is_day_and_month(one, two) || (year > 99 && !(1800..=2199).contains(&year)) {
        return None;
    }
    let prev = found.before(2);
    let joined = prev.ends_with(|c: char| c.is_ascii_alphanumeric())
        || !ends_range(found) && {
            let mut back = prev.chars().rev();
            matches!(back.next(), Some('.' | '/' | '-'))
                && back.next().is_some_and(|c| c.is_ascii_digit())
                && found.value().contains(['.', '/'])
        };
    let after = found.after(2);
    let mut next = after.chars();
    let mark = next.next();
    let goes_on = mark.is_some_and(char::is_alphanumeric)
        || (matches!(mark, Some('/' | '.' | ','))
            && next.next().is_some_and(|c| c.is_ascii_digit())
            && year < 100);
    if joined || goes_on {
        return None;
    }
    // A one-figure year is a slip, and three small numbers are more often a score.
    let last = found.value().rsplit(['/', '-', '.']).next().unwrap_or_default();
    let dated = listed(DATED, &last_word(found.before(16)));
    if last.len() < 2 && found.value().len() < 6 && !dated {
        return None;
    }
    if found.value().contains('.')
        && found.before(10).to_ascii_lowercase().trim_end().ends_with("version")
    {
        return None;
    }
    found.keep()
}

fn iso(found: &Found<'_>) -> Option<Hit> {
    let valid = matches!(numbers(found.value()).as_slice(), [_, month, day, ..] if (1..=12).contains(month) && (1..=31).contains(day));
    let prev = found.prev();
    // "3/14/2024-3/16/2024": the year of one date and the month of another.
    let mut signs = found.value().bytes().filter(|byte| matches!(byte, b'-' | b'/' | b'.'));
    let even = signs.next() == signs.next();
    (valid && even && !prev.is_ascii_alphanumeric()).then(|| found.keep()).flatten()
}

/// "2019-04", but not the start of "2019-04-12" or the years "2019-20".
fn year_month(found: &Found<'_>) -> Option<Hit> {
    if found.is_cut() || matches!(found.next(), b'-' | b'/') { None } else { found.keep() }
}

/// "may" and "march" are verbs, "sun", "dec" and "mar" stand in other abbreviations.
fn is_verb(found: &Found<'_>, month: &str) -> bool {
    let after = found.after(12);
    matches!(month, "may" | "march" | "mar")
        && after.starts_with(' ')
        && after.trim_start().starts_with(|c: char| c.is_ascii_lowercase())
        && ![
            "at ", "to ", "and ", "for ", "with ", "in ", "or ", "pls ", "by ", "visit", "appt",
            "from ",
        ]
        .iter()
        .any(|word| after.trim_start().starts_with(word))
}

/// Two figures after a day and a month are a year, unless they are a dose or a time.
fn is_measured(found: &Found<'_>) -> bool {
    let after = found.after(8).to_ascii_lowercase();
    let after = after.trim_start();
    [
        "mg", "ml", "mcg", "unit", "%", "tab", "cap", "puff", "drop", "mm", "cm", "kg", "lb",
        "day", "week", "wk", "month", "year", "hour", "time", "g ",
    ]
    .iter()
    .any(|unit| after.starts_with(unit))
}

fn day_month(found: &Found<'_>) -> Option<Hit> {
    let value = found.value().to_ascii_lowercase();
    let parts = numbers(&value);
    let day = parts.first().copied().unwrap_or(0);
    let month = MONTHS.split(' ').filter(|month| value.contains(month)).max_by_key(|m| m.len())?;
    if !(1..=31).contains(&day)
        || found.prev().is_ascii_alphanumeric()
        || matches!(found.prev(), b'.' | b'/')
    {
        return None;
    }
    let plain = parts.len() == 1 && !value.contains("of") && !value.contains("th");
    if plain && is_verb(found, month) {
        return None;
    }
    // "2 may have": no date; "14 mar 20 mg": the day and the month alone.
    found.keep()
}

fn month_first(found: &Found<'_>) -> Option<Hit> {
    let value = found.value().to_ascii_lowercase();
    let parts = numbers(&value);
    let verb =
        value.starts_with("may ") || value.starts_with("march ") || value.starts_with("mar ");
    let modal = verb && found.after(5).starts_with(" or ")
        || found.before(8).ends_with("he ")
        || found.before(8).ends_with("they ");
    if verb
        && parts.len() == 1
        && found.value().starts_with(|c: char| c.is_ascii_lowercase())
        && (is_measured(found) || modal)
    {
        return None;
    }
    if matches!(found.prev(), b'-' | b'\'') && value.starts_with("may") {
        return None;
    }
    found.keep()
}

/// A month alone counts where it is told from the verb or the name: "in May", "until october".
fn month_alone(found: &Found<'_>) -> Option<Hit> {
    let month = found.value();
    let lower = month.to_ascii_lowercase();
    let is_short = lower.len() < 5 && !matches!(lower.as_str(), "june" | "july" | "may");
    let word = last_word(found.before(16));
    let dated = [
        "in",
        "since",
        "until",
        "till",
        "by",
        "during",
        "early",
        "late",
        "mid",
        "last",
        "next",
        "this",
        "through",
        "before",
        "after",
        "from",
        "of",
        "end",
        "around",
        "mid-",
        "thru",
        "beginning",
        "between",
        "to",
        "every",
    ]
    .contains(&word.as_str());
    let titled = month.starts_with(|c: char| c.is_ascii_uppercase());
    let caps = month.len() > 3 && month.bytes().all(|byte| byte.is_ascii_uppercase());
    let ambiguous = matches!(lower.as_str(), "may" | "march" | "august" | "april" | "june");
    if is_short
        || !dated
        || found.next().is_ascii_alphanumeric()
        || matches!(found.next(), b'-' | b'\'')
    {
        return None;
    }
    if ambiguous {
        let may = [
            "by", "of", "from", "to", "this", "after", "before", "end", "between", "last", "next",
            "every",
        ]
        .contains(&word.as_str())
            && !matches!(word.as_str(), "last" | "next");
        let named = found.after(12).trim_start().starts_with(|c: char| c.is_ascii_uppercase());
        if !titled
            || (caps && lower == "may")
            || may
            || named
            || (caps && is_ordinary("may")) && lower == "march"
        {
            return None;
        }
    }
    found.keep()
}

/// "last July"; "this may" goes on as a verb.
fn relative(found: &Found<'_>) -> Option<Hit> {
    let month = found.value().rsplit(' ').next().unwrap_or_default();
    let titled = month.starts_with(|c: char| c.is_ascii_uppercase());
    let verb = matches!(month.to_ascii_lowercase().as_str(), "may" | "march" | "mar")
        && (!titled || month.len() < 5);
    (!verb).then(|| found.keep()).flatten()
}

fn scanned(found: &Found<'_>) -> Option<Hit> {
    let value = found.value();
    let letters = value.bytes().filter(u8::is_ascii_alphabetic).count();
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let read: String = value
        .chars()
        .map(|c| match c {
            'o' | 'O' => '0',
            'l' | 'I' | 'i' | 'L' => '1',
            other => other,
        })
        .collect();
    let &[one, two, _] = numbers(&read).as_slice() else { return None };
    (letters > 0 && digits >= 2 && is_day_and_month(one, two) && !found.is_cut())
        .then(|| found.keep())
        .flatten()
}

#[cfg(test)]
mod tests;
