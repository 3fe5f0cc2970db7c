"""Clients that others generate from the description: without a warning, and the whole API can be called by them."""

import importlib
import json
import os
import pkgutil
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from kinso.models.accounts import NewUser, Role
from kinso.services.accounts.users import create_token, create_user

pytestmark = pytest.mark.slow

LOGIN = {"email": "ada@shop.com", "password": "correct horse battery"}
PACKAGE = "kinso_client_of_a_test"
TYPESCRIPT = Path(__file__).parent / "typescript"


@pytest.fixture
def secret(store, admin):
    ada = create_user(store, admin, NewUser(**LOGIN, name="Ada", role=Role.MANAGER))
    return create_token(store, ada.acting("app"), "Generated").secret


@pytest.fixture
def description(live, tmp_path):
    """The file that generators read."""
    path = tmp_path / "openapi.json"
    path.write_bytes(httpx.get(f"{live}/api/openapi.json").content)
    return path


def run(*command, cwd, **environment):
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, "PATH": path, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=200,
    )
    return done.returncode, done.stdout


class PythonClient:
    """Calls operations by their ID, and remembers which."""

    def __init__(self, address, token):
        package = importlib.import_module(PACKAGE)
        self.models = importlib.import_module(f"{PACKAGE}.models")
        self.connection = package.AuthenticatedClient(base_url=f"{address}/api", token=token)
        api = importlib.import_module(f"{PACKAGE}.api")
        self._operations = {
            found.name.rpartition(".")[2]: found.name
            for found in pkgutil.walk_packages(api.__path__, f"{api.__name__}.")
            if not found.ispkg
        }
        self.called = set()

    def __call__(self, operation, *path, expect=200, **arguments):
        self.called.add(operation)
        module = importlib.import_module(self._operations[operation])
        answer = module.sync_detailed(*path, client=self.connection, **arguments)
        assert answer.status_code == expect, (operation, answer.content)
        assert answer.parsed.success is (expect < 400)
        return answer.parsed

    def __getattr__(self, name):
        return getattr(self.models, name)


@pytest.fixture
def python_client(description, live, secret, tmp_path, monkeypatch):
    command = (sys.executable, "-m", "openapi_python_client", "generate", "--fail-on-warning", "--meta", "none")
    code, told = run(*command, "--path", str(description), "--output-path", str(tmp_path / PACKAGE), cwd=tmp_path)
    assert (code, "warning" in told.lower()) == (0, False), told
    monkeypatch.syspath_prepend(tmp_path)
    client = PythonClient(live, secret)
    with client.connection:
        yield client
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]


@pytest.mark.timeout(600)
def test_the_generated_python_client_calls_the_whole_api(python_client, description):
    call = python_client
    call("check_health")
    sign_in(call)
    ada = register(call)
    change(call, ada)
    save_many(call)
    cursor = search(call, ada)
    merge(call)
    segment(call)
    change_many(call)
    activate_and_undo(call, ada)
    sell(call, ada)

    assert call("remove_customer", ada.field_id).data.field_id == ada.field_id
    *_merged, gone = call("show_customers", cursor=cursor).pagination.deleted
    assert gone.field_id == ada.field_id
    call("show_customer", ada.field_id, expect=404)
    call("log_out", expect=409)
    assert call.called == set(operations(description))


def sign_in(call):
    assert call("show_profile").data.role is call.Role.MANAGER
    signed_in = call("log_in", body=call.LoginIn(**LOGIN)).data
    assert signed_in.user.name == "Ada"


def register(call):
    assert call("propose_id").data.customer_id
    draft = call.CustomerDraftIn(customer_id="C-1", customer_name="Ada Lovelace", contact_info="ada@shop.com")
    ada = call("register_customer", body=draft, expect=201, idempotency_key="once").data
    assert (ada.purchase_amount, ada.membership_status, ada.version) == (0, False, 1)
    assert call("register_customer", body=draft, expect=201, idempotency_key="once").data.field_id == ada.field_id
    duplicate = call.CustomerDraftIn(customer_id="C-2", customer_name="Ada L.", contact_info="ada@shop.com")
    [warning] = call("register_customer", body=duplicate, expect=201).data.warnings
    assert (warning.field_id, warning.customer_id) == (ada.field_id, "C-1")
    refused = call("register_customer", body=draft, expect=409)
    assert [problem.field for problem in refused.errors] == ["customerId"]
    return ada


def change(call, ada):
    call("change_customer", ada.field_id, body=call.CustomerPatchIn(customer_name="Ada King"), if_match='"v1"')
    call("change_customer", ada.field_id, body=call.CustomerPatchIn(version=1, customer_name="Eve"), expect=409)
    call("change_customer", ada.field_id, body=call.CustomerPatchIn(customer_name="Eve"), if_match='"v1"', expect=412)
    assert call("show_customer", ada.field_id).data.customer_name == "Ada King"
    call("show_customer", "nobody", expect=404)


def merge(call):
    pair = call("show_duplicates").data[0]
    ids = (pair.one.field_id, pair.other.field_id)
    assert pair.alike[0] == "email"
    call("remember_different", *ids)
    assert call("show_duplicates").data == []
    call("forget_different", *ids)
    run = call("merge_customers", ids[0], body=call.MergeIn(with_=ids[1])).data
    assert call("show_customer", ids[1]).data.field_id == ids[0]
    call("undo_run", run.run_id)
    assert call("show_customer", ids[1]).data.field_id == ids[1]


def save_many(call):
    rows = [call.CustomerRow(customer_id=f"B-{number}") for number in range(3)]
    told = call("save_customers", body=call.BulkIn(mode=call.BulkInMode.ALL_OR_NOTHING, customers=rows), expect=422)
    assert told.errors[0].field == "customers.0.customerName"
    rows[0] = call.CustomerRow("B-0", customer_name="Bea Moss", contact_info="bea@shop.com", purchase_amount=2000)
    bulk = call("save_customers", body=call.BulkIn(mode=call.BulkInMode.PER_ROW, customers=rows)).data
    assert (bulk.created, bulk.failed) == (1, 2)
    assert [row.outcome.value for row in bulk.results] == ["created", "failed", "failed"]
    assert bulk.results[0].customer.purchase_amount == 2000
    assert bulk.results[1].errors[0].message


def search(call, ada):
    """Whoever asks with the cursor that this returns hears what has changed since."""
    found = call(
        "show_customers",
        search="bea",
        membership_status=False,
        sort_by=call.ShowCustomersSortBy.CUSTOMERID,
        sort_order=call.ShowCustomersSortOrder.ASC,
        limit=5,
    )
    assert ([customer.customer_id for customer in found.data], found.pagination.total) == (["B-0"], 1)
    call("show_customers", limit=0, expect=422)
    assert [customer.field_id for customer in call("show_customers", customer_id="c-1").data] == [ada.field_id]
    begun = call("show_customers", updated_since=datetime(2026, 1, 1, tzinfo=UTC), limit=2).pagination
    assert (begun.more, begun.deleted) == (True, [])
    assert len(call("show_customers", cursor=begun.next_cursor).data) == 1
    assert call("show_statistics").data.total_customers == 3
    file = importlib.import_module(f"{PACKAGE}.api.customers.export_customers")
    exported = file.sync_detailed(client=call.connection, flavour=call.ExportCustomersFlavour.RAW)
    assert exported.parsed.startswith("customerId,")
    call.called.add("export_customers")
    return begun.next_cursor


def segment(call):
    assert "spent" in {fact.name for fact in call("show_facts").data}
    assert [template.name for template in call("show_segment_templates").data][:2] == ["New this month", "Regulars"]
    bea = call.SegmentDraftInFilter.from_dict({"fact": "customerId", "is": "=", "value": "B-0"})
    added = call("add_segment", body=call.SegmentDraftIn(name="Bea", filter_=bea), expect=201).data
    assert (added.count, added.color, added.created_by) == (1, call.SegmentColor.GRAY, "Ada")
    patch = call.SegmentPatchIn(shared=True, color=call.SegmentColor.GREEN)
    assert call("change_segment", added.field_id, body=patch, if_match='"v1"').data.version == 2
    call("change_segment", added.field_id, body=patch, if_match='"v1"', expect=412)
    assert call("show_segment", added.field_id).data.filter_.to_dict()["value"] == "B-0"
    assert [each.field_id for each in call("show_segments").data] == [added.field_id]
    listed = call("show_customers_of_segment", added.field_id, facts="spent")
    assert [customer.customer_id for customer in listed.data] == ["B-0"]
    assert call("show_moves_of_segment", added.field_id).data.entered.count == 0
    assert call("remove_segment", added.field_id).data is None
    call("show_segment", added.field_id, expect=404)


def change_many(call):
    whom = {"ids": [customer.field_id for customer in call("show_customers", search="bea").data], "dry_run": True}
    field, edit = call.EditOfManyInField.TAGS, call.EditOfMany.ADD
    edited = call("edit_many", body=call.EditOfManyIn(field=field, edit=edit, value=["regular"], **whom)).data
    members = call("change_membership_of_many", body=call.MembershipOfManyIn(membership_status=True, **whom)).data
    deleted = call("delete_many", body=call.DeletionOfManyIn(**whom)).data
    erased = call("erase_many", body=call.ErasureOfManyIn(**whom)).data
    assert [told.changed for told in (edited, members, deleted, erased)] == [1, 1, 1, 1]


def activate_and_undo(call, ada):
    assert call("auto_activate", body=call.ActivationIn(dry_run=True)).data.run_id is None
    activation = call("auto_activate").data
    assert activation.updated_count == 1
    toggled = call("change_membership", ada.field_id, body=call.MembershipIn(membership_status=True))
    assert toggled.data.membership_status
    members = call("show_by_status", call.ShowByStatusMembershipStatus.TRUE)
    assert members.pagination.total == 2
    assert {run.kind.value for run in call("show_runs").data} == {"auto-activation", "import", "merge", "undo"}
    assert call("show_run", activation.run_id).data.status is call.RunStatus.DONE
    undo = call("undo_run", activation.run_id).data
    assert (undo.changed, undo.run_id) == (1, undo.field_id)


def sell(call, ada):
    sale = call.SaleIn(
        customer_id="C-1",
        sale_id="till/1",
        date=datetime(2026, 1, 31, 9, 30, tzinfo=UTC),
        items=[call.ItemIn(name="Tea", quantity=2, unit_price=4.25)],
        payment_method=call.PaymentMethod.CARD,
    )
    sold = call("record_sale", body=sale, expect=201).data
    assert (sold.amount, sold.purchase_amount, sold.activated) == (8.5, 8.5, False)
    assert call("record_sale", body=sale).data.repeated
    assert call("refund_sale", "till/1", body=call.RefundIn(amount=4.25), expect=201).data.refund_of == "till/1"
    assert call("refund_sale", "till/1", expect=201).data.purchase_amount == 0
    assert call("show_sale", "till/1").data.items[0].name == "Tea"
    since = datetime(2026, 1, 1, tzinfo=UTC)
    assert call("show_sales", customer_id="C-1", kind=call.SaleKind.SALE, since=since).pagination.total == 1
    assert call("show_sales_of_customer", ada.field_id).pagination.total == 3


def operations(description):
    for paths in json.loads(description.read_text())["paths"].values():
        yield from (operation["operationId"] for operation in paths.values())


@pytest.fixture
def typescript(tmp_path):
    """A folder with the pinned packages and the script; skipped without them, unless `KINSO_REQUIRE_NODE` is 1."""
    folder = shutil.copytree(TYPESCRIPT, tmp_path / "typescript")
    if not all(map(shutil.which, ("node", "npm"))):
        lacking("node and npm are needed to try a TypeScript client.")
    code, told = run("npm", "ci", "--no-audit", "--no-fund", "--fetch-retries=1", "--fetch-timeout=60000", cwd=folder)
    if code:
        lacking(f"npm cannot install what a TypeScript client needs: {told}")
    return folder


def lacking(reason):
    if os.environ.get("KINSO_REQUIRE_NODE") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.mark.timeout(600)
def test_the_generated_typescript_client_calls_the_whole_api(typescript, description, live, secret):
    installed = typescript / "node_modules" / ".bin"
    command = (str(installed / "openapi-typescript"), str(description), "--output", "api.ts")
    code, told = run(*command, cwd=typescript)
    assert (code, "warn" in told.lower()) == (0, False), told
    assert run(str(installed / "tsc"), "--project", ".", cwd=typescript) == (0, "")
    environment = {"KINSO": live, "TOKEN": secret, "EMAIL": LOGIN["email"], "PASSWORD": LOGIN["password"]}
    code, told = run("node", "whole_api.js", cwd=typescript, **environment)
    assert code == 0, told
    paths = json.loads(description.read_text())["paths"]
    assert set(told.splitlines()) == {f"{method.upper()} {path}" for path in paths for method in paths[path]}
