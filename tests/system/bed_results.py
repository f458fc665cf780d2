"""What is asked of a result.json: part of bed.py, which has its names too."""

import json

from bed_checks import check, read, same


def _whole(value):
    """Integers beyond 2^53 are text in the file."""
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return value


def result_of(folder):
    return _whole(json.loads(read(folder, "result.json")))


def case_of(result, name):
    for case in result["cases"]:
        if case["name"] == name:
            return case
    raise AssertionError(f"no case {name} in {[case['name'] for case in result['cases']]}")


def rows(case):
    """The phases of a case, all flows together."""
    found = [phase for phase in case["phases"] if phase["flow"] is None]
    check(found, f"case {case['name']} has no phases")
    return found


def phase_of(case, name, flow=None):
    for phase in case["phases"]:
        if phase["name"] == name and phase["flow"] == flow:
            return phase
    raise AssertionError(f"case {case['name']} has no phase {name} of flow {flow}")


def total(case, word):
    return sum(phase["delivery"][word] for phase in rows(case))


def audit_holds(result):
    """The audit's two sums, in every phase of every case, with and without flows, trial by trial too; and of the publish
    latencies, that each is one of a message that was confirmed, or censored."""
    seen = 0
    for case in result["cases"]:
        parts = [case["phases"]] + [trial["phases"] for trial in case.get("trials", [])]
        for phases, phase in [(phases, phase) for phases in parts for phase in phases]:
            d = phase["delivery"]
            where = f"{case['name']} {phase['name']} {phase['flow']}: {d}"
            same(d["acked"] + d["refused"] + d["unconfirmed"], d["sent"], f"sent in {where}")
            same(d["received"] - d["unexpected"] + d["lost"] + d["expired"] + d["unaccounted"], d["expected"], f"expected in {where}")
            # A flow without confirms has none, and is not among those of all flows.
            silent = [one for one in phases if one["name"] == phase["name"] and one["flow"] and "publish" not in one["latency_ns"]]
            acked = d["acked"] - sum(one["delivery"]["acked"] for one in silent if phase["flow"] is None)
            publish = phase["latency_ns"].get("publish", {"samples": acked, "censored": 0})
            same(publish["samples"] - publish["censored"], acked, f"publish latencies in {where}")
            seen += 1
    check(seen > 0, "no phase to audit")


def marks_of(result):
    """What happened: broker_down, agent_lost and so on, in their order."""
    return [mark["mark"] for mark in result["marks"]]
