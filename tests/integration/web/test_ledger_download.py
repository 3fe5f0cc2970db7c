import csv
import io

from kinso.models.customers import CustomerDraft
from kinso.services.customers.editing import create_customer

ADDRESS = "/download/ledger.csv"


def test_the_ledger_can_be_downloaded_in_both_flavours(browse, signed_in, store, staff):
    create_customer(
        store,
        staff,
        CustomerDraft(customer_id="=C-1", customer_name="Ada", contact_info="a@shop.com", purchase_amount=5),
    )
    for query, mark, written in (("", "\ufeff", "'=C-1"), ("?flavour=raw", "", "=C-1")):
        answer = browse(signed_in.secret).get(f"{ADDRESS}{query}")
        assert answer.status_code == 200
        assert "ledger-20" in answer.headers["content-disposition"]
        text = answer.content.decode()
        assert text.startswith(f"{mark}saleId,customerId,")
        [row] = csv.DictReader(io.StringIO(text.removeprefix(mark), newline=""))
        assert (row["customerId"], row["kind"], row["amount"]) == (written, "opening", "5.00")


def test_an_unknown_flavour_is_refused(browse, signed_in):
    answer = browse(signed_in.secret).get(f"{ADDRESS}?flavour=sweet")
    assert answer.status_code == 400
    assert "Flavour must be excel or raw." in answer.text
