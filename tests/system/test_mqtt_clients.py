"""MQTT over each of its clients, Millrace's own and paho: the quickstart, what a guarantee costs, a broker that is killed, and what
a result says of the client."""

import os

import bed
from bed import check, contains, same, test
from short_scenarios import SHORT

bed.counts_only()

CLIENTS = ["own", "paho"]
RATE = 500


def measured(*words):
    """A run that may be called busy: what it said, and its result."""
    folder = bed.new_path("run")
    run = bed.start("run", *words, "--out", folder)
    code = run.wait(90)
    check(code in (0, 3), f"exit code {code}; it said\n{run.err}\n{run.out}")
    return " ".join(run.out.split()), bed.result_of(folder), folder


def ready(name, client, broker, settings):
    """A ready scenario, shortened, on that broker by that client: its result."""
    bed.need_driver(f"mqtt/{client}")
    target = bed.write("target.yaml", f'targets:\n  - {{ label: mqtt, backend: mqtt, address: "{broker.address}", options: {{ client: {client} }} }}\n')
    words = [word for setting in [*settings, "calibrate=none"] for word in ["--set", setting]]
    path = os.path.join(bed.SOURCE, "scenarios", f"{name}.yaml")
    said, result, _ = measured(path, "--with", target, "--target", "mqtt", *words)
    bed.audit_holds(result)
    contains(said, f"client {client} (", "the end of the run")
    for case in result["cases"]:
        same((case["backend"], case["client"]), ("mqtt", client), "whose client")
    return result


def quickstart(client, broker):
    result = ready("quickstart", client, broker, [*SHORT["quickstart"], "objectives=[ attained >= 1% ]"])
    case = bed.case_of(result, "mqtt")
    check(bed.total(case, "sent") > 0, "nothing was sent")
    same((bed.total(case, "lost"), bed.total(case, "duplicated"), bed.total(case, "corrupted")), (0, 0, 0), "lost, duplicated, corrupted")
    same(bed.total(case, "received"), bed.total(case, "sent"), "received")


def feature_impact(client, broker):
    result = ready("feature-impact", client, broker, SHORT["feature-impact"])
    available = {case["variant"]: case["status"] for case in result["cases"]}
    same(available, {"baseline": "measured", "acknowledged": "measured", "ordered": "measured", "ttl": "measured", "persistent": "not available"},
         "cases")  # fmt: skip
    for case in result["cases"]:
        if case["status"] == "measured":
            check(bed.total(case, "sent") > 0, f"{case['name']} sent nothing")
            same(bed.total(case, "lost"), 0, f"lost in {case['name']}")


def killed(client, broker):
    """Mosquitto forgets what it held: what was lost is counted, and nothing stays unaccounted for."""
    bed.need_driver(f"mqtt/{client}")
    folder = bed.new_path(f"killed-{client}")
    path = bed.scenario(
        f'  - {{ backend: mqtt, address: "{broker.address}", options: {{ client: {client} }} }}\n',
        [f"{{ name: steady, rate: {RATE}/s, for: 6s }}", "{ name: drain, rate: none, until: drained, for: 5s }"],
        topology="{ topics: 2, producers: 2, consumers: 2 }", on_broker_loss="60s",
    )  # fmt: skip
    run = bed.start("run", path, "--out", folder)
    run.says("running: mqtt")
    broker.kill()
    try:
        run.says("the broker is away")
    finally:
        broker.resume()
    run.wait(90)
    result = bed.result_of(folder)
    case = bed.case_of(result, "mqtt")
    same(case["status"], "measured", f"status; it said\n{run.err}")
    bed.audit_holds(result)
    same(bed.total(case, "unaccounted"), 0, "unaccounted")
    same(bed.total(case, "sent"), RATE * 6, "sent: what was due in the outage is sent after it")
    marks = bed.marks_of(result)
    check("broker down" in marks and "broker up" in marks, f"marks: {result['marks']}\n{run.err}")


def add(client):
    test(f"the quickstart over client {client} gets each message once, and names its client", needs=["mosquitto"])(
        lambda broker: quickstart(client, broker))  # fmt: skip
    test(f"feature-impact over client {client} measures what MQTT has, and loses nothing", needs=["mosquitto"])(
        lambda broker: feature_impact(client, broker))  # fmt: skip
    test(f"Mosquitto killed under client {client}: the audit is exact", needs=[("mosquitto", "--set", f"max_queued_messages={2000 + CLIENTS.index(client)}")])(
        lambda broker: killed(client, broker))  # fmt: skip


for one in CLIENTS:
    add(one)


@test("a result over both clients says that what differs may come from them", needs=["mosquitto"])
def both(mosquitto):
    for client in CLIENTS:
        bed.need_driver(f"mqtt/{client}")
    targets = "".join(f'  - {{ backend: mqtt, label: {client}, address: "{mosquitto.address}", options: {{ client: {client} }} }}\n'
                      for client in CLIENTS)  # fmt: skip
    path = bed.scenario(targets, ["{ name: steady, rate: 200/s, for: 1s }"], compare="{ baseline: paho }")
    said, result, folder = measured(path)
    contains(said, "what differs between them may come from the client, not the broker", "the end of the run")
    contains(bed.read(folder, "report.html"), "Cases differ in what drives their brokers", "the report")
    same([case["client"] for case in result["cases"]], CLIENTS, "clients")


@test("our own client at QoS 2, as fast as it goes: nothing stands still, and nothing is lost", needs=["mosquitto"])
def flat_out(mosquitto):
    """Bug: with 1,024 messages that waited for PUBREL it read nothing more, not the PUBREL either."""
    path = bed.scenario(
        f'  - {{ backend: mqtt, address: "{mosquitto.address}", options: {{ client: own, qos: 2 }} }}\n',
        ["{ name: steady, rate: max, for: 1s }", "{ name: drain, rate: none, until: drained, for: 60s }"],
        topology="{ topics: 1, producers: 2, consumers: 1 }", delivery="{ in_flight: 2000, publish_ack: all, consume_ack: each }", selfcheck="warn",
        objectives="[ lost == 0 ]",
    )  # fmt: skip
    _, result, _ = measured(path)
    case = bed.case_of(result, "mqtt")
    same((bed.total(case, "lost"), bed.total(case, "duplicated")), (0, 0), "lost, duplicated")
    check(bed.total(case, "received") > 1024, "too few to tell")


@test("our own client keeps consumers that are paused for longer than keep_alive, however many", needs=["mosquitto"])
def paused(mosquitto):
    """Bug: a poll made up for one tick of the timer only, so brokers dropped those whose turn did not come."""
    path = bed.scenario(
        f'  - {{ backend: mqtt, address: "{mosquitto.address}", options: {{ client: own, keep_alive: 4s }} }}\n',
        ["{ name: steady, rate: 100/s, for: 10s, consume: { paused: true } }", "{ name: drain, rate: none, until: drained, for: 60s }"],
        topology="{ topics: 10, producers: 10, consumers: 800 }", selfcheck="warn",
    )  # fmt: skip
    _, result, _ = measured(path)
    case = bed.case_of(result, "mqtt")
    same((bed.total(case, "lost"), bed.total(case, "errors"), bed.total(case, "received")), (0, 0, 1000), "lost, errors, received")


@test("an agent without a client is told of before any load", needs=["mosquitto"])
def lacking(mosquitto):
    lacked = [client for client in CLIENTS if not bed.built(f"mqtt/{client}")]
    if not lacked:
        raise bed.Skip("this build has both clients")
    path = bed.scenario(f'  - {{ backend: mqtt, address: "{mosquitto.address}", options: {{ client: {lacked[0]} }} }}\n')
    contains(" ".join(bed.millrace("run", path, code=4).out.split()), f"was built without the mqtt/{lacked[0]} backend", "the run")


bed.main()
