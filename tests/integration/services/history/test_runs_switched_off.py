import pytest

from kinso.errors import NotSignedIn
from kinso.models.accounts import COMMAND_LINE, NewUser, Role
from kinso.models.customers import CustomerDraft, CustomerQuery
from kinso.services.accounts.users import create_user, set_active
from kinso.services.customers.editing import create_customer
from kinso.services.history import runs
from kinso.services.history.undo import undo_run
from kinso.services.membership.activation import activate_at_threshold, set_membership_of_matching
from kinso.services.shop.checks import check_database
from kinso.services.transfer.customer_imports import import_customers

EVERYONE = CustomerQuery()
RENAMED = b"customerId,customerName\n" + b"".join(b"C-%d,Bea\n" % number for number in range(8))


def undo_of_an_earlier_run(store, ann, progress):
    earlier = set_membership_of_matching(store, COMMAND_LINE, EVERYONE, membership_status=True)
    return undo_run(store, ann, earlier.id, on_progress=progress)


WORK = {
    "activation": lambda store, ann, progress: activate_at_threshold(store, ann, 5, on_progress=progress),
    "membership": lambda store, ann, progress: set_membership_of_matching(
        store, ann, EVERYONE, membership_status=True, on_progress=progress
    ),
    "import": lambda store, ann, progress: import_customers(store, ann, RENAMED, progress),
    "undo": undo_of_an_earlier_run,
}


@pytest.fixture
def ann(store):
    people = (("boss", Role.ADMIN), ("ann", Role.MANAGER))
    new = [
        NewUser(email=f"{name}@shop.com", name=name.title(), role=role, password="long enough") for name, role in people
    ]
    return [create_user(store, COMMAND_LINE, each) for each in new][1]


@pytest.mark.parametrize("work", WORK.values(), ids=WORK)
def test_what_a_person_began_is_undone_once_they_are_switched_off(store, ann, monkeypatch, work):
    for number in range(8):
        draft = CustomerDraft(
            customer_id=f"C-{number}", customer_name="Ada", contact_info="ada@shop.com", purchase_amount=10
        )
        create_customer(store, COMMAND_LINE, draft)
    monkeypatch.setattr(runs, "BATCH", 2)
    seen = []

    def progress(done, total):
        if not seen:
            set_active(store, COMMAND_LINE, ann.id, active=False)
        seen.append((done, total))

    with pytest.raises(NotSignedIn, match="switched off"):
        work(store, ann.acting("app"), progress)

    assert len(seen) == 1
    run = store.runs.recent(limit=1)[0]
    assert (run.by_name, run.status) == ("Ann", "rolled-back")
    found = store.customers.find(EVERYONE, page=1, limit=10)
    assert {(one.customer_name, one.membership_status) for one in found} == {("Ada", work is WORK["undo"])}
    assert check_database(store, COMMAND_LINE).findings == []
