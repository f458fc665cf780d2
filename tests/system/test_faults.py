"""Some cells of tests/system/faults, all of them at most some seconds long: agents and coordinators killed and stopped at each stage
of a run, disks that are full, Ctrl-C, links that are cut, strangers at the port. `tests/system/faults/run --all`: every cell.

The same moments each time, unless MILLRACE_TEST_SEED says others; `tests/system/faults/run --cell NAME --seed N` makes a cell again."""

import concurrent.futures
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "faults"))

# pylint: disable=wrong-import-position
import bed
import bench
import matrix
from bed import test

SEED = int(os.environ.get("MILLRACE_TEST_SEED", "1"))
JOBS = 6  # They wait most of their time.

# By what is looked for: (sentence, fault, stages, how agents joined).
SHORT = [
    ("an agent that is killed while the run closes fails it by name", "kill-agent", ["closing"], ["launched"]),
    ("an agent that is stopped for 4 s at any stage harms nothing", "stop-agent", ["joining", "preparing", "draining", "closing"], ["hosts"]),
    ("a coordinator that is killed is resumed with the hosts that stay", "kill-coordinator", ["joining", "detecting", "preparing", "loading", "draining", "closing"], ["hosts"]),
    ("a coordinator that is stopped for 4 s finds its hosts again", "stop-coordinator", ["joining", "detecting", "preparing", "loading", "draining", "closing"], ["hosts"]),
    ("a link that is cut at any stage is dialled anew, and nothing is lost or counted twice", "cut-control", ["joining", "detecting", "preparing", "draining", "closing"], ["hosts"]),
    ("a link that is down for 5 s at any stage harms nothing", "down-control", ["preparing", "draining", "closing"], ["hosts"]),
    ("a disk that is full at any stage fails the run, and agents go", "disk-full", ["joining", "preparing", "draining", "closing"], ["launched"]),
    ("Ctrl-C at any stage ends the run, and hosts wait for the next one", "interrupt", ["joining", "preparing", "draining", "closing", "reporting"], ["hosts"]),
    ("strangers at the port at any stage harm nothing", "garbage", ["joining", "preparing", "closing"], ["listen", "hosts"]),
]


def chosen(fault, stages, joined):
    return [cell for cell in matrix.cells() if cell.fault == fault and cell.stage in stages and cell.joined in joined and cell.backend == "memory"]


class Work:
    """Cells of all tests side by side, when the first one is asked for; bed.py ends what runs once a test is over."""

    def __init__(self):
        self._pool = concurrent.futures.ThreadPoolExecutor(JOBS)
        self._made = None

    def outcomes(self, cells):
        if self._made is None:
            print(f"# seed {SEED}")
            wanted = [cell for _, *what in SHORT for cell in chosen(*what)]
            self._made = {cell.name: self._pool.submit(bench.make, cell, SEED) for cell in wanted}
            concurrent.futures.wait(self._made.values())
        failed = []
        for cell in cells:
            try:
                self._made[cell.name].result()
            except bed.Skip as reason:
                print(f"# {cell.name}: {reason}")
            except Exception as error:  # pylint: disable=broad-except
                failed.append(f"{cell.name}, seed {SEED}: {error}")
        bed.check(not failed, "\n".join(failed))


WORK = Work()

for _sentence, *_what in SHORT:
    test(_sentence)(lambda what=_what: WORK.outcomes(chosen(*what)))

bed.main()
