"""A fleet of a hundred agents, simulated by one process that speaks as they do: nothing is counted twice, nothing is lost.

MILLRACE_TEST_LONG=1 makes it a thousand agents, and a minute.
"""

import os
import sys
from pathlib import Path

import bed
from bed import check, same, test

sys.path.insert(0, os.path.join(bed.SOURCE, "tests", "bench"))
import agents  # noqa: E402  pylint: disable=wrong-import-position

LONG = os.environ.get("MILLRACE_TEST_LONG") == "1"
AGENTS, SECONDS = (1000, 60) if LONG else (100, 3)


def folder():
    path = bed.new_path("many")
    os.makedirs(path)
    return path


@test(f"{AGENTS} agents join with one file, and each of their reports counts once")
def fleet():
    run = agents.Fleet(Path(bed.MILLRACE).parent, folder(), AGENTS, SECONDS)
    codes = run.wait(400 if LONG else 90)
    said = run.text(0)
    same(codes[1], 0, f"exit code of the agents; they said\n{run.text(1)[-2000:]}\nthe coordinator\n{said}")
    # Invalid: the coordinator is one of those that a busy host holds up.
    check(codes[0] in (0, 3), f"exit code {codes[0]} of the coordinator, which said\n{said}")
    figures, result = run.figures(), bed.result_of(run.out)
    same(figures["joined"], AGENTS, "agents that joined")
    same(len({agent["name"] for agent in result["agents"]}), AGENTS, "agents of the result")
    same([agent["name"] for agent in result["agents"] if agent["lost"]], [], "agents that were lost")
    same(figures["started"], AGENTS, "agents that started")
    same(figures["lines_wrong"], 0, "relations between clocks whose bound the truth is beyond")
    check(figures["lines"] >= AGENTS * (AGENTS - 1), f"only {figures['lines']} relations between clocks were told")
    case = result["cases"][0]
    wanted = AGENTS * agents.PER_AGENT * SECONDS
    for word in ("sent", "acked", "received", "expected"):
        same(bed.total(case, word), wanted, word)
    for word in ("lost", "duplicated", "unexpected", "unaccounted"):
        same(bed.total(case, word), 0, word)
    bed.audit_holds(result)


if __name__ == "__main__":
    bed.main()
