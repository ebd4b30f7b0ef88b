//! Reads names of people: how many of the words at a place belong to one.
//!
//! Names come in any case and script, with initials, particles, hyphens, apostrophes, nicknames in
//! quotation marks and generational suffixes. In text all of capitals or without any, ordinary words
//! look like names, so that there a name ends at the first word of the language.

mod also;
mod scanned;

pub(super) use self::also::is_also_a_name;
use super::words::{is_ordinary, is_stop, listed};
use crate::deidentify::{entity::Span, ner::is_term};

/// What counts as a name at a place.
#[derive(Clone, Copy)]
pub(super) struct How {
    /// Most words.
    pub(super) most: usize,
    /// Whether "Last, First" is read across the comma.
    pub(super) comma: bool,
    /// Whether the cue is so sure that an ordinary word ("Dr. Hope") may be the name.
    pub(super) sure: bool,
    /// Whether names in lower case count.
    pub(super) lower: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Case {
    Initial,
    Title,
    Caps,
    Lower,
}

#[derive(Clone, Copy)]
struct Token<'t> {
    span: Span,
    text: &'t str,
    case: Case,
    /// It is followed by "'s": the name ends here.
    owns: bool,
}

const PARTICLES: &str = "de del della di da dos das do du des la las los le van von der den ter ten el al \
         bin ibn bint abu ben bar san st saint mac mc o af av zu zur y e";
const SUFFIXES: &str = "jr sr ii iii iv";
/// Degrees and licences that a comma parts from a name and that no first name is written like.
const DEGREES: &str = "pa-c aemt nremt emt emt-p emt-b fnp-c fnp-bc agnp-c pmhnp pmhnp-bc rn-bc rnc ccrn cen \
                       bcba lcpc lpcc lisw lmsw cpnp whnp acnp-bc crnp cma rma rdh ccma cpht rdms rvt facog \
                       faap facc frcpc mrcs msc bsc mph mha edd mft mlt pmp cgc otd";

/// The name at `at`, if there is one.
pub(super) fn read(text: &str, at: usize, how: How) -> Option<Span> {
    if let Some(span) = scanned::spaced(text, at) {
        return Some(span);
    }
    let mut first = token(text, at)?;
    let start = first.span.start;
    if !may_begin(text, first, how) || is_particle(first.text) {
        // "de la Cruz": the name after the particles tells.
        let mut name = first;
        for _ in 0..2 {
            if name.case != Case::Initial
                && is_particle(name.text)
                && let Some(next) = following(text, name)
            {
                name = next;
            }
        }
        if name.span != first.span && may_begin(text, name, how) {
            first = name;
        } else if !may_begin(text, first, how) {
            return None;
        }
    }
    let (mut end, mut last) = rest(text, first, how);
    if how.comma
        && !last.owns
        && (last.case != Case::Initial || last.span == first.span)
        && let Some(given) = after_comma(text, end)
        && may_follow(
            text,
            given,
            if last.case == Case::Initial { first.case } else { last.case },
            true,
        )
        && !is_suffix(given.text)
        && !listed(DEGREES, &given.text.to_ascii_lowercase())
        && (given.case == Case::Initial
            || !is_ordinary(given.text)
            || (how.sure && given.case == Case::Title))
    {
        (end, last) = rest(text, given, How { most: 3, ..how });
    }
    if !last.owns {
        end = suffix(text, end);
    }
    Some(Span::new(start, end))
}

/// Whether a name whose letters are set apart stands at `at`.
pub(super) fn is_spaced(text: &str, at: usize) -> bool {
    scanned::spaced(text, at).is_some()
}

/// Whether a name may begin with `word`.
fn may_begin(text: &str, word: Token<'_>, how: How) -> bool {
    if scanned::is_ordinary_scanned(word.text) {
        return false;
    }
    if is_stop(word.text) || next_is(text, word.span.end, ':') {
        return word.case == Case::Initial
            && next_is(text, word.span.end, '.')
            && !next_is(text, word.span.end, ':');
    }
    match word.case {
        // An initial needs its dot or a name after it.
        Case::Initial => {
            next_is(text, word.span.end, '.')
                || following(text, word).is_some_and(|next| {
                    matches!(next.case, Case::Title | Case::Caps)
                        && !is_stop(next.text)
                        && (!is_ordinary(next.text) || how.sure && is_initial_of(word, next))
                })
        }
        Case::Title => {
            how.sure
                || !is_ordinary(word.text)
                || (is_also_a_name(word.text) && before_a_name(text, word))
        }
        Case::Caps => {
            !is_ordinary(word.text)
                || (how.sure && !is_inflected(word.text))
                || (is_also_a_name(word.text) && before_a_name(text, word))
        }
        Case::Lower => {
            how.lower
                && !is_ordinary(word.text)
                && (word.text.chars().count() > 1 || next_is(text, word.span.end, '.'))
        }
    }
}

/// Whether `initial` and the word in capitals behind it are a person, though the word is an ordinary one: "S HALL". "A" and "I"
/// are words.
fn is_initial_of(initial: Token<'_>, next: Token<'_>) -> bool {
    !matches!(initial.text, "A" | "I") && next.case == Case::Caps && is_also_a_name(next.text)
}

/// Whether a word that is certainly a name follows.
fn before_a_name(text: &str, word: Token<'_>) -> bool {
    following(text, word).is_some_and(|next| {
        next.case == word.case && !is_stop(next.text) && !is_ordinary(next.text)
    })
}

/// The end of the name that begins with `first`, and its last word.
fn rest<'t>(text: &'t str, first: Token<'t>, how: How) -> (usize, Token<'t>) {
    let mut last = first;
    let mut case = first.case;
    let mut count = 1;
    while count < how.most && !last.owns {
        let Some(next) = following(text, last) else { break };
        if is_particle(next.text)
            && next.case != Case::Initial
            && !matches!(case, Case::Initial)
            && let Some(after) = following(text, next)
        {
            // "van der Berg": up to two particles.
            let after = if is_particle(after.text) { following(text, after) } else { Some(after) };
            if let Some(after) = after
                && may_follow(text, after, case, false)
                && (after.case != Case::Lower || case == Case::Lower)
                && !matches!(after.case, Case::Initial)
            {
                last = after;
                count += 1;
                continue;
            }
        }
        // "Dr. Fu. Reply": a new sentence.
        let ended = last.case == Case::Title
            && text.get(last.span.end..).is_some_and(|rest| rest.starts_with(". "));
        if !may_follow(text, next, case, how.sure && count == 1 && !ended)
            && !goes_on_scanned(first, last, next)
        {
            break;
        }
        if case == Case::Initial {
            case = next.case;
        }
        last = next;
        count += 1;
    }
    let end = last.span.end;
    let dotted = last.case == Case::Initial && next_is(text, end, '.')
        || last.case == Case::Lower && last.text.len() == 1 && next_is(text, end, '.');
    (if dotted { end + 1 } else { end }, last)
}

/// "Me1issa Kava naugh": a scanner that reads figures for letters parts words too.
fn goes_on_scanned(first: Token<'_>, last: Token<'_>, next: Token<'_>) -> bool {
    let scanned = scanned::is_scanned(first.text) || scanned::is_scanned(last.text);
    let parted = next.case == Case::Lower && next.text.len() > 3 && !is_ordinary(next.text);
    scanned && parted && last.case == Case::Title
}

/// Whether `word` may go on a name whose words are in `case`.
fn may_follow(text: &str, word: Token<'_>, case: Case, sure: bool) -> bool {
    if scanned::is_ordinary_scanned(word.text) {
        return false;
    }
    // "John Q. Hgb 9.2": an abbreviation of the laboratory's and its figure.
    let measured = word.case == Case::Title
        && word.text.len() < 5
        && text.get(word.span.end..).is_some_and(|after| {
            after.trim_start_matches([' ', ':']).starts_with(|c: char| c.is_ascii_digit())
        })
        && is_term(&word.text.to_uppercase());
    if measured {
        return false;
    }
    let label = next_is(text, word.span.end, ':') || next_is(text, word.span.end, '#');
    let single = word.case == Case::Initial;
    if label || (is_stop(word.text) && !(single && next_is(text, word.span.end, '.'))) {
        return false;
    }
    let new_line = text
        .get(..word.span.start)
        .is_some_and(|before| before.trim_end_matches(' ').ends_with('\n'));
    if new_line && (is_ordinary(word.text) || single || !word.text.starts_with(char::is_uppercase))
    {
        return false;
    }
    match (case, word.case) {
        (_, Case::Initial) => {
            let after = text.get(word.span.end..).and_then(|rest| rest.chars().next());
            text.get(word.span.end..word.span.end + 2) == Some("  ")
                || matches!(
                    after,
                    None | Some('.' | ',' | '\n' | ';' | ')' | '|' | '"' | '<' | '\t')
                ) && !matches!(case, Case::Lower)
                || following(text, word).is_some_and(|next| {
                    matches!(next.case, Case::Title | Case::Caps) && !is_ordinary(next.text)
                })
        }
        (Case::Initial | Case::Title, Case::Title) => {
            sure || !is_ordinary(word.text) || is_also_a_name(word.text)
        }
        // "SURGEON: S HALL" after a sure cue.
        (Case::Initial, Case::Caps) => {
            word.text.len() > 2 && (!is_ordinary(word.text) || sure && is_also_a_name(word.text))
        }
        (Case::Title, Case::Caps) => word.text.len() > 2 && !is_ordinary(word.text),
        (Case::Caps, Case::Caps) => {
            !is_ordinary(word.text)
                || is_also_a_name(word.text)
                || (sure && !is_inflected(word.text))
        }
        (Case::Caps, Case::Title) => !is_ordinary(word.text),
        (Case::Initial | Case::Lower, Case::Lower) => {
            !is_ordinary(word.text) && word.text.len() > 1
        }
        (Case::Title | Case::Caps, Case::Lower) | (Case::Lower, Case::Title | Case::Caps) => false,
    }
}

fn is_inflected(word: &str) -> bool {
    let lower = word.to_lowercase();
    lower.len() > 4 && (lower.ends_with("ed") || lower.ends_with("ing")) || lower.ends_with("tion")
}

fn is_particle(word: &str) -> bool {
    listed(PARTICLES, &word.to_lowercase())
}

fn is_suffix(word: &str) -> bool {
    listed(SUFFIXES, &word.to_lowercase())
}

fn next_is(text: &str, at: usize, mark: char) -> bool {
    text.get(at..).is_some_and(|rest| {
        rest.trim_start_matches([' ', '\t']).starts_with(mark)
            && (mark == ':' || rest.starts_with(mark))
    })
}

/// The next word of the same name: after a space or two, an initial's dot, one line's end, or a
/// nickname in quotation marks or brackets.
fn following<'t>(text: &'t str, last: Token<'t>) -> Option<Token<'t>> {
    if last.owns {
        return None;
    }
    let rest = text.get(last.span.end..)?;
    let short = last.text.chars().count() <= 2;
    let after_dot = if short { rest.strip_prefix('.').unwrap_or(rest) } else { rest };
    let dotted = after_dot.len() < rest.len();
    let next = after_dot.trim_start_matches(' ');
    let spaces = after_dot.len() - next.len();
    let line = next.strip_prefix('\n').map(|next| next.trim_start_matches(' '));
    let next = match line {
        Some(next) => next,
        None if spaces > 1 => return None,
        None => next,
    };
    if spaces == 0 && !dotted && line.is_none() {
        return None;
    }
    let offset = text.len() - next.len();
    if let Some(nick) = next.strip_prefix('"')
        && let Some(close) =
            nick.get(..nick.len().min(24)).or_else(|| nick.get(..0)).and_then(|nick| nick.find('"'))
    {
        let beyond = offset + 1 + close + 1;
        let gap = usize::from(text.as_bytes().get(beyond) == Some(&b' '));
        return token(text, beyond + gap)
            .filter(|token| token.case == Case::Title || token.case == Case::Caps);
    }
    token(text, offset)
}

fn after_comma(text: &str, end: usize) -> Option<Token<'_>> {
    let rest = text.get(end..)?;
    let after = rest.strip_prefix(',').or_else(|| rest.strip_prefix(" ,"))?;
    let next = after.trim_start_matches(' ');
    if after.len() - next.len() > 1 {
        return None;
    }
    token(text, text.len() - next.len())
}

/// A generational suffix after the name.
fn suffix(text: &str, end: usize) -> usize {
    let Some(rest) = text.get(end..) else { return end };
    let next = rest.trim_start_matches([',', ' ']);
    let offset = text.len() - next.len();
    match token(text, offset) {
        Some(token) if offset > end && offset - end < 3 && is_suffix(token.text) => {
            token.span.end + usize::from(next_is(text, token.span.end, '.'))
        }
        _ => end,
    }
}

/// The word at `at`: letters, with hyphens and apostrophes inside, no digits.
fn token(text: &str, at: usize) -> Option<Token<'_>> {
    const LONGEST: usize = 48;
    let rest = text.get(at..)?;
    let mut end = 0;
    let mut chars = rest.char_indices().peekable();
    while let Some((offset, c)) = chars.next() {
        if offset > LONGEST {
            return None;
        }
        let joins = matches!(c, '-' | '\'')
            && end > 0
            && chars.peek().is_some_and(|(_, next)| next.is_alphabetic());
        let broken = c == '-'
            && end > 0
            && rest.get(offset + 1..).is_some_and(|next| {
                next.strip_prefix('\n').is_some_and(|next| next.starts_with(char::is_uppercase))
            });
        if broken {
            chars.next();
        }
        let mark = matches!(c, '\u{300}'..='\u{36f}' | '\u{93c}'..='\u{94d}' | '\u{64b}'..='\u{65f}')
            && end > 0;
        if c.is_alphabetic() || joins || broken || mark {
            end = offset + c.len_utf8();
        } else if c.is_ascii_digit() && scanned::is_letter(rest, offset) {
            end = offset + 1;
        } else if c.is_numeric() || c == '_' || c == '@' {
            return None;
        } else {
            break;
        }
    }
    let whole = rest.get(..end)?;
    let owner = whole.strip_suffix("'s").or_else(|| whole.strip_suffix("'S"));
    let word = owner.unwrap_or(whole);
    let first = word.chars().next()?;
    let letters = word.chars().filter(|c| c.is_alphabetic()).count();
    let lower = word.chars().any(char::is_lowercase);
    let case = if first.is_lowercase() {
        // "al-Hashimi", "d'Angelo": a particle joined to a name.
        let joined =
            word.split(['-', '\'']).nth(1).is_some_and(|part| part.starts_with(char::is_uppercase));
        if joined { Case::Title } else { Case::Lower }
    } else if letters == 1 && first.is_uppercase() {
        Case::Initial
    } else if lower || !first.is_uppercase() {
        Case::Title
    } else {
        Case::Caps
    };
    let (span, owns) = (Span::new(at, at + word.len()), owner.is_some());
    Some(Token { span, text: word, case, owns })
}

/// The name that ends right before `end`, spaces and a comma aside: "J. Bascom, RN".
pub(super) fn read_before(text: &str, end: usize) -> Option<Span> {
    let before = super::engine::before(text, end, 64);
    let line = before.rsplit(['\n', ';', ':', '(', '[', '|', '\t', '/', '"', '=']).next()?;
    let line = line
        .rsplit(",")
        .find(|part| !part.trim().is_empty())
        .filter(|_| line.trim_end().ends_with(',') || !line.contains(','))
        .or_else(|| line.rsplit(',').next())?;
    let offset = line.as_ptr().addr() - text.as_ptr().addr();
    let body = line.trim_end_matches([' ', ',']);
    let mut start = None;
    let (mut count, mut told) = (0, false);
    let mut at = offset + body.len();
    for word in body.rsplit(' ') {
        let word_start = at - word.len();
        let dash = word.len() - word.trim_start_matches('-').len();
        let (word, word_start) = (word.trim_start_matches('-'), word_start + dash);
        let clean = word.trim_end_matches('.');
        if word.is_empty() {
            break;
        }
        let Some(token) = token(text, word_start).filter(|token| token.text.len() == clean.len())
        else {
            break;
        };
        let initial = token.case == Case::Initial
            || (token.case == Case::Caps
                && clean.len() == 2
                && word.ends_with('.')
                && !is_stop(clean));
        let dotted = word.len() > clean.len();
        if is_particle(clean) && token.case == Case::Lower && count > 0 {
            count += 1;
        } else if (dotted && !initial)
            || token.case == Case::Lower
            || (!initial && is_stop(clean))
            || (count > 0 && !initial && is_ordinary(clean) && !is_also_a_name(clean))
        {
            break;
        } else {
            told |= !initial && !is_ordinary(clean);
            count += 1;
            start = Some(word_start);
        }
        if count >= 4 || dash > 0 {
            break;
        }
        match word_start.checked_sub(1) {
            Some(before) if before >= offset => at = before,
            _ => break,
        }
    }
    let span = Span::new(start?, offset + body.len());
    told.then_some(span)
}

#[cfg(test)]
mod tests;
