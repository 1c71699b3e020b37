"""The contracts of cache.v1, generated."""
