"""One client of many whose connection goes dead, on real brokers: its neighbours are sent and served as ever."""

import re
import struct
import time
from collections import Counter, defaultdict

import bed
import bed_journal
import bed_relay
from bed import check, same, test

CLIENTS = 25  # Of each role.
RATE = 400
BEFORE_S, DURING_S = 2, 5
EACH = RATE * (BEFORE_S + DURING_S) // CLIENTS
LATE_MS_MAX = 100
CALL_MS_MAX = 20
DEAD = {"producer": 3, "consumer": CLIENTS - 3}  # By its number within its role, which is its topic's and its stream's.
FAULTS = {
    "reset": "its connection is reset, and what it opens is accepted and never read",
    "black_hole": "its connection is silent, and the accept queue is full",
}
SETTLED, RECEIVED = 2, 3
# Kafka's library closes a connection whose requests took three quarters of the drain, as a broker does that has just been
# started: a healthy client would then have to connect again, and find what the dead one finds.
DRAIN_S = {"kafka": 6, "rabbitmq": 1, "mqtt": 1}
# When the relay relents, after the load: not before a dead client has given up its messages, as it would be served again.
RELENT_S = {"kafka": 6.5, "rabbitmq": 0.5, "mqtt": 0.5}
# As many Kafka handles as clients, or they share a connection.
OPTIONS = {"kafka": "handles: 64, session_timeout: 6s", "rabbitmq": "heartbeat: 1s", "mqtt": "keep_alive: 2s"}


def records(path):
    """(kind, agent, stream, outcome, intended, sent, at), times in ns after the start, of each message that was settled or
    received."""
    with open(path, "rb") as file:
        check(file.read(40).startswith(b"millrace.trace/1 "), f"{path} is no trace")
        data = file.read()
    left = agent = 0
    for kind, outcome, _, _, stream, low, _, number, *times in struct.iter_unpack("<BBBBIIHHqqq", data):
        if left == 0:
            left, agent = (low, number) if kind == 1 else (0, 0)
        else:
            left -= 1
            yield kind, agent, stream, outcome, *times


def p99_ms(values):
    values = sorted(values)
    return values[int(len(values) * 0.99)] / 1e6 if values else 0.0


def scenario(broker, relay):
    backend = bed.backend_of(broker.kind)
    address = broker.address.replace(str(broker.port), str(relay.port))
    return bed.scenario(
        f'  - {{ backend: {backend}, address: "{address}", options: {{ {OPTIONS[backend]} }} }}\n',
        [
            f"{{ name: before, rate: {RATE}/s, for: {BEFORE_S}s }}",
            f"{{ name: during, rate: {RATE}/s, for: {DURING_S}s }}",
            f"{{ name: drain, rate: none, until: drained, for: {DRAIN_S[backend]}s }}",
        ],
        topology=f"{{ topics: {CLIENTS}, producers: {CLIENTS}, consumers: {CLIENTS} }}", on_broker_loss="60s",
    )  # fmt: skip


def name_of(names, role):
    """Of the client to go dead. The look before the run had clients of low numbers, too; Kafka's stay for a while."""
    wanted = DEAD[role] + (CLIENTS if role == "consumer" else 0)  # Producers have the lower numbers.
    kinds = Counter(name.rsplit("-", 1)[0] for name in names)
    found = [name for name in names if re.fullmatch(rf"c?{wanted}", name.rsplit("-", 1)[1])]
    check(len(names) >= 2 * CLIENTS and found, f"clients that the relay knows: {names}")
    return max(found, key=lambda name: kinds[name.rsplit("-", 1)[0]])


class Run:
    """A run in which one client goes dead, and what became of the messages of all of them."""

    def __init__(self, broker, role, fault):
        relay = bed_relay.Relay(broker.port)
        folder, trace = bed.new_path("run"), bed.new_path("trace")
        try:
            run = bed.start("run", scenario(broker, relay), "--out", folder, "--trace", trace)
            run.says("running: ")
            time.sleep(BEFORE_S)
            getattr(relay, fault)(name_of(relay.names(), role))
            time.sleep(DURING_S + RELENT_S[bed.backend_of(broker.kind)])
            relay.relent()  # Its topics are to be removed.
            run.wait(120)
        finally:
            relay.close()
        self.result = bed.result_of(folder)
        self.seconds = bed_journal.seconds(f"{folder}/run.bson")
        self.dead = DEAD[role]
        self.during_ns = BEFORE_S * 10**9
        self.settled, self.received = defaultdict(list), defaultdict(list)
        for kind, agent, stream, outcome, *times in records(trace):
            (self.settled if kind == SETTLED else self.received)[stream].append((agent, outcome, *times))

    def healthy(self, role):
        return [stream for stream in range(CLIENTS) if role == "consumer" or stream != self.dead]

    def is_hit(self, role):
        """The trouble came, and to the client that is left out: or neighbours would be excused, and it be judged."""
        if role == "consumer":
            counts = [len(self.received[stream]) for stream in range(CLIENTS)]
            return counts.index(min(counts)) == self.dead and min(counts) < EACH * 0.8
        well = [sum(1 for one in self.settled[stream] if one[1] == 0) for stream in range(CLIENTS)]
        return well.index(min(well)) == self.dead and min(well) < EACH * 0.9

    def lateness(self, role):
        """(found, judged) in ns: the largest, and the largest without what the host took in the seconds of its message."""
        short = {stream: len(self.settled[stream]) for stream in self.healthy(role) if len(self.settled[stream]) != EACH}
        trial = self.result["cases"][0]["trials"][0]
        check(not short, f"{self.dead} is dead, and of {EACH} messages others settled {short}: {trial['outages']} {trial['errors']}")
        found = []
        for stream in self.healthy(role):
            for agent, _, intended, sent, _ in self.settled[stream]:
                span = range(intended // 10**9, sent // 10**9 + 1)
                host = sum(self.seconds[agent][second].host for second in span)
                found.append((sent - intended, sent - intended - host))
        return [max(one) for one in zip(*found)]

    def call(self):
        """Likewise of the longest call into a driver."""
        seconds = [second for of_agent in self.seconds.values() for second in of_agent.values()]
        return max(one.call for one in seconds), max(one.call - one.host for one in seconds)

    def told(self, role):
        """p99 of publishing and of the way to consumers, of the healthy, before and during it, in ms."""
        ways = {"publish": self.settled, "e2e": self.received}
        words = []
        for name, of in ways.items():
            healthy = [one for stream in self.healthy(role) if name == "publish" or stream != self.dead for one in of[stream]]
            took = [
                p99_ms([at - intended for _, outcome, intended, _, at in healthy if outcome == 0 and (intended >= self.during_ns) == during])
                for during in (False, True)
            ]
            words.append(f"{name} p99 {took[0]:.2f} ms before, {took[1]:.2f} ms during it")
        return ", ".join(words)


def ms(found, judged):
    return f"{found / 1e6:.1f} ms ({max(judged, 0) / 1e6:.1f} ms without the host)"


def dead(broker, role, fault):
    run = Run(broker, role, fault)
    bed.audit_holds(run.result)
    check(run.is_hit(role), f"{role} {run.dead} is not the one that was hit")
    late, call = run.lateness(role), run.call()
    found = f"latest {ms(*late)}, call {ms(*call)}; {run.told(role)}"
    check(late[1] <= LATE_MS_MAX * 1e6 and call[1] <= CALL_MS_MAX * 1e6, found)
    bed.truth(f"one {role} of {2 * CLIENTS} dead ({fault}, {broker.kind}): others' latest message, longest driver call",
              f"{LATE_MS_MAX} ms, {CALL_MS_MAX} ms, but for what the host took", found)  # fmt: skip


def add(kind, role, fault):
    name = f"one {role} of {2 * CLIENTS} clients is dead on {kind}, {FAULTS[fault]}: nobody else is late"
    job = lambda: dead(bed.broker(kind), role, fault)
    side_by_side[role, fault].add(kind, job)
    test(name, needs=[kind])(lambda _: job() if bed.sanitized() else side_by_side[role, fault].outcome(kind))


# A run of each broker at the same time: together they take two thirds of two CPUs, with their brokers and relays.
side_by_side = {(role, fault): bed.Together() for role in DEAD for fault in FAULTS}
for one in ["rabbitmq", "mosquitto", "kafka"]:
    for trouble in side_by_side:
        add(one, *trouble)


bed.main()
