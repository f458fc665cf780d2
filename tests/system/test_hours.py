"""Four runs side by side, one a broker, each with two agents: exact to the last message, in memory that does not grow.

For some seconds; with MILLRACE_TEST_LONG=1 for an hour, with MILLRACE_TEST_MINUTES=N for N minutes. The resident memory
of each process of the product is told at twelve moments. It is held to be flat from the tenth minute on, when libraries
and allocators have grown to what they need; the short form has no such time and only tells it.
"""

import os
import re
import time

import bed
from bed import check, same, test

bed.counts_only()

MINUTES = float(os.environ.get("MILLRACE_TEST_MINUTES") or (60 if os.environ.get("MILLRACE_TEST_LONG") else 0.2))
RATE_PER_S = 500
MOMENTS = 12
WARM_S = 600
FLAT = 1.05
REPORT_BYTES_MAX = 1_500_000
REPORT_S_MAX = 30

runs = bed.Together()
memory = {}  # By backend: seconds -> {process: MiB}.
folders = {}


def resident_mib(pid):
    return int(re.search(r"VmRSS:\s+(\d+) kB", bed.read(f"/proc/{pid}/status")).group(1)) / 1024


def watch(backend, run):
    began, step_s = time.monotonic(), MINUTES * 60 / MOMENTS
    for number in range(1, MOMENTS):
        time.sleep(max(0, began + number * step_s - time.monotonic()))
        pids = [("coordinator", run.pid)] + [(f"agent-{index}", pid) for index, pid in enumerate(sorted(bed.agents_of(run)))]
        check(run.running() and len(pids) == 3, f"{backend}: not all are there after {number * step_s:.0f} s: {run.err}{run.out}")
        memory[backend][number * step_s] = {name: resident_mib(pid) for name, pid in pids}


def measure(backend, target):
    folders[backend], memory[backend] = bed.new_path(f"run-{backend}"), {}
    scenario = bed.scenario(backend, name=backend, phases=[f"{{ name: steady, rate: {RATE_PER_S}/s, for: {MINUTES * 60:.0f}s }}"])
    run = bed.start("run", scenario, "--agents", "2", "--target", target, "--out", folders[backend])
    watch(backend, run)
    code = run.wait(MINUTES * 60 + 300)
    check(code in (0, 3), f"{backend} exits {code}: {run.err}{run.out}")  # 3: the host is busy, which changes nothing here.


def delivered_exactly(backend):
    runs.outcome(backend)
    result = bed.result_of(folders[backend])
    bed.audit_holds(result)
    delivery = bed.phase_of(result["cases"][0], "steady")["delivery"]
    asked = round(RATE_PER_S * MINUTES * 60)
    for word in ("sent", "acked", "expected", "received"):
        same(delivery[word], asked, f"{word} of {backend}")
    for word in ("lost", "duplicated", "reordered", "corrupted", "unaccounted"):
        same(delivery[word], 0, f"{word} of {backend}")


def memory_is_flat(backend):
    for name in ("coordinator", "agent-0", "agent-1"):
        told = {at: taken[name] for at, taken in memory[backend].items()}
        print(f"# {backend} {name}, MiB at the seconds: " + ", ".join(f"{at:.0f}: {mib:.1f}" for at, mib in told.items()))
        warm = [mib for at, mib in told.items() if at >= WARM_S]
        check(not warm or max(warm) <= FLAT * warm[0], f"{backend}: {name} grew from {warm[:1]} MiB to {max(warm, default=0)}")


def report_is_made_again(backend):
    began = time.monotonic()
    bed.millrace("report", folders[backend], timeout_s=300)
    took_s, size = time.monotonic() - began, os.path.getsize(os.path.join(folders[backend], "report.html"))
    print(f"# {backend}: report.html of {size} bytes, made in {took_s:.1f} s")
    check(size < REPORT_BYTES_MAX, f"report of {size} bytes")
    check(took_s < REPORT_S_MAX, f"report made in {took_s} s")


def judge(backend):
    delivered_exactly(backend)
    memory_is_flat(backend)
    report_is_made_again(backend)


runs.add("memory", lambda: measure("memory", "memory"))
for kind in ("rabbitmq", "kafka", "mosquitto"):
    name = bed.backend_of(kind)
    runs.add(name, lambda name=name, kind=kind: measure(name, f"{name}={bed.broker(kind).address}"))


@test("memory, beside three others: exact, flat, and reported")
def in_memory():
    judge("memory")


@test("RabbitMQ, beside three others: exact, flat, and reported", needs=["rabbitmq"])
def on_rabbitmq(_):
    judge("rabbitmq")


@test("Kafka, beside three others: exact, flat, and reported", needs=["kafka"])
def on_kafka(_):
    judge("kafka")


@test("Mosquitto, beside three others: exact, flat, and reported", needs=["mosquitto"])
def on_mosquitto(_):
    judge("mqtt")


bed.main()
