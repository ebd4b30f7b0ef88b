"""Draws training sequences: a shard is the same for the same seed and number, so that training can be resumed."""

import random

import augment
import datasets
from corpus import LABELS, read_folder
from surrogates import Surrogates

# How many of a hundred sequences come from where; what is absent gives its share to the others.
SHARES = {"corpus": 60, "unlabelled": 24, "outis": 6, "general": 6, "tweets": 4}
# In refinement: more of what has no identifiers, since a trained model errs there first.
REFINING = {"corpus": 52, "clean": 16, "unlabelled": 18, "outis": 4, "general": 6, "tweets": 4}
# How often a document is drawn in refinement that came later: of a file `update-…`, or of a second folder.
LATER = 3
HELD_OUT = 17  # one document of the corpus in this many is only measured on


def read_folders(folders):
    """Every document of the folders, in order."""
    return [document for folder in folders for document in read_folder(folder)]


def is_held_out(number):
    """Whether the document of this number is measured on and never trained on."""
    return number % HELD_OUT == 8


def held_out(documents):
    """Those of `documents` that are never trained on."""
    return [document for number, document in enumerate(documents) if is_held_out(number)]


class Sampler:
    def __init__(self, folders, data, encoder, seed, longest, refine=False):
        self.encoder, self.seed, self.longest = encoder, seed, longest
        everything = read_folders(folders)
        self.held_out = held_out(everything)
        documents = [document for number, document in enumerate(everything) if not is_held_out(number)]
        self.sets = {"corpus": documents}
        self.shares = REFINING if refine else SHARES
        if refine:
            first = len(read_folder(folders[0])) if folders else 0
            older = {id(one) for one in everything[:first] if not one.source.startswith("update-")}
            self.sets["corpus"] = [one for one in documents for _ in range(1 if id(one) in older else LATER)]
            self.sets["clean"] = [one for one in self.sets["corpus"] if all(label == "SKIP" for _, _, label in one.spans)]
        if data:
            train = data / "train"
            self.sets["outis"] = datasets.labelled(train / "outis.jsonl", 2500)
            self.sets["general"] = datasets.labelled(train / "presidio-generated.jsonl")
            self.sets["tweets"] = datasets.labelled(train / "broad-twitter.jsonl") + datasets.labelled(train / "wnut17.jsonl")
            self.sets["unlabelled"] = datasets.unlabelled(sorted((data / "unlabelled").glob("*.jsonl")))
        self.pool = {label: [] for label in LABELS}
        names = set()
        for document in documents:
            for start, end, label in document.spans:
                self.pool[label].append(document.text[start:end])
                if label == "NAME":
                    names |= {word for word in document.text[start:end].split() if word.isalpha() and len(word) > 2}
        self.names = sorted(names)

    def describe(self):
        return ", ".join(f"{name} {len(documents)}" for name, documents in self.sets.items())

    def shard(self, number, count):
        """`count` sequences `(ids, types, targets)` of at most `longest` tokens."""
        dice = random.Random(f"{self.seed}/{number}")
        surrogates = Surrogates(dice, self.names)
        present = [name for name in self.shares if self.sets.get(name)]
        weights = [self.shares[name] for name in present]
        sequences = []
        while len(sequences) < count:
            name = dice.choices(present, weights)[0]
            text, spans = self.draw(name, surrogates, dice)
            # Short ones stand alone, as a chat's messages do, or beside others.
            while len(text) < 160 and dice.random() < (0.5 if name in ("corpus", "clean") else 0.8):
                text, spans = augment.join([(text, spans), self.draw(name, surrogates, dice)], dice)
            sequences += self.cut(text, spans, dice)
        return sequences[:count]

    def draw(self, name, surrogates, dice):
        document = dice.choice(self.sets[name])
        if name == "unlabelled":
            surrogates.start_document()
            document = self.injected(document, surrogates, dice)
        return augment.vary(document, surrogates, dice)

    def injected(self, document, surrogates, dice):
        start = dice.randrange(max(1, len(document.text) - 900))
        start = document.text.find("\n", start) + 1 if dice.random() < 0.5 else start
        end = start + dice.choice([200, 500, 900])
        spans = [(max(s, start) - start, min(e, end) - start, label) for s, e, label in document.spans if s < end and e > start]
        pieces = augment.pieces_of(datasets.Document(document.text[start:end], spans))
        text, spans = augment.flatten(datasets.inject(pieces, lambda label: self.value(label, surrogates, dice), dice))
        return datasets.Document(text, spans)

    def value(self, label, surrogates, dice):
        if label == "NAME" and dice.random() < 0.6:
            return surrogates.full_name()
        if label == "DATE" and dice.random() < 0.6:
            return surrogates.new_date()
        if label == "LOCATION" and dice.random() < 0.4:
            return surrogates.town()
        if label == "ORGANIZATION" and dice.random() < 0.4:
            return surrogates.new_organization()
        if not self.pool[label]:
            return surrogates.full_name() if label == "NAME" else str(dice.randint(10**5, 10**8))
        return surrogates.of(label, dice.choice(self.pool[label]))

    def cut(self, text, spans, dice):
        ids, types, wanted = self.encoder.encode(text, spans)
        room = self.longest - 2
        at = 0
        while at < len(ids):
            size = room if dice.random() < 0.6 else dice.randint(min(24, room), room)
            part = slice(at, at + size)
            if len(ids) - at > 8 or at == 0:
                yield (
                    [self.encoder.first, *ids[part], self.encoder.last],
                    [0, *types[part], 0],
                    [-100, *wanted[part], -100],
                )
            at += size
