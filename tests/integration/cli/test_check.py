"""`check` on the command line."""

from kinso.models.accounts import COMMAND_LINE
from kinso.services.shop.samples import load_samples
from kinso.services.transfer.customer_imports import import_customers
from tests.integration.cli.conftest import KINSO
from tests.support.terminal import on_a_terminal


def import_twenty(store):
    """One run, with one change for each customer."""
    rows = (f"C-{number:06},Person {number},{number}@example.com,{number}.50" for number in range(1, 21))
    text = "\n".join(["customerId,customerName,contactInfo,purchaseAmount", *rows])
    import_customers(store, COMMAND_LINE, text.encode())


def test_a_clean_database_is_said_to_be_so(store, kinso):
    import_twenty(store)
    assert kinso("check") == (0, "Nothing is wrong with 20 customers, 0 in the trash, 20 changes.\n", "")


def test_what_is_wrong_is_told_line_by_line_and_ends_with_1(store, connection, kinso):
    import_twenty(store)
    connection.database["changes"].delete_one({"customerId": "C-000007"})
    connection.database["customers"].update_one({"customerId": "C-000009"}, {"$set": {"purchaseAmount": 1.005}})
    code, out, err = kinso("check")
    assert code == 1
    assert sorted(line.split(":")[0] for line in out.splitlines()) == [
        "Customer C-000007",
        "Customer C-000009",
        "Customer C-000009",
        f"Run {store.runs.recent(limit=1)[0].id} says that it changed 20 customers, but 19 are recorded.",
    ]
    assert err == "4 things are wrong; looked at 20 customers, 0 in the trash, 19 changes.\n"


def test_a_database_that_does_not_answer_is_no_finding(run):
    code, out, err = run("check", KINSO_MONGODB_URI="mongodb://127.0.0.1:1/")
    assert (code, out) == (1, "")
    assert "database does not answer" in err


def test_on_a_terminal_it_says_how_far_it_is(store, environment):
    load_samples(store, COMMAND_LINE, 20)
    code, shown = on_a_terminal([*KINSO, "check"], environment)
    assert code == 0
    assert "Examining 20 of 20" in shown
