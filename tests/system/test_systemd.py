"""The unit of a standing agent: systemd takes every line of it, and what it may do of its host is little."""

import os
import re
import shutil
import subprocess

import bed
from bed import check, read, same, test

UNIT = os.path.join(bed.SOURCE, "deploy", "systemd", "millrace-agent.service")
INSTALLED = "/usr/local/bin/millrace-agent"
EXPOSURE_MAX = 2.0


def analyze(*arguments):
    if shutil.which("systemd-analyze") is None:
        raise bed.Skip("systemd-analyze is not installed")
    return subprocess.run(["systemd-analyze", "--no-pager", *arguments], capture_output=True, text=True, timeout=60, check=False)


def unit_of_this_build():
    """Likewise, with the program where it was built: systemd looks whether it is there."""
    text = read(UNIT)
    check(INSTALLED in text, f"the unit does not name {INSTALLED}")
    folder = bed.new_path("units")
    os.mkdir(folder)
    path = os.path.join(folder, os.path.basename(UNIT))
    with open(path, "w") as file:
        file.write(text.replace(INSTALLED, bed.AGENT))
    return path


@test("systemd finds nothing wrong with the unit")
def verified():
    said = analyze("verify", unit_of_this_build())
    same((said.returncode, said.stdout + said.stderr), (0, ""), "systemd-analyze verify")


@test("the service is exposed to at most 2.0 of 10")
def hardened():
    said = analyze("security", "--offline=true", UNIT)
    if "Unknown" in said.stderr or "unrecognized" in said.stderr:
        raise bed.Skip(f"this systemd-analyze can't look at a file: {said.stderr.strip()}")
    found = re.search(r"Overall exposure level for millrace-agent.service: ([0-9.]+)", said.stdout)
    check(found is not None, f"it told no level: {said.stdout}{said.stderr}")
    bed.truth("exposure of the agent's service", f"<= {EXPOSURE_MAX}", found.group(1))
    check(float(found.group(1)) <= EXPOSURE_MAX, said.stdout)


if __name__ == "__main__":
    bed.main()
