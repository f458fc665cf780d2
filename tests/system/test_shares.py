"""What each agent is given: by what it can use, and by what it has room for."""

import resource

import bed
from bed import check, contains, same, test

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


bed.main()
