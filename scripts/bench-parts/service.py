"""Measures the running service and its peers, and writes docs/performance.md.

    service.py GATEWAY_BINARY ONNX_MODEL ONNX_PYTHON PRESIDIO_PYTHON LITELLM

Peers take turns with the gateway, text by text, so that whatever else the machine does meets all
of them. Processor time is given beside the clock's: it does not count what others do.
"""

import contextlib
import datetime
import http.client
import itertools
import json
import os
import pathlib
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

import report

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORDS = (28, 84, 160, 1500, 7000)
ROUNDS = 21


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(url, process, limit=120):
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SystemExit(f"{process.args[0]} ended with {process.returncode}")
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=2) as reply:
            if reply.status == 200:
                return
    raise SystemExit(f"{url} never answered")


def cpu_of(pid):
    """Processor time of a process so far, in milliseconds."""
    tasks = pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e6


def resident(pid):
    """Resident memory of a process, in MiB."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024


class Gateway:
    def __init__(self, binary, folder, upstream, detectors):
        self.port = free_port()
        # A folder each, since each has an audit log and a store of its own.
        own = folder / str(self.port)
        own.mkdir()
        settings = own / "settings.toml"
        settings.write_text(
            f'[server]\nport = {self.port}\n[upstream]\nbase_url = "http://127.0.0.1:{upstream}/v1"\napi_key = "sk-bench"\n'
            f"[keys]\nrequired = false\n{detectors}")
        start = time.perf_counter()
        log = open(folder / f"gateway-{self.port}.log", "w")
        self.process = subprocess.Popen([binary, "serve", "--settings", settings], stdout=log, stderr=log)
        wait_for(f"http://127.0.0.1:{self.port}/readyz", self.process)
        self.ready_s = time.perf_counter() - start
        self.idle_mib = resident(self.process.pid)

    def post(self, path, body):
        """Milliseconds that a request takes on a connection that is open."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        connection.connect()
        start = time.perf_counter()
        connection.request("POST", path, json.dumps(body), {"content-type": "application/json"})
        reply = connection.getresponse()
        reply.read()
        took = 1000 * (time.perf_counter() - start)
        connection.close()
        if reply.status != 200:
            raise SystemExit(f"the gateway answered {reply.status}")
        return took

    def deidentify(self, text):
        """Milliseconds by the clock and of the processor."""
        cpu = cpu_of(self.process.pid)
        took = self.post("/v1/deidentify", {"text": text})
        return took, cpu_of(self.process.pid) - cpu

    def chat(self, messages):
        return self.post("/v1/chat/completions", {"model": "m", "messages": messages})

    def end(self):
        self.process.terminate()
        self.process.wait()


class Peer:
    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        took, cpu = self.process.stdout.readline().split()
        return float(took), float(cpu)

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def tokens(text, vocabulary):
    """How many word pieces a text has."""
    count = 0
    for word in re.findall(r"\w+|[^\w\s]", text.lower()):
        start, prefix = 0, ""
        while start < len(word):
            end = next((end for end in range(len(word), start, -1) if prefix + word[start:end] in vocabulary), len(word))
            start, prefix = end, "##"
            count += 1
    return count


def texts():
    documents = (json.loads(line)["text"] for line in (ROOT / "tests/data/own.jsonl").open())
    words = re.findall(r"\S+\s*", "\n\n".join(documents))
    repeated = list(itertools.islice(itertools.cycle(words), max(WORDS) + 500))
    return lambda count, number: f"Note {number}. " + "".join(repeated[number % 400:number % 400 + count])


def lengths(gateway, onnx, presidio, vocabulary):
    """Rows of medians by length: what each took by the clock and of the processor."""
    text_of, rows, number = texts(), [], 0
    for count in WORDS:
        ours, theirs, onnxs = [], [], []
        rounds = ROUNDS if count < 1000 else 2
        size = tokens(text_of(count, 0), vocabulary)
        for turn in range(rounds + 1):
            number += 1
            text = text_of(count, number)
            samples = (gateway.deidentify(text), presidio.ask(json.dumps(text)), onnx.ask(str(size + 2)) if size < 510 else None)
            if turn:  # The first of each length warms up.
                for kept, sample in zip((ours, theirs, onnxs), samples):
                    kept.append(sample)
        middle = lambda samples: [statistics.median(column) for column in zip(*samples)] if samples and samples[0] else None
        mean_cpu = lambda samples: statistics.mean(sample[1] for sample in samples)
        rows.append({"tokens": size, "characters": len(text), "gateway": [middle(ours)[0], mean_cpu(ours)],
                     "presidio": middle(theirs), "onnx": middle(onnxs)})
    return rows


def conversation(gateway, turns=20):
    """Milliseconds of each turn of a conversation that grows by a message and a reply a turn."""
    text_of, messages, took = texts(), [], []
    for turn in range(turns):
        messages.append({"role": "user", "content": text_of(120, 7 * turn)})
        took.append(gateway.chat(messages))
        messages.append({"role": "assistant", "content": text_of(120, 7 * turn + 3)})
    return took


def wrk(port, path, folder, connections, seconds=6, text=None):
    script = folder / "post.lua"
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": text or "Note 0. Hello"}]})
    quoted = "[==[" + body + "]==]"
    # Every request has a text of its own, so that nothing is remembered.
    script.write_text(
        'local n = 0\nlocal id = tostring({}):sub(-6)\nlocal body = ' + quoted + '\nfunction request()\n  n = n + 1\n'
        '  local own = body:gsub("Note 0", "Note " .. id .. n)\n'
        '  return wrk.format("POST", nil, {["content-type"]="application/json", ["authorization"]="Bearer sk-bench"}, own)\nend\n')
    out = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", script, f"http://127.0.0.1:{port}{path}"],
                         capture_output=True, text=True, check=True).stdout
    unit = {"us": 0.001, "ms": 1.0, "s": 1000.0}
    quantile = lambda name: (lambda m: float(m[1]) * unit[m[2]])(re.search(rf"{name}%\s+([\d.]+)(us|ms|s)", out))
    errors = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    return {"connections": connections, "rate": float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1]),
            "median": quantile(50), "p99": quantile(99), "errors": int(errors[1]) if errors else 0}


def stand_in(folder):
    """nginx that answers every chat at once."""
    port = free_port()
    reply = {"id": "x", "object": "chat.completion", "created": 0, "model": "m", "choices": [
        {"index": 0, "message": {"role": "assistant", "content": "Thank you."}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}}
    (folder / "nginx.conf").write_text(
        f"daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.log;\n"
        "events { worker_connections 1024; }\n"
        f"http {{ access_log off; keepalive_requests 100000000; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;\n"
        f"fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s; client_max_body_size 20m;\n"
        f"server {{ listen 127.0.0.1:{port}; location / {{ default_type application/json; return 200 '{json.dumps(reply)}'; }} }} }}\n")
    nginx = shutil.which("nginx") or "/usr/sbin/nginx"
    process = subprocess.Popen([nginx, "-c", folder / "nginx.conf", "-p", folder], stderr=subprocess.DEVNULL)
    wait_for(f"http://127.0.0.1:{port}/", process)
    return port, process


def litellm(command, folder, upstream):
    port = free_port()
    (folder / "litellm.yaml").write_text(
        f"model_list:\n  - model_name: m\n    litellm_params:\n      model: openai/m\n      api_base: http://127.0.0.1:{upstream}/v1\n      api_key: sk-bench\n")
    log = open(folder / "litellm.log", "w")
    process = subprocess.Popen([command, "--config", folder / "litellm.yaml", "--port", str(port), "--host", "127.0.0.1"],
                               stdout=log, stderr=log, env={**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True",
                                    "LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY": "true"})
    wait_for(f"http://127.0.0.1:{port}/health/liveliness", process)
    return port, process


def overhead(gateway, upstream, proxy, folder):
    """Median and 99th percentile straight to the upstream, through the gateway, and through LiteLLM, in turns."""
    rows = {"direct": [], "gateway": [], "litellm": []}
    for _ in range(3):
        for name, port in (("direct", upstream), ("gateway", gateway.port), ("litellm", proxy)):
            cpu = cpu_of(gateway.process.pid)
            row = wrk(port, "/v1/chat/completions", folder, 1, 4)
            row["cpu"] = (cpu_of(gateway.process.pid) - cpu) / (row["rate"] * 4)
            rows[name].append(row)
    return {name: {key: statistics.median(row[key] for row in own) for key in own[0]} for name, own in rows.items()}


def at_rate(port, folder, rate, seconds=8, connections=8):
    """Milliseconds of requests that are sent at a fixed rate."""
    body, log = folder / "body.json", folder / "h2load.log"
    body.write_text(json.dumps({"model": "m", "messages": [{"role": "user", "content": "Hello"}]}))
    log.unlink(missing_ok=True)
    subprocess.run(["h2load", "--h1", "-t1", f"-c{connections}", f"-n{rate * seconds}", f"--rps={rate / connections}",
                    "-H", "content-type: application/json", "-H", "authorization: Bearer sk-bench",
                    f"--data={body}", f"--log-file={log}", f"http://127.0.0.1:{port}/v1/chat/completions"],
                   capture_output=True, check=True, timeout=60 + 4 * seconds)
    samples = [line.split("\t") for line in log.read_text().splitlines()]
    if any(status != "200" for _, status, _ in samples):
        raise SystemExit("not every request at a fixed rate was answered")
    took = sorted(int(sample[2]) / 1000 for sample in samples)
    began = [int(sample[0]) for sample in samples]
    return {"rate": 1e6 * len(took) / (max(began) - min(began)), "median": took[len(took) // 2], "p99": took[len(took) * 99 // 100]}


def fixed_rate(gateway, upstream, folder, rate=2000):
    """The same rate straight to the upstream and through the gateway, in turns."""
    rows = {"direct": [], "gateway": []}
    for _ in range(3):
        for name, port in (("direct", upstream), ("gateway", gateway.port)):
            rows[name].append(at_rate(port, folder, rate))
    return {name: {key: statistics.median(row[key] for row in own) for key in own[0]} for name, own in rows.items()}


def memory(gateway, folder, seconds):
    """Resident memory while requests pour in: (requests so far, MiB)."""
    points, done = [(0, resident(gateway.process.pid))], 0
    for _ in range(6):
        row = wrk(gateway.port, "/v1/chat/completions", folder, 16, seconds // 6)
        done += int(row["rate"] * (seconds // 6))
        points.append((done, resident(gateway.process.pid)))
    return points


def main():
    binary, model, onnx_python, presidio_python, litellm_command = sys.argv[1:6]
    parts = pathlib.Path(__file__).parent
    vocabulary = set((ROOT / "models/phi-ner/vocab.txt").read_text().split("\n"))
    ner = f'[[detectors.ner]]\nname = "phi-ner"\nmodel = "{ROOT}/models/phi-ner"\n'
    off = '[detectors]\nner = []\n[detectors.rules]\nenabled = false\n[[detectors.custom]]\nname = "none"\nlabel = "ID"\npattern = "ZZZZNEVERZZZZ"\n'
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        folder = pathlib.Path(name)
        upstream, nginx = stand_in(folder)
        stack.callback(nginx.terminate)
        gateway = Gateway(binary, folder, upstream, ner)
        stack.callback(gateway.end)
        onnx = Peer([onnx_python, parts / "onnx_peer.py", model, "1"])
        presidio = Peer([presidio_python, parts / "presidio_peer.py"])
        result = {"date": datetime.date.today().isoformat(), "cpu": re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())[1],
                  "cores": os.cpu_count(), "load": os.getloadavg()[0], "ready_s": gateway.ready_s, "idle_mib": gateway.idle_mib}
        result["lengths"] = lengths(gateway, onnx, presidio, vocabulary)
        onnx.end()
        presidio.end()
        result["turns"] = conversation(gateway)
        note = texts()(180, 0)
        result["load_run"] = [wrk(gateway.port, "/v1/chat/completions", folder, c, 6, note) for c in (1, 4, 16, 48)]
        result["loaded_mib"] = resident(gateway.process.pid)
        forgetful = Gateway(binary, folder, upstream, "[detectors]\ncache = 0\n" + ner)
        result["turns_without"] = conversation(forgetful)
        forgetful.end()
        bare = Gateway(binary, folder, upstream, off)
        stack.callback(bare.end)
        proxy, process = litellm(litellm_command, folder, upstream)
        result["overhead"] = overhead(bare, upstream, proxy, folder)
        process.terminate()
        result["fixed_rate"] = fixed_rate(bare, upstream, folder)
        result["memory"] = memory(bare, folder, 60)
    (ROOT / "target/bench.json").write_text(json.dumps(result, indent=1))
    report.write(result, ROOT / "docs")


main()
