//! What an uncased tokenizer drops, given back to the model as token types: the case of each
//! token's word and the gap before it. `scripts/train/features.py` computes the same.

use serde::Deserialize;

use super::encode::Token;

/// What a model expects as token types, from `token_types` in its `config.json`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum TokenTypes {
    /// 0 for every token, as BERT has it for a single text.
    #[default]
    Zero,
    /// 4 × case + gap, in `0..16`.
    CaseAndGap,
}

impl TokenTypes {
    /// How many rows a model's table of token types must have.
    pub(super) fn count(self) -> usize {
        match self {
            Self::Zero => 1,
            Self::CaseAndGap => 16,
        }
    }

    /// Sets the types of a text's tokens.
    pub(super) fn mark(self, text: &str, tokens: &mut [Token]) {
        if self == Self::Zero {
            return;
        }
        let mut end = None;
        for token in tokens {
            let gap = match end {
                Some(end) => gap(text.get(end..token.span.start).unwrap_or_default()),
                None => NEW_LINE,
            };
            token.kind = 4 * case(word_around(text, token.span.start)) + gap;
            end = Some(token.span.end);
        }
    }
}

const NEW_LINE: i64 = 2;

/// 0 one blank, 1 nothing, 2 a line break (or the text's start), 3 wider blanks or a tab.
fn gap(gap: &str) -> i64 {
    match gap {
        "" => 1,
        " " => 0,
        _ if gap.contains(['\n', '\r']) => NEW_LINE,
        _ => 3,
    }
}

/// 0 no capitals, 1 a capital and then none, 2 two or more letters and all of them capitals, 3 any
/// other, a single capital too.
fn case(word: &str) -> i64 {
    let letters = || word.chars().filter(|c| c.is_alphabetic());
    let capitals = letters().filter(|c| c.is_uppercase()).count();
    match (letters().count(), capitals) {
        (_, 0) => 0,
        (2.., 1) if letters().next().is_some_and(char::is_uppercase) => 1,
        (length @ 2.., capitals) if length == capitals => 2,
        _ => 3,
    }
}

/// The run of letters and digits that holds the character at byte `at`, empty when it is neither.
fn word_around(text: &str, at: usize) -> &str {
    let outside = |c: char| !c.is_alphanumeric();
    let (before, after) = text.split_at_checked(at).unwrap_or_default();
    if after.starts_with(outside) {
        return "";
    }
    let start = before.rfind(outside).map_or(0, |mark| {
        mark + before.get(mark..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8)
    });
    let end = after.find(outside).map_or(text.len(), |length| at + length);
    text.get(start..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{TokenTypes, case, word_around};
    use crate::deidentify::{entity::Span, ner::encode::Token};

    #[test]
    fn the_case_of_a_word_is_one_of_four() {
        for (word, expected) in [
            ("mary", 0),
            ("93", 0),
            ("", 0),
            ("Mary", 1),
            ("Élodie", 1),
            ("MARY", 2),
            ("B12AB", 2),
            ("J", 3),
            ("McCoy", 3),
            ("iPad", 3),
            ("b1A", 3),
            ("李", 0),
        ] {
            assert_eq!(case(word), expected, "{word}");
        }
    }

    #[test]
    fn a_word_is_found_from_any_piece_of_it() {
        let text = "dr. Émile-Zola_93yo";
        for (at, expected) in
            [(0, "dr"), (2, ""), (4, "Émile"), (7, "Émile"), (10, ""), (11, "Zola"), (16, "93yo")]
        {
            assert_eq!(word_around(text, at), expected, "{at}");
        }
    }

    #[test]
    fn gaps_and_cases_make_the_type() {
        let text = "Pt MARY\n  Lou\tx-ray";
        let spans = [(0, 2), (3, 7), (10, 13), (14, 15), (15, 16), (16, 19)];
        let mut tokens = spans.map(|(start, end)| Token {
            id: 1,
            kind: 0,
            span: Span::new(start, end),
            continues: false,
        });
        TokenTypes::CaseAndGap.mark(text, &mut tokens);
        assert_eq!(tokens.map(|token| token.kind), [4 + 2, 8, 4 + 2, 3, 1, 1]);
        TokenTypes::Zero.mark(text, &mut tokens);
        assert_eq!(tokens[1].kind, 8, "left as they are");
    }
}
