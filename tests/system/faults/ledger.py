"""What was made, in a file: a line a cell, so that a run which was ended can be gone on with, and a table be made of many of them."""

import collections
import os
from dataclasses import dataclass

import matrix
from course import STAGES

SAID_CHARS_MAX = 300


@dataclass
class Made:
    """word: "exit N", "skipped" or "FAILED". said: why."""

    name: str
    seed: int
    seconds: float
    word: str
    said: str = ""

    def line(self):
        return "\t".join([self.name, str(self.seed), f"{self.seconds:.1f}", self.word, " ".join(self.said.split())[:SAID_CHARS_MAX]]) + "\n"


def append(path, made):
    with open(path, "a") as file:
        file.write(made.line())


def _lines(path):
    with open(path) as file:
        for line in file:
            name, seed, seconds, word, said = line.rstrip("\n").split("\t", 4)
            yield Made(name, int(seed), float(seconds), word, said)


def read(paths):
    """Of a cell that was made again with the same seed, the last outcome."""
    found = {}
    for path in paths:
        for made in _lines(path) if os.path.exists(path) else []:
            found.pop((made.name, made.seed), None)
            found[(made.name, made.seed)] = made
    return list(found.values())


def _brief(words):
    """Outcomes, each with how often it came where they differ."""
    counts = collections.Counter(words)
    if len(counts) == 1:
        return words[0]
    return " ".join(f"{word}*{number}" for word, number in sorted(counts.items()))


def table(rows):
    """Lines: what every cell came to, which ones came to different ends, and what failed."""
    by_name = {}
    for made in rows:
        by_name.setdefault(made.name, []).append(made.word.replace("exit ", ""))
    by_line = {}
    for cell in matrix.cells():
        if cell.name in by_name:
            by_line.setdefault((cell.fault, f"{cell.backend}/{cell.joined}"), {})[cell.stage] = by_name[cell.name]
    lines = [f"{'fault':24} {'backend/joined':18} times " + " ".join(f"{stage:11}" for stage in STAGES)]
    for (fault, where), stages in by_line.items():
        times = sorted({len(words) for words in stages.values()})
        often = f"{times[0]}" if len(times) == 1 else f"{times[0]}-{times[-1]}"
        lines.append(f"{fault:24} {where:18} {often:5} " + " ".join(f"{_brief(stages[stage]) if stage in stages else '-':11}" for stage in STAGES))
    for made in rows:
        if made.word == "FAILED":
            lines.append(f"FAILED {made.name} seed {made.seed}: {made.said}")
    count = lambda wanted: sum(1 for made in rows if made.word == wanted)
    seeds = ", ".join(str(seed) for seed in sorted({made.seed for made in rows}))
    lines.append(f"{len(rows)} runs of {len(by_name)} cells, seeds {seeds}: {count('FAILED')} failed, {count('skipped')} skipped")
    return lines
