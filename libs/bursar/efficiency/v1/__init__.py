"""The contracts of efficiency.v1, generated."""
