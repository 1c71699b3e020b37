"""The contracts of bursar.executor, generated."""
