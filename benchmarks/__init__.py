"""What the figures in docs/reference/performance.md come from: ``python -m benchmarks``, one command each.

Every benchmark runs real servers on this machine and measures its baseline in the same run, in turns, so that a busy
machine slows both alike. Nothing here decides whether a test passes.
"""
