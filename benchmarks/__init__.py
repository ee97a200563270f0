"""Benchmarks: ``python -m benchmarks [NAME ...]`` prints the tables of docs/reference/performance.md.

Every benchmark runs real servers on this machine. It alternates short rounds of the baseline and of Argus, so that a
busy machine slows both alike. No test depends on the figures.
"""
