//! Electronic mail addresses (RFC 5321, 4.1.2), plain and written so that machines miss them.

use super::engine::{Found, Hit, Rule, Start, always};
use crate::deidentify::entity::{Label, Span};

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "email",
        label: Label::Email,
        score: 0.99,
        start: Start::Anywhere(&["@"]),
        pattern: r"([\p{L}0-9](?:[\p{L}0-9.!#$%&'*+/=?^_`{|}~-]{0,63})@(?:[\p{L}0-9](?:[\p{L}0-9-]{0,62})\.){1,8}\p{L}{2,24})",
        check: plain,
    },
    Rule {
        name: "email_spaced",
        label: Label::Email,
        score: 0.9,
        start: Start::Anywhere(&["@"]),
        pattern: r"([a-z0-9][a-z0-9._+-]{1,63}[ ]?@[ ]?[a-z0-9][a-z0-9-]{0,62}(?:[ ]?\.[ ]?[a-z0-9][a-z0-9-]{0,62}){0,4}[ ]?[.,][ ]?(?:com|org|net|edu|gov|co|io|uk|us|ca|de|fr|au|in|es|it|nl))\b",
        check: spaced,
    },
    Rule {
        name: "email_obfuscated",
        label: Label::Email,
        score: 0.95,
        start: Start::Anywhere(&["(at)", "[at]", "{at}", "<at>", "( at )", "[ at ]"]),
        pattern: r"((?:[a-z0-9][a-z0-9._%+-]{0,30}[ ]?[(\[{<][ ]?dot[ ]?[)\]}>][ ]?){0,3}[a-z0-9][a-z0-9._%+-]{0,63}[ ]?[(\[{<][ ]?at[ ]?[)\]}>][ ]?[a-z0-9-]{1,63}(?:(?:[ ]?[(\[{<][ ]?dot[ ]?[)\]}>][ ]?|[ ]dot[ ]|\.)[a-z0-9-]{1,63}){1,6})",
        check: always,
    },
    Rule {
        name: "email_spoken",
        label: Label::Email,
        score: 0.9,
        start: Start::Anywhere(&[" dot "]),
        pattern: r"\b([a-z0-9][a-z0-9._+-]{0,63}(?:[ ](?:dot|underscore|dash|hyphen)[ ][a-z0-9._+-]{1,40}){0,4}[ ](?:at(?:[ -]sign)?|@)[ ][a-z0-9-]{1,63}(?:[ ]dot[ ][a-z0-9-]{1,63}){0,4}[ ]dot[ ](?:com|org|net|edu|gov|co|io|uk|us|ca|de|fr|au))\b",
        check: always,
    },
    Rule {
        name: "email_spoken",
        label: Label::Email,
        score: 0.9,
        start: Start::Anywhere(&[
            " at gmail",
            " at yahoo",
            " at hotmail",
            " at outlook",
            " at icloud",
            " at aol",
            " at proton",
            " at msn",
            " at comcast",
        ]),
        pattern: r"\b([a-z0-9][a-z0-9._+-]{0,63}(?:[ ](?:dot|underscore|dash)[ ][a-z0-9._+-]{1,40}){0,4}[ ]at[ ](?:gmail|yahoo|hotmail|outlook|icloud|aol|proton(?:mail)?|msn|comcast)(?:\.|[ ]dot[ ])(?:com|net|org|me|co[. ]uk))\b",
        check: always,
    },
];

/// A local part keeps no `field=` or `"` of the text around it.
fn plain(found: &Found<'_>) -> Option<Hit> {
    let local = found.value().split('@').next().unwrap_or_default();
    let Some(mark) = local.rfind(['=', '`', '|', '{', '*', '/', '~']) else { return found.keep() };
    let rest = local.get(mark + 1..).unwrap_or_default().trim_start_matches('\'');
    if rest.is_empty() {
        return found.keep();
    }
    found.keep_span(Span::new(found.span.start + local.len() - rest.len(), found.span.end))
}

/// The plain address is found by itself.
fn spaced(found: &Found<'_>) -> Option<Hit> {
    found.value().contains(' ').then(|| found.keep()).flatten()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{finds, finds_not};
    use super::*;

    #[test]
    fn addresses() {
        finds(
            Label::Email,
            &[
                ("jane at sign example dot com", &["jane at sign example dot com"]),
                ("write to j.doe+rx@mail.example.co.uk.", &["j.doe+rx@mail.example.co.uk"]),
                ("<HDYRDAL@CLINIC.EXAMPLE.ORG>", &["HDYRDAL@CLINIC.EXAMPLE.ORG"]),
                ("email='a_b@x.example'", &["a_b@x.example"]),
                ("mailto:lan.88@zmail.example.com?x", &["lan.88@zmail.example.com"]),
                ("josé@correo.example.mx", &["josé@correo.example.mx"]),
                ("o'brien@x.example.org", &["o'brien@x.example.org"]),
                ("fonda(at)quickpost.example.net", &["fonda(at)quickpost.example.net"]),
                ("fonda [at] quickpost [dot] net", &["fonda [at] quickpost [dot] net"]),
                ("it is jane dot doe at gmail dot com", &["jane dot doe at gmail dot com"]),
                ("jdoe @ gmail . com", &["jdoe @ gmail . com"]),
                ("mikep88 at gmail.com", &["mikep88 at gmail.com"]),
                ("doe\u{200b}@x.example.org", &["doe\u{200b}@x.example.org"]),
            ],
        );
        finds_not(
            Label::Email,
            &[
                "IOP 22/19 @ 10:40",
                "0.6 V @ 0.4 ms",
                "look at polka dot comforter",
                "@ home",
                "a dot at noon",
            ],
        );
    }
}
