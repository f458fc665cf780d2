"""Mosquitto killed, stopped, cut off and slow under Millrace's own client, at QoS 0, 1 and 2: every message is accounted for, as code
of its own finds in what each client wrote down of it."""

import os
import random
import re
import signal
import subprocess
import sys
import time

import bed
import bed_delay
from bed import check, same, test

bed.counts_only()

RATE, SECONDS = 200, 3
DELAY_S = 0.15
STOPPED_S = 1
CUTS_LEAST = 3
RECOMPUTE = os.path.join(bed.SOURCE, "tests", "accuracy", "recompute.py")
# Producers have the first numbers, behind the trial's in a client's id.
PRODUCER = re.compile(rb"millrace-\d+-\d+-[0-9a-f]+-0-[01]")


class Run:
    def __init__(self, port, qos):
        self.qos, self.folder, self.trace = qos, bed.new_path("run"), bed.new_path("trace")
        acks = "publish_ack: none, consume_ack: none" if qos == 0 else "publish_ack: all, consume_ack: each"
        self.program = bed.start("run", bed.scenario(
            f'  - {{ backend: mqtt, address: "mqtt://127.0.0.1:{port}", options: {{ client: own, qos: {max(qos, 1)} }} }}\n',
            [f"{{ name: steady, rate: {RATE}/s, for: {SECONDS}s }}", "{ name: drain, rate: none, until: drained, for: 4s }"],
            name=f"qos{qos}", topology="{ topics: 2, producers: 2, consumers: 2 }", delivery=f"{{ {acks} }}", on_broker_loss="60s",
        ), "--out", self.folder, "--trace", self.trace)  # fmt: skip

    def total(self, word):
        return bed.total(self.case, word)

    def adds_up(self):
        """What holds whatever happened."""
        self.program.wait(120)
        said = f"QoS {self.qos}; it said\n{self.program.err}\n{self.program.out}"
        result = bed.result_of(self.folder)
        self.case = bed.case_of(result, "mqtt")
        same(self.case["status"], "measured", f"status at {said}")
        bed.audit_holds(result)
        same(self.total("sent"), RATE * SECONDS, f"sent at {said}")
        same((self.total("corrupted"), self.total("unaccounted")), (0, 0), f"corrupted, unaccounted at {said}")
        done = subprocess.run([sys.executable, "-B", RECOMPUTE, self.trace, self.folder], capture_output=True, text=True, check=False)
        check(done.returncode == 0, f"recompute.py at QoS {self.qos}:\n{done.stdout}{done.stderr}")

    def told(self):
        return f"QoS {self.qos}: " + ", ".join(f"{self.total(word)} {word}" for word in ["acked", "received", "lost", "unconfirmed", "duplicated"])


def through(port, fault):
    """Runs at each quality of service, all at once; fault: called in mid-load."""
    bed.need_driver("mqtt/own")
    runs = [Run(port, qos) for qos in (0, 1, 2)]
    for run in runs:
        run.program.says("running: mqtt")
    time.sleep(1)
    fault(runs)
    for run in runs:
        run.adds_up()
    return runs


def tell(what, holds, runs):
    bed.truth(what, holds, "; ".join(run.told() for run in runs))


@test("Mosquitto killed and back, at QoS 0, 1 and 2: every message is accounted for, and none comes twice", needs=["mosquitto"])
def killed(broker):
    def fault(_):
        broker.kill()
        time.sleep(1)
        broker.resume()

    runs = through(broker.port, fault)
    for run in runs:
        same(run.total("duplicated"), 0, f"duplicated at QoS {run.qos}")
        check(run.total("errors") > 0, f"no error at QoS {run.qos}")
    tell("Mosquitto killed and back", "every message is accounted for", runs)


@test("Mosquitto stopped and continued, at QoS 0, 1 and 2: every message arrives once", needs=["mosquitto"])
def stopped(broker):
    def fault(_):
        pid = int(bed.read(os.path.dirname(broker.folder()), "mosquitto.pid").split()[0])
        os.kill(pid, signal.SIGSTOP)
        try:
            time.sleep(STOPPED_S)
        finally:
            os.kill(pid, signal.SIGCONT)

    runs = through(broker.port, fault)
    arrives(runs)
    tell("Mosquitto stopped and continued", "every message arrives once", runs)


@test("Mosquitto far away, at QoS 0, 1 and 2: every message arrives once", needs=["mosquitto"])
def slow(broker):
    relay = bed_delay.Delay(broker.port, DELAY_S, DELAY_S)
    try:
        runs = through(relay.port, lambda _: None)
    finally:
        relay.close()
    arrives(runs)
    tell(f"Mosquitto {DELAY_S:.2f} s away", "every message arrives once", runs)


def arrives(runs):
    for run in runs:
        words = ("acked", "received", "lost", "unconfirmed", "duplicated", "unexpected", "errors")
        same([run.total(word) for word in words], [RATE * SECONDS] * 2 + [0] * 5, f"{words} at QoS {run.qos}")


@test("producers cut off from Mosquitto in mid-packet, at QoS 0, 1 and 2: what was confirmed arrives once, and the rest is said", needs=["mosquitto"])
def cut(broker):
    seed = random.randrange(1 << 32)
    print(f"# cuts drawn from seed {seed}")
    relay = bed_delay.Scissors(broker.port, "producer", 2000, 30000, seed, PRODUCER)

    def fault(runs):
        relay.cut()
        for run in runs:
            run.program.says("mqtt drain", 60)
        relay.relent()

    try:
        runs = through(relay.port, fault)
    finally:
        relay.close()
    check(relay.cuts >= CUTS_LEAST, f"{relay.cuts} cuts")
    for run in runs:
        same(run.total("duplicated"), 0, f"duplicated at QoS {run.qos}")
        if run.qos > 0:
            same(run.total("lost"), 0, f"lost at QoS {run.qos}")
            same(run.total("received"), run.total("acked") + run.total("unexpected"), f"received at QoS {run.qos}")
    tell("Mosquitto's producers cut off in mid-packet", f"confirmed: all arrived, once; {relay.cuts} cuts", runs)


bed.main()
