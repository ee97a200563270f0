"""Baseline for ingest and lists: a Django app with one table and views that do as little as possible."""
