"""What a run holds in memory beside its load, and which threads its agent says that it has."""

import os
from collections import Counter
from pathlib import Path

import bed
from bed import check, same, test

# What meter.py calls memory: the sum of resident sets, pages that processes share in each. About 13 MiB of it are pages of
# libraries and of glibc's, which hosts and builds have more or less of; 21 MiB are usual, 25 were held before what reading and
# planning took was given back.
HELD_MIB_MAX = 24
PHASES = ["{ name: warm-up, rate: 10000/s, for: 1s, measure: false }", "{ name: steady, rate: 10000/s, for: 3s }",
          "{ name: drain, rate: none, until: drained, for: 20s }"]


def resident_mib(pid):
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def threads_of(pid):
    return Counter(task.read_text().strip() for task in Path(f"/proc/{pid}/task").glob("*/comm"))


def look(program):
    """(MiB of coordinator and agent, the agent's threads) while there is load; None once it has ended."""
    try:
        agent, = bed.agents_of(program)
        return resident_mib(program.pid) + resident_mib(agent), threads_of(agent)
    except (OSError, ValueError):
        return None


def held(targets):
    bed.counts_only()
    path = bed.scenario(targets, PHASES, topology="{ producers: 2, consumers: 2 }", message="{ size: 256 }",
                        delivery="{ in_flight: 1000, persistent: false }" if "rabbitmq" in targets else "{ in_flight: 1000 }")
    folder = bed.new_path("run")
    program = bed.start("run", path, "--agents", "1", "--selfcheck", "warn", "--out", folder)
    samples = []

    def running():
        seen = look(program)
        if seen is not None and "worker" in seen[1]:
            samples.append(seen)
        return not program.running()

    bed.wait_until(running, "the run ends", 60)
    check(program.wait() in (0, 1, 3), f"exit {program.wait()}:\n{program.err}")  # Too busy to keep the rate, not to count.
    bed.audit_holds(bed.result_of(folder))
    mib, threads = samples[len(samples) // 2]
    trial, = bed.result_of(folder)["cases"][0]["trials"]
    told = {row["name"]: row["count"] for row in trial["threads"]}
    check({row["agent"] for row in trial["threads"]} == {"agent-1"}, f"threads of {trial['threads']}")
    if not bed.sanitized():  # Those have threads of their own.
        same(told, dict(threads), "threads that the agent told, and that the kernel tells")
        same([told.pop(name) for name in ("millrace-agent", "signals", "hand", "outbox", "prober", "ticker")], [1] * 6, "its own")
        check(told.pop("worker") >= 1, "there is no worker")
        check(all(name.startswith("nng:") for name in told), f"threads that nobody knows: {told}")
        check(mib <= HELD_MIB_MAX, f"coordinator and agent hold {mib:.1f} MiB")
    report = Path(folder, "report.html").read_text()
    check(f"{sum(threads.values())}: hand, " in report or bed.sanitized(), "the report does not tell the threads")


@test("beside 10,000 messages a second in memory a run holds little, and tells its agent's threads")
def memory():
    held("memory")


@test("beside 10,000 messages a second on RabbitMQ a run holds little, and tells its agent's threads", needs=["rabbitmq"])
def rabbitmq(broker):
    held(f'  - {{ backend: rabbitmq, address: "{broker.address}" }}\n')


bed.main()
