"""Load: mixed traffic at four fifths of what the gateway can do, then three times as much as that.

    soak.py GATEWAY [--seconds N] [--overload-seconds N] [--quiet-machine]

Measured first is how many requests a second it answers. Then traffic of that mix is sent at 80 % of it for
N seconds; memory, descriptors and latency are noted as it goes. At last three times as much as it can do is sent:
what is too much must be refused with 503 and `retry-after`, the rest served, and all of it again soon after.
Latency and rates are judged only with --quiet-machine.
"""

import argparse
import json
import os
import pathlib
import queue
import statistics
import sys
import threading
import time

import httpx
from gateway import KEY, Echo, Gateway, listening

NOTE = (
    "Patient: Tobias Hernandez, MRN: 44710093, DOB 03/14/1962, was seen on {day}/11/2024 in room {room} for recurring "
    "headaches. Phone (617) 555-0142, 14 Larkspur Lane. Mrs. Okonkwo called from {room}{day}5550{day}."
)
CANARIES = ["Tobias Hernandez", "44710093", "03/14/1962", "555-0142", "Larkspur Lane", "Okonkwo"]
QUEUE = 16
# What a run may grow by: caches fill up, allocators keep what was in use at once.
MOST_RSS_GROWTH = 96 << 20
MOST_DESCRIPTOR_GROWTH = 24
RECOVERY_S = 10


def request(number):
    """One of the mix: chats whole and streamed, long histories, tools, embeddings, and broken ones."""
    text = NOTE.format(day=number % 28 + 1, room=number % 977)
    user = {"role": "user", "content": text}
    chat = lambda messages, **more: ("/v1/chat/completions", {"model": "m", "messages": messages, **more})
    kinds = [
        lambda: chat([user]),
        lambda: chat([user], stream=True),
        lambda: chat([{"role": "system", "content": "Be brief."}, user]),
        lambda: chat([user, {"role": "assistant", "content": "Noted."}] * 6 + [user], stream=number % 2 == 0),
        lambda: chat([{"role": "user", "content": json.dumps({"note": text, "mrn": "44710093"})}]),
        lambda: ("/v1/embeddings", {"model": "m", "input": [text, "Nothing here."]}),
        lambda: ("/v1/responses", {"model": "m", "input": text, "stream": number % 2 == 0}),
        lambda: ("/v1/deidentify", {"text": text}),
        lambda: chat([{"role": "nobody", "content": text}]),
    ]
    return kinds[number % len(kinds)]()


class Load:
    """Sends requests from many threads and notes what came of them."""

    def __init__(self, gateway):
        self.gateway, self.lock, self.number = gateway, threading.Lock(), 0
        # Below the 5 s after which the gateway closes: a request must not meet a connection that is being closed.
        limits = httpx.Limits(max_connections=256, max_keepalive_connections=256, keepalive_expiry=2)
        headers = {"authorization": f"Bearer {KEY}"}
        self.client = httpx.Client(base_url=f"http://{gateway.address}", headers=headers, timeout=60, limits=limits)
        self.faults = []

    def one(self):
        with self.lock:
            self.number += 1
            number = self.number
        path, body = request(number)
        began = time.monotonic()
        try:
            reply = self.client.post(path, json=body)
        except httpx.HTTPError as error:
            self.faults.append(f"{path}: {error!r}")
            return 0, 0.0
        expected = 400 if body.get("messages", [{}])[0].get("role") == "nobody" else 200
        if reply.status_code == 503:
            if not reply.headers.get("retry-after"):
                self.faults.append("503 without retry-after")
        elif reply.status_code != expected:
            self.faults.append(f"{path}: {reply.status_code} {reply.text[:200]}")
        elif body.get("stream") and "Hernandez" not in reply.text.replace("\\", "") and path != "/v1/responses":
            # Streams come in pieces; their text is put together by streaming's own tests.
            if '"finish_reason": "stop"' not in reply.text and "[DONE]" not in reply.text:
                self.faults.append(f"{path}: a stream without its end")
        return reply.status_code, time.monotonic() - began

    def closed(self, threads, seconds):
        """As fast as so many callers can; gives statuses and durations."""
        end, results = time.monotonic() + seconds, []

        def work():
            while time.monotonic() < end:
                results.append(self.one())

        run([work] * threads)
        return results

    def paced(self, rate, seconds, threads, watch=lambda: None):
        """So many a second, whatever becomes of them."""
        due, results, begun = queue.Queue(), [], time.monotonic()

        def work():
            while due.get() is not None:
                results.append(self.one())

        def pace():
            sent, next_look, ticks = 0, 0.0, threading.Event()
            while (passed := time.monotonic() - begun) < seconds:
                while sent < passed * rate:
                    due.put(sent)
                    sent += 1
                if passed >= next_look:
                    watch()
                    next_look += max(seconds / 60, 1)
                # The rate is what is asked for here, so this waits for the clock.
                ticks.wait(0.01)
            for _ in range(threads):
                due.put(None)

        run([work] * threads + [pace])
        return results


def run(jobs):
    threads = [threading.Thread(target=job) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def resources(gateway):
    """Resident memory in bytes and open descriptors of the gateway."""
    folder = pathlib.Path(f"/proc/{gateway.child.pid}")
    rss = next(line for line in (folder / "status").read_text().splitlines() if line.startswith("VmRSS:"))
    return int(rss.split()[1]) * 1024, len(os.listdir(folder / "fd"))


def count(results, status):
    return sum(1 for got, _ in results if got == status)


def p95(results):
    durations = sorted(duration for status, duration in results if status == 200)
    return durations[len(durations) * 95 // 100] if durations else 0.0


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("gateway")
    arguments.add_argument("--seconds", type=float, default=3600)
    arguments.add_argument("--overload-seconds", type=float, default=30)
    arguments.add_argument("--quiet-machine", action="store_true")
    options = arguments.parse_args()
    Echo.keep = 2000
    gateway = Gateway(options.gateway, listening(Echo), f"[detectors]\nqueue = {QUEUE}\ntimeout_s = 60\n")
    load, wrong = Load(gateway), []
    try:
        while load.client.get("/readyz").status_code != 200:
            pass
        warm = min(options.seconds / 4, 60)
        answered = load.closed(8, warm)
        capacity = sum(1 for status, _ in answered if status in (200, 400)) / warm
        print(f"capacity: {capacity:.1f} requests/s of this mix from 8 callers")

        samples = []
        results = load.paced(capacity * 0.8, options.seconds, 16, lambda: samples.append(resources(gateway)))
        # The first tenth is still warming up.
        steady = samples[len(samples) // 10 :] or samples
        rss, descriptors = [s[0] for s in steady], [s[1] for s in steady]
        third = max(len(rss) // 3, 1)
        grown = statistics.median(rss[-third:]) - statistics.median(rss[:third])
        opened = statistics.median(descriptors[-third:]) - statistics.median(descriptors[:third])
        early, late = results[: len(results) // 3], results[-(len(results) // 3) :]
        print(
            f"80 %: {len(results)} requests in {options.seconds:.0f} s, {count(results, 503)} refused; memory "
            f"{rss[0] >> 20} MiB, {grown / 2**20:+.1f} MiB; descriptors {descriptors[0]}, {opened:+.0f}; p95 "
            f"{p95(early) * 1000:.0f} ms in the first third, {p95(late) * 1000:.0f} ms in the last"
        )
        if grown > MOST_RSS_GROWTH:
            wrong.append("memory grew")
        if opened > MOST_DESCRIPTOR_GROWTH:
            wrong.append("descriptors grew")
        if options.quiet_machine and p95(late) > 1.5 * p95(early):
            wrong.append("latency grew")

        # Where others use the machine too it may by now do more than was measured.
        for times in (3, 9, 27):
            results = load.paced(capacity * times, options.overload_seconds, 192)
            if count(results, 503) or options.quiet_machine:
                break
        served, refused = count(results, 200) + count(results, 400), count(results, 503)
        began = time.monotonic()
        in_a_row = 0
        while in_a_row < 20 and time.monotonic() - began < 60:
            in_a_row = in_a_row + 1 if load.one()[0] in (200, 400) else 0
        recovery = time.monotonic() - began
        print(
            f"{times} times: {served} served ({served / options.overload_seconds:.1f}/s), {refused} refused with 503, "
            f"20 in a row served {recovery:.1f} s later"
        )
        if not served or in_a_row < 20:
            wrong.append("overload stopped the service")
        if not refused:
            wrong.append("overload was not refused")
        if options.quiet_machine and (recovery > RECOVERY_S or served / options.overload_seconds < capacity / 2):
            wrong.append("overload slowed the service down")
        load.client.close()
        wrong += load.faults
        everything = "".join(Echo.received) + gateway.written()
        wrong += [f"{canary} was seen" for canary in CANARIES if canary in everything]
    finally:
        gateway.stop()
    for fault in wrong[:20]:
        print(fault, file=sys.stderr)
    print(f"done: {len(wrong)} faults")
    sys.exit(1 if wrong else 0)


main()
