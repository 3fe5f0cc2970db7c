"""A MongoDB that is reached by TLS has to prove who it is."""

import os
import shutil
import socket
import subprocess
from contextlib import closing

import pytest

from kinso.config import Settings
from kinso.database.connection import connect
from kinso.database.embedded.binary import find_binary
from kinso.errors import DatabaseUnavailable
from tests.support.processes import until

pytestmark = pytest.mark.slow


@pytest.fixture
def encrypted(tmp_path):
    """The port of a mongod that speaks TLS only, and its certificate, which nobody vouches for."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificate.")
    key, certificate, both = (tmp_path / name for name in ("key.pem", "certificate.pem", "both.pem"))
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate]
    subprocess.run(command, check=True, capture_output=True)
    both.write_text(key.read_text() + certificate.read_text())
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data, log = tmp_path / "db", tmp_path / "log"
    data.mkdir()
    command = [
        find_binary(os.environ.get("KINSO_MONGOD")),
        "--dbpath",
        data,
        "--bind_ip",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    command += [
        "--nounixsocket",
        "--tlsMode",
        "requireTLS",
        "--tlsCertificateKeyFile",
        both,
        "--logpath",
        log,
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        until(lambda: log.exists() and "Waiting for connections" in log.read_text(), "mongod listens")
        yield port, certificate
    finally:
        process.terminate()
        process.wait(60)


def ping(uri):
    with closing(connect(Settings(mongodb_uri=uri))) as connection:
        connection.ping()


def test_a_certificate_is_believed_only_when_somebody_who_is_known_vouches_for_it(encrypted):
    port, certificate = encrypted
    address = f"mongodb://localhost:{port}/?directConnection=true"
    with pytest.raises(DatabaseUnavailable) as refused:
        ping(f"{address}&tls=true")
    assert "CERTIFICATE_VERIFY_FAILED" in str(refused.value.__cause__)
    ping(f"{address}&tls=true&tlsCAFile={certificate}")
    with pytest.raises(DatabaseUnavailable):
        # Another name than the one in the certificate.
        ping(f"mongodb://127.0.0.1:{port}/?directConnection=true&tls=true&tlsCAFile={certificate}")
    with pytest.raises(DatabaseUnavailable):
        ping(address)
