"""Hosts on one host, as deploy/lab makes them: for tests that want several. Part of bed.py."""

import contextlib
import os
import subprocess

import bed
from bed import same

LAB = os.path.join(bed.SOURCE, "deploy", "lab")
NAME = f"test{os.getpid()}"


def lab(*arguments, code=0):
    said = subprocess.run([LAB, "--name", NAME, *arguments], capture_output=True, text=True, timeout=60, check=False)
    same(said.returncode, code, f"exit code of lab {' '.join(arguments)} ({said.stderr.strip()})")
    return said


@contextlib.contextmanager
def hosts(*options):
    """A lab that is there while the test is, or the reason why there can be none."""
    up = subprocess.run([LAB, "--name", NAME, "up", *options], capture_output=True, text=True, timeout=60, check=False)
    if up.returncode != 0:
        raise bed.Skip(f"a lab can't be made here: {up.stderr.strip()}")
    try:
        yield dict(line.split() for line in up.stdout.splitlines())
    finally:
        lab("down")


def on(host, *command, **options):
    return bed.Program([LAB, "--name", NAME, "exec", host, "--", *command], **options)


def left():
    return [name for name in os.listdir("/run/netns") if NAME in name] if os.path.exists("/run/netns") else []
