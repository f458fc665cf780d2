"""Where things are, and what a test demands: part of bed.py, which has its names too."""

import os
import re
import time

SOURCE = os.environ.get("MILLRACE_SOURCE") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.environ.get("MILLRACE_BIN") or os.path.join(SOURCE, "build", "bin")
NPM = os.environ.get("MILLRACE_TEST_NPM", "")
MILLRACE = os.path.join(BIN, "millrace")
AGENT = os.path.join(BIN, "millrace-agent")

# Only a failing test waits as long as this.
LONG_S = 60


def sanitized():
    """Whether the programs have a sanitizer in them, whose own memory can't be told from theirs."""
    with open(MILLRACE, "rb") as program:
        return re.search(rb"__[at]san_init", program.read()) is not None


class Skip(Exception):
    """The test can't be made here; its text is the reason."""


def check(condition, text):
    if not condition:
        raise AssertionError(text)


def same(got, wanted, what):
    if got != wanted:
        raise AssertionError(f"{what}: {got!r}, wanted {wanted!r}")


def contains(text, part, what):
    if part not in text:
        raise AssertionError(f"{what} does not contain {part!r}:\n{text}")


def matches(text, pattern, what):
    if not re.search(pattern, text):
        raise AssertionError(f"{what} does not match {pattern!r}:\n{text}")


def truth(what, bound, found):
    """A row of the table that tests/truth makes; after the checks: what is said then holds."""
    print(f"# truth: {what} | {bound} | {found}")


def wait_until(condition, what, timeout_s=LONG_S):
    """Returns what condition() returned when it was true at last. what: words, or who says them in the end."""
    end = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {timeout_s} s in vain: {what() if callable(what) else what}")
        time.sleep(0.05)


def read(*parts):
    with open(os.path.join(*parts), errors="replace") as file:
        return file.read()
