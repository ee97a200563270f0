"""Limits of whole numbers."""

# What a primary key (a signed 64-bit integer on both databases) can hold.
LARGEST_ID = 2**63 - 1
