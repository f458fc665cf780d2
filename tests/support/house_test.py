"""Each rule of tests/house and of deploy/modules.cmake, on little trees that break it and on one that does not.

    house_test.py TREE    prints TAP
"""
import os
import shutil
import subprocess
import sys
import tempfile

TREE = os.path.abspath(sys.argv[1])
TIDY = "CheckOptions:\n  - key: x\n    value: '-*,errno.h,std*.h,sys/*'\n"
GOOD = {
    ".clang-tidy": TIDY,
    "common/base/CMakeLists.txt": "add_module(NAME base SOURCES base.c)\n",
    "common/base/base.h": "#include <stdint.h>\nint base(void);\n",
    "common/base/base_inner.h": "#include <stdlib.h>\nint base_part(void);\n",
    "common/base/base.c": '#include "base.h"\n#include "base_inner.h"\nint base(void)\n{\n    return base_part();\n}\n',
    "common/base/part.c": '#include "base_inner.h"\nint base_part(void)\n{\n    return 1;\n}\n',
    "common/wire/CMakeLists.txt": "add_module(NAME wire SOURCES wire.c USES base LIBS packer)\n",
    "common/wire/wire.h": "int wire(int one, int (*two)(int, int));\n",
    "common/wire/wire.c": '#include "wire.h"\n#include "base.h"\n#include <packer.h>\nint wire(int one, int (*two)(int, int))\n{\n'
                          "    return base() + two(one, 1);\n}\n",
    "agent/duty/CMakeLists.txt": "add_module(NAME duty SOURCES duty.c USES base wire)\n",
    "agent/duty/duty.h": "int duty(void);\n",
    "agent/duty/duty.c": '#include "duty.h"\n#include "wire.h"\nint duty(void)\n{\n    return wire(1, 0);\n}\n',
    "agent/main.c": '#include "duty.h"\nint main(void)\n{\n    return duty();\n}\n',
    "coordinator/run/CMakeLists.txt": "add_module(NAME run SOURCES run.c USES base)\n",
    "coordinator/run/run.h": "int run(void);\n",
    "coordinator/run/run.c": '#include "run.h"\nint run(void)\n{\n    return 0;\n}\n',
    "coordinator/main.c": '#include "run.h"\nint main(void)\n{\n    return run();\n}\n',
    "tests/test_base.c": '#include "base_inner.h"\n#include <cmocka.h>\n',
}
MODULES = {
    "CMakeLists.txt": "cmake_minimum_required(VERSION 3.25)\nset(CMAKE_C_COMPILER_WORKS 1)\nproject(little LANGUAGES C)\n"
                      "find_package(Threads)\nadd_library(millrace_flags INTERFACE)\n"
                      f"include({TREE}/deploy/modules.cmake)\n",
    "common/base/CMakeLists.txt": "add_module(NAME base SOURCES base.c)\n",
    "agent/duty/CMakeLists.txt": "add_module(NAME duty SOURCES duty.c USES base)\n",
    "coordinator/run/CMakeLists.txt": "add_module(NAME run SOURCES run.c USES base)\n",
}
count = bad = 0


def write(folder, files):
    for path, text in files.items():
        if text is not None:
            os.makedirs(os.path.dirname(os.path.join(folder, path)), exist_ok=True)
            with open(os.path.join(folder, path), "w", encoding="utf-8") as file:
                file.write(text)


def result(name, passed, said):
    global count, bad
    count += 1
    bad += not passed
    for line in [] if passed else said.rstrip("\n").split("\n"):
        print(f"# {line}")
    print(f"{'ok' if passed else 'not ok'} {count} - {name}")


def house(name, wanted, changes, builds=False):
    """wanted: what the finding has, and the rule; None: nothing is found."""
    with tempfile.TemporaryDirectory(prefix="millrace-house-") as folder:
        files = {**GOOD, **changes}
        write(folder, files)
        if builds:
            includes = [f"-I{folder}/{path}" for path in ("common/base", "common/wire", "agent/duty", "coordinator/run", "include")]
            write(folder, {"include/packer.h": ""})
            for path in [one for one in files if one.endswith(".c") and not one.startswith("tests/")]:
                where = os.path.join(folder, "build", os.path.dirname(path), "CMakeFiles", "mod_x.dir")
                os.makedirs(where, exist_ok=True)
                subprocess.run(["cc", "-c", *includes, "-o", os.path.join(where, os.path.basename(path) + ".o"), os.path.join(folder, path)],
                               check=True)
            shutil.rmtree(os.path.join(folder, "include"))
        done = subprocess.run([sys.executable, "-B", os.path.join(TREE, "tests", "house"), "--tree", folder], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
    findings = [line for line in done.stdout.split("\n") if line.endswith(")")]
    if wanted is None:
        result(name, done.returncode == 0 and "nothing found" in done.stdout, done.stdout)
    else:
        result(name, done.returncode == 1 and findings != [] and all(wanted[1] in line for line in findings) and wanted[0] in findings[0],
               done.stdout)


def modules(name, wanted, order, changes):
    """wanted: what CMake says when it refuses; None: it does not."""
    with tempfile.TemporaryDirectory(prefix="millrace-house-") as folder:
        files = {**MODULES, **changes}
        files["CMakeLists.txt"] += "".join(f"add_subdirectory({one})\n" for one in order)
        write(folder, {**files, **{f"{one}/{one.split('/')[-1]}.c": "" for one in order}})
        done = subprocess.run(["cmake", "-S", folder, "-B", os.path.join(folder, "build")], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
    said = " ".join(done.stdout.split())
    result(name, done.returncode == 0 if wanted is None else done.returncode != 0 and wanted in said, done.stdout)


def long_function(lines):
    return GOOD["coordinator/run/run.c"].replace("    return 0;\n", "    ;\n" * (lines - 4) + "    return 0;\n")


house("a tree that keeps the rules has no finding", None, {}, builds=True)
house("a tree that nobody has built is checked but for its circles", None, {})
house("the agent may not include a header of the coordinator", ("agent/duty/duty.c:1: agent/ includes coordinator/run/run.h", "(sides)"),
      {"agent/duty/duty.c": '#include "run.h"\n#include "wire.h"\n', "coordinator/main.c": '#include "run.h"\n'})
house("the coordinator may not include a header of the agent", ("coordinator/run/run.c:2: coordinator/ includes agent/duty/duty.h", "(sides)"),
      {"coordinator/run/run.c": '#include "run.h"\n#include "duty.h"\n'})
house("what is common may not include a header of one side", ("common/base/base.c:3: common/ includes agent/duty/duty.h", "(sides)"),
      {"common/base/base.c": '#include "base.h"\n#include "base_inner.h"\n#include "duty.h"\n'})
house("a library has one door", ("has 2 doors, agent/duty and common/wire", "(doors)"),
      {"agent/duty/duty.c": '#include "duty.h"\n#include "wire.h"\n#include <packer/more.h>\n'})
house("a door does not show its library to others", ("common/wire/wire.h:1: whoever includes this header gets <packer.h>", "(doors)"),
      {"common/wire/wire.h": "#include <packer.h>\n"})
house("an inner header is included by its own module only", ("agent/duty/duty.c:2: common/base/base_inner.h is of common/base alone", "(inner)"),
      {"agent/duty/duty.c": '#include "duty.h"\n#include "base_inner.h"\n#include "wire.h"\n'})
house("a header that others include shows no inner one", ("common/base/base.h:1: common/base/base_inner.h is of common/base alone", "(inner)"),
      {"common/base/base.h": '#include "base_inner.h"\n'})
house("a header of one module alone is named an inner one", ("common/base/more.h:1: no module but common/base includes it", "(inner)"),
      {"common/base/more.h": "int more(void);\n"})
RING = {"common/base/part.c": '#include "base.h"\n#include "base_inner.h"\nint base_part(void)\n{\n    return base();\n}\n'}
house("two files that call each other are a circle",
      ("common/base/base.c:1: a circle of 2 files (common/base/base.c needs base_part of part.c; common/base/part.c needs base of base.c)",
       "(circles)"), RING, builds=True)
house("so are two files of which one has a table that the other reads", ("a circle of 2 files", "(circles)"),
      {"common/base/base.h": "int base(void);\nextern int (*const base_table[1])(void);\n",
       "common/base/base.c": '#include "base.h"\n#include "base_inner.h"\nint (*const base_table[1])(void) = {base_part};\n'
                             "int base(void)\n{\n    return 1;\n}\n",
       "common/base/part.c": '#include "base.h"\n#include "base_inner.h"\nint base_part(void)\n{\n    return base_table[0] == 0;\n}\n'},
      builds=True)
house("a file of 501 lines is too long", ("common/base/part.c:501: 501 lines, more than 500", "(sizes)"),
      {"common/base/part.c": '#include "base_inner.h"\n' + "\n" * 500})
house("a header of 151 lines of code is too long", ("common/base/base.h:1: 151 lines of code", "(sizes)"),
      {"common/base/base.h": "int base(void);\n" * 151})
house("a header's comments are not counted", None, {"common/base/base.h": "/*\n" + " *\n" * 300 + " */\nint base(void);\n"})
house("a function of 70 lines is not too long", None, {"coordinator/run/run.c": long_function(70)})
house("a function of 71 lines is too long", ("coordinator/run/run.c:2: a function of 71 lines", "(sizes)"),
      {"coordinator/run/run.c": long_function(71)})
house("seven parameters are too many", ("coordinator/run/run.c:2: 7 parameters", "(sizes)"),
      {"coordinator/run/run.c": '#include "run.h"\nint run(int a, int b, int c, int d, int e,\n        int (*f)(int, int), int g)\n{\n}\n'})
house("nothing new stands at the top", ("notes.txt:1: is new at the top of the tree", "(places)"), {"notes.txt": "x\n"})
house("a source file is in a module", ("common/more/more.c:1: is in no module", "(places)"), {"common/more/more.c": "int x;\n"})

ORDER = ["common/base", "agent/duty", "coordinator/run"]
OTHER_SIDE = "coordinator and agent share common/ only"
modules("modules that use what is common are taken", None, ORDER, {})
modules("a module of the coordinator may not use one of the agent", OTHER_SIDE, ORDER,
        {"coordinator/run/CMakeLists.txt": "add_module(NAME run SOURCES run.c USES base duty)\n"})
modules("nor one of the agent one of the coordinator, whichever comes first", OTHER_SIDE, ["common/base", "coordinator/run", "agent/duty"],
        {"agent/duty/CMakeLists.txt": "add_module(NAME duty SOURCES duty.c USES run)\n"})
modules("nor one of common/ either", OTHER_SIDE, ["agent/duty", "common/base"],
        {"agent/duty/CMakeLists.txt": "add_module(NAME duty SOURCES duty.c)\n",
         "common/base/CMakeLists.txt": "add_module(NAME base SOURCES base.c USES duty)\n"})
modules("nor may a program of the coordinator", OTHER_SIDE, ORDER,
        {"coordinator/run/CMakeLists.txt": "add_program(NAME millrace SOURCES run.c USES duty)\n"})
modules("a module can't get at another one as a library", "which are libraries of others: name it in USES", ORDER,
        {"coordinator/run/CMakeLists.txt": "add_module(NAME run SOURCES run.c LIBS mod_duty)\n"})
modules("an arrow that points upwards is refused", "which is not defined yet", ORDER,
        {"common/base/CMakeLists.txt": "add_module(NAME base SOURCES base.c USES run)\n"})
print(f"1..{count}")
sys.exit(1 if bad else 0)
