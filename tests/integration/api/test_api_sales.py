from urllib.parse import quote

import pytest

from kinso.models.shop import ShopSettings
from kinso.models.transfer.plans import ImportChoices
from kinso.services.customers.editing import CUSTOMER_GONE
from kinso.services.transfer.purchase_imports import import_purchases

SOLD = {"customerId": "C-1", "saleId": "R-1", "amount": 8.5, "date": "2025-01-31T09:30:00+06:00"}


@pytest.fixture
def ann(register):
    return register("C-1", purchaseAmount=10.1)


@pytest.fixture
def call(api, token):
    def call(method, path, body=None, role="staff", **more):
        return api(method, path, token=token(role), json=body, **more)

    return call


def data(answer, status=200):
    assert answer.status_code == status, answer.text
    return answer.json()["data"]


def test_a_purchase_is_recorded_and_told_everywhere(call, ann):
    items = [{"name": "Tea", "quantity": 0.5, "unitPrice": 17}]
    sent = {**SOLD, "customerId": " c-1", "items": items, "paymentMethod": "cash", "note": "Gift"}
    recorded = data(call("POST", "/sales", sent), 201)
    assert (recorded["purchaseAmount"], recorded["activated"], recorded["repeated"]) == (18.6, False, False)
    entry = data(call("GET", "/sales/R-1", role="analyst"))
    assert {name: recorded[name] for name in entry} == entry
    assert entry == {
        **{name: entry[name] for name in ("_id", "recordedAt")},
        "saleId": "R-1",
        "customer": ann["_id"],
        "kind": "sale",
        "amount": 8.5,
        "date": "2025-01-31T03:30:00.000Z",
        "countsAt": "2025-01-31T03:30:00.000Z",
        "byName": "staff person",
        "items": items,
        "discount": 0,
        "surcharge": 0,
        "paymentMethod": "cash",
        "note": "Gift",
        "refundOf": None,
    }
    listed = call("GET", f"/customers/{ann['_id']}/sales", role="analyst")
    assert [each["kind"] for each in data(listed)] == ["opening", "sale"]
    assert (
        sum(each["amount"] for each in data(listed)) == data(call("GET", f"/customers/{ann['_id']}"))["purchaseAmount"]
    )


@pytest.mark.parametrize("fields", [{}, {"purchaseAmount": 0}, {"purchaseAmount": 0.0}])
def test_who_comes_with_nothing_has_no_opening_balance(call, register, fields):
    bea = register("C-2", **fields)
    assert data(call("GET", f"/customers/{bea['_id']}/sales")) == []


def test_a_unit_price_keeps_its_decimals(call, ann):
    items = [
        {"name": "Diesel", "quantity": 40, "unitPrice": 1.459},
        {"name": "Nail", "quantity": 9, "unitPrice": 13.9563},
    ]
    recorded = data(call("POST", "/sales", {"customerId": "C-1", "saleId": "R-1", "items": items}), 201)
    assert recorded["amount"] == 183.97
    assert data(call("GET", "/sales/R-1"))["items"] == items


def test_an_amount_that_differs_from_its_items_says_why_or_is_refused(call, ann):
    sale = {"customerId": "C-1", "saleId": "R-1", "items": [{"name": "Tea", "unitPrice": 2}]}
    refused = call("POST", "/sales", {**sale, "amount": 5})
    assert refused.status_code == 422
    assert refused.json()["errors"] == [
        {
            "field": "amount",
            "message": "Amount is 5.00, but the items add up to 2.00: say that the difference of 3.00 is a surcharge,"
            " or leave the amount out.",
        }
    ]
    recorded = data(call("POST", "/sales", {**sale, "amount": 5, "surcharge": 3}), 201)
    assert (recorded["amount"], recorded["surcharge"], recorded["discount"]) == (5, 3, 0)
    assert data(call("POST", "/sales", {**sale, "saleId": "R-2", "discount": 0.5}), 201)["amount"] == 1.5
    alone = call("POST", "/sales", {"customerId": "C-1", "amount": 5, "discount": 1})
    assert [error["field"] for error in alone.json()["errors"]] == ["discount"]


def test_a_customer_can_be_named_by_id_too_and_the_rest_is_filled_in(call, ann):
    sent = {"customerId": ann["_id"], "items": [{"name": "Tea", "unitPrice": 2.5}]}
    assert data(call("POST", "/sales", {**sent, "saleId": "R-1"}), 201)["customer"] == ann["_id"]
    assert data(call("POST", "/sales", {"customer": "C-1", "saleId": "R-1", "amount": 2.5}))["repeated"]
    data(call("POST", "/sales/R-1/refund"), 201)
    recorded = data(call("POST", "/sales", sent), 201)
    assert (recorded["amount"], recorded["purchaseAmount"], recorded["items"][0]["quantity"]) == (2.5, 12.6, 1)
    assert data(call("GET", f"/sales/{recorded['saleId']}"))["date"] == recorded["recordedAt"]


def test_the_same_sale_again_changes_nothing_and_another_one_is_refused(call, ann):
    first = data(call("POST", "/sales", SOLD), 201)
    again = call("POST", "/sales", SOLD)
    assert data(again) == {**first, "repeated": True}
    assert again.json()["message"] == "R-1 was recorded before; nothing was changed."
    refused = call("POST", "/sales", {**SOLD, "amount": 9})
    assert refused.status_code == 409
    assert "already recorded for another purchase" in refused.json()["message"]


def test_a_key_repeats_the_answer_itself(call, ann):
    body = {"customerId": "C-1", "amount": 1}
    key = {"Idempotency-Key": "till-1"}
    first, again = (call("POST", "/sales", body, headers=key) for _ in range(2))
    assert (data(first, 201), again.headers["Idempotency-Replayed"]) == (data(again, 201), "true")
    assert data(call("GET", f"/customers/{ann['_id']}"))["purchaseAmount"] == 11.1


def test_a_refund_is_an_entry_that_points_to_its_sale(call, ann):
    data(call("POST", "/sales", SOLD), 201)
    part = data(call("POST", "/sales/R-1/refund", {"amount": 3.25, "saleId": "B-1", "note": "Broken"}), 201)
    assert (part["kind"], part["amount"], part["refundOf"], part["purchaseAmount"]) == ("refund", -3.25, "R-1", 15.35)
    assert data(call("POST", "/sales/R-1/refund", {"amount": 3.25, "saleId": "B-1"}))["repeated"]
    too_much = call("POST", "/sales/R-1/refund", {"amount": 5.26})
    assert (too_much.status_code, too_much.json()["errors"][0]["field"]) == (422, "amount")
    assert data(call("POST", "/sales/R-1/refund"), 201)["purchaseAmount"] == 10.1
    assert call("POST", "/sales/B-1/refund").status_code == 409
    assert call("POST", "/sales/R-9/refund").status_code == 404


def test_a_refund_counts_with_its_sale_and_is_never_dated_before_it(call, ann):
    data(call("POST", "/sales", SOLD), 201)
    refused = call("POST", "/sales/R-1/refund", {"amount": 1, "date": "2025-01-29T23:00:00Z"})
    assert refused.status_code == 422
    assert refused.json()["errors"] == [
        {
            "field": "date",
            "message": "Date 2025-01-29 is before its sale, which was on 2025-01-31;"
            " a refund happens after its sale or on the same day.",
        }
    ]
    refund = data(call("POST", "/sales/R-1/refund", {"amount": 1, "date": "2025-03-01T10:00:00Z"}), 201)
    assert (refund["date"], refund["countsAt"]) == ("2025-03-01T10:00:00.000Z", "2025-01-31T03:30:00.000Z")
    assert data(call("POST", "/sales/R-1/refund", {"amount": 1, "date": "2025-01-31"}), 201)["countsAt"]


@pytest.mark.parametrize("sale_id", ["INV/2025/001", "ü %20?#", "a&b=c", "refund", "=1+1", "$gt"])
def test_a_sale_id_is_any_text(call, ann, sale_id):
    data(call("POST", "/sales", {**SOLD, "saleId": sale_id}), 201)
    path = f"/sales/{quote(sale_id, safe='')}"
    assert data(call("GET", path))["saleId"] == sale_id
    assert data(call("POST", f"{path}/refund"), 201)["refundOf"] == sale_id


def test_the_address_of_refunds_knows_no_other_method(call, ann):
    data(call("POST", "/sales", SOLD), 201)
    assert call("GET", "/sales/R-1/refund").status_code == 405
    assert call("DELETE", "/sales/R-1").status_code == 405


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"amount": None}, "amount"),
        ({"amount": "8.5"}, "amount"),
        ({"amount": -1}, "amount"),
        ({"amount": {"$gt": 0}}, "amount"),
        ({"amount": 1e13}, "amount"),
        ({"date": "soon"}, "date"),
        ({"date": 5}, "date"),
        ({"date": "2999-01-01"}, "date"),
        ({"saleId": ""}, "saleId"),
        ({"saleId": "a\u0000b"}, "saleId"),
        ({"saleId": 5}, "saleId"),
        ({"items": {}}, "items"),
        ({"items": [{"name": "Tea"}]}, "items.0.unitPrice"),
        ({"items": [{"name": "Tea", "unitPrice": 1}] * 201}, "items"),
        ({"paymentMethod": "gold"}, "paymentMethod"),
        ({"note": "\u202e"}, "note"),
        ({"customerId": None}, "customerId"),
    ],
)
def test_what_is_wrong_with_a_purchase_is_told_by_field(call, ann, store, fields, field):
    answer = call("POST", "/sales", {**SOLD, **fields})
    assert answer.status_code == 422, answer.text
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert store.customers.get(ann["_id"]).version == 1


@pytest.mark.parametrize("id", ["C-9", "0" * 24])
def test_nobody_can_buy_nothing(call, id):
    assert call("POST", "/sales", {"customerId": id, "amount": 1}).status_code == 404
    assert call("POST", "/sales", {"amount": 1}).json()["errors"][0]["field"] == "customerId"


def test_the_ledger_is_listed_newest_first_in_pages_and_parts(call, ann, register):
    register("C-2")
    for number in range(1, 5):
        date = f"2025-0{number}-01"
        data(
            call(
                "POST", "/sales", {**SOLD, "saleId": f"R-{number}", "date": date, "customerId": f"C-{1 + number % 2}"}
            ),
            201,
        )

    def ids(query):
        answer = call("GET", f"/sales?{query}", role="analyst")
        return [each["saleId"] for each in data(answer)], answer.json()["pagination"]["total"]

    assert ids("kind=sale&limit=3") == (["R-4", "R-3", "R-2"], 4)
    assert ids("kind=sale&limit=3&page=2") == (["R-1"], 4)
    assert ids(f"kind=sale&customer={ann['_id']}") == (["R-4", "R-2"], 2)
    assert ids("since=2025-02-01&until=2025-04-01") == (["R-3", "R-2"], 2)
    assert ids("kind=opening")[1] == 1
    assert ids("since=2025-02-01&until=2999-01-01&kind=sale")[1] == 3
    assert ids("since=&until=&kind=&customer=&customerId=") == ids("")
    for odd in ("kind=gift", "since=soon", "kind[$ne]=sale", "customer=a&customer=b", "limit=1001", "customer=%00"):
        assert call("GET", f"/sales?{odd}").status_code == 422


class TestWithoutAZone:
    @pytest.fixture(autouse=True)
    def in_new_york(self, store, ann):
        store.shop.save(ShopSettings(time_zone="America/New_York"))

    @pytest.mark.parametrize(
        ("date", "meant"),
        [
            ("2025-11-01", "2025-11-01T04:00:00.000Z"),
            ("2025-11-01T10:30", "2025-11-01T14:30:00.000Z"),
            ("2025-11-01T10:30Z", "2025-11-01T10:30:00.000Z"),
        ],
    )
    def test_a_date_means_the_same_through_the_api_and_in_a_file(self, call, store, manager, date, meant):
        sent = data(call("POST", "/sales", {**SOLD, "date": date}), 201)
        file = f"saleId,customerId,date,amount\nF-1,C-1,{date},1\n".encode()
        import_purchases(store, manager, file, choices=ImportChoices(opening_balance="keep"))
        assert (sent["date"], data(call("GET", "/sales/F-1"))["date"]) == (meant, meant)

    def test_a_refund_may_name_the_day_of_its_sale(self, call):
        data(call("POST", "/sales", {**SOLD, "date": "2025-11-01T20:30"}), 201)
        assert (
            data(call("POST", "/sales/R-1/refund", {"date": "2025-11-01"}), 201)["date"] == "2025-11-02T00:30:00.000Z"
        )

    def test_a_list_begins_and_ends_with_the_days_of_the_shop(self, call):
        for sale_id, date in (("A", "2025-11-01T03:59Z"), ("B", "2025-11-01T04:00Z"), ("C", "2025-11-02T03:59Z")):
            data(call("POST", "/sales", {**SOLD, "saleId": sale_id, "date": date}), 201)
        for since, until in (("2025-11-01", "2025-11-02"), ("2025-11-01T00:00", "2025-11-02T00:00")):
            listed = data(call("GET", "/sales", params={"since": since, "until": until}))
            assert [each["saleId"] for each in listed] == ["C", "B"]
        assert call("GET", "/sales?since=0001-01-01").status_code == 200
        refused = call("GET", "/sales?until=9999-12-31T23:59")
        assert [error["field"] for error in refused.json()["errors"]] == ["until"]


@pytest.mark.parametrize("name", ["customer", "customerId"])
def test_the_ledger_of_a_customer_is_found_by_number_and_by_id(call, ann, register, name):
    register("C-2", purchaseAmount=5)
    data(call("POST", "/sales", SOLD), 201)
    for named in ("C-1", " c-1 ", ann["_id"]):
        listed = call("GET", "/sales", role="analyst", params={name: named, "kind": "sale"})
        assert [each["saleId"] for each in data(listed)] == ["R-1"]
    for nobody in ("C-9", "zz", "0" * 24):
        answer = call("GET", "/sales", params={name: nobody})
        assert (answer.status_code, answer.json()["message"]) == (404, CUSTOMER_GONE)


def test_the_ledger_of_two_customers_at_once_is_refused(call, ann, register):
    bea = register("C-2")
    same = call("GET", "/sales", params={"customerId": "C-1", "customer": ann["_id"]})
    assert [each["kind"] for each in data(same)] == ["opening"]
    answer = call("GET", "/sales", params={"customerId": "C-1", "customer": bea["_id"]})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "customer")


def test_purchases_of_nobody_are_not_found(call):
    for id in ("0" * 24, "nobody"):
        assert call("GET", f"/customers/{id}/sales").status_code == 404
    assert call("GET", "/sales/R-1").status_code == 404


@pytest.mark.parametrize("sale_id", ["tt-1/", "a/refund", ".", "..", "../x", "a/./b", "/", "a/../refund"])
def test_a_sale_id_that_no_address_could_hold_is_refused(call, ann, sale_id):
    answer = call("POST", "/sales", {**SOLD, "saleId": sale_id})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "saleId")
    data(call("POST", "/sales", SOLD), 201)
    assert call("POST", "/sales/R-1/refund", {"saleId": sale_id}).status_code == 422


def test_a_slash_that_belongs_to_an_id_leads_to_no_other_sale(call, ann, store):
    data(call("POST", "/sales", {**SOLD, "saleId": "tt-1"}), 201)
    assert data(call("GET", "/sales/tt-1/"))["saleId"] == "tt-1"
    assert call("GET", "/sales/tt-1%2F").status_code == 404
    # Files may bring what no till may send.
    sales = store.connection.database["sales"]
    sales.update_one({"saleId": "tt-1"}, {"$set": {"saleId": "tt-1/refund"}})
    assert data(call("GET", "/sales/tt-1%2Frefund"))["saleId"] == "tt-1/refund"
    data(call("POST", "/sales", {**SOLD, "saleId": "tt-1"}), 201)
    assert call("POST", "/sales/tt-1%2Frefund").status_code == 405
    assert data(call("POST", "/sales/tt-1%2Frefund/refund"), 201)["refundOf"] == "tt-1/refund"
    assert data(call("GET", "/customers/" + ann["_id"]))["purchaseAmount"] == 18.6


def test_a_refund_that_leaves_a_member_below_the_threshold_says_so(call, ann, store):
    store.shop.save(ShopSettings(threshold=500))
    data(call("POST", "/sales", {**SOLD, "amount": 700}), 201)
    data(call("PUT", f"/customers/membership/update/{ann['_id']}", {"membershipStatus": True}))
    part = call("POST", "/sales/R-1/refund", {"amount": 100})
    assert part.json()["message"] == "100.00 refunded."
    assert (data(part, 201)["belowThreshold"], data(part, 201)["spent"]) == (False, 610.1)
    whole = call("POST", "/sales/R-1/refund")
    assert whole.json()["message"] == "600.00 refunded. Customer C-1 is still a member, 10.10 of 500.00."
    told = data(whole, 201)
    assert (told["belowThreshold"], told["spent"], told["threshold"]) == (True, 10.1, 500)
    saved = call("PUT", f"/customers/{ann['_id']}", {"purchaseAmount": 0})
    assert saved.json()["message"] == "Customer C-1 is saved. Customer C-1 is still a member, 0.00 of 500.00."
    assert (
        call("PUT", f"/customers/{ann['_id']}", {"customerName": "Ann"}).json()["message"] == "Customer C-1 is saved."
    )


def test_an_amount_that_came_out_null_refunds_nothing(call, ann):
    data(call("POST", "/sales", SOLD), 201)
    answer = call("POST", "/sales/R-1/refund", {"amount": None})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "amount")
    assert data(call("GET", f"/customers/{ann['_id']}"))["purchaseAmount"] == 18.6
    assert data(call("POST", "/sales/R-1/refund", {}), 201)["purchaseAmount"] == 10.1


def test_a_purchase_names_one_customer(call, ann, register):
    bea = register("C-2")
    answer = call("POST", "/sales", {"customer": ann["_id"], "customerId": "C-2", "amount": 5})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "customer")
    assert data(call("GET", f"/customers/{bea['_id']}"))["purchaseAmount"] == 0
    assert data(call("POST", "/sales", {"customer": "C-2", "customerId": "C-2", "amount": 5}), 201)["amount"] == 5
