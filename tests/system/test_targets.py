"""One scenario on four targets: every case is measured, nothing is lost, and the brokers' own counters agree."""

import os
import re
import shutil
import subprocess
import threading
import time

import bed
from bed import check, contains, same, test, truth

QUICKSTART = os.path.join(bed.SOURCE, "scenarios", "quickstart.yaml")
ALL = ["rabbitmq", "kafka", "mosquitto"]
COUNTS_ONLY = ["--set", "objectives=[ attained >= 1% ]", "--selfcheck", "warn"]  # As bed.counts_only() has it.
# In the pause brokers are asked for their counters: the topics go with the drain, as soon as that is over. To ask takes kcat two
# starts, which beside other tests took 3 s.
PHASES = (
    "[{ name: warm-up, rate: 200/s, for: 1s, measure: false }, { name: steady, rate: 500/s, for: 5s },"
    " { name: pause, rate: none, for: 6s, measure: false }, { name: drain, rate: none, until: drained, for: 60s }]"
)
_four = {}


class Counters:
    """Asks brokers for their own counters while a run goes: its topics are gone afterwards."""

    def __init__(self, kafka, mosquitto):
        self.kafka_offsets = {}
        self.mqtt_received = 0
        self._kafka = kafka
        self._ends = threading.Event()
        self._threads = [threading.Thread(target=self._watch_kafka)]
        self._mosquitto = None
        if shutil.which("mosquitto_sub"):
            self._mosquitto = subprocess.Popen(
                ["mosquitto_sub", "-p", str(mosquitto.port), "-t", "$SYS/broker/publish/messages/received"],
                stdout=subprocess.PIPE, text=True,
            )  # fmt: skip
            self._threads.append(threading.Thread(target=self._watch_mosquitto))
        for thread in self._threads:
            thread.start()

    def _watch_kafka(self):
        """High watermarks of every partition, as kcat reads them."""
        plain = self._kafka.ask("plain")
        while not self._ends.wait(0.3):
            listed = subprocess.run(["kcat", "-b", plain, "-L"], capture_output=True, text=True, timeout=20, check=False)
            topics = re.findall(r'topic "(millrace-[^"]+)" with (\d+) partitions', listed.stdout)
            words = [word for name, count in topics for p in range(int(count)) for word in ("-t", f"{name}:{p}:-1")]
            if not words:
                continue
            asked = subprocess.run(["kcat", "-b", plain, "-Q", *words], capture_output=True, text=True, timeout=20, check=False)
            for name, partition, offset in re.findall(r"(millrace-\S+) \[(\d+)\] offset (\d+)", asked.stdout):
                self.kafka_offsets[name, partition] = int(offset)

    def _watch_mosquitto(self):
        for line in self._mosquitto.stdout:
            self.mqtt_received = int(line)

    def end(self):
        self._ends.set()
        if self._mosquitto:
            self._mosquitto.terminate()
            self._mosquitto.wait()
        for thread in self._threads:
            thread.join()


def four(rabbitmq, kafka, mosquitto):
    """The run that all tests of this file look at."""
    if not _four:
        folder = bed.new_path("four")
        counters = Counters(kafka, mosquitto)
        before = rabbitmq.counters()
        try:
            run = bed.start(
                "run", QUICKSTART, "--out", folder, "--set", f"phases={PHASES}", "--set", "topology.subscriptions=2", "--set", "calibrate=none", *COUNTS_ONLY, "--target", "memory", "--target", f"rabbitmq={rabbitmq.address}",
                "--target", f"kafka={kafka.address}", "--target", f"mqtt={mosquitto.address}",
            )  # fmt: skip
            run.wait(150)
            time.sleep(1.5)  # $SYS is told once a second.
        finally:
            counters.end()
        _four.update(run=run, folder=folder, counters=counters, before=before, after=rabbitmq.counters())
    return _four


@test("a run on four targets passes: four measured cases, nothing lost, doubled or damaged", needs=ALL)
def measured(*brokers):
    run = four(*brokers)
    run["run"].ends(0)
    result = bed.result_of(run["folder"])
    same([case["name"] for case in result["cases"]], ["memory", "rabbitmq", "kafka", "mqtt"], "cases")
    bed.audit_holds(result)
    for case in result["cases"]:
        same(case["status"], "measured", case["name"])
        words = ["lost", "duplicated", "corrupted", "refused", "unconfirmed", "unaccounted", "errors", "reordered"]
        same({word: bed.total(case, word) for word in words}, dict.fromkeys(words, 0), case["name"])
        same(bed.total(case, "sent"), 500 * 5 + 200, f"sent by {case['name']}")
        same(bed.total(case, "received"), 2 * bed.total(case, "acked"), f"received of {case['name']}")
        steady = bed.phase_of(case, "steady")
        for series in ["publish", "e2e"]:
            # No bound above: a cold broker on a busy host may take seconds.
            check(0 < steady["latency_ns"][series]["min"], f"{series} of {case['name']}: {steady['latency_ns'][series]}")
            same(steady["latency_ns"][series]["samples"], (2 if series == "e2e" else 1) * 500 * 5, f"samples of {series}")
    for part, name in [("RabbitMQ 3", "rabbitmq"), ("osquitto", "mqtt")]:  # Kafka does not tell its own.
        contains(bed.case_of(result, name)["broker_version"], part, f"version of {name}")


@test("RabbitMQ's own counters agree", needs=ALL)
def rabbitmq_agrees(*brokers):
    run = four(*brokers)
    case = bed.case_of(bed.result_of(run["folder"]), "rabbitmq")
    # Beside the load there is the list of the run's topics, which is read back when they go; and the look before it, which
    # is one message and a list of its own.
    for name, word, others in [
        ("rabbitmq_global_messages_received_total", "sent", 3),
        ("rabbitmq_global_messages_confirmed_total", "acked", 1),
        ("rabbitmq_global_messages_delivered_total", "received", 3),
    ]:
        same(run["after"][name] - run["before"][name], bed.total(case, word) + others, name)
    words = ["sent", "acked", "received"]
    truth("RabbitMQ's own counters: received, confirmed, delivered", "equal", ", ".join(str(bed.total(case, word)) for word in words))


@test("Kafka's own offsets agree", needs=ALL)
def kafka_agrees(*brokers):
    if not shutil.which("kcat"):
        raise bed.Skip("kcat is not installed (package kcat)")
    run = four(*brokers)
    case = bed.case_of(bed.result_of(run["folder"]), "kafka")
    # The topic of the look before the load is another one.
    offsets = {place: offset for place, offset in run["counters"].kafka_offsets.items() if "-look-" not in place[0]}
    same(len(offsets), 4, f"partitions that were seen: {offsets}")
    same(sum(offsets.values()), bed.total(case, "acked"), "sum of the high watermarks")
    truth("Kafka's own offsets of what was acked", "equal", sum(offsets.values()))


@test("Mosquitto's own counter agrees", needs=ALL)
def mosquitto_agrees(*brokers):
    if not shutil.which("mosquitto_sub"):
        raise bed.Skip("mosquitto_sub is not installed (package mosquitto-clients)")
    run = four(*brokers)
    case = bed.case_of(bed.result_of(run["folder"]), "mqtt")
    # One message beside the load: the look before it.
    same(run["counters"].mqtt_received, bed.total(case, "sent") + 1, "$SYS/broker/publish/messages/received")
    truth("Mosquitto's own counter of what was published", "equal", bed.total(case, "sent"))


@test("nothing is left on a broker after a run", needs=ALL)
def nothing_left(*brokers):
    four(*brokers)
    for one in brokers:
        same(one.topics(), [], one.kind)


@test("the report of four targets draws its charts in a browser without an error", needs=ALL)
def in_a_browser(*brokers):
    folder = four(*brokers)["folder"]
    modules = os.path.join(bed.NPM, "playwright-core")
    if not shutil.which("node") or not os.path.isdir(modules):
        raise bed.Skip("node or playwright-core is missing")
    done = subprocess.run(
        ["node", os.path.join(bed.SOURCE, "tests", "system", "report_browser", "check_report.js"), os.path.join(folder, "report.html")],
        env={**os.environ, "MILLRACE_TEST_NPM_DIR": bed.NPM}, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    if done.returncode == 77:
        raise bed.Skip(done.stdout.strip())
    same(done.returncode, 0, done.stdout + done.stderr)


bed.main()
