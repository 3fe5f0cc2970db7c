"""What a process that was killed leaves behind is in nobody's way while the database lives on."""

import subprocess
import sys
from pathlib import Path

import pytest

from kinso.database import connection, transactions
from kinso.errors import WriteCollision
from kinso.models.customers import CustomerDraft, CustomerPatch
from kinso.services.application import ApplicationContext
from kinso.services.customers.editing import create_customer, update_customer

ROOT = Path(__file__).parents[4]


@pytest.fixture
def ada(store, staff):
    return create_customer(
        store, staff, CustomerDraft(customer_id="C-1", customer_name="Ada", contact_info="a@shop.com")
    )


@pytest.fixture
def left_open(settings, store, ada):
    """A process that has a transaction open in which it changed Ada."""
    command = [sys.executable, "-m", "tests.support.left_open", str(settings.mongodb_uri), store.name, ada.id]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "written\n"
        yield process
        process.kill()
    # The next test would wait for the server to end its transaction.
    transactions.end_abandoned_transactions(store.connection.client)


def rename(store, staff, ada):
    return update_customer(store, staff, ada.id, CustomerPatch(customer_name="Ada King")).customer_name


def test_a_customer_whom_a_killed_process_was_changing_can_be_changed(store, staff, ada, left_open):
    left_open.kill()
    left_open.wait()
    assert rename(store, staff, ada) == "Ada King"


def test_kinso_ends_what_a_killed_process_left_open_when_it_starts(store, staff, settings, ada, left_open, monkeypatch):
    left_open.kill()
    left_open.wait()
    ApplicationContext(settings, store).prepare()
    monkeypatch.setattr(connection, "end_abandoned_transactions", lambda client: 0)
    assert rename(store, staff, ada) == "Ada King"


def test_a_collision_with_somebody_at_work_says_so_and_changes_nothing(store, staff, ada, left_open, monkeypatch):
    monkeypatch.setattr(transactions, "_COLLIDING_SECONDS", 1.0)
    with pytest.raises(WriteCollision, match="Somebody else is changing the same"):
        rename(store, staff, ada)
    assert store.customers.get(ada.id) == ada
