"""Clients that ask for much and take nothing."""

import asyncio
import socket
import threading
from contextlib import suppress

import pytest
import uvicorn

from kinso.web import connections
from tests.support.processes import until

pytestmark = pytest.mark.slow

MUCH = 50_000_000


@pytest.fixture
def slow(monkeypatch):
    """The port of a server whose patience with readers is short, and what became of its answers."""
    monkeypatch.setattr(connections, "READING_SECONDS", 1)
    ended = []

    async def app(scope, _receive, send):
        if scope["type"] != "http":
            return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(MUCH // 65_536):
            await send({"type": "http.response.body", "body": b"a" * 65_536, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
        ended.append(True)

    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, http=connections.LimitedConnection, lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])), daemon=True)
    thread.start()
    until(lambda: server.started, "the server starts")
    yield listener.getsockname()[1], ended
    server.should_exit = True
    thread.join(30)
    listener.close()


def take(connection):
    taken = 0
    while piece := connection.recv(1_000_000):
        taken += len(piece)
    return taken


def test_an_answer_that_nobody_takes_is_given_up(slow):
    port, ended = slow
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        until(lambda: ended, "the server gives up")
        with suppress(ConnectionResetError):
            assert take(connection) < MUCH / 2


def test_an_answer_that_is_taken_is_sent_to_its_end(slow):
    port, ended = slow
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert take(connection) > MUCH * 0.99
    assert ended


def test_the_rest_of_an_answer_that_nobody_takes_keeps_no_connection(monkeypatch):
    """It is too little to make the server wait, so it takes the answer for sent."""
    monkeypatch.setattr(connections, "READING_SECONDS", 1)

    async def app(_scope, _receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"a" * 60_000})

    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket() as client:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        config = uvicorn.Config(
            app, http=connections.LimitedConnection, lifespan="off", log_config=None, timeout_keep_alive=1
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])), daemon=True)
        thread.start()
        try:
            until(lambda: server.started, "the server starts")
            client.connect(listener.getsockname())
            client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            until(lambda: server.server_state.connections, "it is connected")
            until(lambda: not server.server_state.connections, "the connection is given up")
        finally:
            server.should_exit = True
            thread.join(30)
