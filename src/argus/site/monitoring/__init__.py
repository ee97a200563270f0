"""What tells how this server is: whether it lives, whether it can work, and what it does in figures."""
