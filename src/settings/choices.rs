//! What may stand where a setting is one of a few words.

use serde::{
    Deserialize,
    de::{IntoDeserializer, value},
};

use super::{
    KeyHeader, LogFormat, LogLevel, MetricsAccess, OnFailure, Precision, Strategy,
    UnscannableContent,
};
use crate::deidentify::entity::Label;

/// The error of a setting in words of the settings file: the configuration library's own speaks of our
/// types ("enum Strategy does not have variant constructor masked") and not of what may stand there.
pub(super) fn explained(reason: String) -> String {
    let Some((name, word)) = reason
        .strip_prefix("enum ")
        .and_then(|rest| rest.split_once(" does not have variant constructor "))
    else {
        return reason;
    };
    let choices = match name {
        "KeyHeader" => choices::<KeyHeader>(),
        "Label" => choices::<Label>(),
        "LogFormat" => choices::<LogFormat>(),
        "LogLevel" => choices::<LogLevel>(),
        "MetricsAccess" => choices::<MetricsAccess>(),
        "OnFailure" => choices::<OnFailure>(),
        "Precision" => choices::<Precision>(),
        "Strategy" => choices::<Strategy>(),
        "UnscannableContent" => choices::<UnscannableContent>(),
        _ => return reason,
    };
    format!("`{word}` is none of {choices}")
}

/// The words, as serde names them where none of them fits.
fn choices<'de, T: Deserialize<'de>>() -> String {
    let nothing: value::StrDeserializer<'de, value::Error> = "".into_deserializer();
    let error = T::deserialize(nothing).err().map(|error| error.to_string()).unwrap_or_default();
    let choices = error.split_once("expected one of ").or(error.split_once("expected "));
    choices.map_or(error.clone(), |(_, choices)| choices.to_owned())
}

#[cfg(test)]
mod tests {
    use super::explained;

    #[test]
    fn an_unknown_word_is_told_what_may_stand_there() {
        for (reason, expected) in [
            (
                "enum Strategy does not have variant constructor mask",
                "`mask` is none of `placeholder`, `surrogate`, `date_shift`, `redact`, `keep`",
            ),
            (
                "enum UnscannableContent does not have variant constructor pass",
                "`pass` is none of `refuse` or `forward`",
            ),
            ("invalid type: string \"many\"", "invalid type: string \"many\""),
        ] {
            assert_eq!(explained(reason.to_owned()), expected);
        }
    }

    /// A new choice is to be explained too.
    #[test]
    fn every_setting_of_a_few_words_is_in_the_table() {
        let files = [
            include_str!("detectors.rs"),
            include_str!("operations.rs"),
            include_str!("policy.rs"),
            include_str!("../settings.rs"),
        ];
        let mut enums = 0;
        for file in files {
            for rest in file.split("rename_all = ").skip(1) {
                let name = rest.split_once("enum ").unwrap().1.split_once(' ').unwrap().0;
                let reason = format!("enum {name} does not have variant constructor x");
                assert!(explained(reason).starts_with("`x` is none of `"), "{name}");
                enums += 1;
            }
        }
        assert!(enums >= 7, "{enums}");
    }
}
