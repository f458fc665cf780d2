"""A run of two agents whose stages a test can tell and hit: how it is started, where it is, and what it came to."""

import contextlib
import os
import signal
import time

import bed
import bed_hosts
from bed_link import Link
from bed_slow_disk import SlowDisk

STAGES = ["joining", "detecting", "preparing", "loading", "draining", "closing", "reporting"]
JOINS = ["launched", "listen", "hosts"]  # Started by the coordinator; by a plain address; by join files, over TLS, to stay.
RATE_PER_S = 300
STEADY_S = 2
DRAIN_S = 20
DRAIN_RATE_PER_S = 150  # Of each of two topics: what was held back takes two seconds.
LEAD_S = 0.4  # From "running" to the first message.
NAMES = ["one", "two"]
CLOSED = b"\x02kind\0\x06\0\0\0close\0"  # The journal's last kind of entry.

# What the log says once a stage is there, and once it is over.
BEGINS = {"joining": "1 of 2 joined", "detecting": "detecting targets", "preparing": "preparing: ", "loading": "running: ", "draining": "running: ", "closing": "closing: "}
ENDS = {"joining": "detecting targets", "detecting": "preparing: ", "preparing": "running: ", "loading": "closing: ", "draining": "closing: "}
# How far into it a fault comes at most, in seconds; what lasts only milliseconds lets no time go by.
SPANS_S = {"joining": 0.3, "detecting": 0.8, "loading": 1.2, "draining": 1.0}
SPANS_OF_BROKER_S = {"preparing": 0.7, "closing": 0.1}

bed.counts_only()


class Missed(Exception):
    """The stage was over before the fault came: this says nothing of the product, and is made again."""


class Early(AssertionError):
    """The run did not come to its stage, or not by way of the load, or its broker did not come to the end: nothing can be said of what
    was done to it, and the host may have been too busy."""


def holds(pid, state):
    try:
        return bed.read("/proc", str(pid), "stat").rpartition(")")[2].split()[0] == state
    except (FileNotFoundError, ProcessLookupError):
        return False


def words_of(pid):
    """Its command line; empty of one that is gone."""
    try:
        return bed.read("/proc", str(pid), "cmdline").split("\0")
    except (FileNotFoundError, ProcessLookupError):
        return []


class Mute:
    """A target that takes connections and never says a word: to detect it takes seconds."""

    def __init__(self):
        self._link = Link(bed.free_port())
        self._link.stall()
        self.target = f"  - {{ backend: rabbitmq, label: mute, address: amqp://127.0.0.1:{self._link.port} }}\n"

    def close(self):
        self._link.close()


class Course:
    """rewrite: for the link to a broker that tells where it is. links: "control" and "broker" go through a relay."""

    def __init__(self, cell, random, broker=None, links=(), disk=False, first_env=None, steady_s=STEADY_S):
        self.cell, self.random, self.broker = cell, random, broker
        self.steady_s = steady_s
        self.at_s = {}  # When each stage was seen, by time.monotonic().
        self._seen = {}  # Files by name: size and content.
        self.agents = {}
        self._kept = contextlib.ExitStack()
        self.parent = bed.new_path("tmp")
        os.mkdir(self.parent)
        self.env = {"TMPDIR": self.parent}
        self.disk = self._kept.enter_context(SlowDisk(bed.new_path("disk"))) if disk else None
        self.folder = os.path.join(self.disk.folder, "run") if disk else bed.new_path("run")
        self.links = {name: None for name in links}
        self._first_env = first_env or {}
        self.port = bed.free_port()
        self._hosts = None
        self._mute = Mute() if cell.stage == "detecting" else None

    # ---- Starting ----

    def _link(self, name, port, rewrite=None):
        if name in self.links:
            self.links[name] = Link(port, rewrite)
            self._kept.callback(self.links[name].close)
            port = self.links[name].port
        return port

    def _targets(self):
        if self.broker is None:
            text = "  - backend: memory\n"
        else:
            port = self.broker.port
            own = self.broker_port = self._link("broker", port, lambda data: data.replace(b"127.0.0.1" + port.to_bytes(4, "big"), b"127.0.0.1" + own.to_bytes(4, "big")))
            text = f'  - {{ backend: {self.cell.backend}, address: "{self.broker.address.replace(f":{port}", f":{own}")}", options: {{{self.cell.options}}} }}\n'
        return text + (self._mute.target if self._mute else "")

    def _scenario(self):
        many = {"memory": 1000, "rabbitmq": 100, "kafka": 20}[self.cell.backend] if self.cell.stage in ("preparing", "closing") else 2
        held = "true" if self.cell.stage == "draining" else "false"
        phases = [f"{{ name: steady, rate: {RATE_PER_S}/s, for: {self.steady_s}s, consume: {{ paused: {held} }} }}"]
        drain = f", consume: {{ rate: {DRAIN_RATE_PER_S}/s }}" if self.cell.stage == "draining" else ""
        phases.append(f"{{ name: drain, rate: none, until: drained, for: {DRAIN_S}s{drain} }}")
        topology = f"{{ topics: {many}, producers: {many}, consumers: {many} }}"
        return bed.scenario(self._targets(), phases, topology=topology, selfcheck="warn", unavailable="skip" if self._mute else "fail", **self.cell.blocks)

    def _arguments(self):
        if self.cell.joined == "hosts":
            return ["--hosts", ",".join(NAMES), "--listen", f"tcp://127.0.0.1:{self.port}"]
        if self.cell.joined == "listen":
            return ["--agents", "2", "--listen", f"tcp://127.0.0.1:{self.port}", "--join-timeout", "60s"]
        return ["--agents", "2"]

    def start(self):
        at = self._link("control", self.port)
        if self.cell.joined == "hosts":
            self._hosts = bed_hosts.Hosts(at)
            self._hosts.add(*NAMES)
            self.env.update(self._hosts.env)
        self._at = at
        self.scenario = self._scenario()
        self.run = bed.start("run", self.scenario, *self._arguments(), "--out", self.folder, env=self.env)
        if self.cell.joined != "launched":
            self.began_s = time.monotonic()
            self.join(NAMES[0])
            self.run.says("1 of 2 joined")
            if self.cell.stage != "joining":
                self.join(NAMES[1])

    def join(self, name):
        env = {**self.env, **(self._first_env if not self.agents else {})}
        if self.cell.joined == "hosts":
            self.agents[name] = bed.Program([bed.AGENT, "--join", self._hosts.join(name)], env=env)
        else:
            self.agents[name] = bed.Program([bed.AGENT, "--join", f"tcp://127.0.0.1:{self._at}", "--name", name], env=env)

    def everybody(self):
        """Whoever was not there when the fault came, as it came while agents joined."""
        for name in NAMES if self.cell.joined != "launched" and self.run.running() else []:
            if name not in self.agents:
                self.join(name)

    def came_late(self, program):
        """It was started once the run was about to end: waits until it has found it, or can't any more."""
        bed.wait_until(lambda: "joined run" in program.err or not program.running() or not self.run.running(), "an agent joins, or the run ends")
        return program.running() and "joined run" not in program.err

    def resume_arguments(self):
        """With agents that stay, as they are; else with new ones."""
        return ["--hosts", ",".join(NAMES), "--listen", f"tcp://127.0.0.1:{self.port}"] if self.cell.joined == "hosts" else ["--agents", "2"]

    def pids(self):
        """Agents, by name."""
        if self.cell.joined != "launched":
            return {name: program.pid for name, program in self.agents.items()}
        found = {}
        for pid in bed.agents_of(self.run):
            words = words_of(pid)
            if "--name" in words:
                found[words[words.index("--name") + 1]] = pid
        return found

    # ---- Where it is ----

    def _file(self, name):
        """Its bytes; read again only once it has grown, as it is asked for all the time."""
        path = os.path.join(self.folder, name)
        try:
            size = os.stat(path).st_size
            if self._seen.get(name, (-1, b""))[0] != size:
                with open(path, "rb") as file:
                    content = file.read()
                self._seen[name] = (len(content), content)
            return self._seen[name][1]
        except FileNotFoundError:
            return b""

    def _logged(self, words):
        return words.encode() in self._file("coordinator.log")

    def _is_closed(self):
        return CLOSED in self._file("run.bson")

    def _begun(self, stage):
        if stage == "reporting":
            return self._is_closed()
        if stage == "joining" and self.cell.joined == "launched":
            return len(self.pids()) > 0
        return self._logged(BEGINS[stage])

    def _over(self, stage):
        if not self.run.running():
            return True
        if stage == "reporting":
            return os.path.exists(os.path.join(self.folder, "report.html"))
        if stage == "closing":
            return self._is_closed()
        if stage == "loading" and time.monotonic() > self.at_s[stage] + LEAD_S + self.steady_s:
            return True
        return self._logged(ENDS[stage])

    def wait_for(self, stage):
        """Until it has begun, and some time more that nobody knows."""
        end = time.monotonic() + bed.LONG_S
        while not self._begun(stage):
            if not self.run.running() or time.monotonic() > end:
                raise Early(f"the run did not come to its stage {stage}; it said:\n{self.run.err}\n{self.run.out}")
            time.sleep(0.0005)
        if stage in ("closing", "reporting") and not self._logged(BEGINS["loading"]):
            raise Early(f"the run came to its stage {stage} without any load; it said:\n{self.run.err}\n{self.run.out}")
        self.at_s[stage] = time.monotonic()
        span_s = 0 if stage == "joining" and self.cell.joined == "launched" else SPANS_S.get(stage, SPANS_OF_BROKER_S.get(stage, 0) if self.broker else 0)
        lead_s = {"loading": LEAD_S + 0.1, "draining": LEAD_S + self.steady_s + 0.2}.get(stage, 0)
        time.sleep(lead_s + self.random.uniform(0, span_s))

    def see(self):
        """That the stage is not over."""
        if self._over(self.cell.stage):
            raise Missed(self.cell.stage)

    @contextlib.contextmanager
    def frozen(self):
        """The coordinator stands still meanwhile, so that what is done is done within the stage."""
        self.run.signal(signal.SIGSTOP)
        try:
            bed.wait_until(lambda: holds(self.run.pid, "T") or not self.run.running(), "the coordinator stands still", 5)
            self.see()
            yield
        finally:
            self.run.signal(signal.SIGCONT)

    def hit(self, fault, goes_on=True):
        """fault() comes in the middle of the stage; goes_on: who has not come yet comes then."""
        self.wait_for(self.cell.stage)
        with self.frozen():
            fault()
        if goes_on:
            self.everybody()

    def settle(self):
        """What only held the stage up is over."""
        if self._mute:
            self._mute.close()

    def close(self):
        self.settle()
        self._kept.close()
