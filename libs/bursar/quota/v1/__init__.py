"""The contracts of quota.v1, generated."""
