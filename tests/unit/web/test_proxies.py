"""The address that guesses are counted for."""

import asyncio

import pytest

from kinso.web.connections import ClientAddresses, plain_address


def seen(client, forwarded=None):
    """The client's address behind the middleware."""
    found = []

    async def app(scope, receive, send):
        found.append(scope["client"][0])

    headers = [(b"x-forwarded-for", forwarded.encode())] if forwarded else []
    scope = {"type": "http", "client": (client, 1), "scheme": "http", "headers": headers}
    asyncio.run(ClientAddresses(app)(scope, None, None))
    return found[0]


@pytest.mark.parametrize("proxy", ["127.0.0.1", "::ffff:127.0.0.1", "::1"])
def test_a_proxy_on_this_machine_is_believed_however_it_is_written(proxy):
    assert seen(proxy, "203.0.113.5") == "203.0.113.5"
    assert seen(proxy, "198.51.100.1, 203.0.113.5") == "203.0.113.5"


@pytest.mark.parametrize("client", ["198.51.100.9", "::ffff:198.51.100.9", "2001:db8::1"])
def test_nobody_else_is_believed(client):
    assert seen(client, "203.0.113.5") == plain_address(client)


def test_a_proxy_elsewhere_is_believed_when_it_is_named(monkeypatch):
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "198.51.100.9")
    assert seen("::ffff:198.51.100.9", "203.0.113.5") == "203.0.113.5"
    assert seen("127.0.0.1", "203.0.113.5") == "127.0.0.1"
