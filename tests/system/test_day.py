"""What hours of load take of the coordinator and its report, without the hours: made_day plays agents to it, as frames.

For a little over two hours of four agents, so that seconds are coalesced; with MILLRACE_TEST_LONG=1 for a day of 16. Percentiles are held
against one histogram of all samples by made_day itself. Memory is bounded for a day, so for less as well; the time that
the report takes is told, and bounded by ctest's time-out only: it says nothing on a busy host.

In the long form a real run, too, goes past its first hour: with clocks that go thirty times as fast. What may last ten seconds lasts
a third of one then, so that a busy host loses agents; and two minutes are too long for each time."""

import json
import os
import shutil
import subprocess
import sys
import time

from bed import FOLDER, MILLRACE, SOURCE, Skip, audit_holds, check, main, new_path, phase_of, read, result_of, same, sanitized, scenario, start, test

LONG = os.environ.get("MILLRACE_TEST_LONG") is not None
SECONDS = 86400 if LONG else 7800
AGENTS = 16 if LONG else 4
MADE_DAY = os.path.join(os.path.dirname(MILLRACE), "made_day")
MEMORY_BYTES = 300 * 1000 * 1000
REPORT_BYTES = 1500 * 1000


def run(arguments):
    """Output and the most memory that was resident, of one process that this one waits for."""
    began = time.monotonic()
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with process:
        out = process.stdout.read()
        error = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    same(process.returncode, 0, f"{arguments[0]} ended: {error[-2000:]}")
    return out, usage.ru_maxrss * 1024, time.monotonic() - began


@test("hours of load take little memory, and their report is small")
def a_day():
    folder = os.path.join(FOLDER, "day")
    os.mkdir(folder)
    out, memory, took_s = run([MADE_DAY, folder, str(SECONDS), str(AGENTS)])
    made = json.loads(out)
    journal = os.path.getsize(os.path.join(folder, "run.bson"))
    print(f"# {SECONDS} s of {AGENTS} agents in {took_s:.0f} s: {made['frame_bytes'] / 1e6:.0f} MB of frames, "
          f"{made['entries']} entries, journal {journal / 1e6:.0f} MB, resident at most {memory / 1e6:.0f} MB")
    if not sanitized():
        check(memory < MEMORY_BYTES, f"the coordinator had {memory} bytes resident")
    # An hour of seconds, the rest by tens, and seconds with trouble by themselves.
    check(made["entries"] < AGENTS * (3600 + (SECONDS - 3600) * 0.13) + 100, "seconds are coalesced")
    os.remove(os.path.join(folder, "histograms.hlog"))
    _, memory, took_s = run([MILLRACE, "report", folder, "--format", "html"])
    html = os.path.getsize(os.path.join(folder, "report.html"))
    print(f"# its report: {html / 1e6:.2f} MB in {took_s:.1f} s, resident at most {memory / 1e6:.0f} MB")
    check(html < REPORT_BYTES, f"the report has {html} bytes")
    run([MILLRACE, "report", folder, "--format", "intervals"])
    rows = [json.loads(line) for line in read(os.path.join(folder, "intervals.jsonl")).splitlines()]
    same(rows[3599]["length_s"], 1, "the last row of the first hour is a second")
    same(rows[3600]["start_s"], 3600, "the next one begins where it ends")
    same(rows[3600]["length_s"], 10, "and is ten")
    same(sum(row["sent"] for row in rows), 2 * 100 * AGENTS * SECONDS, "messages of all rows")
    shutil.rmtree(folder)


FASTER = 30
RATE_PER_S = 20


@test("a run past its first hour keeps ten seconds as one, and every count and percentile")
def past_the_hour():
    if not LONG:
        raise Skip("takes two minutes: MILLRACE_TEST_LONG=1")
    lengths_s = {"first": 1800, "second": 1860}
    phases = [f"{{ name: {name}, rate: {RATE_PER_S}/s, for: {length}s }}" for name, length in lengths_s.items()]
    path = scenario(phases=phases + ["{ name: drain, rate: none, until: drained, for: 60s }"])
    folder, trace = new_path("run"), new_path("trace")
    clock = {"MILLRACE_TEST_CLOCK": f"0,{(FASTER - 1) * 1_000_000}"}
    program = start("run", path, "--agents", "2", "--out", folder, "--trace", trace, env=clock)
    code = program.wait(300)
    check(code in (0, 1, 3), f"exits {code}: {program.err}{program.out}")  # What it is found to be is another matter.
    result = result_of(folder)
    audit_holds(result)
    for name, length in lengths_s.items():
        delivery = phase_of(result["cases"][0], name)["delivery"]
        for word in ("sent", "acked", "expected", "received"):
            same(delivery[word], RATE_PER_S * length, f"{word} of {name}")
        for word in ("lost", "duplicated", "reordered", "unaccounted"):
            same(delivery[word], 0, f"{word} of {name}")
    before = read(folder, "result.json")
    run([MILLRACE, "report", folder])
    same(read(folder, "result.json"), before, "what the journal says")
    rows = [json.loads(line) for line in read(folder, "intervals.jsonl").splitlines()]
    same({row["length_s"] for row in rows[:3600]}, {1}, "rows of the first hour")
    same({row["length_s"] for row in rows[3600:-1]}, {10}, "rows after it")
    same(sum(row["sent"] for row in rows), RATE_PER_S * sum(lengths_s.values()), "messages of all rows")
    # Made anew from each message, by code that shares nothing with ours.
    out, _, _ = run([sys.executable, "-B", os.path.join(SOURCE, "tests", "accuracy", "recompute.py"), trace, folder])
    print(f"# {out.strip()}")


if __name__ == "__main__":
    main()
