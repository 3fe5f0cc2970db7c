"""Own fields by the API, in files, in history, undo, trash, erasure and `check`."""

from datetime import UTC, datetime

from kinso.models.accounts import COMMAND_LINE, Role
from kinso.models.customers import CustomerQuery
from kinso.models.history import HistoryQuery
from kinso.repository.history import SIDES
from kinso.services.customers.editing import delete_customer
from kinso.services.history.changes import list_history
from kinso.services.history.trash import erase_person, restore_customers
from kinso.services.history.undo import revert_change
from kinso.services.membership.activation import set_membership_of_matching
from kinso.services.shop.checks import check_database
from kinso.services.transfer.customer_imports import import_customers
from kinso.services.transfer.exports import export_customers

OWN = {"nickName": "Addi", "birthday": "2000-02-29", "shoeSize": 42.5, "newsletter": True, "language": "German"}
NEW = {"customerId": "C-1", "customerName": "Ada Lovelace", "contactInfo": "ada@shop.com", "tags": ["vip"], **OWN}


def own(values):
    return {name: values[name] for name in OWN}


def stored(store):
    return store.connection.database["customers"].find_one()


def test_they_are_entered_sent_stored_and_refused_by_name(api, token, store):
    by = token(Role.STAFF)
    made = api("POST", "/customers", token=by, json=NEW).json()["data"]
    assert own(made) == OWN
    assert made["tags"] == ["vip"]
    assert stored(store)["birthday"] == datetime(2000, 2, 29, tzinfo=UTC)
    address = f"/customers/{made['_id']}"
    assert own(api("GET", address, token=by).json()["data"]) == OWN
    changed = api("PUT", address, token=by, json={"birthday": None, "language": "english", "shoeSize": 40}).json()
    assert own(changed["data"]) == {**OWN, "birthday": None, "language": "English", "shoeSize": 40}
    wrong = {"birthday": "yesterday", "shoeSize": 61, "newsletter": "yes", "language": "Latin", "nickName": "x" * 31}
    answer = api("PUT", address, token=by, json=wrong)
    assert answer.status_code == 422
    assert {error["field"]: error["message"] for error in answer.json()["errors"]} == {
        "birthday": "Birthday must be a date, such as 2026-01-31.",
        "shoeSize": "Shoe size must be from 1 to 60.",
        "newsletter": "Newsletter must be true or false.",
        "language": "Language must be one of English, German.",
        "nickName": "Nickname is too long; use at most 30 characters.",
    }
    assert [each["customerId"] for each in api("GET", "/customers?search=addi", token=by).json()["data"]] == ["C-1"]
    described = api("GET", "/openapi.json").json()["components"]["schemas"]["CustomerOut"]["properties"]
    assert OWN.keys() <= described.keys()
    rows = [{"customerId": "C-1", "nickName": "Countess"}]
    bulk = api("POST", "/customers/bulk", token=by, json={"mode": "per-row", "customers": rows})
    assert bulk.is_success
    assert stored(store)["nickName"] == "Countess"
    many = {"filter": {"fact": "nickName", "is": "=", "value": "countess"}, "field": "language", "edit": "set"}
    done = api("POST", "/customers/bulk/edit", token=by, json={**many, "value": "german"})
    assert done.json()["data"]["changed"] == 1, done.text
    assert stored(store)["language"] == "German"
    assert api("POST", "/customers/bulk/edit", token=by, json={**many, "value": "Latin"}).status_code == 422


def test_files_take_them_out_and_bring_them_back(api, token, store):
    api("POST", "/customers", token=token(Role.STAFF), json=NEW)
    before = store.customers.get_by_customer_id("C-1")
    file = b"".join(export_customers(store, COMMAND_LINE, CustomerQuery()))
    assert import_customers(store, COMMAND_LINE, file).run is None
    edited = file.replace(b"42.5", b"43").replace(b"2000-02-29", b"2004-02-29").replace(b"German", b"English")
    import_customers(store, COMMAND_LINE, edited)
    after = store.customers.get_by_customer_id("C-1")
    assert (after.shoe_size, after.birthday.year, after.language, after.newsletter) == (43, 2004, "English", True)
    delete_customer(store, COMMAND_LINE, before.id)
    erase_person(store, COMMAND_LINE, before.id)
    created = file.replace(b"C-1", b"C-2")
    lines = [line.rpartition(b",")[0] for line in created.splitlines()]
    import_customers(store, COMMAND_LINE, b"\r\n".join(lines))
    again = store.customers.get_by_customer_id("C-2")
    assert (again.nick_name, again.birthday, again.tags) == (before.nick_name, before.birthday, ("vip",))


def test_history_undo_trash_and_check_know_them(api, token, store):
    by = token(Role.ADMIN)
    made = api("POST", "/customers", token=by, json=NEW).json()["data"]
    id = made["_id"]
    api("PUT", f"/customers/{id}", token=by, json={"birthday": "1999-01-01", "tags": ["regular", "vip"]})
    [edit, _] = list_history(store, COMMAND_LINE, HistoryQuery(), page=1, limit=10).items
    assert (edit.before["birthday"].year, edit.after["birthday"].year) == (2000, 1999)
    assert (edit.before["tags"], edit.after["tags"]) == (("vip",), ("regular", "vip"))
    revert_change(store, COMMAND_LINE, edit.id)
    assert own(api("GET", f"/customers/{id}", token=by).json()["data"]) == OWN
    delete_customer(store, COMMAND_LINE, id)
    restore_customers(store, COMMAND_LINE, [id])
    assert own(api("GET", f"/customers/{id}", token=by).json()["data"]) == OWN
    assert check_database(store, COMMAND_LINE).is_clean
    store.connection.database["customers"].update_one({}, {"$set": {"birthday": "2000"}})
    found = [str(finding) for finding in check_database(store, COMMAND_LINE).findings]
    assert any("the field birthday is not a date" in finding for finding in found)


def test_an_erased_person_leaves_only_what_is_declared_not_to_be_personal(api, token, store):
    by = token(Role.ADMIN)
    id = api("POST", "/customers", token=by, json={**NEW, "notes": "Likes tea"}).json()["data"]["_id"]
    api("PUT", f"/customers/{id}", token=by, json={"nickName": "Countess", "shoeSize": 40, "notes": "Likes coffee"})
    store.connection.database["customers"].update_one({}, {"$set": {"addedByAnotherApplication": "Addi again"}})
    by_nickname = CustomerQuery(search="Countess")
    assert set_membership_of_matching(store, COMMAND_LINE, by_nickname, membership_status=True).changed == 1
    erase_person(store, COMMAND_LINE, id)
    database = store.connection.database
    left = [stored(store), *database["changes"].find(), *database["runs"].find(), *database["requests"].find()]
    for trace in ("Addi", "Countess", "German", "vip", "tea", "coffee", "Ada", "ada@"):
        assert trace not in str(left)
    kept = {"customerId", "customerName", "contactInfo", "purchaseAmount", "membershipStatus", "shoeSize"}
    assert all((change[side] or {}).keys() <= kept for change in database["changes"].find() for side in SIDES)
    assert stored(store)["shoeSize"] == 40
    assert check_database(store, COMMAND_LINE).is_clean
