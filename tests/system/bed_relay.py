"""A relay before a broker, that lets the connections of one client go wrong: the rest of them goes on as ever."""

import re
import select
import socket
import struct
import threading

# What a client says of itself in its first bytes: MQTT's client id, RabbitMQ's connection name, Kafka's client.id. All stand
# behind their length.
NAMES = re.compile(rb"(..)(millrace-[0-9A-Za-z-]+)", re.S)
FIRST_BYTES = 8192


class Line:
    """One connection: a client's side and the broker's."""

    def __init__(self, client, broker):
        self.client, self.broker = client, broker
        self.first = b""
        self.silent = False

    @property
    def name(self):
        found = NAMES.search(self.first)
        return found.group(2)[: struct.unpack(">H", found.group(1))[0]].decode() if found else ""

    def close(self):
        for one in (self.client, self.broker):
            one.close()


class Relay:
    def __init__(self, port):
        self._to = ("127.0.0.1", port)
        self._lines = {}
        self._lock = threading.Lock()
        self._accepting = True
        self._ended = False
        self._kept = []
        self._full = False  # Nobody accepts, and the kernel has room for nobody more: it drops what asks for a connection.
        self.unanswered = 0
        self.accepted = 0
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _accept(self):
        client, _ = self._listener.accept()
        self.accepted += 1
        if not self._accepting:
            self.unanswered += 1
            self._kept.append(client)  # Connected as far as TCP goes, and never a word.
            return
        line = Line(client, socket.create_connection(self._to))
        for one in (line.client, line.broker):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._lines[one] = line

    def _pump(self, source):
        line = self._lines[source]
        to = line.broker if source is line.client else line.client
        try:
            data = source.recv(1 << 18)
            if data and source is line.client and len(line.first) < FIRST_BYTES:
                line.first += data[:FIRST_BYTES]
            if data and source is line.broker:
                # Kafka's broker tells where it is to be found: here.
                data = data.replace(b"127.0.0.1" + struct.pack(">i", self._to[1]), b"127.0.0.1" + struct.pack(">i", self.port))
            if data:
                to.sendall(data)
                return
        except OSError:
            pass
        self._drop(line)

    def _drop(self, line):
        for one in (line.client, line.broker):
            self._lines.pop(one, None)
        line.close()

    def _run(self):
        while not self._ended:
            with self._lock:
                watched = [one for one, line in self._lines.items() if not line.silent]
                watched += [] if self._full else [self._listener]
            ready, _, _ = select.select(watched, [], [], 0.02)
            with self._lock:
                for one in ready:
                    if one is self._listener:
                        self._accept()
                    elif one in self._lines and not self._lines[one].silent:
                        self._pump(one)

    def names(self):
        with self._lock:
            return sorted({line.name for line in self._lines.values() if line.name})

    def _of(self, name):
        return {line for line in self._lines.values() if line.name == name}

    def silence(self, name):
        """Its connection stays, takes what TCP takes, and never says a word again."""
        with self._lock:
            for line in self._of(name):
                line.silent = True

    def reset(self, name):
        """Its connection is reset, and whoever connects from now on gets no answer."""
        with self._lock:
            self._accepting = False
            for line in self._of(name):
                line.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self._drop(line)

    def black_hole(self, name):
        """Its host is gone: its connection stays and says nothing, and whoever connects from now on is not even refused."""
        with self._lock:
            self._accepting = False
            self._full = True
            for line in self._of(name):
                line.silent = True
            self._listener.listen(0)
            for _ in range(8):
                one = socket.socket()
                one.settimeout(0.05)
                self._kept.append(one)
                try:
                    one.connect(("127.0.0.1", self.port))
                except TimeoutError:
                    return
            raise AssertionError("the accept queue of the relay takes everybody")

    def relent(self):
        """Whoever connects from now on is served; who was silenced remains so."""
        with self._lock:
            self._listener.listen(512)
            self._accepting, self._full = True, False

    def silence_all(self):
        """The broker's host is gone, as far as anybody can tell."""
        with self._lock:
            self._accepting = False
            for line in self._lines.values():
                line.silent = True

    def close(self):
        self._ended = True
        self._thread.join()
        for line in set(self._lines.values()):
            line.close()
        for one in [self._listener, *self._kept]:
            one.close()
