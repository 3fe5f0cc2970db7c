"""A load generator that costs little itself: a few kept-alive connections, one request at a time on each."""

import itertools
import selectors
import socket
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Load:
    """What came of it; times in milliseconds."""

    per_second: float
    median: float
    p99: float


class _Connection:
    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = b""
        self.sent_at = 0.0

    def ask(self, request: bytes) -> None:
        self.received = b""
        self.sent_at = time.perf_counter()
        self.socket.sendall(request)

    def has_answer(self) -> bool:
        chunk = self.socket.recv(1 << 20)
        assert chunk, "the server hung up"
        self.received += chunk
        head, found, body = self.received.partition(b"\r\n\r\n")
        if not found:
            return False
        lowered = head.lower()
        assert lowered.startswith(b"http/1.1 200"), head
        length = int(lowered.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
        return len(body) >= length


def request(path: str, **headers: str) -> bytes:
    """A GET request as it is sent."""
    lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode()


def run(port: int, requests: Sequence[bytes], *, connections: int, seconds: float) -> Load:
    """Send the requests in turn, over and over; every answer must be 200."""
    import_locks = itertools.cycle(requests)
    times: list[float] = []
    start = time.perf_counter()
    with selectors.DefaultSelector() as selector:
        for _ in range(connections):
            connection = _Connection(port)
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            connection.ask(next(import_locks))
        under_way = connections
        while under_way:
            for key, _ in selector.select():
                connection = key.data
                if not connection.has_answer():
                    continue
                moment = time.perf_counter()
                times.append((moment - connection.sent_at) * 1000)
                if moment - start < seconds:
                    connection.ask(next(import_locks))
                else:
                    selector.unregister(connection.socket)
                    connection.socket.close()
                    under_way -= 1
    elapsed = time.perf_counter() - start
    ordered = sorted(times)
    return Load(len(times) / elapsed, statistics.median(ordered), ordered[int(len(ordered) * 0.99)])
