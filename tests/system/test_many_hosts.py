"""README's walk through many hosts, typed line by line: coordinator, two agents and a broker, each in a host of its own."""

import glob
import os
import re
import subprocess

import bed
from bed import check, same, test, truth

LAB = os.path.join(bed.SOURCE, "deploy", "lab")
WALK = re.compile(r"^## Many hosts\n.*?^```sh\n(.*?)^```\n", re.MULTILINE | re.DOTALL)


def walk():
    """The first block of commands of that section."""
    found = WALK.search(bed.read(bed.SOURCE, "README.md"))
    check(found is not None, "README.md has no section `Many hosts` with commands in it")
    return found.group(1)


def folder_to_type_in():
    """As a clone that was built: the README's paths lead to the programs under test; what is written stays here."""
    folder = bed.new_path("walk")
    os.makedirs(os.path.join(folder, "build"))
    for name in ["deploy", "scenarios"]:
        os.symlink(os.path.join(bed.SOURCE, name), os.path.join(folder, name))
    os.symlink(os.path.dirname(bed.MILLRACE), os.path.join(folder, "build", "bin"))
    return folder


def need_lab():
    up = subprocess.run([LAB, "up", "--hosts", "1"], capture_output=True, text=True, timeout=60, check=False)
    if up.returncode != 0:
        raise bed.Skip(f"a lab can't be made here: {up.stderr.strip()}")
    subprocess.run([LAB, "down"], timeout=60, check=True)


def first_message_s(run):
    """UTC, since 1970: when the first second of load began, by the histogram log."""
    log = bed.read(run, "histograms.hlog")
    began = float(re.search(r"^#\[StartTime: ([0-9.]+) ", log, re.MULTILINE).group(1))
    return began + min(float(line.split(",")[1]) for line in log.splitlines() if line.startswith("Tag="))


@test("the lines of the README bring in two hosts and run a load between them, every message accounted for", needs=["rabbitmq"])
def readme(_):
    need_lab()
    lines = walk()
    folder = folder_to_type_in()
    try:
        typed = bed.Program(["bash", "-eu", "-c", lines], cwd=folder, env={"MILLRACE_HOSTS_DIR": os.path.join(folder, "hosts")})
        typed.ends(0, 200)
    finally:
        subprocess.run([LAB, "down"], capture_output=True, timeout=60, check=False)
    runs = glob.glob(os.path.join(folder, "runs", "*"))
    same(len(runs), 1, f"runs; it said\n{typed.err}\n{typed.out}")
    result = bed.result_of(runs[0])
    bed.audit_holds(result)
    same(sorted(agent["name"] for agent in result["agents"]), ["host2", "host3"], "agents")
    case = result["cases"][0]
    for word in ["lost", "duplicated", "reordered", "corrupted", "unaccounted"]:
        same(bed.total(case, word), 0, word)
    for agent in result["agents"]:
        same((agent["clients"], agent["share"]), (4, 0.5), f"the share of {agent['name']}")
        check(agent["clock"]["bound_ns"] >= 0 and "start_skew_ns" in agent and agent["usable_cpus_milli"] > 0, f"what is told of {agent}")
    added_s = os.stat(os.path.join(folder, "host2.join")).st_mtime
    truth("from `hosts add` to the first message of two hosts, with `doctor` between", "none: told", f"{first_message_s(runs[0]) - added_s:.1f} s")


bed.main()
