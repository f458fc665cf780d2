"""A run on the memory broker, as a newcomer makes it: its files, its figures, its reports, and what goes wrong on disk."""

import csv
import io
import json
import os
import re
import resource
import subprocess
import xml.etree.ElementTree

import bed
from bed import check, contains, matches, same, test

QUICKSTART = os.path.join(bed.SOURCE, "scenarios", "quickstart.yaml")
FILES = ["run.bson", "result.json", "intervals.jsonl", "report.html", "summary.md", "histograms.hlog", "coordinator.log"]
RATES = ["asked_per_s", "sent_per_s", "acked_per_s", "received_per_s", "sent_bytes_per_s", "received_bytes_per_s"]
DELIVERY = [
    "sent", "acked", "refused", "unconfirmed", "expected", "received", "lost", "duplicated", "reordered", "corrupted",
    "expired", "unaccounted", "unexpected", "errors",
]  # fmt: skip
LATENCY = ["samples", "censored", "min", "mean", "p50", "p90", "p95", "p99", "p99_9", "p99_99", "max", "over_range", "below_resolution"]
IMPLIED = ["lost == 0", "corrupted == 0", "attained >= 99%", "refused + unconfirmed + errors <= 0.1%"]

_quickstart = {}


def quickstart():
    """One run of the scenario as it is, for several tests."""
    if not _quickstart:
        folder = bed.new_path("quickstart")
        _quickstart["run"] = bed.millrace("run", QUICKSTART, "--out", folder, "--seed", "7")
        _quickstart["folder"] = folder
    return _quickstart["folder"], _quickstart["run"]


@test("the quickstart scenario passes and leaves every file of a run")
def passes():
    folder, run = quickstart()
    for name in FILES:
        check(os.path.getsize(os.path.join(folder, name)) > 0, f"{name} is empty")
    for name in ["agent-1.log", "agent-2.log"]:
        check(os.path.exists(os.path.join(folder, "agents", name)), f"agents/{name} is missing")
    contains(run.out, "PASS", "the summary")
    contains(run.out, f"report: {folder}/report.html", "the summary")
    contains(run.err, "running: memory", "the progress")


@test("result.json says what scripts rely on, and the audit's sums hold in every phase")
def fields():
    folder, _ = quickstart()
    result = bed.result_of(folder)
    same(result["schema"], "millrace.result/1", "schema")
    same((result["name"], result["verdict"], result["exit_code"], result["reasons"]), ("quickstart", "pass", 0, []), "head")
    same(int(result["seed"]), 7, "seed")
    contains(result["command"], "millrace run", "command")
    same(len(result["scenario_sha256"]), 64, "length of scenario_sha256")
    check(int(result["started_unix_ns"]) < int(result["ended_unix_ns"]), "it ended before it started")
    same(sorted(agent["name"] for agent in result["agents"]), ["agent-1", "agent-2"], "agents")
    for agent in result["agents"]:
        same(agent["lost"], False, "lost")
        same((agent["clock"]["offset_ns"], agent["clock"]["bound_ns"]), (0, 0), "clock of the same host")
    case = bed.case_of(result, "memory")
    same((case["backend"], case["status"], case["variant"]), ("memory", "measured", None), "case")
    same(len(case["trials"]), 1, "trials")
    same([row["name"] for row in bed.rows(case)], ["warm-up", "steady", "drain"], "phases")
    same([row["measured"] for row in bed.rows(case)], [False, True, False], "measured")
    for phase in bed.rows(case):
        same([key for key in DELIVERY if key not in phase["delivery"]], [], f"missing words of {phase['name']}")
        # A drain ends with its last message, which may have come before it; it has rates from a second on.
        has_rates = phase["duration_ns"] >= (1e9 if phase["name"] == "drain" else 1)
        wanted = [key for key in RATES if has_rates and (key != "asked_per_s" or phase["name"] != "drain")]
        same([key for key in wanted if key not in phase["rates"]], [], f"missing rates of {phase['name']}")
    bed.audit_holds(result)
    steady = bed.phase_of(case, "steady")
    same(steady["delivery"]["sent"], 40000, "messages of 5k/s for 8 s")
    same((bed.total(case, "sent"), bed.total(case, "received"), bed.total(case, "lost")), (42000, 42000, 0), "all messages")
    for series in ["publish", "publish_service", "e2e", "e2e_service", "send_lag", "call"]:
        figures = steady["latency_ns"][series]
        same([key for key in LATENCY if key not in figures], [], f"missing figures of {series}")
        if series == "call":  # Messages that are due at one time are one call.
            check(0 < figures["samples"] <= 40000, f"samples of {series}: {figures['samples']}")
        else:
            same(figures["samples"], 40000, f"samples of {series}")
        order = [figures[key] for key in ["min", "p50", "p90", "p95", "p99", "p99_9", "p99_99", "max"]]
        same(order, sorted(order), f"percentiles of {series}")
    same([(one["text"], one["met"]) for one in result["objectives"]], [(text, True) for text in IMPLIED], "objectives")


@test("a run's folder is not used a second time, and the error names it")
def no_second_run():
    folder, _ = quickstart()
    before = {name: os.path.getmtime(os.path.join(folder, name)) for name in os.listdir(folder)}
    run = bed.millrace("run", QUICKSTART, "--out", folder, code=4)
    contains(run.err, folder, "the error")
    contains(run.err, "holds a run already", "the error")
    after = {name: os.path.getmtime(os.path.join(folder, name)) for name in os.listdir(folder)}
    same(after, before, "times of the files")


@test("report makes the same figures again from the journal alone")
def report_again():
    folder, _ = quickstart()
    copy = bed.new_path("again")
    os.mkdir(copy)
    with open(os.path.join(folder, "run.bson"), "rb") as source, open(os.path.join(copy, "run.bson"), "wb") as target:
        target.write(source.read())
    bed.millrace("report", copy)
    same(bed.result_of(copy), bed.result_of(folder), "result.json")
    for name in ["intervals.jsonl", "summary.md", "report.html", "histograms.hlog"]:
        check(bed.read(copy, name) == bed.read(folder, name), f"{name} differs from that of the run")


@test("report writes each format alone, and each can be read")
def formats():
    folder, _ = quickstart()
    files = {"html": "report.html", "md": "summary.md", "json": "result.json", "csv": "report.csv", "junit": "junit.xml", "hlog": "histograms.hlog"}
    for name in files:
        said = bed.millrace("report", folder, "--format", name).out.strip()
        check(os.path.getsize(said) > 0, f"{name}: {said} is empty")
        text = bed.read(said)
        if name == "html":
            contains(text, "<!doctype html>", name)
        elif name == "json":
            same(json.loads(text)["verdict"], "pass", name)
        elif name == "csv":
            lines = list(csv.reader(io.StringIO(text)))
            check(len(lines) > 3 and len({len(line) for line in lines}) == 1, f"the table is not even: {lines[:3]}")
            signals = list(csv.DictReader(io.StringIO(bed.read(folder, "selfcheck.csv"))))
            same([one["check"] for one in signals], [one["check"] for one in bed.result_of(folder)["selfcheck"]], "the table of signals")
            same(bed.read(folder, "searches.csv").count("\n"), 1, "lines of the table of searches")
        elif name == "junit":
            suite = xml.etree.ElementTree.fromstring(text)
            names = [one.get("name") for one in suite.iter("testcase") if one.get("classname") != "self-check"]
            same(names, ["verdict", "measured", *IMPLIED], "test cases")
            signals = [one.get("name") for one in suite.iter("testcase") if one.get("classname") == "self-check"]
            same(sorted(signals), sorted({one["check"] for one in bed.result_of(folder)["selfcheck"]}), "signals")
            check(not suite.findall(".//failure") and not suite.findall(".//error"), text)
        elif name == "hlog":
            matches(text, r"(?m)^Tag=[^,]+,", name)
    error = bed.millrace("report", folder, "--format", "pdf", code=2).err
    contains(error, "pdf", "the error")
    for name in [*files, "intervals"]:
        contains(error, name, "the formats that the error names")
        contains(bed.millrace("report", "--help").out, name, "the formats that the help names")


@test("report of a folder without a run says so")
def no_run():
    empty = bed.new_path("empty")
    os.mkdir(empty)
    contains(bed.millrace("report", empty, code=2).err, "run.bson", "the error")
    contains(bed.millrace("report", bed.new_path("nowhere"), code=2).err, "nowhere", "the error")


@test("without --out the folder is made below runs/ where one stands")
def default_folder():
    where = bed.new_path("cwd")
    os.mkdir(where)
    run = bed.millrace("run", bed.scenario(phases=["{ name: one, rate: 100/s, for: 1s }"], name="short"), "--quiet", "--agents", "1", cwd=where)
    said = re.search(r"report: (runs/\d{8}-\d{6}-[0-9a-f]{4}-short)/report.html", run.out)
    check(said is not None, run.out)
    check(os.path.exists(os.path.join(where, said.group(1), "result.json")), "no result.json there")
    same(run.err, "", "what --quiet says")


BAD = {
    "not YAML": ("targets: [\n", r":\d+:\d+: not YAML"),
    "a duplicate key": ("millrace: 1\nmillrace: 1\n", r":2:\d+: .*millrace"),
    "an unknown key": ("colour: red\n", r"colour"),
    "rate: yes": ("phases: [ { name: a, rate: yes, for: 1s } ]\n", r"yes"),
    "a size below the stamp": ("message: { size: 39 }\n", r"message\.size.*40"),
    "in_flight 0": ("delivery: { in_flight: 0 }\n", r"delivery\.in_flight"),
    "10^12 a second": ("phases: [ { name: a, rate: 1000000000000/s, for: 1s } ]\n", r"rate"),
    "a phase without an end": ("phases: [ { name: a, rate: 1/s } ]\n", r"for"),
    "a wrong type": ("topology: [ 1, 2 ]\n", r"topology"),
    "what is not built yet": ("events: [ { name: kill, at: a+1s, run: ./kill.sh } ]\n", r"events.*not supported yet"),
}


@test("a scenario with errors is refused with exit code 2 before anything is made or sent")
def bad_scenarios():
    for what, (text, pattern) in BAD.items():
        path = bed.write("bad.yaml", text)
        folder = bed.new_path("never")
        run = bed.millrace("run", path, "--out", folder, code=2)
        matches(run.err, pattern, what)
        contains(run.err, path, what)
        same(run.out, "", f"stdout of {what}")
        check(not os.path.exists(folder), f"{what}: a folder was made")
    folder = bed.new_path("never")
    run = bed.millrace("run", QUICKSTART, "--out", folder, "--set", "message.size=3", "--set", "colour=red", code=2)
    contains(run.err, "message.size", "--set")
    contains(run.err, "colour", "--set: the second problem")
    matches(bed.millrace("run", QUICKSTART, "--agents", "0", code=2).err, "--agents", "--agents 0")
    matches(bed.millrace("run", bed.new_path("missing.yaml"), code=2).err, "missing.yaml", "a missing scenario")
    check(not os.path.exists(folder), "--set: a folder was made")


@test("run, doctor and clean refuse to listen beyond this host, as whoever came would get the targets' passwords")
def loopback_only():
    commands = [("run", QUICKSTART, "--out", bed.new_path("never")), ("doctor", QUICKSTART), ("clean", "kafka=127.0.0.1:1")]
    urls = ["tcp://0.0.0.0:7700", "tcp://127.0.0.1.example.org:7700", "tcp://[::]:7700", "tcp://127.0.0.1@10.0.0.1:7700"]
    for command in commands:
        for url in urls:
            told = bed.millrace(*command, "--listen", url, code=2).err
            contains(told, f"{url} would let anyone drive these agents and read the targets' passwords: "
                     'run "millrace hosts add NAME" first, or say --insecure', command[0])
        contains(bed.millrace(*command, "--listen", "here", code=2).err, "here is no address to listen at", command[0])


@test("a folder that can't be written is named in the error")
def unwritable():
    file = bed.write("a-file", "")
    contains(bed.millrace("run", QUICKSTART, "--out", f"{file}/below", code=4).err, f"{file}/below", "below a file")
    contains(bed.millrace("run", QUICKSTART, "--out", "/proc/nowhere", code=4).err, "/proc/nowhere", "in /proc")


def is_disk_full(run):
    matches(run.err + run.out, r"(?i)no space left|file too large|disk full", "what it said")


@test("a disk that fills up in mid-run ends it with exit code 4 and says so")
def disk_full():
    where = bed.new_path("tmpfs")
    os.mkdir(where)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48k", "none", where], capture_output=True, text=True, check=False)
    if mounted.returncode != 0:
        raise bed.Skip(f"no tmpfs can be mounted: {mounted.stderr.strip()}")
    try:
        path = bed.scenario(phases=["{ name: steady, rate: 2k/s, for: 30s }"])
        run = bed.millrace("run", path, "--out", os.path.join(where, "run"), code=4, timeout_s=25)
        is_disk_full(run)
        contains(run.out, "no report could be written", "the summary")
        check("left behind" not in run.err, f"topics were not removed:\n{run.err}")
    finally:
        subprocess.run(["umount", "-l", where], check=False)


@test("a disk that takes nothing at all leaves an empty journal, and report says so")
def disk_full_from_the_beginning():
    folder = bed.new_path("nothing")
    os.mkdir(folder)
    with open(os.path.join(folder, "run.bson"), "wb"):
        pass
    contains(bed.millrace("report", folder, code=2).err, "run.bson: is empty", "what it said")


def documents(path):
    """Lengths of the journal's documents."""
    with open(path, "rb") as file:
        data = file.read()
    found, at = [], 0
    while at < len(data):
        found.append(int.from_bytes(data[at : at + 4], "little"))
        at += found[-1]
    return found


@test("a disk without room for the end of the journal: the reports are written and say so")
def disk_full_at_the_closing_entry():
    phases = ["{ name: steady, rate: 500/s, for: 4s }"]
    # Many lines of judgement make a long closing entry, many clients a journal that is longer than any report.
    objectives = [f"errors <= {i}" for i in range(60)]
    topology = "{ topics: 1, producers: 500, consumers: 1 }"
    path = bed.scenario(phases=phases, objectives=str(objectives), topology=topology)
    folder = bed.new_path("run")
    bed.millrace("run", path, "--out", folder, "--agents", "1", code=0)
    lengths = documents(os.path.join(folder, "run.bson"))
    check(lengths[-1] > 10000, f"the closing entry has {lengths[-1]} bytes")
    size = sum(lengths) - lengths[-1] // 2
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    folder = bed.new_path("run")
    run = bed.start("run", path, "--out", folder, "--agents", "1", before=limit).ends(4)
    matches(run.err, "the journal could not be closed: .*run.bson", "what it said")
    result = bed.result_of(folder)
    same((result["verdict"], result["exit_code"]), ("failed", 4), "verdict")
    check("disk_full" in [one["code"] for one in result["reasons"]], f"reasons: {result['reasons']}")
    contains(bed.read(folder, "summary.md"), "the journal could not be closed", "the summary")
    contains(bed.millrace("report", folder, "--format", "md", code=4).out, "summary.md", "the report made again")


@test("a disk without room for the reports only is told, and the journal has the run")
def disk_full_at_the_end():
    folder = bed.new_path("limited")
    # The journal of this run needs less, the page more.
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))
    path = bed.scenario(phases=["{ name: one, rate: 100/s, for: 1s }"], topology="{ topics: 1, producers: 1, consumers: 1 }")
    run = bed.millrace("run", path, "--agents", "1", "--out", folder, code=4, before=limit)
    is_disk_full(run)
    contains(run.out, "INCOMPLETE - ", "the summary")
    matches(run.out, r"report.html: can't be\s+written", "why, in the summary")
    bed.millrace("report", folder)
    same(bed.result_of(folder)["verdict"], "pass", "verdict of the report that was made with room")


@test("help, version and usage errors of both programs")
def usage():
    for command in ["run", "check", "explain", "doctor", "backends", "report", "clean", "hosts"]:
        said = bed.millrace(command, "--help").out
        contains(said, f"usage: millrace {command}", command)
        contains(said, "examples:", command)
    contains(bed.millrace("--version").out, "rabbitmq" if bed.built("rabbitmq") else "memory", "--version")
    contains(bed.millrace("rum", code=2).err, "did you mean run", "rum")
    contains(bed.millrace("run", code=2).err, "SCENARIO", "run without one")
    contains(bed.millrace("run", QUICKSTART, "--agent", "3", code=2).err, "--agents", "--agent")
    contains(bed.Program([bed.AGENT]).ends(2).err, "--join", "an agent without --join")
    contains(bed.Program([bed.AGENT, "--join", "nonsense://x"]).ends(2).err, "nonsense://x", "an agent with a wrong url")


bed.main()
