"""RabbitMQ at a rate, beside bare C loops that wake as often: what pacing costs by its wake-ups alone.

    tests/bench/run floors --rate 10000 --bytes 256

One producer and one consumer, confirms. The bare loop (bare_rabbitmq_paced.c) is one thread that sleeps to the time of each
message, sends it and reads both ends once, or does so at each tick of 200 us or 1 ms, as Millrace with `pacing: coalesce`. CPU
time a message of that process, and of Millrace's coordinator and agent together; in turn (A B, B A), medians with least and
most. Where a side sent less than 99 % of the rate, that is told: its CPU time says little. The p99 of send_lag stands beside,
as a cheap message may be a late one.
"""
import re
import statistics
import subprocess

import meter
from bench import Broken, Skipped, broker

BYTES = 256
TICKS = {"exact": 0, "200us": 200, "1ms": 1000}
SCENARIO = """millrace: 1
name: floors
targets: [ {{ backend: rabbitmq, address: "{address}" }} ]
message: {{ size: {bytes} }}
delivery: {{ publish_ack: all, persistent: false }}
"""


def bare(programs, address, rate, size, tick_us, seconds):
    done = subprocess.run([programs / "bare_rabbitmq_paced", address, "confirm", str(seconds), str(size), "1000", str(rate),
                           str(tick_us)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    fields = dict(re.findall(r"(\w+)=(\S+)", done.stdout))
    if done.returncode != 0 or "rate_per_s" not in fields:
        raise Broken(f"bare_rabbitmq_paced: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return float(fields["rate_per_s"]), float(fields["cpu_ns_per_message"]) / 1e3


def millrace(programs, address, pacing, load):
    rate, size, seconds = load
    ticks = "" if pacing == "exact" else f"pacing: {{ coalesce: {pacing} }}\n"
    scenario = SCENARIO.format(address=address, bytes=size) + ticks + meter.phases(f"{rate}/s", seconds)
    found = meter.millrace(programs, scenario, seconds)
    return found["received_per_s"], found["cpu_s_per_s"] * 1e6 / found["received_per_s"], found["lag_p99_us"]


def spread(values, digits):
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def measure(programs, address, pacing, options):
    rate, size, seconds, rounds = options
    floors, ours = [], []
    for i in range(rounds):
        for own in ((False, True) if i % 2 == 0 else (True, False)):
            if not own:
                floors.append(bare(programs, address, rate, size, TICKS[pacing], seconds))
            else:
                ours.append(millrace(programs, address, pacing, (rate, size, seconds)))
    short = [f"{who} attained {min(one[0] for one in found):,.0f}/s" for who, found in (("bare", floors), ("millrace", ours))
             if min(one[0] for one in found) < 0.99 * rate]
    cells = [pacing, spread([one[1] for one in floors], 1), spread([one[1] for one in ours], 1),
             spread([mine[1] / theirs[1] for mine, theirs in zip(ours, floors)], 2), spread([one[2] for one in ours], 0)]
    print(f"{cells[0]:<8}{cells[1]:<25}{cells[2]:<25}{cells[3]:<22}{cells[4]}{'; ' if short else ''}{', '.join(short)}", flush=True)


def run(programs, rate, size, seconds, rounds):
    """The exit code."""
    try:
        if not (programs / "bare_rabbitmq_paced").exists():
            raise Skipped("rabbitmq-c is not installed")
        with broker(programs, "rabbitmq") as address:
            print(f"RabbitMQ, {rate}/s, {size} B, confirms, 1 producer and 1 consumer, {seconds} s, medians of {rounds} rounds")
            print(f"{'pacing':<8}{'bare us CPU a message':<25}{'millrace us':<25}{'ratio':<22}send_lag p99 us", flush=True)
            for pacing in TICKS:
                measure(programs, address, pacing, (rate, size, seconds, rounds))
    except Skipped as why:
        print(f"floors: skipped: {why}")
    except Broken as why:
        print(f"floors: broke: {why}")
        return 1
    return 0
