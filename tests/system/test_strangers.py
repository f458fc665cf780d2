"""Strangers at the coordinator's port: they cost little memory while they are there and none after, and a run goes on."""

import os
import random
import re
import resource
import socket
import struct
import threading
import time

import bed
from bed import check, contains, same, test, truth, wait_until

bed.counts_only()

HELD, SILENT = 400, 300
HOSTILE_S = 60 if os.environ.get("MILLRACE_TEST_LONG") else 4
MIB = 1 << 20
GROWTH_MIB = 20
BACK_S, BACK_MIB = 10, 6  # A run of that length takes 1 itself; pieces of pages that are in use stay.
# NNG's handshake of one who asks, and heads of messages: as long as a command may be, and a request.
HANDSHAKE = bytes([0, ord("S"), ord("P"), 0, 0, 0x30, 0, 0])
CLAIM = struct.pack(">Q", 8 * MIB)
CLAIM_ALLOWED = struct.pack(">Q", MIB // 4)


def rss_mib(pid):
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS")) / 1024


class Watch:
    """The largest resident memory of a process, looked at ten times a second."""

    def __init__(self, pid):
        self.before_mib = self.most_mib = rss_mib(pid)
        self._pid = pid
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self):
        while not self._over.wait(0.1):
            self.most_mib = max(self.most_mib, rss_mib(self._pid))

    def end(self):
        self._over.set()
        self._thread.join()
        return self.most_mib - self.before_mib


class Crowd:
    """Connections to the port."""

    def __init__(self, url):
        host, _, port = url[len("tcp://") :].rpartition(":")
        self._address = (host, int(port))
        self.sockets = []

    def come(self, count, words):
        for _ in range(count):
            one = socket.create_connection(self._address, 10)
            self.sockets.append(one)
            try:
                one.sendall(words)
            except OSError:
                pass  # It was hung up on already.

    def come_silently(self, count):
        """Does not wait to be let in: with a full table the last ones are not."""
        for _ in range(count):
            one = socket.socket()
            self.sockets.append(one)
            one.setblocking(False)
            one.connect_ex(self._address)

    def hostile(self, seconds):
        """Bytes of all kinds, connection by connection: noise, handshakes cut off, frames of noise."""
        noise = random.Random(7)
        frames = [b"", HANDSHAKE, HANDSHAKE[:3], HANDSHAKE + CLAIM, HANDSHAKE + struct.pack(">Q", 200000) + b"\x80\0\0\1"]
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                with socket.create_connection(self._address, 10) as one:
                    one.sendall(noise.choice(frames) + noise.randbytes(noise.randrange(100000)))
            except OSError:
                pass

    def go(self):
        for one in self.sockets:
            one.close()
        self.sockets.clear()


def started(seconds, before=None):
    """A run of the memory broker that waits for two agents."""
    path = bed.scenario(phases=[f"{{ name: steady, rate: 500/s, for: {seconds}s }}"])
    folder = bed.new_path("run")
    run = bed.start("run", path, "--listen", "tcp://127.0.0.1:0", "--agents", "2", "--selfcheck", "warn", "--out", folder, before=before)
    return run, run.says(r"waiting for agents at (tcp://\S+):").group(1), folder


def joined(run, url):
    """Both agents, once the load has begun."""
    agents = [bed.agent(url) for _ in range(2)]
    run.says(r"running: memory")
    return agents


def ends_well(run, agents, folder):
    run.ends(0)
    for agent in agents:
        same(agent.wait(15), 0, f"exit code of an agent; it said\n{agent.err}")
    result = bed.result_of(folder)
    bed.audit_holds(result)
    same(result["verdict"], "pass", "verdict")
    return [mark["text"] for mark in result["marks"] if mark["mark"] == "refused"]


@test("strangers who hold connections, are silent or send noise take little memory, give it back, and the run passes")
def memory():
    run, url, folder = started(HOSTILE_S + 16)
    agents = joined(run, url)
    watch = Watch(run.pid)
    crowd = Crowd(url)
    crowd.come(HELD, HANDSHAKE + CLAIM + bytes(MIB // 4))
    crowd.come(HELD, HANDSHAKE + CLAIM_ALLOWED + bytes(200 * 1024))
    crowd.come_silently(SILENT)
    crowd.hostile(HOSTILE_S)
    grew_mib = watch.end()
    crowd.go()
    before_mib = watch.before_mib
    if not bed.sanitized():
        check(grew_mib < GROWTH_MIB, f"memory grew by {grew_mib:.1f} MiB")
        wait_until(lambda: rss_mib(run.pid) < before_mib + BACK_MIB, "memory given back", BACK_S)
        rest_mib = rss_mib(run.pid) - before_mib
        truth("strangers at the port: the coordinator's memory", f"+{GROWTH_MIB} MiB", f"+{grew_mib:.1f} MiB, then +{rest_mib:.1f}")
    check("drain" not in run.err, "the run was over before the strangers were")
    refused = ends_well(run, agents, folder)
    check(any(re.fullmatch(r"\d+ connections beyond 20 at once", text) for text in refused), f"refused: {refused}")


@test("strangers who connect and say nothing take no file from the reports of a run that may open few")
def files():
    run, url, folder = started(3, before=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256)))
    agents = joined(run, url)
    crowd = Crowd(url)
    crowd.come_silently(SILENT)
    run.says(r"refused: connections beyond the 192 open files")
    refused = ends_well(run, agents, folder)
    contains("\n".join(refused), "connections beyond the 192 open files that the coordinator may have", "marks")
    crowd.go()


if __name__ == "__main__":
    bed.main()
