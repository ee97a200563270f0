"""The yardstick of ingest: a Django app that does as little as an app can that stores something."""
