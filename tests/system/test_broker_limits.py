"""What a broker takes at most is told before any load, with the sum and what to raise: connections, and the size of a message."""

import time

import bed
from bed import contains, matches, same, test

bed.counts_only()

SHORT = ["{ name: steady, rate: 100/s, for: 1s }"]
# Its own processes need a few of them, too.
FEW_CONNECTIONS = ("kafka", "--set", "max.connections=30", "--set", "max.connections.per.ip=30", "--set", "max.connections.per.ip.overrides=127.0.0.1:20")
SMALL_REQUESTS = ("mosquitto", "--set", "max_packet_size=2000")
FEW_CLIENTS = ("mosquitto", "--set", "max_connections=5")


def scenario_of(backend, broker, clients=2, size="100B"):
    return bed.scenario(
        f'  - {{ backend: {backend}, address: "{broker.address}" }}\n',
        SHORT,
        topology=f"{{ topics: 1, partitions: {clients}, producers: {clients}, consumers: {clients} }}",
        message=f"{{ size: {size} }}",
    )


def run_fails(path):
    """The run's words, and its reason's code; it has sent nothing."""
    folder = bed.new_path("run")
    began = time.monotonic()
    run = bed.millrace("run", path, "--out", folder, code=4)
    bed.check(time.monotonic() - began < 40, "it took longer than its deadlines")
    result = bed.result_of(folder)
    same(sum(flow["sent"] for case in result["cases"] for trial in case["trials"] for flow in trial.get("flows", [])), 0, "messages that were sent")
    return " ".join(run.out.split()), result  # Lines are broken as the terminal is wide.


@test("Kafka's limits of connections are told by doctor and by a run before its load", needs=[FEW_CONNECTIONS])
def kafka_connections(kafka):
    path = scenario_of("kafka", kafka, clients=12)
    said = bed.millrace("doctor", path, code=4).out
    contains(said, "max.connections 30, max.connections.per.ip 20", "doctor's limits")
    matches(said, r"FAIL +case kafka +24 connections from one host are needed, the broker takes 20 \(max.connections.per.ip\): raise it", "doctor")
    said, result = run_fails(path)
    contains(said, "24 connections from one host are needed, the broker takes 20 (max.connections.per.ip): raise it, or use fewer clients", "the run")
    same(result["reasons"][0]["code"], "too_many_clients", "code")
    said, result = run_fails(scenario_of("kafka", kafka, clients=20))
    contains(said, "40 connections are needed, the broker takes 30 (max.connections)", "the run")
    bed.millrace("run", scenario_of("kafka", kafka, clients=2), code=0)


@test("a message that MQTT's Maximum Packet Size does not let through is told before the load", needs=[SMALL_REQUESTS])
def packet_size(mosquitto):
    path = scenario_of("mqtt", mosquitto, size="4KiB")
    said = bed.millrace("doctor", path, code=4).out
    contains(said, "Maximum Packet Size 2,000", "doctor's limits")
    matches(said, r"FAIL +case mqtt +messages of 4,096 bytes are sent, the broker takes 2,000 \(Maximum Packet Size\)", "doctor")
    said, result = run_fails(path)
    same(result["reasons"][0]["code"], "message_too_large", "code")
    contains(said, "messages of 4,096 bytes are sent, the broker takes 2,000 (Maximum Packet Size): raise it, or send smaller ones", "the run")


@test("RabbitMQ's limit of connections, of which it tells nothing before, is named with the sum and the remedy", needs=["rabbitmq"])
def rabbitmq_connections(rabbitmq):
    path = scenario_of("rabbitmq", rabbitmq, clients=10)
    rabbitmq.ask("ctl", "set_vhost_limits", "-p", "/", '{"max-connections": 12}')
    try:
        said, result = run_fails(path)
    finally:
        rabbitmq.ask("ctl", "clear_vhost_limits", "-p", "/")
    matches(said, r"connection limit \(12\) is reached.*raise max-connections with rabbitmqctl set_vhost_limits.*this case needs 20 connections", "the run")
    same(result["reasons"][0]["code"], "too_many_clients", "code")
    contains(bed.millrace("doctor", path).out, "frame_max 131,072, channel_max 2,047", "doctor's limits")


@test("Mosquitto's limit of connections, which it enforces and does not tell, is named with the sum and the remedy", needs=[FEW_CLIENTS])
def mosquitto_connections(mosquitto):
    said, _ = run_fails(scenario_of("mqtt", mosquitto, clients=10))
    matches(said, r"closed the connection of client \d+ of \d+ at its login.*limit of connections is reached: raise it \(Mosquitto: max_connections\).*needs 20 connections", "the run")
    bed.millrace("run", scenario_of("mqtt", mosquitto, clients=2), code=0)


bed.main()
