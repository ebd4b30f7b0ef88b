//! Web addresses (RFC 3986), network addresses (RFC 791, RFC 4291), handles and file names.

use super::engine::{Check, Found, Hit, Rule, Start};
use crate::deidentify::entity::{Label, Span};

const fn rule(
    name: &'static str,
    label: Label,
    start: Start,
    score: f32,
    pattern: &'static str,
    check: Check,
) -> Rule {
    Rule { name, label, score, start, pattern, check }
}

const TLDS: &str = "com org net edu gov io co health info us uk ca de fr app dev me biz int mil \
         example test local au in eu nz ie clinic care ly be gl tv ai";

pub(super) const RULES: &[Rule] = &[
    rule(
        "url",
        Label::Url,
        Start::Words("http https ftp sftp hxxp hxxps www smb"),
        0.99,
        r"((?:(?:hxxps?|https?|s?ftp|smb)[ ]?:[ ]?//[ ]?|www\.)[^\s<>\x22{}|\\^`\x00-\x1f]{2,200})",
        url,
    ),
    rule(
        "url",
        Label::Url,
        Start::WordsWhen(TLDS, |around| around.prev == b'.'),
        0.9,
        r"([a-z]{2,7}(?:\.[a-z]{2,4}){0,2}(?::[0-9]{2,5})?(?:[/?#][^\s<>\x22{}|\\^`]{0,160})?)",
        bare,
    ),
    rule(
        "ip",
        Label::Ip,
        Start::DigitsWhen(1, 3, |around| around.mark() == b'.'),
        0.95,
        r"([0-9]{1,3}(?:\.[0-9]{1,3}){3}(?:/[0-9]{1,2})?)",
        ipv4,
    ),
    // Messengers' hosts under top-level domains that are words too.
    rule(
        "url",
        Label::Url,
        Start::WordsWhen("t wa bit youtu fb ig", |around| around.mark() == b'.'),
        0.95,
        r"((?:t|wa|fb|ig|m)\.me/[^\s<>\x22{}|\\^`]{2,80}|(?:bit\.ly|youtu\.be)/[^\s<>\x22{}|\\^`]{2,80})",
        url,
    ),
    // MAC addresses as network gear writes them, "001a.2b3c.4d5e".
    rule(
        "mac",
        Label::Device,
        Start::Code(4, 4),
        0.9,
        r"([0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4})\b",
        dotted_mac,
    ),
    rule(
        "ip",
        Label::Ip,
        Start::Hex,
        0.95,
        r"([0-9a-f]{1,4}(?::[0-9a-f]{0,4}){2,7}(?:/[0-9]{1,3})?)",
        ipv6,
    ),
    rule(
        "ip",
        Label::Ip,
        Start::Anywhere(&["::"]),
        0.9,
        r"(?:^|[\s\[(=,\x22])(::[0-9a-f]{1,4}(?::[0-9a-f]{1,4}){0,6})\b",
        ipv6,
    ),
    rule(
        "handle",
        Label::Url,
        Start::Anywhere(&["@"]),
        0.75,
        r"(?:^|[\s(,:;<\x22'])(@[a-z][a-z0-9_.]{2,30})",
        handle,
    ),
    rule(
        "handle",
        Label::Url,
        Start::Words(
            "instagram insta ig twitter tiktok snapchat snap facebook fb handle skype \
                 telegram discord venmo linkedin",
        ),
        0.8,
        r"(?:instagram|insta|ig|twitter|tiktok|snapchat|snap|facebook|fb|handle|skype|telegram|discord|venmo|linkedin)(?:[ ](?:handle|id|name|user|username|account|profile|page))?(?:[ ](?:is|as|under))?[ ]?[:=]?[ ]?(@?[a-z][a-z0-9_.-]{2,30})\b",
        named_handle,
    ),
    rule(
        "handle",
        Label::Url,
        Start::Words("dm dms dmed pm pmed username login screenname handle"),
        0.8,
        r"(?:dm(?:s|ed)?|pm(?:ed)?|username|login|screenname|handle)(?:[ ](?:from|to|is|by|as|name))?[ ]?[:=]?[ ]?([a-z][a-z0-9]*(?:[_.-][a-z0-9]+){1,4})\b",
        joined_handle,
    ),
    rule(
        "file",
        Label::Id,
        Start::WordsWhen(
            "pdf doc docx jpg jpeg png dcm tif tiff xls xlsx csv txt zip mp3 mp4 wav \
                 hl7 xml rtf heic m4a mov json bmp gif",
            |around| around.prev == b'.',
        ),
        0.8,
        r"([a-z0-9]{2,4})\b",
        file,
    ),
];

/// Without the punctuation of the sentence around it.
fn trimmed(found: &Found<'_>, start: usize) -> Option<Hit> {
    let text = found.text.get(start..found.span.end)?;
    let mut kept = text.trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', '*', ']']);
    if kept.ends_with(')') && kept.matches('(').count() < kept.matches(')').count() {
        kept = kept.trim_end_matches([')', '.', ',']);
    }
    found.keep_span(Span::new(start, start + kept.len()))
}

/// Hosts of terminologies, standards and public health information: addresses that name nobody.
const PUBLIC: &str = "snomed.info loinc.org hl7.org w3.org unitsofmeasure.org nih.gov cdc.gov who.int \
         fda.gov medlineplus.gov cms.gov hhs.gov clinicaltrials.gov heart.org \
         diabetes.org cancer.org mayoclinic.org uptodate.com webmd.com doi.org \
         medscape.com nejm.org wikipedia.org ama-assn.org va.gov medicare.gov \
         healthit.gov ihe.net acr.org nhs.uk nice.org.uk";

fn is_public(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    PUBLIC.split_ascii_whitespace().any(|public| {
        host.strip_suffix(public).is_some_and(|before| before.is_empty() || before.ends_with('.'))
    })
}

fn url(found: &Found<'_>) -> Option<Hit> {
    let host = found
        .value()
        .rsplit("//")
        .next()
        .unwrap_or_default()
        .split(['/', ':', '?', '#'])
        .next()
        .unwrap_or_default();
    if is_public(host) && !found.value().contains(['?', '@']) {
        return None;
    }
    trimmed(found, found.span.start)
}

/// Three decimals joined by points are none: an address of a card has letters.
fn dotted_mac(found: &Found<'_>) -> Option<Hit> {
    let letters = found.value().bytes().any(|byte| byte.is_ascii_alphabetic());
    (letters && !found.is_cut()).then(|| found.keep()).flatten()
}

/// Where the run of `is_part` that ends at `end` begins, at most 80 bytes back.
fn run_before(text: &str, end: usize, is_part: fn(u8) -> bool) -> usize {
    let bytes = text.as_bytes();
    let mut start = end;
    while start > end.saturating_sub(80)
        && start.checked_sub(1).and_then(|at| bytes.get(at)).is_some_and(|&byte| is_part(byte))
    {
        start -= 1;
    }
    start
}

/// A host without "http": "portal.example.org/u/7".
fn bare(found: &Found<'_>) -> Option<Hit> {
    if found.prev() != b'.' {
        return None;
    }
    let start = run_before(found.text, found.span.start, |byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_')
    });
    let host = found.text.get(start..found.span.start - 1)?.trim_start_matches(['.', '-', '_']);
    let start = found.span.start - 1 - host.len();
    let prev = super::engine::byte_before(found.text, start);
    let whole = found
        .text
        .get(start..found.span.end)?
        .split(['/', ':', '?', '#'])
        .next()
        .unwrap_or_default();
    if (is_public(whole) && !found.value().contains('?'))
        || host.len() < 2
        || host.split('.').all(|part| part.len() == 1)
        || matches!(
            host.to_ascii_lowercase().as_str(),
            "dr" | "mr" | "ms" | "mrs" | "st" | "vs" | "pt"
        )
        || matches!(prev, b'@' | b'/')
        || !host.bytes().any(|byte| byte.is_ascii_alphabetic())
        || host.contains("..")
    {
        return None;
    }
    // "pain.in the" is a missing space; an address goes on after the dot in lower case and stops.
    let tail = found.value();
    let top = tail.split(['.', ':', '/', '?', '#']).next().unwrap_or_default();
    let path = tail.len() > top.len();
    let word = matches!(
        top.to_ascii_lowercase().as_str(),
        "in" | "me"
            | "us"
            | "be"
            | "co"
            | "care"
            | "test"
            | "health"
            | "local"
            | "example"
            | "clinic"
            | "de"
            | "int"
            | "info"
            | "app"
            | "ca"
            | "ai"
            | "tv"
            | "net"
            | "fr"
            | "au"
            | "eu"
            | "io"
            | "dev"
            | "ie"
            | "gl"
            | "ly"
    );
    let dotted = host.contains('.');
    if found.next().is_ascii_alphanumeric()
        || (word
            && !path
            && !dotted
            && !matches!(
                top,
                "net" | "io" | "info" | "health" | "clinic" | "co" | "dev" | "app" | "ai"
            ))
        || (word && !path && super::words::is_ordinary(host))
    {
        return None;
    }
    let number = host.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if number { None } else { trimmed(found, start) }
}

fn ipv4(found: &Found<'_>) -> Option<Hit> {
    let address = found.value().split('/').next().unwrap_or_default();
    let valid = address.split('.').all(|part| part.parse::<u8>().is_ok());
    let before = found.before(10).to_ascii_lowercase();
    let version = before.ends_with('v')
        || before.trim_end().ends_with("version")
        || before.trim_end().ends_with("oid");
    let cut = found.prev().is_ascii_alphanumeric()
        || found.prev() == b'.'
        || found.next().is_ascii_alphanumeric()
        || (found.next() == b'.'
            && found.after(2).as_bytes().get(1).is_some_and(u8::is_ascii_digit));
    (valid && !version && !cut).then(|| found.keep()).flatten()
}

fn ipv6(found: &Found<'_>) -> Option<Hit> {
    let address = found.value().split('/').next().unwrap_or_default();
    let valid = address.parse::<std::net::Ipv6Addr>().is_ok();
    let cut = matches!(found.prev(), b':' | b'.')
        || found.prev().is_ascii_alphanumeric()
        || found.next().is_ascii_alphanumeric();
    (valid && !cut).then(|| found.keep()).flatten()
}

fn handle(found: &Found<'_>) -> Option<Hit> {
    let value = found.value().trim_end_matches('.');
    let marked = value.bytes().any(|byte| byte.is_ascii_digit() || byte == b'_' || byte == b'.');
    let name = value.get(1..).unwrap_or_default();
    (marked || (name.len() > 3 && !super::words::is_ordinary(name)))
        .then(|| found.keep_span(Span::new(found.span.start, found.span.start + value.len())))
        .flatten()
}

fn named_handle(found: &Found<'_>) -> Option<Hit> {
    let value = found.value();
    let marked =
        value.bytes().any(|byte| byte.is_ascii_digit() || matches!(byte, b'_' | b'@' | b'.'))
            && value.len() > 3;
    marked.then(|| found.keep()).flatten()
}

/// "nurse_kayleigh_rn": of its parts one at least is no ordinary word, as in "user_id" all are.
fn joined_handle(found: &Found<'_>) -> Option<Hit> {
    let telling = found.value().split(['_', '.', '-']).any(|part| {
        part.len() > 2
            && part.bytes().any(|byte| byte.is_ascii_alphabetic())
            && !super::words::is_ordinary(part.trim_end_matches(|c: char| c.is_ascii_digit()))
    });
    (telling && found.next() != b'(').then(|| found.keep()).flatten()
}

/// A file's name counts where it could hold a name or a number: "karim_mri.pdf", not "report.pdf".
fn file(found: &Found<'_>) -> Option<Hit> {
    if found.prev() != b'.' || found.next().is_ascii_alphanumeric() {
        return None;
    }
    let start = run_before(found.text, found.span.start, |byte| {
        byte.is_ascii_alphanumeric()
            || byte >= 0x80
            || matches!(byte, b'.' | b'-' | b'_' | b'+' | b'~')
    });
    let mut start = start;
    while !found.text.is_char_boundary(start) {
        start += 1;
    }
    let name = found.text.get(start..found.span.start - 1)?;
    let telling = name.split(['_', '-', '.', '+']).any(|part| {
        part.bytes().filter(u8::is_ascii_digit).count() >= 3
            || (part.len() > 2
                && part.chars().any(char::is_alphabetic)
                && !super::words::is_ordinary(part))
    });
    telling.then(|| found.keep_span(Span::new(start, found.span.end))).flatten()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{finds, finds_not};
    use super::*;

    #[test]
    fn addresses_of_the_net() {
        finds(
            Label::Url,
            &[
                ("telegram: t.me/janeroe", &["t.me/janeroe"]),
                (
                    "see https://portal.example.org/u/7?x=1.",
                    &["https://portal.example.org/u/7?x=1"],
                ),
                ("(www.myplan.example.org/eob)", &["www.myplan.example.org/eob"]),
                (
                    "acct clarity.dexview.example.com/u/q_91. RTC",
                    &["clarity.dexview.example.com/u/q_91"],
                ),
                ("go to myclinic.org today", &["myclinic.org"]),
                ("HTTPS://X.EXAMPLE.COM/A", &["HTTPS://X.EXAMPLE.COM/A"]),
                ("instagram: karim.runs22", &["karim.runs22"]),
                ("on IG @karim_runs", &["@karim_runs"]),
                ("cc <@tbrennan> and", &["@tbrennan"]),
                ("dm from nurse_kayleigh_rn: hi", &["nurse_kayleigh_rn"]),
                ("username: tbrennan-np2", &["tbrennan-np2"]),
            ],
        );
        finds(Label::Device, &[("mac 001A.2B3C.4D5E up", &["001A.2B3C.4D5E"])]);
        finds(
            Label::Ip,
            &[
                ("ip=10.44.7.129 action", &["10.44.7.129"]),
                ("from 2001:db8:85a3::8a2e:370:7334 at", &["2001:db8:85a3::8a2e:370:7334"]),
                ("fe80::1", &["fe80::1"]),
                ("lost ::1 and", &["::1"]),
            ],
        );
        finds(
            Label::Id,
            &[
                ("attached karim_mri.pdf", &["karim_mri.pdf"]),
                ("IMG_20240314.jpg", &["IMG_20240314.jpg"]),
            ],
        );
        finds_not(
            Label::Url,
            &[
                "pain.in the knee",
                "e.g.me",
                "Dr.com",
                "IOP @ 10:40",
                "login user_id",
                "username: first-name",
                "login user_name.get_value(",
                "10 pm to follow-up",
                "1.2.me",
                "follow up.co signed",
            ],
        );
        finds_not(
            Label::Ip,
            &[
                "at 10:40:32",
                "1.2.3",
                "300.1.2.3",
                "version 1.2.3.4",
                "ratio 1:2:3",
                "I:C 1:10",
                "chr17:43057062",
            ],
        );
        finds_not(Label::Id, &["see report.pdf", "lab results.txt", ".csv"]);
    }
}
