"""Hosts of a lab with an sshd each, all of it in the test's folder: keys, configuration, and a home per host."""

import contextlib
import getpass
import os
import re
import shutil
import subprocess
import tarfile
import time

import bed
import bed_lab
from bed import AGENT, alive, wait_until

PORT = 2222
SSHD = shutil.which("sshd", path="/usr/sbin:/sbin:" + os.environ.get("PATH", ""))
RUNTIME = "/run/sshd"  # An sshd of root wants it to be there.


def _key(name):
    path = bed.new_path(name)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True, timeout=30)
    return path


class Ssh:
    """What a user of the lab's hosts has: load2 and load3 are host2 and host3, and some names lead to a failure."""

    def __init__(self):
        self.home = {}
        self.key, self.other_key, host_key = _key("key"), _key("other-key"), _key("host-key")
        self.host_key = host_key
        self.authorized = bed.write("authorized_keys", bed.read(self.key + ".pub"), 0o600)
        kind, text = bed.read(host_key + ".pub").split()[:2]
        self.known = bed.write("known_hosts", "".join(f"[10.83.0.{number}]:{PORT} {kind} {text}\n" for number in (2, 3)))
        common = f"  User {getpass.getuser()}\n  IdentitiesOnly yes\n  UserKnownHostsFile {self.known}\n  Port {PORT}\n"
        hosts = {
            "load2": f"  HostName 10.83.0.2\n  IdentityFile {self.key}\n",
            "load3": f"  HostName 10.83.0.3\n  IdentityFile {self.key}\n",
            "stranger": f"  HostName 10.83.0.2\n  HostKeyAlias stranger\n  IdentityFile {self.key}\n",
            "locked": f"  HostName 10.83.0.2\n  IdentityFile {self.other_key}\n",
            "closed": f"  HostName 10.83.0.2\n  Port 2223\n  IdentityFile {self.key}\n",
        }
        self.config = bed.write("ssh_config", "".join(f"Host {name}\n{own}{common}" for name, own in hosts.items()), 0o600)

    def options(self, agent=AGENT):
        return ["--ssh", f"ssh -F {self.config}", "--agent-path", agent]

    @staticmethod
    def archive():
        """As deploy/package makes one, but that its agent is the one under test."""
        script = bed.write("millrace-agent", f'#!/bin/sh\nexec {AGENT} "$@"\n', 0o755)
        path = bed.new_path("millrace.tar.gz")
        with tarfile.open(path, "w:gz") as archive:
            archive.add(script, "millrace-1-linux/bin/millrace-agent")
        return path

    def serve(self, host):
        """An sshd there, whose commands have a home of their own."""
        home = self.home[host] = bed.new_path(f"home-{host}")
        os.mkdir(home)
        config = bed.write(
            "sshd_config",
            f"ListenAddress 0.0.0.0:{PORT}\nHostKey {self.host_key}\nAuthorizedKeysFile {self.authorized}\nPidFile none\nStrictModes no\n"
            f"UsePAM no\nPermitRootLogin prohibit-password\nMaxStartups 100\n"
            f"ForceCommand export HOME={home}; cd $HOME; eval \"$SSH_ORIGINAL_COMMAND\"\n",
        )
        sshd = bed_lab.on(host, SSHD, "-D", "-e", "-f", config)
        sshd.says("Server listening on")


@contextlib.contextmanager
def hosts():
    """host1, and host2 and host3 with an sshd."""
    if SSHD is None or shutil.which("ssh") is None:
        raise bed.Skip("openssh-server is not installed")
    if os.getuid() != 0:
        raise bed.Skip("an sshd of a lab's host lets in the user alone who began it; this is made as root only")
    made = not os.path.exists(RUNTIME)
    with bed_lab.hosts("--hosts", "3"):
        try:
            os.makedirs(RUNTIME, mode=0o755, exist_ok=True)
            ssh = Ssh()
            for host in ("host2", "host3"):
                ssh.serve(host)
            yield ssh
        finally:
            if made:
                with contextlib.suppress(OSError):
                    os.rmdir(RUNTIME)


def agents_on(host, program=AGENT):
    """Process numbers of the agents there that a launcher holds."""
    place = os.stat(f"/run/netns/millrace-{bed_lab.NAME}-{host}").st_ino
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                words = file.read().split(b"\0")
            if words[0] == program.encode() and b"--leash" in words and os.stat(f"/proc/{pid}/ns/net").st_ino == place:
                found.append(int(pid))
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            pass
    return found


def gone(pids, within_s):
    """Waits until none of them is there; how long that took."""
    began = time.monotonic()
    wait_until(lambda: not any(alive(pid) for pid in pids), f"agents {pids} end", within_s)
    return time.monotonic() - began


def listeners(host):
    """Addresses at which something listens there, as in /proc/net/tcp: loopback is 0100007F."""
    text = bed_lab.on(host, "cat", "/proc/net/tcp").ends(0).out
    return re.findall(r"(?m)^ *\d+: ([0-9A-F]{8}):[0-9A-F]{4} [0-9A-F:]+ 0A ", text)
