"""How the embedded server is addressed."""

from pymongo.uri_parser import parse_uri

from kinso.database.embedded.folder import uri_of


def test_a_socket_path_survives_in_the_address():
    path = "/home/any one/ü%+,:/mongod.sock"
    assert parse_uri(uri_of(path))["nodelist"] == [(path, None)]


def test_a_loopback_address_survives_in_the_address():
    assert parse_uri(uri_of("127.0.0.1:28123"))["nodelist"] == [("127.0.0.1", 28123)]
