import os
import pty
import signal
import subprocess
import time
from contextlib import closing

import pytest

from kinso.config import Settings
from kinso.database.connection import connect
from kinso.database.embedded.server import EmbeddedServer
from kinso.models.accounts import Role
from kinso.models.customers import CustomerQuery
from kinso.repository.store import Store
from kinso.services.accounts.passwords import matches
from tests.integration.cli.conftest import KINSO, ROOT
from tests.support.terminal import on_a_terminal


def test_help_names_every_command(kinso):
    code, out, err = kinso("--help")
    assert (code, err) == (0, "")
    assert all(command in out for command in ("seed", "create-user", "import", "export"))


@pytest.mark.parametrize(
    "arguments",
    [(), ("sing",), ("seed",), ("seed", "0"), ("seed", "many"), ("import",), ("export", "--flavour", "sweet")],
)
def test_a_wrong_use_ends_with_2_and_the_usage(kinso, arguments):
    code, out, err = kinso(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("Usage: python -m kinso")
    assert "\nError: " in err


def test_a_pipe_gets_plain_text(kinso):
    told = (kinso("--help")[1], kinso("import", "--help")[1], kinso("sing")[2])
    assert all(text.isascii() and "\x1b" not in text for text in told)


def test_seeding_twice_adds_nothing_the_second_time(kinso, store):
    assert kinso("seed", 30) == (0, "Added 30 sample customers.\n", "")
    assert kinso("seed", 30) == (0, "Added 0 sample customers. 30 were there already.\n", "")
    assert store.customers.count_all() == 30
    assert store.runs.recent(limit=1)[0].by_name == "Command line"


def test_an_account_is_made_with_the_password_from_standard_input(kinso, store):
    arguments = ("create-user", "Ada@Shop.com", "--name", "Ada", "--role", "manager", "--password-stdin")
    code, out, _ = kinso(*arguments, stdin="sésame ouvre-toi\n".encode())
    assert (code, out) == (0, "Ada can now sign in as ada@shop.com (manager).\n")
    user, password_hash = store.users.with_password_hash(email="ada@shop.com")
    assert user.role is Role.MANAGER
    assert matches(password_hash, "sésame ouvre-toi")
    code, _, err = kinso(*arguments, stdin=b"another password\n")
    assert (code, err.count("\n")) == (1, 1)
    assert "already has an account" in err


def test_a_bad_account_is_refused_with_a_reason(kinso, store):
    code, _, err = kinso("create-user", "ada", "--name", "A", "--role", "admin", "--password-stdin", stdin=b"short\n")
    assert code == 1
    assert "E-mail does not look like" in err
    assert "Password is too short" in err
    assert not store.users.exist()


def test_on_a_terminal_the_password_is_asked_for_twice_and_not_shown(store, environment):
    keyboard, terminal = pty.openpty()
    command = [*KINSO, "create-user", "ada@shop.com", "--name", "Ada", "--role", "staff"]
    with subprocess.Popen(
        command,
        stdin=terminal,
        stdout=subprocess.PIPE,
        stderr=terminal,
        cwd=ROOT,
        env=environment,
        start_new_session=True,
    ) as process:
        os.close(terminal)
        shown = b""
        for prompt in (b"Password: ", b"again: "):
            while not shown.endswith(prompt):
                shown += os.read(keyboard, 1000)
            os.write(keyboard, b"sesame open\n")
        assert process.stdout.read() == b"Ada can now sign in as ada@shop.com (staff).\n"
    os.close(keyboard)
    assert b"sesame" not in shown
    assert process.returncode == 0


def test_on_a_terminal_long_work_says_how_far_it_is(store, environment):
    code, shown = on_a_terminal([*KINSO, "seed", "600"], environment)
    assert code == 0
    assert "Adding samples 600 of 600" in shown


def test_without_a_terminal_no_password_is_asked_for(kinso):
    code, _, err = kinso("create-user", "ada@shop.com", "--name", "Ada", "--role", "admin")
    assert code == 1
    assert "--password-stdin" in err


def test_an_import_is_told_before_and_after(kinso, store, tmp_path):
    file = tmp_path / "shop.csv"
    file.write_text("customerId,customerName,contactInfo,shoe\nC-1x,Ada,ada@shop.com,40\n")
    code, out, err = kinso("import", file, "--dry-run")
    assert (code, err) == (0, "Ignored columns: shoe.\n")
    assert out.startswith("Would create 1 customer, update 0, leave 0 as they are.")
    assert store.customers.count_all() == 0
    assert kinso("import", file)[:2] == (0, "Created 1 customer, updated 0, left 0 as they were.\n")
    assert store.runs.recent(limit=1)[0].parameters["file"] == "shop.csv"


def test_bad_rows_are_listed_and_nothing_is_imported(kinso, store):
    file = b"customerId,customerName,contactInfo\nC-001,Ada,ada@shop.com\n" + b"C-002,,x\n" * 200
    for arguments, sentence in ((("--dry-run",), "nothing would be imported"), ((), "Nothing was imported")):
        code, out, err = kinso("import", "-", *arguments, stdin=file)
        assert (code, out) == (1, "")
        assert err.startswith("Row 3: Customer name is required.\nRow 3: Contact is too short")
        assert "… and 101 more.\n" in err
        assert sentence in err.splitlines()[-1]
    assert store.customers.count_all() == 0


def test_what_a_file_changes_is_told_old_and_new_and_kept_in_a_report(kinso, tmp_path):
    kinso("import", "-", stdin=b"customerId,customerName,contactInfo\nC-1,Ada,ada@shop.com\n")
    file = b"customerId,customerName,contactInfo\nC-1,Ada Byron,\n" + b"".join(
        b"N-%d,Bea,b@c.com\n" % n for n in range(25)
    )
    code, out, _ = kinso("import", "-", "--dry-run", "--report", "changes.csv", stdin=file)
    lines = out.splitlines()
    assert code == 0
    assert lines[1:3] == ["Row 2: C-1, Customer name: Ada → Ada Byron.", "Row 3: N-0 is new: Bea, b@c.com."]
    assert lines[-1] == "… and 6 more; --report FILE writes all of them."
    report = (tmp_path / "changes.csv").read_text(encoding="utf-8-sig").splitlines()
    assert (report[1], len(report)) == ("2,C-1,change,customerName,,Ada,Ada Byron", 27)


def test_a_change_of_notes_is_told_on_one_line(kinso):
    kinso("import", "-", stdin=b"customerId,customerName,contactInfo,notes\nC-1,Ada,ada@shop.com,Old\n")
    code, out, _ = kinso("import", "-", "--dry-run", stdin=b'customerId,notes\nC-1,"First line\nsecond line"\n')
    assert (code, out.splitlines()[1:]) == (0, ["Row 2: C-1, Notes: Old → First line second line."])


def test_the_help_names_files_alike(kinso):
    code, out, _ = kinso("import", "--help")
    assert code == 0
    assert "--report FILE" in " ".join(out.split())


def test_conflicts_are_listed_until_an_option_decides(kinso, tmp_path):
    kinso("import", "-", stdin=b"customerId,customerName,contactInfo\nC-1,Ada,ada@shop.com\n")
    kinso("export", "all.csv")
    kinso("import", "-", stdin=b"customerId,customerName\nC-1,Theirs\n")
    edited = (tmp_path / "all.csv").read_bytes().replace(b"Ada", b"Mine")
    for arguments, last in (((), "Nothing was imported, because 1 row"), (("--dry-run",), "1 row would overwrite")):
        code, out, err = kinso("import", "-", "--report", "changes.csv", *arguments, stdin=edited)
        assert (code, out) == (1, "")
        assert "Row 2: C-1, Customer name: was Ada, is Theirs here now, and Mine in the file." in err
        assert "--conflicts mine the file's values are taken" in err
        assert last in err.splitlines()[-1]
        assert "changed on both sides,customerName,Ada,Theirs,Mine" in (tmp_path / "changes.csv").read_text("utf-8-sig")
    assert kinso("import", "-", "--conflicts", "theirs", stdin=edited)[1].endswith("updated 0, left 1 as they were.\n")
    assert kinso("import", "-", "--conflicts", "mine", stdin=edited)[1].endswith("updated 1, left 0 as they were.\n")


def test_a_file_that_is_not_there_is_told_in_one_sentence(kinso):
    assert kinso("import", "nowhere.csv") == (1, "", "nowhere.csv: No such file or directory.\n")


def test_an_export_goes_to_standard_output_or_to_a_file_and_can_be_imported(kinso, tmp_path):
    kinso("seed", 60)
    code, printed, err = kinso("export")
    assert (code, err) == (0, "")
    assert printed.startswith("\ufeffcustomerId,")
    assert kinso("export", "all.csv") == (0, "", "")
    assert (tmp_path / "all.csv").read_bytes().decode() == printed
    assert kinso("import", "all.csv")[1] == "Created 0 customers, updated 0, left 60 as they were.\n"
    assert [path.name for path in tmp_path.iterdir()] == ["all.csv"]


def test_an_export_keeps_the_permissions_of_the_file_that_it_replaces_and_else_those_of_new_files(kinso, tmp_path):
    shared, new, usual = tmp_path / "shared.csv", tmp_path / "new.csv", tmp_path / "usual"
    usual.touch()
    shared.touch()
    shared.chmod(0o664)
    for file, expected in ((shared, 0o664), (new, usual.stat().st_mode & 0o777)):
        assert kinso("export", file)[0] == 0
        assert file.stat().st_mode & 0o777 == expected


def test_a_place_where_nothing_can_be_written_is_named_as_it_was_typed(kinso):
    assert kinso("export", "nowhere/all.csv") == (1, "", "nowhere/all.csv: No such file or directory.\n")


@pytest.mark.parametrize("chosen", [("--search", "zzz"), ("--member", "no")])
def test_an_export_of_purchases_does_not_pretend_to_choose_customers(kinso, chosen):
    code, out, err = kinso("export", "--purchases", *chosen)
    assert (code, out) == (2, "")
    assert "--search and --member choose customers" in err


def test_an_export_can_be_filtered(kinso, store):
    kinso("seed", 60)
    lines = kinso("export", "--flavour", "raw", "--member", "yes", "--search", "example.com")[1].splitlines()
    expected = store.customers.count(CustomerQuery(search="example.com", membership_status=True))
    assert len(lines) - 1 == expected
    assert expected > 0
    assert all(",true," in line for line in lines[1:])


def test_a_reader_that_has_seen_enough_ends_an_export_quietly(kinso, environment):
    kinso("seed", 3000)
    with subprocess.Popen(
        [*KINSO, "export"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT, env=environment
    ) as process:
        process.stdout.read(10)
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_command_that_is_stopped_leaves_nothing_half_done(store, environment, number, code):
    with subprocess.Popen(
        [*KINSO, "seed", "200000"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT, env=environment
    ) as process:
        while store.customers.count_all() < 500:
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (code, b"")
    assert b"Traceback" not in err
    assert store.customers.count_all() == 0
    assert store.runs.recent(limit=1)[0].status == "rolled-back"


def test_in_memory_nothing_is_pretended(kinso, environment):
    environment["KINSO_MONGODB_URI"] = "mongomock://"
    code, _, err = kinso("seed", 5)
    assert code == 1
    assert "nothing is kept" in err


def test_a_database_that_does_not_answer_is_told_in_one_sentence(kinso, environment):
    environment["KINSO_MONGODB_URI"] = "mongodb://127.0.0.1:1/"
    code, _, err = kinso("export")
    assert (code, err.count("\n")) == (1, 1)
    assert "database does not answer" in err


def test_a_command_joins_the_running_server_and_also_works_alone(kinso, environment, tmp_path):
    del environment["KINSO_MONGODB_URI"], environment["KINSO_DATABASE"]
    server = EmbeddedServer(tmp_path / ".kinso")
    uri = server.start()
    try:
        assert kinso("seed", 20)[0] == 0
        with closing(connect(Settings(), uri)) as connection:
            assert Store(connection).customers.count_all() == 20
    finally:
        server.stop()
    code, printed, err = kinso("export", "--flavour", "raw")
    assert (code, err, printed.count("\r\n")) == (0, "", 21)
