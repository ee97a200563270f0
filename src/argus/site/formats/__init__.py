"""Formats of times on pages: ISO 8601, which every reader understands and which is narrow."""
