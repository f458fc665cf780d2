"""A link that a test can cut, hold up or slow down: a relay between whoever connects and a port of this host. Part of bed.py."""

import socket
import struct
import threading
import time

CHUNK_BYTES = 1 << 16


class Link:
    """Passes bytes on both ways. rewrite: changes what the far end says, as a broker that tells where it is to be found."""

    def __init__(self, port, rewrite=None):
        self._to = ("127.0.0.1", port)
        self._rewrite = rewrite or (lambda data: data)
        self._open = threading.Event()
        self._open.set()
        self._down = False
        self._ended = False
        self._slow_s = 0
        self._lock = threading.Lock()
        self._connections = set()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self._listener.getsockname()[1]
        self._start(self._accept)

    @staticmethod
    def _start(target, *arguments):
        threading.Thread(target=target, args=arguments, daemon=True).start()

    def _accept(self):
        while not self._ended:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            self._start(self._connect, near)

    def _connect(self, near):
        """While nothing passes, a connection is one as far as TCP goes, and never a word."""
        self._open.wait()
        try:
            far = None if self._down else socket.create_connection(self._to)
        except OSError:  # Nobody listens there: who dialled dials again.
            far = None
        if far is None:
            near.close()
            return
        for one in (near, far):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._lock:
            self._connections |= {near, far}
        self._start(self._pass_on, near, far, lambda data: data)
        self._start(self._pass_on, far, near, self._rewrite)

    def _pass_on(self, source, sink, change):
        try:
            while data := source.recv(CHUNK_BYTES):
                self._open.wait()
                if self._slow_s > 0:
                    time.sleep(self._slow_s)
                sink.sendall(change(data))
        except OSError:
            pass
        for one in (source, sink):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        with self._lock:
            self._connections.discard(source)
        source.close()

    def cut(self):
        """Resets every connection; who connects from now on is served."""
        with self._lock:
            for one in self._connections:
                try:
                    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    one.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def down(self):
        """Resets every connection, and refuses who connects, until it is mended."""
        self._down = True
        self.cut()

    def stall(self):
        """Nothing passes, and no connection breaks, until it is mended."""
        self._open.clear()

    def slow(self, seconds):
        """Each piece takes that long, either way."""
        self._slow_s = seconds

    def mend(self):
        self._down, self._slow_s = False, 0
        self._open.set()

    def close(self):
        if self._ended:
            return
        self._ended = True
        self.mend()
        self._listener.shutdown(socket.SHUT_RDWR)  # Wakes who accepts.
        self._listener.close()
        self.cut()
