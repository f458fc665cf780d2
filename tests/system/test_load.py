"""What a phase asks for is what is sent, by whatever rule: a ramp's integral, a number of messages, a process."""

import bed
from bed import check, same, test

CLIENTS = "{ topics: 4, producers: 4, consumers: 4 }"


def run(phases, *arguments, agents=2):
    folder = bed.new_path("run")
    path = bed.scenario("memory", phases, topology=CLIENTS)
    bed.millrace("run", path, "--out", folder, "--agents", str(agents), *arguments)
    result = bed.result_of(folder)
    bed.audit_holds(result)
    return bed.case_of(result, "memory")


def asked(phase):
    return phase["rates"]["asked_per_s"] * phase["duration_ns"] / 1e9


@test("a ramp and a curve send their integral, over all producers and agents")
def integral():
    case = run(
        [
            "{ name: up, rate: { from: 500/s, to: 1500/s }, for: 1s }",
            "{ name: day, rate: { curve: { 0h: 1k/s, 12h: 3k/s, 24h: 1k/s }, speed: 86400 }, for: 1s }",
            "{ name: beats, rate: 400/s, for: 1s, arrivals: aligned }",
        ]
    )
    for name, wanted in {"up": 1000, "day": 2000, "beats": 400}.items():
        phase = bed.phase_of(case, name)
        same(phase["delivery"]["sent"], wanted, f"sent in {name}")
        same(round(asked(phase)), wanted, f"asked in {name}")


@test("a number of messages ends its phase on every agent, and the next one starts anew")
def count():
    case = run(
        [
            "{ name: ten, rate: max, messages: 10 }",
            "{ name: many, rate: max, messages: 5001 }",
            "{ name: paced, rate: 1k/s, messages: 303 }",
            "{ name: after, rate: 200/s, for: 1s }",
        ]
    )
    for name, wanted in {"ten": 10, "many": 5001, "paced": 303, "after": 200}.items():
        same(bed.phase_of(case, name)["delivery"]["sent"], wanted, f"sent in {name}")
    for name in ("ten", "many", "paced"):
        phase = bed.phase_of(case, name)
        # All outcomes came within it, so its rate of confirms is its number over its length.
        wanted = phase["delivery"]["sent"] / (phase["duration_ns"] / 1e9)
        check(abs(phase["rates"]["acked_per_s"] / wanted - 1) < 1e-9, f"{name}: {phase['rates']}, wanted {wanted}")
        check(phase["rates"]["received_per_s"] <= wanted * (1 + 1e-9), f"{name}: {phase['rates']}, at most {wanted}")
    # 303 at 1k/s are due within 302 ms, whatever the agents' ticks are.
    check(bed.phase_of(case, "paced")["duration_ns"] >= 302e6, "paced ended before its last message was due")


@test("the same seed sends the same poisson schedule, another seed another one")
def seeds():
    phases = ["{ name: steady, rate: 2k/s, for: 1s, arrivals: poisson }"]
    sent = [bed.total(run(phases, "--seed", seed, agents=1), "sent") for seed in ("7", "7", "8")]
    same(sent[0], sent[1], "sent with the same seed")
    check(sent[0] != sent[2], f"sent {sent}")
    # Six standard deviations of a Poisson count.
    check(all(abs(one - 2000) < 6 * 2000**0.5 for one in sent), f"sent {sent}")


bed.main()
