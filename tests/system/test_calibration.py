"""The generator's own ceiling: measured before the trials, shown as headroom, and never a reason for a run to fail."""

import os
import re
import signal

import bed
from bed import check, contains, same, test

STEADY = ["{ name: steady, rate: 500/s, for: 3s }"]
TWO = "{ producers: 2, consumers: 2 }"


def ceiling_of(result, case):
    rows = [row for row in result["selfcheck"] if row["check"] == "ceiling" and row["case"] == case]
    same(len(rows), 1, "rows about the ceiling")
    return rows[0]


@test("a case on RabbitMQ is calibrated there once, and result, reports and terminal tell the headroom", needs=["rabbitmq"])
def rabbitmq_headroom(rabbitmq):
    targets = f"  - {{ backend: rabbitmq, address: \"{rabbitmq.address}\" }}\n"
    path = bed.scenario(targets, STEADY, topology=TWO, calibrate="1s", repeat="2", delivery="{ persistent: true }")
    explained = bed.millrace("explain", path).out
    contains(explained, "calibration: 1 case, each a burst of 2000 messages to its own target as fast as possible, for 1 s at most", "explain")
    run, folder = bed.judged([path], 0)
    same(run.err.count("calibrated: the generator alone would reach"), 1, f"calibrations in:\n{run.err}")
    result = bed.result_of(folder)
    case = bed.case_of(result, "rabbitmq")
    made = case["calibration"]
    same(made["asked_per_s"], 500, "asked")
    check(made["ceiling_per_s"] > 5000, f"a ceiling of {made['ceiling_per_s']}")
    same(made["burst_messages"], 2000, "messages of the burst")
    check(made["cpu_ns_per_message"] > 300, f"a message for nothing: {made}")
    # A thread that is far from its end has no word: of its share most is waking.
    share = made["load_thread_share"]
    headroom = min(made["ceiling_per_s"] / 500, 1 / share if share > 0.7 else 1e9)
    check(abs(made["headroom"] - headroom) < 0.001 * made["headroom"], f"headroom: {made}")
    same(made["reason"], None, "reason")
    row = ceiling_of(result, "rabbitmq")
    same([row["status"], row["limit"]], ["ok", 0.5], "status and limit")
    check(abs(row["observed"] * made["ceiling_per_s"] / 500 - 1) < 0.001, f"{row} beside {made}")
    # Nothing of it is in the figures of the run.
    same([trial["number"] for trial in case["trials"]], [0, 1], "trials")
    check(bed.total(case, "sent") < 2 * 500 * 3 + 100, "messages of the calibration were counted")
    for text, what in [(run.out, "the summary"), (bed.read(folder, "report.html"), "the page"), (bed.read(folder, "summary.md"), "summary.md")]:
        contains(text, "headroom ", what)
        contains(text, "the generator alone would reach", what)
        contains(" ".join(text.split()), "on this broker (CPU of its busiest thread:", what)
    # Nor is anything left of it on the broker.
    contains(bed.millrace("clean", f"rabbitmq={rabbitmq.address}").out, ": 0 topics removed", "what clean found")
    # From the journal alone it is the same.
    os.remove(os.path.join(folder, "result.json"))
    bed.millrace("report", folder)
    same(bed.case_of(bed.result_of(folder), "rabbitmq")["calibration"], made, "calibration, made again")


@test("each target has a ceiling of its own", needs=["mosquitto"])
def each_target_its_own(mosquitto):
    targets = f"  - {{ backend: mqtt, address: \"{mosquitto.address}\" }}\n  - backend: memory\n"
    run, folder = bed.judged([bed.scenario(targets, STEADY, topology=TWO, calibrate="1s")], 0)
    same(len(re.findall("calibrated: the generator alone would reach .* on this broker", run.err)), 1, run.err)
    same(len(re.findall("calibrated: the generator alone would reach .* into memory", run.err)), 1, run.err)
    made = {case["name"]: case["calibration"] for case in bed.result_of(folder)["cases"]}
    check(made["mqtt"]["ceiling_per_s"] < made["memory"]["ceiling_per_s"] / 10, f"one ceiling for both: {made}")


@test("memory is not calibrated by itself, nor is what sends as fast as it can")
def not_calibrated():
    path = bed.write("memory.yaml", bed.read(bed.scenario(phases=STEADY)).replace("calibrate: none\n", ""))
    flat_out = bed.scenario(phases=["{ name: flat, rate: max, for: 1s }"], name="flat", calibrate="1s")
    for one in [path, flat_out]:
        check("calibration:" not in bed.millrace("explain", one).out, "explain tells of a calibration")
        run, folder = bed.judged([one], 0)
        check("calibrat" not in run.err, run.err)
        check("calibration" not in bed.result_of(folder)["cases"][0], "a calibration")


@test("Ctrl-C while calibrating: exit code 130, a report, no agent left")
def interrupted():
    folder = bed.new_path("run")
    run = bed.start("run", bed.scenario(phases=STEADY, topology=TWO, calibrate="30s"), "--out", folder)
    run.says("running: calibration")
    run.signal(signal.SIGINT)
    run.ends(130, 20)
    result = bed.result_of(folder)
    same((result["verdict"], result["exit_code"]), ("interrupted", 130), "verdict")
    same([one["code"] for one in result["reasons"]], ["interrupted"], "reasons")
    same([(one["mark"], one["trial"], one["text"]) for one in result["marks"]], [("interrupted", 0, "interrupted by the user while calibrating")], "marks")
    same(result["cases"][0]["trials"], [], "trials")


@test("Ctrl-C twice while calibrating, between two trials: the journal tells who ended the run, and where")
def stopped_at_once():
    folder = bed.new_path("run")
    run = bed.start("run", bed.scenario(phases=["{ name: steady, rate: 500/s, for: 1s }"], sweep="{ message.size: [100, 200] }", calibrate="3s"), "--out", folder)
    run.says(r"(?s)running: calibration.*running: memory.*running: calibration")
    agents = bed.agents_of(run)
    for agent in agents:
        os.kill(agent, signal.SIGSTOP)  # What is calibrated can't end by itself.
    run.signal(signal.SIGINT)
    run.says("interrupted: draining")
    run.signal(signal.SIGINT)
    same(run.wait(5), 130, "exit code of a second Ctrl-C")
    for agent in agents:
        if bed.alive(agent):
            os.kill(agent, signal.SIGCONT)
    contains(bed.millrace("report", folder, code=130).out, "STOPPED - stopped at once by the user", "the summary")
    result = bed.result_of(folder)
    same((result["cut_off"], result["verdict"], result["exit_code"]), (True, "interrupted", 130), "how it ended")
    same([(one["mark"], one["trial"], one["at_ns"]) for one in result["marks"]], [("interrupted", 1, 0)], "marks")
    contains(bed.read(folder, "report.html"), "between two trials: interrupted, interrupted by the user while calibrating", "the page")


@test("an agent killed while calibrating: exit code 4, agent_lost")
def agent_killed():
    folder = bed.new_path("run")
    run = bed.start("run", bed.scenario(phases=STEADY, topology=TWO, calibrate="30s"), "--out", folder)
    run.says("running: calibration")
    os.kill(bed.agents_of(run)[1], signal.SIGKILL)
    run.ends(4, 40)
    result = bed.result_of(folder)
    same(result["verdict"], "failed", "verdict")
    same([one["code"] for one in result["reasons"]][0], "agent_lost", f"reasons {result['reasons']}")


bed.main()
