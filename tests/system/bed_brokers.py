"""Real brokers that tests start, and what they are asked: part of bed.py, which has its names too."""

import os
import re
import shutil
import subprocess
import threading
import urllib.request

from bed_checks import MILLRACE, SOURCE, Skip

brokers = {}
_drivers = []


def built(backend):
    """Whether there is a driver in this build: "kafka", "mqtt/paho"; "mqtt": one of its clients'."""
    if not _drivers:
        said = subprocess.run([MILLRACE, "--version"], capture_output=True, text=True, timeout=30, check=True).stdout
        _drivers.extend(re.findall(r"^(\S+)\t", said, re.M))
    return any(name == backend or name.startswith(f"{backend}/") for name in _drivers)


def need_driver(backend):
    if not built(backend):
        raise Skip(f"millrace was built without {backend}")


def backend_of(kind):
    """The backend that drives this kind of broker."""
    return {"mosquitto": "mqtt", "hivemq": "mqtt", "moquette": "mqtt", "aedes": "mqtt", "qpid": "rabbitmq"}.get(kind, kind)


class Broker:
    def __init__(self, kind, arguments=()):
        self.kind = kind
        self.arguments = list(arguments)
        self.address = None
        self.reason = None
        self._lock = threading.Lock()

    def script(self, *words, timeout_s=200):
        done = subprocess.run(
            [os.path.join(SOURCE, "deploy", "brokers", self.kind), *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
        )
        if done.returncode != 0:
            lines = [line for line in done.stderr.splitlines() if line.strip()]
            # Its logs come first, the reason is the last line.
            raise RuntimeError("\n".join(lines[-40:]) if lines else f"deploy/brokers/{self.kind} {words[0]} exits {done.returncode}")
        return done.stdout.strip()

    def start(self):
        with self._lock:
            if self.address is None and self.reason is None:
                if not built(backend_of(self.kind)):
                    self.reason = "millrace was built without this backend"
                    return
                try:
                    self.address = self.script("start", *self.arguments)
                except (RuntimeError, subprocess.TimeoutExpired) as error:
                    self.reason = str(error).splitlines()[-1]

    def stop(self):
        with self._lock:
            if self.address is not None:
                address, self.address = self.address, None
                try:
                    self.script("stop", address)
                except (RuntimeError, subprocess.TimeoutExpired) as error:
                    print(f"# {self.kind} can't be stopped: {error}")

    def kill(self):
        self.script("kill", self.address)

    def resume(self):
        self.script("resume", self.address)

    def ask(self, verb, *words):
        return self.script(verb, self.address, *words)

    def folder(self):
        return self.ask("dir")

    @property
    def port(self):
        return int(re.search(r":(\d+)(/|$)", self.address).group(1))

    def counters(self):
        """RabbitMQ's own: sums by name of its Prometheus page."""
        page = urllib.request.urlopen(self.ask("prometheus"), timeout=10).read().decode()
        sums = {}
        for name, value in re.findall(r"^(\w+)(?:\{[^}]*\})? ([0-9.e+]+)$", page, re.M):
            sums[name] = sums.get(name, 0) + float(value)
        return sums

    def topics(self):
        """What runs left on it: names that begin with millrace-."""
        if self.kind == "rabbitmq":
            # In one question: each starts an Erlang machine, which takes a second of a CPU.
            told = self.ask("ctl", "eval", "[rabbit_amqqueue:list_names(), [element(2, One) || One <- rabbit_exchange:list()]].")
            names = re.findall(r'<<"([^"]+)">>', told)
        elif self.kind == "kafka":
            if not shutil.which("kcat"):
                raise Skip("kcat is not installed (package kcat)")
            listed = subprocess.run(["kcat", "-b", self.ask("plain"), "-L"], capture_output=True, text=True, timeout=30, check=True)
            names = re.findall(r'topic "([^"]+)"', listed.stdout)
        else:
            return []
        return [name for name in names if name.startswith("millrace-")]


def broker(kind, *arguments):
    """The broker of this file of that kind, started with those words; Skip when it can't be had."""
    found = brokers.setdefault((kind, arguments), Broker(kind, arguments))
    found.start()
    if found.address is None:
        raise Skip(f"{kind}: {found.reason}")
    return found
