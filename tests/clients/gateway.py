"""What the Python programs here share: a gateway in a folder of its own, and an upstream that remembers."""

import hashlib
import http.server
import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]
KEY = "local-key"
UPSTREAM_KEY = "sk-none"


def started(command, ready, meanwhile=lambda child: None, **options):
    """A program, and what follows `ready` in the line in which it says that it listens."""
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    meanwhile(child)
    log, found, address = [], threading.Event(), []

    def follow():
        for line in child.stdout:
            log.append(line)
            if ready in line and not found.is_set():
                address.append(line.split(ready)[1].split()[0])
                found.set()
        found.set()

    threading.Thread(target=follow, daemon=True).start()
    assert found.wait(300) and address, "".join(log)
    return child, address[0], log


class Gateway:
    """A running gateway with the repository's own model; `folder` holds all that it may write."""

    def __init__(self, program, upstream, settings=""):
        self.folder = tempfile.TemporaryDirectory()
        path = pathlib.Path(self.folder.name) / "settings.toml"
        path.write_text(f'{settings}\n[[detectors.ner]]\nname = "phi-ner"\nmodel = "{ROOT}/models/phi-ner"\n')
        env = {
            "DEID__SERVER__PORT": "0",
            "DEID__KEYS__STATIC": "sha256:" + hashlib.sha256(KEY.encode()).hexdigest(),
            "DEID__UPSTREAM__BASE_URL": f"{upstream}/v1",
            "DEID__UPSTREAM__API_KEY": UPSTREAM_KEY,
        }
        command = [str(pathlib.Path(program).resolve()), "serve", "--settings", str(path)]
        # It shuts others out of its memory as soon as it has read its settings, all but root, so whoever
        # was too late tries again with another.
        for _ in range(50):
            self.child, self.address, self.log = started(
                command, "listening on http://", self.watch, cwd=self.folder.name, env=env
            )
            if self.memory:
                return
            self.child.kill()
            self.child.wait()
        raise SystemExit("the memory of the gateway cannot be read")

    def watch(self, child):
        try:
            self.memory = open(f"/proc/{child.pid}/mem", "rb", buffering=0)
            self.maps = open(f"/proc/{child.pid}/maps")
        except PermissionError:
            self.memory = None

    def remembers(self, values):
        """Which of these byte strings stand in the memory that the process can write."""
        found, overlap = set(), max(map(len, values))
        self.maps.seek(0)
        for line in self.maps.read().splitlines():
            span, mode = line.split()[:2]
            if not mode.startswith("rw"):
                continue
            at, end = (int(number, 16) for number in span.split("-"))
            while at < end:
                try:
                    piece = os.pread(self.memory.fileno(), min(end - at, 1 << 20), at)
                except OSError:
                    break
                found |= {value for value in values if value in piece}
                if len(piece) <= overlap:
                    break
                # Pieces overlap, so that nothing hides on an edge.
                at += len(piece) if at + len(piece) >= end else len(piece) - overlap
        return found

    def written(self):
        """All that it wrote, to its log and to its folder."""
        files = [path for path in pathlib.Path(self.folder.name).rglob("*") if path.is_file()]
        return "".join(self.log) + "".join(path.read_bytes().decode(errors="replace") for path in files)

    def stop(self):
        self.child.send_signal(signal.SIGKILL)
        self.child.wait()
        self.folder.cleanup()


class Echo(http.server.BaseHTTPRequestHandler):
    """OpenAI's text endpoints, which say back all that they were told."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    received = []
    # How many requests are remembered; the oldest are forgotten.
    keep = None

    def do_POST(self):
        raw = self.rfile.read(int(self.headers["content-length"])).decode()
        self.received.append(f"{self.requestline}\n{self.headers}\n{raw}")
        if self.keep and len(self.received) > self.keep:
            del self.received[0]
        body = json.loads(raw)
        said = json.dumps(body.get("messages") or body.get("input") or body.get("prompt"))
        kind = self.path.rsplit("/", 1)[1]
        if body.get("stream"):
            return self.answer(stream(kind, said), "text/event-stream")
        self.answer(json.dumps(whole(kind, said)), "application/json")

    def answer(self, text, kind):
        data = text.encode()
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


def whole(kind, said):
    if kind == "responses":
        part = {"type": "output_text", "text": said, "annotations": []}
        return {"id": "resp_1", "output": [{"type": "message", "id": "msg_1", "role": "assistant", "content": [part]}]}
    if kind == "embeddings":
        return {"object": "list", "data": [{"index": 0, "embedding": [0.5]}]}
    if kind == "moderations":
        return {"id": "modr-1", "results": [{"flagged": False}]}
    choice = {"index": 0, "finish_reason": "stop", "text": said, "message": {"role": "assistant", "content": said}}
    return {"id": "x", "choices": [choice]}


def stream(kind, said):
    pieces = re.findall(r"(?s).{1,7}", said)
    if kind == "responses":
        events = [
            {"type": "response.output_text.delta", "item_id": "m", "output_index": 0, "content_index": 0, "delta": piece}
            for piece in pieces
        ]
        events.append({"type": "response.completed", "response": whole(kind, said)})
        return "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)
    choices = [{"index": 0, "delta": {"content": piece}, "text": piece, "finish_reason": None} for piece in pieces]
    choices.append({"index": 0, "delta": {}, "text": "", "finish_reason": "stop"})
    events = [json.dumps({"id": "x", "choices": [choice]}) for choice in choices]
    return "".join(f"data: {event}\n\n" for event in [*events, "[DONE]"])


def listening(handler):
    """A server of `handler` on a free port of this machine, and its address."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"
