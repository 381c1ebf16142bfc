"""Benchmarks: each measured beside a baseline in the same run. Start them with `make bench`."""
