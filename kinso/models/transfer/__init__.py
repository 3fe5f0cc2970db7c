"""Files that go in and out: their cells, and what an import would do."""
