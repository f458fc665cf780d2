"""Connections to RabbitMQ that end in the middle of a frame, many times in a run: batches half written, deliveries half read. What
the audit says is what the broker's own counters and a list of all messages say."""

import glob
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

RATE, SECONDS = 500, 6
CUTS_LEAST = 8
RECOMPUTE = os.path.join(bed.SOURCE, "tests", "accuracy", "recompute.py")
# RabbitMQ's words in its log for bytes that are no frame, or not the one that may come next.
MISREAD = re.compile("frame_error|unexpected_frame|invalid_frame|bad_payload|syntax_error|command_invalid")
RECEIVED = "rabbitmq_global_messages_received_total"


class Run:
    """A run, and what is known of it besides. meanwhile: called once it runs, with the program."""

    def __init__(self, broker, port, meanwhile, **blocks):
        self.folder, self.trace = bed.new_path("run"), bed.new_path("trace")
        run = bed.start("run", self._scenario(broker, port, **blocks), "--out", self.folder, "--trace", self.trace)
        run.says("running: ")
        meanwhile(run)
        run.wait(150)
        self.misread = [line for line in bed.read(glob.glob(os.path.join(broker.folder(), "log", "*.log"))[0]).splitlines() if MISREAD.search(line)]
        self.said = f"it said\n{run.err}\n{run.out}"
        self.result = bed.result_of(self.folder)
        self.case = bed.case_of(self.result, "rabbitmq")

    @staticmethod
    def _scenario(broker, port, **blocks):
        address = broker.address.replace(str(broker.port), str(port))
        return bed.scenario(
            f'  - {{ backend: rabbitmq, address: "{address}", options: {{ frame_max: 4KiB, prefetch: 100 }} }}\n',
            [f"{{ name: steady, rate: {RATE}/s, for: {SECONDS}s }}", "{ name: drain, rate: none, until: drained, for: 90s }"],
            topology="{ topics: 2, producers: 4, consumers: 4 }", on_broker_loss="60s",
            # The largest are larger than what the kernel holds of a connection over loopback: they are written in parts.
            message="{ size: { mix: [ { size: 60..200, weight: 895 }, { size: 3KiB..20KiB, weight: 100 }, { size: 4MiB, weight: 5 } ] } }",
            **blocks,
        )  # fmt: skip

    def total(self, word):
        return bed.total(self.case, word)

    def told(self):
        return ", ".join(f"{self.total(word)} {word}" for word in ["acked", "lost", "unconfirmed", "unexpected"])

    def adds_up(self):
        """What holds whatever happened."""
        same(self.misread, [], "what RabbitMQ could not read: the rest of a frame went to a later connection")
        same(self.case["status"], "measured", f"status; {self.said}")
        bed.audit_holds(self.result)
        same(self.total("sent"), RATE * SECONDS, "sent: what was due while nobody was connected is sent after it")
        same((self.total("corrupted"), self.total("unaccounted")), (0, 0), "corrupted, unaccounted")
        # By code of its own, from what each client wrote down of each message.
        done = subprocess.run([sys.executable, "-B", RECOMPUTE, self.trace, self.folder], capture_output=True, text=True, check=False)
        check(done.returncode == 0, f"recompute.py:\n{done.stdout}{done.stderr}")


def cut_off(broker, role, **blocks):
    """Clients of that role are cut off again and again while there is load, and left alone while it drains. The run, how many cuts
    there were, and how many messages RabbitMQ says that it took."""
    seed = random.randrange(1 << 32)
    print(f"# cuts of {role}s drawn from seed {seed}")
    relay = bed_delay.Scissors(broker.port, role, 1500, 2 << 20, seed)

    def meanwhile(run):
        relay.cut()
        run.says("rabbitmq drain|closing: rabbitmq", 90)
        relay.relent()

    before = broker.counters()[RECEIVED]
    try:
        run = Run(broker, relay.port, meanwhile, **blocks)
    finally:
        relay.close()
    run.adds_up()
    same(run.total("lost"), 0, "lost")
    check(relay.cuts >= CUTS_LEAST, f"{relay.cuts} cuts")
    return run, relay.cuts, broker.counters()[RECEIVED] - before


@test("RabbitMQ's producers cut off in mid-frame again and again: what was confirmed arrives once, and the rest is said", needs=["rabbitmq"])
def producers(broker):
    run, cuts, taken = cut_off(broker, "producer")
    check(run.total("unconfirmed") > 0, "every confirm came through connections that were cut")
    # Nobody sends a message twice, and consumers were not cut off.
    same(run.total("duplicated"), 0, "duplicated")
    same(run.total("received"), run.total("acked") + run.total("unexpected"), "received")
    check(run.total("unexpected") <= run.total("unconfirmed") + run.total("refused"), "arrived beyond what was confirmed")
    # The broker counts whole messages: none that was half written. Beside the load are the look, its list and the run's.
    most = run.total("sent") + 3
    check(run.total("received") + 3 <= taken <= most, f"RabbitMQ took {taken}, of {run.total('received')} to {most - 3} and 3 others")
    bed.truth("RabbitMQ, producers cut off in mid-frame", "confirmed: all arrived, once", f"{cuts} cuts: {run.told()}")


@test("RabbitMQ's consumers cut off in mid-frame again and again: every message arrives, and each copy is counted", needs=["rabbitmq"])
def consumers(broker):
    run, cuts, _ = cut_off(broker, "consumer", delivery="{ consume_ack: { batch: 10 } }")
    same((run.total("acked"), run.total("received")), (RATE * SECONDS, RATE * SECONDS), "acked, received")
    # What was on its way or not acknowledged comes again, and nothing else does.
    check(run.total("duplicated") > 0, "nothing was delivered again")
    bed.truth("RabbitMQ, consumers cut off in mid-frame", "all arrived, and copies are told",
              f"{cuts} cuts: {run.total('received')} received, {run.total('lost')} lost, {run.total('duplicated')} copies")  # fmt: skip


def unsent_bytes(port):
    """Of the connection to that port for which the kernel holds most: what was written to it and not taken."""
    with open("/proc/net/tcp") as file:
        rows = [line.split() for line in file][1:]
    return max((int(row[4].partition(":")[0], 16) for row in rows if int(row[2].partition(":")[2], 16) == port), default=0)


@test("RabbitMQ killed while large messages are half written, and back: what is not confirmed is said, and nothing comes twice unsaid", needs=["rabbitmq"])
def killed(broker):
    half_written = []

    def meanwhile(_):
        time.sleep(1)
        # It takes nothing more, so that those who write are somewhere in a message when it ends.
        pid = int(bed.read(broker.folder(), "rabbitmq.pid").split()[0])
        os.kill(pid, signal.SIGSTOP)
        try:
            bed.wait_until(lambda: unsent_bytes(broker.port) > 1 << 20, "a large message is half written")
            half_written.append(unsent_bytes(broker.port))
        finally:
            broker.kill()
            broker.resume()

    run = Run(broker, broker.port, meanwhile, delivery="{ persistent: true }")
    run.adds_up()  # Whether it lost what it had confirmed is the broker's matter; that it is told is ours.
    check(run.total("unconfirmed") > 0, "everything was confirmed")
    bed.truth("RabbitMQ killed while a message is half written", "every message is accounted for",
              f"{half_written[0]} bytes not taken; {run.told()}")  # fmt: skip


bed.main()
