"""The ceiling that a paced run foretells is the rate at which the generator really gives out, on each backend.

On two cores a broker gives out before the generator does. So the generator is made slower, by CPU time that each message costs
more in its load thread (MILLRACE_TEST_MESSAGE_COST, ns); then, at `rate: max`, it is what limits. How busy its threads are is
looked up in /proc, not asked of it. What is compared is CPU time, not time: where others keep a thread from its CPU, the rate
is that of the CPU time it got.
"""

import os
import re
import statistics
import time

import bed
from bed import Skip, check, test

COST_NS = 100000
PACED_PER_S = 1000  # About a tenth of what such a generator reaches.
TOPOLOGY = "{ producers: 1, consumers: 1 }"
WITHIN = 0.2
BUSY_MIN = 0.95
TRIES = 3


def threads_of(pid):
    """CPU time and time waited for a CPU in ns, of all threads that carry messages."""
    found = {}
    for task in os.listdir(f"/proc/{pid}/task"):
        try:
            name = bed.read(f"/proc/{pid}/task/{task}", "comm")
            if re.match("worker|MQTTAsync|rdk:", name):
                cpu, wait, _ = bed.read(f"/proc/{pid}/task/{task}", "schedstat").split()
                found[task] = (name.strip(), int(cpu), int(wait))
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


class Watch:
    """Looks at an agent's threads until they end."""

    def __init__(self, pid):
        self.pid = pid
        self.began_ns = time.monotonic_ns()
        self.looks = [(self.began_ns, threads_of(pid))]

    def until_end(self, run):
        while run.running():
            try:
                self.looks.append((time.monotonic_ns(), threads_of(self.pid)))
            except (FileNotFoundError, ProcessLookupError):
                pass
            time.sleep(0.02)

    def busiest(self):
        """(name, CPU time in ns, number) of the thread that used most, over all."""
        first = self.looks[0][1]
        last = {task: row for _, threads in self.looks for task, row in threads.items()}
        return max((row[1] - first.get(task, row)[1], row[0], task) for task, row in last.items())

    def readiness(self, task, from_s, to_s):
        """The share of a span in which the thread had a CPU or waited for one."""
        span = [(at_ns, threads[task]) for at_ns, threads in self.looks if from_s <= (at_ns - self.began_ns) / 1e9 <= to_s and task in threads]
        (first_ns, first), (last_ns, last) = span[0], span[-1]
        return (last[1] + last[2] - first[1] - first[2]) / (last_ns - first_ns)


def foretold(targets, env, paced_per_s):
    """The ceiling that a paced run tells."""
    steady = f"{{ name: steady, rate: {paced_per_s}/s, for: 1s }}"
    path = bed.scenario(targets, [steady], topology=TOPOLOGY, calibrate="3s", selfcheck="warn", objectives="[ attained >= 1% ]")
    folder = bed.new_path("run")
    bed.start("run", path, "--agents", "1", "--out", folder, env=env).ends(0)
    return bed.result_of(folder)["cases"][0]["calibration"]


def reached(targets, env):
    """(messages in a second of CPU time of its busiest thread, which that is, how ready it was)"""
    path = bed.scenario(targets, ["{ name: flat, rate: max, for: 4s }"], topology=TOPOLOGY, objectives="[ sent_rate > 1/s ]", selfcheck="warn")
    folder = bed.new_path("run")
    run = bed.start("run", path, "--agents", "1", "--out", folder, env=env)
    run.says(r"running: ")
    watch = Watch(bed.agents_of(run)[0])
    watch.until_end(run)
    run.ends(0)
    cpu_ns, name, task = watch.busiest()
    sent = bed.total(bed.result_of(folder)["cases"][0], "sent")
    return sent / cpu_ns * 1e9, name, watch.readiness(task, 1.0, 3.5)


def compare(targets, cost_ns, paced_per_s=PACED_PER_S, tries=TRIES, rounds=1):
    """Rounds in which another one was the limit say nothing of the generator. Of several that do the median counts: the speed
    of memory differs between two runs on a host that others share."""
    env = {"MILLRACE_TEST_MESSAGE_COST": str(cost_ns)}
    told, ratios = [], []
    for _ in range(tries):
        made = foretold(targets, env, paced_per_s)
        check(made["reason"] is None, f"no ceiling: {made}")
        rate, name, ready = reached(targets, env)
        told.append(f"foretold {made['ceiling_per_s']:.0f}/s, reached {rate:.0f}/s a CPU; {name} was ready for {100 * ready:.0f} %")
        print(f"# {told[-1]}", flush=True)
        if ready > BUSY_MIN:
            ratios.append(made["ceiling_per_s"] / rate)
        if len(ratios) == rounds:
            check(abs(statistics.median(ratios) - 1) <= WITHIN, "; ".join(told))
            return made
    raise Skip("its threads were never the limit: " + "; ".join(told))


def of(broker):
    return f"  - {{ backend: {bed.backend_of(broker.kind)}, address: \"{broker.address}\" }}\n"


@test("memory: the ceiling is where the generator gives out, as it is and when each message costs 100 us more")
def memory():
    compare("memory", 0, rounds=3)
    compare("memory", COST_NS)


@test("RabbitMQ: likewise with messages that cost more", needs=["rabbitmq"])
def rabbitmq(broker):
    made = compare(of(broker), COST_NS)
    # Of a load thread's CPU time what it spun away is taken off, which is known by the clock: some hundredths of it.
    check(made["cpu_ns_per_message"] > 0.95 * COST_NS, f"a message cost less than it must: {made}")


@test("Mosquitto: likewise with messages that cost more", needs=["mosquitto"])
def mosquitto_dear(broker):
    compare(of(broker), 4 * COST_NS, PACED_PER_S // 4)  # With less the client library's threads take turns with the worker.


@test("Mosquitto: likewise as it is, where the client library gives out before the broker", needs=["mosquitto"])
def mosquitto_as_it_is(broker):
    compare(of(broker), 0, 5000, tries=2)


@test("Kafka: likewise with messages that cost more", needs=["kafka"])
def kafka(broker):
    compare(of(broker), COST_NS)


bed.main()
