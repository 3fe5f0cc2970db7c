"""A process that imports customers and stops for ever after its first batch: `python -m tests.support.importer`.

Its arguments are the URI, the database and the number of customers; it prints a line when that batch is stored.
"""

import sys
import threading

from kinso.config import Settings
from kinso.database.connection import connect
from kinso.models.accounts import COMMAND_LINE
from kinso.repository.store import Store
from kinso.services.transfer.customer_imports import import_customers


def main(uri: str, database: str, count: int) -> None:
    rows = "".join(f"C-{number:04},Ann,ann@shop.com,50\n" for number in range(count))
    file = f"customerId,customerName,contactInfo,purchaseAmount\n{rows}".encode()
    store = Store(connect(Settings(mongodb_uri=uri, database=database)))
    import_customers(store, COMMAND_LINE, file, lambda done, total: _stop())


def _stop() -> None:
    sys.stdout.write("halfway\n")
    sys.stdout.flush()
    threading.Event().wait()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
