"""Runs that are left at any stage, killed or interrupted, and gone on with by `run --resume`."""

import os
import shutil
import signal
import struct

import bed
import bed_hosts
from bed import check, contains, matches, same, test
from bed_journal import documents

bed.counts_only()

PHASES = ["{ name: steady, rate: 500/s, for: 1s }", "{ name: drain, rate: none, until: drained, for: 20s }"]
FEW = "{ topics: 1, partitions: 2, producers: 2, consumers: 2 }"


def repeated(targets="memory", **blocks):
    return bed.scenario(targets, PHASES, repeat="3", topology=FEW, selfcheck="warn", **blocks)


def kinds(folder):
    return [one["kind"] for one in documents(os.path.join(folder, "run.bson"))]


def journal(folder):
    with open(os.path.join(folder, "run.bson"), "rb") as file:
        return file.read()


def kill(run):
    """As the kernel would for memory: the coordinator, and it alone."""
    agents = bed.agents_of(run)
    run.signal(signal.SIGKILL)
    run.ends(-9)
    bed.wait_until(lambda: not any(bed.alive(pid) for pid in agents), f"the agents {agents} end", 60)


def sees(folder, count, kind, run):
    """Waits until so many entries of a kind are in the journal, whose last one may be half written: that one does not count."""

    def look():
        return os.path.exists(os.path.join(folder, "run.bson")) and kinds(folder).count(kind) >= count

    bed.wait_until(lambda: look() or not run.running(), f"{count} entries {kind}")
    check(run.running(), f"the run ended: {run.err}")


def cut_after(folder, count, kind):
    """Leaves of the journal what stands before so many entries of a kind, and them."""
    data = journal(folder)
    at = 0
    for one in documents(os.path.join(folder, "run.bson")):
        at += struct.unpack_from("<i", data, at)[0]
        count -= one["kind"] == kind
        if count == 0:
            break
    with open(os.path.join(folder, "run.bson"), "r+b") as file:
        file.truncate(at)


def whole(folder, trials=3, resumes=1):
    """A result as of a run that nobody stopped."""
    result = bed.result_of(folder)
    bed.audit_holds(result)
    same(result["cut_off"], False, "cut off")
    for case in result["cases"]:
        same([trial["ended"] for trial in case["trials"]], [True] * trials, f"trials of {case['name']}")
        same(bed.phase_of(case, "steady")["delivery"]["sent"], 500 * trials, f"messages of {case['name']}")
        same((bed.total(case, "lost"), bed.total(case, "unaccounted"), bed.total(case, "unexpected")), (0, 0, 0), f"audit of {case['name']}")
    same(len(result.get("resumes", [])), resumes, "resumes")
    return result


@test("a run that is killed in each of its stages is resumed each time, and has all its trials")
def each_stage():
    folder = bed.new_path("run")
    run = bed.start("run", repeated(), "--listen", "tcp://127.0.0.1:0", "--agents", "2", "--out", folder)
    run.says("waiting for agents at")
    sees(folder, 1, "run", run)
    kill(run)
    said = bed.millrace("report", folder, code=4).out
    contains(said, f"millrace run --resume {folder}", "the report of a run that waited")

    for stage, trials in (("preparing: memory", 0), ("running: memory", 0), (r"(?s)running: memory.*running: memory", 1)):
        run = bed.start("run", "--resume", folder, "--agents", "2")
        run.says(stage)
        sees(folder, trials, "trial_end", run)  # A thread writes it, on its own time.
        kill(run)
    said = bed.millrace("report", folder, code=4).out
    contains(said, f"2 of 3 trials are left; `millrace run --resume {folder}", "the report of a run in its second trial")
    before = list(documents(os.path.join(folder, "run.bson")))

    bed.millrace("run", "--resume", folder, "--agents", "2")
    cut_after(folder, 3, "trial_end")  # As if it had been killed while it closed.
    sound = kinds(folder).index("trial_end") + 1
    same(list(documents(os.path.join(folder, "run.bson")))[:sound], before[:sound], "what was there")
    contains(bed.millrace("report", folder, code=4).out, f"millrace run --resume {folder}", "the report of a run that was not judged")

    run = bed.millrace("run", "--resume", folder)
    result = whole(folder, resumes=5)
    same([one["trial"] for one in result["resumes"]][:3], [0, 0, 0], "resumed at")
    same(result["resumes"][4]["trials_done"], 3, "trials that were there")
    same(result["resumes"][4]["agents_count"], 0, "agents: nothing was left to be made")
    same(len(result["agents"]), 2, "agents: all looked the same")
    check(os.path.exists(os.path.join(folder, "run.cut-1.bson")), "what was taken out of the journal is kept")
    bed.millrace("report", folder)
    same(bed.result_of(folder), result, "made again from the journal")
    kept = journal(folder)
    contains(bed.millrace("run", "--resume", folder).out, "nothing is left to do", "a run that is whole")
    same(journal(folder), kept, "its journal")


@test("agents and coordinator are killed: what they left on the broker goes, and other agents make the rest", needs=["rabbitmq"])
def with_a_broker(rabbitmq):
    folder = bed.new_path("run")
    path = repeated(f'  - {{ backend: rabbitmq, address: "{rabbitmq.address}" }}\n')
    run = bed.start("run", path, "--out", folder)
    run.says(r"(?s)running: rabbitmq.*running: rabbitmq")
    sees(folder, 1, "trial_end", run)
    agents = bed.agents_of(run)
    for pid in [run.pid, *agents]:
        os.kill(pid, signal.SIGKILL)
    run.ends(-9)
    check(rabbitmq.topics(), "the trial has left its queues")
    resumed = bed.start("run", "--resume", folder, "--listen", "tcp://127.0.0.1:0")
    url = resumed.says(r"waiting for agents at (tcp://\S+):").group(1)
    others = [bed.agent(url, "--name", name) for name in ("agent-1", "another")]
    resumed.ends(0)
    for one in others:
        one.ends(0)
    same(rabbitmq.topics(), [], "topics left")
    result = whole(folder)
    one = result["resumes"][0]
    same((one["cause"], one["trial"], one["trials_done"], one["began_trial"]), ("killed", 1, 1, True), "resumed")
    same((one["agents_new"], one["agents_gone"]), (1, 1), "agents that differ")
    same(sorted(agent["name"] for agent in result["agents"]), ["agent-1", "agent-2", "another"], "agents")
    contains(resumed.out, "Resumed at trial 2 of 3", "the summary")


@test("hosts that joined: they stop what a killed coordinator began, wait, and serve who resumes; one missing or replaced is named")
def with_hosts():
    hosts = bed_hosts.Hosts()
    hosts.add("load1", "load2", "load3")
    agents = {name: hosts.agent(name) for name in ("load1", "load2")}
    how = ["--listen", hosts.url()]
    run, folder = hosts.start("load1,load2", PHASES, repeat="3", topology=FEW)
    run.says(r"(?s)running: memory.*running: memory")
    sees(folder, 1, "trial_end", run)
    run.signal(signal.SIGKILL)
    run.ends(-9)

    run = bed.start("run", "--resume", folder, "--hosts", "load1,load2", *how, env=hosts.env)
    run.says("running: memory")
    for name, agent in agents.items():
        agent.says(r"run \S+ ended here: .*; waiting for the next one")
    run.signal(signal.SIGKILL)
    run.ends(-9)
    before = list(documents(os.path.join(folder, "run.bson")))

    agents["load2"].signal(signal.SIGTERM)
    agents["load2"].ends(130)
    contains(bed.millrace("run", "--resume", folder, code=2, env=hosts.env).err, "give its --hosts or --launch again, or --agents N", "agents of this host, in silence")
    missing = bed.millrace("run", "--resume", folder, "--hosts", "load1,load2", "--join-timeout", "3s", *how, code=4, env=hosts.env)
    matches(" ".join(missing.out.split()), r"within 3 s .*load2 did not join", "a host that is missing")
    contains(missing.out, f"2 of 3 trials are left; `millrace run --resume {folder}", "what is left, as before")
    sound = kinds(folder).index("trial_end") + 1
    same(list(documents(os.path.join(folder, "run.bson")))[:sound], before[:sound], "the trial that is whole")

    agents["load3"] = hosts.agent("load3")
    run = bed.millrace("run", "--resume", folder, "--hosts", "load1,load3", *how, env=hosts.env)
    result = whole(folder, resumes=3)
    parts = [(one["cause"], one["trial"], one["agents_new"], one["agents_gone"]) for one in result["resumes"]]
    same(parts, [("killed", 1, 0, 0), ("killed", 1, 0, 0), ("failed", 1, 1, 1)], "parts")
    same(sorted(agent["name"] for agent in result["agents"]), ["load1", "load2", "load3"], "agents")
    for told, where in ((" ".join(run.out.split()), "the summary"), (bed.read(folder, "report.html"), "the page")):
        contains(told, "Resumed at trial 2 of 3", where)
        contains(told, "Its agents differ: 1 new, 1 gone. Compare the trials before and after with care.", where)
    for name in ("load1", "load3"):
        agents[name].says(r"has ended; waiting for the next one")
        agents[name].signal(signal.SIGTERM)
        agents[name].ends(130)


@test("Ctrl-C, then --resume: the trial that was interrupted is made again, windows of all trials are judged")
def interrupted():
    folder = bed.new_path("run")
    path = repeated(objectives='  - { that: "e2e.p50 < 30s", window: 1s, within: 99% }\n  - attained >= 1%\n')
    run = bed.start("run", path, "--out", folder)
    run.says(r"(?s)running: memory.*running: memory")
    sees(folder, 2, "segment", run)
    run.signal(signal.SIGINT)
    run.ends(130)
    contains(run.out, f"millrace run --resume {folder}", "what an interrupted run says")
    bed.millrace("run", path, "--resume", folder)
    result = whole(folder)
    same((result["verdict"], result["resumes"][0]["cause"]), ("pass", "interrupted"), "verdict")
    windows = [one for one in result["objectives"] if one.get("window_ns")]
    same([one["samples"] for one in windows], [1500], "messages in the windows of all trials")


@test("a search that is killed goes on from the rates that it knows")
def searched():
    folder = bed.new_path("run")
    text = f"millrace: 1\nname: search\ntargets: [ {{ backend: memory }} ]\ntopology: {FEW}\nselfcheck: warn\n"
    path = bed.write("search.yaml", f'{text}search: {{ rate: {{ from: 100/s, to: 120/s }}, settle: 1s, trial: 5s, confirm: 5s, width: 50% }}\n')
    run = bed.start("run", path, "--out", folder)
    run.says(r"held")
    kill(run)
    known = kinds(folder).count("trial_end")
    resumed = bed.start("run", "--resume", folder)
    resumed.wait()
    result = bed.result_of(folder)
    steps = result["searches"][0]["steps"]
    same([one["trial"] for one in steps], list(range(len(steps))), "trials of the steps")
    same(result["resumes"][0]["trials_done"] in (known, known - 1), True, "steps that were known")
    check(result["searches"][0]["limit"].startswith("the range ends") or resumed.process.returncode == 3, f"answer: {result['searches'][0]}")


@test("what can't be resumed is refused by name, and nothing of it is changed")
def refused():
    def said(*arguments, code=2, env=None):
        return bed.millrace("run", *arguments, code=code, env=env).err

    folder = bed.new_path("run")
    path = repeated()
    run = bed.start("run", path, "--out", folder)
    run.says("running: memory")
    contains(said("--resume", folder), "the run still goes on", "a run that goes on")
    kill(run)
    before = journal(folder)
    contains(said("--resume", bed.new_path("nothing")), "holds no run", "no folder")
    contains(said("--resume", path), "holds no run", "a file")
    contains(said(), "SCENARIO, or --resume", "neither")
    contains(said("--resume", folder, "--out", "x"), "--out does not go with --resume", "--out")
    contains(said("--resume", folder, "--set", "repeat=2"), "need SCENARIO as well", "--set")
    contains(said(path, "--resume", folder, "--set", "repeat=2"), 'it had "repeat: 3" where this one has "repeat: 2"', "another scenario")
    same(journal(folder), before, "the journal")

    broken = bed.new_path("broken")
    shutil.copytree(folder, broken)
    with open(os.path.join(broken, "run.bson"), "r+b") as file:
        file.seek(4)
        file.write(b"\xff")
    contains(said("--resume", broken), "run.bson, at byte 0", "a damaged journal")

    older = bed.new_path("older")
    shutil.copytree(folder, older)
    version = bed.millrace("--version").out.split()[1]
    other = "9" + version[1:]
    with open(os.path.join(older, "run.bson"), "wb") as file:
        file.write(before.replace(version.encode() + b"\0", other.encode() + b"\0"))
    contains(said("--resume", older), f"begun by millrace {other}", "another version")
    bed.millrace("run", "--resume", folder)
    whole(folder)


bed.main()
