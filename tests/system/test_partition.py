"""A host that can't be reached for a while, and one that can't be for longer than a run waits for it."""

import time

import bed
from bed import check, contains, matches, same, test
from bed_lab import hosts, lab, on

RATE_PER_S = 200
# Of the coordinator's host: agents of other hosts reach it through here, as long as it listens on loopback alone.
FORWARD = """
import socket, sys, threading
def pump(a, b):
    try:
        while data := a.recv(65536):
            b.sendall(data)
    except OSError:
        pass
    for one in (a, b):
        try:
            one.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
server = socket.create_server(("0.0.0.0", 7700), backlog=64)
print("ready", file=sys.stderr, flush=True)
while True:
    near, _ = server.accept()
    far = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    for one in (near, far):
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for pair in ((near, far), (far, near)):
        threading.Thread(target=pump, args=pair, daemon=True).start()
"""


class Run:
    """A coordinator on host1, and agents on host2 and host3."""

    def __init__(self, seconds, **blocks):
        self.folder = bed.new_path("run")
        phases = [f"{{ name: steady, rate: {RATE_PER_S}/s, for: {seconds}s }}"]
        path = bed.scenario(phases=phases, topology="{ topics: 2, producers: 2, consumers: 2 }", **blocks)
        self.program = on("host1", bed.MILLRACE, "run", path, "--listen", "tcp://127.0.0.1:0", "--agents", "2", "--out", self.folder, "--selfcheck", "warn")
        port = self.program.says(r"waiting for agents at tcp://127.0.0.1:(\d+):").group(1)
        on("host1", "python3", "-c", FORWARD, port).says("ready")
        self.agents = {host: on(host, bed.AGENT, "--join", "tcp://10.83.0.1:7700", "--name", host) for host in ["host2", "host3"]}
        self.program.says("running: memory")

    def ends(self, code):
        self.program.ends(code, 90)
        result = bed.result_of(self.folder)
        bed.audit_holds(result)
        return result


@test("a host that is cut off for 5 s in mid-run is told of, and every message is counted once, as if it had not been")
def for_a_while():
    with hosts("--hosts", "3"):
        run = Run(14)
        run.program.says("running: memory")
        lab("link", "host2", "down")
        run.program.says(r"host2 has not been heard of for 3\.\d s")
        time.sleep(2)
        lab("link", "host2", "up")
        # From the link on: two tries of a connection.
        back = float(run.program.says(r"host2 is back after (\d+\.\d) s").group(1))
        check(back < 10, f"back after {back} s")
        result = run.ends(0)
        case = bed.case_of(result, "memory")
        same((bed.total(case, "sent"), bed.total(case, "received")), (14 * RATE_PER_S,) * 2, "sent and received")
        for word in ["lost", "duplicated", "unaccounted", "unconfirmed", "corrupted"]:
            same(bed.total(case, word), 0, word)
        same([mark for mark in bed.marks_of(result) if "agent" in mark], ["agent suspect", "agent back"], "marks")
        same([agent["lost"] for agent in result["agents"]], [False, False], "lost")
        for agent in run.agents.values():
            agent.ends(0)


@test("a host that is cut off for longer is lost, and told to go when it is back")
def for_good():
    with hosts("--hosts", "3"):
        run = Run(60)
        lab("link", "host2", "down")
        result = run.ends(4)
        lab("link", "host2", "up")
        matches(run.program.err, "host2 was lost: it has fallen silent", "what was said")
        same([agent["name"] for agent in result["agents"] if agent["lost"]], ["host2"], "lost")
        check(run.agents["host2"].wait() != 0, "an agent that was given up ends as if nothing had been")
        run.agents["host3"].ends(0)


bed.main()
