"""Was the generator the bottleneck? Agents that are made slow are flagged; a slow broker is not taken for a slow agent."""

import os
import re
import signal
import subprocess
import time

import bed
from bed import check, same, test

PHASES = ["{ name: steady, rate: 500/s, for: 4s }", "{ name: drain, rate: none, until: drained, for: 30s }"]
# More than a third of a core can do, with both ends in one thread.
FAST = ["{ name: steady, rate: 2M/s, for: 3s }", "{ name: drain, rate: none, until: drained, for: 30s }"]
# From the actual send: whether a late generator makes it longer or shorter is not known.
OBJECTIVES = "[ e2e_service.p50 < 30s, lost == 0 ]"


def run_with(path, disturb, code, start_agent=bed.agent, words=()):
    """Runs a scenario on one agent, which is disturbed under load; returns the result."""
    folder = bed.new_path("run")
    run = bed.start("run", path, "--listen", "tcp://127.0.0.1:0", "--agents", "1", "--out", folder, *words)
    agent = start_agent(run.says(r"waiting for agents at (tcp://\S+):").group(1), "--name", "one")
    disturb(run, agent)
    run.ends(code)
    agent.ends(0)
    result = bed.result_of(folder)
    bed.audit_holds(result)
    result["folder"] = folder
    return result


def status(result, name):
    return [row["status"] for row in result["selfcheck"] if row["check"] == name]


def objective(result, text):
    return [row for row in result["objectives"] if row["text"] == text][0]


def cpu_limited_group(cores):
    """Makes a control group of that many cores; skips the test where that can't be done."""
    name = f"millrace-test-{os.getpid()}"
    one = "/sys/fs/cgroup/cpu"  # Version 1; else the only one.
    group = os.path.join(one if os.path.isdir(one) else "/sys/fs/cgroup", name)
    period_us = 100000
    limits = {"cpu.cfs_period_us": period_us, "cpu.cfs_quota_us": int(cores * period_us)}
    if not os.path.isdir(one):
        limits = {"cpu.max": f"{int(cores * period_us)} {period_us}"}
    try:
        os.mkdir(group)
    except OSError as error:
        raise bed.Skip(f"no control group can be made: {error}") from error
    try:
        for file_name, value in limits.items():
            with open(os.path.join(group, file_name), "w", encoding="ascii") as file:
                file.write(str(value))
    except OSError as error:
        os.rmdir(group)
        raise bed.Skip(f"no CPU limit can be set: {error}") from error
    return group


def stop_for_a_while(run, agent):
    run.says("running: memory")
    time.sleep(1.5)
    agent.signal(signal.SIGSTOP)
    time.sleep(0.2)
    agent.signal(signal.SIGCONT)


@test("with --selfcheck warn the same is judged as it was observed, which the result and the badge say")
def warned():
    result = run_with(bed.scenario(phases=PHASES, objectives=OBJECTIVES), stop_for_a_while, 0, words=["--selfcheck", "warn"])
    same((result["verdict"], result["selfcheck_mode"]), ("pass", "warn"), "verdict and mode")
    same(status(result, "ticker_jitter"), ["invalid"], "jitter of the ticker")
    judged = objective(result, "e2e_service.p50 < 30s")
    same(judged["met"], True, "the objective about a service latency")
    check("judged all the same, despite self-check" in judged["reason"], f"why: {judged}")
    check("selfcheck: warn" in result["scenario"]["yaml"], "the scenario as it was run")
    with open(os.path.join(result["folder"], "summary.md"), encoding="utf-8") as file:
        check("**PASS (host busy)** - " in file.read(), "the badge")


@test("an agent that is stopped for a while under load makes latencies invalid, exit code 3, and never the audit")
def stopped():
    objectives = OBJECTIVES.replace("[", "[ e2e.p50 < 30s,")
    result = run_with(bed.scenario(phases=PHASES, objectives=objectives), stop_for_a_while, 3)
    same(status(result, "ticker_jitter"), ["invalid"], "jitter of the ticker")
    same(result["verdict"], "invalid", "verdict")
    unjudged = objective(result, "e2e_service.p50 < 30s")
    same(unjudged["met"], None, "the objective about a service latency")
    check(0 < unjudged["observed"] < 30e9, f"what was observed: {unjudged}")
    # It can only have made messages later than they would have been.
    bounded = objective(result, "e2e.p50 < 30s")
    same(bounded["met"], True, "the objective about a response latency")
    check("despite a busy host" in bounded["reason"], f"why: {bounded}")
    same(objective(result, "lost == 0")["met"], True, "the objective about a count")
    check(any(reason["code"] == "invalid" for reason in result["reasons"]), f"reasons: {result['reasons']}")


@test("an agent that shares its only CPU with a busy loop waits for it, and is flagged")
def starved():
    cpu = min(os.sched_getaffinity(0))
    loops = []

    def disturb(run, agent):
        # Its threads are started later, and inherit this.
        os.sched_setaffinity(agent.pid, {cpu})
        for _ in range(2):
            pid = os.fork()
            if pid == 0:
                os.sched_setaffinity(0, {cpu})
                end = time.monotonic() + 30
                while time.monotonic() < end:
                    pass
                os._exit(0)
            loops.append(pid)
        run.says("running: memory")

    try:
        result = run_with(bed.scenario(phases=FAST, message="{ size: 100 }", objectives=OBJECTIVES), disturb, 3)
    finally:
        for pid in loops:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    same(status(result, "run_queue_wait"), ["invalid"], "waiting for a CPU")


@test("a broker that confirms slowly fills the window: what was not sent is the broker's fault, exit code 1")
def held_back():
    path = bed.scenario(
        "  - { backend: memory, options: { confirm_delay: 100ms } }\n",
        phases=[PHASES[0], "{ name: drain, rate: none, until: drained, for: 3s }"],
        delivery="{ in_flight: 5 }",
    )
    folder = bed.new_path("run")
    bed.millrace("run", path, "--agents", "1", "--out", folder, code=1)
    result = bed.result_of(folder)
    steady = bed.phase_of(bed.case_of(result, "memory"), "steady")
    check(steady["rates"]["sent_per_s"] < 100, f"five in 100 ms are 50 a second: {steady['rates']}")
    row = [row for row in result["selfcheck"] if row["check"] == "attained"][0]
    # A second has 50 of 500, at times 49, and one more may be on its way.
    check(row["status"] == "ok" and re.search(r"delayed up to (89\.8|9\d(\.\d)?) %", row["text"]), f"attained: {row}")
    same(row["agent"], "agent-1", "whose")
    same(status(result, "send_lag"), ["ok"], "lag")
    same([reason["code"] for reason in result["reasons"]][0], "attained", "the first reason")


@test("a client library whose calls block makes messages late: a finding, and not the generator's fault")
def calls_block():
    path = bed.scenario(
        "  - { backend: memory, options: { call_time: 5ms } }\n",
        phases=[PHASES[0], "{ name: drain, rate: none, until: drained, for: 10s }"],
    )

    folder = bed.new_path("run")
    bed.millrace("run", path, "--agents", "1", "--out", folder, code=1)
    result = bed.result_of(folder)
    steady = bed.phase_of(bed.case_of(result, "memory"), "steady")
    check(steady["rates"]["sent_per_s"] < 250, f"5 ms each are 200 a second: {steady['rates']}")
    same(status(result, "send_lag"), ["ok"], "lag")
    row = [row for row in result["selfcheck"] if row["check"] == "attained"][0]
    check(row["status"] == "ok" and re.search(r"the client library delayed up to [5-9]\d(\.\d)? %", row["text"]), f"attained: {row}")
    said = [insight for insight in result["insights"] if insight["rule"] == "calls_block"]
    check(len(said) == 1, f"insights: {result['insights']}")


@test("an agent with too small a CPU limit is held back by it, and is flagged")
def limited():
    group = cpu_limited_group(0.01)

    def move_here(where):
        with open(os.path.join(where, "cgroup.procs"), "w", encoding="ascii") as file:
            file.write(str(os.getpid()))

    # It looks for its group when a trial is prepared: it has to be in it from the start.
    def start_agent(*arguments):
        move_here(group)
        try:
            return bed.agent(*arguments)
        finally:
            move_here(os.path.dirname(group))

    path = bed.scenario(phases=PHASES, objectives=OBJECTIVES)
    try:
        result = run_with(path, lambda run, agent: None, 3, start_agent)
    finally:
        os.rmdir(group)
    same(status(result, "cgroup_throttling"), ["invalid"], "held back by the limit")


@test("a signal that the host does not tell is not measured, which the result and the report say")
def untold():
    hidden = ["unshare", "-m", "sh", "-c", 'mount -t tmpfs none /sys/fs/cgroup && exec "$@"', "sh"]
    if subprocess.run([*hidden, "true"], capture_output=True, check=False).returncode != 0:
        raise bed.Skip("no mounts of one's own can be made here")

    def start_agent(url, *arguments):
        return bed.Program([*hidden, bed.AGENT, "--join", url, *arguments])

    folder = bed.new_path("run")
    run = bed.start("run", bed.scenario(phases=PHASES), "--listen", "tcp://127.0.0.1:0", "--agents", "1", "--out", folder)
    agent = start_agent(run.says(r"waiting for agents at (tcp://\S+):").group(1), "--name", "one")
    run.wait()  # A busy host makes it invalid by other signals.
    agent.ends(0)
    row = [row for row in bed.result_of(folder)["selfcheck"] if row["check"] == "cgroup_throttling"][0]
    same((row["status"], row.get("observed"), row["agent"]), ("not measured", None, "one"), "the row")
    check("cannot be read" in row["text"], f"why: {row}")
    for name in ("report.html", "summary.md"):
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            check("? not measured" in file.read(), f"{name} says so")


# Of the host, not of the generator: with one of these beyond its limit it was not idle.
HOST_CHECKS = {"run_queue_wait", "ticker_jitter", "steal", "cgroup_throttling"}


@test("on an idle host an easy run is all ok")
def idle():
    path = bed.scenario(phases=PHASES, objectives=OBJECTIVES)
    busy = []
    for _ in range(5):
        folder = bed.new_path("run")
        code = bed.start("run", path, "--agents", "1", "--out", folder).wait()
        result = bed.result_of(folder)
        wrong = [row for row in result["selfcheck"] if row["status"] not in ("ok", "not measured")]
        check(len(result["selfcheck"]) >= 9, f"rows: {result['selfcheck']}")
        if not wrong:
            same(code, 0, "exit code")
            return
        busy += [row for row in wrong if row["check"] in HOST_CHECKS]
    # A generator that is flagged again and again where nothing is wrong with its host is flagged wrongly.
    check(busy, f"not ok: {wrong}")
    raise bed.Skip(f"this host is not idle: {busy[0]['check']}: {busy[0]['text']}")


bed.main()
