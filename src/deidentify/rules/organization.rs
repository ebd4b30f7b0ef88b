//! Named facilities, employers and schools: "Mt. Sinai Hospital", "Employer: Kettle Foods".
//!
//! A type of facility is no identifier by itself, "the emergency clinic"; with a name before or
//! after it, it is one (45 CFR 164.514(b)(2)(i)(B) where it places the patient).

use super::{
    address::titles_before,
    engine::{Check, Found, Hit, Rule, Start},
    words::{is_ordinary, listed},
};
use crate::deidentify::entity::{Label, Span};

const fn rule(start: Start, score: f32, pattern: &'static str, check: Check) -> Rule {
    Rule { name: "organization", label: Label::Organization, score, start, pattern, check }
}

pub(super) const RULES: &[Rule] = &[
    rule(
        Start::WordsWhen(
            "hospital clinic clinics medical health healthcare rehabilitation rehab \
                 hospice pharmacy nursing manor orthopedics pediatrics cardiology \
                 oncology dental dermatology imaging radiology pathology laboratory \
                 laboratories surgery urgent general memorial regional community \
                 university college school elementary academy high church daycare \
                 infirmary sanatorium hospitals center centre institute associates \
                 endoscopy family women's children's home village surgical physicians \
                 wellness eye cancer",
            |around| around.prev == b' ' && around.first.is_ascii_uppercase(),
        ),
        0.75,
        r"((?:hospitals?|clinics?|medical|health(?:care)?|rehab(?:ilitation)?|hospice|pharmacy|nursing|manor|orthopedics|pediatrics|cardiology|oncology|dental|dermatology|imaging|radiology|pathology|laborator(?:y|ies)|surgery|urgent|general|memorial|regional|community|university|college|school|elementary|academy|high|church|daycare|infirmary|sanatorium|center|centre|institute|associates|endoscopy|family|home|village|surgical|physicians|wellness|eye|cancer)(?:[ ](?:hospital|clinic|medical|health|healthcare|rehabilitation|rehab|center|centre|system|group|associates|care|home|facility|school|college|university|pharmacy|institute|general|memorial|practice|partners|network|pediatrics|surgery|department|middle|elementary|high|services|hospice|medicine|physicians)){0,3})\b",
        named,
    ),
    rule(
        Start::WordsWhen("university hospital college school clinic institute church", |around| {
            around.first.is_ascii_uppercase()
        }),
        0.8,
        r"((?:university|hospital|college|clinic|institute|church)[ ](?:of|for)[ ](?:the[ ])?(?-i:\p{Lu})[\p{L}'.-]{1,30}(?:[ ](?-i:\p{Lu})[\p{L}'-]{1,30}){0,2})",
        of,
    ),
    rule(
        Start::WordsWhen("clinic facility office campus branch", |around| {
            around.prev == b' ' && around.first.is_ascii_lowercase()
        }),
        0.75,
        r"((?:clinic|facility|office|campus|branch))\b",
        placed,
    ),
    rule(
        Start::Words(
            "employer school facility clinic hospital pharmacy practice company \
                 organization daycare workplace institution",
        ),
        0.8,
        r"(?:employer|school|facility|clinic|hospital|pharmacy|practice|company|organization|daycare|workplace|institution)(?:[ ]name)?[ ]?(?::|=|\.{2,40}:?)[ ]{0,4}([\p{L}][^\n\t|;<>\x22,]{2,60})",
        field,
    ),
];

/// The name in capitals before the type: at least one of its words is no ordinary one.
fn named(found: &Found<'_>) -> Option<Hit> {
    if found.value().chars().all(|c| !c.is_lowercase()) {
        return None;
    }
    // "Unit: MICU    Clinic: Derm": a column of its own.
    if found.before(2) == "  " {
        return None;
    }
    let start = titles_before(found.text, found.span.start, 4)?;
    let name = found.text.get(start..found.span.start)?.trim();
    // "Unit: MICU Clinic: Derm": a label behind an abbreviation, where "Lakota Clinic: seen there" is a name.
    if found.next() == b':' && name.len() < 6 && !name.contains(char::is_lowercase) {
        return None;
    }
    // "Dr. Smith Clinic": a title ends the name that it opens.
    let telling = name.split(' ').any(|word| {
        word.len() > 1
            && !is_ordinary(word.trim_end_matches('.'))
            && !matches!(word, "Dr." | "Mr." | "Ms." | "Mrs.")
    });
    let kind = found.value().to_ascii_lowercase();
    let weak = matches!(
        kind.as_str(),
        "general"
            | "family"
            | "high"
            | "home"
            | "urgent"
            | "eye"
            | "cancer"
            | "medical"
            | "health"
            | "nursing"
            | "surgery"
            | "community"
            | "village"
            | "regional"
            | "surgical"
            | "dental"
    );
    let ends = !found.after(2).starts_with(|c: char| c.is_alphanumeric());
    let joined = byte_joins(found);
    (telling
        && ends
        && (!weak || matches!(kind.as_str(), "general" | "high" | "medical" | "health"))
        && joined)
        .then(|| found.keep_span(Span::new(start, found.span.end)))
        .flatten()
}

/// No comma or full stop stands between the name and the type.
fn byte_joins(found: &Found<'_>) -> bool {
    let before = found.before(3);
    !before.trim_end().ends_with([',', ';', ':'])
}

fn of(found: &Found<'_>) -> Option<Hit> {
    // "Hospital for Special Surgery"; "at Mercy Hospital for Jane" tells for whom.
    let whom = found.value().split_once(" for ").map(|(_, rest)| rest.trim_start_matches("the "));
    if whom.is_some_and(|name| !name.split(' ').next().is_some_and(is_ordinary)) {
        return None;
    }
    let name = found
        .value()
        .split(' ')
        .rev()
        .any(|word| word.starts_with(char::is_uppercase) && !is_ordinary(word));
    name.then(|| found.keep()).flatten()
}

/// "our Dallas clinic": a place in capitals before a facility in lower case.
fn placed(found: &Found<'_>) -> Option<Hit> {
    const SERVICES: &str = "coumadin anticoag ortho neuro derm endo heme onc peds lipid pulm cards wound \
                            pain allergy rheum psych retina glaucoma vascular fertility monday tuesday \
                            wednesday thursday friday medicaid medicare covid telehealth";
    let start = titles_before(found.text, found.span.start, 2)?;
    let name = found.text.get(start..found.span.start)?.trim();
    let told = [" our ", " the ", " at ", " in ", " from ", " to ", " @ "]
        .iter()
        .any(|word| super::engine::before(found.text, start, 6).ends_with(word));
    let telling = name.split(' ').all(|word| {
        word.len() > 2
            && word.contains(char::is_lowercase)
            && !word.ends_with("'s")
            && !is_ordinary(word)
            && !listed(SERVICES, &word.to_lowercase())
    });
    (told && telling).then(|| found.keep_span(Span::new(start, found.span.end))).flatten()
}

fn field(found: &Found<'_>) -> Option<Hit> {
    let value = found.value();
    let end = value.find("  ").or_else(|| value.find(". ")).unwrap_or(value.len());
    let value = value.get(..end)?;
    let value = match value.find(": ") {
        Some(colon) => value.get(..colon)?.rsplit_once(' ').map_or("", |(head, _)| head),
        None => value,
    };
    let value = value.trim_end_matches([' ', '.', ')', '\'']);
    let telling =
        value.split(' ').any(|word| word.starts_with(char::is_uppercase) && !is_ordinary(word))
            && value.split(' ').count() < 7;
    telling
        .then(|| found.keep_span(Span::new(found.span.start, found.span.start + value.len())))
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{finds, finds_not};
    use super::*;

    #[test]
    fn facilities() {
        finds(
            Label::Organization,
            &[
                ("admitted to Mt. Sinai Hospital on", &["Mt. Sinai Hospital"]),
                ("at St. Mary's Medical Center.", &["St. Mary's Medical Center"]),
                ("seen at Stanford Clinic", &["Stanford Clinic"]),
                ("a student at Oberfeld College", &["Oberfeld College"]),
                ("the University of Altona", &["University of Altona"]),
                ("Employer: Kettle Foods", &["Kettle Foods"]),
                ("seen at our Dallas clinic on", &["Dallas clinic"]),
                ("School: Mililani Uka High", &["Mililani Uka High"]),
                ("Lakota Clinic: seen there", &["Lakota Clinic"]),
                ("Lakota Clinic: closed on Fridays", &["Lakota Clinic"]),
            ],
        );
        finds_not(
            Label::Organization,
            &[
                "the Emergency Clinic",
                "follow up in Cardiology Clinic",
                "Past Medical History",
                "Mental Health",
                "the Hospital for Quezada",
                "School: none",
                "seen in the Coumadin clinic",
                "back to the GI clinic",
                "at Pain clinic",
                "from Dr. Quezada's office",
                "Hospital: discharged home",
                "Pharmacy: on file",
                "Social History",
                "Unit: MICU    Clinic: Derm",
                "Unit: MICU Clinic: Derm",
                "Clinic: closed on Fridays",
                "to the hospital",
            ],
        );
    }
}
