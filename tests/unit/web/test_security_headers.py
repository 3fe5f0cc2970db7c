import asyncio

import pytest

from kinso.web.headers import SecurityHeaders


def answer_headers(own):
    sent = []

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": own})
        await send({"type": "http.response.body", "body": b"x"})

    async def send(message):
        sent.append(message)

    asyncio.run(SecurityHeaders(app)({"type": "http", "headers": []}, None, send))
    return dict(sent[0]["headers"])


@pytest.mark.parametrize(
    ("name", "value"),
    [(b"x-content-type-options", b"nosniff"), (b"x-frame-options", b"DENY"), (b"referrer-policy", b"same-origin")],
)
def test_every_answer_is_protected(name, value):
    assert answer_headers([])[name] == value


def test_nobody_may_frame_the_app():
    assert b"frame-ancestors 'none'" in answer_headers([])[b"content-security-policy"]


def test_a_stricter_policy_of_the_page_itself_stays():
    own = (b"content-security-policy", b"default-src 'none'")
    assert answer_headers([own])[own[0]] == own[1]
