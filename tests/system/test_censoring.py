"""What never came counts: in the response latencies, as long as it was waited for, and no upper limit is met by it."""

import signal

import bed
from bed import check, contains, same, truth

ONE = "{ topics: 1, producers: 1, consumers: 1 }"
FOR_GOOD = "outage: frozen, outage_after: 2s, outage_for: 1h"
LOADED = ["{ name: steady, rate: 500/s, for: 4s }", "{ name: drain, rate: none, until: drained, for: 4s }"]
DUE = 2000

_side_by_side = bed.Together()


def counted(name):
    """What is demanded of times is that they are long: several can go on at once."""

    def take(function):
        _side_by_side.add(name, function)
        bed.test(name)(lambda: _side_by_side.outcome(name))
        return function

    return take


def scenario(options, phases, **blocks):
    targets = f"  - backend: memory\n    options: {{ {options} }}\n"
    # What is demanded holds on a busy host, too.
    return bed.scenario(targets, phases, **{"topology": ONE, "delivery": "{ in_flight: 10 }", "selfcheck": "warn", **blocks})


def run(options, code, phases=None, **blocks):
    folder = bed.new_path("run")
    path = scenario(options, phases or LOADED, **blocks)
    program = bed.millrace("run", path, "--out", folder, "--agents", "1", code=code)
    result = bed.result_of(folder)
    bed.audit_holds(result)
    return result, program


def steady_of(result):
    return bed.phase_of(bed.case_of(result, "memory"), "steady")


def unsent_of(phase, due=DUE):
    return due - phase["delivery"]["sent"] - phase["skipped"]


@counted("a broker that freezes for good: what was never sent was waited for until the drain ended, and no limit is met")
def frozen_for_good():
    result, program = run(FOR_GOOD, 1, objectives="[ e2e.max < 1s, publish.p99 < 1s, e2e.p10 < 1s ]")
    steady = steady_of(result)
    unsent = unsent_of(steady)
    check(unsent > DUE / 4, f"never sent: {unsent}")
    for series in ["publish", "e2e"]:
        figures = steady["latency_ns"][series]
        same((figures["samples"], figures["censored"]), (DUE, unsent), f"{series}: {figures}")
        # Due at 2 s or before, and waited for until the phase and the drain were over.
        check(min(figures["max"], figures["p99"]) > 5e9, f"{series}: {figures}")
        check(figures["at_least"]["p99"] and figures["at_least"]["max"], f"{series}: {figures}")
        check("p50" not in figures["at_least"] or unsent >= DUE / 2, f"{series}: {figures}")
        same(steady["latency_ns"][f"{series}_service"]["censored"], 0, f"service of {series}")
    judged = {one["text"]: one for one in result["objectives"]}
    for text in ["e2e.max < 1s", "publish.p99 < 1s"]:
        same((judged[text]["met"], judged[text]["at_least"]), (False, True), text)
        check(judged[text]["observed"] > 5e9, f"{text}: {judged[text]}")
    same(judged["e2e.p10 < 1s"]["met"], True, "the fastest tenth came")
    contains(program.out, "it was at least", "the summary")
    contains(program.out, "> 6.", "the summary's figures")
    told = f"{steady['latency_ns']['e2e']['censored']} of {DUE} censored; at least {steady['latency_ns']['e2e']['max'] / 1e9:.1f} s"
    truth("a broker frozen for good after 2 of 4 s, with a drain of 4 s: what never came; longest e2e", "all of it; over 5 s", told)


@counted("what a subscription never got counts there, beside what the others got")
def lost():
    topology = "{ topics: 1, producers: 1, subscriptions: 3, consumers: 1 }"
    result, _ = run("lose_every: 100", 1, topology=topology, objectives="[ lost <= 100, e2e.max < 1s ]")
    steady = steady_of(result)
    figures = steady["latency_ns"]["e2e"]
    same(figures["censored"], steady["delivery"]["lost"], "censored")
    same(figures["samples"], 3 * DUE, "samples")
    check(figures["max"] > 4e9, f"waited for until the drain ended: {figures}")
    same(steady["latency_ns"]["publish"]["censored"], 0, "all were confirmed")
    same([one["met"] for one in result["objectives"] if one["text"] == "e2e.max < 1s"], [False], "met")


@counted("as fast as possible, what was sent and never came was waited for since it was sent")
def lost_at_max():
    phases = ["{ name: steady, rate: max, for: 1s }", LOADED[1]]
    result, _ = run("lose_every: 1000", 1, phases, objectives="[ lost >= 0, e2e_service.max < 1s ]")
    steady = steady_of(result)
    figures = steady["latency_ns"]["e2e_service"]
    check(figures["censored"] > 0, f"nothing was lost: {steady['delivery']}")
    same(figures["censored"], steady["delivery"]["lost"], "censored")
    check(figures["max"] > 4e9 and figures["at_least"]["max"], f"waited for until the drain ended: {figures}")
    check("e2e" not in steady["latency_ns"], "nothing was due")


@counted("consumers that are held back to the end: all that they never got was waited for")
def held_back_to_the_end():
    phases = [
        "{ name: steady, rate: 500/s, for: 2s, consume: { paused: true } }",
        "{ name: rest, rate: none, for: 2s, consume: { paused: true } }",
        "{ name: drain, rate: none, until: drained, for: 1s, consume: { rate: 10/s } }",
    ]
    result, _ = run("delay: 0s", 1, phases)
    steady = steady_of(result)
    figures = steady["latency_ns"]["e2e"]
    same((figures["samples"], figures["censored"]), (1000, steady["delivery"]["lost"]), "samples and lost")
    # How many a consumer takes in its last second depends on when it is closed.
    check(steady["delivery"]["lost"] > 20, f"lost: {steady['delivery']}")
    check(figures["min"] > 2e9 and figures["at_least"]["p99"], f"{figures}")
    same(steady["latency_ns"]["publish"]["censored"], 0, "all were confirmed")


@counted("Ctrl-C while a broker is frozen: what was never sent was waited for until then, not until the drain ended")
def interrupted():
    folder = bed.new_path("run")
    phases = ["{ name: steady, rate: 500/s, for: 60s }", LOADED[1]]
    program = bed.start("run", scenario(FOR_GOOD, phases), "--out", folder, "--agents", "1")
    program.says(r"phase=steady [^\n]* sent_per_s=0\.0 ")  # Told each ten seconds, of whichever second was the last one.
    program.signal(signal.SIGINT)
    program.ends(130)
    result = bed.result_of(folder)
    bed.audit_holds(result)
    stopped_ns = [mark["at_ns"] for mark in result["marks"] if mark["mark"] == "interrupted"][0]
    figures = steady_of(result)["latency_ns"]["e2e"]
    check(figures["censored"] > 0, f"{figures}")
    check(1e9 < figures["max"] < stopped_ns, f"stopped at {stopped_ns}: {figures}")


@counted("messages that are skipped have no latency, and a percentile beyond them is nobody's to tell")
def skipped():
    phases = ["{ name: steady, rate: 500/s, for: 4s, catch_up: 200ms }", LOADED[1]]
    options = "outage: frozen, outage_after: 2s, outage_for: 1s"
    objectives = "[ attained >= 10%, e2e.p50 < 1s, e2e.p99 < 1s ]"
    result, _ = run(options, 1, phases, objectives=objectives)
    steady = steady_of(result)
    check(steady["skipped"] > DUE / 100, f"skipped: {steady['skipped']}")
    same(steady["latency_ns"]["e2e"]["censored"], 0, "censored")
    same(steady["latency_ns"]["e2e"]["samples"], DUE - steady["skipped"], "samples")
    judged = {one["text"]: one["met"] for one in result["objectives"]}
    same((judged["e2e.p50 < 1s"], judged["e2e.p99 < 1s"]), (True, False), "met")


bed.main()
