"""A disk that a test can hold up or let fail: a file system in memory behind the kernel's FUSE interface, served by a thread here.

While it is held nothing is answered: whatever needs the disk waits in the kernel, as it does for a disk or an NFS server
that is away, and can be killed there. It stands for a stall of the disk, not for what disks lose then. It speaks the
protocol itself (linux/fuse.h, version 7.31), so that no package is needed: only /dev/fuse and the right to mount.
"""

import ctypes
import errno
import os
import select
import stat
import struct
import threading
import time

from bed_checks import Skip

LOOKUP, FORGET, GETATTR, SETATTR, MKDIR, UNLINK, RMDIR, RENAME = 1, 2, 3, 4, 9, 10, 11, 12
OPEN, READ, WRITE, STATFS, RELEASE, FSYNC, INIT, OPENDIR = 14, 15, 16, 17, 18, 20, 26, 27
READDIR, RELEASEDIR, FSYNCDIR, ACCESS, CREATE, INTERRUPT, DESTROY, BATCH_FORGET, RENAME2 = 28, 29, 30, 34, 35, 36, 38, 42, 45
SILENT = {FORGET, BATCH_FORGET, INTERRUPT}

WRITE_BYTES_MAX = 128 * 1024
REQUEST_BYTES_MAX = WRITE_BYTES_MAX + 4096
SIZE_IS_SET = 1 << 3
MNT_DETACH = 2

_libc = ctypes.CDLL(None, use_errno=True)


class _Node:
    def __init__(self, number, mode):
        self.number = number
        self.mode = mode
        self.children = {}
        self.bytes = bytearray()


class SlowDisk:
    """with SlowDisk(folder) as disk: disk.hold(); ...; disk.let_go()"""

    def __init__(self, folder):
        self.folder = folder
        self._root = _Node(1, stat.S_IFDIR | 0o755)
        self._nodes = {1: self._root}
        self._held = False
        self._failure = 0
        self._ended = False
        self._lock = threading.Lock()
        try:
            self._fd = os.open("/dev/fuse", os.O_RDWR | os.O_NONBLOCK)
        except OSError as error:
            raise Skip(f"/dev/fuse can't be opened: {error}") from None
        os.makedirs(folder)
        options = f"fd={self._fd},rootmode=40000,user_id={os.getuid()},group_id={os.getgid()}".encode()
        if _libc.mount(b"slow", folder.encode(), b"fuse", 0, options) != 0:
            error = os.strerror(ctypes.get_errno())
            os.close(self._fd)
            raise Skip(f"a FUSE file system can't be mounted: {error}")
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.let_go()
        _libc.umount2(self.folder.encode(), MNT_DETACH)
        self._ended = True
        self._thread.join()
        os.close(self._fd)

    def hold(self):
        """From now on nothing is answered; tests do not look into the folder either."""
        with self._lock:
            self._held = True

    def let_go(self):
        self._held = False

    def fail(self, code):
        """Whatever is written from now on fails with it; 0: not any more."""
        self._failure = code

    def is_waited_for(self):
        """Something waits while it is held."""
        return self._held and self._has_request(0)

    # ---- The protocol ----

    def _has_request(self, timeout_s):
        return bool(select.select([self._fd], [], [], timeout_s)[0])

    def _serve(self):
        while not self._ended:
            if self._held or not self._has_request(0.02):
                time.sleep(0.02 if self._held else 0)
                continue
            with self._lock:
                if self._held:
                    continue
                try:
                    request = os.read(self._fd, REQUEST_BYTES_MAX)
                except (BlockingIOError, InterruptedError, FileNotFoundError):
                    continue  # Whoever asked has been killed.
                except OSError:
                    return  # It was unmounted.
                _, operation, unique, node = struct.unpack_from("=IIQQ", request)
                self._answer(operation, unique, node, request[40:])

    def _answer(self, operation, unique, node, body):
        if operation in SILENT:
            return
        try:
            code, answer = 0, self._do(operation, self._nodes.get(node), body)
        except OSError as error:
            code, answer = error.errno, b""
        try:
            os.write(self._fd, struct.pack("=IiQ", 16 + len(answer), -code, unique) + answer)
        except OSError:
            pass  # Who asked is gone.

    def _attributes(self, node):
        now = int(time.time())
        kind = (node.number, len(node.bytes), (len(node.bytes) + 511) // 512, now, now, now, 0, 0, 0, node.mode)
        return struct.pack("=QQQQQQIIIIIIIIII", *kind, 1, os.getuid(), os.getgid(), 0, 4096, 0)

    def _entry(self, node):
        return struct.pack("=QQQQII", node.number, 0, 0, 0, 0, 0) + self._attributes(node)

    @staticmethod
    def _child(parent, name):
        if name not in parent.children:
            raise OSError(errno.ENOENT, "")
        return parent.children[name]

    def _make(self, parent, name, mode):
        if name in parent.children:
            raise OSError(errno.EEXIST, "")
        node = _Node(max(self._nodes) + 1, mode)
        self._nodes[node.number] = node
        parent.children[name] = node
        return node

    def _do(self, operation, node, body):
        if self._failure and operation in (WRITE, FSYNC, CREATE):
            raise OSError(self._failure, "")
        name = body.split(b"\0")[0]
        if operation == INIT:
            return struct.pack("=IIIIHHIIHHI28x", 7, 31, 0, 1 << 5, 16, 12, WRITE_BYTES_MAX, 1, 0, 0, 0)  # BIG_WRITES
        if operation == LOOKUP:
            return self._entry(self._child(node, name))
        if operation == GETATTR:
            return struct.pack("=QII", 0, 0, 0) + self._attributes(node)
        if operation == SETATTR:
            valid, _, _, size = struct.unpack_from("=IIQQ", body)
            if valid & SIZE_IS_SET:
                node.bytes = node.bytes[:size] + bytes(max(0, size - len(node.bytes)))
            return struct.pack("=QII", 0, 0, 0) + self._attributes(node)
        if operation == MKDIR:
            return self._entry(self._make(node, body[8:].split(b"\0")[0], stat.S_IFDIR | 0o755))
        if operation == CREATE:
            made = self._make(node, body[16:].split(b"\0")[0], stat.S_IFREG | 0o644)
            return self._entry(made) + struct.pack("=QII", 0, 0, 0)
        if operation in (UNLINK, RMDIR):
            self._child(node, name)
            del node.children[name]
            return b""
        if operation in (RENAME, RENAME2):
            (target,) = struct.unpack_from("=Q", body)
            old, new = body[8 if operation == RENAME else 16 :].split(b"\0")[:2]
            self._nodes[target].children[new] = self._child(node, old)
            del node.children[old]
            return b""
        if operation in (OPEN, OPENDIR):
            return struct.pack("=QII", 0, 0, 0)
        if operation == READ:
            _, offset, size = struct.unpack_from("=QQI", body)
            return bytes(node.bytes[offset : offset + size])
        if operation == WRITE:
            _, offset, size = struct.unpack_from("=QQI", body)
            node.bytes[offset : offset + size] = body[40 : 40 + size]
            return struct.pack("=II", size, 0)
        if operation == READDIR:
            return self._list(node, *struct.unpack_from("=QQI", body)[1:])
        if operation == STATFS:
            return struct.pack("=QQQQQIIII24x", 1 << 20, 1 << 20, 1 << 20, 1 << 20, 1 << 20, 4096, 255, 4096, 0)
        if operation in (RELEASE, RELEASEDIR, FSYNC, FSYNCDIR, ACCESS, DESTROY):
            return b""
        raise OSError(errno.ENOSYS, "")  # FLUSH too: it would be waited for by who is killed.

    @staticmethod
    def _list(node, offset, size):
        out = b""
        for at, (name, child) in enumerate(list(node.children.items())[offset:], offset + 1):
            one = struct.pack("=QQII", child.number, at, len(name), child.mode >> 12) + name
            one += bytes(-len(one) % 8)
            if len(out) + len(one) > size:
                break
            out += one
        return out
