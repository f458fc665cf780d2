"""How late messages are sent, how exactly a rate is kept, and what both cost: the memory backend at fixed rates.

One agent with one worker at 1k, 5k and 10k/s, two of them at 200k/s together, and one at 1M/s. Per rate, over the rounds: the
median and the best round's p50 and p99 of send_lag, the worst error of the attained rate, and the CPU time of the agents: as
a share of one core per worker, and per message for both ends (pacing, stamp, record, audit; at low rates it is mostly
waiting for the right moment). Other load on the machine shows in the lags, in the medians first; where one may,
`chrt -f 1 tests/bench/run lag` keeps it away.
"""
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RATES = [(1_000, 1), (5_000, 1), (10_000, 1), (200_000, 2), (1_000_000, 1)]
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


def run(programs, seconds, rounds):
    print(f"send_lag on the memory backend, {seconds} s, median (best) of {rounds} rounds, {os.cpu_count()} CPUs")
    print(f"{'rate':>8} {'workers':>8} {'p50 us':>18} {'p99 us':>18} {'rate error %':>13} {'CPU % a worker':>15} {'ns CPU a message':>17}")
    for rate, workers in RATES:
        p50, p99, error, cpu = zip(*(one_round(programs, rate, workers, seconds) for _ in range(rounds)))
        print(f"{rate:8} {workers:8} {statistics.median(p50):9.1f} ({min(p50):6.1f}) {statistics.median(p99):9.1f} "
              f"({min(p99):6.1f}) {max(error, key=abs):13.4f} {statistics.median(cpu):15.1f} "
              f"{statistics.median(cpu) * workers * 1e7 / rate:17.0f}", flush=True)
