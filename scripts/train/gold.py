"""Writes the documents that training keeps apart as a gold file for `deid-gateway evaluate`.

    python gold.py FOLDER... > held-out.jsonl"""

import json
import pathlib
import sys

from sampler import held_out, read_folders


def main():
    for document in held_out(read_folders([pathlib.Path(name) for name in sys.argv[1:]])):
        # What is skipped in training is neutral in evaluation.
        spans = [
            {"start": start, "end": end, "label": "AMBIGUOUS" if label == "SKIP" else label}
            for start, end, label in document.spans
        ]
        print(json.dumps({"id": document.source, "text": document.text, "spans": spans}, ensure_ascii=False))


if __name__ == "__main__":
    main()
