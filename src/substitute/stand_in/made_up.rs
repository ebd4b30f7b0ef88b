//! Surrogates of numbers, addresses of the net, towns and facilities: of the same format, and nobody's.

use crate::deidentify::entity::Label;

/// Towns that are nowhere in particular.
pub(super) const CITIES: [&str; 40] = [
    "Elmhaven",
    "Brookmere",
    "Fairhollow",
    "Westmarch",
    "Oakreach",
    "Millbourne",
    "Stonefield",
    "Larkmoor",
    "Ashbrooke",
    "Redvale",
    "Kingsmere",
    "Northwick",
    "Silverfen",
    "Maplemoor",
    "Thornwick",
    "Eastmere",
    "Greyhollow",
    "Hartsmere",
    "Ivybourne",
    "Juniperdale",
    "Kestrelford",
    "Lindenmoor",
    "Mossgate",
    "Nettlebourne",
    "Orchardwick",
    "Pinemarch",
    "Quillhaven",
    "Ravensmere",
    "Saltmarch",
    "Tidewick",
    "Underfell",
    "Violetmere",
    "Willowgate",
    "Yarrowdale",
    "Amberwick",
    "Birchfen",
    "Cedarmere",
    "Dovebourne",
    "Fernmarch",
    "Goldenmoor",
];
/// A value of the same kind and format that is nobody's.
pub(super) fn made_up(label: Label, value: &str, number: usize) -> Option<String> {
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let has_digit = digits > 0;
    match label {
        // 555-0100 to 555-0199 are kept for fiction (NANPA).
        Label::Phone | Label::Fax if number < 100 => match digits {
            7 => Some(fill(value, &format!("55501{number:02}"))),
            10 => Some(fill(value, &format!("20255501{number:02}"))),
            11 => Some(fill(value, &format!("120255501{number:02}"))),
            _ => None,
        },
        // No number begins with 9 (SSA).
        Label::Ssn if digits == 9 => Some(fill(value, &format!("90000{number:04}"))),
        // RFC 2606, RFC 5737.
        Label::Email => Some(format!("contact{number}@example.org")),
        Label::Url => Some(format!("https://www.example.org/page{number}")),
        Label::Ip if number < 255 => Some(format!("192.0.2.{number}")),
        Label::Location if !has_digit => CITIES.get(number - 1).map(|city| (*city).to_owned()),
        Label::Organization => {
            CITIES.get(CITIES.len().checked_sub(number)?).map(|city| format!("{city} Institute"))
        }
        Label::Mrn
        | Label::HealthPlanId
        | Label::Account
        | Label::License
        | Label::Vehicle
        | Label::Device
        | Label::Id
            if digits >= 5 && value.is_ascii() =>
        {
            Some(same_format(value, number))
        }
        _ => None,
    }
}

/// `digits` in the places of those of `like`.
fn fill(like: &str, digits: &str) -> String {
    let mut digits = digits.chars();
    like.chars().map(|c| if c.is_ascii_digit() { digits.next().unwrap_or(c) } else { c }).collect()
}

/// Other digits and letters in the places of those of `value`, the same for one number.
pub(super) fn same_format(value: &str, number: usize) -> String {
    // A linear congruential generator (Knuth, MMIX): all it must be is the same every time.
    let mut state = (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut next = |below: u32| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from(state >> 33).unwrap_or_default() % below
    };
    let mut letter =
        |base: char, below: u32| char::from_u32(u32::from(base) + next(below)).unwrap_or(base);
    let one = |c: char| match c {
        '0'..='9' => letter('0', 10),
        'a'..='z' => letter('a', 26),
        'A'..='Z' => letter('A', 26),
        _ => c,
    };
    value.chars().map(one).collect()
}
