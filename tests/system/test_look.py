"""What a broker does not allow is told before any load: doctor, and a run's first step, do once what a run does."""

import signal
import time

import bed
from bed import contains, matches, same, test

bed.counts_only()

SHORT = ["{ name: steady, rate: 200/s, for: 1s }"]
USER = "limited"
PASSWORD = "not-much"
LOGIN = ', auth: { username: limited, password: "${LOOK_PASSWORD}" }'
READ_ONLY = ("mosquitto", "--acl", "read")
WRITE_ONLY = ("mosquitto", "--acl", "write")
NOTHING = "^$"
ALL = ".*"


def scenario_of(rabbitmq, login=LOGIN):
    return bed.scenario(f'  - {{ backend: rabbitmq, address: "{rabbitmq.address}"{login} }}\n', SHORT)


def doctor(path, code):
    return bed.millrace("doctor", path, code=code, env={"LOOK_PASSWORD": PASSWORD}).out


# Queues are made with configure, written through the default exchange with write, and read with read.
@test("each permission that is missing on RabbitMQ is told by the step that needs it, and nothing is left", needs=["rabbitmq"])
def permissions(rabbitmq):
    rabbitmq.ask("ctl", "add_user", USER, PASSWORD)
    path = scenario_of(rabbitmq)
    for configure, write, read, stage in [
        (NOTHING, ALL, ALL, "make a topic"),
        (ALL, NOTHING, ALL, "make a topic|write a message|have a message confirmed"),
        (ALL, ALL, NOTHING, "make a topic|open a consumer"),
    ]:
        rabbitmq.ask("ctl", "set_permissions", "-p", "/", USER, configure, write, read)
        said = doctor(path, 4)
        matches(said, rf"FAIL +target rabbitmq +not allowed: can't ({stage}): .*(ACCESS_REFUSED|refused)", f"doctor with {configure} {write} {read}")
        same([name for name in rabbitmq.topics() if "look" in name], [], "what is left")
    # A run says so before it sends anything.
    folder = bed.new_path("run")
    run = bed.millrace("run", path, "--out", folder, code=4, env={"LOOK_PASSWORD": PASSWORD})
    matches(run.out + run.err, r"not allowed.*can't", "the run")
    same(sum(len(case["trials"]) for case in bed.result_of(folder)["cases"]), 0, "trials")
    rabbitmq.ask("ctl", "set_permissions", "-p", "/", USER, ALL, ALL, ALL)
    contains(doctor(path, 0), "a message was written, read and removed", "doctor with all permissions")
    same([name for name in rabbitmq.topics() if "look" in name], [], "what is left")


@test("an alarm of RabbitMQ is told before the load, in time", needs=["rabbitmq"])
def alarm(rabbitmq):
    path = scenario_of(rabbitmq, "")
    rabbitmq.ask("ctl", "set_vm_memory_high_watermark", "0.00001")
    began = time.monotonic()
    try:
        said = doctor(path, 4)
    finally:
        rabbitmq.ask("ctl", "set_vm_memory_high_watermark", "0.6")
    matches(said, r"FAIL +target rabbitmq +not allowed: can't .*(blocked|low on memory)", "doctor")
    bed.check(time.monotonic() - began < 45, "it took longer than its deadlines")


# Mosquitto that lets nobody read: the message is confirmed, and never comes.
@test("Ctrl-C during a look that waits for its message calls it back, and the run ends in order", needs=[WRITE_ONLY])
def called_back(mosquitto):
    folder = bed.new_path("run")
    run = bed.start("run", bed.scenario(f'  - {{ backend: mqtt, address: "{mosquitto.address}" }}\n', SHORT), "--out", folder)
    run.says("detecting targets")
    time.sleep(1.5)  # It has 15 s; whether it waits already changes nothing.
    began = time.monotonic()
    run.signal(signal.SIGINT)
    run.ends(130, 40)
    took = time.monotonic() - began
    bed.check(took < 10, f"it took {took:.1f} s")  # 5 s, and a host that is busy.
    bed.check("left behind" not in run.err, f"it was not called back:\n{run.err}")


SMALL_MESSAGES = ("rabbitmq", "--set", "max_message_size=20000")


@test("a look's message is as large as the scenario's largest: what the broker refuses is told before the load", needs=[SMALL_MESSAGES])
def large_message(rabbitmq):
    target = f'  - {{ backend: rabbitmq, address: "{rabbitmq.address}" }}\n'
    said = doctor(bed.scenario(target, SHORT, message="{ size: 30000B }"), 4)
    matches(said, r"not allowed: can't have a message confirmed: .*message size 30000 is larger than .*20000", "doctor")
    contains(doctor(bed.scenario(target, SHORT, message="{ size: 10000B }"), 0), "a message was written, read and removed", "doctor")


ONLY_AT_MOST_ONCE = ("mosquitto", "--set", "max_qos=0")


@test("a look asks for the acknowledgements of the scenario's flows, no more", needs=[ONLY_AT_MOST_ONCE])
def asked(mosquitto):
    target = f'  - {{ backend: mqtt, address: "{mosquitto.address}" }}\n'
    said = doctor(bed.scenario(target, SHORT, delivery="{ publish_ack: all }"), 4)
    contains(said, "Maximum QoS 0", "doctor's limits")
    matches(said, r"FAIL +target mqtt +not allowed: can't \S+", "doctor")
    said = doctor(bed.scenario(target, SHORT, delivery="{ publish_ack: none, consume_ack: none }"), 0)
    contains(said, "a message was written, read and removed", "doctor")


# Mosquitto lets anybody subscribe and then delivers nothing: only the reading shows it.
@test("what Mosquitto's access list forbids is told by its step", needs=[READ_ONLY, WRITE_ONLY])
def access_list(read_only, write_only):
    for mosquitto, stage in [(read_only, "have a message confirmed"), (write_only, "read a message")]:
        path = bed.scenario(f'  - {{ backend: mqtt, address: "{mosquitto.address}" }}\n', SHORT)
        matches(doctor(path, 4), rf"FAIL +target mqtt +not allowed: can't {stage}: \S+", "doctor")


@test("a broker that allows everything is looked at once by a run, and nothing is left", needs=["rabbitmq", "kafka", "mosquitto"])
def allowed(rabbitmq, kafka, mosquitto):
    targets = "".join(
        f'  - {{ backend: {backend}, address: "{broker.address}" }}\n'
        for backend, broker in [("rabbitmq", rabbitmq), ("kafka", kafka), ("mqtt", mosquitto)]
    )
    targets += f'  - {{ backend: rabbitmq, label: quorum, address: "{rabbitmq.address}", options: {{ queue_type: quorum }} }}\n'
    said = bed.millrace("doctor", bed.scenario(targets, SHORT)).out
    same(said.count("a message was written, read and removed"), 4, "targets that were looked at")
    for broker in (rabbitmq, kafka):
        same([name for name in broker.topics() if "look" in name], [], f"what is left on {broker.kind}")


bed.main()
