"""Use cases about files in and out: customers, purchases, backups."""
