"""Picks from a fuzz target's inputs a few that reach as much of the code as all of them do.

    keep.py CONTROL_FILE FOLDER

CONTROL_FILE is what libFuzzer's merge wrote: each input, the small ones first, and the edges of the code that it is the
first to reach. Those that were picked, at most MOST of them and no long ones, replace the files in FOLDER.
"""

import hashlib
import pathlib
import sys

MOST = 150
LONGEST = 2048

control, folder = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
lines = control.read_text().splitlines()
count = int(lines[0])
files = lines[2 : 2 + count]
reaches = {}
for line in lines[2 + count :]:
    kind, number, *edges = line.split()
    if kind == "COV":
        reaches[int(number)] = set(edges)
inputs = {number: pathlib.Path(files[number]).read_bytes() for number in reaches}
picked = [number for number in sorted(reaches, key=lambda number: (-len(reaches[number]), len(inputs[number]))) if reaches[number]]
picked = [inputs[number] for number in picked if len(inputs[number]) <= LONGEST][:MOST]
for old in folder.iterdir():
    # Those that were written by hand stay.
    if not old.name.startswith("seed-"):
        old.unlink()
for one in picked:
    (folder / hashlib.sha256(one).hexdigest()[:16]).write_bytes(one)
print(f"{folder.parent.name}: {len(picked)} of {count} inputs, {sum(map(len, picked))} bytes")
