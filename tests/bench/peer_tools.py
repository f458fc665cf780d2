"""The tools that tests/bench/peers holds Millrace against: how each is started, and what it says of its rate.

A tool is a function of (jars, address, options) that returns the programs of one run, `Watched` already, each with the reading
of its lines; `measure` waits and tells rate, CPU time and memory of all of them together.
"""
import re
import shutil
import subprocess
import time

from bench import ROOT, Broken, Skipped
from meter import Watched

JVM_WARM_S = 10  # Left out: classes are loaded and code is compiled in it.
NATIVE_WARM_S = 2
HEAP = "-Xmx512M"  # What kafka-producer-perf-test.sh and kafka-consumer-perf-test.sh set.
# They log warnings only, too. Without a word of it Logback, which PerfTest brings, logs each request of theirs.
QUIET = f"-Dlogback.configurationFile={ROOT / 'tests' / 'bench' / 'peers.d' / 'logback.xml'}"
PERFTEST_LINE = re.compile(r"time ([\d.]+) s, sent: [\d.]+ msg/s.*received: ([\d.]+) msg/s")
PRODUCER_LINE = re.compile(r"(\d+) records sent, ([\d.]+) records/sec")


def jars():
    """The folder with PerfTest's and Kafka's jars; from Maven the first time."""
    pom = ROOT / "tests" / "bench" / "peers.d" / "pom.xml"
    versions = re.findall(r"<artifactId>(.*)</artifactId>\n +<version>(.*)</version>\n +</dependency>", pom.read_text())
    name = "-".join(["peers", *(part for one in versions for part in one)])
    done = subprocess.run([ROOT / "deploy" / "jars", pom, name],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise Skipped((done.stderr.strip().splitlines() or ["the jars could not be had"])[-1])
    return done.stdout.strip()


def java(folder, name, *arguments, jvm=()):
    return ["java", *jvm, "-cp", f"{folder}/*", name, *map(str, arguments)]


def perftest_rates(lines):
    """(seconds since its start, messages received in the second before) of each line that says so."""
    return [(float(found.group(1)), float(found.group(2))) for found in (PERFTEST_LINE.search(text) for text in lines) if found]


def messages_of_perftest(lines):
    """(moment, messages received so far): each line tells the rate since the line before."""
    total, before, ret = 0.0, 0.0, []
    for moment, text in lines:
        for at_s, rate in perftest_rates([text]):
            total += rate * (at_s - before)
            before = at_s
            ret.append((moment, total))
    return ret


def messages_of_producer(lines):
    """(moment, records sent so far): each line tells those since the line before. Its last lines, which sum up, have percentiles
    and come only when it ends by itself."""
    total, ret = 0, []
    for moment, text in lines:
        found = PRODUCER_LINE.match(text)
        if found and "50th" not in text:
            total += int(found.group(1))
            ret.append((moment, total))
    return ret


def messages_of_consumer(lines):
    """(moment, messages consumed so far) of kafka-consumer-perf-test's detailed lines."""
    ret = []
    for moment, text in lines:
        fields = [field.strip() for field in text.split(",")]
        if len(fields) >= 6 and fields[4].isdigit():
            ret.append((moment, int(fields[4])))
    return ret


def between(counts, begin, end):
    """The first and the last count from begin to end, or Broken: (moment, messages) each."""
    inside = [one for one in counts if begin <= one[0] <= end]
    if len(inside) < 2:
        raise Broken("a tool said too little of its rate")
    return inside[0], inside[-1]


class Tool:
    """One run of a peer: programs, and which of them counts."""

    def __init__(self, warm_s, seconds):
        self.warm_s, self.seconds, self.programs, self.counter, self.feeder = warm_s, seconds, [], None, None
        self.begun = time.monotonic()

    def start(self, argv, **how):
        self.programs.append(Watched(argv, **how))
        return self.programs[-1]

    def measure(self):
        begin, end = self.begun + self.warm_s, self.begun + self.warm_s + self.seconds
        try:
            while time.monotonic() < end + 0.5:
                time.sleep(0.1)
                gone = next((one for one in self.programs if one.process.poll() is not None), None)
                if gone:
                    gone.wait()
                    raise Broken(f"{' '.join(gone.argv[-12:])}: exit {gone.process.returncode}\n{gone.said()[-2000:]}")
        finally:
            for one in self.programs:
                one.end()
            if self.feeder:
                self.feeder.kill()
                self.feeder.wait()
        (begin, before), (end, after) = between(self.counter(), begin, end)
        rate = (after - before) / (end - begin)
        if rate <= 0:
            raise Broken("nothing came in the measured stretch")
        samples = [one.samples for one in self.programs]
        return {"rate": rate, "cpu_us": sum(one.cpu_s(begin, end) for one in samples) * 1e6 / (after - before),
                "rss_mib": sum(one.rss_mib(begin, end) for one in samples)}


def perftest(folder, address, size, seconds, rate=None, clients=2, window=1000):
    """PerfTest: its producers pace themselves, not each message; messages are transient, mandatory, confirmed, consumed with
    automatic acknowledgement, all through one queue."""
    tool = Tool(JVM_WARM_S, seconds)
    paced = ["-r", rate // clients] if rate else []
    one = tool.start(java(folder, "com.rabbitmq.perf.PerfTest", "-h", address, "-x", clients, "-y", clients, "-s", size, "-c",
                          window, "-f", "mandatory", "-a", "-u", "bench-peers", *paced))
    tool.counter = lambda: messages_of_perftest(one.lines)
    return tool


def topic(folder, address, verb, name):
    partitions = ["--partitions", "1"] if verb == "--create" else []
    done = subprocess.run(java(folder, "org.apache.kafka.tools.TopicCommand", "--bootstrap-server", address, verb, "--topic", name,
                               *partitions, jvm=[QUIET]), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise Broken(f"topic {verb}: {done.stdout}")


def kafka(folder, address, size, seconds, consume=False, linger_ms=5, batch_bytes=1_000_000):
    """Kafka's ProducerPerformance, with ConsumerPerformance beside it if messages are to be consumed."""
    name = f"bench-peers-{time.monotonic_ns()}"
    topic(folder, address, "--create", name)
    tool = Tool(JVM_WARM_S, seconds)
    producer = tool.start(java(
        folder, "org.apache.kafka.tools.ProducerPerformance", "--topic", name, "--num-records", 10**12, "--record-size", size,
        "--throughput", -1, "--producer-props", f"bootstrap.servers={address}", "acks=all", f"linger.ms={linger_ms}",
        f"batch.size={batch_bytes}", jvm=[HEAP, QUIET]))
    tool.counter = lambda: messages_of_producer(producer.lines)
    if consume:
        consumer = tool.start(java(
            folder, "org.apache.kafka.tools.ConsumerPerformance", "--topic", name, "--messages", 10**12, "--bootstrap-server",
            address, "--show-detailed-stats", "--reporting-interval", 1000, "--timeout", 60000, jvm=[HEAP, QUIET]))
        tool.counter = lambda: messages_of_consumer(consumer.lines)
    ended = tool.measure
    tool.measure = lambda: then(ended, lambda: topic(folder, address, "--delete", name))
    return tool


def then(do, after):
    try:
        return do()
    finally:
        after()


def mosquitto(address, size, seconds, qos):
    """mosquitto_pub, which reads lines from a pipe, and mosquitto_sub, which prints a character for each message."""
    if not shutil.which("mosquitto_pub"):
        raise Skipped("mosquitto_pub is not installed (package mosquitto-clients)")
    host, _, port = address.removeprefix("mqtt://").partition(":")
    where = ["-h", host, "-p", port.rstrip("/"), "-t", "bench-peers", "-q", str(qos)]
    tool = Tool(NATIVE_WARM_S, seconds)
    consumer = tool.start(["mosquitto_sub", *where, "-F", "x"], count=True)
    time.sleep(0.3)  # Subscribed by then.
    tool.feeder = subprocess.Popen(["yes", "x" * size], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    tool.start(["mosquitto_pub", *where, "-l"], stdin=tool.feeder.stdout)
    tool.counter = lambda: [(moment, total // 2) for moment, total in consumer.counted]
    return tool
