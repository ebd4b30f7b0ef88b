//! Tables of text (RFC 4180, tab-separated values, Markdown): the names of the columns are cues.

use std::sync::Arc;

use super::words::{is_ordinary, is_stop, listed};
use crate::deidentify::entity::{Detection, Label, Span};

/// Longest header line, in bytes.
const HEADER: usize = 1000;

/// What the column of this name holds; `Some(None)` is a usual name of a column without PHI.
fn column(name: &str) -> Option<Option<Label>> {
    // The longest name below has 20 letters.
    let mut key = [0; 20];
    let mut length = 0;
    for c in name.chars().filter(|c| c.is_alphanumeric()) {
        *key.get_mut(length)? = u8::try_from(c).ok()?.to_ascii_lowercase();
        length += 1;
    }
    let key = std::str::from_utf8(key.get(..length)?).ok()?;
    let label = match key {
        "name" | "patient" | "patientname" | "pt" | "ptname" | "firstname" | "first" | "fname"
        | "lastname" | "last" | "lname" | "surname" | "middlename" | "fullname" | "givenname"
        | "familyname" | "provider" | "providername" | "physician" | "doctor" | "attending"
        | "contact" | "contactname" | "emergencycontact" | "member" | "membername"
        | "subscriber" | "nurse" | "guardian" | "parent" | "mother" | "father" | "spouse"
        | "employee" | "employeename" | "student" | "client" | "clientname" | "pcp" | "surgeon"
        | "resident" | "maidenname" | "given" | "family" | "caregiver" | "nextofkin"
        | "insured" | "guarantor" | "orderingprovider" | "clinician" | "staff" | "user"
        | "username" | "author" | "nickname" | "initials" | "residentname" | "studentname"
        | "preferredname" | "subjectinitials" | "ptinitials" => Label::Name,
        "dob" | "birthdate" | "dateofbirth" | "date" | "admitdate" | "admissiondate"
        | "dischargedate" | "dos" | "dateofservice" | "servicedate" | "visitdate" | "deathdate"
        | "admitted" | "discharged" | "apptdate" | "appointment" | "start" | "stop" | "end"
        | "onset" | "collected" | "birthday" | "consentdate" | "enrolldate" | "screendate" => {
            Label::Date
        }
        "phone" | "cell" | "mobile" | "tel" | "telephone" | "homephone" | "workphone"
        | "cellphone" | "phonenumber" | "contactnumber" | "contactphone" => Label::Phone,
        "fax" | "faxnumber" => Label::Fax,
        "email" | "emailaddress" | "mail" => Label::Email,
        "address" | "street" | "streetaddress" | "address1" | "address2" | "city" | "town"
        | "zip" | "zipcode" | "postalcode" | "postcode" | "county" | "homeaddress" | "addr"
        | "birthplace" => Label::Location,
        "ssn" | "ss" | "socialsecuritynumber" | "socialsecurity" => Label::Ssn,
        "mrn"
        | "medicalrecordnumber"
        | "patientid"
        | "ptid"
        | "chartnumber"
        | "chartno"
        | "patientnumber"
        | "recordnumber" => Label::Mrn,
        "account" | "acct" | "accountnumber" | "acctno" | "accountno" => Label::Account,
        "memberid" | "policy" | "policynumber" | "policyno" | "subscriberid" | "insuranceid"
        | "groupnumber" | "planid" | "medicaidid" | "medicareid" | "mbi" => Label::HealthPlanId,
        "license" | "npi" | "dea" | "drivers" | "driverslicense" | "passport" | "licenseno"
        | "licensenumber" => Label::License,
        "vin" | "plate" | "licenseplate" => Label::Vehicle,
        "serial" | "serialnumber" | "deviceid" | "udi" | "serialno" => Label::Device,
        "ip" | "ipaddress" => Label::Ip,
        "employer" | "facility" | "hospital" | "clinic" | "school" | "organization" => {
            Label::Organization
        }
        "id" | "encounter" | "encounterid" | "claim" | "claimid" | "claimnumber" | "accession"
        | "visitid" | "employeeid" | "studyid" | "subjectid" | "casenumber" | "screenno"
        | "screeningno" | "subjectno" | "randno" | "randomizationno" => Label::Id,
        "time" | "dx" | "diagnosis" | "notes" | "note" | "age" | "sex" | "gender" | "race"
        | "room" | "bed" | "status" | "state" | "code" | "result" | "value" | "unit" | "units"
        | "medication" | "dose" | "reason" | "type" | "comment" | "comments" | "icd" | "icd10"
        | "cpt" | "insurance" | "payer" | "description" | "test" | "allergies" | "plan"
        | "service" | "department" | "unitname" | "copay" | "amount" | "balance"
        | "relationship" | "relation" | "language" | "ethnicity" | "weight" | "height" | "bp"
        | "encounterclass" | "reasondescription" | "site" | "eligible" | "arm" | "cohort"
        | "visit" => {
            return Some(None);
        }
        _ => return None,
    };
    Some(Some(label))
}

/// Finds the cells of labelled columns.
pub(super) fn find(text: &str, detector: &Arc<str>, found: &mut Vec<Detection>) {
    let mut columns: Option<(u8, Vec<Option<Label>>)> = None;
    // Most texts hold commas alone.
    let mut marks = MARKS.to_vec();
    marks.retain(|&(mark, _)| memchr::memchr(mark, text.as_bytes()).is_some());
    let mut at = 0;
    while at <= text.len() {
        let start = at;
        let rest = text.get(at..).unwrap_or_default();
        let length = memchr::memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len());
        let line = rest.get(..length).unwrap_or_default();
        at += length + 1;
        match &columns {
            Some((mark, labels))
                if line.as_bytes().contains(mark) && cells(line, *mark).len() == labels.len() =>
            {
                for (cell, label) in cells(line, *mark).into_iter().zip(labels) {
                    let Some(label) = *label else { continue };
                    let Some(value) = cell.of(line) else { continue };
                    let value = if label == Label::Name { without_kin(value) } else { value };
                    if holds(value, label) {
                        let from = start + cell.start;
                        let span = Span::new(from, from + value.len());
                        found.push(Detection {
                            label,
                            span,
                            score: 0.9,
                            detector: Arc::clone(detector),
                        });
                    }
                }
            }
            Some(_) | None => columns = header(line, &marks),
        }
    }
}

/// What stands between cells, and how often at least in a line that names the columns.
const MARKS: [(u8, usize); 4] = [(b',', 2), (b'\t', 1), (b'|', 1), (b';', 2)];

/// The columns, when `line` names them: two of PHI or one among other known ones, most of them known.
/// Of [`MARKS`], those that the text holds are tried.
fn header(line: &str, marks: &[(u8, usize)]) -> Option<(u8, Vec<Option<Label>>)> {
    if line.len() > HEADER {
        return None;
    }
    let &(mark, _) = marks.iter().find(|&&(mark, least)| {
        memchr::memchr_iter(mark, line.as_bytes()).take(least).count() == least
    })?;
    let cells = cells(line, mark);
    let filled = cells.iter().filter(|cell| !cell.is_empty()).count();
    let mut names: Vec<Option<Option<Label>>> = Vec::with_capacity(cells.len());
    let mut unknown = 0;
    for cell in &cells {
        let name = cell.of(line).and_then(column);
        unknown += usize::from(name.is_none() && !cell.is_empty());
        // Prose has commas too: what follows need not be read.
        if unknown > filled / 2 {
            return None;
        }
        names.push(name);
    }
    let known = names.iter().flatten().count();
    let telling = names.iter().flatten().flatten().count();
    (telling > 0 && known > 1).then(|| (mark, names.into_iter().map(Option::flatten).collect()))
}

/// The cells of a line, without quotation marks and spaces around them.
fn cells(line: &str, mark: u8) -> Vec<Span> {
    let mut cells = Vec::new();
    let (mut start, mut quoted) = (0, false);
    for at in memchr::memchr2_iter(b'"', mark, line.as_bytes()) {
        if line.as_bytes().get(at) == Some(&b'"') {
            quoted = !quoted;
        } else if !quoted {
            cells.push(trimmed(line, start, at));
            start = at + 1;
        }
    }
    cells.push(trimmed(line, start, line.len()));
    // Markdown's lines open with the mark.
    if mark == b'|' && cells.len() > 2 && cells.first().is_some_and(|first| first.is_empty()) {
        cells.remove(0);
    }
    if mark == b'|' && cells.len() > 2 && cells.last().is_some_and(|last| last.is_empty()) {
        cells.pop();
    }
    cells
}

fn trimmed(line: &str, start: usize, end: usize) -> Span {
    let cell = line.get(start..end).unwrap_or_default();
    let lead = cell.len() - cell.trim_start_matches([' ', '"', '\'', '\r']).len();
    let kept = cell.trim_end_matches([' ', '"', '\'', '\r']).len();
    Span::new(start + lead, start + kept.max(lead))
}

/// "Ahgupuk" of "Ahgupuk, mother": who somebody is to the patient is no name. "Begaye, olin tso" is one.
fn without_kin(value: &str) -> &str {
    const KIN: &str = "mother mom mum mommy father dad daddy parent parents son daughter child sister brother \
                       sibling twin wife husband spouse partner fiance fiancee girlfriend boyfriend guardian \
                       grandmother grandma grandfather grandpa grandparent grandson granddaughter aunt \
                       uncle niece nephew cousin stepmother stepfather stepson stepdaughter friend neighbor \
                       neighbour caregiver self patient legal foster maternal paternal great step in law and \
                       of the";
    match value.split_once(", ") {
        Some((name, rest))
            if name.starts_with(char::is_uppercase)
                && rest.split([' ', '-']).all(|word| listed(KIN, word)) =>
        {
            name
        }
        _ => value,
    }
}

fn holds(value: &str, label: Label) -> bool {
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let words = || {
        value.split(|c: char| !(c.is_alphanumeric() || c == '\'')).filter(|word| !word.is_empty())
    };
    if value.len() > 120 {
        return false;
    }
    if label == Label::Name {
        return words().next().is_some()
            && digits == 0
            && words().count() <= 6
            && !words().all(|word| {
                is_stop(word) || (is_ordinary(word) && !word.starts_with(char::is_uppercase))
            })
            && !value.chars().all(|c| c.is_uppercase() && is_ordinary(value));
    }
    if label == Label::Organization || label == Label::Location {
        return value.len() > 2 && words().next().is_some() && !words().all(is_stop);
    }
    if label == Label::Date {
        return digits >= 3 && (value.contains(['/', '-', '.']) || digits >= 6);
    }
    digits >= 2 || label == Label::Email && value.contains('@')
}

#[cfg(test)]
mod tests {
    use super::super::tests::{finds, finds_not};
    use super::*;

    #[test]
    fn columns_tell() {
        let text = "time,patient,dx,phone,notes\n08:00,\"Pruitt, Sable\",I10,303-555-0111,new pt\n08:20,Begaye,E11.9,5550108,ok\n09:00,HOLD,,,\"\"\n";
        finds(
            Label::Name,
            &[
                (text, &["Pruitt, Sable", "Begaye"]),
                (
                    "screen_no,initials,dob,site,consent_date,eligible\nS-0117,KTB,03JUN1971,12,2024-05-14,Y\n",
                    &["KTB"],
                ),
                (
                    "| ID | Patient | DOB |\n|---|---|---|\n| 1 | Osei, mother | 2/27/60 |\n",
                    &["Osei"],
                ),
                (
                    "| ID | Patient | DOB |\n|---|---|---|\n| 1 | Osei, maternal aunt | 2/27/60 |\n",
                    &["Osei"],
                ),
                (
                    "| ID | Patient | DOB |\n|---|---|---|\n| 1 | Begaye, olin tso | 2/28/60 |\n",
                    &["Begaye, olin tso"],
                ),
                ("Id\tFIRST\tLAST\tCITY\n9\tOlin\tVance\tReno\n", &["Olin", "Vance"]),
                (
                    "| Name | DOB | Room |\n|---|---|---|\n| Osei, Ama | 3/4/1950 | 9 |\n",
                    &["Osei, Ama"],
                ),
            ],
        );
        finds(Label::Phone, &[(text, &["303-555-0111", "5550108"])]);
        finds(Label::Location, &[("first,last,city\nOlin,Vance,Reno\n", &["Reno"])]);
        finds_not(
            Label::Name,
            &[
                "Labs: sodium, potassium, glucose\nHospital, course, stable\n",
                "test,value,unit\nHgb,9.1,g\n",
                "patient, who is stable, was seen\nand went home, walking, alone\n",
                "Name, dob confirmed, ok\nContinue Metformin daily, Lisinopril\n",
            ],
        );
    }
}
