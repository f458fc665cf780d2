#!/usr/bin/env python3
"""Makes counts and percentiles anew from `run --trace FILE`, with no code of Millrace's, and compares.

    tests/accuracy/recompute.py TRACE RUN_DIR

Every phase of every trial: what was sent, acked, refused, unconfirmed, received, lost, duplicated, unexpected, and
the percentiles of publish and e2e with their service series. Counts must be equal, percentiles within the three
digits of a histogram; where messages that never came are among the samples, only their number is compared. Exit code 1 with the differences. A trace that dropped records is refused: it can't tell.
"""
import json
import math
import struct
import sys
from collections import Counter, defaultdict

COUNTS = ["sent", "acked", "refused", "unconfirmed", "received", "lost", "duplicated", "unexpected"]
RANKS = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p99_9": 0.999, "max": 1.0}
BLOCK, SETTLED, RECEIVED, END = 1, 2, 3, 4
PACED, CONFIRMED = 1, 2
ACKED, REFUSED, UNCONFIRMED = 0, 1, 2


def records(path):
    """(trial, kind, outcome, flow, flags, stream, sequence, subscription, intended, sent, at) of each message."""
    with open(path, "rb") as file:
        assert file.read(40).startswith(b"millrace.trace/1 "), f"{path} is no trace"
        data = file.read()
    assert len(data) % 40 == 0, f"{path} ends within a record"
    trial = left = 0
    for kind, outcome, flow, flags, stream, low, middle, subscription, *times in struct.iter_unpack("<BBBBIIHHqqq", data):
        if left == 0 and kind == BLOCK:
            trial, left = stream, low
        elif left == 0 and kind == END:
            assert times[1] == 0, f"{times[1]} records were dropped: make the trace again"
        else:
            assert left > 0 and kind in (SETTLED, RECEIVED), f"a record of kind {kind}, {left} left in its block"
            left -= 1
            yield trial, kind, outcome, flow, flags, stream, low | middle << 32, subscription, *times


def phases_of(messages, starts, flow):
    """What each phase came to: its counts, and the sorted samples of each series."""
    counts = defaultdict(Counter)
    samples = defaultdict(lambda: defaultdict(list))
    of_flow = [one for one in messages if flow is None or one[3] == flow]
    outcomes = {(one[5], one[6]): (one[2], phase_at(starts, one[8])) for one in of_flow if one[1] == SETTLED}
    subscriptions = {one[3]: set() for one in of_flow}
    seen = set()
    for _, kind, outcome, its_flow, flags, stream, sequence, subscription, intended, sent, at in of_flow:
        phase = phase_at(starts, intended)
        if kind == SETTLED:
            counts[phase][("acked", "refused", "unconfirmed")[outcome]] += 1
            counts[phase]["sent"] += 1
            series = "publish" if outcome == ACKED and flags & CONFIRMED else None
        else:
            series = "e2e"
            subscriptions[its_flow].add(subscription)
            if (stream, sequence, subscription) in seen:
                counts[phase]["duplicated"] += 1
            else:
                seen.add((stream, sequence, subscription))
                counts[phase]["received"] += 1
                counts[phase]["unexpected"] += outcomes.get((stream, sequence), (REFUSED, 0))[0] != ACKED
        if series:
            samples[phase][f"{series}_service"].append(max(0, at - sent))
            if flags & PACED:
                samples[phase][series].append(max(0, at - intended))
    for one in of_flow:
        if one[1] == SETTLED and one[2] == ACKED:
            counts[phase_at(starts, one[8])]["lost"] += sum((one[5], one[6], each) not in seen for each in subscriptions[one[3]])
    return counts, samples


def phase_at(starts, intended):
    return max((index for index, start in enumerate(starts) if start <= intended), default=0)


def differences(where, phase, counts, samples):
    for word in COUNTS:
        if phase["delivery"][word] != counts[word]:
            yield f"{where}: {word} is {phase['delivery'][word]}, the trace has {counts[word]}"
    for series in ("publish", "publish_service", "e2e", "e2e_service"):
        told, values = phase["latency_ns"].get(series, {"samples": 0}), sorted(samples[series])
        censored = told.get("censored", 0)  # Never came: the trace has no record of when.
        if told["samples"] - censored != len(values):
            yield f"{where}: {series} has {told['samples']} samples, {censored} censored, the trace {len(values)}"
        for name, share in RANKS.items() if values and not censored else ():
            true = values[max(1, math.ceil(share * len(values) - 1e-9)) - 1]
            # One unit of the third digit, at most: what a bucket of the histogram spans.
            if abs(told[name] - true) > true / 1000 + 1:
                yield f"{where}: {series}.{name} is {told[name]} ns, the trace has {true} ns"


def main():
    trace, folder = sys.argv[1:]
    with open(f"{folder}/result.json") as file:
        result = json.load(file)
    by_trial = defaultdict(list)
    for one in records(trace):
        by_trial[one[0]].append(one)
    wrong, looked = [], 0
    for case in result["cases"]:
        for trial in case["trials"]:
            flows = [None] + sorted({phase["flow"] for phase in trial["phases"]} - {None}, key=[p["flow"] for p in trial["phases"]].index)
            for index, flow in enumerate(flows):
                phases = [phase for phase in trial["phases"] if phase["flow"] == flow]
                counts, samples = phases_of(by_trial[trial["number"]], [p["start_ns"] for p in phases], None if flow is None else index - 1)
                for at, phase in enumerate(phases):
                    where = f"{case['name']} trial {trial['number']} {phase['name']}{' ' + flow if flow else ''}"
                    wrong += differences(where, phase, counts[at], samples[at])
                    looked += 1
    total = sum(len(one) for one in by_trial.values())
    assert total == result["trace"]["records"] and looked > 0, f"{total} records, result.json says {result['trace']}"
    print("\n".join(wrong) or f"{looked} phases of {total} records: counts equal, percentiles within three digits")
    sys.exit(1 if wrong else 0)


main()
