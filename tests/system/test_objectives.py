"""Objectives of a scenario against a memory broker of known latency: met, missed, in windows, and ending a run."""

import csv
import io
import xml.etree.ElementTree

import bed
from bed import check, contains, same, test

SIX = ["{ name: steady, rate: 500/s, for: 6s }"]
LONG = ["{ name: steady, rate: 500/s, for: 120s }", "{ name: drain, rate: none, until: drained, for: 2s }"]
SLOW = "delay: 50ms"


def run(objectives, code, options="delay: 0s", phases=None, **blocks):
    path = bed.scenario(
        f"  - backend: memory\n    options: {{ {options} }}\n",
        phases or SIX,
        objectives="".join(f"  - {one}\n" for one in objectives),
        **blocks,
    )
    program, folder = bed.judged([path, "--agents", "1"], code)
    result = bed.result_of(folder)
    bed.audit_holds(result)
    same(result["exit_code"], code, "exit_code")
    return result, program, folder


def row(result, text, phase=None):
    rows = [one for one in result["objectives"] if one["text"] == text and one["phase"] == phase]
    same(len(rows), 1, f"rows of {text} in {result['objectives']}")
    return rows[0]


@test("objectives that hold: exit code 0, each with what was observed, in the result and in the summary")
def met():
    wanted = ["e2e.p50 < 1s", "{ that: received_rate > 400/s, in: steady }", "{ that: e2e.p90 >= 40ms, window: 2s, within: 60% }", "duplicated == 0"]
    result, _, folder = run(wanted, 0, SLOW)
    same([one["met"] for one in result["objectives"]], [True] * 8, "met")  # Four are implied.
    check(50e6 <= row(result, "e2e.p50 < 1s", "steady")["observed"] < 1e9, f"observed: {result['objectives']}")
    windows = row(result, "e2e.p90 >= 40ms in 60 % of windows of 2 s", "steady")
    same((windows["observed"], windows["limit"], windows["unit"], windows["window_ns"]), (100, 60, "%", 2000000000), "windows")
    contains(bed.read(folder, "summary.md"), "40ms in 60 % of windows of 2 s in steady: 100 %", "summary.md")
    bed.millrace("report", folder, "--format", "json", code=0)
    same(bed.result_of(folder)["objectives"], result["objectives"], "objectives from the archive")


@test("an objective that is missed: exit code 1, the reason has what it was")
def missed():
    result, program, _ = run(["e2e.p50 < 10ms", "e2e.p50 < 10s"], 1, SLOW, ["{ name: steady, rate: 500/s, for: 2s }"])
    same([one["code"] for one in result["reasons"]], ["objective_missed"], "reasons")
    contains(result["reasons"][0]["text"], "e2e.p50 < 10ms was missed in steady: it was 5", "the reason")
    same(row(result, "e2e.p50 < 10s", "steady")["met"], True, "the other one")
    contains(program.out, "FAIL - e2e.p50 < 10ms", "the summary")


@test("windows that do not hold are missed, and a run without abort goes on to its end")
def windows():
    result, _, _ = run(["{ that: e2e.p90 < 10ms, window: 2s, within: 99%, after: 2s }"], 1, SLOW)
    same([one["code"] for one in result["reasons"]], ["objective_missed"], "reasons")
    windows = row(result, "e2e.p90 < 10ms in 99 % of windows of 2 s after 2 s", "steady")
    same((windows["met"], windows["observed"]), (False, 0), "windows")
    contains(windows["reason"], "it held in 0 of 2", "the reason")
    same(bed.total(bed.case_of(result, "memory"), "sent"), 3000, "sent")


@test("abort ends a run of two minutes within seconds: exit code 1, drained, it says when and why")
def abort():
    result, program, _ = run(["{ that: e2e.p90 < 10ms, window: 1s, within: 99%, abort: true }"], 1, SLOW, LONG)
    same([one["code"] for one in result["reasons"]], ["aborted", "objective_missed"], "reasons")
    contains(result["reasons"][0]["text"], "the trial was ended at ", "the reason")
    case = bed.case_of(result, "memory")
    check(0 < bed.total(case, "sent") < 60 * 500, f"sent {bed.total(case, 'sent')}")
    same(bed.total(case, "received"), bed.total(case, "sent"), "received")
    same(row(result, "lost == 0")["met"], True, "nothing is lost by ending")
    check("objective missed" in bed.marks_of(result), f"marks: {result['marks']}")
    contains(program.err, "was missed in steady", "the notice")


@test("a count beyond its limit ends a run that asks for it")
def abort_by_count():
    result, _, _ = run(["{ that: corrupted <= 2, abort: true }", "lost < 100k"], 1, "corrupt_every: 100", LONG)
    same(result["reasons"][0]["code"], "aborted", "the first reason")
    contains(result["reasons"][0]["text"], "corrupted <= 2 was missed: it was ", "the reason")
    same(row(result, "corrupted <= 2")["met"], False, "met")
    check(0 < bed.total(bed.case_of(result, "memory"), "sent") < 60 * 500, "it went on")


@test("an objective of a percentile that lacks samples is missed")
def lacking():
    result, _, _ = run(["e2e.p99.99 < 10s"], 1, phases=["{ name: steady, rate: 100/s, for: 1s }"])
    same([one["code"] for one in result["reasons"]], ["no_samples"], "reasons")


@test("a comparison that gates and has nothing to compare is missed, and shown")
def nothing_to_compare():
    variants = "{ base: {}, silent: { topology.consumers: 0 } }"
    result, program, folder = run(
        ["lost == 0"],
        1,
        phases=["{ name: steady, rate: 100/s, for: 1s }"],
        topology="{ topics: 1, producers: 1, consumers: 1 }",
        repeat="2",
        variants=variants,
        compare="{ baseline: base, worse: { received_rate: 50%, e2e.mean: 1000% } }",
    )
    same([one["code"] for one in result["reasons"]], ["no_samples", "not_compared"], "reasons")
    contains(" ".join(program.out.split()), "received_rate in steady cannot be compared with memory/base: it was 0", "the summary")
    rows = {one["metric"]: one for one in result["comparisons"] if one["gates"]}
    same((rows["received_rate"]["verdict"], rows["received_rate"]["pairs"]), ("inconclusive", 0), "the rate's row")
    same((rows["e2e.mean"]["verdict"], "ratio" in rows["e2e.mean"]), ("not available", False), "the latency's row")
    contains(bed.read(folder, "summary.md"), "not available: there are no samples", "the summary's table")
    bed.millrace("report", folder, "--format", "json", code=1)
    same(bed.result_of(folder)["comparisons"], result["comparisons"], "the comparisons in the report made again")
    bed.millrace("report", folder, "--format", "junit", code=1)
    suite = xml.etree.ElementTree.fromstring(bed.read(folder, "junit.xml"))
    gates = {one.get("name"): one[0] for one in suite.iter("testcase") if " not worse than " in one.get("name")}
    outcomes = {name: (outcome.tag, outcome.get("type"), outcome.get("message")) for name, outcome in gates.items()}
    same(
        outcomes,
        {
            "received_rate in steady not worse than memory/base": ("failure", "no_samples", rows["received_rate"]["reason"]),
            "e2e.mean in steady not worse than memory/base": ("skipped", "n/a", rows["e2e.mean"]["reason"]),
        },
        "the gates as test cases",
    )
    bed.millrace("report", folder, "--format", "csv", code=1)
    table = list(csv.DictReader(io.StringIO(bed.read(folder, "comparisons.csv"))))
    same([(one["metric"], one["verdict"]) for one in table], [(one["metric"], one["verdict"]) for one in result["comparisons"]], "the table")


bed.main()
