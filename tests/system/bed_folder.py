"""The folder of a test file, locked while its process lives: part of bed.py. What killed ones left is taken away here."""

import fcntl
import glob
import os
import shutil
import tempfile

# Paths are short: they stand in lines whose width is tested. tests/run has a TMPDIR of its own, which is longer.
PARENT = os.environ.get("MILLRACE_TEST_PARENT") or tempfile.gettempdir()
PREFIX = "millrace-bed-"


def _lock(folder):
    """The descriptor that holds it, or None: somebody else does, or it is gone."""
    try:
        held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(held).st_uid == os.geteuid() and os.path.samestat(os.fstat(held), os.stat(folder)):
            return held
    except OSError:
        pass
    os.close(held)
    return None


def own_folder():
    """A new one, and the descriptor that holds it; children do not inherit that."""
    for left in glob.glob(os.path.join(PARENT, PREFIX + "????????")):
        held = _lock(left)
        if held is not None:
            shutil.rmtree(left, ignore_errors=True)
            os.close(held)
    while True:
        folder = tempfile.mkdtemp(prefix=PREFIX, dir=PARENT)
        held = _lock(folder)
        if held is not None:
            return folder, held
