"""Agents as pods of a Job, where a stand-in is the cluster and its kubectl (bed_k8s.py): their command lines run for real, in a root of the archive."""

import glob
import os
import signal

import bed
from bed import MILLRACE, check, contains, matches, same, test, truth, wait_until
from bed_k8s import IMAGE, cluster, parsed
from bed_lab import on
from bed_ssh import gone

AT = "10.83.0.1:7700"
GONE_S = 60


def kinds(manifests):
    return [one["kind"] for one in manifests]


@test("manifests, of the launcher's dry run and for agents that stay, are what Kubernetes from 1.28 on takes")
def manifests():
    words = ["doctor", "--launch", "k8s:3", "--dry-run", "--kubectl", "/nowhere/kubectl"]
    shown = bed.millrace(*words).out
    made = parsed(shown)
    same(kinds(made), ["Service", "Job"], "what --dry-run prints")
    check("millrace-join-1:" not in shown, "a dry run shows a join line")
    same(made[1]["spec"]["template"]["spec"]["containers"][0]["image"].split(":")[0], "millrace-agent", "its image")
    another = parsed(bed.millrace("run", *words[1:], "--image", "other:2", "--agent-path", '/o "p"').out)
    container = another[1]["spec"]["template"]["spec"]["containers"][0]
    same((container["image"], container["args"][0]), ("other:2", '/o "p"'), "the image and program that were said")

    stays = parsed(bed.read(bed.SOURCE, "deploy", "k8s", "agents.yaml"))
    same(kinds(stays), ["Service", "Job"], "of deploy/k8s")
    version = bed.millrace("--version").out.split()[1]
    same(stays[1]["spec"]["template"]["spec"]["containers"][0]["image"], f"millrace-agent:{version}", "its image")

    nowhere = bed.millrace("doctor", "--launch", "k8s:3", code=2).err
    contains(nowhere, "pods have to be told where they reach this coordinator: --at HOST:PORT", "without --at")
    missing = bed.millrace("doctor", "--launch", "k8s:3", "--at", "127.0.0.1:7700", "--kubectl", "/nowhere/kubectl", code=4).err
    contains(missing, "/nowhere/kubectl is not there: --launch k8s wants kubectl on this host", "without kubectl")


class Bed:
    """Commands that start pods, and that nothing is left of them."""

    def __init__(self, made):
        self.cluster = made
        self.store = bed.new_path("store")

    def command(self, name, *arguments, pods=3, at=AT, image=IMAGE):
        words = [MILLRACE, name, "--launch", f"k8s:{pods}", "--at", at, "--image", image, "--kubectl", self.cluster.kubectl(), *arguments]
        return on("host1", *words, env={"MILLRACE_HOSTS_DIR": self.store, "BROKER_PASSWORD": "hush"})

    def run(self, *arguments, **blocks):
        """Of a minute: it is ended before. With its folder and the agents that send."""
        folder = bed.new_path("run")
        path = bed.scenario(phases=["{ name: steady, rate: 200/s, for: 60s }"], **blocks)
        run = self.command("run", path, "--out", folder, "--selfcheck", "warn", *arguments)
        run.says("running: memory")
        agents = self.cluster.agents()
        same(len(agents), 3, f"agents; it said\n{run.err}")
        for pid in agents + bed.children(run.pid):
            for name in ("cmdline", "environ"):
                check("millrace-join-1:" not in bed.read(f"/proc/{pid}/{name}"), f"process {pid} shows a join line")
        for pid in agents:
            check("hush" not in bed.read(f"/proc/{pid}/environ"), f"agent {pid} has a password of the coordinator's environment")
            contains(bed.read(f"/proc/{pid}/status"), "Uid:\t65532\t65532", "whose process an agent is")
        return run, folder, agents

    def leaves_nothing(self, folder=None):
        wait_until(lambda: not self.cluster.left(), lambda: f"nothing is left of {self.cluster.left()}", GONE_S)
        wait_until(lambda: not self.cluster.agents(), "no agent is left", GONE_S)
        check(not os.path.exists(self.store), "the run has made a store of hosts")
        for path in glob.glob(os.path.join(folder or "-", "**"), recursive=True):
            if os.path.isfile(path):
                check("millrace-join-1:" not in bed.read(path), f"{path} has a join line in it")


def whole(here, folder):
    """A run that ended, and what it says of its agents."""
    here.leaves_nothing(folder)
    result = bed.result_of(folder)
    bed.audit_holds(result)
    same(sorted(agent["name"] for agent in result["agents"]), ["k8s-0", "k8s-1", "k8s-2"], "agents")
    same(os.listdir(os.path.join(folder, "agents")), ["k8s.log"], "their log")


def runs(here):
    """To the end, until Ctrl-C, until the coordinator is killed, and on without a pod that was."""
    path = bed.scenario(phases=["{ name: steady, rate: 200/s, for: 1s }"])
    folder = bed.new_path("run")
    run = here.command("run", path, "--out", folder, "--selfcheck", "warn").ends(0)
    matches(run.err, rf"k8s: job millrace-[0-9a-f]{{8}}: 3 pods of {IMAGE}, which join at {AT}\n", "what it did")
    matches(run.err, r"k8s: job millrace-[0-9a-f]{8} is deleted, with its secret and service\n", "what it did at its end")
    whole(here, folder)
    for index in range(3):
        matches(bed.read(folder, "agents", "k8s.log"), rf"\[pod/millrace-[0-9a-f]{{8}}-{index}-x/agent\] .* joined", "the log")

    run, folder, agents = here.run()
    journal = os.path.join(folder, "run.bson")
    began_bytes = os.path.getsize(journal)
    wait_until(lambda: os.path.getsize(journal) > began_bytes, "a second of load is in the journal")
    run.signal(signal.SIGINT)
    run.ends(130)
    gone(agents, GONE_S)
    whole(here, folder)

    run, folder, agents = here.run()
    (coordinator,) = [pid for pid in [run.pid, *bed.children(run.pid)] if os.readlink(f"/proc/{pid}/exe") == os.path.realpath(MILLRACE)]
    os.kill(coordinator, signal.SIGKILL)
    run.wait()
    took_s = gone(agents, GONE_S)
    here.leaves_nothing(folder)
    truth("pods, from the end of a killed coordinator to theirs", f"{GONE_S} s", f"{took_s:.1f} s")

    run, folder, agents = here.run(on_agent_loss="continue")
    here.cluster.kills[1] = "OOMKilled"
    os.kill(agents[1], signal.SIGKILL)
    run.says(r"its pod millrace-[0-9a-f]{8}-1-x on host3 was killed: out of memory \(OOMKilled\)")
    same(len(here.cluster.agents()), 2, "agents that go on")
    run.signal(signal.SIGINT)
    run.ends(130)
    whole(here, folder)


def failures(here):
    """Each way in which a cluster can fail to run a pod."""
    said = here.command("doctor", image="lab/none:1").ends(4).err
    contains(said, "k8s: the image can't be pulled so far: lab/none:1: not found", "while it is tried")
    contains(said, "k8s:pod-0: the image lab/none:1 can't be pulled (ImagePullBackOff): lab/none:1: not found", "an image that is missing")
    here.leaves_nothing()
    said = here.command("doctor", "--agent-path", "/nowhere/millrace-agent").ends(4).err
    contains(said, f"k8s:pod-2: /nowhere/millrace-agent is not in the image {IMAGE} (give --agent-path)", "an agent that is missing")
    here.leaves_nothing()
    here.cluster.no_room.add(2)
    said = here.command("doctor", "--join-timeout", "6s").ends(4).err
    matches(said, r"within 6 s .* did not join; .*; millrace-[0-9a-f]{8}-2-x can't be scheduled: 0/3 nodes are available", "a full cluster")
    here.cluster.no_room.clear()
    here.leaves_nothing()
    here.cluster.quota = "exceeded quota: pods"
    said = here.command("doctor", "--join-timeout", "1s").ends(4).err
    matches(said, r"FailedCreate: Error creating: pods millrace-[0-9a-f]{8}-0 is forbidden: exceeded quota", "a quota")
    here.cluster.quota = None
    here.leaves_nothing()


def orphaned(here):
    """A coordinator whose host is gone, with whoever would have deleted its Job: its pod waits where nobody answers."""
    command = here.command("doctor", "--join-timeout", "8s", pods=1, at="127.0.0.1:9")
    wait_until(lambda: here.cluster.agents(), lambda: f"the pod runs; it said\n{command.err}")
    keepers = [pid for pid in bed.children(command.pid) if b"delete" in open(f"/proc/{pid}/cmdline", "rb").read()]
    for pid in [*keepers, command.pid]:
        os.kill(pid, signal.SIGKILL)
    command.wait()
    same(len(keepers), 1, "processes that would delete the Job")
    (pod,) = here.cluster.pods
    here.cluster.aside.add(pod.job["metadata"]["name"])
    return pod


def ends_by_itself(here, pod):
    wait_until(lambda: pod.phase == "Failed", lambda: f"the pod gives up; it said\n{pod.program.err}", GONE_S)
    contains(pod.program.err, "no coordinator was joined within 18 s", "what it said")
    here.cluster.aside.clear()
    name = pod.job["metadata"]["name"]
    same(here.cluster.left(), [f"job/{name}", f"secret/{name}", f"service/{name}"], "what stays for as long as the Job is kept")
    here.cluster.pass_time(60)
    here.leaves_nothing()


@test("agents as pods count each message, go with the run however it ends, leave nothing, and are told with a reason where they can't run")
def launched():
    with cluster() as made:
        here = Bed(made)
        pod = orphaned(here)
        runs(here)
        failures(here)
        ends_by_itself(here, pod)


bed.main()
