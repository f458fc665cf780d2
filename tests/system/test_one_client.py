"""One client of many whose connection goes dead, on real brokers: its neighbours are sent and served as ever."""

import struct
import time
from collections import defaultdict

import bed
import bed_relay
from bed import check, same, test

CLIENTS = 25  # Of each role.
RATE = 400
BEFORE_S, DURING_S = 2, 5
TRIES = 3  # A host that stops for a moment stops everybody; one client that is dead does so for a second each time.
LATE_MS_MAX = 100
CALL_MS_MAX = 20


def settled(path):
    """(stream, intended, sent, confirmed) in ns after the start, of each message that was settled."""
    with open(path, "rb") as file:
        check(file.read(40).startswith(b"millrace.trace/1 "), f"{path} is no trace")
        data = file.read()
    left = 0
    for kind, outcome, _, _, stream, low, _, _, *times in struct.iter_unpack("<BBBBIIHHqqq", data):
        if left == 0:
            left = low if kind == 1 else 0
        else:
            left -= 1
            if kind == 2:
                yield stream, outcome, *times


def p99_ms(values):
    values = sorted(values)
    return values[int(len(values) * 0.99)] / 1e6 if values else 0.0


def start(broker, relay, trace, folder):
    backend = bed.backend_of(broker.kind)
    address = broker.address.replace(str(broker.port), str(relay.port))
    # As many Kafka handles as clients, or they share a connection.
    options = {"kafka": "handles: 64, session_timeout: 6s", "rabbitmq": "heartbeat: 2s", "mqtt": "keep_alive: 2s"}[backend]
    path = bed.scenario(
        f'  - {{ backend: {backend}, address: "{address}", options: {{ {options} }} }}\n',
        [
            f"{{ name: before, rate: {RATE}/s, for: {BEFORE_S}s }}",
            f"{{ name: during, rate: {RATE}/s, for: {DURING_S}s }}",
            "{ name: drain, rate: none, until: drained, for: 1s }",
        ],
        topology=f"{{ topics: {CLIENTS}, producers: {CLIENTS}, consumers: {CLIENTS} }}", on_broker_loss="60s",
    )  # fmt: skip
    run = bed.start("run", path, "--out", folder, "--trace", trace)
    run.says("running: ")
    return run


def measure(broker, role, fault):
    """Of the healthy: the lateness that 99 % keep below and the largest, in ms; the longest call; p99s before and during."""
    relay = bed_relay.Relay(broker.port)
    folder, trace = bed.new_path("run"), bed.new_path("trace")
    try:
        run = start(broker, relay, trace, folder)
        time.sleep(BEFORE_S)
        names = relay.names()
        check(len(names) >= 2 * CLIENTS, f"clients that the relay knows: {names}")
        # Producers have the lower numbers.
        names = sorted(names, key=lambda name: int("".join(filter(str.isdigit, name.rsplit("-", 1)[1]))))
        getattr(relay, fault)(names[3] if role == "producer" else names[-3])
        run.wait(120)
    finally:
        relay.close()
    result = bed.result_of(folder)
    bed.audit_holds(result)
    case = result["cases"][0]
    during_ns = case["trials"][0]["phases"][1]["start_ns"]
    messages = defaultdict(list)
    for stream, outcome, intended, sent, confirmed in settled(trace):
        messages[stream].append((intended, sent, confirmed if outcome == 0 else None))
    if role == "producer":
        # The dead one is who was sent least of; all others are healthy.
        del messages[min(messages, key=lambda stream: len(messages[stream]))]
    healthy = [one for of_one in messages.values() for one in of_one]
    check(len(healthy) > RATE * (BEFORE_S + DURING_S) * 0.8, f"{len(healthy)} messages of healthy clients")
    late = [(sent - intended) for intended, sent, _ in healthy if intended >= during_ns]
    publish = [
        p99_ms([confirmed - intended for intended, _, confirmed in healthy if confirmed is not None and (intended >= during_ns) == during])
        for during in (False, True)
    ]
    call = max(phase["latency_ns"]["call"]["max"] for phase in case["phases"] if "call" in phase["latency_ns"])
    driver = max(agent.get("driver_ns_max", 0) for agent in result["agents"])
    return p99_ms(late), max(late) / 1e6, max(call, driver) / 1e6, publish


for kind, faults in {
    "rabbitmq": [("producer", "reset"), ("producer", "silence"), ("consumer", "silence")],
    "mosquitto": [("producer", "reset"), ("consumer", "silence")],
    "kafka": [("producer", "reset"), ("consumer", "silence")],
}.items():
    for role, fault in faults:

        @test(f"one {role} of {2 * CLIENTS} clients is dead ({fault}) on {kind}: nobody else is late", needs=[kind])
        def dead(broker, role=role, fault=fault):
            least = [float("inf")] * 2
            for _ in range(TRIES):
                late, latest, call, publish = measure(broker, role, fault)
                least = [min(least[0], late), min(least[1], call)]
                print(f"# truth: one {role} of {2 * CLIENTS} dead ({fault}) on {broker.kind} | healthy messages late at most "
                      f"{LATE_MS_MAX} ms (p99), calls {CALL_MS_MAX} ms | {late:.1f} ms (largest {latest:.1f}), {call:.1f} ms; "
                      f"publish p99 {publish[0]:.2f} ms before, {publish[1]:.2f} ms during")  # fmt: skip
                if least[0] <= LATE_MS_MAX and least[1] <= CALL_MS_MAX:
                    return
            check(False, f"99 % of healthy messages were sent within {least[0]:.1f} ms, the longest call took {least[1]:.1f} ms")


@test("six flows of one producer and six consumers are closed within their budget though RabbitMQ says no goodbye", needs=["rabbitmq"])
def silent(broker):
    relay = bed_relay.Relay(broker.port)
    folder = bed.new_path("run")
    address = broker.address.replace(str(broker.port), str(relay.port))
    flows = "".join(f"  flow-{i}: {{ rate: 50/s, topology: {{ topics: 1, producers: 1, consumers: 6 }} }}\n" for i in range(6))
    path = bed.scenario(
        f'  - {{ backend: rabbitmq, address: "{address}" }}\n',
        ["{ name: steady, load: 100%, for: 60s }", "{ name: drain, rate: none, until: drained, for: 5s }"],
        flows=flows, on_broker_loss="3s",
    )  # fmt: skip
    try:
        run = bed.start("run", path, "--out", folder)
        run.says("running: ")
        time.sleep(2)
        relay.silence_all()
        began = time.monotonic()
        code = run.wait(90)
        took = time.monotonic() - began
    finally:
        relay.close()
    result = bed.result_of(folder)
    bed.audit_holds(result)
    reasons = {one["code"] for one in result["reasons"]}
    check("broker_lost" in reasons, f"reasons: {result['reasons']}\n{run.err}")
    same(code, 1, f"exit code; it said\n{run.err}\n{run.out}")
    same(bed.total(result["cases"][0], "unaccounted"), 0, "unaccounted: the last snapshots came")
    print(f"# truth: 12 endpoints on a RabbitMQ that is silent | closed side by side | the run ended {took:.1f} s after the silence")


bed.main()
