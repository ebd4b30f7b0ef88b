"""Many documents out of one: other identifiers, other case, typing errors, other line breaks, cut and joined.

A document is a list of pieces `[text, label or None]`, so that marks survive whatever is done to the text."""

import re

import gazetteers

# A word before one of these is an eponym, whoever it was.
EPONYM = re.compile(
    r"\b[A-Z][a-z]{3,}(?=(?:'s)? (?:sign|man(?:eu|oeu)ver|procedure|triad|criteria|classification|ligament|space|pouch|reflex|nodes?|spots"
    r"|bodies|cells|nodules?|phenomenon|forceps|retractors?|clamp|stain|needle|tubercle|score|scale|index)\b"
    r"| (?:syndrome|disease|fracture|catheter|tube|drain|blade|scissors|palsy|hernia|deformity|protocol)\b)"
)
OCR = {"0": "O", "O": "0", "1": "l", "l": "1", "5": "S", "S": "5", "8": "B", "m": "rn", "rn": "m", "I": "l", "e": "c", "o": "0"}


def pieces_of(document):
    pieces, at = [], 0
    for start, end, label in document.spans:
        if start > at:
            pieces.append([document.text[at:start], None])
        pieces.append([document.text[start:end], label])
        at = end
    if at < len(document.text):
        pieces.append([document.text[at:], None])
    return pieces


def flatten(pieces):
    """The text and its spans `(start, end, label)`."""
    text, spans, at = [], [], 0
    for piece, label in pieces:
        if label is not None and piece.strip():
            lead = len(piece) - len(piece.lstrip())
            spans.append((at + lead, at + len(piece.rstrip()), label))
        text.append(piece)
        at += len(piece)
    return "".join(text), spans


def swap(pieces, surrogates, random):
    """Replaces the identifiers: all of them, most of them or none, always the same for the same."""
    chance = random.choice([0, 0.7, 1, 1])
    if not chance:
        return pieces
    surrogates.start_document()
    done = {}
    swapped = []
    for text, label in pieces:
        if label not in (None, "SKIP"):
            key = (label, text)
            if key not in done:
                done[key] = surrogates.of(label, text) if random.random() < chance else text
            text = done[key]
        swapped.append([text, label])
    return swapped


def look_alikes(pieces, surrogates, random):
    """Other drugs, and eponyms from other people, where nothing is marked: no name is the name of a person by itself."""
    pick = random.random()
    if pick < 0.5:
        return pieces
    done = {}

    def drug(match):
        word = match.group()
        if word.lower() not in gazetteers.drug_words():
            return word
        if word.lower() not in done:
            drawn = random.choice(gazetteers.drugs())
            done[word.lower()] = drawn.title() if word[0].isupper() and not word.isupper() else drawn
        return done[word.lower()].upper() if word.isupper() else done[word.lower()]

    def other(text):
        text = re.sub(r"\b[A-Za-z]{5,}\b", drug, text) if pick < 0.85 else text
        return EPONYM.sub(lambda match: surrogates.last(), text) if pick > 0.65 else text

    return [[text if label else other(text), label] for text, label in pieces]


def case(pieces, random):
    pick = random.random()
    if pick < 0.16:
        return [[text.lower(), label] for text, label in pieces]
    if pick < 0.25:
        return [[text.upper(), label] for text, label in pieces]
    if pick < 0.31:
        return [[text.lower() if label in ("NAME", "LOCATION", "ORGANIZATION") else text, label] for text, label in pieces]
    if pick < 0.33:
        return [[text.upper() if label == "NAME" else text, label] for text, label in pieces]
    return pieces


def typos(pieces, random):
    pick = random.random()
    if pick < 0.08:
        return [["".join(typed(word, random, 0.04) for word in re.split(r"(\W+)", text)), label] for text, label in pieces]
    if pick < 0.13:
        rate = random.choice([0.02, 0.05, 0.1])
        return [["".join(scanned(c, random, rate) for c in text), label] for text, label in pieces]
    return pieces


def typed(word, random, rate):
    if len(word) < 4 or not word.isalpha() or random.random() > rate * 3:
        return word
    at = random.randrange(len(word) - 1)
    pick = random.random()
    if pick < 0.35:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if pick < 0.65:
        return word[:at] + word[at + 1 :]
    if pick < 0.85:
        return word[:at] + word[at] + word[at:]
    return word[:at] + random.choice("aeioulnrst") + word[at + 1 :]


def scanned(c, random, rate):
    if random.random() > rate:
        return c
    if c in OCR:
        return OCR[c]
    return c + " " if c.isalpha() and random.random() < 0.15 else c


def lines(pieces, random):
    pick = random.random()
    if pick < 0.12:
        return [[re.sub(r"\s*\n\s*", " ", text), label] for text, label in pieces]
    if pick < 0.2:
        return wrap(pieces, random.randint(28, 90))
    if pick < 0.25:
        return [[text if label else re.sub(r"(?<=\w)[.,;:](?=\s)", "", text), label] for text, label in pieces]
    if pick < 0.28:
        return [[text.replace(" ", "  ") if not label else text, label] for text, label in pieces]
    if pick < 0.31:
        return [[text if label else re.sub(r"(?<=[.,:;]) ", "", text), label] for text, label in pieces]
    if pick < 0.33:
        return [[text.replace("\n", "\r\n"), label] for text, label in pieces]
    return pieces


def wrap(pieces, width):
    """Breaks lines at blanks near `width` characters, inside identifiers too."""
    column, wrapped = 0, []
    for text, label in pieces:
        out = []
        for c in text:
            if c == "\n":
                column = 0
            elif c == " " and column >= width:
                c, column = "\n", 0
            else:
                column += 1
            out.append(c)
        wrapped.append(["".join(out), label])
    return wrapped


def vary(document, surrogates, random):
    """One variant of a document, as text and spans."""
    pieces = swap(pieces_of(document), surrogates, random)
    pieces = look_alikes(pieces, surrogates, random)
    for change in (case, typos, lines):
        pieces = change(pieces, random)
    return flatten(pieces)


def join(parts, random):
    """Several texts with their spans as one."""
    text, spans = "", []
    for other, others in parts:
        if text:
            text += random.choice(["\n\n", "\n", " ", "\n---\n"])
        spans += [(start + len(text), end + len(text), label) for start, end, label in others]
        text += other
    return text, spans
