"""Agents on other hosts, started by ssh: sshd in two hosts of a lab, the coordinator in a third."""

import glob
import os
import shutil
import signal

import bed
from bed import AGENT, MILLRACE, check, contains, matches, same, test, truth, wait_until
from bed_lab import on
from bed_ssh import agents_on, gone, hosts, listeners

# From the end of the coordinator to that of an agent: the connection's, and leaving in good order.
GONE_S = 30


class Bed:
    """A run or a command at host1, and that nothing is left of it."""

    def __init__(self, ssh):
        self.ssh = ssh
        self.store = bed.new_path("store")

    def command(self, name, hosts_asked, *arguments, agent=AGENT):
        usual = self.ssh.options(agent)
        usual = [word for i in range(0, len(usual), 2) if usual[i] not in arguments for word in usual[i : i + 2]]
        words = [MILLRACE, name, "--launch", f"ssh:{hosts_asked}", *usual, *arguments]
        return on("host1", *words, env={"MILLRACE_HOSTS_DIR": self.store})

    def run(self, *arguments):
        """Of a minute: it is ended before. With its folder, and the agents by host when they send."""
        folder = bed.new_path("run")
        path = bed.scenario(phases=["{ name: steady, rate: 200/s, for: 60s }"])
        run = self.command("run", "load2,load3", path, "--out", folder, "--selfcheck", "warn", *arguments)
        run.says("running: memory")
        agents = {host: agents_on(host) for host in ("host2", "host3")}
        same([len(pids) for pids in agents.values()], [1, 1], f"agents by host; it said\n{run.err}")
        return run, folder, agents

    def leaves_nothing(self, folder=None):
        """An agent that was let go while it dialled takes a moment."""
        for host, home in self.ssh.home.items():
            wait_until(lambda host=host: not agents_on(host), f"no agent is left on {host}", GONE_S)
            same(os.listdir(home), [], f"files that are left on {host}")
        check(not os.path.exists(self.store), "the run has made a store of hosts")
        for path in glob.glob(os.path.join(folder or "-", "**"), recursive=True):
            if os.path.isfile(path):
                with open(path, "rb") as file:
                    check(b"millrace-join-1:" not in file.read(), f"{path} has a join line in it")


@test("agents are started by ssh, directly and through a tunnel, and go with the command that wanted them")
def both_ways():
    with hosts() as ssh:
        here = Bed(ssh)
        direct = here.command("doctor", "load2,load3").ends(0)
        matches(direct.out, r"ok +load2 .*\n +ok +load3 ", "the hosts that doctor has looked at")
        matches(direct.err, r"ssh:load2: starts .*millrace-agent, which joins at the address that its ssh came from, port \d+\n", "what it did")
        here.leaves_nothing()
        listed = bed.write("hosts.txt", "load2  # rack 4\nload3\nload2\n")
        tunnel = here.command("doctor", "@" + listed, "--tunnel").ends(0)
        matches(tunnel.out, r"ok +load2 .*\n +ok +load3 .*\n +ok +load2-2 |ok +load2 .*\n +ok +load2-2 .*\n +ok +load3 ", "the hosts of a file")
        matches(tunnel.err, r"ssh:load3: starts .*, which joins through ssh, at its 127\.0\.0\.1:\d+\n", "what it did")
        here.leaves_nothing()

        # By an address that leads nowhere no agent comes; by the right one it does.
        wrong = here.command("doctor", "load2", "--at", "nowhere.invalid:7700", "--join-timeout", "4s").ends(4)
        matches(wrong.err, r"within 4 s load2 did not join; none did; load2: nowhere\.invalid:7700: ", "who did not come, and what it says")
        here.leaves_nothing()
        right = here.command("doctor", "load2", "--at", "host1:7700").ends(0)
        contains(right.err, "which joins at host1:7700", "what it did")
        here.leaves_nothing()


@test("each way in which ssh or its agent can fail is told with the host and what to do, of several hosts together")
def failures():
    with hosts() as ssh:
        here = Bed(ssh)
        said = here.command("doctor", "load2,stranger,locked,closed,nowhere.invalid").ends(4).err
        contains(said, "only 1 of 5 agents came up", "the end")
        for why in [
            "ssh:stranger: ssh: Host key verification failed.",
            "ssh:closed: ssh: connect to host 10.83.0.2 port 2223: Connection refused",
            "ssh:nowhere.invalid: ssh: Could not resolve hostname nowhere.invalid: ",
        ]:
            contains(said, why, "what failed")
        matches(said, r"ssh:locked: ssh: .*10\.83\.0\.2: Permission denied \(publickey", "a key that the host does not know")
        missing = here.command("doctor", "load2", agent="/nowhere/millrace-agent").ends(4).err
        contains(missing, "ssh:load2: /nowhere/millrace-agent is not installed there (give --agent-path, or --push FILE)", "an agent that is missing")
        script = bed.write("old-agent", f'#!/bin/sh\nMILLRACE_TEST_VERSION=0.0.9 exec {AGENT} "$@"\n', 0o755)
        old = here.command("doctor", "load2", agent=script).ends(4).err
        matches(old, r"load2 is Millrace 0\.0\.9, this coordinator .*: install ", "an agent of another version")
        script = bed.write("older-agent", '#!/bin/sh\necho "millrace-agent: there is no option --leash" >&2\nexit 2\n', 0o755)
        older = here.command("doctor", "load2", agent=script).ends(4).err
        matches(older, r"ssh:load2: its agent is of another version: install .* there", "an agent that knows no leash")
        none = here.command("run", "load2", bed.scenario(), "--ssh", "/nowhere/ssh -q", "--out", bed.new_path("run")).ends(4)
        matches(none.out, r"/nowhere/ssh\s+can't\s+be\s+started:\s+No\s+such\s+file", "an ssh that is not there")
        check("(null)" not in none.err, f"a run that ended before its first stage says: {none.err}")
        here.leaves_nothing()


@test("an archive is copied to a host without an agent, once, and whole or not at all")
def pushed():
    with hosts() as ssh:
        here = Bed(ssh)
        home = ssh.home["host2"]
        archive = ssh.archive()
        asked = ["--agent-path", "millrace-agent-that-is-missing", "--push", archive]
        folder = os.path.join(home, ".cache", "millrace")

        first = here.command("doctor", "load2", *asked, "--tunnel").ends(0)
        matches(first.out, r"millrace-agent.* on |load2 on ", "the host that doctor has looked at")
        contains(first.err, f"ssh:load2: has no millrace-agent-that-is-missing: copying {archive} to ~/.cache/millrace/", "what it did")
        contains(first.err, "ssh:load2: copied, and its checksum is the same there", "what it did")
        (version,) = os.listdir(folder)
        kept = os.path.join(folder, version)
        same(sorted(os.listdir(kept)), ["bin", "sha256"], "what is on the host")
        again = here.command("doctor", "load2", *asked).ends(0)
        check("cop" not in again.err, f"what is there is copied again: {again.err}")

        # Another archive than the one that is there takes its place; what is none leaves nothing.
        with open(os.path.join(kept, "sha256"), "w") as file:
            file.write("another\n")
        contains(here.command("doctor", "load2", *asked).ends(0).err, "ssh:load2: copied", "an archive in place of another")
        shutil.rmtree(folder)
        asked[-1] = bed.write("no-archive", "text")
        bad = here.command("doctor", "load2", *asked).ends(4).err
        matches(bad, r"ssh:load2: .*no-archive can't be copied there: it can not be unpacked, or has no bin/millrace-agent", "what is no archive")
        same(os.listdir(folder), [], "what is left of it")
        asked[-1] = "/nowhere/archive"
        contains(here.command("doctor", "load2", *asked).ends(2).err, "--push: /nowhere/archive", "an archive that is missing")
        shutil.rmtree(os.path.join(home, ".cache"))
        here.leaves_nothing()


@test("a run over two hosts counts each message, and agents go with Ctrl-C")
def interrupted():
    with hosts() as ssh:
        here = Bed(ssh)
        run, folder, agents = here.run()
        journal = os.path.join(folder, "run.bson")
        began_bytes = os.path.getsize(journal)
        wait_until(lambda: os.path.getsize(journal) > began_bytes, "a second of load is in the journal")
        run.signal(signal.SIGINT)
        run.ends(130)
        gone(sum(agents.values(), []), GONE_S)
        here.leaves_nothing(folder)
        result = bed.result_of(folder)
        bed.audit_holds(result)
        same(sorted(agent["name"] for agent in result["agents"]), ["load2", "load3"], "agents")
        same(sorted(os.listdir(os.path.join(folder, "agents"))), ["load2.log", "load3.log"], "their logs")


@test("agents of a coordinator that is killed are gone within seconds, also behind a tunnel, which opens no port")
def killed():
    with hosts() as ssh:
        here = Bed(ssh)
        run, folder, agents = here.run("--tunnel")
        same(set(listeners("host1")), {"0100007F"}, "where the coordinator's host listens")
        run.signal(signal.SIGKILL)
        run.wait()
        took_s = gone(sum(agents.values(), []), GONE_S)
        here.leaves_nothing(folder)
        truth("agents by ssh, from the end of a killed coordinator to theirs", f"{GONE_S} s", f"{took_s:.1f} s")


@test("an agent that is killed is told by its host, and the run says that it could not be made")
def one_agent():
    with hosts() as ssh:
        here = Bed(ssh)
        run, folder, agents = here.run()
        os.kill(agents["host3"][0], signal.SIGKILL)
        run.ends(4)
        contains(run.err, "load3 was lost: its agent was killed, or its ssh connection ended: it said nothing", "what the run says")
        gone(agents["host2"], GONE_S)
        here.leaves_nothing(folder)


bed.main()
