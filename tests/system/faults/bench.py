"""Makes one cell: starts its run, does its fault, demands its outcome."""

import random

import bed
from course import Course, Missed
from injections import INJECTIONS, agent_env
from matrix import expected
from outcomes import verify

TRIES = 6  # Of a stage that lasts some milliseconds only, and may be over before the fault comes.


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
    """The exit code of its run, and what it said first. Raises AssertionError, or bed.Skip."""
    for attempt in range(TRIES):
        try:
            return _once(cell, random.Random(f"{seed} {cell.name} {attempt}"), broker)
        except Missed:
            continue
    raise bed.Skip(f"the stage was over before the fault came, {TRIES} times")
