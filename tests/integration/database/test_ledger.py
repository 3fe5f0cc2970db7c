"""A database from before the ledger: what everybody has spent is explained from its first start on."""

from kinso.database.ledger import open_ledger
from kinso.services.customers.editing import delete_customer
from kinso.services.history.trash import restore_customers
from kinso.services.shop.checks import check_database
from kinso.services.shop.samples import load_samples


def forget_ledger(database):
    database["sales"].delete_many({})
    database["settings"].delete_one({"_id": "ledger"})


def test_purchases_from_before_the_ledger_are_explained_also_those_of_deleted_customers(
    store, manager, admin, connection
):
    load_samples(store, manager, 30)
    everyone = [str(found["_id"]) for found in connection.database["customers"].find()]
    for id in everyone[:4]:
        delete_customer(store, manager, id)
    forget_ledger(connection.database)
    assert check_database(store, admin).findings
    for _ in range(2):
        open_ledger(connection)
        assert check_database(store, admin).findings == []
        connection.database["settings"].delete_one({"_id": "ledger"})
    restore_customers(store, manager, everyone[:2])
    assert check_database(store, admin).findings == []
