//! Structured text: the names of fields are cues.
//!
//! FHIR and other JSON by key (FHIR R4 HumanName, Address, ContactPoint), C-CDA and other XML by
//! element (HL7 CDA R2), vCard by property (RFC 6350).

use super::{
    engine::{Check, Found, Guard, Hit, Rule, Start, after},
    words::is_ordinary,
};
use crate::deidentify::entity::{Label, Span};

const fn rule(
    name: &'static str,
    label: Label,
    start: Start,
    pattern: &'static str,
    check: Check,
) -> Rule {
    Rule { name, label, score: 0.95, start, pattern, check }
}

const NAME_KEYS: &str = "family given firstname lastname first last fullname patientname patient name \
         surname middlename middle maidenname mothersmaidenname providername provider \
         contactname nickname pat guarantorname subscribername membername displayname \
         author physician doctor member client prefix practitioner attending username";
const DATE_KEYS: &str = "birthdate dob dateofbirth birthtime birth deceaseddatetime date effectivetime \
         servicedate admitdate admissiondate dischargedate birthday period start end \
         issued authoredon time bday deceased service admit admission discharge";
const PLACE_KEYS: &str = "line city postalcode zip zipcode street streetaddressline streetname housenumber \
         address address1 address2 addressline1 district county town addr birthplace \
         precinct postal";
const NUMBER_KEYS: &str = "mrn ssn memberid patientid accountnumber account medicalrecordnumber \
         policynumber subscriberid licensenumber npi id identifier value medicaidid \
         serialnumber deviceid phone telecom fax mobile email insuranceid encounterid \
         claimid patient member medical policy subscriber license medicaid serial device \
         insurance encounter claim";

const KEY: Guard = |around| matches!(around.mark(), b'"' | b'\\' | b'_' | b'-');
const ELEMENT: Guard = |around| matches!(around.prev, b'<' | b':');
const PROPERTY: Guard = |around| matches!(around.mark(), b':' | b';');

pub(super) const RULES: &[Rule] = &[
    // JSON: "family": "Doe", "given": ["Jane", "Q"].
    rule(
        "json",
        Label::Name,
        Start::WordsWhen(NAME_KEYS, KEY),
        r#"(?:family|given|(?:(?:patient|provider|contact|guarantor|subscriber|member|display|full|first|last|middle|maiden|nick|sur|mothers?maiden)_?)?name|patient|first|last|middle|provider|author|physician|doctor|member|client|practitioner|attending)\\?"[ ]?:\s{0,8}\\?(\[\s{0,8}\\?"[^"\\]{1,80}\\?"(?:,\s{0,8}\\?"[^"\\]{1,40}\\?"){0,4}|\\?"[^"\\]{1,80}\\?")"#,
        json_names,
    ),
    rule(
        "json",
        Label::Name,
        Start::WordsWhen(
            "first last full patient middle maiden provider contact mother member \
                 subscriber guarantor",
            KEY,
        ),
        r#"(?:first|last|full|patient|middle|maiden|provider|contact|mothers?_maiden|member|subscriber|guarantor)[_ -]name\\?"[ ]?:\s{0,8}\\?("[^"\\]{1,80}")"#,
        json_names,
    ),
    rule(
        "json",
        Label::Date,
        Start::WordsWhen(DATE_KEYS, KEY),
        r#"(?:birth_?date|dob|date_?of_?birth|birth_?time|deceaseddatetime|date|service_?date|admit_?date|admission_?date|discharge_?date|birthday|start|end|issued|authoredon|bday)\\?"[ ]?:\s{0,8}\\?"([0-9]{4}-[0-9]{2}(?:-[0-9]{2})?|[0-9]{8})"#,
        super::engine::always,
    ),
    rule(
        "json",
        Label::Location,
        Start::WordsWhen(PLACE_KEYS, KEY),
        r#"(?:line|city|postal_?code|zip(?:_?code)?|street(?:_?address)?(?:_?line)?[12]?|address(?:_?line)?_?[12]?|district|county|town|birth_?place)\\?"[ ]?:\s{0,8}\\?(\[\s{0,8}\\?"[^"\\{]{2,100}\\?"(?:,\s{0,8}\\?"[^"\\]{1,60}\\?"){0,3}|\\?"[^"\\{]{2,100}\\?")"#,
        json_values,
    ),
    rule(
        "json",
        Label::Id,
        Start::WordsWhen(NUMBER_KEYS, KEY),
        r#"(?:mrn|ssn|member_?id|patient_?id|account(?:_?number)?|medical_?record_?number|policy_?number|subscriber_?id|license_?number|npi|medicaid_?id|serial_?number|device_?id|insurance_?id|encounter_?id|claim_?id|phone|fax|mobile)\\?"[ ]?:\s{0,8}\\?"?([a-z0-9+(][a-z0-9 ()+./_-]{2,40})"#,
        number,
    ),
    rule(
        "json",
        Label::Id,
        Start::WordsWhen("identifier telecom value", KEY),
        r#"(?:value)\\?"[ ]?:\s{0,8}\\?"((?:[a-z]{0,6}-?)[0-9][0-9a-z ()+./-]{5,30})\\?""#,
        fhir_value,
    ),
    rule(
        "json",
        Label::Name,
        Start::WordsWhen("name", KEY),
        r#"name\\?"[ ]?:\s{0,8}[\[{\s]{1,12}\\?"(?:use\\?"[ ]?:[ ]?\\?"[a-z]{1,12}\\?",\s{0,8}\\?")?text\\?"[ ]?:\s{0,8}\\?("[^"\\]{1,80}")"#,
        json_names,
    ),
    // XML: <given>Jane</given>, <birthTime value="19620314"/>.
    rule(
        "xml",
        Label::Name,
        Start::WordsWhen(NAME_KEYS, ELEMENT),
        r"(?:family|given|(?:(?:patient|provider|contact|guarantor|subscriber|member|full|first|last|middle|maiden)[_-]?)?name|surname|patient|first|last)(?:[ ][^<>]{0,80})?>\s{0,8}([^<>{}]{1,80})\s{0,8}</",
        xml_name,
    ),
    rule(
        "xml",
        Label::Location,
        Start::WordsWhen(PLACE_KEYS, ELEMENT),
        r"(?:city|postalcode|zip|street(?:addressline|name)?|housenumber|county|precinct|address|line)(?:[ ][^<>]{0,80})?>\s{0,8}([^<>{}]{1,100})\s{0,8}</",
        xml,
    ),
    rule(
        "xml",
        Label::Date,
        Start::WordsWhen(DATE_KEYS, ELEMENT),
        r#"(?:birthtime|effectivetime|time|low|high|birthdate|dob|date)(?:[ ][^<>]{0,60})?(?:[ ]value="|>\s{0,8})([0-9]{8,14}(?:[+-][0-9]{4})?|[0-9]{4}-[0-9]{2}-[0-9]{2})"#,
        super::engine::always,
    ),
    rule(
        "xml",
        Label::Id,
        Start::WordsWhen("id telecom mrn ssn identifier patientid phone", ELEMENT),
        r#"(?:id[ ][^<>]{0,90}extension="|telecom[ ][^<>]{0,60}value="(?:tel:|mailto:|fax:)?|(?:mrn|ssn|identifier|patientid|phone)(?:[ ][^<>]{0,60})?>)([^"<>]{3,60})"#,
        number,
    ),
    rule("xml", Label::Id, Start::Words("extension"), r#"extension="([^"<>]{3,60})""#, number),
    // vCard.
    rule(
        "vcard",
        Label::Name,
        Start::WordsWhen("n fn nickname", PROPERTY),
        r"(?:fn|n|nickname)(?:;[^:\r\n]{1,40})?:([^\r\n]{2,90})",
        vcard_name,
    ),
    rule(
        "vcard",
        Label::Location,
        Start::WordsWhen("adr label geo", PROPERTY),
        r"(?:adr|geo)(?:;[^:\r\n]{1,60})?:([^;\r\n]{4,140})[\r\n]",
        vcard_line,
    ),
    // Box, extension, street, town, region, postcode, country: all but region and country (RFC 6350, 6.3.1).
    rule(
        "vcard",
        Label::Location,
        Start::WordsWhen("adr", PROPERTY),
        r"adr(?:;[^:\r\n]{1,60})?:([^;\r\n]{0,60});([^;\r\n]{0,60});([^;\r\n]{0,90});([^;\r\n]{0,60})(?:;[^;\r\n]{0,60}(?:;([^;\r\n]{0,20}))?)?",
        vcard_line,
    ),
    rule(
        "vcard",
        Label::Date,
        Start::WordsWhen("bday anniversary", PROPERTY),
        r"(?:bday|anniversary)(?:;[^:\r\n]{1,40})?:([^\r\n]{4,30})",
        vcard_line,
    ),
    rule(
        "vcard",
        Label::Phone,
        Start::WordsWhen("tel", PROPERTY),
        r"tel(?:;[^:\r\n]{1,60})?:(?:tel:)?(\+?[0-9(][0-9 ().x;=+-]{5,30})",
        super::engine::always,
    ),
    rule(
        "vcard",
        Label::Organization,
        Start::WordsWhen("org", PROPERTY),
        r"org(?:;[^:\r\n]{1,40})?:([^\r\n]{2,80})",
        vcard_line,
    ),
];

fn inner(found: &Found<'_>) -> Span {
    let value = found.value();
    let start =
        value.len() - value.trim_start_matches(['[', '"', '\\', ' ', '\n', '\t', '\r']).len();
    let end = value.trim_end_matches(['"', '\\', ' ', '\n', '\t', '\r']).len();
    Span::new(found.span.start + start, found.span.start + end.max(start))
}

fn json_names(found: &Found<'_>) -> Option<Hit> {
    let span = inner(found);
    let value = span.of(found.text)?;
    let titled = value.split([' ', '"', ',']).any(|word| {
        word.chars()
            .next()
            .is_some_and(|c| c.is_uppercase() || !c.is_lowercase() && c.is_alphabetic())
    });
    let ordinary = value
        .split([' ', '"', ',', '.'])
        .filter(|word| word.chars().any(char::is_alphabetic))
        .all(is_ordinary);
    let key = after(found.text, found.at, 8).to_ascii_lowercase();
    let sure = key.starts_with("family")
        || key.starts_with("given")
        || key.starts_with("last")
        || key.starts_with("first");
    let code = value.contains(['/', '{', '}', ':']) || value.chars().any(|c| c.is_ascii_digit());
    (value.chars().any(char::is_alphabetic)
        && !code
        && (sure || (titled && !ordinary) || (!ordinary && value.contains(' '))))
    .then(|| found.keep_span(span))
    .flatten()
}

fn json_values(found: &Found<'_>) -> Option<Hit> {
    found.keep_span(inner(found))
}

fn label_of(key: &str) -> Label {
    let key = key.to_ascii_lowercase();
    let has = |word: &str| key.contains(word);
    if has("ssn") || has("social") {
        Label::Ssn
    } else if has("mrn") || has("patient") || has("medicalrecord") || has("medical_record") {
        Label::Mrn
    } else if has("member")
        || has("policy")
        || has("subscriber")
        || has("insurance")
        || has("medicaid")
    {
        Label::HealthPlanId
    } else if has("account") {
        Label::Account
    } else if has("licen") || has("npi") {
        Label::License
    } else if has("serial") || has("device") {
        Label::Device
    } else if has("fax") {
        Label::Fax
    } else if has("phone") || has("mobile") || has("tel") {
        Label::Phone
    } else {
        Label::Id
    }
}

fn number(found: &Found<'_>) -> Option<Hit> {
    let value = found.value().trim();
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let key = found.text.get(found.at..found.span.start)?;
    let oid = value.matches('.').count() > 3;
    let hit = found.keep_span(Span::new(
        found.span.start,
        found.span.start + found.value().trim_end().len(),
    ))?;
    ((digits >= 2 || value.contains('@')) && !oid).then_some(Hit {
        label: if value.contains('@') { Label::Email } else { label_of(key) },
        ..hit
    })
}

/// A FHIR `value` in an `identifier` or `telecom`: any long number that is no measurement.
fn fhir_value(found: &Found<'_>) -> Option<Hit> {
    let value = found.value();
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let near = found.before(160).to_ascii_lowercase();
    let told = ["identifier", "telecom", "system", "\"use\"", "phone"]
        .iter()
        .any(|word| near.contains(word));
    let date = value.len() == 10 && value.matches('-').count() == 2;
    (digits >= 5 && told && !date).then(|| found.keep()).flatten()
}

fn xml_name(found: &Found<'_>) -> Option<Hit> {
    let value = found.value().trim();
    let key = after(found.text, found.at, 8).to_ascii_lowercase();
    let sure = key.starts_with("family")
        || key.starts_with("given")
        || key.starts_with("last")
        || key.starts_with("first")
        || key.starts_with("surname");
    let ordinary = value.split([' ', ',', '.']).filter(|word| !word.is_empty()).any(is_ordinary);
    (opens(found) && value.chars().any(char::is_alphabetic) && (sure || !ordinary))
        .then(|| found.keep())
        .flatten()
}

fn xml(found: &Found<'_>) -> Option<Hit> {
    if opens(found) { found.keep() } else { None }
}

/// The element's name stands right after "<" or a namespace's ":".
fn opens(found: &Found<'_>) -> bool {
    matches!(super::engine::byte_before(found.text, found.at), b'<' | b':')
}

fn at_line(found: &Found<'_>) -> bool {
    matches!(super::engine::byte_before(found.text, found.at), b'\n' | b'\r' | b'.')
}

fn vcard_name(found: &Found<'_>) -> Option<Hit> {
    let key = found.text.get(found.at..found.span.start)?;
    let caps = key.starts_with(|c: char| c.is_ascii_uppercase());
    let value = found.value();
    let short = key.len() < 3;
    (caps && at_line(found) && (!short || value.contains(';')))
        .then(|| {
            found.keep_span(Span::new(
                found.span.start,
                found.span.start + value.trim_end_matches([';', ' ']).len(),
            ))
        })
        .flatten()
}

fn vcard_line(found: &Found<'_>) -> Option<Hit> {
    let caps = after(found.text, found.at, 3).bytes().all(|byte| byte.is_ascii_uppercase());
    let value = found.value();
    let lead = value.len() - value.trim_start_matches([';', ' ']).len();
    (caps && at_line(found))
        .then(|| found.keep_span(Span::new(found.span.start + lead, found.span.end)))
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{finds, finds_not};
    use super::*;

    #[test]
    fn json() {
        let patient = r#"{"name":[{"family":"Doe","given":["Jane","Q"]}],"birthDate":"1962-03-14","address":[{"line":["12 Moran St"],"city":"Reno","postalCode":"89501"}],"identifier":[{"system":"urn:mrn","value":"E3340917"}]}"#;
        finds(
            Label::Name,
            &[
                (patient, &["Doe", "Jane\",\"Q"]),
                (r#"{"first_name": "Karim", "note": "ok"}"#, &["Karim"]),
                (r#"{\"family\": \"Doe\"}"#, &["Doe"]),
            ],
        );
        finds(Label::Date, &[(patient, &["1962-03-14"])]);
        finds(Label::Location, &[(patient, &["12 Moran St", "Reno", "89501"])]);
        finds(Label::Mrn, &[(r#"{"patient_id": "88120"}"#, &["88120"])]);
        finds_not(
            Label::Name,
            &[r#"{"code":{"text":"Diabetes"},"name":"get_weather"}"#, r#"{"last":"4.2"}"#],
        );
    }

    #[test]
    fn xml_and_vcard() {
        finds(
            Label::Name,
            &[
                (
                    "<name use=\"L\"><given>Jane</given><family>Doe</family></name>",
                    &["Jane", "Doe"],
                ),
                (
                    "BEGIN:VCARD\nFN:Jane Doe\nN:Doe;Jane;;;\nTEL;TYPE=CELL:+1-606-555-0112\nEND:VCARD",
                    &["Jane Doe", "Doe;Jane"],
                ),
            ],
        );
        finds(
            Label::Date,
            &[
                ("<birthTime value=\"19620314\"/>", &["19620314"]),
                ("BDAY:1962-03-14\n", &["1962-03-14"]),
            ],
        );
        finds(
            Label::Location,
            &[(
                "<streetAddressLine>12 Moran</streetAddressLine><city>Reno</city>",
                &["12 Moran", "Reno"],
            )],
        );
        finds(Label::Id, &[("<id root=\"2.16.840.1\" extension=\"99-8812\"/>", &["99-8812"])]);
        finds_not(Label::Name, &["<name>Glucose test</name>", "n: 12 patients", "<b>Jane</b>"]);
    }
}
