#!/usr/bin/env python3
"""Prints the figures that scripts/compare-peers gathered as a Markdown table.

table.py FOLDER GOLD.jsonl…
"""

import json
import pathlib
import sys

NAMES = {
    "deid-gateway": "deid-gateway",
    "philter": "philter-lite",
    "presidio": "Presidio, spaCy sm",
    "rampart": "Rampart, recognisers",
    "scrubadub": "scrubadub",
}


def row(folder: pathlib.Path, peer: str, name: str) -> str:
    report = json.loads((folder / f"{peer}.{name}.json").read_text())[0]
    scores = report["both"]
    took = report.get("milliseconds_per_1000")
    if took is None:
        took = float((folder / f"{peer}.{name}.milliseconds").read_text())
    percent = [100 * scores[key]["value"] for key in ("character_recall", "entity_recall", "character_precision")]
    masked = 1000 * scores["masked_per_1000"]["value"]
    leak = 100 * scores["leaking_documents"]["value"]
    return " | ".join([*(f"{value:.1f}" for value in percent), f"{masked:.1f}", f"{leak:.0f}", f"{took:.0f}"])


def main() -> None:
    folder, *gold = map(pathlib.Path, sys.argv[1:])
    for file in gold:
        count = sum(1 for line in file.open(encoding="utf-8") if line.strip())
        print(f"| {file.stem}, {count} documents | recall by character, % | by entity, % | precision, % "
              "| masked of 1,000 clean | documents with a leak, % | ms for 1,000 characters |")
        print("| --- | --- | --- | --- | --- | --- | --- |")
        for peer, title in NAMES.items():
            print(f"| {title} | {row(folder, peer, file.stem)} |")
        print()


if __name__ == "__main__":
    main()
