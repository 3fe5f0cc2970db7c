"""Facts of customers over HTTP: what there is, lists filtered and sorted by it, and values told with each customer."""

import json

import pytest

NAMES = {
    *("customerId", "customerName", "contactInfo", "purchaseAmount", "membershipStatus", "createdAt", "updatedAt"),
    *("tags", "notes", "hasPhone", "hasEmail", "saleCount", "spent", "averageSale", "largestSale", "firstPurchase"),
    *("lastPurchase", "daysSinceLastPurchase", "usualDaysBetween", "overdueBy", "refundCount", "refundShare"),
    *("itemsBought", "paymentMethods", "memberSince", "memberBy", "everMember", "excludedFromActivation"),
    *("toThreshold", "eligible", "rfm", "likelyTwin", "registeredBy", "source"),
}


@pytest.fixture
def found(api, token):
    """The customer IDs that a filter leaves, in the order in which they were registered."""

    def found(filter, **parameters):
        asked = {"filter": json.dumps(filter), "sortBy": "createdAt", "sortOrder": "asc", **parameters}
        answer = api("GET", "/customers", token=token(), params=asked)
        assert answer.status_code == 200, answer.text
        assert answer.json()["pagination"]["total"] == len(answer.json()["data"])
        return [customer["customerId"] for customer in answer.json()["data"]]

    return found


@pytest.fixture
def shop(api, token, register):
    """C-1 bought for 1,200 by card and brought 200 of it back, C-2 bought for 30, C-3 nothing; C-3 is a member."""
    customers = {id: register(id) for id in ("C-1", "C-2", "C-3")}
    for id, amount, extra in (("C-1", 1200, {"paymentMethod": "card"}), ("C-2", 30, {})):
        body = {"customer": customers[id]["_id"], "saleId": f"S-{id}", "amount": amount, **extra}
        assert api("POST", "/sales", token=token("staff"), json=body).status_code == 201
    body = {"amount": 200}
    assert api("POST", "/sales/S-C-1/refund", token=token("staff"), json=body).status_code == 201
    path = f"/customers/membership/update/{customers['C-3']['_id']}"
    assert api("PUT", path, token=token("staff"), json={"membershipStatus": True}).status_code == 200
    return customers


def test_every_fact_is_listed_with_what_it_can_be_asked(api, token):
    answer = api("GET", "/facts", token=token())
    facts = {fact["name"]: fact for fact in answer.json()["data"]}
    assert set(facts) >= NAMES
    assert facts["spent"]["takesPeriod"]
    assert {"=", "!=", "<", "<=", ">", ">=", "between", "in"} <= set(facts["spent"]["operators"])
    assert {"before", "after", "inLast", "notInLast"} <= set(facts["lastPurchase"]["operators"])
    assert facts["paymentMethods"]["options"] == ["cash", "card", "mobile", "transfer", "other"]
    assert all(fact["description"].endswith(".") for fact in facts.values())


@pytest.mark.parametrize(
    ("filter", "expected"),
    [
        ({"fact": "spent", "is": ">=", "value": 1000}, ["C-1"]),
        ({"fact": "spent", "is": "between", "value": [0, 30]}, ["C-2", "C-3"]),
        ({"fact": "spent", "is": ">", "value": 0, "period": {"lastDays": 1}}, ["C-1", "C-2"]),
        ({"fact": "spent", "is": ">", "value": 0, "period": {"from": "2020-01-01", "to": "2020-12-31"}}, []),
        ({"fact": "lastPurchase", "is": "notInLast", "value": 90}, ["C-3"]),
        ({"fact": "lastPurchase", "is": "isEmpty", "value": True}, ["C-3"]),
        ({"fact": "paymentMethods", "is": "contains", "value": "card"}, ["C-1"]),
        ({"fact": "membershipStatus", "is": "=", "value": True}, ["C-3"]),
        ({"fact": "customerId", "is": "in", "value": ["c-1", "C-2"]}, ["C-1", "C-2"]),
        ({"not": {"fact": "memberBy", "is": "=", "value": "person"}}, ["C-1", "C-2"]),
        (
            {"all": [{"fact": "saleCount", "is": "=", "value": 1}, {"fact": "refundCount", "is": "=", "value": 0}]},
            ["C-2"],
        ),
        (
            {
                "any": [
                    {"fact": "refundShare", "is": ">", "value": 0.1},
                    {"fact": "everMember", "is": "=", "value": True},
                ]
            },
            ["C-1", "C-3"],
        ),
        ({"all": []}, ["C-1", "C-2", "C-3"]),
    ],
)
def test_a_filter_leaves_those_who_meet_it(shop, found, filter, expected):
    assert found(filter) == expected


@pytest.mark.usefixtures("shop")
def test_a_filter_goes_with_all_other_parameters(found):
    bought = {"fact": "saleCount", "is": ">", "value": 0}
    assert found(bought, search="c-2") == ["C-2"]
    assert found(bought, membershipStatus="true") == []
    assert found(bought, sortBy="spent", sortOrder="desc") == ["C-1", "C-2"]


@pytest.mark.usefixtures("shop")
def test_a_filter_chooses_who_is_in_a_file(api, token):
    parameters = {"filter": json.dumps({"fact": "spent", "is": ">", "value": 0}), "flavour": "raw", "sortBy": "spent"}
    answer = api("GET", "/customers/export", token=token(), params=parameters)
    assert [line.split(",")[0] for line in answer.text.splitlines()[1:]] == ["C-1", "C-2"]


@pytest.mark.usefixtures("shop")
def test_whoever_has_none_of_it_comes_last_in_either_order(found):
    assert found({"all": []}, sortBy="averageSale", sortOrder="asc") == ["C-2", "C-1", "C-3"]
    assert found({"all": []}, sortBy="averageSale", sortOrder="desc") == ["C-1", "C-2", "C-3"]


@pytest.mark.usefixtures("shop")
def test_facts_that_are_asked_for_are_told_of_each_customer(api, token):
    asked = {"facts": "spent, averageSale,refundShare,paymentMethods,memberBy,daysSinceLastPurchase", "sortBy": "_id"}
    answer = api("GET", "/customers", token=token(), params=asked | {"sortOrder": "asc"})
    assert [customer["facts"] for customer in answer.json()["data"]] == [
        {
            "spent": 1000,
            "averageSale": 1000,
            "refundShare": 0.1667,
            "paymentMethods": ["card"],
            "memberBy": None,
            "daysSinceLastPurchase": 0,
        },
        {
            "spent": 30,
            "averageSale": 30,
            "refundShare": 0,
            "paymentMethods": [],
            "memberBy": None,
            "daysSinceLastPurchase": 0,
        },
        {
            "spent": 0,
            "averageSale": None,
            "refundShare": None,
            "paymentMethods": [],
            "memberBy": "person",
            "daysSinceLastPurchase": None,
        },
    ]
    assert "facts" not in api("GET", "/customers", token=token()).json()["data"][0]


@pytest.mark.parametrize(
    ("filter", "sentence"),
    [
        ("{", 'filter is no JSON; write it like {"fact": "spent", "is": ">=", "value": 500}.'),
        ('{"fact": "spend", "is": "=", "value": 1}', "filter asks for the fact “spend”, which there is not; GET"),
        ('{"fact": "spent", "is": "$gt", "value": 1}', "filter asks whether spent “is” “$gt”; it can be one of ="),
        ('{"fact": "spent", "is": ">", "value": {"$gt": 1}}', "filter asks spent >, and its value must be a number."),
        ('{"fact": "spent", "is": ">", "value": NaN}', "filter asks spent >, and its value must be a number."),
        ('{"fact": "tags", "is": ">", "value": "a"}', "filter asks whether tags “is” “>”; it can be one of contains"),
        ('{"fact": "lastPurchase", "is": "inLast", "value": 0}', "must be a whole number of days from 1 to 36,525"),
        ('{"fact": "notes", "is": "=", "value": "a", "period": {"lastDays": 3}}', "which it does not take"),
        ("[" * 5000, "filter is no JSON"),
        ("9" * 5000, "filter is no JSON"),
        ('{"fact": "\\ud800", "is": "=", "value": 1}', "which there is not; GET /api/facts lists all."),
        ('{"fact": "spent", "is": "=", "value": 1, "\\ud800": 1}', "it takes fact, is, value and period only."),
        ('{"fact": "spent", "is": "=", "value": 1, "period": {"to": "9999-12-31"}}', "from 1800-01-01 to 2200-12-31"),
        ('{"not":' * 9 + "{}" + "}" * 9, "filter has groups inside each other more than 5 deep; take some apart."),
    ],
)
def test_what_is_no_filter_is_refused_in_a_sentence(api, token, filter, sentence):
    answer = api("GET", "/customers", token=token(), params={"filter": filter})
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert error["field"] == "filter"
    assert sentence in error["message"]


def test_an_unknown_fact_is_refused_by_name(api, token):
    answer = api("GET", "/customers", token=token(), params={"facts": "spent,nonsense"})
    assert answer.status_code == 422
    assert (
        answer.json()["errors"][0]["message"] == "facts names nonsense, which there is not; GET /api/facts lists all."
    )
