"""Targets that can't be reached, each in its own way; doctor; and that no password gets out."""

import os
import re
import socket
import subprocess
import threading
import time

import bed
import bed_relay
from bed import check, contains, matches, same, test

bed.counts_only()

PASSWORD = "s3cret-Wort"
LOGIN = ("mosquitto", "--password", f"millrace:{PASSWORD}")
TLS = ("mosquitto", "--tls")
SHORT = ["{ name: steady, rate: 200/s, for: 1s }", "{ name: drain, rate: none, until: drained, for: 20s }"]


class Talker:
    """A server on loopback that speaks, whoever comes and whatever they say; or says nothing."""

    def __init__(self, text):
        self._text = text
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._held = []
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._held.append(connection)
            if self._text:
                try:
                    connection.sendall(self._text)
                except OSError:
                    pass

    def close(self):
        self._listener.close()
        for connection in self._held:
            connection.close()


def target(backend, address, more=""):
    return f'  - {{ backend: {backend}, address: "{address}"{more} }}\n'


def unreachable(targets, pattern, code=4):
    """No load; the reason in the output and in the result. Within 5 s a target, and a little for the rest."""
    folder = bed.new_path("run")
    began = time.monotonic()
    run = bed.millrace("run", bed.scenario(targets, SHORT), "--out", folder, "--agents", "1", code=code)
    took = time.monotonic() - began
    result = bed.result_of(folder)
    same((result["verdict"], result["exit_code"]), ("failed", 4), "verdict")
    same([one["code"] for one in result["reasons"]], ["no_target"], "reasons")
    matches(result["reasons"][0]["text"], pattern, "the reason")
    matches(run.out, pattern, "the summary")
    same(sum(len(case["trials"]) for case in result["cases"]), 0, "trials")
    check(took < 20, f"it took {took:.0f} s")
    contains(bed.read(folder, "report.html"), "NOT RUN", "the page")
    # Doctor says the same without a run.
    doctor = bed.millrace("doctor", bed.scenario(targets, SHORT), code=4)
    matches(doctor.out, r"FAIL +target .*" + pattern, "doctor")
    return run


BACKENDS = {"rabbitmq": "amqp://127.0.0.1:{port}", "kafka": "127.0.0.1:{port}", "mqtt": "mqtt://127.0.0.1:{port}"}


def wrong_port(backend):
    bed.need_driver(backend)
    unreachable(target(backend, BACKENDS[backend].format(port=bed.free_port())), r"refused")


def wrong_name(backend):
    bed.need_driver(backend)
    address = BACKENDS[backend].format(port=1).replace("127.0.0.1", "no-such-host.invalid")
    unreachable(target(backend, address), r"name.*no-such-host\.invalid")


for one in BACKENDS:
    test(f"a port where nothing listens ({one}): refused, exit code 4")(lambda backend=one: wrong_port(backend))
    test(f"a name that does not resolve ({one}): said so, exit code 4")(lambda backend=one: wrong_name(backend))


_protocols = bed.Together()


def other_protocol(backend, text, pattern):
    bed.need_driver(backend)
    talker = Talker(text)
    try:
        unreachable(target(backend, BACKENDS[backend].format(port=talker.address.rsplit(":", 1)[1])), pattern)
    finally:
        talker.close()


for one in BACKENDS:
    for word, said, wanted in [("another protocol", b"HTTP/1.1 400 Bad Request\r\n\r\n" * 50, r"protocol|time-?out"), ("nothing at all", b"", r"time-?out|protocol")]:
        _protocols.add((one, word), lambda backend=one, text=said, pattern=wanted: other_protocol(backend, text, pattern))
        test(f"something that speaks {word} where {one} should be: said so within the time, exit code 4")(lambda key=(one, word): _protocols.outcome(key))


@test("a Kafka target at the port of RabbitMQ, of TLS, or of a web server: said so", needs=["rabbitmq"])
def kafka_elsewhere(rabbitmq):
    bed.need_driver("kafka")
    alert = Talker(b"\x15\x03\x03\x00\x02\x02\x46")
    web = Talker(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    try:
        for address, failure, words in [
            (f"127.0.0.1:{rabbitmq.port}", "protocol", "speaks AMQP, as RabbitMQ does, not Kafka"),
            (alert.address, "tls", "it wants TLS, and the target has no tls: block"),
            (web.address, "protocol", "speaks HTTP, not Kafka"),
        ]:
            said = bed.millrace("doctor", bed.scenario(target("kafka", address), SHORT), code=4).out
            matches(said, rf"FAIL +target kafka +{failure}: {re.escape(address)}: .*{words}", "doctor")
    finally:
        alert.close()
        web.close()


class Relay:
    """Passes bytes on to a broker and back, with one replacement of the same length in what it answers."""

    def __init__(self, port, old, new):
        self._port, self._old, self._new = port, old, new
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self._port))
            for source, sink, answers in [(near, far, False), (far, near, True)]:
                threading.Thread(target=self._pass_on, args=(source, sink, answers), daemon=True).start()

    def _pass_on(self, source, sink, answers):
        try:
            while data := source.recv(65536):
                sink.sendall(data.replace(self._old, self._new) if answers else data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self):
        self._listener.close()


@test("a Kafka that is known under an address that does not answer: named, with advertised.listeners", needs=["kafka"])
def advertised(kafka):
    closed = bed.free_port()
    host = b"127.0.0.1"
    relay = Relay(kafka.port, host + kafka.port.to_bytes(4, "big"), host + closed.to_bytes(4, "big"))
    try:
        said = bed.millrace("doctor", bed.scenario(target("kafka", relay.address), SHORT), code=4).out
    finally:
        relay.close()
    wanted = rf"FAIL +target kafka +refused: broker 1 is known under 127\.0\.0\.1:{closed} \(advertised\.listeners\), which does not answer from here: "
    matches(said, wanted, "doctor")


@test("a wrong password: login, exit code 4", needs=["rabbitmq", LOGIN])
def wrong_password(rabbitmq, mosquitto):
    login = ", auth: { username: millrace, password: wrong-Wort }"
    run = unreachable(target("rabbitmq", rabbitmq.address, login), r"login")
    check("wrong-Wort" not in run.err + run.out, "the wrong password was told")
    unreachable(target("mqtt", mosquitto.address, login), r"login")
    unreachable(target("mqtt", mosquitto.address), r"login")


@test("TLS asked of a plain broker, plain of a TLS broker, and a certificate of nobody we know: exit code 4", needs=["mosquitto", TLS])
def tls_mismatch(plain, secure):
    unreachable(target("mqtt", plain.address.replace("mqtt:", "mqtts:")), r"tls|TLS|protocol")
    unreachable(target("mqtt", secure.address.replace("mqtts:", "mqtt:")), r"protocol|time-?out|closed|TLS|tls")
    unreachable(target("mqtt", secure.address), r"tls|TLS|certificate")


@test("with the right certificate authority the TLS broker is measured", needs=[TLS])
def tls_right(secure):
    ca = os.path.join(secure.folder(), "tls", "ca.pem")
    folder = bed.new_path("run")
    bed.millrace("run", bed.scenario(target("mqtt", secure.address, f', tls: {{ ca: "{ca}" }}'), SHORT), "--out", folder)
    result = bed.result_of(folder)
    bed.audit_holds(result)
    same(bed.total(bed.case_of(result, "mqtt"), "received"), 200, "received")


@test("unavailable: skip goes on with the others, and the report says which was skipped and why", needs=["mosquitto"])
def skip(mosquitto):
    port = bed.free_port()
    away = f"mqtt://127.0.0.1:{port}"
    targets = target("mqtt", away, ", label: away") + target("mqtt", mosquitto.address) + "  - backend: memory\n"
    folder = bed.new_path("run")
    run = bed.millrace("run", bed.scenario(targets, SHORT, unavailable="skip"), "--out", folder)
    result = bed.result_of(folder)
    same([case["status"] for case in result["cases"]], ["skipped", "measured", "measured"], "status")
    contains(result["cases"][0]["reason"], "refused", "the reason")
    bed.audit_holds({"cases": result["cases"][1:]})
    for text, what in [(run.out, "the summary"), (bed.read(folder, "summary.md"), "summary.md"), (bed.read(folder, "report.html"), "the page")]:
        contains(text, "skipped", what)
        contains(text, "refused", what)
    same(result["verdict"], "pass", "verdict")
    # A target without samples passes no objective.
    same({one["met"] for one in result["objectives"] if one["case"] == "away"}, {None}, "objectives of the skipped target")


@test("unavailable: skip with nobody left is exit code 4")
def skip_all():
    bed.need_driver("mqtt")
    targets = "".join(target("mqtt", f"mqtt://127.0.0.1:{bed.free_port()}", f", label: {label}") for label in ["one", "other"])
    folder = bed.new_path("run")
    run = bed.millrace("run", bed.scenario(targets, SHORT, unavailable="skip"), "--out", folder, code=4)
    result = bed.result_of(folder)
    same([case["status"] for case in result["cases"]], ["skipped", "skipped"], "status")
    same([one["code"] for one in result["reasons"]], ["no_target"], "reasons")
    contains(run.out, "NOT RUN", "the summary")


SILENT = 7


def among_silent(talkers, unavailable, code):
    """One target that is there among silent ones of three kinds, which a deadline each would take half a minute."""
    kinds = [kind for kind in BACKENDS if bed.built(kind)]
    if not kinds:
        raise bed.Skip("millrace was built with the memory backend only")
    labels = [f"silent-{number}" for number in range(SILENT)]
    targets = "  - backend: memory\n"
    for number, (label, talker) in enumerate(zip(labels, talkers)):
        kind = kinds[number % len(kinds)]
        targets += target(kind, BACKENDS[kind].format(port=talker.address.rsplit(":", 1)[1]), f", label: {label}")
    folder = bed.new_path("run")
    began = time.monotonic()
    run = bed.millrace("run", bed.scenario(targets, SHORT, unavailable=unavailable), "--out", folder, "--agents", "2", code=code)
    return run, bed.result_of(folder), labels, time.monotonic() - began


@test("seven silent targets of eight: with skip the rest is measured, with fail all are named; both as soon as one would be")
def many_silent():
    talkers = [Talker(b"") for _ in range(SILENT)]
    try:
        run, result, labels, took = among_silent(talkers, "skip", 0)
        same({case["name"]: case["status"] for case in result["cases"]}, {"memory": "measured", **dict.fromkeys(labels, "skipped")}, "status")
        for label in labels:
            contains(run.err, f"target {label} cannot be used", "what is said")
        check(took < 20, f"with skip it took {took:.0f} s")
        run, result, labels, took = among_silent(talkers, "fail", 4)
        same([one["code"] for one in result["reasons"]], ["no_target"], "reasons")
        for label in labels:
            contains(result["reasons"][0]["text"], label, "the reason")
        same([agent["lost"] for agent in result["agents"]], [False, False], "agents lost")
        check(took < 20, f"with fail it took {took:.0f} s")
    finally:
        for talker in talkers:
            talker.close()


class DeadNameServer:
    """A name server that never answers, and the words in front of a command that make it the only one there is."""

    def __init__(self):
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._socket.bind(("127.0.0.66", 53))
        except OSError as error:
            raise bed.Skip(f"a name server can't be played here: {error}") from None
        conf = bed.write("resolv.conf", "nameserver 127.0.0.66\noptions timeout:5 attempts:3\n")
        self.words = ["unshare", "-m", "sh", "-c", f'mount --bind {conf} /etc/resolv.conf && exec "$@"', "sh"]
        try:
            subprocess.run([*self.words, "true"], check=True, capture_output=True, timeout=30)
        except (OSError, subprocess.SubprocessError) as error:
            self.close()
            raise bed.Skip(f"there is no mount namespace of our own: {error}") from None

    def close(self):
        self._socket.close()


@test("five targets behind a dead name server: each is named, and the rest measured, as soon as one would be")
def dead_names():
    kinds = [kind for kind in BACKENDS if bed.built(kind)]
    if not kinds:
        raise bed.Skip("millrace was built with the memory backend only")
    server = DeadNameServer()
    labels = [f"nameless-{number}" for number in range(5)]
    targets = "  - backend: memory\n"
    for number, label in enumerate(labels):
        kind = kinds[number % len(kinds)]
        targets += target(kind, BACKENDS[kind].format(port=1).replace("127.0.0.1", f"{label}.example"), f", label: {label}")
    folder = bed.new_path("run")
    began = time.monotonic()
    try:
        run = bed.Program([*server.words, bed.MILLRACE, "run", bed.scenario(targets, SHORT, unavailable="skip"), "--out", folder]).ends(0)
    finally:
        server.close()
    took = time.monotonic() - began
    for label in labels:
        matches(run.err, rf"target {label} cannot be used: (name|timeout) ", "what is said")
    result = bed.result_of(folder)
    same({case["name"]: case["status"] for case in result["cases"]}, {"memory": "measured", **dict.fromkeys(labels, "skipped")}, "status")
    check(took < 20, f"it took {took:.0f} s")


@test("doctor passes where every target is there, and tells the host and the broker's version", needs=["rabbitmq", "kafka", "mosquitto"])
def doctor(rabbitmq, kafka, mosquitto):
    targets = target("rabbitmq", rabbitmq.address) + target("kafka", kafka.address) + target("mqtt", mosquitto.address)
    said = bed.millrace("doctor", bed.scenario(targets + "  - backend: memory\n", SHORT)).out
    for label, version in [("rabbitmq", "RabbitMQ 3"), ("kafka", ""), ("mqtt", "osquitto"), ("memory", "")]:
        matches(said, rf"ok +target {label} .*{version}", "doctor")
    for what in ["CPUs", "memory", "open files", "clock source"]:
        contains(said, what, "doctor")
    contains(bed.millrace("doctor").out, "open files", "doctor without a scenario")


def every_file(folder):
    for where, _, names in os.walk(folder):
        for name in names:
            with open(os.path.join(where, name), "rb") as file:
                yield os.path.join(where, name), file.read()


@test("a password appears nowhere: not in output, logs, archive, reports or command lines", needs=[LOGIN])
def no_password(mosquitto):
    folder = bed.new_path("run")
    login = ', auth: { username: millrace, password: "${MILLRACE_TEST_PASSWORD}" }'
    path = bed.scenario(target("mqtt", mosquitto.address, login), ["{ name: steady, rate: 200/s, for: 2s }"])
    run = bed.start("run", path, "--out", folder, env={"MILLRACE_TEST_PASSWORD": PASSWORD})
    run.says("running: mqtt")
    agents = bed.agents_of(run)
    same(len(agents), 2, "agents")
    for pid in [run.pid, *agents]:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            check(PASSWORD.encode() not in file.read(), "it is on a command line")
    run.ends(0)
    seen = [path for path, content in every_file(folder) if PASSWORD.encode() in content]
    same(seen, [], "files that hold it")
    check(PASSWORD not in run.out + run.err, "it was told")
    again = bed.millrace("report", folder)
    check(PASSWORD not in again.out + again.err, "report tells it")
    same([path for path, content in every_file(folder) if PASSWORD.encode() in content], [], "files that hold it after report")
    # Given on the command line by --set and within an address it is the user's own doing; it goes no further.
    for words in [
        ["--set", f"targets.mqtt.auth.password={PASSWORD}"],
        ["--target", f"mqtt=mqtt://millrace:{PASSWORD}@127.0.0.1:{mosquitto.port}"],
    ]:
        folder = bed.new_path("run")
        run = bed.start("run", path, "--out", folder, *words, env={"MILLRACE_TEST_PASSWORD": "x"})
        code = run.wait()
        check(code in (0, 2), f"{words} exits {code}:\n{run.err}")
        check(PASSWORD not in run.out + run.err, f"{words}: it was told:\n{run.out}\n{run.err}")
        if code == 0:
            same([path for path, content in every_file(folder) if PASSWORD.encode() in content], [], f"files that hold it after {words[0]}")
    wrong = bed.millrace("check", bed.write("bad.yaml", re.sub("password: [^}]*", f'password: [ "{PASSWORD}" ]', bed.read(path))), code=2)
    check(PASSWORD not in wrong.err + wrong.out, f"an error tells it:\n{wrong.err}")


SECURE_RABBITMQ = ("rabbitmq", "--tls")


# rabbitmq-c dials TLS connections itself: to find out first whether anybody listens made two of each.
@test("amqps makes one TCP connection for each AMQP connection", needs=[SECURE_RABBITMQ])
def tls_once(rabbitmq):
    opened = lambda: rabbitmq.counters()["rabbitmq_connections_opened_total"]
    ca = os.path.join(rabbitmq.folder(), "tls", "ca.pem")
    relay = bed_relay.Relay(rabbitmq.port)
    before = opened()
    address = rabbitmq.address.replace(str(rabbitmq.port), str(relay.port))
    targets = f'  - {{ backend: rabbitmq, address: "{address}", tls: {{ ca: "{ca}" }} }}\n'
    topology = "{ topics: 8, producers: 8, consumers: 8 }"
    bed.millrace("run", bed.scenario(targets, ["{ name: steady, rate: 100/s, for: 1s }"], topology=topology), "--selfcheck", "warn")
    bed.check(opened() - before >= 16, f"{opened() - before:.0f} AMQP connections were opened")
    same(relay.accepted, opened() - before, "TCP connections")
    relay.close()


bed.main()
