import asyncio
import logging

import httpx
import pytest

from kinso.api.app import create_api
from kinso.api.middleware import LARGEST_BODY

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize("path", ["/", "/nothing", "/customers/a/b", "/customers//", "/docs/x", "/redoc", "/%00"])
def test_an_unknown_path_is_answered_in_the_envelope(api, path):
    answer = api("GET", path)
    assert answer.status_code == 404
    assert answer.json()["message"].startswith("There is nothing at this address")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PATCH", "/customers", "HEAD, GET, POST"),
        ("POST", "/health", "HEAD, GET"),
        ("GET", "/auth/login", "POST"),
        ("POST", "/customers/65b0a1f2c3d4e5f6a7b8c9d0", "HEAD, GET, PUT, DELETE"),
        ("OPTIONS", "/customers", "HEAD, GET, POST"),
        ("PUT", "/customers/stats", "HEAD, GET"),
        ("DELETE", "/customers/export", "HEAD, GET"),
        ("GET", "/customers/bulk", "POST"),
        ("DELETE", "/runs", "HEAD, GET"),
        ("DELETE", "/segments", "HEAD, GET, POST"),
        ("DELETE", "/segments/templates", "HEAD, GET"),
        ("POST", "/segments/65b0a1f2c3d4e5f6a7b8c9d0", "HEAD, GET, PUT, DELETE"),
        ("GET", "/runs/65b0a1f2c3d4e5f6a7b8c9d0/undo", "POST"),
        ("PUT", "/sales", "HEAD, GET, POST"),
        ("GET", "/sales/R-1/refund", "POST"),
        ("GET", "/customers/membership/auto-activate", "POST"),
    ],
)
def test_a_method_that_does_not_exist_is_refused_with_those_that_do(api, method, path, allowed):
    answer = api(method, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"{'customerId': 1}",
        b'{"purchaseAmount": NaN}',
        b'{"purchaseAmount": -Infinity}',
        b"\xff\xfe\x00",
        b'{"a": ' + b"[" * 100_000,
        b"[" * 900_000,
        b'{"purchaseAmount": ' + b"9" * 5000 + b"}",
        b'{"customerId": "C-1"} {}',
    ],
)
def test_what_is_not_json_is_refused_as_such(api, token, body):
    answer = api("POST", "/customers", token=token(), content=body, headers=JSON)
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("The body is not valid JSON")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"1",
        b'"text"',
        b"true",
        b"{}",
        b'{"customerId": "\\ud800\\ud800\\ud800", "customerName": "\\udfff", "contactInfo": "\\ud800@shop.com"}',
        b'{"purchaseAmount": 1e400}',
        b'{"purchaseAmount": -1e400}',
        b'{"purchaseAmount": ' + b"9" * 4000 + b"}",
        b'{"purchaseAmount": {"$gt": 0}}',
        b'{"purchaseAmount": "12"}',
        b'{"membershipStatus": "false"}',
        b'{"customerId": ' + b"[" * 500 + b"]" * 500 + b"}",
        b'{"customerId": "a\\u0000b", "customerName": "a\\u202eb", "contactInfo": "a\\nb@shop.com"}',
        b'{"customerId": "' + b"x" * 900_000 + b'"}',
    ],
)
def test_json_that_is_no_customer_is_refused_field_by_field(api, token, body):
    answer = api("POST", "/customers", token=token(), content=body, headers=JSON)
    assert answer.status_code == 422
    assert all(error["message"].endswith(".") for error in answer.json()["errors"])


def test_every_bad_field_has_an_error_of_its_own(api, token):
    body = {"customerId": " ", "contactInfo": 5, "purchaseAmount": -1, "membershipStatus": "yes"}
    answer = api("POST", "/customers", token=token(), json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {"field": "customerId", "message": "Customer ID is required."},
        {"field": "customerName", "message": "Customer name is required."},
        {"field": "contactInfo", "message": "Contact must be text."},
        {"field": "purchaseAmount", "message": "Total spent cannot be negative; enter 0 or more."},
        {"field": "membershipStatus", "message": "Membership must be true or false."},
    ]


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "text/json", ""]
)
def test_a_body_that_is_not_declared_as_json_is_refused(api, token, kind):
    answer = api("POST", "/customers", token=token(), content=b"{}", headers={"Content-Type": kind})
    assert answer.status_code == 415
    assert "application/json" in answer.json()["message"]


@pytest.mark.parametrize(
    "kind", ["application/json; charset=utf-8", "APPLICATION/JSON", "application/merge-patch+json"]
)
def test_json_may_be_declared_in_several_ways(api, token, kind):
    body = b'{"customerId": "C-1", "customerName": "Ada", "contactInfo": "a@shop.com"}'
    assert api("POST", "/customers", token=token(), content=body, headers={"Content-Type": kind}).status_code == 201


@pytest.mark.parametrize("path", ["/customers", "/nothing"])
def test_a_body_that_is_declared_as_too_large_is_refused(api, token, path):
    answer = api("POST", path, token=token(), content=b" " * (LARGEST_BODY + 1), headers=JSON)
    assert answer.status_code == 413
    assert "1,000,000 bytes" in answer.json()["message"]


@pytest.mark.parametrize("size", ["1000001", "9" * 19, "9" * 5000])
def test_a_size_beyond_all_numbers_is_too_large(api, token, size):
    answer = api("POST", "/customers", token=token(), content=b"{}", headers={**JSON, "Content-Length": size})
    assert answer.status_code == 413


def test_the_largest_body_is_read(api, token):
    answer = api("POST", "/customers", token=token(), content=b" " * (LARGEST_BODY - 2) + b"{}", headers=JSON)
    assert answer.status_code == 422


def test_a_body_that_turns_out_to_be_too_large_is_refused(api, token):
    async def body():
        for _ in range(11):
            yield b" " * 100_000

    answer = api("POST", "/customers", token=token(), content=body(), headers=JSON)
    assert answer.status_code == 413


@pytest.mark.parametrize(
    "path", ["/health", "/auth/profile", "/customers", "/customers/stats", "/customers/membership/by-status/true"]
)
def test_a_trailing_slash_makes_no_difference(api, token, path):
    plain, slashed = (api("GET", address, token=token()) for address in (path, f"{path}/"))
    assert (plain.status_code, plain.content) == (200, slashed.content)


def test_head_answers_like_get_without_a_body(api, token):
    got, head = (api(method, "/customers", token=token()) for method in ("GET", "HEAD"))
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(got.content))


def test_an_unexpected_failure_is_logged_and_told_without_details(api, token, store, caplog):
    store.connection.database["settings"].insert_one({"_id": "shop", "timeZone": "Nowhere/Secret"})
    with caplog.at_level(logging.ERROR):
        answer = api("GET", "/customers/stats", token=token())
    assert answer.status_code == 500
    assert answer.json()["message"].startswith("Something went wrong on our side")
    assert "Secret" not in answer.text
    assert "Nowhere/Secret" in caplog.text


def test_a_database_that_does_not_answer_is_told_with_when_to_come_back(api, token, store):
    secret = token()
    store.connection.close()
    for method, path in (("GET", "/health"), ("GET", "/auth/profile"), ("GET", "/customers"), ("POST", "/auth/logout")):
        answer = api(method, path, token=secret)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    answer = api("POST", "/auth/login", json={"email": "a@shop.com", "password": "long enough"})
    assert answer.status_code == 503


def test_health_is_told_to_anyone_and_tells_nothing(api):
    assert api("GET", "/health").json() == {"success": True, "data": {"status": "ok"}}


def test_before_there_is_a_database_everything_else_is_told_to_wait():
    async def ask(path):
        transport = httpx.ASGITransport(create_api(), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://shop.test") as client:
            return await client.get(path, headers={"Authorization": "Bearer any"})

    for path in ("/health", "/customers", "/auth/profile"):
        answer = asyncio.run(ask(path))
        assert (answer.status_code, answer.json()["success"]) == (503, False)
    assert asyncio.run(ask("/openapi.json")).status_code == 200
