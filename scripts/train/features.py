"""Text → token ids, token types and targets. The gateway computes ids and types in the same way (src/deidentify/ner)."""

import json
import re

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from corpus import LABELS

# Outputs of the model, in order.
TAGS = ["O"] + [f"{prefix}-{label}" for label in LABELS if label != "SKIP" for prefix in "BI"]
TAG = {tag: number for number, tag in enumerate(TAGS)}
IGNORED = -100
# The tokenizer folds case and drops white space; token types give both back to the model.
TOKEN_TYPES = 16
WORD = re.compile(r"[^\W_]+")


class Encoder:
    def __init__(self, folder):
        words = (folder / "vocab.txt").read_text(encoding="utf-8").splitlines()
        vocabulary = {word: number for number, word in enumerate(words)}
        self.tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=100))
        self.tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
        self.tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        self.first, self.last, self.padding = vocabulary["[CLS]"], vocabulary["[SEP]"], vocabulary["[PAD]"]

    def encode(self, text, spans):
        """Ids, types and targets of a whole text, without special tokens."""
        encoded = self.tokenizer.encode(text, add_special_tokens=False)
        types = token_types(text, encoded.offsets)
        return encoded.ids, types, targets(encoded.offsets, spans)


def token_types(text, offsets):
    """For each token 4 × the case of its word + the gap before it.

    Case: 0 no capitals, 1 a capital and then none, 2 capitals alone (two or more), 3 other, a single capital too.
    Gap: 0 one blank, 1 none, 2 a line break or the text's start, 3 wider blanks or a tab."""
    words = iter(WORD.finditer(text))
    word = next(words, None)
    types, before = [], 0
    for start, end in offsets:
        while word is not None and word.end() <= start:
            word = next(words, None)
        kind = case_of(word.group()) if word is not None and word.start() <= start else 0
        types.append(4 * kind + gap_of(text[before:start], before == 0 and start == 0 or not types))
        before = end
    return types


def case_of(word):
    letters = [c for c in word if c.isalpha()]
    capitals = sum(c.isupper() for c in letters)
    if capitals == 0:
        return 0
    if len(letters) > 1 and capitals == len(letters):
        return 2
    return 1 if len(letters) > 1 and capitals == 1 and letters[0].isupper() else 3


def gap_of(gap, at_start):
    if at_start or "\n" in gap or "\r" in gap:
        return 2
    if gap == "":
        return 1
    return 0 if gap == " " else 3


def targets(offsets, spans):
    """The output that each token should have: B at an entity's first token, I after it."""
    found, at, inside = [], 0, None
    for start, end in offsets:
        while at < len(spans) and spans[at][1] <= start:
            at += 1
        if at == len(spans) or spans[at][0] >= end:
            found.append(0)
            inside = None
            continue
        label = spans[at][2]
        if label == "SKIP":
            found.append(IGNORED)
        else:
            found.append(TAG[f"{'I' if inside == at else 'B'}-{label}"])
        inside = at
    return found


def config(base):
    """`config.json` of the model, from that of the model that training started with."""
    made = {key: base[key] for key in (
        "hidden_act", "hidden_size", "initializer_range", "intermediate_size", "layer_norm_eps", "max_position_embeddings",
        "num_attention_heads", "num_hidden_layers", "vocab_size", "attention_probs_dropout_prob", "hidden_dropout_prob")}
    made |= {"model_type": "bert", "architectures": ["BertForTokenClassification"], "pad_token_id": base.get("pad_token_id", 0)}
    made |= {"type_vocab_size": TOKEN_TYPES, "token_types": "case-and-gap"}
    made |= {"id2label": {str(n): tag for n, tag in enumerate(TAGS)}, "label2id": TAG}
    return json.dumps(made, indent=2) + "\n"
