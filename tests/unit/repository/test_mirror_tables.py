"""The tables of the mirror answer by the rows that are there, whatever there was before."""

from kinso.mirror.mirror import Batch, Mirror
from kinso.mirror.tables import CUSTOMERS

MANY = 200_000
"""More than the rows of one group, for which smallest and largest values are kept."""


def customers(start, names):
    count = len(names)
    return {"key": list(range(start, start + count)), "customer_name": names, "purchase_amount": list(range(count))}


def test_the_first_of_an_order_is_found_after_very_many_before_it_were_deleted():
    mirror = Mirror()
    mirror.append(CUSTOMERS, customers(0, [f"x{number}" for number in range(MANY)]))
    mirror.apply({"customers": Batch(gone=list(range(MANY)))})
    mirror.apply({"customers": Batch(whole=customers(MANY, ["a", "b", "c"]))})

    assert mirror.rows("SELECT customer_name FROM customers ORDER BY customer_name DESC LIMIT 1") == [("c",)]
    assert mirror.rows("SELECT purchase_amount FROM customers ORDER BY purchase_amount DESC LIMIT 1") == [(2,)]
