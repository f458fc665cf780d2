"""Latencies of a real broker against what is known of the way to it: a line of a set length, a broker that stands still for a set
time, answers that are read with the next message. Each figure is held against one of the same test, so a busy host makes both
late; where it disturbs one of them, the pair is made again, and what is told wrong is wrong in all."""

import glob
import os
import signal
import time

import bed
import bed_delay
from bed import check, read, same, test, truth

PAIRS = 5
MS = 10**6
SLACK_NS = 0.1 * MS
THERE_MS, BACK_MS = 9, 16
STALL_S = 1.5
STALLED_RATE, STALLED_S = 400, 5
PACINGS = ["exact", "{ coalesce: 1ms }"]
# Of a histogram: three digits.
DIGITS = 0.999


def steady_of(broker, port, rate, seconds, pacing, env=None, meanwhile=None):
    """The phase of one producer and one consumer, from one worker; every message of it is accounted for."""
    address = broker.address.replace(str(broker.port), str(port))
    path = bed.scenario(
        f'  - {{ backend: rabbitmq, address: "{address}" }}\n',
        [f"{{ name: steady, rate: {rate}/s, for: {seconds}s }}", "{ name: drain, rate: none, until: drained, for: 30s }"],
        topology="{ topics: 1, producers: 1, consumers: 1 }", pacing=pacing, selfcheck="warn", objectives="[ attained >= 1% ]", on_broker_loss="60s",
    )  # fmt: skip
    folder = bed.new_path("run")
    run = bed.start("run", path, "--out", folder, env=env)
    if meanwhile:
        run.says("running: ")
        meanwhile()
    run.ends(0)
    result = bed.result_of(folder)
    bed.audit_holds(result)
    phase = bed.phase_of(bed.case_of(result, "rabbitmq"), "steady")
    for series in ["publish", "e2e"]:
        same(phase["latency_ns"][series]["samples"], rate * seconds, f"samples of {series}")
    return phase


def in_pairs(judge):
    """judge() gives words if what it compared is too far apart, and None if it is not."""
    said = []
    for _ in range(PAIRS):
        words = judge()
        if words is None:
            return
        said.append(words)
    raise AssertionError("in no pair it held:\n" + "\n".join(said))


def delayed(broker, pacing):
    def run(there_s, back_s):
        """The phase, and how long the line really kept what passed, both ways: a busy host makes it longer."""
        line = bed_delay.Delay(broker.port, there_s, back_s)
        try:
            return steady_of(broker, line.port, 200, 1, pacing), line.kept_ns()
        finally:
            line.close()

    way_ns = (THERE_MS + BACK_MS) * MS

    def judge():
        (short, short_ns), (long, long_ns) = run(0, 0), run(THERE_MS / 1e3, BACK_MS / 1e3)
        for series in ["publish", "publish_service", "e2e", "e2e_service"]:
            least_ns = long["latency_ns"][series]["min"]
            check(least_ns >= way_ns * DIGITS, f"{series}: {least_ns} ns is sooner than the line allows")
        told_ns = long.get("resolution_ns", 0)
        found, far = [], []
        for series in ["publish_service", "e2e_service"]:  # How late the host was to send is in neither.
            rise_ns = long["latency_ns"][series]["p50"] - short["latency_ns"][series]["p50"]
            found.append(f"{series} {rise_ns / MS:.2f} ms")
            if rise_ns > long_ns - short_ns + told_ns + SLACK_NS:
                far.append(found[-1])
        line = f"the line {(long_ns - short_ns) / MS:.2f} ms, told {told_ns / MS:.2f} ms"
        if not far:
            truth(f"RabbitMQ behind a line of {THERE_MS} and {BACK_MS} ms, pacing {pacing}: least of all; p50 over that of a line of 0 ms",
                  f"{THERE_MS + BACK_MS} ms; what the line took, what is told and 0.1 ms",
                  f"{long['latency_ns']['publish']['min'] / MS:.2f}, {long['latency_ns']['e2e']['min'] / MS:.2f} ms; {', '.join(found)}; {line}")  # fmt: skip
        return f"{', '.join(far)}; {line}" if far else None

    in_pairs(judge)


@test("RabbitMQ behind a line that takes 9 ms there and 16 ms back: publish and e2e are longer by just that", needs=["rabbitmq"])
def line(broker):
    for pacing in PACINGS:
        delayed(broker, pacing)


def threads_stopped(pid):
    """Every thread stands still, not only the first that got the signal."""
    states = [read(path).rpartition(")")[2].split()[0] for path in glob.glob(f"/proc/{pid}/task/*/stat")]
    return set(states) == {"T"}


class Stall:
    """The broker's process stands still for a while; how long it did for certain."""

    def __init__(self, broker):
        self._pid = int(read(broker.folder(), "rabbitmq.pid").split()[0])
        self.seconds = 0

    def __call__(self):
        time.sleep(1)
        os.kill(self._pid, signal.SIGSTOP)
        try:
            bed.wait_until(lambda: threads_stopped(self._pid), "RabbitMQ stands still")
            began = time.monotonic()
            time.sleep(STALL_S)
            self.seconds = time.monotonic() - began
        finally:
            os.kill(self._pid, signal.SIGCONT)


def shows(latency, stall_s, series):
    """At a steady rate, of all that came due in the stall just as many wait longer than a time as came due that long before its
    end. So from the share above it, each percentile must be at least a certain time."""
    gap_s = 1 / STALLED_RATE
    check(latency["max"] >= (stall_s - 2 * gap_s) * 1e9 * DIGITS, f"the largest {series} is {latency['max'] / 1e9:.3f} s of {stall_s:.3f} s")
    for name, above in [("p90", 0.1), ("p95", 0.05), ("p99", 0.01)]:
        least_s = stall_s - above * STALLED_S - 2 * gap_s
        check(latency[name] >= least_s * 1e9 * DIGITS, f"{name} of {series} is {latency[name] / 1e9:.3f} s, though it can't be below {least_s:.3f} s")


@test("RabbitMQ that stands still for 1.5 s: the largest latency and the share above each time hold it, in ticks as well", needs=["rabbitmq"])
def stalled(broker):
    for pacing in PACINGS:
        stall = Stall(broker)
        phase = steady_of(broker, broker.port, STALLED_RATE, STALLED_S, pacing, meanwhile=stall)
        for series in ["publish", "e2e"]:
            shows(phase["latency_ns"][series], stall.seconds, series)
        found = ", ".join(f"{series} {phase['latency_ns'][series]['p90'] / 1e9:.3f} and {phase['latency_ns'][series]['max'] / 1e9:.3f} s" for series in ["publish", "e2e"])
        truth(f"RabbitMQ that stood still for {stall.seconds:.3f} s of {STALLED_S} s, pacing {pacing}: p90 and largest",
              f"at least {stall.seconds - 0.1 * STALLED_S:.3f} and {stall.seconds:.3f} s, but for two gaps", found)  # fmt: skip


def together(broker, rate, pacing):
    def judge():
        each = steady_of(broker, broker.port, rate, 1, pacing, env={"MILLRACE_TEST_WAKE_EACH": "1"})
        both = steady_of(broker, broker.port, rate, 1, pacing)
        told_ns = both["resolution_ns"]
        found, far = [], []
        for series in ["publish_service", "e2e_service"]:
            more_ns = both["latency_ns"][series]["p50"] - each["latency_ns"][series]["p50"]
            found.append(f"{series} {both['latency_ns'][series]['p50'] / MS:.3f}, {each['latency_ns'][series]['p50'] / MS:.3f} ms")
            if more_ns > told_ns:
                far.append(f"{found[-1]}, told {told_ns / MS:.3f} ms")
        if not far:
            truth(f"RabbitMQ at {rate}/s, pacing {pacing}: p50 of answers read with the next send, and with a wake each",
                  "no further apart than told", f"{'; '.join(found)}; {told_ns / MS:.3f} ms")  # fmt: skip
        return "; ".join(far) or None

    in_pairs(judge)


@test("RabbitMQ's confirms and messages that are read with the next send are late by the told resolution at most", needs=["rabbitmq"])
def read_together(broker):
    together(broker, 3000, "exact")
    together(broker, 1000, "{ coalesce: 3ms }")


bed.main()
