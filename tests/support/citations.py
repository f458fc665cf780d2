"""Refuses citations of what a clone does not have: a reader could not look them up.

    citations.py TREE

A page (NAME.md) has to be in the tree, as has a source file that a comment of one names. Pages that only whoever wrote
the code had were cited by their bare names, too: such words are refused wherever they stand as a name.
"""
import os
import re
import sys

WRITTEN_BY_RUNS = {"summary.md"}
SOURCES = (".c", ".h", ".js", ".py", ".cmake", ".sh")
TEXTS = SOURCES + (".md", ".yaml", ".yml", ".txt", ".css")
LEFT_OUT = {".git", "node_modules", "__pycache__", "corpus", "runs"}
PAGE = re.compile(r"(?<![\w./-])([\w./-]*\w\.md)\b")
FILE = re.compile(r"(?<![\w./<-])([\w/-]+\.[ch])\b")
# In capitals and as a name: "see NAME", "NAME 3", "NAME's". In other words and in constants they are free.
BARE = re.compile(r"(?<![\w-])(MEASUREMENT|CONTRACT|DESIGN|HOUSE|STYLE|SPEED|BROKERS)(?![\w-])")


def files_of(tree):
    for where, folders, names in os.walk(tree):
        folders[:] = [one for one in folders if one not in LEFT_OUT and not one.startswith("build")]
        yield from (os.path.relpath(os.path.join(where, name), tree) for name in names)


def comments(text):
    """C code with all but its comments blank; lines stay where they are."""
    kept = re.compile(r'"(?:\\.|[^"\\\n])*"|(/\*.*?\*/|//[^\n]*)|[^\n]', re.S)
    return kept.sub(lambda found: found.group(1) or "", text)


def unknown(name, text, known):
    """(line, what) of each citation in a text that leads nowhere."""
    def lines(pattern, of):
        for number, line in enumerate(of.split("\n"), 1):
            for found in pattern.finditer(line):
                yield number, found.group(1)

    here = os.path.dirname(name)
    for number, page in lines(PAGE, re.sub(r"\$\{\w+\}/", "", text)):
        if os.path.normpath(os.path.join(here, page)) not in known and page not in known and page not in WRITTEN_BY_RUNS:
            yield number, page
    if name.endswith((".c", ".h")):
        names = {os.path.basename(one) for one in known}
        for number, file in lines(FILE, comments(text)):
            if os.path.basename(file) not in names:
                yield number, file
    for number, word in lines(BARE, text):
        yield number, word


def self_test():
    known = {"README.md", "a/b.c", "a/README.md"}
    for text, wanted in [
        ("/* As GONE.md has it. */", ["GONE.md"]),
        ("/* README.md, a/README.md, b.c */ int c; /* other.h */", ["other.h"]),
        ('f("other.h"); // b.c', []),
        ("\n/* By MEASUREMENT" + " 3. */", ["MEASUREMENT"]),
        ("enum { BROKERS_MAX }; /* A DESIGN" + "ED thing. */", []),
    ]:
        got = [what for _, what in unknown("a/x.c", text, known)]
        assert got == wanted, (text, got, wanted)
    assert list(unknown("a/x.c", "\n\n/* one\n * GONE.h */", known)) == [(4, "GONE.h")]


def main():
    self_test()
    tree = sys.argv[1]
    known = set(files_of(tree))
    bad = 0
    for name in sorted(known):
        if not name.endswith(TEXTS) or name == "tests/support/citations.py":
            continue
        with open(os.path.join(tree, name), encoding="utf-8", errors="replace") as file:
            for number, what in unknown(name, file.read(), known):
                print(f"# {name}:{number}: {what} is not in the tree: say the reason itself, or cite a page that is")
                bad += 1
    print(f"{'not ok' if bad else 'ok'} 1 - nothing is cited that a clone does not have")
    print("1..1")
    sys.exit(1 if bad else 0)


main()
