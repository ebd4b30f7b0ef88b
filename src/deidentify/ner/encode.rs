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
        let mut tokens = Vec::with_capacity(ids.len());
        for ((id, offset), mask) in ids.into_iter().zip(&pieces.offsets).zip(&pieces.masks) {
            let place = offset.and_then(|offset| {
                let start = *bytes.get(offset.begin as usize)?;
                let end = *bytes.get(offset.end as usize)?;
                Some(Span::new(start, end))
            });
            let span = place.ok_or_else(|| {
                ModelError::Inference("the tokenizer lost a token's place in the text".to_owned())
            })?;
            tokens.push(Token { id, kind: 0, span, continues: *mask == Mask::Continuation });
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

/// The byte offset of each code point, and the length at the end: tokenizers count code points.
fn byte_offsets(text: &str) -> Vec<usize> {
    text.char_indices().map(|(at, _)| at).chain(std::iter::once(text.len())).collect()
}
