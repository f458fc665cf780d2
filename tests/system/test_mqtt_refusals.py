"""What Mosquitto refuses to Millrace's own client is told in Mosquitto's terms: a subscription before the load, and messages one by one
while there is load, when the broker comes back with other settings than it was looked at with."""

import os
import time

import bed
from bed import check, matches, same, test

bed.counts_only()

NO_SUBSCRIBE = ("mosquitto", "--acl", "no-subscribe")
RATE, SECONDS = 200, 4
LARGE_BYTES, LIMIT_BYTES = 3000, 2000
AROUND_BYTES = 52  # Of a PUBLISH: fixed header 3, topic 2 + 44, identifier 2, properties 1.
# With none, as it is set for load, Mosquitto 2.0.11 takes each message that it refuses for one too many, and closes the connection.
QUEUED = "max_queued_messages 100000\n"
SIZES = f"{{ size: {{ mix: [ {{ size: 256, weight: 80 }}, {{ size: {LARGE_BYTES}, weight: 20 }} ] }} }}"


def target(broker, version):
    return f'  - {{ backend: mqtt, address: "{broker.address}", options: {{ client: own, version: "{version}" }} }}\n'


@test("a subscription that Mosquitto refuses is told with its filter and the broker's reason, before the load", needs=[NO_SUBSCRIBE])
def subscription(broker):
    bed.need_driver("mqtt/own")
    for version, reason in [("5", "Not authorized"), ("3.1.1", "Failure")]:
        path = bed.scenario(target(broker, version), ["{ name: steady, rate: 100/s, for: 1s }"])
        told = rf"can't open a consumer: .*the broker refuses the subscription to millrace-[\w-]+/\+: {reason}"
        matches(" ".join(bed.millrace("doctor", path, code=4).out.split()), told, f"doctor by {version}")
        folder = bed.new_path("run")
        said = bed.millrace("run", path, "--out", folder, code=4).out
        matches(" ".join(said.split()), told, f"the run by {version}")
        same(sum(flow["sent"] for trial in bed.result_of(folder)["cases"][0]["trials"] for flow in trial.get("flows", [])), 0, "sent")


def rewrite(path, text):
    with open(path, "w") as file:
        file.write(text)


def comes_back_with(broker, settings, reason):
    """A run in whose middle Mosquitto is killed and comes back with further settings. It adds up, and tells of what was refused just
    that reason."""
    bed.need_driver("mqtt/own")
    folder = bed.new_path("run")
    run = bed.start("run", bed.scenario(
        target(broker, "5"),
        [f"{{ name: steady, rate: {RATE}/s, for: {SECONDS}s }}", "{ name: drain, rate: none, until: drained, for: 3s }"],
        topology="{ topics: 2, producers: 2, consumers: 2 }", message=SIZES, on_broker_loss="60s", objectives="[ errors >= 0 ]",
    ), "--out", folder)  # fmt: skip
    path = os.path.join(broker.folder(), "mosquitto.conf")
    before = bed.read(path)
    run.says("running: mqtt")
    time.sleep(1)  # Some are let through.
    rewrite(path, before + settings.replace("DIR", broker.folder()) + QUEUED)
    try:
        broker.kill()
        broker.resume()
        run.wait(60)
    finally:
        rewrite(path, before)
        broker.kill()
        broker.resume()
    result = bed.result_of(folder)
    bed.audit_holds(result)
    case = bed.case_of(result, "mqtt")
    same(case["status"], "measured", f"status; it said\n{run.err}\n{run.out}")
    same((bed.total(case, "sent"), bed.total(case, "unaccounted")), (RATE * SECONDS, 0), "sent, unaccounted")
    # Its end is told by each client once: a refusal is no end.
    errors = {one["text"]: one["count"] for one in case["trials"][0]["errors"]}
    same(errors.pop("the connection broke, without a DISCONNECT", None), 4, f"connections that ended, of {errors}")
    refused = bed.total(case, "refused")
    check(refused > 0, "nothing was refused")
    same(errors, {reason: refused}, "what was told of the messages that were refused")
    check(bed.total(case, "received") > 0, "nothing was let through")
    bed.truth(f"Mosquitto with {settings.split()[0]} while there is load", "each refusal is told in its words", f"{refused} times {reason!r}")


@test("messages that Mosquitto finds too large, and does not say before, are refused in its words, and the others arrive", needs=["mosquitto"])
def too_large(broker):
    comes_back_with(broker, f"message_size_limit {LIMIT_BYTES}\n", "Packet too large")


@test("messages above a Maximum Packet Size that came with a later login are not sent, and told with it", needs=["mosquitto"])
def above_maximum(broker):
    packet_bytes = LARGE_BYTES + AROUND_BYTES
    reason = f"a PUBLISH of {packet_bytes} bytes is more than the broker's Maximum Packet Size of {LIMIT_BYTES}"
    comes_back_with(broker, f"max_packet_size {LIMIT_BYTES}\n", reason)


@test("messages that Mosquitto's access list forbids are refused in its words", needs=["mosquitto"])
def not_authorized(broker):
    rewrite(os.path.join(broker.folder(), "acl"), "topic read #\n")
    comes_back_with(broker, "acl_file DIR/acl\n", "Not authorized")


bed.main()
