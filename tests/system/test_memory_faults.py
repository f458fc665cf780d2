"""The memory broker does known wrong to known messages; a whole run must find exactly that, no more and no less."""

import bed
from bed import check, contains, same, test, truth

# One topic of one partition and one producer: the n-th message of a partition is the n-th of its stream.
ONE = "{ topics: 1, producers: 1, consumers: 1 }"
SENT = 2000
COUNTED = "attained >= 1%"  # Beside others; implied is 99 %, which is 20 ms of these phases.
LOADED = ["{ name: steady, rate: 1k/s, for: 2s }", "{ name: drain, rate: none, until: drained, for: 2s }"]


def run(options, code, *arguments, phases=None, **blocks):
    folder = bed.new_path("run")
    targets = f"  - backend: memory\n    options: {{ {options} }}\n"
    blocks = {"topology": ONE, **({} if phases else {"objectives": f"[ {COUNTED} ]"}), **blocks}
    path = bed.scenario(targets, phases or LOADED, **blocks)
    program = bed.millrace("run", path, "--out", folder, "--agents", "1", *arguments, code=code)
    result = bed.result_of(folder)
    bed.audit_holds(result)
    same(result["exit_code"], code, "exit_code")
    return result, program


_side_by_side = bed.Together()


def counted(name):
    """A test that counts only: several can go on at once without disturbing each other."""

    def take(function):
        _side_by_side.add(name, function)
        test(name)(lambda: _side_by_side.outcome(name))
        return function

    return take


def counts(result, **wanted):
    case = bed.case_of(result, "memory")
    expected = {
        "sent": SENT, "acked": SENT, "refused": 0, "unconfirmed": 0, "lost": 0, "duplicated": 0, "reordered": 0,
        "corrupted": 0, "expired": 0, "unaccounted": 0, "unexpected": 0, "errors": 0,
    }  # fmt: skip
    expected.update(wanted)
    same({word: bed.total(case, word) for word in expected}, expected, "delivery")


@counted("every hundredth message lost is 20 of 2000 lost, and the run fails for it")
def lose():
    result, program = run("lose_every: 100", 1)
    counts(result, lost=20)
    same([(one["code"], one["case"]) for one in result["reasons"]], [("lost", "memory")], "reasons")
    contains(program.out, "FAIL - lost == 0: 20 of 2000 messages (memory)", "the summary")


@counted("every fiftieth message doubled is 40 duplicates, and nothing else")
def duplicate():
    result, _ = run("duplicate_every: 50", 0)
    counts(result, duplicated=40, received=SENT)


@counted("every 41st message late is 48 out of order, and nothing else")
def reorder():
    # The last message of all has no next one to go before it, and keeps its place: 2000 / 40 would be one too many.
    result, _ = run("reorder_every: 41", 0)
    counts(result, reordered=SENT // 41, received=SENT)


@counted("every fortieth message damaged is 50 corrupted, and those are lost too")
def corrupt():
    result, _ = run("corrupt_every: 40", 1)
    counts(result, corrupted=50, lost=50, received=SENT - 50)
    same(sorted(one["code"] for one in result["reasons"]), ["corrupted", "lost"], "reasons")


@counted("every thirtieth message refused is 66 refused, more than is allowed in silence, and nobody waits for those")
def refuse():
    result, program = run("refuse_every: 30", 1)
    contains(program.out, "FAIL - refused + unconfirmed + errors <= 0.1%: 66 of 2000 refused", "the summary")
    counts(result, refused=66, acked=SENT - 66, expected=SENT - 66, received=SENT - 66)


@counted("refusals that the scenario allows by an objective of its own pass")
def refuse_allowed():
    result, _ = run("refuse_every: 30", 0, objectives=f"[ refused < 100, {COUNTED} ]")
    counts(result, refused=66, acked=SENT - 66, expected=SENT - 66, received=SENT - 66)


@counted("a broker that refuses every message fails the run, with consumers and without, whatever is allowed")
def refuse_all():
    for topology in (ONE, "{ topics: 1, producers: 1, consumers: 0 }"):
        result, program = run("refuse_every: 1", 1, topology=topology)
        counts(result, refused=SENT, acked=0, expected=0, received=0)
        contains(program.out, "2000 of 2000 refused", "the summary")
    result, _ = run("refuse_every: 1", 1, topology=topology, objectives=f"[ refused <= 2000, {COUNTED} ]")
    same([one["code"] for one in result["reasons"]], ["no_samples"], "reasons")


@counted("without confirms a lost message fails the run as well, unless the scenario allows some")
def lose_unconfirmed():
    result, program = run("lose_every: 100", 1, delivery="{ publish_ack: none }")
    counts(result, lost=20)
    contains(program.out, "FAIL - lost == 0: 20 of 2000 messages (memory)", "the summary")
    run("lose_every: 100", 0, delivery="{ publish_ack: none }", objectives=f"[ lost < 50, {COUNTED} ]")


@counted("all faults at once, with two subscriptions, are told apart")
def all_at_once():
    topology = "{ topics: 1, producers: 1, subscriptions: 2, consumers: 1 }"
    result, _ = run("lose_every: 100, duplicate_every: 50, corrupt_every: 40, refuse_every: 30", 1, topology=topology)
    acked = SENT - SENT // 30
    numbers = range(1, acked + 1)
    lost = {n for n in numbers if n % 100 == 0}
    corrupted = {n for n in numbers if n % 40 == 0} - lost
    doubled = {n for n in numbers if n % 50 == 0} - lost - corrupted
    counts(
        result, refused=SENT // 30, acked=acked, expected=2 * acked, lost=2 * len(lost | corrupted),
        corrupted=2 * len(corrupted), duplicated=2 * len(doubled),
    )  # fmt: skip
    told = f"{2 * len(lost | corrupted)}, {2 * len(corrupted)}, {2 * len(doubled)}, {SENT // 30}"
    truth("a whole run over a broker that loses, damages, doubles and refuses known messages", "exactly", told)


@test("a frozen broker makes messages wait: the figures from the intended time tell it, the others don't")
def frozen():
    # The topics are made before the agents are told to start, 0.4 s ahead: the outage begins within the load.
    phases = ["{ name: steady, rate: 500/s, for: 4s }", "{ name: drain, rate: none, until: drained, for: 5s }"]
    result, _ = run("outage: frozen, outage_after: 2s, outage_for: 1s", 0, phases=phases, delivery="{ in_flight: 10 }")
    counts(result)
    steady = bed.phase_of(bed.case_of(result, "memory"), "steady")["latency_ns"]
    check(steady["e2e"]["p90"] > 300e6, f"response p90 hides the outage: {steady['e2e']}")
    check(900e6 < steady["e2e"]["max"] < 2e9, f"the longest wait was not the outage's second: {steady['e2e']}")
    # Ten messages were in flight when it froze; all others waited to be sent.
    check(steady["e2e_service"]["p99"] < 200e6, f"service p99 counts the wait for the send: {steady['e2e_service']}")
    longest = f"{steady['e2e']['max'] / 1e6:.0f} ms; {steady['e2e_service']['p99'] / 1e6:.1f} ms"
    truth("a whole run over a broker frozen for 1 s: longest response; p99 of service", "0.9 to 2 s; below 200 ms", longest)


@test("a broker that goes away and comes back: the run goes on, errors are counted, the sum holds")
def outage():
    phases = ["{ name: steady, rate: 500/s, for: 4s }", "{ name: drain, rate: none, until: drained, for: 5s }"]
    # What is on its way when the broker goes stays unconfirmed: at most what may be in flight, which is more than 0.1 %.
    result, program = run(
        "confirm_delay: 10ms, outage_after: 2s, outage_for: 1s", 0, phases=phases, delivery="{ in_flight: 10 }",
        objectives="[ unconfirmed <= 10, errors <= 10 ]",
    )  # fmt: skip
    case = bed.case_of(result, "memory")
    same(bed.total(case, "sent"), SENT, "sent")
    same(bed.total(case, "lost"), 0, "lost")
    check(bed.total(case, "unconfirmed") <= 10, f"unconfirmed: {bed.total(case, 'unconfirmed')}")
    # The producer and the consumer lost their connection, once each.
    check(bed.total(case, "errors") >= 2, f"errors: {bed.total(case, 'errors')}")
    kinds = bed.marks_of(result)
    check("broker down" in kinds and "broker up" in kinds, f"marks: {result['marks']}")
    contains(program.err, "the broker is away", "the progress")
    contains(program.err, "the broker is back", "the progress")
    check(case["trials"][0]["outages"], "no outage in the result")


@test("a broker that stays away longer than on_broker_loss ends the run with exit code 1, which says when and why")
def gone():
    phases = ["{ name: steady, rate: 500/s, for: 30s }"]
    result, program = run("outage_after: 2s, outage_for: 60s", 1, phases=phases, on_broker_loss="2s")
    reason = [one for one in result["reasons"] if one["code"] == "broker_lost"]
    same(len(reason), 1, f"reasons {result['reasons']}")
    bed.matches(reason[0]["text"], r"went away at \d\.\d s and was not back within 2 s", "the reason")
    contains(program.out, "FAIL", "the summary")


@test("a broker that is frozen for good, with its connections open, is away after on_broker_loss")
def frozen_for_good():
    """62 % of the load was never sent, and the run passed with 1.29 ms."""
    phases = ["{ name: steady, rate: 500/s, for: 30s }", "{ name: drain, rate: none, until: drained, for: 5s }"]
    result, program = run("outage: frozen, outage_after: 2s, outage_for: 60s", 1, phases=phases, on_broker_loss="2s")
    reason = [one for one in result["reasons"] if one["code"] == "broker_lost"]
    same(len(reason), 1, f"reasons {result['reasons']}")
    bed.matches(reason[0]["text"], r"went away at \d\.\d s\. It confirmed and delivered nothing for 2 s, though connections stayed open", "the reason")
    contains(program.out, "FAIL", "the summary")
    same([mark for mark in bed.marks_of(result) if mark.startswith("broker")], ["broker down"], "marks: it never came back")


bed.main()
