"""Schemathesis reads the description and tries to prove it wrong.

A longer run, with other examples every time:
`KINSO_API_EXAMPLES=500 pytest -n 0 -o timeout=3600 tests/integration/api/test_api_schemathesis.py`
"""

import os
import re
from collections import defaultdict

import pytest
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema
from schemathesis.generation import GenerationMode
from starlette.applications import Starlette
from starlette.middleware import Middleware

from kinso.api.app import api_routes, create_api
from kinso.api.middleware import OddAddresses
from kinso.models.accounts import NewUser, Role
from kinso.services.accounts.users import create_token, create_user
from kinso.services.application import ApplicationContext, use_application
from kinso.services.membership.activation import activate_at_threshold

pytestmark = pytest.mark.slow

EXAMPLES = int(os.environ.get("KINSO_API_EXAMPLES", "0"))
LOGIN = {"email": "ada@shop.com", "password": "correct horse battery"}
BEYOND_SCHEMAS = re.compile(
    r"(customers\.\d+\.)?(customerId|customerName|contactInfo|notes|tags|version)|Idempotency-Key"
    r"|updatedSince|cursor|customer|saleId|amount|discount|surcharge|date|since|until|note|name|description|filter|facts|segment"
    r"|items\.\d+\.(name|quantity|unitPrice)|confirm|ids|edit|value|with|withVersion|keep\..*|sales(\..*)?"
)
"""Fields that may be refused although they fit their schema.

Texts after trimming, numbers for their decimals, and what depends on the shop or on other fields.
"""


@pytest.fixture
def secret(store, admin):
    """The token of an administrator, in a shop with a customer and a run."""
    create_user(store, admin, NewUser(**LOGIN, name="Ada", role=Role.ADMIN))
    [ada] = store.users.all()
    activate_at_threshold(store, ada.acting("app"), 1000)
    return create_token(store, ada.acting("app"), "Schemathesis").secret


def settings(secret):
    refusals = ["2xx", "3xx", "401", "403", "404", "409", "412", "422", "429"]
    return SchemathesisConfig.from_dict(
        {
            **({} if EXAMPLES else {"seed": 4}),
            "headers": {"Authorization": f"Bearer {secret}"},
            "generation": {"max-examples": EXAMPLES or 8},
            "checks": {"positive_data_acceptance": {"expected-statuses": refusals}},
            "phases": {"stateful": {"max-steps": 10 if EXAMPLES else 5}},
        }
    )


def run(store, secret):
    """Everything that was tried: finished scenarios, and what kept any from being tried."""
    api = create_api()
    app = Starlette(routes=api_routes("/api", api), middleware=[Middleware(OddAddresses, path="/api", api=api)])
    scenarios, errors = [], []
    with use_application(ApplicationContext.around(store)):
        schema = schemathesis.openapi.from_asgi("/api/openapi.json", app, config=settings(secret))
        for event in from_schema(schema).execute():
            match event:
                case events.ScenarioFinished():
                    scenarios.append(event.recorder)
                case events.NonFatalError() | events.FatalError():
                    errors.append(event)
        return scenarios, errors, {operation.ok().label for operation in schema.get_all_operations()}


def failures(scenario):
    for checks in scenario.checks.values():
        for check in checks:
            if check.failure_info:
                failure = check.failure_info.failure
                yield f"{check.name}: {failure.title}: {failure.message}\n{check.failure_info.code_sample}"


def answers(scenario):
    for id, interaction in scenario.interactions.items():
        if interaction.response:
            yield scenario.cases[id].value, interaction.response


def refused_without_reason(case, response):
    """Whether what fits the description was refused for something that the description could have said."""
    if case.meta.generation.mode is not GenerationMode.POSITIVE or response.status_code != 422:
        return False
    errors = response.json()["errors"]
    # That some name of a body has to be known is nothing that clients can be generated from.
    if any("is not known here; " in error["message"] for error in errors):
        return False
    return not all(BEYOND_SCHEMAS.fullmatch(error["field"]) for error in errors)


@pytest.mark.timeout(600 if not EXAMPLES else 3600)
def test_schemathesis_finds_nothing(store, secret, caplog):
    scenarios, errors, operations = run(store, secret)

    assert errors == []
    assert [failure for scenario in scenarios for failure in failures(scenario)] == []
    codes = defaultdict(set)
    for scenario in scenarios:
        for case, response in answers(scenario):
            codes[case.operation.label].add(response.status_code)
            assert not refused_without_reason(case, response), (case.as_curl_command(), response.text)
    assert codes.keys() == operations
    assert max(code for found in codes.values() for code in found) < 500
    done = {label for label, found in codes.items() if any(code < 300 for code in found)}
    assert done >= {
        "GET /customers",
        "POST /customers",
        "POST /customers/bulk",
        "GET /customers/export",
        "GET /runs",
        "GET /sales",
    }
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []
