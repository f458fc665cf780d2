"""Agents that stay: run after run by one process, whatever ended the one before."""

import os
import re
import signal
import socket
import threading

import bed
import bed_hosts
from bed import check, contains, matches, same, test, truth

bed.counts_only()

RUNS = 3
GROWTH_MIB = 6  # The allocator's pools of some threads fill over eight runs, and no further.
STEADY = ["{ name: steady, rate: 500/s, for: 1s }"]
LONG = ["{ name: steady, rate: 200/s, for: 120s }", "{ name: drain, rate: none, until: drained, for: 30s }"]


def rss_mib(pid):
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS")) / 1024


def started(url, phases, *arguments):
    folder = bed.new_path("run")
    path = bed.scenario(phases=phases)
    return bed.start("run", path, "--listen", url, "--agents", "1", "--selfcheck", "warn", "--out", folder, *arguments), folder


def served(url, agent, number):
    """One run by the agent, which waits for the next one then."""
    run, folder = started(url, STEADY)
    run.ends(0)
    agent.says(rf"(?s)(has ended; waiting.*){{{number}}}")
    result = bed.result_of(folder)
    bed.audit_holds(result)
    names = [one["name"] for one in result["agents"]]
    check(len(names) == 1 and names[0].endswith(f"-{agent.pid}"), f"who served: {names}")


@test("an agent that stays serves run after run in one process, whose memory does not grow, and a signal ends it")
def run_after_run():
    url = bed.free_url()
    agent = bed.agent(url, "--stay")
    agent.says(f"waiting for a coordinator at {url}")
    took_mib = []
    for number in range(1, RUNS + 1):
        served(url, agent, number)
        took_mib.append(rss_mib(agent.pid))
    if not bed.sanitized():
        check(max(took_mib[2:]) < took_mib[1] + GROWTH_MIB, f"memory after each run: {took_mib} MiB")
        truth("an agent that stays: its memory after three runs", f"+{GROWTH_MIB} MiB", f"{max(took_mib[2:]) - took_mib[1]:+.1f} MiB")
    agent.signal(signal.SIGTERM)
    agent.ends(130, 15)


@test("a signal to an agent that stays, under load: it says goodbye, the run ends as by a lost agent, and so does the agent")
def signal_under_load():
    url = bed.free_url()
    agent = bed.agent(url, "--stay")
    run, _ = started(url, LONG)
    run.says("running: memory")
    agent.signal(signal.SIGINT)
    agent.ends(130, 30)
    run.ends(4, 60)
    matches(run.err + run.out, "it was ended on its host", "what the run says")
    check(re.search("waiting for the next", agent.err) is None, f"it said:\n{agent.err}")


def passed(run, folder, names):
    """A run that these hosts served, and what it left."""
    run.ends(0)
    result = bed.result_of(folder)
    bed.audit_holds(result)
    same(sorted(one["name"] for one in result["agents"]), names, "who served")


@test("processes of a host come by one file, from stdin, too: a run waits for all, one that is killed comes again, one that was removed is out")
def processes():
    hosts = bed_hosts.Hosts()
    hosts.add("big", more=("--processes", "3"))
    agent = bed.Program(["sh", "-c", f"exec {bed.AGENT} --join - <{hosts.join('big')}"])
    run, folder = hosts.start("big", STEADY, topology="{ topics: 3, producers: 3, consumers: 3 }")
    passed(run, folder, ["big/1", "big/2", "big/3"])
    agents = bed.result_of(folder)["agents"]
    same(len({(one["share"], one["usable_cpus_milli"]) for one in agents}), 1, f"they share the host alike: {agents}")
    os.kill(sorted(bed.agents_of(agent))[0], signal.SIGKILL)
    agent.says(r"was ended by signal 9 \(Killed\): it is started anew")
    run, _ = hosts.start("big", LONG, topology="{ topics: 3, producers: 3, consumers: 3 }")
    run.says("running: memory")
    hosts.remove("big")
    run.ends(4, 60)
    matches(run.err + run.out, r"big/[123] was lost: it was removed from this coordinator's hosts", "what the run says")
    agent.signal(signal.SIGTERM)
    agent.ends(130, 30)


def tells_no_secret(hosts, *programs):
    for name in os.listdir(hosts.files):
        line = bed.read(hosts.join(name.removesuffix(".join"))).strip()
        for program in programs:
            check(line[40:80] not in program.err + program.out, f"{program.name} says what is in {name}")


# What mostly waits goes side by side.
_waiting = bed.Together()


def coordinator_killed():
    hosts = bed_hosts.Hosts()
    hosts.add("load1")
    agent = hosts.agent("load1")
    agent.says(f"load1: waiting for a coordinator at {hosts.url()}")
    first, _ = hosts.start("load1", LONG)
    first.says("running: memory")
    first.signal(signal.SIGKILL)
    second, folder = hosts.start("load1", STEADY)
    passed(second, folder, ["load1"])
    matches(agent.err, r"run \S+ ended here: .*is here now; waiting for the next one", "of the first run")
    agent.signal(signal.SIGTERM)
    agent.ends(130, 15)
    tells_no_secret(hosts, agent, first, second)


_waiting.add("killed coordinator", coordinator_killed)


@test("a coordinator that is killed under load: its agent takes up the next run at the same address")
def when_coordinator_is_killed():
    _waiting.outcome("killed coordinator")


def stopped_and_killed():
    hosts = bed_hosts.Hosts()
    hosts.add("load1", "load2")
    stopped, killed = hosts.agent("load1"), hosts.agent("load2")
    killed.says("waiting for a coordinator")
    os.kill(killed.pid, signal.SIGSTOP)
    first, _ = hosts.start("load1,load2", LONG)
    first.says("1 of 2 joined")
    os.kill(killed.pid, signal.SIGCONT)
    first.says("running: memory")
    os.kill(stopped.pid, signal.SIGSTOP)
    first.ends(4, 60)
    contains(first.err + first.out, "load1", "who was lost")
    killed.signal(signal.SIGKILL)
    killed.wait()
    second, folder = hosts.start("load1,load2", STEADY)
    os.kill(stopped.pid, signal.SIGCONT)
    again = hosts.agent("load2")
    passed(second, folder, ["load1", "load2"])
    stopped.says("ended here")
    tells_no_secret(hosts, stopped, killed, again, first, second)


_waiting.add("stopped", stopped_and_killed)


@test("agents that are stopped while idle and under load, and killed: each serves the next run")
def when_agents_are_stopped_and_killed():
    _waiting.outcome("stopped")


def file_gone_and_ended():
    hosts = bed_hosts.Hosts()
    hosts.add("load1")
    agent = hosts.agent("load1")
    agent.says("waiting for a coordinator")
    hosts.end("load1")
    agent.says("load1: .*ended")
    os.remove(hosts.join("load1"))
    hosts.add("load1", more=("--again",))
    run, folder = hosts.start("load1", STEADY)
    passed(run, folder, ["load1"])
    hosts.remove("load1")
    hosts.add("load2")
    other, _ = hosts.start("load2", STEADY)
    agent.says("load1: .*(not among the hosts|removed)")
    other.signal(signal.SIGINT)
    other.ends(130)
    same(len(re.findall("ended 20|has ended|is not valid", agent.err)), 2, f"once each, the file and the run:\n{agent.err}")
    tells_no_secret(hosts, agent, run, other)


_waiting.add("file", file_gone_and_ended)


@test("a join file that is removed, ends while its agent waits, and is made anew: said once, and taken up")
def when_the_file_goes():
    _waiting.outcome("file")


def busy():
    hosts = bed_hosts.Hosts(bed.free_port(), bed.free_port())
    hosts.add("load1")
    agent = hosts.agent("load1")
    first, _ = hosts.start("load1", LONG, index=0)
    first.says("running: memory")
    second, folder = hosts.start("load1", STEADY, index=1)
    second.says(rf"load1 is busy with run \S+ of coordinator 127.0.0.1:{hosts.ports[0]}")
    first.signal(signal.SIGINT)
    first.ends(130)
    passed(second, folder, ["load1"])
    agent.says("(?s)(has ended; waiting.*){2}")
    tells_no_secret(hosts, agent, first, second)


_waiting.add("busy", busy)


@test("a coordinator that waits for an agent hears with which run of which other one it is busy, and has it afterwards")
def when_it_is_busy():
    _waiting.outcome("busy")


def wrong_peers():
    hosts, others = bed_hosts.Hosts(), bed_hosts.Hosts()
    hosts.add("load1", "load2")
    others.add("load1")
    agent = hosts.agent("load1")
    agent.says("waiting for a coordinator")
    # A coordinator in clear, at the address of the join file.
    clear, _ = started(hosts.url(), STEADY)
    agent.says(rf"load1: 127.0.0.1:{hosts.ports[0]}: it speaks plain TCP there")
    clear.signal(signal.SIGINT)
    clear.ends(130)
    # One of another authority, and agents without a file or with another's.
    run, _ = hosts.start("load1,load2", STEADY)
    run.says("1 of 2 joined")
    plain = bed.agent(hosts.url(), "--stay")
    plain.says("wants a join file")
    stranger = Stranger(others, hosts)
    stranger.agent.says("of another authority")
    run.signal(signal.SIGINT)
    run.ends(130)
    tells_no_secret(hosts, agent, clear, run, plain)


class Stranger:
    """An agent that has the join file of other hosts, whose address leads to these: through a relay."""

    def __init__(self, others, hosts):
        self._listener = socket.create_server(("127.0.0.1", others.ports[0]))
        self._to = hosts.ports[0]
        threading.Thread(target=self._relay, daemon=True).start()
        self.agent = others.agent("load1")

    def _relay(self):
        while True:
            near, _ = self._listener.accept()
            try:
                far = socket.create_connection(("127.0.0.1", self._to))
            except OSError:
                return  # The coordinator has ended.
            threading.Thread(target=self._copy, args=(near, far), daemon=True).start()
            threading.Thread(target=self._copy, args=(far, near), daemon=True).start()

    @staticmethod
    def _copy(near, far):
        try:
            while data := near.recv(65536):
                far.sendall(data)
            far.shutdown(socket.SHUT_WR)
        except OSError:
            pass


_waiting.add("wrong peers", wrong_peers)


@test("who is not the coordinator of the join file, nor its agent, is told apart by name on the side that was wrong")
def when_peers_are_wrong():
    _waiting.outcome("wrong peers")


def ended_while_joined():
    hosts = bed_hosts.Hosts()
    hosts.add("load1", "load2")
    agent = hosts.agent("load1")
    run, _ = hosts.start("load1,load2", STEADY)
    run.says("1 of 2 joined")
    agent.says("joined run")
    agent.signal(signal.SIGINT)
    agent.ends(130, 30)
    run.signal(signal.SIGINT)
    run.wait()


def ended_while_probing():
    bed.need_driver("rabbitmq")
    hosts = bed_hosts.Hosts()
    hosts.add("load1")
    agent = hosts.agent("load1")
    with socket.create_server(("127.0.0.1", 0)) as mute:  # Takes connections and says nothing.
        mute.settimeout(bed.LONG_S)
        target = f'  - {{ backend: rabbitmq, address: "amqp://127.0.0.1:{mute.getsockname()[1]}" }}\n'
        run, _ = hosts.start("load1", STEADY, targets=target)
        mute.accept()
        agent.signal(signal.SIGTERM)
        agent.ends(130, 40)
    run.ends(4, 60)


def ended_without_load():
    hosts = bed_hosts.Hosts()
    hosts.add("load1")
    agent = hosts.agent("load1")
    run, _ = hosts.start("load1", ["{ name: steady, rate: 200/s, for: 1s }", "{ name: rest, rate: none, for: 120s }"])
    run.says("rest")
    agent.signal(signal.SIGTERM)
    agent.ends(130, 30)
    run.ends(4, 60)


for _stage in [ended_while_joined, ended_while_probing, ended_without_load]:
    _waiting.add(_stage.__name__, _stage)


@test("a signal to an agent that has joined and waits for others")
def signal_while_joined():
    _waiting.outcome("ended_while_joined")


@test("a signal to an agent that looks at a broker which says nothing")
def signal_while_probing():
    _waiting.outcome("ended_while_probing")


@test("a signal to an agent in a phase without load")
def signal_without_load():
    _waiting.outcome("ended_without_load")


if __name__ == "__main__":
    bed.main()
