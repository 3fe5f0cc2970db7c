"""Use cases about purchases and the ledger that they are in."""
