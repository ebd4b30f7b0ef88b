//! Names that their surroundings give away: titles, credentials, cue words, kinship, signatures,
//! forms. Names in running text without a cue are the models' to find.
//!
//! Source: 45 CFR 164.514(b)(2)(i)(A).

use super::rule::{Declaration, Hit, Verdict, ends_in_word, has_word};
use crate::deidentify::entity::Label;

const NAME: Label = Label::Name;

/// A capitalised word of a name, with what names have inside: O'Brien, Feinberg-Ruiz, D’Angelo.
macro_rules! word {
    () => {
        r"\p{Lu}[\p{L}\p{M}]*(?:['’ʻ`‐‑-]\p{L}[\p{L}\p{M}]*)*"
    };
}

/// Particles between the parts of a name.
macro_rules! particle {
    () => {
        r"(?:de[ ]la|de[ ]los|de|del|della|da|das|dos|di|du|van[ ]der|van[ ]den|van|von|der|den|ter|ten|la|le|el|al|bin|ibn|bint|binti|abu|y|e|san|st\.|mac|af|av|zu|zur|O|D)[ ]"
    };
}

/// A name of one to four parts, initials among them.
macro_rules! name {
    () => {
        concat!(
            r"\b(?P<v>(?:",
            particle!(),
            r")?(?:",
            word!(),
            r"|\p{Lu}\.(?:[ ]?\p{Lu}\.)*)",
            r"(?:[ ]{1,2}(?:",
            particle!(),
            r")?(?:",
            word!(),
            r"|\p{Lu}\.(?:\p{Lu}\.)*|[“\x22'‘(]",
            word!(),
            r"[”\x22'’)])){0,3}(?:,?[ ](?:Jr|Sr|II|III|IV)\b\.?)?)"
        )
    };
}

/// A name in small letters: one to three words.
macro_rules! small {
    () => {
        r"(?P<v>\p{Ll}[\p{L}'’-]{1,20}(?:[ ]\p{Ll}[\p{L}'’-]{1,20}){0,2})"
    };
}

macro_rules! titles {
    () => {
        r"(?:[Dd]rs?|DRS?|[Dd]octor|DOCTOR|[Mm]rs?|MRS?|[Mm]s|MS|[Mm]iss|MISS|[Mm]x|[Pp]rof|PROF|[Pp]rofessor|[Ss]r|[Ss]ra|[Ss]rta|[Dd]oña|[Dd]on|[Mm]me|[Mm]lle|[Hh]err|[Ff]rau|[Ss]ister|[Bb]rother|[Ff]ather|[Ff]r|[Rr]ev|[Rr]everend|[Rr]abbi|[Ii]mam|[Pp]astor|[Cc]apt|[Ss]gt|[Ll]t|[Cc]ol|[Mm]aj|[Hh]on|[Jj]udge|[Nn]urse|NURSE|[Oo]fficer|[Cc]oach|[Bb]à|[Cc]hị|[Aa]nh|[Cc]ô)"
    };
}

pub(super) const RULES: &[Declaration] = &[
    Declaration {
        name: "name-title",
        label: NAME,
        score: 0.93,
        pattern: concat!(r"\b", titles!(), r"\b\.?[ \t]{1,2}", name!()),
        check: is_a_name,
    },
    Declaration {
        name: "name-title-second",
        label: NAME,
        score: 0.9,
        pattern: concat!(
            r"\bDrs?\.?[ ]",
            word!(),
            r"(?:[ ]",
            word!(),
            r")?[ ](?:and|&)[ ](?P<v>",
            word!(),
            r"(?:[ ]",
            word!(),
            r")?)"
        ),
        check: is_a_name,
    },
    Declaration {
        name: "name-title-small",
        label: NAME,
        score: 0.8,
        pattern: r"\b(?:[Dd]r|[Mm]rs?|[Mm]s|[Pp]rof|[Nn]urse|[Dd]octor|[Mm]iss)\b\.?[ ](?P<v>\p{Ll}[\p{L}'’-]{2,20})\b",
        check: is_a_small_name,
    },
    Declaration {
        name: "name-credentials",
        label: NAME,
        score: 0.93,
        pattern: concat!(
            name!(),
            r"[ ]?,?[ ]{1,2}\(?(?:M\.?D|D\.?O|R\.?N|N\.?P|P\.?A(?:-C)?|Ph\.?D|D\.?D\.?S|D\.?M\.?D|LCSW|LMSW|MSW|LPN|CNA|APRN|ARNP|FNP(?:-C|-BC)?|CRNA|DPT|PT|OTR(?:/L)?|SLP|CCC-SLP|RPh|PharmD|RD|RDN|LMFT|LPC|PsyD|MBBS|FACS|FACC|FACP|BSN|MSN|CNM|DNP|EMT(?:-P)?|RRT|CRT|DPM|OD|AuD|CMA|MPH|RMA|BCBA|DC|NREMT)\b\.?",
        ),
        check: has_credentials,
    },
    Declaration {
        name: "name-role",
        label: NAME,
        score: 0.9,
        pattern: concat!(
            r"\b(?:RN|LPN|CNA|NP|PA|MA|MD|PT|OT|SLP|LCSW|SW|CRNA|EMT|R\.N\.|PA-C|RT|APRN|Interpreter|interpreter|Chaplain|chaplain|Surgeon|Anesthesiologist|Attending|attending|Resident|resident|Fellow|Pharmacist|pharmacist|Technologist|Therapist|therapist|Social [Ww]orker|social worker|[Cc]ase manager|[Cc]are manager|[Cc]oordinator|[Cc]aregiver|[Nn]eighbou?r|[Ff]riend|[Rr]oommate|[Ee]mployer|[Ss]upervisor|[Aa]ttorney|[Gg]uardian|[Tt]eacher|[Bb]oyfriend|[Gg]irlfriend|[Ff]ianc[ée]e?|[Pp]artner|[Ss]pouse)[ ]?[,:]?[ ]{1,2}",
            name!(),
        ),
        check: is_a_name,
    },
    Declaration {
        name: "name-kin",
        label: NAME,
        score: 0.9,
        pattern: concat!(
            r"(?i:\b(?:husband|wife|son|daughter|mother|father|mom|mum|dad|brother|sister|grandson|granddaughter|grandmother|grandfather|grandma|grandpa|aunt|uncle|niece|nephew|cousin|twin|stepson|stepdaughter|stepfather|stepmother|son-in-law|daughter-in-law|mother-in-law|father-in-law|sibling|parent|child|baby|infant|hija|hijo|esposa|esposo|madre|padre|hermana|hermano)),?[ ]?\(?,?[ ]?",
            name!(),
        ),
        check: is_a_name,
    },
    Declaration {
        name: "name-called",
        label: NAME,
        score: 0.88,
        pattern: concat!(
            r"(?i:\b(?:named|name is|name was|names are|goes by|prefers(?: to be called)?|called|known as|aka|a\.k\.a\.|née|nee|maiden name(?: is)?|my name is|i am|this is|speaking with|spoke (?:with|to)|signed|regards|sincerely|thanks|thank you|yours|best|respectfully|cheers|love|attn|attention|cc|dear|hi|hello|hey|hola|contact|per|from|re|regarding))(?:[,:]?[ ]{1,2}|[,:]?[ ]?\n{1,2}[ ]?)(?:(?i:the|my|his|her|our)[ ])?",
            name!(),
        ),
        check: is_a_whole_name,
    },
    Declaration {
        name: "name-label",
        label: NAME,
        score: 0.94,
        pattern: concat!(
            r"(?i:\b(?:(?:patient|pt|client|resident|member|subscriber|insured|policy ?holder|guarantor|emergency contact|next of kin|nok|contact|mother|father|spouse|parent|guardian|legal|preferred|full|first|last|middle|given|family|maiden|sur|provider|physician|doctor|attending|author|performed|ordering|referring|pcp|surgeon|baby|newborn|employee|employer|student|donor|recipient|caller|requester|sender|from|to|attn)[ '’s]{0,3}[ _-]?(?:name|nm)?|names?|surname|forename|lastname|firstname|alias|pcp|md|author|signed|signature|dictated by|transcribed by|reviewed by|verified by|ordered by|performed by|prepared by|reported by|interpreted by|read by|seen by|cosigned by|entered by|witness(?:ed by)?|informant|accompanied by|family|given|nombre|paciente|nom|patient\(s\)))[ \t]*(?:[:=|>]|\.{2,}|-{1,2}[ ]|_{2,}|[ ]{3,}|\t)[ \t.:_\x22'>*]{0,40}",
            name!(),
        ),
        check: is_a_name,
    },
    Declaration {
        name: "name-patient",
        label: NAME,
        score: 0.88,
        pattern: concat!(
            r"\b(?:(?i:patient|pt|client|resident|veteran|paciente))(?:[ ](?i:is|named|was)|,)?[ ]{1,2}(?:(?i:mr|mrs|ms|dr)\.?[ ])?",
            name!(),
        ),
        check: is_a_whole_name,
    },
    Declaration {
        name: "name-initials",
        label: NAME,
        score: 0.85,
        pattern: r"\b(?i:patient|pt|client|initials|re|regarding)\b[ :.]{1,3}(?P<v>\p{Lu}\.?[ ]?\p{Lu}\.?(?:[ ]?\p{Lu}\.?)?)(?:[^\p{L}\p{N}]|$)",
        check: are_initials,
    },
    Declaration {
        name: "name-patient-small",
        label: NAME,
        score: 0.75,
        pattern: concat!(
            r"\b(?:pt|patient|client)(?:[ ]name)?(?:[ ]is)?:?[ ]",
            r"(?P<v>\p{Ll}[\p{L}'’-]{2,20}[ ]\p{Ll}[\p{L}'’-]{2,20})[ ,]{1,2}(?:a |an |is a |dob|mrn|\d{1,3} ?(?:yo|y/o|yr|year|f\b|m\b))"
        ),
        check: is_a_small_name,
    },
    Declaration {
        name: "name-label-small",
        label: NAME,
        score: 0.85,
        pattern: concat!(
            r"\b(?:(?:patient|pt|client|first|last|full|given|family|middle|preferred|maiden|mother's|father's|member|contact) ?name|name|patient|surname|family|given)[ ]?[:=][ ]{0,3}",
            small!()
        ),
        check: is_a_small_name,
    },
    Declaration {
        name: "name-signature",
        label: NAME,
        score: 0.94,
        pattern: concat!(
            r"(?i:\b(?:electronically (?:signed|authenticated|co-?signed|verified|approved|attested)|e-?signed|digitally signed|signed|dictated|transcribed|authenticated|attested|reviewed|verified|prepared|entered|reported|read|interpreted|performed|ordered|seen|evaluated|examined|referred|admitted|consulted|counseled|interviewed|accompanied|brought in|witnessed|cosigned|written|completed|documented|assisted)(?:[ ]and[ ](?:signed|verified))?[ ]by):?[ ]{1,3}(?:(?i:his|her|their|the|dr|mr|mrs|ms|nurse)\.?[ ](?:(?i:husband|wife|son|daughter|mother|father|sister|brother|friend|neighbor|aunt|uncle)[ ,]{1,2})?)?",
            name!(),
        ),
        check: is_a_name,
    },
    Declaration {
        name: "name-signature-mark",
        label: NAME,
        score: 0.92,
        pattern: concat!(r"/s/[ ]{0,2}", name!()),
        check: is_a_name,
    },
    Declaration {
        name: "name-last-first",
        label: NAME,
        score: 0.8,
        pattern: r"(?m)^[ \t>*#-]{0,6}(?:(?i:re|patient|pt|name|for|to|from)[ ]?[:.][ ]{0,6})?(?P<v>\p{Lu}[\p{L}'’-]{1,20}(?:[ -]\p{Lu}[\p{L}'’-]{1,20})?,[ ]?\p{Lu}[\p{L}'’-]{1,20}(?:[ ]\p{Lu}\.?|[ ]\p{Lu}[\p{L}'’-]{1,20})?)[ \t]*(?:$|[|;(\t]|[ ]{2}|,?[ ]+(?:MRN|DOB|Age|age|\d{1,3}[ ]?(?:y|F|M)))",
        check: is_a_name,
    },
    Declaration {
        name: "name-last-first-capitals",
        label: NAME,
        score: 0.8,
        pattern: r"\b(?P<v>\p{Lu}{2}[\p{Lu}'’-]{0,20}(?:[ -]\p{Lu}{2}[\p{Lu}'’-]{0,20})?,[ ]?\p{Lu}{2}[\p{Lu}'’-]{0,20}(?:[ ]\p{Lu}\b\.?)?)[ ]*(?:\(|\||[ ]{2}|MRN|DOB|\d|$)",
        check: is_a_name,
    },
    Declaration {
        name: "name-spelled",
        label: NAME,
        score: 0.85,
        pattern: r"(?i)\b(?P<v>[a-z](?:[ ]?[-–.][ ]?[a-z]\b){3,14})",
        check: is_spelled,
    },
];

/// Words that stand where a name could and are none: clinical words, roles, forms.
const NO_NAMES: &[&str] = &[
    "patient",
    "pt",
    "the",
    "a",
    "an",
    "is",
    "was",
    "and",
    "or",
    "of",
    "to",
    "in",
    "on",
    "at",
    "for",
    "with",
    "has",
    "had",
    "he",
    "she",
    "they",
    "his",
    "her",
    "denies",
    "reports",
    "presents",
    "presented",
    "complains",
    "states",
    "stated",
    "seen",
    "admitted",
    "discharged",
    "history",
    "exam",
    "plan",
    "assessment",
    "note",
    "name",
    "date",
    "age",
    "sex",
    "gender",
    "male",
    "female",
    "dob",
    "mrn",
    "ssn",
    "phone",
    "fax",
    "email",
    "address",
    "id",
    "none",
    "unknown",
    "n/a",
    "na",
    "yes",
    "no",
    "not",
    "self",
    "same",
    "other",
    "home",
    "clinic",
    "hospital",
    "medical",
    "center",
    "department",
    "emergency",
    "service",
    "services",
    "care",
    "health",
    "nursing",
    "nurse",
    "doctor",
    "physician",
    "provider",
    "surgery",
    "medicine",
    "internal",
    "family",
    "primary",
    "cardiology",
    "neurology",
    "oncology",
    "radiology",
    "pathology",
    "psychiatry",
    "pediatrics",
    "dermatology",
    "orthopedics",
    "urology",
    "nephrology",
    "pulmonary",
    "rheumatology",
    "endocrinology",
    "gastroenterology",
    "ophthalmology",
    "obstetrics",
    "gynecology",
    "anesthesia",
    "anesthesiology",
    "team",
    "staff",
    "consult",
    "consultation",
    "report",
    "summary",
    "information",
    "instructions",
    "education",
    "safety",
    "portal",
    "rights",
    "advocate",
    "satisfaction",
    "access",
    "today",
    "yesterday",
    "tomorrow",
    "follow",
    "follow-up",
    "call",
    "please",
    "thank",
    "thanks",
    "all",
    "any",
    "if",
    "this",
    "that",
    "these",
    "those",
    "we",
    "i",
    "you",
    "your",
    "my",
    "our",
    "their",
    "its",
    "it",
    "who",
    "will",
    "can",
    "may",
    "should",
    "would",
    "must",
    "blood",
    "pressure",
    "heart",
    "lung",
    "left",
    "right",
    "upper",
    "lower",
    "chest",
    "pain",
    "mri",
    "ct",
    "us",
    "ekg",
    "ecg",
    "echo",
    "labs",
    "lab",
    "icu",
    "ed",
    "er",
    "or",
    "pcp",
    "md",
    "rn",
    "np",
    "pa",
    "do",
    "phd",
    "bp",
    "hr",
    "rr",
    "hpi",
    "pmh",
    "ros",
    "heent",
    "general",
    "vitals",
    "allergies",
    "medications",
    "meds",
    "social",
    "interpreter",
    "insurance",
    "medicare",
    "medicaid",
    "signature",
    "signed",
    "electronically",
    "january",
    "february",
    "march",
    "april",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "dr",
    "mr",
    "mrs",
    "ms",
    "type",
    "status",
    "number",
    "code",
    "room",
    "unit",
    "floor",
    "bed",
    "group",
    "plan",
    "time",
    "year",
    "old",
    "also",
    "then",
    "there",
    "here",
    "but",
    "so",
    "as",
    "by",
    "from",
    "re",
    "cc",
    "dear",
    "hi",
    "hello",
    "sir",
    "madam",
    "doc",
    "everyone",
    "team",
    "colleague",
    "friend",
    "mom",
    "dad",
    "mother",
    "father",
    "wife",
    "husband",
    "son",
    "daughter",
    "contin",
    "angiogram",
    "angiography",
    "brain",
    "spine",
    "enterography",
    "venogram",
    "office",
    "visit",
    "appointment",
    "appt",
    "order",
    "orders",
    "prescription",
    "refill",
    "form",
    "letter",
    "whom",
    "sirs",
    "english",
    "spanish",
    "american",
    "african",
    "hispanic",
    "caucasian",
    "white",
    "black",
    "asian",
    "latino",
    "latina",
    "christian",
    "catholic",
    "jewish",
    "muslim",
    "state",
    "county",
    "city",
    "pharmacy",
    "laboratory",
    "diabetes",
    "copd",
    "chf",
    "hypertension",
    "cancer",
    "disease",
    "syndrome",
    "covid",
    "covid-19",
    "hiv",
    "dnr",
    "dni",
    "full",
    "code",
    "alert",
    "oriented",
    "stable",
    "awake",
    "normal",
    "positive",
    "negative",
    "continue",
    "start",
    "stop",
    "increase",
    "decrease",
    "monitor",
    "recommend",
    "discussed",
    "given",
    "taking",
    "using",
    "being",
    "after",
    "before",
    "during",
    "when",
    "while",
    "where",
    "what",
    "how",
    "why",
    "because",
    "since",
    "until",
    "about",
    "over",
    "under",
    "up",
    "down",
    "out",
    "off",
    "back",
    "new",
    "prior",
    "previous",
    "current",
    "recent",
    "past",
    "next",
    "last",
    "first",
    "second",
    "third",
    "one",
    "two",
    "three",
    "both",
    "each",
    "every",
    "some",
    "many",
    "few",
    "more",
    "most",
    "less",
    "least",
    "very",
    "too",
    "just",
    "only",
    "even",
    "still",
    "already",
    "yet",
    "again",
    "ever",
    "never",
    "always",
    "often",
    "sometimes",
    "usually",
    "did",
    "does",
    "do",
    "done",
    "am",
    "are",
    "be",
    "been",
    "were",
    "have",
    "having",
    "get",
    "got",
    "need",
    "needs",
    "want",
    "wants",
    "like",
    "feels",
    "felt",
    "feel",
    "says",
    "said",
    "told",
    "tells",
    "asked",
    "asks",
    "called",
    "calls",
    "came",
    "comes",
    "went",
    "goes",
    "go",
    "took",
    "takes",
    "take",
    "made",
    "makes",
    "make",
    "gave",
    "gives",
    "give",
    "found",
    "finds",
];

/// Abbreviations in capitals that stand where initials or a short name could.
const ABBREVIATIONS: &[&str] = &[
    "ct", "mr", "ed", "er", "or", "icu", "iv", "im", "po", "bp", "hr", "rr", "dc", "fu", "hx",
    "dx", "rx", "tx", "sx", "fx", "us", "pt", "ot", "st", "rn", "md", "np", "pa", "do", "id", "is",
    "in", "on", "to", "as", "at", "an", "be", "by", "he", "if", "it", "me", "my", "no", "of", "so",
    "up", "we", "mri", "ekg", "ecg", "npo", "dnr", "dni", "hiv", "tb", "mi", "cva", "tia", "uti",
    "dvt", "pe", "chf", "cad", "dm", "htn", "ckd", "gi", "gu", "cv", "ent", "ob", "oob", "sob",
    "cp", "nad", "aox", "vs", "wnl", "prn", "bid", "tid", "qid", "qd", "hs", "ac", "pc", "am",
    "pm", "ros", "pmh", "psh", "fh", "sh", "cc", "hpi", "ap", "tv", "tsh", "cbc", "bmp", "cmp",
    "lft", "inr", "ptt", "abg", "vbg", "ua", "cx", "bx", "la", "ra", "lv", "rv", "ll", "rl", "ua",
    "ama", "lwbs", "poa", "asa", "gcs", "loc", "roc", "rom", "adl", "snf", "ltc", "alf", "hha",
    "ihss", "psw", "va",
];

/// A name has a word that is none of [`NO_NAMES`] at its start and its end.
fn is_a_name(hit: &Hit<'_>) -> Verdict {
    let mut words =
        hit.value.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty());
    let first = words.next().unwrap_or_default();
    let lone = words.next().is_none();
    let letters = first.chars().filter(|c| c.is_alphabetic()).count();
    let is_none = |word: &str| has_word(word, NO_NAMES);
    // A lone abbreviation ("CT", "ED") is no name; "LEE" is.
    let abbreviation = lone
        && first.chars().all(char::is_uppercase)
        && (letters == 1 || ABBREVIATIONS.contains(&first.to_lowercase().as_str()));
    if is_none(first) || abbreviation || letters == 0 {
        return Verdict::Leave;
    }
    Verdict::Part(0, end_of_name(hit.value))
}

/// Where a name ends at the latest: before the first word that is none. Text in capitals gives
/// no other sign.
fn end_of_name(value: &str) -> usize {
    let mut at = 0;
    for word in value.split_inclusive([' ', ',']) {
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
        if at > 0 && bare.chars().count() > 1 && has_word(bare, NO_NAMES) {
            break;
        }
        at += word.len();
    }
    let kept = value.get(..at).unwrap_or(value);
    kept.trim_end_matches([' ', ',']).len()
}

/// "Jane Roe, MD", but not "Baltimore, MD 21201".
fn has_credentials(hit: &Hit<'_>) -> Verdict {
    let after = hit.after().trim_start_matches([',', ' ', '(']);
    let state = ["MD", "PA", "DC", "DE"].iter().find_map(|state| after.strip_prefix(state));
    let zip = state.is_some_and(|rest| rest.trim_start().starts_with(|c: char| c.is_ascii_digit()));
    if zip { Verdict::Leave } else { is_a_name(hit) }
}

/// Behind a cue as weak as "from" or "patient", the name must be whole: two words, or one that is
/// no plain word, capitalised within ordinary text.
fn is_a_whole_name(hit: &Hit<'_>) -> Verdict {
    let words = hit.value.split_whitespace().filter(|word| word.len() > 1).count();
    let capitals = hit.value.chars().filter(|c| c.is_alphabetic()).all(char::is_uppercase);
    let known = hit.value.split(|c: char| !c.is_alphabetic()).any(|word| has_word(word, NO_NAMES));
    let shouting = capitals
        && hit.before().chars().any(char::is_alphabetic)
        && !hit.before().chars().any(char::is_lowercase);
    let strong = [
        "named",
        "is",
        "was",
        "by",
        "dear",
        "sincerely",
        "regards",
        "hi",
        "hello",
        "hey",
        "spoke with",
        "spoke to",
        "née",
        "nee",
        "as",
        "with",
        "to",
        "prefers",
        "attn",
    ];
    let cued = ends_in_word(hit.before(), &strong);
    if known || (words == 1 && (shouting || capitals)) {
        return Verdict::Leave;
    }
    match is_a_name(hit) {
        part @ Verdict::Part(..) if words >= 2 => part,
        Verdict::Part(..)
            if cued
                && !ends_in_word(
                    hit.before(),
                    &["patient is", "pt is", "this is", "patient was"],
                ) =>
        {
            Verdict::Score(0.8)
        }
        _ => Verdict::Leave,
    }
}

fn is_a_small_name(hit: &Hit<'_>) -> Verdict {
    let known = hit.value.split(|c: char| !c.is_alphabetic()).any(|word| has_word(word, NO_NAMES));
    let plural = [
        "complains",
        "presents",
        "report",
        "angio",
        "ordered",
        "recommended",
        "wants",
        "thinks",
        "states",
    ];
    Verdict::from(!known && !has_word(hit.value, &plural))
}

/// "pt JD", but not "pt ED" or "patient CT".
fn are_initials(hit: &Hit<'_>) -> Verdict {
    let letters: String = hit.value.chars().filter(|c| c.is_alphabetic()).collect();
    Verdict::from(!ABBREVIATIONS.contains(&letters.to_lowercase().as_str()))
}

/// "S-M-I-T-H", not "a-b-c-d" of a list without a cue.
fn is_spelled(hit: &Hit<'_>) -> Verdict {
    let cues =
        ["spelled", "spelling", "spell", "name", "last", "first", "surname", "spells", "spelt"];
    let upper = hit.value.chars().filter(|c| c.is_alphabetic()).all(char::is_uppercase);
    let dashes = hit.value.contains('-');
    Verdict::from(has_word(hit.before(), &cues) || (upper && dashes && hit.value.len() >= 7))
}
