"""Cells that are made at every change: a quarter of all, short ones, by what is looked for. The same moments each time, unless
MILLRACE_TEST_SEED says others; `tests/system/faults/run --cell NAME --seed N` makes a cell again."""

import concurrent.futures
import os

import bed
import bench
import matrix
from course import STAGES

SEED = int(os.environ.get("MILLRACE_TEST_SEED", "1"))
JOBS = 8  # They wait most of their time.


def _but(*stages):
    return [stage for stage in STAGES if stage not in stages]


# By what is looked for: (sentence, fault, {how agents joined: stages}).
OF_MEMORY = [
    ("an agent that is killed at any stage fails the run by name", "kill-agent", {"launched": STAGES, "hosts": ["joining", "reporting"]}),
    ("an agent that is stopped for 4 s at any stage harms nothing", "stop-agent", {"launched": STAGES, "listen": _but("joining"), "hosts": STAGES}),
    ("a coordinator that is killed is resumed with the hosts that stay", "kill-coordinator", {"hosts": _but("reporting")}),
    ("a coordinator that is stopped for 4 s finds its agents again", "stop-coordinator", {"listen": _but("joining"), "hosts": STAGES}),
    ("Ctrl-C at any stage ends the run, and hosts wait for the next one", "interrupt", {"launched": STAGES, "listen": STAGES, "hosts": STAGES}),
    ("Ctrl-C twice ends it at once, and agents go", "interrupt-twice", {"launched": STAGES}),
    ("a disk that is full at any stage fails the run, and agents go", "disk-full", {"launched": STAGES}),
    ("a link that is cut at any stage is dialled anew, and nothing is lost or counted twice", "cut-control", {"listen": _but("joining"), "hosts": STAGES}),
    ("a link that is down for 5 s at any stage harms nothing", "down-control", {"hosts": STAGES}),
    ("a link that is slow for 4 s harms nothing", "slow-control", {"hosts": ["preparing", "loading", "draining", "closing"]}),
    ("strangers at the port at any stage harm nothing", "garbage", {"listen": STAGES, "hosts": STAGES}),
    ("a clock that steps is noticed, and nothing is lost or counted twice", "clock-step", {"listen": matrix.STEPPING, "hosts": matrix.STEPPING}),
]
# Of each backend with a broker.
OF_BROKERS = [
    ("an agent that is killed fails the run by name, and others remove its topics", "kill-agent", {"launched": _but("reporting")}),
    ("Ctrl-C at any stage ends the run, and no topic is left", "interrupt", {"launched": STAGES, "hosts": _but("closing", "reporting")}),
    ("a link that is cut at any stage is dialled anew, and nothing is lost", "cut-control", {"hosts": ["preparing", "loading", "draining", "closing"]}),
    ("connections to the broker that break are errors, and all that is missing is told", "cut-broker", {"launched": ["loading", "draining", "closing", "reporting"]}),
    ("a broker that is out of reach for 5 s is blamed for what is missing, and for nothing else", "down-broker", {"launched": ["loading", "draining"]}),
]


def chosen(backend):
    """Sentence and cells; of programs with a sanitizer, which are several times as heavy, a third of them."""
    step = 3 if bed.sanitized() else 1
    cells = {cell.name: cell for cell in matrix.cells()}
    for sentence, fault, joins in OF_MEMORY if backend == "memory" else OF_BROKERS:
        names = [f"{fault}@{stage}/{backend}/{joined}" for joined, stages in joins.items() for stage in stages]
        yield f"{backend}: {sentence}", [cells[name] for name in names[::step]]


class Work:
    """Cells of all tests of a file side by side, when the first one is asked for."""

    def __init__(self, *backends):
        self._backends = backends
        self._made = None

    def _brokers(self):
        at = {}
        for backend in self._backends:
            try:
                at.update({} if backend == "memory" else {backend: bed.broker(backend).address})
            except bed.Skip as reason:
                at[backend] = None
                print(f"# {backend}: {reason}")
        return at

    def _make_all(self):
        print(f"# seed {SEED}")
        at = self._brokers()
        apart = bench.Apart(at)
        cells = [cell for backend in self._backends if at.get(backend, "") is not None for _, cells in chosen(backend) for cell in cells]
        cells.sort(key=lambda cell: -matrix.HELD_S.get(cell.fault, 0))  # Whoever waits longest begins.
        pool = concurrent.futures.ThreadPoolExecutor(JOBS)
        try:
            self._made = {made.name: made for made in pool.map(lambda cell: apart.make(cell, SEED), cells)}
        finally:  # Told to end, it does not wait for those that have not begun.
            pool.shutdown(wait=False, cancel_futures=True)
            apart.end()

    def outcomes(self, cells):
        if self._made is None:
            self._make_all()
        made = [self._made[cell.name] for cell in cells if cell.name in self._made]
        failed = [f"{one.name}, seed {SEED}: {one.said}" for one in made if one.word == "FAILED"]
        bed.check(not failed, "\n".join(failed))
        left_out = [f"{one.name}: {one.said}" for one in made if one.word == "skipped"]
        for text in left_out:
            print(f"# {text}")
        if len(left_out) == len(made):
            raise bed.Skip("none of these cells could be made here")


def define(*backends):
    """A test for each sentence."""
    work = Work(*backends)
    for backend in backends:
        for sentence, cells in chosen(backend):
            bed.test(sentence)(lambda cells=cells: work.outcomes(cells))
