"""Whatever arrives, the answer is a refusal with a sentence: nothing fails, and the log stays quiet."""

import json
import random
import socket
from urllib.parse import urlsplit

import pytest

pytestmark = pytest.mark.slow

JSON = {"Content-Type": "application/json"}
ID = "65b0a1f2c3d4e5f6a7b8c9d0"
CALLS = [
    ("POST", "/auth/login", {"email": "ada@shop.com", "password": "correct horse"}),
    ("POST", "/customers", {"customerId": "C-1", "customerName": "Ada", "contactInfo": "ada@shop.com"}),
    ("PUT", f"/customers/{ID}", {"customerName": "Ada", "version": 1}),
    ("PUT", f"/customers/membership/update/{ID}", {"membershipStatus": True}),
    ("POST", "/customers/membership/auto-activate", {"threshold": 1000, "dryRun": True}),
    ("POST", "/customers/bulk", {"mode": "per-row", "customers": [{"customerId": "C-1"}, {"customerId": "C-2"}]}),
    ("POST", f"/runs/{ID}/undo", {}),
    ("POST", "/sales", {"customerId": "C-1", "saleId": "R-1", "amount": 5, "items": [{"name": "Tea", "unitPrice": 5}]}),
    ("POST", "/sales/R-1/refund", {"amount": 1, "note": "Broken"}),
]
ODD_VALUES = [
    *(None, True, -1, 0, 1e308, -1e308, 2**70, 10**400, "2026-01-31", "NaN"),
    *("", " ", "\x00", "\ud800", "\u202e", "x" * 5000, "💛" * 300, "$where"),
    *([], [[]], {}, {"$gt": ""}, {"$ne": None}, {"__proto__": 1}, ["a"] * 50),
]
LOUD = ("WARNING", "ERROR", "CRITICAL")


def mutations(valid, chance, how_many):
    """Bodies that resemble the valid one: cut, spliced, flipped, with odd values and names anywhere."""
    text = json.dumps(valid).encode()
    for _ in range(how_many):
        body = bytearray(text)
        match chance.randrange(7):
            case 0:
                del body[chance.randrange(len(body)) :]
            case 1:
                body[chance.randrange(len(body))] = chance.randrange(256)
            case 2:
                at = chance.randrange(len(body))
                body[at:at] = chance.choice(
                    [b"[", b"{", b'"', b"\\", b"\x00", b"\xff", b",", b":", b"/*", b"1e999", b"-"]
                )
            case 3:
                body = bytearray(chance.randbytes(chance.randrange(1, 300)))
            case 4:
                body = bytearray(json.dumps(chance.choice(ODD_VALUES)).encode())
            case 5:
                name = chance.choice([*valid, "$set", "", "constructor", "x" * 300, "customerId.$gt"])
                body = bytearray(json.dumps({**valid, name: chance.choice(ODD_VALUES)}).encode())
            case 6:
                depth = chance.choice([5, 500, 20_000])
                body = bytearray(b'{"customers":' * 3 + b"[" * depth + b"]" * chance.choice([0, depth]))
        yield bytes(body)


@pytest.mark.parametrize(("method", "path", "valid"), CALLS, ids=[path.replace(ID, "ID") for _, path, _ in CALLS])
def test_a_storm_of_malformed_bodies_is_refused_body_by_body(api, token, caplog, method, path, valid):
    chance = random.Random(path)
    secret = token()
    kinds = ["application/json"] * 9 + [
        "text/plain",
        "application/json; charset=utf-16",
        "",
        "multipart/form-data; boundary=",
    ]
    codes = set()
    for body in mutations(valid, chance, 120):
        headers = {"Content-Type": chance.choice(kinds)}
        if chance.random() < 0.3:
            headers["Idempotency-Key"] = chance.choice(["k", "", "x" * 300, "a b", "{}"])
        answer = api(method, path, token=secret, content=body, headers=headers)
        codes.add(answer.status_code)
    assert max(codes) < 500
    assert codes & {400, 404, 422}
    assert [record.getMessage() for record in caplog.records if record.levelname in LOUD] == []


ODD_REQUESTS = [
    b"GET /api/customers HTTP/1.1\r\n\r\n",
    b"GET /api/customers HTTP/9.9\r\nHost: x\r\n\r\n",
    b"POST /api/customers HTTP/1.1\r\nHost: x\r\nContent-Length: nonsense\r\n\r\n{}",
    b"POST /api/customers HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n{}",
    b"POST /api/customers HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST /api/customers HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    b"POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{",
    b"GET /api/customers?search=%ff%fe%00&page=%E0%A4 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /api/customers/%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /api/\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /api/customers HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \xff\xfe\x80\r\n\r\n",
    b"GET /api/customers HTTP/1.1\r\nHost: x\r\nCookie: kinso_session=\xff; =; ;;\r\nIf-None-Match: \xff\r\n\r\n",
    b"GET /api/customers HTTP/1.1\r\nHost: x\r\n" + b"X-Long: " + b"a" * 200_000 + b"\r\n\r\n",
    b"GET http://[::1/api HTTP/1.1\r\nHost: [\r\nOrigin: http://[\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"\r\n\r\n\r\n",
    b"DELETE /api/customers/" + b"a" * 60_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
]


def test_requests_that_are_hardly_http_bring_nothing_down(live, caplog):
    address = urlsplit(live)
    for request in ODD_REQUESTS:
        with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            answer = b""
            while chunk := connection.recv(65536):
                answer += chunk
        status = answer.split(b" ", 2)[1:2]
        assert status == [] or 200 <= int(status[0]) < 500, (request[:80], answer[:200])
    assert [record.getMessage() for record in caplog.records if record.levelname in ("ERROR", "CRITICAL")] == []
    assert [record for record in caplog.records if record.exc_info] == []
