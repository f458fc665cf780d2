"""What is said before a run, held against the run: memory, disk, and whether the host can hold the clients."""

import os
import re
import resource

import bed
from bed import check, contains, same, test

UNITS = {"B": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}
MIB = 1024**2


def amount(said, pattern):
    found = re.search(pattern, said)
    check(found is not None, f"{pattern!r} is not in\n{said}")
    return float(found.group(1)) * UNITS[found.group(2)]


def within_a_factor_of_two(said, found, what):
    check(0.5 <= said / found <= 2, f"{what}: {said / 1024:.0f} KiB were said, {found / 1024:.0f} KiB were found")


def peak_of(program):
    """Waits for its end; the most that was resident, in bytes, as it was seen until then."""
    peak = [0]

    def look():
        found = re.search(r"VmHWM:\s+(\d+) kB", bed.read("/proc", str(program.pid), "status"))
        peak[0] = max(peak[0], int(found.group(1)) * 1024 if found else 0)
        return not program.running()

    bed.wait_until(look, f"{program.name} ends; it said:\n{program.err}")
    return peak[0]


@test("explain says what memory and journal of a run come to, within a factor of two")
def memory_and_disk():
    # A thousand phases in five seconds: 0.1 of what they took was said once, and a hundredth of the journal.
    short = [f"{{ name: p{i}, rate: 2k/s, for: 5ms }}" for i in range(1023)]
    steady = ["{ name: warm-up, rate: 2k/s, for: 1s, measure: false }", "{ name: steady, rate: 3k/s, for: 2s }"]
    for topology, phases, size in [
        ("{ topics: 2, producers: 2, consumers: 2 }", steady, "64"),
        ("{ topics: 300, producers: 300, consumers: 300 }", steady, "64"),
        ("{ topics: 2, producers: 2, consumers: 2 }", ["{ name: big, rate: 200/s, for: 3s }"], "256KiB"),
        ("{ topics: 2, producers: 2, consumers: 2 }", ["{ name: flat-out, rate: max, for: 3s }"], "1KiB"),
        ("{ topics: 2, producers: 2, consumers: 2 }", short, "64"),
    ]:
        phases = phases + ["{ name: drain, rate: none, until: drained, for: 5s }"]
        path = bed.scenario(phases=phases, topology=topology, message=f"{{ size: {size} }}")
        said = bed.millrace("explain", path, "--agents", "1").out
        folder = bed.new_path("run")
        coordinator = peak_of(bed.Program([bed.MILLRACE, "run", path, "--agents", "1", "--out", folder]))
        memory = bed.result_of(folder)["cases"][0]["trials"][0]["memory"][0]["max_bytes"]
        if bed.sanitized():
            print("# memory is not compared: a sanitizer's own is in it")
        else:
            within_a_factor_of_two(amount(said, r"about ([\d.]+) (\w+) of memory"), memory, f"memory of {topology}, {size}")
            # 8,184 histograms three times over were 600 MiB.
            check(coordinator < 200 * MIB, f"{len(phases)} phases: {coordinator / MIB:.0f} MiB in the coordinator")
        journal = os.path.getsize(os.path.join(folder, "run.bson"))
        within_a_factor_of_two(amount(said, r"disk: about ([\d.]+) (\w+)"), journal, f"journal of {topology}, {size}")


@test("clients that the host can't hold are told by explain, doctor and run, before a broker is touched")
def too_many_clients():
    target = '  - { backend: rabbitmq, address: "amqp://127.0.0.1:1" }\n'
    if not bed.built("rabbitmq"):
        raise bed.Skip("without RabbitMQ's client library")
    path = bed.scenario(target, topology="{ topics: 100, producers: 100, consumers: 100 }")
    few = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (200, 200))
    what = "200 open files, 200 clients would be there, which need "
    remedy = "raise it with ulimit -n 1024"
    for command, code in [("explain", 0), ("doctor", 4)]:
        run = bed.millrace(command, path, "--agents", "1", code=code, before=few)
        contains(run.out, what, command)
        contains(run.out, remedy, command)
    folder = bed.new_path("run")
    run = bed.millrace("run", path, "--agents", "1", "--out", folder, code=4, before=few)
    check("detecting" not in run.err, f"the broker was asked:\n{run.err}")
    result = bed.result_of(folder)
    contains(str(result["reasons"]), f"agent-1, case rabbitmq: not enough: {what}", "reasons")
    same([(one["status"], one["reason"][:11]) for one in result["cases"]], [("skipped", "not begun: ")], "cases")
    enough = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (100, 4096))
    run = bed.millrace("run", path, "--agents", "1", "--out", bed.new_path("run"), code=4, before=enough)
    contains(run.err, "nothing listens there", "with a limit that an agent can raise")


def agents_memory(topology, rate):
    """What explain says of all agents, and what they took, in bytes."""
    phases = [f"{{ name: steady, rate: {rate}/s, for: 3s }}", "{ name: drain, rate: none, until: drained, for: 20s }"]
    path = bed.scenario(phases=phases, topology=topology)
    told = bed.millrace("explain", path, "--agents", "2").out
    said = sum(float(number) * UNITS[unit] for number, unit in re.findall(r"about ([\d.]+) (\w+) of memory", told))
    folder = bed.new_path("run")
    bed.Program([bed.MILLRACE, "run", path, "--agents", "2", "--out", folder]).wait()
    case = bed.result_of(folder)["cases"][0]
    for phase in case["phases"]:
        same([phase["delivery"][what] for what in ["lost", "duplicated", "reordered"]], [0, 0, 0], phase["name"])
    return said, sum(agent["max_bytes"] for agent in case["trials"][0]["memory"])


@test("two agents hold thousands of clients in some ten MiB, and explain says about as much")
def many_clients():
    # 2,500 and 2,500 that share a topic took 380 MiB once: a row for each pair of them.
    for topology, rate, limit in [
        ("{ topics: 1, producers: 2500, consumers: 2500 }", "5k", 60 * MIB),
        ("{ topics: 2500, producers: 2500, consumers: 2500 }", "5k", 60 * MIB),
        ("{ topics: 1, producers: 10000, consumers: 10000 }", "5k", 200 * MIB),
    ]:
        said, found = agents_memory(topology, rate)
        print(f"# {topology}: {found / MIB:.0f} MiB, explain says {said / MIB:.0f}")
        check(said <= limit, f"{topology}: {said / MIB:.0f} MiB were said, {limit / MIB:.0f} are allowed")
        if bed.sanitized():
            print("# memory is not compared: a sanitizer's own is in it")
            continue
        check(found <= limit, f"{topology}: {found / MIB:.0f} MiB were found, {limit / MIB:.0f} are allowed")


@test("what takes more memory than the host has is told by explain, and refused before a run, with the sum")
def too_much_memory():
    # Each of 32,000 consumers of a partition comes to see its part of 2^20 streams.
    if os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") > 60 * 1024 * MIB:
        raise bed.Skip("this host has memory for it")
    path = bed.scenario(topology="{ partitions: 32, producers: 32768, consumers: 32000 }",
                        phases=["{ name: steady, rate: 1M/s, for: 2h }"])
    what = r"its agents take about [\d.]+ [GT]iB of memory together, the host has [\d.]+ [GT]iB: fewer clients"
    said = bed.millrace("explain", path, "--agents", "1").out
    check(re.search("too much for this host: " + what, said), said)
    folder = bed.new_path("run")
    bed.millrace("run", path, "--agents", "1", "--out", folder, code=4)
    result = bed.result_of(folder)
    check(re.search("case memory: not enough: " + what, str(result["reasons"])), str(result["reasons"]))
    same(result["cases"][0]["status"], "skipped", "the case")


@test("doctor says what the self-check will look at on this host")
def foretold():
    said = bed.millrace("doctor", bed.scenario()).out
    for what in ["load average", "a second of ticks", "woke late by", "CPUs, memory", "for 1 load thread"]:
        contains(said, what, "doctor")


bed.main()
