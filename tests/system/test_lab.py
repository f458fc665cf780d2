"""Hosts on one host, as deploy/lab makes them: each is a host of its own, with a wire between that delays and can be cut."""

import os
import signal
import subprocess
import time

import bed
from bed import check, contains, same, test
from bed_lab import LAB, NAME, hosts, lab, left, on

bed.counts_only()

BROKER_SCRIPTS = os.path.join(bed.SOURCE, "deploy", "brokers")

# Echoes each byte that comes; prints a line when it is ready.
ECHO = """
import socket, sys
server = socket.create_server(("0.0.0.0", 9000))
print("ready", file=sys.stderr, flush=True)
while True:
    peer, _ = server.accept()
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    while byte := peer.recv(1):
        peer.send(byte)
"""
# Round trips to an echo, the shortest of 20, in microseconds.
ASK = """
import socket, sys, time
peer = socket.create_connection((sys.argv[1], 9000), timeout=float(sys.argv[2]))
peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
took = []
for _ in range(20):
    began = time.monotonic_ns()
    peer.send(b"x")
    peer.recv(1)
    took.append(time.monotonic_ns() - began)
print(min(took) // 1000)
"""
CLOCK = "import time; print(time.monotonic_ns() // 1_000_000_000)"


def round_trip_us(host, to, code=0, timeout_s=20):
    asked = on(host, "python3", "-c", ASK, to, str(timeout_s))
    asked.ends(code)
    return int(asked.out) if code == 0 else None


@test("hosts have names and addresses of their own, can be cut off and joined again, and end without a trace")
def cut():
    with hosts("--hosts", "3") as made:
        same(made, {"host1": "10.83.0.1", "host2": "10.83.0.2", "host3": "10.83.0.3"}, "the hosts")
        echo = on("host2", "python3", "-c", ECHO)
        echo.says("ready")
        check(round_trip_us("host1", "host2") < 100_000, "a round trip between neighbours")
        lab("link", "host2", "down")
        round_trip_us("host1", "host2", code=1, timeout_s=1)
        lab("link", "host2", "up")
        round_trip_us("host1", "host2")
        contains(lab("up", code=1).stderr, "is up already", "a second lab of that name")
        contains(lab("exec", "host4", "--", "true", code=1).stderr, "has no 'host4'", "a host that is not there")
    same(left(), [], "namespaces that are left")
    check(not echo.running(), "what ran in a host of the lab goes on")
    contains(lab("exec", "host1", "--", "true", code=1).stderr, "there is no lab", "a lab that is gone")


@test("a wire of 5 ms takes each packet that long each way, and can be cut, too")
def slow():
    with hosts("--hosts", "2", "--delay", "5ms"):
        on("host2", "python3", "-c", ECHO).says("ready")
        took_us = round_trip_us("host1", "host2")
        check(took_us >= 10_000, f"a round trip of {took_us} us over two times 5 ms")
        lab("link", "host1", "down")
        round_trip_us("host1", "host2", code=1, timeout_s=1)
        lab("link", "host1", "up")
        check(round_trip_us("host1", "host2") >= 10_000, "joined again, without the delay")
    same(left(), [], "namespaces that are left")


@test("a command can have a monotonic clock that is ahead by hours")
def clock():
    with hosts("--hosts", "1"):
        before_s = time.monotonic_ns() // 1_000_000_000
        ahead = lab("exec", "--clock", "7200", "host1", "--", "python3", "-c", CLOCK).stdout
        after_s = time.monotonic_ns() // 1_000_000_000
        check(before_s + 7200 <= int(ahead) <= after_s + 7200, f"{ahead.strip()} s, {before_s} s here")


@test("a run from one host on a broker at another sees the wire in every latency", needs=["mosquitto"])
def over_the_wire(_):
    with hosts("--hosts", "2", "--delay", "5ms") as made:
        start = on("host2", os.path.join(BROKER_SCRIPTS, "mosquitto"), "start", "--listen", made["host2"])
        start.ends(0)
        address = start.out.strip()
        contains(address, made["host2"], "the broker's address")
        try:
            scenario = bed.scenario(targets=f"  - {{ backend: mqtt, address: \"{address}\" }}\n", name="lab")
            folder = bed.new_path("lab")
            run = on("host1", bed.MILLRACE, "run", scenario, "--out", folder, "--selfcheck", "warn")
            run.ends(0)
        finally:
            on("host2", os.path.join(BROKER_SCRIPTS, "mosquitto"), "stop", address).ends(0)
        result = bed.result_of(folder)
        steady = bed.phase_of(bed.case_of(result, "mqtt"), "steady")
        for latency in ["publish", "e2e"]:
            least_ns = steady["latency_ns"][latency]["min"]
            check(least_ns >= 10_000_000, f"{latency} of {least_ns} ns over two times 5 ms")


@test("an `up` that is called off, and one that comes second, leave nothing and take nothing")
def called_off():
    with hosts("--hosts", "1"):
        pass  # Or the reason why there can be none.
    for signals in [1, 2]:
        up = bed.Program([LAB, "--name", NAME, "up", "--hosts", "40"])
        bed.wait_until(lambda: len(left()) > 3, "hosts are made")
        for _ in range(signals):
            up.signal(signal.SIGINT)
        up.ends(130)
        same(left(), [], f"namespaces after Ctrl-C, {signals} times")
    with hosts("--hosts", "2") as made:
        first = [bed.Program([LAB, "--name", NAME, "up", "--hosts", "2"]) for _ in range(2)]
        for one in first:
            one.ends(1)
        same(len(left()), len(made) + 1, "namespaces of the first, and its switch")


@test("what is no lab is said, and a broker that lets in anybody listens to nobody else")
def wrong():
    for arguments, words in [
        (["up", "--hosts", "0"], "from 1 to 200"),
        (["up", "--hosts", "0201"], "from 1 to 200"),
        (["up", "--delay", "5 minutes"], "is no delay"),
        (["exec", "--clock", "-3", "host1", "--", "true"], "takes seconds"),
    ]:
        contains(lab(*arguments, code=1).stderr, words, " ".join(arguments))
    for arguments in [[], ["fly"], ["up", "--delay"], ["link", "host1", "sideways"], ["exec", "host1"]]:
        contains(lab(*arguments, code=1 if arguments == ["up", "--delay"] else 2).stderr, "lab", " ".join(arguments))
    for address in ["0.0.0.0", "10.83.0.1", "192.168.0.1"]:
        refused = subprocess.run(
            [os.path.join(BROKER_SCRIPTS, "mosquitto"), "start", "--listen", address], capture_output=True, text=True, timeout=60, check=False
        )
        same(refused.returncode, 1, f"exit code of --listen {address}")
        contains(refused.stderr, "would let anyone in", f"--listen {address}")
    same(left(), [], "namespaces that are left")


bed.main()
