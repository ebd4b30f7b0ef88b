//! Given names before a family name, "John Doe": whatever a model makes of it.

use super::super::{
    engine::{Found, Hit, after},
    name::{How, read},
    words::listed,
};

/// Given names most common in the United States (Social Security Administration, "Top names over the last 100
/// years"), without those that are words, places or parts of clinical terms: Mark, Grace, Virginia, Charlotte, Ann.
pub(super) const GIVEN: &str = "james john robert michael david william richard joseph thomas charles christopher daniel matthew \
     anthony donald steven paul andrew joshua kenneth kevin brian timothy ronald george jason edward \
     jeffrey ryan jacob nicholas gary eric jonathan stephen larry justin scott brandon benjamin samuel \
     gregory alexander patrick raymond jerry tyler dennis aaron nathan peter zachary douglas harold kyle \
     carl gerald roger keith jeremy terry lawrence sean albert joe christian austin willie jesse ethan \
     mary patricia jennifer linda elizabeth barbara susan jessica sarah karen lisa nancy betty sandra \
     margaret ashley kimberly emily donna michelle carol amanda melissa deborah stephanie rebecca sharon \
     laura cynthia kathleen amy angela shirley anna brenda pamela emma nicole helen samantha katherine \
     christine debra rachel carolyn janet catherine maria heather diane ruth julie olivia joyce victoria \
     kelly lauren christina joan evelyn judith megan andrea cheryl hannah jacqueline martha gloria teresa \
     sara frances kathryn janice jean abigail alice julia judy sophia denise doris marilyn danielle beverly \
     isabella theresa diana natalie brittany marie kayla alexis lori jose juan carlos luis miguel jorge";

/// What follows a name that stands for a disease, a sign or a place.
const EPONYM: &str = "syndrome disease sign test score scale criteria classification stage maneuver phenomenon splint \
     procedure hospital clinic center centre university school college street avenue";

/// The name that begins with the given one, when a family name follows that is no word.
pub(super) fn given(found: &Found<'_>) -> Option<Hit> {
    let how = How { most: 3, comma: false, sure: false, lower: false };
    let span = read(found.text, found.span.start, how)?;
    let (_, family) = span.of(found.text)?.rsplit_once([' ', '\n'])?;
    // "Charles Bonnet's syndrome" too.
    let after = after(found.text, span.end, 24);
    let after = after.strip_prefix("'s").unwrap_or(after).trim_start_matches(' ');
    let next = after.split(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
    let stands_for = !next.is_empty() && listed(EPONYM, &next.to_lowercase());
    (family.len() > 1 && !stands_for).then(|| found.keep_span(span)).flatten()
}
