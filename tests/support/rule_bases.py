"""A rule basis that only tests have."""

from kinso.models.rule_bases import MONEY, RuleBasis

LAST_QUARTER = RuleBasis(
    key="last-3-months",
    unit=MONEY,
    choice="What a customer bought in the last 3 months",
    name="purchases of the last 3 months",
    column="Last 3 months",
    reach="purchases in the last 3 months of {} or more",
    measure={"spent": 1},
    months=3,
)
