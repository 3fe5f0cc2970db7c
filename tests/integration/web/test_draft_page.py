"""What a page sends while somebody types: kept for the signed-in person, and refused where it is no draft."""

import json

import pytest

from kinso.models.accounts import Role
from kinso.services.accounts.sign_in import sign_in
from tests.integration.web.conftest import PASSWORD

DRAFT = {"id": "S-ABCDEFGH23", "place": "register", "seen": "", "values": {"customerName": "Grace", "member": True}}
ADDRESS = "/draft"


@pytest.fixture
def kept(store):
    return lambda: {
        draft["place"]: json.loads(draft["content"])["values"]
        for draft in store.connection.database["drafts"].find({"over": False})
    }


def test_it_is_kept_for_whoever_is_signed_in(browse, signed_in, store, kept):
    assert browse(signed_in.secret).post(ADDRESS, json=DRAFT).status_code == 204
    assert kept() == {"register": {"customerName": "Grace", "member": True}}
    assert store.drafts.find(signed_in.user.id, ["register"])[0].id == DRAFT["id"]


def test_a_form_that_is_done_takes_no_more(browse, signed_in, store, kept):
    browser = browse(signed_in.secret)
    browser.post(ADDRESS, json=DRAFT)
    store.drafts.end(DRAFT["id"], signed_in.user.id, signed_in.session.created_at)
    assert browser.post(ADDRESS, json=DRAFT).status_code == 409
    assert kept() == {}


@pytest.mark.parametrize(
    "changed",
    [
        {"id": "no"},
        {"id": {"$gt": ""}},
        {"place": "customers"},
        {"place": "customer/x/purchase"},
        {"values": []},
        {"values": {"customerName": {"$gt": ""}}},
        {"values": {"customerName": "x" * 70_000}},
        {"more": "?"},
    ],
)
def test_what_is_no_draft_of_a_form_is_refused(browse, signed_in, kept, changed):
    answer = browse(signed_in.secret).post(ADDRESS, json={**DRAFT, **changed})
    assert answer.status_code == 400
    assert kept() == {}


def test_another_site_and_nobody_and_who_may_not_edit_keep_nothing(browse, signed_in, add, store, kept):
    analyst = sign_in(store, add("lea", Role.ANALYST).email, PASSWORD, "198.51.100.1")
    foreign = browse(signed_in.secret).post(ADDRESS, json=DRAFT, headers={"Origin": "https://elsewhere.test"})
    answers = [foreign, browse().post(ADDRESS, json=DRAFT), browse(analyst.secret).post(ADDRESS, json=DRAFT)]
    assert [answer.status_code for answer in answers] == [403, 401, 403]
    assert kept() == {}


def test_a_database_that_is_away_is_told_so_that_it_is_sent_again(browse, signed_in, without_database):
    with without_database():
        assert browse(signed_in.secret).post(ADDRESS, json=DRAFT).status_code == 503
