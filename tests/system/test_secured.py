"""Runs with enrolled hosts over mutual TLS: who belongs to them is served, everybody else is refused with the reason on both
sides, and a run that is going on is not disturbed."""

import os
import re
import signal
import socket
import ssl
import time
import warnings

import bed
from bed import check, contains, matches, same, test
from bed_join import Store, document, line_of, secrets, with_number
from bed_lab import hosts as lab_hosts
from bed_lab import on

bed.counts_only()

IDLE = 200
SENDERS, RECORDS = 500, 20  # 10,000 malformed records.
STEADY = ["{ name: steady, rate: 500/s, for: 1s }"]
LONG = ["{ name: steady, rate: 200/s, for: 120s }", "{ name: drain, rate: none, until: drained, for: 30s }"]


class Hosts(Store):
    """A store of its own with hosts for an address that is free, and the agents and runs with it."""

    def __init__(self, *names, host="127.0.0.1", port=None):
        super().__init__()
        self.port = port or bed.free_port()
        self.hosts("add", *names, "--at", f"{host}:{self.port}")

    def command(self, *arguments, **options):
        return bed.millrace(*arguments, **self.options(), **options)

    def run(self, phases, *arguments, launch=bed.start, **blocks):
        """Under way, and its folder. launch: as bed.start()."""
        folder = bed.new_path("run")
        path = bed.scenario(phases=phases, **blocks)
        return launch("run", path, "--selfcheck", "warn", "--out", folder, *arguments, **self.options()), folder

    def agent(self, name):
        return bed.agent(self.join(name))


def ended(path):
    """The same file, whose time is over."""
    content = with_number(document(path), "valid_from_s", int(time.time()) - 3600)
    return bed.write("ended.join", line_of(with_number(content, "valid_until_s", int(time.time()) - 60)), 0o600)


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
    waits = "load3 waits for another run: it is not among the hosts of this one"
    here = r"load1 is already here, from host \S+ \(127\.0\.0\.1:\d+\)"
    refused = [
        (bed.agent(other.join("load1")), "the coordinator's certificate is of another authority", None),
        (bed.agent(ended(hosts.join("load2"))), "load2: certificate ended", None),
        (bed.agent(f"tcp://127.0.0.1:{hosts.port}", "--stay"), "does not speak as a coordinator does in clear", None),
        (hosts.agent("load3"), unwanted, waits),
        (hosts.agent("load1"), here, "refused: " + here),
    ]
    idle = [connect(hosts.port) for _ in range(IDLE)]
    malformed(hosts.port)
    without_certificate(hosts)
    of_old_tls(hosts)
    for agent, words, of_run in refused:
        agent.says(words)
        if of_run is not None:
            run.says(of_run)
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
        for secret in secrets(hosts.join(name)):
            check(secret not in said, f"a secret of {name} was said")
            for path, content in all_files(folder):
                check(secret not in content, f"a secret of {name} is in {path}")


@test("a host that is removed while its run goes on is sent away with its next request, and comes to no other run")
def removed_meanwhile():
    hosts = Hosts("load1", "load2")
    run, folder = hosts.run(LONG, "--hosts", "all")
    agents = [hosts.agent("load1"), hosts.agent("load2")]
    run.says("running: memory")
    hosts.hosts("remove", "load2")
    words = "load2 was removed from this coordinator's hosts"
    agents[1].says(words)
    run.says("refused: " + words)
    run.ends(4, 60)
    contains(run.err + run.out, "it was removed from this coordinator's hosts", "why the run ended")
    bed.audit_holds(bed.result_of(folder))
    run, _ = hosts.run(STEADY, "--hosts", "all")  # The other one stayed, and serves it.
    run.ends(0)
    contains(hosts.command("run", bed.scenario(), "--hosts", "load2", code=2).err, "load2", "its name")


@test("doctor and clean wait for hosts, who does not come in time is named, and a listener in clear is warned of")
def other_commands():
    hosts = Hosts("load1", "load2")
    agent = hosts.agent("load1")
    agent.says("waiting for a coordinator")
    doctor = hosts.command("doctor", bed.scenario(), "--hosts", "load1")
    matches(doctor.out, r"(?m)^load1 on ", "the host")
    agent.says("waiting for the next")
    hosts.command("clean", f"kafka=127.0.0.1:{bed.free_port()}", "--hosts", "load1", code=4)
    late, _ = hosts.run(STEADY, "--hosts", "load1,load2", "--join-timeout", "6s")  # A second or two between two tries of an agent.
    late.ends(4)
    matches(late.err + late.out, r"within 6 s load2 did not join; load1 did", "who came")
    agent.signal(signal.SIGTERM)
    agent.ends(130, 30)
    url = f"tcp://0.0.0.0:{hosts.port}"
    open_to_all = bed.start("run", bed.scenario(phases=STEADY), "--listen", url, "--insecure", "--agents", "1", "--out", bed.new_path("run"))
    open_to_all.says(f"warning: {re.escape(url)} is open to whoever reaches it, in clear")
    # A join file's agent does not speak in clear, whoever asks it to.
    hosts.agent("load2").says("does not speak TLS|TLS")
    bed.agent(f"tcp://127.0.0.1:{hosts.port}")
    open_to_all.ends(0)


@test("an agent that is killed while its run waits for others takes its place again, once it is started anew")
def killed_while_others_are_waited_for():
    hosts = Hosts("load1", "load2")
    run, folder = hosts.run(STEADY, "--hosts", "load1,load2")
    first = hosts.agent("load1")
    first.says("joined run")
    first.signal(signal.SIGKILL)
    first.wait()
    hosts.agent("load1").says("joined run")
    hosts.agent("load2")
    run.ends(0)
    result = bed.result_of(folder)
    bed.audit_holds(result)
    same([agent["lost"] for agent in result["agents"]], [False, False], "lost agents")
    same(sorted(agent["name"] for agent in result["agents"]), ["load1", "load2"], "agents")


@test("hosts of a lab join by their files at the port that the coordinator has for all, and are known by their addresses")
def hosts_of_a_lab():
    with lab_hosts("--hosts", "3"):
        hosts = Hosts("host2", "host3", host="10.83.0.1", port=7700)
        run, folder = hosts.run(
            ["{ name: steady, rate: 500/s, for: 2s }"],
            "--hosts",
            "all",
            launch=lambda *arguments, **options: on("host1", bed.MILLRACE, *arguments, **options),
            topology="{ topics: 2, producers: 2, consumers: 2 }",
        )
        run.says("waiting for hosts at tcp://0.0.0.0:7700: 0 of 2 joined, missing: host2, host3 ")
        agents = [on(name, bed.AGENT, "--join", hosts.join(name)) for name in ["host2", "host3"]]
        run.says("running: memory")
        on("host3", bed.AGENT, "--join", hosts.join("host2")).says(r"host2 is already here, from host \S+ \(10\.83\.0\.2:\d+\)")
        run.says(r"refused: host2 is already here, from host \S+ \(10\.83\.0\.2:\d+\)")
        run.ends(0, 60)
        result = bed.result_of(folder)
        bed.audit_holds(result)
        case = bed.case_of(result, "memory")
        same((bed.total(case, "sent"), bed.total(case, "received"), bed.total(case, "lost")), (1000, 1000, 0), "sent, received, lost")
        for agent in agents:
            agent.says("has ended; waiting for the next one")


if __name__ == "__main__":
    bed.main()
