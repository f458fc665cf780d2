"""Consumers that take nothing for longer than heartbeats and sessions last."""

import bed
from bed import check, same, test

bed.counts_only()


@test("consumers that are paused beyond heartbeat and session keep their connections and groups", needs=["rabbitmq", "kafka"])
def paused_for_long(rabbitmq, kafka):
    phases = [
        "{ name: build, rate: 100/s, for: 9s, consume: { paused: true } }",
        "{ name: slow, rate: none, for: 3s, consume: { think: 20ms } }",
        "{ name: drain, rate: none, until: drained, for: 20s }",
    ]
    runs = {}
    for broker, option in [(rabbitmq, "heartbeat: 1s"), (kafka, "session_timeout: 6s")]:
        target = f'  - {{ backend: {broker.kind}, address: "{broker.address}", options: {{ {option} }} }}\n'
        path = bed.scenario(target, phases, topology="{ producers: 2, consumers: 2, partitions: 2 }", delivery="{ consume_ack: each }")
        folder = bed.new_path(broker.kind)
        runs[folder] = broker.kind, bed.start("run", path, "--out", folder, "--agents", "1")
    for folder, (name, run) in runs.items():
        run.ends(0)
        result = bed.result_of(folder)
        bed.audit_holds(result)
        case = bed.case_of(result, name)
        same({word: bed.total(case, word) for word in ("sent", "lost", "duplicated", "errors")},
             {"sent": 900, "lost": 0, "duplicated": 0, "errors": 0}, name)  # fmt: skip
        same(bed.phase_of(case, "build")["rates"]["received_per_s"], 0, f"{name}: received while paused")
        # Two consumers that think for 20 ms take 100 in a second, if there is one to take.
        slow = bed.phase_of(case, "slow")["rates"]["received_per_s"]
        check(10 < slow <= 104, f"{name}: {slow}/s with two consumers that think for 20 ms")


bed.main()
