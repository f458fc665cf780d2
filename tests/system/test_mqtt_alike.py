"""MQTT over Millrace's own client and over paho: each checks the other. Both are behind a line of a set length, which they have to
tell alike; on loopback alone most of what is told would be what a client library takes to hand a message over."""

import statistics

import bed
import bed_delay
from bed import check, same, test, truth

CLIENTS = ["own", "paho"]
RATE = 1000
ROUNDS = 3
WITHIN = 0.10
THERE_MS, BACK_MS = 4, 4
# A neighbour on the host may hold up one client's rounds and not the other's.
TRIES = 3


def medians(port):
    """Of each client the e2e p50 in ms, the median over rounds that alternate."""
    targets = "".join(f'  - {{ backend: mqtt, label: {client}, address: "mqtt://127.0.0.1:{port}", options: {{ client: {client} }} }}\n'
                      for client in CLIENTS)  # fmt: skip
    path = bed.scenario(
        targets, ["{ name: warm-up, rate: 1k/s, for: 300ms, measure: false }", f"{{ name: steady, rate: {RATE}/s, for: 700ms }}"],
        topology="{ topics: 2, producers: 2, consumers: 2 }", repeat=str(ROUNDS), selfcheck="warn", objectives="[ attained >= 1% ]",
    )  # fmt: skip
    folder = bed.new_path("alike")
    bed.millrace("run", path, "--out", folder)
    result = bed.result_of(folder)
    bed.audit_holds(result)
    found = {}
    for client in CLIENTS:
        case = bed.case_of(result, client)
        same(case["client"], client, "client that the result names")
        same(len(case["trials"]), ROUNDS, f"rounds of {client}")
        latencies = [bed.phase_of({"name": client, **trial}, "steady")["latency_ns"]["e2e"] for trial in case["trials"]]
        for latency in latencies:
            check(latency["min"] >= (THERE_MS + BACK_MS) * 1e6 * 0.999, f"{client}: {latency['min']} ns is sooner than the line allows")
        found[client] = statistics.median(latency["p50"] / 1e6 for latency in latencies)
    return found


@test(f"at {RATE}/s over a line of {THERE_MS} and {BACK_MS} ms the e2e p50 of both clients lie within {WITHIN:.0%} of each other", needs=["mosquitto"])
def alike(mosquitto):
    for client in CLIENTS:
        bed.need_driver(f"mqtt/{client}")
    said = []
    for _ in range(TRIES):
        line = bed_delay.Delay(mosquitto.port, THERE_MS / 1e3, BACK_MS / 1e3)
        try:
            p50 = medians(line.port)
        finally:
            line.close()
        apart = p50["own"] / p50["paho"] - 1
        said.append(f"own {p50['own']:.2f} ms, paho {p50['paho']:.2f} ms: {apart:+.1%}")
        if abs(apart) <= WITHIN:
            truth(f"e2e p50 of MQTT's clients at 1k/s over a line of {THERE_MS} and {BACK_MS} ms, own beside paho", f"within {WITHIN:.0%}", said[-1])
            return
    check(False, "too far apart in each of these: " + "; ".join(said))


bed.main()
