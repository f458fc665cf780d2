"""A Slurm in a lab: its controller at host1, a node at each other host; all that it keeps is in the test's folder."""

import contextlib
import os
import shutil
import socket

import bed
import bed_lab
from bed import wait_until

NODES = ["host2", "host3", "host4"]
PATH = "/usr/sbin:/sbin:" + os.environ.get("PATH", "")
PROGRAMS = ["munged", "slurmctld", "slurmd", "srun", "salloc", "squeue", "sinfo"]

# No cgroup is made: a test has none to give.
CONFIG = """
ClusterName=lab
SlurmctldHost={controller}(10.83.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.sock
CredType=cred/munge
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
ReturnToService=2
MailProg=/bin/true
{nodes}
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


class Slurm:
    """What a user at host1 has."""

    def __init__(self, folder):
        self.folder = folder
        self.env = {"SLURM_CONF": os.path.join(folder, "slurm.conf"), "PATH": PATH, "MILLRACE_HOSTS_DIR": os.path.join(folder, "hosts")}

    def user(self, *words):
        return bed_lab.on("host1", *words, env={**self.env, "BROKER_PASSWORD": "hush"})

    def asks(self, *words):
        return self.user(*words).ends(0).out

    def jobs(self):
        """A line each; one that ends is there until its nodes are free."""
        return self.asks("squeue", "--noheader", "--format=%i %T").splitlines()


def _munged(folder):
    key = os.path.join(folder, "munge.key")
    with open(key, "wb") as file:
        file.write(os.urandom(128))
    os.chmod(key, 0o400)
    paths = {name: os.path.join(folder, f"munge.{end}") for name, end in [("socket", "sock"), ("pid-file", "pid"), ("log-file", "log"), ("seed-file", "seed")]}
    munged = bed.Program(["munged", "--foreground", "--force", f"--key-file={key}"] + [f"--{name}={path}" for name, path in paths.items()], env={"PATH": PATH})
    wait_until(lambda: os.path.exists(paths["socket"]) or not munged.running(), "munged listens")
    if not munged.running():
        raise bed.Skip(f"munged does not run here: {munged.err.strip()[-300:]}")


@contextlib.contextmanager
def slurm():
    missing = [program for program in PROGRAMS if shutil.which(program, path=PATH) is None]
    if missing:
        raise bed.Skip(f"no {missing[0]}: Slurm and munge are not installed")
    if os.getuid() != 0:
        raise bed.Skip("a Slurm is made here as root only")
    with bed_lab.hosts("--hosts", str(len(NODES) + 1)) as made:
        folder = bed.new_path("slurm")
        for name in ["state"] + [f"spool-{node}" for node in NODES]:
            os.makedirs(os.path.join(folder, name))
        nodes = "\n".join(f"NodeName={node} NodeAddr={made[node]} CPUs=2" for node in NODES)
        settings = CONFIG.format(controller=socket.gethostname().split(".")[0], folder=folder, nodes=nodes)
        for name, text in [("slurm.conf", settings), ("cgroup.conf", "CgroupPlugin=cgroup/v1\n")]:
            with open(os.path.join(folder, name), "w", encoding="ascii") as file:
                file.write(text)
        here = Slurm(folder)
        _munged(folder)
        programs = [here.user("slurmctld", "-D")]
        programs += [bed_lab.on(node, "slurmd", "-N", node, "-D", env=here.env) for node in NODES]

        def idle():
            for program in programs:
                if not program.running():
                    raise bed.Skip(f"{program.name} does not run here: {program.err.strip()[-300:]}")
            asked = here.user("sinfo", "--noheader", "--Node", "--format=%N %T")
            asked.wait()
            return [line.split()[1] for line in asked.out.splitlines()] == ["idle"] * len(NODES)

        wait_until(idle, "each node is idle")
        yield here
