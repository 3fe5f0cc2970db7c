"""A process that leaves a transaction open: `python -m tests.support.left_open URI DATABASE CUSTOMER_ID`.

Prints a line when it has written, and waits to be killed.
"""

import sys
import time

from kinso.config import Settings
from kinso.database.connection import connect
from kinso.models.accounts import COMMAND_LINE
from kinso.models.customers import CustomerPatch
from kinso.repository.store import Store
from kinso.services.customers.editing import update_customer


def main(uri: str, database: str, customer: str) -> None:
    store = Store(connect(Settings(mongodb_uri=uri, database=database)))

    def work() -> None:
        update_customer(store, COMMAND_LINE, customer, CustomerPatch(customer_name="Never saved"))
        sys.stdout.write("written\n")
        sys.stdout.flush()
        time.sleep(600)

    store.transact(work)


if __name__ == "__main__":
    main(*sys.argv[1:])
