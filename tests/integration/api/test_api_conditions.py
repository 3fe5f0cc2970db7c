import pytest

STALE = [
    "",
    '"v1"',
    '"v3"',
    '"v1", "v3"',
    'W/"v2"',
    '"2"',
    '"V2"',
    '"v02"',
    '""',
    "",
    "v2",
    '"v2',
    ",",
    '"v2" "v3"',
    '"v2";',
]
PRESENT = ['"v2"', "*", ' "v2" ', '"v1", "v2"', '"v2","v9"', '"v2", W/"v1"', '"other", "v2"']


@pytest.fixture
def ada(api, token, register):
    """A customer at version 2."""
    created = register("C-1", customerName="Ada")
    answer = api("PUT", f"/customers/{created['_id']}", token=token(), json={"customerName": "Ada L"})
    return answer.json()["data"]


def changes(ada):
    path = f"/customers/{ada['_id']}"
    return [
        ("PUT", path, {"customerName": "New"}),
        ("PUT", f"/customers/membership/update/{ada['_id']}", {"membershipStatus": True}),
        ("DELETE", path, None),
    ]


def call(api, token, method, path, body, headers):
    return api(method, path, token=token(), headers=headers, **({} if body is None else {"json": body}))


def test_the_entity_tag_is_the_version(api, token, ada):
    path = f"/customers/{ada['_id']}"
    assert api("GET", path, token=token()).headers["etag"] == '"v2"'
    assert api("PUT", path, token=token(), json={"purchaseAmount": 5}).headers["etag"] == '"v3"'
    assert api("PUT", path, token=token(), json={"purchaseAmount": 5}).headers["etag"] == '"v3"'
    member = api("PUT", f"/customers/membership/update/{ada['_id']}", token=token(), json={"membershipStatus": True})
    assert member.headers["etag"] == '"v4"'
    body = {"customerId": "C-2", "customerName": "Bea", "contactInfo": "bea@shop.com"}
    assert api("POST", "/customers", token=token(), json=body).headers["etag"] == '"v1"'


@pytest.mark.parametrize("index", range(3))
@pytest.mark.parametrize("tags", PRESENT)
def test_a_change_to_the_version_that_was_seen_is_made(api, token, ada, index, tags):
    method, path, body = changes(ada)[index]
    assert call(api, token, method, path, body, {"If-Match": tags}).status_code == 200


@pytest.mark.parametrize("index", range(3))
@pytest.mark.parametrize("tags", STALE)
def test_a_change_to_another_version_is_not_made(api, token, ada, index, tags):
    method, path, body = changes(ada)[index]
    answer = call(api, token, method, path, body, {"If-Match": tags})
    assert (answer.status_code, answer.headers["etag"]) == (412, '"v2"')
    assert answer.json()["errors"] == [{"field": "version", "message": "The version is 2 now."}]
    assert api("GET", f"/customers/{ada['_id']}", token=token()).json()["data"] == ada


@pytest.mark.parametrize(
    ("tags", "version", "status"),
    [
        ('"v2"', 2, 200),
        ('"v1", "v2"', 2, 200),
        ("*", 2, 200),
        ("*", 1, 409),
        ('"v2"', 1, 409),
        ('"v1", "v2"', 1, 409),
        ('"v1"', 1, 412),
        ('"v1"', 2, 412),
        ('"v1", "v3"', 2, 412),
    ],
)
def test_the_header_and_the_body_must_both_hold(api, token, ada, tags, version, status):
    body = {"customerName": "New", "version": version}
    answer = api("PUT", f"/customers/{ada['_id']}", token=token(), headers={"If-Match": tags}, json=body)
    assert answer.status_code == status
    now = api("GET", f"/customers/{ada['_id']}", token=token()).json()["data"]
    assert now["version"] == (3 if status == 200 else 2)


@pytest.mark.parametrize("tags", ['"v1"', '"v2"', "*", '"v1", "v9"'])
@pytest.mark.parametrize("id", ["65b0a1f2c3d4e5f6a7b8c9d0", "nobody"])
def test_what_is_not_there_is_not_found_whatever_its_version(api, token, ada, tags, id):
    for method, path, body in changes({"_id": id}):
        assert call(api, token, method, path, body, {"If-Match": tags}).status_code == 404


@pytest.mark.parametrize("tags", ['"v1"', '"v2"', '"v1", "v9"'])
def test_who_may_not_change_is_told_so_first(api, token, ada, tags):
    for method, path, body in changes(ada):
        answer = api(method, path, token=token("analyst"), headers={"If-Match": tags}, json=body)
        assert answer.status_code == 403


@pytest.mark.parametrize("tags", [*PRESENT, 'W/"v2"', 'W/"v1", W/"v2"'])
def test_what_the_client_knows_already_is_not_sent_again(api, token, ada, tags):
    answer = api("GET", f"/customers/{ada['_id']}", token=token("analyst"), headers={"If-None-Match": tags})
    assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", '"v2"')


@pytest.mark.parametrize("tags", [tags for tags in STALE if not tags.startswith("W/")])
def test_what_the_client_does_not_know_is_sent(api, token, ada, tags):
    answer = api("GET", f"/customers/{ada['_id']}", token=token("analyst"), headers={"If-None-Match": tags})
    assert (answer.status_code, answer.json()["data"]) == (200, ada)


def test_nothing_is_known_of_what_is_not_there(api, token):
    answer = api("GET", "/customers/65b0a1f2c3d4e5f6a7b8c9d0", token=token(), headers={"If-None-Match": "*"})
    assert answer.status_code == 404
