"""A way to a broker that is known to the byte: a relay that keeps each piece for a set time, one that cuts connections off after
so many bytes, and one that writes down what both sides say. Part of bed.py."""

import collections
import math
import random
import re
import socket
import statistics
import struct
import threading
import time

PIECE_BYTES = 1 << 16
WINDOW_BYTES = 1 << 17  # More than a segment of loopback: below it, TCP waits for its timers.
# What a client of RabbitMQ says of itself in its first bytes: its role stands in its connection's name.
ROLE = re.compile(rb"millrace-[0-9A-Za-z-]+?-(producer|consumer)-\d+")
FIRST_BYTES = 8192


class _Relay:
    """Accepts at a port of loopback, and connects to the broker for each that comes."""

    def __init__(self, port, window_bytes=None):
        """window_bytes: about what the kernel takes in for a connection before it is read; None: as much as it likes."""
        self._to = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        if window_bytes:
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window_bytes)  # Who is accepted has it, too.
        self.port = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self._sockets = set()
        self._start(self._accept)

    @staticmethod
    def _start(target, *arguments):
        threading.Thread(target=target, args=arguments, daemon=True).start()

    def _accept(self):
        while True:
            try:
                near, _ = self._listener.accept()
                far = socket.create_connection(self._to)
            except OSError:  # The relay was closed.
                return
            for one in (near, far):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._sockets |= {near, far}
            self.join(near, far)

    def join(self, near, far):
        raise NotImplementedError

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)  # Wakes who accepts.
        self._listener.close()
        with self._lock:
            for one in self._sockets:
                end(one)


def end(one):
    """Whoever reads or writes there, on either side, is told."""
    try:
        one.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


class Delay(_Relay):
    """A line of set lengths there and back: a piece leaves no sooner than so long after it came, and waits for no other's time."""

    def __init__(self, port, there_s, back_s):
        self._ways = [(there_s, []), (back_s, [])]  # The set length, and how long it really kept each piece.
        super().__init__(port)

    def kept_ns(self):
        """There and back: what pieces were kept for, by the median."""
        return sum(statistics.median(kept) for _, kept in self._ways) * 1e9

    def join(self, near, far):
        for source, sink, way in zip((near, far), (far, near), self._ways):
            line = collections.deque()
            came = threading.Semaphore(0)
            self._start(self._take, source, line, came)
            self._start(self._give, sink, way, line, came)

    @staticmethod
    def _take(source, line, came):
        data = b"."
        while data:
            try:
                data = source.recv(PIECE_BYTES)
            except OSError:
                data = b""
            line.append((time.monotonic(), data))
            came.release()

    @staticmethod
    def _give(sink, way, line, came):
        delay_s, kept = way
        while True:
            came.acquire()
            since, data = line.popleft()
            while (left := since + delay_s - time.monotonic()) > 0:
                time.sleep(left)
            kept.append(time.monotonic() - since)
            try:
                sink.sendall(data)
            except OSError:
                data = b""
            if not data:
                end(sink)
                return


class Scissors(_Relay):
    """Passes bytes on, and cuts the connections of one role off after a drawn number of bytes, wherever in a frame that is: of
    what producers say, or of what consumers are told. Half of them are reset, half are closed. Its window is small: a client that
    says much at once can write a part of it."""

    def __init__(self, port, role, bytes_least, bytes_most, seed, its=None):
        """its: what the first bytes of a client of that role have, where no name in them says its role."""
        self._its = its
        self._role, self._bytes = role.encode(), (math.log(bytes_least), math.log(bytes_most))
        self._draw = random.Random(seed)
        self._cutting = False
        self.cuts = 0
        super().__init__(port, WINDOW_BYTES)

    def cut(self):
        """From now on bytes are counted."""
        self._cutting = True

    def relent(self):
        """No connection is cut any more."""
        self._cutting = False

    def join(self, near, far):
        with self._lock:
            left, resets = int(math.exp(self._draw.uniform(*self._bytes))), self._draw.random() < 0.5
        line = {"first": b"", "is_its": None, "left": left, "resets": resets}
        self._start(self._pass_on, near, far, line, b"producer")
        self._start(self._pass_on, far, near, line, b"consumer")

    def _counts(self, line, data, role):
        """Whether this direction is the one that is counted. Only the client names itself, so its side finds the role."""
        if role == b"producer" and line["is_its"] is None:
            line["first"] += data
            found = (self._its or ROLE).search(line["first"])
            if found or len(line["first"]) > FIRST_BYTES:
                line["is_its"] = found is not None and (self._its is not None or found.group(1) == self._role)
        return self._cutting and line["is_its"] and role == self._role

    def _pass_on(self, source, sink, line, role):
        data = b"."
        try:
            while data:
                data = source.recv(PIECE_BYTES)
                if self._counts(line, data, role):
                    data = data[: line["left"]]
                    line["left"] -= len(data)
                sink.sendall(data)
                if line["left"] == 0:
                    self._cut(source, sink, line)
                    return
        except OSError:
            pass
        for one in (source, sink):
            end(one)

    def _cut(self, source, sink, line):
        self.cuts += 1
        time.sleep(0.001)  # What was passed on is out of the kernel's hands before a reset takes it back.
        for one in (source, sink):
            if line["resets"]:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            end(one)
            one.close()


class Record(_Relay):
    """Passes bytes on, and keeps what both sides of each connection said."""

    def __init__(self, port):
        self.connections = []  # Each: what the client said, what the broker said.
        super().__init__(port)

    def join(self, near, far):
        said = (bytearray(), bytearray())
        self.connections.append(said)
        self._start(self._pass_on, near, far, said[0])
        self._start(self._pass_on, far, near, said[1])

    @staticmethod
    def _pass_on(source, sink, said):
        data = b"."
        try:
            while data:
                data = source.recv(PIECE_BYTES)
                said += data
                sink.sendall(data)
        except OSError:
            pass
        for one in (source, sink):
            end(one)
