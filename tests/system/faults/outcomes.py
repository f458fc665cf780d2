"""What is demanded of every cell, whatever its fault was."""

import os
import re
import signal

import bed
from bed import check, contains, matches, same
from course import DRAIN_S, NAMES, RATE_PER_S, Early
from matrix import GOES_ON, OF_AGENTS

END_S = 90  # For the run to end, from the fault's end on: it has its own deadlines, which are shorter.
GONE_S = 45  # For agents, which give a coordinator up after 30 s.
HOME_S = 15
REDELIVERING = ["kafka"]  # It keeps messages: a consumer that has to begin anew gets them again.
ADMITTED = r"^(lost == 0|refused \+ unconfirmed \+ errors <= 0\.1%) was missed: "  # What a broker that was away can be blamed for.
# And one that only was slow, as a Kafka is to which other tests leave no CPU: it refuses nothing, and loses nothing where
# the drain came to its end.
SLOW = r"^refused \+ unconfirmed \+ errors <= 0\.1% was missed: 0 of \d+ refused, \d+ unconfirmed, \d+ errors in "


def _is_slow(course, code):
    """No fault of these cells makes a run fail that has a verdict, but for those of brokers: what else does is a slow broker."""
    return code == 1 and course.broker is not None


def _drain_ran_out(course, result):
    """Then what is called lost may be on the broker still."""
    case = bed.case_of(result, course.cell.backend)
    return any(row["duration_ns"] >= DRAIN_S * 1e9 for row in bed.rows(case) if row["name"] == "drain")


def _demand_code(course, code, outcome, said):
    """One of the outcome's; or the verdict of a run whose broker was slow, which has that alone to say."""
    if 0 not in outcome.codes or 1 in outcome.codes or not _is_slow(course, code):
        check(code in outcome.codes, f"exits {code}, wanted one of {outcome.codes}; it said:\n{said}")
        return
    result = bed.result_of(course.folder)
    ran_out = _drain_ran_out(course, result)
    if ran_out and outcome.exact:
        raise Early(f"the broker was too slow to tell whether something was lost; the run said:\n{said}")
    check(result["reasons"], f"exits 1 without a reason; it said:\n{said}")
    for reason in result["reasons"]:
        matches(reason["text"], ADMITTED if ran_out else SLOW, "a reason")


def _counts(course, result, outcome):
    """The audit's sums hold, nothing was counted twice, and nothing is there that was never sent."""
    if not any(case["phases"] for case in result["cases"]):
        return
    bed.audit_holds(result)
    case = bed.case_of(result, course.cell.backend)
    planned = int(RATE_PER_S * course.steady_s) * max(1, len(case["trials"]))
    count = lambda word: bed.total(case, word)
    check(count("sent") <= planned, f"sent {count('sent')} of {planned}")
    same(count("corrupted"), 0, "corrupted")
    check(count("unexpected") <= count("refused") + count("unconfirmed"), f"unexpected {count('unexpected')}, and not of those that were not confirmed")
    if course.cell.backend not in REDELIVERING:
        same(count("duplicated"), 0, "duplicated")
    check(count("received") <= count("sent") + count("duplicated"), f"received {count('received')} of {count('sent')}")
    if outcome.exact:
        same((count("sent"), count("lost"), count("unaccounted")), (planned, 0, 0), "sent, lost, unaccounted")
        missing_max = count("unconfirmed") if _is_slow(course, result["exit_code"]) else 0
        check(planned - missing_max <= count("received") <= planned, f"received {count('received')} of {planned}, at most {missing_max} may be missing")


def _agrees(course, code):
    """Exit code, result and summary say the same."""
    result = bed.result_of(course.folder)
    same(result["exit_code"], code, "exit code of result.json")
    same(result["verdict"], {0: "pass", 1: "fail", 3: "invalid", 4: "failed", 130: "interrupted"}[code], "verdict")
    return result


def _names(course, result, code):
    """Who was lost is named, in the result and on the page."""
    if course.cell.fault not in OF_AGENTS or code != 4:
        return
    if re.search("agents (came|joined)|its clock could not", result["reasons"][0]["text"]):  # It was none of the run yet.
        return
    lost = {agent["name"]: agent["lost_reason"] for agent in result["agents"] if agent["lost"]}
    same(list(lost), [course.victim], "lost")
    contains(result["reasons"][0]["text"], course.victim, "the first reason")
    for name in ["report.html", "summary.md"]:
        contains(bed.read(course.folder, name), course.victim, name)


def _agents_end(course, code):
    """Agents that are to go go, those that stay wait for the next run; nothing of the run is left on their hosts."""
    for name, program in course.agents.items():
        if program.process.poll() == -signal.SIGKILL:
            continue
        if course.cell.joined == "listen":
            if course.came_late(program):  # It waits for a coordinator for as long as nobody tells it to go.
                program.signal(signal.SIGTERM)
                got = program.wait(HOME_S)
                unbegun = got == -signal.SIGTERM and program.err == ""  # Its first line of code was still to come.
                check(got == 130 or unbegun, f"agent {name}, that found no coordinator, exits {got}:\n{program.err}")
                continue
            got = program.wait(GONE_S)
            check(got in (0, 4), f"agent {name} exits {got}:\n{program.err}")
        else:
            bed.wait_until(lambda one=program: re.search(r"waiting for (the next one|a coordinator)(?!(?s:.*)joined run)", one.err) or not one.running(), lambda one=program: f"{name} waits for the next run; it said\n{one.err}", GONE_S)
            program.signal(signal.SIGTERM)
            same(program.wait(HOME_S), 130, f"exit code of {name}, that was told to go:\n{program.err}")
    pids = getattr(course, "pids_before", [])
    bed.wait_until(lambda: not any(bed.alive(pid) for pid in pids), f"the agents {pids} end", GONE_S)


def _resume(course):
    """A run that was killed is made whole, by the hosts that stay or by other agents."""
    again = bed.start("report", course.folder)
    if again.wait() == 0 and course.cell.stage == "reporting":
        return bed.result_of(course.folder)  # The journal was whole.
    again.ends(4)
    contains(again.out, "INCOMPLETE", "the report of a run that was killed")
    for name in NAMES if course.cell.joined == "hosts" else []:
        if name not in course.agents:
            course.join(name)
    resumed = bed.start("run", "--resume", course.folder, *course.resume_arguments(), env=course.env)
    code = resumed.wait(END_S)
    _demand_code(course, code, GOES_ON, resumed.err + resumed.out)
    return bed.result_of(course.folder)


def _of_the_last_moment(course):
    """What reports may say besides the exit code: they were written before the fault, or the second Ctrl-C left the journal open."""
    if course.cell.fault == "interrupt-twice":
        return [0, 4] if course.cell.stage in ("closing", "reporting") else [4]
    return [0] if course.cell.stage == "reporting" else []


def _audit(course, result):
    """What is not as it would be without the fault."""
    case = next((case for case in result["cases"] if case["name"] == course.cell.backend and case["phases"]), None)
    words = ["refused", "unconfirmed", "lost", "unexpected", "duplicated", "unaccounted", "errors"]
    counts = [f"{bed.total(case, word)} {word}" for word in words if bed.total(case, word) > 0] if case else []
    return ", ".join(counts + sorted(set(bed.marks_of(result))))


def _blames(course, said, result, code):
    """A broker that was away: nothing is missing beside what is admitted, or the run could not be made, and says where."""
    if code == 0:
        case = bed.case_of(result, course.cell.backend)
        same([bed.total(case, word) for word in ("lost", "unconfirmed", "refused")], [0, 0, 0], "lost, unconfirmed and refused of a run that passes")
        same(bed.total(case, "received"), bed.total(case, "sent"), "received of what was sent")
    elif code == 1:
        for reason in result["reasons"]:
            matches(reason["text"], ADMITTED, "a reason")
    else:
        contains(said, f"127.0.0.1:{course.broker_port}", "what the run said")


def _left(course):
    return [name for name in os.listdir(course.parent) if name.startswith("millrace-")]


def verify(course, outcome):
    """The exit code and what the run said first, once everything holds."""
    code = course.run.wait(END_S)
    said = course.run.err + course.run.out
    _demand_code(course, code, outcome, said)
    if code in outcome.codes:
        matches(" ".join(said.split()), outcome.words, "what the run said")
    if code == -signal.SIGKILL:
        result = _resume(course) if outcome.resumed else None
    else:
        told = {code, *_of_the_last_moment(course)}
        if not os.path.exists(os.path.join(course.folder, "result.json")):  # It was stopped at once, or its disk took nothing.
            code_of_report = bed.start("report", course.folder).wait()
            check(code_of_report in told, f"the report exits {code_of_report}, wanted one of {told}")
        got = bed.result_of(course.folder)["exit_code"]
        check(got in told, f"exit code of result.json is {got}, wanted one of {told}")
        result = _agrees(course, got)
        _names(course, result, code)
    if result is not None:
        _counts(course, result, outcome)
        if outcome.blames:
            _blames(course, said, result, code)
    _agents_end(course, code)
    if code in (130, -signal.SIGKILL) and _left(course):  # Who is ended at once can't: the next run does.
        bed.millrace("run", bed.scenario(phases=["{ name: steady, rate: 100/s, for: 200ms }"], selfcheck="warn"), "--out", bed.new_path("next"), env=course.env)
    same(_left(course), [], "left in the folder for temporary files")
    if course.broker is not None and not re.search("topics? may be left behind", said):
        run_id = re.search(r"\d{8}-\d{6}-[0-9a-f]+", bed.read(course.folder, "run.bson"))
        same([name for name in course.broker.topics() if run_id and run_id.group(0) in name], [], "topics left")
    told = " ".join(course.run.out.partition("\n\n")[0].split()) if code != 0 else ""
    return code, " | ".join(part for part in (told, _audit(course, result) if result else "") if part)
