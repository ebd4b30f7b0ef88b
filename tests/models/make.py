#!/usr/bin/env python3
"""Makes tests/data/models: a tiny random model of each architecture with what transformers computes for it.

The Rust tests load each folder and must come to the same token ids and probabilities. Only this script needs
torch, so what it makes is kept in the repository. Run it in a virtual environment of its own with

    pip install torch==2.15.0 transformers==5.24.0 sentencepiece==0.2.3
"""

import json
import pathlib
import shutil
import sys
import tempfile
import unicodedata

import safetensors.torch
import sentencepiece
import tokenizers
import torch
import transformers

ROOT = pathlib.Path(__file__).resolve().parent.parent / "data" / "models"
LABELS = ["O", "B-NAME", "I-NAME", "B-DATE", "I-DATE"]
SIZES = dict(num_hidden_layers=2, num_attention_heads=2, hidden_size=16, intermediate_size=24)
CORPUS = (
    "Patient John Doe was seen on March 3. The patient takes 1,000 mg daily, and was seen by Dr. Okonkwo. "
    "Please call Mrs. Doe in the morning. No fever, no pain. He was seen in the clinic and takes it daily."
)
TEXTS = [
    "Patient John Doe was seen on March 3.",
    "Dr. Okonkwo takes 1,000 mg, daily",
    "José Nuñez\n  was 𝒮een, 李 and שרה in the clinic 🙂.",
]


def main() -> None:
    torch.manual_seed(7)
    for kind in ("bert", "distilbert", "roberta", "xlm-roberta", "electra", "deberta-v2", "deberta-v3"):
        folder = ROOT / kind
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        encode, vocabulary = TOKENIZERS[kind](folder)
        config = make_config(kind, vocabulary)
        model = transformers.AutoModelForTokenClassification.from_config(config).eval()
        # At their usual scale random weights make every token alike.
        for name, weight in model.named_parameters():
            torch.nn.init.normal_(weight, mean=1.0 if "LayerNorm.weight" in name else 0.0, std=0.3)
        model.save_pretrained(folder)
        cases = []
        for text in TEXTS:
            ids = encode(text)
            with torch.no_grad():
                logits = model(input_ids=torch.tensor([ids])).logits[0]
            probabilities = [[round(one, 5) for one in row] for row in logits.softmax(-1).tolist()]
            cases.append({"text": text, "ids": ids, "probabilities": probabilities})
        (folder / "expected.json").write_text(json.dumps(cases, ensure_ascii=False) + "\n")
        (folder / "model.safetensors").chmod(0o644)
        print(kind, vocabulary, "words", sum(f.stat().st_size for f in folder.iterdir()), "bytes")
    # The same weights as torch writes them, today and before 1.6.
    (ROOT / "torch").mkdir(exist_ok=True)
    weights = safetensors.torch.load_file(ROOT / "electra" / "model.safetensors")
    torch.save(weights, ROOT / "torch" / "zip.bin")
    torch.save(weights, ROOT / "torch" / "legacy.bin", _use_new_zipfile_serialization=False)


def make_config(kind, vocabulary):
    common = dict(
        vocab_size=vocabulary,
        id2label=dict(enumerate(LABELS)),
        label2id={label: number for number, label in enumerate(LABELS)},
        max_position_embeddings=128,
    )
    if kind == "distilbert":
        return transformers.DistilBertConfig(dim=16, hidden_dim=24, n_layers=2, n_heads=2, **common)
    if kind == "electra":
        # As in google/electra-small: the embeddings are narrower than the layers.
        return transformers.ElectraConfig(embedding_size=8, **SIZES, **common)
    if kind.startswith("deberta"):
        # As in microsoft/deberta-v3-base.
        return transformers.DebertaV2Config(
            relative_attention=True,
            position_buckets=16,
            norm_rel_ebd="layer_norm",
            # v2's largest have projections of their own for distances, and a convolution.
            share_att_key=kind == "deberta-v3",
            conv_kernel_size=0 if kind == "deberta-v3" else 3,
            conv_act="gelu",
            pos_att_type="p2c|c2p",
            position_biased_input=False,
            max_relative_positions=-1,
            type_vocab_size=0,
            layer_norm_eps=1e-7,
            pooler_hidden_size=16,
            **SIZES,
            **common,
        )
    if kind in ("roberta", "xlm-roberta"):
        common["max_position_embeddings"] = 130
        config = transformers.RobertaConfig if kind == "roberta" else transformers.XLMRobertaConfig
        return config(pad_token_id=1, bos_token_id=0, eos_token_id=2, type_vocab_size=1, layer_norm_eps=1e-5, **SIZES, **common)
    return transformers.BertConfig(**SIZES, **common)


def word_pieces(folder):
    letters = sorted({letter for letter in CORPUS.lower() if letter.isalnum()})
    words = sorted({word.strip(".,").lower() for word in CORPUS.split()} - set(letters))
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *".,", *letters, *(f"##{one}" for one in letters), *words]
    vocabulary = list(dict.fromkeys(word for word in vocabulary if "," not in word[1:]))
    (folder / "vocab.txt").write_text("".join(f"{word}\n" for word in vocabulary))
    (folder / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": True}) + "\n")
    tokenizer = tokenizers.BertWordPieceTokenizer(str(folder / "vocab.txt"), lowercase=True)
    return lambda text: tokenizer.encode(text).ids, len(vocabulary)


def byte_pairs(folder):
    tokenizer = tokenizers.ByteLevelBPETokenizer()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    tokenizer.train_from_iterator([CORPUS], vocab_size=320, min_frequency=2, special_tokens=special)
    tokenizer.save_model(str(folder))
    return lambda text: [0, *tokenizer.encode(text).ids, 2], tokenizer.get_vocab_size()


def sentence_pieces(path, **options):
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as corpus:
        corpus.write("\n".join(CORPUS.split(". ")))
        corpus.flush()
        sentencepiece.SentencePieceTrainer.train(
            input=corpus.name,
            model_prefix=str(path),
            model_type="unigram",
            hard_vocab_limit=False,
            # The tables of Unicode's normal forms would be most of the file.
            normalization_rule_name="identity",
            minloglevel=2,
            **options,
        )
    pathlib.Path(f"{path}.vocab").unlink()
    return sentencepiece.SentencePieceProcessor(f"{path}.model")


def deberta_pieces(folder, **options):
    pieces = sentence_pieces(
        folder / "spm", **options,
        pad_id=0, bos_id=1, eos_id=2, unk_id=3,
        pad_piece="[PAD]", bos_piece="[CLS]", eos_piece="[SEP]", unk_piece="[UNK]",
    )  # fmt: skip
    # What the normalizer of the real one does, which is left out here.
    plain = lambda text: " ".join(unicodedata.normalize("NFKC", text).split())
    # [MASK] comes after the pieces.
    return lambda text: [1, *pieces.encode(plain(text)), 2], len(pieces) + 1


def xlm_pieces(folder):
    path = folder / "sentencepiece.bpe"
    pieces = sentence_pieces(path, vocab_size=90, unk_id=0, bos_id=1, eos_id=2, pad_id=-1)
    # fairseq's order: <s> 0, <pad> 1, </s> 2, <unk> 3, then the pieces from 4, of which three are those.
    number = lambda piece: piece + 1 if piece else 3
    return lambda text: [0, *(number(piece) for piece in pieces.encode(text)), 2], len(pieces) + 2


TOKENIZERS = {
    "bert": word_pieces,
    "distilbert": word_pieces,
    "electra": word_pieces,
    "roberta": byte_pairs,
    "xlm-roberta": xlm_pieces,
    "deberta-v2": lambda folder: deberta_pieces(folder, vocab_size=90),
    # Letters that it does not know come as their bytes.
    "deberta-v3": lambda folder: deberta_pieces(folder, vocab_size=346, byte_fallback=True),
}

if __name__ == "__main__":
    sys.exit(main())
