//! Which fields hold which identifiers, and what their values look like.

use crate::deidentify::entity::{Label, Span};

/// Names of fields in lower case without blanks and marks, by label. The names are those of forms,
/// of FHIR R4 (Patient, Coverage, Practitioner) and of C-CDA.
const FIELDS: &[(Label, &[&str])] = &[
    (
        Label::Name,
        &[
            "name",
            "patientname",
            "ptname",
            "patient",
            "firstname",
            "lastname",
            "middlename",
            "fullname",
            "surname",
            "givenname",
            "familyname",
            "family",
            "given",
            "forename",
            "maidenname",
            "mothersmaidenname",
            "preferredname",
            "nickname",
            "alias",
            "membername",
            "subscribername",
            "insuredname",
            "policyholder",
            "guarantor",
            "guarantorname",
            "contactname",
            "emergencycontact",
            "nextofkin",
            "nok",
            "spouse",
            "father",
            "mother",
            "fathersname",
            "mothersname",
            "guardian",
            "provider",
            "providername",
            "physician",
            "attending",
            "attendingphysician",
            "referringphysician",
            "orderingprovider",
            "orderingphysician",
            "pcp",
            "primarycarephysician",
            "surgeon",
            "anesthesiologist",
            "dictatedby",
            "transcribedby",
            "signedby",
            "reportedby",
            "requestedby",
            "performedby",
            "reviewedby",
            "author",
            "clinician",
            "nurse",
            "therapist",
            "technologist",
            "radiologist",
            "pathologist",
            "consultant",
            "witness",
            "informant",
            "caregiver",
            "employeename",
            "customername",
            "clientname",
            "client",
            "residentname",
            "childname",
            "childsname",
            "babyname",
            "studentname",
            "teacher",
            "donorname",
            "nombre",
            "apellido",
            "apellidos",
            "paciente",
            "nom",
            "prenom",
            "prénom",
            "nachname",
            "vorname",
            "first",
            "last",
            "legalname",
            "displayname",
            "requester",
            "caller",
            "callername",
            "ptfirst",
            "ptlast",
            "fname",
            "lname",
            "patientfirstname",
            "patientlastname",
            "prescriber",
            "pharmacist",
            "careteam",
            "interpreter",
            "attn",
        ],
    ),
    (
        Label::Date,
        &[
            "dob",
            "dateofbirth",
            "birthdate",
            "birthday",
            "born",
            "birthtime",
            "bdate",
            "date",
            "dateofservice",
            "dos",
            "servicedate",
            "admitdate",
            "admissiondate",
            "dateofadmission",
            "admitted",
            "dischargedate",
            "dateofdischarge",
            "discharged",
            "dateofdeath",
            "deceaseddatetime",
            "visitdate",
            "encounterdate",
            "apptdate",
            "appointmentdate",
            "collectiondate",
            "collected",
            "received",
            "reported",
            "dateofinjury",
            "doi",
            "dateofsurgery",
            "surgerydate",
            "proceduredate",
            "datesigned",
            "effectivedate",
            "effectivetime",
            "expirationdate",
            "duedate",
            "lmp",
            "edd",
            "edc",
            "lastseen",
            "lastvisit",
            "nextvisit",
            "fecha",
            "fechadenacimiento",
            "geburtsdatum",
            "orderdate",
            "resultdate",
            "specimendate",
            "dictated",
            "transcribed",
            "issued",
            "ptdob",
            "patientdob",
            "testdate",
            "examdate",
            "studydate",
            "onsetdate",
            "dateofonset",
            "filldate",
            "lastfilled",
        ],
    ),
    (
        Label::Location,
        &[
            "address",
            "homeaddress",
            "mailingaddress",
            "streetaddress",
            "street",
            "address1",
            "address2",
            "addressline1",
            "addressline2",
            "addr",
            "streetaddressline",
            "line",
            "city",
            "town",
            "zip",
            "zipcode",
            "postalcode",
            "postcode",
            "county",
            "district",
            "direccion",
            "dirección",
            "adresse",
            "patientaddress",
            "residence",
            "birthplace",
            "placeofbirth",
            "hometown",
            "neighborhood",
        ],
    ),
    (
        Label::Phone,
        &[
            "phone",
            "phonenumber",
            "telephone",
            "tel",
            "cell",
            "cellphone",
            "mobile",
            "homephone",
            "workphone",
            "contactnumber",
            "phoneno",
            "phonehome",
            "phonecell",
            "phonework",
            "pager",
            "callback",
            "callbacknumber",
            "telecom",
            "telefono",
            "teléfono",
            "daytimephone",
            "eveningphone",
            "ptphone",
            "patientphone",
            "emergencyphone",
            "contactphone",
        ],
    ),
    (Label::Fax, &["fax", "faxnumber", "faxno"]),
    (Label::Email, &["email", "emailaddress", "mail", "correo"]),
    (
        Label::Ssn,
        &[
            "ssn",
            "ss",
            "ss#",
            "socialsecurity",
            "socialsecuritynumber",
            "socialsecurityno",
            "socsec",
        ],
    ),
    (
        Label::Mrn,
        &[
            "mrn",
            "mr#",
            "mrno",
            "medicalrecordnumber",
            "medicalrecord",
            "medicalrecordno",
            "medrec",
            "medrec#",
            "medrecno",
            "patientid",
            "patientnumber",
            "patientno",
            "patient#",
            "ptid",
            "chart",
            "chartnumber",
            "chart#",
            "hospitalnumber",
            "unitnumber",
            "recordnumber",
            "epicid",
            "emrid",
            "ehrid",
            "ptnumber",
            "mrnumber",
        ],
    ),
    (
        Label::HealthPlanId,
        &[
            "memberid",
            "subscriberid",
            "policynumber",
            "policy",
            "policyno",
            "policy#",
            "groupnumber",
            "groupno",
            "group#",
            "insuranceid",
            "planid",
            "medicaid",
            "medicareid",
            "medicaidid",
            "medicare",
            "mbi",
            "hicn",
            "beneficiaryid",
            "insurancenumber",
            "memberno",
            "membernumber",
            "groupid",
            "rxbin",
            "rxgroup",
            "rxgrp",
            "pcn",
            "subscribernumber",
            "insurancepolicy",
            "member#",
            "coverageid",
        ],
    ),
    (
        Label::Account,
        &[
            "account",
            "accountnumber",
            "accountno",
            "acct",
            "acct#",
            "acctno",
            "account#",
            "csn",
            "har",
            "invoice",
            "invoicenumber",
            "cardnumber",
            "creditcard",
            "iban",
            "guarantoraccount",
            "billingaccount",
        ],
    ),
    (
        Label::License,
        &[
            "license",
            "licensenumber",
            "licenseno",
            "license#",
            "licence",
            "driverslicense",
            "driverlicense",
            "dl",
            "dl#",
            "dea",
            "dea#",
            "npi",
            "deanumber",
            "npinumber",
            "certificatenumber",
            "medicallicense",
        ],
    ),
    (Label::Vehicle, &["licenseplate", "plate", "platenumber", "vin", "vehicle", "vehicleid"]),
    (
        Label::Device,
        &[
            "serial",
            "serialnumber",
            "serialno",
            "serial#",
            "sn",
            "s/n",
            "lot",
            "lotnumber",
            "lot#",
            "udi",
            "deviceid",
            "deviceidentifier",
            "imei",
            "deviceserial",
        ],
    ),
    (
        Label::Id,
        &[
            "accession",
            "accessionnumber",
            "accession#",
            "accessionno",
            "specimenid",
            "specimen#",
            "visitnumber",
            "visitid",
            "encounterid",
            "encounternumber",
            "claimnumber",
            "claimid",
            "claim#",
            "claimno",
            "ordernumber",
            "orderid",
            "casenumber",
            "caseid",
            "case#",
            "jobid",
            "job#",
            "studyid",
            "employeeid",
            "badge",
            "badgenumber",
            "passport",
            "passportnumber",
            "authorizationnumber",
            "authnumber",
            "priorauth",
            "priorauthnumber",
            "rxnumber",
            "rx#",
            "prescriptionnumber",
            "confirmationnumber",
            "referralnumber",
            "nationalid",
            "externalid",
            "uuid",
            "username",
            "userid",
            "login",
            "subjectid",
            "participantid",
            "studentid",
            "fillernumber",
            "placerorder",
        ],
    ),
    (Label::Ip, &["ip", "ipaddress", "clientip", "remoteaddr"]),
    (Label::Url, &["url", "website", "homepage", "webaddress"]),
    (
        Label::Biometric,
        &["fingerprintid", "biometricid", "voiceprintid", "retinascan", "faceid", "irisscan"],
    ),
    (
        Label::Organization,
        &[
            "facility",
            "facilityname",
            "hospital",
            "hospitalname",
            "clinic",
            "clinicname",
            "employer",
            "employername",
            "school",
            "schoolname",
            "organization",
            "organisation",
            "practice",
            "practicename",
            "company",
            "institution",
            "location of service",
            "referringfacility",
            "workplace",
            "sendingfacility",
            "custodian",
        ],
    ),
];

/// What a field of this name holds, whatever its case, blanks and marks.
pub(super) fn label_of(name: &str) -> Option<Label> {
    let plain: String = name
        .chars()
        .filter(|c| c.is_alphanumeric() || *c == '#' || *c == '/')
        .flat_map(char::to_lowercase)
        .collect();
    let find = |plain: &str| {
        FIELDS.iter().find(|(_, names)| names.contains(&plain)).map(|(label, _)| *label)
    };
    // "Patient's name", "Name (last, first)"
    find(&plain).or_else(|| {
        let bare = name.split('(').next().unwrap_or(name);
        let bare = bare.to_lowercase().replace("'s", "").replace("’s", "");
        let bare: String = bare.chars().filter(|c| c.is_alphanumeric() || *c == '#').collect();
        find(&bare)
    })
}

/// Values that say that there is none, or that a person types where a name would stand.
const EMPTY: &[&str] = &[
    "none",
    "unknown",
    "n/a",
    "na",
    "no",
    "yes",
    "not on file",
    "not provided",
    "deferred",
    "pending",
    "self",
    "same",
    "declined",
    "null",
    "true",
    "false",
    "nil",
    "tbd",
    "see below",
    "see above",
    "as above",
    "male",
    "female",
    "string",
    "other",
    "the",
    "today",
    "yesterday",
    "not documented",
    "not applicable",
    "not available",
    "unk",
    "refused",
    "anonymous",
    "patient",
    "provider",
    "date",
    "text",
    "object",
];

/// Words of running text that stand after a heading ("Patient: denies pain").
const PROSE: &[&str] = &[
    "denies",
    "reports",
    "states",
    "presents",
    "is",
    "was",
    "has",
    "had",
    "with",
    "who",
    "the",
    "a",
    "an",
    "alert",
    "awake",
    "stable",
    "seen",
    "well",
    "doing",
    "feels",
    "and",
    "in",
    "to",
    "will",
    "complains",
    "of",
    "not",
    "no",
    "reviewed",
    "notified",
    "present",
    "bedside",
    "at",
    "hypertension",
    "diabetes",
    "cancer",
    "deceased",
    "alive",
    "healthy",
    "living",
    "died",
    "history",
    "disease",
    "hello",
    "hi",
    "yes",
    "i",
    "okay",
    "ok",
    "my",
    "we",
    "you",
    "it",
    "so",
    "um",
    "uh",
    "well",
    "good",
    "thank",
    "thanks",
    "he",
    "she",
    "they",
    "that",
    "this",
    "what",
    "how",
];

/// Whether `value` could be what a field with this label holds, and not running text.
pub(super) fn is_plausible(label: Label, value: &str) -> bool {
    let value = value.trim();
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    if value.is_empty()
        || EMPTY.iter().any(|empty| empty.eq_ignore_ascii_case(value.trim_end_matches('.')))
    {
        return false;
    }
    let words: Vec<&str> = value.split_whitespace().collect();
    let prose = words.iter().any(|word| {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric());
        PROSE.iter().any(|prose| prose.eq_ignore_ascii_case(word))
    });
    match label {
        Label::Name => {
            words.len() <= 5
                && value.len() <= 60
                && digits <= 2
                && !prose
                && value.chars().any(char::is_alphabetic)
                && value.chars().filter(|c| c.is_alphabetic()).count() >= 2
        }
        Label::Organization => words.len() <= 7 && !prose && value.chars().any(char::is_alphabetic),
        Label::Location => words.len() <= 12 && !prose && !is_state(value),
        Label::Date => digits >= 2 && value.len() <= 40 && !is_year(value) && words.len() <= 5,
        Label::Phone | Label::Fax => digits >= 7,
        Label::Ssn => digits >= 4,
        Label::Email => value.contains('@'),
        Label::Url => value.contains('.'),
        Label::Ip => value.contains(['.', ':']) && digits >= 3,
        Label::Id => digits >= 2 || words.len() == 1 && value.len() >= 3,
        _ => digits >= 2 && words.len() <= 4,
    }
}

/// A year alone is not PHI.
fn is_year(value: &str) -> bool {
    value.len() == 4 && (value.starts_with("19") || value.starts_with("20"))
}

/// A state or a country alone is not PHI.
pub(super) fn is_state(value: &str) -> bool {
    value.len() <= 3 && value.chars().all(|c| c.is_ascii_uppercase())
}

/// Of the value of a number's field, the number: not what is said after it.
pub(super) fn number(label: Label, value: &str) -> usize {
    if matches!(label, Label::Name | Label::Location | Label::Organization | Label::Date) {
        return value.len();
    }
    let end = value.find([',', '(', ';']).unwrap_or(value.len());
    let mut kept = 0;
    for word in value.get(..end).unwrap_or_default().split_inclusive(' ') {
        let bare = word.trim_end();
        let prefix = kept == 0 && bare.len() <= 6;
        if !prefix && !bare.bytes().any(|b| b.is_ascii_digit()) {
            break;
        }
        kept += word.len();
    }
    value.get(..kept).map_or(0, |kept| kept.trim_end_matches([' ', '.']).len())
}

/// The value itself: up to two blanks, or the next label on the line, without marks at its end.
pub(super) fn cut(value: &str, at: usize) -> Span {
    let mut end = value.len();
    if let Some(gap) = value.find("  ") {
        end = end.min(gap);
    }
    // "Doe  DOB: …" and "John Doe, DOB: …": the word before the next colon is a label.
    if let Some(colon) = value.get(..end).and_then(|part| part.find(": ")) {
        let before = value.get(..colon).unwrap_or_default();
        end = before.rfind([',', ' ']).unwrap_or(0);
    }
    let kept = value.get(..end).unwrap_or_default();
    let kept = kept.trim_end_matches([' ', '\r', ',', '.', '\'', '*', '_', '}', ')', ':', '<']);
    Span::new(at, at + kept.len())
}

/// The parts of a value between `marks`, without blanks around them.
pub(super) fn parts(value: &str, at: usize, marks: &[char]) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut start = 0;
    for piece in value.split(marks) {
        let blanks = piece.len() - piece.trim_start().len();
        let trimmed = piece.trim();
        if trimmed.chars().any(char::is_alphanumeric) {
            let from = at + start + blanks;
            spans.push(Span::new(from, from + trimmed.len()));
        }
        start += piece.len() + 1;
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::{cut, is_plausible, label_of, parts};
    use crate::deidentify::entity::{Label, Span};

    #[test]
    fn names_of_fields_are_read_in_any_spelling() {
        for (name, label) in [
            ("Patient Name", Label::Name),
            ("patient_name", Label::Name),
            ("PATIENT'S NAME", Label::Name),
            ("Name (last, first)", Label::Name),
            ("birthDate", Label::Date),
            ("D.O.B.", Label::Date),
            ("MR#", Label::Mrn),
            ("S/N", Label::Device),
        ] {
            assert_eq!(label_of(name), Some(label), "{name}");
        }
        for name in ["Assessment", "Plan", "BP", "Allergies", "Chief complaint"] {
            assert_eq!(label_of(name), None, "{name}");
        }
    }

    #[test]
    fn running_text_is_no_value() {
        assert!(is_plausible(Label::Name, "Doe, John"));
        assert!(!is_plausible(Label::Name, "denies chest pain"));
        assert!(!is_plausible(Label::Name, "None"));
        assert!(!is_plausible(Label::Date, "2019"));
        assert!(is_plausible(Label::Date, "3/14"));
        assert!(!is_plausible(Label::Location, "MA"));
        assert!(!is_plausible(Label::Mrn, "pending"));
    }

    #[test]
    fn a_value_ends_where_the_next_field_starts() {
        let cut = |text: &'static str| cut(text, 0).of(text).unwrap();
        assert_eq!(cut("John Doe  DOB: 1/2/80"), "John Doe");
        assert_eq!(cut("John Doe, DOB: 1/2/80"), "John Doe");
        assert_eq!(cut("John Doe."), "John Doe");
        assert_eq!(parts("Doe;John;;", 10, &[';']), [Span::new(10, 13), Span::new(14, 18)]);
    }
}
