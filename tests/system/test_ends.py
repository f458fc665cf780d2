"""Runs that end before their time: Ctrl-C in each stage, agents and coordinators that are killed, and what they leave."""

import os
import signal
import socket
import time

import bed
from bed import check, contains, matches, same, test

bed.counts_only()

LONG = ["{ name: steady, rate: 200/s, for: 120s }", "{ name: drain, rate: none, until: drained, for: 30s }"]
FOUR = "{ topics: 2, producers: 2, consumers: 2 }"


def target(kind, broker, more=""):
    return f'  - {{ backend: {kind}, address: "{broker.address}"{more} }}\n'


def gone(pids, timeout_s=20):
    bed.wait_until(lambda: not any(bed.alive(pid) for pid in pids), f"the agents {pids} end", timeout_s)


def interrupted(run, folder, agents, timeout_s=40):
    """Exit code 130, a report that says so, no agent left."""
    run.ends(130, timeout_s)
    same([pid for pid in agents if bed.alive(pid)], [], "agents left")
    result = bed.result_of(folder)
    same((result["verdict"], result["exit_code"]), ("interrupted", 130), "verdict")
    check("interrupted" in [one["code"] for one in result["reasons"]], f"reasons: {result['reasons']}")
    same(bed.marks_of(result).count("interrupted"), 1, f"marks: {result['marks']}")
    matches(run.out, "STOPPED", "the summary")
    for name in ["report.html", "summary.md", "intervals.jsonl", "histograms.hlog"]:
        check(os.path.exists(os.path.join(folder, name)), f"{name} is missing")
    return result


@test("Ctrl-C while waiting for agents: exit code 130, a report, and the agent that had joined goes home")
def while_waiting():
    folder = bed.new_path("run")
    run = bed.start("run", bed.scenario(phases=LONG), "--listen", "tcp://127.0.0.1:0", "--agents", "2", "--out", folder)
    joined = bed.agent(run.says(r"waiting for agents at (tcp://\S+):").group(1))
    run.says("1 of 2 joined")
    run.signal(signal.SIGINT)
    interrupted(run, folder, [])
    joined.ends(0, 15)


@test("Ctrl-C while detecting: exit code 130, a report, no agent left")
def while_detecting():
    bed.need_driver("rabbitmq")
    # Takes connections and says nothing: a probe has to wait for its time-out.
    with socket.create_server(("127.0.0.1", 0)) as mute:
        folder = bed.new_path("run")
        port = mute.getsockname()[1]
        run = bed.start("run", bed.scenario(f'  - {{ backend: rabbitmq, address: "amqp://127.0.0.1:{port}" }}\n', LONG), "--out", folder)
        mute.settimeout(bed.LONG_S)
        mute.accept()
        agents = bed.agents_of(run)
        same(len(agents), 2, "agents")
        run.signal(signal.SIGINT)
        result = interrupted(run, folder, agents, 15)
    same(result["cases"][0]["trials"], [], "trials")


@test("Ctrl-C while topics are made: exit code 130, a report, nothing left on the broker", needs=["rabbitmq"])
def while_preparing(rabbitmq):
    folder = bed.new_path("run")
    path = bed.scenario(target("rabbitmq", rabbitmq), LONG, topology="{ topics: 600, producers: 2, consumers: 2 }")
    run = bed.start("run", path, "--out", folder)
    run.says("preparing: rabbitmq")
    agents = bed.agents_of(run)
    # The first topics are there, the last ones are not.
    bed.wait_until(lambda: 0 < rabbitmq.counters().get("rabbitmq_queues", 0) or not run.running(), "a first queue is made")
    run.signal(signal.SIGINT)
    run.says("interrupted: closing")  # To take back what was made may last.
    result = interrupted(run, folder, agents, 60)
    same(sum(phase["delivery"]["sent"] for phase in result["cases"][0]["phases"]), 0, "sent")
    same(rabbitmq.topics(), [], "topics left")


@test("Ctrl-C while a broker that stands still is prepared for: over within five seconds, and says what may be left", needs=["rabbitmq"])
def while_stuck(rabbitmq):
    folder = bed.new_path("run")
    path = bed.scenario(target("rabbitmq", rabbitmq), LONG, topology="{ topics: 400, producers: 2, consumers: 2 }")
    run = bed.start("run", path, "--out", folder)
    run.says("preparing: rabbitmq")
    agents = bed.agents_of(run)
    bed.wait_until(lambda: 0 < rabbitmq.counters().get("rabbitmq_queues", 0) or not run.running(), "a first queue is made")
    pid = int(bed.read(rabbitmq.folder(), "rabbitmq.pid"))
    os.kill(pid, signal.SIGSTOP)
    try:
        begin = time.monotonic()
        run.signal(signal.SIGINT)
        interrupted(run, folder, agents, 60)
        took = time.monotonic() - begin
    finally:
        os.kill(pid, signal.SIGCONT)
    check(took < 10, f"it took {took:.1f} s")  # 5 s, and a host that is busy.
    contains(run.err, "topics may be left behind", "what it said")
    bed.millrace("clean", f"rabbitmq={rabbitmq.address}")
    same(rabbitmq.topics(), [], "topics left")


@test("a coordinator that is killed while topics are made: its agents make no more of them, and remove those", needs=["rabbitmq"])
def killed_while_preparing(rabbitmq):
    path = bed.scenario(target("rabbitmq", rabbitmq), LONG, topology="{ topics: 1000, producers: 2, consumers: 2, subscriptions: 2 }")
    made = rabbitmq.counters().get("rabbitmq_queues_created_total", 0)
    run = bed.start("run", path, "--out", bed.new_path("run"))
    run.says("preparing: rabbitmq")
    agents = bed.agents_of(run)
    bed.wait_until(lambda: 0 < rabbitmq.counters().get("rabbitmq_queues", 0) or not run.running(), "a first queue is made")
    run.signal(signal.SIGKILL)
    gone(agents, 60)
    made = rabbitmq.counters()["rabbitmq_queues_created_total"] - made
    check(made < 2000, f"{made} queues were made")
    same(rabbitmq.topics(), [], "topics left")


@test("Ctrl-C between the command to start and the start: no phase is told to have lasted as long as planned")
def before_the_start():
    folder = bed.new_path("run")
    run = bed.start("run", bed.scenario(phases=LONG), "--out", folder)
    run.says("running: memory")
    agents = bed.agents_of(run)
    run.signal(signal.SIGINT)
    result = interrupted(run, folder, agents)
    check(bed.phase_of(bed.case_of(result, "memory"), "steady")["duration_ns"] < 60e9, "the phase has the length that was planned")


_running = bed.Together()


def while_running(kind, broker):
    folder = bed.new_path("run")
    backend = bed.backend_of(kind)
    run = bed.start("run", bed.scenario(target(backend, broker), LONG, topology=FOUR), "--out", folder)
    run.says(f"running: {backend}")
    time.sleep(3)
    agents = bed.agents_of(run)
    run.signal(signal.SIGINT)
    run.says("interrupted: draining")
    result = interrupted(run, folder, agents, 60)
    bed.audit_holds(result)
    case = bed.case_of(result, backend)
    steady = bed.phase_of(case, "steady")
    check(0 < steady["delivery"]["sent"] < 200 * 60, f"sent {steady['delivery']}")
    # It was drained: what had been sent is confirmed and has arrived.
    same(steady["delivery"]["received"], steady["delivery"]["sent"], "received")
    check(steady["duration_ns"] < 60e9, f"the phase is told to have lasted {steady['duration_ns']}")
    check("interrupted" in bed.marks_of(result), f"marks: {result['marks']}")
    same(broker.topics(), [], "topics left")


for one in ["rabbitmq", "kafka", "mosquitto"]:
    _running.add(one, lambda kind=one: while_running(kind, bed.broker(kind)))
    test(f"Ctrl-C under load on {one}: drained, exit code 130, a report with what was measured, nothing left", needs=[one])(
        lambda *_, kind=one: _running.outcome(kind)
    )


@test("Ctrl-C while draining, and a second one that stops at once: the report is made from the journal")
def while_draining():
    folder = bed.new_path("run")
    phases = ["{ name: steady, rate: 200/s, for: 1s }", "{ name: drain, rate: none, until: drained, for: 100s }"]
    run = bed.start("run", bed.scenario("  - backend: memory\n    options: { delay: 60s }\n", phases), "--out", folder)
    run.says("running: memory")
    # The journal has what was sent once an interval is over: then the load of one second is.
    def all_sent():
        bed.millrace("report", folder, "--format", "json", code=4)
        cases = bed.result_of(folder)["cases"]
        return cases and cases[0]["phases"] and bed.total(cases[0], "acked") == 200

    bed.wait_until(all_sent, "the load is in the journal")
    agents = bed.agents_of(run)
    run.signal(signal.SIGINT)
    run.says("interrupted: draining")
    check(run.running(), f"the drain ended at once:\n{run.err}")
    run.signal(signal.SIGINT)
    same(run.wait(5), 130, "exit code of a second Ctrl-C")
    gone(agents)
    # It exits as the run did.
    contains(bed.millrace("report", folder, code=130).out, "STOPPED - stopped at once by the user", "the summary")
    result = bed.result_of(folder)
    same((result["cut_off"], result["verdict"], result["exit_code"]), (True, "interrupted", 130), "how it ended")
    check("interrupted" in bed.marks_of(result), f"marks: {result['marks']}")
    case = result["cases"][0]
    same((bed.total(case, "sent"), bed.total(case, "lost")), (200, 0), "sent and lost")
    same(bed.total(case, "unaccounted"), 200, "unaccounted: the run was cut off before they could arrive")


@test("a terminal that goes away ends the run in order, unless it was started by nohup")
def hung_up():
    folder = bed.new_path("run")
    heed = lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL)  # These tests may have been started by nohup.
    run = bed.start("run", bed.scenario(phases=LONG), "--out", folder, before=heed)
    run.says("running: memory")
    agents = bed.agents_of(run)
    run.signal(signal.SIGHUP)
    interrupted(run, folder, agents)
    folder = bed.new_path("run")
    ignore = lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)
    run = bed.start("run", bed.scenario(phases=["{ name: steady, rate: 200/s, for: 3s }"]), "--out", folder, before=ignore)
    run.says("running: memory")
    run.signal(signal.SIGHUP)
    run.ends(0)
    same(bed.result_of(folder)["verdict"], "pass", "verdict")


@test("Ctrl-C in a drain that can't end is over after the drain's own time, with exit code 130")
def drain_ends():
    folder = bed.new_path("run")
    targets = "  - backend: memory\n    options: { delay: 60s }\n"
    phases = ["{ name: steady, rate: 200/s, for: 60s }", "{ name: drain, rate: none, until: drained, for: 2s }"]
    run = bed.start("run", bed.scenario(targets, phases), "--out", folder)
    run.says("running: memory")
    time.sleep(2)
    agents = bed.agents_of(run)
    run.signal(signal.SIGINT)
    result = interrupted(run, folder, agents, 20)
    bed.audit_holds(result)
    case = result["cases"][0]
    same(bed.total(case, "lost"), bed.total(case, "acked"), "what did not arrive within the drain")


@test("SIGTERM is treated as Ctrl-C")
def terminated():
    folder = bed.new_path("run")
    run = bed.start("run", bed.scenario(phases=LONG), "--out", folder)
    run.says("running: memory")
    agents = bed.agents_of(run)
    run.signal(signal.SIGTERM)
    interrupted(run, folder, agents)


def kill_one(rabbitmq, which):
    """Producers on one agent, consumers on the other; which of the two dies. Returns what is unaccounted."""
    folder = bed.new_path("run")
    path = bed.scenario(target("rabbitmq", rabbitmq), LONG, topology="{ topics: 2, producers: 2, consumers: 2, placement: apart }")
    run = bed.start("run", path, "--out", folder)
    run.says("running: rabbitmq")
    time.sleep(3)
    agents = bed.agents_of(run)
    with open(f"/proc/{agents[which]}/cmdline") as file:
        name = file.read().split("\0")[4]
    os.kill(agents[which], signal.SIGSTOP)  # Or it could have told everything in the moment before.
    time.sleep(0.5)
    os.kill(agents[which], signal.SIGKILL)
    run.ends(4, 40)
    gone(agents)
    result = bed.result_of(folder)
    bed.audit_holds(result)
    same(result["verdict"], "failed", "verdict")
    same([one["code"] for one in result["reasons"]][0], "agent_lost", f"reasons {result['reasons']}")
    matches(result["reasons"][0]["text"], rf"{name} was lost: its process was ended by signal 9", "the reason")
    same([agent["name"] for agent in result["agents"] if agent["lost"]], [name], "lost")
    check("agent lost" in bed.marks_of(result), f"marks: {result['marks']}")
    for text, what in [(run.out, "the summary"), (bed.read(folder, "report.html"), "the page"), (bed.read(folder, "summary.md"), "summary.md")]:
        contains(text, "was lost", what)
    case = bed.case_of(result, "rabbitmq")
    same(bed.total(case, "lost"), 0, "lost: nobody can say that of what a dead agent may have got")
    check(bed.total(case, "received") > 0, "what was measured before is gone")
    same(rabbitmq.topics(), [], "topics left")
    return bed.total(case, "unaccounted")


@test("an agent killed in mid-run: exit code 4, agent_lost, its part unaccounted, topics removed by the other", needs=["rabbitmq"])
def agent_killed(rabbitmq):
    kill_one(rabbitmq, 0)
    # Clients are placed by the agents' names, so the second has the consumers: what was confirmed and not yet told as received
    # is nobody's loss.
    check(kill_one(rabbitmq, 1) > 0, "nothing is unaccounted")


@test("an agent that is stopped, while detecting or under load: lost once it was silent for long, exit code 4, no agent left")
def agent_stopped():
    runs = []
    mute = socket.create_server(("127.0.0.1", 0))  # Detecting it takes seconds, so that the agent is stopped meanwhile.
    slow = f"  - {{ backend: memory }}\n  - {{ backend: rabbitmq, address: amqp://127.0.0.1:{mute.getsockname()[1]} }}\n"
    for stage, targets in [("detecting targets", slow), ("running: memory", "memory")]:
        folder = bed.new_path("run")
        run = bed.start("run", bed.scenario(targets, LONG), "--out", folder, "--agents", "2")
        run.says(stage)
        agents = bed.agents_of(run)
        os.kill(agents[0], signal.SIGSTOP)
        runs.append((run, folder, agents))
    for run, folder, agents in runs:
        run.ends(4, 60)
        gone(agents)
        matches(run.out, r"agent-\d (was lost: it has fallen silent|did not answer in time)", "the summary")
        result = bed.result_of(folder)
        same((result["verdict"], result["exit_code"]), ("failed", 4), "verdict")
    bed.audit_holds(result)  # Of the one that had load.
    mute.close()


@test("the coordinator killed in mid-run: agents that joined end by themselves and remove their topics; the report says that it was cut off", needs=["rabbitmq", "kafka"])
def coordinator_killed(rabbitmq, kafka):
    runs = []
    for kind, broker in [("rabbitmq", rabbitmq), ("kafka", kafka)]:
        folder = bed.new_path("run")
        run = bed.start("run", bed.scenario(target(kind, broker), LONG, topology=FOUR), "--listen", "tcp://127.0.0.1:0", "--agents", "2", "--out", folder)
        url = run.says(r"waiting for agents at (tcp://\S+):").group(1)
        runs.append((kind, broker, folder, run, [bed.agent(url, "--name", name) for name in ["one", "two"]]))
    for kind, _, _, run, _ in runs:
        run.says(f"running: {kind}")
    time.sleep(4)
    for _, _, _, run, _ in runs:
        run.signal(signal.SIGKILL)
    # 30 s until they give the coordinator up, then their clients are closed and topics removed.
    for kind, broker, folder, run, agents in runs:
        run.ends(-signal.SIGKILL)
        for program in agents:
            program.ends(4, 60)
            contains(program.err, "the coordinator has not answered", f"an agent of {kind}")
        same(broker.topics(), [], "topics left")
        again = bed.millrace("report", folder, code=4)
        contains(again.out, "INCOMPLETE", "the summary")
        result = bed.result_of(folder)
        same(result["cut_off"], True, "cut_off")
        contains(bed.read(folder, "report.html"), "INCOMPLETE", "the page")
        bed.audit_holds(result)
        check(bed.total(bed.case_of(result, kind), "received") > 0, "what was measured is gone")
        same(bed.total(bed.case_of(result, kind), "lost"), 0, "lost: nobody can say that of a run that was cut off")


@test("everything killed at once: clean removes what is left", needs=["rabbitmq", "kafka"])
def all_killed(rabbitmq, kafka):
    runs = []
    for kind, broker, more in [("rabbitmq", rabbitmq, ""), ("kafka", kafka, ", options: { session_timeout: 6s }")]:
        run = bed.start("run", bed.scenario(target(kind, broker, more), LONG, topology=FOUR), "--out", bed.new_path("run"))
        runs.append((kind, broker, run))
    for kind, broker, run in runs:
        run.says(f"running: {kind}")
        agents = bed.agents_of(run)
        for pid in [*agents, run.pid]:
            os.kill(pid, signal.SIGKILL)
        run.ends(-signal.SIGKILL)
        gone(agents)
        check(broker.topics(), f"{kind}: nothing was left to clean")
    both = bed.millrace("clean", *[f"{kind}={broker.address}" for kind, broker, _ in runs], timeout_s=90)
    for kind, broker, _ in runs:
        matches(both.out, rf"{kind}=.*: [1-9]\d* topics removed", "clean")
        same(broker.topics(), [], f"topics left on {kind}")
    again = bed.millrace("clean", *[f"{kind}={broker.address}" for kind, broker, _ in runs])
    same(again.out.count(": 0 topics removed"), 2, f"a second clean: {again.out}")


@test("clean of a broker that is not there: exit code 4 with the reason")
def clean_nowhere():
    bed.need_driver("rabbitmq")
    matches(bed.millrace("clean", f"rabbitmq=amqp://127.0.0.1:{bed.free_port()}", code=4).err, "refused|nothing listens", "clean")
    contains(bed.millrace("clean", "carrots=127.0.0.1:1", code=2).err, "carrots", "clean")


# Killed between the start of an agent and its PR_SET_PDEATHSIG, a coordinator left it saying hello to nobody for ever.
@test("an agent whose coordinator was gone before it looked ends at once")
def coordinator_gone_before():
    stranger = bed.agent(f"ipc://{bed.new_path('control')}", "--with-parent", "1").ends(4, 30)
    contains(stranger.err, "the process 1 that started this one is gone", "what it said")


bed.main()
