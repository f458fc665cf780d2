"""What each agent is given: by what it can use, and by what it has room for."""

import os
import re
import resource
import socket

import bed
from bed import check, contains, matches, same, test

bed.counts_only()

PHASES = ["{ name: steady, rate: 200/s, for: 2s }", "{ name: drain, rate: none, until: drained, for: 30s }"]


def with_files(count):
    return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (count, count))


def started(*command, limits, code):
    """A command with an agent for each limit of open files, to its end."""
    run = bed.start(*command, "--listen", "tcp://127.0.0.1:0", "--agents", str(len(limits)))
    url = run.says(r"waiting for agents at (tcp://\S+):").group(1)
    agents = [bed.agent(url, "--name", f"load{i + 1}", before=with_files(limit)) for i, limit in enumerate(limits)]
    run.ends(code, 90)
    for agent in agents:
        same(agent.wait(15), 0, f"exit code of an agent; it said\n{agent.err}")
    return run


def run_with(path, *limits, code=0):
    """Returns the run and its folder."""
    folder = bed.new_path("shares")
    return started("run", path, "--out", folder, limits=limits, code=code), folder


@test("clients that an agent has no room for go to another, and the audit is exact", needs=["mosquitto"])
def moved(mosquitto):
    path = bed.scenario(
        f'  - {{ backend: mqtt, address: "{mosquitto.address}" }}\n', PHASES, topology="{ topics: 100, producers: 100, consumers: 100 }"
    )
    run, folder = run_with(path, 4096, 110)
    contains(run.err, "load2, case mqtt: not enough: 110 open files, 100 clients would be there, which need 1", "what was said")
    contains(run.err, "others take the rest", "what was said")
    result = bed.result_of(folder)
    bed.audit_holds(result)
    case = bed.case_of(result, "mqtt")
    steady = bed.phase_of(case, "steady")
    same([steady["delivery"][what] for what in ["sent", "received", "lost"]], [400, 400, 0], "what was delivered")
    agents = {agent["name"]: agent for agent in result["agents"]}
    few = agents["load2"]["clients"]
    check(0 < few < 100, f"clients of the agent with few open files: {few}")
    same(agents["load1"]["clients"], 200 - few, "clients of the other")
    same([agents["load1"]["share"], agents["load2"]["share"]], [1 - few / 200, few / 200], "shares")
    check(all(agent["usable_cpus_milli"] > 0 for agent in agents.values()), f"usable CPUs: {agents}")
    report = bed.read(os.path.join(folder, "report.html"))
    contains(report, f"{few} ({few / 2:.1f}", "share in the report's table of agents")
    check("Client libraries differ" not in report, "a warning of libraries that are the same")


@test("doctor shows hosts, targets and shares as tables, and fails where a host can't do its share", needs=["mosquitto"])
def doctor(mosquitto):
    path = bed.scenario(
        f'  - {{ backend: mqtt, address: "{mosquitto.address}" }}\n  - {{ backend: mqtt, label: away, address: "mqtt://127.0.0.1:1" }}\n',
        PHASES,
        topology="{ topics: 100, producers: 100, consumers: 100 }",
    )
    said = started("doctor", path, "--target", "mqtt", limits=(8192, 110), code=4).out
    matches(said, r"low +load2 +this host's .* 110 ", "hosts")
    matches(said, r"load1 +this host's .* 8,192 ", "hosts")
    contains(said, "client libraries are the same on all agents", "client libraries")
    for name in ["load1", "load2"]:
        matches(said, rf"ok +{name} +mqtt +yes +yes +\S+ [numµ]*s ", "targets")
    matches(said, r"ok +load1 +mqtt +100 +50.0 %\n", "shares")
    matches(said, r"FAIL +load2 +mqtt +100 +50.0 % +not enough: 110 open files, 100 clients would be there, .*, room for \d+\n", "shares")
    check(said.index("load1") < said.index("load2"), f"not in the order of names:\n{said}")
    said = started("doctor", path, "--target", "mqtt", limits=(8192, 8192), code=0).out
    check("FAIL" not in said, f"hosts that can do their share:\n{said}")
    said = started("doctor", path, limits=(8192, 8192), code=4).out
    matches(said, r"FAIL +load2 +away +no +- +- +refused: ", "a target that is not there")


@test("of many agents doctor shows those that something is wrong with, counts the others, and tells a plan that can't be once")
def doctor_of_many():
    if not bed.built("mqtt"):
        raise bed.Skip("built without MQTT")
    away = '  - { backend: mqtt, label: away, address: "mqtt://127.0.0.1:1" }\n'
    path = bed.scenario("  - { backend: memory }\n" + away, PHASES, topology="{ topics: 1, producers: 24, consumers: 24 }")
    said = bed.millrace("doctor", path, "--agents", "24", code=4).out
    matches(said, r"ok +24 agents +memory +yes +yes +\S+ \S+ +\(the longest\)\n", "a target that all reach")
    check(not re.search(r"agent-\d+ +memory", said), f"agents that are well have rows:\n{said}")
    same(len(re.findall(r"FAIL +agent-\d+ +away +no ", said)), 20, "rows of those that fail")
    same(len(re.findall(r"FAIL +4 more agents +away\n", said)), 1, "rows of the others that do")
    # It was told of once by the shares, and once more by what the cases ask for.
    place = ["--set", "topology.placement={ producers: zone=a }"]
    said = bed.millrace("doctor", path, "--target", "away", *place, "--agents", "2", code=4).out
    same(said.count("placement.producers"), 1, f"how often it is told that this can't be planned:\n{said}")
    wrong = bed.millrace("doctor", path, "--launch", "local:3", "--tunnel", code=2)
    check("this host" not in wrong.out, f"a wrong command line, and a look at the host:\n{wrong.out}")


@test("where no agent has room for the rest, the run is not made: exit 4 with host and limit, before a broker is touched")
def no_room():
    if not bed.built("mqtt"):
        raise bed.Skip("built without MQTT")
    target = '  - { backend: mqtt, address: "mqtt://127.0.0.1:1" }\n'
    path = bed.scenario(target, PHASES, topology="{ topics: 100, producers: 100, consumers: 100 }")
    run, folder = run_with(path, 115, 110, code=4)
    check("detecting" not in run.err, f"the broker was asked:\n{run.err}")
    # Whichever of them came first.
    matches(
        str(bed.result_of(folder)["reasons"]),
        "(load1, case mqtt: not enough: 115|load2, case mqtt: not enough: 110) open files, 100 clients would be there",
        "reasons",
    )


class Store:
    """A store of hosts of its own, of which each joins this coordinator."""

    def __init__(self, at="c:7700"):
        self.at = at
        self.folder = bed.new_path("cwd")
        os.mkdir(self.folder)
        self.how = {"env": {"MILLRACE_HOSTS_DIR": os.path.join(bed.new_path("config"), "hosts")}, "cwd": self.folder}

    def add(self, *arguments):
        bed.millrace("hosts", "add", *arguments, "--at", self.at, **self.how)

    def join(self, name):
        return bed.Program([bed.AGENT, "--join", os.path.join(self.folder, f"{name}.join")])


@test("explain --hosts deals by weights and labels of the store, and says what it can't know")
def explained():
    store = Store()
    store.add("load1", "--weight", "3", "--label", "zone=a")
    store.add("load2", "load10", "--label", "zone=b")
    targets = '  - { backend: kafka, address: "127.0.0.1:1" }\n'
    if not bed.built("kafka"):
        raise bed.Skip("built without Kafka")
    path = bed.scenario(targets, PHASES, topology="{ topics: 10, producers: 10, consumers: 10 }")
    said = bed.millrace("explain", path, "--hosts", "all", **store.how).out
    contains(said, "load1: weight 3, zone=a", "hosts")
    contains(said, "each without a weight counts as one CPU", "what is not known")
    matches(said, r"0 on load1: 6 producers, 6 consumers on .*; 60 % of the clients", "the heavy host")
    matches(said, r"1 on load2: 2 producers, 2 consumers on .*; 20 % of the clients", "in the order of names")
    matches(said, r"2 on load10: 2 producers, 2 consumers on .*; 20 % of the clients", "in the order of names")
    place = ["--set", "topology.placement={ producers: zone=b, consumers: zone=a }"]
    said = bed.millrace("explain", path, "--hosts", "load1,load2", *place, **store.how).out
    contains(said, "0 on load1: 0 producers, 10 consumers", "by labels")
    contains(said, "1 on load2: 10 producers, 0 consumers", "by labels")
    place[1] = place[1].replace("zone=b", "zone=c")
    said = bed.millrace("explain", path, "--hosts", "all", *place, code=2, **store.how).err
    contains(said, "placement.producers: no host has the label zone=c (did you mean zone=a? There are zone=a, zone=b)", "a label that none has")
    said = bed.millrace("explain", path, "--hosts", "all", "--agents", "2", code=2, **store.how).err
    contains(said, "--agents with --hosts is how many of a fleet", "without a fleet")
    store.add("many", "--any", "5")
    said = bed.millrace("explain", path, "--hosts", "all", "--agents", "2", **store.how).out
    contains(said, "5 agents", "two of a fleet of five, and three hosts")
    contains(said, "many: by its CPUs, a fleet of up to 2", "two of a fleet of five")
    matches(bed.millrace("explain", path, "--launch", "ssh:load1,load2,load3", **store.how).out, "3 agents", "agents that a launcher would start")


@test("ports are told that are taken, or that no join file leads to; of a fleet that partly came some can clean")
def ports():
    store = Store(at=f"127.0.0.1:{bed.free_port()}")
    store.add("many", "--any", "5")
    path = bed.scenario(phases=PHASES)
    other = f"tcp://127.0.0.1:{bed.free_port()}"
    said = bed.millrace("doctor", path, "--hosts", "many", "--listen", other, "--join-timeout", "1s", code=4, **store.how).err
    contains(said, f"warning: the join file of many leads to {store.at}, not to the port of --listen {other}: ", "a port of no join file")
    contains(said, f"millrace hosts add many --again --at HOST:{other.rsplit(':', 1)[1]}", "what to do")
    with socket.create_server(("0.0.0.0", int(store.at.rsplit(":", 1)[1]))):
        said = bed.millrace("doctor", path, "--hosts", "many", code=4, **store.how).err
        contains(said, "another program listens there: end it, or give the hosts another port: millrace hosts add NAME --again --at HOST:PORT", "a port that is taken")
    if not bed.built("mqtt"):
        return
    agent = store.join("many")
    try:
        said = bed.millrace("clean", "mqtt=mqtt://127.0.0.1:1", "--hosts", "many", "--agents", "1", code=4, **store.how).err
        contains(said, "mqtt=mqtt://127.0.0.1:1: ", "one of five that has tried")
    finally:
        agent.process.terminate()
        agent.wait(15)


@test("run --hosts and doctor --hosts deal by the weights and labels of the hosts that joined")
def enrolled():
    port = bed.free_port()
    store = Store(f"127.0.0.1:{port}")
    store.add("load1", "--weight", "3", "--label", "zone=a")
    store.add("load2", "--weight", "1", "--label", "zone=b")
    path = bed.scenario(phases=PHASES, topology="{ topics: 8, producers: 8, consumers: 8 }")
    folder = bed.new_path("enrolled")
    how = ["--hosts", "all", "--listen", f"tcp://127.0.0.1:{port}"]
    agents = [store.join("load1"), store.join("load2")]
    try:
        said = bed.millrace("doctor", path, *how, **store.how).out
        matches(said, r"ok +load1 +memory +12 +75.0 %\n *ok +load2 +memory +4 +25.0 %", "doctor's shares")
        bed.millrace("run", path, *how, "--out", folder, **store.how)
        wrong = ["--set", "topology.placement={ producers: zone=c }", "--target", "kafka=127.0.0.1:1", "--out", bed.new_path("wrong")]
        if bed.built("kafka"):
            said = bed.millrace("run", path, *wrong, *how, code=4, **store.how).out
            contains(" ".join(said.split()), "placement.producers: no host has the label zone=c (did you mean zone=a? There are zone=a, zone=b)", "a label that none has")
    finally:
        for agent in agents:
            agent.process.terminate()
            agent.wait(15)
    result = bed.result_of(folder)
    bed.audit_holds(result)
    same({agent["name"]: (agent["clients"], agent["share"]) for agent in result["agents"]}, {"load1": (12, 0.75), "load2": (4, 0.25)}, "shares")


bed.main()
