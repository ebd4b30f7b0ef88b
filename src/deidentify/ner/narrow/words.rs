//! Words that are no part of what they stand beside.

/// Words at the ends of a place, an organization or a date that are no part of it, in lower case.
pub(super) const AROUND_PLACES: &[&str] = &[
    "a", "also", "an", "and", "another", "any", "as", "at", "by", "for", "from", "her", "his",
    "in", "into", "is", "its", "my", "near", "of", "on", "or", "our", "s", "since", "their", "the",
    "this", "through", "to", "until", "via", "was", "we", "with", "your",
];

/// The same of a name. Many short words are names of somebody, written small or not.
pub(super) const AROUND_NAMES: &[&str] = &[
    "and", "at", "bday", "by", "for", "from", "gave", "had", "has", "is", "of", "on", "or", "out",
    "pt", "she", "the", "they", "to", "u", "was", "who", "with", "you", "COMMA", "PERIOD", "comma",
    "period",
];

/// Degrees and licences after a name, as they are written.
pub(super) const DEGREES: &[&str] = &[
    "APRN", "ARNP", "BSN", "CNA", "CNM", "CRNA", "DDS", "DMD", "DNP", "DO", "DPM", "DPT", "DVM",
    "FACC", "FACP", "FACS", "FNP", "LCSW", "LMFT", "LPC", "LPN", "LVN", "MBBS", "MD", "MPH", "MSN",
    "MSW", "NP", "OD", "OTR", "PA", "PA-C", "PharmD", "PhD", "PsyD", "RD", "RN", "RPh", "RRT",
    "SLP",
];

/// Forms of address, without their period.
pub(super) const TITLES: &[&str] = &[
    "Capt",
    "Captain",
    "Col",
    "DOCTOR",
    "DR",
    "Deacon",
    "Deputy",
    "Detective",
    "Doctor",
    "Dr",
    "Dra",
    "Fr",
    "Frau",
    "Herr",
    "Lieutenant",
    "Lt",
    "MISTER",
    "MR",
    "MRS",
    "Maj",
    "Miss",
    "Missus",
    "Mister",
    "Mme",
    "Monsignor",
    "Mr",
    "Mrs",
    "Ms",
    "Msgr",
    "Mw",
    "Mx",
    "Officer",
    "Pastor",
    "Prof",
    "Rev",
    "Scribe",
    "Sergeant",
    "Sgt",
    "Sig",
    "Smt",
    "Sr",
    "Sra",
    "Sri",
    "doctor",
    "dr",
    "miss",
    "missus",
    "mister",
    "mr",
    "mrs",
    "ms",
];

/// Days of the week, in lower case.
pub(super) const WEEKDAYS: &[&str] = &[
    "fri",
    "friday",
    "fridays",
    "mon",
    "monday",
    "mondays",
    "sat",
    "saturday",
    "saturdays",
    "sun",
    "sunday",
    "sundays",
    "thu",
    "thur",
    "thurs",
    "thursday",
    "thursdays",
    "tue",
    "tues",
    "tuesday",
    "tuesdays",
    "wed",
    "wednesday",
    "wednesdays",
];

/// Cues at the start of a number.
pub(super) const CUES: &[&str] =
    &["Acct", "ID", "Id", "MRN", "No", "Policy", "SN", "Serial", "acct", "id", "mrn", "no", "sn"];

/// Kinds of facilities: alone, in lower case, they name none.
pub(super) const FACILITIES: &[&str] = &[
    "agency",
    "branch",
    "care",
    "center",
    "centre",
    "clinic",
    "clinics",
    "community",
    "county",
    "department",
    "facility",
    "floor",
    "general",
    "home",
    "hospital",
    "hospitals",
    "lab",
    "laboratory",
    "local",
    "nursing",
    "office",
    "outpatient",
    "pharmacy",
    "practice",
    "rehab",
    "school",
    "unit",
    "urgent",
    "ward",
];
