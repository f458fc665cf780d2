"""Hosts that give a process too little, and signals to one that hangs: it says what it needs, and it can be ended."""

import os
import resource
import shutil
import signal

import bed
from bed import check, matches, same, test
from bed_slow_disk import SlowDisk

bed.counts_only()

NOBODY = 65534
THREADS = 12  # NNG has ten or more of its own, and as many again are asked for.
MEMORY_BYTES = 100_000 * 1024


def few_threads():
    resource.setrlimit(resource.RLIMIT_NPROC, (THREADS, THREADS))
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)


def little_memory():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


def both_programs(before):
    """What coordinator and agent say, each started anew where anybody may start it, and alone: threads are limited by user."""
    os.chmod(bed.FOLDER, 0o711)
    folder = bed.new_path("programs")
    os.mkdir(folder, 0o755)
    out = bed.new_path("runs")
    os.mkdir(out)
    os.chmod(out, 0o777)
    commands = []
    for program in [bed.MILLRACE, bed.AGENT]:
        commands.append(shutil.copy(program, folder))
    scenario = bed.scenario()
    how = {"cwd": "/", "before": before, "env": {"TMPDIR": out}}  # That of the tests may be for their user alone.
    started = [
        [commands[0], "run", scenario, "--out", os.path.join(out, "run"), "--agents", "1"],
        [commands[0], "doctor", scenario, "--agents", "1"],
        [commands[1], "--join", bed.free_url()],
    ]
    said = []
    for arguments in started:
        program = bed.Program(arguments, **how).ends(4, 30)
        said.append(" ".join((program.err + program.out).split()))
    return said


NEEDED = r"this host gives too little: \d+ of \d+ threads that are needed could be started, with \d+ MiB of address space \("


@test("too few threads for the control channel end both programs at once, with what is needed and the limit")
def threads():
    if os.getuid() != 0:
        raise bed.Skip("another user, whose threads can be limited, is root's to become")
    for said in both_programs(few_threads):
        matches(said, NEEDED + rf".*; limits: {THREADS} processes and threads of this user \(ulimit -u\)", "what it said")


@test("too little memory does likewise")
def memory():
    if bed.sanitized():
        raise bed.Skip("a sanitizer's own address space is larger than any limit")
    for said in both_programs(little_memory):
        matches(said, NEEDED + r".*98 MiB of address space \(ulimit -v\)", "what it said")


def full_pipe():
    """Its writing end; whoever writes to it waits, as on a terminal that hangs. The reading end stays open."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    for part in [b"." * 4096, b"."]:
        try:
            while True:
                os.write(writing, part)
        except BlockingIOError:
            pass
    os.set_blocking(writing, True)
    return reading, writing


@test("an agent that hangs in a call ends 5 s after the first signal")
def agent_that_hangs():
    reading, writing = full_pipe()
    log = bed.new_path("log")
    agent = bed.Program([bed.AGENT, "--join", bed.free_url(), "--log", log], stderr=writing)
    # It writes there first.
    bed.wait_until(lambda: os.path.exists(log) and "waiting for a coordinator" in bed.read(log), "it waits for its stderr")
    agent.signal(signal.SIGTERM)
    agent.ends(130, 30)
    os.close(reading)
    os.close(writing)


@test("a coordinator that hangs in the kernel ends 5 s after the first Ctrl-C")
def coordinator_that_hangs():
    with SlowDisk(bed.new_path("disk")) as disk:
        os.stat(disk.folder)  # The kernel has greeted it: what waits from now on is the run.
        disk.hold()
        run = bed.start("run", bed.scenario(), "--agents", "1", "--out", os.path.join(disk.folder, "run"))
        bed.wait_until(disk.is_waited_for, "it waits for the disk")
        run.signal(signal.SIGINT)
        run.ends(130, 30)
        matches(run.err, "ended by a signal that was not taken for 5 s", "what it said")


@test("a first signal that was taken ends nothing before its time")
def signal_taken():
    folder = bed.new_path("run")
    run = bed.start("run", bed.scenario(phases=["{ name: steady, rate: 200/s, for: 60s }"]), "--agents", "1", "--out", folder)
    run.says("running: memory")
    run.signal(signal.SIGTERM)
    run.ends(130, 30)
    same(bed.result_of(folder)["verdict"], "interrupted", "verdict")
    check(os.path.exists(os.path.join(folder, "report.html")), "the report is missing")


@test("what a killed run left in TMPDIR is taken away by the next one; that of a living one stays")
def left_behind():
    folder = bed.new_path("tmp")
    os.mkdir(folder)
    long = bed.scenario(phases=["{ name: steady, rate: 200/s, for: 60s }"])
    runs = [bed.start("run", long, "--agents", "1", "--out", bed.new_path("run"), env={"TMPDIR": folder}) for _ in range(2)]
    for run in runs:
        run.says("running: memory")
    agents = bed.agents_of(runs[0])
    runs[0].signal(signal.SIGKILL)
    runs[0].ends(-signal.SIGKILL)
    bed.wait_until(lambda: not any(bed.alive(pid) for pid in agents), "its agents are gone")
    same(len(os.listdir(folder)), 2, "folders of a killed and of a living run")
    # What it finds does not matter, nor that this host may be too busy to measure.
    bed.start("run", bed.scenario(), "--agents", "1", "--out", bed.new_path("run"), env={"TMPDIR": folder}).wait()
    same(len(os.listdir(folder)), 1, "folders, once another run came and went")
    runs[1].signal(signal.SIGINT)
    runs[1].ends(130)
    same(os.listdir(folder), [], "folders at the end")


if __name__ == "__main__":
    bed.main()
