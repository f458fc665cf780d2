"""Agents that stay: run after run by one process, whatever ended the one before."""

import re
import signal

import bed
from bed import check, matches, test, truth

RUNS = 3
GROWTH_MIB = 6  # The allocator's pools of some threads fill over eight runs, and no further.
STEADY = ["{ name: steady, rate: 500/s, for: 1s }"]
LONG = ["{ name: steady, rate: 200/s, for: 120s }", "{ name: drain, rate: none, until: drained, for: 30s }"]


def rss_mib(pid):
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS")) / 1024


def started(url, phases, *arguments):
    folder = bed.new_path("run")
    path = bed.scenario(phases=phases)
    return bed.start("run", path, "--listen", url, "--agents", "1", "--selfcheck", "warn", "--out", folder, *arguments), folder


def served(url, agent, number):
    """One run by the agent, which waits for the next one then."""
    run, folder = started(url, STEADY)
    run.ends(0)
    agent.says(rf"(?s)(has ended; waiting.*){{{number}}}")
    result = bed.result_of(folder)
    bed.audit_holds(result)
    names = [one["name"] for one in result["agents"]]
    check(len(names) == 1 and names[0].endswith(f"-{agent.pid}"), f"who served: {names}")


@test("an agent that stays serves run after run in one process, whose memory does not grow, and a signal ends it")
def run_after_run():
    url = bed.free_url()
    agent = bed.agent(url, "--stay")
    agent.says(f"waiting for a coordinator at {url}")
    took_mib = []
    for number in range(1, RUNS + 1):
        served(url, agent, number)
        took_mib.append(rss_mib(agent.pid))
    if not bed.sanitized():
        check(max(took_mib[2:]) < took_mib[1] + GROWTH_MIB, f"memory after each run: {took_mib} MiB")
        truth("an agent that stays: its memory after three runs", f"+{GROWTH_MIB} MiB", f"{max(took_mib[2:]) - took_mib[1]:+.1f} MiB")
    agent.signal(signal.SIGTERM)
    agent.ends(130, 15)


@test("a signal to an agent that stays, under load: it says goodbye, the run ends as by a lost agent, and so does the agent")
def signal_under_load():
    url = bed.free_url()
    agent = bed.agent(url, "--stay")
    run, _ = started(url, LONG)
    run.says("running: memory")
    agent.signal(signal.SIGINT)
    agent.ends(130, 30)
    run.ends(4, 60)
    matches(run.err + run.out, "it was ended on its host", "what the run says")
    check(re.search("waiting for the next", agent.err) is None, f"it said:\n{agent.err}")


if __name__ == "__main__":
    bed.main()
