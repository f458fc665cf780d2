"""The ready scenarios: each is right, can be explained, and runs on the memory broker, here in a shortened form."""

import os

import bed
from bed import check, same, test
from bed_ready import FOLDER, path_of, run_short
from short_scenarios import SHORT

# Whether they work is asked, not what they measure. A search judges what it measures: test_search has that one.
COUNTS_ONLY = ["--selfcheck", "warn"]
ELSEWHERE = ["capacity"]


@test("every ready scenario is known here and begins with its question, which README.md has too")
def known():
    names = sorted(name[: -len(".yaml")] for name in os.listdir(FOLDER) if name.endswith(".yaml"))
    same(names, sorted(SHORT), "scenarios")
    table = bed.read(FOLDER, "README.md")
    for name in names:
        lines = bed.read(path_of(name)).splitlines()
        question = lines[0].removeprefix("# ").split("?")[0] + "?"
        check(lines[0].startswith("# ") and lines[0].count("?") == 1, f"{name} begins with {lines[0]!r}")
        bed.contains(table, f"| `{name}.yaml` | {question} |", "README.md")
        bed.contains(bed.read(path_of(name)), question, f"the description of {name}")


@test("check and explain take every ready scenario, for every backend")
def explained():
    for name in SHORT:
        said = bed.millrace("check", path_of(name))
        same(said.out, f"{path_of(name)}: ok\n", name)
        targets = [word for backend in ["memory", "kafka", "rabbitmq", "mqtt"] for word in ["--target", backend]]
        bed.contains(bed.millrace("explain", path_of(name), *targets).out, name, "what explain says")


def add_run(name):
    @test(f"{name} runs on the memory broker")
    def runs():
        text = bed.read(path_of(name))
        is_due = "objectives:" not in text and "rate: max" not in text  # What is as fast as possible attains nothing.
        run_short(name, *COUNTS_ONLY, *(["--set", "objectives=[ attained >= 1% ]"] if is_due else []))


for scenario_name, short in SHORT.items():
    if short is not None and scenario_name not in ELSEWHERE:
        add_run(scenario_name)

bed.main()
