"""Hosts of a lab, joined by their files over TLS: one that can't be reached for a while, or for too long."""

import os
import time

import bed
from bed import check, same, test
from bed_lab import hosts, lab, on

bed.counts_only()

RATE_PER_S = 200
LONG = os.environ.get("MILLRACE_TEST_LONG")
APART_S = 60 if LONG else 12  # That a host is cut off; it is lost after 10 s.


class Run:
    """A coordinator on host1, which host2 and host3 join."""

    def __init__(self, seconds, selfcheck="warn", **blocks):
        self.folder = bed.new_path("run")
        files, store = bed.new_path("files"), bed.new_path("store")
        os.mkdir(files)
        for host in ["host2", "host3"]:
            bed.millrace("hosts", "add", host, "--at", "10.83.0.1:7700", "--out", files, env={"MILLRACE_HOSTS_DIR": store})
        phases = [f"{{ name: steady, rate: {RATE_PER_S}/s, for: {seconds}s }}"]
        path = bed.scenario(phases=phases, topology="{ topics: 2, producers: 2, consumers: 2 }", selfcheck=selfcheck, **blocks)
        arguments = ["run", path, "--hosts", "all", "--listen", "tcp://0.0.0.0:7700", "--out", self.folder]
        self.program = on("host1", "env", f"MILLRACE_HOSTS_DIR={store}", bed.MILLRACE, *arguments)
        self.agents = {}
        for host in ["host2", "host3"]:
            self.agents[host] = on(host, bed.AGENT, "--join", os.path.join(files, f"{host}.join"))
        self.program.says("running: memory")

    def ends(self, code):
        self.program.ends(code, 60 + 2 * APART_S)
        result = bed.result_of(self.folder)
        bed.audit_holds(result)
        return result


def agent_marks(result):
    return [mark for mark in bed.marks_of(result) if "agent" in mark]


@test("a host that is cut off for 5 s in mid-run is told of, and every message is counted once, as if it had not been")
def for_a_while():
    with hosts("--hosts", "3"):
        run = Run(14)
        lab("link", "host2", "down")
        run.program.says(r"host2 has not reported for 3\.\d s")
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
            run.program.says(r"host2 is back after \d+\.\d s, but it is lost for this run and is sent away")
        result = run.ends(3)
        same([agent["name"] for agent in result["agents"] if agent["lost"]], ["host2"], "lost")
        same(agent_marks(result)[:2], ["agent suspect", "agent lost"], "marks")
        steady = bed.phase_of(bed.case_of(result, "memory"), "steady")
        same(steady["lacks_agent"], True, "steady lacks its share")
        check(steady["delivery"]["received"] >= (APART_S + 12) * RATE_PER_S / 2, "the other host did not go on")
        same(bed.total(bed.case_of(result, "memory"), "lost"), 0, "lost: nobody can say that")


bed.main()
