"""Writes docs/performance.md and its plot from what service.py measured."""

import math
import statistics


def plot(result):
    """Latency against length, and throughput against concurrency, as one SVG."""
    lines = ['<svg xmlns="http://www.w3.org/2000/svg" width="760" height="300" font-family="sans-serif" font-size="11">',
             '<rect width="760" height="300" fill="white"/>']
    colors = {"gateway": "#0b6e4f", "presidio": "#c1440e", "onnx": "#3b5b92"}
    names = {"gateway": "deid-gateway (rules and model)", "presidio": "Presidio, spaCy small", "onnx": "ONNX Runtime int8, model alone"}
    rows = result["lengths"]
    low, high = 1.0, 10 ** math.ceil(math.log10(max(row["presidio"][0] for row in rows)))
    least, most = rows[0]["tokens"], rows[-1]["tokens"]
    x = lambda tokens: 50 + 330 * math.log(tokens / least) / math.log(most / least)
    y = lambda ms: 260 - 210 * math.log(max(ms, low) / low) / math.log(high / low)
    power = low
    while power <= high:
        lines.append(f'<path d="M50 {y(power):.0f}H380" stroke="#ddd"/><text x="44" y="{y(power) + 4:.0f}" text-anchor="end">{power:g}</text>')
        power *= 10
    for row in rows:
        lines.append(f'<text x="{x(row["tokens"]):.0f}" y="275" text-anchor="middle">{row["tokens"]}</text>')
    lines.append('<text x="215" y="292" text-anchor="middle">tokens</text><text x="50" y="16">milliseconds, median</text>')
    for at, (name, color) in enumerate(colors.items()):
        points = " ".join(f"{x(row['tokens']):.0f},{y(row[name][0]):.0f}" for row in rows if row[name])
        lines.append(f'<polyline points="{points}" fill="none" stroke="{color}" stroke-width="2"/>'
                     f'<text x="60" y="{34 + 14 * at}" fill="{color}">{names[name]}</text>')
    runs = result["load_run"]
    top = max(run["rate"] for run in runs) * 1.15
    x = lambda at: 450 + 280 * at / (len(runs) - 1)
    y = lambda rate: 260 - 210 * rate / top
    lines.append('<path d="M440 50V260H740" fill="none" stroke="#999"/><text x="440" y="16">requests a second (180-word messages)</text>')
    points = " ".join(f"{x(at):.0f},{y(run['rate']):.0f}" for at, run in enumerate(runs))
    lines.append(f'<polyline points="{points}" fill="none" stroke="{colors["gateway"]}" stroke-width="2"/>')
    for at, run in enumerate(runs):
        lines.append(f'<text x="{x(at):.0f}" y="275" text-anchor="middle">{run["connections"]}</text>'
                     f'<text x="{x(at):.0f}" y="{y(run["rate"]) - 6:.0f}" text-anchor="middle">{run["rate"]:.0f}</text>')
    lines.append('<text x="590" y="292" text-anchor="middle">connections</text></svg>')
    return "\n".join(lines) + "\n"


def table(head, rows):
    line = lambda cells: "| " + " | ".join(cells) + " |"
    return "\n".join([line(head), line(["---"] * len(head)), *map(line, rows)])


def write(result, folder):
    """Writes performance.md and performance.svg into `folder`."""
    (folder / "performance.svg").write_text(plot(result))
    pair = lambda values: f"{values[0]:.1f} / {values[1]:.1f}" if values else "-"
    lengths = [[str(row["tokens"]), str(row["characters"]), pair(row["gateway"]), pair(row["onnx"]), pair(row["presidio"]),
                
                *(f"{row['gateway'][at] / row['onnx'][at]:.2f}" if row["onnx"] else "-" for at in (0, 1)),
                *(f"{row['presidio'][at] / row['gateway'][at]:.1f}" for at in (0, 1))]
               for row in result["lengths"]]
    over = result["overhead"]
    direct = over["direct"]
    overhead = [[name, f"{row['rate']:.0f}", f"{row['median']:.2f}", f"{row['p99']:.2f}", f"{row['median'] - direct['median']:.2f}",
                 f"{row['p99'] - direct['p99']:.2f}"] for name, row in over.items()]
    fixed = result["fixed_rate"]
    rates = [[name, *(f"{row[key]:.{digits}f}" for key, digits in (("rate", 0), ("median", 2), ("p99", 2))),
              *(f"{row[key] - fixed['direct'][key]:.2f}" for key in ("median", "p99"))] for name, row in fixed.items()]
    runs = [[str(run["connections"]), f"{run['rate']:.0f}", f"{run['median']:.0f}", f"{run['p99']:.0f}", str(run["errors"])] for run in result["load_run"]]
    turns, without = result["turns"], result["turns_without"]
    middle = statistics.median
    memory = [[f"{count:,}", f"{mib:.0f}"] for count, mib in result["memory"]]
    text = f"""# Performance

Measured by `make bench` on {result["date"]}: {result["cores"]} cores of {result["cpu"]}. The load average was {result["load"]:.1f} when it
began: where that is not near 0, the clock counts what other programs did too. Compare within a table: its columns were
measured in turns, in one run.

![Latency against length, and throughput against concurrency](performance.svg)

## A message, by length

Milliseconds a text, median by the clock / processor time of all
threads; ratios of both. The gateway's include HTTP, JSON, all rules, the
tokenizer and the model in overlapping windows; ONNX Runtime's are the same model's matrix work alone (int8 per channel,
one thread, one sequence); Presidio's are its analyzer in process with spaCy's small English model. Every text is new. The gateway's processor time is a mean, the peers' are medians.

{table(["tokens", "characters", "gateway", "ONNX Runtime int8", "Presidio", "gateway : ONNX, clock", "processor", "Presidio : gateway, clock", "processor"], lengths)}

## Load

`wrk`, 180-word messages through `/v1/chat/completions`, each a new one, against an instant upstream.

{table(["connections", "requests/s", "median ms", "p99 ms", "refused"], runs)}

What is over `detectors.queue` is refused with 503 at once.

## A conversation

Turn by turn it grows by a message and a reply. What was found in a text is remembered (see `detectors.cache`), so
turns 16 to 20 took {middle(turns[15:]):.1f} ms in the median where turns 1 to 5 took {middle(turns[:5]):.1f} ms; without the cache turns 16 to 20
took {middle(without[15:]):.1f} ms.

## The gateway alone

No detection, one connection, an instant upstream (nginx), medians of three runs in turns. LiteLLM's proxy has no
guardrail configured. The gateway used {1000 * over["gateway"]["cpu"]:.0f} µs of processor time a request.

{table(["", "requests/s", "median ms", "p99 ms", "median added", "p99 added"], overhead)}

At a fixed rate of 2,000 requests a second, over 8 connections (`h2load`, in turns, medians of three runs of 8 s; all of
it shares the two cores: load generator, gateway and nginx):

{table(["", "requests/s", "median ms", "p99 ms", "median added", "p99 added"], rates)}

Resident memory while requests pour in over 16
connections, each with a text of its own, so that the detection cache fills up and turns over:

{table(["requests so far", "MiB"], memory)}

## What falls short

Presidio takes {lengths[-1][-2]} times as long as the gateway for the longest text, not the ten times that we aim for: in a
profile of 10,000-character texts (2026-11-25) about 92 % of the gateway's samples were in the network itself. At 2,000
requests a second the gateway added {fixed["gateway"]["median"] - fixed["direct"]["median"]:.2f} ms in the median and {fixed["gateway"]["p99"] - fixed["direct"]["p99"]:.2f} ms at the 99th percentile where 0.3 and 1 are aimed
at. The rules search ordinary notes and dialogue at 70 to 78 MB a second on one core, not 100, and texts of nothing but
cues at 9 to 11 (`cargo bench --bench detect -- rules --quick`, 2026-11-25). What was not measured is a processor without
AVX-512 VNNI: there the model runs in fp32 through libtorch.

## Start and memory

{result["ready_s"]:.1f} s from the start to `/readyz`; {result["idle_mib"]:.0f} MiB resident when idle, {result["loaded_mib"]:.0f} MiB after the load run.

## Inside the process

`cargo bench` (the second half of `make bench`) times the rules, substitution, restoration of replies and streams, and the model in 8 bits and in fp32 with
criterion, without HTTP.

## How it is made

- BERT models run in 8-bit whole numbers where the processor has AVX-512 with VNNI: weights per output channel, activations
  per token with a zero point, 32-bit sums, everything else in fp32, sequences never padded. At start the network is
  compared with rust-bert's fp32 one and dropped if it differs; a test holds it within 0.1 point of recall and precision.
  Other processors and models, and `precision = "fp32"`, run through libtorch.
- All requests' windows are one pool; each inference thread takes a fair share of it, in turns by request. While there are
  fewer requests than threads, the threads share one pass row by row; its numbers are the same.
- Rules are tried only at words that can begin what they match, before bytes that can go on with it, and look at most 240
  bytes ahead.
"""
    (folder / "performance.md").write_text(text)
