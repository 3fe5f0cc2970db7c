"""Segments: who sees them and who may change them, what they are called, who meets them, and what becomes of them."""

import json
from functools import partial

import pytest

from kinso.errors import Conflict, DuplicateSegmentName, NotFound, NotPermitted, StaleVersion
from kinso.models.customers import CustomerDraft, CustomerQuery
from kinso.models.segments import MOST_SEGMENTS, SegmentDraft, SegmentPatch
from kinso.models.shop import MembershipRule
from kinso.services import segments
from kinso.services.customers.editing import create_customer, list_customers
from kinso.services.history.trash import erase_person
from kinso.services.segments import (
    create_segment,
    delete_segment,
    get_segment,
    list_segments,
    list_templates,
    query_of_segment,
    update_segment,
)
from kinso.services.shop.settings import save_rule

BIG = {"fact": "purchaseAmount", "is": ">=", "value": 500}
EVERYBODY = {"all": []}


@pytest.fixture
def keep(store):
    def keep(actor, name, filter=EVERYBODY, **values):
        return create_segment(store, actor, SegmentDraft(name=name, filter=filter, **values)).segment

    return keep


@pytest.fixture
def add_customer(store, admin):
    def add(id, name="", contact="", **values):
        draft = CustomerDraft(
            customer_id=id, customer_name=name or f"Name of {id}", contact_info=contact or f"{id}@x.com", **values
        )
        return create_customer(store, admin, draft)

    return add


def names(store, actor):
    return [counted.segment.name for counted in list_segments(store, actor)]


def test_everybody_sees_shared_ones_and_their_own_by_name(store, analyst, staff, manager, keep):
    keep(analyst, "beta")
    keep(staff, "Alpha")
    keep(manager, "Éa", shared=True)
    keep(manager, "Mine")
    assert names(store, analyst) == ["beta", "Éa"]
    assert names(store, staff) == ["Alpha", "Éa"]
    assert names(store, manager) == ["Éa", "Mine"]


def test_what_somebody_else_keeps_to_themselves_does_not_exist(store, staff, admin, keep):
    id = keep(staff, "Mine").id
    for use_case in (
        partial(get_segment, store, admin, id),
        partial(update_segment, store, admin, id, SegmentPatch(name="Yours")),
        partial(delete_segment, store, admin, id),
        partial(query_of_segment, store, admin, id, CustomerQuery()),
        partial(get_segment, store, admin, "no id"),
        partial(get_segment, store, admin, "0" * 24),
    ):
        with pytest.raises(NotFound, match="does not exist any more"):
            use_case()
    assert names(store, staff) == ["Mine"]


def test_sharing_and_changing_what_is_shared_takes_the_permission(store, analyst, staff, manager, keep):
    shared, own = keep(manager, "Ours", shared=True), keep(staff, "Mine")
    for use_case in (
        partial(keep, staff, "New", shared=True),
        partial(update_segment, store, staff, own.id, SegmentPatch(shared=True)),
        partial(update_segment, store, staff, shared.id, SegmentPatch(shared=False)),
        partial(update_segment, store, analyst, shared.id, SegmentPatch(name="Theirs")),
        partial(delete_segment, store, analyst, shared.id),
    ):
        with pytest.raises(NotPermitted):
            use_case()
    assert get_segment(store, analyst, shared.id).segment == shared
    assert get_segment(store, staff, own.id).segment == own


def test_one_manager_may_change_what_another_one_shared(store, manager, admin, keep):
    shared = keep(manager, "Ours", shared=True)
    changed = update_segment(store, admin, shared.id, SegmentPatch(name="All of ours", color="red")).segment
    assert (changed.name, changed.color, changed.version) == ("All of ours", "red", 2)
    assert (changed.owner, changed.created_by) == (manager.user_id, manager.name)
    assert changed.updated_at > shared.updated_at
    delete_segment(store, admin, shared.id)
    assert names(store, manager) == []


def test_what_is_not_shared_any_more_is_of_its_maker_alone(store, manager, admin, keep):
    id = keep(manager, "Ours", shared=True).id
    update_segment(store, admin, id, SegmentPatch(shared=False))
    assert (names(store, admin), names(store, manager)) == ([], ["Ours"])


def test_names_are_unique_among_those_that_a_person_sees(store, analyst, staff, manager, keep):
    keep(manager, "Big buyers", shared=True)
    own = keep(staff, "Café")
    for name in ("BIG  buyers", "cafe"):
        with pytest.raises(DuplicateSegmentName, match=r"There is a segment .* already; choose another name"):
            keep(staff, name)
    with pytest.raises(DuplicateSegmentName):
        update_segment(store, staff, own.id, SegmentPatch(name="big buyers"))
    keep(analyst, "Café")
    assert update_segment(store, staff, own.id, SegmentPatch(name="CAFÉ")).segment.name == "CAFÉ"


def test_who_had_the_name_before_it_was_shared_keeps_it(store, staff, manager, keep):
    own = keep(staff, "Regulars")
    shared = keep(manager, "regulars")
    update_segment(store, manager, shared.id, SegmentPatch(shared=True))
    assert sorted(names(store, staff)) == ["Regulars", "regulars"]
    assert update_segment(store, staff, own.id, SegmentPatch(color="blue")).segment.color == "blue"


def test_two_of_one_name_at_the_same_moment_are_refused(store, staff, manager, admin, keep, monkeypatch):
    keep(staff, "Mine")
    keep(manager, "Ours", shared=True)
    monkeypatch.setattr(store.segments, "is_taken", lambda *args, **options: False)
    with pytest.raises(DuplicateSegmentName):
        keep(staff, "mine")
    with pytest.raises(DuplicateSegmentName):
        keep(admin, "OURS", shared=True)
    id = keep(admin, "ours").id
    with pytest.raises(DuplicateSegmentName):
        update_segment(store, admin, id, SegmentPatch(shared=True))


def test_nobody_keeps_more_than_can_be_listed(store, analyst, staff, keep, monkeypatch):
    monkeypatch.setattr(segments, "MOST_SEGMENTS", 2)
    keep(analyst, "One")
    keep(analyst, "Two")
    with pytest.raises(Conflict, match=f"You have {MOST_SEGMENTS} segments already; delete one"):
        keep(analyst, "Three")
    keep(staff, "Three")


def test_a_change_is_made_to_the_version_that_was_seen(store, staff, keep):
    id = keep(staff, "Mine").id
    assert update_segment(store, staff, id, SegmentPatch(name="Own"), version=1).segment.version == 2
    with pytest.raises(StaleVersion, match="Segment “Own” was changed by someone else meanwhile"):
        update_segment(store, staff, id, SegmentPatch(name="Other"), version=1)
    with pytest.raises(StaleVersion):
        delete_segment(store, staff, id, version=1)
    assert update_segment(store, staff, id, SegmentPatch(name="Own")).segment.version == 2
    delete_segment(store, staff, id, version=2)
    assert names(store, staff) == []


def test_a_change_in_between_is_not_overwritten(store, staff, keep, monkeypatch):
    segment = keep(staff, "Mine")
    update_segment(store, staff, segment.id, SegmentPatch(color="red"))
    found = iter([segment])
    get = store.segments.get
    monkeypatch.setattr(store.segments, "get", lambda *asked: next(found, None) or get(*asked))
    with pytest.raises(StaleVersion) as refused:
        update_segment(store, staff, segment.id, SegmentPatch(name="Late"))
    assert (refused.value.current.version, refused.value.current.name) == (2, "Mine")


def test_it_is_counted_who_meets_it_now(store, staff, keep, add_customer):
    id = keep(staff, "Big", BIG).id
    assert get_segment(store, staff, id).count == 0
    add_customer("C-1", purchase_amount=600)
    add_customer("C-2", purchase_amount=400)
    assert [counted.count for counted in list_segments(store, staff)] == [1]
    assert update_segment(store, staff, id, SegmentPatch(filter=EVERYBODY)).count == 2


def test_its_customers_are_asked_for_with_whatever_else_is_asked(store, staff, keep, add_customer):
    for number in range(4):
        add_customer(f"C-{number}", purchase_amount=200 * number)
    id = keep(staff, "Some", {"fact": "purchaseAmount", "is": ">", "value": 0}).id

    def found(**asked):
        query = query_of_segment(store, staff, id, CustomerQuery(sort_by="customerId", sort_order="asc", **asked))
        page = list_customers(store, staff, query, page=1, limit=10)
        return [customer.customer_id for customer in page.items]

    assert found() == ["C-1", "C-2", "C-3"]
    assert found(search="c-2") == ["C-2"]
    assert found(filter=BIG) == ["C-3"]


def lose_a_fact(store, id):
    lost = json.dumps({"any": [BIG, {"fact": "shoeSize", "is": "=", "value": "$where"}]})
    store.connection.database["segments"].update_one({"name": id}, {"$set": {"filter": lost}})


def test_a_fact_that_is_gone_is_told_and_fails_nothing(store, staff, keep):
    id = keep(staff, "Old").id
    keep(staff, "Sound")
    lose_a_fact(store, "Old")
    problem = "Asks for the fact “shoeSize”, which there is not any more; edit it or delete it."
    old, sound = list_segments(store, staff)
    assert (old.count, old.segment.problem) == (None, problem)
    assert (sound.count, sound.segment.problem) == (0, None)
    with pytest.raises(Conflict) as refused:
        query_of_segment(store, staff, id, CustomerQuery())
    assert refused.value.message == problem
    assert update_segment(store, staff, id, SegmentPatch(name="Older")).count is None
    assert update_segment(store, staff, id, SegmentPatch(filter=BIG)).segment.problem is None


def test_a_filter_is_stored_as_text_whatever_is_typed_into_it(store, staff, keep):
    typed = {"fact": "notes", "is": "=", "value": '{"$where": "1"}'}
    segment = keep(staff, "$ne", typed)
    assert get_segment(store, staff, segment.id).segment.filter == typed
    [stored] = store.connection.database["segments"].find()
    assert isinstance(stored["filter"], str)


def test_templates_know_the_threshold_of_the_shop(store, analyst, manager):
    save_rule(store, manager, MembershipRule(threshold=40, threshold_basis="purchases"))
    templates = {template.name: template.filter for template in list_templates(store, analyst)}
    assert templates["Near the threshold"]["all"][1]["value"] == [1, 4]
    for name, filter in templates.items():
        assert create_segment(store, analyst, SegmentDraft(name=name, filter=filter)).count == 0


@pytest.mark.parametrize(
    ("fact", "operator", "value"),
    [
        ("customerName", "=", "zoë quux"),
        ("customerName", "contains", "QUUX, Zoe"),
        ("customerName", "in", ["Ada", "Zoë Quux"]),
        ("customerId", "=", "a-1"),
        ("contactInfo", "contains", "880-1711-000001"),
        ("notes", "contains", "friend of Zoë Quux"),
    ],
)
def test_whoever_is_erased_is_erased_from_filters(store, analyst, manager, keep, add_customer, fact, operator, value):
    zoe = add_customer("A-1", "Zoë Quux", "+880 1711-000 001")
    asked = {"all": [BIG, {"fact": fact, "is": operator, "value": value}]}
    segment = keep(analyst, "Zoë", asked)
    erase_person(store, manager, zoe.id)
    erased = get_segment(store, analyst, segment.id)
    assert (erased.count, erased.segment.version) == (None, 2)
    assert erased.segment.problem == "Asked for somebody whose personal data were erased; edit it or delete it."
    left = ["Ada", "(erased)"] if operator == "in" else "(erased)"
    assert erased.segment.filter == {"all": [BIG, {"fact": fact, "is": operator, "value": left}]}
    assert update_segment(store, analyst, segment.id, SegmentPatch(filter=BIG)).count == 0


@pytest.mark.parametrize(
    ("fact", "value"),
    [("customerName", "quux"), ("contactInfo", "1711"), ("customerId", "A"), ("tags", "Zoë Quux"), ("notes", "a-10")],
)
def test_what_others_may_have_as_well_stays_in_filters(store, analyst, manager, keep, add_customer, fact, value):
    zoe = add_customer("A-1", "Zoë Quux", "+880 1711-000 001")
    segment = keep(analyst, "Some", {"fact": fact, "is": "contains", "value": value})
    erase_person(store, manager, zoe.id)
    assert get_segment(store, analyst, segment.id).segment == segment


def test_segments_are_kept_in_memory_as_well(mock_store, analyst):
    draft = SegmentDraft(name="All", filter=EVERYBODY)
    assert create_segment(mock_store, analyst, draft).count == 0
    with pytest.raises(DuplicateSegmentName):
        create_segment(mock_store, analyst, draft)
