"""The public CDNOW sample of Fader and Hardie as a file of purchases: what CD buyers bought in 1997 and 1998.

The whole sample is looked for beside the checkout; 50 of its customers are in tests/data.
"""

import csv
import io
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

_ROOT = Path(__file__).parents[2]
WHOLE = _ROOT.parent / "shared" / "data" / "cdnow" / "CDNOW_sample.txt"
EXTRACT = _ROOT / "tests" / "data" / "cdnow_50_customers.txt"


def largest_sample() -> Path:
    """The whole sample where it is there, else the extract."""
    return WHOLE if WHOLE.exists() else EXTRACT


def purchases_csv(sample: Path) -> bytes:
    """All transactions, with an ID made of the number of their line."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["Sale ID", "Customer ID", "Date", "Amount"])
    for number, line in enumerate(sample.read_text().splitlines(), start=1):
        _id, buyer, day, _cds, amount = line.split()
        writer.writerow([f"T-{number:05}", f"CD-{buyer}", day, amount])
    return text.getvalue().encode()


def totals(sample: Path) -> dict[str, Decimal]:
    """What every customer of the sample spent, by customer ID."""
    spent: dict[str, Decimal] = defaultdict(Decimal)
    for line in sample.read_text().splitlines():
        _id, buyer, _day, _cds, amount = line.split()
        spent[f"CD-{buyer}"] += Decimal(amount)
    return dict(spent)
