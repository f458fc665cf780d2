"""Makes one cell: starts its run, does its fault, demands its outcome. In a process of its own, so that cells share nothing."""

import json
import os
import random
import signal
import subprocess
import sys
import time
import traceback

import bed
from course import Course, Early, Missed
from injections import INJECTIONS, agent_env
from ledger import Made
from matrix import ALONE, expected
from outcomes import verify

TRIES = 6  # Of a stage that lasts some milliseconds only, and may be over before the fault comes.
EARLY_MAX = 1  # A run that twice does not come so far fails the cell.
APART_S = 400  # Every wait of a cell has its own end, which is sooner.
RUN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "run")


def _once(cell, chance, broker):
    course = Course(cell, chance, broker, cell.links, cell.fault == "disk-full", agent_env(cell))
    try:
        course.start()
        INJECTIONS[cell.fault](course)
        course.settle()
        return verify(course, expected(cell))
    finally:
        for program in [course.run, *course.agents.values()]:
            if program.running():
                program.process.kill()
                program.process.wait()
        course.close()


def make(cell, seed, broker=None):
    """The exit code of its run, and what it said of it. Raises AssertionError, or bed.Skip."""
    early = 0
    for attempt in range(TRIES):
        try:
            return _once(cell, random.Random(f"{seed} {cell.name} {attempt}"), broker)
        except Missed:
            continue
        except Early:
            early += 1
            if early > EARLY_MAX:
                raise
    raise bed.Skip(f"the stage was over before the fault came, {TRIES} times")


def _start(backend):
    """Who is told to end while a broker starts ends once it can be stopped."""
    told = []
    before = signal.signal(signal.SIGTERM, lambda *_: told.append(1))
    try:
        return bed.broker(backend)
    finally:
        signal.signal(signal.SIGTERM, before)
        if told:
            sys.exit(143)


def _broker_of(cell, address):
    """The one at that address, which others use too; else one of the cell's own."""
    if cell.backend == "memory":
        return None
    if not address or cell.fault in ALONE:
        return _start(cell.backend)
    broker = bed.Broker(cell.backend)
    broker.address = address
    return broker


def tell(cell, seed, address):
    """In the process of the cell: its outcome as a line of JSON."""
    try:
        code, said = make(cell, seed, _broker_of(cell, address))
        bed._look_for_sanitizers()  # pylint: disable=protected-access
        word = f"exit {code}"
    except bed.Skip as reason:
        word, said = "skipped", str(reason)
    except Exception as error:  # pylint: disable=broad-except
        word, said = "FAILED", str(error) if isinstance(error, AssertionError) else f"{error!r}\n{traceback.format_exc()}"
    print(json.dumps({"word": word, "said": said}), flush=True)


class Apart:
    """Makes cells in processes of their own. at: addresses of brokers by backend, that are used and left as they are."""

    def __init__(self, at):
        self._at = at
        self._processes = set()
        self._ended = False

    def make(self, cell, seed):
        """None: it was ended before it came to something."""
        if self._ended:
            return None
        began = time.monotonic()
        words = [sys.executable, "-B", RUN, "--cell", cell.name, "--seed", str(seed), "--tell"]
        if cell.backend in self._at:
            words += ["--at", f"{cell.backend}={self._at[cell.backend]}"]
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        self._processes.add(process)
        try:
            lines = process.communicate(timeout=APART_S)[0].splitlines()
            told = json.loads([line for line in lines if line.startswith("{")][-1])  # What is kept is told after it.
        except subprocess.TimeoutExpired:
            process.terminate()
            told = {"word": "FAILED", "said": f"still runs after {APART_S} s"}
        except (IndexError, ValueError):
            told = {"word": "FAILED", "said": f"its process ended with {process.wait()} and told nothing"}
        self._processes.discard(process)
        if self._ended:
            return None
        return Made(cell.name, seed, time.monotonic() - began, told["word"], told["said"])

    def end(self):
        """Cells that are being made end now, and clean up."""
        self._ended = True
        for process in list(self._processes):
            process.send_signal(signal.SIGTERM)
        for process in list(self._processes):
            process.wait()
