"""Where the time of a load thread goes: the memory backend as fast as possible, by function, in nanoseconds a message.

    tests/bench/run profile --bytes 100

One agent, one load thread with a producer and a consumer, confirms: pace, stamp, record and audit, both ends. `perf` looks at
that thread alone for --seconds; each function's share of its samples is told as that share of the CPU time that the thread
took a message (its schedstat). Functions below 1 % are one row. bare_memory.c does none of it but to move the messages.
"""
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import meter
from bench import Broken, Skipped

SCENARIO = """millrace: 1
name: profile
targets: [ {{ backend: memory }} ]
message: {{ size: {bytes} }}
delivery: {{ in_flight: {window}, publish_ack: all }}
"""
LEAST_PERCENT = 1.0
SLACK_S = 6  # Until perf looks, and until it has written what it saw.


def load_threads(pid):
    """The load threads of a program and all that it started."""
    found = []
    for one in meter.family(pid):
        for task in Path(f"/proc/{one}/task").glob("*"):
            try:
                if (task / "comm").read_text().strip() == "worker":
                    found.append(task)
            except OSError:
                pass  # It ended meanwhile.
    return found


def watch(running, seconds, data):
    """Its CPU time as a share of one core, while perf looks at it."""
    deadline = time.monotonic() + 10
    while not load_threads(running.process.pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(meter.WARM_S + meter.EDGE_S)
    threads = load_threads(running.process.pid)
    if len(threads) != 1:
        raise Broken(f"{len(threads)} load threads, not one\n{running.said()}")
    before, began = int((threads[0] / "schedstat").read_text().split()[0]), time.monotonic()
    done = subprocess.run(["perf", "record", "--quiet", "--tid", threads[0].name, "--output", data, "--", "sleep", str(seconds)],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise Skipped(f"perf may not look: {(done.stdout.strip().splitlines() or ['no reason given'])[-1]}")
    try:
        return (int((threads[0] / "schedstat").read_text().split()[0]) - before) / (time.monotonic() - began) / 1e9
    except OSError:
        raise Broken("perf took longer than the load") from None


def functions(data):
    """(percent, name) in falling order."""
    said = subprocess.run(["perf", "report", "--input", data, "--stdio", "--sort", "symbol", "--fields", "overhead,symbol",
                           "--field-separator", ";"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    found = re.findall(r"^\s*([\d.]+)%\s*;\[.\] ([^;\n]+)", said, re.M)
    return sorted(((float(percent), name.strip()) for percent, name in found), reverse=True)


def measure(programs, size, window, seconds):
    with tempfile.TemporaryDirectory() as folder:
        file, out, data = (Path(folder) / name for name in ("bench.yaml", "run", "perf.data"))
        length = 2 * seconds + SLACK_S
        file.write_text(SCENARIO.format(bytes=size, window=window) + meter.phases("max", length))
        running = meter.Watched([programs / "millrace", "run", file, "--agents", "1", "--selfcheck", "warn", "--out", out])
        try:
            share = watch(running, seconds, data)
        except (Broken, Skipped, OSError):
            running.end()
            raise
        code = running.wait()
        if code not in (meter.EXIT_PASS, meter.EXIT_FAIL, meter.EXIT_INVALID):
            raise Broken(f"millrace run: exit {code}\n{running.said()}")
        return share, meter.steady(out)["rates"]["received_per_s"], functions(data)


def run(programs, size, window, seconds):
    """The exit code."""
    try:
        if shutil.which("perf") is None:
            raise Skipped("perf is not installed")
        share, received_per_s, found = measure(programs, size, window, seconds)
        ns = share * 1e9 / received_per_s
        print(f"memory, {size} B, confirms: {received_per_s:,.0f}/s, {ns:.0f} ns of the load thread a message, by function")
        if not found:
            raise Broken("perf saw nothing")
        shown = [one for one in found if one[0] >= LEAST_PERCENT]
        for percent, name in [*shown, (100.0 - sum(one[0] for one in shown), "the rest")]:
            print(f"{percent * ns / 100:8.1f} ns {percent:6.1f} %  {name}")
    except Skipped as why:
        print(f"profile: skipped: {why}")
    except Broken as why:
        print(f"profile: broke: {why}")
        return 1
    return 0
