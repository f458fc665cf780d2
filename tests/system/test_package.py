"""The archive that deploy/package makes: it runs where nothing is but glibc and a kernel, and says what it has in it."""

import hashlib
import os
import re
import shutil
import subprocess
import tarfile

import bed
from bed import check, contains, same, test

PACKAGE = os.path.join(bed.SOURCE, "deploy", "package")
# The host's own, in the folders in which its loader looks.
GLIBC = re.compile(r"\s(?:\S+ => )?(/\S*/(?:ld-linux-x86-64|libc|libm|libpthread|libdl|librt|libresolv)\.so\.\d+) ")

_made = {}


def package(*arguments, env=None):
    environment = dict(os.environ, MILLRACE_PACKAGE_BUILD=os.path.dirname(os.path.dirname(bed.MILLRACE)))
    environment.update(env or {})
    return subprocess.run([PACKAGE, *arguments], env=environment, cwd=bed.FOLDER, capture_output=True, text=True, check=False)


def archive():
    """One archive for all tests, in a folder of its own."""
    if bed.sanitized():
        raise bed.Skip("a build with a sanitizer is not packaged")
    if not _made:
        made = package("tarball", bed.new_path("dist"))
        same((made.returncode, made.stderr), (0, ""), "deploy/package tarball")
        _made["path"] = made.stdout.strip()
    return _made["path"]


def bare_root():
    """A folder with the archive and of the host only glibc, and the archive's folder as seen from within."""
    root = bed.new_path("root")
    linked = subprocess.run(["ldd", bed.MILLRACE, bed.AGENT], capture_output=True, text=True, check=True).stdout
    libraries = set(GLIBC.findall(linked))
    check(len(libraries) >= 3, f"glibc is not to be seen in what ldd says: {linked}")
    for library in libraries:
        os.makedirs(root + os.path.dirname(library), exist_ok=True)
        shutil.copy(library, root + library)
    for folder in ["proc", "dev", "tmp", "opt"]:
        os.makedirs(os.path.join(root, folder), exist_ok=True)
    with tarfile.open(archive()) as tar:
        tar.extractall(os.path.join(root, "opt"))
    (name,) = os.listdir(os.path.join(root, "opt"))
    return root, "/opt/" + name


def within(root, folder, *command):
    """A command of the archive in a root of its own, with processes of its own that end with it."""
    script = 'mount -t proc proc "$1/proc" && mount --rbind /dev "$1/dev" && exec chroot "$1" "${@:2}"'
    user = [] if os.getuid() == 0 else ["--user", "--map-root-user"]
    unshare = ["unshare", *user, "--mount", "--pid", "--fork", "--kill-child"]
    if subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode != 0:
        raise bed.Skip("namespaces can't be made here (unshare --mount --pid)")
    where = [*unshare, "bash", "-c", script, "bash", root, folder + "/bin/" + command[0], *command[1:]]
    environment = {"PATH": os.environ["PATH"], "TMPDIR": "/tmp"}
    return subprocess.run(where, env=environment, cwd="/", capture_output=True, text=True, timeout=60, check=False)


@test("a host with nothing but glibc runs coordinator and agents out of the archive")
def runs():
    root, folder = bare_root()
    version = within(root, folder, "millrace", "--version")
    same((version.returncode, version.stderr), (0, ""), "--version")
    for library in ["librdkafka", "rabbitmq-c", "paho"]:
        contains(version.stdout.lower(), library, "the client libraries")
    run = within(
        root, folder, "millrace", "run", folder + "/scenarios/quickstart.yaml", "--out", "/tmp/run", "--selfcheck", "warn",
        "--set", "phases.steady.for=1s", "--set", "objectives=[ attained >= 1% ]",
    )  # fmt: skip
    same(run.returncode, 0, f"exit code ({run.stdout}{run.stderr})")
    result = bed.result_of(os.path.join(root, "tmp/run"))
    same(sorted(agent["name"] for agent in result["agents"]), ["agent-1", "agent-2"], "agents")


@test("nothing of the archive is looked for where it was built")
def relocatable():
    root, folder = bare_root()
    for program in ["millrace", "millrace-agent"]:
        path = root + folder + "/bin/" + program
        dynamic = subprocess.run(["readelf", "-d", path], capture_output=True, text=True, check=True).stdout
        contains(dynamic, "(RPATH)              Library rpath: [$ORIGIN/../lib]", program)
        with open(path, "rb") as file:
            check(bed.SOURCE.encode() not in file.read(), f"{program} names the folder it was built in")
    for library in os.listdir(root + folder + "/lib"):
        check(not re.match(r"lib(c|m|pthread|dl|rt|resolv)\.so|ld-", library), f"glibc's {library} would meet another loader")


@test("every library comes with its licence, the programs with theirs, and the sum is right")
def licences():
    with tarfile.open(archive()) as tar:
        names = [member.name.split("/", 1)[1] for member in tar.getmembers() if "/" in member.name]
        check(all(member.uid == 0 and member.uname == "" for member in tar.getmembers()), "it names a user")
    libraries = [name for name in names if name.startswith("lib/")]
    terms = [name for name in names if name.startswith("licences/")]
    check(len(libraries) > 10 and len(terms) > len(libraries), f"{len(libraries)} libraries, {len(terms)} licences")
    for name in ["licences/millrace", "licences/HdrHistogram_c", "licences/uplot", "scenarios/schema.json", "systemd/millrace-agent.service", "k8s/agents.yaml", "README"]:
        check(name in names, f"{name} is missing")
    with open(archive(), "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    contains(bed.read(archive() + ".sha256"), f"{digest}  {os.path.basename(archive())}", "the sum")


@test("the same commit makes the same bytes, and what can't be packaged is said")
def same_bytes():
    first = archive()
    again = package("tarball", bed.new_path("again"))
    same(again.returncode, 0, "again")
    same(bed.read(again.stdout.strip() + ".sha256"), bed.read(first + ".sha256"), "the sum of another one")
    for wrong in [[], ["rpm"], ["tarball", "a", "b"]]:
        said = package(*wrong)
        same(said.returncode, 2, f"exit code of {wrong}")
        contains(said.stderr, "deploy/package tarball", f"usage after {wrong}")
    nowhere = package("tarball", "/dev/null/dist")
    same((nowhere.returncode, nowhere.stdout), (1, ""), "a folder that can't be made")
    contains(nowhere.stderr, "can't be written to", "a folder that can't be made")
    near = package("tarball", "near")
    same(near.stdout.strip(), os.path.join(bed.FOLDER, "near", os.path.basename(first)), "a folder beside the caller")


@test("on a full disk no half of an archive is left")
def full_disk():
    archive()
    folder = bed.new_path("full")
    os.mkdir(folder)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "full", folder], capture_output=True, check=False).returncode != 0:
        raise bed.Skip("a small disk can't be mounted here")
    try:
        made = package("tarball", folder)
        check(made.returncode != 0, "an archive of 5 MB on a disk of 1 MB")
        same((made.stdout, os.listdir(folder)), ("", []), "what is left")
    finally:
        subprocess.run(["umount", folder], check=True)


bed.main()
