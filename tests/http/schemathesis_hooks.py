"""What schemathesis cannot know of requests and replies: what no schema says.

Only what a schema already allows is put right here: a body that is wrong by the schema stays wrong.
"""

import schemathesis

# Presidio itself answers 500 to what its analyzer cannot work with, and its own end-to-end tests ask for that.
PRESIDIO_500 = (
    "No text provided",
    "No language provided",
    "No matching recognizers were found to serve the request.",
    "Pattern recognizer should have a supported_entity",
    "Pattern recognizer should be initialized with patterns or with deny list",
    "a pattern needs a regex",
    "allow_list_match must either be set to 'exact' or 'regex'.",
)
# The example of the document, which is encrypted text.
ENCRYPTED = {
    "text": "Patient S184CMt9Drj7QaKQ21JTrpYzghnboTF9pn/neN8JME0=",
    "anonymizer_results": [{"start": 8, "end": 52, "entity_type": "PERSON"}],
    "deanonymizers": {"PERSON": {"type": "decrypt", "key": "WmZq4t7w!z%C&F)J"}},
}
PRESIDIO_500_PATHS = ("/analyze", "/supportedentities", "/recognizers")


def is_count(value):
    is_whole = isinstance(value, int) or isinstance(value, float) and value.is_integer()
    return is_whole and not isinstance(value, bool) and 0 <= value < 1 << 64


def is_texts(value):
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def place_within(text, results):
    """Offsets of Presidio's results must lie within the text, and an entity has at least a character."""
    if not isinstance(text, str) or not text or not isinstance(results, list):
        return
    for one in results:
        if isinstance(one, dict) and is_count(one.get("start")) and is_count(one.get("end")):
            one["start"] = min(one["start"], len(text) - 1)
            one["end"] = min(max(one["end"], one["start"] + 1), len(text))


def keep_instead_of_decrypting(body):
    """Random text was encrypted by nobody; the example of the document is."""
    results, operators = body.get("anonymizer_results"), body.get("deanonymizers")
    if body == ENCRYPTED:
        return
    if not isinstance(results, list) or not isinstance(operators, dict):
        return
    for one in results:
        if isinstance(one, dict) and isinstance(one.get("entity_type"), str) and one["entity_type"]:
            one["entity_type"] = "KEPT"
    operators["KEPT"] = {"type": "deanonymize_keep"}


def ask_for_what_is_known(body):
    """Entities that somebody knows, and patterns that are patterns."""
    if is_texts(body.get("entities")):
        body["entities"] = ["PERSON" for _ in body["entities"]]
    if is_texts(body.get("allow_list")) and body.get("allow_list_match") == "regex":
        body["allow_list"] = ["[0-9]{5}" for _ in body["allow_list"]]
    recognizers = body.get("ad_hoc_recognizers")
    for recognizer in recognizers if isinstance(recognizers, list) else []:
        patterns = recognizer.get("patterns") if isinstance(recognizer, dict) else None
        for pattern in patterns if isinstance(patterns, list) else []:
            if isinstance(pattern, dict) and isinstance(pattern.get("regex"), str) and pattern["regex"]:
                pattern["regex"] = "[0-9]{5}"


def ask_for_what_may_be(body):
    """An identifier has at least a letter or a digit, and a caller may only be stricter than the settings."""
    deid = body.get("deid")
    labels = deid.get("labels") if isinstance(deid, dict) else None
    for label, strategy in labels.items() if isinstance(labels, dict) else []:
        if strategy in ("placeholder", "surrogate", "date_shift", "keep"):
            labels[label] = "redact"
    known = deid.get("known") if isinstance(deid, dict) else None
    for one in known if isinstance(known, list) else []:
        if isinstance(one, dict) and isinstance(one.get("text"), str) and one["text"]:
            one["text"] = "7" + one["text"][1:]


@schemathesis.hook
def before_call(context, case, kwargs):
    body = case.body
    if not isinstance(body, dict):
        return
    path = case.operation.path
    if path == "/anonymize":
        place_within(body.get("text"), body.get("analyzer_results"))
    elif path == "/deanonymize":
        place_within(body.get("text"), body.get("anonymizer_results"))
        keep_instead_of_decrypting(body)
    elif path == "/analyze":
        ask_for_what_is_known(body)
    else:
        inner = body.get("body") if path == "/playground/inspect" else body
        ask_for_what_may_be(inner if isinstance(inner, dict) else {})


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """Whether a failure counts: all but Presidio's own 500s, word by word."""
    if response.status_code != 500 or case.operation.path not in PRESIDIO_500_PATHS:
        return True
    return response.json().get("error") not in PRESIDIO_500
