"""Agents on the nodes of a real Slurm: its controller at one host of a lab, where the coordinator runs, a node at each of three others."""

import glob
import os
import signal

import bed
from bed import AGENT, MILLRACE, check, contains, matches, same, test, truth, wait_until
from bed_slurm import NODES, slurm
from bed_ssh import agents_on, gone

GONE_S = 30


def told(pid, name):
    with open(f"/proc/{pid}/{name}", "rb") as file:
        return file.read()


def child(parent, name):
    """The process of that name that it started."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii") as file:
                words = file.read().rsplit(") ", 1)
        except (FileNotFoundError, ProcessLookupError):
            continue
        if words[0].endswith(f"({name}") and int(words[1].split()[1]) == parent:
            return int(pid)
    raise AssertionError(f"process {parent} has no {name}")


class Bed:
    """Commands that start agents by srun, and that nothing is left of them."""

    def __init__(self, made):
        self.slurm = made
        self.store = made.env["MILLRACE_HOSTS_DIR"]

    def agents(self):
        return {node: agents_on(node) for node in NODES}

    def words(self, name, *arguments, agents=3, agent=AGENT):
        return [MILLRACE, name, "--launch", f"slurm:{agents}", "--agent-path", agent, *arguments]

    def command(self, name, *arguments, **options):
        return self.slurm.user(*self.words(name, *arguments, **options))

    def run(self, *arguments):
        """Of a minute: it is ended before. With its folder and the agents that send."""
        folder = bed.new_path("run")
        path = bed.scenario(phases=["{ name: steady, rate: 200/s, for: 60s }"])
        run = self.command("run", path, "--out", folder, "--selfcheck", "warn", *arguments)
        run.says("running: memory")
        agents = self.agents()
        same([len(pids) for pids in agents.values()], [1, 1, 1], f"agents by node; it said\n{run.err}")
        for pid in sum(agents.values(), [child(run.pid, "srun")]):
            check(b"millrace-join-1:" not in told(pid, "cmdline") + told(pid, "environ"), f"process {pid} shows a join line")
        for pid in sum(agents.values(), []):
            check(b"hush" not in told(pid, "environ"), f"agent {pid} has a password of the coordinator's environment")
        return run, folder, agents

    def leaves_nothing(self, folder=None):
        wait_until(lambda: self.slurm.jobs() == [], lambda: f"no job is left of {self.slurm.jobs()}")
        same(self.agents(), {node: [] for node in NODES}, "agents that are left")
        check(not os.path.exists(self.store), "the run has made a store of hosts")
        for path in glob.glob(os.path.join(folder or "-", "**"), recursive=True) + glob.glob(os.path.join(self.slurm.folder, "**"), recursive=True):
            if os.path.isfile(path) and not os.path.islink(path):
                with open(path, "rb") as file:
                    check(b"millrace-join-1:" not in file.read(), f"{path} has a join line in it")


def whole(here, folder):
    """A run that ended, and what it says of its agents."""
    here.leaves_nothing(folder)
    result = bed.result_of(folder)
    bed.audit_holds(result)
    same(sorted(agent["name"] for agent in result["agents"]), NODES, "agents")
    same(os.listdir(os.path.join(folder, "agents")), ["slurm.log"], "their log")


def runs(here):
    """In a job of their own and in one that is there, to the end, until Ctrl-C, and until something is killed."""
    path = bed.scenario(phases=["{ name: steady, rate: 200/s, for: 1s }"])
    folder = bed.new_path("run")
    run = here.command("run", path, "--out", folder, "--selfcheck", "warn").ends(0)
    matches(run.err, r"slurm: srun starts 3 agents \(.*millrace-agent\) in a job millrace-[0-9a-f]{8}\n", "what it did")
    whole(here, folder)

    folder = bed.new_path("run")
    within = here.words("run", path, "--out", folder, "--selfcheck", "warn")
    contains(here.slurm.user("salloc", "--nodes=3", *within).ends(0).err, " in this allocation\n", "what it did in one")
    whole(here, folder)

    run, folder, agents = here.run()
    journal = os.path.join(folder, "run.bson")
    began_bytes = os.path.getsize(journal)
    wait_until(lambda: os.path.getsize(journal) > began_bytes, "a second of load is in the journal")
    run.signal(signal.SIGINT)
    run.ends(130)
    gone(sum(agents.values(), []), GONE_S)
    whole(here, folder)

    run, folder, agents = here.run()
    run.signal(signal.SIGKILL)
    run.wait()
    took_s = gone(sum(agents.values(), []), GONE_S)
    here.leaves_nothing(folder)
    log = bed.read(os.path.join(folder, "agents", "slurm.log"))
    same(log.count(": Exited with exit code 130"), 3, f"agents that left in good order, by\n{log}\n, at the end of a killed coordinator")
    truth("agents by Slurm, from the end of a killed coordinator to theirs", f"{GONE_S} s", f"{took_s:.1f} s")

    # Whom Slurm ended is told by his node, and the others go with the run.
    run, folder, agents = here.run()
    os.kill(agents["host3"][0], signal.SIGKILL)
    run.ends(4)
    contains(run.err, "host3 was lost: its agent on host3 was ended: Killed", "what the run says")
    gone(agents["host2"] + agents["host4"], GONE_S)
    here.leaves_nothing(folder)


def failures(here):
    """Each way in which Slurm or its nodes can fail to start agents."""
    missing = here.command("doctor", agent="/nowhere/millrace-agent").ends(4).err
    contains(missing, "/nowhere/millrace-agent is not installed on host4 (give --agent-path)", "an agent that is missing")
    here.leaves_nothing()
    partition = here.command("doctor", "--slurm", "--partition=nope").ends(4).err
    contains(partition, "slurm:task-0: srun: Unable to allocate resources: Invalid partition name specified", "a partition")
    late = here.command("doctor", "--join-timeout", "2s", agents=4).ends(4).err
    queued = r"; job \d+ is PENDING: \w+" if "queued and waiting" in late else ""  # A busy host may not have come to that.
    matches(late, "within 2 s 4 of 4 of slurm did not join; none did" + queued, "more nodes than there are")
    here.leaves_nothing()
    waits = here.command("doctor", agents=4)
    waits.says(r"slurm: job \d+ queued and waiting for resources")
    waits.signal(signal.SIGKILL)
    waits.wait()
    here.leaves_nothing()

    # Two at each node, as the user wants; each has a name of its own.
    several = here.command("doctor", "--slurm", "--nodes=2", agents=3).ends(0)
    matches(several.out, r"ok +host2-2 ", "the second agent of a node")
    here.leaves_nothing()

    # One whose srun was killed takes its job and its agents with it.
    run, folder, agents = here.run()
    os.kill(child(run.pid, "srun"), signal.SIGKILL)
    run.ends(4)
    contains(run.err, "its srun was ended by signal 9 (Killed)", "what the run says")
    gone(sum(agents.values(), []), GONE_S)
    here.leaves_nothing(folder)


@test("agents by Slurm count each message, go with the run however it ends, leave no job, and are told with a reason where they can't come")
def launched():
    with slurm() as made:
        here = Bed(made)
        runs(here)
        failures(here)


bed.main()
