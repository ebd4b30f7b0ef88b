"""The leak campaign: many generated requests with canaries, none of which may be seen anywhere.

    campaign.py GATEWAY [--requests N] [--seed S] [--threads N] [--only NUMBER]

That the detectors find each canary in plain text is checked first. Each request puts some of them, plain, in
an ordinary disguise or cut in two at a seam between texts, into some shape of some endpoint. Looked at are the
upstream's record, the gateway's log and all that it wrote (audit log and store among it), its metrics, the bodies of
its errors, and at the end its memory. The upstream says back what it was told: the caller must read what it wrote.
"""

import argparse
import json
import random
import re
import sys
import threading
import time

import httpx
from campaign_shapes import cut, read_together, seams, shapes
from canaries import CANARIES, DISGUISES, pieces_of, plain
from gateway import KEY, Echo, Gateway, listening

# Shorter pieces of a value tell nobody.
FRAGMENT = 5


def said(reply, stream):
    """What the model said in a reply to a chat or a response."""
    if not stream:
        body = reply.json()
        return body["choices"][0]["message"]["content"] if "choices" in body else body["output"][0]["content"][0]["text"]
    events = [json.loads(line[6:]) for line in reply.text.splitlines() if line.startswith("data: {")]
    deltas = [event["choices"][0]["delta"] for event in events if "choices" in event]
    return "".join([delta.get("content") or "" for delta in deltas] + [event["delta"] for event in events if "delta" in event])


class Campaign:
    def __init__(self, gateway, seed):
        self.gateway, self.seed = gateway, seed
        headers = {"authorization": f"Bearer {KEY}"}
        self.client = httpx.Client(base_url=f"http://{gateway.address}", headers=headers, timeout=120, limits=httpx.Limits(max_connections=64))
        self.lock, self.leaks, self.changed, self.statuses = threading.Lock(), [], [], {}

    def send(self, path, body):
        """Sends until the gateway is ready for it."""
        while (reply := self.client.post(path, json=body)).status_code == 503:
            pass
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
            path, body = shapes(texts, used[0][2], chance)
        if path.endswith(("completions", "responses")) and chance.random() < 0.4:
            body["stream"] = True
        # A mark that is no identifier tells which request a line of the record belongs to.
        if path != "/v1/deidentify":
            body["seed"] = number
        reply = self.send(path, body)
        with self.lock:
            self.statuses[reply.status_code] = self.statuses.get(reply.status_code, 0) + 1
        if reply.status_code >= 400:
            self.blame(reply.text + str(reply.headers), used, f"request {number}: in the error {reply.text[:80]}")
        elif path in ("/v1/chat/completions", "/v1/responses"):
            told = body.get("messages") or body.get("input") or body.get("prompt")
            answer = said(reply, body.get("stream"))
            # Escapes of JSON within JSON may be others than they were, and a number that was replaced is a string.
            same = plain(answer).replace('"', "") == plain(json.dumps(told)).replace('"', "")
            if not same:
                with self.lock:
                    self.changed.append(f"request {number}: {used}: {told} came back as {answer}")
        return number, used

    def blame(self, text, used, where):
        text = plain(text)
        for label, disguise, value in used:
            if any(plain(piece) in text for piece in pieces_of(label, disguise, value)):
                with self.lock:
                    self.leaks.append(f"{label} as {disguise}: {where}")

    def run(self, requests, threads):
        self.check_plain()
        numbers, used = iter(requests), {}

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
                self.blame(record, used[int(found[1])], f"request {found[1]}: upstream")
                self.blame(read_together(record), used[int(found[1])], f"request {found[1]}: upstream, joined")
        everything = [(label, "plain", value) for label, (_, values) in CANARIES.items() for value in values]
        self.blame(self.gateway.written(), everything, "in the log or on disk")
        self.blame(self.client.get("/metrics").text, everything, "in the metrics")
        assert len(used) == len(requests), "a worker failed"
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
    arguments.add_argument("--only", type=int, help="send this one request of them alone, and print what goes upstream")
    options = arguments.parse_args()
    gateway = Gateway(options.gateway, listening(Echo))
    try:
        campaign = Campaign(gateway, options.seed)
        campaign.run(range(options.requests) if options.only is None else [options.only], options.threads)
    finally:
        gateway.stop()
    if options.only is not None:
        print(Echo.received[-1], file=sys.stderr)
    for fault in campaign.leaks[:500] + campaign.changed[:100]:
        print(fault, file=sys.stderr)
    print(
        f"done: {options.requests} requests, {len(Echo.received)} sent on, {len(campaign.leaks)} leaks, "
        f"{len(campaign.changed)} replies changed, statuses {campaign.statuses}"
    )
    sys.exit(1 if campaign.leaks or campaign.changed else 0)


main()
