"""A manager looks for the right threshold and activates; the numbers are those of the database."""

from decimal import Decimal

import pytest
from playwright.sync_api import expect

from kinso.models.accounts import COMMAND_LINE, Role
from kinso.services.shop.samples import load_samples

SAMPLES = 600


@pytest.fixture
def filled(shop):
    load_samples(shop.store, COMMAND_LINE, SAMPLES)
    return shop


def open_membership(page, shop):
    """The page with the figures of now: the server keeps those of the story before for a while."""
    page.goto(shop.address)
    page.get_by_role("button", name="Refresh").click()
    expect(figure(page, "Total spent by all")).to_be_visible()
    page.get_by_role("link", name="Membership").click()
    expect(page.get_by_role("heading", name="Choose the threshold")).to_be_visible()


def eligible(shop, threshold):
    """Who is to become a member, straight from the documents."""
    customers = shop.store.connection.database["customers"]
    found = customers.find({"membershipStatus": False, "purchaseAmount": {"$gte": threshold}})
    return sorted(found, key=lambda customer: -customer["purchaseAmount"])


def figure(page, label):
    return page.get_by_test_id("stMetric").filter(has_text=label).get_by_test_id("stMetricValue")


def money(documents):
    total = sum(Decimal(str(document["purchaseAmount"])) for document in documents)
    return f"${total:,.2f}"


def expect_preview(page, documents):
    expect(figure(page, "Would become members")).to_have_text(f"{len(documents):,}")
    expect(figure(page, "Their purchases")).to_have_text(money(documents))
    expect(figure(page, "Share of all customers")).to_have_text(f"{len(documents) / SAMPLES:.1%}")


def test_the_preview_follows_the_slider_and_the_number(filled, sign_in):
    page = sign_in(Role.MANAGER)
    open_membership(page, filled)
    slider, exact = page.get_by_role("slider"), page.get_by_label("Exact amount")
    expect(exact).to_have_value("1000.00")
    expect_preview(page, eligible(filled, 1000))

    slider.focus()
    for _step in range(5):
        page.keyboard.press("ArrowLeft")
    chosen = 1000 - 5 * float(slider.get_attribute("step"))
    expect(exact).to_have_value(f"{chosen:.2f}")
    expect_preview(page, eligible(filled, chosen))

    exact.fill("2345.67")
    exact.press("Enter")
    expect(page.get_by_test_id("stSliderThumbValue")).to_have_text("2,345.67")
    expect_preview(page, eligible(filled, 2345.67))
    expect(page.get_by_text("Threshold $2,345.67")).to_be_visible()


def test_applying_activates_exactly_the_previewed(filled, sign_in):
    page = sign_in(Role.MANAGER)
    open_membership(page, filled)
    exact = page.get_by_label("Exact amount")
    exact.fill("750")
    exact.press("Enter")
    chosen = eligible(filled, 750)
    members_before = filled.store.figures.totals()[True][0]
    count = len(chosen)
    assert count > 5

    page.get_by_role("button", name=f"Activate {count} members").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(f"{count} non-members")
    expect(dialog).to_contain_text("$750.00")
    expect(dialog).to_contain_text(money(chosen))
    assert eligible(filled, 750) == chosen
    dialog.get_by_role("button", name=f"Activate {count} members").click()

    expect(page.get_by_test_id("stAlert").filter(has_text=f"{count} customers became members")).to_be_visible()
    expect(page.get_by_test_id("stToast").filter(has_text=f"{count} customers became members")).to_be_visible()
    expect(figure(page, "Would become members")).to_have_text("0")
    expect(page.get_by_test_id("stMetric").first.get_by_test_id("stMetricValue")).to_have_text(
        str(members_before + count)
    )
    assert eligible(filled, 750) == []
    assert filled.store.figures.totals()[True][0] == members_before + count
    run, samples = filled.store.runs.recent(limit=5)
    assert (run.kind, run.matched, run.changed, run.by_name) == ("auto-activation", count, count, "Manager Person")
    touched = filled.store.changes.customers_of_run(run.id, limit=1000)
    assert sorted(touched) == sorted(customer["customerId"] for customer in chosen)

    page.get_by_text("Activation at the threshold of $750.00").click()
    listed = page.get_by_role("region", name="Customers changed by this bulk change")
    listed.scroll_into_view_if_needed()
    expect(listed.locator("canvas td").filter(has_text="C-").first).to_have_text(touched[0])
    assert samples.kind == "import"


def test_figures_follow_what_others_do_within_a_minute(filled, sign_in):
    watching, acting = sign_in(Role.ANALYST, is_kept=False), sign_in(Role.STAFF)
    watching.clock.install()
    open_membership(watching, filled)
    members = watching.get_by_test_id("stMetric").first.get_by_test_id("stMetricValue")
    expect(members).to_have_text(str(filled.store.figures.totals()[True][0]))
    acting.goto(f"{filled.address}/membership")

    acting.get_by_role("button", name="Activate").click()
    acting.get_by_role("dialog").get_by_role("button", name="Activate").click()
    expect(acting.get_by_test_id("stAlert").filter(has_text="became members")).to_be_visible()

    watching.clock.fast_forward(60_000)
    expect(members).to_have_text(str(filled.store.figures.totals()[True][0]))
