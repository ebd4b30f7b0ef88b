//! A day without its month, "before the 30th", "on the ninth", and the days of other languages, "am 14.3.", "3 juni".

use super::super::{
    engine::{Found, Hit},
    words::listed,
};
use super::numbers;

/// "14.3." with a month that there is.
pub(super) fn month_dotted(found: &Found<'_>) -> Option<Hit> {
    let dated = matches!(
        numbers(found.value()).as_slice(),
        &[day, month] if (1..=31).contains(&day) && (1..=12).contains(&month)
    );
    dated.then(|| found.keep()).flatten()
}

/// "3 mars" is no date in English: a year or a "de" tells the language.
pub(super) fn translated(found: &Found<'_>) -> Option<Hit> {
    let parts = numbers(found.value());
    // Months that are no English words need nothing more: "3 juni".
    let lower = found.value().to_lowercase();
    let foreign = !["mars", "mai", "abril", "mayo"].iter().any(|month| lower.ends_with(month))
        || found.before(3) == "le "
        || found.before(3) == "am ";
    let told = parts.len() == 2 || found.value().contains(" de ") || foreign;
    (told && parts.first().is_some_and(|day| (1..=31).contains(day)) && !found.is_cut())
        .then(|| found.keep())
        .flatten()
}

/// What stands before "the 30th" where a day of the month is meant.
const BEFORE: &str = "before by on until till til since from after through thru evening morning night afternoon \
                      monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur \
                      thurs fri sat sun noon midnight";
/// What goes on after it; any other word is what the number counts: "on the 3rd floor".
const AFTER: &str = "and at for if in or so to w with because but as he she they i we you please pls the \
                     his her our my their was is were comma period";
/// What is counted beyond twelve.
const COUNTED: &str = "percentile percentiles week weeks day days hospital postoperative post pod visit session \
                       floor street avenue st ave century anniversary birthday time attempt dose year month \
                       grade centile cycle gestational chromosome infusion treatment fraction amendment";

/// "the 30th": at the end of a clause or before a word that no ordinal number counts.
pub(super) fn day_alone(found: &Found<'_>) -> Option<Hit> {
    let lower = found.before(40).to_ascii_lowercase();
    let figures = found.value().bytes().any(|byte| byte.is_ascii_digit());
    let day = numbers(found.value()).first().copied().unwrap_or(0);
    // "the 21st and 22nd": the second of two.
    let first = [" and ", " to ", " through ", " or ", "-", " & "]
        .iter()
        .find_map(|and| lower.strip_suffix(and));
    let second = first.filter(|_| figures).is_some_and(|before| {
        before
            .strip_suffix(['t', 'd', 'h'])
            .is_some_and(|before| before.ends_with(['s', 'n', 'r', 't']))
            && before
                .rsplit(' ')
                .next()
                .is_some_and(|word| word.starts_with(|c: char| c.is_ascii_digit()))
            && before.rsplit(' ').nth(1) == Some("the")
    });
    let cue =
        lower.strip_suffix(" the ").or_else(|| lower.strip_suffix("\nthe ")).unwrap_or_default();
    let cue = cue.strip_suffix(" of").unwrap_or(cue);
    let cue = cue.rsplit([' ', '\n', '(', '.', ',']).next().unwrap_or_default();
    if !second && !listed(BEFORE, cue) {
        return None;
    }
    let after = found.after(16);
    let word = after.trim_start().split(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
    let lower = word.to_ascii_lowercase();
    let ends = word.is_empty() && !after.starts_with(['-', '/'])
        || after.starts_with(['.', ',', ';', '?', '!', ')'])
        || listed(AFTER, &lower);
    let told = day > 12 && !listed(COUNTED, &lower) && !after.starts_with('-');
    let valid = !figures || (1..=31).contains(&day);
    (valid && (ends || told)).then(|| found.keep()).flatten()
}
