"""Messages of mixed sizes with keys on real brokers: all of them arrive, they are the same ones everywhere, and Kafka has
each key where its own clients would put it."""

import re
import shutil
import subprocess

import bed
from bed import check, same, test

bed.counts_only()

MIX = "{ size: { mix: [ { size: 256, weight: 70 }, { size: 4KiB..64KiB, weight: 30 } ] }, keys: { count: 100, distribution: zipf } }"
MIX_MEAN = 0.7 * 256 + 0.3 * (4 + 64) / 2 * 1024
TOPOLOGY = "{ topics: 2, partitions: 4, producers: 3, consumers: 2, subscriptions: 2 }"
# What is sent late is counted in the second after the load; a drain that is over sooner would have no rates.
PHASES = ["{ name: steady, rate: 500/s, for: 4s }", "{ name: still, rate: none, for: 2s }", "{ name: drain, rate: none, until: drained, for: 60s }"]
MESSAGES = 2000


def murmur2(data):
    """As Kafka's clients have it (org.apache.kafka.common.utils.Utils.murmur2), written a second time."""
    whole = 0xFFFFFFFF
    result = 0x9747B28C ^ len(data)
    end = len(data) // 4 * 4
    for at in range(0, end, 4):
        word = int.from_bytes(data[at : at + 4], "little") * 0x5BD1E995 & whole
        word = (word ^ word >> 24) * 0x5BD1E995 & whole
        result = result * 0x5BD1E995 & whole ^ word
    if data[end:]:
        result = (result ^ int.from_bytes(data[end:], "little")) * 0x5BD1E995 & whole
    result = (result ^ result >> 13) * 0x5BD1E995 & whole
    return result ^ result >> 15


@test("a mix of sizes with keys is the same on every broker, and all of it arrives", needs=["rabbitmq", "kafka", "mosquitto"])
def mix_everywhere(rabbitmq, kafka, mosquitto):
    folder = bed.new_path("mix")
    path = bed.scenario("memory", PHASES, message=MIX, topology=TOPOLOGY)
    bed.millrace(
        "run", path, "--out", folder, "--seed", "7", "--target", "memory", "--target", f"rabbitmq={rabbitmq.address}",
        "--target", f"kafka={kafka.address}", "--target", f"mqtt={mosquitto.address}", timeout_s=150,
    )  # fmt: skip
    result = bed.result_of(folder)
    bed.audit_holds(result)
    sent_bytes = {}
    for case in result["cases"]:
        same(case["status"], "measured", case["name"])
        same(bed.total(case, "sent"), MESSAGES, f"messages to {case['name']}")
        same(bed.total(case, "received"), 2 * MESSAGES, f"messages from {case['name']}")
        same(bed.total(case, "lost") + bed.total(case, "corrupted"), 0, f"lost or damaged on {case['name']}")
        # What was sent late for its phase still is of it.
        sent_bytes[case["name"]] = round(
            sum(row["rates"].get("sent_bytes_per_s", 0) * row["duration_ns"] / 1e9 for row in bed.rows(case))
        )
    same(len(sent_bytes), 4, "targets")
    same(len(set(sent_bytes.values())), 1, f"different sums of bytes in {sent_bytes}")
    # The mean of 2000 draws has a standard deviation of 4 %.
    mean = sent_bytes["memory"] / MESSAGES
    check(abs(mean / MIX_MEAN - 1) < 0.2, f"mean size {mean} is not near {MIX_MEAN}")


@test("Kafka has the keys, each in the partition that its own clients would choose", needs=["kafka"])
def keys_in_kafka(kafka):
    if not shutil.which("kcat"):
        raise bed.Skip("kcat is not installed (package kcat)")
    same(murmur2(b"foobar"), -790332482 & 0xFFFFFFFF, "murmur2 of this test, by Kafka's own vector")
    plain = kafka.ask("plain")
    path = bed.scenario(
        f"  - {{ backend: kafka, address: '{kafka.address}' }}\n",
        ["{ name: steady, rate: 500/s, for: 3s }", "{ name: still, rate: none, for: 8s }"],  # For kcat to come and read.
        message=MIX,
        topology="{ partitions: 8, producers: 2, consumers: 1 }",
    )
    before = set(kafka.topics())
    run = bed.start("run", path, "--out", bed.new_path("keys"))
    # The look before the load has a topic of its own.
    topics = bed.wait_until(
        lambda: {name for name in set(kafka.topics()) - before if "-look-" not in name}, "the run's topic is there"
    )
    read = subprocess.run(
        ["kcat", "-b", plain, "-C", "-t", topics.pop(), "-o", "beginning", "-c", "1000", "-q", "-f", "%k %p %S\n"],
        capture_output=True, text=True, timeout=bed.LONG_S, check=True,
    )  # fmt: skip
    rows = re.findall(r"^(k\d{7}) (\d+) (\d+)$", read.stdout, re.M)
    same(len(rows), 1000, f"messages with a key of\n{read.stdout[:500]}")
    for key, partition, size in rows:
        same(int(partition), (murmur2(key.encode()) & 0x7FFFFFFF) % 8, f"partition of {key}")
        check(int(size) == 256 or 4096 <= int(size) <= 65536, f"a message has {size} bytes")
    counts = {}
    for key, _, _ in rows:
        counts[key] = counts.get(key, 0) + 1
    # Zipf over 100 keys: the first is that of 19 % of the messages, a tenth of the keys that of half of them.
    same(max(counts, key=counts.get), "k0000000", "busiest key")
    check(set(counts) <= {f"k{key:07}" for key in range(100)}, f"keys beyond the hundred: {sorted(counts)}")
    run.ends(0, 120)


bed.main()
