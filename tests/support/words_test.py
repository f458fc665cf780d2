#!/usr/bin/env python3
"""tests/words finds each kind of wrong words, where it is made wrong, and nothing in what is right."""
import os
import subprocess
import sys
import tempfile

RIGHT = 'const char *text = "Load threads waited for a CPU in %u of %u seconds. "\n                   "To fix it: Use a host with free CPU cores.";\n'
LONG = " ".join(["word"] * 16)
CASES = {
    "a right message": (RIGHT, ""),
    "a replaced phrase": ('f("judged in spite of it");\n', "in spite of"),
    "a replaced phrase that a line's end breaks": ('f("judged in spite "\n  "of it");\n', "in spite of"),
    "in a comment nobody reads it": ("/* in spite of it */\n", ""),
    "a long sentence": (f'f("{LONG} "\n  "{LONG}.");\n', "32 words"),
    "two sentences of half its length": (f'f("{LONG}. W{LONG}.");\n', ""),
    "us": ('f("%.0f us", x);\n', "µs is meant"),
}


def words(tool, source):
    with tempfile.TemporaryDirectory() as tree:
        for folder in ("agent", "coordinator/verdict", "common", "scenarios", "deploy", "coordinator/page/assets", "tests/regress/kept/expected"):
            os.makedirs(os.path.join(tree, folder))
        for path, text in (("coordinator/verdict/a.c", source), ("README.md", "")):
            with open(os.path.join(tree, path), "w", encoding="utf-8") as file:
                file.write(text)
        done = subprocess.run([sys.executable, "-B", tool, "--tree", tree], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout


def main():
    tool = os.path.join(sys.argv[1], "tests", "words")
    wrong = 0
    for what, (source, wanted) in CASES.items():
        code, said = words(tool, source)
        if code != (1 if wanted else 0) or wanted not in said:
            print(f"{what}: exit code {code}, said: {said}")
            wrong += 1
    return 1 if wrong else 0


sys.exit(main())
