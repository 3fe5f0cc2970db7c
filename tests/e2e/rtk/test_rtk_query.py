"""A Redux Toolkit client, run by Node, against the app as it is served."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from kinso.models.accounts import Role
from kinso.services.accounts.users import create_token

_HERE = Path(__file__).parent
_OLDEST_NODE = 18
"""The first with `fetch`."""


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """The folder of the client with what it needs; skips where Node or the npm registry is missing."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        pytest.skip("Node and npm are needed for the Redux Toolkit client.")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    if int(version.strip().removeprefix("v").split(".")[0]) < _OLDEST_NODE:
        pytest.skip(f"Node {_OLDEST_NODE} or newer is needed for the Redux Toolkit client.")
    folder = tmp_path_factory.mktemp("rtk")
    for name in ("package.json", "client.mjs"):
        shutil.copy(_HERE / name, folder)
    options = ["--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts", "--fetch-retries=1"]
    try:
        installed = subprocess.run(
            [npm, "install", *options], cwd=folder, capture_output=True, text=True, timeout=90, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired:
        pytest.skip("npm could not install the Redux Toolkit in 90 seconds.")
    if installed.returncode:
        reason = next((line for line in installed.stderr.splitlines() if "npm error" in line), "npm failed")
        pytest.skip(f"npm could not install the Redux Toolkit: {reason}")
    return folder


def test_a_redux_toolkit_client_works_with_the_nine_calls(client, serve):
    shop = serve(KINSO_ADMIN_EMAIL="admin@shop.com", KINSO_ADMIN_PASSWORD="long enough for a story")
    admin = shop.store.users.by_email("admin@shop.com")
    assert admin.role is Role.ADMIN
    secret = create_token(shop.store, admin.acting("app"), "Redux").secret

    done = subprocess.run(
        ["node", "client.mjs", shop.address, secret], cwd=client, capture_output=True, text=True, timeout=90
    )

    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["endpoints"] == 9
    assert found["stats"]["totalCustomers"] == 2
    assert found["stats"]["members"] == 1
    assert found["stats"]["totalPurchaseAmount"] == 2500.25
    assert "Traceback" not in shop.console.read_text()
