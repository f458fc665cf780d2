"""A search finds the capacity that the memory broker was given, and says so in all its words."""

import os
import signal

import bed
from bed import check, contains, same, test, truth
from bed_journal import documents
from bed_ready import run_short

CAPACITY = 2000
TOPOLOGY = "{ topics: 1, producers: 2, consumers: 1 }"


def scenario(search, options):
    text = "millrace: 1\nname: search\n"
    text += f"targets: [ {{ backend: memory, options: {{ {options} }} }} ]\n"
    return bed.write("search.yaml", f"{text}topology: {TOPOLOGY}\nmessage: {{ size: 100 }}\nsearch: {search}\n")


def search_of(result):
    same(len(result["searches"]), 1, "searches")
    return result["searches"][0]


def searched(path, tries=3):
    """Folder of a search that found its answer. A host that is busy ends it as limited by the generator, which must be
    told as that and never as the broker's limit; if it stays busy, there is nothing more to test here."""
    for _ in range(tries):
        folder = bed.new_path("run")
        run = bed.start("run", path, "--agents", "1", "--out", folder)
        if run.wait(200) != 3:
            run.ends(0)
            return folder
        result = bed.result_of(folder)
        found = search_of(result)
        same((result["verdict"], found["found"]), ("invalid", False), "verdict and found")
        check("generator_limited" in [one["code"] for one in result["reasons"]], f"reasons: {result['reasons']}")
        contains(found["limit"], "generator-limited at ", "what limited it")
        contains(" ".join(run.out.split()), found["limit"][:60], "the summary")
        same([step["outcome"] for step in found["steps"]][-3:], ["void"] * 3, "the last steps")
        check(found["lower_per_s"] <= CAPACITY * 1.002, f"lower bound {found['lower_per_s']}")
        check(found.get("upper_per_s", CAPACITY) >= CAPACITY, f"upper bound {found}")
    raise bed.Skip(f"this host is too busy to search: {found['limit']}")


@test("the bounds lie around the broker's capacity, and every trial is told")
def capacity():
    path = scenario(
        "{ rate: { from: 1500/s, to: 20k/s }, settle: 1s, trial: 5s, confirm: 5s, width: 20% }",
        f"capacity: {CAPACITY}",
    )
    folder = searched(path)  # Some ten trials of 6 s and their drains.
    result = bed.result_of(folder)
    found = search_of(result)
    same((result["verdict"], found["found"]), ("pass", True), "verdict and found")
    # The capacity is exact, so the bounds are on both sides of it.
    check(found["lower_per_s"] <= CAPACITY * 1.002, f"lower bound {found['lower_per_s']}")
    check(found["upper_per_s"] >= CAPACITY, f"upper bound {found['upper_per_s']}")
    check(found["upper_per_s"] <= found["lower_per_s"] * 1.2, f"bounds {found}")
    bounds = f"{found['lower_per_s']:.0f} to {found['upper_per_s']:.0f}/s"
    truth(f"highest rate of a broker that serves {CAPACITY}/s", "the bounds around it, within 20 %", bounds)
    same([step["trial"] for step in found["steps"]], list(range(len(found["steps"]))), "numbers of trials")
    same(len(bed.case_of(result, "memory")["trials"]), len(found["steps"]), "trials")
    contains(found["limit"], "the backlog grew by at least", "what limited it")
    # The case is that of the trials that held at the lower bound.
    trial = [phase for phase in bed.case_of(result, "memory")["phases"] if phase["name"] == "trial"][0]
    check(abs(trial["rates"]["asked_per_s"] / found["lower_per_s"] - 1) < 0.01, f"asked {trial['rates']}")
    bed.millrace("report", folder, "--format", "json", code=0)
    same(search_of(bed.result_of(folder)), found, "the search in the report made again")
    bed.millrace("report", folder, "--format", "junit")
    contains(bed.read(folder, "junit.xml"), 'name="search: the highest sustainable rate"><system-out>', "the search as a test case")


# Of a hundred messages a second each.
_side_by_side = bed.Together()


def beside(name):
    def take(function):
        _side_by_side.add(name, function)
        test(name)(lambda: _side_by_side.outcome(name))
        return function

    return take


@beside("a range that holds to its end has no upper bound, and says where to look")
def range_ends():
    folder = bed.new_path("run")
    path = scenario("{ rate: { from: 100/s, to: 150/s }, settle: 0s, trial: 5s, confirm: 5s }", "delay: 0ms")
    bed.millrace("run", path, "--out", folder, "--agents", "1", code=0)
    found = search_of(bed.result_of(folder))
    same((found["found"], found["lower_per_s"], "upper_per_s" in found), (False, 150, False), "bounds")
    contains(found["limit"], "the range ends", "what limited it")


def after_one_step(end):
    """A search that holds at 50/s and is ended in its second trial; the program and its folder."""
    folder = bed.new_path("run")
    path = scenario("{ rate: { from: 50/s, to: 10k/s }, settle: 0s, trial: 5s, confirm: 5s }", "delay: 0ms")
    run = bed.start("run", path, "--out", folder, "--agents", "1")
    run.says(r"memory: 50.0/s: held")
    run.says(r"running: memory[\s\S]*running: memory")
    entries = lambda: documents(os.path.join(folder, "run.bson"))
    # A thread writes it, on its own time.
    bed.wait_until(lambda: any(one["kind"] == "search" and "step" in one for one in entries()), "the step is in the journal")
    run.signal(end)
    return run, folder


def tells_the_step(folder, answer):
    found = search_of(bed.result_of(folder))
    same([(step["trial"], step["outcome"], step["asked_per_s"]) for step in found["steps"]], [(0, "good", 50)], "steps")
    same((found["found"], found["lower_per_s"]), (False, 50), "answer")
    contains(found["limit"], "ended before it had an answer", "what limited it")
    summary = bed.read(folder, "summary.md")
    contains(summary, answer, "the summary's sentence")
    contains(summary, "the rates that were tried", "the summary's steps")


@beside("a search whose coordinator is killed keeps the steps that it made")
def killed():
    run, folder = after_one_step(signal.SIGKILL)
    run.ends(-signal.SIGKILL)
    told = bed.millrace("report", folder, code=4)
    contains(told.out, "INCOMPLETE", "the report's summary")
    tells_the_step(folder, "memory sustains at least 50.0/s")


@beside("a search that is interrupted keeps the steps that it made")
def interrupted():
    run, folder = after_one_step(signal.SIGINT)
    run.ends(130, 60)
    same(bed.result_of(folder)["verdict"], "interrupted", "verdict")
    tells_the_step(folder, "memory sustains at least 50.0/s")


@beside("the ready scenario of a search runs on the memory broker")
def ready():
    result = run_short("capacity")
    same(search_of(result)["lower_per_s"], 150, "lower bound")


bed.main()
