"""What a run holds in memory beside its load, and which threads its agent says that it has."""

import re
import statistics
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import bed
from bed import check, contains, same, test

bed.counts_only()

# What the processes made for themselves, by /proc/PID/smaps_rollup: how much of libraries is resident beside it differs by host
# and by what else runs there, so resident sets are told only. The coordinator's is that of the whole load: 1.7 MiB, or 3.3 where
# what reading this scenario and planning took was not given back. Of both the median: 7 to 9 MiB, of which histograms take more
# the wider latencies are spread, as beside other tests.
HELD_MIB_MAX = 11
COORDINATOR_MIB_MAX = 2.4
A_DAY = ", ".join(f"{minute}m: 10k/s" for minute in range(1441))  # Something to read.
PHASES = [f"{{ name: warm-up, rate: {{ curve: {{ {A_DAY} }}, speed: 43200 }}, for: 2s, measure: false }}",
          "{ name: steady, rate: 10000/s, for: 2s }", "{ name: drain, rate: none, until: drained, for: 20s }"]
# Its queue is the agent's memory, too, and has in it what a busy host's consumer has not fetched yet.
MEMORY = "  - { backend: memory, options: { queue_bytes: 256KiB } }\n"


def held_mib(pid):
    """What is resident of it, and what of that is its own."""
    rows = dict(re.findall(r"(\w+): +(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text()))
    return int(rows["Rss"]) / 1024, int(rows["Anonymous"]) / 1024


def threads_of(pid):
    return Counter(task.read_text().strip() for task in Path(f"/proc/{pid}/task").glob("*/comm"))


@dataclass
class Look:
    resident_mib: float
    coordinator_mib: float
    agent_mib: float
    threads: Counter


def look(program):
    """None before there is load, and once it has ended."""
    try:
        agent, = bed.agents_of(program)
        threads = threads_of(agent)
        rows = held_mib(program.pid), held_mib(agent)
        return Look(rows[0][0] + rows[1][0], rows[0][1], rows[1][1], threads) if "worker" in threads and "running: " in program.err else None
    except (OSError, ValueError, KeyError):
        return None


def watched(program):
    looks = []

    def ended():
        looks.append(look(program))
        return not program.running()

    bed.wait_until(ended, "the run ends", 60)
    looks = [one for one in looks if one is not None]
    check(len(looks) >= 10, f"{len(looks)} looks at it under load:\n{program.err}")
    return looks


def check_threads(folder, seen):
    trial, = bed.result_of(folder)["cases"][0]["trials"]
    told = {row["name"]: row["count"] for row in trial["threads"]}
    check({row["agent"] for row in trial["threads"]} == {"agent-1"}, f"threads of {trial['threads']}")
    if bed.sanitized():  # Those have threads of their own.
        return
    same(told, dict(seen), "threads that the agent told, and that the kernel tells")
    same([told.pop(name) for name in ("millrace-agent", "signals", "hand", "outbox", "prober", "ticker")], [1] * 6, "its own")
    check(told.pop("worker") >= 1, "there is no worker")
    check(all(name.startswith("nng:") for name in told), f"threads that nobody knows: {told}")
    contains(Path(folder, "report.html").read_text(), f"{sum(seen.values())}: hand, ", "the report's threads")


def check_held(looks):
    coordinator = min(one.coordinator_mib for one in looks)
    both = statistics.median(one.coordinator_mib + one.agent_mib for one in looks)
    resident = statistics.median(one.resident_mib for one in looks)
    found = f"the coordinator {coordinator:.2f} MiB of its own at the least, both {both:.2f}; resident sets {resident:.1f} MiB"
    print(f"# {found}")
    if not bed.sanitized():
        check(coordinator <= COORDINATOR_MIB_MAX and both <= HELD_MIB_MAX, found)


def held(targets):
    path = bed.scenario(targets, PHASES, topology="{ producers: 2, consumers: 2 }", message="{ size: 256 }",
                        delivery="{ in_flight: 1000, persistent: false }" if "rabbitmq" in targets else "{ in_flight: 1000 }")
    folder = bed.new_path("run")
    program = bed.start("run", path, "--agents", "1", "--selfcheck", "warn", "--out", folder)
    looks = watched(program)
    check(program.wait() in (0, 1, 3), f"exit {program.wait()}:\n{program.err}")  # Too busy to keep the rate, not to count.
    bed.audit_holds(bed.result_of(folder))
    check_threads(folder, looks[len(looks) // 2].threads)
    check_held(looks)


@test("beside 10,000 messages a second in memory a run holds little, and tells its agent's threads")
def memory():
    held(MEMORY)


@test("beside 10,000 messages a second on RabbitMQ a run holds little, and tells its agent's threads", needs=["rabbitmq"])
def rabbitmq(broker):
    held(f'  - {{ backend: rabbitmq, address: "{broker.address}" }}\n')


bed.main()
