"""What Millrace's own MQTT client and Mosquitto say to each other in whole runs, decoded by another's decoder, mqtt-packet: every
packet of both sides is one, answers what it should, and carries what the run meant."""

import base64
import collections
import json
import os
import re
import subprocess

import bed
import bed_delay
from bed import check, same, test

bed.counts_only()

DECODER = os.path.join(bed.SOURCE, "tests", "system", "mqtt_packets.js")
RATE, SECONDS, BYTES, TTL_S, KEEP_ALIVE_S = 100, 1, 200, 30, 1
PACKETS = {
    0: ["connect", "connack", "subscribe", "suback", "publish", "pingreq", "pingresp", "disconnect"],
    1: ["connect", "connack", "subscribe", "suback", "publish", "puback", "pingreq", "pingresp", "disconnect"],
    2: ["connect", "connack", "subscribe", "suback", "publish", "pubrec", "pubrel", "pubcomp", "pingreq", "pingresp", "disconnect"],
}
RUNS = [(version, qos) for version in ("3.1.1", "5") for qos in (0, 1, 2)]
PRODUCERS, CONSUMERS = 2, 3
CONNECT, PUBLISH, PUBACK, PUBREC = 1, 3, 4, 5  # (2.1.2)
CLIENT = re.compile(r"^millrace-\d+-\d+-[0-9a-f]+-0-(\d+)$")  # Of a trial: not of a look. Producers have the first numbers.
TOPIC = re.compile(r"^millrace-[0-9A-Za-z-]+/\d+$")
FILTER = re.compile(r"^millrace-[0-9A-Za-z-]+/(\d+|\+)$")
SHARED = re.compile(r"^\$share/[^/+#]+/(.*)$")


class Connection:
    """A client's, decoded."""

    def __init__(self, decoded):
        for side in ("client", "broker"):
            same((decoded[side]["wrong"], decoded[side]["left"]), (None, 0), f"what mqtt-packet has against the {side}'s bytes, and left of them")
        self.said, self.heard = decoded["client"]["packets"], decoded["broker"]["packets"]
        self.connect = self.said[0]
        number = CLIENT.match(self.connect.get("clientId") or "")
        self.role = number and ("producer" if int(number.group(1)) < PRODUCERS else "consumer")

    def of(self, side, *kinds):
        return [packet for packet in (self.said if side == "client" else self.heard) if packet["cmd"] in kinds]


class Run:
    """One version and quality of service, with two flows' worth of what can be asked: a rest long enough for pings."""

    def __init__(self, broker, version, qos):
        self.version, self.qos = version, qos
        self.relay = bed_delay.Record(broker.port)
        acks = "publish_ack: none, consume_ack: none" if qos == 0 else "publish_ack: all, consume_ack: each"
        ttl = f", ttl: {TTL_S}s" if version == "5" else ""
        self.program = bed.start("run", bed.scenario(
            f'  - {{ backend: mqtt, address: "mqtt://127.0.0.1:{self.relay.port}", '
            f"options: {{ client: own, version: \"{version}\", qos: {max(qos, 1)}, keep_alive: {KEEP_ALIVE_S}s }} }}\n",
            [f"{{ name: steady, rate: {RATE}/s, for: {SECONDS}s }}", "{ name: rest, rate: none, for: 2s }"],
            topology=f"{{ topics: 2, producers: {PRODUCERS}, consumers: {CONSUMERS} }}", message=f"{{ size: {BYTES} }}", delivery=f"{{ {acks}{ttl} }}",
        ), "--out", bed.new_path("run"))  # fmt: skip

    def ends(self):
        """What both sides of each connection said."""
        self.program.ends(0, 60)
        self.relay.close()
        return [(bytes(client), bytes(broker)) for client, broker in self.relay.connections]


def decode(connections):
    record = [{"client": base64.b64encode(a).decode(), "broker": base64.b64encode(b).decode()} for a, b in connections]
    done = subprocess.run(["node", DECODER], input=json.dumps(record), capture_output=True, text=True, timeout=60,
                          env={**os.environ, "MILLRACE_TEST_NPM": bed.NPM}, check=False)  # fmt: skip
    same(done.returncode, 0, f"mqtt_packets.js; it said\n{done.stderr}")
    return json.loads(done.stdout)


def check_session(run, one):
    """What a client says of itself first and last, and what it asks for."""
    connect = one.connect
    same(connect["protocolVersion"], 5 if run.version == "5" else 4, "the protocol's version")
    same((connect["clean"], connect["keepalive"]), (True, KEEP_ALIVE_S), "clean, keepalive")
    check(connect.get("will") is None, "no will is left")
    same([packet["cmd"] for packet in one.heard[:1]], ["connack"], "the broker's first packet")
    same([packet["cmd"] for packet in one.said].count("connect"), 1, "how often a client connects")
    same(one.said[-1]["cmd"], "disconnect", "the client's last packet")
    same(len(one.of("client", "pingreq")), len(one.of("broker", "pingresp")), "pings answered")
    asked, granted = one.of("client", "subscribe"), one.of("broker", "suback")
    same((len(asked), len(granted)), (1, 1) if one.role == "consumer" else (0, 0), f"subscriptions of a {one.role}")
    for packet, answer in zip(asked, granted):
        same(packet["messageId"], answer["messageId"], "the subscription's id")
        same([each["qos"] for each in packet["subscriptions"]], [run.qos] * len(packet["subscriptions"]), "QoS asked for")
        same(answer["granted"], [run.qos] * len(packet["subscriptions"]), "QoS granted")
        for each in packet["subscriptions"]:
            shared = SHARED.match(each["topic"])
            check(FILTER.match(shared.group(1) if shared else each["topic"]), f"filter {each['topic']}")


def check_answers(run, one, side, other):
    """Each PUBLISH of a side is answered as its quality of service wants it, by its id, in order (4.6), and its id is free before
    it is used again."""
    ids = [packet.get("messageId") for packet in one.of(side, "publish")]
    if run.qos == 0:
        same([packet["cmd"] for packet in one.of(other, "puback", "pubrec")], [], "answers at QoS 0")
        return
    check(all(ids), f"a PUBLISH of QoS {run.qos} without an id")
    for kind, who in [("puback", other)] if run.qos == 1 else [("pubrec", other), ("pubrel", side), ("pubcomp", other)]:
        answers = one.of(who, kind)
        same([packet["messageId"] for packet in answers], ids, f"ids of {kind}, by the {who}")
        same({packet.get("reasonCode", 0) for packet in answers} <= {0, 16}, True, f"{kind} takes it")  # 16: nobody subscribed.


def check_messages(run, one, side):
    """Returns (stream, sequence) of each message."""
    found = []
    for packet in one.of(side, "publish"):
        same((packet["qos"], packet["dup"], packet["retain"]), (run.qos, False, False), "QoS, DUP, RETAIN")
        check(TOPIC.match(packet["topic"]), f"topic {packet['topic']}")
        same(packet["payload"]["bytes"], BYTES, "bytes of a payload")
        if run.version == "5":
            left_s = packet["properties"]["messageExpiryInterval"]  # A broker counts down what it keeps (3.3.2.3.3).
            check(left_s == TTL_S or side == "broker" and TTL_S - 20 < left_s < TTL_S, f"message expiry interval {left_s}")
        head = bytes.fromhex(packet["payload"]["head"])
        found.append((int.from_bytes(head[6:10], "little"), int.from_bytes(head[10:16], "little")))
    return found


def check_run(run, connections):
    """connections: decoded. How many packets they are."""
    decoded = [Connection(one) for one in connections]
    clients = [one for one in decoded if one.role]
    same(collections.Counter(one.role for one in clients), {"producer": PRODUCERS, "consumer": CONSUMERS}, "connections of clients")
    same(len({one.connect["clientId"] for one in decoded}), len(decoded), "client ids, each of one connection")
    sent, received = [], []
    for one in clients:
        side, other = ("client", "broker") if one.role == "producer" else ("broker", "client")
        check_session(run, one)
        check_answers(run, one, side, other)
        (sent if one.role == "producer" else received).extend(check_messages(run, one, side))
    same(len(sent), RATE * SECONDS, "messages published")
    for stream in {stream for stream, _ in sent}:
        numbers = [number for of, number in sent if of == stream]
        same(numbers, list(range(len(numbers))), f"numbers of stream {stream}")
    same(sorted(received), sorted(sent), "messages delivered, and those published")
    seen = {packet["cmd"] for one in clients for packet in one.said + one.heard}
    same(seen, set(PACKETS[run.qos]), f"kinds of packets by {run.version} at QoS {run.qos}")
    return sum(len(one.said) + len(one.heard) for one in decoded)


# ---- That the check objects ---------------------------------------------------------------------------------------


def find(said, kind):
    """Where the first packet of that kind begins, and its body."""
    at = 0
    while True:
        body, length, shift = at + 1, 0, 0
        while True:  # The remaining length (1.5.5).
            length |= (said[body] & 127) << shift
            shift, body = shift + 7, body + 1
            if said[body - 1] < 128:
                break
        if said[at] >> 4 == kind:
            return at, body
        at = body + length


def alterations(run, client, broker):
    """Single bits of what a producer and its broker said, each by what it is of: whose bytes, where, and which."""
    connect, publish = find(client, CONNECT)[1], find(client, PUBLISH)
    topic_bytes = int.from_bytes(client[publish[1] : publish[1] + 2], "big")
    behind_topic = publish[1] + 2 + topic_bytes
    payload = behind_topic + (2 if run.qos > 0 else 0) + (1 + client[behind_topic + (2 if run.qos > 0 else 0)] if run.version == "5" else 0)
    found = {
        "the version of a CONNECT": ("client", connect + 6, 1),
        "the keep alive of a CONNECT": ("client", connect + 9, 2),
        "RETAIN of a PUBLISH": ("client", publish[0], 1),
        "the QoS of a PUBLISH": ("client", publish[0], 2),
        "the length of a PUBLISH": ("client", publish[0] + 1, 1),
        "the topic of a PUBLISH": ("client", publish[1] + 2, 1),
        "a message's number": ("client", payload + 10, 64),
        "a message's stream": ("client", payload + 6, 64),
        "the end of all packets": ("client", len(client) - 2, 16),
    }
    if run.qos > 0:
        answer = find(broker, PUBACK if run.qos == 1 else PUBREC)
        found["the identifier of a PUBLISH"] = ("client", behind_topic + 1, 64)
        found["the identifier of an answer"] = ("broker", answer[1] + 1, 64)
        found["the kind of an answer"] = ("broker", answer[0], 32)
    return found


def check_objects(run, said, decoded):
    """A bit that is other than it was said is found, whatever it is of: else the check would hold of anything."""
    index = next(i for i, one in enumerate(decoded) if Connection(one).role == "producer")
    found = alterations(run, *said[index])
    altered = []
    for side, at, bit in found.values():
        sides = [bytearray(one) for one in said[index]]
        sides[side == "broker"][at] ^= bit
        altered.append(sides)
    for what, one in zip(found, decode(altered)):
        try:
            check_run(run, decoded[:index] + [one] + decoded[index + 1 :])
        except AssertionError:
            continue
        raise AssertionError(f"{run.version} at QoS {run.qos}: {what} was altered, and nobody objected")


@test("each packet of runs over Millrace's own client is what another's decoder takes it for, by 3.1.1 and 5 at QoS 0, 1 and 2", needs=["mosquitto"])
def packets(broker):
    bed.need_driver("mqtt/own")
    runs = [Run(broker, version, qos) for version, qos in RUNS]
    counts = []
    for run in runs:
        said = run.ends()
        decoded = decode(said)
        try:
            counts.append(check_run(run, decoded))
        except AssertionError as error:
            raise AssertionError(f"{run.version} at QoS {run.qos}: {error}") from None
        check_objects(run, said, decoded)
    bed.truth("MQTT by Millrace's own client", "mqtt-packet decodes every packet as it was meant", f"{sum(counts)} packets of {len(runs)} runs")


bed.main()
