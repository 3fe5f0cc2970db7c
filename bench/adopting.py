"""How long Kinso takes to adopt the customers of the original application, and how soon one can be sold to."""

import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument

from bench.figures import Figure
from bench.shop import served
from bench.specified import Specified, index
from bench.startup import answer_everything, until_it_answers
from kinso.config import Settings
from kinso.database.connection import in_batches
from kinso.models.accounts import COMMAND_LINE
from kinso.models.purchases import PurchaseDraft
from kinso.services.application import ApplicationContext, close_application, open_application
from kinso.services.customers.finding import find_by_customer_id
from kinso.services.purchases.recording import record_sale
from kinso.services.shop.sample_people import sample_id

_AT_ONCE = 10_000
_GLANCE = 0.1


def adopt(folder: Path, shop: Path, count: int) -> Iterator[Figure]:
    """Take over the same people whom `shop` holds for the specified way, in a new `folder`."""
    _leave(folder, shop, count)
    started = time.perf_counter()

    def seconds() -> float:
        return time.perf_counter() - started

    # A command, which announces no one-time code, would wait until everybody is adopted.
    application = open_application(Settings(data_dir=folder), announce=lambda code: None)
    try:
        until_it_answers(lambda: _sell(application, sample_id(count // 2)))
        sold = seconds()
        _wait_until_adopted(application, count)
        answer_everything(application)
        yield Figure(f"adoption of {count:,} customers, seconds until everything answers", seconds()).at_most(180)
        yield Figure("adoption, seconds until one can be sold to", sold).at_most(10)
    finally:
        close_application()


def _leave(folder: Path, shop: Path, count: int) -> None:
    """The customers as the original application leaves them."""
    as_it_is = CodecOptions(document_class=RawBSONDocument)
    with served(shop) as (source, _), served(folder) as (target, _):
        customers = target.database["customers"]
        index(customers)
        found = Specified(source.client).customers.with_options(as_it_is).find().limit(count)
        for batch in in_batches(found, _AT_ONCE):
            customers.insert_many(batch, ordered=False)


def _sell(application: ApplicationContext, customer_id: str) -> None:
    found = find_by_customer_id(application.store, COMMAND_LINE, customer_id)
    assert found
    record_sale(application.store, COMMAND_LINE, found.id, PurchaseDraft(amount=Decimal(1)))


def _wait_until_adopted(application: ApplicationContext, count: int) -> None:
    """Everybody spent something, and so has an opening balance; one has a purchase as well."""
    sales = application.store.connection.database["sales"]
    while sales.estimated_document_count() < count + 1:
        time.sleep(_GLANCE)
