"""Agents that join over mutual TLS: by join files, of a host or a fleet, and by certificates of an own PKI. Nothing secret of
these, nor of a target, is in what a run leaves."""

import os
import re
import signal
import subprocess
import time

import bed
import bed_join
from bed import check, contains, same, test

bed.counts_only()

PASSWORD = "kT9-Zauberwort-4711"
LOGIN = ("mosquitto", "--password", f"millrace:{PASSWORD}")
STEADY = ["{ name: steady, rate: 200/s, for: 2s }"]


def every_file(folder):
    for where, _, names in os.walk(folder):
        for name in names:
            with open(os.path.join(where, name), "rb") as file:
                yield os.path.join(where, name), file.read()


def assert_nowhere(hidden, said, folders):
    for word in hidden:
        check(word not in said.encode(errors="replace"), "a secret was said")
    seen = {path for folder in folders for path, content in every_file(folder) for word in hidden if word in content}
    same(seen, set(), "files that hold a secret")


def command_lines(programs):
    found = b""
    for program in programs:
        with open(f"/proc/{program.pid}/cmdline", "rb") as file:
            found += file.read()
    return found.decode(errors="replace")


@test("secrets of join files and targets appear nowhere: not in output, logs, archive, reports or command lines", needs=[LOGIN])
def nowhere(mosquitto):
    store = bed_join.Store()
    port = bed.free_port()
    store.hosts("add", "load1", "load2", "--at", f"127.0.0.1:{port}")
    hidden = [word for name in ["load1", "load2"] for word in bed_join.secrets(store.join(name))]
    hidden += store.authority_key() + [PASSWORD.encode()]
    targets = f'  - {{ backend: mqtt, address: "{mosquitto.address}", auth: {{ username: millrace, password: "${{MILLRACE_TEST_PASSWORD}}" }} }}\n'
    path = bed.scenario(targets, STEADY, topology="{ topics: 2, producers: 2, consumers: 2 }")
    logs = bed.new_path("logs")
    os.mkdir(logs)
    agents = [bed.agent(store.join(name), "--log", os.path.join(logs, name)) for name in ["load1", "load2"]]
    env = {**store.options()["env"], "MILLRACE_TEST_PASSWORD": PASSWORD}
    at = ["--hosts", "all", "--listen", f"tcp://127.0.0.1:{port}"]
    folder = bed.new_path("run")
    run = bed.start("run", path, *at, "--selfcheck", "warn", "--out", folder, env=env)
    run.says("running: mqtt")
    assert_nowhere(hidden, command_lines([run, *agents]), [])
    run.ends(0)
    same(sorted(one["name"] for one in bed.result_of(folder)["agents"]), ["load1", "load2"], "agents")
    doctor = bed.millrace("doctor", path, *at, env=env)
    again = bed.millrace("report", folder)
    # One that is told a secret in the wrong place, or has a wrong one, says no word of it either.
    wrong = bed.Program([bed.AGENT, "--join", bed.write("cut.join", bed.read(store.join("load1"))[:-9], 0o600)]).ends(2)
    for agent in agents:
        agent.signal(signal.SIGTERM)
        agent.ends(130)
    said = "".join(one.out + one.err for one in [run, doctor, again, wrong, *agents])
    assert_nowhere(hidden, said + store.said, [folder, logs])


@test("one file lets a fleet join: each host by a name of its own, its place in a Job among them, and no more than it is for")
def fleet():
    store = bed_join.Store()
    port = bed.free_port()
    store.hosts("add", "ci", "--any", "2", "--valid", "1h", "--at", f"127.0.0.1:{port}")
    out = bed.new_path("run")
    steady = ["{ name: steady, rate: 200/s, for: 60s }"]
    at = ["--hosts", "ci", "--listen", f"tcp://127.0.0.1:{port}", "--selfcheck", "warn", "--out", out]
    run = bed.start("run", bed.scenario(phases=steady), *at, env=store.options()["env"])
    agents = [bed.agent(store.join("ci"), env={"JOB_COMPLETION_INDEX": "7"}), bed.agent(store.join("ci"), "--name", "other")]
    run.says("running: memory")
    third = bed.agent(store.join("ci"), "--name", "third")
    third.says("refused by the coordinator: third: all 2 agents of ci are here")
    run.says("refused: third: all 2 agents of ci are here")
    run.signal(signal.SIGINT)  # It has shown what it is for.
    run.ends(130)
    same(sorted(one["name"] for one in bed.result_of(out)["agents"]), ["ci-7", "other"], "agents")
    for agent in [*agents, third]:
        agent.signal(signal.SIGTERM)
        agent.ends(130)


@test("a join file that is no use is said to be none, and with what would help")
def no_use():
    store = bed_join.Store()
    store.hosts("add", "load1", "--at", f"127.0.0.1:{bed.free_port()}")
    content = bed_join.document(store.join("load1"))
    line = bed_join.line_of(content)
    same(line, bed.read(store.join("load1")), "a line made anew")
    now = int(time.time())
    refused = [
        ("hello\n", "is no join file: its line would begin with \"millrace-join-1:\""),
        (line[:600], "is cut off: make a copy of the whole line"),
        (line.replace("join-1", "join-7"), "is a join file of version 7, and this build "),
        (line[:500] + ("A" if line[500] != "A" else "B") + line[501:], "is damaged: its line is not what was written"),
        (line + line, "has more than one line"),
        ("", "is empty"),
    ]
    for text, words in refused:
        path = bed.write("wrong.join", text, 0o600)
        contains(bed.Program([bed.AGENT, "--join", path]).ends(2).err, f"{path}: {words}", words)
    path = bed.write("open.join", line, 0o644)
    contains(bed.Program([bed.AGENT, "--join", path]).ends(2).err, f"chmod 600 {path}", "a file that others can read")
    contains(bed.Program([bed.AGENT, "--join", "-"]).ends(2).err, "stdin: is empty", "nothing")
    # These may be right one day: another file is put there, or the clock is set.
    waits = [
        ("valid_until_s", now - 86400, r"certificate ended \d{4}-\d\d-\d\d \d\d:\d\d UTC: millrace hosts add load1 --again"),
        ("valid_from_s", now + 86400 * 3650, r"certificate is not yet valid: it begins \d{4}-.*, and it is \d{4}-.* here"),
    ]
    for key, value, words in waits:
        path = bed.write("time.join", bed_join.line_of(bed_join.with_number(content, key, value)), 0o600)
        agent = bed.Program([bed.AGENT, "--join", path])
        agent.says(words)
        agent.signal(signal.SIGTERM)
        agent.ends(130)


def own_pki():
    """A folder with what deploy/README.md says how to make."""
    folder = bed.new_path("pki")
    os.mkdir(folder)
    block = re.search(r"(?s)```sh\n(umask 077\n.*?)```", bed.read(bed.SOURCE, "deploy", "README.md")).group(1)
    try:
        done = subprocess.run(["bash", "-euc", block], cwd=folder, capture_output=True, text=True, timeout=60, check=False)
        subprocess.run(["openssl", "version"], capture_output=True, timeout=60, check=True)
    except FileNotFoundError as missing:
        raise bed.Skip(f"there is no program {missing.filename}") from None
    same(done.returncode, 0, f"the commands of deploy/README.md ({done.stderr})")
    return folder


def options(folder, name, **other):
    files = {"tls_ca": "ca.pem", "tls_cert": f"{name}.pem", "tls_key": f"{name}.key", "token_file": "token", **other}
    return [word for key, file in files.items() for word in ["--" + key.replace("_", "-"), os.path.join(folder, file)]]


@test("hosts with certificates of an own PKI and the token of the coordinator join, and others do not")
def pki():
    folder = own_pki()
    url = bed.free_url()
    with open(os.path.join(folder, "other"), "w", encoding="ascii") as file:
        file.write("another token of enough characters\n")
    os.chmod(os.path.join(folder, "other"), 0o600)
    path = bed.scenario(phases=STEADY)
    out = bed.new_path("run")
    run = bed.start("run", path, "--listen", url, "--agents", "3", *options(folder, "coordinator"), "--selfcheck", "warn", "--out", out)
    run.says(r"0 of 3 joined \(millrace-agent --join \S+ --tls-ca FILE --tls-cert FILE --tls-key FILE --token-file FILE\)")
    stranger = bed.agent(url, "--name", "stranger", *options(folder, "load1", token_file="other"))
    run.says(r"refused: stranger has another token than this coordinator \(--token-file\)")
    stranger.ends(4)
    agents = [bed.agent(url, "--name", name, *options(folder, "load1"), *more) for name, more in [("left", ()), ("right", ("--processes", "2"))]]
    run.ends(0)
    for agent in agents:
        agent.ends(0)
    same(sorted(one["name"] for one in bed.result_of(out)["agents"]), ["left", "right-1", "right-2"], "agents")
    bed.audit_holds(bed.result_of(out))
    hidden = [bed.read(folder, name).strip().encode() for name in ["token", "other"]]
    hidden += [line.encode() for name in ["load1", "coordinator", "ca"] for line in re.findall(r"(?m)^[^-].*$", bed.read(folder, f"{name}.key"))]
    assert_nowhere(hidden, "".join(one.out + one.err for one in [run, stranger, *agents]), [out])


@test("what is wrong with the files of an own PKI is said before anything is begun")
def pki_files():
    folder = own_pki()
    path = bed.scenario(phases=STEADY)
    url = "tcp://0.0.0.0:7700"

    def refused(words, listen=("--listen", url), said=""):
        contains(bed.millrace("run", path, *listen, *words, code=2).err, said, " ".join(words))

    whole = options(folder, "coordinator")
    refused(whole[:6], said="--token-file is missing")
    refused(whole, listen=(), said="--tls-cert is for --listen")
    refused([*whole, "--hosts", "all"], said="two ways to know an agent")
    refused(options(folder, "load1"), said='load1.pem: the certificate is not for "millrace-coordinator"')
    refused(options(folder, "coordinator", tls_key="load1.key"), said="load1.key: the key is not that of the certificate")
    refused(options(folder, "coordinator", tls_ca="token"), said="token: the certificate is damaged, or no certificate")
    os.chmod(os.path.join(folder, "token"), 0o640)
    refused(whole, said=f"chmod 600 {folder}/token")
    said = bed.Program([bed.AGENT, "--join", "tcp://127.0.0.1:1", *options(folder, "load1")]).ends(2).err
    contains(said, f"chmod 600 {folder}/token", "an agent's token")
    said = bed.Program([bed.AGENT, "--join", "load1.join", *options(folder, "load1")]).ends(2).err
    contains(said, "a join file has its own", "both")


bed.main()
