"""The shared labelled and unlabelled sets, brought to our labels."""

import collections
import json
import re

import gazetteers
from corpus import LABELS, Document

TITLE = r"(?:mr|mister|mrs|ms|miss|mx|dr|doctor|nurse|professor|prof)\b\.?\s*"
SPOKEN = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen " \
    "nineteen twenty thirty first second third fourth fifth sixth seventh eighth ninth tenth thousand hundred and of"
MONTH = r"\b(?:january|february|march|april|may|june|july|august|september|october|november|december)\b"
# What is put into unlabelled text: before a full stop, for "the patient", or as a line of its own.
ENDINGS = [
    " on {DATE}", " since {DATE}", " at {ORGANIZATION}", " in {LOCATION}", " with {NAME}", " per {NAME}", " ({NAME})",
    ", seen by Dr. {NAME}", " by {NAME}", " and lives in {LOCATION}", " from {ORGANIZATION}", " {DATE}", " as of {DATE}",
    " last seen {DATE}", ", per her daughter {NAME}", ", son {NAME} aware", " (call {PHONE})", ", MRN {MRN}", " at {PHONE}",
    " d/w {NAME} {DATE}", " near {LOCATION}", " before {DATE}", " until {DATE}", ", {NAME} confirmed", " [{NAME} {DATE}]",
]
LINES = [
    "{NAME} {DATE}", "{NAME}, {DATE}", "Pt: {NAME}", "Name: {NAME}   DOB: {DATE}", "re {NAME}", "{ORGANIZATION}", "Seen {DATE}.",
    "{NAME} ({MRN})", "cc: {NAME}", "PCP {NAME}", "{LOCATION}", "phone {PHONE}", "-{NAME}", "{DATE}: {NAME}", "{ID}", "acct {ACCOUNT}",
    "signed {NAME} {DATE}", "{ORGANIZATION}, {LOCATION}", "{NAME} called from {PHONE}", "ref {ID}", "hi {NAME},", "thanks, {NAME}",
    "{NAME} is here with {NAME}", "member {HEALTH_PLAN_ID}", "{AGE}yo", "email {EMAIL}", "SSN {SSN}", "lic {LICENSE}",
]


def load(path, limit=None):
    with path.open(encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    return rows[:limit] if limit else rows


def labelled(path, limit=None):
    """A labelled set; labels that are not ours are skipped, and so are places no finer than a state."""
    documents = []
    for row in load(path, limit):
        spans, at = [], 0
        for span in sorted(row["spans"], key=lambda span: span["start"]):
            start, end, label = span["start"], span["end"], span["label"]
            if start < at or end <= start:
                continue
            if label not in LABELS or (label == "LOCATION" and wide(row["text"][start:end])):
                label = "SKIP"
            spans.append((start, end, label))
            at = end
        documents.append(Document(row["text"], spans, "", row["id"]))
    return documents


def wide(place):
    return place.lower().strip(" .,") in gazetteers.wide_places()


def unlabelled(paths):
    """Clinical text without labels: what could be a name or a date in it is skipped."""
    rows = [row["text"].replace("\r\n", "\n") for path in paths for row in load(path)]
    spread = collections.Counter(word for text in rows for word in set(re.findall(r"[^\W\d_]+", text.lower())))
    names = {name.lower() for name in gazetteers.common_first_names()} | {name.lower() for name in gazetteers.people()[1]}
    rare_names = {name for name in names if len(name) > 2 and spread[name] <= len(rows) // 150}
    spoken = "|".join(SPOKEN.split())
    date = re.compile(rf"{MONTH}(?:[\s,]+(?:\d+|{spoken})\w*\b)*|\b\d{{1,2}}[/-]\d{{1,2}}[/-]\d{{2,4}}\b", re.IGNORECASE)
    titled = re.compile(TITLE + r"([^\W\d_]+)", re.IGNORECASE)
    documents = []
    for number, text in enumerate(rows):
        skipped = [match.span(1) for match in titled.finditer(text)]
        skipped += [match.span() for match in date.finditer(text)]
        skipped += [match.span() for match in re.finditer(r"[^\W\d_]+", text) if match.group().lower() in rare_names]
        spans, at = [], 0
        for start, end in sorted(skipped):
            if start >= at:
                spans.append((start, end, "SKIP"))
                at = end
        documents.append(Document(text, spans, "", f"unlabelled/{number}"))
    return documents


def inject(pieces, draw, random):
    """Puts drawn identifiers (`draw(label)`) into the pieces of an unlabelled text; two times in five none."""
    if random.random() < 0.4:
        return pieces
    often = random.choice([0.03, 0.08, 0.2])
    done = []
    for text, label in pieces:
        if label is not None:
            done.append([text, label])
            continue
        for part in re.split(r"(?<=\w)(?=[.!?](?:\s|$))|(\n)", text):
            if not part:
                continue
            if random.random() < often and re.search(r"\bthe patient\b", part, re.IGNORECASE):
                before, _, after = re.split(r"\b(the patient)\b", part, maxsplit=1, flags=re.IGNORECASE)
                done += [[before, None], *fill(random.choice(["{NAME}", "{NAME}", "Mr. {NAME}", "Ms. {NAME}"]), draw), [after, None]]
            elif part == "\n" and random.random() < often:
                done += [["\n", None], *fill(random.choice(LINES), draw), ["\n", None]]
            elif len(part) > 20 and random.random() < often:
                done += [[part, None], *fill(random.choice(ENDINGS), draw)]
            else:
                done.append([part, None])
    return done


def fill(template, draw):
    return [
        [draw(part[1:-1]), part[1:-1]] if part.startswith("{") else [part, None]
        for part in re.split(r"(\{[A-Z_]+\})", template)
        if part
    ]
