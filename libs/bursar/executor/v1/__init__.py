"""The contracts of executor.v1, generated."""
