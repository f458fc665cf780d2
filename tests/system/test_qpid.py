"""The rabbitmq driver at Qpid Broker-J, which reads AMQP 0-9-1 by code of another house: what Millrace encodes itself is not only
what RabbitMQ happens to take. conformance_qpid has the single calls; here are whole runs."""

import bed
from bed import check, contains, same, test

bed.counts_only()

RATE, SECONDS = 400, 3
CLEAN = ["lost", "duplicated", "corrupted", "reordered", "refused", "unconfirmed", "unaccounted", "unexpected", "errors"]
SMALL_AND_LARGE = "{ size: { mix: [ { size: 64, weight: 90 }, { size: 20KiB, weight: 9 }, { size: 300KiB, weight: 1 } ] } }"
REFUSES = ("qpid", "--set", "queue.behaviourOnUnknownDeclareArgument=FAIL")


def goes_through(broker, name, subscriptions=1, options="{}", **blocks):
    """A run that passes, each message accounted for."""
    path = bed.scenario(
        f'  - {{ backend: rabbitmq, address: "{broker.address}", options: {options} }}\n',
        [f"{{ name: steady, rate: {RATE}/s, for: {SECONDS}s }}", "{ name: drain, rate: none, until: drained, for: 60s }"],
        name=name, topology=f"{{ topics: 2, partitions: 2, subscriptions: {subscriptions}, producers: 3, consumers: 4 }}", selfcheck="warn",
        **blocks,
    )  # fmt: skip
    folder = bed.new_path(name)
    bed.millrace("run", path, "--out", folder)
    result = bed.result_of(folder)
    bed.audit_holds(result)
    case = bed.case_of(result, "rabbitmq")
    same({word: bed.total(case, word) for word in CLEAN}, dict.fromkeys(CLEAN, 0), name)
    same(bed.total(case, "sent"), RATE * SECONDS, f"sent, {name}")
    same(bed.total(case, "received"), subscriptions * RATE * SECONDS, f"received, {name}")
    return case


@test("Qpid: small and large messages in frames of 4 KiB, to two subscriptions, arrive once, whole and in order", needs=["qpid"])
def frames(broker):
    case = goes_through(
        broker, "frames", 2, "{ frame_max: 4KiB, prefetch: 50 }", message=SMALL_AND_LARGE,
        delivery="{ publish_ack: all, consume_ack: { batch: 7 }, ordered: true }",
    )  # fmt: skip
    steady = bed.phase_of(case, "steady")
    same(steady["latency_ns"]["publish"]["samples"], RATE * SECONDS, "confirms that were timed")
    contains(case["broker_version"], "Qpid", "what the broker calls itself")


@test("Qpid: frames of the largest size, a random key each, an ack each, nothing persistent", needs=["qpid"])
def keys(broker):
    goes_through(
        broker, "keys", message="{ size: 40..2000, keys: { count: 100 } }",
        delivery="{ publish_ack: all, consume_ack: each, persistent: false }",
    )  # fmt: skip


@test("Qpid: neither confirms nor acks, in ticks", needs=["qpid"])
def none(broker):
    goes_through(broker, "none", delivery="{ publish_ack: none, consume_ack: none }", pacing="{ coalesce: 2ms }")


@test("Qpid as it is shipped refuses x-queue-type: the run can't be made, and says by which word of its own", needs=[REFUSES])
def refuses(broker):
    path = bed.scenario(f'  - {{ backend: rabbitmq, address: "{broker.address}" }}\n')
    run = bed.start("run", path)
    check(run.wait() not in (0, 1), "a run that could not be made has neither passed nor failed")
    contains(run.out + run.err, "x-queue-type", "the reason")


bed.main()
