"""Benchmarks: `python -m bench.customers --help`."""
