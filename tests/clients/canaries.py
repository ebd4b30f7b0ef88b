"""What the leak campaign sends: canaries, the disguises in which they come, and the search for them.

A canary is a value that the detectors find in plain text. One value of each label goes into a request.
"""

import html
import re
import unicodedata
import urllib.parse

# By label: how it stands in a text, and values.
CANARIES = {
    "NAME": (
        "Patient: {}, seen today.",
        ["Anneliese Okonkwo", "Marguerite Griffin", "Tobias Hernandez", "Zoë Müller", "José Hernández", "Renée Lefèvre", "Siobhán O'Neill"],
    ),
    "DATE": ("DOB: {}", ["03/14/1962", "1947-11-28", "March 3, 1958"]),
    "LOCATION": ("Address: {}", ["14 Larkspur Lane", "2207 Hawthorne Street"]),
    "PHONE": ("Phone: {}", ["(617) 555-0142", "617-555-0187"]),
    "FAX": ("Fax: {}", ["(617) 555-0163"]),
    "EMAIL": ("Mail: {}", ["anneliese.okonkwo@example.org", "griffin62@example.com"]),
    "SSN": ("SSN: {}", ["536-22-8145", "219-09-9471"]),
    "MRN": ("MRN: {}", ["44710093", "88120457"]),
    "HEALTH_PLAN_ID": ("Member ID: {}", ["XEA910234567"]),
    "ACCOUNT": ("Account number: {}", ["8839201745"]),
    "LICENSE": ("Driver's license number: {}", ["D88431207"]),
    "VEHICLE": ("VIN: {}", ["1HGCM82633A004352"]),
    "DEVICE": ("Pacemaker serial number: {}", ["PJN4812097"]),
    "URL": ("Website: {}", ["https://patients.example.org/okonkwo"]),
    "IP": ("IP address: {}", ["203.0.113.77"]),
    "BIOMETRIC": ("Fingerprint ID: {}", ["FP-88213407"]),
    # The words belong to the value, or any number would do.
    "AGE": ("A patient who is {}", ["103 years old", "97 years old"]),
    "ORGANIZATION": ("Employer: {}", ["Quillfeather Bakery", "Brindlemoor Freight"]),
    "ID": ("Passport number: {}", ["C0384417"]),
}


def between(mark):
    """With a mark that nobody sees in the middle of a word."""

    def disguise(value, chance):
        at = chance.randrange(1, len(value))
        return value[:at] + mark + value[at:]

    return disguise


def around(before, after):
    return lambda value, _: before + value + after


def each_word(before, after):
    return lambda value, _: " ".join(before + word + after for word in value.split(" "))


def one_word(before, after):
    def disguise(value, chance):
        words = value.split(" ")
        at = chance.randrange(len(words))
        words[at] = before + words[at] + after
        return " ".join(words)

    return disguise


def wide(value, _):
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in value)


def one_letter(write):
    """With one of its letters or marks written otherwise."""

    def disguise(value, chance):
        at = chance.choice([at for at, c in enumerate(value) if c != " "])
        return value[:at] + write(value[at]) + value[at + 1 :]

    return disguise


def named(value, _):
    """As a page writes it that is not in Unicode."""
    return "".join(f"&{html.entities.codepoint2name[ord(c)]};" if ord(c) in html.entities.codepoint2name else c for c in value)


def escaped(value, _):
    """As a program writes it that takes everything for Markdown's."""
    return re.sub(r"([-.()@_#])", r"\\\1", value)


# Ordinary ways in which a value comes out of a word processor, a PDF, a web page or a program. What an evader
# would do on purpose (letters of other alphabets, base64) is not among them: docs/api.md says so.
DISGUISES = {
    "plain": lambda value, _: value,
    "zero-width space": between("\u200b"),
    "zero-width joiner": between("\u200d"),
    "word joiner": between("\u2060"),
    "soft hyphen": between("\u00ad"),
    "byte order mark": between("\ufeff"),
    "right-to-left mark": between("\u200f"),
    "left-to-right mark": between("\u200e"),
    "embedded right to left": around("\u202b", "\u202c"),
    "isolated": around("\u2068", "\u2069"),
    "decomposed": lambda value, _: unicodedata.normalize("NFD", value),
    "non-breaking space": lambda value, _: value.replace(" ", "\u00a0"),
    "narrow space": lambda value, _: value.replace(" ", "\u202f"),
    "several spaces": lambda value, _: value.replace(" ", "   "),
    "tab": lambda value, _: value.replace(" ", "\t"),
    "non-breaking hyphen": lambda value, _: value.replace("-", "\u2011"),
    "en dash": lambda value, _: value.replace("-", "\u2013"),
    "full width": wide,
    "ligatures": lambda value, _: value.replace("ffi", "\ufb03").replace("fi", "\ufb01"),
    "capitals": lambda value, _: value.upper(),
    "HTML spaces": lambda value, _: value.replace(" ", "&nbsp;"),
    "HTML numbers": lambda value, _: value.replace("-", "&#45;").replace(" ", "&#32;"),
    "HTML number inside": one_letter(lambda c: f"&#{ord(c)};"),
    "HTML hexadecimal inside": one_letter(lambda c: f"&#x{ord(c):x};"),
    "HTML names": named,
    "HTML numbers alone": lambda value, _: "".join(f"&#{ord(c)};" for c in value),
    "HTML twice": lambda value, _: value.replace(" ", "&amp;nbsp;"),
    "HTML bold": one_word("<b>", "</b>"),
    "HTML spans": each_word("<span class=\"x\">", "</span>"),
    "HTML line break": lambda value, _: value.replace(" ", "<br>", 1),
    "HTML break inside": between("<wbr>"),
    "Markdown bold": around("**", "**"),
    "Markdown bold words": each_word("**", "**"),
    "Markdown bold word": one_word("**", "**"),
    "Markdown italic word": one_word("_", "_"),
    "Markdown bold part": lambda value, chance: (lambda at: f"**{value[:at]}**{value[at:]}")(chance.randrange(1, len(value))),
    "Markdown code": around("`", "`"),
    "Markdown escapes": escaped,
    "percent": lambda value, _: urllib.parse.quote(value, safe=""),
    "form": lambda value, _: urllib.parse.quote_plus(value),
    "query": lambda value, _: f"https://ehr.example.net/find?q={urllib.parse.quote_plus(value)}&page=1",
    "line break": lambda value, _: value.replace(" ", "\n", 1),
    "quoted line break": lambda value, _: value.replace(" ", "\n> ", 1),
    "JSON escapes": lambda value, _: "".join(c if c.isascii() else f"\\u{ord(c):04x}" for c in value),
}


def plain(text):
    """A text without its disguises, for the search."""
    text = re.sub(r"\\+u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), text)
    text = re.sub(r"\\+[nrt]", " ", text).replace("\\", "")
    text = html.unescape(html.unescape(urllib.parse.unquote(text)))
    text = re.sub(r"<br>|\s> ", " ", text)
    text = re.sub(r"</?(b|span|wbr)( [^<>]{0,20})?>|\*\*|[_`]", "", text)
    text = unicodedata.normalize("NFKC", text)
    text = "".join("-" if unicodedata.category(c) == "Pd" else c for c in text if unicodedata.category(c) != "Cf")
    return re.sub(r"[\s+]+", " ", text).lower()


def pieces_of(label, disguise, value):
    """What of a value tells who somebody is."""
    # Half a name is somebody's name, too.
    return value.split() if label == "NAME" and not disguise.startswith("cut at") else [value]
