"""How late messages are sent, how exactly a rate is kept, and what both cost: the memory backend at fixed rates.

One agent with one worker at 1k, 5k, 10k and 100k/s, two of them at 200k/s together, and one at 1M/s. Per rate, over the rounds:
the median and the best round's p50 and p99 of send_lag, the worst error of the attained rate, and the CPU time of the agents:
as a share of one core per worker, and per message for both ends (pacing, stamp, record, audit; at low rates it is mostly
waiting for the right moment). Other load on the machine shows in the lags, in the medians first; where one may,
`chrt -f 1 tests/bench/run lag` keeps it away.

Beside each rate stands what this host allows: a bare loop (bare_sleeps.c) that does nothing but wait for the due times, once by
its timer alone and once as a worker waits, as many of them as there are workers, in the same rounds (A B C, C B A). Of
several the worst counts, as one of them would make the whole load's p99. What is late there is late by the host; lags above
10 ms count as that.
"""
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RATES = [(1_000, 1), (5_000, 1), (10_000, 1), (100_000, 1), (200_000, 2), (1_000_000, 1)]
WARM_S = 1
SCENARIO = """millrace: 1
name: lag
description: How late is a message sent?
targets: [ {{ backend: memory }} ]
topology: {{ topics: {workers}, producers: {workers}, consumers: {workers} }}
message: {{ size: 100 }}
phases:
  - {{ name: warm-up, rate: {rate}/s, for: {warm}s, measure: false }}
  - {{ name: steady, rate: {rate}/s, for: {seconds}s }}
  - {{ name: drain, rate: none, until: drained, for: 20s }}
"""


def children(pid):
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        found += [int(child) for child in task.read_text().split()]
    return found


def cpu_s(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def watch(process, seconds):
    """CPU time of the agents per second, in the middle of the load."""
    seen = []
    while process.poll() is None:
        try:
            seen.append((time.monotonic(), sum(cpu_s(child) for child in children(process.pid))))
        except (FileNotFoundError, ProcessLookupError):
            pass  # One ended meanwhile.
        time.sleep(0.1)
    end = seen[-1][0]
    middle = [one for one in seen if end - seconds < one[0] < end - 2]
    return (middle[-1][1] - middle[0][1]) / (middle[-1][0] - middle[0][0])


def one_round(programs, rate, workers, seconds):
    with tempfile.TemporaryDirectory() as folder:
        scenario = Path(folder) / "lag.yaml"
        scenario.write_text(SCENARIO.format(rate=rate, workers=workers, warm=WARM_S, seconds=seconds))
        process = subprocess.Popen([programs / "millrace", "run", scenario, "--agents", str(workers), "--quiet", "--out",
                                    Path(folder) / "run"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        cpu = watch(process, seconds)
        if process.wait() != 0:
            sys.exit(f"bench: millrace run: exit {process.returncode}\n{process.stderr.read()}")
        result = json.loads((Path(folder) / "run" / "result.json").read_text())
    steady = next(phase for phase in result["cases"][0]["phases"] if phase["name"] == "steady")
    lag = steady["latency_ns"]["send_lag"]
    error = steady["rates"]["sent_per_s"] / steady["rates"]["asked_per_s"] - 1
    return lag["p50"] / 1e3, lag["p99"] / 1e3, error * 100, cpu * 100 / workers


def floor(programs, rate, workers, seconds, how):
    """p50 and p99 of the lag of bare loops, and their CPU as a share of one core for each."""
    loops = [subprocess.Popen([programs / "bare_sleeps", str(seconds), str(rate // workers), how], stdout=subprocess.PIPE,
                              text=True) for _ in range(workers)]
    said = [loop.communicate()[0] for loop in loops]
    if any(loop.returncode != 0 for loop in loops):
        sys.exit("bench: bare_sleeps failed")
    found = [dict(re.findall(r"(\w+)=(\S+)", one)) for one in said]
    return tuple(max(float(one[key]) for one in found) for key in ("p50_us", "p99_us", "cpu_share"))


def both(values):
    return f"{statistics.median(values):9.1f} ({min(values):6.1f})"


def run(programs, seconds, rounds):
    print(f"send_lag on the memory backend, {seconds} s, median (best) of {rounds} rounds, {os.cpu_count()} CPUs")
    print(f"{'rate':>8} {'workers':>8} {'p50 us':>18} {'p99 us':>18} {'timer p99 us':>18} {'lead p99 us':>18} "
          f"{'rate error %':>13} {'CPU % a worker':>15} {'lead CPU %':>11} {'ns CPU a message':>17}")
    for rate, workers in RATES:
        ours, floors = [], {"sleep": [], "lead": []}
        for i in range(rounds):
            for who in ((None, *floors) if i % 2 == 0 else (*reversed(floors), None)):
                if who is None:
                    ours.append(one_round(programs, rate, workers, seconds))
                else:
                    floors[who].append(floor(programs, rate, workers, seconds, who))
        p50, p99, error, cpu = zip(*ours)
        print(f"{rate:8} {workers:8} {both(p50)} {both(p99)} {both([one[1] for one in floors['sleep']])} "
              f"{both([one[1] for one in floors['lead']])} {max(error, key=abs):13.4f} {statistics.median(cpu):15.1f} "
              f"{statistics.median(one[2] for one in floors['lead']) * 100:11.1f} "
              f"{statistics.median(cpu) * workers * 1e7 / rate:17.0f}", flush=True)
