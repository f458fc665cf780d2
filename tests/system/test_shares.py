"""What each agent is given: by what it can use, and by what it has room for."""

import os
import resource

import bed
from bed import check, contains, matches, same, test

PHASES = ["{ name: steady, rate: 200/s, for: 2s }", "{ name: drain, rate: none, until: drained, for: 30s }"]


def with_files(count):
    return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (count, count))


def run_with(path, *limits, code=0):
    """Runs a scenario with an agent for each limit of open files; returns the run and its folder."""
    folder = bed.new_path("shares")
    run = bed.start("run", path, "--listen", "tcp://127.0.0.1:0", "--agents", str(len(limits)), "--out", folder)
    url = run.says(r"waiting for agents at (tcp://\S+):").group(1)
    agents = [bed.agent(url, "--name", f"load{i + 1}", before=with_files(limit)) for i, limit in enumerate(limits)]
    run.ends(code, 90)
    for agent in agents:
        same(agent.wait(15), 0, f"exit code of an agent; it said\n{agent.err}")
    return run, folder


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


@test("where no agent has room for the rest, the run is not made: exit 4 with host and limit, before a broker is touched")
def no_room():
    if not bed.built("mqtt"):
        raise bed.Skip("built without MQTT")
    target = '  - { backend: mqtt, address: "mqtt://127.0.0.1:1" }\n'
    path = bed.scenario(target, PHASES, topology="{ topics: 100, producers: 100, consumers: 100 }")
    run, folder = run_with(path, 115, 110, code=4)
    check("detecting" not in run.err, f"the broker was asked:\n{run.err}")
    contains(
        str(bed.result_of(folder)["reasons"]),
        "load1, case mqtt: not enough: 115 open files, 100 clients would be there",
        "reasons",
    )


@test("explain --hosts deals by weights and labels of the store, and says what it can't know")
def explained():
    store = {"env": {"MILLRACE_HOSTS_DIR": os.path.join(bed.new_path("config"), "hosts")}, "cwd": bed.new_path("cwd")}
    os.mkdir(store["cwd"])
    bed.millrace("hosts", "add", "load1", "--at", "c:7700", "--weight", "3", "--label", "zone=a", **store)
    bed.millrace("hosts", "add", "load2", "load10", "--at", "c:7700", "--label", "zone=b", **store)
    targets = '  - { backend: kafka, address: "127.0.0.1:1" }\n'
    if not bed.built("kafka"):
        raise bed.Skip("built without Kafka")
    path = bed.scenario(targets, PHASES, topology="{ topics: 10, producers: 10, consumers: 10 }")
    said = bed.millrace("explain", path, "--hosts", "all", **store).out
    contains(said, "load1: weight 3, zone=a", "hosts")
    contains(said, "each without a weight counts as one CPU", "what is not known")
    matches(said, r"0 on load1: 6 producers, 6 consumers on .*; 60 % of the clients", "the heavy host")
    matches(said, r"1 on load2: 2 producers, 2 consumers on .*; 20 % of the clients", "in the order of names")
    matches(said, r"2 on load10: 2 producers, 2 consumers on .*; 20 % of the clients", "in the order of names")
    place = ["--set", "topology.placement={ producers: zone=b, consumers: zone=a }"]
    said = bed.millrace("explain", path, "--hosts", "load1,load2", *place, **store).out
    contains(said, "0 on load1: 0 producers, 10 consumers", "by labels")
    contains(said, "1 on load2: 10 producers, 0 consumers", "by labels")
    place[1] = place[1].replace("zone=b", "zone=c")
    said = bed.millrace("explain", path, "--hosts", "all", *place, code=2, **store).err
    contains(said, "placement.producers: no host has the label zone=c (did you mean zone=a? There are zone=a, zone=b)", "a label that none has")
    said = bed.millrace("explain", path, "--hosts", "all", "--agents", "2", code=2, **store).err
    contains(said, "--agents and --hosts exclude each other", "both")


bed.main()
