"""What hours of load take of the coordinator and its report, without the hours: made_day plays agents to it, as frames.

For a little over two hours of four agents, so that seconds are coalesced; with MILLRACE_TEST_LONG=1 for a day of 16. Percentiles are held
against one histogram of all samples by made_day itself. Memory is bounded for a day, so for less as well; the time that
the report takes is told, and bounded by ctest's time-out only: it says nothing on a busy host."""

import json
import os
import shutil
import subprocess
import time

from bed import FOLDER, MILLRACE, check, main, read, same, test

LONG = os.environ.get("MILLRACE_TEST_LONG") is not None
SECONDS = 86400 if LONG else 7800
AGENTS = 16 if LONG else 4
MADE_DAY = os.path.join(os.path.dirname(MILLRACE), "made_day")
MEMORY_BYTES = 300 * 1000 * 1000
REPORT_BYTES = 1500 * 1000
SANITIZED = b"__asan_init" in open(MILLRACE, "rb").read()


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
    if not SANITIZED:
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


if __name__ == "__main__":
    main()
