"""A coordinator's hosts for tests: a store of their own, join files on loopback, agents that join by them."""

import base64
import hashlib
import os
import struct

import bed


class Hosts:
    """A store in a folder of its own, whose coordinator is reached at the given ports of this host."""

    def __init__(self, *ports):
        self.ports = ports or (bed.free_port(),)
        self.folder = bed.new_path("hosts")
        self.files = bed.new_path("files")
        os.mkdir(self.files)
        self.env = {"MILLRACE_HOSTS_DIR": self.folder}

    def add(self, *names, more=()):
        at = [word for port in self.ports for word in ("--at", f"127.0.0.1:{port}")]
        bed.millrace("hosts", "add", *names, *at, *more, "--out", self.files, env=self.env)

    def remove(self, *names):
        bed.millrace("hosts", "remove", *names, env=self.env)

    def join(self, name):
        return os.path.join(self.files, f"{name}.join")

    def end(self, name):
        """Makes the join file one that ended a second after it began."""
        text = bed.read(self.join(name)).strip().partition(":")[2].split(".")[0]
        document = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        start, until = (document.index(b"\x12" + key + b"\0") + len(key) + 2 for key in (b"valid_from_s", b"valid_until_s"))
        (from_s,) = struct.unpack("<q", document[start : start + 8])
        document = document[:until] + struct.pack("<q", from_s + 1) + document[until + 8 :]
        text = base64.urlsafe_b64encode(document).decode().rstrip("=")
        with open(self.join(name), "w") as file:
            file.write(f"millrace-join-1:{text}.{hashlib.sha256(text.encode()).hexdigest()[:16]}\n")

    def url(self, index=0):
        return f"tcp://127.0.0.1:{self.ports[index]}"

    def agent(self, name, *arguments):
        return bed.agent(self.join(name), *arguments)

    def start(self, names, phases, index=0, targets="memory", **blocks):
        """A run that waits for these hosts at the port of that index; with the folder it writes to."""
        folder = bed.new_path("run")
        path = bed.scenario(targets, phases=phases, **blocks)
        arguments = ["run", path, "--hosts", names, "--listen", self.url(index), "--selfcheck", "warn", "--out", folder]
        return bed.start(*arguments, env=self.env), folder
