"""An agent that is lost at each stage of a run: killed, or stopped for so long that nobody waits for it any more."""

import os
import signal
import socket
import threading
import time

import bed
from bed import check, contains, matches, same, test
from bed_link import Link

RATE_PER_S = 300
EARLY_S, STEADY_S = 2, 6
PHASES = [f"{{ name: early, rate: {RATE_PER_S}/s, for: {EARLY_S}s }}", f"{{ name: steady, rate: {RATE_PER_S}/s, for: {STEADY_S}s }}"]
TOPOLOGY = "{ topics: 3, producers: 3, consumers: 3 }"
BUSY_HOST = {"selfcheck": "warn", "objectives": "[ attained >= 1% ]"}  # Other tests may run beside these.


class Run:
    def __init__(self, *, phases=None, targets="memory", topology=TOPOLOGY, repeat=2, agents=3, selfcheck="strict", **blocks):
        self.folder = bed.new_path("run")
        self.scenario = bed.scenario(targets, phases or PHASES, topology=topology, repeat=str(repeat), on_agent_loss="continue", selfcheck=selfcheck, **blocks)
        self.program = bed.start("run", self.scenario, "--agents", str(agents), "--out", self.folder)

    def agents(self):
        """Process numbers by name."""
        found = {}
        for pid in bed.agents_of(self.program):
            with open(f"/proc/{pid}/cmdline") as file:
                words = file.read().split("\0")
            found[words[words.index("--name") + 1]] = pid
        return found

    def lose(self, name="agent-2", how=signal.SIGKILL):
        os.kill(self.agents()[name], how)

    def ends(self, code, timeout_s=90):
        self.program.ends(code, timeout_s)
        self.result = bed.result_of(self.folder)
        bed.audit_holds(self.result)
        return self.result

    def trials(self, name="memory"):
        return bed.case_of(self.result, name)["trials"]


def lost_of(result):
    return {agent["name"]: agent for agent in result["agents"] if agent["lost"]}


def phase(trial, name):
    return next(one for one in trial["phases"] if one["name"] == name and one["flow"] is None)


def objective(result, text, name=None):
    return next(one for one in result["objectives"] if one["text"] == text and one["phase"] == name)


def whole(trial):
    """All of the load was there, and all of it came."""
    for name, seconds in [("early", EARLY_S), ("steady", STEADY_S)]:
        same("lacks_agent" in phase(trial, name), False, f"{name} lacks an agent")
        same(phase(trial, name)["delivery"]["received"], seconds * RATE_PER_S, f"received in {name}")


def under_load():
    run = Run()
    run.program.says("running: memory")
    time.sleep(EARLY_S + 2)
    run.lose()
    result = run.ends(3)
    first, second = run.trials()
    same("lacks_agent" in phase(first, "early"), False, "a phase that was over lacks the agent")
    same(phase(first, "steady")["lacks_agent"], True, "a phase in which it was lost")
    check(phase(first, "steady")["delivery"]["received"] > STEADY_S * RATE_PER_S / 3, "the others did not go on")
    whole(second)
    lost = lost_of(result)
    same(list(lost), ["agent-2"], "lost")
    same(lost["agent-2"]["lost_trial"], 0, "the trial it was lost in")
    contains(lost["agent-2"]["lost_reason"], "signal 9", "why")
    check(EARLY_S * 10**9 < lost["agent-2"]["lost_ns"] < (EARLY_S + STEADY_S) * 10**9, f"when: {lost['agent-2']['lost_ns']}")
    same([mark for mark in bed.marks_of(result) if "agent" in mark], ["agent lost"], "marks")
    for text in ["lost == 0", "attained >= 99%"]:
        same(objective(result, text)["met"], None, f"{text} of what lacks an agent")
    said = " ".join(run.program.out.split())
    contains(said, "NOT JUDGED - an agent was lost, and its share of the load is missing: agent-2: lost in trial 1", "the summary")
    contains(bed.read(run.folder, "report.html"), "in trial 1 at ", "the page")
    again = bed.millrace("report", run.folder, code=3)
    contains(" ".join(again.out.split()), "agent-2: lost in trial 1", "the summary made again")


# What it had sent and never told of stays open: whatever still comes has come once nothing does.
def while_draining():
    topology = "{ topics: 3, producers: 3, consumers: 3 }"
    targets = "  - { backend: memory, options: { delay: 5s } }\n"
    run = Run(targets=targets, topology=topology, repeat=1)
    run.program.says("running: memory")
    bed.wait_until(lambda: "drain" in run.program.err, "the drain begins")
    run.lose()
    result = run.ends(3)
    same(list(lost_of(result)), ["agent-2"], "lost")
    trial = run.trials()[0]
    same(phase(trial, "steady")["lacks_agent"], True, "what was on its way to it")
    check(bed.total(bed.case_of(result, "memory"), "unaccounted") > 0, "nothing is unaccounted")
    same(bed.total(bed.case_of(result, "memory"), "lost"), 0, "lost: nobody can say that")


def between_targets_and_load():
    mute = socket.create_server(("127.0.0.1", 0))  # Detecting it takes seconds.
    targets = f"  - {{ backend: memory }}\n  - {{ backend: rabbitmq, address: amqp://127.0.0.1:{mute.getsockname()[1]} }}\nunavailable: skip\n"
    run = Run(targets=targets, repeat=1, **BUSY_HOST)
    run.program.says("detecting targets")
    run.lose()
    result = run.ends(0)
    mute.close()
    whole(run.trials()[0])
    same(list(lost_of(result)), ["agent-2"], "lost")
    check("agent_lost" in [row["check"] for row in result["selfcheck"]], "the self-check does not tell of it")


def stopped():
    run = Run(phases=["{ name: early, rate: 300/s, for: 2s }", "{ name: steady, rate: 300/s, for: 16s }"], repeat=1)
    run.program.says("running: memory")
    pid = run.agents()["agent-3"]
    time.sleep(4)
    os.kill(pid, signal.SIGSTOP)
    run.program.says(r"agent-3 has not reported for 3\.\d s")
    run.program.says("agent-3 was lost: it has fallen silent")
    os.kill(pid, signal.SIGCONT)
    run.program.says(r"agent-3 is back after 1\d\.\d s, but it is lost for this run and is sent away")
    result = run.ends(3)
    same(lost_of(result)["agent-3"]["fenced"], True, "fenced")
    same([mark for mark in bed.marks_of(result) if "agent" in mark], ["agent suspect", "agent lost", "agent fenced"], "marks")
    contains(bed.read(run.folder, "report.html"), "came back later, and was told to go", "the page")


def all_lost():
    run = Run(agents=2)
    run.program.says("running: memory")
    time.sleep(2)
    for pid in run.agents().values():
        os.kill(pid, signal.SIGKILL)
    result = run.ends(4)
    same(result["reasons"][0]["code"], "agent_lost", "the reason")


_losses = bed.Together()
for _one in [under_load, while_draining, between_targets_and_load, stopped, all_lost]:
    _losses.add(_one.__name__, _one)


@test("an agent killed under load: its share is missing and not judged, the others end the trial and make the next one whole")
def killed():
    _losses.outcome("under_load")


@test("one killed while messages are on their way to it: they are unaccounted")
def killed_draining():
    _losses.outcome("while_draining")


@test("one killed before the load: the others have all of it")
def killed_before():
    bed.need_driver("rabbitmq")
    _losses.outcome("between_targets_and_load")


@test("one that is stopped: suspect, lost, and told to go when it is continued")
def silent():
    _losses.outcome("stopped")


@test("without any agent left the run ends as ever: exit code 4")
def nobody():
    _losses.outcome("all_lost")


@test("one killed while the trial is prepared: it is prepared anew, and whole", needs=["rabbitmq"])
def killed_preparing(rabbitmq):
    run = Run(targets=f"  - {{ backend: rabbitmq, address: \"{rabbitmq.address}\" }}\n", topology="{ topics: 300, producers: 300, consumers: 300 }", repeat=1, **BUSY_HOST)
    run.program.says("preparing: rabbitmq")
    run.lose("agent-1")  # Which makes the topics.
    run.program.says("rabbitmq: prepared anew, without the agent that was lost")
    result = run.ends(0)
    trial = run.trials("rabbitmq")[0]
    same("lacks_agent" in phase(trial, "steady"), False, "the trial lacks an agent")
    same(list(lost_of(result)), ["agent-1"], "lost")
    matches(bed.read(run.folder, "report.html"), "agent-1", "the page")
    same(rabbitmq.topics(), [], "topics left")


SHORT = ["{ name: steady, rate: 300/s, for: 1s }"]


QUEUE_DELETED = b"\x00\x32\x00\x29"  # AMQP's answer to a removal.


@test("one killed while it removes the topics: another one removes those that are left", needs=["rabbitmq"])
def killed_removing(rabbitmq):
    running, removing = threading.Event(), threading.Event()

    def look(data):
        if QUEUE_DELETED in data and running.is_set() and not removing.is_set():
            link.stall()
            removing.set()
        return data

    link = Link(rabbitmq.port, look)
    address = rabbitmq.address.replace(f":{rabbitmq.port}", f":{link.port}")
    run = Run(phases=SHORT, targets=f'  - {{ backend: rabbitmq, address: "{address}" }}\n', topology="{ topics: 20, producers: 20, consumers: 20 }", repeat=1, **BUSY_HOST)
    run.program.says("running: rabbitmq")  # To detect the broker a queue was removed too.
    running.set()
    bed.wait_until(removing.is_set, "a queue is removed")
    run.lose("agent-1")  # Which made them.
    run.program.says("agent-1 was lost")
    link.cut()  # What it had sent is on no way any more.
    link.mend()
    run.ends(0)
    same(rabbitmq.topics(), [], "topics left")
    link.close()


@test("the only one killed under load: that topics may be left is told, and what removes them", needs=["rabbitmq"])
def killed_alone(rabbitmq):
    run = Run(phases=["{ name: steady, rate: 300/s, for: 60s }"], targets=f'  - {{ backend: rabbitmq, address: "{rabbitmq.address}" }}\n', repeat=1, agents=1, **BUSY_HOST)
    run.program.says("running: rabbitmq")
    bed.wait_until(rabbitmq.topics, "its queues are there")
    run.lose("agent-1")
    run.program.ends(4)
    matches(run.program.err, r"rabbitmq: topics may be left behind \(no agent is left to remove them\); `millrace clean` removes them", "what it said")
    bed.millrace("clean", run.scenario)
    same(rabbitmq.topics(), [], "topics left")


bed.main()
