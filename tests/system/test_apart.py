"""Agents that were started by themselves and join over tcp; producers and consumers on different ones."""

import json
import os
import signal
import socket
import struct

import bed
from bed import check, contains, matches, same, test

bed.counts_only()

ALL = ["rabbitmq", "kafka", "mosquitto"]
SMALL, LARGE = 200, 20000

FLOWS = f"""  small:
    rate: 200/s
    message: {{ size: {SMALL} }}
    topology: {{ topics: 2, producers: 2, consumers: 2 }}
  large:
    rate: 30/s
    message: {{ size: {LARGE} }}
    topology: {{ topics: 1, producers: 1, consumers: 2, subscriptions: 2 }}
"""
PHASES = ["{ name: steady, load: 100%, for: 4s }", "{ name: drain, rate: none, until: drained, for: 60s }"]


def targets(rabbitmq, kafka, mosquitto):
    return f"""  - {{ backend: rabbitmq, address: "{rabbitmq.address}" }}
  - {{ backend: kafka, address: "{kafka.address}" }}
  - {{ backend: mqtt, address: "{mosquitto.address}" }}
"""


def joined(path, *agents, code=0, timeout_s=150):
    """Runs a scenario with these agents (lists of arguments and an environment); returns the result."""
    folder = bed.new_path("joined")
    run = bed.start("run", path, "--listen", "tcp://127.0.0.1:0", "--agents", str(len(agents)), "--out", folder)
    url = run.says(r"waiting for agents at (tcp://\S+):").group(1)
    programs = [bed.agent(url, *arguments, env=env) for arguments, env in agents]
    run.ends(code, timeout_s)
    for program in programs:
        same(program.wait(bed.LONG_S), 0, f"exit code of an agent; it said\n{program.err}")
    return bed.result_of(folder)


@test("two agents joined over tcp, apart, two flows of different sizes and rates, on three real brokers", needs=ALL)
def apart(*brokers):
    path = bed.scenario(targets(*brokers), PHASES, name="apart", topology="{ placement: apart }", flows=FLOWS)
    result = joined(path, (["--name", "left"], None), (["--name", "right"], None))
    bed.audit_holds(result)
    same(sorted(agent["name"] for agent in result["agents"]), ["left", "right"], "agents")
    same([case["status"] for case in result["cases"]], ["measured"] * 3, "status")
    for case in result["cases"]:
        small = bed.phase_of(case, "steady", "small")
        large = bed.phase_of(case, "steady", "large")
        same((small["delivery"]["sent"], large["delivery"]["sent"]), (800, 120), f"sent by {case['name']}")
        same((small["delivery"]["received"], large["delivery"]["received"]), (800, 240), f"received of {case['name']}")
        for word in ["lost", "duplicated", "corrupted", "unconfirmed", "unaccounted"]:
            same(bed.total(case, word), 0, f"{word} of {case['name']}")
        for flow, size in [(small, SMALL), (large, LARGE)]:
            share = flow["rates"]["sent_bytes_per_s"] / flow["rates"]["sent_per_s"]
            check(abs(share - size) < 1, f"bytes of a message of {case['name']}: {share}")
            check(flow["latency_ns"]["e2e"]["samples"] == flow["delivery"]["received"], f"samples {flow['latency_ns']['e2e']}")
        total = bed.phase_of(case, "steady")
        same(total["delivery"]["sent"], 920, "all flows")


@test("agents may be there before the coordinator, even where something else hung up on them", needs=[])
def early_agents():
    port = bed.free_port()
    url = f"tcp://127.0.0.1:{port}"
    # Speaks as much of NNG's protocol as is needed to take a request, and goes without an answer.
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen()
        listener.settimeout(bed.LONG_S)
        early = bed.agent(url, "--name", "early")
        connection, _ = listener.accept()
        connection.settimeout(bed.LONG_S)
        connection.sendall(b"\0SP\0" + struct.pack(">HH", 0x31, 0))
        greeting = connection.recv(8, socket.MSG_WAITALL)
        same(greeting, b"\0SP\0" + struct.pack(">HH", 0x30, 0), "NNG's greeting of a requester")
        size = struct.unpack(">Q", connection.recv(8, socket.MSG_WAITALL))[0]
        contains(connection.recv(size, socket.MSG_WAITALL).decode("latin-1"), "early", "the hello")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
    early.says("waiting for a coordinator")
    path = bed.scenario(phases=["{ name: one, rate: 100/s, for: 1s }"])
    run = bed.start("run", path, "--listen", url, "--agents", "1", "--out", bed.new_path("run"))
    run.ends(0)
    early.ends(0)


@test("an agent that is told to join what is no address says so, exit code 2")
def no_address():
    for url, what in [("udp://here:1", "udp://here:1: not ipc://PATH or tcp://HOST:PORT"), ("tcp://here", "tcp://here: the port is missing")]:
        contains(bed.agent(url).ends(2).err, what, "what it said")
    contains(bed.agent("here").ends(2).err, "here: can't be read", "a join file that is not there")


@test("--processes starts that many agents, each with a name of its own")
def processes():
    folder = bed.new_path("run")
    path = bed.scenario(phases=["{ name: one, rate: 100/s, for: 1s }"], topology="{ topics: 3, producers: 3, consumers: 3 }")
    run = bed.start("run", path, "--listen", "tcp://127.0.0.1:0", "--agents", "3", "--out", folder)
    several = bed.agent(run.says(r"waiting for agents at (tcp://\S+):").group(1), "--name", "rack", "--processes", "3")
    run.ends(0)
    several.ends(0)
    same(sorted(agent["name"] for agent in bed.result_of(folder)["agents"]), ["rack-1", "rack-2", "rack-3"], "names")


@test("--processes: who asks the parent to end ends all, a stopped one too; who is killed is told; one log has all")
def processes_end():
    log = bed.new_path("agent") + ".log"
    parent = bed.agent(bed.free_url(), "--name", "rack", "--processes", "3", "--log", log)
    bed.wait_until(lambda: bed.read(log).count("waiting for a coordinator") == 3 if os.path.exists(log) else False, "three wait")
    agents = bed.children(parent.pid)
    same(len(agents), 3, "agents")
    os.kill(agents[0], signal.SIGKILL)
    parent.says(rf"process \d \({agents[0]}\) was ended by signal 9")
    os.kill(agents[1], signal.SIGSTOP)
    parent.signal(signal.SIGTERM)
    parent.ends(130, 30)
    same([pid for pid in agents if bed.alive(pid)], [], "agents left")


@test("an agent of another version is refused by name, and the run waits for a right one")
def other_version():
    path = bed.scenario(phases=["{ name: one, rate: 100/s, for: 1s }"])
    run = bed.start("run", path, "--listen", "tcp://127.0.0.1:0", "--agents", "1", "--out", bed.new_path("run"))
    url = run.says(r"waiting for agents at (tcp://\S+):").group(1)
    old = bed.agent(url, "--name", "old-one", env={"MILLRACE_TEST_VERSION": "0.0.9"}).ends(4)
    contains(old.err, "old-one is Millrace 0.0.9, this coordinator ", "what the agent says")
    run.says(r"refused: old-one is Millrace 0\.0\.9")
    bed.agent(url, "--name", "right").ends(0)
    run.ends(0)


@test("a coordinator is killed, and another one at its address measures its own agents only; the old one's are sent away")
def another_run():
    url = bed.free_url()
    path = bed.scenario(phases=["{ name: steady, rate: 1000/s, for: 60s }"])
    first = bed.start("run", path, "--listen", url, "--agents", "1", "--out", bed.new_path("first"))
    old = bed.agent(url, "--name", "old")
    first.says("running: memory")  # None of its seconds is over, so that the old agent has all of them.
    first.signal(signal.SIGKILL)
    first.wait()
    folder = bed.new_path("second")
    path = bed.scenario(phases=["{ name: steady, rate: 100/s, for: 4s }", "{ name: drain, rate: none, until: drained, for: 30s }"])
    second = bed.start("run", path, "--listen", url, "--agents", "1", "--out", folder)
    second.says(r"waiting for agents at")
    new = bed.agent(url, "--name", "new")
    second.ends(0)
    new.ends(0)
    result = bed.result_of(folder)
    bed.audit_holds(result)
    same([agent["name"] for agent in result["agents"]], ["new"], "agents")
    case = bed.case_of(result, "memory")
    same((bed.total(case, "sent"), bed.total(case, "received")), (400, 400), "delivery")
    seconds = [json.loads(line)["sent"] for line in bed.read(folder, "intervals.jsonl").splitlines()]
    same(sum(seconds), 400, f"of the seconds {seconds}")  # The old one sent 1000 in each of its own.
    check("refused" in bed.marks_of(result), f"marks: {result['marks']}")
    contains(old.ends(4).err, "this agent is of run", "what the old agent says")


@test("an agent beyond the wanted number is refused, and the run goes on without it")
def one_too_many():
    path = bed.scenario(phases=["{ name: one, rate: 100/s, for: 3s }"])
    folder = bed.new_path("run")
    run = bed.start("run", path, "--listen", "tcp://127.0.0.1:0", "--agents", "1", "--out", folder)
    url = run.says(r"waiting for agents at (tcp://\S+):").group(1)
    first = bed.agent(url, "--name", "first")
    run.says("running: memory")
    late = bed.agent(url, "--name", "late").ends(4)
    contains(late.err, "agent late: the run has all of its 1 agents", "what the agent says")
    run.ends(0)
    first.ends(0)
    same([agent["name"] for agent in bed.result_of(folder)["agents"]], ["first"], "agents")


@test("random bytes, cut and oversized frames on the coordinator's port change nothing in a run")
def hostile_port():
    path = bed.scenario(phases=["{ name: steady, rate: 500/s, for: 5s }"])
    folder = bed.new_path("run")
    run = bed.start("run", path, "--listen", "tcp://127.0.0.1:0", "--agents", "2", "--out", folder)
    url = run.says(r"waiting for agents at (tcp://\S+):").group(1)
    agents = [bed.agent(url, "--name", name) for name in ["a", "b"]]
    run.says("running: memory")
    host, port = url[6:].rsplit(":", 1)
    greeting = b"\0SP\0" + struct.pack(">HH", 0x30, 0)
    held = []
    for number in range(40):
        attack = [
            os.urandom(200),
            b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
            greeting + struct.pack(">Q", 1 << 40) + b"x" * 100,
            greeting + struct.pack(">Q", 500) + b"cut",
            greeting + struct.pack(">Q", 104) + struct.pack(">I", 0x80000001) + os.urandom(100),
            greeting + struct.pack(">Q", 1 << 63),
            b"",
            # A request in our own format (magic, protocol, kind), of an agent that does not exist.
            greeting + struct.pack(">Q", 13) + struct.pack(">I", 0x80000002) + b"\x94\xa2MR\x01\x01\x93\xcc\xc8",
        ][number % 8]
        connection = socket.create_connection((host, int(port)), timeout=10)
        connection.sendall(attack)
        held.append(connection)  # Kept open: also connections that hang must not matter.
    run.ends(0)
    for connection in held:
        connection.close()
    for program in agents:
        program.ends(0)
    result = bed.result_of(folder)
    bed.audit_holds(result)
    case = bed.case_of(result, "memory")
    same((bed.total(case, "sent"), bed.total(case, "received"), bed.total(case, "errors")), (2500, 2500, 0), "delivery")
    same([agent["lost"] for agent in result["agents"]], [False, False], "agents lost")


@test("connections that are still in their handshake when the program ends are no reason to crash")
def ends_amid_handshakes():
    doctor = bed.start("doctor", bed.scenario(), "--listen", "tcp://127.0.0.1:0", "--agents", "1")
    host, port = doctor.says(r"(tcp://127\.0\.0\.1:\d+)").group(1)[6:].rsplit(":", 1)
    held = [socket.create_connection((host, int(port)), timeout=10) for _ in range(300)]
    agent = bed.agent(f"tcp://{host}:{port}", "--name", "one")
    doctor.ends(0)
    agent.ends(0)
    for connection in held:
        connection.close()


@test("doctor asks agents that join, too")
def doctor_joined():
    doctor = bed.start("doctor", bed.scenario(), "--listen", "tcp://127.0.0.1:0", "--agents", "2")
    url = doctor.says(r"(tcp://127\.0\.0\.1:\d+)").group(1)
    agents = [bed.agent(url, "--name", name) for name in ["here", "there"]]
    doctor.ends(0)
    for program in agents:
        program.ends(0)
    matches(doctor.out, r"ok +here +memory +yes +yes ", "doctor")
    matches(doctor.out, r"ok +there +memory +yes +yes ", "doctor")


@test("an agent that is asked to end does so at once, wherever it is")
def agent_ends():
    lonely = bed.agent(bed.free_url())
    lonely.says("waiting for a coordinator")
    lonely.signal(signal.SIGTERM)
    lonely.ends(130, 30)


bed.main()
