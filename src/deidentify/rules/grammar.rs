//! The words that patterns share, by abbreviation.

const MONTH: &str = r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)";
/// What stands between a cue and its value: "MRN: ", "Acct # ", "Name ....... ", "mrn=".
const SEP: &str = r#"(?:[ \t]*(?:(?:number|num|nbr|n[o0]|nr|id|identifier|code|value|is|was|of|ref|reference|key|recorded|as)\b\.?|[:=][ \t]*\r?\n|/[ ]|[#:=.\-|*_>"'(]+))*[ \t]*["'(\[]?"#;
/// An identifier: letters and digits in parts, with the prefix that belongs to it.
const ID: &str = r"#?[a-z0-9]+(?:[-./_~:][a-z0-9]+)*(?:[ ][a-z0-9]+(?:[-./_][a-z0-9]+)*){0,4}";
const DIGIT_WORD: &str = r"(?:zero|oh|one|two|three|four|five|six|seven|eight|nine|niner|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|thousand)";
const ORDINAL_WORD: &str = r"(?:(?:twenty|thirty)[ -]?)?(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|thirteenth|fourteenth|fifteenth|sixteenth|seventeenth|eighteenth|nineteenth|twentieth|thirtieth)";
const STATE: &str = r"(?-i:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|P[AR]|RI|S[CD]|T[NX]|UT|V[AIT]|W[AIVY])";

/// Letters, and what else lies beyond ASCII: the true class of letters makes automata a hundred
/// times as large, and even text holds little else there. Both cases are listed, as folding the
/// case of such a range takes long.
const LETTER: &str = r"A-Za-z\x{c0}-\x{10ffff}";
const CAPITAL: &str = r"A-Z\x{c0}-\x{de}\x{100}-\x{10ffff}";

/// Writes the abbreviations of `pattern` out.
pub(super) fn expand(pattern: &str) -> String {
    let pattern = pattern
        .replace("<month>", MONTH)
        .replace("<sep>", SEP)
        .replace("<id>", ID)
        .replace("<digitword>", DIGIT_WORD)
        .replace("<ordinal>", ORDINAL_WORD)
        .replace("<state>", STATE)
        .replace(r"\b", r"(?-u:\b)");
    let pattern = classes(&pattern, r"\p{Lu}", CAPITAL);
    classes(&pattern, r"\p{L}", LETTER)
}

/// Writes `name` out, in the classes that begin with it and alone.
fn classes(pattern: &str, name: &str, class: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once(name) {
        match (before.strip_suffix('['), after.split_once(']')) {
            (Some(before), Some((more, beyond))) => {
                out.push_str(before);
                out.push_str("(?-i:[");
                out.push_str(class);
                // What else such a class lists, "a-z" or "0-9", is listed in both cases.
                out.push_str(more);
                out.push_str("])");
                rest = beyond;
            }
            _ => {
                out.push_str(before);
                out.push_str("(?-i:[");
                out.push_str(class);
                out.push_str("])");
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}
