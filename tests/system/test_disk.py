"""What a run and its reports say when the disk does not keep what they write: full, or taken away in mid-run."""

import errno
import os
import resource
import shutil

import bed
from bed import check, contains, matches, same, test
from bed_journal import documents
from bed_slow_disk import SlowDisk

bed.counts_only()

SMALL = "{ topics: 1, producers: 1, consumers: 1 }"


def short_run(name, seconds=1, **more):
    """A scenario whose journal is shorter than its page."""
    return bed.scenario(phases=[f"{{ name: one, rate: 100/s, for: {seconds}s }}"], topology=SMALL, name=name, **more)


def limited(size):
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@test("result.json and the summary say the verdict that the exit code says, when the page does not fit")
def reports_agree():
    folder = bed.new_path("run")
    run = bed.millrace("run", short_run("agree"), "--agents", "1", "--out", folder, code=4, before=limited(65536))
    matches(run.out, "NOT RUN|INCOMPLETE", "the terminal")
    result = bed.result_of(folder)
    same((result["verdict"], result["exit_code"]), ("failed", 4), "verdict")
    check("disk_full" in [one["code"] for one in result["reasons"]], f"reasons: {result['reasons']}")
    matches(bed.read(folder, "summary.md"), "NOT RUN|INCOMPLETE", "summary.md")
    check(not os.path.exists(os.path.join(folder, "report.html")), "there is a page")


@test("report exits with 4 where the disk is full, with 2 where there is no run")
def report_on_a_full_disk():
    folder = bed.new_path("run")
    bed.millrace("run", short_run("full"), "--agents", "1", "--out", folder)
    said = bed.millrace("report", folder, code=4, before=limited(20000)).err
    matches(said, r"(?i)file too large|no space", "what it said")
    said = bed.millrace("report", folder, "--format", "csv", code=4, before=limited(300)).err
    contains(said, "report.csv", "what it said")
    bed.millrace("report", bed.new_path("nowhere"), code=2)
    with open("/dev/full", "w", encoding="ascii") as full:
        said = bed.millrace("report", folder, code=4, stdout=full).err
    contains(said, "stdout", "what it said")
    folder = bed.new_path("run")
    missed = bed.scenario(phases=["{ name: steady, rate: 200/s, for: 2s }"], objectives="[e2e.p50 < 1ns]", topology=SMALL, name="missed", selfcheck="warn")
    with open("/dev/full", "w", encoding="ascii") as full:
        said = bed.millrace("run", missed, "--agents", "1", "--out", folder, code=1, stdout=full).err
        contains(said, "stdout", "what it said")
        bed.millrace("report", folder, code=1, stdout=full)  # What was found out stays what it is.


def failing(code, words):
    with SlowDisk(bed.new_path("disk")) as disk:
        folder = os.path.join(disk.folder, "run")
        run = bed.start("run", short_run("failing", 5, repeat="2", selfcheck="warn"), "--agents", "1", "--out", folder)
        run.says(r"(?s)running: memory.*running: memory")
        kinds = lambda: [one["kind"] for one in documents(os.path.join(folder, "run.bson"))]
        bed.wait_until(lambda: "trial_end" in kinds(), "the first trial is in the journal")  # A thread writes it, on its own time.
        disk.fail(code)
        run.ends(4, 20)
        matches(run.out, words, "what it said")
        disk.fail(0)
        contains(bed.millrace("report", folder, code=4).out, f"1 of 2 trials are left; `millrace run --resume {folder}` goes on with the run; give its --hosts or --listen again", "the report")
        bed.audit_holds(bed.result_of(folder))
        bed.millrace("run", "--resume", folder)
        result = bed.result_of(folder)
        bed.audit_holds(result)
        same(bed.total(result["cases"][0], "received"), 1000, "messages of both trials")


@test("a disk that is full, or fails, in mid-run ends the run at once, says so, and leaves a journal that can be read")
def disk_fails():
    failing(errno.ENOSPC, r"run\.bson:\s+No\s+space\s+left")
    failing(errno.EIO, r"run\.bson:\s+Input/output\s+error")


@test("a journal that is deleted in mid-run ends the run at once, and nothing hints at it")
def journal_deleted():
    folder = bed.new_path("run")
    run = bed.start("run", short_run("gone", 60), "--agents", "1", "--out", folder)
    run.says("running: memory")
    os.unlink(os.path.join(folder, "run.bson"))
    run.ends(4)
    matches(run.out, r"journal\s+was\s+deleted\s+or\s+moved\s+away", "what it said")
    result = bed.result_of(folder)
    same(result["verdict"], "failed", "verdict")
    contains(str([one["code"] for one in result["reasons"]]), "journal_gone", "reasons")
    check(result["cases"][0]["phases"][0]["delivery"]["sent"] > 0, "what was measured is not there")


@test("a run whose folder is deleted says that there is nothing to make a report from")
def folder_deleted():
    folder = bed.new_path("run")
    run = bed.start("run", short_run("nothing", 60), "--agents", "1", "--out", folder)
    run.says("running: memory")
    shutil.rmtree(folder)
    run.ends(4)
    contains(run.out, "no report could be written, and there is no journal", "what it said")
    check("millrace report" not in run.out, run.out)


bed.main()
