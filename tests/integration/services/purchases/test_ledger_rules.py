"""Whatever is sold, refunded, typed, undone, deleted and restored, in any order: the ledger adds up."""

import uuid
from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinso.errors import Conflict, KinsoError
from kinso.models.customers import CustomerDraft, CustomerPatch
from kinso.models.purchases import LedgerQuery, PurchaseDraft, RefundDraft
from kinso.services.customers.editing import create_customer, delete_customer, update_customer
from kinso.services.history.reverting import reverted
from kinso.services.history.trash import restore_customers
from kinso.services.history.undo import revert_change
from kinso.services.purchases.recording import record_sale, refund_sale
from kinso.services.shop.checks import check_database
from tests.support.examples import fewer_examples

cents = st.integers(0, 10_000_00).map(lambda number: Decimal(number) / 100)
places = st.integers(0, 30)
steps = st.one_of(
    st.tuples(st.just("sell"), cents),
    st.tuples(st.just("type"), cents),
    st.tuples(st.just("refund"), places, cents.filter(bool)),
    st.tuples(st.just("revert"), places),
    st.tuples(st.just("revert twice"), places),
    st.tuples(st.just("delete and restore")),
)


class Till:
    """One customer, everything that was sold to them, and everything that can be done with that."""

    def __init__(self, store, manager):
        self.store, self.manager = store, manager
        # Enough that no purchase is refused to be reverted just because nothing would be left.
        draft = CustomerDraft(
            customer_id=f"C-{uuid.uuid4()}",
            customer_name="Ann",
            contact_info="ann@shop.com",
            purchase_amount=Decimal(100_000),
        )
        self.id = create_customer(store, manager, draft).id
        self.sales = []

    def take(self, step):
        """Do it if it is allowed; what is refused must change nothing, which the ledger shows at the end."""
        with suppress(KinsoError):
            getattr(self, step[0].replace(" ", "_"))(*step[1:])

    def sell(self, amount):
        self.sales.append(record_sale(self.store, self.manager, self.id, PurchaseDraft(amount=amount)).entry)

    def type(self, amount):
        update_customer(self.store, self.manager, self.id, CustomerPatch(purchase_amount=amount))

    def refund(self, place, amount):
        if self.sales:
            sale = self.sales[place % len(self.sales)]
            refund_sale(self.store, self.manager, sale.sale_id, RefundDraft(amount=amount))

    def revert(self, place):
        changes = [change for change in self.store.changes.of_customer(self.id, limit=40) if change.before is not None]
        if changes:
            revert_change(self.store, self.manager, changes[place % len(changes)].id)

    def revert_twice(self, place):
        if self.sales:
            change = self.sales[place % len(self.sales)].change
            revert_change(self.store, self.manager, change)
            with pytest.raises(Conflict):
                revert_change(self.store, self.manager, change)

    def delete_and_restore(self):
        delete_customer(self.store, self.manager, self.id)
        restore_customers(self.store, self.manager, [self.id])


@pytest.mark.slow
@given(st.lists(steps, max_size=14))
@fewer_examples()
def test_the_entries_of_a_customer_add_up_to_the_purchase_amount(store, manager, admin, taken):
    till = Till(store, manager)
    for step in taken:
        till.take(step)
    counted = list(store.ledger.iterate(LedgerQuery(customer=till.id)))
    assert sum((sale.amount for sale in counted), Decimal(0)) == store.customers.get(till.id).purchase_amount
    changes = store.changes.of_customer(till.id, limit=1000)
    written = store.ledger.written_by({change.id: till.id for change in changes})
    assert {sale.change for sale in counted} == written.keys() - reverted(changes)
    assert [finding.sentence for finding in check_database(store, admin).findings] == []
