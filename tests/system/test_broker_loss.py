"""Real brokers that are killed under load, or take no more: the run goes on or ends in order, and the audit's sum holds."""

import time

import bed
from bed import check, contains, matches, same, test

RATE = 200


def start(kind, broker, *, seconds, on_broker_loss, drain_s=60, **blocks):
    folder = bed.new_path(kind)
    backend = bed.backend_of(kind)
    # Kafka keeps a dead consumer's group until its session is over; clean has to wait for it.
    options = "options: { session_timeout: 6s }" if kind == "kafka" else "options: {}"
    path = bed.scenario(
        f'  - {{ backend: {backend}, address: "{broker.address}", {options} }}\n',
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
    # Mosquitto forgets what it held, and a drain waits for that in vain.
    run, folder, backend = start(kind, broker, seconds=8, on_broker_loss="60s", drain_s=60 if kind != "mosquitto" else 20)
    broker.kill()
    try:
        run.says("the broker is away")
        time.sleep(1)
    finally:
        broker.resume()
    code = run.wait(150)
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
    contains(run.out, "away under load: ", "the summary")
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
    run, folder, _ = start("rabbitmq", broker, seconds=8, on_broker_loss="60s", drain_s=3)
    broker.ask("ctl", "set_vm_memory_high_watermark", "0.000001")
    try:
        run.says("rabbitmq drain", 60)
    finally:
        broker.ask("ctl", "set_vm_memory_high_watermark", "0.4")
    run.ends(1, 90)
    result = bed.result_of(folder)
    bed.audit_holds(result)
    row = [one for one in result["objectives"] if one["text"] == "attained >= 99%"][0]
    same(row["met"], False, f"the objective about the load: {row}")
    check(row["observed"] < 0.9 and "the broker held back the rest" in row["reason"], f"why: {row}")


bed.main()
