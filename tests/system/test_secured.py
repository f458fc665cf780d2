"""Runs with enrolled hosts over mutual TLS: who belongs to them is served, everybody else is refused with the reason on both
sides, and a run that is going on is not disturbed."""

import base64
import hashlib
import os
import re
import signal
import socket
import ssl
import struct
import time
import warnings

import bed
from bed import check, contains, matches, same, test

IDLE = 200
SENDERS, RECORDS = 500, 20  # 10,000 malformed records.
STEADY = ["{ name: steady, rate: 500/s, for: 1s }"]
LONG = ["{ name: steady, rate: 200/s, for: 120s }", "{ name: drain, rate: none, until: drained, for: 30s }"]


class Hosts:
    """A store of its own with hosts for a port that is free, and the agents and runs with it."""

    def __init__(self, *names, port=None):
        self.folder = bed.new_path("store")
        self.files = bed.new_path("files")
        self.port = port or bed.free_port()
        os.mkdir(self.files)
        self.run_command("hosts", "add", *names, "--at", f"127.0.0.1:{self.port}", "--out", self.files)

    def run_command(self, *arguments, **options):
        return bed.millrace(*arguments, env={"MILLRACE_HOSTS_DIR": self.folder}, **options)

    def start(self, *arguments):
        return bed.start(*arguments, env={"MILLRACE_HOSTS_DIR": self.folder})

    def run(self, phases, *arguments):
        folder = bed.new_path("run")
        return self.start("run", bed.scenario(phases=phases), "--selfcheck", "warn", "--out", folder, *arguments), folder

    def file(self, name):
        return os.path.join(self.files, f"{name}.join")

    def agent(self, name):
        return bed.agent(self.file(name))


def content_of(path):
    text = bed.read(path).strip().partition(":")[2].partition(".")[0]
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def ended(path):
    """The same file, whose time is over."""
    content = content_of(path)
    at = content.index(b"\x12valid_until_s\0") + len(b"\x12valid_until_s\0")
    from_at = content.index(b"\x12valid_from_s\0") + len(b"\x12valid_from_s\0")
    content = content[:at] + struct.pack("<q", int(time.time()) - 60) + content[at + 8 :]
    content = content[:from_at] + struct.pack("<q", int(time.time()) - 3600) + content[from_at + 8 :]
    text = base64.urlsafe_b64encode(content).decode().rstrip("=")
    return bed.write("ended.join", f"millrace-join-1:{text}.{hashlib.sha256(text.encode()).hexdigest()[:16]}\n", 0o600)


def secrets_of(path):
    """Forms in which what is secret in a join file could be written down."""
    content = content_of(path)
    at = content.index(b"\x05secret\0") + len(b"\x05secret\0") + 5
    secret = content[at : at + 32]
    key = re.search(rb"-----BEGIN PRIVATE KEY-----\n(.*?)-----END", content, re.S).group(1).split()
    return [secret, secret.hex().encode(), base64.b64encode(secret).rstrip(b"="), *key]


def all_files(folder):
    for where, _, names in os.walk(folder):
        for name in names:
            with open(os.path.join(where, name), "rb") as file:
                yield os.path.join(where, name), file.read()


def connect(port):
    return socket.create_connection(("127.0.0.1", port), timeout=30)


def malformed(port):
    """Records of TLS by their heads, and what is none, many times."""
    record = b"\x16\x03\x01\x00\x3b" + bytes(59)
    for number in range(SENDERS):
        with connect(port) as one:
            try:
                for _ in range(RECORDS):
                    one.sendall(record if number % 2 == 0 else b"GET / HTTP/1.1\r\n")
            except OSError:
                pass


def without_certificate(hosts):
    """TLS, and nothing to show: refused before a byte of a message is read."""
    context = ssl.create_default_context(cafile=os.path.join(hosts.folder, "authority.pem"))
    context.check_hostname = True
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    try:
        with connect(hosts.port) as plain, context.wrap_socket(plain, server_hostname="millrace-coordinator") as one:
            one.recv(64)
    except (ssl.SSLError, ConnectionError):
        return
    raise AssertionError("a handshake without a certificate went through")


def of_old_tls(hosts):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    try:
        with connect(hosts.port) as plain, context.wrap_socket(plain):
            pass
    except (ssl.SSLError, ConnectionError):
        return
    raise AssertionError("TLS 1.1 was spoken")


@test("two enrolled hosts make a run whose audit is exact, while all kinds of others are refused with their reasons")
def strangers_around_a_run():
    hosts = Hosts("load1", "load2", "load3")
    other = Hosts("load1", port=hosts.port)
    run, folder = hosts.run(LONG, "--hosts", "load1,load2")
    run.says(rf"waiting for hosts at tcp://0\.0\.0\.0:{hosts.port}: 0 of 2 joined, missing: load1, load2 ")
    agents = [hosts.agent("load1"), hosts.agent("load2")]
    run.says("running: memory")

    # Who is refused, what he says himself, and what the run says.
    unwanted = "load3 is not among the hosts of this run: load1, load2"
    here = r"load1 is already here, from host \S+ \(127\.0\.0\.1:\d+\)"
    refused = [
        (bed.agent(other.file("load1")), "the coordinator's certificate is of another authority", None),
        (bed.agent(ended(hosts.file("load2"))), "load2: certificate ended", None),
        (bed.agent(f"tcp://127.0.0.1:{hosts.port}", "--stay"), "does not speak as a coordinator does in clear", None),
        (hosts.agent("load3"), unwanted, unwanted),
        (hosts.agent("load1"), here, here),
    ]
    idle = [connect(hosts.port) for _ in range(IDLE)]
    malformed(hosts.port)
    without_certificate(hosts)
    of_old_tls(hosts)
    for agent, words, of_run in refused:
        agent.says(words)
        if of_run is not None:
            run.says("refused: " + of_run)
    run.says(r"refused: at least \d+ connections? ended in the handshake of TLS")
    check(run.running() and all(agent.running() for agent in agents), "the run goes on")
    run.signal(signal.SIGINT)
    run.ends(130, 60)
    for one in idle:
        one.close()
    result = bed.result_of(folder)
    bed.audit_holds(result)
    same(sorted(one["name"] for one in result["agents"]), ["load1", "load2"], "its agents")
    same(bed.total(bed.case_of(result, "memory"), "lost"), 0, "lost messages")
    check(bed.total(bed.case_of(result, "memory"), "sent") > 0, "messages were sent")
    said = b"".join(program.err.encode() + program.out.encode() for program in [run, *agents, *[one[0] for one in refused]])
    for name in ["load1", "load2", "load3"]:
        for secret in secrets_of(hosts.file(name)):
            check(secret not in said, f"a secret of {name} was said")
            for path, content in all_files(folder):
                check(secret not in content, f"a secret of {name} is in {path}")


@test("a host that is removed while its run goes on is sent away with its next request, and comes to no other run")
def removed_meanwhile():
    hosts = Hosts("load1", "load2")
    run, folder = hosts.run(LONG, "--hosts", "all")
    agents = [hosts.agent("load1"), hosts.agent("load2")]
    run.says("running: memory")
    hosts.run_command("hosts", "remove", "load2")
    words = "load2 was removed from this coordinator's hosts"
    agents[1].says(words)
    run.says("refused: " + words)
    run.ends(4, 60)
    contains(run.err + run.out, "it was removed from this coordinator's hosts", "why the run ended")
    bed.audit_holds(bed.result_of(folder))
    run, _ = hosts.run(STEADY, "--hosts", "all")  # The other one stayed, and serves it.
    run.ends(0)
    contains(bed.millrace("run", bed.scenario(), "--hosts", "load2", code=2, env={"MILLRACE_HOSTS_DIR": hosts.folder}).err, "load2", "its name")


@test("doctor and clean wait for hosts, who does not come in time is named, and a listener in clear is warned of")
def other_commands():
    hosts = Hosts("load1", "load2")
    agent = hosts.agent("load1")
    agent.says("waiting for a coordinator")
    doctor = hosts.run_command("doctor", bed.scenario(), "--hosts", "load1")
    matches(doctor.out, r"(?m)^load1 on ", "the host")
    agent.says("waiting for the next")
    hosts.run_command("clean", f"kafka=127.0.0.1:{bed.free_port()}", "--hosts", "load1", code=4)
    late, _ = hosts.run(STEADY, "--hosts", "load1,load2", "--join-timeout", "3s")
    late.ends(4)
    matches(late.err + late.out, r"within 3 s load2 did not join; load1 did", "who came")
    agent.signal(signal.SIGTERM)
    agent.ends(130, 30)
    url = f"tcp://0.0.0.0:{hosts.port}"
    open_to_all = bed.start("run", bed.scenario(phases=STEADY), "--listen", url, "--insecure", "--agents", "1", "--out", bed.new_path("run"))
    open_to_all.says(f"warning: {re.escape(url)} is open to whoever reaches it, in clear")
    # A join file's agent does not speak in clear, whoever asks it to.
    hosts.agent("load2").says("does not speak TLS|TLS")
    bed.agent(f"tcp://127.0.0.1:{hosts.port}")
    open_to_all.ends(0)


if __name__ == "__main__":
    bed.main()
