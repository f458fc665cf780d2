"""Reads Millrace's .hlog files (V2 compressed histograms of 3 digits), with no code shared."""

import base64
import struct
import zlib

_HALF = 1024  # Sub-buckets of a bucket beyond the first, with 3 digits.


def _value(index):
    bucket, rest = divmod(index, _HALF)
    return rest if bucket == 0 else (_HALF + rest) << (bucket - 1)


def _counts(payload):
    """Pairs of value and count of one histogram."""
    at, index = 0, 0
    while at < len(payload):
        number, shift = 0, 0
        while True:  # LEB128, at most nine bytes, the ninth whole.
            byte = payload[at]
            at += 1
            number |= (byte if shift == 56 else byte & 0x7F) << shift
            shift += 7
            if shift == 63 or byte < 0x80:
                break
        count = (number >> 1) ^ -(number & 1)  # ZigZag.
        if count < 0:
            index -= count
        else:
            if count:
                yield _value(index), count
            index += 1


def samples(path, tag):
    """{value: count} of all lines with that tag."""
    found = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            if not line.startswith(f"Tag={tag},"):
                continue
            packed = base64.b64decode(line.rstrip("\n").split(",")[4])
            plain = zlib.decompress(packed[8:])
            length = struct.unpack(">I", plain[4:8])[0]
            for value, count in _counts(plain[40 : 40 + length]):
                found[value] = found.get(value, 0) + count
    return found


def percentile(found, share):
    wanted = share * sum(found.values())
    for value in sorted(found):
        wanted -= found[value]
        if wanted <= 0:
            return value
    return None
