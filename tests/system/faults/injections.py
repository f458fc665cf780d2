"""What is done to a run in the middle of a stage, by name. Each takes the course, and returns once nothing more is done to it.

SHORT_S: nobody counts as lost for it, and somebody is told. LONG_S: lost (10 s), and the coordinator's own agents have given it
up (30 s) when it is COORDINATOR_LONG_S."""

import errno
import os
import signal
import socket
import threading
import time

import bed
from course import Missed

SHORT_S = 4
LONG_S = 14
COORDINATOR_LONG_S = 36
LINK_SHORT_S = 5
LINK_LONG_S = 60
SLOW_S = 0.03
NOISE_S = 1.5
STEP_NS = 150_000_000
STEPS_AT_S = {"joining": 0.5, "detecting": 1.0, "loading": 1.5, "draining": 3.4}  # From the start of its agent on.
# Heads of what strangers say: NNG's handshake and a message of 8 MiB, a client hello of TLS, a request of HTTP.
HEADS = [b"\0SP\0\0\x30\0\0", b"\0SP\0\0\x30\0\0" + (8 << 20).to_bytes(8, "big"), b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03", b"GET / HTTP/1.1\r\n\r\n", b""]


def _victim(course):
    """One of the agents that are there."""
    names = sorted(course.pids())
    if not names:
        raise Missed(course.cell.stage)  # They have gone home.
    course.victim = course.random.choice(names)
    return course.pids()[course.victim]


def kill_agent(course):
    """While they join it is started anew, as by whoever watches over it, and takes the place of the one before."""
    course.hit(lambda: os.kill(_victim(course), signal.SIGKILL), course.cell.stage != "joining")
    if course.cell.stage == "joining" and course.cell.joined == "hosts":
        course.agents[course.victim].wait()
        course.join(course.victim)
        course.agents[course.victim].says("joined run")
    course.everybody()


def _stop_agent(course, seconds):
    stopped = []

    def stop():
        stopped.append(_victim(course))
        os.kill(stopped[0], signal.SIGSTOP)

    course.hit(stop)
    time.sleep(seconds)
    try:
        os.kill(stopped[0], signal.SIGCONT)
    except ProcessLookupError:
        pass  # Its coordinator has ended it.


def stop_agent(course):
    _stop_agent(course, SHORT_S)


def stop_agent_long(course):
    _stop_agent(course, LONG_S)


def _end(course, number):
    """Whoever is there then is to go."""
    course.pids_before = list(course.pids().values())
    course.run.signal(number)


def kill_coordinator(course):
    course.hit(lambda: _end(course, signal.SIGKILL))


def stop_coordinator(course):
    course.hit(lambda: time.sleep(SHORT_S))


def stop_coordinator_long(course):
    course.hit(lambda: time.sleep(COORDINATOR_LONG_S))


def interrupt(course):
    course.hit(lambda: _end(course, signal.SIGINT))


def interrupt_twice(course):
    """The second one comes when the first one is being obeyed."""
    course.hit(lambda: _end(course, signal.SIGINT))
    time.sleep(course.random.uniform(0, 0.3))
    if course.run.running():
        course.run.signal(signal.SIGINT)


def _link(name, verb, seconds, *arguments):
    def inject(course):
        link = lambda: course.links[name]
        course.hit(lambda: getattr(link(), verb)(*arguments))
        time.sleep(seconds)
        link().mend()

    return inject


def _part_host(seconds):
    """Nothing passes any more, either way, and nobody is told."""

    def inject(course):
        course.hit(lambda: [link.stall() for link in course.links.values()])
        time.sleep(seconds)
        for link in course.links.values():
            link.mend()

    return inject


def disk_full(course):
    course.hit(lambda: course.disk.fail(errno.ENOSPC))
    course.run.wait(60)
    course.disk.fail(0)


def _make_noise(port, random, until_s):
    while time.monotonic() < until_s:
        try:
            with socket.create_connection(("127.0.0.1", port), 5) as one:
                one.sendall(random.choice(HEADS) + random.randbytes(random.randrange(20000)))
        except OSError:
            pass  # It was hung up on, or the run is over.


def garbage(course):
    """From before the stage until some time after: strangers do not look at the clock."""
    course.wait_for(course.cell.stage)
    until_s = time.monotonic() + NOISE_S
    thread = threading.Thread(target=_make_noise, args=(course.port, course.random, until_s))
    thread.start()
    time.sleep(0.2)
    course.everybody()
    thread.join()


def _broker(course, stop, go_on, seconds):
    course.hit(stop)
    time.sleep(seconds)
    go_on()


def kill_broker(course):
    _broker(course, course.broker.kill, course.broker.resume, 1)


def stop_broker(course):
    pid = process_of(course.broker)
    _broker(course, lambda: os.kill(pid, signal.SIGSTOP), lambda: os.kill(pid, signal.SIGCONT), SHORT_S)


def process_of(broker):
    """RabbitMQ's names the Erlang machine, which is not the process that was started."""
    folder = broker.folder() if broker.kind == "rabbitmq" else os.path.dirname(broker.folder())
    return int(bed.read(folder, f"{broker.kind}.pid").split()[0])


def clock_step(course):
    """It comes by itself, so long after its agent was started: here is seen that the stage was there."""
    course.wait_for(course.cell.stage)
    time.sleep(max(0.0, course.began_s + STEPS_AT_S[course.cell.stage] + 0.1 - time.monotonic()))
    course.see()
    course.everybody()


def agent_env(cell):
    """Of the first agent: its clock steps in the stage."""
    if cell.fault != "clock-step":
        return {}
    return {"MILLRACE_TEST_CLOCK": f"0,0,{int(STEPS_AT_S[cell.stage] * 1e9)},{STEP_NS}"}


INJECTIONS = {
    "kill-agent": kill_agent,
    "stop-agent": stop_agent,
    "stop-agent-long": stop_agent_long,
    "kill-coordinator": kill_coordinator,
    "stop-coordinator": stop_coordinator,
    "stop-coordinator-long": stop_coordinator_long,
    "interrupt": interrupt,
    "interrupt-twice": interrupt_twice,
    "disk-full": disk_full,
    "garbage": garbage,
    "cut-control": _link("control", "cut", 0),
    "down-control": _link("control", "down", LINK_SHORT_S),
    "down-control-long": _link("control", "down", LINK_LONG_S),
    "stall-control": _link("control", "stall", LINK_SHORT_S),
    "stall-control-long": _link("control", "stall", LINK_LONG_S),
    "slow-control": _link("control", "slow", SHORT_S, SLOW_S),
    "clock-step": clock_step,
    "kill-broker": kill_broker,
    "stop-broker": stop_broker,
    "cut-broker": _link("broker", "cut", 0),
    "down-broker": _link("broker", "down", LINK_SHORT_S),
    "stall-broker": _link("broker", "stall", LINK_SHORT_S),
    "slow-broker": _link("broker", "slow", SHORT_S, SLOW_S),
    "part-host": _part_host(LINK_SHORT_S),
    "part-host-long": _part_host(LINK_LONG_S),
}
