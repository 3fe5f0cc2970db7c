import contextlib
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from kinso.services.accounts.sign_in import session_id_of

pytestmark = [pytest.mark.xdist_group("launch"), pytest.mark.slow]

ROOT = Path(__file__).parents[3]
PASSWORD = "correct horse battery"
CLOSED = [
    "/",
    "/customers",
    "/download/customers.csv",
    "/index.html",
    "/manifest.json",
    "/favicon.png",
    "/static/js/index.js",
    "/media/abc",
    "/component/abc/index.html",
    "/_stcore/host-config",
    "/_stcore/script-health-check",
    "/_stcore/metrics",
    "/_stcore/upload_file/a/b",
    "/_stcore/bidi-components/a",
    "/_stcore/agent/interact",
    "/_stcore/agent/openapi.json",
    "/_stcore/agent/mcp",
    "/auth/login",
    "/oauth2callback",
]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def launch(port, folder, *options, **settings):
    command = [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={port}", *options]
    command += ["--server.address=127.0.0.1", "--browser.serverAddress=localhost"]
    outputs = {name: (folder / name).open("wb") for name in ("stdout", "stderr")}
    environment = os.environ | {"KINSO_DATA_DIR": str(folder / "data"), **settings}
    with contextlib.ExitStack() as stack:
        for output in outputs.values():
            stack.enter_context(output)
        return subprocess.Popen(command, cwd=ROOT, env=environment, **outputs)


def wait_until_it_serves(process, address, folder, **options):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(httpx2.TransportError):
            if httpx2.get(f"{address}/_stcore/health", **options).status_code == 200:
                return
        time.sleep(0.1)
    pytest.fail(f"The server does not come up: {(folder / 'stderr').read_text()}")


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """The address of the real server with a database of its own, and the code that it printed."""
    folder, port = tmp_path_factory.mktemp("launch"), free_port()
    process = launch(port, folder)
    try:
        address = f"http://127.0.0.1:{port}"
        wait_until_it_serves(process, address, folder)
        yield address, re.search(r"one-time code:  (\S+)", (folder / "stdout").read_text())[1]
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


@pytest.fixture(scope="module")
def secret(running):
    """The secret of someone who set up the shop."""
    address, code = running
    with httpx2.Client(base_url=address) as browser:
        token = re.search(r'name="csrf" value="(\w+)"', browser.get("/set-up").text)[1]
        account = {"name": "Boss", "email": "boss@shop.com", "password": PASSWORD}
        answer = browser.post("/set-up", data={"csrf": token, "code": code, **account})
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        return browser.cookies["kinso_session"]


def open_websocket(address, **headers):
    url = address.replace("http", "ws") + "/_stcore/stream"
    return connect(url, subprotocols=["streamlit"], additional_headers=headers)


@pytest.mark.parametrize("path", CLOSED)
def test_unsigned_visitors_get_nothing_from_the_real_server(running, secret, path):
    address, _ = running
    for headers in ({}, {"X-Kinso-Session": session_id_of(secret)}):
        assert httpx2.get(address + path, headers=headers).status_code == 401
        assert httpx2.post(address + path, headers=headers).status_code == 401
        page = httpx2.get(address + path, headers={**headers, "Sec-Fetch-Mode": "navigate"})
        assert (page.status_code, page.headers["location"].partition("?")[0]) == (303, "/sign-in")


@pytest.mark.parametrize("name", [None, "X-Kinso-Session", "x_kinso_session", "X_Kinso_Session"])
def test_an_unsigned_websocket_is_refused_by_the_real_server(running, secret, name):
    forged = {name: session_id_of(secret)} if name else {}
    with pytest.raises(InvalidStatus) as refused:
        open_websocket(running[0], **forged)
    assert refused.value.response.status_code == 403


def test_a_signed_in_browser_gets_page_and_websocket(running, secret):
    cookie = {"Cookie": f"kinso_session={secret}"}
    page = httpx2.get(running[0], headers=cookie)
    assert page.status_code == 200
    assert '<div id="root">' in page.text
    assert page.headers["x-frame-options"] == "DENY"
    with open_websocket(running[0], **cookie) as websocket:
        assert websocket.subprotocol == "streamlit"


def test_the_api_answers_in_json_for_itself(running):
    answer = httpx2.get(f"{running[0]}/api/customers")
    assert answer.status_code == 401
    assert answer.json()["success"] is False


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"KINSO_ADMIN_EMAIL": "boss@shop.com"}, "Set both KINSO_ADMIN_EMAIL and KINSO_ADMIN_PASSWORD"),
        ({"KINSO_MONGODB_URI": "http://nonsense"}, "KINSO_MONGODB_URI is not a usable MongoDB address"),
        ({"KINSO_MONGOD": "/nowhere/mongod"}, "/nowhere/mongod"),
    ],
    ids=["half an administrator", "no address", "no binary"],
)
def test_what_cannot_start_says_why_in_one_sentence(tmp_path, settings, sentence):
    process = launch(free_port(), tmp_path, **settings)
    try:
        assert process.wait(60) == 1
    finally:
        process.kill()
    errors = (tmp_path / "stderr").read_text()
    assert re.search(rf"^Kinso cannot start: .*{re.escape(sentence)}", errors, re.MULTILINE)
    assert "Traceback" not in errors


@pytest.mark.parametrize("prefix", ["shop", "/shop/"])
def test_a_start_below_a_path_is_refused_with_the_way_out(tmp_path, prefix):
    process = launch(free_port(), tmp_path, f"--server.baseUrlPath={prefix}", KINSO_MONGODB_URI="mongomock://")
    try:
        assert process.wait(60) == 1
    finally:
        process.kill()
    errors = (tmp_path / "stderr").read_text()
    assert re.search(
        r"^Kinso cannot start: .*root of a host name.*baseUrlPath.*a name of its own", errors, re.MULTILINE
    )
    assert "Traceback" not in errors


@pytest.mark.parametrize("name", ["X-Forwarded-Prefix", "X-Script-Name"])
def test_a_proxy_that_serves_it_below_a_path_is_told_on_every_address(running, secret, name):
    address, _ = running
    headers = {name: "/shop", "Cookie": f"kinso_session={secret}"}
    for path in ("/", "/sign-in", "/customers"):
        page = httpx2.get(address + path, headers={**headers, "Sec-Fetch-Mode": "navigate"})
        assert page.status_code == 400
        assert "root of a host name" in page.text
        assert "below /shop" in page.text
    assert httpx2.get(f"{address}/static/js/index.js", headers=headers).status_code == 400
    refused = httpx2.get(f"{address}/api/customers", headers=headers)
    assert (refused.status_code, refused.json()["success"]) == (400, False)
    with pytest.raises(InvalidStatus):
        open_websocket(address, **headers)
    assert httpx2.get(f"{address}/api/health", headers={name: "/"}).status_code == 200


def test_the_console_says_that_it_is_for_the_root_of_a_host(running, tmp_path_factory):
    logs = [path.read_text() for path in tmp_path_factory.getbasetemp().glob("launch*/stderr")]
    assert any("root of a host name only" in log for log in logs)


def test_kinso_speaks_https_itself_where_the_proxy_is_on_another_machine(tmp_path):
    key, certificate, port = tmp_path / "key.pem", tmp_path / "certificate.pem", free_port()
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificate.")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate]
    subprocess.run(command, check=True, capture_output=True)
    options = [f"--server.sslCertFile={certificate}", f"--server.sslKeyFile={key}"]
    process = launch(port, tmp_path, *options, KINSO_MONGODB_URI="mongomock://")
    try:
        address, believed = f"https://localhost:{port}", ssl.create_default_context(cafile=str(certificate))
        wait_until_it_serves(process, address, tmp_path, verify=believed)
        page = httpx2.get(f"{address}/set-up", verify=believed)
        assert page.status_code == 200
        assert "Secure" in page.headers["set-cookie"]
        assert "max-age=31536000" in page.headers["strict-transport-security"]
        assert httpx2.get(address, verify=believed, headers={"X-Long": "a" * 70_000}).status_code == 431
        with pytest.raises(httpx2.TransportError):
            httpx2.get(f"http://localhost:{port}/set-up")
        with pytest.raises(httpx2.TransportError):
            httpx2.get(f"{address}/set-up")
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
