//! A month and a day without a year, "3/14": told from a score, a share or a dose by its surroundings.

use super::super::{
    engine::{Found, Hit},
    words::listed,
};
use super::{is_day_and_month, numbers};

/// What follows a share, a score or a dose rather than a date.
const COUNTED: &str = "%|mg|ml|mcg|g |tab|tsp|cup|dose|pill|strength|murmur|pain|systolic|pulse|reflex|\
    bilat|throughout|in |inch|cm|mm|resident|patient|positive|negative|lobes|score|\
    on the|on a |of |motor|power|lymph|nodes|cores|core |margin|pack|l |at rest|\
    severity|intensity|word|item|object|recall|sep|holosystolic|sem|ejection|upper|\
    lower|right|left|grip|plantar|dorsi|hip|knee|biceps|triceps|blasts|normal|saline|ns|\
    dextrose|ppd|wt|of the|sites|blood|bottles|cultures|way|full|hour|minute|second";
/// What stands before a share, a score, a pressure or a level rather than before a date.
const SCORED: &str = "bp pain score strength grade gcs apgar apgars reflexes od os ou vision mmse moca \
         rated rate scale pulses power motor dtrs murmur phq gad berg vas acuity sat l c \
         t type stage of ratio nihss braden norco percocet vicodin bipap cpap settings a \
         about the iop c/d is was at with ehl hydrocodone oxycodone augmentin advair \
         symbicort novolin humulin insulin mix every x cranial s1 cup approximately";
/// What stands before a date.
pub(super) const DATED: &str = "on since until till til by from dated date seen due lmp through thru starting \
         started start onset admitted discharged recheck appt appointment visit expires \
         exp last next monday tuesday wednesday thursday friday saturday sunday mon tue \
         tues wed thu thur thurs fri sat sun before after hx dos dob doa edd edc born dc \
         d/c dc'd labs lab ct mri xray cxr echo egd colonoscopy ekg ecg surgery week wk \
         between around eff effective scheduled rescheduled for completed done collected \
         drawn received reported ended ends recert reviewed as afternoon morning evening \
         night of op procedure admit filled refilled refill call called signed repeat f/u \
         followup follow-up read placed pulled removed inserted given";

/// What is said of scores and strengths.
const MEASURED: &str = "rated scored graded improved decreased increased reduced remained measured described reported \
                        need needed tested noted weaned titrated palpated preserved observed repeated repeat \
                        diminished estimated red bled fixed speed unchanged answered recalled diluted completed \
                        asked used mixed listed followed";

/// What is given into an arm.
const VACCINES: &[&str] = &[
    "ppd", "placed", "given", "tdap", "mmr", "hep ", "flu", "shot", "vacc", "inj", "var", "ipv",
    "hpv",
];

pub(super) fn last_word(text: &str) -> String {
    let text = text.trim_end_matches([' ', ':', '(', '=', '#', '\t', '"']);
    let word = text.rsplit([' ', '\n', '\t', ',', ';', '(', '[', '|']).next().unwrap_or_default();
    word.trim_end_matches(['.', ':']).to_ascii_lowercase()
}

pub(super) fn month_day(found: &Found<'_>) -> Option<Hit> {
    let &[one, two] = numbers(found.value()).as_slice() else { return None };
    // "2/3-2/5" is a stay, "4/5-5/5" a strength: shares have their whole in common.
    if let Some(other) = other_end(found)
        && is_day_and_month(one, two)
        && other != two
        && !listed(SCORED, &last_word(found.before(16)))
    {
        return found.keep();
    }
    if !is_day_and_month(one, two)
        || found.is_cut()
        || matches!(found.next(), b'/' | b'%')
        || matches!(found.prev(), b'/' | b'+' | b'<' | b'>')
    {
        return None;
    }
    let after = found.after(16).to_ascii_lowercase();
    let after = after.strip_prefix('-').unwrap_or(&after).trim_start();
    if COUNTED.split('|').any(|counted| after.starts_with(counted)) {
        return None;
    }
    let word = last_word(found.before(24));
    let before = found.before(12);
    // "7/10 to 3/10" are two shares of one whole.
    let whole = format!("/{two} ");
    let second = matches!(word.as_str(), "to" | "and" | "through" | "thru" | "or")
        && !before.contains(&whole)
        && before.trim_start_matches(|c: char| c != '/').len() > 4
        && before.contains('/');
    if second {
        return found.keep();
    }
    // "cita el 5/9", "vu le 12/4", "dia 8/4"; "LE 4/5" is a strength.
    let told = [" el ", " le ", " il ", " dia ", " día "].iter().any(|word| before.ends_with(word));
    // Where something was given: "PPD placed L FA 8/30", "Tdap R delt 6/2".
    let site = matches!(word.as_str(), "fa" | "forearm" | "delt" | "deltoid" | "arm")
        && one <= 12
        && VACCINES.iter().any(|given| found.before(32).to_ascii_lowercase().contains(given));
    // "today is 7/9"; "denied 4/2", "mailed 6/1", but "rated 7/10", "improved 4/5".
    let today = before.to_ascii_lowercase().ends_with("today is ");
    let happened = one <= 12
        && word.len() > 4
        && word.ends_with("ed")
        && !matches!(two, 5 | 10)
        && !listed(MEASURED, &word);
    if told || site || today || happened || listed(DATED, word.as_str()) && word != "of" {
        return found.keep();
    }
    // A range of dates: "3/14-3/20", "3/14 to 3/20".
    let ranged = after.strip_prefix("to ").or_else(|| after.strip_prefix("- ")).unwrap_or(after);
    let ranged = ranged
        .trim_start_matches('-')
        .get(..4)
        .is_some_and(|next| next.contains('/') && next.starts_with(|c: char| c.is_ascii_digit()));
    let weekday = ["(mon", "(tue", "(wed", "(thu", "(fri", "(sat", "(sun", "labs", "visit"];
    let told = weekday.iter().any(|next| after.starts_with(next)) && one <= 12;
    if told || found.before(8).to_ascii_lowercase().ends_with("week of ") {
        return found.keep();
    }
    if listed(SCORED, word.as_str()) {
        return None;
    }
    // A log opens its lines with dates: "3/12 Hgb 8.1", "3/13 worse".
    let logged = starts_line(found) && has_such_line(found);
    let month_first = one <= 12 && two > 12 && !matches!(two, 15 | 20 | 24 | 25 | 27 | 28 | 30);
    let odd = one <= 12 && matches!(two, 7 | 9 | 11) && one != two;
    let starts = word.is_empty() && matches!(found.prev(), b'\n' | b'(');
    // Nothing is scored out of nine or eleven: "(Okafor 2/9)". A list has its own marks: ", 8/30,".
    let closed = after.starts_with([')', ',', ';', '.']) || after.is_empty();
    let unscored = one <= 12
        && matches!(two, 9 | 11)
        && one != two
        && closed
        && !listed("beighton centor", &word);
    let cell = before.ends_with(", ") && after.starts_with(',') && one <= 12 && two > 12;
    let followed = [
        ":", "visit", "appt", "labs", "note", "at ", "@", "pm", "am", "is also", "- ", "ct", "mri",
    ]
    .iter()
    .any(|next| after.starts_with(next));
    // "IOL 4/6 0600", "IOL 4/6 @ 6 am": a time follows.
    let clock = after.strip_prefix("at ").or_else(|| after.strip_prefix('@')).map_or_else(
        || is_clock(after),
        |rest| rest.trim_start().starts_with(|c: char| c.is_ascii_digit()),
    );
    let timed = clock && one <= 12 && one != two && !matches!(two, 5 | 10);
    // No score is more than all: "10/9".
    let no_share = one > two && one <= 12 && two > 2;
    if ranged
        || timed
        || unscored
        || cell
        || logged
        || no_share
        || month_first
        || (odd && followed)
        || (starts && one <= 12 && (followed || two > 12))
    {
        return found.keep();
    }
    None
}

/// Whether `text` begins with a time of 24 hours in four digits, "0600".
fn is_clock(text: &str) -> bool {
    let time = text.get(..4).filter(|time| time.bytes().all(|byte| byte.is_ascii_digit()));
    let ends = text.get(4..).is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric()));
    let hour = time.and_then(|time| time.get(..2)?.parse::<u8>().ok());
    let minute = time.and_then(|time| time.get(2..)?.parse::<u8>().ok());
    ends && hour.is_some_and(|hour| hour < 24) && minute.is_some_and(|minute| minute < 60)
}

/// Whether a line begins with the find.
fn starts_line(found: &Found<'_>) -> bool {
    let before = found.before(4);
    before.trim_end_matches([' ', '-', '*', '•']).is_empty() && before.len() < 4
        || before.trim_end_matches([' ', '-', '*', '•']).ends_with('\n')
}

/// Whether another line nearby begins with a month and a day.
fn has_such_line(found: &Found<'_>) -> bool {
    let dated = |line: &str| {
        let line = line.trim_start_matches([' ', '-', '*', '•']);
        let word = line.split([' ', ':', '\t', ',']).next().unwrap_or_default();
        let figures = numbers(word);
        word.matches('/').count() == 1
            && word.bytes().all(|byte| byte.is_ascii_digit() || byte == b'/')
            && matches!(figures.as_slice(), &[one, two] if is_day_and_month(one, two))
    };
    let whole = |text: &str| text.contains('\n');
    let before = found.before(400);
    let after = found.after(400);
    (whole(before) && before.trim_end_matches([' ', '-', '*', '•']).lines().any(dated))
        || (whole(after) && after.lines().skip(1).any(dated))
}

/// The second figure of the date at the other end of a range, "2/3-2/5".
fn other_end(found: &Found<'_>) -> Option<u32> {
    let part = |text: &str| match numbers(text).as_slice() {
        &[one, two] | &[one, two, _] if is_day_and_month(one, two) => Some(two),
        _ => None,
    };
    let slash = |text: &str| {
        (1..=2).contains(&text.matches('/').count())
            && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'/')
    };
    if let Some(after) = found.after(12).strip_prefix('-') {
        let end = after.find(|c: char| !(c.is_ascii_digit() || c == '/')).unwrap_or(after.len());
        return after.get(..end).filter(|after| slash(after)).and_then(part);
    }
    let before = found.before(7).strip_suffix('-')?;
    let start = before.rfind(|c: char| !(c.is_ascii_digit() || c == '/')).map_or(0, |at| at + 1);
    before.get(start..).filter(|before| slash(before)).and_then(part)
}

/// Whether the date before it is joined to the find by a hyphen: "3/14/2024-3/16/2024".
pub(super) fn ends_range(found: &Found<'_>) -> bool {
    let Some(before) = found.before(12).strip_suffix('-') else { return false };
    let start = before.rfind(|c: char| !(c.is_ascii_digit() || matches!(c, '/' | '.')));
    let first = before.get(start.map_or(0, |at| at + 1)..).unwrap_or_default();
    let figures = numbers(first);
    matches!(figures.as_slice(), &[one, two, ..] if figures.len() < 4 && is_day_and_month(one, two))
}

/// "3-14" only right after a word for a date.
pub(super) fn month_day_hyphen(found: &Found<'_>) -> Option<Hit> {
    let &[one, two] = numbers(found.value()).as_slice() else { return None };
    let word = last_word(found.before(24));
    let dated = ["on", "dated", "dos", "lmp", "since", "seen"].contains(&word.as_str());
    let after = found.after(12).to_ascii_lowercase();
    let unit = after.trim_start().starts_with(|c: char| c.is_ascii_alphabetic() || c == '%');
    (dated && is_day_and_month(one, two) && one <= 12 && two > 12 && !unit && !found.is_cut())
        .then(|| found.keep())
        .flatten()
}
