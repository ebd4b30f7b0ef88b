"""Reads the marked-up corpus. `python corpus.py FILE...` checks files and prints what is in them."""

import collections
import dataclasses
import pathlib
import re
import sys

LABELS = (
    "NAME DATE AGE LOCATION PHONE FAX EMAIL SSN MRN HEALTH_PLAN_ID ACCOUNT LICENSE VEHICLE DEVICE URL IP "
    "BIOMETRIC ORGANIZATION ID SKIP"
).split()
MARK = re.compile(r"\[\[([A-Z_]+):(.+?)\]\]", re.DOTALL)


@dataclasses.dataclass
class Document:
    """A text and its spans, `(start, end, label)` in code points, end exclusive, in order."""

    text: str
    spans: list
    genre: str = ""
    source: str = ""


def unmark(marked, where):
    """Takes the marks out of `marked`; raises ValueError for a mark that is none of ours."""
    text, spans, at = [], [], 0
    length = 0
    for mark in MARK.finditer(marked):
        label, inside = mark.groups()
        if label not in LABELS:
            raise ValueError(f"{where}: unknown label {label}")
        if "[[" in inside:
            raise ValueError(f"{where}: nested or unclosed mark near {mark.group()[:60]!r}")
        if inside != inside.strip():
            raise ValueError(f"{where}: blank at the edge of {mark.group()[:60]!r}")
        before = marked[at : mark.start()]
        text += [before, inside]
        length += len(before)
        spans.append((length, length + len(inside), label))
        length += len(inside)
        at = mark.end()
    text.append(marked[at:])
    text = "".join(text)
    stray = re.search(r"\[\[[A-Z_]+:", text)
    if stray:
        raise ValueError(f"{where}: mark not closed near {text[stray.start():][:60]!r}")
    return text, spans


def read(path):
    """The documents of one file, in order."""
    documents = []
    for number, part in enumerate(re.split(r"(?m)^@@@ ", path.read_text(encoding="utf-8"))):
        if number == 0:
            if part.strip():
                raise ValueError(f"{path}: text before the first '@@@ ' line")
            continue
        head, _, body = part.partition("\n")
        text, spans = unmark(body.strip(), f"{path.name}, document {number}")
        documents.append(Document(text, spans, head.partition("|")[0].strip(), f"{path.stem}/{number}"))
    return documents


def read_folder(folder):
    """Every document of a corpus folder, in the order of the file names."""
    return [document for path in sorted(pathlib.Path(folder).glob("*.txt")) for document in read(path)]


def main():
    labels, genres, count, clean = collections.Counter(), collections.Counter(), 0, 0
    for name in sys.argv[1:]:
        for document in read(pathlib.Path(name)):
            count += 1
            clean += not document.spans
            genres[document.genre] += 1
            labels.update(label for _, _, label in document.spans)
    print(f"{count} documents, {clean} without identifiers, {len(genres)} genres")
    print("  ".join(f"{label} {labels[label]}" for label in LABELS))


if __name__ == "__main__":
    main()
