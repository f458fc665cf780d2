"""Hosts of a lab, joined by their files over TLS: one that can't be reached for a while or for too long, clocks hours apart, and
a path that is slow one way."""

import os
import time

import bed
from bed import check, contains, same, test
from bed_lab import hosts, lab, on

bed.counts_only()

RATE_PER_S = 200
LONG = os.environ.get("MILLRACE_TEST_LONG")
APART_S = 60 if LONG else 12  # That a host is cut off; it is lost after 10 s.
SLOW_NS = 20_000_000  # One way.
AHEAD_S = {"host2": 7200, "host3": 90000}

# Forwards to the coordinator's host; what goes there takes its time.
RELAY = """
import queue, socket, sys, threading, time
def pump(a, b, slow_s):
    waiting = queue.Queue()
    def take():
        try:
            while data := a.recv(65536):
                waiting.put((time.monotonic() + slow_s, data))
        except OSError:
            pass
        waiting.put((0, b""))
    threading.Thread(target=take, daemon=True).start()
    try:
        while True:
            at, data = waiting.get()
            if not data:
                break
            time.sleep(max(0, at - time.monotonic()))
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
    try:
        far = socket.create_connection(("10.83.0.1", 7700))
    except OSError:  # The coordinator does not listen yet: its agent dials again.
        near.close()
        continue
    for one in (near, far):
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    threading.Thread(target=pump, args=(near, far, float(sys.argv[1])), daemon=True).start()
    threading.Thread(target=pump, args=(far, near, 0), daemon=True).start()
"""


class Run:
    """A coordinator on host1, which host2 and host3 join; at: where each is told to find it."""

    def __init__(self, seconds, at=None, ahead_s=None, selfcheck="warn", **blocks):
        self.folder = bed.new_path("run")
        files, store = bed.new_path("files"), bed.new_path("store")
        os.mkdir(files)
        for host in ["host2", "host3"]:
            address = (at or {}).get(host, "10.83.0.1:7700")
            bed.millrace("hosts", "add", host, "--at", address, "--out", files, env={"MILLRACE_HOSTS_DIR": store})
        phases = [f"{{ name: steady, rate: {RATE_PER_S}/s, for: {seconds}s }}"]
        path = bed.scenario(phases=phases, topology="{ topics: 2, producers: 2, consumers: 2 }", selfcheck=selfcheck, **blocks)
        arguments = ["run", path, "--hosts", "all", "--listen", "tcp://0.0.0.0:7700", "--out", self.folder]
        self.program = on("host1", "env", f"MILLRACE_HOSTS_DIR={store}", bed.MILLRACE, *arguments)
        self.agents = {}
        for host in ["host2", "host3"]:
            self.agents[host] = self._agent(host, os.path.join(files, f"{host}.join"), (ahead_s or {}).get(host))
        self.program.says("running: memory")

    @staticmethod
    def _agent(host, file, ahead_s):
        if ahead_s is None:
            return on(host, bed.AGENT, "--join", file)
        return bed.Program([*on_ahead(ahead_s, host), bed.AGENT, "--join", file])

    def ends(self, code):
        self.program.ends(code, 60 + 2 * APART_S)
        result = bed.result_of(self.folder)
        bed.audit_holds(result)
        return result


def on_ahead(seconds, host):
    from bed_lab import LAB, NAME  # pylint: disable=import-outside-toplevel

    return [LAB, "--name", NAME, "exec", "--clock", str(seconds), host, "--"]


def agent_marks(result):
    return [mark for mark in bed.marks_of(result) if "agent" in mark]


@test("a host that is cut off for 5 s in mid-run is told of, and every message is counted once, as if it had not been")
def for_a_while():
    with hosts("--hosts", "3"):
        run = Run(14)
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
        same(agent_marks(result), ["agent suspect", "agent back"], "marks")
        same([agent["lost"] for agent in result["agents"]], [False, False], "lost")


@test(f"one that is cut off for {APART_S} s is lost, the other goes on, and it is told to go when it is back")
def for_too_long():
    with hosts("--hosts", "3"):
        run = Run(APART_S + 12, on_agent_loss="continue", selfcheck="strict")
        lab("link", "host2", "down")
        run.program.says("host2 was lost: it has fallen silent")
        time.sleep(APART_S - 10)
        lab("link", "host2", "up")
        # Its load has ended by then, if it was away for long; it may say hello again, and is refused.
        if LONG:
            run.program.says("refused: host2 was lost from this run: it has fallen silent")
        else:
            run.program.says(r"host2 is back after \d+\.\d s, but counts as lost in this run: it is told to go")
        result = run.ends(3)
        same([agent["name"] for agent in result["agents"] if agent["lost"]], ["host2"], "lost")
        same(agent_marks(result)[:2], ["agent suspect", "agent lost"], "marks")
        steady = bed.phase_of(bed.case_of(result, "memory"), "steady")
        same(steady["lacks_agent"], True, "steady lacks its share")
        check(steady["delivery"]["received"] >= (APART_S + 12) * RATE_PER_S / 2, "the other host did not go on")
        same(bed.total(bed.case_of(result, "memory"), "lost"), 0, "lost: nobody can say that")


@test("clocks that are hours apart are known within their bound, also over a path that is slow one way")
def clocks():
    with hosts("--hosts", "3"):
        on("host3", "python3", "-c", RELAY, str(SLOW_NS / 1e9)).says("ready")
        run = Run(3, at={"host3": "10.83.0.3:7700"}, ahead_s=AHEAD_S)
        result = run.ends(0)
        for agent in result["agents"]:
            clock = agent["clock"]
            wrong_ns = abs(clock["offset_ns"] + AHEAD_S[agent["name"]] * 10**9)
            check(wrong_ns <= clock["bound_ns"], f"{agent['name']}: off by {wrong_ns} ns, with a bound of {clock['bound_ns']} ns")
            check(agent["name"] == "host2" or wrong_ns > SLOW_NS / 4, f"host3: off by {wrong_ns} ns only: its path was not slow")
        contains(bed.read(run.folder, "report.html"), "host3", "the page")


bed.main()
