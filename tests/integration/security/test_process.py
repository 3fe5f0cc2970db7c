"""The real server as its machine sees it: with whom it talks, and where it writes."""

import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from kinso.models.accounts import Role
from tests.integration.security.test_open_tabs import LEAST

pytestmark = [
    pytest.mark.xdist_group("running"),
    pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="Linux"),
]

LISTENS = "0A"


def sockets_of(process_id):
    """The local ports of all TCP sockets that this process has."""
    own = {link[len("socket:[") : -1] for link in links_of(process_id).values() if link.startswith("socket:[")}
    lines = []
    for table in ("tcp", "tcp6"):
        lines += [line.split() for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]]
    return {int(line[1].rpartition(":")[2], 16) for line in lines if line[9] in own}


def links_of(process_id):
    found = {}
    for link in Path(f"/proc/{process_id}/fd").iterdir():
        try:
            found[link.name] = str(link.readlink())
        except FileNotFoundError:
            # It was closed meanwhile.
            continue
    return found


def is_written(process_id, number):
    flags = Path(f"/proc/{process_id}/fdinfo/{number}").read_text().partition("flags:")[2].split()[0]
    return int(flags, 8) & 0o3 != 0


def use_everything(running):
    secret = running.secret_of(Role.ADMIN)
    for page in LEAST:
        with running.open_tab(secret, page):
            pass
    assert running.ask("GET", "/api/customers", headers={"Authorization": f"Bearer {secret}"}).status_code == 200


def test_the_server_talks_to_its_visitors_and_its_database_and_to_nobody_else(running):
    use_everything(running)
    port = urlsplit(running.address).port
    with socket.create_connection(("127.0.0.1", port)):
        # The database of these tests is behind a socket.
        assert sockets_of(running.process_id) == {port}


def test_the_server_writes_its_log_to_the_console_and_no_file(running):
    use_everything(running)
    links = {number: link for number, link in links_of(running.process_id).items() if link.startswith("/")}
    files = {link for number, link in links.items() if Path(link).is_file() and is_written(running.process_id, number)}
    assert {file for file in files if "/mirror/" not in file} == {str(running.console.resolve())}
