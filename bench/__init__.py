"""Benchmarks: `python -m bench.growth --help`."""
