"""The ready scenarios: each is right, can be explained, and runs on the memory broker, here in a shortened form."""

import os

import bed
from bed import check, same, test

FOLDER = os.path.join(bed.SOURCE, "scenarios")

# What makes a scenario short; one that is not here has to be added. None: it can't run on the memory broker.
SHORT = {
    "acknowledgement": ["repeat=1", "phases.full.for=300ms"],
    "apart": None,
    "backlog-drain": ["phases.build.for=1s"],
    "capacity": ["search={ rate: { from: 100/s, to: 150/s }, settle: 0s, trial: 5s, confirm: 5s }"],
    "concurrent-scaling": ["sweep={ topology.producers: [1, 4] }", "repeat=1", "phases.full.for=500ms"],
    "connection-storm": ["repeat=1", "phases.connected.for=500ms"],
    "consumption-latency": ["sweep={ phases.steady.rate: [500/s, 1k/s] }", "repeat=1", "phases.steady.for=500ms"],
    "fan-out": ["sweep={ topology.subscriptions: [1, 2] }", "repeat=1", "phases.steady.for=500ms"],
    "feature-impact": ["repeat=1", "phases.full.for=300ms"],
    "max-memory": ["phases.warm-up.for=200ms", "phases.full.for=500ms"],
    "mixed-flows": ["phases.warm-up.for=500ms", "phases.steady.for=1s", "phases.peak.for=1s"],
    "production-like": [f"phases.{phase}.for=500ms" for phase in ["night", "morning", "noon", "afternoon", "evening"]],
    "publish-latency-by-size": ["sweep={ message.size: [64, 16KiB] }", "repeat=1", "phases.steady.for=500ms"],
    "publish-throughput-by-count": ["sweep={ phases.count.messages: [10, 1000] }", "repeat=1"],
    "quickstart": ["phases.steady.for=1s"],
    "ramp": ["phases.ramp.for=2s"],
    "spike": ["phases.before.for=500ms", "phases.spike.for=500ms", "phases.after.for=500ms"],
    "sustained-load": ["phases.warm-up.for=500ms", "phases.sustained.for=1s"],
    "two-flows": ["phases.warm-up.for=500ms", "phases.steady.for=1s", "phases.peak.for=500ms"],
}


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
