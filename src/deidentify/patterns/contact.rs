//! E-mail addresses, web addresses, IP and hardware addresses, handles, and file names that carry a
//! name.
//!
//! Sources: RFC 5322 (addresses, the part that is in use), RFC 3986 (URLs), RFC 4291 (IPv6), IEEE
//! 802 (hardware addresses).

use super::rule::{Declaration, Hit, Verdict, always};
use crate::deidentify::entity::Label;

pub(super) const RULES: &[Declaration] = &[
    Declaration {
        name: "email",
        label: Label::Email,
        score: 1.0,
        pattern: r"(?i)[\p{L}\p{N}._%+'-]*[\p{L}\p{N}_%+-] ?@ ?[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)*\.\p{L}{2,24}\b",
        check: always,
    },
    Declaration {
        name: "email-obfuscated",
        label: Label::Email,
        score: 0.995,
        pattern: r"(?i)\b[a-z0-9][\w.+-]{0,40}(?:(?: dot | ?[\[(] ?dot ?[\])] ?)[\w+-]{1,30}){0,3}(?: ?[\[({<] ?(?:at|@) ?[\])}>] ?| at | ?@ ?)[a-z0-9-]{2,40}(?:(?: ?[\[({<] ?(?:dot|\.) ?[\])}>] ?| dot |\.)[a-z0-9-]{2,30}){0,2}(?: ?[\[({<] ?(?:dot|\.) ?[\])}>] ?| dot )(?:com|org|net|edu|gov|info|health|io|co|us|uk|ca|de|fr|es|mx|br|in|au)\b",
        check: always,
    },
    Declaration {
        name: "url",
        label: Label::Url,
        score: 1.0,
        pattern: r#"(?i)\b(?:https?|ftp|sftp|hxxps?)://[^\s<>"'\])}]*[^\s<>"'\])},.;:!?]"#,
        check: always,
    },
    Declaration {
        name: "url-www",
        label: Label::Url,
        score: 1.0,
        pattern: r#"(?i)\bwww\.[a-z0-9-]+(?:\.[a-z0-9-]+)+(?:/[^\s<>"'\])}]*[^\s<>"'\])},.;:!?])?"#,
        check: always,
    },
    Declaration {
        name: "url-bare",
        label: Label::Url,
        score: 0.85,
        pattern: r#"(?i)\b(?:[a-z0-9-]+\.)+(?:com|org|net|edu|gov|info|health|clinic|hospital|io|co\.uk|nhs\.uk|me|app|example|local)\b(?:/[^\s<>"'\])}]*[^\s<>"'\])},.;:!?])?"#,
        check: is_bare_address,
    },
    Declaration {
        name: "ipv4",
        label: Label::Ip,
        score: 0.995,
        pattern: r"\b(?:\d{1,3}\.){3}\d{1,3}\b(?:/\d{1,2}\b)?",
        check: is_ipv4,
    },
    Declaration {
        name: "ipv6",
        label: Label::Ip,
        score: 1.0,
        pattern: r"(?i)(?:\b[0-9a-f]{1,4}|:):(?:[0-9a-f]{0,4}:){0,6}[0-9a-f]{1,4}\b",
        check: is_ipv6,
    },
    Declaration {
        name: "mac",
        label: Label::Device,
        score: 1.0,
        pattern: r"(?i)\b[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}\b|\b[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}\b",
        check: always,
    },
    Declaration {
        name: "handle",
        label: Label::Id,
        score: 0.8,
        pattern: r"(?:^|[\s(,:;])(?P<v>@[A-Za-z_][\w.]{2,29}\w)\b",
        check: always,
    },
    Declaration {
        name: "handle-cue",
        label: Label::Id,
        score: 0.8,
        pattern: r"(?i)\b(?:user ?name|user ?id|login|handle|screen name|instagram|twitter|skype|snapchat|tiktok|mychart id|portal id)\b ?(?:is|id)? ?[:=#] ?@?(?P<v>[\w.@-]{3,40}\w)",
        check: always,
    },
    Declaration {
        name: "file-name",
        label: Label::Id,
        score: 0.75,
        pattern: r"(?i)\b[\p{L}\p{N}_.-]{3,100}\.(?:pdf|docx?|jpe?g|png|dcm|tiff?|xlsx?|csv|txt|rtf|hl7|zip|mp3|wav|mp4|heic|bmp)\b",
        check: names_somebody,
    },
];

/// A bare domain is one only in lower case, so that "pain.Me" and "e.g.Info" are none.
fn is_bare_address(hit: &Hit<'_>) -> Verdict {
    let glued = hit.before().ends_with(['@', '.', '-', '_']);
    let host = hit.value.split('/').next().unwrap_or_default();
    Verdict::from(!glued && !host.chars().any(char::is_uppercase) && host.len() >= 6)
}

fn is_ipv4(hit: &Hit<'_>) -> Verdict {
    let host = hit.value.split('/').next().unwrap_or_default();
    let octets = host.split('.').all(|part| part.parse::<u8>().is_ok());
    let before = hit.before().to_ascii_lowercase();
    let version = ["version ", "ver ", "v", "release ", "firmware ", "section "];
    let is_version = version.iter().any(|word| before.ends_with(word));
    Verdict::from(
        octets
            && !is_version
            && !hit.before().ends_with(['.', '-'])
            && !hit.after().starts_with('-'),
    )
}

/// Times and ratios have colons too: an address has a letter, a double colon, or many groups.
fn is_ipv6(hit: &Hit<'_>) -> Verdict {
    let letters = hit.value.bytes().any(|b| b.is_ascii_alphabetic());
    let groups = hit.value.split(':').filter(|group| !group.is_empty()).count();
    let compressed = hit.value.contains("::") && groups >= 2;
    Verdict::from(groups == 8 || (compressed && (letters || groups >= 3)))
}

/// `smith_john_mri.pdf` names somebody, and `report.pdf` does not.
fn names_somebody(hit: &Hit<'_>) -> Verdict {
    let stem = hit.value.rsplit_once('.').map_or("", |(stem, _)| stem);
    let parts = stem.split(['_', '-', '.']).filter(|part| !part.is_empty()).count();
    let digits = stem.bytes().filter(u8::is_ascii_digit).count();
    Verdict::from(parts >= 2 || digits >= 5)
}
