"""Use cases about customers: finding, editing, bulk, duplicates."""
