"""What stands still and harms nothing: a disk, a terminal that is not read, the coordinator itself. The load goes on, the
audit is exact, and the result says what stood still. And how a run ends that is interrupted meanwhile."""

import os
import pty
import re
import signal
import time

import bed
from bed import check, contains, matches, same, test
from bed_slow_disk import SlowDisk

bed.counts_only()

STALL_S = 15
STOPPED_S = 12
ASLEEP_S = 34  # An agent gives a coordinator up after 30 s.
SMALL = "{ topics: 1, producers: 2, consumers: 2 }"


def steady(name, seconds):
    return bed.scenario(phases=[f"{{ name: steady, rate: 200/s, for: {seconds}s }}"], topology=SMALL, name=name)


class Terminal:
    """A pty that shows a program's output, and that nobody reads until asked to."""

    def __init__(self):
        self.master, self.slave = pty.openpty()
        self.shown = b""

    def fill(self):
        """Until it takes nothing more, as what is said while nobody reads does in the end."""
        other = os.open(os.ttyname(self.slave), os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)

        def is_full():
            written = 0
            for part in [b"." * 512, b"."]:
                try:
                    while True:
                        written += os.write(other, part)
                except BlockingIOError:
                    pass
            return written == 0  # The kernel moves what it has on, and then there is room once more.

        bed.wait_until(is_full, "the terminal is full")
        os.close(other)

    def read_all(self, program):
        """Reads until the program has ended."""
        os.set_blocking(self.master, False)
        while True:
            try:
                self.shown += os.read(self.master, 65536)
            except BlockingIOError:
                if not program.running():
                    return self.shown.decode(errors="replace")
                time.sleep(0.02)


def runs(program, folder):
    """Waits for the load, by the coordinator's log."""

    def look():
        check(program.running(), f"it has ended: {program.out}")
        log = os.path.join(folder, "coordinator.log")
        return os.path.exists(log) and "running: memory" in bed.read(log)

    bed.wait_until(look, "the load runs")


def passes(program, folder, sent):
    """It ended well, and every message is accounted for."""
    program.ends(0, 60)
    result = bed.result_of(folder)
    same(result["verdict"], "pass", "verdict")
    bed.audit_holds(result)
    of = bed.case_of(result, "memory")
    same((bed.total(of, "sent"), bed.total(of, "received"), bed.total(of, "lost")), (sent, sent, 0), "sent, received, lost")
    return result


def told(result, pattern, least_s):
    """The mark that tells a stall, and the line of the self-check."""
    marks = [mark for mark in result["marks"] if mark["mark"] == "stall" and re.search(pattern, mark["text"])]
    same(len(marks), 1, f"marks that tell {pattern!r} of {result['marks']}")
    stood_s = float(re.search(r"for ([\d.]+) s", marks[0]["text"]).group(1))
    # It begins with what comes next, a fifth of a second later.
    check(least_s - 0.5 <= stood_s <= least_s + 8, f"it stood still for {least_s} s: {marks[0]['text']}")
    rows = [row for row in result["selfcheck"] if row["check"] == "coordinator"]
    same(len(rows), 1, "rows of the self-check")
    contains(rows[0]["text"], marks[0]["text"][:40], "the self-check")
    same(rows[0]["status"], "ok", "status of the self-check's row")


def stalled_disk():
    with SlowDisk(bed.new_path("disk")) as disk:
        folder = os.path.join(disk.folder, "run")
        run = bed.start("run", steady("disk", 20), "--agents", "2", "--out", folder)
        run.says("running: memory")
        disk.hold()
        bed.wait_until(disk.is_waited_for, "something waits for the disk")
        time.sleep(STALL_S)
        check(run.running(), f"the run has ended: {run.err}\n{run.out}")
        disk.let_go()
        result = passes(run, folder, 4000)
        matches(run.err, r"the disk has written nothing for [\d.]+ s\. The run continues", "what it said")
        told(result, "the disk was stalled", STALL_S)
        # The journal is whole, and the histogram log has every second.
        again = bed.millrace("report", folder)
        contains(again.out, "PASS", "the report made again")
        seconds = [line for line in bed.read(folder, "histograms.hlog").splitlines() if "/e2e," in line]
        check(len(seconds) >= 19, f"{len(seconds)} lines of e2e in the histogram log")


def unread_terminal():
    folder = bed.new_path("run")
    terminal = Terminal()
    run = bed.start("run", steady("unread", 22), "--agents", "2", "--out", folder, stderr=terminal.slave)
    runs(run, folder)
    terminal.fill()
    time.sleep(STALL_S)
    check(run.running(), f"the run has ended: {run.out}")
    shown = terminal.read_all(run)
    told(passes(run, folder, 4400), "the terminal was not read", STALL_S)
    contains(shown, "the terminal was not read for", "the terminal, once it is read")
    contains(run.out, "PASS", "the summary")


def stopped_coordinator():
    folder = bed.new_path("run")
    run = bed.start("run", steady("stopped", 18), "--agents", "2", "--out", folder)
    run.says("running: memory")
    time.sleep(2)
    run.signal(signal.SIGSTOP)
    time.sleep(STOPPED_S)
    run.signal(signal.SIGCONT)
    told(passes(run, folder, 3600), "the coordinator was paused", STOPPED_S)


def stopped_at_the_end():
    """In the last seconds of the load: it continues when its agents have long been waiting for a word."""
    folder = bed.new_path("run")
    run = bed.start("run", steady("late", 6), "--agents", "1", "--out", folder)
    run.says("running: memory")
    time.sleep(5)
    run.signal(signal.SIGSTOP)
    time.sleep(STOPPED_S)
    run.signal(signal.SIGCONT)
    told(passes(run, folder, 1200), "the coordinator was paused", STOPPED_S)


def all_stopped():
    """As with a paused virtual machine, for longer than any of them waits for another. What came due meanwhile is sent late,
    which is told; but nobody was silent, and nothing is lost or taken for another run's."""
    folder = bed.new_path("run")
    run = bed.start("run", steady("asleep", 40), "--agents", "2", "--out", folder)
    run.says("running: memory")
    time.sleep(2)
    everybody = [run.pid, *bed.agents_of(run)]
    for pid in everybody:
        os.kill(pid, signal.SIGSTOP)
    time.sleep(ASLEEP_S)
    for pid in everybody:
        os.kill(pid, signal.SIGCONT)
    result = passes(run, folder, 8000)
    same(bed.marks_of(result), ["stall"], "marks")
    told(result, "the coordinator was paused", ASLEEP_S)
    checks = [row["check"] for row in result["selfcheck"] if row["status"] == "invalid"]
    check("ticker_jitter" in checks and "planned_due" not in checks, f"checks that failed: {checks}")


def coordinator_away():
    """For longer than its agents wait for it: they have ended, which it says; and the run can be gone on with."""
    folder = bed.new_path("run")
    path = bed.scenario(phases=["{ name: steady, rate: 200/s, for: 4s }"], topology=SMALL, name="away", repeat="2", selfcheck="warn")
    run = bed.start("run", path, "--agents", "2", "--out", folder)
    run.says(r"(?s)running: memory.*running: memory")
    agents = bed.agents_of(run)
    run.signal(signal.SIGSTOP)
    bed.wait_until(lambda: not any(bed.alive(pid) for pid in agents), "the agents give the coordinator up", 90)
    run.signal(signal.SIGCONT)
    run.ends(4)
    contains(run.err, "was lost: its process ended with exit code 4: the coordinator has not answered for 30 s", "what it said")
    contains(run.err, "the coordinator was paused for", "what it said")
    contains(run.out, f"millrace run --resume {folder}", "the summary")
    same([one["code"] for one in bed.result_of(folder)["reasons"]], ["agent_lost"], "reasons")
    bed.millrace("run", "--resume", folder)
    result = bed.result_of(folder)
    bed.audit_holds(result)
    same([trial["ended"] for trial in result["cases"][0]["trials"]], [True, True], "trials")
    same((bed.total(result["cases"][0], "received"), result["resumes"][0]["cause"]), (1600, "failed"), "received, and why it was resumed")


# They wait most of their time.
_stalls = bed.Together()
for _one in [stalled_disk, unread_terminal, stopped_coordinator, stopped_at_the_end, coordinator_away, all_stopped]:
    _stalls.add(_one.__name__, _one)


@test(f"a disk that stalls for {STALL_S} s in mid-run is told and harms nothing")
def disk():
    _stalls.outcome("stalled_disk")


@test(f"a terminal that is not read for {STALL_S} s is told and harms nothing")
def terminal_unread():
    _stalls.outcome("unread_terminal")


@test(f"a coordinator that is stopped for {STOPPED_S} s and continued goes on, and so do its agents")
def coordinator_stopped():
    _stalls.outcome("stopped_coordinator")


@test(f"so does one that is stopped for {STOPPED_S} s just before the load ends")
def coordinator_stopped_late():
    _stalls.outcome("stopped_at_the_end")


@test("a coordinator that is stopped for longer than its agents wait says that they are gone, and is resumed")
def coordinator_stopped_long():
    _stalls.outcome("coordinator_away")


@test(f"a coordinator and its agents that are all stopped for {ASLEEP_S} s and continued do not lose each other")
def everybody_stopped():
    _stalls.outcome("all_stopped")


@test("Ctrl-C while the disk stalls ends the run within its deadline and says what failed; the second one at once")
def interrupted_with_stalled_disk():
    with SlowDisk(bed.new_path("disk")) as disk:
        runs = [bed.start("run", steady(f"held{i}", 60), "--agents", "1", "--out", os.path.join(disk.folder, f"run{i}")) for i in range(2)]
        for run in runs:
            run.says("running: memory")
        disk.hold()
        bed.wait_until(disk.is_waited_for, "they wait for the disk")
        for run in runs:
            run.signal(signal.SIGINT)
        began = time.monotonic()
        runs[1].says("interrupted")
        runs[1].signal(signal.SIGINT)
        runs[1].ends(130, 5)
        runs[0].ends(4, 40)
        check(time.monotonic() - began < 30, f"it took {time.monotonic() - began:.0f} s")
        matches(runs[0].out, r"the disk\s+did\s+not\s+take\s+it", "what it said")
        contains(runs[0].err, "waiting for the disk", "what it said")


@test("Ctrl-C while the terminal is not read ends the run within its deadline, with all of its reports")
def interrupted_with_unread_terminal():
    folder = bed.new_path("run")
    terminal = Terminal()
    run = bed.start("run", steady("unread", 60), "--agents", "1", "--out", folder, stderr=terminal.slave, stdout=terminal.slave)
    runs(run, folder)
    terminal.fill()
    run.signal(signal.SIGINT)
    run.ends(130, 30)
    result = bed.result_of(folder)
    same(result["verdict"], "interrupted", "verdict")
    bed.audit_holds(result)


bed.main()
