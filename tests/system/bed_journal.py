"""The journal of a run, read with no code of Millrace's: what its agents said of themselves, second by second."""

import struct
from collections import defaultdict

_FIXED = {0x01: "<d", 0x08: "<?", 0x09: "<q", 0x10: "<i", 0x12: "<q"}


def _document(data, at):
    """(a BSON document as a dict, where the next one begins); binary values are left out."""
    end = at + struct.unpack_from("<i", data, at)[0]
    at += 4
    found = {}
    while data[at] != 0:
        kind = data[at]
        stop = data.index(0, at + 1)
        key, at = data[at + 1 : stop].decode(), stop + 1
        if kind in _FIXED:
            (found[key],) = struct.unpack_from(_FIXED[kind], data, at)
            at += struct.calcsize(_FIXED[kind])
        elif kind in (0x03, 0x04):
            found[key], at = _document(data, at)
            found[key] = list(found[key].values()) if kind == 0x04 else found[key]
        elif kind in (0x02, 0x05):
            length = struct.unpack_from("<i", data, at)[0]
            found[key] = data[at + 4 : at + 3 + length].decode() if kind == 0x02 else None
            at += length + (4 if kind == 0x02 else 5)
        else:
            assert kind == 0x0A, f"BSON of type {kind}"
            found[key] = None
    return found, end


def documents(path):
    """Those that are whole: of a run that was killed the last one may be half."""
    with open(path, "rb") as file:
        data = file.read()
    at = 0
    while at + 4 <= len(data) and at + struct.unpack_from("<i", data, at)[0] <= len(data):
        document, at = _document(data, at)
        yield document


class Second:
    """What an agent said of one second, in ns."""

    def __init__(self):
        self.host = 0  # A load thread was ready, and the host ran something else: others, or another virtual machine.
        self.call = 0  # The longest call into a driver.


def seconds(path):
    """{agent: {second: Second}}; a figure that a host does not tell is no excuse."""
    found = defaultdict(lambda: defaultdict(Second))
    for one in documents(path):
        if one["kind"] != "snapshot":
            continue
        health = one["health"]
        second = found[one.get("agent", 0)][one.get("interval", 0)]
        taken = [health.get(key, 0) for key in ("load_wait_ns", "steal_ns", "throttled_ns")]
        second.host += sum(ns for ns in taken if ns > 0)
        calls = [row.get("latency_ns", {}).get("call", {}).get("max_ns", 0) for row in one["rows"]]
        second.call = max([second.call, health.get("driver_ns_max", 0), *calls])
    return found
