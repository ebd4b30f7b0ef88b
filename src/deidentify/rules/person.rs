//! Names of people, told by what stands around them: titles, credentials, the labels of forms,
//! kinship, signatures, salutations, letters spelled out.

mod actor;
mod given;
mod kin;
mod label;
mod pager;
mod plain;

use self::{
    actor::actor,
    given::{GIVEN, given},
    kin::{AFTER_KIN, KIN, SPANISH_KIN, kin, second_kin, spanish_kin},
    label::labelled,
    pager::{paged, roomed},
    plain::plain,
};
use super::{
    engine::{Check, Found, Hit, LETTER, Rule, Start, always},
    name::{How, read, read_before},
    words::is_ordinary,
};
use crate::deidentify::entity::{Label, Span};

const fn rule(start: Start, score: f32, pattern: &'static str, check: Check) -> Rule {
    Rule { name: "name", label: Label::Name, score, start, pattern, check }
}

/// What the patterns below take as the place of a name; how much of it is one, `name::read` says.
/// All end in the first letter of the name, `(\p{L})`.
pub(super) const RULES: &[Rule] = &[
    // Titles. The span is the name without them.
    rule(
        Start::Words(
            "dr doctor drs dra prof professor mrs mister missus mx miss mme hr frau herr señor \
                 senor señora senora sra rev reverend rabbi imam pastor chaplain father \
                 sister brother dame sgt sergeant capt captain maj major lt lieutenant \
                 col colonel cpl pvt officer detective det judge hon",
        ),
        0.95,
        r"(?:(?:drs?|dra|prof|mrs|mx|mme|sra|rev)\b\.?|(?:doctor|professor|mister|missus|frau|herr|se[nñ]ora?|reverend|rabbi)\b)[ ]{1,2}(?:(?:dr|prof|med|\(?(?:mrs|mr|ms))\b[.)]*[ ])?(\p{L})",
        title,
    ),
    rule(Start::Words("dr doctor mr ms mrs"), 0.9, r"(?:dr|mr|mrs|ms)\.(\p{L})", titled_only),
    rule(Start::Words("mr ms"), 0.95, r"(?:mr|ms)\b\.?[ ]{1,2}(\p{L})", mister),
    rule(
        Start::Words(
            "miss pastor chaplain father sister brother dame sgt sergeant capt \
                 captain maj major lt lieutenant col colonel cpl pvt officer detective \
                 det judge hon nurse rn lpn np cna aide midwife scribe therapist coach \
                 counselor technician tech pharmacist sir lady aunt uncle auntie grandma \
                 grandpa nana dame interpreter consult consultant resident intern fellow \
                 neighbor neighbour surgeon sonographer phlebotomist dietitian chaperone \
                 attending provider prescriber manager coordinator director worker \
                 specialist deputy trooper atty attorney deacon msgr paramedic medic emt \
                 doula rep caseworker co",
        ),
        0.85,
        r"(?-i:[A-Z]?)[a-z]{1,14}\b\.?[ ]{1,2}(\p{L})",
        role,
    ),
    // A common given name and a family name.
    rule(Start::Words(GIVEN), 0.85, r"((?-i:[A-Z]))[a-z]{1,14}[ ]\p{L}", given),
    // "O'Malley 88F", "marisol vega 34f".
    rule(
        Start::DigitsWhen(1, 2, |around| {
            around.prev == b' '
                && matches!(around.mark(), b' ' | b'm' | b'M' | b'f' | b'F' | b'y' | b'Y')
        }),
        0.85,
        r"([0-9]{1,2})[ ]?(?:y/?o?[ ]?)?(?-i:[MF])\b",
        before_age,
    ),
    // Credentials after the name.
    rule(
        Start::Words(
            "md do rn lpn np pa phd dpt pt ot aprn crna cna dds dmd dpm pharmd lcsw \
                 msw facs facp fnp anp dnp psyd od rd slp mbbs mbbch mbchb frcs mrcp bsn \
                 msn rrt rph ccc otr lmft lpc esq cnm ma dvm m r arnp agnp pac",
        ),
        0.9,
        r"((?-i:MD|M\.D\.|DO|D\.O\.|RN|R\.N\.|LPN|NP|PA(?:-?C)?|P\.A\.|P[Hh]\.?D\.?|DPT|PT|OT|APRN|ARNP|CRNA|CNA|DDS|DMD|DPM|P[Hh][Aa][Rr][Mm]\.?D|LCSW|MSW|FACS|FACP|FNP(?:-?C)?|AGNP|ANP|DNP|P[Ss][Yy]D|OD|RD|SLP|MBBS|MBBC[Hh]|MBC[Hh]B|FRCS|MRCP|BSN|MSN|RRT|RP[Hh]|CCC-SLP|OTR(?:/L)?|LMFT|LPC|ESQ|Esq|CNM|DVM))\b",
        credential,
    ),
    // The labels of forms and headers.
    rule(
        Start::Words(
            "patient patlent pat pt name client cl subscriber member insured \
                 guarantor student mother father parent guardian spouse resident veteran \
                 employee contact beneficiary dependent dep policyholder cardholder \
                 holder owner applicant participant victim caller informant historian \
                 witness attending provider physician prescriber operator surgeon \
                 assistant anesthesiologist radiologist pathologist ordering submitting \
                 referring referred consultant pcp author reviewer signature sig signed \
                 clinician nurse therapist practitioner interpreter scribe attn attention \
                 re cc from to first last full legal maiden preferred family given \
                 surname forename nickname alias aka emergency nok next poa hcp hcpoa \
                 proxy caregiver pcg subject donor recipient primary responsible account \
                 driver baby infant newborn child mom dad wife husband son daughter \
                 sister brother supervisor manager coordinator physiotherapist consulting \
                 requesting dictated dictating transcribed examiner evaluator case user \
                 customer defendant plaintiff relative partner friend roommate hcproxy p \
                 adj adjuster technologist tech performed verified reported approved \
                 prepared completed by copy called spoke ref pat1ent",
        ),
        0.92,
        LETTER,
        labelled,
    ),
    // "pt John Doe", "patient is Jane", "my name is", "goes by", "known as".
    rule(
        Start::Words(
            "pt patient client resident veteran student child baby infant twin twins \
                 subscriber insured guarantor dep dependent beneficiary policyholder re",
        ),
        0.8,
        r"(?:pt|patient|client|resident|veteran|student|child|baby(?:[ ](?:boy|girl))?|infant|twins?|subscriber|insured|guarantor|dep|dependent|beneficiary|policyholder|re)\b\.?,?[ ]{1,2}(?:(?:named?|is|called)[ ])?(\p{L})",
        plain,
    ),
    rule(
        Start::Words(
            "name named called calls goes known prefers aka legal nicknamed nickname \
                 alias formerly nee née likes addressed",
        ),
        0.9,
        r"(?:(?:legal[ ]|full[ ]|first[ ]|last[ ]|maiden[ ])?name(?:'s|[ ]is|[ ]was)?|named|nicknamed|goes[ ]by(?:[ ]the[ ]name(?:[ ]of)?)?|known[ ]as|called|calls[ ](?:self|(?:him|her)self)|prefers[ ]to[ ]be[ ](?:called|addressed[ ]as)|addressed[ ]as|aka|a\.k\.a\.|alias|formerly|n[eé]e|legal)(?:[ ]|,[ ])[\x22'(]?(\p{L})",
        named,
    ),
    rule(
        Start::Words("this i my"),
        0.85,
        r"(?:this[ ]is|i[ ]am|i'?m|my[ ]name(?:'s|[ ]is)|my[ ](?:son|daughter|child|kid|baby|wife|husband|mother|father)'?s?[ ]name[ ]is)[ ](\p{L})",
        introduced,
    ),
    // Kinship and company.
    rule(Start::Words(KIN), 0.85, AFTER_KIN, kin),
    rule(Start::Words(KIN), 0.85, AFTER_KIN, second_kin),
    rule(Start::Words(SPANISH_KIN), 0.85, AFTER_KIN, spanish_kin),
    rule(Start::Code(5, 6), 0.85, r"(p[0-9]{4,5})\b", paged),
    rule(
        Start::Words("pager beeper bleep"),
        0.85,
        r"(?:pager|beeper|bleep)[ :#]{1,2}([0-9]{3,5})\b",
        paged,
    ),
    rule(
        Start::Words("rm room bed"),
        0.8,
        r"(?:rm|room|bed)\b\.?[ ]?#?([0-9]{1,4}[a-z]?)\b",
        roomed,
    ),
    // Who did it: "seen by", "d/w", "signed by".
    rule(
        Start::Words("by with w via contact attn from paged called cc copy"),
        0.85,
        r"(?:by|attn|paged|contact|copy[ ]to|cc)\b[: ]{1,3}(\p{L})",
        actor,
    ),
    // Salutations and closings.
    rule(
        Start::Words("dear hi hello hey greetings morning afternoon thanks thank hola"),
        0.85,
        r"(?:dear|hi|hello|hey|greetings|hola|thanks|thank[ ]you),?[ ]{1,2}(\p{L})",
        greeted,
    ),
    rule(
        Start::Words(
            "sincerely regards best respectfully cheers thanks thank yours warmly \
                 truly cordially wishes",
        ),
        0.85,
        r"(?:sincerely(?:[ ]yours)?|(?:best|kind|warm|warmest)?[ ]?regards|best|respectfully(?:[ ]submitted)?|cheers|thanks|thank[ ](?:you|u)|yours(?:[ ](?:truly|sincerely|faithfully))?|warmly|truly|cordially|wishes)[,.!]?[ ]{0,2}(?:\n[ ]*){1,3}(\p{L})",
        closing,
    ),
    rule(
        Start::Words("sincerely regards signed thanks thx u you"),
        0.7,
        r"(?:sincerely|regards|signed|thanks|thx|thank[ ](?:you|u)|u|you)[,.!]?[ ](?:-{1,2}|~)[ ]?(\p{L})",
        closing,
    ),
    // Letters spelled out.
    rule(
        Start::WordsWhen(SINGLE, |around| {
            matches!(around.mark(), b'-' | b'.')
                && !around.next.get(2).is_some_and(u8::is_ascii_alphabetic)
                    | around.next.get(2).is_some_and(|byte| matches!(byte, b'-' | b'.'))
        }),
        0.9,
        r"(\p{L}(?:[-.][ ]?\p{L}){3,24})\b",
        spelled,
    ),
    rule(
        Start::Words("spelled spelling spelt spell spells"),
        0.9,
        r"spell(?:ed|ing|t|s)?(?:[ ]it)?(?:[ ](?:as|is|out))?[:, ]{1,3}(\p{L}(?:[-., ]{1,2}\p{L}){2,24})\b",
        always,
    ),
    // A bare "LAST, FIRST" opens a header line.
    rule(
        Start::Line,
        0.8,
        r"(\p{L}[\p{L}'-]{1,30}(?:[ -]\p{L}[\p{L}'-]{1,30})?,[ ]?\p{L}[\p{L}'.-]{0,30}(?:[ ]\p{L}\.?)?)(?:[ ]{2,}|[ ]*[/|(\t]|[ ,]+(?:[0-9]{1,3}[ ]?(?:y|yo|yrs?|m|f)\b|dob|mrn|[0-9]{1,2}[/-])|[ ]*\n|\z)",
        header,
    ),
    rule(
        Start::Line,
        0.75,
        r"(\p{L}[\p{L}'.-]{1,30}(?:[ ]\p{L}[\p{L}'.-]{0,30}){0,2}),?[ ]{1,4}(?:[0-9]{1,3}[ ]?(?:yo?|y/o|yrs?)?[ ]?(?:m|f)\b|[0-9]{1,3}[ -]?(?:yo|y/o|y\.o\.|year)|dob\b|mrn\b)",
        aged,
    ),
];

const SINGLE: &str = "a b c d e f g h i j k l m n o p q r s t u v w x y z";

fn name(found: &Found<'_>, how: How) -> Option<Hit> {
    found.keep_span(read(found.text, found.span.start, how)?)
}

const SURE: How = How { most: 4, comma: false, sure: true, lower: true };
const FORM: How = How { most: 4, comma: true, sure: true, lower: true };
const WEAK: How = How { most: 3, comma: false, sure: false, lower: true };
const TITLED: How = How { most: 4, comma: false, sure: false, lower: false };

/// "in room" and "out at" after "Dr." are no names, `name::read` says; "Dr. Hope has" is.
fn title(found: &Found<'_>) -> Option<Hit> {
    let cue = found.text.get(found.at..found.span.start)?;
    let caps = cue.bytes().all(|byte| !byte.is_ascii_lowercase());
    let long = cue.trim().len() > 4;
    // "dr b": an initial, and none of the words of a letter.
    let rest = found.rest();
    if rest.starts_with(|c: char| {
        c.is_ascii_lowercase() && !matches!(c, 'a' | 'i' | 'o' | 'c' | 'w' | 'x')
    }) && rest
        .get(1..)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', ',', '\n', ';', '?']))
    {
        return found.keep_span(Span::new(found.span.start, found.span.start + 1));
    }
    // "DOCTOR ORDERED", "doctor kumar".
    name(
        found,
        if long && (caps || cue.starts_with(|c: char| c.is_lowercase())) { WEAK } else { SURE },
    )
}

fn titled_only(found: &Found<'_>) -> Option<Hit> {
    name(found, TITLED)
}

/// "MR" is also an imaging method and a valve's leak, "MS" a disease and a drug.
fn mister(found: &Found<'_>) -> Option<Hit> {
    let cue = found.text.get(found.at..found.span.start)?;
    let dotted = cue.contains('.');
    let titled = cue.starts_with('M') && cue.as_bytes().get(1).is_some_and(u8::is_ascii_lowercase);
    name(found, if dotted || titled { SURE } else { WEAK })
}

/// A role before a name in capitals: "RN Perpetua"; in lower case only what is no word at all.
fn role(found: &Found<'_>) -> Option<Hit> {
    let first = found.rest().split([' ', '\n']).next().unwrap_or_default();
    let lower = first.starts_with(char::is_lowercase);
    if lower
        && !first.ends_with('.')
        && (first.len() < 4 || first.ends_with(['s', 'd', 'g', 'y', ',', ';', ':']))
    {
        return None;
    }
    let cue = found.text.get(found.at..found.span.start)?.trim();
    // "CO Pruitt", a corrections officer; "co workers".
    if cue.eq_ignore_ascii_case("co") && cue != "CO" {
        return None;
    }
    let rank = ["maj", "sgt", "capt", "lt", "col", "nurse", "rn", "aunt", "uncle"]
        .iter()
        .any(|rank| cue.to_ascii_lowercase().starts_with(rank));
    let caps = first.len() > 1 && first.chars().all(|c| !c.is_lowercase());
    if caps && !rank {
        return None;
    }
    name(found, WEAK)
}

fn before_age(found: &Found<'_>) -> Option<Hit> {
    if found.prev() != b' ' {
        return None;
    }
    let span = read_before(found.text, found.span.start)?;
    let caps = span.of(found.text)?.chars().all(|c| !c.is_lowercase());
    (span.len() > 2 && !(caps && span.len() < 5)).then(|| found.keep_span(span)).flatten()
}

fn credential(found: &Found<'_>) -> Option<Hit> {
    let span = read_before(found.text, found.span.start)?;
    let between = found.text.get(span.end..found.span.start)?;
    // "Boston, MA", "SEEN BY PT": a credential that is also a word needs its comma or a full name.
    let weak = matches!(found.value(), "PT" | "OT" | "PA" | "DO" | "OD" | "RD" | "NP");
    let words = span.of(found.text)?.split(' ').count();
    let caps = span.of(found.text)?.chars().all(|c| !c.is_lowercase());
    if weak && (words < 2 || (caps && !between.contains(','))) && !between.contains(',') {
        return None;
    }
    (span.len() > 2).then(|| found.keep_span(span)).flatten()
}

fn named(found: &Found<'_>) -> Option<Hit> {
    let cue = found.text.get(found.at..found.span.start)?.to_ascii_lowercase();
    // "called from", "formerly known": only real names; "name is hope" any.
    let sure = (cue.starts_with("name ")
        && found.text.get(found.at..).is_some_and(|cue| cue.starts_with('n'))
        && found.rest().starts_with(char::is_uppercase))
        || cue.starts_with("name is")
        || cue.contains("name is")
        || cue.contains("goes by")
        || cue.contains("calls ")
        || cue.contains("addressed as");
    // "née le 1er mars": a date follows.
    if found.rest().starts_with("le ") {
        return None;
    }
    let span = read(found.text, found.span.start, How { sure, ..WEAK })?;
    let lower = span.of(found.text)?.starts_with(char::is_lowercase);
    if lower
        && (cue.starts_with("called")
            || cue.starts_with("formerly")
            || cue.starts_with("known")
            || cue.starts_with("legal"))
    {
        return None;
    }
    found.keep_span(span)
}

/// "this is Jane Roe calling"; "i'm" is followed by all sorts of words.
fn introduced(found: &Found<'_>) -> Option<Hit> {
    let value = found.rest();
    let cue = found.text.get(found.at..found.span.start)?;
    if value.starts_with(char::is_lowercase) && !cue.to_ascii_lowercase().contains("name") {
        return None;
    }
    name(found, WEAK)
}

fn greeted(found: &Found<'_>) -> Option<Hit> {
    let span = read(found.text, found.span.start, How { most: 3, ..TITLED })?;
    let next = found.text.get(span.end..).and_then(|rest| rest.chars().next());
    matches!(next, None | Some(',' | '\n' | '.' | '!' | ':' | ';' | ' ' | '-'))
        .then(|| found.keep_span(span))
        .flatten()
}

fn closing(found: &Found<'_>) -> Option<Hit> {
    let span = read(found.text, found.span.start, TITLED)?;
    let rest = found.text.get(span.end..).unwrap_or_default();
    let ends = rest.trim_start_matches(' ').starts_with([',', '\n', '.', '-', '('])
        || rest.trim().is_empty();
    ends.then(|| found.keep_span(span)).flatten()
}

/// "S-U-M-M-E-R-S" in one case throughout.
fn spelled(found: &Found<'_>) -> Option<Hit> {
    let value = found.value();
    let letters: Vec<char> = value.chars().filter(|c| c.is_alphabetic()).collect();
    let one_case =
        letters.iter().all(|c| c.is_uppercase()) || letters.iter().all(|c| c.is_lowercase());
    let hyphens = value.contains('-');
    let alphabet =
        letters.windows(2).all(|pair| matches!(pair, &[a, b] if u32::from(b) == u32::from(a) + 1));
    let cut = found.prev().is_ascii_alphanumeric()
        || matches!(found.prev(), b'-' | b'.')
        || found.next().is_ascii_alphanumeric();
    (one_case && hyphens && !alphabet && !cut && letters.len() >= 4).then(|| found.keep()).flatten()
}

fn header(found: &Found<'_>) -> Option<Hit> {
    let value = found.value();
    let titled = value.split([',', ' ']).filter(|part| !part.is_empty()).all(|part| {
        part.starts_with(char::is_uppercase) && !is_ordinary(part.trim_end_matches('.'))
    });
    titled.then(|| found.keep()).flatten()
}

fn aged(found: &Found<'_>) -> Option<Hit> {
    let value = found.value();
    let words = value.split([' ']).filter(|part| !part.is_empty());
    let titled = words.clone().all(|part| {
        (part.starts_with(char::is_uppercase) || value.contains(' '))
            && !is_ordinary(part.trim_end_matches(['.', ',']))
            && part.chars().count() > 1
            || part.ends_with('.')
    });
    let caps = value.chars().all(|c| !c.is_lowercase()) && value.len() < 5;
    (titled && !caps).then(|| found.keep()).flatten()
}

#[cfg(test)]
mod tests;
