"""What the programs of this folder share: the build, brokers to measure beside, and what can go wrong."""
import contextlib
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = {"rabbitmq": "rabbitmq", "mqtt": "mosquitto", "kafka": "kafka"}


class Broken(Exception):
    """Something that is not speed."""


class Skipped(Exception):
    """What is not installed here."""


def build():
    build_dir = ROOT / "build"
    subprocess.run(["cmake", "-G", "Ninja", "-S", ROOT, "-B", build_dir, "-DBUILD_TESTING=ON"],
                   check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["cmake", "--build", build_dir, "--target", "bench", "--", "--quiet"], check=True)
    return build_dir / "bin"


@contextlib.contextmanager
def mock_cluster(programs):
    with subprocess.Popen([programs / "kafka_mock"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True) as running:
        try:
            yield running.stdout.readline().strip()
        finally:
            running.stdin.close()  # It ends by that.


@contextlib.contextmanager
def broker(programs, driver):
    """The address of a broker that lives as long as this; "" for the memory broker, which is in the agents."""
    if driver == "kafka-mock":
        with mock_cluster(programs) as address:
            yield address
        return
    if driver not in SCRIPTS:
        yield ""
        return
    script = ROOT / "deploy" / "brokers" / SCRIPTS[driver]
    started = subprocess.run([script, "start"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if started.returncode != 0:
        raise Skipped((started.stderr.strip().splitlines() or ["the broker did not start"])[-1])
    try:
        yield started.stdout.strip()
    finally:
        subprocess.run([script, "stop", started.stdout.strip()], check=False, stderr=subprocess.DEVNULL)
