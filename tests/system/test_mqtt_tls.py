"""MQTT's own client over TLS: what connecting took by its parts, and whether sessions are resumed as `tls_resume` says. What clients
offer is read from their first bytes."""

import os
import struct

import bed
import bed_delay
from bed import check, same, test

bed.counts_only()

CLIENTS = 100  # More than begin at once, so that some come when there is a session to offer.
HANDSHAKE, CLIENT_HELLO, PRE_SHARED_KEY = 22, 1, 41


def extensions_of(said):
    """Numbers of the extensions of the ClientHello that a connection begins with (RFC 8446, 4.1.2); None: it begins with none."""
    if len(said) < 44 or said[0] != HANDSHAKE or said[5] != CLIENT_HELLO:
        return None
    at = 5 + 4 + 2 + 32  # Record, handshake, version, random.
    at += 1 + said[at]  # Session identifier.
    at += 2 + struct.unpack_from(">H", said, at)[0]  # Cipher suites.
    at += 1 + said[at]  # Compression.
    end = at + 2 + struct.unpack_from(">H", said, at)[0]
    at += 2
    found = []
    while at < end:
        number, count = struct.unpack_from(">HH", said, at)
        found.append(number)
        at += 4 + count
    return found


def run_over_tls(broker, options):
    """The result of a run with many clients, and the extensions of each ClientHello."""
    ca = os.path.join(broker.folder(), "tls", "ca.pem")
    relay = bed_delay.Record(broker.port)
    path = bed.scenario(
        f'  - {{ backend: mqtt, address: "mqtts://127.0.0.1:{relay.port}", tls: {{ ca: "{ca}" }}, options: {{ {options} }} }}\n',
        ["{ name: steady, rate: 200/s, for: 1s }", "{ name: drain, rate: none, until: drained, for: 20s }"],
        topology=f"{{ topics: 2, producers: {CLIENTS}, consumers: 2 }}",
    )  # fmt: skip
    folder = bed.new_path("run")
    try:
        bed.millrace("run", path, "--out", folder)
    finally:
        relay.close()
    result = bed.result_of(folder)
    bed.audit_holds(result)
    hellos = [extensions_of(bytes(client)) for client, _ in relay.connections]
    check(None not in hellos and len(hellos) >= CLIENTS, f"{len(hellos)} connections, {hellos.count(None)} without a ClientHello")
    return result, hellos


def offering(hellos):
    return sum(PRE_SHARED_KEY in hello for hello in hellos)


@test("without tls_resume no client offers a session, and the parts of connecting are told", needs=[("mosquitto", "--tls")])
def anew(mosquitto):
    result, hellos = run_over_tls(mosquitto, "client: own")
    same(offering(hellos), 0, "clients that offered a session")
    trial, = bed.case_of(result, "mqtt")["trials"]
    latencies = trial["latency_ns"] if "latency_ns" in trial else bed.phase_of({"name": "mqtt", **trial}, "steady")["latency_ns"]
    whole = latencies["connect"]
    for part in ["connect_tcp", "connect_tls", "connect_login"]:
        same(latencies[part]["samples"], whole["samples"], f"samples of {part}")
        check(0 < latencies[part]["min"] < whole["max"], f"{part} is {latencies[part]}, connect {whole}")


@test("with tls_resume clients offer the session of an earlier one", needs=[("mosquitto", "--tls")])
def resumed(mosquitto):
    _, hellos = run_over_tls(mosquitto, "client: own, tls_resume: true")
    check(offering(hellos) > 0, f"none of {len(hellos)} clients offered one")


bed.main()
