"""Clocks of hosts of a lab that joined by their files over TLS: hours apart, one that drifts, one that steps, one behind a path
that is slower one way. What is known is that all hosts share one clock, which agents are made to read wrongly.

The producer is on host2, whose clock is the wrong one. All three hosts have a subscription of its topic: that of host2 needs no
other clock, so what it sees is the truth, and the others must see the same, by their relation to a clock that is not the
coordinator's."""

import os
import time

import bed
import bed_hlog
from bed import check, contains, same, test, truth
from bed_journal import documents
from bed_lab import hosts, on, relay

MS = 1_000_000
RATE_PER_S = 200
SLOW_NS = 3 * MS  # From the coordinator to host3.
DRIFT_PPM = 500  # As much as NTP may make it.
STEP_NS = 300 * MS
STEP_DRIFT_PPM = 20
AHEAD_S = {"host1": 0, "host2": 7200, "host3": 90000}
NAMES = list(AHEAD_S)
BROKER = os.path.join(bed.SOURCE, "deploy", "brokers", "mosquitto")


class Broker:
    """mosquitto on host1."""

    def __init__(self, address):
        start = on("host1", BROKER, "start", "--listen", address)
        start.ends(0)
        self.address = start.out.strip()

    def __enter__(self):
        return self.address

    def __exit__(self, *_):
        on("host1", BROKER, "stop", self.address).ends(0)


class Apart:
    """A run of three hosts with the clock of host2 as given, to its end."""

    def __init__(self, made, seconds, clock):
        files, store = bed.new_path("files"), bed.new_path("store")
        os.mkdir(files)
        for host in NAMES:
            at = f"{made['host3' if host == 'host3' else 'host1']}:7700"
            label = "clock=wrong" if host == "host2" else "clock=far"
            bed.millrace("hosts", "add", host, "--at", at, "--label", label, "--out", files, env={"MILLRACE_HOSTS_DIR": store})
        with Broker(made["host1"]) as broker:
            path = bed.scenario(
                f'  - {{ backend: mqtt, address: "{broker}" }}\n',
                [f"{{ name: steady, rate: {RATE_PER_S}/s, for: {seconds}s }}", "{ name: drain, rate: none, until: drained, for: 30s }"],
                name="apart",
                topology="{ topics: 1, producers: 1, consumers: 1, subscriptions: 3, placement: { spread: equal, producers: clock=wrong } }",
            )
            self.folder = bed.new_path("apart")
            how = ["--hosts", "all", "--listen", "tcp://0.0.0.0:7700", "--selfcheck", "warn", "--out", self.folder]
            run = on("host1", "env", f"MILLRACE_HOSTS_DIR={store}", bed.MILLRACE, "run", path, *how)
            began_ns = time.monotonic_ns()
            self.agents = {}
            for host in NAMES:
                env = ["env", f"MILLRACE_TEST_CLOCK={clock}"] if host == "host2" else []
                file = os.path.join(files, f"{host}.join")
                self.agents[host] = on(host, *env, bed.AGENT, "--join", file, clock_s=AHEAD_S[host])
            run.says("3 of 3 joined|detecting")
            joined_ns = time.monotonic_ns()
            run.says("running: mqtt")
            self.age_ns = [time.monotonic_ns() - joined_ns]  # Of the clock of host2 at the end: so old at least, and at most.
            run.ends(0, 120)
            self.age_ns.append(time.monotonic_ns() - began_ns)
        self.run = run
        self.result = bed.result_of(self.folder)
        bed.audit_holds(self.result)
        self.case = bed.case_of(self.result, "mqtt")
        self.steady = bed.phase_of(self.case, "steady")
        same(self.steady["delivery"]["received"], 3 * seconds * RATE_PER_S, "received")
        same(bed.total(self.case, "unaccounted") + bed.total(self.case, "lost"), 0, "lost and unaccounted")

    def clock(self, host):
        return next(agent["clock"] for agent in self.result["agents"] if agent["name"] == host)

    def samples(self, host, series):
        found = bed_hlog.samples(os.path.join(self.folder, "histograms.hlog"), f"mqtt/{host}/{series}")
        same(sum(found.values()), self.steady["delivery"]["received"] // 3, f"samples of {series} on {host}")
        return found

    def bounds_ns(self):
        """By host, the largest that one of its samples was converted with, as its own snapshots say."""
        journal = list(documents(os.path.join(self.folder, "run.bson")))
        names = [agent["name"] for one in journal if one["kind"] == "agents" for agent in one["agents"]]
        found = dict.fromkeys(names, 0)
        for one in journal:
            for row in one["rows"] if one["kind"] == "snapshot" else []:
                name = names[one.get("agent", 0)]
                found[name] = max(found[name], row["counters"].get("clock_bound_ns", 0))
        return found

    def status(self, row):
        return [one["status"] for one in self.result["selfcheck"] if one["check"] == row]


def told_truly(apart, host, drift_ppm=0, step_ns=0):
    """The coordinator's clock minus the host's, at the end of the run. Returns how wrong it is."""
    clock = apart.clock(host)
    ahead_ns = [AHEAD_S[host] * 10**9 + step_ns + ns * drift_ppm // 10**6 for ns in apart.age_ns]
    wrong_ns = abs(clock["offset_ns"] + min(max(-clock["offset_ns"], ahead_ns[0]), ahead_ns[1]))
    check(wrong_ns <= clock["bound_ns"], f"{host}: off by {wrong_ns} ns, with a bound of {clock['bound_ns']} ns")
    return wrong_ns


def judged_by_bound(apart):
    """As on one host: the bound beside the median says what one-way figures are worth."""
    share = apart.steady["clock"]["bound_ns"] / apart.steady["latency_ns"]["e2e_service"]["p50"]
    wanted = "invalid" if share > 1 else "suspect" if share > 0.1 else "ok"
    same(apart.status("clock_bound"), [wanted], f"self-check of a bound that is {share:.2f} of the median")


@test("clocks hours apart, one that drifts, one behind a path slow one way: all see the same latencies within the bound", needs=["mosquitto"])
def drift(_):
    with hosts("--hosts", "3") as made:
        relay("host3", made["host1"], back_s=SLOW_NS / 1e9)
        apart = Apart(made, 5, f"0,{DRIFT_PPM}")
        same(apart.clock("host1"), {"offset_ns": 0, "bound_ns": 0, "drift_ppb": 0}, "the coordinator's own clock")
        told_truly(apart, "host2", DRIFT_PPM)
        wrong_ns = told_truly(apart, "host3")
        check(wrong_ns > SLOW_NS / 4, f"host3: off by {wrong_ns} ns only: its path was not slower one way")

        same(apart.steady["clock"]["violations"], 0, "clock violations")
        bounds_ns = apart.bounds_ns()
        same(apart.steady["clock"]["bound_ns"], max(bounds_ns.values()), "the bound of the phase: the largest of all agents")
        same(bounds_ns["host2"], 0, "the bound of the producer's host with itself")
        for host in ["host1", "host3"]:
            for series in ["e2e", "e2e_service"]:
                here_ns, there_ns = (bed_hlog.percentile(apart.samples(name, series), 0.5) for name in ("host2", host))
                bound_ns = bounds_ns[host]
                check(abs(there_ns - here_ns) <= bound_ns, f"{series} of {host}: p50 {there_ns} ns, truth {here_ns} ns, bound {bound_ns} ns")
        truth(
            "three hosts, clocks hours apart, 500 ppm and a path slower one way: e2e p50 by the host that drifts and by another",
            f"at most the told bound apart, {bounds_ns['host1'] / 1000:.0f} us",
            " and ".join(f"{bed_hlog.percentile(apart.samples(name, 'e2e'), 0.5) / 1000:.0f}" for name in ("host2", "host1")) + " us",
        )

        # To host3 its clock seems to be behind by more than a message takes: they came before they were sent, which is said.
        below = apart.steady["latency_ns"]["e2e_service"]["below_resolution"]
        zeros = sum(count for value, count in apart.samples("host3", "e2e_service").items() if value <= 1)
        check(zeros > 0 and below >= zeros, f"{zeros} latencies of host3 are 0, {below} are told to be below the clocks' resolution")
        judged_by_bound(apart)
        contains(bed.read(apart.folder, "report.html"), "The error of the clocks is that share of the median latency", "the page")


def stepped(made, after_s):
    """None: the clock stepped before there was load, as this host is busy."""
    apart = Apart(made, 11, f"0,{STEP_DRIFT_PPM},{after_s * 10**9},{STEP_NS}")
    log = bed.read(apart.folder, "coordinator.log")
    contains(log, "the clock of host2 stepped", "the coordinator's log")
    return apart if log.index("running: mqtt") < log.index("the clock of host2 stepped") else None


@test("the clock of a producer's host steps by 300 ms under load: it is marked, and messages that seem to come too early are told", needs=["mosquitto"])
def step(_):
    with hosts("--hosts", "3") as made:
        relay("host3", made["host1"], back_s=SLOW_NS / 1e9)
        # The load begins when clocks are related, which takes 3 to 10 s.
        apart = stepped(made, 11) or stepped(made, 18)
        check(apart is not None, "the clock stepped before the load, twice")
        marks = [mark for mark in apart.result["marks"] if mark["mark"] == "clock"]
        same(len(marks), 1, f"marks of a clock in {apart.result['marks']}")
        contains(marks[0]["text"], "the clock of host2 stepped or changed its pace, by up to 3", "the mark")
        told_truly(apart, "host2", STEP_DRIFT_PPM, STEP_NS)
        told_truly(apart, "host3")
        check(apart.steady["clock"]["bound_ns"] >= STEP_NS * 0.9, f"the bound after a step: {apart.steady['clock']}")
        # Until the step is known, stamps are taken for 300 ms earlier than they are.
        check(apart.steady["clock"]["violations"] > 0, "no message came before it was sent")
        same((apart.status("clock_bound"), apart.status("clock_violations")), (["invalid"], ["invalid"]), "self-checks")
        page = bed.read(apart.folder, "report.html")
        contains(page, "the clock of host2 stepped", "the page")


bed.main()
