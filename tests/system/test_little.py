"""Hosts that give a process too little: it says what it needs, and ends."""

import os
import resource
import shutil

import bed
from bed import matches, test

NOBODY = 65534
THREADS = 12  # NNG has ten or more of its own, and as many again are asked for.
MEMORY_BYTES = 100_000 * 1024
SANITIZED = b"__asan_init" in open(bed.MILLRACE, "rb").read() or b"__tsan_init" in open(bed.MILLRACE, "rb").read()


def few_threads():
    resource.setrlimit(resource.RLIMIT_NPROC, (THREADS, THREADS))
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)


def little_memory():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


def both_programs(before):
    """What coordinator and agent say, each started anew where anybody may start it."""
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
    started = [
        bed.Program([commands[0], "run", scenario, "--out", os.path.join(out, "run"), "--agents", "1"], cwd="/", before=before),
        bed.Program([commands[0], "doctor", scenario, "--agents", "1"], cwd="/", before=before),
        bed.Program([commands[1], "--join", bed.free_url()], cwd="/", before=before),
    ]
    return [" ".join((program.ends(4, 30).err + program.out).split()) for program in started]


NEEDED = r"this host gives too little: \d+ of \d+ threads could be started \(.*\); needed are \d+ threads and \d+ MiB"


@test("too few threads for the control channel end both programs at once, with what is needed and the limit")
def threads():
    if os.getuid() != 0:
        raise bed.Skip("another user, whose threads can be limited, is root's to become")
    for said in both_programs(few_threads):
        matches(said, NEEDED + rf".*Limits: {THREADS} processes and threads of this user \(ulimit -u\)", "what it said")


@test("too little memory does likewise")
def memory():
    if SANITIZED:
        raise bed.Skip("a sanitizer's own address space is larger than any limit")
    for said in both_programs(little_memory):
        matches(said, NEEDED + r".*98 MiB of address space \(ulimit -v\)", "what it said")


if __name__ == "__main__":
    bed.main()
