import base64
import hashlib
import re

from kinso.web.error_pages import Form, Input, database_away, page

EVIL = "\"><script>alert('x')</script>&amp;"
INPUTS = (
    Input("email", "E-mail", "username", "email"),
    Input("password", "Password", "current-password", "password", hint="Long."),
)


def html_of(response):
    return response.body.decode()


def form(typed=None, errors=None):
    return Form("/x", "Go", INPUTS, {"next": EVIL}, typed or {}, errors or {})


def html_with(typed=None, errors=None):
    """What a person sees of the page, without its style and its script."""
    return re.search("<main>.*</main>", html_of(page("Title", "Lead", form=form(typed, errors))), re.DOTALL)[0]


def test_nothing_that_was_typed_becomes_markup():
    html = html_of(page(EVIL, EVIL, alert=EVIL, form=form({"email": EVIL}, {"email": EVIL})))
    assert "<script>alert" not in html
    assert html.count("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;amp;") == 7


def test_the_policy_allows_exactly_the_style_and_the_script_of_the_page():
    response = page("Title", "Lead")
    policy, html = response.headers["content-security-policy"], html_of(response)
    for tag in ("style", "script"):
        [text] = re.findall(rf"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_a_page_needs_nothing_from_elsewhere_and_is_not_stored():
    response = page("Title", "Lead", form=form())
    assert not re.findall(r"(?:src|href|url)\s*[=(]\s*[\"']?(?!data:)[a-z]*:?//", html_of(response))
    assert response.headers["cache-control"] == "no-store"


def test_what_was_typed_stays_except_the_password():
    html = html_with({"email": "ann@shop.com", "password": "geheim"})
    assert 'value="ann@shop.com"' in html
    assert "geheim" not in html


def test_every_field_has_a_label_and_a_purpose():
    html = html_with()
    for name, purpose in (("email", "username"), ("password", "current-password")):
        assert f'<label for="{name}">' in html
        assert re.search(rf'<input id="{name}"[^>]* autocomplete="{purpose}"', html)


def test_an_error_is_tied_to_its_field_and_has_the_focus():
    html = html_with({"email": "ann"}, {"password": "Password is required."})
    assert 'id="password-note">Password is required.' in html
    assert re.search(
        r'<input id="password"[^>]*aria-invalid="true" aria-describedby="password-note"[^>]* autofocus', html
    )
    assert html.count("autofocus") == html.count('aria-invalid="true"') == html.count('role="alert"') == 1


def test_the_first_empty_field_has_the_focus():
    assert re.search(r'<input id="email"[^>]* autofocus', html_with())
    assert re.search(r'<input id="password"[^>]* autofocus', html_with({"email": "ann@shop.com"}))


def test_the_waiting_page_tries_again_by_itself_and_by_a_link():
    response = database_away("/customers?search=a&b")
    assert (response.status_code, response.headers["retry-after"]) == (503, "5")
    html = html_of(response)
    assert '<meta http-equiv="refresh" content="5">' in html
    assert 'href="/customers?search=a&amp;b"' in html
