"""A model of how many incidents a second Argus takes on larger machines: ``python -m contrib.capacity_model``."""
