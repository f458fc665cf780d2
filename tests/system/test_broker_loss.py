"""Real brokers that are killed under load, or take no more: the run goes on or ends in order, and the audit's sum holds."""

import contextlib
import os
import signal
import time

import bed
import bed_relay
from bed import check, contains, matches, read, same, test

RATE = 200


def start(kind, broker, *, seconds, on_broker_loss, drain_s=60, options="{}", **blocks):
    folder = bed.new_path(kind)
    backend = bed.backend_of(kind)
    # Kafka keeps a dead consumer's group until its session is over; clean has to wait for it.
    options = "{ session_timeout: 6s }" if kind == "kafka" else options
    path = bed.scenario(
        f'  - {{ backend: {backend}, address: "{broker.address}", options: {options} }}\n',
        [
            f"{{ name: steady, rate: {RATE}/s, for: {seconds}s }}",
            f"{{ name: drain, rate: none, until: drained, for: {drain_s}s }}",
        ],
        name=kind, topology="{ topics: 2, producers: 2, consumers: 2 }", on_broker_loss=on_broker_loss, **blocks,
    )  # fmt: skip
    run = bed.start("run", path, "--out", folder)
    run.says(f"running: {backend}")
    time.sleep(2)  # Into the load; what happens then does not depend on when.
    return run, folder, backend


def down_and_up(kind, broker):
    """Killed for two seconds in mid-run."""
    # Mosquitto forgets what it held, and a drain waits for that in vain. The others may take minutes to be back, where a host has
    # little CPU to give.
    run, folder, backend = start(kind, broker, seconds=8, on_broker_loss="200s", drain_s=200 if kind != "mosquitto" else 20)
    broker.kill()
    try:
        run.says("the broker is away")
        time.sleep(1)
    finally:
        broker.resume()
    code = run.wait(240)
    result = bed.result_of(folder)
    case = bed.case_of(result, backend)
    same(case["status"], "measured", f"status; it said\n{run.err}")
    bed.audit_holds(result)
    same(bed.total(case, "unaccounted"), 0, "unaccounted")
    sent = bed.total(case, "sent")
    same(sent, RATE * 8, "sent: what was due in the outage is sent after it")
    check(bed.total(case, "errors") > 0, "no error was counted")
    marks = bed.marks_of(result)
    check("broker down" in marks and "broker up" in marks, f"marks: {result['marks']}\n{run.err}")
    check(marks.index("broker down") < marks.index("broker up"), f"marks: {marks}")
    check(case["trials"][0]["outages"], "no outage in the result")
    # Whether something was lost is the broker's matter; that the exit code says what it was away for is ours.
    if kind == "kafka":
        same(bed.total(case, "lost"), 0, "lost: its log outlives a kill")
    same(code, 1, f"exit code with {bed.total(case, 'lost')} lost; it said\n{run.err}\n{run.out}")
    missed = [one["text"] for one in result["objectives"] if one["met"] is False]
    check("attained >= 99%" in missed or "refused + unconfirmed + errors <= 0.1%" in missed, f"missed: {missed}")
    contains(" ".join(run.out.split()), "broker away for ", "the summary")
    same(broker.topics(), [], "topics left")


def stays_away(kind, broker):
    """Killed and not resumed until the run has given up."""
    run, folder, backend = start(kind, broker, seconds=120, on_broker_loss="3s")
    broker.kill()
    began = time.monotonic()
    try:
        code = run.wait(60)
        took = time.monotonic() - began
    finally:
        broker.resume()
    same(code, 1, f"exit code; it said\n{run.err}\n{run.out}")
    result = bed.result_of(folder)
    bed.audit_holds(result)
    reasons = {one["code"]: one for one in result["reasons"]}
    check("broker_lost" in reasons, f"reasons: {result['reasons']}")
    same(reasons["broker_lost"]["case"], backend, "case of the reason")
    matches(reasons["broker_lost"]["text"], r"the broker went away at \d+\.\d s and was not back within 3 s", "the reason")
    contains(run.out, "FAIL", "the summary")
    contains(run.out, "went away", "the summary")
    # 3 s it may be away; then clients are closed and topics given up, each within its deadline.
    check(took < 45, f"it took {took:.0f} s to end")
    check(bed.total(bed.case_of(result, backend), "sent") > 0, "what was measured before is gone")
    # What could not be removed is what clean is for.
    bed.millrace("clean", f"{backend}={broker.address}")
    same(broker.topics(), [], "topics left after clean")


NAMES = {"rabbitmq": "RabbitMQ", "kafka": "Kafka", "mosquitto": "Mosquitto"}
_back = bed.Together()
_gone = bed.Together()


def add(kind):
    """Two tests of a broker; those of the three brokers go on side by side."""
    _back.add(kind, lambda: down_and_up(kind, bed.broker(kind)))
    _gone.add(kind, lambda: stays_away(kind, bed.broker(kind)))
    test(f"{NAMES[kind]} killed and back in mid-run: the run goes on and the audit's sum holds", needs=[kind])(lambda *_: _back.outcome(kind))
    test(f"{NAMES[kind]} that stays away too long ends the run with exit code 1, which says when and why", needs=[kind])(lambda *_: _gone.outcome(kind))


for one in NAMES:
    add(one)


@test("Mosquitto killed under QoS 0: what was lost fails the run, and its summary leads with it", needs=["mosquitto"])
def killed_without_confirms(broker):
    """A run that said PASS, and 1745 lost."""
    run, folder, _ = start("mosquitto", broker, seconds=5, on_broker_loss="60s", drain_s=3, delivery="{ publish_ack: none }")
    broker.kill()
    try:
        run.says("the broker is away")
    finally:
        broker.resume()
    run.ends(1, 90)
    result = bed.result_of(folder)
    bed.audit_holds(result)
    row = [one for one in result["objectives"] if one["text"] == "lost == 0"][0]
    lost = bed.total(bed.case_of(result, "mqtt"), "lost")
    same((row["met"], row["observed"]), (lost == 0, lost), "the objective about loss")
    if lost:
        contains(run.out, "FAIL - lost == 0: ", "the summary leads with what was lost")


@test("a queue of RabbitMQ that rejects 96 % of what it is sent fails the run", needs=["rabbitmq"])
def rejects(broker):
    broker.ask("ctl", "set_policy", "full", "^millrace-", '{"max-length":20,"overflow":"reject-publish"}', "--apply-to", "queues")
    folder = bed.new_path("rejects")
    path = bed.scenario(
        f'  - {{ backend: rabbitmq, address: "{broker.address}", options: {{ prefetch: 1 }} }}\n',
        ["{ name: steady, rate: 250/s, for: 2s, consume: { paused: true } }", "{ name: drain, rate: none, until: drained, for: 5s }"],
        topology="{ topics: 1, producers: 1, consumers: 1 }", delivery="{ consume_ack: each }",
    )  # fmt: skip
    try:
        run = bed.millrace("run", path, "--out", folder, code=1)
    finally:
        broker.ask("ctl", "clear_policy", "full")
    case = bed.case_of(bed.result_of(folder), "rabbitmq")
    refused = bed.total(case, "refused")
    check(refused >= 0.9 * bed.total(case, "sent"), f"{refused} of {bed.total(case, 'sent')} refused")
    matches(run.out, rf"FAIL - refused \+ unconfirmed \+ errors <= 0\.1%: {refused} of 500 refused", "the summary")


@test("RabbitMQ whose memory alarm is raised and kept fails the run: it held back what was due", needs=["rabbitmq"])
def alarm(broker):
    run, folder, _ = start("rabbitmq", broker, seconds=20, on_broker_loss="60s", drain_s=3)  # On a busy host asking takes long.
    broker.ask("ctl", "set_vm_memory_high_watermark", "0.000001")
    try:
        run.says("rabbitmq drain|closing: rabbitmq", 60)
    finally:
        broker.ask("ctl", "set_vm_memory_high_watermark", "0.4")
    run.ends(1, 90)
    result = bed.result_of(folder)
    bed.audit_holds(result)
    row = [one for one in result["objectives"] if one["text"] == "attained >= 99%"][0]
    same(row["met"], False, f"the objective about the load: {row}")
    check(row["observed"] < 0.9 and "because the broker slowed down the producers" in row["reason"], f"why: {row}")


def process_of(broker):
    """RabbitMQ's names the Erlang machine, which is not the process that was started."""
    folder = broker.folder() if broker.kind == "rabbitmq" else os.path.dirname(broker.folder())
    return int(read(folder, f"{broker.kind}.pid").split()[0])


@contextlib.contextmanager
def frozen(broker):
    """Its process stands still, with its connections open."""
    pid = process_of(broker)
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def reason_of(result, code):
    found = [one for one in result["reasons"] if one["code"] == code]
    same(len(found), 1, f"reasons of code {code} in {result['reasons']}")
    return found[0]["text"]


def silent_since(result, words=""):
    """That the run failed by a silent broker, within a few seconds; what it did before stands in the result."""
    bed.audit_holds(result)
    case = result["cases"][0]
    matches(
        reason_of(result, "broker_lost"),
        r"the broker went away at \d+\.\d s\. It confirmed and delivered nothing for 3 s, though connections stayed open" + words,
        "the reason",
    )
    steady = bed.phase_of(case, "steady")
    outages = [one for one in case["trials"][0]["outages"] if one["kind"] == "broker"]
    same(len(outages), 1, f"outages: {case['trials'][0]['outages']}")
    noticed_s = (steady["start_ns"] + steady["duration_ns"] - outages[0]["down_ns"]) / 1e9
    check(3 <= noticed_s < 15, f"noticed after {noticed_s:.1f} s, with on_broker_loss 3 s")
    check(bed.total(case, "sent") > 0, "what was measured before is gone")
    check("broker up" not in bed.marks_of(result), f"it never came back: {result['marks']}")


def falls_silent(kind, broker, **blocks):
    """Frozen: no connection breaks, and nothing comes any more."""
    run, folder, _ = start(kind, broker, seconds=120, on_broker_loss="3s", **blocks)
    with frozen(broker):
        run.says("the broker went away")
        run.ends(1, 90)
    silent_since(bed.result_of(folder))
    bed.millrace("clean", f"{bed.backend_of(kind)}={broker.address}")


def raises_alarm(broker):
    """A RabbitMQ that is low on memory blocks whoever publishes, and says so to clients that listen."""
    run, folder, _ = start("rabbitmq", broker, seconds=120, on_broker_loss="3s")
    broker.ask("ctl", "set_vm_memory_high_watermark", "0.00001")
    try:
        run.says("the broker says: blocked: low on memory")
        run.ends(1, 90)
    finally:
        broker.ask("ctl", "set_vm_memory_high_watermark", "0.4")
    result = bed.result_of(folder)
    silent_since(result, "; it said: blocked: low on memory")
    notices = result["cases"][0]["trials"][0]["notices"]
    same([one["text"] for one in notices], ["blocked: low on memory"], "what the broker said")
    check(0 < notices[0]["first_ns"] <= notices[0]["last_ns"], f"its times: {notices}")
    check("the broker says" in bed.marks_of(result), f"marks: {result['marks']}")
    contains(read(folder, "report.html"), "blocked: low on memory", "the report")
    contains(run.out, "blocked: low on memory", "the summary")
    bed.millrace("clean", f"rabbitmq={broker.address}")


def closes_in_turn(broker):
    """A Mosquitto that closes each client whose message is too large. Millrace's own client would not send it such a message."""
    bed.need_driver("mqtt/paho")
    run, folder, _ = start(
        "mosquitto", broker, seconds=8, on_broker_loss="3s", drain_s=3, options="{ client: paho }",
        message="{ size: { mix: [ { size: 256, weight: 99 }, { size: 3000, weight: 1 } ] } }",
    )  # fmt: skip
    # Only now: a limit that the broker tells when it is looked at keeps the run from beginning.
    with open(os.path.join(broker.folder(), "mosquitto.conf"), "a") as settings:
        settings.write("max_packet_size 2000\n")
    broker.kill()
    broker.resume()
    run.ends(1, 90)  # By the messages that were refused or remained unconfirmed.
    result = bed.result_of(folder)
    bed.audit_holds(result)
    case = result["cases"][0]
    check("broker_lost" not in [one["code"] for one in result["reasons"]], f"reasons: {result['reasons']}")
    check(bed.marks_of(result).count("broker down") <= 1, f"away but for its restart: {result['marks']}")
    same(bed.phase_of(case, "steady")["duration_ns"], 8_000_000_000, "the run went on")
    outages = [one for one in case["trials"][0]["outages"] if "the broker disconnected: Packet too large" in one["text"]]
    check(len(outages) >= 2, f"outages: {case['trials'][0]['outages']}")
    for one in outages:
        same(one["kind"], "client", "kind of an outage")
        matches(one["client"], r"producer \d of main", "whose outage it is")
    contains(read(folder, "report.html"), "Packet too large", "the report")
    contains(run.out, "connections of single clients were lost", "the summary")


_silent = bed.Together()


def silent_mosquitto():
    broker = bed.broker("mosquitto")
    falls_silent("mosquitto", broker)
    falls_silent("mosquitto", broker, delivery="{ publish_ack: none }")


def silent_rabbitmq():
    broker = bed.broker("rabbitmq")
    falls_silent("rabbitmq", broker)
    raises_alarm(broker)


def with_own(kind, job):
    """What leaves a broker alone that others have frozen meanwhile."""
    bed.need_driver(bed.backend_of(kind))
    broker = bed.Broker(kind)
    broker.start()
    if broker.address is None:
        raise bed.Skip(broker.reason)
    try:
        job(broker)
    finally:
        broker.stop()


def says_no_goodbye(broker):
    """Six flows of one producer and six consumers, and a connection that passes nothing on."""
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
    bed.truth("12 endpoints on a RabbitMQ that is silent", "closed side by side", f"the run ended {took:.1f} s after the silence")


_silent.add("mosquitto", silent_mosquitto)
_silent.add("rabbitmq", silent_rabbitmq)
_silent.add("closing", lambda: with_own("mosquitto", closes_in_turn))
_silent.add("no goodbye", lambda: with_own("rabbitmq", says_no_goodbye))


@test("a Mosquitto that stands still is away after on_broker_loss, with confirms and without", needs=["mosquitto"])
def mosquitto_stands_still(_):
    """It was waited for until the run's end, and what had come until then passed."""
    _silent.outcome("mosquitto")


@test("a RabbitMQ that stands still, or raises an alarm and keeps it, is away after on_broker_loss and its words are told", needs=["rabbitmq"])
def rabbitmq_stands_still(_):
    """81 of 400 messages a second were sent, and the run passed; the alarm was named nowhere."""
    _silent.outcome("rabbitmq")


@test("a Mosquitto that closes clients in turn is there: each is that client's outage, and the run goes on", needs=["mosquitto"])
def mosquitto_closes_in_turn(_):
    """The run was cut with "the broker went away at 0.8 s", while 94/s arrived."""
    _silent.outcome("closing")


@test("six flows of one producer and six consumers are closed within their budget though RabbitMQ says no goodbye", needs=["rabbitmq"])
def rabbitmq_says_no_goodbye(_):
    _silent.outcome("no goodbye")


@test("a Kafka that throttles a producer says so in the report, with its times", needs=["kafka"])
def throttles(broker):
    broker.ask("quota", "50000")
    try:
        run, folder, _ = start("kafka", broker, seconds=5, on_broker_loss="60s", drain_s=60)
        run.says("the broker says: throttled for .*, as a quota is exceeded")
        run.wait(120)
    finally:
        broker.ask("quota", "1000000000")
    result = bed.result_of(folder)
    bed.audit_holds(result)
    notices = [one for one in result["cases"][0]["trials"][0]["notices"] if "throttled for" in one["text"]]
    check(notices and 0 < notices[0]["first_ns"] <= notices[0]["last_ns"], f"notices: {notices}")
    check("the broker says" in bed.marks_of(result), f"marks: {result['marks']}")
    contains(read(folder, "report.html"), "as a quota is exceeded", "the report")


bed.main()
