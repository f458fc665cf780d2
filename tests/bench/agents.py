"""One coordinator and many agents, all of them simulated by one process (simulator/): what a fleet of that size costs it.

    tests/bench/run agents --agents 1000 --seconds 60 --rounds 1

The coordinator is on one CPU, the simulator on another. Each agent has a TLS connection, an identity and a clock of its own,
set apart by up to an hour and 20 ppm; each second it reports 200 messages in four histograms of 200 buckets. Of the seconds
of load: CPU time of the coordinator's process, of its one thread that decodes and merges, and of the simulator, each as ms
per second; the coordinator's resident memory; how long a report waited for its receipt; the most reports that were owed
half a second after they were due; how long it took all to join; the bounds of the clocks that agents were told and how far
off the truth they were; how far apart the first and the last agent began. Last, what it takes to merge one second of all
agents and nothing else: the reports that the run has journaled are merged once more, alone (merge_seconds.c). Nothing passes
by these figures.
"""
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PER_AGENT = 200  # Messages a second, and buckets of each histogram.
SCENARIO = """millrace: 1
name: many-agents
targets: [ {{ backend: rabbitmq, address: "amqp://127.0.0.1:5672" }} ]
topology: {{ topics: 1, producers: {agents}, consumers: {agents} }}
message: {{ size: 64 }}
calibrate: none
phases:
  - {{ name: steady, rate: {rate}/s, for: {seconds}s }}
  - {{ name: drain, rate: none, until: drained, for: 60s }}
"""


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def on_cpu(cpu):
    """Pins what is started to that CPU, if there are two."""
    return (lambda: os.sched_setaffinity(0, {cpu})) if cpu is not None and os.cpu_count() > 1 else None


class Fleet:
    """A coordinator that waits for simulated agents, and these, under way."""

    def __init__(self, programs, folder, agents, seconds, pinned=False):
        self.agents, self.seconds, self.folder = agents, seconds, Path(folder)
        self.out = self.folder / "run"
        port = free_port()
        env = dict(os.environ, MILLRACE_HOSTS_DIR=str(self.folder / "hosts"))
        subprocess.run([programs / "millrace", "hosts", "add", "--any", str(agents), "--at", f"127.0.0.1:{port}", "--out", folder],
                       env=env, check=True, stdout=subprocess.DEVNULL)
        scenario = self.folder / "many.yaml"
        scenario.write_text(SCENARIO.format(agents=agents, rate=agents * PER_AGENT, seconds=seconds))
        self.said = [open(self.folder / name, "w+") for name in ("millrace.txt", "simulator.txt", "figures.json")]
        self.coordinator = subprocess.Popen(
            [programs / "millrace", "run", scenario, "--hosts", "fleet", "--agents", str(agents), "--listen",
             f"tcp://127.0.0.1:{port}", "--selfcheck", "warn", "--out", self.out],
            env=env, stdout=self.said[0], stderr=self.said[0], preexec_fn=on_cpu(0 if pinned else None))
        self.simulator = subprocess.Popen([programs / "agents_simulated", self.folder / "fleet.join", str(agents)],
                                          stdout=self.said[2], stderr=self.said[1], preexec_fn=on_cpu(1 if pinned else None))

    def text(self, index):
        self.said[index].seek(0)
        return self.said[index].read()

    def wait(self, timeout_s):
        """Exit codes of both. Agents that were not sent home give up their coordinator after 30 s."""
        try:
            return self.coordinator.wait(timeout_s), self.simulator.wait(timeout_s)
        finally:
            for one in (self.coordinator, self.simulator):
                if one.poll() is None:
                    one.kill()
                    one.wait()

    def figures(self):
        return json.loads(self.text(2))

    def result(self):
        return json.loads((self.out / "result.json").read_text())


def cpu_s(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def thread_s(pid):
    return int(Path(f"/proc/{pid}/task/{pid}/schedstat").read_text().split()[0]) / 1e9


def watch(fleet):
    """Each second until the coordinator ends: time, CPU time of it, of its first thread, of the simulator; its memory."""
    seen, coordinator, simulator = [], fleet.coordinator.pid, fleet.simulator.pid
    while fleet.coordinator.poll() is None:
        try:
            rss = int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{coordinator}/status").read_text()).group(1)) / 1024
            seen.append((time.monotonic(), cpu_s(coordinator), thread_s(coordinator), cpu_s(simulator), rss))
        except (OSError, AttributeError):
            pass  # It ended meanwhile.
        time.sleep(1)
    return seen


def loaded(fleet, seen):
    """The samples between the second and the last but one of the load, by when reports were told to be due."""
    end = seen[-1][0] - 2
    return [one for one in seen if end - fleet.seconds + 2 < one[0] < end]


def per_s(samples, column):
    return 1000 * (samples[-1][column] - samples[0][column]) / (samples[-1][0] - samples[0][0])


def merge_alone(programs, fleet):
    """The journal's seconds, merged by a program that does nothing else."""
    again = fleet.folder / "again"
    again.mkdir()
    done = subprocess.run([programs / "merge_seconds", fleet.out, again], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, preexec_fn=on_cpu(0))
    if done.returncode != 0:
        sys.exit(f"merge_seconds: exit code {done.returncode}\n{done.stderr}")
    return json.loads(done.stdout)


def one_round(programs, agents, seconds):
    with tempfile.TemporaryDirectory() as folder:
        fleet = Fleet(programs, folder, agents, seconds, pinned=True)
        seen = watch(fleet)
        codes = fleet.wait(120)
        if codes != (0, 0):
            sys.exit(f"agents: exit codes {codes}\n{fleet.text(0)}\n{fleet.text(1)[-2000:]}")
        figures, result, load = fleet.figures(), fleet.result(), loaded(fleet, seen)
        owed = [int(line) for line in re.findall(r"(\d+) reports owed", fleet.text(1))]
        busiest = max((b[2] - a[2]) / (b[0] - a[0]) for a, b in zip(load, load[1:])) * 1000
        merged = merge_alone(programs, fleet)
        sizes = {name: (fleet.out / name).stat().st_size for name in ("result.json", "report.html", "run.bson")}
    print(f"{agents} agents, {seconds} s: verdict {result['verdict']}, {figures['reports']} reports, "
          f"load {os.getloadavg()[0]:.1f}")
    print(f"  coordinator: {per_s(load, 1):.0f} ms CPU/s, of these merging thread {per_s(load, 2):.0f} (busiest second "
          f"{busiest:.0f}); RSS at most {max(one[4] for one in seen):.0f} MiB; simulator: {per_s(load, 3):.0f} ms CPU/s, "
          f"{figures['cpu_s']} s in all")
    print(f"  joined after {figures['join_max_ms'] / 1000:.1f} s (half of them {figures['join_p50_ms'] / 1000:.1f} s); receipts "
          f"p50 {figures['receipt_p50_ms']:.1f} ms, p99 {figures['receipt_p99_ms']:.1f}, max {figures['receipt_max_ms']:.1f}; "
          f"owed for 0.5 s: at most {max(owed)}, at the end {owed[-1]}")
    print(f"  clocks: bound p50 {figures['bound_p50_ms']:.3f} ms, p99 {figures['bound_p99_ms']:.3f}, max "
          f"{figures['bound_max_ms']:.3f}; wrong {figures['lines_wrong']} of {figures['lines']}, at most "
          f"{figures['line_error_max_ms']:.3f} ms off; T0 {figures['t0_apart_ms']:.3f} ms apart, begun up to "
          f"{figures['start_late_max_ms']:.3f} ms late")
    print(f"  one second of {merged['agents']} agents merged alone ({merged['seconds']} seconds): median "
          f"{merged['cpu_median_ms']:.0f} ms CPU, at most {merged['cpu_max_ms']:.0f}; by the clock {merged['wall_median_ms']:.0f} "
          f"and {merged['wall_max_ms']:.0f}")
    print("  " + ", ".join(f"{name} {size / 1e6:.1f} MB" for name, size in sizes.items()), flush=True)


def run(programs, agents, seconds, rounds):
    for _ in range(rounds):
        one_round(programs, agents, seconds)
