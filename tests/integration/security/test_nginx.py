"""The configuration in docs/operations.md in a real nginx, with TLS, in front of a Kinso started as told there."""

import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from kinso.models.accounts import Role
from kinso.services.accounts.sign_in import SESSION_COOKIE, cookie_name
from tests.integration.security.conftest import ADMIN, PASSWORD, fill_in
from tests.integration.security.tab import Tab

pytestmark = [pytest.mark.xdist_group("running"), pytest.mark.slow]

ROOT = Path(__file__).parents[3]
NGINX = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
SNIPPET = re.search(r"```nginx\n(.*?)```", (ROOT / "docs/operations.md").read_text(encoding="utf-8"), re.DOTALL)[1]
SURROUNDINGS = """
daemon off;
pid {folder}/nginx.pid;
error_log stderr warn;
worker_processes 1;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {snippet}
}}
"""
USER = "" if os.name != "posix" or os.geteuid() else "user root;\n"
SESSION = cookie_name(SESSION_COOKIE, secure=True)
MEGABYTE = 1024 * 1024


def lacking(reason):
    if os.environ.get("KINSO_REQUIRE_NGINX") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def replaced(text, **changes):
    """The configuration with each of these places, which are all there, as this machine has them."""
    for before, after in changes.values():
        assert before in text
        text = text.replace(before, after)
    return text


@pytest.fixture(scope="module")
def proxy(_running, tmp_path_factory):
    """The ports of the proxy: for HTTPS, and for HTTP."""
    if NGINX is None or shutil.which("openssl") is None:
        lacking("nginx and openssl are needed to try the configuration of docs/operations.md.")
    folder, secure, plain = tmp_path_factory.mktemp("nginx"), free_port(), free_port()
    certificate, key = folder / "fullchain.pem", folder / "privkey.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    snippet = replaced(
        SNIPPET,
        secure=("listen 443 ssl;", f"listen 127.0.0.1:{secure} ssl;"),
        plain=("listen 80;", f"listen 127.0.0.1:{plain};"),
        kinso=("http://127.0.0.1:8501", _running.address),
        certificate=("/etc/ssl/kinso/fullchain.pem", str(certificate)),
        key=("/etc/ssl/kinso/privkey.pem", str(key)),
    )
    (folder / "nginx.conf").write_text(USER + SURROUNDINGS.format(folder=folder, snippet=snippet))
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen([NGINX, "-p", folder, "-c", folder / "nginx.conf"], stderr=output)
    try:
        wait_for(secure, process, log)
        yield secure, plain
    finally:
        process.send_signal(signal.SIGQUIT)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.terminate()
            process.wait(20)


def wait_for(port, process, log):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    pytest.fail(f"nginx does not come up: {log.read_text()}")


@pytest.fixture
def browse(proxy):
    """Opens a browser on a machine with this address."""
    opened = []

    def browse(address="127.0.0.1", secret=""):
        transport = httpx.HTTPTransport(verify=False, local_address=address)
        browser = httpx.Client(base_url=f"https://localhost:{proxy[0]}", transport=transport, timeout=60)
        if secret:
            browser.cookies.set(SESSION, secret)
        opened.append(browser)
        return browser

    yield browse
    for browser in opened:
        browser.close()


def test_a_person_signs_in_over_tls_and_the_cookie_never_travels_in_the_clear(running, browse):
    browser = browse()
    form = fill_in(browser, "/sign-in", email=ADMIN, password=PASSWORD)
    answer = browser.post("/sign-in", data=form, headers={"Origin": str(browser.base_url).rstrip("/")})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    told = next(line for line in answer.headers.get_list("set-cookie") if line.startswith(f"{SESSION}="))
    assert {"Secure", "HttpOnly", "Path=/"} <= set(re.split(r"; ", told))
    page = browser.get("/")
    assert page.status_code == 200
    assert '<div id="root">' in page.text


def test_browsers_are_told_to_be_careful_and_to_stay_on_https(running, proxy, browse):
    answer = browse().get("/sign-in")
    assert answer.headers["strict-transport-security"].startswith("max-age=31536000")
    assert answer.headers["x-content-type-options"] == "nosniff"
    led = httpx.get(f"http://localhost:{proxy[1]}/customers?search=ada")
    assert (led.status_code, led.headers["location"]) == (301, "https://localhost/customers?search=ada")


def test_guesses_are_counted_for_the_visitor_and_not_for_the_proxy(running, browse):
    def guess(browser, **headers):
        body = {"email": "ann@shop.com", "password": "not the password"}
        return browser.post("/api/auth/login", json=body, headers=headers).status_code

    one, other = browse("127.0.0.2"), browse("127.0.0.3")
    codes = [guess(one, **{"X-Forwarded-For": f"198.51.100.{number}"}) for number in range(6)]
    assert codes == [401] * 5 + [429]
    assert guess(other) == 401
    found = {attempt["address"] for attempt in running.store.connection.database["attempts"].find()}
    assert found == {"127.0.0.2", "127.0.0.3"}


def test_a_page_is_drawn_over_the_websocket(running, proxy):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    address, secret = f"https://localhost:{proxy[0]}", running.secret_of(Role.STAFF)
    with Tab(address, "", context=context, Cookie=f"{SESSION}={secret}", Origin=address) as tab:
        tab.show("customers")
        assert "Ada Secret" in tab.seen


def test_files_pass_up_to_the_limit_that_kinso_has_itself(running, proxy, browse):
    secret = running.secret_of(Role.STAFF)
    browser = browse(secret=secret)
    browser.get("/_stcore/health")
    token = browser.cookies["_streamlit_xsrf"]

    def send(tab, size):
        file = {"f1": ("f1.csv", b"a" * size)}
        headers = {"X-Xsrftoken": token, "Origin": str(browser.base_url).rstrip("/")}
        return browser.put(f"/_stcore/upload_file/{tab}/f1", files=file, headers=headers)

    # The same session, which the browser reaches by HTTPS.
    with running.open_tab(secret, "imports") as tab:
        assert send(tab.session_id, 99 * MEGABYTE).status_code == 204
        with suppress(httpx.TransportError):
            assert send(tab.session_id, 101 * MEGABYTE).status_code == 413


def test_a_program_that_is_refused_gets_kinsos_words(running, browse):
    answer = browse().get("/api/customers")
    assert (answer.status_code, answer.json()["success"]) == (401, False)
