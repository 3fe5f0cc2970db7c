"""Files that are sent to the page Import, with and without the right to it, as a program sends them."""

import re
import select
import socket
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from kinso.models.accounts import Role
from kinso.services.accounts.sign_in import SESSION_COOKIE, session_id_of, sign_out
from kinso.web.uploads import MOST_FILES
from tests.support.processes import until

pytestmark = pytest.mark.xdist_group("running")

MEGABYTE = 1_000_000
LIMIT = 100
START = b'--x\r\nContent-Disposition: form-data; name="f1"; filename="f1.csv"\r\n\r\ncustomerId'
END = b"\r\n--x--\r\n"


def status_of(connection):
    """Of the answer that came over it."""
    return int(connection.recv(65536).split(b" ", 2)[1])


class Sender:
    """A signed-in browser that sends files past the page."""

    def __init__(self, running, secret):
        self._running = running
        self._cookies = {SESSION_COOKIE: secret}
        page = httpx.get(f"{running.address}/_stcore/health", cookies=self._cookies)
        # What Streamlit's own page sends along with a file.
        token = page.cookies.get("_streamlit_xsrf", "")
        self._cookies["_streamlit_xsrf"] = token
        self._headers = {"X-Xsrftoken": token}

    def send(self, tab, file="f1", size=1000, **options):
        path = f"/_stcore/upload_file/{tab}/{file}"
        options = {"files": {file: (f"{file}.csv", b"a" * size)}} | options
        headers = self._headers | options.pop("headers", {})
        return self._running.ask("PUT", path, cookies=self._cookies, headers=headers, timeout=60, **options)

    def begin(self, tab):
        """A connection over which a file was sent but for its `END`."""
        address = urlsplit(self._running.address)
        connection = socket.create_connection((address.hostname, address.port), timeout=60)
        headers = self._headers | {
            "Host": address.netloc,
            "Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items()),
            "Content-Type": "multipart/form-data; boundary=x",
            "Content-Length": str(len(START + END)),
        }
        lines = [f"PUT /_stcore/upload_file/{tab}/f1 HTTP/1.1", *(f"{name}: {headers[name]}" for name in headers)]
        connection.sendall("\r\n".join([*lines, "", ""]).encode() + START)
        return connection

    def drop(self, tab, file="f1"):
        path = f"/_stcore/upload_file/{tab}/{file}"
        return self._running.ask("DELETE", path, cookies=self._cookies, headers=self._headers)


@pytest.fixture
def open_tab(running):
    """Opens the page Import as somebody with this role: a tab and who sends files to it."""
    with ExitStack() as stack:

        def open_tab(role, secret=None):
            secret = secret or running.secret_of(role)
            tab = stack.enter_context(running.open_tab(secret, "imports"))
            return tab, Sender(running, secret), secret

        yield open_tab


def memory_of(running):
    """Bytes that the server holds."""
    return int(re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{running.process_id}/status").read_text())[1]) * 1024


def test_whoever_may_import_sends_a_file_to_their_own_tab(open_tab):
    tab, sender, _ = open_tab(Role.STAFF)
    assert sender.send(tab.session_id).status_code == 204
    assert sender.drop(tab.session_id).status_code == 204


def test_whoever_may_not_import_is_refused_before_the_file_is_read(running, open_tab):
    tab, sender, _ = open_tab(Role.ANALYST)
    before = memory_of(running)
    for file in ("f1", "f2", "f3"):
        answer = sender.send(tab.session_id, file, 90 * MEGABYTE)
        assert (answer.status_code, answer.json()) == (403, "Your role does not allow imports.")
    assert memory_of(running) - before < 50 * MEGABYTE
    assert '"permission": "import"' in running.console.read_text()


def test_nobody_sends_or_drops_files_in_the_tab_of_somebody_else(open_tab):
    tab, owner, _ = open_tab(Role.STAFF)
    _, other, _ = open_tab(Role.ADMIN)
    assert owner.send(tab.session_id).status_code == 204
    assert other.send(tab.session_id).status_code == 403
    assert other.drop(tab.session_id).status_code == 403
    assert other.send("no-such-tab").status_code == 403


@pytest.mark.parametrize("how", ["declared", "in pieces"])
def test_a_file_beyond_the_limit_is_refused(running, open_tab, how):
    tab, sender, _ = open_tab(Role.STAFF)
    sent = 0

    def pieces():
        nonlocal sent
        yield b'--x\r\nContent-Disposition: form-data; name="f1"; filename="f1.csv"\r\n\r\n'
        for _ in range(2 * LIMIT):
            sent += MEGABYTE
            yield b"a" * MEGABYTE

    options = {"files": None, "content": pieces(), "headers": {"Content-Type": "multipart/form-data; boundary=x"}}
    if how == "declared":
        options["headers"]["Content-Length"] = str(2 * LIMIT * MEGABYTE)
    try:
        assert sender.send(tab.session_id, **options).status_code == 413
    except httpx.TransportError:
        # What goes on being sent after the answer is cut off.
        assert sent > LIMIT * MEGABYTE
    assert sender.send(tab.session_id).status_code == 204


def test_a_tab_holds_one_file_however_many_are_sent(running, open_tab):
    tab, sender, _ = open_tab(Role.STAFF)
    assert sender.send(tab.session_id, "f0", 60 * MEGABYTE).status_code == 204
    before = memory_of(running)
    for number in range(1, 6):
        assert sender.send(tab.session_id, f"f{number}", 60 * MEGABYTE).status_code == 204
    assert memory_of(running) - before < 150 * MEGABYTE


def test_a_browser_holds_files_in_a_few_tabs_only(open_tab):
    _, _, secret = first = open_tab(Role.STAFF)
    tabs = [first, *(open_tab(Role.STAFF, secret) for _ in range(MOST_FILES))]
    codes = [sender.send(tab.session_id).status_code for tab, sender, _ in tabs]
    assert codes == [204] * MOST_FILES + [429]
    assert tabs[0][1].drop(tabs[0][0].session_id).status_code == 204
    assert tabs[-1][1].send(tabs[-1][0].session_id).status_code == 204


def test_files_on_their_way_count_as_well(running, open_tab):
    """Somebody who sends to many tabs at the same moment gets no more memory than one who sends to one by one."""
    _, _, secret = first = open_tab(Role.STAFF)
    tabs = [first, *(open_tab(Role.STAFF, secret) for _ in range(MOST_FILES + 1))]
    with ExitStack() as stack:
        begun = {stack.enter_context(sender.begin(tab.session_id)): None for tab, sender, _ in tabs}
        while len(refused := [each for each in begun if begun[each]]) < 2:
            for each in select.select([each for each in begun if not begun[each]], [], [], 60)[0]:
                begun[each] = status_of(each)
        assert [begun[each] for each in refused] == [429, 429]
        for each in begun:
            if each not in refused:
                each.sendall(END)
                assert status_of(each) == 204


def test_files_go_when_their_person_has_left(running, open_tab):
    tab, sender, secret = open_tab(Role.STAFF)
    assert sender.send(tab.session_id, size=80 * MEGABYTE).status_code == 204
    before = memory_of(running)
    sign_out(running.store, session_id_of(secret))
    assert sender.send(tab.session_id).status_code == 401
    until(lambda: memory_of(running) < before - 60 * MEGABYTE, "the memory is given back")


def test_a_message_over_a_websocket_is_bounded_too(running):
    with running.open_tab(running.secret_of(Role.ANALYST), "customers") as tab:
        tab.show("customers", query_string="a" * MEGABYTE)
        assert "Ada Secret" in tab.seen
        with pytest.raises(ConnectionClosed):
            tab.show("customers", query_string="a" * 60 * MEGABYTE)
