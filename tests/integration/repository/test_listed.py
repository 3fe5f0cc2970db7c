"""Any page of a list is the right one, however it is found."""

import pytest

from kinso.models.customers import SORT_FIELDS, CustomerDraft, CustomerQuery
from kinso.repository import listed
from kinso.repository.documents import now
from tests.support.oracle import Oracle

COUNT, LIMIT = 90, 7


@pytest.fixture
def people(store):
    """Some names are of many, and so are some contacts."""
    drafts = [
        CustomerDraft(
            customer_id=f"C-{number}",
            customer_name=f"Name {number * 7 % 40}",
            contact_info=f"{number % 5}@shop.com",
            purchase_amount=number % 9,
            membership_status=number % 3 == 0,
        )
        for number in range(COUNT)
    ]
    store.customers.insert_many(drafts, now())


@pytest.mark.parametrize("sort_order", ["asc", "desc"])
@pytest.mark.parametrize("sort_by", SORT_FIELDS)
@pytest.mark.parametrize("margin", [0.0, 0.05, 0.5])
def test_every_page_is_a_part_of_the_whole_order(store, people, monkeypatch, sort_by, sort_order, margin):
    monkeypatch.setattr(listed, "_FAR", 1)
    monkeypatch.setattr(listed, "_SAMPLE", 100)
    monkeypatch.setattr(listed, "_MARGIN", margin)
    oracle = Oracle(store)
    for status in (None, True):
        query = CustomerQuery(sort_by=sort_by, sort_order=sort_order, membership_status=status, search="shop")
        expected = oracle.ordered(query)
        for page in range(1, len(expected) // LIMIT + 3):
            found, total = store.customers.find_with_total(query, page=page, limit=LIMIT)
            assert [each.id for each in found] == expected[(page - 1) * LIMIT : page * LIMIT]
            assert total == len(expected)
            if sort_by in ("contactInfo", "membershipStatus"):
                found, _ = store.customers.find_with_total(
                    query.model_copy(update={"search": ""}), page=page, limit=LIMIT
                )
                assert [each.id for each in found] == expected[(page - 1) * LIMIT : page * LIMIT]


def test_a_look_at_some_rows_finds_the_page(store, people, monkeypatch):
    monkeypatch.setattr(listed, "_FAR", 1)
    monkeypatch.setattr(listed, "_SAMPLE", 100)
    monkeypatch.setattr(listed, "_MARGIN", 0.2)
    missed = []
    near_by = listed.Listed._near_by

    def noting(self, *arguments):
        found = near_by(self, *arguments)
        missed.append(found is None)
        return found

    monkeypatch.setattr(listed.Listed, "_near_by", noting)
    for page in (3, 6, 9):
        query = CustomerQuery(sort_by="customerName", sort_order="asc", search="shop")
        store.customers.find_with_total(query, page=page, limit=LIMIT)
    assert missed == [False] * 3
