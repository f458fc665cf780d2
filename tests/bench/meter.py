"""CPU time and resident memory of a program and all that it started, seen from outside while it runs.

`Watched` starts a program and takes a sample four times a second; what lies between two samples is taken to be even. Lines that
the program says are kept with the moment in which they came. Memory is the sum of the processes' resident sets: pages that
they share count in each.
"""
import json
import os
import re
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from bench import Broken

EVERY_S = 0.25
EDGE_S = 0.5  # Left out at both ends of a phase: when it began is known by what was said, and this well.
WARM_S = 2
EXIT_PASS, EXIT_FAIL, EXIT_INVALID = 0, 1, 3  # Fail: an objective; invalid: the host was busy, which a benchmark makes it.


def family(pid):
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            for child in task.read_text().split():
                found += family(int(child))
        except OSError:
            pass  # It ended meanwhile.
    return found


def usage(pid):
    """CPU seconds and resident bytes, or None if it is no more."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"), int(fields[21]) * os.sysconf("SC_PAGE_SIZE")


class Samples:
    """(moment, CPU seconds so far, resident bytes), in the order of moments."""

    def __init__(self):
        self.seen = []

    def cpu_at(self, moment):
        after = next((i for i, one in enumerate(self.seen) if one[0] >= moment), None)
        if not after:
            raise Broken("a program was not there long enough to be measured")
        (t0, cpu0, _), (t1, cpu1, _) = self.seen[after - 1:after + 1]
        return cpu0 + (cpu1 - cpu0) * (moment - t0) / (t1 - t0)

    def cpu_s(self, begin, end):
        return self.cpu_at(end) - self.cpu_at(begin)

    def rss_mib(self, begin, end):
        """The most between the two."""
        return max((one[2] for one in self.seen if begin <= one[0] <= end), default=0) / 2**20


class Watched:
    """A program under way. `lines` are (moment, text) of all that it says; with count, bytes of its output are counted instead."""

    def __init__(self, argv, count=False, stdin=subprocess.DEVNULL):
        self.lines, self.counted, self.samples, self.ended_cpu = [], [], Samples(), {}
        self.argv = argv
        self.process = subprocess.Popen(argv, stdin=stdin, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL if count else subprocess.STDOUT)
        self.threads = [threading.Thread(target=self.count if count else self.listen), threading.Thread(target=self.sample)]
        for one in self.threads:
            one.start()

    def listen(self):
        for line in self.process.stdout:
            self.lines.append((time.monotonic(), line.decode(errors="replace").rstrip()))

    def count(self):
        total = 0
        while True:
            came = os.read(self.process.stdout.fileno(), 1 << 20)
            if not came:
                return
            total += len(came)
            self.counted.append((time.monotonic(), total))

    def sample(self):
        while self.process.poll() is None:
            rss = 0
            for pid in family(self.process.pid):
                used = usage(pid)
                if used:
                    self.ended_cpu[pid] = used[0]
                    rss += used[1]
            self.samples.seen.append((time.monotonic(), sum(self.ended_cpu.values()), rss))
            time.sleep(EVERY_S)

    def said(self):
        return "\n".join(text for _, text in self.lines)

    def wait(self):
        code = self.process.wait()
        for one in self.threads:
            one.join()
        return code

    def end(self):
        """At once, whatever it is doing."""
        if self.process.poll() is None:
            self.process.kill()
        return self.wait()


def load_began(lines):
    """The moment in which the load began, of lines that `millrace run` said; a calibration before it is none. None: it did not."""
    return next((moment for moment, text in lines if re.match("running: (?!calibration)", text)), None)


def steady(out):
    """What the result in a run's folder says of the steady phase; None if there was none."""
    result = json.loads((out / "result.json").read_text())
    return next((phase for phase in result["cases"][0]["phases"] if phase["name"] == "steady"), None)


def millrace(programs, scenario, seconds):
    """Runs a scenario whose phases are `phases(...)` with one agent; returns what it says of the steady phase, with CPU time and
    memory of coordinator and agent in the middle of it."""
    with tempfile.TemporaryDirectory() as folder:
        file, out = Path(folder) / "bench.yaml", Path(folder) / "run"
        file.write_text(scenario)
        running = Watched([programs / "millrace", "run", file, "--agents", "1", "--selfcheck", "warn", "--out", out])
        code = running.wait()
        if code not in (EXIT_PASS, EXIT_FAIL, EXIT_INVALID) or not (out / "result.json").exists():
            raise Broken(f"millrace run: exit {code}\n{running.said()}")
        found = steady(out)
    began = load_began(running.lines)
    if found is None or began is None:
        raise Broken(f"millrace run: nothing was measured\n{running.said()}")
    begin, end = began + WARM_S + EDGE_S, began + WARM_S + seconds - EDGE_S
    lag = found["latency_ns"].get("send_lag", {"p99": 0})  # Flat out there is none.
    return {"received_per_s": found["rates"]["received_per_s"], "acked_per_s": found["rates"]["acked_per_s"],
            "cpu_s_per_s": running.samples.cpu_s(begin, end) / (end - begin),
            "rss_mib": running.samples.rss_mib(begin, end),
            "lag_p99_us": lag["p99"] / 1e3, "lost": found["delivery"]["lost"]}


def phases(rate, seconds):
    return (f"phases:\n  - {{ name: warm-up, rate: {rate}, for: {WARM_S}s, measure: false }}\n"
            f"  - {{ name: steady, rate: {rate}, for: {seconds}s }}\n"
            "  - { name: drain, rate: none, until: drained, for: 30s }\n")
