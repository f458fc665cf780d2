"""What a phase asks for is what is sent, by whatever rule: a ramp's integral, a number of messages, a process."""

import os
import signal
import time

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


@test("a ramp and a curve send their integral, over all producers and agents, also a curve of each minute of a day")
def integral():
    minutes = ", ".join(f"{m}m: {1000 + 2.5 * min(m, 1440 - m)}/s" for m in range(1441))
    case = run(
        [
            "{ name: up, rate: { from: 500/s, to: 1500/s }, for: 1s }",
            "{ name: day, rate: { curve: { 0h: 1k/s, 12h: 3k/s, 24h: 1k/s }, speed: 86400 }, for: 1s }",
            f"{{ name: minutes, rate: {{ curve: {{ {minutes} }}, speed: 86400 }}, for: 1s }}",
            "{ name: beats, rate: 400/s, for: 1s, arrivals: aligned }",
        ]
    )
    for name, wanted in {"up": 1000, "day": 2000, "minutes": 1900, "beats": 400}.items():
        phase = bed.phase_of(case, name)
        same(phase["delivery"]["sent"], wanted, f"sent in {name}")
        same(round(asked(phase)), wanted, f"asked in {name}")


@test("what is later than catch_up allows is skipped, counted and told; without it everything is sent")
def skipped():
    target = "  - { backend: memory, options: { outage: frozen, outage_after: 1s, outage_for: 1s } }\n"
    phases = ["{ name: steady, rate: 500/s, for: 3s, catch_up: 100ms }", "{ name: burst, rate: 500/s, for: 1s }"]
    folder = bed.new_path("run")
    # What was skipped as the broker stood still was not sent: the rate was not held.
    bed.millrace("run", bed.scenario(target, phases, delivery="{ in_flight: 10 }"), "--out", folder, "--agents", "1", code=1)
    result = bed.result_of(folder)
    bed.audit_holds(result)
    steady, burst = (bed.phase_of(bed.case_of(result, "memory"), name) for name in ("steady", "burst"))
    check(300 < steady["skipped"] < 500, f"of the second in which the broker was frozen: {steady}")
    same(steady["delivery"]["sent"] + steady["skipped"], round(asked(steady)), "sent and skipped are what was asked")
    same((burst["skipped"], burst["delivery"]["sent"]), (0, 500), "the phase after it")
    drain = bed.phase_of(bed.case_of(result, "memory"), "drain")
    check(drain["duration_ns"] < 20e9, f"nobody waits for what was skipped: {drain['duration_ns']}")
    told = [insight for insight in result["insights"] if insight["rule"] == "late_skipped"]
    same(len(told), 1, f"insights: {result['insights']}")
    with open(os.path.join(folder, "report.html"), encoding="utf-8") as file:
        check("skipped" in file.read(), "the page has its column")


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
        # All outcomes came within it, so its rate of confirms is its number over its length; where there is a rate, over
        # the time that so many messages take at it: the last of 303 is due after 302 ms, and 303 take 303 ms.
        length_ns = max(phase["duration_ns"], 303e6) if name == "paced" else phase["duration_ns"]
        wanted = phase["delivery"]["sent"] / (length_ns / 1e9)
        check(abs(phase["rates"]["acked_per_s"] / wanted - 1) < 1e-9, f"{name}: {phase['rates']}, wanted {wanted}")
        check(phase["rates"]["received_per_s"] <= wanted * (1 + 1e-9), f"{name}: {phase['rates']}, at most {wanted}")
    # 303 at 1k/s are due within 302 ms, whatever the agents' ticks are.
    check(bed.phase_of(case, "paced")["duration_ns"] >= 302e6, "paced ended before its last message was due")


@test("a phase whose number of messages is not through in its time says so")
def missed():
    folder = bed.new_path("run")
    targets = "  - { backend: memory, options: { confirm_delay: 2s } }\n"
    path = bed.scenario(targets, ["{ name: few, rate: max, messages: 3000, for: 1s }"], delivery="{ in_flight: 1000 }")
    program = bed.millrace("run", path, "--out", folder, code=1)
    result = bed.result_of(folder)
    same(bed.phase_of(bed.case_of(result, "memory"), "few")["delivery"]["sent"], 1000, "sent")
    bed.contains(str(result["reasons"]), "33.33 % of what was to be sent in few was sent in time, as fast as confirms allowed", "reasons")
    wanted = "phase few ended after 1 s, before its 3000 messages of each flow were through"
    same([one["text"] for one in result["marks"]], [wanted], "marks")
    bed.contains(program.err, wanted, "the progress")


@test("paused consumers leave all to the phase after, limited ones keep to their limit")
def consumers():
    case = run(
        [
            "{ name: build, rate: 500/s, for: 2s, consume: { paused: true } }",
            "{ name: limited, rate: none, for: 2s, consume: { rate: 200/s } }",
            "{ name: drain, rate: none, until: drained, for: 10s }",
        ]
    )
    build, limited = bed.phase_of(case, "build"), bed.phase_of(case, "limited")
    same(build["delivery"]["sent"], 1000, "sent")
    same(build["delivery"]["lost"], 0, "lost")
    same(build["rates"]["received_per_s"], 0, "received while paused")
    # The last messages of build were waiting for nothing but the limit: 400 were taken, the rest in the drain.
    check(abs(limited["rates"]["received_per_s"] - 200) <= 5, f"limited: {limited['rates']}")
    check(build["latency_ns"]["e2e"]["min"] > 0, "no message waited")


@test("a run that is interrupted while its consumers are paused is drained all the same")
def interrupted():
    folder = bed.new_path("run")
    path = bed.scenario("memory", ["{ name: build, rate: 500/s, for: 60s, consume: { paused: true } }"], topology=CLIENTS)
    program = bed.start("run", path, "--out", folder)
    program.says("running: memory")
    time.sleep(1.5)  # Long enough for something to have been sent; more or less changes nothing.
    program.signal(signal.SIGINT)
    program.ends(130)
    result = bed.result_of(folder)
    case = bed.case_of(result, "memory")
    check(bed.total(case, "sent") > 0, "nothing was sent")
    same(bed.total(case, "lost"), 0, "lost")


@test("the same seed sends the same poisson schedule, another seed another one")
def seeds():
    phases = ["{ name: steady, rate: 2k/s, for: 1s, arrivals: poisson }"]
    sent = [bed.total(run(phases, "--seed", seed, agents=1), "sent") for seed in ("7", "7", "8")]
    same(sent[0], sent[1], "sent with the same seed")
    check(sent[0] != sent[2], f"sent {sent}")
    # Six standard deviations of a Poisson count.
    check(all(abs(one - 2000) < 6 * 2000**0.5 for one in sent), f"sent {sent}")


@test("the memory of clients and of messages in flight stands in the result, the page and the summary")
def memory():
    folder = bed.new_path("run")
    path = bed.scenario(
        "  - { backend: memory, options: { confirm_delay: 2s } }\n",
        ["{ name: full, rate: max, for: 3s }"],
        topology="{ topics: 8, producers: 200, consumers: 8 }",
        delivery="{ in_flight: 100 }",
    )
    bed.millrace("run", path, "--out", folder, "--agents", "2")
    rows = bed.case_of(bed.result_of(folder), "memory")["trials"][0]["memory"]
    same(sorted(row["agent"] for row in rows), ["agent-1", "agent-2"], "agents")
    same(sum(row["clients"] for row in rows), 208, "clients")
    for row in rows:
        check(0 < row["before_bytes"] <= row["opened_bytes"] <= row["max_bytes"], f"order: {row}")
        check(row["in_flight_max"] == 10000, f"a full window of 100 producers: {row}")
        check(row["per_in_flight_bytes"] > 0, f"per message: {row}")
    for name in ("report.html", "summary.md"):
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            check("Memory of the agents" in file.read(), f"{name} shows it")


@test("1,024 phases run one after the other, with 1,023 objectives; the report stays readable")
def many_phases():
    phases = [f"{{ name: p{i}, rate: 500/s, for: 8ms }}" for i in range(1024)]
    objectives = ["attained >= 0%"] + [f"{{ that: e2e.max < 1h, in: p{i} }}" for i in range(1023)]
    path = bed.scenario(phases=phases, selfcheck="warn", objectives="".join(f"  - {one}\n" for one in objectives))
    folder = bed.new_path("run")
    program = bed.millrace("run", path, "--out", folder)
    case = bed.case_of(bed.result_of(folder), "memory")
    same(len([phase for phase in case["phases"] if phase["name"].startswith("p")]), 1024, "phases")
    same(bed.total(case, "sent"), 4096, "sent")
    bed.contains(program.out, "and 1000 more phases", "the summary")
    bed.check(len(program.out.splitlines()) < 60, program.out)
    size = os.path.getsize(os.path.join(folder, "report.html"))
    bed.check(size < 1500000, f"report.html has {size} bytes")


bed.main()
