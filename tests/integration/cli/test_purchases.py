"""`import --purchases` and `export --purchases`."""

import signal
import subprocess
import time
from decimal import Decimal

import pytest

from kinso.models.customers import CustomerQuery
from kinso.services.shop.checks import check_database
from kinso.services.transfer.purchase_imports import import_purchases
from tests.integration.cli.conftest import KINSO

HEADER = "saleId,customerId,date,amount\n"
FILE = f"{HEADER}S-1,C-001,2025-01-31,10\nS-2,C-002,2025-02-01,20.50\n".encode()


def amounts(store):
    # The command is another process.
    store.mirror.catch_up()
    return {each.customer_id: each.purchase_amount for each in store.customers.iterate(CustomerQuery())}


def test_an_import_of_purchases_is_told_before_and_after_and_once_more(kinso, store, tmp_path):
    (tmp_path / "till.csv").write_bytes(FILE)
    arguments = ("import", "--purchases", "till.csv", "--create-unknown")
    assert kinso(*arguments, "--dry-run") == (
        0,
        "Would record 2 purchases of 2 customers from 2025-01-31 to 2025-02-01, 30.50 in all, and create 2"
        " customers; 0 were recorded already.\n",
        "",
    )
    assert amounts(store) == {}
    assert kinso(*arguments) == (
        0,
        "Recorded 2 purchases of 2 customers, 30.50 in all, created 2 customers; 0 were recorded already.\n",
        "",
    )
    assert amounts(store) == {"C-001": Decimal(10), "C-002": Decimal("20.50")}
    assert store.runs.recent(limit=1)[0].parameters["file"] == "till.csv"
    assert kinso(*arguments)[1] == (
        "Recorded 0 purchases of 0 customers, 0.00 in all, created 0 customers; 2 were recorded already.\n"
    )
    assert kinso("check")[0] == 0


def test_unknown_customers_are_listed_with_the_way_out(kinso, store):
    for arguments, sentence in ((("--dry-run",), "nothing would be imported"), ((), "Nothing was imported")):
        code, out, err = kinso("import", "--purchases", "-", *arguments, stdin=FILE)
        assert (code, out) == (1, "")
        assert err.startswith("Row 2: Customer C-001 is not known;")
        assert "2 customers are not known; with --create-unknown they are created.\n" in err
        assert sentence in err.splitlines()[-1]
    assert amounts(store) == {}


def test_creating_unknown_customers_is_about_purchases_only(kinso):
    code, _, err = kinso("import", "-", "--create-unknown", stdin=FILE)
    assert code == 2
    assert err.splitlines()[-1].endswith("--create-unknown goes with --purchases only")


def test_a_command_that_is_killed_leaves_nothing_and_the_file_can_be_imported_again(
    kinso, store, admin, environment, tmp_path
):
    count = 8_000
    rows = "".join(f"S-{number},C-{number % 2000:04},2025-01-31,0.10\n" for number in range(count))
    (tmp_path / "till.csv").write_text(HEADER + rows)
    arguments = ["import", "--purchases", "till.csv", "--create-unknown"]
    with subprocess.Popen([*KINSO, *arguments], cwd=tmp_path, env=environment) as process:
        while process.poll() is None and not any(run.changed for run in store.runs.recent(limit=1)):
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    [run] = store.runs.recent(limit=1)
    assert (process.returncode, run.status) == (-signal.SIGKILL, "running")
    assert amounts(store)
    # That its process is gone is noticed at once.
    assert import_purchases(store, admin, (HEADER + rows).encode(), unknown="create").figures.new == count
    assert store.runs.get(run.id).status == "rolled-back"
    assert check_database(store, admin).findings == []
    assert set(amounts(store).values()) == {Decimal("0.40")}


def test_an_export_of_purchases_is_what_can_be_imported(kinso, store, tmp_path):
    kinso("import", "--purchases", "-", "--create-unknown", stdin=FILE)
    assert kinso("export", "--purchases", "all.csv") == (0, "", "")
    lines = (tmp_path / "all.csv").read_bytes().decode("utf-8-sig").splitlines()
    assert lines[1].startswith("S-1,C-001,C-001,Not known,2025-01-31 00:00:00,sale,10.00,,,,,,,Command line,p1-")
    assert len(lines) == 3
    assert "2 were recorded already" in kinso("import", "--purchases", "all.csv")[1]


def test_money_that_is_explained_twice_is_told_and_waits_for_an_option(kinso, store):
    people = b"customerId,customerName,contactInfo,purchaseAmount\nC-001,Ada,ada@b.com,100\nC-002,Bea,bea@b.com,20.50\n"
    kinso("import", "-", stdin=people)
    for arguments, last in (((), "Nothing was imported, because"), (("--dry-run",), "Nothing would be imported")):
        code, out, err = kinso("import", "--purchases", "-", *arguments, stdin=FILE)
        assert (code, out) == (1, "")
        assert "2 customers came with a balance that these purchases explain again, 30.50 in all" in err
        assert "--opening-balance give-way the opening balances are lowered by that amount" in err
        assert last in err.splitlines()[-1]
    assert kinso("import", "--purchases", "-", "--opening-balance", "give-way", stdin=FILE)[:2] == (
        0,
        "Recorded 2 purchases of 2 customers, 30.50 in all, created 0 customers; 0 were recorded already."
        " Opening balances of 2 customers gave way, by 30.50 in all.\n",
    )
    assert amounts(store) == {"C-001": Decimal(100), "C-002": Decimal("20.50")}
    assert kinso("check")[0] == 0


def test_the_order_of_day_and_month_is_an_option(kinso, store):
    file = f"{HEADER}S-1,C-001,03.04.2024,1\n".encode()
    code, _, err = kinso("import", "--purchases", "-", "--create-unknown", stdin=file)
    assert code == 1
    assert "say it with --date-order dmy or mdy" in err
    kinso("import", "--purchases", "-", "--create-unknown", "--date-order", "mdy", stdin=file)
    assert store.ledger.get("S-1").sold_at.month == 3


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--purchases", "--report", "x.csv"), "--report tells what a file of customers changes"),
    ],
)
def test_options_that_do_not_go_together_are_a_wrong_use(kinso, arguments, sentence):
    code, _, err = kinso("import", "-", *arguments, stdin=FILE)
    assert code == 2
    assert sentence in err
