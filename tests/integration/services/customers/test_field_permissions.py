"""A field that takes a permission of its own takes it on every way to it."""

from dataclasses import replace

import pytest

from kinso.errors import NotPermitted
from kinso.models import fields
from kinso.models.accounts import Permission
from kinso.models.customers import CustomerDraft, CustomerEdit, CustomerPatch, CustomerQuery
from kinso.services.customers.bulk import upsert_customers
from kinso.services.customers.editing import create_customer, update_customer
from kinso.services.customers.saving import save_edits
from kinso.services.history.undo import permissions_to_revert, revert_change
from kinso.services.transfer.customer_imports import import_customers

WHO = {"customer_id": "C-1", "customer_name": "Ada Lovelace", "contact_info": "ada@shop.com"}
ADA = CustomerDraft(**WHO)
HEADER = "customerId,customerName,contactInfo,notes\n"


@pytest.fixture(autouse=True)
def _notes_are_for_managers(monkeypatch):
    declared = tuple(
        replace(field, permission=Permission.RULES) if field.name == "notes" else field for field in fields.FIELDS
    )
    monkeypatch.setattr(fields, "FIELDS", declared)
    monkeypatch.setattr(fields, "BY_NAME", {field.name: field for field in declared})


def upsert(store, actor, **row):
    who = {"customerId": "C-1", "customerName": "Ada Lovelace", "contactInfo": "ada@shop.com"}
    upsert_customers(store, actor, [who | row], all_or_nothing=True)


REGISTERING = {
    "form": lambda store, actor: create_customer(store, actor, CustomerDraft(**WHO, notes="Rings twice")),
    "bulk": lambda store, actor: upsert(store, actor, notes="Rings twice"),
    "file": lambda store, actor: import_customers(
        store, actor, f"{HEADER}C-1,Ada Lovelace,ada@shop.com,Rings twice\n".encode()
    ),
}
EDITING = {
    "form": lambda store, actor, ada: update_customer(store, actor, ada.id, CustomerPatch(notes="Rings twice")),
    "grid": lambda store, actor, ada: save_edits(store, actor, [CustomerEdit(ada, {"notes": "Rings twice"})]),
    "bulk": lambda store, actor, _ada: upsert(store, actor, notes="Rings twice"),
    "file": lambda store, actor, _ada: import_customers(store, actor, b"customerId,notes\nC-1,Rings twice\n"),
}


@pytest.mark.parametrize("register", REGISTERING.values(), ids=REGISTERING)
def test_registering_with_it(store, staff, manager, register):
    with pytest.raises(NotPermitted):
        register(store, staff)
    assert store.customers.count(CustomerQuery()) == 0

    register(store, manager)

    assert store.customers.get_by_customer_id("C-1").notes == "Rings twice"


@pytest.mark.parametrize("edit", EDITING.values(), ids=EDITING)
def test_editing_it(store, staff, manager, edit):
    ada = create_customer(store, staff, ADA)
    with pytest.raises(NotPermitted):
        edit(store, staff, ada)
    assert store.customers.get(ada.id) == ada

    edit(store, manager, ada)

    assert store.customers.get(ada.id).notes == "Rings twice"


def test_undoing_a_change_of_it(store, staff, manager):
    ada = create_customer(store, staff, ADA)
    update_customer(store, manager, ada.id, CustomerPatch(notes="Rings twice"))
    [change] = store.changes.of_customer(ada.id, limit=1)

    with pytest.raises(NotPermitted):
        revert_change(store, staff, change.id)
    assert permissions_to_revert(change) == {Permission.RULES}
    revert_change(store, manager, change.id)

    assert store.customers.get(ada.id).notes == ""


def test_the_other_fields_stay_open(store, staff):
    ada = create_customer(store, staff, ADA)

    update_customer(store, staff, ada.id, CustomerPatch(customer_name="Ada King"))

    assert store.customers.get(ada.id).customer_name == "Ada King"
