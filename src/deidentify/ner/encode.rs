//! Text → tokens with byte offsets → overlapping windows of token ids.

use rust_bert::pipelines::common::TokenizerOption;
use rust_tokenizers::{Mask, TokenIdsWithOffsets};

use super::{model::ModelError, token_types::TokenTypes};
use crate::deidentify::entity::Span;

/// One token of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token {
    /// Its id in the model's vocabulary.
    pub(super) id: i64,
    /// Its token type.
    pub(super) kind: i64,
    /// Where it stands, in bytes of the text.
    pub(super) span: Span,
    /// Whether it continues the word of the token before.
    pub(super) continues: bool,
}

/// A run of a text's tokens that the model sees at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    /// Index of its first token in the text.
    pub(super) start: usize,
    /// Index after its last token.
    pub(super) end: usize,
}

/// One sequence for the model.
pub(super) struct Input {
    /// Token ids, the special ones in place.
    pub(super) ids: Vec<i64>,
    /// As many token types.
    pub(super) types: Vec<i64>,
}

impl Input {
    /// A sequence of `length` tokens that mean nothing, from all over the vocabulary.
    pub(super) fn probe(vocabulary: usize, length: usize) -> Self {
        // Steps of a prime, so that none comes twice in a vocabulary of the usual size.
        let ids = (0..length).map(|at| (at * 7919 % vocabulary.max(1)) as i64).collect();
        Self { ids, types: vec![0; length] }
    }
}

/// A tokenizer with the special tokens of its model.
pub(super) struct Encoder {
    tokenizer: TokenizerOption,
    types: TokenTypes,
    prefix: Vec<i64>,
    suffix: Vec<i64>,
    window: usize,
    overlap: usize,
}

impl Encoder {
    /// `window` and `overlap` are in tokens, special ones included in the window.
    pub(super) fn new(
        tokenizer: TokenizerOption,
        types: TokenTypes,
        window: usize,
        overlap: usize,
    ) -> Self {
        let probe = tokenizer.get_unk_id();
        let input = TokenIdsWithOffsets {
            ids: vec![probe],
            offsets: vec![None],
            reference_offsets: vec![vec![]],
            masks: vec![Mask::None],
        };
        let framed = tokenizer.build_input_with_special_tokens(input, None).token_ids;
        let at = framed.iter().position(|&id| id == probe).unwrap_or(0);
        let prefix = framed.iter().take(at).copied().collect();
        let suffix = framed.iter().skip(at + 1).copied().collect();
        Self { tokenizer, types, prefix, suffix, window, overlap }
    }

    /// Splits `text` into the model's tokens.
    ///
    /// # Errors
    /// When the tokenizer gives a token without a place in the text: what it stands for could
    /// then be left uncovered.
    pub(super) fn tokenize(&self, text: &str) -> Result<Vec<Token>, ModelError> {
        let pieces = self.tokenizer.tokenize_with_offsets(text);
        let ids = self.tokenizer.convert_tokens_to_ids(&pieces.tokens);
        let bytes = byte_offsets(text);
        let unknown = self.tokenizer.get_unk_id();
        let mut tokens: Vec<Token> = Vec::with_capacity(ids.len());
        for (at, ((id, offset), mask)) in
            ids.into_iter().zip(&pieces.offsets).zip(&pieces.masks).enumerate()
        {
            if is_extra_blank(pieces.tokens.get(at..).unwrap_or_default()) {
                continue;
            }
            let place = offset.and_then(|offset| {
                let start = *bytes.get(offset.begin as usize)?;
                let end = *bytes.get(offset.end as usize)?;
                Some(without_blanks(text, Span::new(start, end)))
            });
            let span = place.ok_or_else(|| {
                ModelError::Inference("the tokenizer lost a token's place in the text".to_owned())
            })?;
            // A letter that SentencePiece does not know comes as several tokens of one place, and of
            // a run of them only the last has a place at all.
            if let Some(last) = tokens.last_mut()
                && span.start < last.span.end
                && id == unknown
                && last.id == unknown
            {
                last.span.end = last.span.end.max(span.end);
                continue;
            }
            let done = tokens.last().map_or(0, |last| last.span.end);
            let hole = without_blanks(text, Span::new(done.min(span.start), span.start));
            let span = match &self.tokenizer {
                TokenizerOption::DebertaV2(_) | TokenizerOption::XLMRoberta(_)
                    if !hole.is_empty() =>
                {
                    Span::new(hole.start, span.end)
                }
                _ => span,
            };
            let continues = match &self.tokenizer {
                // These mark the pieces of a word themselves.
                TokenizerOption::Bert(_) => *mask == Mask::Continuation,
                // These count the marks after a word to it.
                _ => tokens.last().is_some_and(|last: &Token| goes_on(text, last.span, span)),
            };
            tokens.push(Token { id, kind: 0, span, continues });
        }
        self.types.mark(text, &mut tokens);
        Ok(tokens)
    }

    /// Cuts `tokens` into windows that overlap and start at a word where they can.
    pub(super) fn windows(&self, tokens: &[Token]) -> Vec<Window> {
        let capacity = self.window.saturating_sub(self.prefix.len() + self.suffix.len()).max(1);
        let mut windows = Vec::new();
        let mut start = 0;
        while start < tokens.len() {
            let end = tokens.len().min(start + capacity);
            windows.push(Window { start, end });
            if end == tokens.len() {
                break;
            }
            let mut next = end - self.overlap.min(capacity - 1);
            let earliest = start + 1;
            while next > earliest && tokens.get(next).is_some_and(|token| token.continues) {
                next -= 1;
            }
            start = next;
        }
        windows
    }

    /// What the model is given of a window: its tokens between the special ones.
    pub(super) fn input(&self, tokens: &[Token], window: Window) -> Input {
        let special = |ids: &[i64]| ids.iter().map(|&id| (id, 0)).collect::<Vec<_>>();
        let inner = tokens.iter().skip(window.start).take(window.end - window.start);
        let inner = inner.map(|token| (token.id, token.kind));
        let framed = special(&self.prefix).into_iter().chain(inner).chain(special(&self.suffix));
        let (ids, types) = framed.unzip();
        Input { ids, types }
    }

    /// How many special tokens stand before a window's first.
    pub(super) fn prefix_len(&self) -> usize {
        self.prefix.len()
    }
}

/// SentencePiece's mark of a blank.
const BLANK: &str = "\u{2581}";

/// Whether the first of `pieces` is a blank that SentencePiece itself would not have seen: it takes
/// a run of blanks for one, and none at the end.
fn is_extra_blank(pieces: &[String]) -> bool {
    let mut pieces = pieces.iter();
    pieces.next().is_some_and(|piece| piece == BLANK)
        && pieces.next().is_none_or(|next| next.starts_with(BLANK))
}

/// `span` without the blanks at its ends: RoBERTa's and SentencePiece's tokens hold the blank before
/// them.
fn without_blanks(text: &str, span: Span) -> Span {
    let piece = span.of(text).unwrap_or_default();
    let start = span.start + (piece.len() - piece.trim_start().len());
    Span::new(start, start + piece.trim().len())
}

/// Whether the token at `span` is of one word with the one before it.
fn goes_on(text: &str, last: Span, span: Span) -> bool {
    let ends = |span: Span| {
        let mut letters = span.of(text).unwrap_or_default().chars();
        let first = letters.next();
        (first, letters.next_back().or(first))
    };
    let is_word = |end: Option<char>| end.is_some_and(char::is_alphanumeric);
    // Pieces of one character, its bytes or its decomposition, have one place.
    span.start < last.end
        || last.end == span.start && is_word(ends(last).1) && is_word(ends(span).0)
}

/// The byte offset of each code point, and the length at the end: tokenizers count code points.
fn byte_offsets(text: &str) -> Vec<usize> {
    text.char_indices().map(|(at, _)| at).chain(std::iter::once(text.len())).collect()
}
