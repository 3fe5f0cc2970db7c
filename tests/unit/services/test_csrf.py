import pytest

from kinso.services.accounts.secrets import csrf_token, form_token, is_csrf_token, is_form_token, is_same_origin


def test_a_token_belongs_to_one_session():
    assert is_csrf_token("one", csrf_token("one"))
    assert not is_csrf_token("other", csrf_token("one"))
    assert not is_csrf_token("one", "")
    assert not is_csrf_token("one", "\ud800ü")


def test_a_token_does_not_tell_the_session():
    assert "session-id" not in csrf_token("session-id")
    assert csrf_token("session-id") != form_token("session-id")


@pytest.mark.parametrize("nonce", [None, ""])
def test_without_a_nonce_no_form_is_ours(nonce):
    assert not is_form_token(nonce, form_token(nonce or ""))
    assert is_form_token("nonce", form_token("nonce"))


@pytest.mark.parametrize(
    ("origin", "fetch_site", "host", "ours"),
    [
        ("http://kinso.shop", None, "kinso.shop", False),
        ("http://kinso.shop", "none", "kinso.shop", False),
        ("HTTPS://kinso.shop", "none", "kinso.shop", True),
        ("https://kinso.shop", "cross-site", "kinso.shop", False),
        ("https://kinso.shop", "same-site", "kinso.shop", False),
        ("kinso.shop", None, "kinso.shop", False),
        ("https://kinso.shop", None, "kinso.shop", True),
        ("https://192.168.1.5:8501", None, "192.168.1.5:8501", True),
        ("https://KINSO.shop", None, "kinso.shop", True),
        ("https://evil.com", None, "kinso.shop", False),
        ("https://kinso.shop.evil.com", None, "kinso.shop", False),
        ("https://kinso.shop:81", None, "kinso.shop", False),
        ("null", None, "kinso.shop", False),
        ("null", None, "", False),
        ("http://[", None, "kinso.shop", False),
        ("https://kinso.shop", None, None, False),
        ("https://kinso.shop", "same-origin", "kinso.shop", True),
        ("https://kinso.shop", "same-origin", "name-inside-the-proxy", False),
        ("https://evil.com", "same-origin", "kinso.shop", False),
        ("", "same-origin", "kinso.shop", False),
        (None, "same-site", "kinso.shop", False),
        (None, "none", "kinso.shop", True),
        (None, "same-origin", "kinso.shop", True),
        (None, "cross-site", "kinso.shop", False),
        (None, "odd", "kinso.shop", False),
        (None, None, "kinso.shop", None),
    ],
)
def test_where_a_request_comes_from(origin, fetch_site, host, ours):
    assert is_same_origin(origin=origin, fetch_site=fetch_site, host=host, secure=True) is ours


@pytest.mark.parametrize(
    ("origin", "fetch_site", "ours"),
    [
        ("http://kinso.shop", None, True),
        ("https://kinso.shop", None, False),
        ("https://kinso.shop", "same-origin", True),
        ("https://kinso.shop", "cross-site", False),
    ],
)
def test_behind_a_proxy_that_does_not_tell_the_scheme_the_browser_has_to(origin, fetch_site, ours):
    assert is_same_origin(origin=origin, fetch_site=fetch_site, host="kinso.shop", secure=False) is ours
