"""From a mongod's last words to one sentence."""

from pathlib import Path

import pytest

from kinso.database.embedded.diagnosis import Ending, explain

BINARY, FOLDER = Path("/opt/mongod"), Path("/data/mongodb")
PLENTY = 10**12
NO_AVX_ON_WINDOWS = 0xC000001D


def explained(code: int, words: str = "", free: int = PLENTY, data: str | None = None) -> str:
    return explain(Ending(BINARY, FOLDER, code, words, free, data))


@pytest.mark.parametrize(
    ("code", "words", "cause"),
    [
        (-4, "", "(AVX)"),
        (NO_AVX_ON_WINDOWS, "", "(AVX)"),
        (1, "Illegal instruction (core dumped)", "(AVX)"),
        (127, "error while loading shared libraries: libcurl.so.4: cannot open", "shared library libcurl.so.4,"),
        (-6, "dyld: Library not loaded: /usr/lib/libssl.dylib\n", "shared library /usr/lib/libssl.dylib,"),
        (1, "mongod: /lib64/libc.so.6: version `GLIBC_2.34' not found", "newer system library (GLIBC_2.34)"),
        (126, "cannot execute: Exec format error", "not a program that this machine can run"),
        (126, "cannot execute: Permission denied", "not a program that this machine can run"),
        (14, '{"error_str":"No space left on device"}', "/data/mongodb is full"),
        (100, "DBPathInUse: Unable to lock", "Another MongoDB server is using the data folder /data/mongodb"),
        (14, "/data/mongodb/db/WiredTiger.wt: open: Permission denied", "cannot be read and written by this user"),
        (62, "", "written by another version of MongoDB than /opt/mongod"),
        (14, "unsupported WiredTiger source file version 99.1, Permission denied", "another version of MongoDB"),
        (62, "UPGRADE PROBLEM: Found an invalid featureCompatibilityVersion document", "another version of MongoDB"),
        (14, "WT_TRY_SALVAGE: database corruption detected", "is damaged"),
        (48, "Error setting up listener", "cannot listen"),
        (2, "Error parsing command line: unrecognised option", "not a mongod of version 4.4 or newer"),
        (-9, "", "lack of memory"),
        (3, "", "ended with code 3"),
    ],
)
def test_the_cause_is_named_with_a_way_out(code, words, cause):
    sentence = explained(code, words)
    assert cause in sentence
    assert "KINSO_MONGODB_URI" in sentence
    assert sentence.endswith(".")
    assert ". " not in sentence
    assert "\n" not in sentence


def test_a_full_disk_is_recognised_without_any_word():
    assert "is full" in explained(1, free=1000)
    assert "is full" not in explained(1, free=PLENTY)


def test_a_missing_library_matters_more_than_a_full_disk():
    assert "libcurl" in explained(127, "error while loading shared libraries: libcurl.so.4: x", free=0)


SERVER_6 = '{"msg":"Build Info","attr":{"buildInfo":{"version":"6.0.5","openSSLVersion":"OpenSSL 3.0.15"}}}\n'
UPGRADE_PROBLEM = (
    "UPGRADE PROBLEM: Found an invalid featureCompatibilityVersion document (ERROR: Location4926900: Invalid"
    ' featureCompatibilityVersion document in admin.system.version: { _id: \\"featureCompatibilityVersion\\", version:'
    " \\\"4.4\\\" }. :: caused by :: Invalid feature compatibility version value, expected '5.0' or '5.3' or '6.0"
)


def test_data_that_are_too_old_are_refused_with_the_way_to_take_them_along():
    sentence = explained(62, SERVER_6 + UPGRADE_PROBLEM)
    assert "written by MongoDB 4.4, which /opt/mongod (MongoDB 6.0) is too new to read" in sentence
    assert "KINSO_MONGOD to the older mongod that was used until now" in sentence
    assert "kinso backup FILE" in sentence
    assert "restore it" in sentence
    assert ". " not in sentence


def test_data_that_are_too_new_are_refused_by_the_version_that_was_remembered():
    sentence = explained(14, f"{SERVER_6} unsupported WiredTiger file version", data="7.0")
    assert "written by MongoDB 7.0, which /opt/mongod (MongoDB 6.0) is too old to read" in sentence
    assert "KINSO_MONGOD to the newer mongod that was used until now" in sentence
