"""What one connection can do to a server on which others work, seen from a socket."""

import json
import socket
import threading
import time
from contextlib import ExitStack
from urllib.parse import urlsplit

import httpx
import pytest

from kinso.web.connections import BODY_SECONDS, HEAD_SECONDS, LARGEST_HEAD

pytestmark = pytest.mark.xdist_group("running")

HUGE = 20_000_000
QUICK = 1.0
"""Seconds that somebody else may wait meanwhile, on a machine that runs other tests as well."""
REFUSED = {400, 408, 413, 414, 431}


def connect(running):
    address = urlsplit(running.address)
    return socket.create_connection((address.hostname, address.port), timeout=BODY_SECONDS + 30)


def send_until_refused(connection, first, piece, how_many):
    """How many bytes were taken before the answer came or the connection ended."""
    sent = 0
    try:
        connection.sendall(first)
        for _ in range(how_many):
            connection.setblocking(False)
            try:
                if connection.recv(1, socket.MSG_PEEK):
                    break
            except BlockingIOError:
                pass
            finally:
                connection.settimeout(30)
            connection.sendall(piece)
            sent += len(piece)
    except (BrokenPipeError, ConnectionResetError):
        pass
    return sent


def answer_of(connection):
    """Everything that comes until the server closes the connection."""
    answer = b""
    try:
        while piece := connection.recv(65536):
            answer += piece
    except ConnectionResetError:
        pass
    return answer


def status_of(answer):
    return int(answer.split(b" ", 2)[1]) if answer else None


def envelope_of(answer):
    return json.loads(answer.partition(b"\r\n\r\n")[2])


PIECE = b"a" * 16_384
# Of the right type: what is of another one may be answered before the body ends.
CHUNKED = b"""POST /api/auth/login HTTP/1.1\r
Host: x\r
Content-Type: application/json\r
Transfer-Encoding: chunked\r
\r
"""
HEADS = {
    "one header": (b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: ", PIECE),
    "one name of a header": (b"GET / HTTP/1.1\r\nHost: x\r\n", PIECE),
    "very many headers": (b"GET / HTTP/1.1\r\nHost: x\r\n", b"X-One: 1\r\n" * 1600),
    "a cookie of the API": (b"GET /api/customers HTTP/1.1\r\nHost: x\r\nCookie: kinso_session=", PIECE),
    "the request line": (b"GET /", PIECE),
    "a websocket": (b"GET /_stcore/stream HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nX-Long: ", PIECE),
    "what comes after a body": (
        CHUNKED + b"0\r\n",
        b"X-One: 1\r\n" * 1600,
    ),
    "the length of a piece": (
        CHUNKED + b"1;",
        PIECE,
    ),
}


@pytest.mark.parametrize(("first", "piece"), HEADS.values(), ids=HEADS)
def test_what_is_too_large_is_refused_before_it_is_read_further(running, first, piece):
    with connect(running) as connection:
        sent = send_until_refused(connection, first, piece, HUGE // len(piece))
        answer = answer_of(connection)
    assert sent < HUGE / 2
    assert status_of(answer) in REFUSED
    assert envelope_of(answer)["success"] is False


def test_a_head_at_the_limit_is_read_and_one_beyond_it_refused(running):
    def ask(size):
        with connect(running) as connection:
            connection.sendall(b"GET /api/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Long: ")
            connection.sendall(b"a" * size + b"\r\n\r\n")
            return status_of(answer_of(connection))

    assert ask(LARGEST_HEAD - 200) == 200
    assert ask(LARGEST_HEAD + 200) == 431


def test_two_hundred_headers_are_read_and_more_are_refused(running):
    def ask(number):
        with connect(running) as connection:
            lines = b"".join(b"X-%d: 1\r\n" % one for one in range(number - 2))
            connection.sendall(b"GET /api/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + lines + b"\r\n")
            return status_of(answer_of(connection))

    assert (ask(200), ask(201)) == (200, 431)


def test_nobody_waits_while_somebody_sends_huge_headers(running):
    stop = threading.Event()

    def attack():
        while not stop.is_set():
            with connect(running) as connection:
                send_until_refused(connection, b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: ", b"a" * 1_000_000, 60)

    attackers = [threading.Thread(target=attack) for _ in range(2)]
    waited = []
    try:
        for attacker in attackers:
            attacker.start()
        with httpx.Client(base_url=running.address) as browser:
            for _ in range(20):
                began = time.monotonic()
                assert browser.get("/api/health").status_code == 200
                waited.append(time.monotonic() - began)
    finally:
        stop.set()
        for attacker in attackers:
            attacker.join(30)
    assert sorted(waited)[-2] < QUICK


def drip(connection, stop):
    """Send a byte a second until the server has enough of it."""
    while not stop.wait(1):
        try:
            connection.sendall(b"a")
        except OSError:
            return


SLOW = {
    "nothing": (b"", HEAD_SECONDS),
    "a head": (b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ", HEAD_SECONDS),
    "the head of a websocket": (b"GET /_stcore/stream HTTP/1.1\r\nUpgrade: websocket\r\nX-Slow: ", HEAD_SECONDS),
    "a body of the API": (
        b"POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{",
        BODY_SECONDS,
    ),
    "a body of a form": (
        b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        b"Content-Length: 900\r\n\r\na=",
        BODY_SECONDS,
    ),
    "a body that nobody reads": (b"PUT /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\na", BODY_SECONDS),
}


def test_slow_requests_come_to_an_end_and_nobody_else_waits_for_them(running):
    stop = threading.Event()
    with ExitStack() as stack:
        opened = {}
        for name, (first, patience) in SLOW.items():
            for each in range(20):
                connection = stack.enter_context(connect(running))
                connection.sendall(first)
                opened[name, each] = (connection, patience)
        began = time.monotonic()
        drips = [threading.Thread(target=drip, args=(opened[name, 0][0], stop)) for name in SLOW if name != "nothing"]
        stack.callback(stop.set)
        for thread in drips:
            thread.start()
        assert running.ask("GET", "/api/health").status_code == 200
        assert time.monotonic() - began < QUICK
        answers = {}
        for (name, each), (connection, patience) in sorted(opened.items(), key=lambda item: item[1][1]):
            answers[name, each] = answer_of(connection)
            assert time.monotonic() - began < patience + 10, name
    for (name, _), answer in answers.items():
        if name == "nothing":
            assert answer == b""
        elif name != "a body that nobody reads":
            assert status_of(answer) == 408, name
            assert envelope_of(answer)["success"] is False
    assert "Traceback" not in running.console.read_text()


def test_a_connection_that_is_kept_open_without_need_is_closed(running):
    with connect(running) as connection:
        connection.sendall(b"GET /api/health HTTP/1.1\r\nHost: x\r\n\r\n")
        began = time.monotonic()
        assert status_of(answer_of(connection)) == 200
        assert time.monotonic() - began < 20


def test_a_body_of_many_small_pieces_is_in_order(running):
    pieces = (b'{"email": "a@b.com",', *([b" "] * 3_000), b'"password": "not the password"}')
    answer = httpx.post(
        f"{running.address}/api/auth/login", content=iter(pieces), headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 401


def test_no_answer_names_the_program_that_serves_it(running):
    assert "server" not in running.ask("GET", "/api/health").headers
