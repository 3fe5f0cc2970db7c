import re

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from kinso.api.app import create_api

DESCRIPTION = create_api().openapi()
OPERATIONS = [
    (method, path, operation)
    for path, operations in DESCRIPTION["paths"].items()
    for method, operation in operations.items()
]
OPEN = {"/health", "/auth/login"}


def each(operations=OPERATIONS):
    return pytest.mark.parametrize(
        ("method", "path", "operation"), operations, ids=[f"{o[0]} {o[1]}" for o in operations]
    )


def schema_of(part):
    return {**part["content"]["application/json"]["schema"], "components": DESCRIPTION["components"]}


def test_every_specified_call_is_described():
    assert DESCRIPTION["openapi"].startswith("3.1")
    assert {f"{method.upper()} {path}" for method, path, _operation in OPERATIONS} == {
        "GET /health",
        "POST /auth/login",
        "GET /auth/profile",
        "POST /auth/logout",
        "GET /customers",
        "POST /customers",
        "GET /customers/next-id",
        "GET /facts",
        "GET /customers/stats",
        "GET /customers/duplicates",
        "POST /customers/{_id}/merge",
        "POST /customers/{_id}/different-from/{withId}",
        "DELETE /customers/{_id}/different-from/{withId}",
        "GET /customers/{_id}",
        "PUT /customers/{_id}",
        "DELETE /customers/{_id}",
        "PUT /customers/membership/update/{_id}",
        "GET /customers/membership/by-status/{membershipStatus}",
        "POST /customers/membership/auto-activate",
        "GET /customers/export",
        "POST /customers/bulk",
        "POST /customers/bulk/membership",
        "POST /customers/bulk/edit",
        "POST /customers/bulk/delete",
        "POST /customers/bulk/erase",
        "GET /customers/{_id}/sales",
        "GET /segments",
        "POST /segments",
        "GET /segments/templates",
        "GET /segments/{_id}",
        "PUT /segments/{_id}",
        "DELETE /segments/{_id}",
        "GET /segments/{_id}/customers",
        "GET /segments/{_id}/moves",
        "GET /sales",
        "POST /sales",
        "GET /sales/{saleId}",
        "POST /sales/{saleId}/refund",
        "GET /runs",
        "GET /runs/{_id}",
        "POST /runs/{_id}/undo",
    }


def test_operations_keep_the_names_that_generated_clients_call_them_by():
    assert sorted(operation["operationId"] for _method, _path, operation in OPERATIONS) == [
        "add_segment",
        "auto_activate",
        "change_customer",
        "change_membership",
        "change_membership_of_many",
        "change_segment",
        "check_health",
        "delete_many",
        "edit_many",
        "erase_many",
        "export_customers",
        "forget_different",
        "log_in",
        "log_out",
        "merge_customers",
        "propose_id",
        "record_sale",
        "refund_sale",
        "register_customer",
        "remember_different",
        "remove_customer",
        "remove_segment",
        "save_customers",
        "show_by_status",
        "show_customer",
        "show_customers",
        "show_customers_of_segment",
        "show_duplicates",
        "show_facts",
        "show_moves_of_segment",
        "show_profile",
        "show_run",
        "show_runs",
        "show_sale",
        "show_sales",
        "show_sales_of_customer",
        "show_segment",
        "show_segment_templates",
        "show_segments",
        "show_statistics",
        "undo_run",
    ]


def test_what_has_a_default_need_not_be_sent():
    """Generators make a field with a `default` one that is always there."""
    schemas = DESCRIPTION["components"]["schemas"]
    for name in (name for name in schemas if name.endswith("In")):
        assert not [field for field, schema in schemas[name]["properties"].items() if "default" in schema]
    assert schemas["ActivationIn"]["properties"]["threshold"]["description"] == "By default 1000."
    assert "required" not in schemas["ActivationIn"]


def test_no_parameter_is_described_as_null():
    for _method, _path, operation in OPERATIONS:
        for parameter in operation.get("parameters", []):
            assert {"type": "null"} not in parameter["schema"].get("anyOf", [])


@each([one for one in OPERATIONS if one[1] == "/customers/bulk"])
def test_the_rows_of_a_list_are_right_where_one_bad_row_refuses_all(method, path, operation):
    schemas = DESCRIPTION["components"]["schemas"]
    assert schemas["BulkIn"]["properties"]["customers"]["items"]["anyOf"] == [
        {"$ref": "#/components/schemas/CustomerRow"},
        {"$ref": "#/components/schemas/UncheckedRow"},
    ]
    validator = Draft202012Validator(schema_of(operation["requestBody"]))
    assert validator.is_valid({"mode": "per-row", "customers": [{"customerId": 5}]})
    assert validator.is_valid({"mode": "all-or-nothing", "customers": [{"customerId": "5"}]})
    assert not validator.is_valid({"mode": "all-or-nothing", "customers": [{"customerId": 5}]})


@each()
def test_every_failure_is_described_as_the_envelope(method, path, operation):
    failures = {code: answer for code, answer in operation["responses"].items() if code[0] in "45d"}
    assert {"503", "default"} <= failures.keys()
    assert all(schema_of(answer)["$ref"].endswith("/Failure") for answer in failures.values())
    for code, answer in failures.items():
        if code != "default":
            Draft202012Validator(schema_of(answer)).validate(answer["content"]["application/json"]["example"])
    if "requestBody" in operation:
        assert {"400", "413", "415", "422"} <= failures.keys()
    if path not in OPEN:
        assert operation["security"] == [{"token": []}, {"session": []}]
        assert "401" in failures


@each([one for one in OPERATIONS if one[1] != "/customers/export"])
def test_every_success_is_described_as_the_envelope(method, path, operation):
    answers = [answer for code, answer in operation["responses"].items() if code.startswith("2")]
    assert answers
    for answer in answers:
        name = schema_of(answer)["$ref"].rpartition("/")[2]
        schema = DESCRIPTION["components"]["schemas"][name]
        assert schema["properties"]["success"]["const"] is True
        assert {"success", "data"} <= set(schema["required"])


@pytest.mark.parametrize("name", DESCRIPTION["components"]["schemas"])
def test_every_schema_is_one_and_its_examples_fit_it(name):
    schema = DESCRIPTION["components"]["schemas"][name]
    Draft202012Validator.check_schema(schema)
    for example in schema.get("examples", []):
        Draft202012Validator({**schema, "components": DESCRIPTION["components"]}).validate(example)
    for property in schema.get("properties", {}).values():
        if "default" in property:
            Draft202012Validator(property).validate(property["default"])


@each([one for one in OPERATIONS if "requestBody" in one[2]])
def test_every_body_has_an_example(method, path, operation):
    name = schema_of(operation["requestBody"])["$ref"].rpartition("/")[2]
    assert DESCRIPTION["components"]["schemas"][name]["examples"]


@each()
def test_every_parameter_of_a_path_is_described(method, path, operation):
    named = {parameter["name"] for parameter in operation.get("parameters", []) if parameter["in"] == "path"}
    assert named == set(re.findall(r"\{(\w+)\}", path))


def test_limits_are_described():
    schemas = DESCRIPTION["components"]["schemas"]
    customer_id = schemas["CustomerDraftIn"]["properties"]["customerId"]
    assert (customer_id["minLength"], customer_id["maxLength"]) == (1, 64)
    assert schemas["ActivationIn"]["properties"]["threshold"]["minimum"] == 0.01
    listed = {one["name"]: one["schema"] for one in DESCRIPTION["paths"]["/customers"]["get"]["parameters"]}
    assert (listed["limit"]["minimum"], listed["limit"]["maximum"], listed["limit"]["default"]) == (1, 1000, 10)
    assert listed["page"]["minimum"] == 1


def test_what_makes_requests_safe_to_repeat_is_described():
    def with_header(name):
        return {
            f"{method.upper()} {path}"
            for method, path, operation in OPERATIONS
            if name in {one["name"] for one in operation.get("parameters", []) if one["in"] == "header"}
        }

    changing = {f"{method.upper()} {path}" for method, path, _operation in OPERATIONS if method != "get"}
    posts = {name for name in changing if name.startswith("POST") and "/auth/" not in name}
    assert with_header("Idempotency-Key") == posts
    said = {"DELETE /customers/{_id}/different-from/{withId}"}
    assert with_header("If-Match") == {name for name in changing - said if not name.startswith("POST")}
    assert with_header("If-None-Match") == {"GET /customers/{_id}"}


@each()
def test_every_conditional_answer_is_described_with_its_entity_tag(method, path, operation):
    names = {one["name"] for one in operation.get("parameters", [])}
    assert ("412" in operation["responses"]) == ("If-Match" in names)
    assert ("304" in operation["responses"]) == ("If-None-Match" in names)
    for code in {"304", "412"} & operation["responses"].keys():
        assert operation["responses"][code]["headers"]["ETag"]["required"] is True


@each([one for one in OPERATIONS if one[1] != "/customers/export"])
def test_every_success_has_an_example_that_fits_it(method, path, operation):
    for code, answer in operation["responses"].items():
        if code.startswith("2"):
            example = answer["content"]["application/json"]["example"]
            Draft202012Validator(schema_of(answer), format_checker=FormatChecker()).validate(example)
            assert "…" not in str(example)


@pytest.mark.parametrize(
    "name", [name for name in DESCRIPTION["components"]["schemas"] if name.endswith(("In", "Out", "Pagination"))]
)
def test_whatever_is_sent_or_told_has_an_example(name):
    schema = DESCRIPTION["components"]["schemas"][name]
    assert schema.get("examples") or "examples" in schema["properties"]["status"]


def test_what_may_not_be_sent_is_described():
    schemas = DESCRIPTION["components"]["schemas"]
    for name in schemas:
        if name.endswith("In"):
            assert schemas[name]["additionalProperties"] is False, name


def test_no_number_is_told_for_what_has_to_be_left_out():
    amount = DESCRIPTION["components"]["schemas"]["RefundIn"]["properties"]["amount"]
    assert amount["type"] == "number"
    assert not Draft202012Validator(amount).is_valid(None)
