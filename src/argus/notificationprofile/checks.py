"""What must be right before Argus starts."""
