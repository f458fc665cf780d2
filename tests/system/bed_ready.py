"""The ready scenarios, and how a short form of one is run."""

import os

import bed
from bed import check, same
from short_scenarios import SHORT

FOLDER = os.path.join(bed.SOURCE, "scenarios")


def path_of(name):
    return os.path.join(FOLDER, f"{name}.yaml")


def run_short(name, *words):
    """A run that passes on the memory broker; its result."""
    folder = bed.new_path(name)
    settings = [word for setting in SHORT[name] for word in ["--set", setting]]
    bed.millrace("run", path_of(name), "--target", "memory", *settings, *words, "--quiet", "--out", folder)
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
    return result
