"""Segments as they are typed, what keeps one from being asked, and the ready-made ones."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from kinso.errors import Conflict, InvalidInput
from kinso.models.filters import Condition, conditions_of, read_filter
from kinso.models.segments import (
    LONGEST_DESCRIPTION,
    LONGEST_NAME,
    Segment,
    SegmentDraft,
    SegmentPatch,
    segment_templates,
)
from kinso.models.validation import parse

BIG = {"fact": "spent", "is": ">=", "value": 500}
AT = datetime(2026, 1, 31, tzinfo=UTC)


def segment(filter=BIG, **values):
    known = {"name": "Big", "description": "", "color": "gray", "shared": False, "owner": "1", "createdBy": "Ada"}
    moments = {"createdAt": AT, "updatedAt": AT, "version": 1}
    return Segment.model_validate({"_id": "5", **known, **moments, "filter": filter, **values})


def test_what_is_typed_is_cleaned_and_has_defaults():
    draft = parse(SegmentDraft, {"name": "  Big  ", "description": " They spent much. \n", "filter": BIG})
    assert (draft.name, draft.description, draft.color, draft.shared) == ("Big", "They spent much.", "gray", False)
    assert draft.filter == read_filter(BIG)
    assert SegmentDraft(name="Big", filter=draft.filter).filter is draft.filter


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("name", " ", "Name is required."),
        ("name", None, "Name must be text."),
        ("name", "x" * (LONGEST_NAME + 1), "Name is too long; use at most 80 characters."),
        ("description", "x" * (LONGEST_DESCRIPTION + 1), "Description can have at most 500 characters."),
        ("shared", "yes", "Shared must be true or false."),
        ("filter", None, 'filter must be an object, such as {"fact": "spent", "is": ">=", "value": 500}.'),
        ("filter", {"fact": "spent", "is": "$gt", "value": 1}, None),
        ("color", "pinkish", None),
    ],
)
@pytest.mark.parametrize("model", [SegmentDraft, SegmentPatch])
def test_what_cannot_be_kept_is_refused_in_a_sentence_about_its_field(model, field, value, message):
    with pytest.raises(InvalidInput) as refused:
        parse(model, {"name": "Big", "filter": BIG, field: value})
    [error] = refused.value.errors
    assert error.field == field
    assert message in (None, error.message)


def test_a_new_segment_needs_a_name_and_a_filter():
    with pytest.raises(InvalidInput) as refused:
        parse(SegmentDraft, {})
    assert [error.message for error in refused.value.errors] == ["Name is required.", "filter is required."]


def test_a_change_keeps_what_is_not_given():
    before = segment(description="Much", color="red", erased=True)
    renamed = parse(SegmentPatch, {"name": "Large"}).over(before)
    assert renamed == before.model_copy(update={"name": "Large"})
    asked = {"fact": "spent", "is": ">=", "value": 900}
    assert parse(SegmentPatch, {"filter": asked}).over(before) == before.model_copy(
        update={"filter": asked, "erased": False}
    )


def test_a_filter_that_can_be_asked_is_no_problem():
    assert segment().problem is None
    assert isinstance(segment().read_filter(), Condition)


@pytest.mark.parametrize(
    ("filter", "problem"),
    [
        (
            {"any": [BIG, {"not": {"fact": "shoeSize", "is": "=", "value": 38}}]},
            "Asks for the fact “shoeSize”, which there is not any more; edit it or delete it.",
        ),
        (
            {"fact": "rfm", "is": "=", "value": "kings"},
            "Its filter asks rfm =, and its value must be one of champions, loyal, new, promising, needs attention,"
            " at risk, cannot lose, sleeping, lost; edit it or delete it.",
        ),
    ],
)
def test_a_filter_that_cannot_be_asked_any_more_says_why(filter, problem):
    assert segment(filter).problem == problem
    with pytest.raises(Conflict, match="edit it or delete it"):
        segment(filter).read_filter()


@pytest.mark.parametrize(
    ("threshold", "smallest"), [("1000", "0.01"), ("0.05", "0.01"), ("5", "1"), ("1234.56", "0.01")]
)
def test_every_template_can_be_kept_as_it_is(threshold, smallest):
    templates = segment_templates(Decimal(threshold), Decimal(smallest))
    assert len({template.name for template in templates}) == len(templates) == 8
    for template in templates:
        assert template.description.endswith(".")
        draft = parse(SegmentDraft, vars(template))
        assert conditions_of(draft.filter)


@pytest.mark.parametrize(
    ("threshold", "smallest", "bounds"), [("1000", "0.01", [0.01, 100]), ("5", "1", [1, 1]), ("100", "1", [1, 10])]
)
def test_near_the_threshold_is_who_lacks_a_tenth_or_the_smallest_part(threshold, smallest, bounds):
    [near] = [each for each in segment_templates(Decimal(threshold), Decimal(smallest)) if each.name.startswith("Near")]
    assert near.filter["all"][1] == {"fact": "toThreshold", "is": "between", "value": bounds}
