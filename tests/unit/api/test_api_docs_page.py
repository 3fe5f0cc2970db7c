import asyncio
import base64
import hashlib
import re
from html.parser import HTMLParser

import httpx
import pytest

from kinso.api.app import create_api
from kinso.api.docs import docs_html

DESCRIPTION = create_api().openapi()
HTML = docs_html(DESCRIPTION)


def get(path):
    async def ask():
        transport = httpx.ASGITransport(create_api())
        async with httpx.AsyncClient(transport=transport, base_url="http://shop.test") as client:
            return await client.get(path)

    return asyncio.run(ask())


class Page(HTMLParser):
    """What a browser would load, and whether everything that is opened is closed."""

    VOID = frozenset({"meta", "link", "br"})

    def __init__(self):
        super().__init__()
        self.open, self.loads, self.ids = [], [], []

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.loads += [attributes[name] for name in ("src", "srcset", "data", "action") if name in attributes]
        self.loads += [attributes["href"]] if tag == "link" else []
        self.ids += [attributes["id"]] if "id" in attributes else []
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_open_to_everyone_with_and_without_a_slash():
    for path in ("/docs", "/docs/"):
        answer = get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert answer.text == HTML


def test_the_page_loads_nothing_and_runs_nothing():
    page = Page()
    page.feed(HTML)
    assert (page.open, page.loads) == ([], [])
    assert "<script" not in HTML
    assert "url(" not in HTML
    assert "@import" not in HTML


def test_its_policy_allows_its_style_and_nothing_else():
    policy = get("/docs").headers["content-security-policy"]
    style = re.search(r"<style>(.*?)</style>", HTML, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy


@pytest.mark.parametrize("path", DESCRIPTION["paths"])
def test_every_call_is_on_the_page_with_its_parameters_and_answers(path):
    for method, operation in DESCRIPTION["paths"][path].items():
        section = re.search(rf'<details id="{operation["operationId"]}">.*?</details>', HTML, re.DOTALL)[0]
        assert f"<code>/api{path}</code>" in section
        assert f"curl -X {method.upper()}" in section
        for parameter in operation.get("parameters", []):
            assert f"<code>{parameter['name']}</code>" in section or parameter["in"] == "cookie"
        for code in operation["responses"]:
            assert f"<td>{code}</td>" in section


def test_limits_are_on_the_page():
    for limit in ("1,000,000 bytes", "1 to 1,000", "1 to 64 characters", "2 to 200 characters", "up to 200 characters"):
        assert limit in HTML


def test_text_of_the_description_is_text_on_the_page():
    odd = {
        "openapi": "3.1.0",
        "info": {"title": "<b>", "version": "1", "description": "a `<i>` & b"},
        "components": {"schemas": {}},
        "paths": {
            "/x": {
                "get": {
                    "tags": ["<t>"],
                    "summary": "<s>",
                    "operationId": "<o>",
                    "responses": {"200": {"description": "<r>"}},
                }
            }
        },
    }
    html = docs_html(odd)
    assert not re.search("<[btso r]>", html)
    assert "<code>&lt;i&gt;</code> &amp; b" in html
