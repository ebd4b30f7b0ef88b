"""The leak campaign: many generated requests with canaries, none of which may be seen anywhere.

    campaign.py GATEWAY [--requests N] [--seed S] [--threads N]

A canary is a value that the detectors find in plain text, which is checked first. Each request puts
some of them, plain, in an ordinary disguise or cut in two at a seam between texts, into some shape of
some endpoint. Looked at are the upstream's record, the gateway's log and all that it wrote (audit log
and store among it), its metrics, the bodies of its errors, and at the end its memory.
"""

import argparse
import html
import json
import random
import re
import sys
import threading
import time
import unicodedata

import httpx
from gateway import KEY, Echo, Gateway, listening

# By label: how it stands in a text, and values. One value of each label a request.
CANARIES = {
    "NAME": ("Patient: {}, seen today.", ["Anneliese Okonkwo", "Marguerite Griffin", "Tobias Hernandez"]),
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

# Shorter pieces of a value tell nobody.
FRAGMENT = 5


def between(mark):
    def disguise(value, chance):
        at = chance.randrange(1, len(value))
        return value[:at] + mark + value[at:]

    return disguise


def wide(value, _):
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in value)


# Ordinary ways in which a value comes out of a word processor, a PDF or a web page. What an evader
# would do on purpose (letters of other alphabets, base64) is not among them: docs/api.md says so.
DISGUISES = {
    "plain": lambda value, _: value,
    "zero-width space": between("\u200b"),
    "zero-width joiner": between("\u200d"),
    "soft hyphen": between("\u00ad"),
    "byte order mark": between("\ufeff"),
    "non-breaking space": lambda value, _: value.replace(" ", "\u00a0"),
    "narrow space": lambda value, _: value.replace(" ", "\u202f"),
    "non-breaking hyphen": lambda value, _: value.replace("-", "\u2011"),
    "full width": wide,
    "ligatures": lambda value, _: value.replace("ffi", "\ufb03").replace("fi", "\ufb01"),
    "capitals": lambda value, _: value.upper(),
    "HTML spaces": lambda value, _: value.replace(" ", "&nbsp;"),
    "HTML numbers": lambda value, _: value.replace("-", "&#45;").replace(" ", "&#32;"),
    "line break": lambda value, _: value.replace(" ", "\n", 1),
}


def plain(text):
    """A text without its disguises, for the search."""
    text = html.unescape(re.sub(r"\\u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), text))
    text = unicodedata.normalize("NFKC", text).replace("\u2010", "-").replace("\u2011", "-")
    text = re.sub("[\u200b-\u200f\u00ad\ufeff\u2060]", "", text.replace("\\n", " "))
    return re.sub(r"\s+", " ", text).lower()


def shapes(texts, chance):
    """(path, body) of a request with these texts, in a shape chosen by chance."""
    text = "\n".join(texts)
    tool = {"name": "note", "description": text, "parameters": {"type": "object", "properties": {"q": {"type": "string", "description": text}}}}
    nested = json.dumps({"note": text, "more": [{"deep": {"er": text}}], "inner": json.dumps({"again": text})})
    call = {"id": "c1", "type": "function", "function": {"name": "note", "arguments": nested}}
    long = [{"role": ("user", "assistant")[n % 2], "content": f"Turn {n}. " + texts[n % len(texts)]} for n in range(12)]
    user = lambda content: [{"role": "user", "content": content}]
    chat = lambda messages, **more: ("/v1/chat/completions", {"model": "gpt-4o", "messages": messages, **more})
    return chance.choice([
        lambda: chat(user(text)),
        lambda: chat([{"role": "system", "content": text}, *user("hi")]),
        lambda: chat(user([{"type": "text", "text": part} for part in texts])),
        lambda: chat(long),
        lambda: chat([*user("hi"), {"role": "assistant", "content": None, "tool_calls": [call]}, {"role": "tool", "tool_call_id": "c1", "content": nested}]),
        lambda: chat(user("hi"), tools=[{"type": "function", "function": tool}]),
        lambda: chat(user("hi"), response_format={"type": "json_schema", "json_schema": {"name": "n", "description": text, "schema": tool["parameters"]}}),
        lambda: chat(user("hi"), user=text, metadata={"note": text}, stop=[texts[0]], prediction={"type": "content", "content": text}),
        lambda: chat(user("hi"), x_new_field={"deep": [text, {"a": text}]}),
        lambda: chat(user(f"<table><tr><td>{'</td><td>'.join(texts)}</td></tr></table>")),
        lambda: chat(user("| " + " | ".join(texts) + " |")),
        lambda: ("/v1/completions", {"model": "m", "prompt": [text, texts[0]], "suffix": text}),
        lambda: ("/v1/embeddings", {"model": "m", "input": texts, "user": text}),
        lambda: ("/v1/moderations", {"input": text}),
        lambda: ("/v1/responses", {"model": "m", "input": text, "instructions": text}),
        lambda: ("/v1/responses", {"model": "m", "input": [{"role": "user", "content": [{"type": "input_text", "text": part} for part in texts]}, {"type": "function_call_output", "call_id": "c", "output": nested}]}),
        # What is refused must not be quoted either.
        lambda: chat([{"role": text, "content": text}]),
        lambda: chat(user(text), temperature=text),
        lambda: chat(user([{"type": "image_url", "image_url": {"url": text}}])),
    ])()


def cut(text, value, chance):
    """Two texts, and what of the value each of them holds."""
    at = chance.randrange(1, len(value))
    start = text.index(value)
    return [text[: start + at], text[start + at :]], [value[:at], value[at:]]


def seams(pieces, chance):
    """A request in which these are texts that the model reads one after the other."""
    part = lambda kind: [{"type": kind, "text": piece} for piece in pieces]
    roles = chance.choice([["user", "user"], ["user", "assistant"], ["assistant", "user"]])
    messages = [{"role": role, "content": piece} for role, piece in zip(roles, pieces)]
    return chance.choice([
        ("/v1/chat/completions", {"model": "m", "messages": [{"role": "user", "content": part("text")}]}),
        ("/v1/chat/completions", {"model": "m", "messages": messages}),
        ("/v1/responses", {"model": "m", "input": [{"role": "user", "content": part("input_text")}]}),
        ("/v1/responses", {"model": "m", "input": messages}),
    ])


def read_together(record):
    """The texts of a request as a model may read them."""
    body = json.loads(record.rsplit("\n", 1)[1])
    messages = body.get("messages") or body.get("input")
    texts = []
    for message in messages if isinstance(messages, list) else []:
        content = message.get("content") if isinstance(message, dict) else None
        parts = content if isinstance(content, list) else [{"text": content}]
        texts += [part.get("text") or "" for part in parts if isinstance(part, dict)]
    return plain("".join(texts)) + "\n" + plain(" ".join(texts))


class Campaign:
    def __init__(self, gateway, seed):
        self.gateway, self.seed = gateway, seed
        headers = {"authorization": f"Bearer {KEY}"}
        self.client = httpx.Client(base_url=f"http://{gateway.address}", headers=headers, timeout=120, limits=httpx.Limits(max_connections=64))
        self.lock, self.leaks, self.statuses = threading.Lock(), [], {}

    def send(self, path, body):
        """Sends until the gateway is ready for it."""
        while True:
            reply = self.client.post(path, json=body)
            if reply.status_code != 503:
                return reply

    def check_plain(self):
        """Every canary is found in plain text, or it would be no canary."""
        for label, (template, values) in CANARIES.items():
            for value in values:
                before = len(Echo.received)
                text = template.format(value)
                self.send("/v1/chat/completions", {"model": "m", "messages": [{"role": "user", "content": text}]})
                sent = plain("".join(Echo.received[before:]))
                if plain(value) in sent:
                    self.leaks.append(f"{label} in plain text: {text}")

    def one(self, number):
        chance = random.Random(f"{self.seed}/{number}")
        chosen = chance.sample(sorted(CANARIES), chance.randint(1, 4))
        texts, used = [], []
        for label in chosen:
            template, values = CANARIES[label]
            value = chance.choice(values)
            disguise = chance.choice(sorted(DISGUISES))
            texts.append(template.format(DISGUISES[disguise](value, chance)))
            used.append((label, disguise, value))
        if chance.random() < 0.1:
            label = chance.choice(sorted(CANARIES))
            template, values = CANARIES[label]
            value = chance.choice(values)
            pieces, halves = cut(template.format(value) + chance.choice(["", ", and so on."]), value, chance)
            used = [(label, "cut", value)]
            used += [(label, f"cut at {halves[0]}|{halves[1]}", half) for half in halves if len(half.strip()) >= FRAGMENT and label != "AGE"]
            path, body = seams(pieces, chance)
        else:
            path, body = shapes(texts, chance)
        if path.endswith(("completions", "responses")) and chance.random() < 0.4:
            body["stream"] = True
        # A mark that is no identifier tells which request a line of the record belongs to.
        body["seed"] = number
        reply = self.send(path, body)
        with self.lock:
            self.statuses[reply.status_code] = self.statuses.get(reply.status_code, 0) + 1
        if reply.status_code >= 400:
            answer = plain(reply.text + str(reply.headers))
            self.blame(answer, used, f"request {number}: in the error {reply.text[:80]}")
        return number, used

    def blame(self, text, used, where):
        for label, disguise, value in used:
            # Half a name is somebody's name, too.
            parts = value.split() if label == "NAME" and not disguise.startswith("cut at") else [value]
            if any(plain(part) in text for part in parts):
                with self.lock:
                    self.leaks.append(f"{label} as {disguise}: {where}")

    def run(self, requests, threads):
        self.check_plain()
        numbers, used = iter(range(requests)), {}

        def work():
            while True:
                with self.lock:
                    number = next(numbers, None)
                if number is None:
                    return
                number, mine = self.one(number)
                used[number] = mine

        workers = [threading.Thread(target=work) for _ in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        for record in Echo.received:
            found = re.search(r'"seed":(\d+)', record)
            if found and int(found[1]) in used:
                self.blame(plain(record), used[int(found[1])], f"request {found[1]}: upstream")
                self.blame(read_together(record), used[int(found[1])], f"request {found[1]}: upstream, joined")
        everything = [(label, "plain", value) for label, (_, values) in CANARIES.items() for value in values]
        self.blame(plain(self.gateway.written()), everything, "in the log or on disk")
        self.blame(plain(self.client.get("/metrics").text), everything, "in the metrics")
        assert len(used) == requests, "a worker failed"
        self.client.close()
        self.search_memory()

    def search_memory(self):
        """What is freed is wiped: once its connections are closed, the process holds none of it."""
        values = [value.encode() for _, values in CANARIES.values() for value in values]
        deadline = time.monotonic() + 60
        while remembered := self.gateway.remembers(values):
            if time.monotonic() > deadline:
                self.leaks += [f"in memory: {value.decode()}" for value in remembered]
                return
        assert self.gateway.remembers([b"sk-none"]), "the search itself does not work"


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("gateway")
    arguments.add_argument("--requests", type=int, default=20000)
    arguments.add_argument("--seed", default="1")
    arguments.add_argument("--threads", type=int, default=4)
    options = arguments.parse_args()
    gateway = Gateway(options.gateway, listening(Echo))
    try:
        campaign = Campaign(gateway, options.seed)
        campaign.run(options.requests, options.threads)
    finally:
        gateway.stop()
    for leak in campaign.leaks[:100]:
        print(leak, file=sys.stderr)
    print(f"done: {options.requests} requests, {len(Echo.received)} sent on, {len(campaign.leaks)} leaks, statuses {campaign.statuses}")
    sys.exit(1 if campaign.leaks else 0)


main()
