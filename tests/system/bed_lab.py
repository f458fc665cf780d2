"""Hosts on one host, as deploy/lab makes them: for tests that want several. Part of bed.py."""

import contextlib
import os
import subprocess

import bed
from bed import same

LAB = os.path.join(bed.SOURCE, "deploy", "lab")
NAME = f"test{os.getpid()}"

# Forwards to a coordinator on another host, each way after its time.
RELAY = """
import queue, socket, sys, threading, time
def pump(a, b, slow_s):
    waiting = queue.Queue()
    def take():
        try:
            while data := a.recv(65536):
                waiting.put((time.monotonic() + slow_s, data))
        except OSError:
            pass
        waiting.put((0, b""))
    threading.Thread(target=take, daemon=True).start()
    try:
        while True:
            at, data = waiting.get()
            if not data:
                break
            time.sleep(max(0, at - time.monotonic()))
            b.sendall(data)
    except OSError:
        pass
    for one in (a, b):
        try:
            one.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
server = socket.create_server(("0.0.0.0", 7700), backlog=64)
print("ready", file=sys.stderr, flush=True)
while True:
    near, _ = server.accept()
    try:
        far = socket.create_connection((sys.argv[1], 7700))
    except OSError:  # The coordinator does not listen yet: its agent dials again.
        near.close()
        continue
    for one in (near, far):
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    threading.Thread(target=pump, args=(near, far, float(sys.argv[2])), daemon=True).start()
    threading.Thread(target=pump, args=(far, near, float(sys.argv[3])), daemon=True).start()
"""


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


def on(host, *command, clock_s=0, **options):
    """A program on a host; clock_s: its monotonic clock is ahead by that."""
    clock = ["--clock", str(clock_s)] if clock_s else []
    return bed.Program([LAB, "--name", NAME, "exec", *clock, host, "--", *command], **options)


def relay(host, to, there_s=0.0, back_s=0.0):
    """On a host, at its port 7700: a path to a coordinator at that port of another one, which takes so long each way."""
    on(host, "python3", "-c", RELAY, to, str(there_s), str(back_s)).says("ready")


def left():
    return [name for name in os.listdir("/run/netns") if NAME in name] if os.path.exists("/run/netns") else []
