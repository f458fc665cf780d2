"""run --trace: a record of each message, from which other code makes the counts and percentiles of result.json anew."""

import os
import resource
import subprocess
import sys

import bed
from bed import check, contains, same, test, truth

RECOMPUTE = os.path.join(bed.SOURCE, "tests", "accuracy", "recompute.py")
PHASES = [
    "{ name: warm-up, rate: 500/s, for: 500ms, measure: false }",
    "{ name: steady, rate: 1k/s, for: 2s, arrivals: poisson }",
    "{ name: drain, rate: none, until: drained, for: 20s }",
]
TOPOLOGY = "{ topics: 2, partitions: 2, producers: 3, subscriptions: 2, consumers: 2 }"


def recomputed(targets, phases=PHASES, topology=TOPOLOGY, **blocks):
    """Runs with a trace; what recompute.py says of both, and the result."""
    folder, trace = bed.new_path("run"), bed.new_path("trace")
    path = bed.scenario(targets, phases, topology=topology, **blocks)
    program = bed.start("run", path, "--out", folder, "--trace", trace)
    program.wait(120)  # What the run is found to be is another matter.
    result = bed.result_of(folder)
    bed.audit_holds(result)
    same(result["trace"]["dropped"], 0, "dropped")
    contains(program.out, f"trace: {trace} ({result['trace']['records']} records, 0 dropped)", "the summary")
    # Each message once when it is settled, and for each subscription when it comes.
    words = ["sent", "received", "duplicated"]
    same(result["trace"]["records"], sum(bed.total(case, word) for case in result["cases"] for word in words), "records")
    done = subprocess.run([sys.executable, "-B", RECOMPUTE, trace, folder], capture_output=True, text=True, check=False)
    check(done.returncode == 0, f"recompute.py:\n{done.stdout}{done.stderr}")
    said = done.stdout.strip()
    names = ", ".join(case["name"] for case in result["cases"])
    truth(f"counts and percentiles made anew from a trace ({names})", "equal; within 0.1 %", said)
    return result, trace


@test("counts and percentiles made anew from the trace are those of the result, on the memory broker with all its faults")
def faults():
    options = "lose_every: 97, duplicate_every: 71, reorder_every: 53, refuse_every: 41"
    # What is lost would keep the drain waiting for all of its time.
    result, _ = recomputed(f"  - backend: memory\n    options: {{ {options} }}\n", PHASES[:2] + [PHASES[2].replace("20s", "2s")])
    for word in ["lost", "duplicated", "refused"]:
        check(bed.total(result["cases"][0], word) > 0, f"nothing was {word}")


@test("counts and percentiles made anew are those of the result, for several flows, trials, and as fast as possible")
def flows():
    recomputed(
        "memory",
        ["{ name: steady, load: 100%, for: 1s }", "{ name: drain, rate: none, until: drained, for: 20s }"],
        flows="  one: { rate: 300/s, delivery: { publish_ack: none } }\n  two: { rate: 500/s, topology: { subscriptions: 1 } }\n",
        repeat="2",
    )
    recomputed("memory", ["{ name: count, rate: max, messages: 3000 }", "{ name: drain, rate: none, until: drained, for: 20s }"])


for kind in ["rabbitmq", "kafka", "mosquitto"]:

    @test(f"counts and percentiles made anew from the trace are those of the result, on {kind}", needs=[kind])
    def real(broker):
        recomputed(f'  - {{ backend: {bed.backend_of(broker.kind)}, address: "{broker.address}" }}\n')


@test("a trace that is there is left alone, and so is the run's folder")
def there():
    folder, trace = bed.new_path("run"), bed.write("trace", "mine")
    run = bed.millrace("run", bed.scenario(), "--out", folder, "--trace", trace, code=4)
    contains(run.err, f"the trace can't be written: {trace}: File exists", "stderr")
    same((bed.read(trace), os.path.exists(folder)), ("mine", False), "what is left")


@test("a folder that holds a run already leaves no trace behind")
def folder_taken():
    folder, trace = bed.new_path("run"), bed.new_path("trace")
    os.mkdir(folder)
    bed.write("x", "")
    with open(os.path.join(folder, "run.bson"), "w"):
        pass
    bed.millrace("run", bed.scenario(), "--out", folder, "--trace", trace, code=4)
    check(not os.path.exists(trace), "the trace is there")


@test("--trace with --listen says that it is not supported yet")
def joined():
    run = bed.millrace("run", bed.scenario(), "--listen", bed.free_url(), "--trace", bed.new_path("trace"), code=2)
    contains(run.err, "--trace with --listen or --hosts is not supported yet", "stderr")


@test("a trace on a disk that is full costs records, which are counted, and not the run")
def full():
    folder, trace = bed.new_path("run"), bed.new_path("trace")
    limit = 1 << 20  # The journal of two seconds needs less, the trace of 4000 messages a second more.
    run = bed.start(
        "run", bed.scenario(phases=["{ name: steady, rate: 10k/s, for: 2s }"]), "--out", folder, "--trace", trace,
        before=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )  # fmt: skip
    check(run.wait() in (0, 3), f"exit code: {run.err}")
    result = bed.result_of(folder)
    case = result["cases"][0]
    check(result["trace"]["dropped"] > 0, f"nothing was dropped: {result['trace']}")
    same(sum(result["trace"].values()), bed.total(case, "sent") + bed.total(case, "received"), "records and dropped")
    same(os.path.getsize(trace) % 40, 0, "bytes beyond whole records")


bed.main()
