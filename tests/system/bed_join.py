"""Stores of hosts and join files, as tests make and read them."""

import base64
import hashlib
import os
import re
import struct

import bed
from bed import matches, same


class Store:
    """A store of its own, a folder that commands run in, and all that they said."""

    def __init__(self):
        self.cwd = bed.new_path("cwd")
        self.folder = os.path.join(bed.new_path("config"), "hosts")
        self.said = ""
        os.mkdir(self.cwd)

    def options(self):
        return {"env": {"MILLRACE_HOSTS_DIR": self.folder}, "cwd": self.cwd}

    def hosts(self, *arguments, code=0, **options):
        program = bed.millrace("hosts", *arguments, code=code, **self.options(), **options)
        self.said += program.out + program.err
        return program

    def files(self):
        return sorted(os.listdir(self.folder)) if os.path.isdir(self.folder) else []

    def authority_key(self):
        """Its lines."""
        return [line.encode() for line in re.findall(r"(?m)^[^-].*$", bed.read(self.folder, "authority.key"))]

    def join(self, name):
        return os.path.join(self.cwd, f"{name}.join")

    def rows(self):
        """Words of each row of the list, by name."""
        lines = self.hosts("list").out.splitlines()
        return {re.split(r"\s{2,}", line)[0]: re.split(r"\s{2,}", line) for line in lines[1:]}

    def change(self, name, key, value):
        """A 64-bit number of an entry, as if time had gone by."""
        path = os.path.join(self.folder, f"{name}.host")
        with open(path, "rb") as file:
            content = file.read()
        with open(path, "wb") as file:
            file.write(with_number(content, key, value))


def document(path):
    """What is in a join file, as it says of itself how."""
    line = bed.read(path)
    matches(line, r"\Amillrace-join-1:[A-Za-z0-9_-]+\.[0-9a-f]{16}\n\Z", "a join file")
    text, digest = line.strip().partition(":")[2].split(".")
    same(digest, hashlib.sha256(text.encode()).hexdigest()[:16], "its check")
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def line_of(content):
    """The line of a document, as its writer would make it."""
    text = base64.urlsafe_b64encode(content).decode().rstrip("=")
    return f"millrace-join-1:{text}.{hashlib.sha256(text.encode()).hexdigest()[:16]}\n"


def with_number(content, key, value):
    """A document in which a 64-bit number is another."""
    at = content.index(b"\x12" + key.encode() + b"\0") + len(key) + 2
    return content[:at] + struct.pack("<q", value) + content[at + 8 :]


def secrets(path):
    """Every form in which what is secret in a join file could be written down."""
    content = document(path)
    at = content.index(b"\x05secret\0") + len(b"\x05secret\0")
    same(struct.unpack("<i", content[at : at + 4])[0], 32, "bytes of the secret")
    secret = content[at + 5 : at + 37]
    key = re.search(rb"-----BEGIN PRIVATE KEY-----\n(.*?)-----END", content, re.S).group(1).split()
    words = [secret, secret.hex().encode(), base64.b64encode(secret).rstrip(b"="), base64.urlsafe_b64encode(secret).rstrip(b"=")]
    return words + key + [bed.read(path).strip().partition(":")[2].encode()]
