import json

import pytest

from kinso.api.envelope import fail, list_page, succeed


def read(answer):
    return json.loads(answer.body)


@pytest.mark.parametrize(
    ("limit", "total", "pages"), [(10, 0, 0), (10, 1, 1), (10, 10, 1), (10, 11, 2), (1, 3, 3), (1000, 1001, 2)]
)
def test_a_started_page_counts(limit, total, pages):
    pagination = read(list_page([], page=1, limit=limit, total=total))["pagination"]
    assert pagination == {"page": 1, "limit": limit, "total": total, "totalPages": pages}


def test_what_there_is_nothing_to_say_about_is_left_out():
    assert read(succeed(None)) == {"success": True, "data": None}
    assert read(fail(400, "No.")) == {"success": False, "message": "No."}


def test_text_is_sent_as_it_is_and_half_a_character_does_no_harm():
    assert "আদা".encode() in succeed("আদা").body
    assert read(fail(400, "a\ud800b"))["message"] == "a?b"


def test_what_json_cannot_hold_is_never_sent():
    with pytest.raises(ValueError, match="not JSON compliant"):
        succeed(float("nan"))
