import asyncio
import inspect
from pathlib import Path

import httpx
import pytest

from kinso import errors
from kinso.api.app import create_api
from kinso.errors import KinsoError

FIELD = errors.FieldError("customerId", "Customer ID is required.")
REFUSALS = {
    errors.KinsoError: (KinsoError("No."), 400),
    errors.InvalidInput: (errors.InvalidInput([FIELD]), 422),
    errors.NotFound: (errors.NotFound("No."), 404),
    errors.Conflict: (errors.Conflict("No."), 409),
    errors.DuplicateCustomerId: (errors.DuplicateCustomerId("C-1"), 409),
    errors.DuplicateSaleId: (errors.DuplicateSaleId("S-1"), 409),
    errors.DuplicateEmail: (errors.DuplicateEmail("a@shop.com"), 409),
    errors.DuplicateSegmentName: (errors.DuplicateSegmentName("Regulars"), 409),
    errors.StillUnderWay: (errors.StillUnderWay(7), 409),
    errors.WriteCollision: (errors.WriteCollision(), 409),
    errors.BeingImported: (errors.BeingImported("C-1"), 409),
    errors.AmbiguousCustomerId: (errors.AmbiguousCustomerId("A-1", ["a-1", "A-1 "]), 422),
    errors.ImportUnderWay: (errors.ImportUnderWay("Another import began."), 409),
    errors.NotSignedIn: (errors.NotSignedIn(), 401),
    errors.NotPermitted: (errors.NotPermitted("No."), 403),
    errors.TooManyAttempts: (errors.TooManyAttempts(90), 429),
    errors.DatabaseUnavailable: (errors.DatabaseUnavailable(), 503),
    errors.MirrorNotReady: (errors.MirrorNotReady("The lists are being prepared."), 503),
    errors.BackupUnusable: (errors.BackupUnusable(), 400),
    errors.BackupDamaged: (errors.BackupDamaged(), 400),
    errors.BackupFailed: (errors.BackupFailed(Path("backups"), "it is full"), 400),
    errors.FileInTheWay: (errors.FileInTheWay("shop.kinso"), 400),
    errors.StartupError: (errors.StartupError("The folder /srv/secret is locked."), 503),
    errors.ConfigurationError: (errors.ConfigurationError("The folder /srv/secret is wrong."), 503),
}


def ask(error):
    api = create_api()

    @api.get("/fails")
    def fail():
        raise error

    async def get():
        transport = httpx.ASGITransport(api, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://shop.test") as client:
            return await client.get("/fails")

    return asyncio.run(get())


def test_the_table_of_refusals_is_complete():
    kinds = {kind for _name, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, KinsoError)}
    assert kinds - {errors.StaleVersion} == REFUSALS.keys()


@pytest.mark.parametrize(("error", "status"), REFUSALS.values(), ids=[kind.__name__ for kind in REFUSALS])
def test_every_refusal_has_its_status_and_its_sentence(error, status):
    answer = ask(error)
    assert (answer.status_code, answer.json()["success"]) == (status, False)
    assert "secret" not in answer.text
    if not isinstance(error, errors.StartupError):
        assert answer.json()["message"] == error.message


def test_a_refusal_names_the_fields_that_it_is_about():
    assert ask(errors.InvalidInput([FIELD])).json()["errors"] == [{"field": "customerId", "message": FIELD.message}]


def test_who_has_to_wait_is_told_how_long():
    assert ask(errors.TooManyAttempts(90)).headers["retry-after"] == "90"
    assert ask(errors.StillUnderWay(7)).headers["retry-after"] == "7"
    assert int(ask(errors.DatabaseUnavailable()).headers["retry-after"]) > 0


def test_a_failure_that_nobody_foresaw_is_told_without_details():
    answer = ask(ZeroDivisionError("secret"))
    assert (answer.status_code, answer.json()["success"]) == (500, False)
    assert "secret" not in answer.text
