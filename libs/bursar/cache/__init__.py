"""The contracts of bursar.cache, generated."""
