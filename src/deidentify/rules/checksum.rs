//! Check digits that more than one part of the program asks for.

/// Whether Luhn's sum over the digits of `text` is a multiple of ten (ISO/IEC 7812-1, annex B).
pub(crate) fn luhn(text: &str) -> bool {
    let digits = text.bytes().rev().filter(u8::is_ascii_digit).map(|byte| u32::from(byte - b'0'));
    let sum: u32 = digits
        .enumerate()
        .map(|(place, digit)| {
            let doubled = if place % 2 == 1 { digit * 2 } else { digit };
            if doubled > 9 { doubled - 9 } else { doubled }
        })
        .sum();
    sum.is_multiple_of(10)
}

/// Whether `text` is two letters (the second may be a 9) and seven digits with the check digit of a
/// DEA number (DEA Diversion Control, "DEA number").
pub(crate) fn dea(text: &str) -> bool {
    let Some((letters, digits)) = text.as_bytes().split_at_checked(2) else { return false };
    let lettered = matches!(letters, [a, b] if a.is_ascii_alphabetic() && (b.is_ascii_alphabetic() || *b == b'9'));
    if !lettered || !digits.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let digits: Vec<u32> = digits.iter().map(|byte| u32::from(byte - b'0')).collect();
    let &[a, b, c, d, e, f, check] = digits.as_slice() else { return false };
    (a + c + e + 2 * (b + d + f)) % 10 == check
}
