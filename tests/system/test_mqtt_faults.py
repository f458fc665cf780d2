"""Mosquitto killed, stopped, cut off and slow under Millrace's own client, and killed and cut off under paho, at QoS 0, 1 and 2: every
message is accounted for, as code of its own finds in what each client wrote down of it."""

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
CLIENT_OF = {"producer": re.compile(rb"millrace-\d+-\d+-[0-9a-f]+-0-[01]\b"), "consumer": re.compile(rb"millrace-\d+-\d+-[0-9a-f]+-0-[23]\b")}
ANY = re.compile(rb"")  # Over TLS nobody sees who it is.
TLS = ("mosquitto", "--tls")


def target_of(port, qos, client, ca=None):
    scheme, tls = ("mqtts", f'tls: {{ ca: "{ca}" }}, ') if ca else ("mqtt", "")
    return f'  - {{ backend: mqtt, address: "{scheme}://127.0.0.1:{port}", {tls}options: {{ client: {client}, qos: {max(qos, 1)} }} }}\n'


class Run:
    def __init__(self, port, qos, client, ca=None):
        self.qos, self.client, self.folder, self.trace = qos, client, bed.new_path("run"), bed.new_path("trace")
        acks = "publish_ack: none, consume_ack: none" if qos == 0 else "publish_ack: all, consume_ack: each"
        self.program = bed.start("run", bed.scenario(
            target_of(port, qos, client, ca),
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
        same((self.case["status"], self.case["client"]), ("measured", self.client), f"status, client at {said}")
        bed.audit_holds(result)
        same(self.total("sent"), RATE * SECONDS, f"sent at {said}")
        same((self.total("corrupted"), self.total("unaccounted")), (0, 0), f"corrupted, unaccounted at {said}")
        done = subprocess.run([sys.executable, "-B", RECOMPUTE, self.trace, self.folder], capture_output=True, text=True, check=False)
        check(done.returncode == 0, f"recompute.py at QoS {self.qos}:\n{done.stdout}{done.stderr}")

    def told(self):
        return f"QoS {self.qos}: " + ", ".join(f"{self.total(word)} {word}" for word in ["acked", "received", "lost", "unconfirmed", "duplicated"])


def through(port, fault, levels=(0, 1, 2), ca=None, client="own"):
    """Runs at each of these qualities of service, all at once; fault: called in mid-load. ca: over TLS."""
    bed.need_driver(f"mqtt/{client}")
    runs = [Run(port, qos, client, ca) for qos in levels]
    for run in runs:
        run.program.says("running: mqtt")
    time.sleep(1)
    fault(runs)
    for run in runs:
        run.adds_up()
    return runs


def tell(what, holds, runs):
    bed.truth(what, holds, "; ".join(run.told() for run in runs))


def ca_of(broker):
    return os.path.join(broker.folder(), "tls", "ca.pem")


def is_killed(broker, **how):
    def fault(_):
        broker.kill()
        time.sleep(1)
        broker.resume()

    runs = through(broker.port, fault, **how)
    for run in runs:
        same(run.total("duplicated"), 0, f"duplicated at QoS {run.qos}")
        check(run.total("errors") > 0, f"no error at QoS {run.qos}")
    return runs


@test("Mosquitto killed and back, at QoS 0, 1 and 2: every message is accounted for, and none comes twice", needs=["mosquitto"])
def killed(broker):
    tell("Mosquitto killed and back", "every message is accounted for", is_killed(broker))


@test("Mosquitto killed and back under paho, at QoS 0, 1 and 2: every message is accounted for, and none comes twice", needs=["mosquitto"])
def killed_paho(broker):
    tell("Mosquitto killed and back under paho", "every message is accounted for", is_killed(broker, client="paho"))


@test("Mosquitto over TLS killed and back, at QoS 1: every message is accounted for, and none comes twice", needs=[TLS])
def killed_tls(broker):
    tell("Mosquitto over TLS killed and back", "every message is accounted for", is_killed(broker, levels=[1], ca=ca_of(broker)))


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


def cut_off(broker, role, its, **how):
    """Runs whose clients are cut off while there is load, and left alone while it drains; and how often they were. its: what their
    first bytes have."""
    seed = random.randrange(1 << 32)
    print(f"# cuts drawn from seed {seed}")
    relay = bed_delay.Scissors(broker.port, role, 2000, 30000, seed, its)

    def fault(runs):
        relay.cut()
        for run in runs:
            run.program.says("mqtt drain|closing: mqtt", 60)
        relay.relent()

    try:
        runs = through(relay.port, fault, **how)
    finally:
        relay.close()
    check(relay.cuts >= CUTS_LEAST, f"{relay.cuts} cuts")
    return runs, relay.cuts


def are_producers_cut(broker, what, **how):
    runs, cuts = cut_off(broker, "producer", CLIENT_OF["producer"], **how)
    for run in runs:
        same(run.total("duplicated"), 0, f"duplicated at QoS {run.qos}")
        if run.qos > 0:
            same(run.total("lost"), 0, f"lost at QoS {run.qos}")
            same(run.total("received"), run.total("acked") + run.total("unexpected"), f"received at QoS {run.qos}")
    tell(what, f"confirmed: all arrived, once; {cuts} cuts", runs)


@test("producers cut off from Mosquitto in mid-packet, at QoS 0, 1 and 2: what was confirmed arrives once, and the rest is said", needs=["mosquitto"])
def producers_cut(broker):
    are_producers_cut(broker, "Mosquitto's producers cut off in mid-packet")


@test("paho's producers cut off from Mosquitto in mid-packet, at QoS 0, 1 and 2: what was confirmed arrives once, and the rest is said",
      needs=["mosquitto"])  # fmt: skip
def producers_cut_paho(broker):
    are_producers_cut(broker, "Mosquitto's producers cut off in mid-packet under paho", client="paho")


@test("consumers cut off from Mosquitto in mid-packet, at QoS 0, 1 and 2: all is confirmed, and each message arrives or is told as lost", needs=["mosquitto"])
def consumers_cut(broker):
    runs, cuts = cut_off(broker, "consumer", CLIENT_OF["consumer"])
    for run in runs:
        # A session ends with its connection, so Mosquitto has nothing to deliver again, but to the other consumer of a group.
        same((run.total("acked"), run.total("unconfirmed"), run.total("unexpected")), (RATE * SECONDS, 0, 0), f"acked, unconfirmed, unexpected at QoS {run.qos}")
        same(run.total("received") + run.total("lost"), RATE * SECONDS, f"received and lost at QoS {run.qos}")
        check(run.total("lost") > 0, f"nothing was lost at QoS {run.qos}: it was not cut")
    tell("Mosquitto's consumers cut off in mid-packet", f"all confirmed; each arrived or is lost; {cuts} cuts", runs)


@test("clients cut off from Mosquitto within a TLS record, at QoS 1: every message is accounted for", needs=[TLS])
def cut_tls(broker):
    runs, cuts = cut_off(broker, "producer", ANY, levels=[1], ca=ca_of(broker))
    tell("Mosquitto's clients cut off within a TLS record", f"every message is accounted for; {cuts} cuts", runs)


bed.main()
