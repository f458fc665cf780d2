"""The ready scenarios: each is right, can be explained, and runs on the memory broker, here in a shortened form."""

import os

import bed
from bed import check, same, test
from short_scenarios import SHORT

FOLDER = os.path.join(bed.SOURCE, "scenarios")


def path_of(name):
    return os.path.join(FOLDER, f"{name}.yaml")


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


def run_short(name):
    folder = bed.new_path(name)
    settings = [word for setting in SHORT[name] for word in ["--set", setting]]
    bed.millrace("run", path_of(name), "--target", "memory", *settings, "--quiet", "--out", folder)
    result = bed.result_of(folder)
    same(result["verdict"], "pass", name)
    bed.audit_holds(result)
    for case in result["cases"]:
        if case["status"] == "not available":
            check(case["reason"], f"{case['name']} does not say why it is not available")
            continue
        same(case["status"], "measured", case["name"])
        check(bed.total(case, "sent") > 0, f"{case['name']} sent nothing")
        same(bed.total(case, "lost"), 0, f"lost in {case['name']}")


def add_run(name):
    @test(f"{name} runs on the memory broker")
    def runs():
        run_short(name)


for scenario_name, short in SHORT.items():
    if short is not None:
        add_run(scenario_name)

bed.main()
