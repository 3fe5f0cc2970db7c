"""Segments over HTTP: keeping, listing, changing and deleting them, and asking for their customers."""

import csv
import io
import json

import pytest

from kinso.services.segment_moves import note_segments

BIG = {"fact": "purchaseAmount", "is": ">=", "value": 500}
KEYS = {"_id", "name", "description", "color", "shared", "filter", "count", "change30Days"} | {
    *("createdBy", "createdAt", "updatedAt", "version"),
}


@pytest.fixture
def keep(api, token):
    def keep(name, filter=BIG, *, role="manager", status=201, **values):
        answer = api("POST", "/segments", token=token(role), json={"name": name, "filter": filter, **values})
        assert answer.status_code == status, answer.text
        return answer.json().get("data") or answer.json()

    return keep


@pytest.fixture
def shop(register):
    for number, amount in ((1, 900), (2, 100), (3, 600)):
        register(f"C-{number}", purchaseAmount=amount)


@pytest.fixture
def lost(keep, store):
    """A segment that asks for what there is not any more."""
    segment = keep("Old", shared=True)
    filter = json.dumps({"fact": "shoeSize", "is": "=", "value": 38})
    store.connection.database["segments"].update_one({}, {"$set": {"filter": filter}})
    return segment


PROBLEM = "Asks for the fact “shoeSize”, which there is not any more; edit it or delete it."


@pytest.mark.usefixtures("shop")
def test_a_filter_is_kept_and_told_with_how_many_meet_it(api, token):
    body = {"name": " Big ", "description": "They spent much.", "color": "green", "shared": True, "filter": BIG}
    answer = api("POST", "/segments", token=token("manager"), json=body)
    assert (answer.status_code, answer.json()["message"]) == (201, "Segment “Big” is kept.")
    kept = answer.json()["data"]
    assert kept.keys() == KEYS
    assert {**kept, **body, "name": "Big", "count": 2, "createdBy": "manager person", "version": 1} == kept
    assert answer.headers["ETag"] == '"v1"'
    shown = api("GET", f"/segments/{kept['_id']}", token=token("analyst"))
    assert (shown.json()["data"], shown.headers["ETag"]) == (kept, '"v1"')
    assert api("GET", "/segments", token=token("analyst")).json()["data"] == [kept]


def test_what_is_not_sent_has_defaults(keep):
    kept = keep("Big", role="analyst")
    assert (kept["description"], kept["color"], kept["shared"], kept["count"]) == ("", "gray", False, 0)


def test_with_a_key_it_is_kept_once(api, token):
    for replayed in (None, "true"):
        headers = {"Idempotency-Key": "once"}
        answer = api("POST", "/segments", token=token(), json={"name": "Big", "filter": BIG}, headers=headers)
        assert (answer.status_code, answer.headers.get("Idempotency-Replayed")) == (201, replayed)
    assert len(api("GET", "/segments", token=token()).json()["data"]) == 1


def test_a_change_names_what_changes(api, token, keep):
    kept = keep("Big")
    path = f"/segments/{kept['_id']}"
    answer = api("PUT", path, token=token("manager"), json={"color": "red"})
    assert answer.json()["message"] == "Segment “Big” is saved."
    changed = answer.json()["data"]
    assert {**kept, "color": "red", "version": 2, "updatedAt": changed["updatedAt"]} == changed
    whole = api("PUT", path, token=token("manager"), json={**changed, "shared": True})
    assert (whole.status_code, whole.json()["data"]["shared"], whole.headers["ETag"]) == (200, True, '"v3"')


def test_a_change_to_another_version_than_was_seen_is_refused(api, token, keep):
    path, secret = f"/segments/{keep('Big')['_id']}", token("manager")
    api("PUT", path, token=secret, json={"name": "Large"})
    late = api("PUT", path, token=secret, json={"name": "Late", "version": 1})
    assert (late.status_code, late.json()["errors"]) == (
        409,
        [{"field": "version", "message": "The version is 2 now."}],
    )
    seen = {"If-Match": '"v1"'}
    for answer in (
        api("PUT", path, token=secret, json={"name": "Late"}, headers=seen),
        api("DELETE", path, token=secret, headers=seen),
    ):
        assert (answer.status_code, answer.headers["ETag"]) == (412, '"v2"')
    assert api("PUT", path, token=secret, json={"name": "In time", "version": 2}).status_code == 200
    assert api("DELETE", path, token=secret, headers={"If-Match": '"v2", "v3"'}).status_code == 200


def test_what_is_deleted_is_gone(api, token, keep):
    path = f"/segments/{keep('Big')['_id']}"
    answer = api("DELETE", path, token=token("manager"))
    assert answer.json() == {
        "success": True,
        "message": "Segment “Big” is deleted; its customers stay as they are.",
        "data": None,
    }
    for method, address in (("GET", path), ("DELETE", path), ("GET", f"{path}/customers")):
        gone = api(method, address, token=token("manager"))
        assert (gone.status_code, gone.json()["message"]) == (
            404,
            "This segment does not exist any more; look at the list again.",
        )


def test_a_name_that_one_sees_already_is_refused(keep):
    keep("Big", shared=True)
    refused = keep("BIG", role="staff", status=409)
    message = "There is a segment “BIG” already; choose another name."
    assert refused == {"success": False, "message": message, "errors": [{"field": "name", "message": message}]}


def test_another_ones_own_segment_is_none(api, token, keep):
    path = f"/segments/{keep('Big', role='staff')['_id']}"
    assert api("GET", "/segments", token=token("admin")).json()["data"] == []
    assert api("PUT", path, token=token("admin"), json={"name": "Mine"}).status_code == 404
    assert api("GET", f"/customers?segment={path.rpartition('/')[2]}", token=token("admin")).status_code == 404


def test_sharing_is_for_managers(api, token, keep):
    assert keep("New", role="staff", shared=True, status=403)["message"].startswith("Your role (staff)")
    own, shared = keep("Own", role="staff"), keep("Ours", shared=True)
    for method, id, body in (
        ("PUT", own["_id"], {"json": {"shared": True}}),
        ("PUT", shared["_id"], {"json": {"name": "Mine"}}),
        ("DELETE", shared["_id"], {}),
    ):
        assert api(method, f"/segments/{id}", token=token("staff"), **body).status_code == 403


@pytest.mark.parametrize(
    ("body", "field", "sentence"),
    [
        ({"filter": BIG}, "name", "Name is required."),
        ({"name": "Big"}, "filter", "filter is required."),
        ({"name": "x" * 81, "filter": BIG}, "name", "Name is too long; use at most 80 characters."),
        ({"name": "a\nb", "filter": BIG}, "name", "Name contains a line break or an invisible control character"),
        ({"name": "Big", "filter": BIG, "description": "x" * 501}, "description", "at most 500 characters"),
        ({"name": "Big", "filter": BIG, "color": "#f00"}, "color", "Color must be one of 'gray', 'red'"),
        ({"name": "Big", "filter": BIG, "shared": 1}, "shared", "Shared must be true or false."),
        ({"name": "Big", "filter": {"$where": "1"}}, "filter", "has a part that is neither a condition"),
        ({"name": "Big", "filter": {**BIG, "is": "$gt"}}, "filter", "filter asks whether purchaseAmount “is” “$gt”"),
        ({"name": "Big", "filter": {**BIG, "value": {"$gt": 1}}}, "filter", "and its value must be"),
        ({"name": "Big", "filter": {**BIG, "fact": "shoeSize"}}, "filter", "filter asks for the fact “shoeSize”"),
        ({"name": "Big", "filter": json.dumps(BIG)}, "filter", "filter must be an object"),
        ({"name": "Big", "filter": BIG, "owner": "1"}, "owner", "owner is not known here"),
    ],
)
def test_what_cannot_be_kept_is_refused_field_by_field(api, token, body, field, sentence):
    answer = api("POST", "/segments", token=token(), json=body)
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert error["field"] == field
    assert sentence in error["message"]
    assert api("GET", "/segments", token=token()).json()["data"] == []


@pytest.mark.usefixtures("shop")
def test_its_customers_are_listed_like_all_others(api, token, keep):
    path = f"/segments/{keep('Big', shared=True)['_id']}/customers"
    whole = api("GET", path, token=token("analyst")).json()
    assert [customer["customerId"] for customer in whole["data"]] == ["C-3", "C-1"]
    assert whole["pagination"] == {"page": 1, "limit": 10, "total": 2, "totalPages": 1}

    def found(**asked):
        answer = api("GET", path, token=token("analyst"), params=asked)
        assert answer.status_code == 200, answer.text
        return [customer["customerId"] for customer in answer.json()["data"]]

    assert found(sortBy="purchaseAmount", sortOrder="desc") == ["C-1", "C-3"]
    assert found(sortBy="purchaseAmount", sortOrder="asc", limit=1, page=2) == ["C-1"]
    assert found(search="c-3") == ["C-3"]
    assert found(membershipStatus="true") == []
    assert found(filter=json.dumps({"fact": "purchaseAmount", "is": "<", "value": 800})) == ["C-3"]
    told = api("GET", path, token=token("analyst"), params={"facts": "toThreshold", "search": "c-1"}).json()
    assert told["data"][0]["facts"] == {"toThreshold": 100}


@pytest.mark.usefixtures("shop")
def test_lists_and_files_take_a_segment(api, token, keep):
    id = keep("Big", shared=True)["_id"]
    asked = {"segment": id, "sortBy": "customerId", "sortOrder": "asc"}
    listed = api("GET", "/customers", token=token("analyst"), params=asked).json()
    assert [customer["customerId"] for customer in listed["data"]] == ["C-1", "C-3"]
    below = json.dumps({"fact": "purchaseAmount", "is": "<", "value": 800})
    both = api("GET", "/customers", token=token("analyst"), params={**asked, "filter": below}).json()
    assert [customer["customerId"] for customer in both["data"]] == ["C-3"]
    file = api("GET", "/customers/export", token=token("analyst"), params={**asked, "flavour": "raw"})
    assert [row["customerId"] for row in csv.DictReader(io.StringIO(file.text))] == ["C-1", "C-3"]
    for path in ("/customers", "/customers/export"):
        gone = api("GET", path, token=token("analyst"), params={"segment": "0" * 24})
        assert (gone.status_code, gone.json()["message"][:12]) == (404, "This segment")


def test_a_copy_is_not_of_a_segment(api, token, keep):
    asked = {"segment": keep("Big")["_id"], "updatedSince": "2026-01-01"}
    answer = api("GET", "/customers", token=token(), params=asked)
    assert answer.json()["message"] == "updatedSince goes with limit only; leave segment out."


def test_a_fact_that_is_gone_is_told_and_fails_no_list(api, token, lost):
    [told] = api("GET", "/segments", token=token()).json()["data"]
    assert (told["count"], told["problem"]) == (None, PROBLEM)
    assert told["filter"] == {"fact": "shoeSize", "is": "=", "value": 38}
    path = f"/segments/{lost['_id']}"
    for address in (
        f"{path}/customers",
        f"/customers?segment={lost['_id']}",
        f"/customers/export?segment={lost['_id']}",
    ):
        refused = api("GET", address, token=token())
        assert (refused.status_code, refused.json()) == (409, {"success": False, "message": PROBLEM})
    mended = api("PUT", path, token=token(), json={"filter": BIG}).json()["data"]
    assert (mended["count"], "problem" in mended) == (0, False)
    assert api("DELETE", path, token=token()).status_code == 200


def test_templates_are_ready_to_be_kept(api, token, keep):
    templates = api("GET", "/segments/templates", token=token("analyst")).json()["data"]
    assert [template["name"] for template in templates] == [
        "New this month",
        "Regulars",
        "Near the threshold",
        "Lapsed",
        "Top spenders",
        "Members below the threshold",
        "Without a phone number",
        "Likely duplicates",
    ]
    for template in templates:
        assert keep(**template, role="analyst")["filter"] == template["filter"]


def test_who_came_and_went_is_told(api, token, register, store):
    made = {"name": "Big", "filter": {"fact": "purchaseAmount", "is": ">=", "value": 500}}
    segment = api("POST", "/segments", token=token(), json=made).json()["data"]
    assert segment["change30Days"] is None
    address = f"/segments/{segment['_id']}/moves"
    nothing = {"count": 0, "customers": []}
    told = api("GET", address, token=token()).json()["data"]
    assert told == {"since": None, "entered": nothing, "left": nothing}
    note_segments(store)
    register("C-1", purchaseAmount=500)
    told = api("GET", address, token=token()).json()["data"]
    assert told["since"]
    assert (told["entered"]["count"], told["left"]) == (1, nothing)
    assert [each["customerId"] for each in told["entered"]["customers"]] == ["C-1"]
