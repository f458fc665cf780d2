"""What the system tests share: the programs as processes, real brokers, TAP.

A test file defines functions with @test("a sentence", needs=["rabbitmq"]) and ends with main(). Each prints one TAP
line, which tests/support/count.awk adds up. Brokers that tests need are started once a file, all at once, and are
stopped at its end, whatever happened; a test whose broker can't be had is skipped with the reason. Nothing passes by
time: a wait that runs out fails.

CMake says where things are: MILLRACE_BIN (folder of the programs), MILLRACE_SOURCE, MILLRACE_TEST_NPM, MILLRACE_TEST_PYPI.
"""

import atexit
import itertools
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback

# pylint: disable=unused-import
from bed_brokers import Broker, backend_of, broker, brokers, built, need_driver
from bed_checks import AGENT, LONG_S, MILLRACE, NPM, SOURCE, Skip, check, contains, matches, read, same, sanitized, truth, wait_until
from bed_folder import own_folder
from bed_results import audit_holds, case_of, marks_of, phase_of, result_of, rows, total

FOLDER, FOLDER_LOCK = own_folder()
_tests = []
_processes = []


# ---- Processes --------------------------------------------------------------------------------------------------


def _environment(extra):
    env = dict(os.environ)
    env.update(extra or {})
    return env


class Program:
    """A program under way, its output in files, so that nothing blocks and everything can be looked at meanwhile."""

    def __init__(self, arguments, env=None, cwd=None, before=None, stdout=None, stderr=None):
        self.arguments = arguments
        self._out = tempfile.TemporaryFile(dir=FOLDER)
        self._err = tempfile.TemporaryFile(dir=FOLDER)
        self.process = subprocess.Popen(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=stdout or self._out,
            stderr=stderr or self._err,
            env=_environment(env),
            cwd=cwd or FOLDER,
            preexec_fn=before,
            start_new_session=True,
        )
        _processes.append(self)

    @property
    def pid(self):
        return self.process.pid

    @staticmethod
    def _read(file):
        return os.pread(file.fileno(), 1 << 24, 0).decode(errors="replace")

    @property
    def out(self):
        return self._read(self._out)

    @property
    def err(self):
        return self._read(self._err)

    def running(self):
        return self.process.poll() is None

    def says(self, pattern, timeout_s=LONG_S):
        """Waits until stderr has a match."""

        def look():
            found = re.search(pattern, self.err)
            if found is None and not self.running():
                found = re.search(pattern, self.err)
                if found is None:
                    raise AssertionError(f"{self.name} ended without saying {pattern!r}:\n{self.err}\n{self.out}")
            return found

        return wait_until(look, lambda: f"{self.name} says {pattern!r}; it said:\n{self.err}", timeout_s)

    @property
    def name(self):
        return " ".join([os.path.basename(self.arguments[0])] + self.arguments[1:3])

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, timeout_s=LONG_S):
        """Its exit code (-N: ended by signal N)."""
        try:
            return self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} still runs after {timeout_s} s; it said:\n{self.err}\n{self.out}") from None

    def ends(self, code, timeout_s=LONG_S):
        got = self.wait(timeout_s)
        if got != code:
            raise AssertionError(f"{self.name} exits {got}, wanted {code}:\n{self.err}\n{self.out}")
        return self


def start(*arguments, **options):
    """millrace ARGUMENTS, in the background."""
    return Program([MILLRACE, *arguments], **options)


def agent(url, *arguments, **options):
    return Program([AGENT, "--join", url, *arguments], **options)


def millrace(*arguments, code=0, timeout_s=LONG_S, **options):
    """Runs to the end and demands the exit code."""
    return start(*arguments, **options).ends(code, timeout_s)


def judged(arguments, code, timeout_s=LONG_S, tries=4):
    """Runs to the end, with an --out of its own, and demands the exit code; returns the program and its folder. Code 3
    says that this host was too busy to measure: that is no answer, so the run is made again."""
    for left in reversed(range(tries)):
        folder = new_path("run")
        program = start("run", *arguments, "--out", folder)
        if program.wait(timeout_s) != 3 or code == 3 or left == 0:
            return program.ends(code, timeout_s), folder


def children(pid):
    """Process numbers of the children."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            return [int(word) for word in file.read().split()]
    except FileNotFoundError:
        return []


def agents_of(program):
    """Process numbers of the local agents of a coordinator."""
    found = []
    for pid in children(program.pid):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                if file.read().split(b"\0")[0] == AGENT.encode():
                    found.append(pid)
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


_claims = []


def free_port():
    """Of nobody else while this process lives, whoever asks in another test: a name in the kernel is the claim, and goes with
    its process. Below the ports of outgoing connections, and of the brokers of deploy/brokers."""
    while True:
        port = random.randrange(10000, 20000)
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind(f"\0millrace-test-port-{port}")
            with socket.socket() as listener:
                listener.bind(("127.0.0.1", port))
        except OSError:
            claim.close()
            continue
        _claims.append(claim)
        return port


def free_url():
    return f"tcp://127.0.0.1:{free_port()}"


# ---- Files ------------------------------------------------------------------------------------------------------

_counter = itertools.count(1)  # Tests go side by side.
_implied = {}


def counts_only():
    """For a file whose tests wait for words and states, and count: other tests run beside it. Who has the CPU at the end of a
    phase of one second holds back more than one percent of it, so `attained >= 99%` is not implied of its scenarios."""
    _implied["objectives"] = "[ attained >= 1% ]"


def new_path(name):
    """A path that is not there yet."""
    return os.path.join(FOLDER, f"{next(_counter)}-{name}")


def write(name, text, mode=0o644):
    path = new_path(name)
    with open(path, "w") as file:
        file.write(text)
    os.chmod(path, mode)
    return path


def scenario(targets="memory", phases=None, name="test", calibrate="none", **blocks):
    """Writes a scenario. targets: text of the list, or a backend's name; phases: list of YAML flow maps; blocks: text by
    key. Its workload is not calibrated, which takes some seconds, unless a duration is given."""
    if re.fullmatch(r"\w+", targets):
        targets = f"  - backend: {targets}\n"
    phases = phases or ["{ name: steady, rate: 500/s, for: 2s }"]
    text = f"millrace: 1\nname: {name}\ntargets:\n{targets}"
    for key, value in {**_implied, **blocks}.items():
        text += f"{key}: {value}\n" if "\n" not in value else f"{key}:\n{value}"
    text += "phases:\n" + "".join(f"  - {phase}\n" for phase in phases) + f"calibrate: {calibrate}\n"
    return write(f"{name}.yaml", text)


# ---- Tests ------------------------------------------------------------------------------------------------------


def test(name, needs=()):
    """needs: kinds of brokers, or tuples of kind and arguments of start."""

    def take(function):
        _tests.append((name, [need if isinstance(need, tuple) else (need,) for need in needs], function))
        return function

    return take


class Together:
    """Jobs that mostly wait, done at the same time when the first outcome is asked for: a broker's restart takes long."""

    def __init__(self):
        self._jobs = {}
        self._errors = None

    def add(self, name, job):
        self._jobs[name] = job

    def _do(self, name):
        try:
            self._jobs[name]()
        except Exception as error:  # pylint: disable=broad-except
            self._errors[name] = error

    def outcome(self, name):
        """Raises what the job raised."""
        if self._errors is None:
            self._errors = {}
            threads = [threading.Thread(target=self._do, args=(one,)) for one in self._jobs]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        if name in self._errors:
            raise self._errors[name]


def _clean_up():
    for program in _processes:
        if program.running():
            program.process.kill()
            program.process.wait()
    threads = [threading.Thread(target=one.stop) for one in brokers.values()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if KEEP:
        print(f"# kept {FOLDER}")
    else:
        shutil.rmtree(FOLDER, ignore_errors=True)


def _start_brokers(tests):
    threads = []
    for need in {need for _, needs, _ in tests for need in needs}:
        one = brokers.setdefault((need[0], need[1:]), Broker(need[0], need[1:]))
        threads.append(threading.Thread(target=one.start))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _look_for_sanitizers():
    """In builds with sanitizers their findings fail the test, also those of agents whose exit code nobody sees."""
    said = [(program.name, program.err) for program in _processes]
    for where, _, names in os.walk(FOLDER):
        said += [(os.path.join(where, name), read(where, name)) for name in names if os.path.basename(where) == "agents" and name.endswith(".log")]
    for who, text in said:
        found = re.search(r"(?m)^.*(ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|runtime error:|internal error:).*(\n.*){0,30}", text)
        if found:
            raise AssertionError(f"{who} says:\n{found.group(0)}")


def _run_one(number, name, needs, function):
    began = time.monotonic()
    try:
        given = [broker(*need) for need in needs]
        function(*given)
        _look_for_sanitizers()
    except Skip as reason:
        print(f"ok {number} - {name} # SKIP {reason}")
        return True
    except Exception as error:  # pylint: disable=broad-except
        print(f"not ok {number} - {name}")
        text = str(error) if isinstance(error, AssertionError) else traceback.format_exc()
        where = traceback.extract_tb(error.__traceback__)
        lines = [f"line {frame.lineno}: {frame.line}" for frame in where if frame.filename == os.path.abspath(sys.argv[0])]
        text = lines[-1:] + text.splitlines()
        for line in text if len(text) < 60 else text[:30] + ["..."] + text[-30:]:
            print(f"# {line[:300]}")
        return False
    print(f"ok {number} - {name}")
    print(f"# {time.monotonic() - began:.1f} s")
    return True


KEEP = os.environ.get("MILLRACE_TEST_KEEP")


def main():
    """Runs the tests of the file; arguments: parts of the names of those that are wanted."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    atexit.register(_clean_up)
    sys.stdout.reconfigure(line_buffering=True)
    chosen = [one for one in _tests if len(sys.argv) < 2 or any(word in one[0] for word in sys.argv[1:])]
    _start_brokers(chosen)
    good = True
    for number, (name, needs, function) in enumerate(chosen, 1):
        good = _run_one(number, name, needs, function) and good
        # A failed test may have left something; it must not disturb the next.
        for program in _processes:
            if program.running():
                program.process.kill()
                program.process.wait()
        _processes.clear()
    print(f"1..{len(chosen)}")
    sys.exit(0 if good else 1)
